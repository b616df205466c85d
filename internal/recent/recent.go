// Package recent keeps what a process has read or made lately, in bounded memory: values that are the same
// whoever makes them and whenever (Map), and what was done a moment ago (Pauses).
package recent

import (
	"sync"
	"time"
	"unsafe"
)

// A Map keeps values. New ones are young. Once the young take half of the memory, or are half as old as they may get,
// they become old, and what was old before is forgotten. A nil Map keeps nothing.
type Map[K comparable, V any] struct {
	bytes      int
	life       time.Duration
	mu         sync.RWMutex
	young, old generation[K, V]
}

type generation[K comparable, V any] struct {
	values map[K]V
	bytes  int
	since  time.Time // no value came before
}

// New returns a Map that takes about so many bytes at most and keeps no value for longer than life.
func New[K comparable, V any](bytes int, life time.Duration) *Map[K, V] {
	return &Map[K, V]{bytes: bytes, life: life}
}

// Get returns the value of a key.
func (m *Map[K, V]) Get(k K) (v V, ok bool) {
	m.Each([]K{k}, func(_ int, found V) { v, ok = found, true })
	return v, ok
}

// Each calls f for those of the keys that have a value, with the key's index. f may not use the Map.
func (m *Map[K, V]) Each(keys []K, f func(i int, v V)) {
	if m == nil {
		return
	}
	now := time.Now()
	m.mu.RLock()
	defer m.mu.RUnlock()
	young, old := m.young.values, m.old.values
	if now.Sub(m.young.since) >= m.life {
		young = nil
	}
	if now.Sub(m.old.since) >= m.life {
		old = nil
	}
	for i, k := range keys {
		v, ok := young[k]
		if !ok {
			v, ok = old[k]
		}
		if ok {
			f(i, v)
		}
	}
}

// Put keeps a value. bytes is about what it takes, what its key points at included.
func (m *Map[K, V]) Put(k K, v V, bytes int) {
	if m == nil {
		return
	}
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.young.values == nil || m.young.bytes >= m.bytes/2 || now.Sub(m.young.since) >= m.life/2 {
		m.old, m.young = m.young, generation[K, V]{values: make(map[K]V), since: now}
	}
	m.young.values[k] = v
	m.young.bytes += bytes + 2*int(unsafe.Sizeof(k)+unsafe.Sizeof(v))
}

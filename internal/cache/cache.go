// Package cache keeps values that many ask for: in the process, and where there is a Redis for the whole fleet as well.
// Nothing is true because it is cached. A cache that is slow or away is bypassed and costs no error.
package cache

import (
	"context"
	"hash/maphash"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// Load makes the value of a key. fresh asks for it from the primary: the key was dropped a moment ago, and a replica
// may not have the change yet.
type Load func(ctx context.Context, fresh bool) ([]byte, error)

// Options configure a Cache. Zero values are defaults.
type Options struct {
	Redis    *Redis        // nil: this process only
	MaxBytes int           // of all values in the process; default 32 MB
	Near     time.Duration // how long a value stays in the process; default 5 s
	// Window is how long a key is filled from the primary after a drop. It is longer than any replica in use may lag.
	// Default 40 s.
	Window time.Duration
	Log    *slog.Logger
}

// MaxRedisTTL is the longest that a value stays in Redis.
const MaxRedisTTL = time.Minute

// loadPatience bounds one load. It is shorter than any Window, so that no value is stored that was read before a
// forgotten drop.
const loadPatience = 10 * time.Second

// generations is how many counters the keys share. Two keys that share one may have to be loaded once more; nothing
// else follows.
const generations = 1 << 12

// Cache is safe for use by many goroutines. Values are shared: nobody may change one.
type Cache struct {
	o       Options
	near    *otter.Cache[string, []byte]
	dropped *otter.Cache[string, struct{}]
	flight  singleflight.Group
	seed    maphash.Seed
	gens    [generations]atomic.Uint64

	hits, misses, loads, failed, drops atomic.Int64
}

// New makes a Cache.
func New(o Options) *Cache {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 32 << 20
	}
	if o.Near <= 0 {
		o.Near = 5 * time.Second
	}
	if o.Window <= 0 {
		o.Window = 40 * time.Second
	}
	return &Cache{
		o: o, seed: maphash.MakeSeed(),
		near: otter.Must(&otter.Options[string, []byte]{
			MaximumWeight:    uint64(o.MaxBytes),
			Weigher:          func(k string, v []byte) uint32 { return uint32(len(k) + len(v) + 128) },
			ExpiryCalculator: otter.ExpiryWriting[string, []byte](o.Near),
		}),
		dropped: otter.Must(&otter.Options[string, struct{}]{
			MaximumSize:      100_000,
			ExpiryCalculator: otter.ExpiryWriting[string, struct{}](o.Window),
		}),
	}
}

// Get returns the value of the key: the cached one, or else what load makes, which is cached for at most ttl (and at
// most a minute). However many ask at once, one loads. The only errors are those of load.
func (c *Cache) Get(ctx context.Context, key string, ttl time.Duration, load Load) ([]byte, error) {
	if v, ok := c.near.GetIfPresent(key); ok {
		c.hits.Add(1)
		return v, nil
	}
	c.misses.Add(1)
	gen := c.gen(key)
	began := gen.Load()
	// A call after a drop does not share a load that began before it.
	v, err, _ := c.flight.Do(key+"\x00"+string(appendUint(nil, began)), func() (any, error) {
		// The load continues for the others when the caller that started it has gone.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadPatience)
		defer cancel()
		if v, ok := c.near.GetIfPresent(key); ok && gen.Load() == began { // another has just made it
			return v, nil
		}
		v, err := c.fetch(ctx, key, min(ttl, MaxRedisTTL), load)
		if err != nil {
			return nil, err
		}
		// The value is stored only if nothing was dropped meanwhile. If the drop comes between the check and the Set,
		// the value is dropped again.
		if gen.Load() == began {
			c.near.Set(key, v)
			if gen.Load() != began {
				c.near.Invalidate(key)
			}
		}
		return v, nil
	})
	if err != nil {
		return nil, err
	}
	return v.([]byte), nil
}

// fetch asks Redis for the value, and loads it where Redis has none.
func (c *Cache) fetch(ctx context.Context, key string, ttl time.Duration, load Load) ([]byte, error) {
	_, fresh := c.dropped.GetIfPresent(key)
	if c.o.Redis == nil {
		return c.load(ctx, fresh, load)
	}
	f := c.o.Redis.look(ctx, key)
	if f.found {
		return f.value, nil
	}
	kept := time.Duration(0)
	var v []byte
	defer func() { f.done(v, kept) }()
	v, err := c.load(ctx, fresh || f.mark != "", load)
	if err == nil {
		kept = ttl
	}
	return v, err
}

func (c *Cache) load(ctx context.Context, fresh bool, load Load) ([]byte, error) {
	c.loads.Add(1)
	v, err := load(ctx, fresh)
	if err != nil {
		c.failed.Add(1)
	}
	return v, err
}

// Drop removes keys, here at once and in Redis as soon as it answers. Every instance may do so for the same event.
func (c *Cache) Drop(keys ...string) {
	c.drops.Add(int64(len(keys)))
	c.dropNear(keys)
	if c.o.Redis != nil {
		c.o.Redis.drop(keys, c.o.Window)
		c.dropNear(keys) // once more: until just now Redis may have given out what it had
	}
}

func (c *Cache) dropNear(keys []string) {
	for _, key := range keys {
		c.dropped.Set(key, struct{}{})
		c.gen(key).Add(1)
		c.near.Invalidate(key)
	}
}

// Clear removes everything, after events were missed. Redis is bypassed until what it holds has expired.
func (c *Cache) Clear() {
	for i := range c.gens {
		c.gens[i].Add(1)
	}
	c.near.InvalidateAll()
	if c.o.Redis != nil {
		c.o.Redis.distrust()
	}
}

// Counts are totals since the process began.
type Counts struct {
	Hits, Misses  int64 // of what the process holds
	Loads, Failed int64 // values made, and how many of these could not be
	Drops         int64 // of keys
}

// Counts returns the totals of this process. Redis has its own Counts.
func (c *Cache) Counts() Counts {
	return Counts{c.hits.Load(), c.misses.Load(), c.loads.Load(), c.failed.Load(), c.drops.Load()}
}

func (c *Cache) gen(key string) *atomic.Uint64 {
	return &c.gens[maphash.String(c.seed, key)%generations]
}

func appendUint(b []byte, n uint64) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

package servertest

import (
	"bytes"
	"sync"
)

// limitedBuffer keeps the first bytes that a program says.
type limitedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

const mostOutput = 64 << 10

func (l *limitedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Write(p[:min(len(p), mostOutput-l.b.Len())])
	return len(p), nil
}

func (l *limitedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

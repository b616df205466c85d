package servertest

import (
	"bytes"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// A Proxy stands on a port of its own before a TCP server, can be pointed at
// another one, and cuts connections where a test wants it.
type Proxy struct {
	Port int

	listener net.Listener
	targets  atomic.Pointer[[]int]
	next     atomic.Uint64
	cut      atomic.Pointer[cut]
	refuse   atomic.Bool

	mu   sync.Mutex
	open map[net.Conn]struct{}
}

type cut struct {
	before []byte // the request that meets its end
	pass   bool   // the server still gets it, and answers
	times  atomic.Int64
	done   func()
}

// NewProxy listens on a free port until the test's end; see Target.
func NewProxy(t testing.TB, target ...int) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	p := &Proxy{listener: l, Port: l.Addr().(*net.TCPAddr).Port, open: make(map[net.Conn]struct{})}
	p.Target(target...)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.CutAll()
		all.Wait()
	})
	return p
}

// Target has new connections lead to other ports, each in its turn. Those that
// are open stay.
func (p *Proxy) Target(ports ...int) { p.targets.Store(&ports) }

// Refuse closes new connections at once, until called with false.
func (p *Proxy) Refuse(on bool) { p.refuse.Store(on) }

// CutAll breaks every open connection.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// CutAt breaks the connection at each of the next requests that contain the text,
// so many times. With pass the server gets the request and answers it, and only
// the answer is lost; without it, the request is. Done, if not nil, runs right
// before the client sees each cut.
func (p *Proxy) CutAt(text string, pass bool, times int, done func()) {
	c := &cut{before: []byte(text), pass: pass, done: done}
	c.times.Store(int64(times))
	p.cut.Store(c)
}

// Cuts is how many cuts of the last CutAt are still to come.
func (p *Proxy) Cuts() int { return int(p.cut.Load().times.Load()) }

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	if p.refuse.Load() {
		return
	}
	targets := *p.targets.Load()
	target := targets[p.next.Add(1)%uint64(len(targets))]
	server, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(target))
	if err != nil {
		return
	}
	defer server.Close()
	p.track(client, true)
	defer p.track(client, false)
	var swallow atomic.Bool
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		defer func() {
			if !swallow.Load() {
				client.Close()
			}
		}()
		piece := make([]byte, 64<<10)
		for {
			n, err := server.Read(piece)
			if err != nil || swallow.Load() {
				return
			}
			if _, err := client.Write(piece[:n]); err != nil {
				return
			}
		}
	}()
	piece := make([]byte, 64<<10)
	for {
		n, err := client.Read(piece)
		if err != nil {
			return
		}
		if c := p.cut.Load(); c != nil && bytes.Contains(piece[:n], c.before) && c.times.Add(-1) >= 0 {
			swallow.Store(true)
			if c.pass {
				if _, err := server.Write(piece[:n]); err == nil {
					<-answered // by the server: so it has been done
				}
			}
			if c.done != nil {
				c.done()
			}
			return // which the client sees after all that
		}
		if _, err := server.Write(piece[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) track(c net.Conn, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.open[c] = struct{}{}
	} else {
		delete(p.open, c)
	}
}

package servertest

import (
	"bytes"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A Proxy is a TCP proxy in front of a server. It can be pointed at another
// server, and it cuts, silences or drops connections for a test.
type Proxy struct {
	Port int

	listener *net.TCPListener
	targets  atomic.Pointer[[]int]
	next     atomic.Uint64
	cut      atomic.Pointer[cut]
	refuse   atomic.Bool
	delay    atomic.Int64         // of each answer, in nanoseconds
	passing  atomic.Pointer[gate] // shut, nothing is passed on
	taking   atomic.Pointer[gate] // shut, no connection is taken

	mu      sync.Mutex
	open    map[net.Conn]struct{}
	waiting []net.Conn // our own, which fill the queue of who is not taken
}

// A gate is a channel that is closed where the gate is open.
type gate chan struct{}

func openGate() *gate { g := make(gate); close(g); return &g }
func shutGate() *gate { g := make(gate); return &g }

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
	p := &Proxy{listener: l.(*net.TCPListener), Port: l.Addr().(*net.TCPAddr).Port, open: make(map[net.Conn]struct{})}
	p.passing.Store(openGate())
	p.taking.Store(openGate())
	p.Target(target...)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			<-*p.taking.Load()
			client, err := l.Accept()
			if errors.Is(err, os.ErrDeadlineExceeded) {
				continue
			}
			if err != nil {
				return
			}
			all.Go(func() { p.serve(client) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.CutAll()
		p.Resume()
		all.Wait()
	})
	return p
}

// Target has new connections lead to other ports, each in its turn. Those that
// are open stay.
func (p *Proxy) Target(ports ...int) { p.targets.Store(&ports) }

// Refuse closes new connections at once, until called with false.
func (p *Proxy) Refuse(on bool) { p.refuse.Store(on) }

// Delay has each answer come that much later.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Silence accepts connections and reads requests, but answers nothing until
// Resume, like a suspended server.
func (p *Proxy) Silence() { p.passing.Store(shutGate()) }

// Drop delivers nothing any more, on open connections and new ones, which are
// not even refused, like a network that loses all packets. After Resume
// everything sent meanwhile arrives.
func (p *Proxy) Drop(t testing.TB) {
	t.Helper()
	p.taking.Store(shutGate())
	must(t, p.listener.SetDeadline(time.Now())) // nobody is about to take one
	p.Silence()
	// The kernel takes connections for us until their queue is full.
	must(t, setBacklog(p.listener, 0))
	for range 16 {
		c, err := net.DialTimeout("tcp4", p.listener.Addr().String(), 100*time.Millisecond)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.waiting = append(p.waiting, c)
		p.mu.Unlock()
	}
	t.Fatal("the kernel goes on accepting connections: its queue did not fill up")
}

// Resume ends Silence and Drop.
func (p *Proxy) Resume() {
	p.mu.Lock()
	for _, c := range p.waiting {
		c.Close()
	}
	p.waiting = nil
	p.mu.Unlock()
	_ = setBacklog(p.listener, 1024) // closed already, it needs none
	_ = p.listener.SetDeadline(time.Time{})
	for _, g := range []*atomic.Pointer[gate]{&p.taking, &p.passing} {
		if old := g.Swap(openGate()); !isOpen(old) {
			close(*old)
		}
	}
}

func isOpen(g *gate) bool {
	select {
	case <-*g:
		return true
	default:
		return false
	}
}

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
	// First, so that of Refuse or Target and then CutAll one or the other is in time for this connection.
	p.track(client, true)
	defer p.track(client, false)
	if p.refuse.Load() {
		return
	}
	<-*p.passing.Load()
	targets := *p.targets.Load()
	target := targets[p.next.Add(1)%uint64(len(targets))]
	server, err := net.Dial("tcp4", "127.0.0.1:"+strconv.Itoa(target))
	if err != nil {
		return
	}
	defer server.Close()
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
			if d := p.delay.Load(); d > 0 {
				time.Sleep(time.Duration(d))
			}
			<-*p.passing.Load()
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
		<-*p.passing.Load()
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

package web

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// strangersAt are a client's holders.
func strangersAt(addr string) []holder {
	return caller{networks: clientNetworks(netip.MustParseAddr(addr), 24)}.holders()
}

// Whoever lingers in a full wait list is cut off for a newcomer, first where it is fullest.
func TestLingerersMakeRoomForNewcomers(t *testing.T) {
	r := newWaitList(4, 3, 2*time.Second)
	now := time.Unix(1000, 0)
	r.now = func() time.Time { return now }
	var cut []string
	join := func(name, addr string) *waiter {
		now = now.Add(time.Millisecond)
		return r.join(strangersAt(addr), func() { cut = append(cut, name) })
	}
	join("a1", "198.51.100.1")
	join("a2", "198.51.100.2")
	join("a3", "198.51.100.3")
	if join("a4", "198.51.100.4") != nil {
		t.Error("a network has more than its bound, although nobody lingers there")
	}
	b := join("b1", "203.0.113.1")
	if b == nil || join("c1", "192.0.2.1") != nil {
		t.Error("the wait list is not full when it should be, or full too early")
	}
	now = now.Add(3 * time.Second)
	if join("c1", "192.0.2.1") == nil || join("a5", "198.51.100.5") == nil {
		t.Error("lingerers keep a newcomer out")
	}
	if !slices.Equal(cut, []string{"a1", "a2"}) {
		t.Errorf("cut off: %v", cut)
	}
	b.leave()
	b.leave()
	if r.waiting != 3 {
		t.Errorf("%d wait, want 3", r.waiting)
	}
	// What moves does not linger.
	m := newWaitList(1, 1, 2*time.Second)
	m.now = func() time.Time { return now }
	upload := m.join([]holder{{account: 1}}, func() { t.Error("an upload that moves is cut off") })
	now = now.Add(3 * time.Second)
	upload.moved()
	if m.join([]holder{{account: 2}}, nil) != nil {
		t.Error("the slot of an upload that moves went to another")
	}
}

// Where the fullest holder's bodies move, those that linger elsewhere make room.
func TestLingerersMakeRoomForWhatMoves(t *testing.T) {
	r := newWaitList(3, 3, 2*time.Second)
	now := time.Unix(1000, 0)
	r.now = func() time.Time { return now }
	var cut []string
	join := func(name string, account int64) *waiter {
		return r.join([]holder{{account: account}}, func() { cut = append(cut, name) })
	}
	quick := []*waiter{join("a1", 1), join("a2", 1)}
	join("b1", 2)
	now = now.Add(3 * time.Second)
	for _, w := range quick {
		w.moved()
	}
	if join("c1", 3) == nil || !slices.Equal(cut, []string{"b1"}) {
		t.Errorf("cut off: %v", cut)
	}
}

// A subscriber who has a /48 gets four times what one with a /64 gets, not 65,536 times.
func TestIPv6CountsAtThreeWidths(t *testing.T) {
	r := newWaitList(1000, 10, 0)
	p := newSlots()
	for _, c := range []struct {
		name string
		addr func(i int) netip.Addr
		want int
	}{
		{"a /64", func(i int) netip.Addr { return addr6(1, 1, i) }, 10},
		{"a /56", func(i int) netip.Addr { return addr6(2, i%256, 1) }, 20},
		{"a /48", func(i int) netip.Addr { return addr6(3, i*256, 1) }, 40},
		{"a /24", func(i int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(i)}) }, 10},
	} {
		waiting, working := 0, 0
		for i := range 200 {
			networks := clientNetworks(c.addr(i), 24)
			if r.join(caller{networks: networks}.holders(), nil) != nil {
				waiting++
			}
			if p.take(caller{networks: networks}.holders(), 1000, 10) != nil {
				working++
			}
		}
		if waiting != c.want || working != c.want {
			t.Errorf("%s: %d wait and %d work, want %d", c.name, waiting, working, c.want)
		}
	}
}

// addr6 is a host in a subnet of one of many sites.
func addr6(site, subnet, host int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, byte(site), byte(subnet >> 8), byte(subnet), 14: byte(host >> 8), 15: byte(host)})
}

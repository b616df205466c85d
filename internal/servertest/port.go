package servertest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// FreePort returns a TCP port that is free on loopback, in both families. It
// stays reserved for the test process.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// freePort gives no port that the system might give to whoever asks for any, as
// test servers and clients do all the time, and none that a test process on this
// machine was given and may yet use.
func freePort() (int, error) {
	first, last := quietPorts()
	for range 1000 {
		port := first + rand.IntN(last-first+1)
		if claim(port) && listens("tcp4", "127.0.0.1", port) && (listens("tcp6", "::1", port) || !hasIPv6()) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free in both families", first, last)
}

// quietPorts is a range from which the system chooses no ports.
func quietPorts() (first, last int) {
	first, last = 10_000, 32_767
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	var low, high int
	if _, scan := fmt.Sscan(string(text), &low, &high); err != nil || scan != nil {
		return first, last // as most systems have it
	}
	switch {
	case low-first > 5000:
		return first, low - 1
	case 65_535-high > 5000:
		return high + 1, 65_535
	}
	return first, last // there is no better one
}

var claims struct {
	sync.Mutex
	ports map[int]net.PacketConn
}

// claim is whether the port now is this process's, until its end. What others
// see of it is a UDP port at an address of loopback that nobody uses; where
// there is no such address, only this process knows.
func claim(port int) bool {
	claims.Lock()
	defer claims.Unlock()
	if _, given := claims.ports[port]; given {
		return false
	}
	c, err := net.ListenPacket("udp4", "127.77.77.77:"+strconv.Itoa(port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return false
	}
	if claims.ports == nil {
		claims.ports = make(map[int]net.PacketConn)
	}
	claims.ports[port] = c // which would be closed if nobody held it
	return true
}

// listens is whether one can listen there.
func listens(network, host string, port int) bool {
	l, err := net.Listen(network, net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	l.Close()
	return true
}

var hasIPv6 = sync.OnceValue(func() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	l.Close()
	return true
})

package api

import (
	"fmt"
	"testing"
	"time"
)

// An IPv6 subscriber with a /48 gets four times the limit, not 65,536 times.
func TestRateLimitByNetwork(t *testing.T) {
	for _, c := range []struct {
		name, remote string // a format
		want         int
	}{
		{"an IPv4 address", "203.0.113.9:%d", 3}, {"a /64", "[2001:db8:1:1::%x]:1", 3}, {"a /56", "[2001:db8:2:%x::1]:1", 6}, {"a /48", "[2001:db8:3:%x00::1]:1", 12},
	} {
		l := newLimiter(3, time.Minute, time.Now, nil)
		l.ends = time.Now().Add(time.Hour)
		allowed := 0
		for i := 1; i < 40; i++ {
			if l.takeOfNetwork(t.Context(), fmt.Sprintf(c.remote, i)).wait == 0 {
				allowed++
			}
		}
		if allowed != c.want {
			t.Errorf("%s: %d requests, want %d", c.name, allowed, c.want)
		}
	}
}

package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// clientAddr is the address of whoever asks. Each trusted proxy appends the
// address it was asked from to X-Forwarded-For, so with n of them the client is
// the n-th entry from the right, over all lines of the header joined. Whatever
// stands further left is the client's own word, and is never looked at.
func clientAddr(r *http.Request, trustedHops int) netip.Addr {
	peer := peerAddr(r.RemoteAddr)
	if trustedHops == 0 {
		return peer
	}
	entries := forwarded(r.Header["X-Forwarded-For"])
	// Fewer entries than proxies means that somebody came in past one of them:
	// whether a proxy wrote the leftmost entry or the client did, nobody knows.
	if len(entries) < trustedHops {
		return peer
	}
	for _, entry := range entries[len(entries)-trustedHops:] {
		if addr, ok := parseForwarded(entry); ok {
			return addr
		}
		// What a trusted proxy wrote and we cannot read ("unknown"): the next
		// one to the right is the nearest that is known.
	}
	return peer
}

func forwarded(lines []string) []string {
	if len(lines) == 0 {
		return nil
	}
	entries := strings.Split(strings.Join(lines, ","), ",")
	for i, e := range entries {
		entries[i] = strings.TrimSpace(e)
	}
	return entries
}

// parseForwarded reads an address with or without a port or brackets.
func parseForwarded(text string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return addr.Unmap().WithZone(""), true
	}
	if ap, err := netip.ParseAddrPort(text); err == nil {
		return ap.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// peerAddr is the other end of the connection.
func peerAddr(remote string) netip.Addr {
	addr, ok := parseForwarded(remote)
	if !ok {
		// Not an address at all (a test, a socket file): one bucket for all of them.
		return netip.IPv6Unspecified()
	}
	return addr
}

// clientNetworks are the parts of an address that one customer may hold, the
// narrowest first: limits go by them, for whoever has one IPv6 address has 2^64 of
// them. A subscriber has a /64, often a /56, and a firm a /48. Of an IPv4 address
// it is what width4 says.
func clientNetworks(addr netip.Addr, width4 int) []netip.Prefix {
	widths := []int{64, 56, 48}
	if addr.Is4() {
		widths = []int{width4}
	}
	networks := make([]netip.Prefix, len(widths))
	for i, bits := range widths {
		networks[i], _ = addr.Prefix(bits) // cannot fail: addr is valid and bits in range
	}
	return networks
}

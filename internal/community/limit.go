package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// Allow counts one try against a limit, over all processes. *TooMany says that there were enough; a Limit without a
// count allows everything. A bucket names what is limited and whom it concerns, at most 120 bytes.
func (c *Community) Allow(ctx context.Context, bucket string, l Limit) error {
	if l.Count <= 0 {
		return nil
	}
	ok, wait, err := c.Store.Attempt(ctx, bucket, l.Count, l.Window)
	if err != nil {
		return fromStore(err)
	}
	if !ok {
		return &TooMany{RetryAfter: wait}
	}
	return nil
}

// takeBack uncounts a try that succeeded. That it fails is no reason to fail what succeeded.
func (c *Community) takeBack(ctx context.Context, bucket string, l Limit) {
	if l.Count <= 0 {
		return
	}
	if err := c.Store.TakeBackAttempt(ctx, bucket, l.Window); err != nil {
		c.Log.WarnContext(ctx, "a counted try was not taken back", "error", err)
	}
}

// network is what limits by address count: an IPv4 address, or the /64 that one IPv6 customer has.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return a.String()
	}
	return p.String()
}

// hashSecret is how secrets of 256 random bits are kept: nobody can guess them, so a fast hash is enough.
func hashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

package community

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// Allow counts one try against a limit, over all processes. It returns *TooMany when the limit is reached. A Limit
// without a Count allows everything. A bucket names what is limited and for whom, in at most 120 bytes.
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

// takeBack uncounts a try that succeeded. Its failure is no reason to fail what succeeded.
func (c *Community) takeBack(ctx context.Context, bucket string, l Limit) {
	if l.Count <= 0 {
		return
	}
	if err := c.Store.TakeBackAttempt(ctx, bucket, l.Window); err != nil {
		c.Log.WarnContext(ctx, "a counted try was not taken back", "error", err)
	}
}

// A bucket is what tries are counted in, and how many it takes.
type bucket struct {
	name  string
	limit Limit
}

// allowAll counts one try in each bucket, up to the first that is full.
func (c *Community) allowAll(ctx context.Context, buckets []bucket) error {
	for _, b := range buckets {
		if err := c.Allow(ctx, b.name, b.limit); err != nil {
			return err
		}
	}
	return nil
}

// takeBackAll uncounts a try that succeeded.
func (c *Community) takeBackAll(ctx context.Context, buckets []bucket) {
	for _, b := range buckets {
		c.takeBack(ctx, b.name, b.limit)
	}
}

// allowNetwork counts one try of something against the client's network.
func (c *Community) allowNetwork(ctx context.Context, what, address string, l Limit) error {
	return c.allowAll(ctx, networkBuckets(what, address, l))
}

// networkBuckets limit something by network, each wider one with twice as much.
func networkBuckets(what, address string, l Limit) []bucket {
	var buckets []bucket
	for i, network := range networksOf(address) {
		buckets = append(buckets, bucket{what + ":" + network, Limit{Count: l.Count << i, Window: l.Window}})
	}
	return buckets
}

// networksOf names what an address counts as, the narrowest network first: the IPv4 address; or the /64 that an IPv6
// subscriber has at least, the /56 that many have, and the /48 that a firm has.
func networksOf(address string) []string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return []string{address[:min(len(address), 64)]}
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return []string{a.String()}
	}
	var networks []string
	for _, bits := range []int{64, 56, 48} {
		networks = append(networks, netip.PrefixFrom(a, bits).Masked().String())
	}
	return networks
}

// hashSecret hashes secrets of 256 random bits. Nobody can guess them, so a fast hash is enough.
func hashSecret(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(h[:])
}

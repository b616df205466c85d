package community

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"tintype/internal/media"
	"tintype/internal/store"
)

// EventBlocksChanged is of every change of what the site keeps out.
const EventBlocksChanged = "site.blocks"

// blockList is what the site keeps out. It is never changed once others have it.
type blockList struct {
	domains    map[string]bool
	ranges     []netip.Prefix
	words      *wordList
	looks      []media.Look
	generation uint64 // before its rows were read
}

// holds reports whether posts can have to wait because of what is kept out: of words or photographs.
func (l *blockList) holds() bool {
	return len(l.words.whole) > 0 || len(l.words.within) > 0 || len(l.looks) > 0
}

// hasEmail reports whether the domain of an e-mail address is kept out, or a domain above it.
func (l *blockList) hasEmail(email string) bool {
	d := mailDomain(email[strings.LastIndexByte(email, '@')+1:])
	if inner, ok := strings.CutPrefix(d, "["); ok { // a mailbox at an IP address
		return l.hasAddress(strings.TrimPrefix(strings.TrimSuffix(inner, "]"), "ipv6:"))
	}
	for d != "" {
		if l.domains[d] {
			return true
		}
		_, d, _ = strings.Cut(d, ".")
	}
	return false
}

// hasAddress reports whether an IP address is in a range that is kept out. A text that is not an address is in no range.
func (l *blockList) hasAddress(text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	a = plainAddress(a)
	for _, r := range l.ranges {
		if r.Contains(a) {
			return true
		}
	}
	return false
}

// blockState keeps the blockList in this process, as siteState keeps the Site.
type blockState struct {
	generation atomic.Uint64 // raised by each drop
	known      atomic.Pointer[blockList]
	mu         sync.Mutex // held to read the rows
}

func (s *blockState) drop() { s.generation.Add(1) }

// blocks is what the site keeps out now. It reads the primary where this process does not know it.
func (c *Community) blocks(ctx context.Context) (*blockList, error) {
	if c.site.following.Load() {
		c.site.watch.Use()
	}
	s := &c.site.blocks
	if l := s.known.Load(); l != nil && l.generation == s.generation.Load() {
		return l, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	generation := s.generation.Load()
	if l := s.known.Load(); l != nil && l.generation == generation {
		return l, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), siteWait)
	defer cancel()
	rows, err := c.Store.SiteBlockValues(ctx)
	if err != nil {
		return nil, fromStore(err)
	}
	l := &blockList{domains: make(map[string]bool, len(rows[store.BlockDomain])), words: newWordList(rows[store.BlockWord]), generation: generation}
	for _, d := range rows[store.BlockDomain] {
		l.domains[d] = true
	}
	for _, text := range rows[store.BlockRange] {
		if r, err := netip.ParsePrefix(text); err == nil {
			l.ranges = append(l.ranges, r)
		}
	}
	for _, text := range rows[store.BlockPhoto] {
		if look, ok := media.ParseLook(text); ok {
			l.looks = append(l.looks, look)
		}
	}
	s.known.Store(l)
	return l, nil
}

// tellBlocksChanged has every process read the list anew, in the transaction that changes it.
func (c *Community) tellBlocksChanged(ctx context.Context, tx *store.Store) error {
	tx.AfterCommit(c.site.blocks.drop)
	return tx.AddEvent(ctx, EventBlocksChanged, 0, 0, nil)
}

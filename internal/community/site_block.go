package community

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tintype/internal/hostname"
	"tintype/internal/media"
	"tintype/internal/store"
)

// MaxBlockNote is how many characters the note of a block has.
const MaxBlockNote = 200

// BlockKinds are the kinds of what the site keeps out.
var BlockKinds = []string{store.BlockDomain, store.BlockRange, store.BlockWord, store.BlockPhoto}

// mostBlocks is how many of each kind there may be: every instance keeps them in memory.
var mostBlocks = map[string]int{store.BlockDomain: 5000, store.BlockRange: 5000, store.BlockWord: 1000, store.BlockPhoto: 5000}

// NewBlock is the form of something to be kept out.
type NewBlock struct {
	Kind, Value, Note string
}

// clean writes the value in the one way in which it is kept.
func (n *NewBlock) clean() error {
	var bad Invalid
	if n.Note = oneLine(n.Note); len([]rune(n.Note)) > MaxBlockNote {
		bad.add("note", "too_long", "That has %d characters; the limit is %d.", len([]rune(n.Note)), MaxBlockNote)
	}
	n.Value = oneLine(n.Value)
	switch n.Kind {
	case store.BlockDomain:
		n.Value = blockedDomain(n.Value)
		if n.Value == "" {
			bad.add("value", "invalid", "That is not a domain, such as example.com.")
		}
	case store.BlockRange:
		r, err := parseRange(n.Value)
		switch {
		case err != nil:
			bad.add("value", "invalid", "That is neither an IP address nor a range such as 192.0.2.0/24 or 2001:db8::/32.")
		case tooWide(r):
			bad.add("value", "too_wide", "That range has too many addresses. The widest are /8, and /16 of IPv6.")
		default:
			n.Value = r.String()
		}
	case store.BlockWord:
		words := plainWords(n.Value)
		n.Value = strings.Join(words, " ")
		switch {
		case len(words) == 0:
			bad.add("value", "invalid", "That has neither a letter nor a digit.")
		case len(words) > maxBlockedWords || len([]rune(n.Value)) > maxBlockedWord:
			bad.add("value", "too_long", "At most %d words in a row, with at most %d characters.", maxBlockedWords, maxBlockedWord)
		}
	case store.BlockPhoto:
		look, ok := media.ParseLook(n.Value)
		if !ok {
			bad.add("value", "invalid", "That is neither the address of a post nor the 16 digits of a photograph.")
		}
		n.Value = look.String()
	default:
		bad.add("kind", "invalid", "Choose one of: %s.", strings.Join(BlockKinds, ", "))
	}
	return bad.err()
}

// blockedDomain is a domain as it is kept, "" for what is none. "*.example.com" and "@example.com" are ways to write it.
func blockedDomain(text string) string {
	d := mailDomain(strings.TrimPrefix(strings.TrimPrefix(text, "@"), "*."))
	if len(d) > 253 || strings.HasPrefix(d, "[") {
		return ""
	}
	for label := range strings.SplitSeq(d, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return ""
		}
	}
	if _, err := netip.ParseAddr(d); err == nil {
		return ""
	}
	return d
}

// mailDomain is a domain in the spelling in which domains are compared: in lower case, as punycode, without a dot at its end.
func mailDomain(d string) string {
	if d = strings.TrimSpace(d); strings.ContainsAny(d, ":/") {
		return strings.ToLower(d) // an IP address
	}
	name, err := hostname.Clean(d, "")
	if err != nil {
		return strings.TrimSuffix(strings.ToLower(d), ".")
	}
	return name
}

// parseRange reads an address or a range of IPv4 or IPv6. IPv4 written as IPv6 is IPv4.
func parseRange(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = plainAddress(a)
		return a.Prefix(a.BitLen())
	}
	r, err := netip.ParsePrefix(text)
	if err != nil {
		return r, err
	}
	if r.Addr().Is4In6() {
		if r.Bits() < 96 {
			return r, errors.New("more than all addresses of IPv4")
		}
		r = netip.PrefixFrom(r.Addr().Unmap(), r.Bits()-96)
	}
	return r.Masked(), nil
}

// plainAddress is an address as ranges have it: IPv4 written as IPv6 is IPv4, and there is no zone.
func plainAddress(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// tooWide is of ranges that shut out whole parts of the world, most likely by mistake.
func tooWide(r netip.Prefix) bool {
	if r.Addr().Is4() {
		return r.Bits() < 8
	}
	return r.Bits() < 16
}

// AddBlock has the site keep something out. What is kept out already is returned as it is, and nothing changes. *Invalid says
// what is wrong.
func (c *Community) AddBlock(ctx context.Context, by By, n NewBlock) (*store.SiteBlock, error) {
	ctx = store.Primary(ctx)
	if err := by.may(AddBlock); err != nil {
		return nil, err
	}
	if err := n.clean(); err != nil {
		return nil, err
	}
	var made *store.SiteBlock
	err := c.administration(ctx, by, AddBlock, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		var added bool
		var err error
		if made, added, err = c.addBlock(ctx, tx, by, n); err != nil {
			return false, err
		}
		e.RefID, e.Detail = &made.ID, cutText(n.Kind+": "+n.Value, maxDetail)
		return added, nil
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (c *Community) addBlock(ctx context.Context, tx *store.Store, by By, n NewBlock) (_ *store.SiteBlock, added bool, err error) {
	// The lock has those that come at once count each other.
	if _, err := tx.LockSiteInfos(ctx, "blocks."); err != nil {
		return nil, false, err
	}
	was, err := tx.SiteBlockOf(ctx, n.Kind, n.Value)
	if err == nil || !errors.Is(err, store.ErrNotFound) {
		return was, false, err
	}
	have, err := tx.CountSiteBlocks(ctx, n.Kind)
	if err != nil {
		return nil, false, err
	}
	if have >= mostBlocks[n.Kind] {
		return nil, false, invalid("value", "too_many", "There are already %d of them, and no room for more. Remove some first.", have)
	}
	b := &store.SiteBlock{ID: c.Store.NewID(), Kind: n.Kind, Value: n.Value, Note: n.Note, CreatedAt: store.ToMillis(time.Now())}
	if by.Account != nil {
		b.CreatorID, b.Creator = &by.Account.ID, by.Account.Username
	}
	if err := tx.AddSiteBlock(ctx, b); err != nil {
		return nil, false, err
	}
	return b, true, c.tellBlocksChanged(ctx, tx)
}

// RemoveBlock ends the block with the id. It returns ErrNotFound where there is none.
func (c *Community) RemoveBlock(ctx context.Context, by By, id int64) error {
	return c.administration(store.Primary(ctx), by, RemoveBlock, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		was, err := tx.SiteBlockByID(ctx, id)
		if err != nil {
			return false, err
		}
		e.RefID, e.Detail = &id, cutText(was.Kind+": "+was.Value, maxDetail)
		removed, err := tx.DropSiteBlock(ctx, id)
		if err != nil || !removed {
			return false, err
		}
		return true, c.tellBlocksChanged(ctx, tx)
	})
}

// RemoveBlockOf is RemoveBlock for who knows the value.
func (c *Community) RemoveBlockOf(ctx context.Context, by By, kind, value string) error {
	if err := by.may(RemoveBlock); err != nil {
		return err
	}
	n := NewBlock{Kind: kind, Value: value}
	if err := n.clean(); err != nil {
		return err
	}
	was, err := c.Store.SiteBlockOf(ctx, n.Kind, n.Value)
	if err != nil {
		return fromStore(err)
	}
	return c.RemoveBlock(ctx, by, was.ID)
}

// maxBlocksPage is how many blocks one page has at most.
const maxBlocksPage = 500

// SiteBlocks lists what the site keeps out of a kind, newest first.
func (c *Community) SiteBlocks(ctx context.Context, by By, kind string, p Cursor) ([]*store.SiteBlock, error) {
	if err := by.may(ReadBlocks); err != nil {
		return nil, err
	}
	if !slices.Contains(BlockKinds, kind) {
		return nil, nil
	}
	list, err := c.Store.SiteBlocks(ctx, kind, p.span(defaultAccounts, maxBlocksPage))
	return list, fromStore(err)
}

// mayComeFrom is *Invalid where the site keeps out the address or the network of somebody who signs up. It does not say which
// of the two: that would tell what to change. Who claims the site may come from anywhere.
func (c *Community) mayComeFrom(ctx context.Context, f SignUp) error {
	if f.Claim != "" {
		return nil
	}
	out, err := c.blocks(ctx)
	if err != nil {
		return err
	}
	if out.hasEmail(f.Email) || out.hasAddress(f.Address) {
		return invalid("email", "blocked", "You cannot join with this address, or from where you are. If that is a mistake, write to those who run the site.")
	}
	return nil
}

// emailAllowed is *Invalid where the site keeps out an e-mail address that a member wants to have.
func (c *Community) emailAllowed(ctx context.Context, email string) error {
	out, err := c.blocks(ctx)
	if err != nil {
		return err
	}
	if out.hasEmail(email) {
		return invalid("email", "blocked", "This address cannot be used here. Choose another, or write to those who run the site.")
	}
	return nil
}

package community

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"tintype/internal/hostname"
	"tintype/internal/store"
)

// AccountByName finds an account that the viewer may see, else ErrNotFound. A leading @ is fine.
func (c *Community) AccountByName(ctx context.Context, viewer *store.Account, username string) (*store.Account, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	acc, err := c.Store.SeenAccountByUsername(ctx, viewer, strings.TrimPrefix(username, "@"))
	if err != nil {
		return nil, fromStore(err)
	}
	return acc, c.loadProfilePhotos(ctx, acc)
}

// LocalName returns a member's name without this site's own host, however that is spelt: "@name@host" is "name".
func (c *Community) LocalName(acct string) string {
	acct = strings.TrimPrefix(strings.TrimSpace(acct), "@")
	scheme, own, _ := strings.Cut(c.BaseURL, "://")
	if name, host, ok := strings.Cut(acct, "@"); ok && hostname.Same(host, own, scheme) {
		return name
	}
	return acct
}

// AccountByID finds an account that the viewer may see, else ErrNotFound.
func (c *Community) AccountByID(ctx context.Context, viewer *store.Account, id int64) (*store.Account, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	acc, err := c.Store.SeenAccountByID(ctx, viewer, id)
	if err != nil {
		return nil, fromStore(err)
	}
	return acc, c.loadProfilePhotos(ctx, acc)
}

// AccountsByID finds those of the accounts that the viewer may see, in the order asked for, 80 at most.
func (c *Community) AccountsByID(ctx context.Context, viewer *store.Account, ids []int64) ([]*store.Account, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	if len(ids) > 80 {
		ids = ids[:80]
	}
	found, err := c.Store.SeenAccountsByID(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	byID := make(map[int64]*store.Account, len(found))
	for _, a := range found {
		byID[a.ID] = a
	}
	ordered := make([]*store.Account, 0, len(found))
	for _, id := range ids {
		if a := byID[id]; a != nil {
			ordered = append(ordered, a)
			delete(byID, id)
		}
	}
	return ordered, c.loadProfilePhotos(ctx, ordered...)
}

// AccountSearch says which accounts are looked for.
type AccountSearch struct {
	Text     string // the beginning of a username, with or without @, or words of a displayed name
	Followed bool   // only whom the viewer follows
	Limit    int    // 80 at most
}

// maxNameWords is how many words of a name are looked for: more has no name.
const maxNameWords = 8

// SearchAccounts finds accounts whose username starts with the text, then those whose displayed name has all of its words; the
// last word may be the beginning of one. The account that has the text as its username comes first. The viewer who blocked
// that one finds it, too.
func (c *Community) SearchAccounts(ctx context.Context, viewer *store.Account, q AccountSearch) ([]*store.Account, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	text := strings.TrimSpace(q.Text)
	prefix := strings.TrimPrefix(text, "@")
	limit := min(q.Limit, 80)
	if prefix == "" || limit <= 0 || utf8.RuneCountInString(text) > maxSearchRunes {
		return nil, nil
	}
	as, err := c.Store.AccountsStartingWith(ctx, viewer, prefix, q.Followed, limit)
	if err != nil {
		return nil, fromStore(err)
	}
	var words []string
	for _, w := range store.SearchWords(text) {
		words = append(words, w.Text)
	}
	if prefix == text && len(as) < limit && len(words) <= maxNameWords {
		named, err := c.Store.AccountsNamed(ctx, viewer, words, q.Followed, limit)
		if err != nil {
			return nil, fromStore(err)
		}
		for _, a := range named {
			if len(as) < limit && !slices.ContainsFunc(as, func(b *store.Account) bool { return b.ID == a.ID }) {
				as = append(as, a)
			}
		}
	}
	return as, c.loadProfilePhotos(ctx, as...)
}

package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// DirectoryOrder is an order of the members' directory.
type DirectoryOrder string

// Orders of the directory.
const (
	DirectoryActive DirectoryOrder = "active" // who posted in public last, among the newest 2,000 posts
	DirectoryNew    DirectoryOrder = "new"    // who joined last
)

// MaxDirectory is how far the directory goes.
const MaxDirectory = 2000

// Directory lists the members who may be found by others and whom the viewer may see, at most 80, the first of them
// skipped.
func (c *Community) Directory(ctx context.Context, viewer *store.Account, order DirectoryOrder, skip, limit int) ([]*store.Account, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	list := c.Store.PostingAccounts
	if order == DirectoryNew {
		list = c.Store.NewAccounts
	}
	if skip >= MaxDirectory {
		return nil, nil
	}
	ids, err := list(ctx, viewer, skip, min(limit, maxAccounts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.shownAccounts(ctx, viewer, ids)
}

// shownAccounts loads accounts with their profile photos, in the order of the ids.
func (c *Community) shownAccounts(ctx context.Context, viewer *store.Account, ids []int64) ([]*store.Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := c.Store.FeedAccounts(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	out := make([]*store.Account, 0, len(ids))
	for _, id := range ids {
		if a := found[id]; a != nil {
			out = append(out, a)
		}
	}
	return out, c.loadProfilePhotos(ctx, out...)
}

// Sources of suggestions.
const (
	SuggestedPosting  = "posting"  // posted in public lately
	SuggestedFamiliar = "familiar" // followed by those one follows
	SuggestedNew      = "new"      // joined lately
)

// Suggestion is somebody whom one might follow.
type Suggestion struct {
	Account *store.Account
	Source  string
}

// Suggestions are members whom acc does not follow yet, at most 80: first those followed by whom acc follows, then those
// who post, and who is new. Nobody is in it who blocks, is blocked or muted, or was asked already.
func (c *Community) Suggestions(ctx context.Context, acc *store.Account, limit int) ([]Suggestion, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	limit = min(limit, maxAccounts)
	most := min(2*limit+20, maxRelationships/3)
	familiar, err := c.Store.FollowedByFollowees(ctx, acc, most)
	if err != nil {
		return nil, fromStore(err)
	}
	posting, err := c.Store.PostingAccounts(ctx, acc, 0, most)
	if err != nil {
		return nil, fromStore(err)
	}
	fresh, err := c.Store.NewAccounts(ctx, acc, 0, most)
	if err != nil {
		return nil, fromStore(err)
	}
	source := map[int64]string{acc.ID: ""}
	var ids []int64
	for _, l := range []struct {
		ids    []int64
		source string
	}{{familiar, SuggestedFamiliar}, {posting, SuggestedPosting}, {fresh, SuggestedNew}} {
		for _, id := range l.ids {
			if _, known := source[id]; !known {
				source[id] = l.source
				ids = append(ids, id)
			}
		}
	}
	rels, err := c.Store.Relationships(ctx, acc.ID, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	for _, r := range rels {
		if r.Following || r.Requested || r.Muting {
			ids = slices.DeleteFunc(ids, func(id int64) bool { return id == r.ID })
		}
	}
	accounts, err := c.shownAccounts(ctx, acc, ids[:min(len(ids), limit)])
	if err != nil {
		return nil, err
	}
	out := make([]Suggestion, len(accounts))
	for i, a := range accounts {
		out[i] = Suggestion{a, source[a.ID]}
	}
	return out, nil
}

const (
	// MaxFamiliar is of how many accounts one may ask at once which of their followers one follows: each looks at all whom one
	// follows.
	MaxFamiliar = 40
	// familiarEach is how many of them are named of each.
	familiarEach = 40
)

// Familiar are those of an account's followers whom somebody follows.
type Familiar struct {
	ID        int64
	Followers []*store.Account
}

// FamiliarFollowers are those followers of each account whom acc follows, at most 40 of each, for those of the first
// MaxFamiliar ids whom acc may see.
func (c *Community) FamiliarFollowers(ctx context.Context, acc *store.Account, ids []int64) ([]Familiar, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	var asked idSet // a client may name one twice
	for _, id := range ids[:min(len(ids), MaxFamiliar)] {
		asked.add(id)
	}
	ids = asked.ids
	found, err := c.Store.FamiliarFollowers(ctx, acc, ids, familiarEach)
	if err != nil {
		return nil, fromStore(err)
	}
	var people idSet
	for _, id := range ids {
		people.add(id)
		for _, follower := range found[id] {
			people.add(follower)
		}
	}
	shown, err := c.shownAccounts(ctx, acc, people.ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*store.Account, len(shown))
	for _, a := range shown {
		byID[a.ID] = a
	}
	var all []Familiar
	for _, id := range ids {
		if byID[id] == nil {
			continue
		}
		f := Familiar{ID: id}
		for _, follower := range found[id] {
			if a := byID[follower]; a != nil {
				f.Followers = append(f.Followers, a)
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// NewestOf loads the newest public posts of each account, at most so many of each, by the account's id. Together they are
// at most 80.
func (c *Community) NewestOf(ctx context.Context, viewer *store.Account, accounts []*store.Account, each int) (map[int64][]*Post, error) {
	var authors []int64
	for _, a := range accounts {
		if len(authors) < 80/each {
			authors = append(authors, a.ID)
		}
	}
	ids, err := c.Store.NewestPublicOf(ctx, authors, each)
	if err != nil || len(ids) == 0 {
		return nil, fromStore(err)
	}
	posts, err := c.postsByID(ctx, viewer, FilterPublic, ids)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(posts, func(a, b *Post) int { return int(min(max(b.ID-a.ID, -1), 1)) })
	out := map[int64][]*Post{}
	for _, p := range posts {
		out[p.AuthorID] = append(out[p.AuthorID], p)
	}
	return out, nil
}

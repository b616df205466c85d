package community

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"tintype/internal/store"
)

// How many entries a page of posts has.
const (
	defaultPosts = 20
	maxPosts     = 40
)

// span turns the cursor into the store's Range.
func (p Cursor) span(usual, most int) store.Range {
	r := store.Range{Max: p.MaxID, Min: max(p.MinID, p.SinceID), Up: p.MinID > 0, Limit: p.Limit}
	if r.Limit <= 0 {
		r.Limit = usual
	}
	r.Limit = min(r.Limit, most)
	return r
}

// HomeFeed returns the posts of the account and of those it follows, and what these boosted. It is paged by FeedID.
func (c *Community) HomeFeed(ctx context.Context, acc *store.Account, page Cursor) ([]*Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	posts, err := c.Store.HomePosts(ctx, acc, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, acc, FilterHome, posts)
}

// PublicFeed returns the public posts of the site.
func (c *Community) PublicFeed(ctx context.Context, viewer *store.Account, page Cursor) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	if r := page.span(defaultPosts, maxPosts); viewer == nil && r.Max == 0 && r.Min == 0 && c.Cached != nil {
		return c.visitorsFeed(ctx, r.Limit)
	}
	return c.publicFeed(ctx, viewer, page)
}

func (c *Community) publicFeed(ctx context.Context, viewer *store.Account, page Cursor) ([]*Post, error) {
	posts, err := c.Store.PublicPosts(ctx, viewer, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, FilterPublic, posts)
}

// NewestAddresses returns the addresses of the newest public posts, for programs that look for what to read. It costs a
// fraction of the posts themselves.
func (c *Community) NewestAddresses(ctx context.Context, limit int) ([]store.PostAddress, error) {
	if err := c.reader(ctx, nil); err != nil {
		return nil, err
	}
	list, err := c.Store.PublicAddresses(ctx, limit)
	return list, fromStore(err)
}

// TagFeed returns the public posts with the tag, none for a tag that nobody used. Tag decides whether such a tag has a
// page.
func (c *Community) TagFeed(ctx context.Context, viewer *store.Account, name string, page Cursor) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	tag, err := c.Tag(ctx, viewer, name)
	if errors.Is(err, ErrNotFound) {
		return []*Post{}, nil
	}
	if err != nil {
		return nil, err
	}
	posts, err := c.Store.TagPosts(ctx, viewer, tag.ID, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, FilterPublic, posts)
}

// AccountFeedOptions choose among an account's posts and comments. The zero value chooses everything, as in Mastodon's
// API. A profile sets ExcludeReplies.
type AccountFeedOptions struct {
	OnlyMedia      bool   // those with photos
	ExcludeReplies bool   // posts only, no comments
	ExcludeBoosts  bool   // no boosts; there are none either where OnlyMedia or Tagged is set
	Tagged         string // those with this tag
}

// AccountFeed returns the account's posts and boosts that the viewer may see, paged by FeedID, or ErrNotFound if the viewer may not see the
// account.
func (c *Community) AccountFeed(ctx context.Context, viewer *store.Account, accountID int64, o AccountFeedOptions, page Cursor) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	seen, err := c.Store.CanSeeAccount(ctx, viewer, accountID)
	if err != nil {
		return nil, fromStore(err)
	}
	if !seen {
		return nil, ErrNotFound
	}
	f := store.AuthorFeed{WithComments: !o.ExcludeReplies, OnlyPhotos: o.OnlyMedia}
	if o.Tagged != "" {
		tag, err := c.Tag(ctx, viewer, o.Tagged)
		if errors.Is(err, ErrNotFound) {
			return []*Post{}, nil
		}
		if err != nil {
			return nil, err
		}
		f.TagID = tag.ID
	}
	r := page.span(defaultPosts, maxPosts)
	posts, err := c.Store.AuthorPosts(ctx, viewer, accountID, f, r)
	if err != nil {
		return nil, fromStore(err)
	}
	if !o.ExcludeBoosts && !o.OnlyMedia && f.TagID == 0 {
		boosts, err := c.Store.BoostsOf(ctx, viewer, accountID, r)
		if err != nil {
			return nil, fromStore(err)
		}
		posts = mergeFeeds(posts, boosts, r)
	}
	return c.loadPosts(ctx, viewer, FilterAccount, posts)
}

// mergeFeeds makes one page of two of the same range.
func mergeFeeds(a, b []store.Post, r store.Range) []store.Post {
	if len(b) == 0 {
		return a
	}
	posts := append(a, b...)
	slices.SortFunc(posts, func(a, b store.Post) int { return cmp.Compare(b.FeedID(), a.FeedID()) })
	if r.Up {
		return posts[max(0, len(posts)-r.Limit):]
	}
	return posts[:min(len(posts), r.Limit)]
}

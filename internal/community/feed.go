package community

import (
	"context"
	"errors"

	"tintype/internal/store"
)

// How many entries a page of posts has.
const (
	defaultPosts = 20
	maxPosts     = 40
)

// span is the store's words for the page.
func (p Cursor) span(usual, most int) store.Range {
	r := store.Range{Max: p.MaxID, Min: max(p.MinID, p.SinceID), Up: p.MinID > 0, Limit: p.Limit}
	if r.Limit <= 0 {
		r.Limit = usual
	}
	r.Limit = min(r.Limit, most)
	return r
}

// HomeFeed are the posts of the account and of those it follows.
func (c *Community) HomeFeed(ctx context.Context, acc *store.Account, page Cursor) ([]*Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	posts, err := c.Store.HomePosts(ctx, acc, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, acc, posts)
}

// PublicFeed are the public posts of the site.
func (c *Community) PublicFeed(ctx context.Context, viewer *store.Account, page Cursor) ([]*Post, error) {
	if err := c.reader(viewer); err != nil {
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
	return c.loadPosts(ctx, viewer, posts)
}

// TagFeed are the public posts with the tag. A tag that nobody used has none; the page of such a tag is Tag's to judge.
func (c *Community) TagFeed(ctx context.Context, viewer *store.Account, name string, page Cursor) ([]*Post, error) {
	if err := c.reader(viewer); err != nil {
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
	return c.loadPosts(ctx, viewer, posts)
}

// AccountFeedOptions choose among an account's posts and comments. The zero value is everything, as in Mastodon's API;
// a profile shows it with ExcludeReplies.
type AccountFeedOptions struct {
	OnlyMedia      bool   // those with photos
	ExcludeReplies bool   // posts only, no comments
	Tagged         string // those with this tag
}

// AccountFeed are the account's posts that the viewer may see, ErrNotFound if the account is not to be seen.
func (c *Community) AccountFeed(ctx context.Context, viewer *store.Account, accountID int64, o AccountFeedOptions, page Cursor) ([]*Post, error) {
	if err := c.reader(viewer); err != nil {
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
	posts, err := c.Store.AuthorPosts(ctx, viewer, accountID, f, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, posts)
}

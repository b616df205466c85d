package community

import (
	"context"
	"math"
	"slices"
	"time"

	"tintype/internal/store"
)

const jobTrends = "trends" // periodic: what is popular

const (
	// popularFor is of how long back what is popular comes, tagsFor the tags that are used.
	popularFor = 7 * 24 * time.Hour
	tagsFor    = 90 * 24 * time.Hour

	maxPopular = 400
	maxTags    = 100
)

// RankTrends finds out which posts of the last seven days people liked and commented on most, and which tags were used in
// the last ninety.
func (c *Community) RankTrends(ctx context.Context) error {
	ctx = store.Primary(ctx)
	now, err := c.Store.Now(ctx)
	if err != nil {
		return err
	}
	since := func(d time.Duration) int64 { return now.Time().Add(-d).UnixMilli() << 16 }
	posts, err := c.Store.RankedPosts(ctx, since(popularFor), maxPopular)
	if err != nil {
		return err
	}
	tags, err := c.Store.RankedTags(ctx, since(tagsFor), maxTags)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(tags, 20) {
		ids := make([]int64, len(some))
		for i, t := range some {
			ids[i] = t.TargetID
		}
		days, err := c.Store.CountTagDays(ctx, ids, dayOf(now.Time())-historyDays+1, math.MaxInt32)
		if err != nil {
			return err
		}
		for i := range some {
			some[i].Days = store.TagDays(days[some[i].TargetID])
		}
	}
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.ReplaceTrends(ctx, store.TrendPost, posts); err != nil {
			return err
		}
		return tx.ReplaceTrends(ctx, store.TrendTag, tags)
	})
}

// PopularPosts lists the public posts of the last seven days that people liked, boosted and commented on most, at most 80, the
// first of them skipped. It is ranked once an hour.
func (c *Community) PopularPosts(ctx context.Context, viewer *store.Account, skip, limit int) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	if skip >= maxPopular {
		return nil, nil
	}
	posts, err := c.Store.TrendingPosts(ctx, viewer, skip, min(limit, 80))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, FilterPublic, posts)
}

// UsedTag is a tag that members use, with a post that shows it.
type UsedTag struct {
	store.TrendingTag
	Cover *Post // nil for none; never what a warning or a filter covers, or of somebody whom the viewer mutes
}

// UsedTags lists the tags of public posts that most members used in the last ninety days, at most 80, the first of them
// skipped. It is ranked once an hour.
func (c *Community) UsedTags(ctx context.Context, viewer *store.Account, skip, limit int, covers bool) ([]UsedTag, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	tags, err := c.Store.TrendingTags(ctx, viewer, skip, min(limit, 80))
	if err != nil {
		return nil, fromStore(err)
	}
	out := make([]UsedTag, len(tags))
	var about idSet
	for i, t := range tags {
		out[i].TrendingTag = t
		if covers && t.CoverID != 0 {
			about.add(t.CoverID)
		}
	}
	posts, err := c.postsOf(ctx, viewer, FilterPublic, about.ids)
	if err != nil {
		return nil, err
	}
	muted, err := c.mutedAuthors(ctx, viewer, posts)
	for i := range out {
		if p := posts[out[i].CoverID]; p != nil && p.Visibility == store.Public && !p.Warned() && len(p.Filtered) == 0 && !muted[p.AuthorID] {
			out[i].Cover = p
		}
	}
	return out, err
}

// mutedAuthors are those of the posts' authors whom the viewer mutes.
func (c *Community) mutedAuthors(ctx context.Context, viewer *store.Account, posts map[int64]*Post) (map[int64]bool, error) {
	if viewer == nil || len(posts) == 0 {
		return nil, nil
	}
	var authors idSet
	for _, p := range posts {
		authors.add(p.AuthorID)
	}
	about, err := c.Store.Relationships(ctx, viewer.ID, authors.ids)
	muted := map[int64]bool{}
	for _, r := range about {
		muted[r.ID] = r.Muting
	}
	return muted, fromStore(err)
}

package community

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"tintype/internal/store"
)

// Tag finds the tag of that name (with or without #, in any case) if a post that the viewer may find by it carries it,
// else ErrNotFound.
func (c *Community) Tag(ctx context.Context, viewer *store.Account, name string) (*store.Tag, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if !ValidTag(name) {
		return nil, ErrNotFound
	}
	t, err := c.Store.TagByKey(ctx, viewer, store.Fold(name))
	return t, fromStore(err)
}

// TagNamed is Tag also for a tag of which acc does not know that anybody has used it, which has no id: clients show tags while they
// are typed. ErrNotFound is for what is no tag.
func (c *Community) TagNamed(ctx context.Context, acc *store.Account, name string) (*store.Tag, error) {
	t, err := c.Tag(ctx, acc, name)
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if !errors.Is(err, ErrNotFound) || !ValidTag(name) {
		return t, err
	}
	return &store.Tag{Name: name, NameKey: store.Fold(name)}, nil
}

const (
	// historyDays are the days of a tag's history, today among them.
	historyDays = 7
	// historyPosts is how many of a tag's newest posts are counted where nobody asks for more than its history. Those of tags
	// that are ranked are counted in full, once an hour.
	historyPosts = 200
)

// dayOf is the day of a moment, counted from 1970.
func dayOf(t time.Time) int64 { return t.UTC().Unix() / (24 * 60 * 60) }

// TagUse is what clients of the API show of a tag.
type TagUse struct {
	store.Tag
	Followed bool
	Days     []store.TagDay // the last seven, today first
}

// TagUses tells of each tag whether acc follows it, and what each of the seven days up to the moment had. A tag that nobody has
// used has no id.
func (c *Community) TagUses(ctx context.Context, acc *store.Account, tags []store.Tag, now time.Time) ([]TagUse, error) {
	var followed []string
	var err error
	if acc != nil && len(tags) > 0 {
		if followed, err = c.Store.FollowedTagKeys(ctx, acc.ID); err != nil {
			return nil, fromStore(err)
		}
	}
	var ids idSet
	for _, t := range tags {
		if t.ID != 0 {
			ids.add(t.ID)
		}
	}
	days, err := c.Store.TrendingTagDays(ctx, ids.ids)
	if err != nil {
		return nil, fromStore(err)
	}
	today := dayOf(now)
	others := slices.DeleteFunc(ids.ids, func(id int64) bool { _, known := days[id]; return known })
	for some := range slices.Chunk(others, 20) {
		counted, err := c.Store.CountTagDays(ctx, some, today-historyDays+1, historyPosts)
		if err != nil {
			return nil, fromStore(err)
		}
		maps.Copy(days, counted)
	}
	uses := make([]TagUse, len(tags))
	for i, t := range tags {
		uses[i] = TagUse{Tag: t, Followed: slices.Contains(followed, t.NameKey), Days: make([]store.TagDay, historyDays)}
		for at := range uses[i].Days {
			uses[i].Days[at].Day = today - int64(at)
		}
		for _, d := range days[t.ID] {
			if at := today - d.Day; at >= 0 && at < historyDays {
				uses[i].Days[at] = d
			}
		}
	}
	return uses, nil
}

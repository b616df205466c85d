package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) timelineEndpoints() []endpoint {
	const get = http.MethodGet
	return []endpoint{
		{method: get, path: "/api/v1/timelines/home", access: members, scope: "read:statuses", answer: a.getHome},
		{method: get, path: "/api/v1/timelines/list/:id", access: members, scope: "read:lists", answer: a.getListTimeline},
		{method: get, path: "/api/v1/timelines/public", access: visitors, scope: "read:statuses", kept: true, answer: a.getPublic},
		{method: get, path: "/api/v1/timelines/tag/:tag", access: visitors, scope: "read:statuses", kept: true, answer: a.getTagTimeline},
		{method: get, path: "/api/v1/favourites", access: members, scope: "read:favourites", answer: a.marked(a.Community.LikedPosts)},
		{method: get, path: "/api/v1/bookmarks", access: members, scope: "read:bookmarks", answer: a.marked(a.Community.BookmarkedPosts)},
	}
}

// postPage writes the links of a page of posts. There is a next page as long as there was anything on this one: how
// much of the rest this reader may see is known only when it is asked for.
func (q *call) postPage(posts []*community.Post) statusList {
	if len(posts) > 0 {
		q.link(posts[len(posts)-1].FeedID(), posts[0].FeedID())
	}
	return q.view().statuses(posts)
}

func (a *API) getHome(q *call) (any, error) {
	posts, err := a.Community.HomeFeed(q.ctx(), q.account, q.page(defaultStatuses, maxStatuses))
	if err != nil {
		return nil, err
	}
	return q.postPage(posts), nil
}

func (a *API) getListTimeline(q *call) (any, error) {
	id, err := q.id()
	if err != nil {
		return nil, err
	}
	posts, err := a.Community.ListFeed(q.ctx(), q.account, id, q.page(defaultStatuses, maxStatuses))
	if err != nil {
		return nil, err
	}
	return q.postPage(posts), nil
}

func (a *API) getPublic(q *call) (any, error) {
	if q.params.isTrue("remote") { // nobody is from elsewhere
		return []*Status{}, nil
	}
	posts, err := a.Community.PublicFeed(q.ctx(), q.account, q.page(defaultStatuses, maxStatuses))
	if err != nil {
		return nil, err
	}
	return q.postPage(posts), nil
}

// marked answers with a list of posts that is paged by rows of its own: likes or bookmarks.
func (a *API) marked(list func(context.Context, *store.Account, community.Cursor) ([]*community.Post, int64, int64, error)) func(*call) (any, error) {
	return func(q *call) (any, error) {
		posts, next, prev, err := list(q.ctx(), q.account, q.page(defaultStatuses, maxStatuses))
		if err != nil {
			return nil, err
		}
		q.link(next, prev)
		return statusList(q.view().statuses(posts)), nil
	}
}

const (
	// maxExtraTags is how many tags each of any, all and none may name. Mastodon takes no more into account.
	maxExtraTags = 4
	// maxLooks is how many pages of tags one request looks through for posts that pass all and none.
	maxLooks = 5
)

// getTagTimeline finds posts with the tag, or one of any; of those it leaves the ones with all and without none.
func (a *API) getTagTimeline(q *call) (any, error) {
	if q.params.isTrue("remote") { // nobody is from elsewhere
		return []*Status{}, nil
	}
	extra := q.params.list
	for _, name := range []string{"any", "all", "none"} {
		if len(extra(name)) > maxExtraTags {
			return nil, invalid(fmt.Sprintf("%s: names more than %d tags", name, maxExtraTags))
		}
	}
	tags := differentTags(append([]string{q.c.Param("tag")}, extra("any")...))
	for range tags[1:] { // each is a feed of its own
		if err := q.limit(); err != nil {
			return nil, err
		}
	}
	all, none := foldTags(extra("all")), foldTags(extra("none"))
	page := q.page(defaultStatuses, maxStatuses)
	var kept []*community.Post
	var newest int64
	for look := 1; ; look++ {
		posts, err := a.tagPosts(q, tags, page)
		if err != nil {
			return nil, err
		}
		if len(posts) == 0 {
			break
		}
		if newest == 0 {
			newest = posts[0].ID
		}
		last := posts[len(posts)-1].ID
		for _, p := range posts {
			if wears(p, all, none) {
				kept = append(kept, p)
			}
		}
		if len(kept) > 0 {
			q.link(last, newest) // past what was left out, so that nothing is looked at again
			break
		}
		if page.MinID > 0 || look*len(tags) >= maxLooks {
			break
		}
		page.MaxID = last
	}
	return statusList(q.view().statuses(kept)), nil
}

// tagPosts merges the feeds of several tags into one page.
func (a *API) tagPosts(q *call, tags []string, page community.Cursor) ([]*community.Post, error) {
	var merged []*community.Post
	for _, tag := range tags {
		posts, err := a.Community.TagFeed(q.ctx(), q.account, tag, page)
		if err != nil {
			return nil, err
		}
		merged = append(merged, posts...)
	}
	if len(tags) == 1 {
		return merged, nil
	}
	slices.SortFunc(merged, func(a, b *community.Post) int { return cmp.Compare(b.ID, a.ID) })
	merged = slices.CompactFunc(merged, func(a, b *community.Post) bool { return a.ID == b.ID })
	switch {
	case len(merged) <= page.Limit:
	case page.MinID > 0: // the page just above the cursor
		merged = merged[len(merged)-page.Limit:]
	default:
		merged = merged[:page.Limit]
	}
	return merged, nil
}

// differentTags leaves out the tags that are the same as one before.
func differentTags(names []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(names, func(name string) bool {
		key := store.Fold(strings.TrimPrefix(name, "#"))
		again := seen[key]
		seen[key] = true
		return again
	})
}

func foldTags(names []string) []string {
	keys := make([]string, 0, len(names))
	for _, name := range names {
		keys = append(keys, store.Fold(strings.TrimPrefix(name, "#")))
	}
	return keys
}

// wears reports whether a post has all of the tags and none of the others, each by its key.
func wears(p *community.Post, all, none []string) bool {
	has := func(key string) bool {
		return slices.ContainsFunc(p.Tags, func(t store.Tag) bool { return t.NameKey == key })
	}
	return !slices.ContainsFunc(none, has) && !slices.ContainsFunc(all, func(key string) bool { return !has(key) })
}

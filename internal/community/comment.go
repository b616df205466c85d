package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// maxThread bounds how much of a thread Context reads.
const maxThread = 4096

// Context returns what surrounds a post or comment: the posts and comments that it answers, from the post of the thread
// down, and the answers to it, each followed by its own answers. It reads the oldest 4,096 comments of a thread.
// Comments that the viewer may not see are left out; answers to them stay.
func (c *Community) Context(ctx context.Context, viewer *store.Account, id int64) (ancestors, descendants []*Post, err error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, nil, err
	}
	p, err := c.Store.PostByID(ctx, viewer, id)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	root := p.ID
	if p.RootID != nil {
		root = *p.RootID
	}
	thread, err := c.Store.Thread(ctx, viewer, root, maxThread)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	up, down := around(thread, root, p)
	posts, err := c.Store.PostsByID(ctx, viewer, slices.Concat(up, down))
	if err != nil {
		return nil, nil, fromStore(err)
	}
	all, err := c.loadPosts(ctx, viewer, FilterThread, posts)
	if err != nil {
		return nil, nil, err
	}
	ancestors, descendants = []*Post{}, []*Post{}
	for _, q := range all {
		if slices.Contains(up, q.ID) {
			ancestors = append(ancestors, q)
		} else {
			descendants = append(descendants, q)
		}
	}
	return ancestors, descendants, nil
}

// around walks the tree of a thread. It returns the path from the root down to p, and what is below p in reading order.
func around(thread []store.Reply, root int64, p *store.Post) (up, down []int64) {
	parent := make(map[int64]int64, len(thread))
	children := make(map[int64][]int64)
	for _, r := range thread {
		parent[r.ID] = r.InReplyToID
		children[r.InReplyToID] = append(children[r.InReplyToID], r.ID)
	}
	if p.InReplyToID != nil {
		for id := *p.InReplyToID; ; id = parent[id] {
			up = append(up, id)
			if _, known := parent[id]; !known { // the root, or a comment that is not to be seen
				break
			}
		}
		if up[len(up)-1] != root {
			up[len(up)-1] = root
		}
		slices.Reverse(up)
	}
	below := []int64{p.ID}
	for len(below) > 0 {
		id := below[len(below)-1]
		below = below[:len(below)-1]
		if id != p.ID {
			down = append(down, id)
		}
		replies := children[id]
		for i := len(replies) - 1; i >= 0; i-- { // a stack: the oldest comes out first
			below = append(below, replies[i])
		}
	}
	return up, down
}

// PostWithComments is PostByID with all comments of the post's thread, oldest first. The zero Cursor returns the first
// ones, MinID those after it, MaxID those just before it.
func (c *Community) PostWithComments(ctx context.Context, viewer *store.Account, id int64, page Cursor) (post *Post, comments []*Post, err error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, nil, err
	}
	p, err := c.Store.PostByID(ctx, viewer, id)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	r := page.span(defaultPosts, 80)
	r.Up = page.MaxID == 0
	rows, err := c.Store.CommentsOn(ctx, viewer, id, r)
	if err != nil {
		return nil, nil, fromStore(err)
	}
	all, err := c.load(ctx, viewer, FilterThread, append(rows, *p), true)
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(all)
	if len(all) == 0 || all[0].ID != id { // its author vanished since it was read
		return nil, nil, ErrNotFound
	}
	return all[0], all[1:], nil
}

package community

import (
	"context"
	"maps"
	"slices"
	"strings"

	"tintype/internal/store"
)

// Post is a post or comment with what a page shows of it. What the viewer may not see is left out of Mentions, and
// ReplyTo is nil then. Photos are in order and ready; their Metadata is there only in answers about a single post.
type Post struct {
	store.Post
	Author   *store.Account
	Booster  *store.Account // who boosted it, where a boost brought it into a feed
	App      *PostApp       // that it was made with, nil for this site's pages
	Photos   []*store.Photo
	Mentions []*store.Account
	Tags     []store.Tag    // by name, as the caption has them; rows of their own only for feeds and search
	ReplyTo  *store.Account // the author of what a comment answers
	Held     bool           // it waits for a moderator: its id is that of a held post, and nobody but its author and moderators has it
	Filtered []FilterResult // the viewer's filters that it meets, of those that work where it is shown
}

// reader lets a viewer in: where the site is for members only, a visitor is sent to log in.
func (c *Community) reader(ctx context.Context, viewer *store.Account) error {
	if c.MembersOnly(ctx) && (viewer == nil || !viewer.Active()) {
		return ErrUnauthenticated
	}
	return nil
}

// PostByID returns a post or comment that the viewer may see, else ErrNotFound. Its photos come with their metadata.
func (c *Community) PostByID(ctx context.Context, viewer *store.Account, id int64) (*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	p, err := c.Store.PostByID(ctx, viewer, id)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPost(ctx, viewer, p)
}

// PostsByID returns those of the posts and comments that the viewer may see, in the order of the ids, at most 80.
func (c *Community) PostsByID(ctx context.Context, viewer *store.Account, ids []int64) ([]*Post, error) {
	return c.postsByID(ctx, viewer, filterAnywhere, ids)
}

// PostsIn is PostsByID for a list of a kind, with the filters that work there.
func (c *Community) PostsIn(ctx context.Context, viewer *store.Account, in FilterContext, ids []int64) ([]*Post, error) {
	return c.postsByID(ctx, viewer, in, ids)
}

func (c *Community) postsByID(ctx context.Context, viewer *store.Account, in FilterContext, ids []int64) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	if len(ids) > 80 {
		ids = ids[:80]
	}
	posts, err := c.Store.PostsByID(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, in, posts)
}

// loadPost is loadPosts for one, with the metadata of its photos.
func (c *Community) loadPost(ctx context.Context, viewer *store.Account, p *store.Post) (*Post, error) {
	posts, err := c.load(ctx, viewer, filterAnywhere, []store.Post{*p}, true)
	if err != nil {
		return nil, err
	}
	if len(posts) == 0 {
		return nil, ErrNotFound
	}
	return posts[0], nil
}

// LoadPost is loadPost after an act: it reads on the primary.
func (c *Community) LoadPost(ctx context.Context, viewer *store.Account, p *store.Post) (*Post, error) {
	return c.loadPost(store.Primary(ctx), viewer, p)
}

// loadPosts fills in what a page of posts shows, in at most four statements however many posts there are. A post whose
// author disappeared meanwhile is left out. The viewer's filters stand in its row.
func (c *Community) loadPosts(ctx context.Context, viewer *store.Account, in FilterContext, posts []store.Post) ([]*Post, error) {
	return c.load(ctx, viewer, in, posts, false)
}

func (c *Community) load(ctx context.Context, viewer *store.Account, in FilterContext, posts []store.Post, metadata bool) ([]*Post, error) {
	if len(posts) == 0 {
		return []*Post{}, nil
	}
	var (
		all        = make([]Post, len(posts))
		byID       = make(map[int64]*Post, len(posts))
		withPhotos = make([]*Post, 0, len(posts))
		mentioning []int64
		again      []*Post
		people     idSet
	)
	for i := range posts {
		p := &all[i]
		p.Post = posts[i]
		if first := byID[p.ID]; first != nil { // a post and its boost in one feed
			again = append(again, p)
		} else {
			byID[p.ID] = p
		}
		people.add(p.AuthorID)
		if p.BoosterID != 0 {
			people.add(p.BoosterID)
		}
		if p.InReplyToAuthorID != nil {
			people.add(*p.InReplyToAuthorID)
		}
		if p.PhotosCount > 0 && byID[p.ID] == p {
			withPhotos = append(withPhotos, p)
		}
		p.Tags = c.tagsOf(p.Caption)
		// Mentions are read from the caption, so a caption without the sign has none.
		if strings.ContainsRune(p.Caption, '@') && byID[p.ID] == p {
			mentioning = append(mentioning, p.ID)
		}
	}
	var mentions []store.PostAccounts
	var err error
	if len(mentioning) > 0 {
		if mentions, err = c.Store.MentionsIn(ctx, mentioning); err != nil {
			return nil, fromStore(err)
		}
		for _, m := range mentions {
			people.add(m.AccountID)
		}
	}
	accounts, err := c.Store.FeedAccounts(ctx, viewer, people.ids)
	if err != nil {
		return nil, fromStore(err)
	}
	if err := c.loadPhotos(ctx, withPhotos, accounts, metadata); err != nil {
		return nil, err
	}
	if err := c.loadApps(ctx, all); err != nil {
		return nil, err
	}
	for _, m := range mentions {
		if a := accounts[m.AccountID]; a != nil {
			byID[m.PostID].Mentions = append(byID[m.PostID].Mentions, a)
		}
	}
	for _, p := range again {
		p.Photos, p.Mentions = byID[p.ID].Photos, byID[p.ID].Mentions
	}
	out := make([]*Post, 0, len(all))
	for i := range all {
		p := &all[i]
		if p.Author = accounts[p.AuthorID]; p.Author == nil {
			continue
		}
		if p.BoosterID != 0 {
			if p.Booster = accounts[p.BoosterID]; p.Booster == nil {
				continue
			}
		}
		if p.InReplyToAuthorID != nil {
			p.ReplyTo = accounts[*p.InReplyToAuthorID]
		}
		out = append(out, p)
	}
	if viewer != nil && viewer.Filters != "" {
		m := c.matcherOf(ctx, viewer.ID, viewer.Filters)
		for _, p := range out {
			p.Filtered = m.results(p, in)
		}
	}
	return out, nil
}

// loadPhotos fills in the posts' photos and the accounts' avatars and headers, in one statement at most.
func (c *Community) loadPhotos(ctx context.Context, posts []*Post, accounts map[int64]*store.Account, metadata bool) error {
	rows := make([]*store.Post, len(posts))
	for i, p := range posts {
		rows[i] = &p.Post
	}
	photos, err := c.Store.FeedPhotos(ctx, rows, slices.Collect(maps.Values(accounts)), metadata)
	if err != nil {
		return fromStore(err)
	}
	for i, p := range posts {
		p.Photos = photos[i]
	}
	return nil
}

// idSet collects ids, each once. The zero value is empty.
type idSet struct {
	ids  []int64
	seen map[int64]struct{}
}

func (s *idSet) add(id int64) bool {
	if _, ok := s.seen[id]; ok {
		return false
	}
	if s.seen == nil {
		s.seen = make(map[int64]struct{})
	}
	s.seen[id] = struct{}{}
	s.ids = append(s.ids, id)
	return true
}

// Neighbours are the ids of the posts beside one in its author's profile, those that the viewer may see: the next newer and
// the next older, 0 for none.
func (c *Community) Neighbours(ctx context.Context, viewer *store.Account, p *Post) (newer, older int64, err error) {
	newer, older, err = c.Store.Neighbours(ctx, viewer, p.AuthorID, p.ID)
	return newer, older, fromStore(err)
}

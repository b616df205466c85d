package community

import (
	"context"
	"strings"

	"tintype/internal/store"
)

// Post is a post or comment with what a page shows of it. What the viewer may not see is left out of Mentions, and
// ReplyTo is nil then. Photos are in order and ready; their Metadata is there only in answers about a single post.
type Post struct {
	store.Post
	Author   *store.Account
	Photos   []*store.Photo
	Mentions []*store.Account
	Tags     []store.Tag    // by name, as the caption has them; rows of their own only for feeds and search
	ReplyTo  *store.Account // the author of what a comment answers
}

// reader lets a viewer in: where the site is for members only, a visitor is sent to log in.
func (c *Community) reader(viewer *store.Account) error {
	if c.MembersOnly() && (viewer == nil || !viewer.Active()) {
		return ErrUnauthenticated
	}
	return nil
}

// PostByID returns a post or comment that the viewer may see, else ErrNotFound. Its photos come with their metadata.
func (c *Community) PostByID(ctx context.Context, viewer *store.Account, id int64) (*Post, error) {
	if err := c.reader(viewer); err != nil {
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
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	if len(ids) > 80 {
		ids = ids[:80]
	}
	posts, err := c.Store.PostsByID(ctx, viewer, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, viewer, posts)
}

// loadPost is loadPosts for one, with the metadata of its photos.
func (c *Community) loadPost(ctx context.Context, viewer *store.Account, p *store.Post) (*Post, error) {
	posts, err := c.load(ctx, viewer, []store.Post{*p}, true)
	if err != nil {
		return nil, err
	}
	if len(posts) == 0 {
		return nil, ErrNotFound
	}
	return posts[0], nil
}

// loadPosts fills in what a page of posts shows, in at most three statements however many posts there are. A post whose
// author disappeared meanwhile is left out.
func (c *Community) loadPosts(ctx context.Context, viewer *store.Account, posts []store.Post) ([]*Post, error) {
	return c.load(ctx, viewer, posts, false)
}

func (c *Community) load(ctx context.Context, viewer *store.Account, posts []store.Post, metadata bool) ([]*Post, error) {
	if len(posts) == 0 {
		return []*Post{}, nil
	}
	var (
		all        = make([]Post, len(posts))
		byID       = make(map[int64]*Post, len(posts))
		withPhotos = make([]int64, 0, len(posts))
		mentioning []int64
		people     idSet
	)
	for i := range posts {
		p := &all[i]
		p.Post = posts[i]
		byID[p.ID] = p
		people.add(p.AuthorID)
		if p.InReplyToAuthorID != nil {
			people.add(*p.InReplyToAuthorID)
		}
		if p.PhotosCount > 0 {
			withPhotos = append(withPhotos, p.ID)
		}
		p.Tags = tagsOf(p.Caption)
		// Mentions are read from the caption, so a caption without the sign has none.
		if strings.ContainsRune(p.Caption, '@') {
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
	if err := c.loadPhotos(ctx, byID, withPhotos, accounts, metadata); err != nil {
		return nil, err
	}
	for _, m := range mentions {
		if a := accounts[m.AccountID]; a != nil {
			byID[m.PostID].Mentions = append(byID[m.PostID].Mentions, a)
		}
	}
	out := make([]*Post, 0, len(all))
	for i := range all {
		p := &all[i]
		if p.Author = accounts[p.AuthorID]; p.Author == nil {
			continue
		}
		if p.InReplyToAuthorID != nil {
			p.ReplyTo = accounts[*p.InReplyToAuthorID]
		}
		out = append(out, p)
	}
	return out, nil
}

// loadPhotos reads the posts' photos and the accounts' avatars and headers at once.
func (c *Community) loadPhotos(ctx context.Context, byID map[int64]*Post, withPhotos []int64, accounts map[int64]*store.Account, metadata bool) error {
	var profileIDs idSet
	for _, a := range accounts {
		for _, id := range []*int64{a.AvatarPhotoID, a.HeaderPhotoID} {
			if id != nil {
				profileIDs.add(*id)
			}
		}
	}
	photos, err := c.Store.FeedPhotos(ctx, withPhotos, profileIDs.ids, metadata)
	if err != nil {
		return fromStore(err)
	}
	for _, ph := range photos {
		if ph.PostID != nil {
			if p := byID[*ph.PostID]; p != nil {
				p.Photos = append(p.Photos, ph)
			}
			continue
		}
		a := accounts[ph.AccountID]
		switch {
		case a == nil:
		case a.AvatarPhotoID != nil && *a.AvatarPhotoID == ph.ID:
			a.Avatar = ph
		case a.HeaderPhotoID != nil && *a.HeaderPhotoID == ph.ID:
			a.Header = ph
		}
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

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tintype/internal/store"
)

// sheet is the rows that one transaction writes.
type sheet struct {
	posts    []store.Post
	comments []store.Post
	photos   []store.ImportPhoto
	tags     []store.ImportTag
	likes    []store.Like
	boosts   []store.Boost
	marks    []store.Like // bookmarks
	told     []store.Notification
	deltas   map[int64]store.AccountDelta
}

// posts makes the posts from the oldest to the newest, with likes and comments.
func (f *filler) posts(ctx context.Context) error {
	f.lastID = 0
	gap := span / time.Duration(max(f.Posts, 1))
	for done := 0; done < f.Posts; {
		s := &sheet{deltas: map[int64]store.AccountDelta{}}
		for range min(batch, f.Posts-done) {
			f.post(s, f.start.Add(gap*time.Duration(done)+time.Duration(f.rnd.Float64()*float64(gap))))
			done++
		}
		for _, c := range s.comments {
			d := s.deltas[c.AuthorID]
			d.Comments++
			s.deltas[c.AuthorID] = d
		}
		if err := f.store.Tx(ctx, s.write); err != nil {
			return fmt.Errorf("write posts: %w", err)
		}
		if err := f.index(ctx, s); err != nil {
			return fmt.Errorf("index posts: %w", err)
		}
		f.sum.Posts, f.sum.Photos = done, f.sum.Photos+len(s.photos)
		f.sum.Comments, f.sum.Likes = f.sum.Comments+len(s.comments), f.sum.Likes+len(s.likes)
		f.sum.Boosts, f.sum.Bookmarks = f.sum.Boosts+len(s.boosts), f.sum.Bookmarks+len(s.marks)
		f.Progress("posts", done, f.Posts)
	}
	return nil
}

func (s *sheet) write(ctx context.Context, tx *store.Store) error {
	for _, step := range []func() error{
		func() error { return tx.ImportPosts(ctx, s.posts) },
		func() error { return tx.ImportPosts(ctx, s.comments) },
		func() error { return tx.ImportPhotos(ctx, s.photos) },
		func() error { return tx.ImportPostTags(ctx, s.tags) },
		func() error { return tx.ImportLikes(ctx, s.likes) },
		func() error { return tx.ImportBoosts(ctx, s.boosts) },
		func() error { return tx.ImportBookmarks(ctx, s.marks) },
		func() error { return tx.ImportNotifications(ctx, s.told) },
		func() error { return tx.AddToAccounts(ctx, s.deltas) }, // counters last
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// index has the search find the posts and comments. In a transaction of their own they are no longer than that: a batch
// of posts has tens of thousands of words.
func (f *filler) index(ctx context.Context, s *sheet) error {
	const most = 250
	for posts := range slices.Chunk(slices.Concat(s.posts, s.comments), most) {
		ids := make([]int64, len(posts))
		for i := range posts {
			ids[i] = posts[i].ID
		}
		if err := f.store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			_, err := tx.IndexPosts(ctx, ids...)
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

// author returns an account that existed at the moment.
func (f *filler) author(at time.Time) int {
	for range 20 {
		if k := f.authors.pick(f.rnd); f.there(k, at) {
			return k
		}
	}
	return 0 // joined first
}

func (f *filler) there(k int, at time.Time) bool { return f.accounts[k].CreatedAt.Time().Before(at) }

// post adds a post with its likes and comments.
func (f *filler) post(s *sheet, at time.Time) {
	rnd := f.rnd
	author := f.author(at)
	by := &f.accounts[author]
	id := f.next(at)
	p := store.Post{ID: id, AuthorID: by.ID, Kind: store.KindPost, Home: true, Listed: true, Visibility: store.Public, ShowExif: true,
		Licence: "all-rights-reserved", Language: "en", CreatedAt: store.ToMillis(store.IDTime(id))}
	if rnd.IntN(25) == 0 {
		p.Visibility, p.Listed = store.Unlisted, false
	}
	if rnd.IntN(12) == 0 {
		p.Licence = "cc-by-4.0"
	}
	if rnd.IntN(20) == 0 {
		p.Warning = pick(rnd, warnings)
	}
	p.PhotosCount = 1
	if n := rnd.IntN(100); n < 4 {
		p.PhotosCount = min(3+rnd.IntN(6), 10)
	} else if n < 14 {
		p.PhotosCount = 2
	}
	first := rnd.IntN(len(f.prints))
	for i := range p.PhotosCount {
		from := &f.prints[(first+i*7)%len(f.prints)]
		ph := from.photo
		postID, attached := p.ID, p.CreatedAt
		ph.ID, ph.AccountID, ph.PostID, ph.Purpose, ph.Position = p.ID-int64(i)-1, by.ID, &postID, store.PurposePost, i
		ph.CreatedAt, ph.UpdatedAt, ph.AttachedAt = attached, attached, &attached
		if rnd.IntN(12) > 0 { // some people forget it
			ph.Description = from.alt
		}
		s.photos = append(s.photos, ph)
	}
	var tags []string
	p.Caption, tags = caption(rnd, f.prints[first].title, f.prints[first].tags)
	tagged := map[int64]bool{}
	for _, t := range tags {
		if id := f.tags[store.Fold(t)]; !tagged[id] {
			tagged[id] = true
			s.tags = append(s.tags, store.ImportTag{TagID: id, PostID: p.ID})
		}
	}
	f.likes(s, &p, author, at)
	f.comments(s, &p, author, at)
	d := s.deltas[by.ID]
	d.Posts++
	d.LastPostAt = max(d.LastPostAt, p.CreatedAt)
	s.deltas[by.ID] = d
	s.posts = append(s.posts, p)
}

// later returns a moment after the first, most likely soon after.
func (f *filler) later(at time.Time) time.Time {
	t := at.Add(time.Duration(f.rnd.ExpFloat64() * float64(9*time.Hour)))
	if t.After(f.end) {
		t = f.between(at, f.end, 1)
	}
	return t
}

// likes has people like the post. Some of them boost it as well, or bookmark it.
func (f *filler) likes(s *sheet, p *store.Post, author int, at time.Time) {
	for _, k := range f.readers.some(f.rnd, min(few(f.rnd, f.Likes), f.Accounts/2), author, func(k int) bool { return f.there(k, at) }) {
		t := f.later(at)
		l := store.Like{ID: f.id(t), AccountID: f.accounts[k].ID, PostID: p.ID, CreatedAt: store.ToMillis(t)}
		s.likes = append(s.likes, l)
		p.LikesCount++
		f.tell(s, store.NotifyLike, p.AuthorID, l.AccountID, p.ID, t)
		if p.Visibility == store.Public && f.rnd.IntN(12) == 0 {
			f.boost(s, p, k, f.later(t))
		}
		if f.rnd.IntN(8) == 0 {
			t = f.later(t)
			s.marks = append(s.marks, store.Like{ID: f.id(t), AccountID: l.AccountID, PostID: p.ID, CreatedAt: store.ToMillis(t)})
		}
	}
}

func (f *filler) boost(s *sheet, p *store.Post, booster int, at time.Time) {
	b := store.Boost{ID: f.id(at), AccountID: f.accounts[booster].ID, PostID: p.ID, CreatedAt: store.ToMillis(at)}
	s.boosts = append(s.boosts, b)
	p.BoostsCount++
	d := s.deltas[b.AccountID]
	d.LastBoostAt = max(d.LastBoostAt, b.CreatedAt)
	s.deltas[b.AccountID] = d
	f.tell(s, store.NotifyBoost, p.AuthorID, b.AccountID, p.ID, at)
}

func (f *filler) comments(s *sheet, p *store.Post, author int, at time.Time) {
	root := p.ID
	for _, k := range f.readers.some(f.rnd, min(few(f.rnd, f.Comments), f.Accounts/2), author, func(k int) bool { return f.there(k, at) }) {
		t := f.later(at)
		c := f.comment(p, f.accounts[k].ID, root, p.AuthorID, remark(f.rnd), t)
		p.CommentsCount++
		f.tell(s, store.NotifyMention, p.AuthorID, c.AuthorID, c.ID, t)
		if f.rnd.IntN(3) == 0 { // the author answers
			t = f.later(t)
			r := f.comment(p, p.AuthorID, c.ID, c.AuthorID, reply(f.rnd), t)
			r.ID = max(r.ID, c.ID+1)
			c.CommentsCount++
			p.CommentsCount++
			s.comments = append(s.comments, c, r)
			f.tell(s, store.NotifyMention, c.AuthorID, r.AuthorID, r.ID, t)
			continue
		}
		s.comments = append(s.comments, c)
	}
}

func (f *filler) comment(p *store.Post, author, to, toAuthor int64, text string, at time.Time) store.Post {
	root := p.ID
	return store.Post{ID: max(f.id(at), p.ID+1), AuthorID: author, Kind: store.KindComment, RootID: &root, InReplyToID: &to, InReplyToAuthorID: &toAuthor,
		Caption: text, Visibility: p.Visibility, Licence: p.Licence, ShowExif: true, Language: "en", CreatedAt: store.ToMillis(at)}
}

// tell adds a notification of a recent event.
func (f *filler) tell(s *sheet, kind string, whom, from, post int64, at time.Time) {
	if at.Before(f.end.Add(-recent)) {
		return
	}
	s.told = append(s.told, store.Notification{ID: f.id(at), AccountID: whom, Kind: kind, FromID: from, PostID: &post, CreatedAt: store.ToMillis(at)})
}

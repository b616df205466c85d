package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
)

// Range is a stretch of a list ordered by id: below Max and above Min, 0 being open. It is read from its top, or with
// Up from its bottom, and always answered newest first.
type Range struct {
	Max, Min int64
	Up       bool
	Limit    int
}

func (r Range) max() int64 {
	if r.Max == 0 {
		return math.MaxInt64
	}
	return r.Max
}

func (r Range) order() string {
	if r.Up {
		return " ASC"
	}
	return " DESC"
}

// newestFirst turns what was read upwards.
func newestFirst[T any](list []T, r Range) []T {
	if r.Up {
		slices.Reverse(list)
	}
	return list
}

// feed reads posts p whose author's row is a. from ends before WHERE.
func (s *Store) feed(ctx context.Context, from string, where condition, id string, r Range) ([]Post, error) {
	args := append(append([]any{}, where.args...), r.max(), r.Min, r.Limit)
	posts, err := s.posts(ctx, "SELECT "+postColumns+" FROM "+from+" WHERE "+where.sql+
		" AND "+id+" < ? AND "+id+" > ? ORDER BY "+id+r.order()+" LIMIT ?", args...)
	return newestFirst(posts, r), err
}

// PublicPosts are the public posts.
func (s *Store) PublicPosts(ctx context.Context, viewer *Account, r Range) ([]Post, error) {
	where := condition{sql: "p.listed = 1"}
	where.and(accountSeen(viewer, "a"))
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	return s.feed(ctx, "posts p "+s.dialect.orderedJoin()+" accounts a ON a.id = p.author_id", where, "p.id", r)
}

// TagPosts are the public posts with the tag.
func (s *Store) TagPosts(ctx context.Context, viewer *Account, tagID int64, r Range) ([]Post, error) {
	where := condition{"t.tag_id = ? AND p.listed = 1", []any{tagID}}
	where.and(accountSeen(viewer, "a"))
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	join := s.dialect.orderedJoin()
	return s.feed(ctx, "post_tags t "+join+" posts p ON p.id = t.post_id "+join+" accounts a ON a.id = p.author_id", where, "t.post_id", r)
}

// AuthorFeed says which of an author's posts are wanted.
type AuthorFeed struct {
	WithComments bool
	OnlyPhotos   bool
	TagID        int64 // 0: any
}

// AuthorPosts are the author's posts that the viewer may see.
func (s *Store) AuthorPosts(ctx context.Context, viewer *Account, authorID int64, f AuthorFeed, r Range) ([]Post, error) {
	where := condition{"p.author_id = ?", []any{authorID}}
	if f.WithComments {
		where.and(postSeen(viewer))
	} else {
		where.and(condition{sql: "p.home = 1"})
		where.and(rootSeen(viewer, "p", "a"))
	}
	if f.OnlyPhotos {
		where.and(condition{sql: "p.photos_count > 0"})
	}
	if f.TagID != 0 {
		where.and(condition{"EXISTS (SELECT 1 FROM post_tags t WHERE t.tag_id = ? AND t.post_id = p.id)", []any{f.TagID}})
	}
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	return s.feed(ctx, "posts p "+s.dialect.orderedJoin()+" accounts a ON a.id = p.author_id", where, "p.id", r)
}

// CommentsOn are the comments in the thread of a post that the viewer may see.
func (s *Store) CommentsOn(ctx context.Context, viewer *Account, rootID int64, r Range) ([]Post, error) {
	where := condition{"p.root_id = ? AND p.deleted_at IS NULL", []any{rootID}}
	where.and(accountSeen(viewer, "a"))
	return s.feed(ctx, "posts p "+s.dialect.orderedJoin()+" accounts a ON a.id = p.author_id", where, "p.id", r)
}

// Reply is a comment's place in its thread.
type Reply struct{ ID, InReplyToID int64 }

// Thread is the shape of a post's thread, oldest comment first, at most limit: what the viewer may see of it, given
// that the post is seen.
func (s *Store) Thread(ctx context.Context, viewer *Account, rootID int64, limit int) ([]Reply, error) {
	c := accountSeen(viewer, "a")
	rows, err := s.query(ctx, "SELECT p.id, p.in_reply_to_id FROM posts p "+s.dialect.orderedJoin()+" accounts a ON a.id = p.author_id"+
		" WHERE p.root_id = ? AND p.deleted_at IS NULL AND "+c.sql+" ORDER BY p.id LIMIT ?", append(append([]any{rootID}, c.args...), limit)...)
	if err != nil {
		return nil, err
	}
	var out []Reply
	for rows.next() {
		out = append(out, Reply{rows.int(), rows.int()})
	}
	return out, rows.done()
}

// HomePosts are the posts of the viewer and of those the viewer follows. The cost depends on how many are followed,
// not on how much they or others wrote: first the authors with the newest heads, then as many of each as fit on the
// page, both from the index (author_id, home, id).
func (s *Store) HomePosts(ctx context.Context, viewer *Account, r Range) ([]Post, error) {
	authors, bound, err := s.homeAuthors(ctx, viewer, r)
	if err != nil {
		return nil, err
	}
	if bound != 0 { // there are enough heads to fill the page without anything beyond the last of them
		if r.Up {
			r.Max = bound + 1
		} else {
			r.Min = bound - 1
		}
	}
	ids, err := s.homeIDs(ctx, viewer, append(authors, viewer.ID), r)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	list, args := in(ids)
	c := rootSeen(viewer, "p", "a")
	posts, err := s.posts(ctx, "SELECT "+postColumns+" FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id IN "+list+" AND "+c.sql,
		append(args, c.args...)...)
	slices.SortFunc(posts, func(a, b Post) int { return cmp.Compare(b.ID, a.ID) })
	return posts, err
}

// unwarned is what home feeds add for a member who wants no warned posts; the member's own come by another branch.
func unwarned(viewer *Account) string {
	if viewer.WarnedPhotos == "hide" {
		return " AND p.sensitive = 0 AND p.warning = ''"
	}
	return ""
}

// homeAuthors are the followed accounts whose first post in the range comes first, at most one page of them, and
// the last of those posts if there are that many.
func (s *Store) homeAuthors(ctx context.Context, viewer *Account, r Range) (authors []int64, bound int64, err error) {
	// What has no head sorts last in both directions: NULL is the lowest of all, so upwards it needs a value.
	head, missing := "(SELECT p.id FROM posts p WHERE p.author_id = f.followee_id AND p.home = 1 AND p.id < ? AND p.id > ?"+unwarned(viewer)+
		" ORDER BY p.id"+r.order()+" LIMIT 1)", int64(0)
	if r.Up {
		head, missing = "COALESCE("+head+", 9223372036854775807)", math.MaxInt64
	}
	rows, err := s.query(ctx, "SELECT f.followee_id, "+head+" AS head FROM follows f "+s.dialect.orderedJoin()+" accounts a ON a.id = f.followee_id"+
		" WHERE f.follower_id = ? AND a.suspended_at IS NULL AND a.deleted_at IS NULL ORDER BY head"+r.order()+" LIMIT ?",
		r.max(), r.Min, viewer.ID, r.Limit)
	if err != nil {
		return nil, 0, err
	}
	for rows.next() {
		id, head := rows.int(), rows.int()
		if head == missing {
			break
		}
		authors = append(authors, id)
		if len(authors) == r.Limit {
			bound = head
		}
	}
	return authors, bound, rows.done()
}

// homeIDs are the posts of one page from the authors, the last of whom is the viewer.
func (s *Store) homeIDs(ctx context.Context, viewer *Account, authors []int64, r Range) ([]int64, error) {
	own := len(authors) - 1
	// Padding with an author whom nobody is keeps the number of prepared statements low.
	branches := (len(authors)-1+4)/5*5 + 1
	var q strings.Builder
	args := make([]any, 0, 4*branches+1)
	for i := range branches {
		author, hide := int64(0), unwarned(viewer)
		switch {
		case i < own:
			author = authors[i]
		case i == branches-1:
			author, hide = authors[own], ""
		}
		if i > 0 {
			q.WriteString(" UNION ALL ")
		}
		q.WriteString("SELECT * FROM (SELECT p.id FROM posts p WHERE p.author_id = ? AND p.home = 1 AND p.id < ? AND p.id > ?")
		q.WriteString(hide)
		q.WriteString(" ORDER BY p.id")
		q.WriteString(r.order())
		q.WriteString(" LIMIT ?) b")
		args = append(args, author, r.max(), r.Min, r.Limit)
	}
	q.WriteString(" ORDER BY 1")
	q.WriteString(r.order())
	q.WriteString(" LIMIT ?")
	return s.idList(ctx, q.String(), append(args, r.Limit)...)
}

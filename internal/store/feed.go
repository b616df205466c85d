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
func (s *Store) feed(ctx context.Context, columns postSelection, from string, where condition, id string, r Range) ([]Post, error) {
	args := slices.Concat(columns.args, where.args, []any{r.max(), r.Min, r.Limit})
	posts, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM "+from+" WHERE "+where.sql+
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
	return s.feed(ctx, homePost.by(viewer), s.postsBy("posts_listed_id"), where, "p.id", r)
}

// postsBy is a FROM: posts p read along the index, and their authors a.
func (s *Store) postsBy(index string) string {
	return "posts p" + s.dialect.useIndex(index) + " " + s.joinByID("accounts a", "p.author_id")
}

// joinByID joins a table to rows that are read first, by its id. MySQL would rather read a whole table that it takes
// for small and hash it, for a page of twenty rows.
func (s *Store) joinByID(table, id string) string {
	_, alias, _ := strings.Cut(table, " ")
	return s.dialect.orderedJoin() + " " + table + s.dialect.useIndex("PRIMARY") + " ON " + alias + ".id = " + id
}

// TagPosts are the public posts with the tag.
func (s *Store) TagPosts(ctx context.Context, viewer *Account, tagID int64, r Range) ([]Post, error) {
	where := condition{"t.tag_id = ? AND p.listed = 1", []any{tagID}}
	where.and(accountSeen(viewer, "a"))
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	return s.feed(ctx, homePost.by(viewer), "post_tags t"+s.dialect.useIndex("PRIMARY")+" "+s.joinByID("posts p", "t.post_id")+" "+s.joinByID("accounts a", "p.author_id"), where, "t.post_id", r)
}

// AuthorFeed says which of an author's posts are wanted.
type AuthorFeed struct {
	WithComments bool
	OnlyPhotos   bool
	TagID        int64 // 0: any
}

// AuthorPosts are the author's posts that the viewer may see.
func (s *Store) AuthorPosts(ctx context.Context, viewer *Account, authorID int64, f AuthorFeed, r Range) ([]Post, error) {
	where, index, row := condition{"p.author_id = ?", []any{authorID}}, "posts_author_id_id", &anyPost
	if f.WithComments {
		where.and(postSeen(viewer))
	} else {
		index, row = "posts_author_id_home_id", &homePost
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
	return s.feed(ctx, row.by(viewer), s.postsBy(index), where, "p.id", r)
}

// CommentsOn are the comments in the thread of a post that the viewer may see.
func (s *Store) CommentsOn(ctx context.Context, viewer *Account, rootID int64, r Range) ([]Post, error) {
	where := condition{"p.root_id = ? AND p.deleted_at IS NULL", []any{rootID}}
	where.and(accountSeen(viewer, "a"))
	return s.feed(ctx, anyPost.by(viewer), s.postsBy("posts_root_id_id"), where, "p.id", r)
}

// Reply is a comment's place in its thread.
type Reply struct{ ID, InReplyToID int64 }

// Thread is the shape of a post's thread, oldest comment first, at most limit: what the viewer may see of it, given
// that the post is seen.
func (s *Store) Thread(ctx context.Context, viewer *Account, rootID int64, limit int) ([]Reply, error) {
	c := accountSeen(viewer, "a")
	rows, err := s.query(ctx, "SELECT p.id, p.in_reply_to_id FROM "+s.postsBy("posts_root_id_id")+
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
	ids, err := s.homeIDs(ctx, viewer, r)
	if err != nil {
		return nil, err
	}
	columns, c := homePost.by(viewer), rootSeen(viewer, "p", "a")
	posts, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM ("+ids.sql+") h "+s.joinByID("posts p", "h.id")+" "+s.joinByID("accounts a", "p.author_id")+" WHERE "+c.sql,
		slices.Concat(columns.args, ids.args, c.args)...)
	slices.SortFunc(posts, func(a, b Post) int { return cmp.Compare(b.ID, a.ID) })
	return posts, err
}

// homeIDs selects the posts of the page as id.
func (s *Store) homeIDs(ctx context.Context, viewer *Account, r Range) (condition, error) {
	if r.Up && !s.dialect.seeksInSubqueries() {
		ids, err := s.homeIDsAbove(ctx, viewer, r)
		list, args := in(ids)
		return condition{"SELECT l.id FROM posts l WHERE l.id IN " + list, args}, err
	}
	heads := s.homeAuthors
	if !r.Up && unwarned(viewer) == "" {
		heads = s.lastHeads
	}
	authors, bound, err := heads(ctx, viewer, r)
	if err != nil {
		return condition{}, err
	}
	if bound != 0 { // there are enough heads to fill the page without anything beyond the last of them
		if r.Up {
			r.Max = bound + 1
		} else {
			r.Min = bound - 1
		}
	}
	return s.homeBranches(viewer, authors, true, r), nil
}

// homeIDsAbove is homeIDs upwards where the first post above an id cannot be sought for all authors in one statement,
// only the newest: who has none above it drops out, which leaves few of them to a client that asks what is new. The
// page is put together from the others by and by, each time knowing better where it ends.
func (s *Store) homeIDsAbove(ctx context.Context, viewer *Account, r Range) ([]int64, error) {
	authors, err := s.idList(ctx, "SELECT h.followee_id FROM ("+s.homeHeads(viewer, Range{})+") h WHERE h.head > ?",
		int64(math.MaxInt64), 0, viewer.ID, r.Min)
	if err != nil {
		return nil, err
	}
	branches := func(authors []int64, own bool) ([]int64, error) {
		b := s.homeBranches(viewer, authors, own, r)
		return s.idList(ctx, b.sql, b.args...)
	}
	ids, err := branches(nil, true)
	for some := range slices.Chunk(authors, 20) {
		if err != nil {
			return nil, err
		}
		if len(ids) == r.Limit {
			r.Max = ids[r.Limit-1]
		}
		var more []int64
		more, err = branches(some, false)
		ids = append(ids, more...)
		slices.Sort(ids)
		ids = ids[:min(len(ids), r.Limit)]
	}
	return ids, err
}

// unwarned is what home feeds add for a member who wants no warned posts; the member's own come by another branch.
func unwarned(viewer *Account) string {
	if viewer.WarnedPhotos == "hide" {
		return " AND p.sensitive = 0 AND p.warning = ''"
	}
	return ""
}

// homeHeads selects the followed accounts, each with its first post in the range. Its arguments are the range's ends
// and the viewer's id.
func (s *Store) homeHeads(viewer *Account, r Range) string {
	// What has no head sorts last in both directions: NULL is the lowest of all, so upwards it needs a value.
	// The order is the index's, in full: by the id alone MySQL reads all that the author wrote, and sorts it.
	head := "(SELECT p.id FROM posts p" + s.dialect.useIndex("posts_author_id_home_id") +
		" WHERE p.author_id = f.followee_id AND p.home = 1 AND p.id < ? AND p.id > ?" + unwarned(viewer) +
		" ORDER BY p.author_id" + r.order() + ", p.home" + r.order() + ", p.id" + r.order() + " LIMIT 1)"
	if r.Up {
		head = "COALESCE(" + head + ", 9223372036854775807)"
	}
	return "SELECT f.followee_id, " + head + " AS head FROM follows f " + s.joinByID("accounts a", "f.followee_id") +
		" WHERE f.follower_id = ? AND a.suspended_at IS NULL AND a.deleted_at IS NULL"
}

// homeAuthors are the followed accounts whose first post in the range comes first, at most one page of them, and
// the last of those posts if there are that many.
func (s *Store) homeAuthors(ctx context.Context, viewer *Account, r Range) (authors []int64, bound int64, err error) {
	missing := int64(0)
	if r.Up {
		missing = math.MaxInt64
	}
	rows, err := s.query(ctx, s.homeHeads(viewer, r)+" ORDER BY head"+r.order()+" LIMIT ?", r.max(), r.Min, viewer.ID, r.Limit)
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

// homeBranches selects, as id and in the order of the range, its first posts that these authors wrote, and with own the
// viewer.
func (s *Store) homeBranches(viewer *Account, authors []int64, own bool, r Range) condition {
	// The list is padded with an id that no account has, so that there are fewer different statements to prepare.
	padded := (len(authors) + 4) / 5 * 5
	var q strings.Builder
	args := make([]any, 0, 4*padded+5)
	branch := func(author int64, hide string) {
		if len(args) > 0 {
			q.WriteString(" UNION ALL ")
		}
		q.WriteString("SELECT * FROM (SELECT p.id FROM posts p")
		q.WriteString(s.dialect.useIndex("posts_author_id_home_id"))
		q.WriteString(" WHERE p.author_id = ? AND p.home = 1 AND p.id < ? AND p.id > ?")
		q.WriteString(hide)
		q.WriteString(" ORDER BY p.id")
		q.WriteString(r.order())
		q.WriteString(" LIMIT ?) b")
		args = append(args, author, r.max(), r.Min, r.Limit)
	}
	for i := range padded {
		author := int64(0)
		if i < len(authors) {
			author = authors[i]
		}
		branch(author, unwarned(viewer))
	}
	if own {
		branch(viewer.ID, "")
	}
	q.WriteString(" ORDER BY 1")
	q.WriteString(r.order())
	q.WriteString(" LIMIT ?")
	return condition{q.String(), append(args, r.Limit)}
}

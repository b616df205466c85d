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
func (s *conn) feed(ctx context.Context, columns postSelection, from string, where condition, id string, r Range) ([]Post, error) {
	args := slices.Concat(columns.args, where.args, []any{r.max(), r.Min, r.Limit})
	posts, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM "+from+" WHERE "+where.sql+
		" AND "+id+" < ? AND "+id+" > ? ORDER BY "+id+r.order()+" LIMIT ?", args...)
	return newestFirst(posts, r), err
}

// PublicPosts are the public posts.
func (s *conn) PublicPosts(ctx context.Context, viewer *Account, r Range) ([]Post, error) {
	where := condition{sql: "p.listed = 1"}
	where.and(accountListed(viewer, "a"))
	if c, ok := s.unmuted(viewer, "a"); ok {
		where.and(c)
	}
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	return s.feed(ctx, homePost.by(viewer), s.postsBy("posts_listed_id"), where, "p.id", r)
}

// A PostAddress is what the address of a post is made of.
type PostAddress struct {
	ID, AuthorID int64
	Author       string // username
	CreatedAt    Millis
}

// PublicAddresses are the addresses of the newest posts that PublicPosts has for visitors, at most limit.
func (s *conn) PublicAddresses(ctx context.Context, limit int) ([]PostAddress, error) {
	c := accountSeen(nil, "a")
	rows, err := s.query(ctx, "SELECT p.id, p.author_id, a.username, p.created_at FROM "+s.postsBy("posts_listed_id")+
		" WHERE p.listed = 1 AND "+c.sql+" ORDER BY p.id DESC LIMIT ?", append(c.args, limit)...)
	if err != nil {
		return nil, err
	}
	var out []PostAddress
	for rows.next() {
		out = append(out, PostAddress{ID: rows.int(), AuthorID: rows.int(), Author: rows.text(), CreatedAt: Millis(rows.int())})
	}
	return out, rows.done()
}

// postsBy is a FROM: posts p read along the index, and their authors a.
func (s *conn) postsBy(index string) string {
	return "posts p" + s.dialect.useIndex(index) + " " + s.joinByID("accounts a", "p.author_id")
}

// joinByID joins a table to rows that are read first, by its id. MySQL would rather read a whole table that it takes
// for small and hash it, for a page of twenty rows.
func (s *conn) joinByID(table, id string) string {
	_, alias, _ := strings.Cut(table, " ")
	return s.dialect.orderedJoin() + " " + table + s.dialect.useIndex("PRIMARY") + " ON " + alias + ".id = " + id
}

// TagPosts are the public posts with the tag.
func (s *conn) TagPosts(ctx context.Context, viewer *Account, tagID int64, r Range) ([]Post, error) {
	where := condition{"t.tag_id = ? AND p.listed = 1", []any{tagID}}
	where.and(accountListed(viewer, "a"))
	if c, ok := s.unmuted(viewer, "a"); ok {
		where.and(c)
	}
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
func (s *conn) AuthorPosts(ctx context.Context, viewer *Account, authorID int64, f AuthorFeed, r Range) ([]Post, error) {
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

// Neighbours are the ids of the author's posts before and after one that the viewer may see: the next newer and the next
// older, 0 for none.
func (s *conn) Neighbours(ctx context.Context, viewer *Account, authorID, postID int64) (newer, older int64, err error) {
	seen := condition{sql: "p.author_id = ? AND p.home = 1 AND p.photos_count > 0", args: []any{authorID}}
	seen.and(rootSeen(viewer, "p", "a"))
	if c, ok := notHidden(viewer); ok {
		seen.and(c)
	}
	branch := func(is, order string) string {
		return "SELECT * FROM (SELECT p.id FROM " + s.postsBy("posts_author_id_home_id") + " WHERE " + seen.sql + " AND p.id " + is + " ? ORDER BY p.id " + order + " LIMIT 1) n"
	}
	args := append(append(append(append([]any{}, seen.args...), postID), seen.args...), postID)
	ids, err := s.idList(ctx, branch(">", "ASC")+" UNION ALL "+branch("<", "DESC"), args...)
	for _, id := range ids {
		if id > postID {
			newer = id
		} else {
			older = id
		}
	}
	return newer, older, err
}

// CommentsOn are the comments in the thread of a post that the viewer may see.
func (s *conn) CommentsOn(ctx context.Context, viewer *Account, rootID int64, r Range) ([]Post, error) {
	where := condition{"p.root_id = ? AND p.deleted_at IS NULL", []any{rootID}}
	where.and(accountSeen(viewer, "a"))
	if c, ok := s.unmuted(viewer, "a"); ok {
		where.and(c)
	}
	return s.feed(ctx, anyPost.by(viewer), s.postsBy("posts_root_id_id"), where, "p.id", r)
}

// Reply is a comment's place in its thread.
type Reply struct{ ID, InReplyToID int64 }

// Thread is the shape of a post's thread, oldest comment first, at most limit: what the viewer may see of it, given
// that the post is seen.
func (s *conn) Thread(ctx context.Context, viewer *Account, rootID int64, limit int) ([]Reply, error) {
	c := accountSeen(viewer, "a")
	if m, ok := s.unmuted(viewer, "a"); ok {
		c.and(m)
	}
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

// HomePosts are the posts of the viewer and of those the viewer follows, and what these boosted. The cost depends on how
// many are followed, not on how much they or others wrote: first the authors with the newest heads, then as many of each
// as fit on the page, both from the index (author_id, home, id).
//
// docs/decisions/boosts-in-home-feeds.md says how boosts come in.
func (s *conn) HomePosts(ctx context.Context, viewer *Account, r Range) ([]Post, error) {
	return s.followedPosts(ctx, homeOf(viewer), r)
}

func (s *conn) followedPosts(ctx context.Context, f followed, r Range) ([]Post, error) {
	if r.Up {
		return s.homeAbove(ctx, f, r)
	}
	var posts []Post
	for round := 1; ; round++ {
		page, rest, err := s.homePage(ctx, f, r, round <= homeRounds)
		if err != nil {
			return nil, err
		}
		posts = append(posts, page...)
		if rest == 0 || len(page) >= r.Limit {
			return posts, nil
		}
		r.Max, r.Limit = rest, r.Limit-len(page)
	}
}

const (
	// homeRounds is how often a page is filled up that looked at too many boosts which are not new to the reader. After
	// that it takes none any more.
	homeRounds = 3
	// homeBoosters is how many accounts' boosts are looked at in one round.
	homeBoosters = 50
)

// homePage reads a page downwards. Where rest is not 0, it ends early, and what is below rest was not looked at.
func (s *conn) homePage(ctx context.Context, f followed, r Range, boosts bool) (posts []Post, rest int64, err error) {
	viewer := f.viewer
	heads, err := s.lastHeads(ctx, f, r)
	if err == nil && unwarned(viewer) != "" { // the newest posts are not all to be seen
		heads.authors, heads.bound, err = s.homeAuthors(ctx, f, r)
	}
	if err != nil {
		return nil, 0, err
	}
	if heads.bound != 0 { // there are enough heads to fill the page without anything beyond the last of them
		r.Min = heads.bound - 1
	}
	boosters, below := heads.boosters(f)
	if boosts && below > r.Min { // more accounts have boosted than are looked at
		r.Min, rest = below, min(below+1, r.max())
	}
	ids := s.homeBranches(f, heads.authors, true, r)
	columns, c := homePost.by(viewer), rootSeen(viewer, "p", "a")
	from := "SELECT i.id AS entry, i.id AS post, 0 AS booster FROM (" + ids.sql + ") i"
	more := false
	add := func(c condition) {
		from += " UNION ALL SELECT * FROM (" + c.sql + ") y"
		ids.args = append(ids.args, c.args...)
		more = true
	}
	if boosts && len(boosters) > 0 {
		add(s.boostsOf(f, boosters, r))
	}
	if len(heads.tags) > 0 {
		add(s.taggedPosts(viewer, heads.tags, r))
	}
	if more {
		from = "SELECT * FROM (" + from + ") z ORDER BY entry DESC LIMIT ?"
		ids.args = append(ids.args, r.Limit)
	}
	posts, err = s.entries(ctx, columns, "SELECT "+columns.sql+", CASE WHEN h.booster = 0 THEN 0 ELSE h.entry END, h.booster FROM ("+from+") h "+
		s.joinByID("posts p", "h.post")+" "+s.joinByID("accounts a", "p.author_id")+" WHERE "+c.sql, slices.Concat(columns.args, ids.args, c.args)...)
	newestEntriesFirst(posts)
	return posts, rest, err
}

func newestEntriesFirst(posts []Post) {
	slices.SortFunc(posts, func(a, b Post) int { return cmp.Compare(b.FeedID(), a.FeedID()) })
}

// homeAbove reads a page upwards.
func (s *conn) homeAbove(ctx context.Context, f followed, r Range) ([]Post, error) {
	viewer := f.viewer
	ids, err := s.homeIDs(ctx, f, r)
	if err != nil {
		return nil, err
	}
	columns, c := homePost.by(viewer), rootSeen(viewer, "p", "a")
	posts, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM ("+ids.sql+") h "+s.joinByID("posts p", "h.id")+" "+s.joinByID("accounts a", "p.author_id")+" WHERE "+c.sql,
		slices.Concat(columns.args, ids.args, c.args)...)
	if err != nil {
		return nil, err
	}
	boosts, err := s.boostsAbove(ctx, f, r)
	if err != nil {
		return nil, err
	}
	if f.list == 0 {
		tagged, err := s.taggedAbove(ctx, viewer, r)
		if err != nil {
			return nil, err
		}
		for _, id := range tagged {
			boosts = append(boosts, Post{ID: id})
		}
	}
	if len(boosts) > 0 {
		boosted := make([]int64, len(boosts))
		for i, b := range boosts {
			boosted[i] = b.ID
		}
		list, args := in(boosted)
		found, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id IN "+list+" AND "+c.sql, slices.Concat(columns.args, args, c.args)...)
		if err != nil {
			return nil, err
		}
		for _, b := range boosts {
			if at := slices.IndexFunc(found, func(p Post) bool { return p.ID == b.ID }); at >= 0 {
				p := found[at]
				p.BoostID, p.BoosterID = b.BoostID, b.BoosterID
				posts = append(posts, p)
			}
		}
	}
	newestEntriesFirst(posts)
	return posts[max(0, len(posts)-r.Limit):], nil
}

// homeIDs selects the posts of the page upwards as id.
func (s *conn) homeIDs(ctx context.Context, f followed, r Range) (condition, error) {
	if !s.dialect.seeksInSubqueries() {
		ids, err := s.homeIDsAbove(ctx, f, r)
		list, args := in(ids)
		return condition{"SELECT l.id FROM posts l WHERE l.id IN " + list, args}, err
	}
	authors, bound, err := s.homeAuthors(ctx, f, r)
	if err != nil {
		return condition{}, err
	}
	if bound != 0 { // see homePage
		r.Max = bound + 1
	}
	return s.homeBranches(f, authors, true, r), nil
}

// homeIDsAbove is homeIDs upwards where the first post above an id cannot be sought for all authors in one statement,
// only the newest: who has none above it drops out, which leaves few of them to a client that asks what is new. The
// page is put together from the others by and by, each time knowing better where it ends.
func (s *conn) homeIDsAbove(ctx context.Context, f followed, r Range) ([]int64, error) {
	authors, err := s.idList(ctx, "SELECT h.followee_id FROM ("+s.homeHeads(f, Range{})+") h WHERE h.head > ?",
		int64(math.MaxInt64), 0, f.id(), r.Min)
	if err != nil {
		return nil, err
	}
	branches := func(authors []int64, own bool) ([]int64, error) {
		b := s.homeBranches(f, authors, own, r)
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
// and f.id().
func (s *conn) homeHeads(f followed, r Range) string {
	// What has no head sorts last in both directions: NULL is the lowest of all, so upwards it needs a value.
	// The order is the index's, in full: by the id alone MySQL reads all that the author wrote, and sorts it.
	head := "(SELECT p.id FROM posts p" + s.dialect.useIndex("posts_author_id_home_id") +
		" WHERE p.author_id = f.followee_id AND p.home = 1 AND p.id < ? AND p.id > ?" + unwarned(f.viewer) +
		" ORDER BY p.author_id" + r.order() + ", p.home" + r.order() + ", p.id" + r.order() + " LIMIT 1)"
	if r.Up {
		head = "COALESCE(" + head + ", 9223372036854775807)"
	}
	return "SELECT f.followee_id, " + head + " AS head FROM " + s.followed(f, "a") + s.followsShown(f)
}

// homeAuthors are the followed accounts whose first post in the range comes first, at most one page of them, and
// the last of those posts if there are that many.
func (s *conn) homeAuthors(ctx context.Context, f followed, r Range) (authors []int64, bound int64, err error) {
	missing := int64(0)
	if r.Up {
		missing = math.MaxInt64
	}
	rows, err := s.query(ctx, s.homeHeads(f, r)+" ORDER BY head"+r.order()+" LIMIT ?", r.max(), r.Min, f.id(), r.Limit)
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
// viewer, whose own posts are in the home feed.
func (s *conn) homeBranches(f followed, authors []int64, own bool, r Range) condition {
	// The list is padded with an id that no account has, so that there are fewer different statements to prepare.
	padded := (len(authors) + 4) / 5 * 5
	if own = own && f.list == 0; !own {
		padded = max(padded, 5) // a statement needs a branch
	}
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
		branch(author, unwarned(f.viewer))
	}
	if own {
		branch(f.viewer.ID, "")
	}
	q.WriteString(" ORDER BY 1")
	q.WriteString(r.order())
	q.WriteString(" LIMIT ?")
	return condition{q.String(), append(args, r.Limit)}
}

package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
)

// What a post is to its viewer, nil for none. Each is a condition with one placeholder, the viewer's id.
var viewerColumns = []column[Post]{
	flag("EXISTS (SELECT 1 FROM likes l WHERE l.account_id = ? AND l.post_id = p.id)", func(p *Post) *bool { return &p.Liked }),
	flag("EXISTS (SELECT 1 FROM boosts o WHERE o.account_id = ? AND o.post_id = p.id)", func(p *Post) *bool { return &p.Boosted }),
	flag("EXISTS (SELECT 1 FROM conversation_mutes c WHERE c.account_id = ? AND c.post_id = COALESCE(p.root_id, p.id))", func(p *Post) *bool { return &p.Muted }),
	flag("EXISTS (SELECT 1 FROM pins n WHERE n.account_id = ? AND n.post_id = p.id)", func(p *Post) *bool { return &p.Pinned }),
	flag("EXISTS (SELECT 1 FROM bookmarks k WHERE k.account_id = ? AND k.post_id = p.id)", func(p *Post) *bool { return &p.Bookmarked }),
}

// Where a post stands in its thread. Of posts that home or listed has found it is known: they are no comments, and not deleted.
var (
	threadColumns = []column[Post]{
		word("p.kind", func(p *Post) *string { return &p.Kind }),
		optional("p.root_id", func(p *Post) **int64 { return &p.RootID }),
		optional("p.in_reply_to_id", func(p *Post) **int64 { return &p.InReplyToID }),
		optional("p.in_reply_to_author_id", func(p *Post) **int64 { return &p.InReplyToAuthorID }),
		optional("p.deleted_at", func(p *Post) **Millis { return &p.DeletedAt }),
	}
	homeThread = []column[Post]{given(func(p *Post) { p.Kind = KindPost })}
)

// What else is read of posts. What follows from it (home, listed) is not read again.
var contentColumns = []column[Post]{
	number("p.id", func(p *Post) *int64 { return &p.ID }),
	number("p.author_id", func(p *Post) *int64 { return &p.AuthorID }),
	flag("p.sensitive", func(p *Post) *bool { return &p.Sensitive }),
	word("p.visibility", func(p *Post) *Visibility { return &p.Visibility }),
	word("p.licence", func(p *Post) *string { return &p.Licence }),
	flag("p.show_exif", func(p *Post) *bool { return &p.ShowExif }),
	word("p.comments_from", func(p *Post) *CommentsFrom { return &p.CommentsFrom }),
	word("p.language", func(p *Post) *string { return &p.Language }),
	number("p.photos_count", func(p *Post) *int { return &p.PhotosCount }),
	number("p.photos_version", func(p *Post) *int64 { return &p.PhotosVersion }),
	number("p.likes_count", func(p *Post) *int { return &p.LikesCount }),
	number("p.boosts_count", func(p *Post) *int { return &p.BoostsCount }),
	number("p.comments_count", func(p *Post) *int { return &p.CommentsCount }),
	optional("p.app_id", func(p *Post) **int64 { return &p.AppID }),
	number("p.created_at", func(p *Post) *Millis { return &p.CreatedAt }),
	optional("p.edited_at", func(p *Post) **Millis { return &p.EditedAt }),
	text("p.warning", func(p *Post) *string { return &p.Warning }),
	text("p.caption", func(p *Post) *string { return &p.Caption }),
}

// A postRow is what is read of posts p, by a viewer or by nobody.
type postRow struct {
	nobodys, viewers columns[Post]
}

// anyPost reads any post or comment, homePost those that home or listed has found.
var (
	anyPost  = postRow{concat(threadColumns, contentColumns), concat(viewerColumns, threadColumns, contentColumns)}
	homePost = postRow{concat(homeThread, contentColumns), concat(viewerColumns, homeThread, contentColumns)}
)

// A postSelection is what a statement selects of posts, with the arguments of its placeholders.
type postSelection struct {
	*columns[Post]
	args []any
}

func (row *postRow) by(viewer *Account) postSelection {
	id := viewerID(viewer)
	if id == 0 {
		return postSelection{columns: &row.nobodys}
	}
	args := make([]any, len(viewerColumns))
	for i := range args {
		args[i] = id
	}
	return postSelection{columns: &row.viewers, args: args}
}

func (c postSelection) read(r *rowReader, p *Post) {
	c.columns.read(r, p)
	p.Home = p.Kind == KindPost && p.DeletedAt == nil
	p.Listed = p.Home && p.Visibility == Public
}

// posts reads what the selection selects in the statement q.
func (s *conn) posts(ctx context.Context, c postSelection, q string, args ...any) ([]Post, error) {
	rows, err := s.page(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	posts := make([]Post, 0, rows.count())
	for rows.next() {
		posts = append(posts, Post{})
		c.read(rows, &posts[len(posts)-1])
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	return posts, nil
}

func (s *conn) onePost(ctx context.Context, c postSelection, q string, args ...any) (p *Post, err error) {
	err = lookUp(ctx, func(ctx context.Context) error {
		posts, err := s.posts(ctx, c, q, args...)
		if err != nil {
			return err
		}
		if len(posts) == 0 {
			return ErrNotFound
		}
		p = &posts[0]
		return nil
	})
	return p, err
}

// PostByID is a post or comment that the viewer may see, else ErrNotFound.
func (s *conn) PostByID(ctx context.Context, viewer *Account, id int64) (*Post, error) {
	columns, c := anyPost.by(viewer), postSeen(viewer)
	return s.onePost(ctx, columns, "SELECT "+columns.sql+" FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id = ? AND "+c.sql,
		slices.Concat(columns.args, []any{id}, c.args)...)
}

// PostsByID are those of the posts and comments that the viewer may see, in the order of the ids.
func (s *conn) PostsByID(ctx context.Context, viewer *Account, ids []int64) ([]Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	columns, c := anyPost.by(viewer), postSeen(viewer)
	list, args := in(ids)
	posts, err := s.posts(ctx, columns, "SELECT "+columns.sql+" FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id IN "+list+" AND "+c.sql,
		slices.Concat(columns.args, args, c.args)...)
	if err != nil {
		return nil, err
	}
	place := make(map[int64]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(posts, func(a, b Post) int { return place[a.ID] - place[b.ID] })
	return posts, nil
}

// ReportedPosts are those of the posts and comments that are there, and their authors, whoever may see them. For those who
// read reports about them.
func (s *conn) ReportedPosts(ctx context.Context, viewer *Account, ids []int64) ([]Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	columns := anyPost.by(viewer)
	list, args := in(ids)
	return s.posts(ctx, columns, "SELECT "+columns.sql+" FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id IN "+list+
		" AND p.deleted_at IS NULL AND a.deleted_at IS NULL", slices.Concat(columns.args, args)...)
}

// RawPost is the post or comment whoever asks, deleted or not, else ErrNotFound. For rules and jobs, not for readers.
func (s *conn) RawPost(ctx context.Context, id int64) (*Post, error) {
	return s.RawPostFor(ctx, nil, id)
}

// RawPostFor is RawPost that reports what it is to the viewer, for instance whether they like it.
func (s *conn) RawPostFor(ctx context.Context, viewer *Account, id int64) (*Post, error) {
	columns := anyPost.by(viewer)
	return s.onePost(ctx, columns, "SELECT "+columns.sql+" FROM posts p WHERE p.id = ?", append(columns.args, id)...)
}

// LockPost is RawPost that keeps others from changing the row until the transaction ends. What hangs on a post
// (comments, likes) locks it first: their foreign keys would share the lock, and two who then count would deadlock.
// A comment's thread is changed only under the lock of its post.
func (s *conn) LockPost(ctx context.Context, id int64) (*Post, error) {
	columns := anyPost.by(nil)
	return s.onePost(ctx, columns, "SELECT "+columns.sql+" FROM posts p WHERE p.id = ?"+s.dialect.forUpdate(), id)
}

// LockSeenPost is LockPost for a post or comment that the viewer may see, else ErrNotFound. What decides is read once the
// lock is there; nothing but the post itself is locked.
func (s *conn) LockSeenPost(ctx context.Context, viewer *Account, id int64) (*Post, error) {
	columns, c := anyPost.by(viewer), postSeen(viewer)
	rows, err := s.query(ctx, "SELECT "+columns.sql+", EXISTS (SELECT 1 FROM accounts a WHERE a.id = p.author_id AND "+c.sql+") FROM posts p WHERE p.id = ?"+
		s.dialect.forUpdate(), slices.Concat(columns.args, c.args, []any{id})...)
	if err != nil {
		return nil, err
	}
	var p *Post
	for rows.next() {
		var locked Post
		columns.read(rows, &locked)
		if rows.bool() {
			p = &locked
		}
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	if p == nil {
		return nil, ErrNotFound
	}
	return p, nil
}

// CreatePost inserts the row as it is, with a new PhotosVersion where it has none, and open to comments where it
// does not say from whom.
func (s *conn) CreatePost(ctx context.Context, p *Post) error {
	if p.PhotosVersion == 0 {
		p.PhotosVersion = newPhotosVersion()
	}
	p.CommentsFrom = cmp.Or(p.CommentsFrom, CommentsFromEveryone)
	s.owners.newPost(p.ID)
	return translate(s.write(ctx).Create(p).Error)
}

// UpdatePost writes what an edit may change.
func (s *conn) UpdatePost(ctx context.Context, p *Post) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET caption = ?, warning = ?, `sensitive` = ?, visibility = ?, listed = ?, licence = ?,"+
		" show_exif = ?, comments_from = ?, language = ?, photos_count = ?, edited_at = ? WHERE id = ?",
		p.Caption, p.Warning, p.Sensitive, p.Visibility, p.Kind == KindPost && p.Visibility == Public && p.DeletedAt == nil, p.Licence,
		p.ShowExif, string(p.CommentsFrom), p.Language, p.PhotosCount, p.EditedAt, p.ID).Error)
}

// SetCommentsFrom stores who may comment on a post.
func (s *conn) SetCommentsFrom(ctx context.Context, id int64, from CommentsFrom) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET comments_from = ? WHERE id = ?", string(from), id).Error)
}

// SetThreadVisibility repeats the visibility of a post in its comments.
func (s *conn) SetThreadVisibility(ctx context.Context, rootID int64, v Visibility) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET visibility = ? WHERE root_id = ?", v, rootID).Error)
}

// HidePost takes the post out of every page, feed and search.
func (s *conn) HidePost(ctx context.Context, id int64, at Millis) error {
	if err := s.write(ctx).Exec("UPDATE posts SET deleted_at = ?, home = 0, listed = 0 WHERE id = ?", at, id).Error; err != nil {
		return translate(err)
	}
	return s.unindexPosts(ctx, id)
}

// ReparentComments hangs the replies to a comment under another post or comment. It returns how many of them are
// not deleted.
func (s *conn) ReparentComments(ctx context.Context, from, to, toAuthor int64) (int, error) {
	rows, err := s.query(ctx, "SELECT COUNT(*) FROM posts p WHERE p.in_reply_to_id = ? AND p.deleted_at IS NULL"+s.dialect.forUpdate(), from)
	if err != nil {
		return 0, err
	}
	n := 0
	for rows.next() {
		n = int(rows.int())
	}
	if err := rows.done(); err != nil {
		return 0, err
	}
	return n, translate(s.write(ctx).Exec("UPDATE posts SET in_reply_to_id = ?, in_reply_to_author_id = ? WHERE in_reply_to_id = ?",
		to, toAuthor, from).Error)
}

// AddToPost changes the counters of a post or comment.
func (s *conn) AddToPost(ctx context.Context, id int64, likes, comments int) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET likes_count = likes_count + ?, comments_count = comments_count + ? WHERE id = ?",
		likes, comments, id).Error)
}

// AddToPostsOf changes an account's counts of all its posts and of those that are open to everybody, and keeps the
// time of its last one.
func (s *conn) AddToPostsOf(ctx context.Context, accountID int64, posts, open int) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET posts_count = posts_count + ?, open_posts_count = open_posts_count + ?, last_post_at ="+
		" (SELECT p.created_at FROM posts p WHERE p.author_id = ? AND p.home = 1 ORDER BY p.id DESC LIMIT 1) WHERE id = ?",
		posts, open, accountID, accountID).Error)
}

// CommentDelta is added to an account's counts of all its comments, and of those on posts that are open to everybody.
type CommentDelta struct{ All, Open int }

// CountComments adds to the counters, in ascending order of the accounts' ids. Call it last in a transaction.
func (s *conn) CountComments(ctx context.Context, deltas map[int64]CommentDelta) error {
	for _, id := range slices.Sorted(maps.Keys(deltas)) {
		err := s.write(ctx).Exec("UPDATE accounts SET comments_count = comments_count + ?, open_comments_count = open_comments_count + ? WHERE id = ?",
			deltas[id].All, deltas[id].Open, id).Error
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// commentsOf counts the comments of the account a: all that are not deleted, and those that are open.
const (
	commentsOf     = "(SELECT COUNT(*) FROM posts p WHERE p.author_id = accounts.id AND p.home = 0 AND p.kind = 'comment' AND p.deleted_at IS NULL)"
	openCommentsOf = "(SELECT COUNT(*) FROM posts p WHERE p.author_id = accounts.id AND p.home = 0 AND p.kind = 'comment' AND p.deleted_at IS NULL AND p.visibility <> 'followers')"
)

// MiscountedComments returns those of the accounts whose counters differ from their comments.
func (s *conn) MiscountedComments(ctx context.Context, ids []int64) ([]int64, error) {
	list, args := in(ids)
	return s.idList(ctx, "SELECT accounts.id FROM accounts WHERE accounts.id IN "+list+" AND (comments_count <> "+commentsOf+" OR open_comments_count <> "+openCommentsOf+")", args...)
}

// RecountComments sets an account's counters to the number of its comments. The account is locked.
func (s *conn) RecountComments(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET comments_count = "+commentsOf+", open_comments_count = "+openCommentsOf+" WHERE id = ?", id).Error)
}

// AccountIDsAfter returns at most limit ids of accounts, in ascending order.
func (s *conn) AccountIDsAfter(ctx context.Context, after int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM accounts WHERE id > ? ORDER BY id LIMIT ?", after, limit)
}

// CommentersOf counts the comments in the thread of a post by their authors. The post is locked.
func (s *conn) CommentersOf(ctx context.Context, rootID int64) (map[int64]int, error) {
	rows, err := s.query(ctx, "SELECT p.author_id, COUNT(*) FROM posts p WHERE p.root_id = ? AND p.deleted_at IS NULL GROUP BY p.author_id", rootID)
	if err != nil {
		return nil, err
	}
	by := make(map[int64]int)
	for rows.next() {
		id := rows.int()
		by[id] = int(rows.int())
	}
	return by, rows.done()
}

// CommentIDs are ids of the post's comments before another that still have rows, deleted or not, from the newest on, so that replies
// come before what they answer.
func (s *conn) CommentIDs(ctx context.Context, rootID, before int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT p.id FROM posts p WHERE p.root_id = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?", rootID, before, limit)
}

func (s *conn) idList(ctx context.Context, q string, args ...any) ([]int64, error) {
	rows, err := s.query(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for rows.next() {
		ids = append(ids, rows.int())
	}
	return ids, rows.done()
}

// ErasePostRows removes likes, boosts, bookmarks and notifications of the post, at most limit, and once few enough are left its
// mentions and tags. It returns how many of the former went; fewer than limit means that nothing is left.
func (s *conn) ErasePostRows(ctx context.Context, postID int64, limit int) (int, error) {
	total := 0
	for _, q := range []struct{ find, remove string }{
		{"SELECT id FROM likes WHERE post_id = ? LIMIT ?", "DELETE FROM likes WHERE id IN "},
		{"SELECT id FROM boosts WHERE post_id = ? LIMIT ?", "DELETE FROM boosts WHERE id IN "},
		{"SELECT id FROM bookmarks WHERE post_id = ? LIMIT ?", "DELETE FROM bookmarks WHERE id IN "},
		{"SELECT id FROM pins WHERE post_id = ? LIMIT ?", "DELETE FROM pins WHERE id IN "},
		{"SELECT id FROM post_versions WHERE post_id = ? LIMIT ?", "DELETE FROM post_versions WHERE id IN "},
		{"SELECT id FROM conversation_mutes WHERE post_id = ? LIMIT ?", "DELETE FROM conversation_mutes WHERE id IN "},
		{"SELECT id FROM notifications WHERE post_id = ? LIMIT ?", "DELETE FROM notifications WHERE id IN "},
	} {
		ids, err := s.idList(ctx, q.find, postID, limit-total)
		if err != nil {
			return total, err
		}
		if len(ids) > 0 {
			list, args := in(ids)
			if err := s.write(ctx).Exec(q.remove+list, args...).Error; err != nil {
				return total, translate(err)
			}
		}
		if total += len(ids); total >= limit {
			return total, nil
		}
	}
	if err := s.SetMentions(ctx, postID, nil); err != nil { // few
		return total, err
	}
	return total, s.SetPostTags(ctx, postID, nil)
}

// DropPost removes the row itself once nothing hangs on it, else ErrConflict.
func (s *conn) DropPost(ctx context.Context, id int64) error {
	if err := s.write(ctx).Exec("DELETE FROM posts WHERE id = ?", id).Error; err != nil {
		return translate(err)
	}
	return s.unindexPosts(ctx, id) // of a comment that went with its post
}

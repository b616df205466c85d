package store

import "context"

// Who may see what is decided here and nowhere else: posts, threads, comments, feeds, search, counts and the media
// paths put these conditions into their SQL.
//
//   - An account is seen unless it is suspended or deleted, or one of the two blocked the other. Who blocked it still
//     finds the account itself by its name or id, but nothing of what it does.
//   - An account that is limited is not seen by visitors. Lists for members who did not ask for it show it to its followers
//     alone.
//   - A post is seen if its author is, it is not deleted, and it is public or unlisted, or one's own, or for the
//     followers of an author whom one follows.
//   - A comment is seen if its author is and the post of its thread is. Its own visibility column repeats its post's.
//
// A viewer is an account, nil for a visitor. A viewer who is suspended or deleted sees what a visitor sees.

// condition is a condition with the arguments of its placeholders.
type condition struct {
	sql  string
	args []any
}

func (c *condition) and(o condition) {
	c.sql += " AND " + o.sql
	c.args = append(c.args, o.args...)
}

// viewerID is the viewer's id, 0 for a visitor.
func viewerID(viewer *Account) int64 {
	if viewer == nil || !viewer.Active() {
		return 0
	}
	return viewer.ID
}

// accountSeen is the condition on an account's row with the alias a.
func accountSeen(viewer *Account, a string) condition {
	c := accountActive(a)
	if id := viewerID(viewer); id != 0 {
		c.and(unblocked(id, a))
	} else {
		c.and(condition{sql: a + ".limited_at IS NULL"})
	}
	return c
}

// accountActive is the condition on an account's row with the alias a that it is neither suspended nor deleted.
func accountActive(a string) condition {
	return condition{sql: a + ".suspended_at IS NULL AND " + a + ".deleted_at IS NULL"}
}

// accountListed is accountSeen for lists of what nobody asked for by name: the public feeds, tags, search, the directory.
func accountListed(viewer *Account, a string) condition {
	c := accountSeen(viewer, a)
	if id := viewerID(viewer); id != 0 {
		c.and(unlimited(id, a))
	}
	return c
}

// unlimited is the condition that lists show the row with the alias a to the account id, as far as limits go.
func unlimited(id int64, a string) condition {
	return condition{
		"(" + a + ".limited_at IS NULL OR " + a + ".id = ? OR EXISTS (SELECT 1 FROM follows fl WHERE fl.follower_id = ? AND fl.followee_id = " + a + ".id))",
		[]any{id, id}}
}

// accountKnown is the condition on an account's own row, with the alias a. An account that blocks another still finds
// that account itself, to remove the block; the blocked one does not.
func accountKnown(viewer *Account, a string) condition {
	c := accountActive(a)
	if id := viewerID(viewer); id != 0 {
		c.and(condition{"NOT EXISTS (SELECT 1 FROM blocks bi WHERE bi.account_id = " + a + ".id AND bi.target_id = ?)", []any{id}})
	} else {
		c.and(condition{sql: a + ".limited_at IS NULL"})
	}
	return c
}

// unblocked is the condition that there is no block between the account id and the row with the alias a.
func unblocked(id int64, a string) condition {
	return condition{
		"NOT EXISTS (SELECT 1 FROM blocks bo WHERE bo.account_id = ? AND bo.target_id = " + a + ".id)" +
			" AND NOT EXISTS (SELECT 1 FROM blocks bi WHERE bi.account_id = " + a + ".id AND bi.target_id = ?)",
		[]any{id, id}}
}

// rootSeen is the condition on a post (not a comment) with the alias p whose author's row is a.
func rootSeen(viewer *Account, p, a string) condition {
	c := condition{sql: p + ".deleted_at IS NULL"}
	c.and(accountSeen(viewer, a))
	if id := viewerID(viewer); id != 0 {
		c.and(condition{
			"(" + p + ".visibility IN ('public', 'unlisted') OR " + p + ".author_id = ? OR EXISTS" +
				" (SELECT 1 FROM follows fo WHERE fo.follower_id = ? AND fo.followee_id = " + p + ".author_id))",
			[]any{id, id}})
	} else {
		c.and(condition{sql: p + ".visibility IN ('public', 'unlisted')"})
	}
	return c
}

// postSeen is the condition on a post or comment with the alias p whose author's row is a.
func postSeen(viewer *Account) condition {
	own, root := rootSeen(viewer, "p", "a"), rootSeen(viewer, "r", "ra")
	author := accountSeen(viewer, "a")
	c := condition{sql: "((p.root_id IS NULL AND " + own.sql + ") OR (p.root_id IS NOT NULL AND p.deleted_at IS NULL AND " + author.sql +
		" AND EXISTS (SELECT 1 FROM posts r JOIN accounts ra ON ra.id = r.author_id WHERE r.id = p.root_id AND " + root.sql + ")))"}
	c.args = append(append(append(c.args, own.args...), author.args...), root.args...)
	return c
}

// notHidden excludes warned posts for a member who wants none, except the member's own.
func notHidden(viewer *Account) (condition, bool) {
	if viewerID(viewer) == 0 || viewer.WarnedPhotos != "hide" {
		return condition{}, false
	}
	return condition{"(p.sensitive = 0 AND p.warning = '' OR p.author_id = ?)", []any{viewer.ID}}, true
}

// CanSee reports whether the viewer may see the post or comment. One that does not exist cannot be seen.
func (s *conn) CanSee(ctx context.Context, viewer *Account, postID int64) (bool, error) {
	c := postSeen(viewer)
	return s.exists(ctx, "SELECT 1 FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id = ? AND "+c.sql,
		append([]any{postID}, c.args...)...)
}

// CanSeeAccount reports whether the viewer may see the account.
func (s *conn) CanSeeAccount(ctx context.Context, viewer *Account, accountID int64) (bool, error) {
	c := accountSeen(viewer, "a")
	return s.exists(ctx, "SELECT 1 FROM accounts a WHERE a.id = ? AND "+c.sql, append([]any{accountID}, c.args...)...)
}

// IsSetWithheld reports whether the files of a set belong to an account that nobody sees, to a photo that is kept for those who read
// reports, or to a set that is gone and whose files may still be there.
func (s *conn) IsSetWithheld(ctx context.Context, random string) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM media_objects o LEFT JOIN photos p ON p.id = o.photo_id LEFT JOIN accounts a ON a.id = p.account_id"+
		" WHERE o.random = ? AND (o.state = ? OR p.state = ? OR a.suspended_at IS NOT NULL OR a.deleted_at IS NOT NULL)", random, ObjectGone, PhotoKept)
}

func (s *conn) exists(ctx context.Context, q string, args ...any) (bool, error) {
	rows, err := s.page(ctx, q, args...)
	if err != nil {
		return false, err
	}
	found := rows.next()
	return found, rows.done()
}

package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// AddBoost writes a boost and counts it. The transaction has locked the post and the account, and found that the account
// does not boost it yet. CreatedAt is the millisecond of its id, which home feeds rely on.
func (s *conn) AddBoost(ctx context.Context, b Boost) error {
	if err := translate(s.write(ctx).Create(&b).Error); err != nil {
		return err
	}
	if err := s.AddToBoosts(ctx, b.PostID, 1); err != nil {
		return err
	}
	return translate(s.write(ctx).Exec("UPDATE accounts SET last_boost_at = ? WHERE id = ? AND (last_boost_at IS NULL OR last_boost_at < ?)",
		b.CreatedAt, b.AccountID, b.CreatedAt).Error)
}

// RemoveBoost removes the boost, whose id it returns, 0 if there was none. AddToBoosts changes the count.
func (s *conn) RemoveBoost(ctx context.Context, accountID, postID int64) (int64, error) {
	ids, err := s.idList(ctx, "SELECT id FROM boosts WHERE account_id = ? AND post_id = ?", accountID, postID)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], translate(s.write(ctx).Exec("DELETE FROM boosts WHERE id = ?", ids[0]).Error)
}

// AddToBoosts changes a post's count.
func (s *conn) AddToBoosts(ctx context.Context, postID int64, n int) error {
	return translate(s.write(ctx).Exec("UPDATE posts SET boosts_count = boosts_count + ? WHERE id = ?", n, postID).Error)
}

// BoostID is the id of the account's boost of the post, 0 if there is none.
func (s *conn) BoostID(ctx context.Context, accountID, postID int64) (int64, error) {
	ids, err := s.idList(ctx, "SELECT id FROM boosts WHERE account_id = ? AND post_id = ?", accountID, postID)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// BoostedBy returns the accounts that boosted the post and that the viewer may see, the newest boost first.
func (s *conn) BoostedBy(ctx context.Context, viewer *Account, postID int64, r Range) ([]RowAccount, error) {
	return s.markedBy(ctx, "boosts", viewer, postID, r)
}

// BoostersAndCommenters returns at most limit ids greater than after, in ascending order, of those who boosted the post or
// commented on it. It leaves out its author and whoever may not see it any more.
func (s *conn) BoostersAndCommenters(ctx context.Context, postID, after int64, limit int) ([]int64, error) {
	// Each branch ends by itself at the limit: a post may have very many of either.
	branch := func(from, who, where string) string {
		return "SELECT * FROM (SELECT DISTINCT " + who + " AS id FROM " + from + " JOIN posts p ON p.id = ? WHERE " + where + " AND " + who + " > ? AND p.author_id <> " + who +
			" AND (p.visibility <> ? OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = " + who + " AND f.followee_id = p.author_id)) ORDER BY " + who + " LIMIT ?) x"
	}
	return s.idList(ctx, branch("boosts b", "b.account_id", "b.post_id = ?")+" UNION "+branch("posts c", "c.author_id", "c.root_id = ? AND c.deleted_at IS NULL")+
		" ORDER BY 1 LIMIT ?", postID, postID, after, Followers, limit, postID, postID, after, Followers, limit, limit)
}

// ToldOfComment are the ids of those whom a comment answers or mentions, and of its post's author, but for its own author and those
// who may not see it, above after, in order. Who was told of the comment since it was edited knows what it says.
func (s *conn) ToldOfComment(ctx context.Context, commentID, after int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT x.id FROM (SELECT m.account_id AS id FROM mentions m WHERE m.post_id = ?"+
		" UNION SELECT q.author_id FROM posts c JOIN posts q ON q.id = c.in_reply_to_id OR q.id = c.root_id WHERE c.id = ?) x JOIN posts p ON p.id = ? JOIN posts r ON r.id = p.root_id"+
		" WHERE x.id > ? AND x.id <> p.author_id"+
		" AND (p.visibility <> ? OR x.id = r.author_id OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = x.id AND f.followee_id = r.author_id))"+
		" AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.post_id = p.id AND n.account_id = x.id AND n.kind = ? AND n.created_at >= p.edited_at)"+
		" ORDER BY x.id LIMIT ?", commentID, commentID, commentID, after, Followers, NotifyMention, limit)
}

// A boost is seen by whoever sees the account that boosted, ba, and the post.

// BoostByID is the boosted post as that boost brings it, if the viewer may see both, else ErrNotFound.
func (s *conn) BoostByID(ctx context.Context, viewer *Account, id int64) (*Post, error) {
	var found *Post
	err := lookUp(ctx, func(ctx context.Context) error {
		posts, err := s.BoostsByID(ctx, viewer, []int64{id})
		if err != nil {
			return err
		}
		if len(posts) == 0 {
			return ErrNotFound
		}
		found = &posts[0]
		return nil
	})
	return found, err
}

// BoostsByID returns the boosted posts, each with its boost, in no particular order. It leaves out those of which the viewer may
// not see the post or the boost.
func (s *conn) BoostsByID(ctx context.Context, viewer *Account, ids []int64) ([]Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	columns, by, post := homePost.by(viewer), accountSeen(viewer, "ba"), rootSeen(viewer, "p", "a")
	list, args := in(ids)
	return s.entries(ctx, columns, "SELECT "+columns.sql+", b.id, b.account_id FROM boosts b JOIN accounts ba ON ba.id = b.account_id JOIN posts p ON p.id = b.post_id"+
		" JOIN accounts a ON a.id = p.author_id WHERE b.id IN "+list+" AND "+by.sql+" AND "+post.sql, slices.Concat(columns.args, args, by.args, post.args)...)
}

// BoostsOf are the posts that the account boosted and the viewer may see, given that the account is seen. Warned ones, and those
// of who is muted, are left out as in any feed.
func (s *conn) BoostsOf(ctx context.Context, viewer *Account, accountID int64, r Range) ([]Post, error) {
	columns, where := homePost.by(viewer), rootSeen(viewer, "p", "a")
	if c, ok := s.unmuted(viewer, "a"); ok {
		where.and(c)
	}
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	posts, err := s.entries(ctx, columns, "SELECT "+columns.sql+", b.id, b.account_id FROM boosts b"+s.dialect.useIndex("boosts_account_id_id")+" "+
		s.joinByID("posts p", "b.post_id")+" "+s.joinByID("accounts a", "p.author_id")+
		" WHERE b.account_id = ? AND "+where.sql+" AND b.id < ? AND b.id > ? ORDER BY b.id"+r.order()+" LIMIT ?",
		slices.Concat(columns.args, []any{accountID}, where.args, []any{r.max(), r.Min, r.Limit})...)
	return newestFirst(posts, r), err
}

// entries is posts for a statement that selects two columns more: the boost that brings a post, and who boosted.
func (s *conn) entries(ctx context.Context, c postSelection, q string, args ...any) ([]Post, error) {
	rows, err := s.page(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	posts := make([]Post, 0, rows.count())
	for rows.next() {
		posts = append(posts, Post{})
		p := &posts[len(posts)-1]
		c.read(rows, p)
		p.BoostID, p.BoosterID = rows.int(), rows.int()
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	return posts, nil
}

// Boosts in home feeds. A post is in a home feed once: where its author is followed (or is the reader) or one of its tags as the
// post, else as the first boost of it by the reader or somebody whose boosts the reader follows.

// boosterBoosts is how many boosts of one account a page looks at: an account may have boosted any number of posts that
// are not new to the reader.
const boosterBoosts = 100

// firstBoosts is the condition on boosts b of posts o, whose authors are oa, that they bring the post into the feed. Its
// arguments are all the viewer's id or the list's.
func (s *conn) firstBoosts(f followed) condition {
	c := rootSeen(f.viewer, "o", "oa")
	id := f.viewer.ID
	unmuted, _ := s.unmuted(f.viewer, "oa")
	c.and(unmuted)
	if f.list != 0 {
		c.and(condition{"NOT EXISTS (SELECT 1 FROM list_members fa WHERE fa.list_id = ? AND fa.followee_id = o.author_id)" +
			" AND NOT EXISTS (SELECT 1 FROM boosts e JOIN accounts ea ON ea.id = e.account_id JOIN list_members f ON f.list_id = ? AND f.followee_id = e.account_id" +
			" WHERE e.post_id = o.id AND e.id < b.id AND ea.suspended_at IS NULL AND ea.deleted_at IS NULL" + f.boosting() + s.followsShown(f) + ")",
			[]any{f.list, f.list}})
		return c
	}
	c.and(condition{"o.author_id <> ? AND NOT EXISTS (SELECT 1 FROM follows fa WHERE fa.follower_id = ? AND fa.followee_id = o.author_id)" +
		" AND NOT (o.listed = 1 AND oa.limited_at IS NULL AND EXISTS (SELECT 1 FROM tag_follows ft JOIN post_tags pt ON pt.tag_id = ft.tag_id WHERE ft.account_id = ? AND pt.post_id = o.id))" +
		" AND NOT EXISTS (SELECT 1 FROM boosts e JOIN accounts ea ON ea.id = e.account_id WHERE e.post_id = o.id AND e.id < b.id AND ea.suspended_at IS NULL AND ea.deleted_at IS NULL" +
		" AND (e.account_id = ? OR EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = ? AND f.followee_id = e.account_id" + f.boosting() + s.followsShown(f) + ")))",
		[]any{id, id, id, id, id}})
	return c
}

// boostsOf selects, as entry, post and booster, the first in the range of the accounts' boosts that belong into the
// feed.
func (s *conn) boostsOf(f followed, boosters []int64, r Range) condition {
	padded := (len(boosters) + 4) / 5 * 5 // see homeBranches
	var q strings.Builder
	args := make([]any, 0, 4*padded+20)
	q.WriteString("SELECT b.id AS entry, b.post_id AS post, b.account_id AS booster FROM (")
	for i := range padded {
		booster := int64(0)
		if i < len(boosters) {
			booster = boosters[i]
		}
		if i > 0 {
			q.WriteString(" UNION ALL ")
		}
		q.WriteString("SELECT * FROM (SELECT n.id, n.post_id, n.account_id FROM boosts n")
		q.WriteString(s.dialect.useIndex("boosts_account_id_id"))
		q.WriteString(" WHERE n.account_id = ? AND n.id < ? AND n.id > ? ORDER BY n.id")
		q.WriteString(r.order())
		q.WriteString(" LIMIT ?) x")
		args = append(args, booster, r.max(), r.Min, boosterBoosts)
	}
	c := s.firstBoosts(f)
	q.WriteString(") b " + s.joinByID("posts o", "b.post_id") + " " + s.joinByID("accounts oa", "o.author_id") + " WHERE " + c.sql)
	if hide := unwarned(f.viewer); hide != "" {
		q.WriteString(strings.ReplaceAll(hide, "p.", "o."))
	}
	q.WriteString(" ORDER BY b.id" + r.order() + " LIMIT ?")
	return condition{q.String(), append(append(args, c.args...), r.Limit)}
}

const (
	// boostersAbove is how many accounts that boosted since a cursor are looked at for the page above it.
	boostersAbove = 400
	// boostersAtOnce is how many of them one statement looks at.
	boostersAtOnce = 20
)

// boostsAbove are the boosts of the page above r.Min that belong into the feed, oldest first.
func (s *conn) boostsAbove(ctx context.Context, f followed, r Range) ([]Post, error) {
	boosters, err := s.idList(ctx, "SELECT f.followee_id FROM "+s.followed(f, "a")+f.boosting()+" AND a.last_boost_at >= ?"+s.followsShown(f)+" ORDER BY a.last_boost_at DESC LIMIT ?",
		f.id(), idMillis(r.Min), boostersAbove)
	if err != nil {
		return nil, err
	}
	if at := f.viewer.LastBoostAt; f.list == 0 && at != nil && int64(*at) >= idMillis(r.Min) {
		boosters = append(boosters, f.viewer.ID)
	}
	var out []Post
	for some := range slices.Chunk(boosters, boostersAtOnce) {
		if len(out) == r.Limit {
			r.Max = out[r.Limit-1].BoostID
		}
		c := s.boostsOf(f, some, r)
		rows, err := s.query(ctx, c.sql, c.args...)
		if err != nil {
			return nil, err
		}
		for rows.next() {
			out = append(out, Post{BoostID: rows.int(), ID: rows.int(), BoosterID: rows.int()})
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
		slices.SortFunc(out, func(a, b Post) int { return cmp.Compare(a.BoostID, b.BoostID) })
		out = out[:min(len(out), r.Limit)]
	}
	return out, nil
}

package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// AddTagFollow has the tag's public posts in the account's home feed. The transaction has locked the account.
func (s *conn) AddTagFollow(ctx context.Context, id, accountID, tagID int64, at Millis) error {
	return translate(s.write(ctx).Exec("INSERT INTO tag_follows (id, account_id, tag_id, created_at) VALUES (?, ?, ?, ?)", id, accountID, tagID, at).Error)
}

// RemoveTagFollow is the opposite of AddTagFollow; one that is not there is fine.
func (s *conn) RemoveTagFollow(ctx context.Context, accountID, tagID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM tag_follows WHERE account_id = ? AND tag_id = ?", accountID, tagID).Error)
}

// FollowedTagKeys are the folded names of the tags that the account follows.
func (s *conn) FollowedTagKeys(ctx context.Context, accountID int64) ([]string, error) {
	var keys []string
	err := s.read(ctx).Raw("SELECT t.name_key FROM tag_follows f JOIN tags t ON t.id = f.tag_id WHERE f.account_id = ?", accountID).Scan(&keys).Error
	return keys, translate(err)
}

// FollowedTagIDs are the ids of the tags that the account follows.
func (s *conn) FollowedTagIDs(ctx context.Context, accountID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT f.tag_id FROM tag_follows f WHERE f.account_id = ? ORDER BY f.id", accountID)
}

// RowTag is a tag in a list that is ordered by the ids of other rows.
type RowTag struct {
	RowID int64
	Tag   Tag
}

// FollowedTags lists the tags that the account follows, the newest first. Of one of which it may not know, its row tells nothing: neither
// when somebody first used it, nor in which spelling.
func (s *conn) FollowedTags(ctx context.Context, acc *Account, r Range) ([]RowTag, error) {
	c := s.tagSeen(acc)
	rows, err := s.query(ctx, "SELECT f.id, t.id, t.name, t.name_key, t.created_at, "+c.sql+" FROM tag_follows f JOIN tags t ON t.id = f.tag_id WHERE f.account_id = ? AND f.id < ? AND f.id > ?"+
		" ORDER BY f.id"+r.order()+" LIMIT ?", append(slices.Clone(c.args), acc.ID, r.max(), r.Min, r.Limit)...)
	if err != nil {
		return nil, err
	}
	var out []RowTag
	for rows.next() {
		t := RowTag{rows.int(), Tag{rows.int(), rows.text(), rows.text(), Millis(rows.int())}}
		if !rows.bool() {
			t.Tag = Tag{Name: t.Tag.NameKey, NameKey: t.Tag.NameKey}
		}
		out = append(out, t)
	}
	return newestFirst(out, r), rows.done()
}

// tagPostsLooked is how many posts of a followed tag a page looks at, times its length: some are of people who are
// followed anyway, or not for everybody.
const tagPostsLooked = 2

// taggedPosts selects, as entry, post and booster, the first public posts in the range with one of the tags, by people who
// are not followed: the others come with their authors.
func (s *conn) taggedPosts(viewer *Account, tags []int64, r Range) condition {
	padded := (len(tags) + 4) / 5 * 5 // see homeBranches
	var q strings.Builder
	args := make([]any, 0, 4*padded+12)
	q.WriteString("SELECT DISTINCT b.post_id AS entry, b.post_id AS post, 0 AS booster FROM (")
	for i := range padded {
		tag := int64(0)
		if i < len(tags) {
			tag = tags[i]
		}
		if i > 0 {
			q.WriteString(" UNION ALL ")
		}
		q.WriteString("SELECT * FROM (SELECT t.post_id FROM post_tags t")
		q.WriteString(s.dialect.useIndex("PRIMARY"))
		q.WriteString(" WHERE t.tag_id = ? AND t.post_id < ? AND t.post_id > ? ORDER BY t.post_id")
		q.WriteString(r.order())
		q.WriteString(" LIMIT ?) x")
		args = append(args, tag, r.max(), r.Min, tagPostsLooked*r.Limit)
	}
	c := accountSeen(viewer, "oa")
	c.and(condition{sql: "oa.limited_at IS NULL"})
	unmuted, _ := s.unmuted(viewer, "oa")
	c.and(unmuted)
	c.and(condition{"o.listed = 1 AND o.author_id <> ? AND NOT EXISTS (SELECT 1 FROM follows fa WHERE fa.follower_id = ? AND fa.followee_id = o.author_id)", []any{viewer.ID, viewer.ID}})
	q.WriteString(") b " + s.joinByID("posts o", "b.post_id") + " " + s.joinByID("accounts oa", "o.author_id") + " WHERE " + c.sql)
	q.WriteString(strings.ReplaceAll(unwarned(viewer), "p.", "o."))
	q.WriteString(" ORDER BY entry" + r.order() + " LIMIT ?")
	return condition{q.String(), append(append(args, c.args...), r.Limit)}
}

// taggedAbove are the ids of the posts of followed tags on the page above r.Min, oldest first.
func (s *conn) taggedAbove(ctx context.Context, viewer *Account, r Range) ([]int64, error) {
	tags, err := s.FollowedTagIDs(ctx, viewer.ID)
	if err != nil || len(tags) == 0 {
		return nil, err
	}
	c := s.taggedPosts(viewer, tags, r)
	ids, err := s.idList(ctx, c.sql, c.args...)
	slices.SortFunc(ids, cmp.Compare)
	return ids, err
}

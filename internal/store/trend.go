package store

import (
	"context"
	"strings"
)

// Kinds of trends.
const (
	TrendPost = "post"
	TrendTag  = "tag"
)

// RankedPosts ranks the public posts above the id since by what people did to them, at most limit.
func (s *conn) RankedPosts(ctx context.Context, since int64, limit int) ([]Trend, error) {
	seen := accountSeen(nil, "a")
	return s.trends(ctx, "SELECT '', 0, p.id, p.id, p.likes_count + p.comments_count + p.boosts_count AS uses, 0 FROM "+s.postsBy("posts_listed_id")+
		" WHERE p.listed = 1 AND p.id > ? AND p.likes_count + p.comments_count + p.boosts_count > 0 AND "+seen.sql+" ORDER BY uses DESC, p.id DESC LIMIT ?",
		append(append([]any{since}, seen.args...), limit)...)
}

// RankedTags ranks the tags of the public posts above the id since by how many members used them, then by how often. Its
// cover is the newest post that no warning covers, 0 if there is none.
func (s *conn) RankedTags(ctx context.Context, since int64, limit int) ([]Trend, error) {
	seen := accountSeen(nil, "a")
	return s.trends(ctx, "SELECT '', 0, t.tag_id, COALESCE(MAX(CASE WHEN p.sensitive = 0 AND p.warning = '' AND p.photos_count > 0 THEN p.id END), 0),"+
		" COUNT(*) AS uses, COUNT(DISTINCT p.author_id) AS members FROM "+s.postsBy("posts_listed_id")+" JOIN post_tags t ON t.post_id = p.id"+
		" WHERE p.listed = 1 AND p.id > ? AND "+seen.sql+" GROUP BY t.tag_id ORDER BY members DESC, uses DESC, t.tag_id DESC LIMIT ?",
		append(append([]any{since}, seen.args...), limit)...)
}

func (s *conn) trends(ctx context.Context, query string, args ...any) ([]Trend, error) {
	rows, err := s.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var out []Trend
	for rows.next() {
		out = append(out, Trend{
			Kind: rows.text(), Position: int(rows.int()), TargetID: rows.int(), CoverID: rows.int(), Uses: int(rows.int()), Accounts: int(rows.int()),
		})
	}
	return out, rows.done()
}

// ReplaceTrends makes the list the trends of a kind, in its order. Call it inside a transaction.
func (s *conn) ReplaceTrends(ctx context.Context, kind string, list []Trend) error {
	if err := s.write(ctx).Exec("DELETE FROM trends WHERE kind = ?", kind).Error; err != nil {
		return translate(err)
	}
	if len(list) == 0 {
		return nil
	}
	args := make([]any, 0, 7*len(list))
	for i, t := range list {
		args = append(args, kind, i, t.TargetID, t.CoverID, t.Uses, t.Accounts, t.Days)
	}
	return translate(s.write(ctx).Exec("INSERT INTO trends (kind, position, target_id, cover_id, uses, accounts, days) VALUES "+
		strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?), ", len(list)), ", "), args...).Error)
}

// TrendingPosts reads the posts that are popular, those that the viewer may see, the first of them skipped.
func (s *conn) TrendingPosts(ctx context.Context, viewer *Account, skip, limit int) ([]Post, error) {
	where := condition{"tr.kind = ? AND p.listed = 1", []any{TrendPost}}
	where.and(accountListed(viewer, "a"))
	if c, ok := s.unmuted(viewer, "a"); ok {
		where.and(c)
	}
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	columns := homePost.by(viewer)
	return s.posts(ctx, columns, "SELECT "+columns.sql+" FROM trends tr "+s.joinByID("posts p", "tr.target_id")+" "+s.joinByID("accounts a", "p.author_id")+
		" WHERE "+where.sql+" ORDER BY tr.position LIMIT ? OFFSET ?", append(append(append(columns.args, where.args...), limit), skip)...)
}

// TrendingTag is a tag that is used, with a post that shows it.
type TrendingTag struct {
	Tag
	CoverID        int64 // 0 for none
	Uses, Accounts int
}

// TrendingTags reads the tags that are used, those that the viewer may know of, the first of them skipped.
func (s *conn) TrendingTags(ctx context.Context, viewer *Account, skip, limit int) ([]TrendingTag, error) {
	c := s.tagSeen(viewer)
	rows, err := s.query(ctx, "SELECT t.id, t.name, t.name_key, t.created_at, tr.cover_id, tr.uses, tr.accounts FROM trends tr "+s.joinByID("tags t", "tr.target_id")+
		" WHERE tr.kind = ? AND "+c.sql+" ORDER BY tr.position LIMIT ? OFFSET ?", append(append([]any{TrendTag}, c.args...), limit, skip)...)
	if err != nil {
		return nil, err
	}
	var out []TrendingTag
	for rows.next() {
		out = append(out, TrendingTag{Tag{rows.int(), rows.text(), rows.text(), Millis(rows.int())}, rows.int(), int(rows.int()), int(rows.int())})
	}
	return out, rows.done()
}

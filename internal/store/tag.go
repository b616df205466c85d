package store

import (
	"context"
	"errors"
	"slices"
)

// EnsureTags creates missing tags and returns the ids of all, in order of the keys. names are as written, by folded
// key. It runs before the transaction that uses them, so that a popular tag's row is never locked while a post is
// written.
func (s *conn) EnsureTags(ctx context.Context, names map[string]string) ([]int64, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if s.tx != nil {
		return nil, errors.New("store: EnsureTags inside a transaction")
	}
	ctx = Primary(ctx)
	keys := make([]string, 0, len(names))
	for k := range names {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for try := 0; ; try++ {
		have, err := s.tagsByKey(ctx, keys)
		if err != nil {
			return nil, err
		}
		ids, missing := make([]int64, 0, len(keys)), []string{}
		for _, k := range keys {
			if id, ok := have[k]; ok {
				ids = append(ids, id)
			} else {
				missing = append(missing, k)
			}
		}
		if len(missing) == 0 {
			return ids, nil
		}
		if try == 3 {
			return nil, errors.New("store: a tag was inserted and cannot be read")
		}
		for _, k := range missing { // ignored: another process was quicker, or drew the same id, which the next round mends
			if err := s.write(ctx).Exec(s.dialect.insertIgnore()+" tags (id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
				s.NewID(), names[k], k, nowMillis()).Error; err != nil {
				return nil, translate(err)
			}
		}
	}
}

func (s *conn) tagsByKey(ctx context.Context, keys []string) (map[string]int64, error) {
	args := make([]any, len(keys))
	for i, k := range keys {
		args[i] = k
	}
	rows, err := s.query(ctx, "SELECT name_key, id FROM tags WHERE name_key IN "+placeholders(len(keys)), args...)
	if err != nil {
		return nil, err
	}
	have := make(map[string]int64, len(keys))
	for rows.next() {
		k := rows.text()
		have[k] = rows.int()
	}
	return have, rows.done()
}

// SetPostTags replaces the post's tags.
func (s *conn) SetPostTags(ctx context.Context, postID int64, tagIDs []int64) error {
	return s.setPairs(ctx, "post_tags", "tag_id", postID, tagIDs)
}

// A tag is known to a viewer once it is in a public post that the viewer may see. One that is only in posts for
// followers must not be found by trying names.
func (s *conn) tagSeen(viewer *Account) condition {
	join, c := s.dialect.orderedJoin(), accountListed(viewer, "a")
	return condition{"EXISTS (SELECT 1 FROM post_tags pt " + join + " posts p ON p.id = pt.post_id " + join + " accounts a ON a.id = p.author_id" +
		" WHERE pt.tag_id = t.id AND p.listed = 1 AND " + c.sql + ")", c.args}
}

// TagByKey returns the tag of that folded name if the viewer may know of it, else ErrNotFound.
func (s *conn) TagByKey(ctx context.Context, viewer *Account, key string) (*Tag, error) {
	c := s.tagSeen(viewer)
	var tag *Tag
	err := lookUp(ctx, func(ctx context.Context) error {
		tags, err := s.tags(ctx, "t.name_key = ? AND "+c.sql, append([]any{key}, c.args...)...)
		if err != nil {
			return err
		}
		if len(tags) == 0 {
			return ErrNotFound
		}
		tag = &tags[0]
		return nil
	})
	return tag, err
}

// TagsByPrefix returns tags whose folded name begins with prefix and that the viewer may know of, in order of the
// names.
func (s *conn) TagsByPrefix(ctx context.Context, viewer *Account, prefix string, limit int) ([]Tag, error) {
	c := s.tagSeen(viewer)
	args := append(append([]any{prefix, prefix + "\U0010FFFF"}, c.args...), limit)
	return s.tags(ctx, "t.name_key >= ? AND t.name_key < ? AND "+c.sql+" ORDER BY t.name_key LIMIT ?", args...)
}

func (s *conn) tags(ctx context.Context, where string, args ...any) ([]Tag, error) {
	rows, err := s.query(ctx, "SELECT t.id, t.name, t.name_key, t.created_at FROM tags t WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	var tags []Tag
	for rows.next() {
		tags = append(tags, Tag{rows.int(), rows.text(), rows.text(), Millis(rows.int())})
	}
	return tags, rows.done()
}

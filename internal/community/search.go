package community

import (
	"context"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

// SearchTags finds at most limit (80) tags whose name begins with the text, with or without #. Tags that stand only in
// posts for followers are not found.
func (c *Community) SearchTags(ctx context.Context, viewer *store.Account, q string, limit int) ([]store.Tag, error) {
	if err := c.reader(viewer); err != nil {
		return nil, err
	}
	key := store.Fold(strings.TrimPrefix(strings.TrimSpace(q), "#"))
	if key == "" || utf8.RuneCountInString(key) > maxTagRunes || limit <= 0 {
		return []store.Tag{}, nil
	}
	tags, err := c.Store.TagsByPrefix(ctx, viewer, key, min(limit, 80))
	return tags, fromStore(err)
}

package community

import (
	"context"
	"strings"

	"tintype/internal/store"
)

// Tag finds the tag of that name (with or without #, in any case) if a post that the viewer may find by it carries it,
// else ErrNotFound.
func (c *Community) Tag(ctx context.Context, viewer *store.Account, name string) (*store.Tag, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	name = strings.TrimPrefix(strings.TrimSpace(name), "#")
	if !ValidTag(name) {
		return nil, ErrNotFound
	}
	t, err := c.Store.TagByKey(ctx, viewer, store.Fold(name))
	return t, fromStore(err)
}

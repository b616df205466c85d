package community

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

// SearchTags finds at most limit (80) tags whose name begins with the text, with or without #. Tags that stand only in
// posts for followers are not found.
func (c *Community) SearchTags(ctx context.Context, viewer *store.Account, q string, limit int) ([]store.Tag, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	key := store.Fold(strings.TrimPrefix(strings.TrimSpace(q), "#"))
	if key == "" || utf8.RuneCountInString(key) > maxTagRunes || limit <= 0 {
		return []store.Tag{}, nil
	}
	tags, err := c.Store.TagsByPrefix(ctx, viewer, key, min(limit, 80))
	return tags, fromStore(err)
}

// PostSearch says which posts are looked for.
type PostSearch struct {
	Text     string // words and operators; see docs/decisions/search.md
	AuthorID int64  // 0: anybody, or whom the text names
	Skip     int    // of what is found
	Cursor          // the ids among which it is looked; MinID and SinceID are the same
}

// MaxSearch is how far the results of a search go.
const MaxSearch = store.MaxMatches

// SearchPosts finds posts by words of their captions, warnings, tags and descriptions, and by their cameras and lenses, at
// most 80. The best of the newest 2,000 matches come first. Who finds what is said at store.SearchPosts. *Invalid for a
// text that is too long, or whose operators make no sense.
func (c *Community) SearchPosts(ctx context.Context, viewer *store.Account, q PostSearch) ([]*Post, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	asked, err := parseSearch(q.Text)
	if err != nil {
		return nil, err
	}
	r := q.span(defaultPosts, 80)
	s := store.PostSearch{Terms: asked.terms, AuthorID: q.AuthorID, Skip: max(0, q.Skip), Range: r}
	if asked.from != "" {
		id, err := c.searchedAuthor(ctx, viewer, asked.from)
		if err != nil {
			return nil, err
		}
		if id == 0 || q.AuthorID != 0 && q.AuthorID != id {
			return []*Post{}, nil
		}
		s.AuthorID = id
	} else if len(s.Terms) == 0 { // an author alone, or a date, is no search of an app
		return []*Post{}, nil
	}
	if asked.before != 0 && (s.Max == 0 || asked.before < s.Max) {
		s.Max = asked.before
	}
	s.Min = max(s.Min, asked.after)
	if s.Skip >= MaxSearch {
		return []*Post{}, nil
	}
	ids, err := c.Store.SearchPosts(ctx, viewer, s)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.postsByID(ctx, viewer, FilterPublic, ids)
}

// searchedAuthor is the id of the account that from: names, 0 for nobody whom the viewer may see.
func (c *Community) searchedAuthor(ctx context.Context, viewer *store.Account, name string) (int64, error) {
	if strings.EqualFold(name, "me") {
		if viewer == nil {
			return 0, nil
		}
		return viewer.ID, nil
	}
	acc, err := c.Store.SeenAccountByUsername(ctx, viewer, c.LocalName(name))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fromStore(err)
	}
	return acc.ID, nil
}

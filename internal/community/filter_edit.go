package community

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// FilterChange is what an account decides of a filter. A field that is nil stays as it is.
type FilterChange struct {
	Title    *string
	Contexts []FilterContext
	Hide     *bool
	Ends     *time.Duration // from now; 0: never
	Keywords []KeywordChange
	// DropPosts are the ids of FilterPosts that the filter no longer names; one that it has not is fine.
	DropPosts []int64
	// IdempotencyKey is the key of the form: sent twice, it makes one filter.
	IdempotencyKey string `json:"-"`
}

// KeywordChange adds a keyword to a filter, or with an ID changes or removes one.
type KeywordChange struct {
	ID        int64
	Keyword   *string
	WholeWord *bool // of a new one nil is true
	Remove    bool

	fresh int64 // the id of a new one, whichever try adds it
}

// apply writes the change into the filter, or returns *Invalid; ErrNotFound for a keyword that it has not.
func (o *FilterChange) apply(f *Filter) error {
	bad := &Invalid{}
	if o.Title != nil {
		f.Title = oneLine(*o.Title)
	}
	if f.Title == "" {
		bad.add("title", "blank", "A filter needs a name.")
	}
	checkLength(bad, "title", lang.Key("The name"), f.Title, MaxFilterTitle)
	if o.Contexts != nil {
		f.Contexts = slices.Clone(o.Contexts)
		slices.Sort(f.Contexts)
		f.Contexts = slices.Compact(f.Contexts)
	}
	if len(f.Contexts) == 0 {
		bad.add("context", "blank", "A filter needs at least one place where it applies.")
	}
	if slices.ContainsFunc(f.Contexts, func(in FilterContext) bool { return !slices.Contains(FilterContexts, in) }) {
		bad.add("context", "invalid", "A filter applies to home, notifications, public, thread or account.")
	}
	set(&f.Hide, o.Hide)
	if o.Ends != nil {
		f.ExpiresAt = nil
		switch {
		case *o.Ends < 0 || *o.Ends > longestFilter:
			bad.add("expires_in", "invalid", "That is not a valid time for a filter.")
		case *o.Ends > 0:
			at := store.ToMillis(time.Now().Add(*o.Ends))
			f.ExpiresAt = &at
		}
	}
	for i := range o.Keywords {
		if err := o.Keywords[i].apply(f, bad); err != nil {
			return err
		}
	}
	f.Posts = slices.DeleteFunc(f.Posts, func(p FilterPost) bool { return slices.Contains(o.DropPosts, p.ID) })
	return bad.err()
}

func (k *KeywordChange) apply(f *Filter, bad *Invalid) error {
	id := k.ID
	if id == 0 {
		id = k.fresh
	}
	at := keywordIndex(id)(f)
	switch {
	case at < 0 && k.ID != 0 && k.Remove:
		return nil // as asked
	case at < 0 && k.ID != 0:
		return ErrNotFound
	case at < 0 && k.Remove:
		return nil
	case k.Remove:
		f.Keywords = slices.Delete(f.Keywords, at, at+1)
		return nil
	case at < 0:
		f.Keywords = append(f.Keywords, FilterKeyword{ID: id, WholeWord: true})
		at = len(f.Keywords) - 1
	}
	word := &f.Keywords[at]
	if k.Keyword != nil {
		word.Keyword = oneLine(*k.Keyword)
	}
	set(&word.WholeWord, k.WholeWord)
	if store.Fold(word.Keyword) == "" {
		bad.add("keyword", "blank", "A keyword needs at least one letter.")
	}
	checkLength(bad, "keyword", lang.Key("A keyword"), word.Keyword, MaxFilterKeyword)
	if len(f.Keywords) == MaxFilterKeywords+1 {
		bad.add("keyword", "too_many", "A filter may have at most %d keywords.", MaxFilterKeywords)
	}
	return nil
}

// changeFilters runs f on the account's filters, under the account's lock. f may be repeated, also after a try of it was
// committed: what it adds has an id that was drawn before.
func (c *Community) changeFilters(ctx context.Context, acc *store.Account, f func(list []Filter) ([]Filter, error)) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		me := locked[acc.ID]
		if me == nil || !me.Active() {
			return ErrUnauthenticated
		}
		list, err := readFilters(me.Filters)
		if err != nil {
			return err
		}
		if list, err = f(list); err != nil {
			return err
		}
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if len(text) > maxFiltersSize {
			return invalid("", "too_long", "Your filters have too many words in all. Remove one that you no longer need.")
		}
		if err := tx.SetFilters(ctx, acc.ID, string(text)); err != nil {
			return err
		}
		return tx.AddEvent(ctx, EventFiltersChanged, acc.ID, acc.ID, nil)
	})
	return fromStore(err)
}

// prepare gives new keywords their ids.
func (c *Community) prepare(change *FilterChange) {
	change.Keywords = slices.Clone(change.Keywords)
	for i := range change.Keywords {
		if change.Keywords[i].fresh == 0 {
			change.Keywords[i].fresh = c.Store.NewID()
		}
	}
}

// CreateFilter makes a filter. It returns *Invalid past MaxFilters.
func (c *Community) CreateFilter(ctx context.Context, acc *store.Account, change FilterChange) (*Filter, error) {
	made := Filter{ID: c.Store.NewID()}
	key, err := formKey(acc, "filter", change.IdempotencyKey, change)
	if err != nil {
		return nil, err
	}
	if key != nil {
		made.Key = key.KeyHash[:20] // in the account's row, with the filters
	}
	c.prepare(&change)
	if err := change.apply(&made); err != nil {
		return nil, err
	}
	err = c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		if _, err := filterByID(list, made.ID); err == nil {
			return list, nil // an earlier try
		}
		if at := slices.IndexFunc(list, func(f Filter) bool { return made.Key != "" && f.Key == made.Key }); at >= 0 {
			made = list[at]
			return list, nil
		}
		if len(list) >= MaxFilters {
			return nil, invalid("", "too_many", "You have %d filters, which is the most this site allows.", MaxFilters)
		}
		return append(list, made), nil
	})
	if err != nil {
		return nil, err
	}
	return &made, nil
}

// UpdateFilter changes a filter.
func (c *Community) UpdateFilter(ctx context.Context, acc *store.Account, id int64, change FilterChange) (*Filter, error) {
	var changed Filter
	c.prepare(&change)
	err := c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		f, err := filterByID(list, id)
		if err != nil {
			return nil, err
		}
		err = change.apply(f)
		changed = *f
		return list, err
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// DeleteFilter removes a filter with all that it has.
func (c *Community) DeleteFilter(ctx context.Context, acc *store.Account, id int64) error {
	done := false
	return c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		if _, err := filterByID(list, id); err != nil && !done {
			return nil, err
		}
		done = true
		return slices.DeleteFunc(list, func(f Filter) bool { return f.ID == id }), nil
	})
}

// AddFilterKeyword adds a keyword to a filter.
func (c *Community) AddFilterKeyword(ctx context.Context, acc *store.Account, filterID int64, k KeywordChange) (*FilterKeyword, error) {
	k.ID, k.fresh = 0, c.Store.NewID()
	if k.Keyword == nil {
		k.Keyword = new(string)
	}
	f, err := c.UpdateFilter(ctx, acc, filterID, FilterChange{Keywords: []KeywordChange{k}})
	if err != nil {
		return nil, err
	}
	return &f.Keywords[keywordIndex(k.fresh)(f)], nil
}

// UpdateFilterKeyword changes the keyword with the id of k, wherever it is, or removes it.
func (c *Community) UpdateFilterKeyword(ctx context.Context, acc *store.Account, k KeywordChange) (*FilterKeyword, error) {
	var changed FilterKeyword
	done := false
	err := c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		f, at, err := filterWith(list, keywordIndex(k.ID))
		if err != nil {
			if done && k.Remove {
				return list, nil
			}
			return nil, err
		}
		done = true
		bad := &Invalid{}
		if err := k.apply(f, bad); err != nil {
			return nil, err
		}
		if !k.Remove {
			changed = f.Keywords[at]
		}
		return list, bad.err()
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// AddFilterPost has a filter name a post or comment that the account may see. One that it names already stays as it is.
func (c *Community) AddFilterPost(ctx context.Context, acc *store.Account, filterID, postID int64) (*FilterPost, error) {
	if _, err := c.Filter(acc, filterID); err != nil {
		return nil, err
	}
	if _, err := c.Store.PostByID(ctx, acc, postID); err != nil {
		return nil, fromStore(err)
	}
	named := FilterPost{ID: c.Store.NewID(), PostID: postID}
	err := c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		f, err := filterByID(list, filterID)
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(f.Posts, func(p FilterPost) bool { return p.PostID == postID }); at >= 0 {
			named = f.Posts[at]
			return list, nil
		}
		if len(f.Posts) >= MaxFilterPosts {
			return nil, invalid("", "too_many", "A filter may name at most %d posts.", MaxFilterPosts)
		}
		f.Posts = append(f.Posts, named)
		return list, nil
	})
	if err != nil {
		return nil, err
	}
	return &named, nil
}

// RemoveFilterPost has a filter no longer name a post. It returns what it was.
func (c *Community) RemoveFilterPost(ctx context.Context, acc *store.Account, id int64) (*FilterPost, error) {
	var removed *FilterPost
	err := c.changeFilters(ctx, acc, func(list []Filter) ([]Filter, error) {
		f, at, err := filterWith(list, filterPostIndex(id))
		if err != nil {
			if removed != nil {
				return list, nil // an earlier try
			}
			return nil, err
		}
		was := f.Posts[at]
		removed, f.Posts = &was, slices.Delete(f.Posts, at, at+1)
		return list, nil
	})
	return removed, err
}

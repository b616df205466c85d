package community

import (
	"context"
	"errors"
	"slices"
	"strings"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// The bounds of an account's lists.
const (
	MaxLists       = 50
	MaxListMembers = 500
	MaxListTitle   = 100
)

// RepliesPolicies are the values that clients know of a list's replies_policy. It changes nothing here: comments are in no
// feed.
var RepliesPolicies = []string{"followed", "list", "none"}

// ListOptions are what an account decides of a list. A field that is nil stays as it is.
type ListOptions struct {
	Title          *string
	RepliesPolicy  *string
	Exclusive      *bool  // its members are not in the home feed
	IdempotencyKey string `json:"-"` // of the form: sent twice, it makes one list
}

// apply writes the options into the list, or returns *Invalid.
func (o ListOptions) apply(l *store.List) error {
	bad := &Invalid{}
	if o.Title != nil {
		l.Title = oneLine(*o.Title)
	}
	if l.Title == "" {
		bad.add("title", "blank", "A list needs a name.")
	}
	checkLength(bad, "title", lang.Key("The name"), l.Title, MaxListTitle)
	set(&l.RepliesPolicy, o.RepliesPolicy)
	if !slices.Contains(RepliesPolicies, l.RepliesPolicy) {
		bad.add("replies_policy", "invalid", "Replies policy is followed, list or none.")
	}
	set(&l.Exclusive, o.Exclusive)
	return bad.err()
}

// Lists are the account's lists, the oldest first.
func (c *Community) Lists(ctx context.Context, acc *store.Account) ([]store.List, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	lists, err := c.Store.ListsOf(ctx, acc.ID)
	return lists, fromStore(err)
}

// List is one of the account's own lists, else ErrNotFound.
func (c *Community) List(ctx context.Context, acc *store.Account, id int64) (*store.List, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	l, err := c.Store.ListByID(ctx, acc.ID, id)
	return l, fromStore(err)
}

// ListsWith are those of the account's lists that the other is in. It returns ErrNotFound for one that the account may
// not see.
func (c *Community) ListsWith(ctx context.Context, acc *store.Account, otherID int64) ([]store.List, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	if err := c.seesAccount(ctx, acc, otherID); err != nil {
		return nil, err
	}
	lists, err := c.Store.ListsWith(ctx, acc.ID, otherID)
	return lists, fromStore(err)
}

// CreateList makes a list. It returns *Invalid past MaxLists.
func (c *Community) CreateList(ctx context.Context, acc *store.Account, o ListOptions) (*store.List, error) {
	l := store.List{RepliesPolicy: "list"}
	if err := o.apply(&l); err != nil {
		return nil, err
	}
	key, err := formKey(acc, "list", o.IdempotencyKey, o)
	if err != nil {
		return nil, err
	}
	first, err := c.once(ctx, key, func() error { return c.createList(ctx, acc, &l, key) })
	if err != nil {
		return nil, fromStore(err)
	}
	if first != 0 {
		return c.List(store.Primary(ctx), acc, first)
	}
	return &l, nil
}

func (c *Community) createList(ctx context.Context, acc *store.Account, l *store.List, key *store.IdempotencyKey) error {
	_, err := c.Store.TxOnce(ctx, "lists", func(ctx context.Context, tx *store.Store, id int64) error {
		if err := lockActive(ctx, tx, acc); err != nil {
			return err
		}
		if err := takeKey(ctx, tx, key, id); err != nil {
			return err
		}
		lists, err := tx.ListsOf(ctx, acc.ID)
		if err != nil {
			return err
		}
		if len(lists) >= MaxLists {
			return invalid("", "too_many", "You have %d lists, which is the most this site allows.", MaxLists)
		}
		l.ID, l.AccountID, l.CreatedAt = id, acc.ID, store.ToMillis(store.IDTime(id))
		return tx.AddList(ctx, *l)
	})
	return err
}

// lockActive locks the row of an account that has to be active.
func lockActive(ctx context.Context, tx *store.Store, acc *store.Account) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	locked, err := tx.LockAccounts(ctx, acc.ID)
	if err != nil {
		return err
	}
	if me := locked[acc.ID]; me == nil || !me.Active() {
		return ErrUnauthenticated
	}
	return nil
}

// changeList runs f on one of the account's own lists, under the account's lock. It returns ErrNotFound for another's.
func (c *Community) changeList(ctx context.Context, acc *store.Account, id int64, f func(ctx context.Context, tx *store.Store, l *store.List) error) (*store.List, error) {
	var changed *store.List
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := lockActive(ctx, tx, acc); err != nil {
			return err
		}
		l, err := tx.ListByID(ctx, acc.ID, id)
		if err != nil {
			return err
		}
		changed = l
		return f(ctx, tx, l)
	})
	if err != nil {
		return nil, fromStore(err)
	}
	return changed, nil
}

// UpdateList changes a list.
func (c *Community) UpdateList(ctx context.Context, acc *store.Account, id int64, o ListOptions) (*store.List, error) {
	return c.changeList(ctx, acc, id, func(ctx context.Context, tx *store.Store, l *store.List) error {
		if err := o.apply(l); err != nil {
			return err
		}
		return tx.UpdateList(ctx, *l)
	})
}

// DeleteList deletes a list. Whom it had is still followed.
func (c *Community) DeleteList(ctx context.Context, acc *store.Account, id int64) error {
	_, err := c.changeList(ctx, acc, id, func(ctx context.Context, tx *store.Store, l *store.List) error { return tx.DeleteList(ctx, *l) })
	return err
}

// ListMembers lists who is in a list, who came last first.
func (c *Community) ListMembers(ctx context.Context, acc *store.Account, id int64, p Cursor) (*AccountPage, error) {
	if _, err := c.List(ctx, acc, id); err != nil {
		return nil, err
	}
	return c.accountPage(ctx, acc, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.ListMembers(ctx, acc, id, r) })
}

// AllListMembers is ListMembers on one page.
func (c *Community) AllListMembers(ctx context.Context, acc *store.Account, id int64) ([]*store.Account, error) {
	var all []*store.Account
	for p := (Cursor{Limit: maxAccounts}); ; {
		page, err := c.ListMembers(ctx, acc, id, p)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Accounts...)
		if p.MaxID = page.Next; page.Next == 0 || len(all) >= MaxListMembers {
			return all, nil
		}
	}
}

// AddToList puts accounts that acc follows into a list. Those that are in it stay. It returns *Invalid for one that is not
// followed and past MaxListMembers, and ErrNotFound for one that acc may not see; then nobody is added.
func (c *Community) AddToList(ctx context.Context, acc *store.Account, id int64, accountIDs []int64) error {
	var others idSet
	for _, other := range accountIDs {
		others.add(other)
	}
	_, err := c.changeList(ctx, acc, id, func(ctx context.Context, tx *store.Store, l *store.List) error {
		followed, err := tx.FollowedAmong(ctx, acc.ID, others.ids)
		if err != nil {
			return err
		}
		if len(followed) < len(others.ids) {
			seen, err := tx.FeedAccounts(ctx, acc, others.ids)
			if err != nil {
				return err
			}
			if len(seen) < len(others.ids) {
				return ErrNotFound
			}
			return invalid("account_ids", "not_followed", "Only people you follow can be in a list.")
		}
		in, err := tx.ListMemberIDs(ctx, l.ID)
		if err != nil {
			return err
		}
		added := slices.DeleteFunc(slices.Clone(others.ids), func(id int64) bool { return slices.Contains(in, id) })
		if len(in)+len(added) > MaxListMembers {
			return invalid("account_ids", "too_many", "A list may have at most %d people.", MaxListMembers)
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.AddListMembers(ctx, l, added, now)
	})
	return err
}

// AddNameToList is AddToList for an account by its name. It returns *Invalid for a name that nobody has whom acc sees.
func (c *Community) AddNameToList(ctx context.Context, acc *store.Account, id int64, name string) error {
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	whom, err := c.AccountByName(store.Primary(ctx), acc, name)
	if errors.Is(err, ErrNotFound) || name == "" {
		return invalid("name", "unknown", "There is nobody by that name.")
	}
	if err != nil {
		return err
	}
	return c.AddToList(ctx, acc, id, []int64{whom.ID})
}

// RemoveFromList takes accounts out of a list; those that are not in it are fine.
func (c *Community) RemoveFromList(ctx context.Context, acc *store.Account, id int64, accountIDs []int64) error {
	_, err := c.changeList(ctx, acc, id, func(ctx context.Context, tx *store.Store, l *store.List) error {
		return tx.RemoveListMembers(ctx, l.ID, accountIDs)
	})
	return err
}

// ListFeed returns the posts of who is in one of the account's own lists, and what these boosted. It is paged by FeedID.
func (c *Community) ListFeed(ctx context.Context, acc *store.Account, id int64, page Cursor) ([]*Post, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	if _, err := c.List(ctx, acc, id); err != nil {
		return nil, err
	}
	posts, err := c.Store.ListPosts(ctx, acc, id, page.span(defaultPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadPosts(ctx, acc, FilterHome, posts)
}

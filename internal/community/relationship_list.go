package community

import (
	"context"

	"tintype/internal/store"
)

// AccountPage is a page of a list of accounts, newest first. Next is the MaxID of the next page, 0 on the last one;
// Prev is the MinID for newer entries. Both are ids of the list's rows, not of accounts.
type AccountPage struct {
	Accounts   []*store.Account
	Next, Prev int64
}

// maxRelationships bounds how many accounts one question may be about.
const maxRelationships = 200

// Relationships returns how acc stands to each of the accounts, in their order. Ids beyond the first 200 and those
// without a visible account are left out, suspended accounts unless they are asked for.
func (c *Community) Relationships(ctx context.Context, acc *store.Account, ids []int64, suspended bool) ([]Relationship, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	var set idSet
	for _, id := range ids {
		if len(set.ids) < maxRelationships {
			set.add(id)
		}
	}
	asked := set.ids
	accounts, err := c.Store.AccountsByID(ctx, asked)
	if err != nil {
		return nil, fromStore(err)
	}
	active := make(map[int64]bool, len(accounts))
	for _, a := range accounts {
		active[a.ID] = a.Active() || suspended && a.DeletedAt == nil
	}
	there := asked[:0]
	for _, id := range asked {
		if active[id] {
			there = append(there, id)
		}
	}
	rels, err := c.Store.Relationships(ctx, acc.ID, there)
	return rels, fromStore(err)
}

// How many entries a list of accounts or notifications has.
const (
	defaultAccounts = 40
	maxAccounts     = 80
)

// accountPage reads a page by list, which is asked for one row more than the page holds, to know whether it is the
// last. The accounts are those that the viewer may see.
func (c *Community) accountPage(ctx context.Context, viewer *store.Account, p Cursor, list func(store.Range) ([]store.RowAccount, error)) (*AccountPage, error) {
	return c.pageOfAccounts(ctx, func(ctx context.Context, ids []int64) (map[int64]*store.Account, error) {
		return c.Store.FeedAccounts(ctx, viewer, ids)
	}, p, list)
}

// pageOfAccounts is accountPage of those accounts that read returns.
func (c *Community) pageOfAccounts(ctx context.Context, read func(context.Context, []int64) (map[int64]*store.Account, error), p Cursor, list func(store.Range) ([]store.RowAccount, error)) (*AccountPage, error) {
	r := p.span(defaultAccounts, maxAccounts)
	limit := r.Limit
	r.Limit++
	rows, err := list(r)
	if err != nil {
		return nil, fromStore(err)
	}
	more := len(rows) > limit
	if more && r.Up {
		rows = rows[1:] // the extra row is the newest
	} else if more {
		rows = rows[:limit]
	}
	out := &AccountPage{Accounts: make([]*store.Account, 0, len(rows))}
	if len(rows) == 0 {
		return out, nil
	}
	out.Prev = rows[0].RowID
	if more || r.Up { // below a page that was asked for upwards stands at least the row it started from
		out.Next = rows[len(rows)-1].RowID
	}
	ids := make([]int64, len(rows))
	for i, row := range rows {
		ids[i] = row.AccountID
	}
	accounts, err := read(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	for _, id := range ids {
		if a := accounts[id]; a != nil {
			out.Accounts = append(out.Accounts, a)
		}
	}
	return out, c.loadProfilePhotos(ctx, out.Accounts...)
}

// seesAccount is ErrNotFound where the viewer may not see what the account does.
func (c *Community) seesAccount(ctx context.Context, viewer *store.Account, id int64) error {
	if err := c.reader(ctx, viewer); err != nil {
		return err
	}
	seen, err := c.Store.CanSeeAccount(ctx, viewer, id)
	if err != nil {
		return fromStore(err)
	}
	if !seen {
		return ErrNotFound
	}
	return nil
}

// Followers lists who follows the account. ErrNotFound if the viewer may not see the account.
func (c *Community) Followers(ctx context.Context, viewer *store.Account, id int64, p Cursor) (*AccountPage, error) {
	if err := c.seesAccount(ctx, viewer, id); err != nil {
		return nil, err
	}
	return c.accountPage(ctx, viewer, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.FollowersOf(ctx, id, viewer, r) })
}

// Following lists whom the account follows. ErrNotFound if the viewer may not see the account.
func (c *Community) Following(ctx context.Context, viewer *store.Account, id int64, p Cursor) (*AccountPage, error) {
	if err := c.seesAccount(ctx, viewer, id); err != nil {
		return nil, err
	}
	return c.accountPage(ctx, viewer, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.FollowedBy(ctx, id, viewer, r) })
}

// FollowRequests lists who waits for acc's approval.
func (c *Community) FollowRequests(ctx context.Context, acc *store.Account, p Cursor) (*AccountPage, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	return c.accountPage(ctx, acc, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.FollowRequests(ctx, acc, r) })
}

// FollowRequestsCount is the number of accounts that wait for acc's approval.
func (c *Community) FollowRequestsCount(ctx context.Context, acc *store.Account) (int, error) {
	if acc == nil {
		return 0, ErrUnauthenticated
	}
	n, err := c.Store.FollowRequestsTo(ctx, acc)
	return n, fromStore(err)
}

// Blocks lists the accounts that acc blocks.
func (c *Community) Blocks(ctx context.Context, acc *store.Account, p Cursor) (*AccountPage, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	// Also those whom a visitor does not see: who is limited stays blocked.
	return c.pageOfAccounts(ctx, c.Store.ActiveAccounts, p, func(r store.Range) ([]store.RowAccount, error) { return c.Store.BlockedBy(ctx, acc.ID, r) })
}

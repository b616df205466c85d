package community

import (
	"context"
	"slices"
	"strconv"
	"time"

	"tintype/internal/store"
)

// notificationRows and notificationReads bound what one page of groups reads: so many rows at once, so many times. A thousand
// likes of one post are one group of one page.
const (
	notificationRows  = 200
	notificationReads = 5
)

// NotificationGroup is what shares a row of a page: what several people did to one thing. Latest is the newest of it.
type NotificationGroup struct {
	Latest *Notification
	// Before is whoever did the same before, nil for nobody; Others are how many did, Before among them.
	Before *store.Account
	Others int
	Rows   []store.Notification
}

// NotificationPage is a page of groups, the newest first.
type NotificationPage struct {
	Groups []NotificationGroup
	// Newest and Oldest are the ids between which its rows are, 0 for none.
	Newest, Oldest int64
	More           bool // in the direction in which the cursor leads
}

// NotificationGroups lists the notifications of acc as Notifications does, but by what they share: the cursor's limit is of
// groups. Of each, two notifications are loaded, however many it has.
func (c *Community) NotificationGroups(ctx context.Context, acc *store.Account, f NotificationFilter, p Cursor) (*NotificationPage, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	r := p.span(defaultAccounts, maxAccounts)
	most := r.Limit
	r.Limit = notificationRows
	page := &NotificationPage{}
	var read []store.Notification // in the direction of the cursor
	seen := map[string]bool{}
	for range notificationReads {
		rows, err := c.Store.Notifications(ctx, acc, f.rows(), r)
		if err != nil {
			return nil, fromStore(err)
		}
		if r.Up {
			slices.Reverse(rows)
		}
		page.More = len(rows) == r.Limit
		for i := range rows {
			key := notificationGroup(&rows[i])
			if !seen[key] && len(seen) == most {
				rows, page.More = rows[:i], true
				break
			}
			seen[key] = true
		}
		read = append(read, rows...)
		if len(rows) < r.Limit {
			break
		}
		if last := rows[len(rows)-1].ID; r.Up {
			r.Min = last
		} else {
			r.Max = last
		}
	}
	if len(read) == 0 {
		return page, nil
	}
	if r.Up {
		slices.Reverse(read)
	}
	page.Newest, page.Oldest = read[0].ID, read[len(read)-1].ID
	var err error
	page.Groups, err = c.loadGroups(ctx, acc, groupNotifications(read))
	return page, err
}

// groupNotifications puts together the rows, the newest first, that share a row of the page.
func groupNotifications(rows []store.Notification) (groups [][]store.Notification) {
	at := map[string]int{}
	for _, n := range rows {
		key := notificationGroup(&n)
		if i, ok := at[key]; ok {
			groups[i] = append(groups[i], n)
			continue
		}
		at[key] = len(groups)
		groups = append(groups, []store.Notification{n})
	}
	return groups
}

// loadGroups loads the newest notification of each group, and who did the same before.
func (c *Community) loadGroups(ctx context.Context, acc *store.Account, groups [][]store.Notification) ([]NotificationGroup, error) {
	var rows []store.Notification
	others := make([][]int64, len(groups))
	for i, g := range groups {
		rows = append(rows, g[0])
		people := idSet{}
		people.add(g[0].FromID)
		for _, n := range g[1:] {
			if people.add(n.FromID); len(people.ids) == 2 && len(others[i]) == 0 {
				rows = append(rows, n)
			}
			others[i] = people.ids[1:]
		}
	}
	list, err := c.loadNotifications(ctx, acc, rows)
	if err != nil {
		return nil, err
	}
	loaded := make(map[int64]*Notification, len(list))
	for _, n := range list {
		loaded[n.ID] = n
	}
	out := make([]NotificationGroup, 0, len(groups))
	for i, g := range groups {
		group := NotificationGroup{Latest: loaded[g[0].ID], Rows: g}
		if group.Latest == nil {
			continue // gone between two statements
		}
		for _, n := range g[1:] {
			if l := loaded[n.ID]; l != nil && l.FromID != group.Latest.FromID {
				group.Before, group.Others = l.From, len(others[i])
				break
			}
		}
		out = append(out, group)
	}
	return out, nil
}

// notificationGroup names what a notification shares a row with. Follows of one day stand together, and so do those who joined
// and those who wait to be let in. What somebody wrote has a row of its own.
func notificationGroup(n *store.Notification) string {
	day := n.CreatedAt.Time().UTC().Format(time.DateOnly)
	switch {
	case n.Kind == store.NotifySignUp && n.FromWaits:
		return n.Kind + " waits " + day
	case n.Kind == store.NotifyFollow || n.Kind == store.NotifySignUp:
		return n.Kind + " " + day
	case n.PostID != nil && n.Kind != store.NotifyMention && n.Kind != store.NotifyReport:
		return n.Kind + " " + strconv.FormatInt(*n.PostID, 10)
	}
	return strconv.FormatInt(n.ID, 10)
}

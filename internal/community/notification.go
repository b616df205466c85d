package community

import (
	"context"
	"errors"
	"slices"

	"tintype/internal/budget"
	"tintype/internal/store"
)

// MaxUnread is where counting unread notifications stops. A member with as many sees "99+".
const MaxUnread = 100

// clearBatch is how many notifications one statement removes.
const clearBatch = 500

// Notification is one notification of acc, with the account and the post that it is about.
type Notification struct {
	store.Notification
	From *store.Account
	Post *Post // nil for follows, reports and invitations
	// Album is what store.NotifyAlbum invites to.
	Album *store.Album
	// Report is of NotifyReport for those who read reports, and of NotifyOutcome for who filed it, where it is there.
	Report *FiledReport
	// Decision is of NotifyDecision and NotifyAppeal.
	Decision *store.Decision
	// Comment is of NotifyAnnouncement.
	Comment *store.AnnouncementComment
}

// GivenReport reports whether somebody gave the account a report to decide about: all others come from who filed them.
func (n *Notification) GivenReport() bool {
	return n.Kind == store.NotifyReport && n.Report != nil && (n.Report.ReporterID == nil || *n.Report.ReporterID != n.FromID)
}

// OnlyOnPages reports whether clients of the API would not know the kind.
func (n *Notification) OnlyOnPages() bool { return slices.Contains(store.PageKinds, n.Kind) }

// NotificationFilter narrows a list to Types (all, if empty) without Exclude, and to those from one account.
type NotificationFilter struct {
	Types, Exclude []string
	FromID         int64
	OnPage         bool // with the kinds that only pages show, without those that the member does not want there
}

func (f NotificationFilter) rows() store.NotificationFilter {
	exclude := f.Exclude
	if !f.OnPage {
		exclude = slices.Concat(exclude, store.PageKinds)
	}
	return store.NotificationFilter{Kinds: f.Types, Exclude: exclude, FromID: f.FromID, OnPage: f.OnPage}
}

// Notifications lists the notifications of acc, newest first, without those about accounts and posts that acc may no
// longer see. A page costs the same number of statements however long it is.
func (c *Community) Notifications(ctx context.Context, acc *store.Account, f NotificationFilter, p Cursor) ([]*Notification, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	rows, err := c.Store.Notifications(ctx, acc, f.rows(),
		p.span(defaultAccounts, maxAccounts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.loadNotifications(ctx, acc, rows)
}

// Notification returns one of the account's notifications, else ErrNotFound.
func (c *Community) Notification(ctx context.Context, acc *store.Account, id int64) (*Notification, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	row, err := c.Store.NotificationByID(ctx, acc, id)
	if err != nil {
		return nil, fromStore(err)
	}
	list, err := c.loadNotifications(ctx, acc, []store.Notification{*row})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list[0], nil
}

func (c *Community) loadNotifications(ctx context.Context, acc *store.Account, rows []store.Notification) ([]*Notification, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	var from, about, albums idSet
	for _, n := range rows {
		from.add(n.FromID)
		if n.AlbumID != nil {
			albums.add(*n.AlbumID)
		}
		if n.PostID != nil {
			about.add(*n.PostID)
		}
	}
	accounts, err := c.accountsWithPhotos(ctx, from.ids)
	if err != nil {
		return nil, err
	}
	posts, err := c.postsOf(ctx, acc, FilterNotifications, about.ids)
	if err != nil {
		return nil, err
	}
	invitedTo, err := c.Store.AlbumsByID(ctx, acc, albums.ids)
	if err != nil {
		return nil, fromStore(err)
	}
	reports, decisions, err := c.notifiedOf(ctx, acc, rows)
	if err != nil {
		return nil, err
	}
	comments, err := c.notifiedComments(ctx, rows)
	if err != nil {
		return nil, err
	}
	list := make([]*Notification, 0, len(rows))
	for _, row := range rows {
		n := &Notification{Notification: row, From: accounts[row.FromID]}
		if row.PostID != nil {
			n.Post = posts[*row.PostID]
		}
		if row.AlbumID != nil {
			if at := slices.IndexFunc(invitedTo, func(al *store.Album) bool { return al.ID == *row.AlbumID }); at >= 0 {
				n.Album = invitedTo[at]
			}
		}
		if row.RefID != nil {
			n.Report, n.Decision, n.Comment = reports[*row.RefID], decisions[*row.RefID], comments[*row.RefID]
		}
		if n.From == nil || row.Kind == store.NotifyAnnouncement && n.Comment == nil || row.PostID != nil && n.Post == nil || row.AlbumID != nil && n.Album == nil {
			continue // gone between two statements
		}
		list = append(list, n)
	}
	return list, nil
}

// notifiedOf loads the reports and decisions that notifications refer to, by id.
func (c *Community) notifiedOf(ctx context.Context, acc *store.Account, rows []store.Notification) (map[int64]*FiledReport, map[int64]*store.Decision, error) {
	var about, decided idSet
	for _, n := range rows {
		switch {
		case n.RefID == nil:
		case n.Kind == store.NotifyDecision || n.Kind == store.NotifyAppeal:
			decided.add(*n.RefID)
		case n.Kind == store.NotifyOutcome || n.Kind == store.NotifyReport && May(acc, ReadReports):
			about.add(*n.RefID)
		}
	}
	reports := map[int64]*FiledReport{}
	if len(about.ids) > 0 {
		found, err := c.Store.ReportsByID(ctx, about.ids)
		if err != nil {
			return nil, nil, fromStore(err)
		}
		list, err := c.loadReports(ctx, acc, found)
		if err != nil {
			return nil, nil, err
		}
		for _, r := range list {
			reports[r.ID] = r
		}
	}
	decisions := map[int64]*store.Decision{}
	found, err := c.Store.DecisionsByID(ctx, decided.ids)
	for _, d := range found {
		decisions[d.ID] = d
	}
	return reports, decisions, fromStore(err)
}

// notifiedComments loads the comments on announcements that notifications are about, by id.
func (c *Community) notifiedComments(ctx context.Context, rows []store.Notification) (map[int64]*store.AnnouncementComment, error) {
	var about idSet
	for _, n := range rows {
		if n.Kind == store.NotifyAnnouncement && n.RefID != nil {
			about.add(*n.RefID)
		}
	}
	if len(about.ids) == 0 {
		return nil, nil
	}
	found, err := c.Store.AnnouncementCommentsByID(ctx, about.ids)
	comments := map[int64]*store.AnnouncementComment{}
	for i := range found {
		comments[found[i].ID] = &found[i]
	}
	return comments, fromStore(err)
}

// postsOf loads those of the posts and comments that the viewer may see, by id.
func (c *Community) postsOf(ctx context.Context, viewer *store.Account, in FilterContext, ids []int64) (map[int64]*Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := c.postsByID(ctx, viewer, in, ids)
	out := make(map[int64]*Post, len(found))
	for _, p := range found {
		out[p.ID] = p
	}
	return out, err
}

// ClearNotifications removes all notifications that acc has now.
func (c *Community) ClearNotifications(ctx context.Context, acc *store.Account) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	ctx = store.Primary(ctx)
	upTo, err := c.Store.NewestNotification(ctx, acc.ID)
	if err != nil {
		return fromStore(err)
	}
	for {
		n, err := c.Store.DeleteNotificationsUpTo(ctx, acc.ID, upTo, clearBatch)
		if err != nil || n < clearBatch {
			return fromStore(err)
		}
	}
}

// DismissNotification removes one notification. It returns ErrNotFound if acc has none by that id.
func (c *Community) DismissNotification(ctx context.Context, acc *store.Account, id int64) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	return fromStore(c.Store.DeleteNotification(ctx, acc.ID, id))
}

// UnreadNotifications counts what acc has not read yet, up to MaxUnread.
func (c *Community) UnreadNotifications(ctx context.Context, acc *store.Account, f NotificationFilter) (int, error) {
	if acc == nil {
		return 0, ErrUnauthenticated
	}
	n, err := c.Store.UnreadNotifications(ctx, acc, f.rows(), MaxUnread)
	if err != nil || n == 0 || !f.OnPage || !c.matcherOf(ctx, acc.ID, acc.Filters).hides(FilterNotifications) {
		return n, fromStore(err)
	}
	// The page leaves out what filters hide, which no statement knows.
	read, err := c.ReadMark(ctx, acc)
	if err != nil {
		return 0, err
	}
	rows, err := c.Store.Notifications(ctx, acc, f.rows(), store.Range{Min: read.All, Limit: 2 * MaxUnread})
	if err != nil {
		return 0, fromStore(err)
	}
	rows = slices.DeleteFunc(rows, func(n store.Notification) bool { return read.Read(&n) })
	rows = rows[:min(len(rows), MaxUnread)]
	var about idSet
	for _, r := range rows {
		if r.PostID != nil {
			about.add(*r.PostID)
		}
	}
	posts, err := c.postsOf(ctx, acc, FilterNotifications, about.ids)
	if err != nil {
		return 0, err
	}
	n = 0
	for _, r := range rows {
		if r.PostID == nil || posts[*r.PostID] != nil && !posts[*r.PostID].Hidden() {
			n++
		}
	}
	return n, nil
}

// ReadMark is how far the member has read its notifications, on pages or in applications.
func (c *Community) ReadMark(ctx context.Context, acc *store.Account) (store.ReadMark, error) {
	at := store.ReadMark{All: acc.NotificationsReadID}
	set, err := c.Store.MarkersOf(ctx, acc.ID, []string{store.TimelineNotifications})
	for _, m := range set {
		at.Apps = m.ReadUpTo()
	}
	return at, fromStore(err)
}

// MarkNotificationsRead marks everything up to the id as read, also for applications; 0 marks everything.
func (c *Community) MarkNotificationsRead(ctx context.Context, acc *store.Account, upTo int64) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	if upTo == 0 {
		var err error
		if upTo, err = c.Store.NewestNotification(store.Primary(ctx), acc.ID); err != nil {
			return fromStore(err)
		}
	}
	return fromStore(c.markRead(ctx, acc.ID, upTo))
}

func (c *Community) markRead(ctx context.Context, account, upTo int64) error {
	return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		changed, err := tx.MarkNotificationsRead(ctx, account, upTo) // first: it locks the account, to which markers refer
		if err != nil || !changed {
			return err
		}
		set, err := tx.MarkersOf(ctx, account, []string{store.TimelineNotifications})
		if err != nil {
			return err
		}
		if len(set) == 0 || set[0].LastReadID < upTo {
			if err := tx.SetMarker(ctx, account, store.TimelineNotifications, upTo); err != nil {
				return err
			}
		}
		return tx.AddEvent(ctx, EventNotification, account, 0, nil) // open pages count anew
	})
}

// SawNotifications marks everything up to the id as read, because the member has just been shown it. Where that cannot be
// written in a moment, they stay unread: the page is shown all the same.
func (c *Community) SawNotifications(ctx context.Context, acc *store.Account, upTo int64) {
	id := acc.ID
	budget.Aside(ctx, func(ctx context.Context) {
		if err := c.markRead(ctx, id, upTo); err != nil && !errors.Is(err, store.ErrBusy) {
			c.Log.WarnContext(ctx, "notifications were not marked as read", "account", id, "error", err)
		}
	})
}

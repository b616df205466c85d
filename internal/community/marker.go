package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// Timelines are those for which clients keep a marker.
var Timelines = []string{"home", store.TimelineNotifications}

// Markers returns how far the member has read the timelines. A timeline that was never marked is left out.
func (c *Community) Markers(ctx context.Context, acc *store.Account, timelines []string) ([]*store.Marker, error) {
	known := slices.DeleteFunc(slices.Clone(timelines), func(t string) bool { return !slices.Contains(Timelines, t) })
	ms, err := c.Store.MarkersOf(ctx, acc.ID, known)
	return ms, fromStore(err)
}

// SetMarkers stores how far the member has read, by timeline, and returns those markers. Unknown timelines are left
// out. A client may move a marker back. Notifications up to theirs are read everywhere, but for those that only pages show.
func (c *Community) SetMarkers(ctx context.Context, acc *store.Account, lastRead map[string]int64) ([]*store.Marker, error) {
	var ms []*store.Marker
	seen, noted := lastRead[store.TimelineNotifications]
	var upTo int64 // is read, whatever it is
	if noted {
		var err error
		if upTo, err = c.Store.ReadInApps(store.Primary(ctx), acc.ID, acc.NotificationsReadID, seen); err != nil {
			return nil, fromStore(err)
		}
	}
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if upTo > 0 {
			if _, err := tx.MarkNotificationsRead(ctx, acc.ID, upTo); err != nil { // first: it locks the account, to which markers refer
				return err
			}
		}
		was, err := tx.MarkersOf(ctx, acc.ID, []string{store.TimelineNotifications})
		if err != nil {
			return err
		}
		news := upTo > 0 || noted && (len(was) == 0 || was[0].LastReadID != seen)
		var set []string
		for _, t := range Timelines { // in one order, so that two clients cannot deadlock
			if id, ok := lastRead[t]; ok && id >= 0 {
				if err := tx.SetMarker(ctx, acc.ID, t, id); err != nil {
					return err
				}
				set = append(set, t)
			}
		}
		if news {
			if err := tx.AddEvent(ctx, EventNotification, acc.ID, 0, nil); err != nil { // open pages count anew
				return err
			}
		}
		ms, err = tx.MarkersOf(ctx, acc.ID, set)
		return err
	})
	return ms, fromStore(err)
}

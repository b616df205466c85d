package community

import (
	"context"
	"slices"

	"tintype/internal/store"
)

// Timelines are those for which clients keep a marker.
var Timelines = []string{"home", "notifications"}

// Markers returns how far the member has read the timelines. A timeline that was never marked is left out.
func (c *Community) Markers(ctx context.Context, acc *store.Account, timelines []string) ([]*store.Marker, error) {
	known := slices.DeleteFunc(slices.Clone(timelines), func(t string) bool { return !slices.Contains(Timelines, t) })
	ms, err := c.Store.MarkersOf(ctx, acc.ID, known)
	return ms, fromStore(err)
}

// SetMarkers stores how far the member has read, by timeline, and returns those markers. Unknown timelines are left
// out. A client may move a marker back.
func (c *Community) SetMarkers(ctx context.Context, acc *store.Account, lastRead map[string]int64) ([]*store.Marker, error) {
	var ms []*store.Marker
	err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		var set []string
		for _, t := range Timelines { // in one order, so that two clients cannot deadlock
			if id, ok := lastRead[t]; ok && id >= 0 {
				if err := tx.SetMarker(ctx, acc.ID, t, id); err != nil {
					return err
				}
				set = append(set, t)
			}
		}
		var err error
		ms, err = tx.MarkersOf(ctx, acc.ID, set)
		return err
	})
	return ms, fromStore(err)
}

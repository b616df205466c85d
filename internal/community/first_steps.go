package community

import (
	"context"

	"tintype/internal/store"
)

// firstStepsRow says that somebody has closed the page of first steps.
const firstStepsRow = siteRow + "first_steps_closed"

// FirstStepsClosed reports whether pages no longer point at the first steps.
func (c *Community) FirstStepsClosed(ctx context.Context) bool {
	return c.siteNow(ctx).rows[firstStepsRow] != ""
}

// CloseFirstSteps closes the page of first steps. It can be opened all the same. Doing so again changes nothing.
func (c *Community) CloseFirstSteps(ctx context.Context, by By) error {
	return c.administration(store.Primary(ctx), by, EditSite, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		first, err := tx.AddSiteInfo(ctx, firstStepsRow, "1")
		if err != nil || !first {
			return false, err
		}
		noteDetail(e, "first steps", "closed")
		return true, c.tellSiteChanged(ctx, tx, true)
	})
}

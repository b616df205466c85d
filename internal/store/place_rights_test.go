package store_test

import (
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// TestPlaceOfTheSitesUser has a process of the site keep up the place that the site has left, with the rights that `setup database`
// gives its user: rows of the log of administration are added, also where some are there already, and none is changed.
func TestPlaceOfTheSitesUser(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			ctx := testContext(t)
			a, b := newSite(t, "sqlite"), newSite(t, f.String())
			beginPlaces(t, ctx, a.place, b.place)
			copyAll(t, ctx, a.place, b.place)
			users := setUp(t, f, b.url)
			app := openPlace(t, users[1].URL)

			a.addTags(t, 1, 10)
			for id := int64(1); id <= 3; id++ {
				if err := a.AddAdminEntry(ctx, store.AdminEntry{ID: id, Actor: "ann", Via: "page", Act: "member.warn", Reason: "why"}); err != nil {
					t.Fatal(err)
				}
			}
			log, err := a.place.ReadLog(ctx, 1000)
			if err != nil {
				t.Fatal(err)
			}
			batch, _, err := a.place.ReadRows(ctx, log)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // whoever died after the rows and before the log's end does so again
				if ok, err := app.WriteRows(ctx, 1, testMover, batch); !ok || err != nil {
					t.Fatalf("the place takes no rows of the site's user: %v %v", ok, err)
				}
			}
			for mover, want := range map[string]bool{testMover: true, "another": false} {
				if ok, err := app.DeleteLog(ctx, mover, log[:1]); ok != want || err != nil {
					t.Errorf("%s deletes from the log: %v %v", mover, ok, err)
				}
			}
			if n := b.count(t, "SELECT COUNT(*) FROM admin_log WHERE reason = 'why'"); n != 3 {
				t.Errorf("the log has %d rows, want 3", n)
			}
			if n, want := b.count(t, "SELECT COUNT(*) FROM tags"), a.count(t, "SELECT COUNT(*) FROM tags"); n != want {
				t.Errorf("%d tags, want %d", n, want)
			}
			if err := store.NewComparer(a.place, b.place).Compare(ctx); err != nil {
				t.Error(err)
			}
		})
	}
}

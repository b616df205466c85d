package store_test

import (
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A site that had comments before accounts counted them counts them after the upgrade: those that are there, and apart
// those that everybody may see.
func TestTheUpgradeCountsComments(t *testing.T) {
	storetest.EachURL(t, func(t *testing.T, newURL func(testing.TB) string) {
		url := newURL(t)
		o := storetest.Options(url)
		m := store.NewMigrator(o)
		if err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		const before = 30 // the last migration without the counters
		if err := m.Down(t.Context(), migrationsAfter(t, before), true); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for _, q := range []string{
			"INSERT INTO accounts (id, username, username_key, note, fields, created_at, updated_at) VALUES (1, 'ann', 'ann', '', '[]', 1, 1), (2, 'bob', 'bob', '', '[]', 1, 1), (3, 'cid', 'cid', '', '[]', 1, 1)",
			"INSERT INTO posts (id, author_id, kind, home, listed, root_id, in_reply_to_id, caption, visibility, licence, created_at, deleted_at) VALUES" +
				" (10, 1, 'post', 1, 1, NULL, NULL, 'x', 'public', 'cc0-1.0', 1, NULL)," +
				" (11, 1, 'post', 1, 0, NULL, NULL, 'x', 'followers', 'cc0-1.0', 1, NULL)," +
				" (12, 2, 'comment', 0, 0, 10, 10, 'x', 'public', 'cc0-1.0', 1, NULL)," +
				" (13, 2, 'comment', 0, 0, 10, 12, 'x', 'unlisted', 'cc0-1.0', 1, NULL)," +
				" (14, 2, 'comment', 0, 0, 11, 11, 'x', 'followers', 'cc0-1.0', 1, NULL)," +
				" (15, 2, 'comment', 0, 0, 10, 10, 'x', 'public', 'cc0-1.0', 1, 5)," +
				" (16, 1, 'comment', 0, 0, 11, 14, 'x', 'followers', 'cc0-1.0', 1, NULL)",
		} {
			if _, err := s.SQL().ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[int64][2]int{1: {1, 0}, 2: {3, 2}, 3: {0, 0}} {
			a, err := s.AccountByID(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if got := [2]int{a.CommentsCount, a.OpenCommentsCount}; got != want || !a.Discoverable || a.Bot {
				t.Errorf("account %d: %v comments and open ones, want %v; discoverable %v, bot %v", id, got, want, a.Discoverable, a.Bot)
			}
		}
	})
}

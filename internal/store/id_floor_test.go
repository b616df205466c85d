package store_test

import (
	"context"
	"database/sql"
	"slices"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// addRow writes a row with an id of its own, and the event that tells of it.
func addRow(t *testing.T, s *store.Store, name string) (id int64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := s.TxOnce(ctx, "jobs", func(ctx context.Context, tx *store.Store, jobID int64) error {
		id = jobID
		if err := tx.AddJobID(ctx, jobID, "test", name); err != nil {
			return err
		}
		return tx.AddEvent(ctx, "test", 0, jobID, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// A program that starts with its clock set back draws ids above those that stand in the database: what it writes is
// newer to since_id than what was there.
func TestIDsAreAboveTheRowsThatStand(t *testing.T) {
	storetest.Two(t, func(t *testing.T, before, after *store.Store) {
		old := addRow(t, before, "before")
		after.SetClock(func() time.Time { return time.Now().Add(-time.Hour) })
		id := addRow(t, after, "after")
		if id <= old {
			t.Errorf("with the clock an hour back the id is %d, below %d", id, old)
		}
	})
}

// Of two instances whose clocks are apart, the one behind draws ids above those whose events it has read.
func TestIDsAreAboveThoseOfOtherInstances(t *testing.T) {
	storetest.Two(t, func(t *testing.T, ahead, behind *store.Store) {
		ahead.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
		first := addRow(t, behind, "first")
		second := addRow(t, ahead, "second")
		if second <= first {
			t.Fatalf("%d after %d", second, first)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := behind.EventsAfter(ctx, 0, 0, 100); err != nil {
			t.Fatal(err)
		}
		if third := addRow(t, behind, "third"); third <= second {
			t.Errorf("by a clock an hour behind the id is %d, below %d", third, second)
		}
	})
}

// What feeds and lists of notifications show by its id is above what stands there, by whatever clock and whether or not this
// process reads events: a client that has the newest one asks for what came since.
func TestWhatIsPostedIsAboveWhatOthersPosted(t *testing.T) {
	storetest.Two(t, func(t *testing.T, ahead, behind *store.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		account := func(id int64, name string) *store.Account {
			a := &store.Account{ID: id, Username: name, Role: store.RoleMember, DefaultVisibility: store.Public, WarnedPhotos: "ask", Theme: "system"}
			must(behind.CreateAccount(ctx, a))
			return a
		}
		ann, bob := account(1, "ann"), account(2, "bob")
		post := func(s *store.Store) int64 {
			t.Helper()
			id, err := s.TxOnce(ctx, "posts", func(ctx context.Context, tx *store.Store, id int64) error {
				return tx.CreatePost(ctx, &store.Post{ID: id, AuthorID: ann.ID, Visibility: store.Public, Licence: "all-rights-reserved", CommentsFrom: "everyone"})
			})
			must(err)
			return id
		}
		notify := func(s *store.Store, how func(tx *store.Store, n store.Notification) error) (id int64) {
			t.Helper()
			n := store.Notification{AccountID: ann.ID, FromID: bob.ID, Kind: store.NotifyFollow}
			must(s.Tx(ctx, func(ctx context.Context, tx *store.Store) (err error) {
				if err := how(tx, n); err != nil {
					return err
				}
				id, err = tx.AddNotification(ctx, n)
				return err
			}))
			return id
		}
		mayNotify := func(tx *store.Store, n store.Notification) error { _, _, err := tx.MayNotify(ctx, n); return err }
		hasPush := func(tx *store.Store, n store.Notification) error { _, err := tx.HasPush(ctx, n.AccountID); return err }

		post(behind) // both have read what stood there
		post(ahead)
		ahead.SetClock(func() time.Time { return time.Now().Add(time.Hour) })
		first := post(ahead)
		if second := post(behind); second <= first {
			t.Errorf("a post has %d, below %d", second, first)
		}
		for name, how := range map[string]func(*store.Store, store.Notification) error{"MayNotify": mayNotify, "HasPush": hasPush} {
			ahead.SetClock(func() time.Time { return time.Now().Add(2 * time.Hour) })
			first := notify(ahead, how)
			if second := notify(behind, how); second <= first {
				t.Errorf("after %s a notification has %d, below %d", name, second, first)
			}
		}
	})
}

// No table with ids is forgotten.
func TestEveryTableWithIDsIsAskedForItsNewest(t *testing.T) {
	db, err := sql.Open("sqlite", storetest.SQLiteURL(t)[len("sqlite:"):])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'id' AND c.type = 'INTEGER' WHERE m.type = 'table' ORDER BY m.name")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		switch name {
		case "replication_clock": // one row
		case "exports", "imports": // one row an account, which no list sorts by its id
		case "push_subscriptions": // ids of their own, which are chance
		default:
			found = append(found, name)
		}
	}
	want := slices.Sorted(slices.Values(store.IDTables))
	if len(found) == 0 || !slices.Equal(found, want) {
		t.Errorf("tables with ids: %v; asked are: %v", found, want)
	}
}

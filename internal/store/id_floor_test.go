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

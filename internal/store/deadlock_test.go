package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A statement that stands alone is done although the server ended a deadlock by it.
func TestADeadlockOfOneStatement(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			address := f.Server(t).NewDatabase(t)
			storetest.Migrate(t, address)
			s := storetest.MySQL(t, address)
			ann, ben := newAccount(t, s, "ann"), newAccount(t, s, "ben")
			put := func(account int64, hash string) {
				t.Helper()
				if err := s.PutSession(t.Context(), store.SessionRow{AccountID: account, Hash: hash, CreatedAt: 1, UsedAt: 1, ExpiresAt: 1 << 40}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 50 { // of two, the server ends the one that has changed less
				put(ben, fmt.Sprintf("%064d", i))
			}
			first, second := fmt.Sprintf("%064d", 1), fmt.Sprintf("%064d", 2)
			put(ann, first)
			put(ann, second)

			other, err := s.SQL().BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = other.Rollback() }()
			change := func(account int64, hash string) {
				t.Helper()
				if _, err := other.Exec("UPDATE sessions SET used_at = used_at + 1 WHERE account_id = ? AND hash LIKE ?", account, hash); err != nil {
					t.Fatal(err)
				}
			}
			change(ben, "%")
			change(ann, second)
			ended := make(chan error, 1)
			go func() { ended <- s.DeleteOtherSessions(context.WithoutCancel(t.Context()), ann, "") }()
			seen := 0
			servertest.Within(t, time.Minute, "the statement waits for the second row", func() bool {
				var n int
				if err := s.SQL().QueryRow("SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'DELETE FROM sessions%'").Scan(&n); err != nil {
					t.Fatal(err)
				}
				seen += n
				return seen > 3
			})
			change(ann, first)
			if err := other.Commit(); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
			if rows, err := s.SessionsOf(t.Context(), ann); err != nil || len(rows) != 0 {
				t.Errorf("%d sessions are left: %v", len(rows), err)
			}
		})
	}
}

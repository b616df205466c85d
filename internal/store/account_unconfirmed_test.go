package store_test

import (
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Every column that refers to accounts is either a trace, which keeps an account that was never confirmed, or is erased with it.
func TestTracesOfAccounts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		acc := store.Account{ID: 1, Username: "ann", Role: store.RoleMember, UnconfirmedAt: new(store.Millis(5))}
		if err := s.CreateAccount(ctx, &acc); err != nil {
			t.Fatal(err)
		}
		if got, err := s.AccountByID(ctx, 1); err != nil || got.UnconfirmedAt == nil || *got.UnconfirmedAt != 5 {
			t.Fatal(got, err)
		}
		if ids, err := s.UnconfirmedAccounts(ctx, 5, 10); err != nil || len(ids) != 0 {
			t.Error(ids, err)
		}
		if ids, err := s.UnconfirmedAccounts(ctx, 6, 10); err != nil || !slices.Equal(ids, []int64{1}) {
			t.Error(ids, err)
		}
		if some, err := s.HasTraces(ctx, 1); err != nil || some {
			t.Error(some, err)
		}
		if at, err := s.TokensUsed(ctx, 1); err != nil || at != 0 {
			t.Error(at, err)
		}
		if err := s.SetUnconfirmed(ctx, 1, nil); err != nil {
			t.Error(err)
		}
		if ids, err := s.UnconfirmedAccounts(ctx, 6, 10); err != nil || len(ids) != 0 {
			t.Error(ids, err)
		}
		if err := s.DropAccount(ctx, 1); err != nil {
			t.Error(err)
		}
		acc.ID = 2
		if err := s.CreateAccount(ctx, &acc); err != nil {
			t.Errorf("the name of an account that was dropped: %v", err)
		}
	})
	erased := []string{ // by EraseAccountRows, or before
		"sessions", "one_time_links", "access_tokens", "authorization_codes", "notifications", "idempotency_keys", "markers", "account_words",
		"push_subscriptions", "notification_choices", "member_mail", "recovery_codes", "list_members", "drafts",
	}
	traces := store.AccountTraces()
	db := storetest.SQLite(t).SQL()
	rows, err := db.QueryContext(t.Context(), "SELECT name, sql FROM sqlite_master WHERE type = 'table'")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	column := regexp.MustCompile(`FOREIGN KEY \(([a-z_]+)\) REFERENCES accounts|(?m)^\s+(account_id|owner_id|author_id|follower_id|followee_id|reporter_id|target_id) INTEGER`)
	for rows.Next() {
		var name, sql string
		if err := rows.Scan(&name, &sql); err != nil {
			t.Fatal(err)
		}
		for _, m := range column.FindAllStringSubmatch(sql, -1) {
			of := [2]string{name, m[1] + m[2]}
			switch {
			case slices.Contains(traces, of), slices.Contains(erased, name):
			case name == "photos": // see HasPhotoRows
			case name == "events", name == "trends", name == "admin_log", // which name what is gone
				of == [2]string{"post_versions", "author_id"}, of == [2]string{"moderator_notes", "author_id"}: // a moderator
			default:
				t.Errorf("%s.%s is no trace of an account, and is not erased with it", of[0], of[1])
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

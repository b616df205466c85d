package session_test

import (
	"testing"

	"tintype/internal/session"
	"tintype/internal/session/sessiontest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The store has what the SQL backend needs.
var _ session.Table = (*store.Store)(nil)

func TestSQL(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		sessiontest.Run(t, func(t *testing.T) sessiontest.Backend {
			s := open(t)
			b := sessiontest.Backend{Backend: session.NewSQL(s), Anna: 1, Berta: 2}
			for id, name := range map[int64]string{b.Anna: "anna", b.Berta: "berta"} {
				if err := s.CreateAccount(t.Context(), &store.Account{ID: id, Username: name, Role: store.RoleMember}); err != nil {
					t.Fatal(err)
				}
			}
			return b
		})
	})
}

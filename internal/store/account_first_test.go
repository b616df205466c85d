package store_test

import (
	"errors"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestFirstAccountAt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		if at, err := s.FirstAccountAt(t.Context()); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("without accounts: %s, %v", at, err)
		}
		before := time.Now().Add(-time.Second)
		first := newAccount(t, s, "ann")
		newAccount(t, s, "ben")
		at, err := s.FirstAccountAt(t.Context())
		if err != nil || !at.Equal(store.IDTime(first)) || at.Before(before) {
			t.Errorf("%s, %v", at, err)
		}
	})
}

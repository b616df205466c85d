package store_test

import (
	"context"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestMediaObjectsBetween(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		for _, o := range []struct{ random, kind string }{{"a", store.SetPublic}, {"b", store.SetPublic}, {"c", store.SetPrivate}, {"d", store.SetPublic}} {
			if err := s.AddMediaObject(t.Context(), o.random, o.kind, 1, []string{"320"}); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			kind, after, last string
			limit             int
			want              string
		}{
			{store.SetPublic, "", "", 10, "abd"},
			{store.SetPublic, "", "", 2, "ab"},
			{store.SetPublic, "a", "", 10, "bd"},
			{store.SetPublic, "a", "c", 10, "b"},
			{store.SetPublic, "a", "d", 10, "bd"},
			{store.SetPrivate, "", "", 10, "c"},
			{store.SetOriginal, "", "", 10, ""},
		} {
			list, err := s.MediaObjectsBetween(t.Context(), c.kind, c.after, c.last, c.limit)
			if got := randomsOf(list); err != nil || got != c.want {
				t.Errorf("%+v: %q, %v", c, got, err)
			}
		}
	})
}

func randomsOf(list []*store.MediaObject) (all string) {
	for _, o := range list {
		all += o.Random
	}
	return all
}

// What a move of photos reads: sets that somebody may want, and those that went.
func TestMediaObjectsOfAMove(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		for _, random := range []string{"a", "b", "c", "d", "e"} {
			if err := s.AddMediaObject(t.Context(), random, store.SetPublic, 7, []string{"320"}); err != nil {
				t.Fatal(err)
			}
			if random == "a" {
				continue // being written
			}
			if ok, err := s.MediaObjectLive(t.Context(), random, []string{"320"}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		for random, change := range map[string]func(context.Context, string, int64) error{"c": s.RetireMediaObject, "d": s.DropMediaObject} {
			if err := change(t.Context(), random, 7); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.CountMediaObjects(t.Context()); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		now, err := s.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			after string
			since store.Millis
			limit int
			want  string
		}{{"", 0, 9, "abce"}, {"", 0, 2, "ab"}, {"b", 0, 9, "ce"}, {"", now + 60_000, 9, ""}, {"", now - 60_000, 9, "abce"}} {
			if list, err := s.MediaObjectsAfter(t.Context(), c.after, c.since, c.limit); err != nil || randomsOf(list) != c.want {
				t.Errorf("%+v: %q, %v", c, randomsOf(list), err)
			}
		}
		if list, err := s.GoneMediaObjectsAfter(t.Context(), "", 9); err != nil || randomsOf(list) != "d" {
			t.Errorf("%q, %v", randomsOf(list), err)
		}
		if list, err := s.GoneMediaObjectsAfter(t.Context(), "d", 9); err != nil || len(list) != 0 {
			t.Errorf("%q, %v", randomsOf(list), err)
		}
		if list, err := s.MediaObjectsByRandom(t.Context(), []string{"d", "x"}); err != nil || randomsOf(list) != "d" {
			t.Errorf("%q, %v", randomsOf(list), err)
		}
		if list, err := s.MediaObjectsByRandom(t.Context(), nil); err != nil || len(list) != 0 {
			t.Errorf("%q, %v", randomsOf(list), err)
		}
		// The files of a set that is gone are withheld, also while copies are left.
		for random, want := range map[string]bool{"b": false, "c": false, "d": true, "none": false} {
			if withheld, err := s.IsSetWithheld(t.Context(), random); withheld != want || err != nil {
				t.Errorf("%s: withheld %v, %v", random, withheld, err)
			}
		}
	})
}

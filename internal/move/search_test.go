package move_test

import (
	"context"
	"fmt"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// fillSearched writes posts that searches find.
func fillSearched(t *testing.T, url string) (found string) {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.Options(url))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const first = int64(1) << 58
	err = s.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
		if err := tx.ImportAccounts(ctx, []store.Account{{ID: first, Username: "searched", UsernameKey: "searched", DisplayName: "Zoë 東京", Fields: store.JSON[[]store.Field]{V: []store.Field{}}}}); err != nil {
			return err
		}
		var posts []store.Post
		var ids []int64
		for i := range 50 {
			p := store.Post{ID: first + int64(i), AuthorID: first, Kind: store.KindPost, Home: true, Listed: i%3 > 0, Visibility: store.Public, Licence: "cc0-1.0"}
			if !p.Listed {
				p.Visibility = store.Followers
			}
			p.Caption = []string{"Straße 東京都", "fogbank", "fog", "fog Straße"}[i%4]
			posts, ids = append(posts, p), append(ids, p.ID)
		}
		if err := tx.ImportPosts(ctx, posts); err != nil {
			return err
		}
		_, err := tx.IndexPosts(ctx, ids...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return searched(t, s)
}

// searched is what some searches find, of visitors and of the author.
func searched(t *testing.T, s *store.Store) (found string) {
	t.Helper()
	for _, viewer := range []*store.Account{nil, {ID: int64(1) << 58}} {
		for _, terms := range [][]store.SearchTerm{
			{{Word: "fog", Begins: true}}, {{Word: "strasse"}}, {{Word: "東京"}, {Word: "京都"}}, {{Word: "都", Begins: true}}, {{Word: "strasse"}, {Word: "fog"}},
		} {
			ids, err := s.SearchPosts(t.Context(), viewer, store.PostSearch{Terms: terms, Range: store.Range{Limit: 80}})
			if err != nil {
				t.Fatal(err)
			}
			if len(ids) == 0 {
				t.Errorf("%v finds nothing", terms)
			}
			found += fmt.Sprintln(terms, ids)
		}
		people, err := s.AccountsNamed(t.Context(), viewer, []string{"zoe", "東"}, false, 10)
		if err != nil || len(people) != 1 {
			t.Errorf("%d people, %v", len(people), err)
		}
	}
	return found
}

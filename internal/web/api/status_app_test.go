package api_test

import (
	"slices"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// A status names the application that it was made with, in feeds as well, and none where it was made on pages.
func TestApplicationOfAStatus(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Lens", Website: "https://lens.test/", RedirectURIs: []string{community.OutOfBand}, Scopes: allowAll})
	if err != nil {
		t.Fatal(err)
	}
	lens, _, err := s.community.TokenFor(s.ctx(), app, anna.Account, allowAll)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.community.Publish(s.ctx(), anna.Account, community.NewPost{Caption: "Pages", PhotoIDs: []int64{s.photo(anna, store.SetPublic)}}); err != nil {
		t.Fatal(err)
	}
	s.publish(anna, "Test")
	s.publish(&member{anna.Account, lens}, "Lens")
	for range 2 { // read, and kept
		var got []any
		for _, o := range s.get("/api/v1/timelines/public", "").ok().list() {
			got = append(got, at(o, "application.name"), at(o, "application.website"))
		}
		if want := []any{"Lens", "https://lens.test/", "Test client", nil, nil, nil}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

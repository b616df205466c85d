package app

import (
	"slices"
	"testing"

	"tintype/internal/media"
	"tintype/internal/store/storetest"
)

// What the bucket is asked for to find out about rights is of the kind in question, and in use.
func TestStoredPhotos(t *testing.T) {
	db := storetest.SQLite(t)
	stored := storedPhotos(db)
	if got := stored(t.Context(), media.Public); len(got) != 0 {
		t.Errorf("without photos there are %v", got)
	}
	want := map[media.Kind]string{}
	for _, kind := range []media.Kind{media.Public, media.Private, media.Original} {
		for _, live := range []bool{true, false} {
			random := media.NewRandom()
			if err := db.AddMediaObject(t.Context(), random, string(kind), 1, []string{"320"}); err != nil {
				t.Fatal(err)
			}
			if !live {
				continue
			}
			if _, err := db.MediaObjectLive(t.Context(), random, []string{"320"}); err != nil {
				t.Fatal(err)
			}
			if want[kind] = media.VariantKey(kind, random, "320"); kind == media.Original {
				want[kind] = media.OriginalKey(random)
			}
		}
	}
	for kind, key := range want {
		if got := stored(t.Context(), kind); !slices.Equal(got, []string{key}) {
			t.Errorf("%s: %v, want %s", kind, got, key)
		}
	}
}

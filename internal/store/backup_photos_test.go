package store_test

import (
	"path/filepath"
	"slices"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// A backup has the files of every photo that somebody may still see, those that are kept for moderators among them.
func TestBackupsHaveThePhotosOfEachState(t *testing.T) {
	s, ctx := storetest.SQLite(t), t.Context()
	acc := &store.Account{ID: s.NewID(), Username: "ann", Role: store.RoleMember}
	if err := s.CreateAccount(ctx, acc); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{store.PhotoUploading, store.PhotoPending, store.PhotoReady, store.PhotoRefused, store.PhotoKept, store.PhotoGone} {
		if err := s.AddPhoto(ctx, &store.Photo{ID: s.NewID(), AccountID: acc.ID, Purpose: store.PurposePost, Source: store.SourceWeb, State: state}); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	if _, err := s.SQL().ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenCopy(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got []string
	if err := db.EachPhoto(ctx, func(p *store.Photo) error { got = append(got, p.State); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{store.PhotoPending, store.PhotoReady, store.PhotoRefused, store.PhotoKept}; !slices.Equal(got, want) {
		t.Errorf("a backup has the files of photos that are %v, want %v", got, want)
	}
}

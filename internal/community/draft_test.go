package community

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestDraft(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		ctx := t.Context()
		draft, photos, err := d.Draft(ctx, d.ann)
		if err != nil || draft.Visibility != store.Public || draft.Licence == "" || len(photos) != 0 {
			t.Fatalf("a new draft: %+v, %v, %v", draft, photos, err)
		}
		caption, followers, no := "  as typed \U0001F41F", store.Followers, false
		if _, err := d.SaveDraft(ctx, d.ann, DraftChange{Caption: &caption, ShowExif: &no}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.SaveDraft(ctx, d.ann, DraftChange{Visibility: &followers}); err != nil {
			t.Fatal(err)
		}
		draft, _, err = d.Draft(ctx, d.ann)
		if err != nil || draft.Caption != caption || draft.Visibility != store.Followers || draft.ShowExif {
			t.Errorf("%+v, %v", draft, err)
		}
		long, nobody := strings.Repeat("x", maxDraftText+1), store.Visibility("nobody")
		for _, ch := range []DraftChange{{Caption: &long}, {Visibility: &nobody}} {
			if _, err := d.SaveDraft(ctx, d.ann, ch); !errors.As(err, new(*Invalid)) {
				t.Errorf("%v", err)
			}
		}
		if draft, _, _ := d.Draft(ctx, d.bob); draft == nil || draft.Caption != "" {
			t.Errorf("somebody else's draft: %+v", draft)
		}
		if _, _, err := d.Draft(ctx, nil); err != ErrUnauthenticated {
			t.Errorf("a visitor's: %v", err)
		}

		var ids []int64
		for i := range 4 {
			ids = append(ids, d.upload(d.ann, phototest.JPEG(phototest.Options{Seed: int64(i)})).ID)
		}
		api, err := d.StartUpload(ctx, d.ann, Upload{Source: store.SourceAPI, Body: strings.NewReader("x")})
		if err != nil {
			t.Fatal(err)
		}
		order := func(want ...int64) {
			t.Helper()
			_, photos, err := d.Draft(ctx, d.ann)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, p := range photos {
				got = append(got, p.ID)
			}
			if len(got) != len(want) {
				t.Fatalf("%d photos, want %d", len(got), len(want))
			}
			for i := range want {
				if got[i] != want[i] {
					t.Fatalf("order %v, want %v", got, want)
				}
			}
		}
		order(ids...)
		if err := d.OrderDraft(ctx, d.ann, []int64{ids[2], api.ID, 77, ids[0]}); err != nil {
			t.Fatal(err)
		}
		order(ids[2], ids[0], ids[1], ids[3])
		if err := d.RemovePhoto(ctx, d.bob, ids[0]); err != ErrNotFound {
			t.Errorf("somebody else removes: %v", err)
		}
		if err := d.RemovePhoto(ctx, d.ann, ids[0]); err != nil {
			t.Fatal(err)
		}
		if err := d.RemovePhoto(ctx, d.ann, ids[0]); err != ErrNotFound {
			t.Errorf("removed twice: %v", err)
		}
		order(ids[2], ids[1], ids[3])
		last := d.upload(d.ann, phototest.JPEG(phototest.Options{Seed: 9})).ID
		order(ids[2], ids[1], ids[3], last)
		tall := strings.Repeat("é", MaxDescription)
		if p, err := d.UpdatePhoto(ctx, d.ann, last, PhotoChange{Description: &tall}); err != nil || p.Description != tall {
			t.Errorf("%v", err)
		}
		tall += "é"
		if _, err := d.UpdatePhoto(ctx, d.ann, last, PhotoChange{Description: &tall}); !errors.As(err, new(*Invalid)) {
			t.Errorf("a description too long: %v", err)
		}

		// A draft is kept for more than the day that people are promised, and not for ever.
		const promised = 24 * time.Hour
		d.must()
		d.pass(promised + time.Hour)
		if err := d.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		order(ids[2], ids[1], ids[3], last)
		d.pass(promised)
		touched, err := d.UpdatePhoto(ctx, d.ann, ids[1], PhotoChange{})
		if err != nil {
			t.Fatal(err)
		}
		posted := d.again(touched)
		posted.ID = last
		if !d.attach(d.post(d.ann, store.Public), posted) {
			t.Fatal("not attached")
		}
		d.sweepNow()
		order(ids[1])
		if n := d.count("SELECT COUNT(*) FROM photos"); n != 2 {
			t.Errorf("%d photos, want the posted one and the one worked on", n)
		}
		d.consistent()
	})
}

func TestRetention(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		now, err := d.Store.Now(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range 250 {
			at := 1
			if i >= 240 {
				at = int(now)
			}
			state := store.JobDone
			if i < 5 {
				state = store.JobDead
			}
			d.exec("INSERT INTO jobs (id, kind, payload, state, run_at, error, created_at, finished_at) VALUES (?, 'x', '{}', ?, 0, '', 1, ?)", i+1, state, at)
			d.exec("INSERT INTO events (id, at, kind, payload) VALUES (?, ?, 'x', '{}')", i+1, at)
		}
		if err := d.Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.count("SELECT COUNT(*) FROM jobs"); n != 15 {
			t.Errorf("%d jobs, want the 5 dead and the 10 young", n)
		}
		if n := d.count("SELECT COUNT(*) FROM events"); n != 10 {
			t.Errorf("%d events, want the 10 young", n)
		}
	})
}

package community

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestAtOnce: members do everything that can be done with photos, at random and at the same time, while two processes
// work on the jobs and sweep. In the end the files are just those that the rows name.
func TestAtOnce(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		d := newPhotoSite(t, s, photoSiteOptions{}).work()
		openPhotoSite(t, s, d.dir, photoSiteOptions{}).work()
		files := [][]byte{
			phototest.JPEG(phototest.Options{Width: 420, Height: 330}), phototest.JPEG(phototest.Options{Width: 330, Height: 400, Seed: 1}),
			[]byte("no picture at all"),
		}
		post := d.post(d.ann, store.Public)
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		var mu sync.Mutex
		var ids []int64
		pick := func(r *rand.Rand) int64 {
			mu.Lock()
			defer mu.Unlock()
			if len(ids) == 0 {
				return 0
			}
			return ids[r.IntN(len(ids))]
		}
		// What may come out when somebody else was quicker.
		fine := func(what string, err error) {
			if err != nil && !errors.Is(err, ErrNotFound) && !errors.As(err, new(*Invalid)) && !errors.As(err, new(*Unavailable)) && !errors.Is(err, store.ErrBusy) {
				t.Errorf("%s: %v", what, err)
			}
		}
		switchTo := func(ctx context.Context, kind string, id int64) error {
			return d.withSets(ctx, kind, []int64{id}, func(sets []replacedSet) error {
				return d.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
					if _, err := tx.LockPost(ctx, post); err != nil { // the photo may be in it
						return err
					}
					return d.switchSets(ctx, tx, sets)
				})
			})
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(worker)))
				for range 25 {
					id := pick(r)
					switch r.IntN(9) {
					case 0, 1, 2:
						p, err := d.StartUpload(ctx, d.ann, Upload{Body: bytes.NewReader(files[r.IntN(len(files))])})
						fine("upload", err)
						if err == nil {
							mu.Lock()
							ids = append(ids, p.ID)
							mu.Unlock()
							if r.IntN(2) == 0 {
								_, err := d.WaitPhoto(ctx, d.ann, p.ID, 20*time.Second)
								fine("wait", err)
							}
						}
					case 3:
						_, err := d.StartUpload(ctx, d.ann, Upload{Body: io.MultiReader(bytes.NewReader(files[0][:3000]), iotest.ErrReader(errors.New("cut")))})
						fine("broken upload", err)
					case 4:
						x := r.Float64()*2 - 1
						_, err := d.UpdatePhoto(ctx, d.ann, id, PhotoChange{FocusX: &x})
						fine("focus", err)
					case 5:
						fine("private", switchTo(ctx, store.SetPrivate, id))
					case 6:
						fine("public", switchTo(ctx, store.SetPublic, id))
					case 7:
						fine("remove", d.RemovePhoto(ctx, d.ann, id))
					case 8:
						fine("attach", d.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
							if _, err := tx.LockPost(ctx, post); err != nil {
								return err
							}
							_, err := tx.AttachPhoto(ctx, d.ann.ID, id, post, 0, "", store.ToMillis(time.Now()))
							return err
						}))
						fine("sweep", d.Sweep(ctx))
					}
				}
			})
		}
		wg.Wait()
		d.idle()
		d.exec("UPDATE photos SET attached_at = 1")
		d.pass(7 * 24 * time.Hour)
		d.sweepAll()
		d.idle()
		d.consistent()
		if n := d.count("SELECT COUNT(*) FROM jobs WHERE state = 'dead'"); n != 0 {
			jobs, _ := d.Jobs(ctx, store.JobDead, 0, 5)
			t.Errorf("%d dead jobs: %+v", n, jobs)
		}
		if n := d.count("SELECT COUNT(*) FROM photos"); n == 0 {
			t.Error("no photo is left to look at")
		}
	})
}

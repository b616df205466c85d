package community

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestUploadsHaveALimitForEachAccount(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.setDefaults(func(s *Site) { s.UploadLimit = Limit{Count: 2, Window: 1000 * time.Hour} })
	upload := func(name string) error {
		_, err := d.StartUpload(t.Context(), d.account(name), Upload{Body: strings.NewReader("not yet looked at")})
		return err
	}
	for i := range 2 {
		if err := upload("ann"); err != nil {
			t.Fatalf("upload %d: %v", i+1, err)
		}
	}
	var tooMany *TooMany
	if err := upload("ann"); !errors.As(err, &tooMany) || tooMany.RetryAfter <= 0 || tooMany.RetryAfter > 2000*time.Hour {
		t.Errorf("the third upload: %v", err)
	}
	if err := upload("bob"); err != nil {
		t.Errorf("one account's limit is another's: %v", err)
	}
}

func TestUploadsAtOnceKeepToTheirLimit(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		var accepted, refused atomic.Int64
		var wg sync.WaitGroup
		for range 160 {
			wg.Go(func() {
				_, err := d.StartUpload(t.Context(), d.ann, Upload{Body: strings.NewReader("not yet looked at")})
				var bad *Invalid
				switch {
				case err == nil:
					accepted.Add(1)
				case errors.As(err, &bad) && bad.Fields[0].Code == "too_many":
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := fmt.Sprint(accepted.Load(), refused.Load()); got != "100 60" {
			t.Errorf("accepted and refused: %s", got)
		}
	})
}

// Uploads at once keep to the quota, although none tells its size before it is whole: what comes too late is removed.
func TestUploadsAtOnceKeepToTheQuota(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		const size, fit, sent = 100_000, 7, 20
		for _, own := range []bool{true, false} {
			d := newPhotoSite(t, open(t), photoSiteOptions{})
			quota := int64(fit*size + size/2)
			if own {
				acc, err := d.SetMemberQuota(t.Context(), ByCommand(""), d.ann.Username, &quota)
				if err != nil {
					t.Fatal(err)
				}
				d.ann = acc
			} else {
				quota = 1_000_000
				d.setDefaults(func(s *Site) { s.QuotaMB = 1 })
			}
			var accepted, refused atomic.Int64
			var wg, begun sync.WaitGroup
			begun.Add(sent)
			for range sent {
				wg.Go(func() {
					// The first byte waits until every upload has begun.
					body := io.MultiReader(onRead(func() { begun.Done(); begun.Wait() }), strings.NewReader(strings.Repeat("x", size)))
					_, err := d.StartUpload(t.Context(), d.ann, Upload{Body: body})
					var bad *Invalid
					switch {
					case err == nil:
						accepted.Add(1)
					case errors.As(err, &bad) && bad.Fields[0].Code == "quota":
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			want := quota / size
			if accepted.Load() != want || refused.Load() != sent-want {
				t.Errorf("own %v: %d accepted, %d refused, want %d", own, accepted.Load(), refused.Load(), want)
			}
			used, err := d.Store.PhotoBytes(t.Context(), d.ann.ID)
			n, err2 := d.Store.CountUnattachedPhotos(t.Context(), d.ann.ID)
			if err != nil || err2 != nil || used > quota || int64(n) != want {
				t.Errorf("own %v: %d photos of %d bytes, quota %d, %v, %v", own, n, used, quota, err, err2)
			}
		}
	})
}

// onRead is an empty body that does something when it is read.
type onRead func()

func (f onRead) Read([]byte) (int, error) {
	f()
	return 0, io.EOF
}

// What is refused holds no place among the photos that wait, and what waits can be seen and removed.
func TestRefusedPhotosHoldNoPlace(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	bad, err := d.StartUpload(t.Context(), d.ann, Upload{Source: store.SourceAPI, Body: bytes.NewReader(phototest.HEIC())})
	if err != nil {
		t.Fatal(err)
	}
	if p := d.wait(d.ann, bad.ID); p.State != store.PhotoRefused || !strings.Contains(p.Refusal, "On an iPhone") {
		t.Fatalf("%s: %s", p.State, p.Refusal)
	}
	if n, err := d.Store.CountUnattachedPhotos(t.Context(), d.ann.ID); n != 0 || err != nil {
		t.Errorf("%d photos wait, %v", n, err)
	}
	good, err := d.StartUpload(t.Context(), d.ann, Upload{Source: store.SourceAPI, Body: bytes.NewReader(phototest.JPEG(phototest.Options{Width: 64, Height: 48}))})
	if err != nil {
		t.Fatal(err)
	}
	d.wait(d.ann, good.ID)
	if list, err := d.PhotosWaiting(t.Context(), d.ann); err != nil || len(list) != 1 || list[0].ID != good.ID {
		t.Errorf("%v, %v", list, err)
	}
	if list, err := d.PhotosWaiting(t.Context(), d.bob); err != nil || len(list) != 0 {
		t.Errorf("somebody else sees %v, %v", list, err)
	}
	if err := d.RemovePhoto(t.Context(), d.ann, good.ID); err != nil {
		t.Error(err)
	}
	if list, err := d.PhotosWaiting(t.Context(), d.ann); err != nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}

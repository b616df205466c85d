package community

import (
	"bytes"
	"errors"
	"fmt"
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

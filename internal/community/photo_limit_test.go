package community

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestUploadsHaveALimitForEachAccount(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.UploadLimit = Limit{Count: 2, Window: 1000 * time.Hour}
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
	storetest.Each(t, func(t *testing.T, open func(testing.TB) *store.Store) {
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

package community

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tintype/internal/store/storetest"
)

func TestUploadsHaveALimitForEachAccount(t *testing.T) {
	d := newDarkroom(t, storetest.SQLite(t), darkroomOptions{})
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

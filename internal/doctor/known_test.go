package doctor

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tintype/internal/backup"
)

// A page does not wait for what hangs: it gets what was found last, and what hangs is found for the next one who asks. An alarm waits.
func TestAPageDoesNotWaitForWhatHangs(t *testing.T) {
	config, none := mustLoad(t, "BACKUP_TO=/backups"), errors.New("there is none")
	synctest.Test(t, func(t *testing.T) {
		hangs, runs := false, 0
		d := &Diagnosis{Config: config, StoreErr: none, MediaErr: none, SessionsErr: none, Backups: func(ctx context.Context) (backup.Archive, error) {
			runs++
			if hangs {
				<-ctx.Done()
			}
			return nil, errors.New("no answer")
		}}
		has := func(checks []Check) bool {
			return slices.ContainsFunc(checks, func(c Check) bool { return c.Name == "backup" && c.Status == Failure })
		}
		start := time.Now()
		if checks, at, late := d.Known(t.Context()); !has(checks) || at.IsZero() || late {
			t.Errorf("where everything answers: %v, %v, late %v", checks, at, late)
		}
		first := d.at
		hangs = true
		time.Sleep(remembered + time.Second)
		asked := time.Now()
		checks, at, late := d.Known(t.Context())
		if !has(checks) || !at.Equal(first) || !late || time.Since(asked) > pagePatience {
			t.Errorf("where one hangs: %v of %v, late %v, after %v", checks, at.Sub(start), late, time.Since(asked))
		}
		if _, at, late := d.Known(t.Context()); !at.Equal(first) || !late {
			t.Errorf("meanwhile: %v, late %v", at.Sub(start), late)
		}
		if checks := d.Checks(t.Context()); !has(checks) || time.Since(asked) < checkPatience || runs != 2 {
			t.Errorf("an alarm: %v after %v, %d runs", checks, time.Since(asked), runs)
		}
		if _, at, late := d.Known(t.Context()); !at.After(first) || late || runs != 2 {
			t.Errorf("afterwards: %v, late %v, %d runs", at.Sub(start), late, runs)
		}

		fresh := &Diagnosis{Config: config, StoreErr: none, MediaErr: none, SessionsErr: none, Backups: d.Backups}
		if checks, _, late := fresh.Known(t.Context()); checks != nil || !late {
			t.Errorf("before the first answer: %v, late %v", checks, late)
		}
		fresh.Checks(t.Context())
	})
}

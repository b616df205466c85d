package sleep_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/sleep"
)

func TestFor(t *testing.T) {
	begin := time.Now()
	if err := sleep.For(t.Context(), 2*time.Millisecond); err != nil || time.Since(begin) < 2*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(begin))
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	time.AfterFunc(time.Millisecond, func() { cancel(why) })
	if err := sleep.For(ctx, time.Hour); err != why {
		t.Errorf("%v, want the cause", err)
	}
}

// Package sessiontest is what every backend of sessions must do.
package sessiontest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/session"
)

// Backend is an empty backend, with ids of accounts for which it takes sessions.
type Backend struct {
	session.Backend
	Anna, Berta int64
}

// Run tests a kind of backend; open gives a fresh one for each test.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	for name, test := range map[string]func(*testing.T, context.Context, Backend){
		"what was put is found":             put,
		"none is ErrNone":                   none,
		"put replaces":                      replaces,
		"touch keeps the rest":              touch,
		"an ended session stays ended":      ended,
		"lists are by account":              lists,
		"the others end":                    others,
		"many at once":                      parallel,
		"a context that is over is no none": over,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			test(t, ctx, open(t))
		})
	}
}

var start = time.Date(2026, 5, 17, 12, 30, 0, 123e6, time.UTC)

func hash(c string) string { return strings.Repeat(c, 64) }

func record(account int64, h string) *session.Record {
	return &session.Record{
		AccountID: account, Hash: h, Epoch: 7, UserAgent: "Browser/1 (ü)", Address: "2001:db8::1",
		CreatedAt: start, UsedAt: start.Add(time.Hour), ExpiresAt: start.Add(session.Life),
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want *session.Record) {
	t.Helper()
	if got.AccountID != want.AccountID || got.Hash != want.Hash || got.Epoch != want.Epoch ||
		got.UserAgent != want.UserAgent || got.Address != want.Address ||
		!got.CreatedAt.Equal(want.CreatedAt) || !got.UsedAt.Equal(want.UsedAt) || !got.ExpiresAt.Equal(want.ExpiresAt) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func put(t *testing.T, ctx context.Context, b Backend) {
	want := record(b.Anna, hash("a"))
	must(t, b.Put(ctx, want))
	got, err := b.Get(ctx, b.Anna, hash("a"))
	must(t, err)
	same(t, got, want)

	empty := &session.Record{AccountID: b.Anna, Hash: hash("b"), CreatedAt: start, UsedAt: start, ExpiresAt: start}
	must(t, b.Put(ctx, empty))
	got, err = b.Get(ctx, b.Anna, hash("b"))
	must(t, err)
	same(t, got, empty)
}

func none(t *testing.T, ctx context.Context, b Backend) {
	must(t, b.Put(ctx, record(b.Anna, hash("a"))))
	for _, key := range []struct {
		account int64
		hash    string
	}{{b.Anna, hash("b")}, {b.Berta, hash("a")}, {b.Anna, "a"}} {
		if _, err := b.Get(ctx, key.account, key.hash); !errors.Is(err, session.ErrNone) {
			t.Errorf("%v: %v", key, err)
		}
		must(t, b.Delete(ctx, key.account, key.hash))
	}
	if _, err := b.Get(ctx, b.Anna, hash("a")); err != nil {
		t.Errorf("it is still there: %v", err)
	}
}

func replaces(t *testing.T, ctx context.Context, b Backend) {
	must(t, b.Put(ctx, record(b.Anna, hash("a"))))
	want := record(b.Anna, hash("a"))
	want.Epoch, want.UserAgent, want.Address = 8, "", ""
	want.UsedAt, want.ExpiresAt = start.Add(2*time.Hour), start.Add(3*time.Hour)
	must(t, b.Put(ctx, want))
	got, err := b.Get(ctx, b.Anna, hash("a"))
	must(t, err)
	same(t, got, want)
	if all, err := b.List(ctx, b.Anna); err != nil || len(all) != 1 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

func touch(t *testing.T, ctx context.Context, b Backend) {
	want := record(b.Anna, hash("a"))
	must(t, b.Put(ctx, want))
	must(t, b.Put(ctx, record(b.Anna, hash("b"))))
	want.UsedAt, want.ExpiresAt = start.Add(48*time.Hour), start.Add(50*time.Hour)
	must(t, b.Touch(ctx, b.Anna, hash("a"), want.UsedAt, want.ExpiresAt))
	got, err := b.Get(ctx, b.Anna, hash("a"))
	must(t, err)
	same(t, got, want)
	got, err = b.Get(ctx, b.Anna, hash("b"))
	must(t, err)
	same(t, got, record(b.Anna, hash("b")))
}

func ended(t *testing.T, ctx context.Context, b Backend) {
	must(t, b.Put(ctx, record(b.Anna, hash("a"))))
	must(t, b.Delete(ctx, b.Anna, hash("a")))
	must(t, b.Delete(ctx, b.Anna, hash("a")))
	must(t, b.Touch(ctx, b.Anna, hash("a"), start, start.Add(time.Hour)))
	if _, err := b.Get(ctx, b.Anna, hash("a")); !errors.Is(err, session.ErrNone) {
		t.Errorf("a session came back: %v", err)
	}
	if all, err := b.List(ctx, b.Anna); err != nil || len(all) != 0 {
		t.Errorf("%d sessions, %v", len(all), err)
	}
}

func lists(t *testing.T, ctx context.Context, b Backend) {
	for i, h := range []string{"a", "b", "c"} {
		r := record(b.Anna, hash(h))
		r.UsedAt = start.Add(time.Duration([]int{1, 3, 2}[i]) * time.Hour)
		must(t, b.Put(ctx, r))
	}
	must(t, b.Put(ctx, record(b.Berta, hash("a"))))
	all, err := b.List(ctx, b.Anna)
	must(t, err)
	var order string
	for _, r := range all {
		if r.AccountID != b.Anna {
			t.Errorf("a session of %d", r.AccountID)
		}
		order += r.Hash[:1]
	}
	if order != "bca" {
		t.Errorf("order %q, want the last used first", order)
	}
}

func others(t *testing.T, ctx context.Context, b Backend) {
	for _, h := range []string{"a", "b", "c"} {
		must(t, b.Put(ctx, record(b.Anna, hash(h))))
	}
	must(t, b.Put(ctx, record(b.Berta, hash("a"))))
	must(t, b.DeleteOthers(ctx, b.Anna, hash("b")))
	all, err := b.List(ctx, b.Anna)
	must(t, err)
	if len(all) != 1 || all[0].Hash != hash("b") {
		t.Errorf("left: %v", all)
	}
	must(t, b.DeleteOthers(ctx, b.Anna, ""))
	if all, err = b.List(ctx, b.Anna); err != nil || len(all) != 0 {
		t.Errorf("left: %v %v", all, err)
	}
	if _, err := b.Get(ctx, b.Berta, hash("a")); err != nil {
		t.Errorf("another account's session: %v", err)
	}
}

func parallel(t *testing.T, ctx context.Context, b Backend) {
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			account := []int64{b.Anna, b.Berta}[i%2]
			h := hash(string(rune('a' + i)))
			for range 4 {
				if err := b.Put(ctx, record(account, h)); err != nil {
					t.Error(err)
				}
				if _, err := b.Get(ctx, account, h); err != nil {
					t.Error(err)
				}
				if i%4 == 0 {
					if err := b.Delete(ctx, account, h); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	anna, err := b.List(ctx, b.Anna)
	must(t, err)
	berta, err := b.List(ctx, b.Berta)
	must(t, err)
	if len(anna) != 4 || len(berta) != 8 {
		t.Errorf("%d and %d sessions, want 4 and 8", len(anna), len(berta))
	}
}

func over(t *testing.T, ctx context.Context, b Backend) {
	must(t, b.Put(ctx, record(b.Anna, hash("a"))))
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.Get(ctx, b.Anna, hash("z")); err == nil || errors.Is(err, session.ErrNone) {
		t.Errorf("an answer that never came is taken for none: %v", err)
	}
}

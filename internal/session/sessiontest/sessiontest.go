// Package sessiontest is what every backend of sessions must do.
package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/session"
)

// Backend is an empty backend, with ids of accounts for which it takes sessions.
type Backend struct {
	session.Backend
	Anna, Berta int64
}

// Run tests a kind of backend; open gives a fresh one for each test. One that is Movable is tested as such, too.
func Run(t *testing.T, open func(t *testing.T) Backend) {
	tests := map[string]func(*testing.T, context.Context, Backend){
		"what was put is found":             put,
		"none is ErrNone":                   none,
		"put replaces":                      replaces,
		"touch keeps the rest":              touch,
		"an ended session stays ended":      ended,
		"lists are by account":              lists,
		"the others end":                    others,
		"many at once":                      parallel,
		"a context that is over is no none": over,
	}
	if _, ok := open(t).Backend.(session.Movable); ok {
		tests["add leaves what is there"] = add
		tests["many add, one does"] = addAtOnce
		tests["put and add at once"] = putAndAdd
		tests["each is every one"] = each
	}
	for name, test := range tests {
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

func add(t *testing.T, ctx context.Context, b Backend) {
	place := b.Backend.(session.Movable)
	want := record(b.Anna, hash("a"))
	if added, err := place.Add(ctx, want); err != nil || !added {
		t.Fatalf("added %v, %v", added, err)
	}
	other := record(b.Anna, hash("a"))
	other.Epoch, other.UserAgent, other.ExpiresAt = -1, "", start
	if added, err := place.Add(ctx, other); err != nil || added {
		t.Errorf("added over another: %v, %v", added, err)
	}
	got, err := b.Get(ctx, b.Anna, hash("a"))
	must(t, err)
	same(t, got, want)
	// What stands for the end of a session is kept as it is.
	must(t, b.Put(ctx, other))
	if added, err := place.Add(ctx, want); err != nil || added {
		t.Errorf("added over the mark of an end: %v, %v", added, err)
	}
	got, err = b.Get(ctx, b.Anna, hash("a"))
	must(t, err)
	if !got.Ended() {
		t.Errorf("got %+v", got)
	}
	if added, err := place.Add(ctx, record(b.Berta, hash("a"))); err != nil || !added {
		t.Errorf("another account's: %v, %v", added, err)
	}
}

func addAtOnce(t *testing.T, ctx context.Context, b Backend) {
	place := b.Backend.(session.Movable)
	var wg sync.WaitGroup
	var added atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			r := record(b.Anna, hash("a"))
			r.Epoch = i
			ok, err := place.Add(ctx, r)
			if err != nil {
				t.Error(err)
			}
			if ok {
				added.Add(1)
			}
		})
	}
	wg.Wait()
	if added.Load() != 1 {
		t.Errorf("%d added one", added.Load())
	}
}

// putAndAdd: the mark of an end is put while a copy is added. The mark stays.
func putAndAdd(t *testing.T, ctx context.Context, b Backend) {
	place := b.Backend.(session.Movable)
	for i := range 8 {
		h := hash(string(rune('a' + i)))
		mark := record(b.Anna, h)
		mark.Epoch = -1
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := place.Add(ctx, record(b.Anna, h)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := place.Put(ctx, mark); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		got, err := b.Get(ctx, b.Anna, h)
		must(t, err)
		if !got.Ended() {
			t.Errorf("the copy won: %+v", got)
		}
	}
}

func each(t *testing.T, ctx context.Context, b Backend) {
	place := b.Backend.(session.Movable)
	want := make(map[string]*session.Record)
	for i := range 30 {
		account := []int64{b.Anna, b.Berta}[i%2]
		r := record(account, fmt.Sprintf("%064d", i/2))
		if i%7 == 0 {
			r.Epoch = -1
		}
		must(t, b.Put(ctx, r))
		want[fmt.Sprint(account, r.Hash)] = r
	}
	seen := 0
	must(t, place.Each(ctx, func(r *session.Record) error {
		w := want[fmt.Sprint(r.AccountID, r.Hash)]
		if w == nil {
			t.Fatalf("unknown or twice: %+v", r)
		}
		same(t, r, w)
		delete(want, fmt.Sprint(r.AccountID, r.Hash))
		seen++
		return nil
	}))
	if len(want) > 0 {
		t.Errorf("missed %d of 30", len(want))
	}
	stop := errors.New("stop")
	if err := place.Each(ctx, func(*session.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("%v", err)
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

package media_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tintype/internal/media"
	"tintype/internal/media/mediatest"
)

// shaky is a store that may be away.
type shaky struct {
	media.Store
	away  atomic.Bool
	asked atomic.Int64
	// onDelete, if set, runs before a deletion.
	onDelete func()
}

func (s *shaky) refuse() error {
	s.asked.Add(1)
	if s.away.Load() {
		return media.ErrUnavailable
	}
	return nil
}

func (s *shaky) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	if err := s.refuse(); err != nil {
		return 0, err
	}
	return s.Store.Put(ctx, key, r, o)
}

func (s *shaky) Open(ctx context.Context, key string) (*media.Object, error) {
	if err := s.refuse(); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, key)
}

func (s *shaky) Delete(ctx context.Context, keys ...string) error {
	if err := s.refuse(); err != nil {
		return err
	}
	if s.onDelete != nil {
		s.onDelete()
	}
	return s.Store.Delete(ctx, keys...)
}

func (s *shaky) Copy(ctx context.Context, from, to string) error {
	if err := s.refuse(); err != nil {
		return err
	}
	return s.Store.Copy(ctx, from, to)
}

// signing is a disk that signs addresses.
type signing struct{ *shaky }

func (s signing) Presign(_ context.Context, key string, life time.Duration) (string, time.Duration, error) {
	return "https://bucket.example/" + key, life, nil
}

func (s signing) Origins(context.Context) ([]string, error) {
	return []string{"https://bucket.example"}, nil
}

// twoPlaces are photos under way from source to target, and the route that operations go.
type twoPlaces struct {
	source, target *shaky
	route          atomic.Pointer[media.Route]
	begun          atomic.Int64
	// onBegin, if set, runs before the route is given to an operation, with how many there were before it.
	onBegin func(n int64)
	failing atomic.Bool // no route can be known
	*media.Moving
}

func newTwoPlaces(t *testing.T) *twoPlaces {
	p := &twoPlaces{source: &shaky{Store: disk(t)}, target: &shaky{Store: disk(t)}}
	p.follow(p.still())
	p.Moving = media.NewMoving(media.MovingOptions{
		Places: []media.Store{p.source, p.target},
		Begin: func(context.Context) (media.Route, func(), error) {
			n := p.begun.Add(1) - 1
			if p.onBegin != nil {
				p.onBegin(n)
			}
			if p.failing.Load() {
				return media.Route{}, nil, errors.New("the database is away")
			}
			return *p.route.Load(), func() {}, nil
		},
		Last: func() media.Route { return *p.route.Load() },
		Log:  slog.New(slog.DiscardHandler),
	})
	return p
}

func (p *twoPlaces) follow(r media.Route) { p.route.Store(&r) }

// The routes of a move, in their order.
func (p *twoPlaces) still() media.Route { return media.Route{Charge: p.source} }
func (p *twoPlaces) reading() media.Route {
	return media.Route{Charge: p.source, Other: p.target, Write: true}
}
func (p *twoPlaces) writing() media.Route {
	return media.Route{Charge: p.source, Other: p.target, Write: true, Read: true}
}
func (p *twoPlaces) moved() media.Route {
	return media.Route{Charge: p.target, Other: p.source, Write: true, Read: true}
}
func (p *twoPlaces) aborting() media.Route {
	return media.Route{Charge: p.source, Other: p.target}
}
func (p *twoPlaces) finished() media.Route { return media.Route{Charge: p.target} }

// has tells which of the places have an object: "s", "t", "st" or "".
func (p *twoPlaces) has(t *testing.T, key string) string {
	t.Helper()
	where := ""
	for name, place := range map[string]*shaky{"s": p.source, "t": p.target} {
		there, err := media.Has(t.Context(), place.Store, key)
		if err != nil {
			t.Fatal(err)
		}
		if there && name == "s" {
			where = name + where
		} else if there {
			where += name
		}
	}
	return where
}

func TestMoving(t *testing.T) {
	for name, route := range map[string]func(*twoPlaces) media.Route{
		"still": (*twoPlaces).still, "reading": (*twoPlaces).reading, "writing": (*twoPlaces).writing,
		"moved": (*twoPlaces).moved, "finished": (*twoPlaces).finished, "aborting": (*twoPlaces).aborting,
	} {
		t.Run(name, func(t *testing.T) {
			mediatest.Run(t, func(t *testing.T) media.Store {
				p := newTwoPlaces(t)
				p.follow(route(p))
				return p
			})
		})
	}
}

func (p *twoPlaces) put(t *testing.T, place media.Store, key string) {
	t.Helper()
	if _, err := place.Put(t.Context(), key, strings.NewReader("photo"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
}

func someKey() string { return media.VariantKey(media.Public, media.NewRandom(), "320") }

// Where an object is after a Put, a Copy of it and a Delete of both, by the route.
func TestMovingWritesWhereTheRouteSays(t *testing.T) {
	for _, c := range []struct {
		name         string
		route        func(*twoPlaces) media.Route
		put, deleted string
	}{
		{"still", (*twoPlaces).still, "s", "t"},
		{"reading", (*twoPlaces).reading, "st", ""},
		{"writing", (*twoPlaces).writing, "st", ""},
		{"moved", (*twoPlaces).moved, "st", ""},
		{"aborting", (*twoPlaces).aborting, "s", ""},
		{"finished", (*twoPlaces).finished, "t", "s"},
	} {
		p := newTwoPlaces(t)
		p.follow(c.route(p))
		key, to := someKey(), someKey()
		p.put(t, p, key)
		if err := p.Copy(t.Context(), key, to); err != nil {
			t.Error(err)
		}
		if got := p.has(t, key) + " " + p.has(t, to); got != c.put+" "+c.put {
			t.Errorf("%s: after put and copy: %s, want %s", c.name, got, c.put)
		}
		p.put(t, p.source, key)
		p.put(t, p.target, key)
		if err := p.Delete(t.Context(), key); err != nil {
			t.Error(err)
		}
		if got := p.has(t, key); got != c.deleted {
			t.Errorf("%s: after delete: %q, want %q", c.name, got, c.deleted)
		}
	}
}

// What only the other place has is found where it may be only there, and nowhere else: a photo that was deleted from
// the place in charge must not come back from an old copy.
func TestMovingReads(t *testing.T) {
	for _, c := range []struct {
		name           string
		route          func(*twoPlaces) media.Route
		source, target bool // whether what is only there is found
	}{
		{"still", (*twoPlaces).still, true, false},
		{"reading", (*twoPlaces).reading, true, false},
		{"writing", (*twoPlaces).writing, true, true},
		{"moved", (*twoPlaces).moved, true, true},
		{"aborting", (*twoPlaces).aborting, true, false},
		{"finished", (*twoPlaces).finished, false, true},
	} {
		p := newTwoPlaces(t)
		p.follow(c.route(p))
		for place, want := range map[*shaky]bool{p.source: c.source, p.target: c.target} {
			key := someKey()
			p.put(t, place, key)
			o, err := p.Open(t.Context(), key)
			if err == nil {
				o.Close()
			}
			there, herr := p.Has(t.Context(), key)
			if found := err == nil; found != want || there != want || herr != nil || err != nil && !errors.Is(err, media.ErrNotFound) {
				t.Errorf("%s: %s: found %v (%v), has %v (%v), want %v", c.name, place, found, err, there, herr, want)
			}
			cerr := p.Copy(t.Context(), key, someKey())
			if copied := cerr == nil; copied != want {
				t.Errorf("%s: %s: copied %v (%v), want %v", c.name, place, copied, cerr, want)
			}
		}
	}
}

// While the other place is away, people notice nothing, and it is not asked each time. What was deleted meanwhile is
// told to whoever deleted it, so that it is deleted again.
func TestMovingWithTheOtherPlaceAway(t *testing.T) {
	p := newTwoPlaces(t)
	p.follow(p.reading())
	p.target.away.Store(true)
	var keys []string
	for range 5 {
		keys = append(keys, someKey())
		p.put(t, p, keys[len(keys)-1])
	}
	if n := p.target.asked.Load(); n != 1 {
		t.Errorf("a place that is away was asked %d times", n)
	}
	if err := p.Delete(t.Context(), keys[0]); !errors.Is(err, media.ErrLeftBehind) {
		t.Errorf("a deletion in one place: %v", err)
	}
	if got := p.has(t, keys[0]) + p.has(t, keys[1]); got != "s" {
		t.Errorf("%q", got)
	}
	// In the phase where it may be the only one to have a photo, nobody is told that there is none.
	p.follow(p.writing())
	if _, err := p.Open(t.Context(), keys[0]); !errors.Is(err, media.ErrUnavailable) || errors.Is(err, media.ErrNotFound) {
		t.Errorf("what may be in a place that is away: %v", err)
	}
	if o, err := p.Open(t.Context(), keys[1]); err != nil {
		t.Error(err)
	} else {
		o.Close()
	}
}

// While the place in charge is away, readers get what the other one has.
func TestMovingWithThePlaceInChargeAway(t *testing.T) {
	for _, route := range []func(*twoPlaces) media.Route{(*twoPlaces).reading, (*twoPlaces).moved} {
		p := newTwoPlaces(t)
		p.follow(route(p))
		key := someKey()
		p.put(t, p, key)
		charge := p.route.Load().Charge.(*shaky)
		charge.away.Store(true)
		o, err := p.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		if _, err := p.Open(t.Context(), someKey()); !errors.Is(err, media.ErrUnavailable) {
			t.Errorf("what the other place does not have: %v", err)
		}
		if _, err := p.Put(t.Context(), someKey(), strings.NewReader("x"), media.PutOptions{}); !errors.Is(err, media.ErrUnavailable) {
			t.Errorf("Put: %v", err)
		}
	}
}

// An upload that began before a step of the move ends where photos are when it ends.
func TestMovingUploadOverASwitch(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to func(*twoPlaces) media.Route
		want     string
	}{
		{"still to reading", (*twoPlaces).still, (*twoPlaces).reading, "st"},
		{"reading to aborting", (*twoPlaces).reading, (*twoPlaces).aborting, "s"},
		{"writing to moved", (*twoPlaces).writing, (*twoPlaces).moved, "st"},
		{"still to finished", (*twoPlaces).still, (*twoPlaces).finished, "t"},
		{"moved to finished", (*twoPlaces).moved, (*twoPlaces).finished, "t"},
	} {
		p := newTwoPlaces(t)
		p.follow(c.from(p))
		p.onBegin = func(n int64) {
			if n == 1 {
				p.follow(c.to(p))
			}
		}
		key := someKey()
		p.put(t, p, key)
		if got := p.has(t, key); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// A deletion that outlasts its lease is done again by the route of then: no mover waits for it, and its copy may have
// begun. One whose route is the same is done once.
func TestMovingDeletesOverASwitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTwoPlaces(t)
		key := someKey()
		p.put(t, p.source, key)
		p.source.onDelete = func() {
			if p.begun.Load() == 1 {
				p.put(t, p.target, key)
				p.follow(p.moved())
			}
			time.Sleep(media.RouteTime)
		}
		if err := p.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if got := p.has(t, key); got != "" {
			t.Errorf("it is left in %q", got)
		}
		before := p.source.asked.Load()
		if err := p.Delete(t.Context(), key); err != nil || p.source.asked.Load() != before+1 {
			t.Errorf("%v, and the source was asked %d times", err, p.source.asked.Load()-before)
		}
	})
}

// Whoever cannot know where photos are does nothing, and leaves nothing.
func TestMovingWithoutARoute(t *testing.T) {
	p := newTwoPlaces(t)
	p.follow(p.reading())
	p.onBegin = func(n int64) { p.failing.Store(n == 1) }
	key := someKey()
	if _, err := p.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); !errors.Is(err, media.ErrUnavailable) {
		t.Errorf("Put: %v", err)
	}
	if got := p.has(t, key); got != "" {
		t.Errorf("it is in %q", got)
	}
	p.onBegin = func(int64) { p.failing.Store(true) }
	if _, err := p.Open(t.Context(), key); !errors.Is(err, media.ErrUnavailable) {
		t.Errorf("Open: %v", err)
	}
	if err := p.Delete(t.Context(), key); !errors.Is(err, media.ErrUnavailable) {
		t.Errorf("Delete: %v", err)
	}
}

// A reader is sent to a bucket only where it surely has the photo.
func TestMovingAbilities(t *testing.T) {
	source, target := signing{&shaky{Store: disk(t)}}, &shaky{Store: disk(t)}
	route := media.Route{Charge: source, Other: target, Write: true}
	m := media.NewMoving(media.MovingOptions{
		Places: []media.Store{source, target},
		Begin:  func(context.Context) (media.Route, func(), error) { return route, func() {}, nil },
		Last:   func() media.Route { return route },
	})
	key := someKey()
	if _, err := source.Put(t.Context(), key, bytes.NewReader([]byte("x")), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	p, ok := media.As[media.Presigner](m)
	if !ok {
		t.Fatal("nothing signs")
	}
	origins, err := p.Origins(t.Context())
	if err != nil || len(origins) != 1 || origins[0] != "https://bucket.example" {
		t.Errorf("%q, %v", origins, err)
	}
	sent := func(key string) bool {
		t.Helper()
		_, good, err := p.Presign(t.Context(), key, time.Hour)
		if err != nil {
			t.Error(err)
		}
		return good > 0
	}
	if !sent(key) {
		t.Error("before the switch nobody is sent to the bucket in charge")
	}
	route.Read = true
	if !sent(key) || sent(someKey()) {
		t.Error("around the switch, whoever asks for what the bucket has is sent there, and nobody else")
	}
	route = media.Route{Charge: target, Other: source, Write: true, Read: true}
	if sent(key) {
		t.Error("a reader is sent to a bucket that is no longer in charge")
	}
	if own, ok := media.As[*shaky](m); !ok || own != target {
		t.Error("the place in charge is hidden")
	}
	if s := m.String(); !strings.HasPrefix(s, target.String()) || !strings.Contains(s, source.String()) {
		t.Error(s)
	}
}

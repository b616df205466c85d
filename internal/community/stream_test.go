package community

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/cache"
	"tintype/internal/live"
	"tintype/internal/store/storetest"
)

// R37 for visitors: what a stream announces is in the list that is read because of it, although what follows events
// for the caches has not come as far (here it never does).
func TestStreamsTellAfterTheCachesForgot(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		hub := live.NewHub(live.Options{Reader: EventReader(g.Store), Poll: 10 * time.Millisecond})
		g.Live = hub
		g.Cached = NewCached(cache.New(cache.Options{Near: time.Hour}), hub, slog.New(slog.DiscardHandler))
		visible := NewVisible(g.Community, nil)
		streams := NewStreams(g.Community, StreamOptions{Visible: visible})
		ctx, cancel := context.WithCancel(g.ctx)
		ended := make(chan struct{}, 2)
		go func() { hub.Follow(ctx); ended <- struct{}{} }()
		go func() { streams.Run(ctx); ended <- struct{}{} }()
		t.Cleanup(func() { cancel(); <-ended; <-ended })
		st, err := streams.Open(Subscriber{Address: "192.0.2.1"})
		g.must(err)
		defer st.Close()
		g.must(st.Listen(Channel{Name: ChannelPublic}))

		ann := g.account("ann")
		for range 3 {
			_, err := g.visitorsFeed(g.ctx, 20) // so that it is kept
			g.must(err)
			heard := visible.Changes()
			posted := g.post(ann, "public", "news")
			for m := (Message{}); m.ID != posted.ID; {
				select {
				case m = <-st.C():
					if m.Kind == MessagePost && m.Post != nil {
						m.ID = m.Post.ID
					}
				case <-st.Done():
					t.Fatal(st.Err())
				case <-ctx.Done():
					t.Fatal("nothing was announced")
				}
			}
			list, err := g.visitorsFeed(g.ctx, 20)
			g.must(err)
			if !slices.Contains(idsOf(list), posted.ID) {
				t.Errorf("%d was announced, and the list is %v", posted.ID, idsOf(list))
			}
			if visible.Changes() == heard {
				t.Error("pages that were made before still count")
			}
		}
	})
}

// A stream misses nothing from Open on, however late its events begin to be told.
func TestAStreamTellsFromItsBeginning(t *testing.T) {
	g := newTestSite(t, storetest.SQLite(t))
	hub := live.NewHub(live.Options{Reader: EventReader(g.Store), Poll: 10 * time.Millisecond})
	g.Live = hub
	ctx, cancel := context.WithCancel(g.ctx)
	var ended sync.WaitGroup
	t.Cleanup(func() { cancel(); ended.Wait() })
	ended.Go(func() { hub.Follow(ctx) })
	ann := g.account("ann")
	streams := NewStreams(g.Community, StreamOptions{})
	st, err := streams.Open(Subscriber{Address: "192.0.2.1"})
	g.must(err)
	defer st.Close()
	g.must(st.Listen(Channel{Name: ChannelPublic}))
	// The hub goes on for others, and has read the event before anybody tells it.
	other := hub.Subscribe(live.Any, EventPostCreated)
	defer other.Close()
	posted := g.post(ann, "public", "news")
	select {
	case <-other.C():
	case <-ctx.Done():
		t.Fatal("the hub heard nothing")
	}
	ended.Go(func() { streams.Run(ctx) })
	for {
		select {
		case m := <-st.C():
			if m.Kind == MessagePost && m.Post != nil && m.Post.ID == posted.ID {
				return
			}
		case <-st.Done():
			t.Fatal(st.Err())
		case <-time.After(20 * time.Second):
			t.Fatal("nothing was announced")
		}
	}
}

// Visitors of many networks get half of the streams together, and one network a few: members always find one.
func TestMembersKeepAShareOfTheStreams(t *testing.T) {
	s := NewStreams(nil, StreamOptions{Max: 40, PerOwner: 4})
	opened := 0
	for i := range 60 { // ten networks
		st, err := s.Open(Subscriber{Address: fmt.Sprintf("198.51.100.%d", i%10)})
		if err == nil {
			opened++
			continue
		}
		var full *Unavailable
		if !errors.As(err, &full) || st != nil {
			t.Fatalf("visitor %d: %v", i, err)
		}
	}
	if opened != 20 {
		t.Errorf("visitors have %d streams, want half of 40", opened)
	}
	var members []*Stream
	for i := range 20 {
		st, err := s.Open(Subscriber{AccountID: int64(1 + i/4), Address: "198.51.100.1"})
		if err != nil {
			t.Fatalf("member's stream %d: %v", i, err)
		}
		members = append(members, st)
	}
	for _, st := range members {
		st.Close()
	}
	if s.Count() != opened || s.visitors != opened || len(s.owners) != 10 {
		t.Errorf("%d open, %d visitors', of %d owners", s.Count(), s.visitors, len(s.owners))
	}

	for _, c := range []struct {
		name, address string // a format
		want          int
	}{
		{"a /64", "2001:db8:1:1::%x", 4}, {"a /56", "2001:db8:2:%x::1", 8}, {"a /48", "2001:db8:3:%x00::1", 16}, {"an IPv4 address", "203.0.113.9", 4},
	} {
		s := NewStreams(nil, StreamOptions{Max: 400, PerOwner: 4})
		opened := 0
		for i := 1; i < 30; i++ {
			address := c.address
			if strings.Contains(address, "%") {
				address = fmt.Sprintf(address, i)
			}
			if _, err := s.Open(Subscriber{Address: address}); err == nil {
				opened++
			}
		}
		if opened != c.want {
			t.Errorf("%s opens %d, want %d", c.name, opened, c.want)
		}
	}
}

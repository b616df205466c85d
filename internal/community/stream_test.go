package community

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"tintype/internal/cache"
	"tintype/internal/live"
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
		st, err := streams.Open(Subscriber{Network: "192.0.2.1"})
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

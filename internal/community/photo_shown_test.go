package community

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// shownHistory is what transactions have found of a post's photos, in the order of their commits.
type shownHistory struct {
	mu    sync.Mutex
	of    map[int64]string // by version
	order map[int64]int
}

// learn reads the post's photos and their version in one transaction. One version has one list of photos.
func (h *shownHistory) learn(ctx context.Context, s *store.Store, id int64) error {
	return s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		p, err := tx.LockPost(ctx, id)
		if err != nil {
			return err
		}
		photos, err := tx.FeedPhotos(ctx, []*store.Post{p}, nil, true)
		if err != nil {
			return err
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		now, had := asText(photos[0]), h.of[p.PhotosVersion]
		if had != "" && had != now {
			return fmt.Errorf("version %d has two lists of photos:\n%s\n%s", p.PhotosVersion, had, now)
		}
		if had == "" {
			h.of[p.PhotosVersion], h.order[p.PhotosVersion] = now, len(h.order)
		}
		return nil
	})
}

// check fails for photos that are known to be older than the version with which they came.
func (h *shownHistory) check(p *Post) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	since, ok := h.order[p.PhotosVersion]
	if !ok {
		return nil
	}
	got, stale := asText(p.Photos), false
	for version, photos := range h.of {
		if photos == got && h.order[version] >= since {
			return nil
		}
		stale = stale || photos == got
	}
	if stale {
		return fmt.Errorf("stale photos: %s, and version %d has %s", got, p.PhotosVersion, h.of[p.PhotosVersion])
	}
	return nil // what nobody has learnt
}

func asText(photos []*store.Photo) string {
	b, err := json.Marshal(photos)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Two processes edit a post and read it all the time: nobody ever reads photos that are older than the post.
func TestPhotosAreNeverOlderThanTheirPost(t *testing.T) {
	storetest.Two(t, func(t *testing.T, one, other *store.Store) {
		sites := []*testSite{newTestSite(t, one), newTestSite(t, other)}
		sites[1].Media = sites[0].Media
		g := sites[0]
		ann := g.account("ann")
		post := g.post(ann, store.Public, "a harbour")
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		h := &shownHistory{of: map[int64]string{}, order: map[int64]int{}}
		g.must(h.learn(g.ctx, g.Store, post.ID))
		edit := func(r *rand.Rand, g *testSite) error {
			p, err := g.PostByID(g.ctx, ann, post.ID)
			if err != nil {
				return err
			}
			change := PostChange{}
			for _, ph := range p.Photos {
				change.Photos = append(change.Photos, PostPhoto{ID: ph.ID})
			}
			one := r.IntN(len(change.Photos))
			switch r.IntN(6) {
			case 0:
				text := fmt.Sprint("take ", r.Int())
				change.Photos[one].Description = &text
			case 1:
				x := r.Float64()
				change.Photos[one].FocusX = &x
			case 2:
				r.Shuffle(len(change.Photos), func(i, j int) { change.Photos[i], change.Photos[j] = change.Photos[j], change.Photos[i] })
			case 3:
				change.Photos = append(change.Photos, PostPhoto{ID: g.photo(ann)})
			case 4:
				if len(change.Photos) > 1 {
					change.Photos = append(change.Photos[:one], change.Photos[one+1:]...)
				}
			case 5:
				v := []store.Visibility{store.Public, store.Followers, store.Unlisted}[r.IntN(3)]
				change = PostChange{Visibility: &v}
			}
			_, err = g.EditPost(g.ctx, ann, post.ID, change)
			if errors.As(err, new(*Invalid)) || errors.As(err, new(*Unavailable)) { // somebody else was quicker
				return nil
			}
			return err
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(worker)))
				for range 12 {
					g := sites[r.IntN(2)]
					if err := errors.Join(edit(r, g), h.learn(g.ctx, g.Store, post.ID)); err != nil {
						t.Error(err)
						return
					}
					for _, g := range sites {
						p, err := g.PostByID(g.ctx, ann, post.ID)
						if err == nil {
							err = h.check(p)
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		wg.Wait()
		g.must(h.learn(g.ctx, g.Store, post.ID))
		for i, g := range sites {
			p, err := g.PostByID(g.ctx, ann, post.ID)
			g.must(err)
			if got, want := asText(p.Photos), h.of[p.PhotosVersion]; got != want {
				t.Errorf("process %d reads %s, want %s", i, got, want)
			}
		}
	})
}

package move

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

const (
	fromPlace = "disk:/from"
	toPlace   = "disk:/to"
)

// sampled are all numbers below n, or some n/every of them where TEST_ALL is not set.
func sampled(n, every int) iter.Seq[int] {
	first := rand.IntN(every)
	if servertest.All() {
		first, every = 0, 1
	}
	return func(yield func(int) bool) {
		for i := first; i < n && yield(i); i += every {
		}
	}
}

// A set is written, or deleted, at each moment of a move in turn, by a process that is a phase ahead or behind: no photo
// is lost for anybody at any moment, none that was deleted is served, and the target ends with exactly what is wanted.
func TestPhotosMoveWhilePeopleWork(t *testing.T) {
	rehearsal := newPhotoWorld(t)
	rehearsal.settled(2)
	rehearsal.move()
	rehearsal.judge("nobody works")
	moments := rehearsal.steps - 20
	if moments < 30 {
		t.Fatalf("the mover is watched at %d moments only", moments)
	}
	for at := range sampled(moments, 12) {
		for _, c := range []struct {
			name string
			act  func(w *photoWorld, old []string)
		}{
			{"uploaded by the first", func(w *photoWorld, _ []string) { w.upload(0, 0) }},
			{"uploaded by the second, slowly", func(w *photoWorld, _ []string) { w.upload(1, 9) }},
			{"deleted by the first", func(w *photoWorld, old []string) { w.delete(0, old[0], 0) }},
			{"deleted by the second, slowly", func(w *photoWorld, old []string) { w.delete(1, old[1], 4) }},
			{"uploaded by the second and deleted by the first", func(w *photoWorld, _ []string) {
				random := w.upload(1, 1)
				w.later(2, func() { w.delete(0, random, 1) })
			}},
		} {
			w := newPhotoWorld(t)
			old := w.settled(2)
			w.due[at+1] = []func(){func() { c.act(w, old) }}
			w.move()
			if w.judge(fmt.Sprintf("%s at %d", c.name, at)); t.Failed() {
				return
			}
		}
	}
}

// A place goes away at each moment in turn, and comes back after some: people read all the time, and in the end
// everything is where it belongs.
func TestPhotosMoveWhileAPlaceIsAway(t *testing.T) {
	rehearsal := newPhotoWorld(t)
	rehearsal.settled(2)
	rehearsal.move()
	for _, name := range []string{fromPlace, toPlace} {
		for at := range sampled(rehearsal.steps-20, 12) {
			w := newPhotoWorld(t)
			old := w.settled(2)
			w.due[at+1] = []func(){func() {
				w.away[name].Store(true)
				w.later(12, func() { w.away[name].Store(false) })
				// Only the second set is there for sure in both places by then, so nobody reads the others meanwhile.
				kept := w.live
				w.live = map[string]*store.MediaObject{}
				w.later(13, func() {
					for random, o := range kept {
						w.live[random] = o
					}
					w.delete(1, old[0], 0)
				})
				w.later(2, func() { w.upload(0, 3) })
				w.later(4, func() { w.upload(1, 0) })
			}}
			w.move()
			if w.judge(fmt.Sprintf("%s away at %d", name, at)); t.Failed() {
				return
			}
		}
	}
}

// What is there already is taken if it is right, and put right if it is not; what is missing is named. A copy that was
// killed goes on where it was.
func TestPhotoCopyTakesWhatIsThere(t *testing.T) {
	w := newPhotoWorld(t)
	sets := w.settled(2*setsPage + 5)
	slices.Sort(sets)
	from, to := w.disks[fromPlace], w.disks[toPlace]
	key := func(i int, name string) string { return media.VariantKey(media.Public, sets[i], name) }
	for k, text := range map[string]string{
		key(0, "320"): content(key(0, "320")), // right
		key(1, "320"): "too short",
		key(2, "320"): strings.Repeat("x", len(content(key(2, "320")))),
	} {
		if _, err := to.Put(t.Context(), k, strings.NewReader(text), media.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	w.must(from.Delete(t.Context(), key(3, "640")))
	copier := func(p PhotoProgress) *PhotoCopy {
		c := w.copier(false)
		c.From, c.To, c.Workers, c.Progress = from, to, 3, p
		return c
	}
	// The first mover dies after a page.
	var kept PhotoProgress
	died := errors.New("killed")
	first := copier(PhotoProgress{})
	first.Save = func(p PhotoProgress) { kept = p }
	var looked atomic.Int64
	first.Step = func(int64) error {
		if looked.Add(1) > setsPage+10 {
			return died
		}
		return nil
	}
	if _, err := first.Pass(t.Context()); !errors.Is(err, died) {
		t.Fatal(err)
	}
	if kept.After != sets[setsPage-1] {
		t.Errorf("kept %+v", kept)
	}
	second := copier(kept)
	looked.Store(0)
	second.Step = func(int64) error { looked.Add(1); return nil }
	if _, err := second.Pass(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := looked.Load(); n != setsPage+5 {
		t.Errorf("the second mover looked at %d sets", n)
	}
	p := second.Progress
	if p.Taken < 1 || p.MissingCount != 1 || p.Missing[0] != key(3, "640") || p.FailedCount != 0 {
		t.Errorf("%+v", p)
	}
	for _, o := range w.live {
		for _, k := range setKeys(o) {
			if err := w.read(to, k); err != nil && k != key(3, "640") {
				t.Errorf("%s: %v", k, err)
			}
		}
	}
	if n, err := second.Pass(t.Context()); n != 0 || err != nil {
		t.Errorf("a second pass copied %d, %v", n, err)
	}
	// A place in charge is not written over: what differs there is named.
	if _, err := to.Put(t.Context(), key(5, "320"), strings.NewReader("other bytes"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	third := copier(PhotoProgress{})
	third.InCharge, third.pause = true, func(context.Context, time.Duration) error { return nil }
	if _, err := third.Pass(t.Context()); err == nil || !strings.Contains(err.Error(), key(5, "320")) || third.Progress.FailedCount != 1 {
		t.Errorf("%v, %+v", err, third.Progress)
	}
}

func TestStrangers(t *testing.T) {
	w := newPhotoWorld(t)
	w.settled(3)
	disk := w.disks[fromPlace]
	if n, example, err := Strangers(t.Context(), w.db, disk, true); n != 0 || example != "" || err != nil {
		t.Errorf("%d, %q, %v", n, example, err)
	}
	size, err := Measure(t.Context(), disk)
	if err != nil || size.Files != 6 || size.Bytes == 0 {
		t.Errorf("%+v, %v", size, err)
	}
	for _, key := range []string{media.OriginalKey(media.NewRandom()), media.VariantKey(media.Private, media.NewRandom(), "320"), media.VariantKey(media.Public, media.NewRandom(), "320")} {
		if _, err := disk.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if n, example, err := Strangers(t.Context(), w.db, disk, false); n != 3 || example == "" || err != nil {
		t.Errorf("%d, %q, %v", n, example, err)
	}
	if n, _, err := Strangers(t.Context(), w.db, disk, true); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if size, err = Measure(t.Context(), disk); err != nil || size.Files != 6 {
		t.Errorf("%+v, %v", size, err)
	}
	w.must(EmptyMedia(t.Context(), disk, func(int64) error { return nil }))
	if size, err = Measure(t.Context(), disk); err != nil || size.Files != 0 {
		t.Errorf("%+v, %v", size, err)
	}
}

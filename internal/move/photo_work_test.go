package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tintype/internal/media"
)

// wholeMoverOf is a moverOf of a part whose source is whole until the switch.
func wholeMoverOf(m *moverTable, name string) (*PartMover, func() string) {
	mover, did := moverOf(m, name)
	work := &mover.Work
	copying, empty, clean := work.Copy, work.Empty, work.Finish
	work.SourceWhole = true
	work.Discard = func(ctx context.Context, _, target string, step func(int64) error) error {
		return empty(ctx, "", "all of "+target, step)
	}
	work.Settle = func(ctx context.Context, source, target string, step func(int64) error) error {
		_, err := copying(ctx, "the rest of "+source, target, step)
		return err
	}
	work.Finish = func(ctx context.Context, source, target string, step func(int64) error) error {
		return clean(ctx, source, target, step)
	}
	return mover, did
}

// A part whose source is whole is copied before anybody reads the target, and once more before the source is left; every
// process knows that it is left before one of them forgets it.
func TestAMoveWithAWholeSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		serve(t, m, 1, "one", "1", "b")
		mover, did := wholeMoverOf(m, "me")
		var phases []string
		mover.Report = func(r Row, _ PartProgress) {
			if len(phases) == 0 || phases[len(phases)-1] != r.Phase {
				phases = append(phases, r.Phase)
			}
		}
		if err := mover.Move(t.Context(), "a", "b", always); err != nil {
			t.Fatal(err)
		}
		if err := mover.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := did(), "empty b, copy ab in reading, copy ab in reading, copy the rest of ab in moved, clean a"; got != want {
			t.Errorf("did %s, want %s", got, want)
		}
		if got, want := strings.Join(phases, " "), "aborted reading writing moved leaving finished"; !strings.HasSuffix(got, want[len("aborted "):]) {
			t.Errorf("phases %s, want %s", got, want)
		}
		mover.Work.FinishAgain = true
		if err := mover.Finish(t.Context()); err != nil || !strings.HasSuffix(did(), "clean a, clean a") {
			t.Errorf("%v: did %s", err, did())
		}
	})
	for _, phase := range []Phase{PhaseReading, PhaseWriting, PhaseAborting} {
		synctest.Test(t, func(t *testing.T) {
			m := newMoverTable()
			m.set(Row{Part: "sessions", Phase: string(phase), Step: 5, Epoch: 2, Source: "a", Target: "b"})
			serve(t, m, 1, "one", "1", "b")
			mover, did := wholeMoverOf(m, "me")
			if err := mover.Abort(t.Context(), always); err != nil {
				t.Fatal(err)
			}
			if got := did(); got != "empty all of b" || m.row().Phase != "aborted" || InCharge(m.row()) != "a" {
				t.Errorf("from %s: did %s, %+v", phase, got, m.row())
			}
		})
	}
}

// What trying again does not help ends the mover, which leaves the move where it is.
func TestAMoveThatCannotGoOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMoverTable()
		serve(t, m, 1, "one", "1", "b")
		mover, _ := wholeMoverOf(m, "me")
		mover.Work.Copy = func(context.Context, string, string, func(int64) error) (int64, error) {
			return 0, &FinalError{errors.New("a file is missing")}
		}
		if err := mover.Move(t.Context(), "a", "b", always); err == nil || err.Error() != "a file is missing" {
			t.Errorf("%v", err)
		}
		if r := m.row(); r.Phase != "reading" || r.Mover != "" {
			t.Errorf("%+v", r)
		}
	})
}

// Photos go through all of it: killed, the next mover goes on with the set where the last one was; files that are
// missing end it; the source is emptied only if everything is the same in both places.
func TestPhotosThroughAMove(t *testing.T) {
	t.Parallel()
	w := newPhotoWorld(t)
	sets := w.settled(2*setsPage + 5)
	places := map[string]media.Store{fromPlace: w.disks[fromPlace], toPlace: w.disks[toPlace]}
	place := func(address string) (media.Store, error) {
		if s := places[address]; s != nil {
			return s, nil
		}
		return nil, fmt.Errorf("no place %s", address)
	}
	m := newMoverTable()
	next := func(w *PhotoWork) *PartMover {
		mover := &PartMover{Table: m, Part: "sessions", Setting: "MEDIA_NEXT", Name: "me"}
		w.Attach(mover)
		return mover
	}
	work := &PhotoWork{Rows: w.db, Open: place}
	if err := work.Check(t.Context(), fromPlace, toPlace); err != nil {
		t.Fatal(err)
	}
	if err := work.Check(t.Context(), toPlace, fromPlace); err == nil || !strings.Contains(err.Error(), "another machine's folder") {
		t.Errorf("from a folder without the photos: %v", err)
	}

	// A mover that dies in the middle of the second page.
	died := errors.New("killed")
	mover := next(work)
	m.set(Row{Part: "sessions", Phase: "reading", Step: 5, Epoch: 2, Source: fromPlace, Target: toPlace, Progress: "{}"})
	var looked atomic.Int64 // by several workers
	step := func(int64) error {
		if looked.Add(1) > setsPage+10 {
			return died
		}
		return nil
	}
	mover.hold(m.row())
	if _, err := mover.Work.Copy(t.Context(), fromPlace, toPlace, step); !errors.Is(err, died) {
		t.Fatal(err)
	}
	w.must(mover.write(t.Context(), func(*Row) {}))
	if p := PhotosOf(ParsePartProgress(m.row())); p.After == "" || p.Copied == 0 {
		t.Errorf("kept %s", m.row().Progress)
	}

	second := next(work)
	second.hold(m.row())
	second.now.Checkpoint = ParsePartProgress(m.row()).Checkpoint
	looked.Store(-1 << 20)
	if _, err := second.Work.Copy(t.Context(), fromPlace, toPlace, step); err != nil {
		t.Fatal(err)
	}
	if n := int(looked.Load()) + 1<<20; n >= len(sets) || n < 5 {
		t.Errorf("the second mover looked at %d of %d sets", n, len(sets))
	}

	// A file that both places lack is named, and whoever runs it again looks at everything again.
	for _, disk := range w.disks {
		w.must(disk.Delete(t.Context(), media.VariantKey(media.Public, sets[0], "320")))
	}
	second.now.Checkpoint = nil
	var final *FinalError
	if _, err := second.Work.Copy(t.Context(), fromPlace, toPlace, step); !errors.As(err, &final) || !strings.Contains(err.Error(), sets[0]) {
		t.Errorf("%v", err)
	}
	if len(second.now.Checkpoint) != 0 {
		t.Errorf("kept %s", second.now.Checkpoint)
	}
	without := next(&PhotoWork{Rows: w.db, Open: place, WithoutMissing: true, DeleteSource: true})
	without.hold(m.row())
	if _, err := without.Work.Copy(t.Context(), fromPlace, toPlace, step); err != nil {
		t.Error(err)
	}
	// The source is not emptied while a file differs.
	key := media.VariantKey(media.Public, sets[7], "640")
	if _, err := w.disks[fromPlace].Put(t.Context(), key, strings.NewReader("other bytes"), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := without.Work.Finish(t.Context(), fromPlace, toPlace, step); !errors.As(err, &final) || !strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
	if err := w.read(w.disks[toPlace], key); err != nil {
		t.Errorf("the place in charge was written over: %v", err)
	}
	if _, err := w.disks[fromPlace].Put(t.Context(), key, strings.NewReader(content(key)), media.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	w.must(without.Work.Finish(t.Context(), fromPlace, toPlace, step))
	if size, err := Measure(t.Context(), w.disks[fromPlace]); err != nil || size.Files != 0 {
		t.Errorf("the source has %+v, %v", size, err)
	}
	if size, err := Measure(t.Context(), w.disks[toPlace]); err != nil || size.Files != int64(2*len(sets)-1) {
		t.Errorf("the target has %+v, %v", size, err)
	}
}

// What did not come to the place that the site has left, because that was away, comes there by another `move media`, as
// long as the move is not finished: a CDN may still ask it. While it is away that ends, and says so.
func TestWhatThePlaceBeforeMisses(t *testing.T) {
	t.Parallel()
	w := newPhotoWorld(t)
	before := w.settled(3)
	moved := time.Now()
	m := newMoverTable()
	m.set(Row{Part: "sessions", Phase: "moved", Step: 5, Epoch: 2, Source: fromPlace, Target: toPlace, Progress: fmt.Sprintf(`{"moved_ms":%d}`, moved.UnixMilli())})
	away := &atomic.Bool{}
	places := map[string]media.Store{fromPlace: &place{Store: w.disks[fromPlace], away: away}, toPlace: w.disks[toPlace]}
	mover := &PartMover{Table: m, Part: "sessions", Setting: "MEDIA_NEXT", Name: "me"}
	work := &PhotoWork{Rows: w.db, Open: func(address string) (media.Store, error) { return places[address], nil }}
	work.Attach(mover)
	key := media.VariantKey(media.Public, before[0], "320")
	_, err := w.disks[toPlace].Put(t.Context(), key, strings.NewReader(content(key)), media.PutOptions{})
	w.must(err)
	w.must(w.disks[fromPlace].Delete(t.Context(), key))

	away.Store(true)
	var final *FinalError
	if err := mover.Keep(t.Context()); !errors.As(err, &final) || !strings.Contains(err.Error(), fromPlace+" does not get") {
		t.Errorf("away: %v", err)
	}
	m.set(Row{Part: "sessions", Phase: "moved", Step: 5, Epoch: 3, Source: fromPlace, Target: toPlace, Progress: fmt.Sprintf(`{"moved_ms":%d,"back":true}`, moved.UnixMilli())})
	if err := mover.Keep(t.Context()); err == nil || !strings.Contains(err.Error(), "`tintype move back ") {
		t.Errorf("after the way back: %v", err)
	}
	away.Store(false)
	for range 2 {
		w.must(mover.Keep(t.Context()))
		w.must(w.read(w.disks[fromPlace], key))
	}
	if r := m.row(); r.Phase != "moved" || r.Mover != "" || ParsePartProgress(r).MovedMs != moved.UnixMilli() {
		t.Errorf("the row is %+v", r)
	}
	m.set(Row{Part: "sessions", Phase: "finished", Step: 6, Epoch: 3, Source: fromPlace, Target: toPlace, Progress: "{}"})
	w.must(w.disks[fromPlace].Delete(t.Context(), key))
	w.must(mover.Keep(t.Context()))
	if err := w.read(w.disks[fromPlace], key); err == nil {
		t.Error("a move that is finished keeps the place up that the site has left")
	}
}

// stumbling refuses each object once.
type stumbling struct {
	media.Store
	mu   sync.Mutex
	seen map[string]bool
}

func (s *stumbling) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (int64, error) {
	s.mu.Lock()
	was := s.seen[key]
	s.seen[key] = true
	s.mu.Unlock()
	if !was {
		return 0, media.ErrUnavailable
	}
	return s.Store.Put(ctx, key, r, o)
}

// The place that the site has left may fail now and then while it gets what it misses: each failure is got over.
func TestKeepGoesOnAfterShortFailures(t *testing.T) {
	w := newPhotoWorld(t)
	sets := w.settled(12)
	moved := time.Now()
	m := newMoverTable()
	m.set(Row{Part: "sessions", Phase: "moved", Step: 5, Epoch: 2, Source: fromPlace, Target: toPlace, Progress: fmt.Sprintf(`{"moved_ms":%d}`, moved.UnixMilli())})
	places := map[string]media.Store{fromPlace: &stumbling{Store: w.disks[fromPlace], seen: map[string]bool{}}, toPlace: w.disks[toPlace]}
	mover := &PartMover{Table: m, Part: "sessions", Setting: "MEDIA_NEXT", Name: "me"}
	work := &PhotoWork{Rows: w.db, Open: func(address string) (media.Store, error) { return places[address], nil }, Workers: 8}
	work.Attach(mover)
	var keys []string
	for _, random := range sets {
		key := media.VariantKey(media.Public, random, "320")
		_, err := w.disks[toPlace].Put(t.Context(), key, strings.NewReader(content(key)), media.PutOptions{})
		w.must(err)
		w.must(w.disks[fromPlace].Delete(t.Context(), key))
		keys = append(keys, key)
	}
	w.must(mover.Keep(t.Context()))
	for _, key := range keys {
		w.must(w.read(w.disks[fromPlace], key))
	}
}

// A worker that fails while another one gets through has not failed for long.
func TestFailuresThatEndMeanwhile(t *testing.T) {
	var f failure
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for range 50_000 {
				if d := f.lasts(); d > 5*time.Minute {
					t.Errorf("it has failed for %s", d)
					return
				}
				f.end()
			}
		})
	}
	running.Wait()
}

// Going back to the place that the site has left: first the place in charge gets what came to that one alone, which nobody would
// read on the way. Whoever takes that move back is where the site was, and the place that was left keeps what it has.
func TestPhotosGoBackAndStay(t *testing.T) {
	w := newPhotoWorld(t)
	key := media.VariantKey(media.Public, w.settled(1)[0], "320")
	m := newMoverTable()
	m.set(Row{Part: "sessions", Phase: "moved", Step: 5, Epoch: 2, Source: fromPlace, Target: toPlace})
	mover := &PartMover{Table: m, Part: "sessions", Setting: "MEDIA_NEXT", Name: "me", Back: true}
	work := &PhotoWork{Rows: w.db, Open: func(address string) (media.Store, error) { return w.disks[address], nil }, Workers: 2}
	work.Attach(mover)
	if err := w.read(w.disks[toPlace], key); err == nil {
		t.Fatal("the photo is in both places")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	empty := mover.Work.Empty
	mover.Work.Empty = func(ctx context.Context, source, target string, step func(int64) error) error {
		w.must(w.read(w.disks[toPlace], key))
		return empty(ctx, source, target, step)
	}
	mover.Work.Copy = func(ctx context.Context, _, _ string, _ func(int64) error) (int64, error) {
		stop() // by Ctrl-C
		return 0, ctx.Err()
	}
	if err := mover.Move(ctx, toPlace, fromPlace, func(context.Context) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	row, err := mover.Row(t.Context())
	w.must(err)
	if row.Phase != "reading" || row.Source != toPlace || row.Target != fromPlace {
		t.Fatalf("%+v", row)
	}
	w.must(w.disks[fromPlace].Delete(t.Context(), key)) // which Keep brings there again
	w.must(mover.Abort(t.Context(), nil))
	if row, err = mover.Row(t.Context()); err != nil || row.Phase != "moved" || row.Source != fromPlace || row.Target != toPlace || ParsePartProgress(*row).Back || ParsePartProgress(*row).Before != nil {
		t.Errorf("%+v %v", row, err)
	}
	w.must(w.read(w.disks[fromPlace], key))
	w.must(w.read(w.disks[toPlace], key))
}

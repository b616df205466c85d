package move

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// place is a store that may be away, and that tells the test before and after what the mover does with it.
type place struct {
	media.Store
	away *atomic.Bool
	hook func() // nil for a process of the site
}

func (p *place) do(f func() error) error {
	if p.hook != nil {
		p.hook()
	}
	if p.away.Load() {
		return media.ErrUnavailable
	}
	err := f()
	if p.hook != nil {
		p.hook()
	}
	return err
}

func (p *place) Put(ctx context.Context, key string, r io.Reader, o media.PutOptions) (n int64, err error) {
	err = p.do(func() error { n, err = p.Store.Put(ctx, key, r, o); return err })
	return n, err
}

func (p *place) Open(ctx context.Context, key string) (o *media.Object, err error) {
	err = p.do(func() error { o, err = p.Store.Open(ctx, key); return err })
	return o, err
}

func (p *place) Has(ctx context.Context, key string) (there bool, err error) {
	err = p.do(func() error { there, err = media.Has(ctx, p.Store, key); return err })
	return there, err
}

func (p *place) Delete(ctx context.Context, keys ...string) error {
	return p.do(func() error { return p.Store.Delete(ctx, keys...) })
}

// photoWorld is a site of two processes whose photos move.
type photoWorld struct {
	t          *testing.T
	db         *store.Store
	disks      map[string]*media.Disk
	away       map[string]*atomic.Bool
	processes  [2]*media.Moving
	phases     [2]Phase
	now        time.Time
	live, gone map[string]*store.MediaObject
	steps      int              // moments that have passed
	due        map[int][]func() // what happens at a moment
	leftBehind []func() error   // deletions that have not come to pass in both places yet
	waits      int
	wrong      []string
}

func newPhotoWorld(t *testing.T) *photoWorld {
	w := &photoWorld{
		t: t, db: storetest.SQLite(t), now: time.Now(), disks: map[string]*media.Disk{}, away: map[string]*atomic.Bool{},
		live: map[string]*store.MediaObject{}, gone: map[string]*store.MediaObject{}, due: map[int][]func(){},
	}
	for _, name := range []string{fromPlace, toPlace} {
		disk, err := media.NewDisk(filepath.Join(t.TempDir(), "media"))
		if err != nil {
			t.Fatal(err)
		}
		w.disks[name], w.away[name] = disk, &atomic.Bool{}
	}
	for i := range w.processes {
		places := map[string]media.Store{}
		for name, disk := range w.disks {
			places[name] = &place{Store: disk, away: w.away[name]}
		}
		route := func() media.Route {
			r, err := MediaRoute(Route{Phase: w.phases[i], Source: fromPlace, Target: toPlace}, places)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		w.processes[i] = media.NewMoving(media.MovingOptions{
			Places: []media.Store{places[fromPlace], places[toPlace]},
			Begin:  func(context.Context) (media.Route, func(), error) { return route(), func() {}, nil },
			Last:   route,
			Log:    slog.New(slog.DiscardHandler),
			Now:    func() time.Time { return w.now },
		})
	}
	return w
}

func (w *photoWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// content is what a file holds.
func content(key string) string { return "the bytes of " + key }

// upload writes a set by one process: it is announced and half written now, and becomes live later.
func (w *photoWorld) upload(process, later int) string {
	random := media.NewRandom()
	ctx := w.t.Context()
	w.must(w.db.AddMediaObject(ctx, random, store.SetPublic, 1, []string{"320", "640"}))
	failed := false
	put := func(name string) {
		key := media.VariantKey(media.Public, random, name)
		if _, err := w.processes[process].Put(ctx, key, strings.NewReader(content(key)), media.PutOptions{}); err != nil {
			failed = true
		}
	}
	put("320")
	w.later(later, func() {
		put("640")
		if failed {
			_, err := w.db.DropNewMediaObject(ctx, random)
			w.must(err)
			o := w.row(random)
			w.gone[random] = o
			w.remove(process, o)
			return
		}
		ok, err := w.db.MediaObjectLive(ctx, random, []string{"320", "640"})
		w.must(err)
		if !ok {
			w.t.Fatal("the set was given up")
		}
		w.live[random] = w.row(random)
	})
	return random
}

func (w *photoWorld) row(random string) *store.MediaObject {
	o, err := w.db.MediaObjectByRandom(store.Primary(w.t.Context()), random)
	w.must(err)
	return o
}

// delete marks a set gone, and has a process remove its files later.
func (w *photoWorld) delete(process int, random string, later int) {
	o := w.live[random]
	if o == nil {
		return
	}
	w.must(w.db.DropMediaObject(w.t.Context(), random, 1))
	delete(w.live, random)
	w.later(later, func() {
		w.gone[random] = o
		w.remove(process, o)
	})
}

// remove deletes files as the job does, again and again until it succeeds.
func (w *photoWorld) remove(process int, o *store.MediaObject) {
	try := func() error { return w.processes[process].Delete(w.t.Context(), setKeys(o)...) }
	if try() != nil {
		w.leftBehind = append(w.leftBehind, try)
	}
}

func (w *photoWorld) later(steps int, f func()) {
	if steps == 0 {
		f()
		return
	}
	w.due[w.steps+steps] = append(w.due[w.steps+steps], f)
}

// step is a moment at which anything may happen. Then every photo is there for both processes, and none that is gone.
func (w *photoWorld) step() {
	w.steps++
	w.now = w.now.Add(time.Hour)
	due := w.due[w.steps]
	delete(w.due, w.steps)
	for _, f := range due {
		f()
	}
	w.leftBehind = slices.DeleteFunc(w.leftBehind, func(try func() error) bool { return try() == nil })
	// While the last copies are made into a target that is read, one of a photo that has just been deleted may be there
	// for a moment. The site serves none whose row says that it is gone.
	both := w.phases[0] == PhaseMoved && w.phases[1] == PhaseMoved
	for i, process := range w.processes {
		for _, o := range w.live {
			for _, key := range setKeys(o) {
				if err := w.read(process, key); err != nil {
					w.wrong = append(w.wrong, fmt.Sprintf("step %d: process %d in phase %q lost %s: %v", w.steps, i, w.phases[i], key, err))
				}
			}
		}
		for _, o := range w.gone {
			if both {
				break
			}
			for _, key := range setKeys(o) {
				if err := w.read(process, key); err == nil && len(w.leftBehind) == 0 {
					w.wrong = append(w.wrong, fmt.Sprintf("step %d: process %d in phase %q serves %s, which was deleted", w.steps, i, w.phases[i], key))
				}
			}
		}
	}
}

func (w *photoWorld) read(s media.Store, key string) error {
	o, err := s.Open(w.t.Context(), key)
	if err != nil {
		return err
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err == nil && string(b) != content(key) {
		err = errors.New("not its bytes")
	}
	return err
}

// enter has the processes go by a phase, one after the other.
func (w *photoWorld) enter(p Phase) {
	for i := range w.phases {
		w.phases[i] = p
		w.step()
	}
}

// copier copies, with a moment before and after everything that it does.
func (w *photoWorld) copier(inCharge bool) *PhotoCopy {
	return &PhotoCopy{
		Rows: w.db, From: &place{w.disks[fromPlace], w.away[fromPlace], w.step}, To: &place{w.disks[toPlace], w.away[toPlace], w.step},
		InCharge: inCharge, Compare: !inCharge, Workers: 1,
		Save: func(PhotoProgress) {}, Step: func(int64) error { return nil },
		pause: func(context.Context, time.Duration) error {
			if w.waits++; w.waits > 1000 {
				return errors.New("the copy waits for ever")
			}
			w.step()
			return nil
		},
	}
}

func (w *photoWorld) copyAll(inCharge bool) {
	c := w.copier(inCharge)
	for range 10 {
		n, err := c.Pass(w.t.Context())
		w.must(err)
		if n == 0 {
			if c.Progress.MissingCount > 0 {
				w.wrong = append(w.wrong, fmt.Sprintf("missing: %q", c.Progress.Missing))
			}
			return
		}
	}
	w.t.Fatal("the copy never ends")
}

// move takes all photos from the one place to the other.
func (w *photoWorld) move() {
	w.step()
	w.enter(PhaseReading)
	w.copyAll(false)
	w.enter(PhaseWriting)
	w.enter(PhaseMoved)
	w.copyAll(true)
	w.enter(PhaseLeaving)
	w.enter(PhaseFinished)
	for range 20 {
		w.step() // what was begun ends
	}
}

// judge compares what the target has with what it should have.
func (w *photoWorld) judge(name string) {
	w.t.Helper()
	want := map[string]bool{}
	for _, o := range w.live {
		for _, key := range setKeys(o) {
			want[key] = true
		}
	}
	w.must(eachListed(w.t.Context(), w.disks[toPlace], func(l media.Listed) error {
		if !want[l.Key] {
			w.wrong = append(w.wrong, "in the target, and wanted by nobody: "+l.Key)
		}
		delete(want, l.Key)
		return nil
	}))
	for key := range want {
		w.wrong = append(w.wrong, "not in the target: "+key)
	}
	if len(w.wrong) > 0 {
		w.t.Errorf("%s: %d things are wrong, first: %s", name, len(w.wrong), w.wrong[0])
	}
}

// settled makes some sets before the move.
func (w *photoWorld) settled(n int) (randoms []string) {
	for range n {
		randoms = append(randoms, w.upload(0, 0))
	}
	return randoms
}

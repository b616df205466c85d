package community

import (
	"bytes"
	"context"
	"errors"
	"image/color"
	"image/jpeg"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// must runs the jobs that are due.
func (d *photoSite) must() {
	d.t.Helper()
	if err := d.runJobs(); err != nil {
		d.t.Fatal(err)
	}
}

// made uploads a photo and prepares it.
func (d *photoSite) made(acc *store.Account) *store.Photo {
	d.t.Helper()
	p := d.upload(acc, phototest.JPEG(phototest.Options{Width: 900, Height: 450}))
	d.must()
	p = d.again(p)
	if p.State != store.PhotoReady {
		d.t.Fatalf("state %s, %s", p.State, p.Refusal)
	}
	return p
}

func (d *photoSite) again(p *store.Photo) *store.Photo {
	d.t.Helper()
	p, err := d.Store.PhotoByID(store.Primary(d.t.Context()), p.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

func (d *photoSite) allowed(p *store.Photo, viewer *store.Account) bool {
	d.t.Helper()
	var id int64
	if viewer != nil {
		id = viewer.ID
	}
	ok, err := d.PrivatePhotoAllowed(d.t.Context(), p.SetRandom, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return ok
}

func (d *photoSite) makePrivate(p *store.Photo) error {
	return d.withSets(d.t.Context(), store.SetPrivate, []int64{p.ID}, func(sets []replacedSet) error {
		return d.tx(func(ctx context.Context, tx *store.Store) error { return d.switchSets(ctx, tx, sets) })
	})
}

func TestPrivateSets(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		before := d.made(d.ann)
		if err := d.makePrivate(before); err != nil {
			t.Fatal(err)
		}
		p := d.again(before)
		if p.SetKind != store.SetPrivate || p.SetRandom == before.SetRandom {
			t.Errorf("set %s/%s", p.SetKind, p.SetRandom)
		}
		d.must()
		for _, v := range before.Variants.V {
			if _, err := d.Media.Open(t.Context(), before.Key(v.Name)); !errors.Is(err, media.ErrNotFound) {
				t.Errorf("the public %s: %v", v.Name, err)
			}
			if b := d.open(p.Key(v.Name)); int64(len(b)) != v.Bytes {
				t.Errorf("the private %s has %d bytes", v.Name, len(b))
			}
		}
		if d.allowed(p, d.bob) || d.allowed(p, nil) || !d.allowed(p, d.ann) {
			t.Error("a photo in a draft is its author's alone")
		}
		post := d.post(d.ann, store.Followers)
		if !d.attach(post, p) {
			t.Fatal("not attached")
		}
		if d.allowed(p, d.bob) || d.allowed(p, nil) || !d.allowed(p, d.ann) {
			t.Error("a post for followers is seen by somebody else")
		}
		d.exec("INSERT INTO follows (id, follower_id, followee_id, created_at) VALUES (1, ?, ?, 1)", d.bob.ID, d.ann.ID)
		if !d.allowed(p, d.bob) || d.allowed(p, nil) {
			t.Error("a follower may see it, a visitor not")
		}
		if d.allowed(before, d.ann) {
			t.Error("a set that is gone is served")
		}
		d.exec("UPDATE accounts SET suspended_at = 1 WHERE id = ?", d.bob.ID)
		if d.allowed(p, d.bob) {
			t.Error("a suspended follower sees it")
		}
		// Nothing to copy: f runs all the same.
		ran := false
		if err := d.withSets(t.Context(), store.SetPrivate, []int64{p.ID}, func(sets []replacedSet) error { ran = len(sets) == 0; return nil }); err != nil || !ran {
			t.Errorf("%v, ran %v", err, ran)
		}
		d.pass(24 * time.Hour)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.consistent()
	})
}

// TestPrivateSetsFail: a transaction that fails leaves the photo where it was, and no copy.
func TestPrivateSetsFail(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	p := d.made(d.ann)
	boom := errors.New("boom")
	err := d.withSets(t.Context(), store.SetPrivate, []int64{p.ID}, func(sets []replacedSet) error {
		return d.tx(func(ctx context.Context, tx *store.Store) error {
			if err := d.switchSets(ctx, tx, sets); err != nil {
				return err
			}
			return boom
		})
	})
	if err != boom {
		t.Fatal(err)
	}
	if now := d.again(p); now.SetRandom != p.SetRandom || now.SetKind != store.SetPublic {
		t.Errorf("%+v", now)
	}
	for _, key := range d.files() {
		if strings.HasPrefix(key, "priv/") {
			t.Errorf("a copy is left: %s", key)
		}
	}
	// Somebody moves the focal point while the copies are made: f runs again with what is there then.
	runs := 0
	err = d.withSets(t.Context(), store.SetPrivate, []int64{p.ID}, func(sets []replacedSet) error {
		if runs++; runs == 1 {
			left := -1.0
			if _, err := d.UpdatePhoto(t.Context(), d.ann, p.ID, PhotoChange{FocusX: &left}); err != nil {
				t.Fatal(err)
			}
			d.must()
		}
		return d.tx(func(ctx context.Context, tx *store.Store) error { return d.switchSets(ctx, tx, sets) })
	})
	if err != nil || runs != 2 {
		t.Errorf("%v after %d runs", err, runs)
	}
	if now := d.again(p); now.SetKind != store.SetPrivate || now.FocusX != -1 {
		t.Errorf("%+v", now)
	}
	d.must()
	d.exec("UPDATE photos SET attached_at = 1")
	d.pass(24 * time.Hour)
	if err := d.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.consistent()
}

func (d *photoSite) middle(key string) color.Color {
	d.t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(d.open(key)))
	if err != nil {
		d.t.Fatal(err)
	}
	return m.At(20, m.Bounds().Dy()-20)
}

func TestFocus(t *testing.T) {
	for _, drop := range []bool{false, true} {
		d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{dropOriginals: drop})
		p := d.made(d.ann) // 900×450: the square is half of it
		blue := func(key string) bool {
			r, _, b, _ := d.middle(key).RGBA()
			return b > 2*r
		}
		if blue(p.Key("square")) {
			t.Fatal("the blue corner at the lower left is in the middle square")
		}
		x, y := -1.0, 2.0
		if _, err := d.UpdatePhoto(t.Context(), d.ann, p.ID, PhotoChange{FocusX: &x, FocusY: &y}); err != nil {
			t.Fatal(err)
		}
		d.must()
		now := d.again(p)
		if now.FocusX != -1 || now.FocusY != 1 || now.SetRandom == p.SetRandom || now.SetKind != p.SetKind {
			t.Errorf("%+v", now)
		}
		if !blue(now.Key("square")) {
			t.Error("the square was not cut anew")
		}
		for _, v := range p.Variants.V {
			if b := d.open(p.Key(v.Name)); int64(len(b)) != v.Bytes {
				t.Errorf("the address of %s that somebody holds died with the focal point", v.Name)
			}
		}
		if v := now.Variants.V[0]; int64(len(d.open(now.Key(v.Name)))) != v.Bytes {
			t.Error("the other variants changed")
		}
		if _, err := d.UpdatePhoto(t.Context(), d.bob, p.ID, PhotoChange{FocusX: &x}); err != ErrNotFound {
			t.Errorf("somebody else's: %v", err)
		}
		// Moved again while the square is being cut: the job sees it at its end.
		job := d.claim(jobFocus, func() {
			if _, err := d.UpdatePhoto(t.Context(), d.ann, p.ID, PhotoChange{FocusX: new(float64)}); err != nil {
				t.Fatal(err)
			}
		})
		stale := now
		set := newSet{photo: p.ID, kind: stale.SetKind, random: media.NewRandom(), names: namesOf(stale.Variants.V)}
		if err := d.announceSets(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		src, err := d.openSource(t.Context(), stale)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.cutAnew(t.Context(), job, stale, src, set); !errors.Is(err, errSetChanged) {
			t.Errorf("cut at the old focal point: %v", err)
		}
		src.Close()
		d.dropSets(t.Context(), set)
		d.exec("UPDATE jobs SET lease_until = 0")
		d.must()
		if blue(d.again(p).Key("square")) {
			t.Error("the square stayed at the old focal point")
		}
		d.exec("UPDATE photos SET attached_at = 1")
		d.pass(keepRetired - time.Hour)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.open(p.Key("square")) // for a day
		d.sweepNow()
		d.consistent()
	}
}

// TestRetiredSets: what a photo's address was is good for a day, whatever is edited, unless it becomes private or is deleted.
func TestRetiredSets(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		there := func(p *store.Photo) bool {
			o, err := d.Media.Open(t.Context(), p.Key("square"))
			if err != nil && !errors.Is(err, media.ErrNotFound) {
				t.Fatal(err)
			}
			if err == nil {
				o.Close()
			}
			return err == nil
		}
		move := func(p *store.Photo, x float64) *store.Photo {
			t.Helper()
			if err := d.tx(func(ctx context.Context, tx *store.Store) error {
				row, err := tx.LockPhoto(ctx, p.ID)
				if err != nil {
					return err
				}
				return d.changePhoto(ctx, tx, row, PhotoChange{FocusX: &x})
			}); err != nil {
				t.Fatal(err)
			}
			d.must()
			return d.again(p)
		}
		first := d.made(d.ann)
		if !d.attach(d.post(d.ann, store.Public), first) {
			t.Fatal("not attached")
		}
		second := move(first, -1)
		if second.SetRandom == first.SetRandom || !there(first) || !there(second) {
			t.Error("the address before the focal point moved")
		}
		if err := d.makePrivate(second); err != nil {
			t.Fatal(err)
		}
		d.must()
		private := d.again(second)
		if there(first) || there(second) || !there(private) {
			t.Error("a photo became private, and a public address of it is good")
		}
		moved := move(private, 1)
		if !there(private) || !d.allowed(private, d.ann) || !there(moved) {
			t.Error("the private address before the focal point moved")
		}
		if err := d.withSets(t.Context(), store.SetPublic, []int64{first.ID}, func(sets []replacedSet) error {
			return d.tx(func(ctx context.Context, tx *store.Store) error { return d.switchSets(ctx, tx, sets) })
		}); err != nil {
			t.Fatal(err)
		}
		d.must()
		public := d.again(first)
		if public.SetKind != store.SetPublic || !there(moved) || !d.allowed(moved, d.bob) || !there(public) {
			t.Error("the private address of a photo that became public")
		}
		for i := range 2 * maxRetired {
			public = move(public, float64(i)/100)
		}
		if n := d.count("SELECT COUNT(*) FROM media_objects WHERE state = 'retired'"); n != maxRetired || !there(public) {
			t.Errorf("%d retired sets, want %d", n, maxRetired)
		}
		if err := d.tx(func(ctx context.Context, tx *store.Store) error { return d.markPhotosGone(ctx, tx, []int64{first.ID}) }); err != nil {
			t.Fatal(err)
		}
		d.must()
		if files := d.files(); len(files) != 0 {
			t.Errorf("left of a photo that was deleted: %v", files)
		}
		d.sweepNow()
		d.consistent()
	})
}

// TestOnePostEach: many posts want the same photo; one gets it.
func TestOnePostEach(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		p := d.made(d.ann)
		var posts []int64
		for range 6 {
			posts = append(posts, d.post(d.ann, store.Public))
		}
		var got atomic.Int32
		var wg sync.WaitGroup
		for _, post := range posts {
			wg.Go(func() {
				if d.attach(post, p) {
					got.Add(1)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			t.Errorf("%d posts got it", got.Load())
		}
		if err := d.RemovePhoto(t.Context(), d.ann, p.ID); !errors.As(err, new(*Invalid)) {
			t.Errorf("removing a photo that is in a post: %v", err)
		}
		if _, err := d.UpdatePhoto(t.Context(), d.ann, p.ID, PhotoChange{}); err != ErrNotFound {
			t.Errorf("changing a photo that is in a post: %v", err)
		}
	})
}

func TestOriginalsNotKept(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{dropOriginals: true})
	p := d.made(d.ann)
	d.must()
	for _, key := range d.files() {
		if strings.HasPrefix(key, "orig/") {
			t.Errorf("%s is kept", key)
		}
	}
	_, o, err := d.OpenOriginal(t.Context(), d.ann, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Key != p.Key("900") {
		t.Errorf("the largest variant is %s", o.Key)
	}
}

func TestClosedSite(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{visitors: VisitorsNone})
	p := d.made(d.ann)
	if p.SetKind != store.SetPrivate {
		t.Fatalf("set %s", p.SetKind)
	}
	if !d.attach(d.post(d.ann, store.Public), p) {
		t.Fatal("not attached")
	}
	if !d.allowed(p, d.bob) || d.allowed(p, nil) {
		t.Error("members may see it, visitors not")
	}
	d.exec("INSERT INTO blocks (id, account_id, target_id, created_at) VALUES (1, ?, ?, 1)", d.ann.ID, d.bob.ID)
	if d.allowed(p, d.bob) {
		t.Error("the blocked see it")
	}
	if ok, err := d.PrivatePhotoAllowed(t.Context(), media.NewRandom(), d.ann.ID); ok || err != nil {
		t.Errorf("an unknown set: %v, %v", ok, err)
	}
}

// gatheredCopies is a store in which a copy waits for others to come.
type gatheredCopies struct {
	media.Store
	coming sync.WaitGroup
}

func (g *gatheredCopies) Copy(ctx context.Context, from, to string) error {
	g.coming.Done()
	came := make(chan struct{})
	go func() { g.coming.Wait(); close(came) }()
	select {
	case <-came:
		return g.Store.Copy(ctx, from, to)
	case <-time.After(time.Minute):
		return errors.New("the copies come one by one")
	}
}

// Somebody may wait for the copies of many files, so they are made at once.
func TestFilesAreCopiedAtOnce(t *testing.T) {
	g := &gatheredCopies{}
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { g.Store = s; return g }})
	p := d.made(d.ann)
	g.coming.Add(len(p.Variants.V))
	if err := d.makePrivate(p); err != nil {
		t.Fatal(err)
	}
}

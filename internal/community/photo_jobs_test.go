package community

import (
	"context"
	"errors"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// claim takes the job of a kind that make adds.
func (d *photoSite) claim(kind string, make func()) *queue.Job {
	d.t.Helper()
	make()
	jobs, err := JobBackend(d.Store).Claim(d.t.Context(), []string{kind}, 1, time.Hour)
	if err != nil || len(jobs) != 1 {
		d.t.Fatalf("claimed %v, %v", jobs, err)
	}
	return &jobs[0]
}

// TestTwoWorkers: the lease of the first ran out, and a second one made the photo. The first changes nothing, and
// takes its own files away.
func TestTwoWorkers(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		var p *store.Photo
		first := d.claim(jobProcess, func() { p = d.upload(d.ann, phototest.JPEG(phototest.Options{})) })
		d.exec("UPDATE jobs SET lease_until = 0")
		second := d.claim(jobProcess, func() {})
		if second.Attempts != 2 {
			t.Fatalf("%+v", second)
		}
		if err := d.preparePhoto(t.Context(), first); !errors.Is(err, queue.ErrLeaseLost) {
			t.Errorf("the first worker: %v", err)
		}
		if now := d.again(p); now.State != store.PhotoPending {
			t.Errorf("the first worker made it %s", now.State)
		}
		if files := d.files(); len(files) != 1 {
			t.Errorf("the first worker left %v", files)
		}
		if err := d.preparePhoto(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		made := d.again(p)
		if err := d.preparePhoto(t.Context(), second); err != nil { // its process forgot that it was done
			t.Errorf("the second worker again: %v", err)
		}
		if now := d.again(p); now.State != store.PhotoReady || now.SetRandom != made.SetRandom {
			t.Errorf("%+v", now)
		}
		// Removed while somebody prepares it.
		third := d.claim(jobProcess, func() { p = d.upload(d.ann, phototest.JPEG(phototest.Options{Seed: 3})) })
		wrap := d.Media
		d.Media = hooked{wrap, func() {
			if err := d.RemovePhoto(t.Context(), d.ann, p.ID); err != nil && err != ErrNotFound {
				t.Error(err)
			}
		}}
		if err := d.preparePhoto(t.Context(), third); err != nil {
			t.Errorf("preparing what was removed: %v", err)
		}
		d.Media = wrap
		d.must()
		if _, err := d.PhotoByID(t.Context(), d.ann, p.ID); err != ErrNotFound {
			t.Errorf("the removed photo: %v", err)
		}
		d.exec("UPDATE photos SET attached_at = 1")
		d.pass(24 * time.Hour)
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.consistent()
	})
}

// hooked does something else whenever an original is opened.
type hooked struct {
	media.Store
	hook func()
}

func (h hooked) Open(ctx context.Context, key string) (*media.Object, error) {
	o, err := h.Store.Open(ctx, key)
	h.hook()
	return o, err
}

// TestRetriedByTheOperator: a dead job of a photo that is run again makes the photo.
func TestRetriedByTheOperator(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		var p *store.Photo
		job := d.claim(jobProcess, func() { p = d.upload(d.ann, phototest.JPEG(phototest.Options{})) })
		if err := d.preparingFailed(t.Context(), job, "the bucket was away"); err != nil {
			t.Fatal(err)
		}
		if err := d.RetryJob(t.Context(), ByCommand(""), job.ID); err != nil {
			t.Fatal(err)
		}
		if now := d.again(p); now.State != store.PhotoPending || now.Refusal != "" {
			t.Errorf("before the try: %+v", now)
		}
		d.must()
		if now := d.again(p); now.State != store.PhotoReady {
			t.Errorf("%+v", now)
		}
		d.consistent()
	})
}

// TestDeadAndRetried: what cannot be prepared ends as refused without a fault of the file, and can be tried again.
func TestDeadAndRetried(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	var p *store.Photo
	job := d.claim(jobProcess, func() { p = d.upload(d.ann, phototest.JPEG(phototest.Options{})) })
	if err := d.preparingFailed(t.Context(), job, "it kills its process"); err != nil {
		t.Fatal(err)
	}
	now := d.wait(d.ann, p.ID)
	if now.State != store.PhotoRefused || now.RefusalCode != RefusalFailed {
		t.Fatalf("%+v", now)
	}
	dead, err := d.Jobs(t.Context(), store.JobDead, 0, 10)
	if err != nil || len(dead) != 1 || dead[0].Error != "it kills its process" {
		t.Errorf("%+v, %v", dead, err)
	}
	if _, err := d.RetryPhoto(t.Context(), d.bob, p.ID); err != ErrNotFound {
		t.Errorf("somebody else: %v", err)
	}
	if now, err = d.RetryPhoto(t.Context(), d.ann, p.ID); err != nil || now.State != store.PhotoPending {
		t.Fatalf("%+v, %v", now, err)
	}
	d.must()
	if now := d.again(p); now.State != store.PhotoReady || now.Refusal != "" {
		t.Errorf("%+v", now)
	}
	// An administrator's retry of the dead job finds nothing left to do.
	if err := d.RetryJob(t.Context(), ByCommand(""), dead[0].ID); err != nil {
		t.Fatal(err)
	}
	d.must()
}

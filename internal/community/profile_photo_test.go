package community

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The avatar and the header are seen by those who see the profile. What another took the place of is kept for a day, what was
// taken out goes at once.
func TestProfilePhotos(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{visitors: VisitorsNone})
		profilePhoto := func(purpose string) *store.Photo {
			p, err := d.StartUpload(t.Context(), d.ann, Upload{Purpose: purpose, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
			if err != nil {
				t.Fatal(err)
			}
			d.must()
			return d.again(p)
		}
		use := func(acc *store.Account, id int64, purpose string) error {
			return d.tx(func(ctx context.Context, tx *store.Store) error { return d.useProfilePhoto(ctx, tx, acc, id, purpose) })
		}
		one, two, header, other := profilePhoto("avatar"), profilePhoto("avatar"), profilePhoto("header"), d.made(d.ann)
		for _, err := range []error{use(d.bob, one.ID, "avatar"), use(d.ann, header.ID, "avatar"), use(d.ann, other.ID, "avatar"), use(d.ann, 1, "header")} {
			if !errors.As(err, new(*Invalid)) {
				t.Errorf("not to be used as an avatar: %v", err)
			}
		}
		if err := errors.Join(use(d.ann, one.ID, "avatar"), use(d.ann, header.ID, "header")); err != nil {
			t.Fatal(err)
		}
		if !d.allowed(one, d.bob) || d.allowed(one, nil) || d.allowed(two, d.bob) {
			t.Error("members see the avatar in use, and nobody else")
		}
		if err := use(d.ann, two.ID, "avatar"); err != nil {
			t.Fatal(err)
		}
		d.must()
		if _, err := d.PhotoByID(t.Context(), d.ann, one.ID); err != ErrNotFound {
			t.Errorf("the avatar before: %v", err)
		}
		// Pages and clients hold its address, and those who may see the profile get it for a day. Nobody needs the original.
		got := func(p *store.Photo) bool {
			o, err := d.Media.Open(t.Context(), p.Key("square"))
			if err == nil {
				o.Close()
			}
			return err == nil && d.allowed(p, d.bob)
		}
		if err := d.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.must()
		if !got(one) || d.allowed(one, nil) {
			t.Error("the avatar before is gone at once")
		}
		if _, err := d.Media.Open(t.Context(), media.OriginalKey(one.OrigRandom)); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("the original of the avatar before: %v", err)
		}
		if err := use(d.ann, one.ID, "avatar"); !errors.As(err, new(*Invalid)) {
			t.Errorf("the avatar before, again: %v", err)
		}
		if err := d.RemovePhoto(t.Context(), d.ann, one.ID); err != ErrNotFound {
			t.Errorf("the avatar before, removed: %v", err)
		}
		d.pass(72 * time.Hour) // avatars in use are not swept, the photo in no post is
		d.sweepNow()
		for _, p := range []*store.Photo{two, header} {
			if p := d.again(p); p.State != store.PhotoReady {
				t.Errorf("an avatar in use is %s", p.State)
			}
		}
		if err := use(d.ann, 0, "header"); err != nil {
			t.Fatal(err)
		}
		d.sweepNow()
		if n := d.count("SELECT COUNT(*) FROM photos"); n != 1 {
			t.Errorf("%d photos are left, want the avatar", n)
		}
		d.consistent()

		for range maxRetired + 2 {
			p := profilePhoto("avatar")
			if err := use(d.ann, p.ID, "avatar"); err != nil {
				t.Fatal(err)
			}
		}
		d.must()
		if n := d.count("SELECT COUNT(*) FROM photos"); n != 1+maxRetired || got(two) {
			t.Errorf("%d photos are kept, want %d", n, 1+maxRetired)
		}
		if err := use(d.ann, 0, "avatar"); err != nil {
			t.Fatal(err)
		}
		d.must()
		if n, files := d.count("SELECT COUNT(*) FROM photos"), d.files(); n != 0 || len(files) != 0 {
			t.Errorf("the avatar was taken out, and left are %d photos and %v", n, files)
		}
	})
}

// Where readers fetch photos from elsewhere, nobody there knows who is suspended: what the profile showed before goes, and what was
// reported of it gets a name that nobody knows.
func TestASuspendedMembersReplacedAvatar(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.FetchedElsewhere = true
	var avatars []*store.Photo
	for i := range 3 {
		p, err := d.StartUpload(t.Context(), d.ann, Upload{Purpose: store.PurposeAvatar, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
		if err != nil {
			t.Fatal(err)
		}
		d.must()
		if _, err := d.UpdateProfile(t.Context(), d.ann, ProfileChange{AvatarPhotoID: p.ID}); err != nil {
			t.Fatal(err)
		}
		avatars = append(avatars, d.again(p))
		if i == 1 {
			if _, err := d.Report(t.Context(), d.bob, Report{TargetID: d.ann.ID, Comment: "look"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	d.must()
	there := func(p *store.Photo) bool {
		for _, file := range d.files() {
			if strings.Contains(file, p.SetRandom) {
				return true
			}
		}
		return false
	}
	if !there(avatars[0]) || !there(avatars[1]) || !there(avatars[2]) {
		t.Fatalf("of three avatars there are %v", d.files())
	}
	d.exec("UPDATE accounts SET suspended_at = 1 WHERE id = ?", d.ann.ID)
	if err := d.tx(func(ctx context.Context, tx *store.Store) error { return d.renamePhotos(ctx, tx, d.ann.ID) }); err != nil {
		t.Fatal(err)
	}
	d.must()
	for i, p := range avatars {
		if there(p) {
			t.Errorf("avatar %d is where it was", i)
		}
	}
	for p, state := range map[*store.Photo]string{avatars[1]: store.PhotoKept, avatars[2]: store.PhotoReady} {
		if now := d.again(p); !there(now) || now.SetKind != store.SetPrivate || now.State != state {
			t.Errorf("%s: %+v", state, now)
		}
	}
	if len(d.files()) == 0 || d.count("SELECT COUNT(*) FROM photos WHERE state IN ('ready', 'kept')") != 2 {
		t.Errorf("of a suspended member there are %v", d.files())
	}
}

package community

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestPicturesOfAReportedAccountAreKept: what a reported account's avatar and header were is kept for those who read reports, also
// where the member replaces or removes them, until the time after the report is over. Others' pictures go as ever.
func TestPicturesOfAReportedAccountAreKept(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{})
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		mod := d.account("moda")
		must(d.Store.SetRole(ctx, mod.ID, store.RoleModerator))
		mod, err := d.Store.AccountByID(ctx, mod.ID)
		must(err)
		picture := func(acc *store.Account, purpose string) *store.Photo {
			t.Helper()
			p, err := d.StartUpload(ctx, acc, Upload{Purpose: purpose, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
			must(err)
			d.must()
			p = d.again(p)
			change := ProfileChange{AvatarPhotoID: p.ID}
			if purpose == store.PurposeHeader {
				change = ProfileChange{HeaderPhotoID: p.ID}
			}
			_, err = d.UpdateProfile(ctx, acc, change)
			must(err)
			return p
		}
		report := func(by *store.Account, r Report) *store.Report {
			t.Helper()
			r.Comment = "look"
			filed, err := d.Report(ctx, by, r)
			must(err)
			return filed
		}
		then := func(r *store.Report) (ids []int64) {
			t.Helper()
			now, err := d.ReportByID(ctx, mod, r.ID)
			must(err)
			list, err := d.ProfilePhotosThen(ctx, By{Account: mod, Via: ViaPage}, now)
			must(err)
			for _, p := range list {
				ids = append(ids, p.ID)
			}
			slices.Sort(ids)
			return ids
		}
		there := func(p *store.Photo) bool {
			o, err := d.Media.Open(ctx, p.Key("square"))
			if err == nil {
				o.Close()
			} else if !errors.Is(err, media.ErrNotFound) {
				t.Fatal(err)
			}
			return err == nil
		}

		rude, header, fine := picture(d.ann, "avatar"), picture(d.ann, "header"), picture(d.bob, "avatar")
		about := report(d.bob, Report{TargetID: d.ann.ID})
		ofPost := report(d.ann, Report{PostID: d.post(d.bob, store.Public)})
		picture(d.ann, "avatar")
		picture(d.bob, "avatar")
		d.must()
		if got := then(about); !slices.Equal(got, []int64{rude.ID, header.ID}) {
			t.Errorf("of a reported account %v, want %d and %d", got, rude.ID, header.ID)
		}
		if got := then(ofPost); got != nil {
			t.Errorf("of a reported post %v", got)
		}
		// What readers hold is good for a day, so that nobody learns from it that they were reported.
		if ok, err := d.PublicPhotoAllowed(ctx, rude.SetRandom); !ok || err != nil || !there(rude) || !there(fine) {
			t.Errorf("replaced, and its address is gone: %v %v", ok, err)
		}
		d.pass(keepRetired + time.Hour)
		must(d.Sweep(ctx))
		if ok, err := d.PublicPhotoAllowed(ctx, rude.SetRandom); ok || err != nil {
			t.Errorf("its address is good after a day: %v %v", ok, err)
		}
		d.must()
		if there(fine) {
			t.Error("a picture that nobody reported is kept")
		}
		_, err = d.UpdateProfile(ctx, d.ann, ProfileChange{RemoveHeader: true})
		must(err)
		if ok, err := d.PublicPhotoAllowed(ctx, header.SetRandom); ok || err != nil {
			t.Errorf("removed, and its address is good: %v %v", ok, err)
		}
		d.must()
		if got := then(about); !slices.Equal(got, []int64{rude.ID, header.ID}) {
			t.Errorf("kept %v, want %d and %d", got, rude.ID, header.ID)
		}
		for _, before := range []*store.Photo{rude, header} {
			now := d.again(before)
			if now.State != store.PhotoKept || now.SetKind != store.SetPrivate || now.SetRandom == before.SetRandom || now.OrigRandom != "" || !there(now) {
				t.Errorf("kept %+v", now)
			}
			if _, err := d.Media.Open(ctx, media.OriginalKey(before.OrigRandom)); !errors.Is(err, media.ErrNotFound) {
				t.Errorf("its original: %v", err)
			}
			for who, want := range map[*store.Account]bool{nil: false, d.ann: false, d.bob: false, mod: true} {
				if got := d.allowed(now, who); got != want {
					t.Errorf("readable %v, want %v, for %+v", got, want, who)
				}
			}
			if _, err := d.UpdateProfile(ctx, d.ann, ProfileChange{AvatarPhotoID: now.ID}); err == nil {
				t.Error("the member takes it back")
			}
		}
		_, err = d.SuspendMember(ctx, ByCommand(""), "ann", Sanction{})
		must(err)
		d.must()
		_, err = d.UnsuspendMember(ctx, ByCommand(""), "ann")
		must(err)
		d.must()
		d.sweepAll()
		must(d.forgetReported(ctx, store.ToMillis(time.Now().Add(KeepReported+time.Hour))))
		d.must()
		if got := then(about); len(got) != 2 {
			t.Errorf("kept while the report is open: %v", got)
		}

		kept := d.again(rude)
		_, err = d.CloseReport(ctx, ByCommand(""), about.ID)
		must(err)
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		if got := then(about); len(got) != 2 {
			t.Errorf("kept when the report was closed just now: %v", got)
		}
		d.exec("UPDATE reports SET closed_at = closed_at - ? WHERE id = ?", KeepReported.Milliseconds()+1000, about.ID)
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		d.must()
		if got := then(about); got != nil || d.count("SELECT COUNT(*) FROM photos WHERE state = 'kept'") != 0 {
			t.Errorf("after the time %v", got)
		}
		for _, key := range d.files() {
			if strings.Contains(key, kept.SetRandom) {
				t.Errorf("its file %s is there", key)
			}
		}
		d.sweepAll()
		d.consistent()

		// Who leaves takes everything along.
		report(d.bob, Report{TargetID: d.ann.ID})
		_, err = d.UpdateProfile(ctx, d.ann, ProfileChange{RemoveAvatar: true})
		must(err)
		d.must()
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'kept'"); n != 1 {
			t.Errorf("%d are kept, want 1", n)
		}
		_, err = d.DeleteMember(ctx, ByCommand(""), "ann")
		must(err)
		d.work()
		servertest.Eventually(t, "the end of all photos of a deleted account", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE account_id = ? AND state <> 'gone'", d.ann.ID) == 0
		})
	})
}

// TestPicturesOfOneReported has a member be reported while they replace their picture again and again: what was reported is not
// among what a day's bound takes away.
func TestPicturesOfOneReported(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	ctx := store.Primary(t.Context())
	var first, filed int64
	for i := range maxRetired + 3 {
		p, err := d.StartUpload(ctx, d.ann, Upload{Purpose: store.PurposeAvatar, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
		if err != nil {
			t.Fatal(err)
		}
		d.must()
		if _, err := d.UpdateProfile(ctx, d.ann, ProfileChange{AvatarPhotoID: p.ID}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			r, err := d.Report(ctx, d.bob, Report{TargetID: d.ann.ID, Comment: "look"})
			if err != nil {
				t.Fatal(err)
			}
			first, filed = p.ID, *r.AvatarPhotoID
		}
	}
	d.must()
	if filed != first {
		t.Errorf("the report names %d, want %d", filed, first)
	}
	if p := d.again(&store.Photo{ID: first}); p.State != store.PhotoKept || p.SetKind != store.SetPrivate {
		t.Errorf("it is %+v", p)
	}
	if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != maxRetired+1 {
		t.Errorf("%d are readable, want %d and the one in use", n, maxRetired)
	}
}

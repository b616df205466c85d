package community

import (
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The photographs of a reported post stay when it is deleted: for those who read reports alone, under names that nobody had, until
// the stated time is over. What else there was of the post is gone, and a post that nobody reported goes with its photographs.
func TestPhotosOfAReportedPostAreKept(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := t.Context()
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
		reported, other := d.publish(d.ann, "rude words", store.Public, 2), d.publish(d.ann, "fine", store.Public, 1)
		comment, err := d.Publish(ctx, d.bob, NewPost{Caption: "under it", InReplyTo: reported.ID})
		must(err)
		filed, err := d.Report(ctx, d.bob, Report{PostID: reported.ID, Comment: "look"})
		must(err)
		was := reported.Photos[0]
		by := By{Account: mod, Via: ViaPage}
		kept := func() []*store.Photo {
			t.Helper()
			r, err := d.ReportByID(ctx, mod, filed.ID)
			must(err)
			list, err := d.KeptPhotos(ctx, by, r)
			must(err)
			return list
		}
		if list := kept(); len(list) != 0 {
			t.Errorf("%d photos are kept of a post that stands", len(list))
		}
		for _, p := range []*Post{reported, other} {
			_, err := d.DeletePost(ctx, d.ann, p.ID)
			must(err)
		}
		servertest.Eventually(t, "the photos to be kept", func() bool { return len(kept()) == 2 })
		d.idle()
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != 2 {
			t.Errorf("%d photos are left, want those of the reported post", n)
		}
		if n := d.count("SELECT COUNT(*) FROM posts WHERE id IN (?, ?)", other.ID, comment.ID); n != 0 {
			t.Errorf("%d rows are left of what nobody reported", n)
		}
		if n := d.count("SELECT COUNT(*) FROM posts WHERE id = ? AND caption = '' AND deleted_at IS NOT NULL", reported.ID); n != 1 {
			t.Error("the words of the deleted post are left")
		}
		if ok, err := d.PublicPhotoAllowed(ctx, was.SetRandom); ok || err != nil {
			t.Errorf("the old address is good: %v %v", ok, err)
		}
		for _, photo := range kept() {
			if photo.SetKind != store.SetPrivate || photo.SetRandom == was.SetRandom {
				t.Errorf("kept as %s", photo.Key("x"))
			}
			if _, err := d.PhotoByID(ctx, d.ann, photo.ID); err != ErrNotFound {
				t.Errorf("the author finds the original: %v", err)
			}
			for who, want := range map[*store.Account]bool{nil: false, d.ann: false, d.bob: false, mod: true} {
				if got := d.allowed(photo, who); got != want {
					t.Errorf("readable %v, want %v, for %+v", got, want, who)
				}
			}
		}
		if list, err := d.KeptPhotos(ctx, By{Account: d.ann, Via: ViaPage}, &FiledReport{Report: *filed}); err != ErrForbidden || list != nil {
			t.Errorf("the author asks: %v %v", list, err)
		}

		// An open report keeps them for as long as it is open; then the time runs.
		later := func() store.Millis { return store.ToMillis(time.Now().Add(KeepReported + time.Hour)) }
		must(d.forgetReported(ctx, later()))
		d.idle()
		if len(kept()) != 2 {
			t.Error("forgotten while the report is open")
		}
		_, err = d.CloseReport(ctx, ByCommand(""), filed.ID)
		must(err)
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		d.idle()
		if len(kept()) != 2 {
			t.Error("forgotten at once")
		}
		d.exec("UPDATE reports SET closed_at = closed_at - ?", KeepReported.Milliseconds()+1000)
		d.exec("UPDATE posts SET deleted_at = deleted_at - ? WHERE deleted_at IS NOT NULL", KeepReported.Milliseconds()+1000)
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		servertest.Eventually(t, "the end of the photos", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 && d.count("SELECT COUNT(*) FROM posts WHERE id = ?", reported.ID) == 0
		})
	})
}

// Who leaves takes everything along, also what was reported.
func TestKeptPhotosGoWithTheirAuthor(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	ctx := t.Context()
	post := d.publish(d.ann, "rude words", store.Public, 1)
	if _, err := d.Report(ctx, d.bob, Report{PostID: post.ID}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeletePost(ctx, d.ann, post.ID); err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the photo to be kept", func() bool {
		return d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready' AND set_kind = 'priv'") == 1
	})
	if _, err := d.DeleteMember(ctx, ByCommand(""), "ann"); err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the end of the photo", func() bool {
		if err := d.forgetReported(ctx, store.ToMillis(time.Now())); err != nil {
			t.Fatal(err)
		}
		return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 && d.count("SELECT COUNT(*) FROM posts WHERE id = ?", post.ID) == 0
	})
}

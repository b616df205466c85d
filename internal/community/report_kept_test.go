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

// Those who read reports see a reported post with its photographs whoever may see it, and nobody else does because of the report:
// while it is open, and for a stated time after it is closed.
func TestReportedPostsAreSeenByThoseWhoDecide(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		role := func(name, role string) *store.Account {
			must(d.Store.SetRole(ctx, d.account(name).ID, role))
			acc, err := d.Store.AccountByID(ctx, d.account(name).ID)
			must(err)
			return acc
		}
		mod, cid := role("moda", store.RoleModerator), d.account("cid")
		_, err := d.Follow(ctx, d.bob, d.ann.ID)
		must(err)
		followers, public := d.publish(d.ann, "for friends", store.Followers, 2), d.publish(d.ann, "for all", store.Public, 1)
		other := d.publish(d.ann, "never reported", store.Followers, 1)
		comment, err := d.Publish(ctx, d.ann, NewPost{Caption: "rude", InReplyTo: public.ID})
		must(err)
		of := map[*Post]*store.Report{}
		for _, p := range []*Post{followers, public, comment} {
			of[p], err = d.Report(ctx, d.bob, Report{PostID: p.ID, Comment: "look"})
			must(err)
		}
		_, err = d.Block(ctx, d.ann, mod.ID)
		must(err)
		// seen says of the report's post how many photos the moderator is shown, -1 for no post, and that it may have their files.
		seen := func(p *Post) int {
			t.Helper()
			r, err := d.ReportByID(ctx, mod, of[p].ID)
			must(err)
			list, err := d.Reports(ctx, mod, "", Cursor{})
			must(err)
			for _, one := range list {
				if one.ID == r.ID && (one.Post == nil) != (r.Post == nil) {
					t.Errorf("in the list of reports the post is %+v", one.Post)
				}
			}
			if r.Post == nil {
				return -1
			}
			if !r.Hidden || r.Post.Author == nil || r.Post.Author.ID != d.ann.ID || r.Post.Caption != p.Caption || r.Changed() {
				t.Errorf("%q is shown as %+v", p.Caption, r)
			}
			for _, photo := range r.Post.Photos {
				for who, want := range map[*store.Account]bool{nil: false, mod: true, cid: false} {
					got, id := false, int64(0)
					if who != nil {
						id = who.ID
					}
					switch free, err := d.PublicPhotoAllowed(ctx, photo.SetRandom); {
					case err != nil:
						t.Fatal(err)
					case photo.SetKind == store.SetPrivate:
						got = d.allowed(photo, who)
					case free: // everybody has it
						got, want = true, true
					default:
						got, err = d.WithheldPhotoAllowed(ctx, photo.SetRandom, id)
						must(err)
					}
					if got != want {
						t.Errorf("a photo of %q: readable %v by %+v, want %v", p.Caption, got, who, want)
					}
				}
			}
			return len(r.Post.Photos)
		}
		check := func(when string, want ...int) {
			t.Helper()
			for i, p := range []*Post{followers, public, comment} {
				if got := seen(p); got != want[i] {
					t.Errorf("%s: %q has %d photos for the moderator, want %d", when, p.Caption, got, want[i])
				}
			}
			if d.allowed(other.Photos[0], mod) {
				t.Errorf("%s: the moderator has the photo of a post that nobody reported", when)
			}
		}
		check("blocked", 2, 1, 0)
		_, err = d.SuspendMember(ctx, ByCommand(""), "ann", Sanction{})
		must(err)
		check("suspended", 2, 1, 0)
		_, err = d.UnsuspendMember(ctx, ByCommand(""), "ann")
		must(err)
		_, err = d.LeaveMember(ctx, ByCommand(""), "ann")
		must(err)
		check("left", 2, 1, 0)
		_, err = d.BringBackMember(ctx, ByCommand(""), "ann")
		must(err)

		_, err = d.CloseReport(ctx, ByCommand(""), of[followers].ID)
		must(err)
		check("closed", 2, 1, 0)
		d.exec("UPDATE reports SET closed_at = closed_at - ?", KeepReported.Milliseconds()+1000)
		check("long closed", -1, 1, 0)
		if d.allowed(followers.Photos[0], mod) {
			t.Error("the moderator has the photo long after the report was closed")
		}
		// Whoever is reported is given nothing by it, nor does the reporter see more than before.
		must(d.Store.SetRole(ctx, d.ann.ID, store.RoleModerator))
		if _, err := d.ReportByID(ctx, role("ann", store.RoleModerator), of[public].ID); err != ErrForbidden {
			t.Errorf("about oneself: %v", err)
		}
		_, err = d.Unfollow(ctx, d.bob, d.ann.ID)
		must(err)
		if d.allowed(followers.Photos[0], d.bob) {
			t.Error("who reported it may have the photo")
		}
	})
}

// The photographs of a post that a moderator removes without a report are kept as those of a reported one: while its author may
// answer, while the answer waits, and then for the stated time.
func TestPhotosOfARemovedPostAreKept(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
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
		by := By{Account: mod, Via: ViaPage, Reason: "an advert"}
		removed, own := d.publish(d.ann, "shoes", store.Public, 2), d.publish(d.ann, "fine", store.Public, 1)
		_, err = d.RemovePost(ctx, by, removed.ID, Sanction{Words: "No adverts."})
		must(err)
		_, err = d.DeletePost(ctx, d.ann, own.ID)
		must(err)
		decisions, err := d.OwnDecisions(ctx, d.ann)
		must(err)
		kept := func() []*store.Photo {
			t.Helper()
			decision, err := d.DecisionByID(ctx, by, decisions[0].ID)
			must(err)
			list, err := d.PhotosDecidedAbout(ctx, by, decision)
			must(err)
			return list
		}
		servertest.Eventually(t, "the photos to be kept", func() bool { return len(kept()) == 2 })
		d.idle()
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != 2 {
			t.Errorf("%d photos are left, want those of the removed post", n)
		}
		for _, photo := range kept() {
			for who, want := range map[*store.Account]bool{nil: false, d.ann: false, d.bob: false, mod: true} {
				if got := d.allowed(photo, who); got != want {
					t.Errorf("readable %v, want %v, for %+v", got, want, who)
				}
			}
		}
		if list, err := d.PhotosDecidedAbout(ctx, By{Account: d.ann, Via: ViaPage}, decisions[0]); err != ErrForbidden || list != nil {
			t.Errorf("the author asks: %v %v", list, err)
		}
		forget := func() int {
			t.Helper()
			must(d.forgetReported(ctx, store.ToMillis(time.Now())))
			d.idle()
			return len(kept())
		}
		ages := func(column string) {
			d.exec("UPDATE decisions SET "+column+" = "+column+" - ?", KeepReported.Milliseconds()+1000)
		}
		if forget() != 2 {
			t.Error("forgotten at once")
		}
		must(d.AppealDecision(ctx, d.ann, decisions[0].ID, "It was a joke."))
		ages("created_at")
		d.exec("UPDATE posts SET deleted_at = deleted_at - ? WHERE deleted_at IS NOT NULL", KeepReported.Milliseconds()+1000)
		if forget() != 2 {
			t.Error("forgotten while the answer waits")
		}
		must(d.AnswerAppeal(ctx, by, decisions[0].ID, false, "No."))
		if forget() != 2 {
			t.Error("forgotten as soon as the answer is decided")
		}
		ages("answered_at")
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		servertest.Eventually(t, "the end of the photos", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 && d.count("SELECT COUNT(*) FROM posts WHERE id = ?", removed.ID) == 0
		})
	})
}

package community

import (
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
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
			if !r.Hidden || r.Post.Author == nil || r.Post.Author.ID != d.ann.ID || r.Post.Caption != p.Caption || r.OtherWords() || r.OtherPhotos {
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

// Photographs that an edit takes out of a reported post are kept in the same way: they are gone from the post, and from everybody but
// those who read reports, until the stated time is over or their author leaves.
func TestPhotosTakenOutOfAReportedPostAreKept(t *testing.T) {
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
		by := By{Account: mod, Via: ViaPage}
		album, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "Best", Visibility: store.AlbumMembers, Adders: store.AddersMembers, Ordering: store.OrderByHand})
		must(err)
		fresh := func() int64 { return d.wait(d.ann, d.upload(d.ann, phototest.JPEG(phototest.Options{})).ID).ID }
		report := func(p *Post) *store.Report {
			filed, err := d.Report(ctx, d.bob, Report{PostID: p.ID, Comment: "look"})
			must(err)
			return filed
		}
		kept := func(r *store.Report) []*store.Photo {
			t.Helper()
			now, err := d.ReportByID(ctx, mod, r.ID)
			must(err)
			list, err := d.KeptPhotos(ctx, by, now)
			must(err)
			return list
		}
		takeOut := func(p *Post, leave *store.Photo) {
			t.Helper()
			_, err := d.EditPost(ctx, d.ann, p.ID, PostChange{Photos: []PostPhoto{{ID: leave.ID}}})
			must(err)
		}
		reported, closed, fine := d.publish(d.ann, "rude", store.Public, 2), d.publish(d.ann, "long closed", store.Public, 2), d.publish(d.ann, "fine", store.Public, 2)
		added := d.publish(d.ann, "more", store.Public, 1)
		about, old, grown := report(reported), report(closed), report(added)
		_, err = d.CloseReport(ctx, ByCommand(""), old.ID)
		must(err)
		d.exec("UPDATE reports SET closed_at = closed_at - ? WHERE id = ?", KeepReported.Milliseconds()+1000, old.ID)
		out := reported.Photos[0]
		_, err = d.AddToAlbum(ctx, d.ann, album.ID, []int64{out.ID}, false)
		must(err)
		must(d.forgetReported(ctx, store.ToMillis(time.Now()))) // what follows is not forgotten as it is

		now, err := d.ReportByID(ctx, mod, about.ID)
		must(err)
		if now.OtherPhotos {
			t.Error("photographs are said to be others before the edit")
		}
		for _, p := range []*Post{reported, closed, fine} {
			takeOut(p, p.Photos[1])
		}
		if ok, err := d.PublicPhotoAllowed(ctx, out.SetRandom); ok || err != nil {
			t.Errorf("the old address is good at once: %v %v", ok, err)
		}
		_, err = d.EditPost(ctx, d.ann, added.ID, PostChange{Photos: []PostPhoto{{ID: added.Photos[0].ID}, {ID: fresh()}}})
		must(err)
		servertest.Eventually(t, "the photo to be kept", func() bool { return len(kept(about)) == 1 })
		d.idle()
		for r, want := range map[*store.Report]bool{about: true, grown: true, report(reported): false} {
			if now, err := d.ReportByID(ctx, mod, r.ID); err != nil || now.OtherPhotos != want || now.OtherWords() {
				t.Errorf("report %d: other photos %v, want %v; %v", r.ID, now.OtherPhotos, want, err)
			}
		}
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != 5 {
			t.Errorf("%d photos are shown, want 5", n)
		}
		if n := d.count("SELECT COUNT(*) FROM photos WHERE post_id IN (?, ?)", closed.ID, fine.ID); n != 2 {
			t.Errorf("%d photos are left of posts about which nobody decides, want 2", n)
		}
		photo := kept(about)[0]
		if photo.ID != out.ID || photo.SetKind != store.SetPrivate || photo.SetRandom == out.SetRandom || d.count("SELECT COUNT(*) FROM album_photos") != 0 {
			t.Errorf("kept %+v", photo)
		}
		post, err := d.PostByID(ctx, d.ann, reported.ID)
		must(err)
		_, versions, err := d.History(ctx, d.bob, reported.ID)
		must(err)
		if len(post.Photos) != 1 || post.PhotosCount != 1 || len(versions) != 2 || len(versions[0].Photos) != 1 {
			t.Errorf("the post has %d photos, and its versions are %+v", len(post.Photos), versions)
		}
		if _, err := d.PhotoByID(ctx, d.ann, out.ID); err != ErrNotFound {
			t.Errorf("the author finds the original: %v", err)
		}
		if err := d.RemovePhoto(ctx, d.ann, out.ID); err != ErrNotFound {
			t.Errorf("the author removes it: %v", err)
		}
		if _, err := d.EditPost(ctx, d.ann, reported.ID, PostChange{Photos: []PostPhoto{{ID: out.ID}}}); codes(err) != "photos missing" {
			t.Errorf("the author puts it back: %v", err)
		}
		for who, want := range map[*store.Account]bool{nil: false, d.ann: false, d.bob: false, mod: true} {
			if got := d.allowed(photo, who); got != want {
				t.Errorf("readable %v, want %v, for %+v", got, want, who)
			}
		}
		// A later edit takes nothing of it away, nor does the end of another report.
		words := "nice"
		_, err = d.EditPost(ctx, d.ann, reported.ID, PostChange{Caption: &words, Photos: []PostPhoto{{ID: reported.Photos[1].ID}}})
		must(err)
		_, err = d.SuspendMember(ctx, ByCommand(""), "ann", Sanction{})
		must(err)
		_, err = d.UnsuspendMember(ctx, ByCommand(""), "ann")
		must(err)
		d.idle()
		must(d.forgetReported(ctx, store.ToMillis(time.Now().Add(KeepReported+time.Hour))))
		d.idle()
		if list := kept(about); len(list) != 1 || list[0].SetKind != store.SetPrivate {
			t.Errorf("kept while the report is open: %+v", list)
		}

		// Deleted, the post keeps both until the time is over; one that stands loses what was taken out.
		takeOut(added, added.Photos[0])
		_, err = d.DeletePost(ctx, d.ann, reported.ID)
		must(err)
		servertest.Eventually(t, "both to be kept", func() bool { return len(kept(about)) == 2 && len(kept(grown)) == 1 })
		d.exec("UPDATE reports SET state = 'closed', closed_at = created_at - ?", KeepReported.Milliseconds()+1000)
		d.exec("UPDATE posts SET deleted_at = deleted_at - ? WHERE deleted_at IS NOT NULL", KeepReported.Milliseconds()+1000)
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		servertest.Eventually(t, "the end of what was kept", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE state NOT IN ('ready', 'gone')") == 0 && d.count("SELECT COUNT(*) FROM posts WHERE id = ?", reported.ID) == 0
		})
		d.idle()
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != 3 {
			t.Errorf("%d photos are left, want one of each post that stands", n)
		}
		for _, key := range d.files() {
			if strings.Contains(key, photo.SetRandom) || strings.Contains(key, photo.OrigRandom) {
				t.Errorf("its file %s is there", key)
			}
		}

		report(fine)
		_, err = d.EditPost(ctx, d.ann, fine.ID, PostChange{Photos: []PostPhoto{{ID: fresh()}}})
		must(err)
		servertest.Eventually(t, "it to be kept", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE state = 'kept' AND set_kind = 'priv'") == 1
		})
		_, err = d.DeleteMember(ctx, ByCommand(""), "ann")
		must(err)
		servertest.Eventually(t, "the end of all photos", func() bool { return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 })
	})
}

package community

import (
	"context"
	"slices"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// The photographs of a reported comment stay when its author deletes it, when the author of the post above it deletes that, and when the
// comment between is gone: for those who read reports, until the stated time is over. Then nothing is left of the thread.
func TestPhotosOfAReportedCommentAreKept(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		mod, cid := d.account("moda"), d.account("cid")
		must(d.Store.SetRole(ctx, mod.ID, store.RoleModerator))
		mod, err := d.Store.AccountByID(ctx, mod.ID)
		must(err)
		comment := func(acc *store.Account, under int64) *Post {
			t.Helper()
			p := d.wait(acc, d.upload(acc, phototest.JPEG(phototest.Options{Seed: time.Now().UnixNano()})).ID)
			c, err := d.Publish(ctx, acc, NewPost{Caption: "rude words", InReplyTo: under, PhotoIDs: []int64{p.ID}})
			must(err)
			return c
		}
		report := func(p *Post) *store.Report {
			t.Helper()
			filed, err := d.Report(ctx, mod, Report{PostID: p.ID, Comment: "look"})
			must(err)
			return filed
		}
		kept := func(r *store.Report) (ids []int64) {
			t.Helper()
			now, err := d.ReportByID(ctx, mod, r.ID)
			must(err)
			list, err := d.KeptPhotos(ctx, By{Account: mod, Via: ViaPage}, now)
			must(err)
			for _, p := range list {
				ids = append(ids, p.ID)
				for who, want := range map[*store.Account]bool{nil: false, d.ann: false, d.bob: false, cid: false, mod: true} {
					if got := d.allowed(p, who); got != want {
						t.Errorf("readable %v, want %v, for %+v", got, want, who)
					}
				}
			}
			return ids
		}
		rows := func() int { t.Helper(); return d.count("SELECT COUNT(*) FROM posts") }

		root := d.publish(d.ann, "fine", store.Public, 1)
		between := comment(d.bob, root.ID)
		deep, withdrawn, fine := comment(cid, between.ID), comment(cid, root.ID), comment(cid, root.ID)
		aboutDeep, aboutWithdrawn := report(deep), report(withdrawn)
		_, err = d.DeletePost(ctx, cid, withdrawn.ID)
		must(err)
		servertest.Eventually(t, "the withdrawn comment to be kept", func() bool {
			return slices.Equal(kept(aboutWithdrawn), []int64{withdrawn.Photos[0].ID})
		})
		_, err = d.DeletePost(ctx, d.ann, root.ID)
		must(err)
		servertest.Eventually(t, "the comment below the deleted post to be kept", func() bool {
			return slices.Equal(kept(aboutDeep), []int64{deep.Photos[0].ID})
		})
		d.idle()
		if !slices.Equal(kept(aboutWithdrawn), []int64{withdrawn.Photos[0].ID}) {
			t.Error("the comment that was deleted before is not kept")
		}
		if n := d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'"); n != 2 {
			t.Errorf("%d photos are left, want the two reported ones", n)
		}
		if n := d.count("SELECT COUNT(*) FROM posts WHERE id IN (?, ?)", between.ID, fine.ID); n != 0 {
			t.Errorf("%d comments are left that nobody reported", n)
		}
		if n := d.count("SELECT COUNT(*) FROM posts WHERE caption <> '' OR deleted_at IS NULL"); n != 0 || rows() != 3 {
			t.Errorf("%d rows, of which %d say something", rows(), n)
		}
		for _, p := range []*Post{between, deep} {
			if ok, err := d.PublicPhotoAllowed(ctx, p.Photos[0].SetRandom); ok || err != nil {
				t.Errorf("an old address is good: %v %v", ok, err)
			}
		}
		for _, acc := range []*store.Account{d.bob, cid} {
			if now, err := d.Store.AccountByID(ctx, acc.ID); err != nil || now.CommentsCount != 0 {
				t.Errorf("%s has %d comments: %v", acc.Username, now.CommentsCount, err)
			}
		}

		// Each goes in its time, and the post above with the last.
		end := func(r *store.Report) {
			t.Helper()
			_, err := d.CloseReport(ctx, ByCommand(""), r.ID)
			must(err)
			d.exec("UPDATE reports SET closed_at = closed_at - ? WHERE id = ?", KeepReported.Milliseconds()+1000, r.ID)
			must(d.forgetReported(ctx, store.ToMillis(time.Now())))
			d.idle()
		}
		d.exec("UPDATE posts SET deleted_at = deleted_at - ?", KeepReported.Milliseconds()+1000)
		end(aboutWithdrawn)
		if kept(aboutWithdrawn) != nil || !slices.Equal(kept(aboutDeep), []int64{deep.Photos[0].ID}) || rows() != 2 {
			t.Errorf("after the end of one: %v %v, %d rows", kept(aboutWithdrawn), kept(aboutDeep), rows())
		}
		end(aboutDeep)
		servertest.Eventually(t, "the end of the thread", func() bool {
			return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 && rows() == 0
		})
	})
}

// Kept comments go with their author, and the deleted post above them then.
func TestKeptCommentsGoWithTheirAuthor(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	ctx := store.Primary(t.Context())
	root := d.publish(d.ann, "fine", store.Public, 1)
	p := d.wait(d.bob, d.upload(d.bob, phototest.JPEG(phototest.Options{})).ID)
	comment, err := d.Publish(ctx, d.bob, NewPost{Caption: "rude words", InReplyTo: root.ID, PhotoIDs: []int64{p.ID}})
	if err != nil {
		t.Fatal(err)
	}
	for _, about := range []int64{comment.ID, root.ID} {
		if _, err := d.Report(ctx, d.account("cid"), Report{PostID: about}); err != nil {
			t.Fatal(err)
		}
	}
	// Who leaves takes along what is their own, and not what others have answered.
	if _, err := d.DeleteMember(ctx, ByCommand(""), "ann"); err != nil {
		t.Fatal(err)
	}
	d.idle()
	if n := d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'"); n != 1 {
		t.Errorf("%d photos are left, want the reported comment's", n)
	}
	if posts, err := d.Store.PostsKeptTooLong(ctx, store.ToMillis(time.Now()), 10); err != nil || len(posts) != 0 {
		t.Errorf("of a post that stands for its comment's sake nothing is left: %v %v", posts, err)
	}
	if _, err := d.DeleteMember(ctx, ByCommand(""), "bob"); err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the end of the thread", func() bool {
		if err := d.forgetReported(ctx, store.ToMillis(time.Now())); err != nil {
			t.Fatal(err)
		}
		return d.count("SELECT COUNT(*) FROM photos WHERE state <> 'gone'") == 0 && d.count("SELECT COUNT(*) FROM posts") == 0
	})
}

// A private address that readers have, which a CDN may have signed, ends with the post although its photographs are kept.
func TestEvidenceHasAddressesThatNobodyKnows(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := d.Follow(ctx, d.bob, d.ann.ID)
		must(err)
		deleted, edited := d.publish(d.ann, "deleted", store.Followers, 1), d.publish(d.ann, "edited", store.Followers, 2)
		for _, p := range []*Post{deleted, edited} {
			_, err := d.Report(ctx, d.bob, Report{PostID: p.ID, Comment: "look"})
			must(err)
		}
		_, err = d.DeletePost(ctx, d.ann, deleted.ID)
		must(err)
		_, err = d.EditPost(ctx, d.ann, edited.ID, PostChange{Photos: []PostPhoto{{ID: edited.Photos[1].ID}}})
		must(err)
		d.idle()
		names := map[int64]string{}
		for _, was := range []*store.Photo{deleted.Photos[0], edited.Photos[0]} {
			now := d.again(was)
			names[now.ID] = now.SetRandom
			if now.SetRandom == was.SetRandom || now.SetKind != store.SetPrivate || d.open(now.Key("square")) == nil {
				t.Errorf("kept as %s, as readers had it", now.Key("square"))
			}
			if d.allowed(was, d.bob) {
				t.Error("the address that a follower had is good")
			}
			if slices.Contains(d.files(), was.Key("square")) {
				t.Error("its file is still there")
			}
		}
		// What is repeated does not copy again.
		must(d.tx(func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, JobPostDelete, postDeletePayload{deleted.ID}, 0)
		}))
		d.idle()
		if now := d.again(deleted.Photos[0]); now.SetRandom != names[now.ID] {
			t.Error("a repeated job copied it again")
		}
		if now := d.again(edited.Photos[1]); now.SetRandom != edited.Photos[1].SetRandom {
			t.Error("what stayed in the post has another name")
		}
	})
}

// A comment's photograph is in no album, whoever forges a form: the thread may be for others than those who see the album.
func TestAlbumsTakeNoPhotographsOfComments(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		root := d.publish(d.ann, "fine", store.Public, 1)
		p := d.wait(d.bob, d.upload(d.bob, phototest.JPEG(phototest.Options{})).ID)
		if _, err := d.Publish(ctx, d.bob, NewPost{Caption: "mine", InReplyTo: root.ID, PhotoIDs: []int64{p.ID}}); err != nil {
			t.Fatal(err)
		}
		posted := d.publish(d.bob, "fog", store.Public, 1).Photos[0].ID
		album, err := d.CreateAlbum(ctx, d.bob, AlbumForm{Title: "Best", Visibility: store.Public, Adders: store.AddersOwner, Ordering: store.OrderByHand})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := d.AddToAlbum(ctx, d.bob, album.ID, []int64{p.ID}, false); err != ErrNotFound || n != 0 {
			t.Errorf("a comment's photograph: %d added, %v", n, err)
		}
		if n, err := d.AddToAlbum(ctx, d.bob, album.ID, []int64{posted}, false); err != nil || n != 1 {
			t.Errorf("a post's photograph: %d added, %v", n, err)
		}
	})
}

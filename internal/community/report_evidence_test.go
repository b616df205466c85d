package community

import (
	"bytes"
	"context"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestEvidenceIsNotItsAuthors: what is kept of a deleted post, or of one that was edited, counts to nobody's quota and is in no
// export. Its author would learn from either that somebody reported it.
func TestEvidenceIsNotItsAuthors(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		has := func() (photos int, bytes int64) {
			t.Helper()
			const last = int64(1)<<62 - 1
			list, err := d.Store.ReadyPhotosAfter(ctx, d.ann.ID, 0, last, 100)
			must(err)
			n, err := d.Store.CountReadyPhotos(ctx, d.ann.ID, last)
			must(err)
			if n != len(list) {
				t.Errorf("%d photos are counted and %d listed", n, len(list))
			}
			bytes, err = d.Store.PhotoBytes(ctx, d.ann.ID)
			must(err)
			return n, bytes
		}
		gone, edited := d.publish(d.ann, "gone", store.Public, 2), d.publish(d.ann, "edited", store.Public, 2)
		_, all := has()
		one := d.again(edited.Photos[1]).Bytes
		if all == 0 || one == 0 {
			t.Fatalf("%d bytes of 4 photos, %d of one", all, one)
		}
		for _, p := range []*Post{gone, edited} {
			_, err := d.Report(ctx, d.bob, Report{PostID: p.ID, Comment: "look"})
			must(err)
		}
		_, err := d.DeletePost(ctx, d.ann, gone.ID)
		must(err)
		if photos, _ := has(); photos != 2 {
			t.Errorf("%d photos the moment one of two posts is deleted", photos)
		}
		_, err = d.EditPost(ctx, d.ann, edited.ID, PostChange{Photos: []PostPhoto{{ID: edited.Photos[1].ID}}})
		must(err)
		servertest.Eventually(t, "three photos to be kept", func() bool { return d.count("SELECT COUNT(*) FROM photos WHERE set_kind = 'priv'") == 3 })
		d.idle()
		if photos, bytes := has(); photos != 1 || bytes != one {
			t.Errorf("%d photos of %d bytes are ann's, want 1 of %d", photos, bytes, one)
		}
	})
}

// TestEvidenceIsKeptUntilTheAnswerIsDecided: also where a report ended otherwise than with the removal of the post, and where it is
// about an account.
func TestEvidenceIsKeptUntilTheAnswerIsDecided(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx, by := store.Primary(t.Context()), ByCommand("")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		avatar, err := d.StartUpload(ctx, d.ann, Upload{Purpose: store.PurposeAvatar, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
		must(err)
		d.wait(d.ann, avatar.ID)
		_, err = d.UpdateProfile(ctx, d.ann, ProfileChange{AvatarPhotoID: avatar.ID})
		must(err)
		post := d.publish(d.ann, "rude", store.Public, 1)
		for _, r := range []Report{{PostID: post.ID, Comment: "look"}, {TargetID: d.ann.ID, Comment: "look"}} {
			filed, err := d.Report(ctx, d.bob, r)
			must(err)
			_, err = d.DecideReport(ctx, by, filed.ID, store.DecideWarn, Sanction{Words: "No."})
			must(err)
		}
		_, err = d.DeletePost(ctx, d.ann, post.ID)
		must(err)
		_, err = d.UpdateProfile(ctx, d.ann, ProfileChange{RemoveAvatar: true})
		must(err)
		kept := func() int {
			return d.count("SELECT COUNT(*) FROM photos WHERE set_kind = 'priv' AND state IN ('ready', 'kept')")
		}
		servertest.Eventually(t, "both photos to be kept", func() bool { return kept() == 2 })
		decisions, err := d.OwnDecisions(ctx, d.ann)
		must(err)
		for _, a := range decisions {
			must(d.AppealDecision(ctx, d.ann, a.ID, "It was not rude."))
		}
		forget := func() {
			t.Helper()
			const long = int64(KeepReported/time.Millisecond) + 1000
			d.exec("UPDATE reports SET closed_at = closed_at - ?", long)
			d.exec("UPDATE decisions SET created_at = created_at - ?, answered_at = answered_at - ?", long, long)
			d.exec("UPDATE posts SET deleted_at = deleted_at - ?", long)
			must(d.forgetReported(ctx, store.ToMillis(time.Now())))
			d.idle()
		}
		forget()
		if n := kept(); n != 2 || d.count("SELECT COUNT(*) FROM reports WHERE excerpt <> ''") == 0 {
			t.Errorf("%d photos are kept while answers wait, want 2", n)
		}
		for _, a := range decisions {
			must(d.AnswerAppeal(ctx, by, a.ID, false, "It was."))
		}
		must(d.forgetReported(ctx, store.ToMillis(time.Now())))
		d.idle()
		if n := kept(); n != 2 {
			t.Errorf("%d photos are kept after the answers were decided, want 2", n)
		}
		forget()
		servertest.Eventually(t, "the end of what was kept", func() bool { return kept() == 0 })
		if d.count("SELECT COUNT(*) FROM reports WHERE excerpt <> ''") != 0 {
			t.Error("the reports' words are kept")
		}
	})
}

// TestARetiredSetOfKeptEvidenceEnds: a set that a kept photo had before ends as others do, and the one that it has stays.
func TestARetiredSetOfKeptEvidenceEnds(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	ctx := store.Primary(t.Context())
	p, err := d.StartUpload(ctx, d.ann, Upload{Purpose: store.PurposeAvatar, Body: bytes.NewReader(phototest.JPEG(phototest.Options{}))})
	if err != nil {
		t.Fatal(err)
	}
	d.must()
	if _, err := d.UpdateProfile(ctx, d.ann, ProfileChange{AvatarPhotoID: p.ID}); err != nil {
		t.Fatal(err)
	}
	first := d.again(p)
	if _, err := d.Report(ctx, d.bob, Report{TargetID: d.ann.ID, Comment: "look"}); err != nil {
		t.Fatal(err)
	}
	if err := d.makePrivate(first); err != nil {
		t.Fatal(err)
	}
	if err := d.withSets(ctx, store.SetPublic, []int64{p.ID}, func(sets []replacedSet) error {
		return d.tx(func(ctx context.Context, tx *store.Store) error { return d.switchSets(ctx, tx, sets) })
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.UpdateProfile(ctx, d.ann, ProfileChange{RemoveAvatar: true}); err != nil {
		t.Fatal(err)
	}
	d.must()
	if now := d.again(p); now.State != store.PhotoKept || now.SetKind != store.SetPrivate {
		t.Fatalf("%+v", now)
	}
	d.exec("UPDATE media_objects SET state = 'retired', gone_at = 1, removed_at = NULL WHERE random <> ?", d.again(p).SetRandom) // as releases before left them
	d.sweepAll()
	d.must()
	now := d.again(p)
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE state = 'retired'"); n != 0 {
		t.Errorf("%d retired sets are left", n)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE random = '" + now.SetRandom + "' AND state = 'live'"); now.State != store.PhotoKept || n != 1 || len(d.open(now.Key("square"))) == 0 {
		t.Errorf("what is kept is %+v", now)
	}
}

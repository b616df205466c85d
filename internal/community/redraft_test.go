package community

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// TestPhotographsOfAPostThatIsWrittenAnew: they leave the deleted post and its albums for names that nobody knows, can be posted again,
// and go after two days where they are not. Those of a reported post are evidence.
func TestPhotographsOfAPostThatIsWrittenAnew(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := store.Primary(t.Context())
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ann := By{Account: d.ann, Via: ViaAPI}
		album, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "Best", Visibility: store.AlbumMembers, Adders: store.AddersMembers, Ordering: store.OrderByHand})
		must(err)
		again, left, reported := d.publish(d.ann, "a typo", store.Public, 2), d.publish(d.ann, "left", store.Public, 1), d.publish(d.ann, "rude", store.Public, 1)
		_, err = d.AddToAlbum(ctx, d.ann, album.ID, []int64{again.Photos[0].ID}, false)
		must(err)
		_, err = d.Report(ctx, d.bob, Report{PostID: reported.ID, Comment: "look"})
		must(err)
		for _, p := range []*Post{again, left, reported} {
			was, err := d.RemovePostToRedraft(ctx, ann, p.ID, Sanction{})
			must(err)
			if was.Caption != p.Caption || len(was.Photos) != len(p.Photos) {
				t.Errorf("deleted %+v", was)
			}
		}
		if _, err := d.RemovePostToRedraft(ctx, By{Account: d.bob, Via: ViaAPI}, d.publish(d.ann, "ann's", store.Public, 1).ID, Sanction{}); err != ErrForbidden {
			t.Errorf("somebody else's: %v", err)
		}
		d.idle()
		var ids []int64
		for _, before := range again.Photos {
			now := d.again(before)
			if ok, err := d.PublicPhotoAllowed(ctx, before.SetRandom); err != nil || ok && slices.Contains(d.files(), before.Key("square")) {
				t.Errorf("the address of a deleted post's photo is good: %v", err)
			}
			if now.SetKind != store.SetPrivate || now.OrigRandom == "" || !d.allowed(now, d.ann) || d.allowed(now, d.bob) || d.allowed(now, nil) {
				t.Errorf("waits: %+v", now)
			}
			ids = append(ids, now.ID)
		}
		if n := d.count("SELECT COUNT(*) FROM album_photos"); n != 0 {
			t.Errorf("%d are in albums", n)
		}
		slices.Reverse(ids)
		post, err := d.Publish(ctx, d.ann, NewPost{Caption: "no typo", PhotoIDs: ids, Visibility: store.Public})
		must(err)
		if len(post.Photos) != 2 || post.Photos[0].ID != ids[0] || post.Photos[0].SetKind != store.SetPublic || post.Photos[0].Description != again.Photos[1].Description {
			t.Errorf("posted anew: %+v", post.Photos)
		}
		if _, err := d.Publish(ctx, d.ann, NewPost{PhotoIDs: []int64{reported.Photos[0].ID}, Visibility: store.Public}); err == nil {
			t.Error("a photo that is evidence was posted anew")
		}
		if now := d.again(reported.Photos[0]); now.PostID == nil || *now.PostID != reported.ID || now.SetKind != store.SetPrivate {
			t.Errorf("evidence: %+v", now)
		}
		if n := d.count("SELECT COUNT(*) FROM posts WHERE id IN (?, ?)", again.ID, left.ID); n != 0 {
			t.Errorf("%d deleted posts have rows", n)
		}
		d.sweepNow()
		d.pass(3 * 24 * time.Hour)
		d.sweepAll()
		if n := d.count("SELECT COUNT(*) FROM photos WHERE id = ?", left.Photos[0].ID); n != 0 {
			t.Error("what was not posted anew is there after three days")
		}
	})
}

// A store of files that fails or hangs does not keep a post from being deleted.
func TestAPostIsDeletedThoughItsFilesCannotBeCopied(t *testing.T) {
	for what, copying := range map[string]func(ctx context.Context) error{
		"fails": func(context.Context) error { return errors.New("no copies today") },
		"hangs": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(what, func(t *testing.T) {
			d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{media: func(s media.Store) media.Store { return copier{s, copying} }})
			p := d.made(d.ann)
			post := d.post(d.ann, store.Public)
			if !d.attach(post, p) {
				t.Fatal("not attached")
			}
			if _, err := d.RemovePostToRedraft(t.Context(), By{Account: d.ann, Via: ViaAPI}, post, Sanction{}); err != nil {
				t.Fatal(err)
			}
			if _, err := d.PostByID(t.Context(), d.ann, post); err != ErrNotFound {
				t.Errorf("the deleted post: %v", err)
			}
			if now := d.again(p); now.SetRandom != p.SetRandom || now.PostID == nil || d.count("SELECT COUNT(*) FROM jobs WHERE kind = ?", JobPostDelete) != 1 {
				t.Errorf("its photo: %+v", now)
			}
		})
	}
}

type copier struct {
	media.Store
	copying func(ctx context.Context) error
}

func (c copier) Copy(ctx context.Context, _, _ string) error { return c.copying(ctx) }

// Whoever deletes many posts can upload all the same: only so many photographs stay.
func TestDeletingManyPostsLeavesRoomForUploads(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	for range MaxUnattached/20 + 1 {
		post := d.publish(d.ann, "one of many", store.Public, 10)
		if _, err := d.RemovePostToRedraft(t.Context(), By{Account: d.ann, Via: ViaAPI}, post.ID, Sanction{}); err != nil {
			t.Fatal(err)
		}
	}
	d.idle()
	if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != MaxUnattached/2 {
		t.Errorf("%d photographs wait, want %d", n, MaxUnattached/2)
	}
	d.upload(d.ann, phototest.JPEG(phototest.Options{}))
}

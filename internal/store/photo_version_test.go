package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// photoOwner is an account with an avatar and a header, a post of it with two photos, and photos that are in no post.
type photoOwner struct {
	account, post                                           int64
	avatar, header                                          int64
	first, second                                           int64 // in the post
	ready, portrait, uploading, pending, refused, gone, new int64 // portrait is for an avatar
}

// newPhotoOwner makes one, named by its number.
func newPhotoOwner(t *testing.T, s *store.Store, n int) *photoOwner {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o := &photoOwner{}
	for _, id := range []*int64{&o.account, &o.post, &o.avatar, &o.header, &o.first, &o.second, &o.ready, &o.portrait, &o.uploading, &o.pending, &o.refused, &o.gone, &o.new} {
		*id = s.NewID()
	}
	if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		err := tx.CreateAccount(ctx, &store.Account{
			ID: o.account, Username: fmt.Sprintf("m%d", n), Role: store.RoleMember, AvatarPhotoID: &o.avatar, HeaderPhotoID: &o.header,
		})
		if err != nil {
			return err
		}
		if err := tx.CreatePost(ctx, o.row(o.post)); err != nil {
			return err
		}
		at := store.Millis(1)
		for _, p := range []store.Photo{
			{ID: o.avatar, Purpose: store.PurposeAvatar, State: store.PhotoReady, AttachedAt: &at},
			{ID: o.header, Purpose: store.PurposeHeader, State: store.PhotoReady, AttachedAt: &at},
			{ID: o.first, PostID: &o.post, State: store.PhotoReady, AttachedAt: &at},
			{ID: o.second, PostID: &o.post, Position: 1, State: store.PhotoReady, AttachedAt: &at},
			{ID: o.ready, State: store.PhotoReady},
			{ID: o.portrait, Purpose: store.PurposeAvatar, State: store.PhotoReady},
			{ID: o.uploading, State: store.PhotoUploading},
			{ID: o.pending, State: store.PhotoPending},
			{ID: o.refused, State: store.PhotoRefused},
			{ID: o.gone, State: store.PhotoGone},
		} {
			p.AccountID, p.Source, p.SetKind, p.SetRandom = o.account, store.SourceWeb, store.SetPublic, fmt.Sprint("set", p.ID)
			if p.Purpose == "" {
				p.Purpose = store.PurposePost
			}
			if err := tx.AddPhoto(ctx, &p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *photoOwner) row(id int64) *store.Post {
	return &store.Post{ID: id, AuthorID: o.account, Kind: store.KindPost, Home: true, Visibility: store.Public, Licence: "cc0-1.0", PhotosCount: 2}
}

// shownPhotos are what is shown of the owner's photos, with the versions under which it was read.
type shownPhotos struct {
	post, account        string // photos
	postVersion, version int64
}

// shown reads with the Store: in a transaction, what the database has.
func (o *photoOwner) shown(t *testing.T, ctx context.Context, s *store.Store) (got shownPhotos) {
	t.Helper()
	post, err := s.RawPost(ctx, o.post)
	if err != nil {
		t.Fatal(err)
	}
	account, err := s.AccountByID(ctx, o.account)
	if err != nil {
		t.Fatal(err)
	}
	for _, metadata := range []bool{true, false} {
		photos, err := s.FeedPhotos(ctx, []*store.Post{post}, []*store.Account{account}, metadata)
		if err != nil {
			t.Fatal(err)
		}
		text := func(of any) string {
			b, err := json.Marshal(of)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		got.post += text(photos[0])
		got.account += text([]*store.Photo{account.Avatar, account.Header})
	}
	got.postVersion, got.version = post.PhotosVersion, account.PhotosVersion
	return got
}

// truth is what the database has.
func (o *photoOwner) truth(t *testing.T, s *store.Store) (got shownPhotos) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		got = o.shown(t, ctx, tx)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

// A photoChange is a method that changes rows of photos, or which of them an account shows.
type photoChange struct {
	shows bool // what is shown becomes another
	do    func(ctx context.Context, tx *store.Store, o *photoOwner) error
}

// done is for methods that report whether they did it.
func done(ok bool, err error) error {
	if err == nil && !ok {
		return errors.New("it changed nothing")
	}
	return err
}

// photoChanges names the method by what stands before a space.
var photoChanges = map[string]photoChange{
	"AddPhoto of nothing yet": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.AddPhoto(ctx, &store.Photo{ID: o.new, AccountID: o.account, Purpose: store.PurposePost, State: store.PhotoUploading})
	}},
	"AddPhoto of a post": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.AddPhoto(ctx, &store.Photo{ID: o.new, AccountID: o.account, PostID: &o.post, Purpose: store.PurposePost, State: store.PhotoReady})
	}},
	"ImportPhotos of a post": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		p := store.Photo{ID: o.new, AccountID: o.account, PostID: &o.post, Purpose: store.PurposePost, State: store.PhotoReady}
		return tx.ImportPhotos(ctx, []store.ImportPhoto{{Photo: p, VariantsJSON: "[]", MetadataJSON: "{}"}})
	}},
	"MarkPhotoUploaded": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.MarkPhotoUploaded(ctx, o.uploading, 1, "aa"))
	}},
	"MarkPhotoReady": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.MarkPhotoReady(ctx, &store.Photo{ID: o.pending, SetRandom: "made", SetKind: store.SetPublic}))
	}},
	"MarkPhotoRefused": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.MarkPhotoRefused(ctx, o.pending, "code", "No.", ""))
	}},
	"RequeuePhoto": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.RequeuePhoto(ctx, o.refused))
	}},
	"KeepPhotos": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.KeepPhotos(ctx, []int64{o.second})
	}},
	"SwitchSet of a post": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.SwitchSet(ctx, o.second, fmt.Sprint("set", o.second), "another", store.SetPrivate, []store.Variant{{Name: "320"}}))
	}},
	"SwitchSet of an avatar": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.SwitchSet(ctx, o.avatar, fmt.Sprint("set", o.avatar), "another", store.SetPrivate, nil))
	}},
	"SwitchSet of nothing yet": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.SwitchSet(ctx, o.ready, fmt.Sprint("set", o.ready), "another", store.SetPrivate, nil))
	}},
	"DescribePhoto": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		p, err := tx.LockPhoto(ctx, o.first)
		if err != nil {
			return err
		}
		p.Description = "A gate"
		return tx.DescribePhoto(ctx, p)
	}},
	"DescribePhoto with a focus and a place": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		p, err := tx.LockPhoto(ctx, o.first)
		if err != nil {
			return err
		}
		p.FocusX, p.Position = 0.5, 2
		return tx.DescribePhoto(ctx, p)
	}},
	"SetDraftPosition": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.SetDraftPosition(ctx, o.ready, 7)
	}},
	"SetDraftPosition of what was posted a moment ago": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.SetDraftPosition(ctx, o.first, 7)
	}},
	"HoldPhotos and nothing that is posted": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		n, err := tx.HoldPhotos(ctx, o.account, []int64{o.ready, o.first})
		return done(n == 1, err)
	}},
	"ReleasePhotos": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		n, err := tx.HoldPhotos(ctx, o.account, []int64{o.ready})
		if err != nil || n != 1 {
			return done(false, err)
		}
		return tx.ReleasePhotos(ctx, []int64{o.ready, o.first})
	}},
	"AttachPhoto": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return done(tx.AttachPhoto(ctx, o.account, o.ready, o.post, 2, "", 2))
	}},
	"AttachProfilePhoto": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error { // it shows once SaveProfile has said so
		return done(tx.AttachProfilePhoto(ctx, o.account, o.portrait, store.PurposeAvatar))
	}},
	"RetireProfilePhoto": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error { // likewise
		if err := tx.AddMediaObject(ctx, "ofportrait", store.SetPublic, o.portrait, nil); err != nil {
			return err
		}
		if ok, err := tx.MediaObjectLive(ctx, "ofportrait", nil); !ok || err != nil {
			return done(ok, err)
		}
		return done(tx.RetireProfilePhoto(ctx, o.portrait))
	}},
	"SaveProfile": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.SaveProfile(ctx, &store.Account{ID: o.account, AvatarPhotoID: &o.portrait, HeaderPhotoID: &o.header})
	}},
	"BlankAccount": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.BlankAccount(ctx, o.account)
	}},
	"MarkPhotosGone of a post": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.MarkPhotosGone(ctx, []int64{o.ready, o.second})
	}},
	"DetachPhotos": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.DetachPhotos(ctx, o.post, []int64{o.second, o.ready}) // the other one is in no post
	}},
	"MarkPhotosGone of an avatar": {true, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.MarkPhotosGone(ctx, []int64{o.avatar})
	}},
	"DeleteGonePhotos": {false, func(ctx context.Context, tx *store.Store, o *photoOwner) error {
		return tx.DeleteGonePhotos(ctx, []int64{o.gone, o.first}) // the other one is not gone
	}},
}

// Whatever changes what is shown of photos changes the version of their post or account as well, so that nobody reads
// what a process kept: neither the process that made the change, nor another one.
func TestPhotosVersion(t *testing.T) {
	storetest.Two(t, func(t *testing.T, a, b *store.Store) {
		n := 0
		for name, change := range photoChanges {
			t.Run(name, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				n++
				o := newPhotoOwner(t, a, n)
				before := o.truth(t, a)
				for _, s := range []*store.Store{a, b} {
					if got := o.shown(t, ctx, s); got != before {
						t.Fatalf("before it:\ngot  %+v\nwant %+v", got, before)
					}
				}
				if err := a.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return change.do(ctx, tx, o) }); err != nil {
					t.Fatal(err)
				}
				after := o.truth(t, a)
				if post, account := after.post != before.post, after.account != before.account; (post || account) != change.shows {
					t.Fatalf("of the post other photos are shown: %v; of the account: %v", post, account)
				}
				if after.post != before.post && after.postVersion == before.postVersion {
					t.Error("the post has the version of before")
				}
				if after.account != before.account && after.version == before.version {
					t.Error("the account has the version of before")
				}
				for i, s := range []*store.Store{a, b} {
					for range 2 { // read, and kept
						if got := o.shown(t, ctx, s); got != after {
							t.Errorf("process %d:\ngot  %+v\nwant %+v", i, got, after)
						}
					}
				}
			})
		}
	})
}

// photoChanges has every method that changes a photo's row, or which photos an account shows.
func TestPhotoChangesAreAllThere(t *testing.T) {
	writes := regexp.MustCompile("(UPDATE|INSERT INTO|DELETE FROM) photos|changePhoto\\(|\"photos\", \\[\\]string|(avatar|header)_photo_id = |(?s:p \\*Photo\\).*Create\\()")
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var found []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "methods.go" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(fset, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv != nil && f.Name.IsExported() && writes.Match(text[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset]) {
				found = append(found, f.Name.Name)
			}
		}
	}
	var named []string
	for name := range photoChanges {
		name, _, _ = strings.Cut(name, " ")
		named = append(named, name)
	}
	slices.Sort(found)
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(found, named) {
		t.Errorf("these methods change photos: %v\nphotoChanges has %v", found, named)
	}
}

// What is shown changes with its version or not at all.
func TestPhotosChangeInTransactions(t *testing.T) {
	s := storetest.SQLite(t)
	o := newPhotoOwner(t, s, 1)
	before := o.truth(t, s)
	for name, change := range photoChanges {
		if !change.shows || name == "SaveProfile" || name == "BlankAccount" {
			continue // those write the version in the same statement
		}
		if err := change.do(t.Context(), s, o); err == nil || o.truth(t, s) != before {
			t.Errorf("%s outside a transaction: %v", name, err)
		}
	}
}

// A replica that is late has the photos of the version that it has, and nobody keeps them under another one.
func TestPhotosOfLateReplicas(t *testing.T) { servertest.OnEachFlavour(t, testPhotosOfLateReplicas) }

func testPhotosOfLateReplicas(t *testing.T, f servertest.Flavour) {
	t.Parallel() // to the other flavour: it mostly waits
	db := storetest.OnReplicas(t, f, 2)
	a, b := db.Open(t), db.Open(t)
	o := newPhotoOwner(t, a, 1)
	db.CatchUp(t)
	known := map[int64]string{} // the photos of each version
	learn := func() shownPhotos {
		now := o.truth(t, a)
		if photos, ok := known[now.postVersion]; ok && photos != now.post {
			t.Fatalf("two lists of photos have one version: %s, %s", photos, now.post)
		}
		known[now.postVersion] = now.post
		return now
	}
	learn()
	db.DelayBy(t, 1, db.Replicas...)
	storetest.WaitInUse(t, b, 2)
	var position store.Position
	late := 0
	for i := range 20 {
		w := begin(t, a, position)
		if err := a.Tx(w.ctx, func(ctx context.Context, tx *store.Store) error {
			if _, err := tx.LockPost(ctx, o.post); err != nil {
				return err
			}
			p, err := tx.LockPhoto(ctx, o.first)
			if err != nil {
				return err
			}
			p.Description = fmt.Sprint("take ", i)
			return tx.DescribePhoto(ctx, p)
		}); err != nil {
			t.Fatal(err)
		}
		position = w.end()
		now := learn()
		for range 2 {
			own := begin(t, b, position)
			if got := o.shown(t, own.ctx, b); got != now {
				t.Fatalf("who wrote it reads\n%+v\nwant\n%+v", got, now)
			}
			own.end()
			other := begin(t, b, 0)
			got := o.shown(t, other.ctx, b)
			if want := known[got.postVersion]; got.post != want {
				t.Fatalf("others read\n%s\nunder the version of\n%s", got.post, want)
			}
			if got.postVersion != now.postVersion {
				late++
			}
			other.end()
		}
		// A post that was read on the primary, and its photos on a replica that has not got so far.
		r := begin(t, b, 0)
		post, err := b.RawPost(store.Primary(r.ctx), o.post)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.FeedPhotos(r.ctx, []*store.Post{post}, nil, false); err != nil {
			t.Fatal(err)
		}
		photos, err := b.FeedPhotos(store.Primary(r.ctx), []*store.Post{post}, nil, false)
		if err != nil || photos[0][0].Description != fmt.Sprint("take ", i) {
			t.Fatalf("the photo is described %q, %v", photos[0][0].Description, err)
		}
		r.end()
	}
	if late == 0 {
		t.Error("no replica was late, which is what this is about")
	}
}

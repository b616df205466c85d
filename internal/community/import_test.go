package community

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tintype/internal/archive"
	"tintype/internal/phototest"
	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// zipped makes an archive of names and contents, in turn.
func zipped(t *testing.T, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: pairs[i], Method: zip.Store, Modified: time.Date(2012, 3, 4, 5, 6, 7, 0, time.UTC)})
		if err == nil {
			_, err = io.WriteString(w, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func photograph(seed int64) string {
	return string(phototest.JPEG(phototest.Options{Width: 320, Height: 200, Seed: seed}))
}

func (d *photoSite) imported(acc *store.Account, states ...string) *store.Import {
	d.t.Helper()
	var i *store.Import
	servertest.Within(d.t, 2*time.Minute, "the import is "+strings.Join(states, " or "), func() bool {
		var err error
		if i, err = d.ImportOf(d.t.Context(), acc); err != nil {
			d.t.Fatal(err)
		}
		return i != nil && slices.Contains(states, i.State)
	})
	return i
}

// sendImport sends files, and has them looked through.
func (d *photoSite) sendImport(acc *store.Account, files ...[]byte) *store.Import {
	d.t.Helper()
	for n, f := range files {
		if err := d.ImportWholeFile(d.t.Context(), acc, fmt.Sprintf("archive-%d.zip", n), bytes.NewReader(f)); err != nil {
			d.t.Fatal(err)
		}
	}
	if err := d.LookThroughImport(d.t.Context(), acc); err != nil {
		d.t.Fatal(err)
	}
	return d.imported(acc, store.ImportFound, store.ImportFailed)
}

func (d *photoSite) postsOf(acc *store.Account) []store.Post {
	d.t.Helper()
	posts, err := d.Store.OwnPosts(d.t.Context(), acc.ID, 1<<62, 100)
	if err != nil {
		d.t.Fatal(err)
	}
	return posts
}

func TestImport(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		d.importPart = 5000 // several parts, and photographs across their ends
		_, err := d.Follow(ctx, d.bob, d.ann.ID)
		must(err)
		known := d.wait(d.ann, d.upload(d.ann, []byte(photograph(1))).ID)
		mine, err := d.Publish(ctx, d.ann, NewPost{Caption: "Posted here before", PhotoIDs: []int64{known.ID}})
		must(err)
		d.idle()
		before := d.count("SELECT COUNT(*) FROM notifications")

		data := `{"media":[{"uri":"media/posts/a.jpg","creation_timestamp":1331000000,"title":"Caf\u00c3\u00a9 with @bob #pier"}]},
			{"title":"Two","creation_timestamp":1341000000,"media":[{"uri":"media/posts/b.jpg"},{"uri":"media/posts/c.jpg"},{"uri":"media/posts/d.mp4"},{"uri":"media/posts/bad.jpg"},{"uri":"media/posts/phone.jpg"}]},
			{"title":"Known","creation_timestamp":1351000000,"media":[{"uri":"media/posts/known.jpg"}]}`
		zip := zipped(t, "content/posts_1.json", "["+data+"]", "media/posts/a.jpg", photograph(2), "media/posts/b.jpg", photograph(3), "media/posts/c.jpg", photograph(4),
			"media/posts/d.mp4", "video", "media/posts/known.jpg", photograph(1), "media/posts/bad.jpg", "no photograph", "media/posts/phone.jpg", string(phototest.HEIC()), "media/stories/s.jpg", photograph(5))
		i := d.sendImport(d.ann, zip)
		if f := i.Found.V; f.Source != archive.Instagram || f.Posts != 3 || f.Photos != 6 || f.Years[2012] != 6 || f.Left[archive.LeftVideo] != 1 || f.Left[archive.LeftUnposted] != 1 {
			t.Errorf("the preview is %+v", f)
		}
		if len(i.Files.V[0].Parts) < 3 {
			t.Errorf("the file has %d parts", len(i.Files.V[0].Parts))
		}
		if n := len(d.postsOf(d.ann)); n != 1 {
			t.Errorf("%d posts before the member said so", n)
		}
		if err := d.BeginImport(ctx, d.ann, "nobody"); codes(err) != "visibility invalid" {
			t.Errorf("for nobody: %v", err)
		}
		if err := d.BeginImport(ctx, d.bob, store.Public); codes(err) != "archive invalid" {
			t.Errorf("somebody who sent nothing: %v", err)
		}
		must(d.BeginImport(ctx, d.ann, store.Unlisted))
		i = d.imported(d.ann, store.ImportDone, store.ImportFailed)
		r := i.Report.V
		if i.State != store.ImportDone || r.Posts != 2 || r.Photos != 3 || r.Known != 1 || r.Left[LeftRefused] != 1 || r.Left[archive.LeftHEIC] != 1 || r.Left[archive.LeftVideo] != 1 || r.Left[archive.LeftUnposted] != 1 || len(r.Files) != 4 {
			t.Errorf("the report of a %s import is %+v", i.State, r)
		}
		posts := d.postsOf(d.ann)
		if len(posts) != 3 || posts[0].ID != mine.ID {
			t.Fatalf("the posts are %+v", posts)
		}
		two, cafe := posts[1], posts[2]
		if two.Caption != "Two" || two.PhotosCount != 2 || two.CreatedAt.Time().Unix() != 1341000000 || two.Visibility != store.Unlisted || store.ToMillis(store.IDTime(two.ID)) != two.CreatedAt {
			t.Errorf("a post is %+v", two)
		}
		if cafe.Caption != "Café with @\u2060bob #pier" || cafe.CreatedAt.Time().Unix() != 1331000000 {
			t.Errorf("a post is %+v", cafe)
		}
		acc, err := d.Store.AccountByID(ctx, d.ann.ID)
		must(err)
		if acc.PostsCount != 3 || acc.LastPostAt == nil || *acc.LastPostAt != mine.CreatedAt {
			t.Errorf("the account has %d posts, the last at %v", acc.PostsCount, acc.LastPostAt)
		}
		home, err := d.Store.HomePosts(ctx, d.bob, store.Range{Limit: 10})
		must(err)
		if len(home) != 3 || home[0].ID != mine.ID {
			t.Errorf("the home feed of a follower begins with %+v", home)
		}
		if found, err := d.SearchPosts(ctx, d.ann, PostSearch{Text: "café", Cursor: Cursor{Limit: 5}}); err != nil || len(found) != 1 || found[0].ID != cafe.ID {
			t.Errorf("the search finds %+v, %v", found, err)
		}
		if n := d.count("SELECT COUNT(*) FROM notifications"); n != before {
			t.Errorf("%d notifications more", n-before)
		}
		// Streams tell of the first kind, and not of the second.
		if created, imported := d.count("SELECT COUNT(*) FROM events WHERE kind = ?", EventPostCreated), d.count("SELECT COUNT(*) FROM events WHERE kind = ?", EventPostImported); created != 1 || imported != 2 {
			t.Errorf("%d events of new posts, %d of imported ones", created, imported)
		}

		// The same again brings nothing twice.
		d.exec("DELETE FROM attempts")
		d.sendImport(d.ann, zip)
		must(d.BeginImport(ctx, d.ann, store.Public))
		if r := d.imported(d.ann, store.ImportDone, store.ImportFailed).Report.V; r.Posts != 0 || r.Known != 4 {
			t.Errorf("the report of the second time is %+v", r)
		}
		if n := len(d.postsOf(d.ann)); n != 3 {
			t.Errorf("%d posts after the second time", n)
		}
		// Albums, and what was not for everybody.
		flickr := zipped(t, "photo_10000001.json", `{"id":"10000001","name":"Gulls","privacy":"private","license":"All Rights Reserved","date_taken":"2010-01-02 03:04:05","tags":[{"tag":"low tide"}]}`,
			"albums.json", `{"albums":[{"title":"Coast","photos":["10000001"]}]}`)
		d.sendImport(d.ann, flickr, zipped(t, "gulls_10000001_o.jpg", photograph(6)))
		must(d.BeginImport(ctx, d.ann, store.Public))
		d.imported(d.ann, store.ImportDone, store.ImportFailed)
		posts = d.postsOf(d.ann)
		if last := posts[len(posts)-1]; last.Visibility != store.Followers || last.Caption != "Gulls\n\n#lowTide" {
			t.Errorf("a private photograph of Flickr is %+v", last)
		}
		albums, err := d.Store.AlbumsOf(ctx, d.ann, d.ann.ID, store.Range{Limit: 10})
		must(err)
		if len(albums) != 1 || albums[0].Title != "Coast" || albums[0].Visibility != store.AlbumInvited {
			t.Fatalf("the albums are %+v", albums)
		}
		if last := posts[len(posts)-1]; last.Licence != AllRightsReserved {
			t.Errorf("the licence is %s", last.Licence)
		}
		if photos, err := d.Store.AlbumPhotos(ctx, d.ann, albums[0], 0, 10); err != nil || len(photos) != 1 {
			t.Errorf("the album has %+v, %v", photos, err)
		}
		must(d.StopImport(ctx, d.ann))
		d.idle()
		d.sweepAll()
		d.consistent()
	})
}

// TestImportInParts: parts follow each other, a part that broke off leaves nothing, and the same file goes on where it was.
func TestImportInParts(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	ctx := t.Context()
	file := zipped(t, "a.jpg", photograph(1))
	size := int64(len(file))
	start := func(name string, want int64) {
		t.Helper()
		if got, err := d.StartImportFile(ctx, d.ann, name, size); err != nil || got != want {
			t.Fatalf("%d of the file are there, want %d: %v", got, want, err)
		}
	}
	if _, err := d.AddImportPart(ctx, d.ann, 0, bytes.NewReader(file)); codes(err) != "archive invalid" {
		t.Errorf("a part of nothing: %v", err)
	}
	start("a.zip", 0)
	if got, err := d.AddImportPart(ctx, d.ann, 0, bytes.NewReader(file[:1000])); err != nil || got != 1000 {
		t.Fatal(got, err)
	}
	for _, at := range []int64{0, 999, 1001} {
		if _, err := d.AddImportPart(ctx, d.ann, at, bytes.NewReader(file[at:])); !errors.Is(err, ErrImportPlace) {
			t.Errorf("a part at %d: %v", at, err)
		}
	}
	broken := io.MultiReader(bytes.NewReader(file[1000:1500]), iotest.ErrReader(errors.New("cut")))
	if _, err := d.AddImportPart(ctx, d.ann, 1000, broken); !errors.As(err, new(*Invalid)) {
		t.Errorf("a part that broke off: %v", err)
	}
	if err := d.LookThroughImport(ctx, d.ann); codes(err) != "archive invalid" {
		t.Errorf("a file that is not whole is looked through: %v", err)
	}
	start("a.zip", 1000)
	if _, err := d.AddImportPart(ctx, d.ann, 1000, bytes.NewReader(append(bytes.Clone(file[1000:]), 'x'))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than the file has: %v", err)
	}
	// A form without scripts sends it whole, and what is there is not kept twice.
	if err := d.ImportWholeFile(ctx, d.ann, "a.zip", bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	i, err := d.ImportOf(ctx, d.ann)
	if err != nil || len(i.Files.V) != 1 || !i.Files.V[0].Whole || i.Files.V[0].Received() != size || i.Received != size || i.Files.V[0].Parts[0].Bytes != 1000 {
		t.Errorf("%+v, %v", i, err)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE state = 'live'"); n != 2 {
		t.Errorf("%d parts are kept", n)
	}
	// The answer to its last part got lost, and the part comes again: a client is told to ask what is there.
	if _, err := d.AddImportPart(ctx, d.ann, 1000, bytes.NewReader(file[1000:])); !errors.Is(err, ErrImportPlace) {
		t.Errorf("the last part again: %v", err)
	}
	start("a.zip", size)
	// Another file takes the place of one that never became whole.
	start("b.zip", 0)
	if _, err := d.AddImportPart(ctx, d.ann, 0, bytes.NewReader(file[:500])); err != nil {
		t.Fatal(err)
	}
	start("c.zip", 0)
	if i, err = d.ImportOf(ctx, d.ann); err != nil || len(i.Files.V) != 2 || i.Received != size {
		t.Errorf("%+v, %v", i, err)
	}
	if _, err := d.StartImportFile(ctx, d.ann, "huge.zip", MaxImportBytes+1); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a huge file: %v", err)
	}
	if _, err := d.StartImportFile(ctx, nil, "a.zip", 1); !errors.Is(err, ErrUnauthenticated) {
		t.Errorf("a visitor: %v", err)
	}
	if err := d.StopImport(ctx, d.ann); err != nil {
		t.Fatal(err)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE state = 'live'"); n != 0 {
		t.Errorf("%d parts are left", n)
	}
}

// preparePhotos works on the jobs of photographs alone.
func (d *photoSite) preparePhotos() {
	photosOnly := queue.New(queue.Options{Backend: JobBackend(d.Store), Workers: Workers(), Poll: 20 * time.Millisecond})
	photosOnly.Register(jobProcess, queue.Handler{Run: d.preparePhoto, Class: ClassPhoto})
	go d.Live.Follow(d.t.Context())
	photosOnly.Start(d.t.Context())
}

// runImportOnce runs the job of an import, which no worker does. It is run again where it failed.
func (d *photoSite) runImportOnce(ctx context.Context) error {
	d.t.Helper()
	d.exec("UPDATE jobs SET lease_until = 0, run_at = 0 WHERE state = 'ready' AND kind = ?", jobImport)
	jobs, err := JobBackend(d.Store).Claim(d.t.Context(), []string{jobImport}, 1, time.Hour)
	if err != nil || len(jobs) != 1 {
		d.t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	return d.runImport(ctx, &jobs[0])
}

// TestImportAfterKills ends the work at each of its steps: the next run goes on, and nothing is there twice or missing.
func TestImportAfterKills(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	d.preparePhotos()
	ctx := t.Context()
	var pairs []string
	for n := range int64(4) {
		pairs = append(pairs, fmt.Sprintf("Pier/%d.jpg", n), photograph(n))
	}
	pairs = append(pairs, "Harbour/again.jpg", photograph(0))
	if err := d.ImportWholeFile(ctx, d.ann, "a.zip", bytes.NewReader(zipped(t, pairs...))); err != nil {
		t.Fatal(err)
	}
	if err := d.LookThroughImport(ctx, d.ann); err != nil {
		t.Fatal(err)
	}
	if err := d.runImportOnce(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.BeginImport(ctx, d.ann, store.Public); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for n := 1; ; n++ {
		killed, kill := context.WithCancel(ctx)
		left := 1 + n%5 // a photograph that is known takes two steps, of which nothing is written down
		d.importStep = func() {
			if left--; left == 0 {
				kill()
			}
		}
		err := d.runImportOnce(killed)
		kill()
		if err == nil {
			break
		}
		if kills++; kills > 100 {
			t.Fatalf("it never ends: %v", err)
		}
	}
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
	i, err := d.ImportOf(ctx, d.ann)
	if err != nil {
		t.Fatal(err)
	}
	if r := i.Report.V; i.State != store.ImportDone || r.Posts != 4 || r.Photos != 4 || r.Known != 1 {
		t.Errorf("a %s import: %+v", i.State, r)
	}
	if n := len(d.postsOf(d.ann)); n != 4 {
		t.Errorf("%d posts", n)
	}
	if n := d.count("SELECT COUNT(*) FROM photos WHERE state = 'ready'"); n != 4 {
		t.Errorf("%d photographs", n)
	}
	albums, err := d.Store.AlbumsOf(ctx, d.ann, d.ann.ID, store.Range{Limit: 10})
	if err != nil || len(albums) != 2 {
		t.Fatalf("%+v, %v", albums, err)
	}
	if n := d.count("SELECT COUNT(*) FROM album_photos"); n != 5 {
		t.Errorf("%d photographs in albums", n)
	}
}

// TestImportStopped: what is posted stays, and the report says so.
func TestImportStopped(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{})
	steps := 0
	d.importStep = func() {
		if steps++; steps == 2 { // the first item is done
			if err := d.StopImport(t.Context(), d.ann); err != nil {
				t.Error(err)
			}
		}
	}
	d.work()
	d.sendImport(d.ann, zipped(t, "a.jpg", photograph(1), "b.jpg", photograph(2), "c.jpg", photograph(3)))
	if err := d.BeginImport(t.Context(), d.ann, store.Public); err != nil {
		t.Fatal(err)
	}
	i := d.imported(d.ann, store.ImportStopped, store.ImportDone, store.ImportFailed)
	if i.State != store.ImportStopped || i.Report.V.Posts != 1 {
		t.Errorf("%s: %+v", i.State, i.Report.V)
	}
	d.idle()
	if n := len(d.postsOf(d.ann)); n != 1 {
		t.Errorf("%d posts", n)
	}
	if n := d.count("SELECT COUNT(*) FROM media_objects WHERE photo_id = 0 AND state = 'live'"); n != 0 {
		t.Errorf("%d files of the import are left", n)
	}
}

package community

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/archive"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

const annsPassword = "a long walk by the sea"

// password gives the account a password.
func (d *photoSite) password(acc *store.Account) {
	d.t.Helper()
	hash, err := d.passwords.hash(d.t.Context(), byMember, annsPassword)
	if err == nil {
		err = d.tx(func(ctx context.Context, tx *store.Store) error { return tx.SetPassword(ctx, acc.ID, hash) })
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// publish posts so many new photographs.
func (d *photoSite) publish(acc *store.Account, caption string, v store.Visibility, photos int) *Post {
	d.t.Helper()
	in := NewPost{Caption: caption, Visibility: v, Descriptions: map[int64]string{}}
	for range photos {
		p := d.wait(acc, d.upload(acc, phototest.JPEG(phototest.Options{Seed: time.Now().UnixNano()})).ID)
		in.PhotoIDs = append(in.PhotoIDs, p.ID)
		in.Descriptions[p.ID] = "described: " + caption
	}
	p, err := d.Publish(d.t.Context(), acc, in)
	if err != nil {
		d.t.Fatal(err)
	}
	return p
}

// exported waits for the account's export, and returns its files by name. A file that is in two parts is an error.
func (d *photoSite) exported(acc *store.Account) (*store.Export, map[string]string) {
	d.t.Helper()
	var e *store.Export
	servertest.Within(d.t, time.Minute, "the export ends", func() bool {
		var err error
		if e, err = d.ExportOf(d.t.Context(), acc); err != nil {
			d.t.Fatal(err)
		}
		return e != nil && e.State != store.ExportWorking
	})
	files := map[string]string{}
	for i, part := range e.Parts.V {
		o, err := d.OpenExport(d.t.Context(), acc, e.ID, i+1)
		if err != nil {
			d.t.Fatal(err)
		}
		b, err := io.ReadAll(o)
		o.Close()
		if err != nil || int64(len(b)) != part.Bytes {
			d.t.Fatalf("part %d: %d bytes of %d, %v", i+1, len(b), part.Bytes, err)
		}
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			d.t.Fatal(err)
		}
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				d.t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				d.t.Fatalf("%s: %v", f.Name, err)
			}
			if _, twice := files[f.Name]; twice {
				d.t.Errorf("%s is in the export twice", f.Name)
			}
			files[f.Name] = string(text)
		}
	}
	return e, files
}

func readJSON[T any](t *testing.T, files map[string]string, name string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(files[name]), &v); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, files[name])
	}
	return v
}

func TestExport(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		d.BaseURL, d.exportPart = "https://photos.example", 30e3
		d.setDefaults(func(s *Site) { s.Name = "Harbour & Friends" })
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		d.password(d.ann)
		d.exec("UPDATE accounts SET email = 'bob@example.org', note = 'BOBS-BIO' WHERE id = ?", d.bob.ID)
		d.exec("UPDATE accounts SET email = 'ann@example.org', pages_language = 'de' WHERE id = ?", d.ann.ID)
		carl := d.account("carl")
		first := d.publish(d.ann, "Boats <b>at</b> #dawn\nand gulls", store.Public, 2)
		second := d.publish(d.ann, "For my followers", store.Followers, 1)
		edited := "For my close followers"
		_, err := d.EditPost(ctx, d.ann, second.ID, PostChange{Caption: &edited})
		must(err)
		bobs := d.publish(d.bob, "BOBS-CAPTION", store.Public, 1)
		hidden := d.publish(carl, "CARLS-CAPTION", store.Public, 1)
		_, err = d.Publish(ctx, d.ann, NewPost{Caption: "What a light!", InReplyTo: bobs.ID})
		must(err)
		_, err = d.Publish(ctx, d.bob, NewPost{Caption: "BOBS-COMMENT", InReplyTo: first.ID})
		must(err)
		for _, id := range []int64{bobs.ID, hidden.ID} {
			_, err = d.Like(ctx, d.ann, id)
			must(err)
			_, err = d.Bookmark(ctx, d.ann, id)
			must(err)
		}
		_, err = d.Follow(ctx, d.ann, d.bob.ID)
		must(err)
		_, err = d.Mute(ctx, d.ann, d.bob.ID, MuteOptions{For: time.Hour})
		must(err)
		_, err = d.SetNote(ctx, d.ann, d.bob.ID, "met at the pier")
		must(err)
		_, err = d.SetNote(ctx, d.bob, d.ann.ID, "BOBS-NOTE")
		must(err)
		_, err = d.Block(ctx, d.ann, carl.ID)
		must(err)
		waiting := d.wait(d.ann, d.upload(d.ann, phototest.JPEG(phototest.Options{Seed: 9})).ID)

		if err := d.StartExport(ctx, d.ann, Confirmation{Password: "wrong"}); codes(err) != "password wrong" {
			t.Errorf("with a wrong password: %v", err)
		}
		if e, err := d.ExportOf(ctx, d.ann); e != nil || err != nil {
			t.Errorf("after a wrong password: %+v, %v", e, err)
		}
		al, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "The harbour", Visibility: store.Public, Adders: store.AddersMembers, Ordering: store.OrderOldest})
		must(err)
		_, err = d.AddToAlbum(ctx, d.ann, al.ID, []int64{first.Photos[1].ID}, false)
		must(err)
		_, err = d.AddToAlbum(ctx, d.bob, al.ID, []int64{bobs.Photos[0].ID}, false)
		must(err)

		list, err := d.CreateList(ctx, d.ann, ListOptions{Title: new("Harbours"), Exclusive: new(true)})
		must(err)
		must(d.AddToList(ctx, d.ann, list.ID, []int64{d.bob.ID}))
		filter, err := d.CreateFilter(ctx, d.ann, FilterChange{Title: new("Storms"), Contexts: []FilterContext{FilterHome}, Keywords: []KeywordChange{{Keyword: new("gale")}}})
		must(err)
		ann, err := d.Store.AccountByID(ctx, d.ann.ID)
		must(err)
		_, err = d.AddFilterPost(ctx, ann, filter.ID, bobs.ID)
		must(err)

		walk, err := d.Announce(ctx, ByCommand(""), NewAnnouncement{Text: "We walk."})
		must(err)
		for who, text := range map[*store.Account]string{d.ann: "Where do we meet?", d.bob: "BOBS-COMMENT"} {
			_, err = d.CommentOnAnnouncement(ctx, who, walk.ID, text, "")
			must(err)
		}
		_, err = d.AddBlock(ctx, ByCommand(""), NewBlock{Kind: store.BlockWord, Value: "casino"})
		must(err)
		held := d.publish(d.ann, "At the #casino", store.Followers, 1)
		if bobsToo := d.publish(d.bob, "BOBS-CASINO casino", store.Public, 1); !held.Held || !bobsToo.Held {
			t.Fatal("the posts are not held")
		}
		rejected, err := d.Publish(ctx, d.ann, NewPost{Caption: "A casino?", InReplyTo: bobs.ID})
		must(err)
		must(d.RejectHeld(ctx, ByCommand(""), rejected.ID, "No adverts."))
		must(d.StartExport(ctx, d.ann, Confirmation{Password: annsPassword}))
		e, files := d.exported(d.ann)
		// They stand newest first.
		if l := readJSON[[]archive.HeldPost](t, files, "data/held_posts.json"); len(l) != 2 || l[0].State != store.HeldRejected || l[0].Caption != "A casino?" || l[0].Words != "No adverts." || l[0].DecidedAt == nil ||
			l[0].InReplyTo != "https://photos.example/posts/"+strconv.FormatInt(bobs.ID, 10) || l[1].State != store.HeldWaits || l[1].Caption != "At the #casino" || l[1].Visibility != "followers" ||
			!slices.Equal(l[1].Tags, []string{"casino"}) || !slices.Equal(l[1].Why, []string{"word: casino"}) || l[1].DecidedAt != nil || !l[1].CreatedAt.Equal(held.CreatedAt.Time()) ||
			len(l[1].Photos) != 1 || l[1].Photos[0].Description != "described: At the #casino" || files[l[1].Photos[0].File] == "" || files[l[1].Photos[0].Small] == "" {
			t.Errorf("the held posts are %+v", l)
		}
		if strings.Contains(files[archive.PostsFile]+files["data/draft.json"]+files[archive.CommentsFile], "casino") {
			t.Error("held posts stand among the published ones, or in the draft")
		}
		if l := readJSON[[]archive.AnnouncementComment](t, files, "data/announcement_comments.json"); len(l) != 1 || l[0].Text != "Where do we meet?" || l[0].URL != d.AnnouncementURL(walk.ID) {
			t.Errorf("the comments on announcements are %+v", l)
		}
		if l := readJSON[[]archive.List](t, files, "data/lists.json"); len(l) != 1 || l[0].Title != "Harbours" || !l[0].Exclusive || !slices.Equal(l[0].Members, []string{"bob"}) {
			t.Errorf("the lists are %+v", l)
		}
		if l := readJSON[[]archive.Filter](t, files, "data/filters.json"); len(l) != 1 || l[0].Title != "Storms" || l[0].Hide || len(l[0].Keywords) != 1 || l[0].Keywords[0] != (archive.FilterWord{Keyword: "gale", WholeWord: true}) ||
			len(l[0].Posts) != 1 || !strings.Contains(l[0].Posts[0], "/@bob/") {
			t.Errorf("the filters are %+v", l)
		}
		if l := readJSON[[]archive.Album](t, files, "data/albums.json"); len(l) != 1 || l[0].Title != "The harbour" || len(l[0].Photos) != 1 || files[l[0].Photos[0]] == "" {
			t.Errorf("the albums are %+v", l)
		}
		if e.State != store.ExportReady || e.Photos != 5 || e.Progress != 5 || e.Total != 5 || e.Missing != 0 || len(e.Parts.V) < 2 || e.FinishedAt == nil {
			t.Errorf("the export is %+v", e)
		}

		posts := readJSON[[]archive.Post](t, files, archive.PostsFile)
		if len(posts) != 2 || posts[0].Caption != edited || posts[0].Visibility != "followers" || posts[1].Caption != "Boats <b>at</b> #dawn\nand gulls" ||
			!slices.Equal(posts[1].Tags, []string{"dawn"}) || posts[1].Comments != 1 || len(posts[1].Photos) != 2 || !posts[1].CreatedAt.Equal(first.CreatedAt.Time()) {
			t.Errorf("the posts are %+v", posts)
		}
		if v := posts[0].Versions; len(v) == 0 || v[0].Caption != "For my followers" {
			t.Errorf("the versions are %+v", v)
		}
		for _, p := range posts {
			for _, ph := range p.Photos {
				if files[ph.File] == "" || files[ph.Small] == "" {
					t.Errorf("post %s names %s and %s, which are not there", p.ID, ph.File, ph.Small)
				}
			}
		}
		row, err := d.Store.PhotoByID(ctx, first.Photos[0].ID)
		must(err)
		if got := files[exportFile(row)]; got != string(d.open(media.OriginalKey(row.OrigRandom))) {
			t.Errorf("%s is not the original: %d bytes", exportFile(row), len(got))
		}
		if files[exportFile(waiting)] == "" || !strings.Contains(files["data/draft.json"], exportFile(waiting)) {
			t.Error("the photo that waits to be posted is not there")
		}
		if c := readJSON[[]archive.Comment](t, files, archive.CommentsFile); len(c) != 1 || c[0].Text != "What a light!" {
			t.Errorf("the comments are %+v", c)
		}
		for _, name := range []string{"data/likes.json", "data/bookmarks.json"} {
			// Carl's post is not to be seen any more.
			if m := readJSON[[]archive.Mark](t, files, name); len(m) != 1 || m[0].Author != "bob" || m[0].URL != "https://photos.example/@bob/"+strconv.FormatInt(bobs.ID, 10) {
				t.Errorf("%s: %+v", name, m)
			}
		}
		people := func(name string) []archive.Person { return readJSON[[]archive.Person](t, files, "data/"+name+".json") }
		if l := people("following"); len(l) != 1 || l[0].Username != "bob" {
			t.Errorf("following %+v", l)
		}
		if l := people("blocks"); len(l) != 1 || l[0].Username != "carl" {
			t.Errorf("blocks %+v", l)
		}
		if l := people("mutes"); len(l) != 1 || l[0].Username != "bob" || l[0].EndsAt == nil {
			t.Errorf("mutes %+v", l)
		}
		if l := people("notes"); len(l) != 1 || l[0].Note != "met at the pier" {
			t.Errorf("notes %+v", l)
		}
		if l := people("followers"); len(l) != 0 {
			t.Errorf("followers %+v", l)
		}
		if p := readJSON[archive.Profile](t, files, archive.ProfileFile); p.Username != "ann" || p.Email != "ann@example.org" {
			t.Errorf("the profile is %+v", p)
		}

		for name, text := range files {
			for _, secret := range []string{ann.PasswordHash, "password", "BOBS-", "CARLS-", "bob@example.org"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds %q", name, secret)
				}
			}
		}
		checkPages(t, files)
		if !strings.Contains(files["index.html"], `<html lang="de">`) || !strings.Contains(files["index.html"], "Neueste Fotos") {
			t.Errorf("the pages do not speak their member's language: %q", files["index.html"])
		}
		if !strings.Contains(files["index.html"], "Harbour &amp; Friends") || !strings.Contains(files["posts/"+first.CreatedAt.Time().Format("2006")+".html"], "Boats &lt;b&gt;at&lt;/b&gt; #dawn") {
			t.Errorf("the pages are %q", files["index.html"])
		}

		// Only its owner downloads it, part by part, while it is the one that there is.
		for _, o := range []struct {
			acc  *store.Account
			id   int64
			part int
		}{{d.bob, e.ID, 1}, {d.ann, e.ID + 1, 1}, {d.ann, e.ID, 0}, {d.ann, e.ID, len(e.Parts.V) + 1}} {
			if _, err := d.OpenExport(ctx, o.acc, o.id, o.part); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s opens part %d: %v", o.acc.Username, o.part, err)
			}
		}
		if _, err := d.OpenExport(ctx, nil, e.ID, 1); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
		// A new one takes its place. After its time it goes by itself.
		must(d.StartExport(ctx, d.ann, Confirmation{Password: annsPassword}))
		again, files := d.exported(d.ann)
		if again.ID == e.ID || len(files) == 0 {
			t.Errorf("the second export is %+v", again)
		}
		d.idle()
		if n := d.count("SELECT COUNT(*) FROM media_objects WHERE photo_id = 0 AND state = 'live'"); n != len(again.Parts.V) {
			t.Errorf("%d files of exports are there, and the export has %d parts", n, len(again.Parts.V))
		}
		if r := d.checkMedia(MediaCheck{Store: d.Media, Read: true}); r.MissingCount+r.WrongCount+r.UnknownCount != 0 {
			t.Errorf("the check of the media says %+v", r)
		}
		d.exec("UPDATE exports SET expires_at = ?", time.Now().Add(-time.Minute).UnixMilli())
		if _, err := d.OpenExport(ctx, d.ann, again.ID, 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("an export whose time is over: %v", err)
		}
		must(d.Forget(ctx))
		d.idle()
		d.sweepAll()
		d.consistent()
		if e, err := d.ExportOf(ctx, d.ann); e != nil || err != nil {
			t.Errorf("after its time: %+v, %v", e, err)
		}
	})
}

// checkPages fails where a page of an export names something that is not in it.
func checkPages(t *testing.T, files map[string]string) {
	t.Helper()
	refers := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	pages := 0
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		pages++
		dir := ""
		if strings.HasPrefix(name, "posts/") {
			dir = "posts/"
		}
		for _, m := range refers.FindAllStringSubmatch(files[name], -1) {
			to, _, _ := strings.Cut(m[1], "#")
			if up, ok := strings.CutPrefix(to, "../"); ok {
				to = up
			} else {
				to = dir + to
			}
			if _, ok := files[to]; !ok {
				t.Errorf("%s refers to %s, which is not in the export", name, m[1])
			}
		}
		for _, never := range []string{"<script", "src=\"http", "url("} {
			if strings.Contains(files[name], never) {
				t.Errorf("%s has %s", name, never)
			}
		}
	}
	if pages < 3 || files[archive.StyleFile] == "" {
		t.Errorf("%d pages, and a style sheet of %d bytes", pages, len(files[archive.StyleFile]))
	}
}

// TestExportAfterKills ends the process at each step of an export: the next one goes on with the part that was begun.
func TestExportAfterKills(t *testing.T) {
	s := storetest.SQLite(t)
	var path string
	if err := s.SQL().QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	living := newPhotoSite(t, s, photoSiteOptions{})
	living.password(living.ann)
	for range 3 {
		p := living.upload(living.ann, phototest.JPEG(phototest.Options{Seed: time.Now().UnixNano()}))
		if err := living.runJobs(); err != nil {
			t.Fatal(err)
		}
		if _, err := living.Publish(t.Context(), living.ann, NewPost{Caption: "x", PhotoIDs: []int64{p.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	living.exportPart = 1
	for died, steps := true, 1; died; steps++ {
		living.exec("DELETE FROM attempts")
		if err := living.DropExport(t.Context(), living.ann); err != nil {
			t.Fatal(err)
		}
		if err := living.runJobs(); err != nil {
			t.Fatal(err)
		}
		if err := living.StartExport(t.Context(), living.ann, Confirmation{Password: annsPassword}); err != nil {
			t.Fatal(err)
		}
		mine, err := store.Open(t.Context(), storetest.Options("sqlite:"+path))
		if err != nil {
			t.Fatal(err)
		}
		m := &mortal{Store: living.Media, dir: living.dir, left: steps, death: func() { mine.Close() }}
		dying := openPhotoSite(t, mine, living.dir, photoSiteOptions{media: func(media.Store) media.Store { return m }})
		dying.exportPart = 1
		err = dying.runJobs()
		if died = m.dead; !died {
			mine.Close()
			if err != nil {
				t.Fatal(err)
			}
		}
		living.exec("UPDATE jobs SET lease_until = 0, run_at = 0 WHERE state = 'ready'") // the lease of the dead ends
		if err := living.runJobs(); err != nil {
			t.Fatalf("after a death at step %d: %v", steps, err)
		}
		e, files := living.exported(living.ann)
		if e.State != store.ExportReady || len(e.Parts.V) != 3 || e.Photos != 3 {
			t.Fatalf("after a death at step %d the export is %+v", steps, e)
		}
		checkPages(t, files)
		if steps > 200 {
			t.Fatal("an export never ends")
		}
		if !died && steps < 8 {
			t.Errorf("only %d steps", steps)
		}
	}
	if err := living.DropExport(t.Context(), living.ann); err != nil {
		t.Fatal(err)
	}
	if err := living.runJobs(); err != nil {
		t.Fatal(err)
	}
	living.exec("UPDATE media_objects SET created_at = created_at - ?, gone_at = gone_at - ?", (7 * 24 * time.Hour).Milliseconds(), (7 * 24 * time.Hour).Milliseconds())
	half, err := filepath.Glob(filepath.Join(living.dir, "tmp", "*"))
	if err != nil || len(half) == 0 {
		t.Fatalf("what the dead left half written: %v, %v", half, err)
	}
	for _, name := range half {
		if err := os.Chtimes(name, time.Now().Add(-24*time.Hour), time.Now().Add(-24*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := living.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		living.exec("UPDATE media_objects SET gone_at = gone_at - ?", (7 * 24 * time.Hour).Milliseconds())
	}
	living.consistent()
}

func TestAnExportGoesWithItsAccount(t *testing.T) {
	d := newPhotoSite(t, storetest.SQLite(t), photoSiteOptions{}).work()
	d.password(d.ann)
	d.publish(d.ann, "x", store.Public, 1)
	if err := d.StartExport(t.Context(), d.ann, Confirmation{Password: annsPassword}); err != nil {
		t.Fatal(err)
	}
	d.exported(d.ann)
	if err := d.DeleteAccount(t.Context(), d.ann, Confirmation{Password: annsPassword}); err != nil {
		t.Fatal(err)
	}
	d.idle()
	d.sweepAll()
	d.consistent()
	if n := d.count("SELECT COUNT(*) FROM exports"); n != 0 {
		t.Errorf("%d exports are left", n)
	}
}

package e2e

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

var pickedPhoto = regexp.MustCompile(`name="photos" value="([0-9]+)"`)

// photoOf is the photo of a member's post, as its form to add it to an album has it.
func photoOf(t *testing.T, c *servertest.Client, post string) string {
	t.Helper()
	id := post[strings.LastIndex(post, "/")+1:]
	found := pickedPhoto.FindStringSubmatch(c.Get("/posts/" + id + "/albums").Want(http.StatusOK).Body)
	if found == nil {
		t.Fatalf("no photo of %s", post)
	}
	return found[1]
}

// newAlbum makes an album and returns its path.
func newAlbum(c *servertest.Client, title string, pairs ...string) string {
	form := map[string]string{"title": title, "visibility": "public", "adders": "owner", "ordering": "hand"}
	for i := 0; i < len(pairs); i += 2 {
		form[pairs[i]] = pairs[i+1]
	}
	var all []string
	for name, value := range form {
		all = append(all, name, value)
	}
	return strings.TrimSuffix(c.Post("/albums", all...).Want(http.StatusOK).URL.Path, "/add")
}

// Every act of an album by forms: none of this needs a script.
func albumForms(t *testing.T, site stage) {
	seed := 0
	photo := func() []byte {
		seed++
		return phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: int64(seed)})
	}
	ada, ben := site.join(t, "adele"), site.join(t, "basil")
	visitor := site.visitor(t)

	album := newAlbum(ada, "An outing", "description", "To the lake", "adders", "invited", "ordering", "hand")
	secret := newAlbum(ada, "A secret", "visibility", "invited")
	var posts, photos []string
	for i := range 3 { // after the albums, so that there is one to choose
		posts = append(posts, ada.PublishPhoto(photo(), "caption", fmt.Sprintf("Picture %d.", i)).URL.Path)
		photos = append(photos, photoOf(t, ada, posts[i]))
	}
	closed := ada.PublishPhoto(photo(), "caption", "For followers.", "visibility", "followers").URL.Path
	closedPhoto := photoOf(t, ada, closed)
	ada.Get(posts[0]).Want(http.StatusOK).Has(`/albums">Add to an album`)
	id := func(path string) string { return path[strings.LastIndex(path, "/")+1:] }
	ada.Post("/posts/"+id(posts[0])+"/albums", "album", id(album), "photos", photos[0]).Want(http.StatusOK).Has(album + "/photos/" + photos[0])
	ada.Get(album+"/add").Want(http.StatusOK).Has(photos[1], photos[2], closedPhoto).Lacks(`value="` + photos[0] + `"`)
	for _, p := range append(photos[1:], closedPhoto) {
		ada.Post(album+"/add", "photos", p).Want(http.StatusOK)
	}

	all := visitor.Sees(album, "An outing", "To the lake", "3 photographs", photos[0], photos[1], photos[2], `rel="alternate" type="application/atom+xml"`)
	all.Lacks(closedPhoto, "For followers.", album+"/edit", album+"/add", album+"/arrange", "Leave this album")
	ada.Get(album).Want(http.StatusOK).Has("4 photographs", closedPhoto, album+"/edit", album+"/arrange", album+"/add")
	for _, list := range []string{"/albums", "/@adele/albums"} {
		visitor.Sees(list, "An outing", album).Lacks("A secret", secret, "/albums/new")
	}
	ada.Get("/albums/yours").Want(http.StatusOK).Has("An outing", "A secret")
	visitor.Sees("/@adele", "/@adele/albums")

	// The slideshow without scripts: pages that lead to each other.
	slide := album + "/photos/" + photos[0]
	seen := []string{}
	for range 5 {
		page := visitor.Sees(slide, fmt.Sprintf("%d of 3", len(seen)+1)).Lacks(closedPhoto)
		seen = append(seen, slide)
		next := regexp.MustCompile(`rel="next" href="([^"]+)"`).FindStringSubmatch(page.Body)
		if next == nil {
			break
		}
		slide = next[1]
	}
	if want := album + "/photos/" + photos[2]; len(seen) != 3 || seen[2] != want {
		t.Errorf("the slideshow is %v, want three that end with %s", seen, want)
	}
	visitor.Sees(seen[1], `rel="prev" href="`+seen[0]+`"`)
	visitor.Get(album + "/photos/" + closedPhoto).Want(http.StatusNotFound)

	// Arranging.
	order := func() (out []string) {
		for _, m := range regexp.MustCompile(`data-post="`+album+`/photos/([0-9]+)"`).FindAllStringSubmatch(ada.Get(album).Want(http.StatusOK).Body, -1) {
			out = append(out, m[1])
		}
		return out
	}
	ada.Get(album+"/arrange").Want(http.StatusOK).Has(`value="earlier"`, `value="last"`, album+"/cover", album+"/remove")
	ada.Post(album+"/order", "photo", photos[2], "to", "first", "return", album+"/arrange").Want(http.StatusOK)
	ada.Post(album+"/order", "photo", photos[0], "to", "before", "before", photos[2]).Want(http.StatusOK)
	if got, want := strings.Join(order(), " "), strings.Join([]string{photos[0], photos[2], photos[1], closedPhoto}, " "); got != want {
		t.Errorf("the order is %s, want %s", got, want)
	}

	// Somebody else's album, and one that is nobody's: whatever is asked of it, nothing of it is told.
	for _, path := range []string{"", "/photos/" + photos[0], ".atom", "/edit", "/arrange", "/add", "/delete"} {
		if a := visitor.Try(servertest.Read(secret + path)); a.Holds("A secret") || a.Status == http.StatusOK && a.URL.Path != "/login" {
			t.Errorf("%s%s answers a visitor %d", secret, path, a.Status)
		}
		ben.Get(secret + path).Want(http.StatusNotFound).Lacks("A secret")
		ben.Get("/albums/7" + path).Want(http.StatusNotFound)
	}
	for _, path := range []string{"/edit", "/arrange", "/delete", "/add"} {
		ben.Get(album + path).Want(http.StatusForbidden)
	}
	bens := ben.PublishPhoto(photo(), "caption", "By Ben").URL.Path
	for path, pairs := range map[string][]string{
		"/edit": {"title", "Mine"}, "/order": {"photo", photos[0], "to", "last"}, "/cover": {"photo", photos[0]}, "/delete": nil, "/invite": {"name", "basil"}, "/uninvite": {"account", "7"},
	} {
		ben.Do(servertest.Form(album+path, pairs...)).Want(http.StatusForbidden)
		ben.Do(servertest.Form(secret+path, pairs...)).Want(http.StatusNotFound)
		if a := visitor.Do(servertest.Form(album+path, pairs...)); !strings.HasPrefix(a.URL.Path, "/login") && a.Status != http.StatusUnauthorized {
			t.Errorf("a visitor posts to %s: %d %s", path, a.Status, a.URL)
		}
	}
	ben.Do(servertest.Form(album+"/remove", "photo", photos[0])).Want(http.StatusNotFound)

	// Invited, Ben adds; he removes his own, and Ada may as well.
	newAlbum(ben, "Ben's own")
	bensPhoto := photoOf(t, ben, bens)
	ada.Do(servertest.Form(album+"/invite", "name", "nobody")).Want(http.StatusUnprocessableEntity).Has(`value="nobody"`, "There is nobody by that name")
	ada.Post(album+"/invite", "name", "@basil").Want(http.StatusOK).Has("@basil")
	ben.Sees("/albums/yours", "An outing").Lacks("A secret")
	ben.Post(album+"/add", "photos", bensPhoto).Want(http.StatusOK).Has(bensPhoto, "Leave this album")
	visitor.Sees(album, bensPhoto, "4 photographs")
	ben.Get(album + "/photos/" + bensPhoto).Want(http.StatusOK).Has(album + "/photos/" + bensPhoto + "/remove")
	ben.Get(album + "/photos/" + photos[0]).Want(http.StatusOK).Lacks("/remove")
	ben.Get(album + "/photos/" + photos[0] + "/remove").Want(http.StatusForbidden)
	ben.Post(album+"/remove", "photo", bensPhoto).Want(http.StatusOK).Lacks(album + "/photos/" + bensPhoto)
	ben.Post(album + "/leave").Want(http.StatusOK).Lacks("An outing")

	// A refused form keeps what was typed.
	ada.Do(servertest.Form(album+"/edit", "title", "", "description", "Words to keep", "visibility", "members", "adders", "owner", "ordering", "oldest", "last_day", "soon")).
		Want(http.StatusUnprocessableEntity).Has("Words to keep", `value="soon"`, "An album needs a title.", "Write the last day as")
	ada.Do(servertest.Form(album + "/add")).Want(http.StatusUnprocessableEntity).Has("Choose at least one photograph.")
	ada.Do(servertest.Form("/posts/"+id(posts[0])+"/albums", "photos", photos[0])).Want(http.StatusUnprocessableEntity).Has("Choose an album")

	// The feed holds what visitors see, what was added last first.
	var feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Title   string   `xml:"title"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Entries []struct {
			ID      string `xml:"id"`
			Updated string `xml:"updated"`
			Title   string `xml:"title"`
			Rights  string `xml:"rights"`
			Links   []struct {
				Rel  string `xml:"rel,attr"`
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	atom := visitor.Loses(album+".atom", bensPhoto).Want(http.StatusOK)
	decoder := xml.NewDecoder(strings.NewReader(atom.Body))
	if err := decoder.Decode(&feed); err != nil {
		t.Fatal(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Errorf("behind the feed: %v", err)
	}
	if feed.Title != "An outing" || feed.ID == "" || feed.Updated == "" || len(feed.Entries) != 3 {
		t.Fatalf("%+v", feed)
	}
	ids := map[string]bool{}
	for i, e := range feed.Entries {
		if want := fmt.Sprintf("Picture %d.", 2-i); e.Title != want || e.Updated == "" || e.Rights == "" || len(e.Links) != 2 {
			t.Errorf("entry %d: %+v, want %s with its photo", i, e, want)
		}
		ids[e.ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("the entries have the ids %v", ids)
	}
	atom.Lacks("For followers.", closedPhoto)
	visitor.Get(secret + ".atom").Want(http.StatusNotFound)
	ada.Get(secret + ".atom").Want(http.StatusNotFound) // for programs without an account

	// What goes is gone at once, for visitors as well.
	ada.Post("/posts/" + id(posts[1]) + "/delete").Want(http.StatusOK)
	visitor.Sees(album, "2 photographs").Lacks(photos[1])
	ada.Post(album + "/delete").Want(http.StatusOK)
	visitor.Misses(album)
	visitor.Loses("/albums", album).Want(http.StatusOK)
	visitor.Get(posts[0]).Want(http.StatusOK).Has("Picture 0.")
}

// A member downloads an album; the address of the archive is that member's alone.
func TestAnAlbumIsDownloaded(t *testing.T) {
	site := start(t)
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	visitor := servertest.NewClient(t, site.URL)
	album := newAlbum(ada, "An outing")
	ada.Get(album).Want(http.StatusOK).Lacks(album + "/download")
	ada.Do(servertest.Form(album + "/download")).Want(http.StatusUnprocessableEntity).Has("There is nothing in this album")
	post := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1}), "caption", "Picture").URL.Path
	photo := photoOf(t, ada, post)
	ada.Post(album+"/add", "photos", photo).Want(http.StatusOK)

	visitor.Get(album).Want(http.StatusOK).Lacks("/download")
	if a := visitor.Get(album + "/download"); a.URL.Path != "/login" {
		t.Errorf("a visitor is answered %d at %s", a.Status, a.URL)
	}
	ben.Get(album).Want(http.StatusOK).Has(album + "/download")
	ben.Get(album+"/download").Want(http.StatusOK).Has("Original files", "Make the archive")
	ben.Post(album+"/download", "originals", "on").Want(http.StatusOK)
	var ready servertest.Answer
	servertest.Eventually(t, "the archive is ready", func() bool {
		ready = ben.Get(album + "/download").Want(http.StatusOK)
		return ready.Holds("The archive is ready")
	})
	file := regexp.MustCompile(`href="(/downloads/[0-9a-f]{32})"`).FindStringSubmatch(ready.Body)
	if file == nil {
		t.Fatalf("no address of the archive:\n%s", ready.Text())
	}
	if ready.Header.Get("Refresh") != "" {
		t.Error("a page that waits for nothing is loaded again")
	}
	zipped := ben.Get(file[1]).Want(http.StatusOK)
	archive, err := zip.NewReader(strings.NewReader(zipped.Body), int64(len(zipped.Body)))
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.File) != 2 || archive.File[0].Name != "001-ada.jpg" || archive.File[1].Name != "photographs.txt" {
		t.Errorf("%d files in the archive", len(archive.File))
	}
	if h := zipped.Header; h.Get("Content-Type") != "application/zip" || !strings.Contains(h.Get("Content-Disposition"), `An outing.zip`) || h.Get("Cache-Control") != "private, no-store" {
		t.Errorf("its header is %v", h)
	}
	part := ben.Do(servertest.Read(file[1]).With("Range", "bytes=0-1")).Want(http.StatusPartialContent)
	if part.Body != "PK" {
		t.Errorf("a part of it is %q", part.Body)
	}

	ada.Get(file[1]).Want(http.StatusNotFound)
	ada.Get(album + "/download").Want(http.StatusOK).Lacks(file[1])
	if a := visitor.Get(file[1]); a.URL.Path != "/login" || a.Holds("PK") {
		t.Errorf("a visitor is answered %d at %s", a.Status, a.URL)
	}
	ada.Post(album+"/remove", "photo", photo).Want(http.StatusOK)
	ben.Get(file[1]).Want(http.StatusOK).Has("The album has changed since that archive was made")
	ben.Get(file[1]).Want(http.StatusNotFound)
}

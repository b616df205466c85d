package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

var exportLink = regexp.MustCompile(`href="(/settings/export/\d+/1)"`)

// A member takes away all that they have, after giving the password again. Nobody else gets it, and a download that broke off goes on.
func TestAMemberExportsEverything(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Fog over the harbour")
	ada.Get("/settings").Want(http.StatusOK).Has(`href="/settings/export"`)
	ada.Get("/settings/export").Want(http.StatusOK).Has("Make an export").Lacks("<progress")
	ada.Post("/settings/export", "password", "not it").Want(http.StatusUnprocessableEntity).Has("That is not your password.")
	ada.Post("/settings/export", "password", servertest.Password).Want(http.StatusOK)
	var link string
	servertest.Within(t, time.Minute, "the export can be downloaded", func() bool {
		a := ada.Get("/settings/export").Want(http.StatusOK)
		if m := exportLink.FindStringSubmatch(a.Body); m != nil {
			link = m[1]
		} else {
			a.Has("Your export is being made", "<progress")
		}
		return link != ""
	})
	a := ada.Get(link).Want(http.StatusOK)
	if got := a.Header.Get("Content-Disposition"); !strings.Contains(got, "attachment") || !strings.Contains(got, "ada-") {
		t.Errorf("the file is sent as %q", got)
	}
	if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("the file may be kept: %q", got)
	}
	z, err := zip.NewReader(strings.NewReader(a.Body), int64(len(a.Body)))
	if err != nil {
		t.Fatal(err)
	}
	page, err := z.Open("index.html")
	if err != nil {
		t.Fatal(err)
	}
	page.Close()
	part := ada.Do(servertest.Read(link).With("Range", "bytes=100-199")).Want(http.StatusPartialContent)
	if !bytes.Equal([]byte(part.Body), []byte(a.Body)[100:200]) {
		t.Error("a part of the file is not that part")
	}
	servertest.NewClient(t, site.URL).SignUp("ben").Get(link).Want(http.StatusNotFound)
	if got := servertest.NewClient(t, site.URL).Get(link).Want(http.StatusOK); strings.HasPrefix(got.Body, "PK") {
		t.Error("a visitor gets the export")
	}
	ada.Post("/settings/export/drop").Want(http.StatusOK).Has("Make an export")
	ada.Get(link).Want(http.StatusNotFound)
}

// A member brings photographs along with a plain form, sees what is in them before anything is posted, and finds them at their original time.
// The script's way sends a file in parts.
func TestAMemberImportsAnArchive(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	b := takeoutZip(t)
	ada.Get("/settings/import").Want(http.StatusOK).Has(`action="/settings/import/file"`).Lacks("See what is in them")
	ada.Do(servertest.Multipart("/settings/import/file", servertest.Part{Field: "archive", File: "takeout.zip", Data: b})).Want(http.StatusOK).Has("takeout.zip", "See what is in them")
	// Another file in parts, as the script does it.
	ada.Post("/settings/import/start", "name", "two.zip", "size", "8").Want(http.StatusOK).Has(`"received":0`)
	part := servertest.Request{Method: http.MethodPost, Path: "/settings/import/part?after=0", Body: []byte("half")}
	ada.Do(part).Want(http.StatusOK).Has(`"received":4`)
	ada.Do(part).Want(http.StatusConflict)
	ada.Post("/settings/import/start", "name", "two.zip", "size", "8").Want(http.StatusOK).Has(`"received":4`)
	ada.Get("/settings/import").Want(http.StatusOK).Has("not complete")
	ada.Post("/settings/import/look").Want(http.StatusUnprocessableEntity).Has("Send your files first.")
	ada.Post("/settings/import/stop").Want(http.StatusOK).Lacks("takeout.zip")

	ada.Do(servertest.Multipart("/settings/import/file", servertest.Part{Field: "archive", File: "takeout.zip", Data: b})).Want(http.StatusOK)
	ada.Post("/settings/import/look").Want(http.StatusOK)
	servertest.Within(t, time.Minute, "the preview is there", func() bool {
		return ada.Get("/settings/import").Want(http.StatusOK).Holds("Nothing is posted yet", "2014", "Google Photos", "videos", "HEIC or AVIF, which this site cannot read")
	})
	ada.Get("/@ada").Want(http.StatusOK).Lacks("A boat")
	ada.Post("/settings/import/begin", "visibility", "public").Want(http.StatusOK)
	servertest.Within(t, time.Minute, "the import is done", func() bool {
		return ada.Get("/settings/import").Want(http.StatusOK).Holds("Imported: 1 post", "videos", "IMG_1.HEIC", "HEIC or AVIF, which this site cannot read")
	})
	profile := ada.Get("/@ada").Want(http.StatusOK)
	ada.Get(regexp.MustCompile(`/@ada/\d+`).FindString(profile.Body)).Want(http.StatusOK).Has("A boat &lt;b&gt;", "2014")
	ben := servertest.NewClient(t, site.URL).SignUp("ben")
	ben.Get("/settings/import").Want(http.StatusOK).Lacks("takeout.zip", "Imported")
}

// takeoutZip is an archive of Google Takeout with a photograph, a video and a HEIC.
func takeoutZip(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, data := range map[string][]byte{
		"Takeout/Google Photos/Photos from 2014/boat.jpg":                            phototest.JPEG(phototest.Options{Width: 300, Height: 200}),
		"Takeout/Google Photos/Photos from 2014/boat.jpg.supplemental-metadata.json": []byte(`{"title":"boat.jpg","description":"A boat <b>","photoTakenTime":{"timestamp":"1400000000"}}`),
		"Takeout/Google Photos/Photos from 2014/boat.mp4":                            []byte("video"),
		"Takeout/Google Photos/Photos from 2014/IMG_1.HEIC":                          phototest.HEIC(),
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
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

// An export that was made, and an archive that has come in part, move with the photos: the one is downloaded as before, the other
// goes on where it was.
func TestTakeoutsMoveWithThePhotos(t *testing.T) {
	other := filepath.Join(t.TempDir(), "photos")
	site := servertest.Tintype(t, "MEDIA_NEXT=disk:"+other)
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 500, Height: 400}), "caption", "Fog over the harbour")
	ada.Post("/settings/export", "password", servertest.Password).Want(http.StatusOK)
	link := ""
	servertest.Within(t, time.Minute, "the export can be downloaded", func() bool {
		if m := exportLink.FindStringSubmatch(ada.Get("/settings/export").Want(http.StatusOK).Body); m != nil {
			link = m[1]
		}
		return link != ""
	})
	export := ada.Get(link).Want(http.StatusOK).Body

	archive := takeoutZip(t)
	half := len(archive) / 2
	send := func(after int, part []byte) servertest.Answer {
		return ada.Do(servertest.Request{Method: http.MethodPost, Path: fmt.Sprintf("/settings/import/part?after=%d", after), Body: part})
	}
	started := []string{"name", "takeout.zip", "size", strconv.Itoa(len(archive))}
	ada.Post("/settings/import/start", started...).Want(http.StatusOK).Has(`"received":0`)
	send(0, archive[:half]).Want(http.StatusOK)

	for _, args := range [][]string{{"move", "media"}, {"move", "finish", "media", "--delete-source"}} {
		if out, stderr, err := site.Command(args...); err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	if left := filesIn(t, filepath.Join(site.DataDir, "media")); left != 0 {
		t.Errorf("%d files are left where the photos were", left)
	}

	if ada.Get(link).Want(http.StatusOK).Body != export {
		t.Error("the export is another file after the move")
	}
	ada.Post("/settings/import/start", started...).Want(http.StatusOK).Has(fmt.Sprintf(`"received":%d`, half))
	send(half, archive[half:]).Want(http.StatusOK)
	ada.Post("/settings/import/look").Want(http.StatusOK)
	servertest.Within(t, time.Minute, "the preview is there", func() bool {
		return ada.Get("/settings/import").Want(http.StatusOK).Holds(`action="/settings/import/begin"`)
	})
	ada.Post("/settings/import/begin", "visibility", "public").Want(http.StatusOK)
	servertest.Within(t, time.Minute, "the import is done", func() bool {
		return ada.Get("/settings/import").Want(http.StatusOK).Holds("Imported: 1 post")
	})
}

// filesIn counts the files below a folder.
func filesIn(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// In a browser the file goes in parts, and the page tells how far it is.
func TestImportInABrowser(t *testing.T) {
	site := start(t)
	b := openBrowser(t)
	b.signUp(site.URL, "ada")
	file := filepath.Join(t.TempDir(), "takeout.zip")
	if err := os.WriteFile(file, takeoutZip(t), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(site.URL + "/settings/import"))
	b.becomes(`document.readyState === 'complete' && !!document.querySelector('form[data-import]')`)
	b.run(chromedp.SetUploadFiles(chromedp.CSS(`input[name=archive]`), []string{file}))
	b.click(`form[data-import] button`, `form[action="/settings/import/look"]`)
	b.becomes(`document.querySelector('main').innerText.includes('takeout.zip')`)
	if text := servertest.NewClient(t, site.URL).Get("/settings/import"); text.Holds("takeout.zip") {
		t.Error("a visitor sees the file")
	}
	b.click(`form[action="/settings/import/look"] button`, `form[action="/settings/import/begin"]`)
	b.click(`form[action="/settings/import/begin"] button`, `form[action="/settings/import/stop"], p[role=status]`)
	// The page looks again by itself.
	b.becomes(`document.querySelector('main').innerText.includes('Imported: 1 post')`)
}

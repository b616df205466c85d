package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// HEIC is read nowhere but in a browser that can decode it. Chromium cannot: there, without scripts and in an application,
// somebody hears what to do about it, no place is held, and a photo that comes along is not affected.
func TestHEICIsRefusedWithWhatToDo(t *testing.T) {
	site := start(t)
	hints := []string{"This site cannot read HEIC.", "On an iPhone", "Most Compatible", "On a Mac", "On a Samsung", "In Google Photos"}
	lacks := []string{"damaged", "went wrong", "unsupported", "decode"}

	t.Run("a form without scripts", func(t *testing.T) {
		m := servertest.NewClient(t, site.URL).SignUp("form")
		heic := servertest.Part{Field: "photos", File: "IMG_1.HEIC", Data: phototest.HEIC()}
		// The page has the sentence folded away for everybody, and once more beside the file.
		before := strings.Count(m.Get("/compose").Want(http.StatusOK).Body, hints[0])
		a := m.Do(servertest.Multipart("/compose/photos", append(photoParts("good.jpg"), heic)...)).Want(http.StatusOK).Has(hints...).Has("good.jpg", "IMG_1.HEIC").Lacks(lacks...)
		if after := strings.Count(a.Body, hints[0]); after != before+1 {
			t.Errorf("the sentence stands there %d times, before the upload %d: %s", after, before, a.Text())
		}
		m.Publish("caption", "The other one").Want(http.StatusOK).Has("The other one").Lacks("HEIC")
	})

	t.Run("an application", func(t *testing.T) {
		m := servertest.NewClient(t, site.URL).SignUpByToken("arno")
		for _, path := range []string{"/api/v1/media", "/api/v2/media"} {
			// Its name and type may say JPEG, as some telephones' do.
			for _, name := range []string{"IMG_1.HEIC", "IMG_1.jpg"} {
				a := m.Do(servertest.Multipart(path, servertest.Part{Field: "file", File: name, Data: phototest.HEIC()})).Want(http.StatusUnprocessableEntity)
				var said struct{ Error string }
				if err := json.Unmarshal([]byte(a.Body), &said); err != nil {
					t.Fatal(err)
				}
				for _, want := range hints {
					if !strings.Contains(said.Error, want) {
						t.Errorf("%s of %s says %q without %q", path, name, said.Error, want)
					}
				}
				for _, not := range lacks {
					if strings.Contains(said.Error, not) {
						t.Errorf("%s of %s says %q", path, name, said.Error)
					}
				}
			}
		}
		if a := m.Get("/api/v1/media").Want(http.StatusOK); strings.TrimSpace(a.Body) != "[]" {
			t.Errorf("waiting: %s", a.Body)
		}
	})

	t.Run("Chromium", func(t *testing.T) {
		b := openBrowser(t)
		b.signUp(site.URL, "chrome")
		dir := t.TempDir()
		var files []string
		for name, data := range map[string][]byte{"IMG_1.HEIC": phototest.HEIC(), "good.jpg": phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1})} {
			file := filepath.Join(dir, name)
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		b.run(chromedp.Navigate(site.URL+"/compose"), chromedp.SetUploadFiles(chromedp.CSS(`#f-photos`), files))
		b.becomes(`[...document.querySelectorAll('.draft-photo')].map((r) => r.dataset.state).sort().join() === 'ready,refused'`)
		for _, want := range hints {
			b.becomes(`document.querySelector('.draft-photo[data-state=refused] .state').innerText.includes('` + want + `')`)
		}
		b.becomes(`document.querySelector('.draft-photo[data-state=refused] .file').textContent === 'IMG_1.HEIC'`)
		// It was never sent: the browser could not read it, and the site cannot either.
		b.becomes(`performance.getEntriesByType('resource').filter((e) => new URL(e.name).pathname === '/compose/photos').length === 1`)
		b.becomes(`!document.querySelector('#publish').disabled`)
		b.run(chromedp.Navigate(site.URL + "/compose"))
		b.becomes(`document.querySelectorAll('.draft-photo').length === 1 && document.querySelector('.draft-photo .file').textContent === 'good.jpg'`)
	})
}

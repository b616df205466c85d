package e2e

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// Small acts by script leave the page as it would be loaded anew.
func TestSmallActsInABrowser(t *testing.T) {
	site := start(t)
	ada := servertest.NewClient(t, site.URL).SignUpByToken("ada")
	media := func(seed int64) string {
		return ada.Do(servertest.File("/api/v2/media", "file", phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: seed}))).Want(http.StatusOK).ID()
	}
	var post servertest.Status
	ada.Do(servertest.Values("/api/v1/statuses", url.Values{
		"status": {"Two of them"}, "spoiler_text": {"A spider"}, "sensitive": {"true"}, "media_ids[]": {media(601), media(602)},
	})).Into(&post)
	b := openBrowser(t)
	b.signUp(site.URL, "dora")

	// Keys turn the plate also after "Show" has put another one there.
	b.run(chromedp.Navigate(site.URL + "/@ada/" + post.ID + "/1"))
	b.click(`[data-show]`, `.plate img`)
	b.becomes(`document.querySelector('[data-plate] a[rel=next]')`)
	b.becomes(`(document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})), location.pathname.endsWith('/2'))`)

	// Who has unblocked somebody has the profile's whole menu again.
	b.run(chromedp.Navigate(site.URL + "/@ada/block"))
	b.click(`main form[action="/@ada/block"] button`, `form[action="/@ada/unblock"] button`)
	b.becomes(`!document.querySelector('a[href="/@ada/block"]')`)
	b.click(`form[action="/@ada/unblock"] button`, `form[action="/@ada/follow"]`)
	b.becomes(`document.querySelector('a[href="/@ada/block"]')`)

	// What was refused is refused still, where its removal was taken back.
	bad := filepath.Join(t.TempDir(), "notes.jpg")
	if err := os.WriteFile(bad, []byte("no photograph"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(site.URL + "/compose"))
	b.becomes(`document.readyState === 'complete'`)
	b.run(chromedp.SetUploadFiles(chromedp.CSS(`#f-photos`), []string{bad}))
	b.becomes(`document.querySelectorAll('#photos [data-state=refused]').length === 1`)
	b.becomes(`(window.words = document.querySelector('#photos .state span').textContent, window.sent = performance.getEntriesByType('resource').filter(e => e.initiatorType === 'xmlhttprequest').length, window.words.length > 10)`)
	b.click(`#photos [data-state=refused] [data-again]`, `#photos [data-state=removed] [data-again]`)
	b.click(`#photos [data-state=removed] [data-again]`, `#photos [data-state=refused]`)
	b.becomes(`document.querySelector('#photos .state span').textContent === window.words && performance.getEntriesByType('resource').filter(e => e.initiatorType === 'xmlhttprequest').length === window.sent`)
}

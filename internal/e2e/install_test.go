package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/internal/servertest"
)

// The site can be installed, also by who has not logged in yet on a site for members only: its manifest leads to files
// that are there, and what works while the network is away says nothing of anybody.
func TestInstall(t *testing.T) {
	for _, visitors := range []string{"read", "none"} {
		site := start(t, "VISITORS="+visitors, "REGISTRATION=open")
		v := servertest.NewClient(t, site.URL)
		v.Get("/login").Want(http.StatusOK).Has(`rel="manifest" href="/manifest.webmanifest"`)
		var manifest struct {
			StartURL string                        `json:"start_url"`
			Display  string                        `json:"display"`
			Icons    []struct{ Src, Sizes string } `json:"icons"`
			Share    struct {
				Action, Method, Enctype string
				Params                  struct{ Files []struct{ Name string } }
			} `json:"share_target"`
		}
		a := v.Get("/manifest.webmanifest").Want(http.StatusOK)
		a.Into(&manifest)
		if kind := a.Header.Get("Content-Type"); kind != "application/manifest+json" {
			t.Errorf("the manifest is %s", kind)
		}
		if manifest.StartURL != "/" || manifest.Display != "standalone" || manifest.Share.Action != "/compose/share" ||
			len(manifest.Share.Params.Files) != 1 || manifest.Share.Params.Files[0].Name != "photos" || len(manifest.Icons) < 3 {
			t.Errorf("the manifest says %+v", manifest)
		}
		for _, icon := range manifest.Icons {
			v.Get(icon.Src).Want(http.StatusOK)
		}
		worker := v.Get("/sw.js").Want(http.StatusOK).Has("/offline")
		if kind := worker.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/javascript") || worker.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the service worker is %s, %s", kind, worker.Header.Get("Cache-Control"))
		}
		m := servertest.NewClient(t, site.URL).SignUp("ada")
		m.Get("/offline").Want(http.StatusOK).Has("You are offline", `rel="stylesheet" href="`).Lacks("ada", "/notifications")
	}
}

// Where the site cannot be reached, a browser that was there before shows a page that says so, in the site's own look. It
// keeps nothing of what a member has seen.
func TestTheOfflinePageInABrowser(t *testing.T) {
	site := start(t)
	b := openBrowser(t)
	b.forgiveAway(site.URL)
	b.signUp(site.URL, "ada")
	b.run(chromedp.Navigate(site.URL + "/explore"))
	b.becomes(`(navigator.serviceWorker.getRegistration().then((r) => { window.installed = !!r?.active; }), window.installed === true)`)
	b.run(chromedp.Navigate(site.URL + "/notifications")) // with the service worker
	b.becomes(`!!navigator.serviceWorker.controller && document.title.includes('Notifications')`)
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/explore", "/notifications", "/@ada"} {
		b.run(chromedp.Navigate(site.URL + path))
		b.becomes(`document.body.innerText.includes('You are offline') && !document.body.innerText.includes('ada') && [...document.styleSheets].some((s) => s.cssRules.length > 100)`)
	}
	site.Start()
	b.run(chromedp.Navigate(site.URL + "/explore"))
	b.becomes(`!document.body.innerText.includes('You are offline') && document.body.innerText.includes("Explore")`)
}

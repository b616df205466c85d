package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A visitor reads the site's language whatever the browser asks for, a member their own, at once, also on pages that
// others read in another.
func TestEachMemberReadsTheirOwnLanguage(t *testing.T) {
	site := servertest.Tintype(t, "SITE_LANGUAGE=fr")
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	ben := servertest.NewClient(t, site.URL).SignUp("ben")
	path := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Fog").URL.Path
	choose := func(c *servertest.Client, language string) servertest.Answer {
		return c.Post("/settings/viewing", "warnings", "ask", "theme", "system", "letters", "on", "language", language)
	}
	const french, german, english = `lang="fr"`, `lang="de"`, `lang="en"`

	visitor := servertest.NewClient(t, site.URL)
	ask := servertest.Read(path)
	ask.Header = []string{"Accept-Language", "de"}
	for range 2 { // made, then kept
		visitor.Do(ask).Want(http.StatusOK).Has(french, "Connectez-vous pour commenter.", "Commenter").Lacks(german, english, "Kommentieren")
	}
	ada.Get("/").Want(http.StatusOK).Has(french, "Accueil")

	choose(ada, "de").Want(http.StatusOK).Has(german, "Gespeichert.", "Ansicht").Lacks("Enregistré", "Saved")
	choose(ben, "en").Want(http.StatusOK).Has(english, "Saved.")
	ada.Get("/").Want(http.StatusOK).Has(german, "Start", "Kommentieren", "gerade eben").Lacks("Accueil", "Home", "Comment<")
	for range 2 {
		ada.Get(path).Want(http.StatusOK).Has(german, "Kommentieren", "Noch keine Kommentare").Lacks("Commenter", "No comments")
		ben.Get(path).Want(http.StatusOK).Has(english, "No comments yet").Lacks("Commenter", "Kommentieren")
		visitor.Get(path).Want(http.StatusOK).Has(french, "Pas encore de commentaires").Lacks("Kommentieren", "No comments")
	}
	ada.Get("/settings").Want(http.StatusOK).Has(german, "Einstellungen", "Gefolgte Tags").Lacks("Settings", "Réglages")
	ada.Get("/nowhere").Want(http.StatusNotFound).Has(german, "Unter dieser Adresse ist nichts").Lacks("Nothing is at this address")
	visitor.Get("/nowhere").Want(http.StatusNotFound).Has(french, "Il n’y a rien à cette adresse")
	ada.Post("/settings/account", "what", "password", "current_password", servertest.Password, "new_password", "short").Want(http.StatusUnprocessableEntity).
		Has(german, "Das Passwort braucht mindestens 8 Zeichen.", "1 Angabe muss erst stimmen.").Lacks("The password needs")
	if a := ada.Get("/"); !strings.Contains(a.Body, ".de.") {
		t.Error("the scripts of a German page are not German")
	}

	// What no language is, is refused in the member's own, and "" is the site's again.
	choose(ada, "tlh").Want(http.StatusUnprocessableEntity).Has(german)
	choose(ada, "").Want(http.StatusOK).Has(french, "Enregistré.")
	ben.Get("/api/v1/instance").Want(http.StatusOK)
}

// What scripts write into a German page is German: what is announced as a feed grows, what the live stream tells, and the
// sizes of files.
func TestScriptsOfAGermanPageSpeakGerman(t *testing.T) {
	b := openBrowser(t)
	site := servertest.Tintype(t, "SITE_LANGUAGE=de", "MAX_UPLOAD_BYTES=1MiB")
	ada := servertest.NewClient(t, site.URL).SignUp("ada")
	photo := phototest.JPEG(phototest.Options{Width: 60, Height: 60})
	var path string
	for range 50 { // more than a page
		path = ada.PublishPhoto(photo, "caption", "Nebel").URL.Path
	}
	b.signUp(site.URL, "dora")
	b.run(chromedp.Navigate(site.URL + "/explore"))
	b.becomes(`!!document.querySelector('[data-older]') || document.querySelectorAll('.tile').length >= 50`)
	b.number(`globalThis.said = []; new MutationObserver(() => said.push(document.getElementById('say').textContent)).observe(document.getElementById('say'), {childList: true, characterData: true, subtree: true}); scrollTo(0, document.body.scrollHeight); 1`)
	b.becomes(`said.some((text) => /^\d+ weitere$/.test(text)) && !said.some((text) => /more/.test(text))`)

	b.run(chromedp.Navigate(site.URL + path))
	b.becomes(`!document.querySelector('.nav a[href="/notifications"] .badge')`)
	ada.Post("/@dora/follow").Want(http.StatusOK)
	b.becomes(`document.querySelector('.nav a[href="/notifications"] .badge')?.textContent === '1 ungelesen'`)

	name := filepath.Join(t.TempDir(), "gross.jpg")
	if err := os.WriteFile(name, make([]byte, 1_500_000), 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.Navigate(site.URL+"/compose"), chromedp.SetUploadFiles(chromedp.CSS(`input[type=file]`), []string{name}))
	b.becomes(`/1,5 MB/.test(document.querySelector('#photos [data-state=refused]')?.textContent) && !/Remove|That file/.test(document.querySelector('#photos').textContent)`)
}

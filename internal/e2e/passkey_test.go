package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"tintype/internal/servertest"
)

// A member makes a passkey in a real browser, logs in by it without the password, also amid a log-in that asks for a second
// factor, and cannot once it is removed. The device is Chromium's virtual one.
func TestPasskeys(t *testing.T) {
	servertest.Chromium(t)
	site := servertest.Tintype(t, "REGISTRATION=open")
	b := openBrowser(t)
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	device := webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}
	if _, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &device}); err != nil {
		t.Fatal(err)
	}
	b.signUp(site.URL, "dora")
	b.run(
		chromedp.Navigate(site.URL+"/settings/two-factors"),
		chromedp.SendKeys(chromedp.CSS(`input[name=passkey_name]`), "Dora's laptop"),
		chromedp.SendKeys(chromedp.CSS(`input[name=passkey_password]`), password),
	)
	b.click(`form[data-passkey=new] button`, `.secrets`)
	b.run(chromedp.Navigate(site.URL + "/settings/two-factors"))
	b.becomes(`document.body.innerText.includes("Dora's laptop")`)

	// A page that is logged out in another place asks for its stream once more, and is led to the log-in page.
	b.forgives = append(b.forgives, "EventSource's response has a MIME type")
	logOut := func() {
		t.Helper()
		b.becomes(`fetch('/logout', { method: 'POST' }).then(() => fetch('/settings')).then((r) => new URL(r.url).pathname === '/login')`)
	}
	logOut()
	b.run(chromedp.Navigate(site.URL + "/login?return=/settings/account"))
	b.click(`form[data-passkey=ask] button`, `input[name=new_password]`)
	b.becomes(`location.pathname === '/settings/account'`)

	// The password alone asks for the second factor, which the passkey is.
	logOut()
	b.run(
		chromedp.Navigate(site.URL+"/login?return=/settings/account"),
		chromedp.SendKeys(chromedp.CSS(`input[name=name]`), "dora"),
		chromedp.SendKeys(chromedp.CSS(`input[name=password]`), password),
	)
	b.click(`form[action="/login"] button`, `form[action="/login/second"]`)
	b.becomes(`fetch('/settings').then((r) => new URL(r.url).pathname === '/login')`)
	b.click(`form[data-passkey=ask] button`, `input[name=new_password]`)

	// So it will for somebody who is suspended, or has left: before an export, before leaving, and to delete everything at once.
	command := func(args ...string) {
		t.Helper()
		if _, errs, err := site.Command(args...); err != nil {
			t.Fatal(args, errs, err)
		}
	}
	command("account", "suspend", "dora")
	enter := func(then string) {
		t.Helper()
		b.run(chromedp.Navigate(site.URL + "/login"))
		b.click(`form[data-passkey=ask] button`, then)
	}
	enter(`form[action="/suspended/export"]`)
	b.click(`form[action="/suspended/export"] [data-confirm] button`, `p[role=status], main a[href^="/suspended/export/"]`)
	b.run(chromedp.SendKeys(chromedp.CSS(`input[name=confirm]`), "dora"))
	b.click(`form[action="/suspended/delete"] [data-confirm] button`, `a[href="/login"]`)
	enter(`form[action="/leaving/back"]`)
	b.becomes(`!document.querySelector('form[action="/leaving/delete"] [data-confirm]').hidden`)
	b.click(`form[action="/leaving/back"] button`, `form[action="/suspended/delete"]`)
	command("account", "suspend", "dora", "--undo")
	enter(`nav a[href="/compose"]`)

	// An answer of the browser counts once, and only with the question that was asked.
	stranger := servertest.NewClient(t, site.URL)
	for _, credential := range []string{"", "{}", `{"id":"AA","rawId":"AA","type":"public-key","response":{}}`} {
		page := stranger.Post("/login/passkey", "credential", credential)
		if page.Status != 422 || !strings.Contains(page.Body, "not accepted") {
			t.Errorf("a made-up answer: %d", page.Status)
		}
	}

	// Where the password is asked for again, the passkey will do.
	b.run(chromedp.Navigate(site.URL + "/settings/two-factors/codes"))
	b.click(`[data-confirm] button`, `.secrets`)
	b.run(chromedp.Navigate(site.URL + "/settings/two-factors"))
	b.click(`a[href$="/remove"]`, `input[name=current_password]`)
	b.click(`[data-confirm] button`, `form[data-passkey=new]`)
	logOut()
	b.run(chromedp.Navigate(site.URL + "/login"))
	b.click(`form[data-passkey=ask] button`, `#errors`)
	b.becomes(`document.querySelector('#errors').innerText.includes('not accepted')`)
}

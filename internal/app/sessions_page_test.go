package app

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Browsers and applications that may act for a member are on one page, and one button ends them all but this browser.
func TestSessionsAndApplicationsOnOnePage(t *testing.T) {
	site, anna := memberSite(t)
	phone := &browser{site, "198.51.100.4", map[string]string{}}
	w := site.ask("POST", "/login", url.Values{"name": {"anna"}, "password": {password}}.Encode(), "X-Forwarded-For: 198.51.100.4", "User-Agent: Mozilla/5.0 (Android 15; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0")
	if w.Code != http.StatusSeeOther {
		t.Fatalf("log in: %d", w.Code)
	}
	for _, c := range w.Result().Cookies() {
		phone.cookies[c.Name] = c.Value
	}
	ctx := store.Primary(t.Context())
	c, closeAll, err := openCommunity(ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	acc, err := c.Store.AccountByUsername(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	app, _, err := c.CreateApp(ctx, community.NewApp{Name: "Ice Cubes", RedirectURIs: []string{community.OutOfBand}, Scopes: "read"})
	if err != nil {
		t.Fatal(err)
	}
	bearer, _, err := c.TokenFor(ctx, app, acc, "read")
	if err != nil {
		t.Fatal(err)
	}
	if w := anna.send("GET", "/settings/applications"); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/settings/sessions") {
		t.Errorf("the address in mails: %d", w.Code)
	}
	if w := site.ask("GET", "/api/v1/accounts/verify_credentials", "", "Authorization: Bearer "+bearer, "X-Forwarded-For: 203.0.113.5"); w.Code != http.StatusOK {
		t.Errorf("the application: %d", w.Code)
	}
	lastSeen := store.Millis(1)
	if err := c.Store.SetUnconfirmed(ctx, acc.ID, &lastSeen); err != nil {
		t.Fatal(err)
	}
	tablet := &browser{site, "198.51.100.9", map[string]string{}}
	if w := tablet.send("POST", "/login", "name", "anna", "password", password); w.Code != http.StatusSeeOther {
		t.Fatalf("log in: %d", w.Code)
	}
	tablet.send("POST", "/logout")
	if now, err := c.Store.AccountByUsername(ctx, "anna"); err != nil || now.UnconfirmedAt == nil || *now.UnconfirmedAt == lastSeen {
		t.Errorf("a log-in after which nothing is left does not count: %v, %v", now.UnconfirmedAt, err)
	}
	if _, err := c.Store.SQL().ExecContext(ctx, "UPDATE sessions SET used_at = used_at - ?, created_at = created_at - ? WHERE address = ?", 3*time.Hour.Milliseconds(), 5*time.Hour.Milliseconds(), "198.51.100.4"); err != nil {
		t.Fatal(err)
	}
	page := anna.send("GET", "/settings/sessions").Body.String()
	_, row, _ := strings.Cut(page, "<b>Firefox on Android</b>")
	row, _, _ = strings.Cut(row, "</li>")
	if seen, after, found := strings.Cut(row, "seen"); !found || !strings.Contains(seen, "198.51.100.4") || !strings.Contains(seen, "5 hours ago") || !strings.Contains(after, "3 hours ago") {
		t.Errorf("the phone is not shown with its network, since when it is logged in and when it was used last:\n%s", page)
	}
	for _, want := range []string{"198.51.100.4", "192.0.2.7", "203.0.113.5", "Ice Cubes", "/revoke", "/settings/sessions/end-others"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, bearer) {
		t.Error("the page shows a token")
	}
	twice := &browser{site, anna.address, maps.Clone(anna.cookies)}
	anna.send("POST", "/settings/sessions/end-others")
	for _, c := range twice.send("POST", "/settings/sessions/end-others").Result().Cookies() { // a second click sends what the browser had at the first
		anna.cookies[c.Name] = c.Value
	}
	if !anna.in(t) || phone.in(t) {
		t.Error("the wrong browser is logged out")
	}
	after, err := c.Store.AccountByUsername(ctx, "anna")
	if err != nil || after.SessionEpoch == acc.SessionEpoch {
		t.Errorf("the other browsers still count as known: epoch %d, %v", after.SessionEpoch, err)
	}
	if w := site.ask("GET", "/api/v1/accounts/verify_credentials", "", "Authorization: Bearer "+bearer); w.Code != http.StatusUnauthorized {
		t.Errorf("the application still acts: %d", w.Code)
	}
	if page := anna.send("GET", "/settings/sessions").Body.String(); strings.Contains(page, "198.51.100.4") || strings.Contains(page, "Ice Cubes") || strings.Contains(page, "203.0.113.5") {
		t.Error("what is over is still shown")
	}
}

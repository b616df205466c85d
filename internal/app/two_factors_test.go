package app

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// hiddenIn is the value of a hidden field of a page.
func hiddenIn(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]+)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("there is no field %s in:\n%s", name, page)
	}
	return m[1]
}

// An authenticator shows the codes of a secret.
type authenticator struct {
	secret string
	used   time.Duration // each code counts once: the next one is that of a later moment
}

func (a *authenticator) code(t *testing.T) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, time.Now().Add(a.used))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

const password = "correct horse battery"

// setUp turns second factors on for the browser's member.
func setUp(t *testing.T, b *browser) (a *authenticator, codes []string) {
	t.Helper()
	page := b.send("GET", "/settings/two-factors/app").Body.String()
	a = &authenticator{secret: regexp.MustCompile(`class="secret">([A-Z2-7]+)<`).FindStringSubmatch(page)[1], used: -30 * time.Second}
	if key, err := otp.NewKeyFromURL(readQR(t, page)); err != nil || key.Secret() != a.secret || key.Type() != "totp" || key.Issuer() == "" || key.AccountName() == "" {
		t.Errorf("the QR code is read as %v, %v", key, err)
	}
	setup := hiddenIn(t, page, "setup")
	w := b.send("POST", "/settings/two-factors/app", "setup", setup, "code", "12345", "name", "My phone", "current_password", password)
	if w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), a.secret) || !strings.Contains(w.Body.String(), "My phone") {
		t.Errorf("a wrong code: %d", w.Code)
	}
	w = b.send("POST", "/settings/two-factors/app", "setup", setup, "code", a.code(t), "current_password", "a wrong password")
	if w.Code != http.StatusUnprocessableEntity {
		t.Errorf("a wrong password: %d", w.Code)
	}
	w = b.send("POST", "/settings/two-factors/app", "setup", setup, "code", a.code(t), "name", "My phone", "current_password", password)
	for _, m := range regexp.MustCompile(`<code>([a-z2-7-]+)</code>`).FindAllStringSubmatch(w.Body.String(), -1) {
		codes = append(codes, m[1])
	}
	if w.Code != http.StatusOK || len(codes) != 10 {
		t.Fatalf("set up: %d, %d recovery codes\n%s", w.Code, len(codes), w.Body)
	}
	a.used = 0
	return a, codes
}

func (b *browser) in(t *testing.T) bool {
	t.Helper()
	return b.send("GET", "/settings/account").Code == http.StatusOK
}

func TestTwoFactors(t *testing.T) {
	site, anna := memberSite(t)
	phone, codes := setUp(t, anna)
	if page := anna.send("GET", "/settings/two-factors").Body.String(); !strings.Contains(page, "My phone") || strings.Contains(page, phone.secret) || strings.Contains(page, codes[0]) {
		t.Errorf("the page:\n%s", page)
	}
	other := func(address string) *browser { return &browser{site, address, map[string]string{}} }
	half := func(b *browser) string {
		t.Helper()
		w := b.send("POST", "/login", "name", "anna", "password", password, "return", "/settings", "then", "/@anna/follow", "then.x", "y")
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `action="/login/second"`) || b.cookies["tintype_session"] != "" {
			t.Fatalf("the password alone: %d %v", w.Code, b.cookies)
		}
		if hiddenIn(t, w.Body.String(), "then.x") != "y" {
			t.Error("the interrupted form is lost")
		}
		return w.Body.String()
	}

	// Half a log-in may nothing.
	thief := other("192.0.2.8")
	half(thief)
	for _, path := range []string{"/settings", "/notifications", "/settings/two-factors", "/compose", "/admin/two-factors", "/admin/log"} {
		if w := thief.send("GET", path); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/login?") {
			t.Errorf("half-logged-in, GET %s: %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
	if w := thief.send("GET", "/api/v1/accounts/verify_credentials"); w.Code != http.StatusUnauthorized {
		t.Errorf("half-logged-in, the API: %d", w.Code)
	}
	for _, path := range []string{"/settings/account", "/settings/two-factors/app", "/settings/two-factors/forget", "/settings/delete", "/compose"} {
		if w := thief.send("POST", path, "current_password", password); w.Code != http.StatusUnauthorized {
			t.Errorf("half-logged-in, POST %s: %d", path, w.Code)
		}
	}
	app := registered(t, site)
	w := thief.send("GET", "/oauth/authorize?response_type=code&client_id="+app+"&redirect_uri="+url.QueryEscape(community.OutOfBand))
	if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/login?") {
		t.Errorf("half-logged-in, a client's question: %d %s", w.Code, w.Header().Get("Location"))
	}
	if w := thief.send("POST", "/login/second", "code", "000000"); w.Code != http.StatusUnprocessableEntity || thief.in(t) {
		t.Errorf("a wrong code: %d", w.Code)
	}
	stranger := other("192.0.2.9")
	stranger.cookies["tintype_half"] = thief.cookies["tintype_half"] + "x"
	if w := stranger.send("POST", "/login/second", "code", phone.code(t)); w.Code != http.StatusUnauthorized {
		t.Errorf("a forged half: %d", w.Code)
	}

	// A code counts once, though it is shown for half a minute.
	code := phone.code(t)
	laptop := other("192.0.2.10")
	half(laptop)
	w = laptop.send("POST", "/login/second", "code", code[:3]+" "+code[3:], "remember", "on", "return", "/settings", "then", "/@anna/follow", "then.x", "y")
	if w.Code != http.StatusOK || !laptop.in(t) || !strings.Contains(w.Body.String(), `action="/@anna/follow"`) || laptop.cookies["tintype_half"] != "" {
		t.Fatalf("the second factor: %d\n%s", w.Code, w.Body)
	}
	if w := thief.send("POST", "/login/second", "code", code); w.Code != http.StatusUnprocessableEntity || thief.in(t) {
		t.Errorf("the same code again: %d", w.Code)
	}

	// A remembered device is not asked, until all are forgotten.
	logIn := func(b *browser) int {
		return b.send("POST", "/login", "name", "anna", "password", password).Code
	}
	laptop.send("POST", "/logout")
	if code := logIn(laptop); code != http.StatusSeeOther || !laptop.in(t) {
		t.Errorf("a remembered device: %d", code)
	}
	stranger.cookies = map[string]string{"tintype_remember": laptop.cookies["tintype_remember"][2:]}
	if code := logIn(stranger); code != http.StatusOK || stranger.in(t) {
		t.Errorf("a forged memory: %d", code)
	}
	laptop.send("POST", "/settings/two-factors/forget")
	laptop.send("POST", "/logout")
	half(laptop)

	// A recovery code counts once.
	w = laptop.send("POST", "/login/second", "code", strings.ToUpper(codes[3]))
	if w.Code != http.StatusSeeOther || !laptop.in(t) {
		t.Errorf("a recovery code: %d", w.Code)
	}
	half(thief)
	if w := thief.send("POST", "/login/second", "code", codes[3]); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("the same recovery code again: %d", w.Code)
	}
	if page := laptop.send("GET", "/settings/two-factors").Body.String(); !strings.Contains(page, "9 codes are left") {
		t.Errorf("the page:\n%s", page)
	}
	if w := laptop.send("POST", "/settings/two-factors/codes", "current_password", "a wrong password"); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("new codes by a wrong password: %d", w.Code)
	}
	if w := laptop.send("POST", "/settings/two-factors/codes", "current_password", password); w.Code != http.StatusOK || strings.Contains(w.Body.String(), codes[4]) {
		t.Errorf("new codes: %d", w.Code)
	}
	if w := thief.send("POST", "/login/second", "code", codes[4]); w.Code != http.StatusUnprocessableEntity {
		t.Errorf("an old recovery code: %d", w.Code)
	}

	// A link for a new password does not go past the second factor, and ends what rested on the old one.
	ctx := store.Primary(context.Background())
	c, closeAll, err := openCommunity(ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	secret, err := c.CreateResetLink(ctx, community.ByCommand(""), "anna")
	if err != nil {
		t.Fatal(err)
	}
	link := strings.TrimPrefix(c.LinkURL(secret), c.BaseURL)
	w = stranger.send("POST", link, "password", "quiet harbour lamps")
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `action="/login/second"`) || stranger.in(t) {
		t.Errorf("a link for a new password: %d", w.Code)
	}
	if w := thief.send("POST", "/login/second", "code", phone.code(t)); w.Code != http.StatusUnauthorized {
		t.Errorf("half a log-in with the old password: %d", w.Code)
	}

	// An administrator takes the factors away, with a reason, and it is in the log.
	if _, err := c.TakeTwoFactors(ctx, community.ByCommand(" "), "anna"); err == nil {
		t.Error("taken away without a reason")
	}
	for range 2 {
		if _, err := c.TakeTwoFactors(ctx, community.ByCommand("Lost the phone"), "anna"); err != nil {
			t.Fatal(err)
		}
	}
	var rows int
	if err := c.Store.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM admin_log WHERE act = 'member.two_factors' AND reason = 'Lost the phone'").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows in the log, %v", rows, err)
	}
	if w := stranger.send("POST", "/login", "name", "anna", "password", "quiet harbour lamps"); w.Code != http.StatusSeeOther || !stranger.in(t) {
		t.Errorf("without second factors: %d", w.Code)
	}
	for _, secret := range append(codes, phone.secret, code) {
		if strings.Contains(site.logged.String(), secret) {
			t.Errorf("the log tells %s", secret)
		}
	}
	var dumped int
	if err := c.Store.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM factors WHERE secret LIKE ?", "%"+phone.secret+"%").Scan(&dumped); err != nil || dumped != 0 {
		t.Errorf("the database tells the secret: %d, %v", dumped, err)
	}
}

// registered is the client id of an application.
func registered(t *testing.T, site *testSite) string {
	t.Helper()
	w := site.ask("POST", "/api/v1/apps", url.Values{"client_name": {"App"}, "redirect_uris": {community.OutOfBand}, "scopes": {"read"}}.Encode(), "Content-Type: application/x-www-form-urlencoded")
	m := regexp.MustCompile(`"client_id":"([^"]+)"`).FindStringSubmatch(w.Body.String())
	if m == nil {
		t.Fatalf("register: %d %s", w.Code, w.Body)
	}
	return m[1]
}

// Whose role asks for a second factor may nothing before there is one, by pages and by the API.
func TestRequireTwoFactors(t *testing.T) {
	site, _ := wired(t, "REGISTRATION=open", "TRUSTED_PROXIES=1", "REQUIRE_TWO_FACTORS=admin")
	anna := signedUp(t, site) // who signs up first owns the site
	ctx := store.Primary(context.Background())
	c, closeAll, err := openCommunity(ctx, site.cfg, site.log)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	berta := &browser{site, "192.0.2.20", map[string]string{}}
	if w := berta.send("POST", "/signup", "name", "berta", "email", "berta@example.org", "password", password, "agree", "on"); w.Code != http.StatusSeeOther || !berta.in(t) {
		t.Fatalf("a member, whom it does not ask: %d", w.Code)
	}
	if _, err := c.SetMemberRole(ctx, community.ByCommand(""), "anna", store.RoleOwner); err != nil {
		t.Fatal(err)
	}
	acc, err := c.Store.AccountByUsername(ctx, "anna")
	if err != nil {
		t.Fatal(err)
	}
	app, _, err := c.CreateApp(ctx, community.NewApp{Name: "App", RedirectURIs: []string{community.OutOfBand}, Scopes: "read"})
	if err != nil {
		t.Fatal(err)
	}
	bearer, _, err := c.TokenFor(ctx, app, acc, "read")
	if err != nil {
		t.Fatal(err)
	}
	api := func() int {
		return site.ask("GET", "/api/v1/accounts/verify_credentials", "", "Authorization: Bearer "+bearer).Code
	}
	for _, path := range []string{"/", "/settings/account", "/admin/log", "/@anna"} {
		if w := anna.send("GET", path); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/settings/two-factors" {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Header().Get("Location"))
		}
	}
	if w := anna.send("POST", "/settings/account", "what", "email", "email", "x@example.org", "current_password", password); w.Code != http.StatusForbidden {
		t.Errorf("POST: %d", w.Code)
	}
	if code := api(); code != http.StatusForbidden {
		t.Errorf("the API: %d", code)
	}
	if w := anna.send("GET", "/settings/two-factors"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "needs a second factor") {
		t.Errorf("where it is set up: %d", w.Code)
	}
	setUp(t, anna)
	if !anna.in(t) || api() != http.StatusOK {
		t.Error("with a second factor, not everything is open")
	}
	page := anna.send("GET", "/settings/two-factors").Body.String()
	remove := regexp.MustCompile(`/settings/two-factors/[0-9]+/remove`).FindString(page)
	if w := anna.send("POST", remove, "current_password", password); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), "needs a second factor") {
		t.Errorf("to remove the last: %d", w.Code)
	}
}

// Whoever administers the site asks roles for a second factor while it runs. Each instance asks from then on.
func TestRequireTwoFactorsWhileItRuns(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "REGISTRATION=open"}
	site, _ := wired(t, env...)
	boss, anna := memberOf(t, site, "boss"), memberOf(t, site, "anna")
	if code, _, stderr := runCommand(env, "account", "role", "boss", "owner"); code != 0 {
		t.Fatal(stderr)
	}
	asked := func(cookie string) bool {
		t.Helper()
		w := site.ask("GET", "/settings/account", "", cookie)
		return w.Code == http.StatusSeeOther && w.Header().Get("Location") == "/settings/two-factors"
	}
	if asked(boss) || asked(anna) {
		t.Fatal("a factor is asked for by itself")
	}
	for _, c := range []struct {
		who         string
		owner, each bool
	}{{"owner", true, false}, {"member", true, true}, {"none", false, false}} {
		if code, _, stderr := runCommand(env, "site", "set", "two_factors="+c.who); code != 0 {
			t.Fatal(stderr)
		}
		servertest.Eventually(t, "the site asks "+c.who, func() bool { return asked(boss) == c.owner && asked(anna) == c.each })
	}
	if code, _, stderr := runCommand(env, "site", "set", "two_factors=nobody"); code == 0 || !strings.Contains(stderr, "none, owner, admin, moderator, member") {
		t.Errorf("%d %s", code, stderr)
	}
	locked := append(slices.Clone(env), "REQUIRE_TWO_FACTORS=admin")
	if code, _, stderr := runCommand(locked, "site", "set", "two_factors=none"); code == 0 || !strings.Contains(stderr, "REQUIRE_TWO_FACTORS") {
		t.Errorf("what the environment says was changed: %d %s", code, stderr)
	}
}

// Whoever presses twice sets one factor up, and reads its recovery codes in whichever answer the browser shows.
func TestASecondFactorSetUpTwiceIsOne(t *testing.T) {
	site, b := memberSite(t)
	page := b.send("GET", "/settings/two-factors/app").Body.String()
	a := &authenticator{secret: regexp.MustCompile(`class="secret">([A-Z2-7]+)<`).FindStringSubmatch(page)[1]}
	form := []string{"setup", hiddenIn(t, page, "setup"), "code", a.code(t), "name", "My phone", "current_password", password}
	found := regexp.MustCompile(`<code>([a-z2-7-]+)</code>`)
	send := func() []string {
		t.Helper()
		w := b.send("POST", "/settings/two-factors/app", form...)
		if w.Code != http.StatusOK && w.Code != http.StatusSeeOther {
			t.Errorf("%d\n%s", w.Code, w.Body)
		}
		return found.FindAllString(w.Body.String(), -1)
	}
	var first, second []string
	var both sync.WaitGroup
	other := &browser{site, b.address, maps.Clone(b.cookies)}
	both.Go(func() { first = send() })
	both.Go(func() {
		second = found.FindAllString(other.send("POST", "/settings/two-factors/app", form...).Body.String(), -1)
	})
	both.Wait()
	if len(first) != 10 || !slices.Equal(first, second) || !slices.Equal(first, send()) {
		t.Fatalf("the codes are %v, and in the other answer %v", first, second)
	}
	page = b.send("GET", "/settings/two-factors").Body.String()
	if n := len(regexp.MustCompile(`"/settings/two-factors/[0-9]+/remove"`).FindAllString(page, -1)); n != 1 {
		t.Errorf("there are %d factors:\n%s", n, page)
	}
	// Another application gets no codes, and once one is used nobody reads them again.
	b.cookies = map[string]string{}
	b.send("POST", "/login", "name", "anna", "password", password)
	if w := b.send("POST", "/login/second", "code", strings.TrimSuffix(strings.TrimPrefix(first[0], "<code>"), "</code>")); w.Code != http.StatusSeeOther {
		t.Fatalf("a recovery code: %d", w.Code)
	}
	if got := send(); len(got) != 0 {
		t.Errorf("the codes are shown once more after one was used: %v", got)
	}
}

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

var claimLink = regexp.MustCompile(`For the first administrator: (\S+)`)

// An evening as a club's administrator, without the command line: the site is claimed, gets a name, a picture, invitations and
// twenty members, of whom one makes trouble. On a phone, with and without scripts; no page is wider than a phone or a desktop.
func TestAnEveningOfAnAdministrator(t *testing.T) {
	servertest.Chromium(t)
	for i, name := range []string{"with scripts", "without scripts"} {
		t.Run(name, func(t *testing.T) {
			servertest.OneOf(t, i, 2)
			administratorsEvening(t, i == 0)
		})
	}
}

func administratorsEvening(t *testing.T, scripts bool) {
	server := servertest.NewMailServer(t, servertest.MailServerOptions{})
	site := servertest.Tintype(t, "SMTP_URL="+server.URL(), "MAIL_FROM=Our Club <club@example.org>", "SIGNUP_LIMIT=200/1h")
	claim := claimLink.FindStringSubmatch(site.Logs())
	if claim == nil {
		t.Fatal("the program names no claim link")
	}
	e := evening{browser: openBrowser(t), url: site.URL}
	if !scripts {
		if _, err := chromedp.Call(e.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
			t.Fatal(err)
		}
	}
	const said = `p[role=status]`

	// The claim and the first steps.
	e.run(chromedp.Navigate(claim[1]), chromedp.WaitVisible(chromedp.CSS(`main h1`)))
	e.fits("claim")
	e.fill("name", "boss", "email", "boss@example.org", "password", password)
	e.click(`main form button`, `form[action="/admin/first-steps/close"]`)
	e.fits("first-steps")
	e.fill("name", "Harbour Club")
	e.run(chromedp.Click(chromedp.CSS(`input[name=registration][value=approval]`)))
	e.fill("password", password)
	e.click(`form[action="/admin/site"] button`, said)
	e.shows("First steps")
	picture := filepath.Join(t.TempDir(), "picture.jpg")
	if err := os.WriteFile(picture, phototest.JPEG(phototest.Options{Width: 900, Height: 600}), 0o600); err != nil {
		t.Fatal(err)
	}
	e.run(chromedp.SetUploadFiles(chromedp.CSS(`input[name=picture]`), []string{picture}))
	e.click(`form[action="/admin/site/picture"] button`, `img.site-picture`)
	e.fill("note", "for the board", "uses", "1")
	e.click(`form[action="/admin/invitations"] button`, `a[href$="/card"]`)
	e.fits("invitation")
	e.click(`a[href$="/card"]`, `.invitation-card svg`)
	e.fits("card")
	board, err := chromedp.Run(e.ctx, chromedp.TextContent(chromedp.CSS(`.card-link`)))
	if err != nil {
		t.Fatal(err)
	}
	e.visit("/admin/first-steps")
	e.shows("An invitation was made.")
	e.click(`form[action="/admin/first-steps/close"] button`, `main ul.tabs`)

	// Sixty addresses, and what is no address, are pasted.
	e.visit("/admin/invitations")
	addresses := []string{"Nobody Special"}
	for i := range 60 {
		addresses = append(addresses, fmt.Sprintf("member%d@example.org", i))
	}
	e.fill("addresses", strings.Join(addresses, "\n"))
	e.click(`form[action="/admin/invitations/mail"] button`, `main div[role=status]`)
	e.shows("60 people are invited.")
	e.shows("Nobody Special")
	e.fits("invitations")

	// Twenty come: one with the card, eighteen by mail, one who asks, and one who is refused.
	join := func(link, name, email string) *servertest.Client {
		t.Helper()
		m := servertest.NewClient(t, site.URL)
		path := strings.TrimPrefix(strings.TrimSpace(link), site.URL)
		m.Get(path).Want(http.StatusOK).Has("Finish signing up")
		m.Post(path, "name", name, "email", email, "password", password).Want(http.StatusOK)
		return m
	}
	join(board, "board", "board@example.org")
	var members []*servertest.Client
	for i := range 18 {
		address := fmt.Sprintf("member%d@example.org", i)
		members = append(members, join(server.Await(t, address, "").Link(site.URL+"/links/"), fmt.Sprintf("member%d", i), address))
	}
	ask := func(name, reason string) {
		t.Helper()
		servertest.NewClient(t, site.URL).Post("/signup", "name", name, "email", name+"@example.org", "password", password, "reason", reason, "agree", "on").Want(http.StatusOK).Has("Your sign-up is waiting")
	}
	ask("asks", "I live at the harbour.")
	ask("sells", "Cheap watches.")
	e.visit("/admin")
	e.click(`main .checks a[href="/admin/waiting"]`, `form[action="/admin/waiting/asks/approve"]`)
	e.shows("I live at the harbour.")
	e.fits("waiting")
	e.click(`form[action="/admin/waiting/asks/approve"] button`, said)
	e.click(`[aria-labelledby=w-sells] details:has(form[action$="/refuse"]) > summary`, `form[action="/admin/waiting/sells/refuse"] button`)
	e.fill("words", "No shops.")
	e.click(`form[action="/admin/waiting/sells/refuse"] button`, `main .empty`)
	server.Await(t, "asks@example.org", "")

	// The troublemaker: a report is decided, and the member limited.
	rex, nora := members[0], members[1]
	photo := phototest.JPEG(phototest.Options{Width: 700, Height: 500})
	bad := rex.PublishPhoto(photo, "caption", "Nora is a fool")
	rex.PublishPhoto(photo, "caption", "Only the harbour")
	nora.Post("/posts/"+postID(bad)+"/report", "reason", "abuse", "text", "He does this all the time.").Want(http.StatusOK)
	e.visit("/admin")
	e.click(`main .checks a[href="/admin/reports"]`, `main a[href^="/admin/reports/"]`)
	e.fits("reports")
	e.click(`main a[href^="/admin/reports/"]`, `form[action$="/decide"]`)
	e.shows("He does this all the time.")
	e.fits("report")
	e.run(chromedp.Click(chromedp.CSS(`input[name=decision][value=remove]`)))
	e.fill("words", "We do not talk like this.")
	e.click(`form[action$="/decide"] button`, `form[action$="/decide"] a.button`)
	e.shows("This cannot be undone.")
	e.shows("We do not talk like this.")
	e.fits("asks")
	e.click(`form[action$="/decide"] button`, said)
	rex.Get(bad.URL.Path).Want(http.StatusNotFound)
	e.visit("/admin/members?q=member0")
	e.fits("members")
	e.click(`main a[href="/admin/members/member0"]`, `form[action="/admin/members/member0/decide"]`)
	e.run(chromedp.Click(chromedp.CSS(`input[name=decision][value=limit]`)))
	e.fill("words", "Until you have talked to us.", "reason", "third time")
	e.click(`form[action="/admin/members/member0/decide"] button`, said)
	e.shows("This account is limited")
	e.fits("member")
	servertest.NewClient(t, site.URL).Loses("/explore", "Only the harbour")
	rex.Get("/").Want(http.StatusOK)

	// A second factor, with which the log is read and downloaded.
	e.visit("/settings/two-factors/app")
	e.fits("two-factors")
	secret, err := chromedp.Run(e.ctx, chromedp.TextContent(chromedp.CSS(`code.secret`)))
	if err != nil {
		t.Fatal(err)
	}
	code := func(at time.Time) string {
		t.Helper()
		c, err := totp.GenerateCode(strings.TrimSpace(secret), at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	e.fill("code", code(time.Now()), "name", "My phone", "current_password", password)
	e.click(`form[action="/settings/two-factors/app"] button`, `.secrets`)
	e.visit("/admin/log")
	e.fits("log")
	elsewhere := servertest.NewClient(t, site.URL)
	elsewhere.LogIn("boss", password).Want(http.StatusOK).Has("One more step")
	elsewhere.Post("/login/second", "code", code(time.Now().Add(30*time.Second))).Want(http.StatusOK)
	csv := elsewhere.Get(e.link(`a[href^="/admin/log.csv"]`)).Want(http.StatusOK)
	for _, act := range []string{"site.claim", "site.edit", "invite.create", "member.approve", "member.refuse", "report.decide", "member.limit"} {
		if !strings.Contains(csv.Body, act) {
			t.Errorf("the export of the log has no %s:\n%s", act, csv.Body)
		}
	}
	for _, path := range []string{"/admin", "/admin/appeals", "/admin/held", "/admin/announcements", "/admin/blocks", "/admin/site", "/admin/status", "/admin/jobs", "/admin/moves", "/admin/ladder"} {
		e.visit(path)
	}
	e.visit("/admin/members")
	if n := e.eval(`new Set([...document.querySelectorAll('main a[href^="/admin/members/"]')].map(a => a.pathname)).size`); n != 21 {
		t.Errorf("the club has %g members, with its owner", n)
	}
}

// evening is a browser in which an administrator works.
type evening struct {
	*browser
	url string
}

// visit opens a page, which has to fit.
func (e evening) visit(path string) {
	e.t.Helper()
	e.run(chromedp.Navigate(e.url+path), chromedp.WaitVisible(chromedp.CSS(`main h1`)))
	e.fits(strings.NewReplacer("/", "-", "?", "-").Replace(strings.Trim(path, "/")))
}

// fits fails where the page scrolls sideways, on a phone or a desktop.
func (e evening) fits(name string) {
	e.t.Helper()
	for _, width := range []int64{1440, 390} {
		e.size(width, 844)
		if wide := e.eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
			e.t.Errorf("%s at %d scrolls sideways by %g px", name, width, wide)
		}
		e.shot(fmt.Sprintf("evening-%s-%d", name, width))
	}
}

// fill sets fields by their names, each with its value.
func (e evening) fill(pairs ...string) {
	e.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		selector := chromedp.CSS(`main input[name=` + pairs[i] + `]:not([type=hidden]), main textarea[name=` + pairs[i] + `]`)
		e.run(chromedp.WaitVisible(selector), chromedp.SetValue(selector, pairs[i+1]))
	}
}

// eval is number for pages whose scripts are off: nothing is waited for.
func (e evening) eval(js string) float64 {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.ctx, 30*time.Second)
	defer cancel()
	n, err := chromedp.Run(ctx, chromedp.Evaluate[float64](js))
	if err != nil {
		e.fail(err)
	}
	return n
}

// shows waits until the page has the text.
func (e evening) shows(text string) {
	e.t.Helper()
	for end := time.Now().Add(30 * time.Second); e.eval(fmt.Sprintf("document.body?.innerText.includes(%q) ? 1 : 0", text)) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			e.fail(fmt.Errorf("the page does not show %q", text))
		}
	}
}

// link is where a link of the page leads.
func (e evening) link(selector string) string {
	e.t.Helper()
	found, err := chromedp.Run(e.ctx, chromedp.AttributeValue(chromedp.CSS(selector), "href"))
	if err != nil {
		e.fail(err)
	}
	return found.Value
}

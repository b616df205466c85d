package fleettest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A sight is something that somebody sees at an instance.
type sight struct {
	what string
	now  func() bool
	busy *bool // the site said the last time that it could not do it for the moment; nil where it is not asked
}

// sees is that an answer is as wanted.
func sees(what string, who *servertest.Client, at *servertest.Instance, ask servertest.Request, wanted func(servertest.Answer) bool) sight {
	busy := new(bool)
	return sight{what, func() bool {
		got := who.At(at).Try(ask)
		*busy = got.Err != nil || got.Status >= http.StatusInternalServerError
		return wanted(got)
	}, busy}
}

// ends is that a stream which is open has ended.
func ends(what string, lines <-chan string) sight {
	return sight{what, func() bool {
		for {
			select {
			case _, open := <-lines:
				if !open {
					return true
				}
			default:
				return false
			}
		}
	}, nil}
}

// What administration does at one instance is seen at another within a second, by visitors, members and applications. Kept pages
// and open streams go by the events, for which each instance looks four times a second; all else reads the database at once.
func TestActsAreSeenEverywhere(t *testing.T) {
	address := servertest.Database(t).NewDatabase(t)
	f := prepare(t, 2, "DATABASE_URL="+address, "PAGE_LIMIT=1000000/5m", "REPORT_LIMIT=1000/1h", "REGISTRATION=")
	metric := counted(t, f)
	f.start(t)
	a, b := f[0], f[1]
	db := connect(t, address)
	boss, ada, ben, mia, visitor := browser(t, a).SignUp("boss"), browser(t, a).SignUp("ada"), browser(t, a).SignUp("ben"), browser(t, a).SignUp("mia"), browser(t, a)
	for name, role := range map[string]string{"boss": "owner", "mia": "moderator"} {
		if out, stderr, err := a.Command("account", "role", name, role); err != nil {
			t.Fatal(out, stderr, err)
		}
	}
	const words = "Quietude at the weir"
	post := ada.PublishPhoto(photo, "caption", words)
	other := ada.PublishPhoto(photo, "caption", "Noise at the weir").URL.Path
	author := servertest.Author{Site: origin, Name: "ada", Post: post.URL.Path, Words: words}
	picture := post.Photos()[0]
	bensApp := ben.WithToken(ben.NewToken())

	// seen does something at A, and waits until B shows all of it. A second has four looks for events. What somebody asked for after
	// these and still was as before is too late. That is counted and not timed: on a busy machine both are late.
	const looks = 4
	looked := func() int { return metric(b, `event_reads_total{why="poll"}`) }
	seen := func(what string, act func(), all ...sight) {
		t.Helper()
		for _, s := range all {
			for range 2 { // what may be kept is kept now
				if s.now() {
					t.Errorf("%s: %s before it is done", what, s.what)
				}
			}
		}
		act()
		answered, began := looked(), time.Now()
		for _, s := range all {
			servertest.Within(t, time.Minute, what+": "+s.what, func() bool {
				before := looked()
				ok := s.now()
				if !ok && before > answered+looks && (s.busy == nil || !*s.busy) {
					t.Fatalf("%s: not yet %s after %d looks for events", what, s.what, before-answered)
				}
				return ok
			})
		}
		t.Logf("%s: seen within %s and %d looks for events", what, time.Since(began).Round(time.Millisecond), looked()-answered)
	}
	send := func(path string, pairs ...string) func() {
		return func() { boss.At(a).Post(path, pairs...).Want(http.StatusOK) }
	}
	member := "/admin/members/ada"
	decide := func(decision string, more ...string) func() {
		return send(member+"/decide", append([]string{"decision", decision, "reason", "for the test"}, more...)...)
	}
	read := servertest.Read
	is := func(status int) func(servertest.Answer) bool {
		return func(got servertest.Answer) bool { return got.Status == status }
	}
	holds := func(part string) func(servertest.Answer) bool {
		return func(got servertest.Answer) bool { return got.Status == http.StatusOK && got.Holds(part) }
	}
	lacks := func(part string) func(servertest.Answer) bool {
		return func(got servertest.Answer) bool { return got.Status < 500 && got.Err == nil && !got.Holds(part) }
	}
	isOut := func(got servertest.Answer) bool { return got.URL != nil && got.URL.Path == "/login" }
	isIn := func(got servertest.Answer) bool {
		return got.Status == http.StatusOK && got.URL.Path == "/" && got.Holds("/logout")
	}
	logIn := func(name string) (*servertest.Client, servertest.Request) {
		return browser(t, b), servertest.Form("/login", "name", name, "password", password)
	}

	seen("a limit", decide("limit"),
		sees("a visitor no longer finds the profile", visitor, b, read("/@ada"), author.Gone),
		sees("a visitor no longer finds the post", visitor, b, read(post.URL.Path), author.Gone),
		sees("explore lacks it", visitor, b, read("/explore"), author.Hidden),
		sees("an application’s public timeline lacks it", bensApp, b, read("/api/v1/timelines/public"), author.Hidden))
	seen("its end", decide("unlimit"),
		sees("a visitor finds the profile", visitor, b, read("/@ada"), is(http.StatusOK)),
		sees("explore has it", visitor, b, read("/explore"), holds(post.URL.Path)),
		sees("an application’s public timeline has it", bensApp, b, read("/api/v1/timelines/public"), author.Shown))
	seen("a warning", decide("warn", "words", "Be kind, ada."),
		sees("the member reads it", ada, b, read("/settings/decisions"), holds("Be kind, ada.")))
	seen("a role", send(member+"/role", "role", "moderator", "role_reason", "helps", "role_password", password),
		sees("the member reads reports", ada, b, read("/admin/reports"), is(http.StatusOK)))
	seen("a role’s end", send(member+"/role", "role", "member", "role_reason", "helps no more", "role_password", password),
		sees("the member reads none", ada, b, read("/admin/reports"), func(got servertest.Answer) bool { return got.Status >= 400 && got.Status < 500 }))

	app := ada.WithToken(ada.NewToken())
	seen("a log-out everywhere", send(member+"/act", "act", "logout", "act_reason", "a lost phone"),
		sees("the browser is out", ada, b, read("/settings"), isOut),
		sees("the application is out", app, b, read("/api/v1/accounts/verify_credentials"), is(http.StatusUnauthorized)),
		ends("its stream has ended", app.At(b).Lines("/api/v1/streaming/user")))

	// Whoever has a second factor is asked for it, and once it is taken no more.
	if _, err := db.ExecContext(t.Context(), "UPDATE accounts SET two_factors_at = 1 WHERE username = 'ada'"); err != nil {
		t.Fatal(err)
	}
	who, form := logIn("ada")
	seen("second factors taken away", send(member+"/act", "act", "factors", "act_reason", "a lost phone", "act_password", password), sees("the password suffices", who, b, form, isIn))

	ada.LogIn("ada", password).Want(http.StatusOK)
	app = ada.WithToken(ada.NewToken())
	seen("a suspension", decide("suspend", "words", "Enough."),
		sees("a visitor no longer finds the profile", visitor, b, read("/@ada"), author.Gone),
		sees("a visitor no longer finds the post", visitor, b, read(post.URL.Path), author.Gone),
		sees("explore lacks it", visitor, b, read("/explore"), author.Hidden),
		sees("a member no longer finds the post", ben, b, read(post.URL.Path), author.Gone),
		sees("an application’s public timeline lacks it", bensApp, b, read("/api/v1/timelines/public"), author.Hidden),
		sees("the photograph is gone", visitor, b, read(picture), is(http.StatusNotFound)),
		sees("the browser is out", ada, b, read("/settings"), isOut),
		sees("the application is out", app, b, read("/api/v1/accounts/verify_credentials"), is(http.StatusUnauthorized)),
		ends("its stream has ended", app.At(b).Lines("/api/v1/streaming/user")))
	who, form = logIn("ada")
	seen("its end", decide("unsuspend"),
		sees("a visitor finds the post", visitor, b, read(post.URL.Path), author.Shown),
		sees("explore has it", visitor, b, read("/explore"), holds(post.URL.Path)),
		sees("a member finds the post", ben, b, read(post.URL.Path), author.Shown),
		sees("the member gets in", who, b, form, isIn))

	report := func(text string) string {
		t.Helper()
		ben.At(a).Post("/posts/"+other[strings.LastIndexByte(other, '/')+1:]+"/report", "reason", "abuse", "text", text).Want(http.StatusOK)
		var id string
		if err := db.QueryRowContext(t.Context(), "SELECT MAX(id) FROM reports").Scan(&id); err != nil {
			t.Fatal(err)
		}
		return "/admin/reports/" + id
	}
	path := report("It is too loud.")
	ada.LogIn("ada", password).Want(http.StatusOK)
	seen("a report that a moderator takes", send(path+"/assign"), sees("another moderator reads who", mia, b, read(path), holds("@boss is looking at it")))
	seen("a report’s decision", send(path+"/decide", "decision", "remove", "words", "Too loud."),
		sees("a visitor no longer finds the post", visitor, b, read(other), is(http.StatusNotFound)),
		sees("a member no longer finds it", ben, b, read(other), is(http.StatusNotFound)),
		sees("its author reads why", ada, b, read("/settings/decisions"), holds("Too loud.")),
		sees("another moderator no longer finds it open", mia, b, read("/admin/reports"), lacks(path)))
	newest := func(table string) (id string) {
		t.Helper()
		if err := db.QueryRowContext(t.Context(), "SELECT MAX(id) FROM "+table).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	decision := newest("decisions")
	seen("an answer to a decision", func() {
		ada.At(a).Post("/settings/decisions/"+decision, "words", "It was the wind.").Want(http.StatusOK)
	},
		sees("a moderator finds it", mia, b, read("/admin/appeals"), holds("/admin/appeals/"+decision)))
	seen("what comes of it", send("/admin/appeals/"+decision, "answer", "rejected", "words", "It stays so."),
		sees("the member reads it", ada, b, read("/settings/decisions/"+decision), holds("It stays so.")),
		sees("another moderator no longer finds it", mia, b, read("/admin/appeals"), lacks("/admin/appeals/"+decision)))
	seen("a report opened again", send(path+"/reopen"), sees("another moderator finds it", mia, b, read("/admin/reports"), holds(path)))
	seen("a quota", send(member+"/quota", "quota", "4321", "quota_reason", "prints"),
		sees("another administrator’s page has it", boss, b, read(member), holds(`value="4321"`)))
	seen("the site’s name", send("/admin/site", "name", "Weir Walkers", "hold_first", "2"),
		sees("visitors read it", visitor, b, read("/"), holds("Weir Walkers")),
		sees("applications read it", bensApp, b, read("/api/v2/instance"), holds("Weir Walkers")))

	made := boss.At(a).Post("/admin/invitations", "note", "the walkers", "uses", "5", "days", "7", "role", "member", "idempotency_key", "one").Want(http.StatusOK)
	link := regexp.MustCompile(`/links/[\w-]{32}`).FindString(made.Body)
	if link == "" {
		t.Fatal("the invitation has no link")
	}
	seen("an invitation’s end", send(made.URL.Path+"/end"), sees("nobody may join by it", visitor, b, read(link), lacks(`name="password"`)))

	seen("who may join", send("/admin/site", "registration", "approval", "password", password), sees("one may ask to join", visitor, b, read("/signup"), holds(`name="reason"`)))
	for _, name := range []string{"cid", "dan"} {
		browser(t, a).Post("/signup", "name", name, "email", name+"@example.org", "password", password, "agree", "on", "reason", "I walk with you.").Want(http.StatusOK)
	}
	who, form = logIn("cid")
	seen("an approval", send("/admin/waiting/cid/approve"), sees("the member gets in", who, b, form, isIn))
	cid := browser(t, b)
	cid.LogIn("cid", password).Want(http.StatusOK)
	hold := func(words string) string {
		t.Helper()
		seen("a post that is held", func() { cid.At(a).PublishPhoto(photo, "caption", words) }, sees("a moderator finds it", mia, b, read("/admin/held"), holds(words)))
		return "/admin/held/" + newest("held_posts")
	}
	seen("its approval", send(hold("Rushes by the weir")+"/approve"),
		sees("an application’s public timeline has it", bensApp, b, read("/api/v1/timelines/public"), holds("Rushes by the weir")),
		sees("another moderator no longer finds it", mia, b, read("/admin/held"), lacks("Rushes by the weir")))
	seen("its refusal", send(hold("Reeds by the weir")+"/reject", "words", "No."),
		sees("another moderator no longer finds it", mia, b, read("/admin/held"), lacks("Reeds by the weir")))
	seen("a refusal", send("/admin/waiting/dan/refuse"), sees("a moderator no longer finds it waiting", mia, b, read("/admin/waiting"), lacks("/admin/waiting/dan/")))

	seen("a deletion", send(member+"/act", "act", "delete", "confirm", "ada", "act_reason", "asked for it", "act_password", password),
		sees("a visitor no longer finds the profile", visitor, b, read("/@ada"), author.Gone),
		sees("a member no longer finds the post", ben, b, read(post.URL.Path), author.Gone),
		sees("explore lacks it", visitor, b, read("/explore"), author.Hidden))
	seen("a member who leaves", func() { ben.At(a).Post("/settings/delete", "confirm", "ben", "password", password).Want(http.StatusOK) },
		sees("a visitor no longer finds the profile", visitor, b, read("/@ben"), is(http.StatusNotFound)))
	seen("one who is brought back", send("/admin/members/ben/act", "act", "back", "act_reason", "asked for it"),
		sees("a visitor finds the profile", visitor, b, read("/@ben"), is(http.StatusOK)))
}

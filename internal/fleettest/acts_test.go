package fleettest

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A subject is a member on whom others act.
type subject struct {
	name, word string // the word is in the post alone
	client     *servertest.Client
	app        *servertest.Client // an application of the member
	id, post   string             // of the account, and the post's path
	photos     []string
	out        bool // suspended, has left, or is deleted
	left       bool
	deleted    bool
}

// An actsSite is a site on several instances whose members are acted on at random.
type actsSite struct {
	t        *testing.T
	f        fleet
	db       *sql.DB
	random   *rand.Rand
	staff    map[string]*servertest.Client // by role
	subjects []*subject
	readers  map[string]*servertest.Client
	root     string   // the path of a post of a reader's
	deck     []string // kinds of acts that are still to be drawn
}

// Acts at random, of those who moderate and administer, of members and of jobs, at any of three instances: each change has its row in
// the log, each row its change, also where two do the same at once. Whoever is suspended, or leaves, is readable nowhere from then on.
func TestActsAtRandom(t *testing.T) {
	address := servertest.Database(t).NewDatabase(t)
	mails := servertest.NewMailServer(t, servertest.MailServerOptions{})
	f := newFleet(t, 3, "DATABASE_URL="+address, "SMTP_URL="+mails.URL(), "MAIL_FROM=club@example.org", "PAGE_LIMIT=1000000/5m", "REPORT_LIMIT=100000/1h", "REGISTRATION=")
	s := &actsSite{t: t, f: f, db: connect(t, address), random: servertest.Random(t), staff: map[string]*servertest.Client{}}
	for _, role := range []string{"owner", "admin", "moderator"} {
		s.staff[role] = browser(t, f[0])
		s.staff[role].SignUp(role + "_1")
		if out, stderr, err := f[0].Command("account", "role", role+"_1", role); err != nil {
			t.Fatal(out, stderr, err)
		}
	}
	eve := browser(t, f[0])
	eve.SignUp("eve")
	s.readers = map[string]*servertest.Client{"a visitor": browser(t, f[0]), "a member": eve, "an application": eve.WithToken(eve.NewToken())}
	for i := range 4 {
		s.join(fmt.Sprintf("member%d", i), "")
	}
	s.root = eve.PublishPhoto(photo, "caption", "What do you think?").URL.Path
	s.open()
	var streams []func() []string
	for _, i := range f {
		streams = append(streams, gather(s.readers["an application"].At(i).Lines("/api/v1/streaming/public")))
	}
	rounds := len(allActs()) // each is dealt
	if servertest.All() {
		rounds = 300
	}
	changed := 0
	for n := range rounds {
		if s.act(n) {
			changed++
		}
	}
	if changed < rounds/5 {
		t.Errorf("%d of %d acts changed anything, which proves little", changed, rounds)
	}

	// What a stream tells of now, it tells of after all that went before: of those who are suspended there was nothing.
	eve.PublishPhoto(photo, "caption", "The last word")
	for n, lines := range streams {
		servertest.Eventually(t, fmt.Sprintf("instance %d streams", n+1), func() bool {
			return slices.ContainsFunc(lines(), func(line string) bool { return strings.Contains(line, "The last word") })
		})
		for _, line := range lines() {
			if strings.Contains(line, "while suspended") {
				t.Errorf("instance %d streams %s", n+1, line)
			}
		}
	}
}

// gather collects lines, which the function returns so far.
func gather(lines <-chan string) func() []string {
	var mu sync.Mutex
	var all []string
	go func() {
		for line := range lines {
			mu.Lock()
			all = append(all, line)
			mu.Unlock()
		}
	}()
	return func() []string { mu.Lock(); defer mu.Unlock(); return slices.Clone(all) }
}

func (s *actsSite) instance() *servertest.Instance { return s.f[s.random.IntN(len(s.f))] }

// join makes a member with a post, by an invitation's link or without one.
func (s *actsSite) join(name, link string) *subject {
	s.t.Helper()
	m := &subject{name: name, word: "word" + name + "end", client: browser(s.t, s.instance())}
	if link == "" {
		m.client.SignUp(name)
	} else {
		m.client.Post(link, "name", name, "email", name+"@example.org", "password", password).Want(http.StatusOK)
		m.client.Name = name
	}
	page := m.client.PublishPhoto(photo, "caption", m.word+" #tag"+name)
	m.post, m.photos = page.URL.Path, page.Photos()
	m.app = m.client.WithToken(m.client.NewToken())
	var account struct{ ID string }
	m.app.Get("/api/v1/accounts/verify_credentials").Into(&account)
	m.id = account.ID
	s.subjects = append(s.subjects, m)
	return m
}

// onAccounts are acts that change the account's row: a decision that stands beside it is not enough.
var onAccounts = []string{"limit", "unlimit", "suspend", "suspend until", "unsuspend", "role", "quota", "logout"}

const endOfAccounts = "-- accounts\n"

// state is what acts can change, first of accounts, and how many rows the log has.
func (s *actsSite) state() (state string, rows int) {
	s.t.Helper()
	var b strings.Builder
	for i, query := range []string{
		"SELECT CONCAT_WS(' ', username, role, suspended_at IS NOT NULL, suspended_until IS NOT NULL, leaving_at IS NOT NULL, waiting_at IS NOT NULL, limited_at IS NOT NULL, COALESCE(storage_quota, -1), session_epoch, two_factors_at IS NOT NULL, deleted_at IS NOT NULL) FROM accounts ORDER BY id",
		"SELECT CONCAT_WS(' ', id, undone_at IS NOT NULL, answered_at IS NOT NULL) FROM decisions ORDER BY id",
		"SELECT CONCAT_WS(' ', id, state, COALESCE(assigned_to_id, 0)) FROM reports WHERE state = 'closed' OR assigned_to_id IS NOT NULL ORDER BY id",
		"SELECT CONCAT_WS(' ', id, ended_at IS NOT NULL) FROM invitations ORDER BY id", "SELECT id FROM moderator_notes ORDER BY id", "SELECT hash FROM one_time_links ORDER BY hash",
		"SELECT CONCAT_WS(' ', id, text, ended_at IS NOT NULL) FROM announcements WHERE deleted_at IS NULL ORDER BY id", "SELECT id FROM announcement_comments ORDER BY id", "SELECT id FROM site_blocks ORDER BY id",
		"SELECT CONCAT_WS(' ', id, state) FROM held_posts ORDER BY id", "SELECT CONCAT_WS(' ', name, value) FROM site_info WHERE name LIKE 'site.%' ORDER BY name",
	} {
		list, err := s.db.QueryContext(s.t.Context(), query)
		if err != nil {
			s.t.Fatal(query, err)
		}
		for list.Next() {
			var line string
			if err := list.Scan(&line); err != nil {
				s.t.Fatal(err)
			}
			b.WriteString(line + "\n")
		}
		if err := list.Err(); err != nil {
			s.t.Fatal(err)
		}
		list.Close()
		if i == 0 {
			b.WriteString(endOfAccounts)
		}
	}
	if err := s.db.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM admin_log").Scan(&rows); err != nil {
		s.t.Fatal(err)
	}
	return b.String(), rows
}

// allActs are the kinds of acts, each as often as it is dealt.
func allActs() []string {
	return slices.Concat([]string{"warn", "limit", "unlimit", "suspend", "suspend", "suspend until", "unsuspend", "unsuspend", "role", "quota", "note", "logout", "reset", "factors", "delete", "invite", "report", "appeal", "job"},
		aboutMembers, aboutNobody, ownActs)
}

// draw is a kind of act. All are dealt before one comes again: so few steps would leave out many of so many kinds.
func (s *actsSite) draw() string {
	if len(s.deck) == 0 {
		s.deck = allActs()
		s.random.Shuffle(len(s.deck), func(i, j int) { s.deck[i], s.deck[j] = s.deck[j], s.deck[i] })
	}
	what := s.deck[0]
	s.deck = s.deck[1:]
	return what
}

// act does something at random, and reports whether it changed anything.
func (s *actsSite) act(n int) bool {
	s.t.Helper()
	var there []*subject
	for _, m := range s.subjects {
		if !m.deleted {
			there = append(there, m)
		}
	}
	m := there[s.random.IntN(len(there))]
	roles := []string{"owner", "admin", "moderator", "moderator", "member"}
	role := roles[s.random.IntN(len(roles))]
	by := s.staff[role]
	if role == "member" {
		by = s.readers["a member"]
	}
	at := "/admin/members/" + m.name
	var doing servertest.Request
	decide := func(pairs ...string) servertest.Request {
		return servertest.Form(at+"/decide", append(pairs, "reason", fmt.Sprint("reason ", n))...)
	}
	what := s.draw()
	switch what {
	case "leave", "come back", "leave by command":
		return s.byThemselves(what, n, m)
	case "warn":
		doing = decide("decision", "warn", "words", "Be kind.")
	case "limit", "unlimit", "suspend", "unsuspend":
		doing = decide("decision", what)
	case "suspend until":
		doing = decide("decision", "suspend", "until", time.Now().AddDate(0, 0, 2).Format(time.DateOnly))
	case "role":
		doing = servertest.Form(at+"/role", "role", []string{"member", "moderator"}[s.random.IntN(2)], "role_reason", "asked for it", "role_password", password)
	case "quota":
		doing = servertest.Form(at+"/quota", "quota", fmt.Sprint(500+n), "quota_reason", "asked for it")
	case "note":
		doing = servertest.Form(at+"/note", "note", "Warned before.")
	case "logout", "reset", "factors":
		doing = servertest.Form(at+"/act", "act", what, "act_reason", "asked for it", "act_password", password)
	case "delete":
		if len(there) < 3 || s.random.IntN(3) > 0 {
			what = "delete by another name"
			doing = servertest.Form(at+"/act", "act", "delete", "confirm", "nobody")
			break
		}
		doing = servertest.Form(at+"/act", "act", "delete", "confirm", m.name, "act_reason", "asked for it", "act_password", password)
	case "invite":
		return s.invite(n, by, role)
	case "report":
		doing = s.report(m, by)
	case "appeal":
		doing = s.appeal(m)
	case "job":
		return s.end(m)
	default:
		doing = s.more(what, n, m, role)
	}
	if doing.Path == "" {
		return false
	}
	before, rows := s.state()
	var wait sync.WaitGroup
	tries := 1 + s.random.IntN(2)*s.random.IntN(2) // sometimes two at once, at two instances
	for range tries {
		at := by.At(s.instance())
		wait.Go(func() { at.Try(doing) })
	}
	wait.Wait()
	after, more := s.state()
	s.t.Logf("%d: %s %s (%s), %d at once: changed %t, %d rows", n, role, what, m.name, tries, before != after, more-rows)
	most := tries
	if slices.Contains(onAccounts, what) {
		before, _, _ = strings.Cut(before, endOfAccounts)
		after, _, _ = strings.Cut(after, endOfAccounts)
		if what != "logout" {
			most = 1 // of two who do the same, one finds it done
		}
	}
	if changed := before != after; changed != (more > rows) || more-rows > most {
		s.t.Errorf("%d: %s by %s on %s, %d at once: changed %t, %d rows in the log", n, what, role, m.name, tries, changed, more-rows)
	}
	s.look(m, before != after && !slices.Contains(aboutNobody, what))
	return before != after
}

// look finds out what has become of a member, and that it shows: after a change everywhere, else at one instance.
func (s *actsSite) look(m *subject, changed bool) {
	s.t.Helper()
	var suspended, deleted bool
	if err := s.db.QueryRowContext(s.t.Context(), "SELECT suspended_at IS NOT NULL, leaving_at IS NOT NULL, deleted_at IS NOT NULL FROM accounts WHERE id = ?", m.id).Scan(&suspended, &m.left, &deleted); err != nil && err != sql.ErrNoRows {
		s.t.Fatal(err)
	} else if err == sql.ErrNoRows {
		deleted = true
	}
	m.out, m.left, m.deleted = suspended || deleted, m.left && !deleted, deleted
	some := s.random.IntN(len(s.f))
	for n, i := range s.f {
		if !changed && n != some {
			continue
		}
		for who, reader := range s.readers {
			reader := reader.At(i)
			if m.out {
				s.hidden(m, reader, fmt.Sprintf("instance %d, for %s", n+1, who))
				continue
			}
			if who == "a member" { // one who is limited is shown to members who ask
				servertest.Eventually(s.t, m.name+" is there", func() bool { return reader.Try(servertest.Read(m.post)).Holds(m.word) })
			}
		}
	}
	if m.out {
		if a := m.app.At(s.instance()).Try(servertest.Form("/api/v1/statuses", "status", m.word+" while suspended")); a.Status != http.StatusUnauthorized {
			s.t.Errorf("%s is suspended, and posts: %d", m.name, a.Status)
		}
	}
	if deleted { // the job that removes what was theirs changes what other acts are held against
		servertest.Within(s.t, time.Minute, "the deletion is done", func() bool {
			var left int
			err := s.db.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM jobs WHERE kind = 'account.delete' AND state = 'ready'").Scan(&left)
			return err == nil && left == 0
		})
	}
}

// hidden demands that nothing of the member's is readable.
func (s *actsSite) hidden(m *subject, reader *servertest.Client, where string) {
	s.t.Helper()
	author := servertest.Author{Site: origin, Name: m.name, Account: m.id, Post: m.post, Tag: "tag" + m.name, Words: m.word, Search: "tag" + m.name}
	places := author.Places()
	lists := slices.Concat([]string{s.root}, places.Lists(), places.ForMembers)
	for _, path := range slices.Concat(places.ByAddress, m.photos, lists) {
		listed := slices.Contains(lists, path)
		servertest.Within(s.t, time.Minute, fmt.Sprintf("%s is not readable at %s (%s)", m.name, path, where), func() bool {
			a := reader.Try(servertest.Read(path))
			return author.Hidden(a) && (listed || a.Status == http.StatusNotFound)
		})
	}
}

// reported has the member reported by a reader, and returns the report's path.
func (s *actsSite) reported(m *subject) string {
	s.t.Helper()
	s.readers["a member"].At(s.instance()).Post("/@"+m.name+"/report", "reason", "abuse", "text", "He is rude.").Want(http.StatusOK)
	var id int64
	if err := s.db.QueryRowContext(s.t.Context(), "SELECT MAX(id) FROM reports WHERE target_id = ?", m.id).Scan(&id); err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprintf("/admin/reports/%d", id)
}

// report has the member reported by a reader, and returns the decision about that.
func (s *actsSite) report(m *subject, by *servertest.Client) servertest.Request {
	if m.out {
		return servertest.Request{}
	}
	path := s.reported(m)
	switch s.random.IntN(3) {
	case 0:
		return servertest.Form(path + "/assign")
	case 1:
		return servertest.Form(path+"/decide", "decision", "nothing")
	}
	return servertest.Form(path+"/decide", "decision", "suspend", "words", "Enough.")
}

var decisionAddress = regexp.MustCompile(`/suspended/decisions/(\d+)`)

// appeal has a suspended member answer, and returns the moderators' answer to that.
func (s *actsSite) appeal(m *subject) servertest.Request {
	if !m.out || m.deleted {
		return servertest.Request{}
	}
	b := browser(s.t, s.instance())
	page := b.LogIn(m.name, password).Want(http.StatusOK)
	found := decisionAddress.FindStringSubmatch(page.Body)
	if found == nil {
		return servertest.Request{}
	}
	b.Post("/suspended/decisions/"+found[1], "words", "It was a joke.")
	return servertest.Form("/admin/appeals/"+found[1], "answer", []string{"accepted", "rejected"}[s.random.IntN(2)], "words", "Well.")
}

// invite has somebody invited, who joins by the link, twice at once.
func (s *actsSite) invite(n int, by *servertest.Client, role string) bool {
	s.t.Helper()
	before, rows := s.state()
	key := fmt.Sprint("invitation", n)
	a := by.At(s.instance()).Try(servertest.Form("/admin/invitations", "note", "a walker", "uses", "1", "days", "7", "role", "member", "idempotency_key", key))
	after, more := s.state()
	made := before != after
	if made != (more == rows+1) || more-rows > 1 || made != (role == "owner" || role == "admin") {
		s.t.Errorf("%d: an invitation by %s: changed %t, %d rows in the log", n, role, made, more-rows)
	}
	if link := regexp.MustCompile(`/links/[\w-]{32}`).FindString(a.Body); made && len(s.subjects) < 8 {
		m := s.join(fmt.Sprint("joined", n), link)
		late := browser(s.t, s.instance())
		late.Try(servertest.Form(link, "name", m.name+"b", "email", m.name+"b@example.org", "password", password))
		var used int
		if err := s.db.QueryRowContext(s.t.Context(), "SELECT COUNT(*) FROM accounts WHERE username LIKE ?", m.name+"%").Scan(&used); err != nil || used != 1 {
			s.t.Errorf("an invitation for one let %d in, %v", used, err)
		}
	}
	return made
}

// end lets the end of a suspension come, which a job of some instance finds.
func (s *actsSite) end(m *subject) bool {
	s.t.Helper()
	var until sql.NullInt64
	if err := s.db.QueryRowContext(s.t.Context(), "SELECT suspended_until FROM accounts WHERE id = ?", m.id).Scan(&until); err != nil || !until.Valid {
		return false
	}
	if m.left { // who has left is not back when that ends
		return false
	}
	_, rows := s.state()
	for _, statement := range []string{"UPDATE accounts SET suspended_until = 1 WHERE id = ?", "UPDATE jobs SET run_at = 1 WHERE kind = 'account.unsuspend' AND state = 'ready' AND payload LIKE CONCAT('%', ?, '%')"} {
		if _, err := s.db.ExecContext(s.t.Context(), statement, m.id); err != nil {
			s.t.Fatal(err)
		}
	}
	servertest.Eventually(s.t, m.name+" is back", func() bool {
		var suspended bool
		err := s.db.QueryRowContext(s.t.Context(), "SELECT suspended_at IS NOT NULL FROM accounts WHERE id = ?", m.id).Scan(&suspended)
		return err == nil && !suspended
	})
	if _, more := s.state(); more != rows+1 {
		s.t.Errorf("the end of a suspension: %d rows in the log", more-rows)
	}
	s.look(m, true)
	return true
}

package fleettest

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"tintype/internal/servertest"
)

// heldWord makes what has it wait for a moderator.
const heldWord = "casinonight"

// What more returns requests for, some about a member.
var (
	aboutMembers = []string{"bring back", "approve held", "reject held", "reopen"}
	aboutNobody  = []string{"announce", "edit announcement", "end announcement", "delete announcement", "remove comment", "block", "unblock", "end invitation", "invite by mail", "approve", "refuse", "site"}
)

// ownActs are what members do themselves, and what is done by command. They have their own checks.
var ownActs = []string{"leave", "come back", "leave by command"}

// open lets people ask to join, and has something that makes posts wait.
func (s *actsSite) open() {
	s.t.Helper()
	owner := s.staff["owner"]
	owner.Post("/admin/site", "registration", "approval", "password", password).Want(http.StatusOK)
	owner.Post("/admin/blocks", "kind", "word", "value", heldWord).Want(http.StatusOK)
	for _, i := range s.f {
		servertest.Eventually(s.t, "one may ask to join", func() bool {
			return browser(s.t, i).Get("/signup").Holds(`name="reason"`)
		})
	}
}

// more returns what an act sends that needs something made before; an empty request where there is nothing to do.
func (s *actsSite) more(what string, n int, m *subject, role string) servertest.Request {
	s.t.Helper()
	owner := s.staff["owner"].At(s.instance())
	last := func(query string, args ...any) string {
		s.t.Helper()
		var id sql.NullString
		if err := s.db.QueryRowContext(s.t.Context(), query, args...).Scan(&id); err != nil && !errors.Is(err, sql.ErrNoRows) {
			s.t.Fatal(err)
		}
		return id.String
	}
	announcement := func() string {
		const standing = "SELECT MAX(id) FROM announcements WHERE deleted_at IS NULL AND ended_at IS NULL"
		if last(standing) == "" {
			owner.Post("/admin/announcements", "text", fmt.Sprint("We walk on day ", n)).Want(http.StatusOK)
		}
		return last(standing)
	}
	switch what {
	case "announce":
		return servertest.Form("/admin/announcements", "text", fmt.Sprint("Meet at ", n))
	case "edit announcement":
		return servertest.Form("/admin/announcements/"+announcement(), "text", fmt.Sprint("Meet later, at ", n))
	case "end announcement":
		return servertest.Form("/admin/announcements/" + announcement() + "/end")
	case "delete announcement":
		return servertest.Form("/admin/announcements/" + announcement() + "/delete")
	case "remove comment":
		if role == "member" { // it would be the member's own
			return servertest.Request{}
		}
		id := announcement()
		s.readers["a member"].At(s.instance()).Post("/announcements/"+id+"/comments", "text", "Where do we meet?").Want(http.StatusOK)
		return servertest.Form("/announcements/"+id+"/comments/"+last("SELECT MAX(id) FROM announcement_comments WHERE announcement_id = ?", id)+"/remove", "reason", "rude")
	case "bring back":
		return servertest.Form("/admin/members/"+m.name+"/act", "act", "back", "act_reason", "asked for it")
	case "approve held", "reject held":
		if m.out {
			return servertest.Request{}
		}
		b := s.logIn(m)
		b.Post("/posts/"+s.root[strings.LastIndexByte(s.root, '/')+1:]+"/comments", "text", "Come to the "+heldWord+", says "+m.word).Want(http.StatusOK)
		id := last("SELECT MAX(id) FROM held_posts WHERE account_id = ? AND state = 'waits'", m.id)
		if id == "" { // a moderator's does not wait
			return servertest.Request{}
		}
		if what == "reject held" {
			return servertest.Form("/admin/held/"+id+"/reject", "words", "No adverts.")
		}
		return servertest.Form("/admin/held/" + id + "/approve")
	case "block", "unblock":
		kinds := [][2]string{{"domain", fmt.Sprintf("d%d.example", n)}, {"range", fmt.Sprintf("203.0.113.%d", n%250)}, {"word", fmt.Sprint("neverused", n)}, {"photo", fmt.Sprintf("%016x", n)}}
		kind := kinds[s.random.IntN(len(kinds))]
		adding := servertest.Form("/admin/blocks", "kind", kind[0], "value", kind[1], "note", "for the test")
		if what == "block" {
			return adding
		}
		owner.Do(adding).Want(http.StatusOK)
		return servertest.Form("/admin/blocks/"+last("SELECT MAX(id) FROM site_blocks WHERE kind = ?", kind[0])+"/remove", "kind", kind[0])
	case "reopen":
		if m.out {
			return servertest.Request{}
		}
		path := s.reported(m)
		owner.Post(path+"/decide", "decision", "nothing").Want(http.StatusOK)
		return servertest.Form(path + "/reopen")
	case "end invitation":
		made := owner.Post("/admin/invitations", "note", "to be ended", "uses", "1", "days", "7", "role", "member", "idempotency_key", fmt.Sprint("ended", n)).Want(http.StatusOK)
		return servertest.Form(made.URL.Path + "/end")
	case "invite by mail":
		return servertest.Form("/admin/invitations/mail", "addresses", fmt.Sprintf("friend%d@example.net", n), "mail_note", "by mail", "idempotency_key", fmt.Sprint("mail", n))
	case "approve", "refuse":
		name := fmt.Sprint("asks", n)
		browser(s.t, s.instance()).Post("/signup", "name", name, "email", name+"@example.org", "password", password, "agree", "on", "reason", "I walk with you.").Want(http.StatusOK)
		return servertest.Form("/admin/waiting/" + name + "/" + what)
	case "site":
		return servertest.Form("/admin/site", "description", fmt.Sprint("A club of walkers, ", n))
	}
	s.t.Fatal("nobody knows how to ", what)
	return servertest.Request{}
}

// logIn is a new browser of a member's. Sessions may have ended.
func (s *actsSite) logIn(m *subject) *servertest.Client {
	s.t.Helper()
	b := browser(s.t, s.instance())
	b.LogIn(m.name, password).Want(http.StatusOK)
	return b
}

// byThemselves is an act of the member's own, which has no row in the log, or one of the command line, which has.
func (s *actsSite) byThemselves(what string, n int, m *subject) bool {
	s.t.Helper()
	if what == "come back" { // of those who have left, if there is one
		for _, other := range s.subjects {
			if other.left {
				m = other
			}
		}
	}
	want := 0
	if what == "leave by command" {
		want = 1
	} else if m.out != (what == "come back") || m.left != (what == "come back") {
		return false
	}
	before, rows := s.state()
	switch what {
	case "leave":
		s.logIn(m).Post("/settings/delete", "confirm", m.name, "password", password).Want(http.StatusOK)
	case "come back":
		b := s.logIn(m)
		b.At(s.instance()).Post("/leaving/back").Want(http.StatusOK)
	default:
		if out, stderr, err := s.instance().Command("account", "leave", m.name, "--reason", "asked by letter"); err != nil {
			s.t.Fatal(out, stderr, err)
		}
	}
	after, more := s.state()
	changed := before != after
	s.t.Logf("%d: %s %s: changed %t, %d rows", n, m.name, what, changed, more-rows)
	if want == 0 && !changed || want == 1 && changed != (more > rows) || more-rows > want {
		s.t.Errorf("%d: %s %s: changed %t, %d rows in the log", n, m.name, what, changed, more-rows)
	}
	s.look(m, changed)
	return changed
}

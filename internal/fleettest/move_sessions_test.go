package fleettest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// movingSite is a fleet that may move its sessions between MariaDB and a server that speaks DynamoDB's API.
func movingSite(t *testing.T, n int) fleet {
	t.Helper()
	dynamo := servertest.DynamoDB(t)
	f := prepare(t, n, append(keys, "AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB="+dynamo.URL, "SESSION_NEXT=dynamodb:sessions", "LOG_LEVEL=warn")...)
	if out, stderr, err := f[0].Command("setup", "dynamodb"); err != nil || !strings.Contains(out, "The table sessions takes sessions.") {
		t.Fatal(err, out, stderr)
	}
	f.start(t)
	return f
}

// people use a fleet: those that do nothing but look, and hold what they see against what they know.
type people struct {
	t      *testing.T
	f      fleet
	stay   []*servertest.Client // logged in all the time
	mu     sync.Mutex
	left   []*servertest.Client // whose sessions have ended; with their cookies from before
	asked  *servertest.Load
	failed atomic.Int64
	stop   chan struct{}
	group  sync.WaitGroup
}

// fresh is a client at any instance with the cookies of another.
func (p *people) like(c *servertest.Client) *servertest.Client {
	b := browser(p.t, p.f[rand.IntN(len(p.f))])
	b.Bring(c.Cookies())
	return b
}

// try asks with the cookies of a client at some instance, and once more where the machine is too busy for it.
func (p *people) try(c *servertest.Client, q servertest.Request) servertest.Answer {
	return servertest.Again(50, func() servertest.Answer { return p.asked.Count(p.like(c).Try(q)) })
}

// in tells whether the cookies of a client are those of somebody who is logged in; an answer that is neither fails.
func (p *people) in(c *servertest.Client) (bool, error) {
	a := p.try(c, servertest.Read("/settings"))
	if a.Err != nil || a.Status != http.StatusOK {
		return false, fmt.Errorf("%d %v", a.Status, a.Err)
	}
	return a.URL.Path != "/login", nil
}

func (p *people) fail(format string, args ...any) {
	if p.failed.Add(1) <= 10 {
		p.t.Errorf(format, args...)
	}
}

// ended notes that a session has ended.
func (p *people) ended(c *servertest.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = append(p.left, c)
}

// start has everybody look again and again.
func (p *people) start() {
	for _, c := range p.stay {
		p.group.Go(func() { p.loop(func() { p.checkIn(c) }) })
	}
	for range 3 {
		p.group.Go(func() {
			p.loop(func() {
				p.mu.Lock()
				var c *servertest.Client
				if len(p.left) > 0 {
					c = p.left[rand.IntN(len(p.left))]
				}
				p.mu.Unlock()
				if c != nil {
					p.checkOut(c)
				}
			})
		})
	}
}

func (p *people) loop(do func()) {
	for {
		select {
		case <-p.stop:
			return
		case <-time.After(time.Duration(20+rand.IntN(60)) * time.Millisecond):
			do()
		}
	}
}

func (p *people) checkIn(c *servertest.Client) {
	if in, err := p.in(c); err != nil || !in {
		p.fail("%s: logged in %v, %v", c.Name, in, err)
	}
}

func (p *people) checkOut(c *servertest.Client) {
	if in, err := p.in(c); err != nil || in {
		p.fail("%s has left: logged in %v, %v", c.Name, in, err)
	}
}

// comeAndGo has somebody log in and out again, and somebody else change the password, so that the other one of two
// sessions ends.
func (p *people) comeAndGo(name string) {
	again := func() *servertest.Client {
		c := browser(p.t, p.f[rand.IntN(len(p.f))])
		c.Name = name
		a := servertest.Again(50, func() servertest.Answer {
			return p.asked.Count(c.Try(servertest.Form("/login", "name", name, "password", password)))
		})
		if a.Err != nil || a.Status != http.StatusOK || a.URL.Path == "/login" {
			p.fail("%s cannot log in: %d %v %v", name, a.Status, a.URL, a.Err)
		}
		return c
	}
	a, b := again(), again()
	p.checkIn(a)
	old := p.like(a)
	old.Name = name
	if answer := p.try(a, servertest.Form("/logout")); answer.Err != nil || answer.Status != http.StatusOK {
		p.fail("%s cannot log out: %d %v", name, answer.Status, answer.Err)
	}
	p.ended(old)
	p.checkOut(old)
	p.checkIn(b)
	// b ends by being ended elsewhere: the settings' list of sessions ends all others.
	c := again()
	old = p.like(b)
	old.Name = name
	busy := false // once: it may have been changed all the same, and password is not the current one any more
	answer := servertest.Again(50, func() servertest.Answer {
		a := p.asked.Count(p.like(c).Try(servertest.Form("/settings/account", "what", "password", "current_password", password, "new_password", password+"!")))
		busy = busy || a.Busy()
		return a
	})
	if answer.Err != nil || answer.Status != http.StatusOK && !(busy && answer.Status == http.StatusUnprocessableEntity) {
		p.fail("%s cannot change the password: %d %v", name, answer.Status, answer.Err)
	}
	p.ended(old)
	p.checkOut(old)
}

// end stops everybody, and asks once more for all.
func (p *people) end() {
	close(p.stop)
	p.group.Wait()
	for _, c := range p.stay {
		p.checkIn(c)
	}
	for _, c := range p.left {
		p.checkOut(c)
	}
	p.t.Logf("%d requests, %d failed; %d sessions ended on the way", p.asked.Asked(), p.failed.Load(), len(p.left))
	p.asked.Check(p.t)
}

// moveStatus is what the program says of the move of sessions.
func moveStatus(t *testing.T, i *servertest.Instance) (phase, inCharge string) {
	t.Helper()
	out, stderr, err := i.Command("move", "status", "--json")
	var answer struct {
		Moves []struct {
			Part, Phase string
			InCharge    string `json:"in_charge"`
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(out), &answer)
	}
	if err != nil {
		t.Fatal(err, out, stderr)
	}
	if len(answer.Moves) == 0 {
		return "", ""
	}
	return answer.Moves[0].Phase, answer.Moves[0].InCharge
}

// R39, R40, R41: sessions move from SQL to DynamoDB and back while people look, log in and out and change passwords,
// with movers that are killed and hang. Nobody is logged out, and no log-out is undone. An instance that boots with the
// old setting serves the new place or refuses.
func TestSessionsMoveUnderPeople(t *testing.T) {
	servertest.OneOf(t, 0, 3)
	f := movingSite(t, 3)
	p := &people{t: t, f: f, stop: make(chan struct{}), asked: servertest.NewLoad(t)}
	names := 0
	newcomer := func() string {
		names++
		name := fmt.Sprintf("member%d", names)
		if err := browser(t, f[names%3]).TrySignUp(name); err != nil {
			t.Fatal(err)
		}
		return name
	}
	for i := range 8 {
		c := browser(t, f[i%3])
		c.Name = fmt.Sprintf("stays%d", i)
		c.SignUp(c.Name)
		p.stay = append(p.stay, c)
	}
	p.comeAndGo(newcomer())
	p.start()

	// Somebody comes and goes all the time: before, in each phase and after.
	var coming sync.WaitGroup
	comingEnds := make(chan struct{})
	arrivals := make(chan string, 400)
	for range 40 {
		arrivals <- newcomer()
	}
	coming.Go(func() {
		for {
			select {
			case <-comingEnds:
				return
			case name := <-arrivals:
				p.comeAndGo(name)
			}
			select {
			case <-comingEnds:
				return
			case <-time.After(time.Second):
			}
		}
	})

	run := func(from, to string, kills int, args ...string) {
		t.Helper()
		if kills == 0 {
			if out, stderr, err := f[2].Command(args...); err != nil || !strings.Contains(out, "The sessions are in "+to) {
				t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
			}
			return
		}
		// Movers are killed in the middle, wherever that is.
		for range kills {
			m := f[0].StartCommand(args...)
			select {
			case <-m.Ended():
			case <-time.After(time.Duration(500+rand.IntN(6000)) * time.Millisecond):
			}
			m.Kill()
		}
		// One hangs, another goes on with its work, and then the first one wakes. Where those that were killed had got to the
		// end, there is nothing left to do.
		hung := f[1].StartCommand(args...)
		servertest.Within(t, time.Minute, "the mover is at work, or done", func() bool {
			select {
			case <-hung.Ended():
				return true
			default:
			}
			out, _, err := f[0].Command("move", "status", "--json")
			return err == nil && strings.Contains(out, fmt.Sprintf("process %d", hung.PID()))
		})
		hung.Signal(syscall.SIGSTOP)
		out, stderr, err := f[2].Command(args...)
		if err != nil || !strings.Contains(out, "The sessions are in "+to) {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
		t.Logf("%v:\n%s", args, out)
		hung.Signal(syscall.SIGCONT)
		if _, charge := moveStatus(t, f[0]); charge != to {
			t.Errorf("in charge is %s", charge)
		}
		hung.Wait()
		if phase, charge := moveStatus(t, f[0]); charge != to || phase != "moved" {
			t.Errorf("after the hung mover woke: %s, in charge is %s", phase, charge)
		}
	}
	// In one direction movers are killed and hang; which one, the seed says.
	there, back := 2, 2
	if !servertest.All() {
		there = 2 * servertest.Random(t).IntN(2)
		back = 2 - there
	}
	run("sql:", "dynamodb:sessions", there, "move", "sessions")

	// R40: the old setting alone is refused, by the new place's name; with the new place at hand, that is served.
	late := servertest.NewTintype(t)
	late.Set(f[0].Settings()...)
	late.Set("SESSION_NEXT=")
	late.StartOnly()
	if err := late.Wait(time.Minute); err == nil || !strings.Contains(late.Logs(), "dynamodb:sessions") {
		t.Errorf("an instance with the old setting alone: %v\n%s", err, late.Logs())
	}
	late.Set("SESSION_NEXT=dynamodb:sessions")
	late.Start()
	if !strings.Contains(late.Logs(), "make it the setting") {
		t.Errorf("it does not say what to write:\n%s", late.Logs())
	}
	for _, c := range p.stay {
		b := browser(t, late)
		b.Bring(c.Cookies())
		b.LoggedIn(c.Name)
	}
	if err := late.Stop(); err != nil {
		t.Error(err)
	}

	run("dynamodb:sessions", "sql:", back, "move", "back", "sessions")
	if out, stderr, err := f[0].Command("move", "finish", "sessions"); err != nil || !strings.Contains(out, "is finished") {
		t.Errorf("finish: %v\n%s%s", err, out, stderr)
	}
	close(comingEnds)
	coming.Wait()
	p.end()
	if len(p.left) < 6 {
		t.Errorf("only %d sessions ended on the way", len(p.left))
	}
}

// R39 on a laptop: one process with SQLite, which is killed in the middle and comes back. The move waits for it and goes
// on; the doctor says where the sessions are.
func TestSessionsMoveFromSQLite(t *testing.T) {
	servertest.OneOf(t, 2, 3)
	dynamo := servertest.DynamoDB(t)
	i := servertest.NewTintype(t, append(keys, "AWS_REGION=eu-central-1", "AWS_ENDPOINT_URL_DYNAMODB="+dynamo.URL, "SESSION_NEXT=dynamodb:sessions", "LOG_LEVEL=warn")...)
	if out, stderr, err := i.Command("setup", "dynamodb"); err != nil {
		t.Fatal(err, out, stderr)
	}
	i.Start()
	anna, berta := browser(t, i), browser(t, i)
	anna.SignUp("anna")
	berta.SignUp("berta")
	must := func(want string, args ...string) {
		t.Helper()
		out, stderr, err := i.Command(args...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	must("Nothing was begun", "move", "sessions", "--dry-run")
	if phase, _ := moveStatus(t, i); phase != "" {
		t.Errorf("a dry run leaves %q", phase)
	}
	mover := i.StartCommand("move", "sessions", "--json")
	servertest.Within(t, time.Minute, "the move has begun", func() bool {
		phase, _ := moveStatus(t, i)
		return phase == "reading"
	})
	i.Kill()
	i.Start()
	anna.LoggedIn("anna")
	out, err := mover.Wait()
	if err != nil {
		t.Fatal(err, out)
	}
	for line := range strings.Lines(out) {
		var object struct{ Event string }
		if err := json.Unmarshal([]byte(line), &object); err != nil || object.Event == "" {
			t.Errorf("%v: %q", err, line)
		}
	}
	anna.LoggedIn("anna")
	berta.Do(servertest.Form("/logout")).Want(http.StatusOK)
	if said, _, _ := i.Command("doctor"); !strings.Contains(said, "make it the setting") { // other checks decide over its exit status
		t.Errorf("the doctor says\n%s", said)
	}
	// The operator writes down what the command said.
	if err := i.Stop(); err != nil {
		t.Error(err)
	}
	i.Set("SESSION_STORE=dynamodb", "SESSION_DYNAMODB_TABLE=sessions", "SESSION_NEXT=sql:")
	i.Start()
	anna.LoggedIn("anna")
	berta.LoggedOut()
	must("is finished, and sql: is empty", "move", "finish", "sessions")
	must("The sessions are in sql:", "move", "back", "sessions")
	anna.LoggedIn("anna")
	berta.LoggedOut()
	must("is finished, and dynamodb:sessions is empty", "move", "finish", "sessions")
	must("The sessions are in sql:", "move", "back", "sessions") // which they are
	if phase, charge := moveStatus(t, i); phase != "finished" || charge != "sql:" {
		t.Errorf("asked to go back again: %s, %s", phase, charge)
	}
	anna.LoggedIn("anna")
}

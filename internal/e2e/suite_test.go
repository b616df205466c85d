package e2e

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A stage is a site on some rung, on which the scenarios of the suite play one after the other, each with people of
// its own names. Nothing else differs between the rungs.
type stage struct{ *servertest.Site }

// late tells whether others may see a moment later what somebody did: replicas follow, and each process keeps
// visitors' pages for itself. Whoever did it sees it at once everywhere.
func (s stage) late() bool { return s.Rung.Replicas > 0 || len(s.Processes()) > 1 }

func (s stage) visitor(t testing.TB) *servertest.Client {
	t.Helper()
	m := servertest.NewClient(t, s.URL)
	m.Late = s.late()
	return m
}

func (s stage) join(t testing.TB, name string) *servertest.Client {
	t.Helper()
	m := servertest.NewClient(t, s.URL).SignUp(name)
	m.Late = s.late()
	return m
}

// suite is what a site does whatever it is made of. The last ones stop and kill its processes.
var suite = []struct {
	name string
	play func(*testing.T, stage)
}{
	{"a day without scripts", day},
	{"marks", marks},
	{"lists and filters", listsAndFilters},
	{"who may comment", whoMayComment},
	{"search", behind(searching)},
	{"notifications by kind", behind(notificationsByKind)},
	{"album forms", behind(albumForms)},
	{"editing photographs", behind(editingPhotographs)},
	{"directory", behind(directory)},
	{"nothing entered is lost", nothingEnteredIsLost},
	{"others' ids", othersIDs},
	{"cross-origin", crossOrigin},
	{"a too large form", aTooLargeForm},
	{"a form many times at once", aFormManyTimesAtOnce},
	{"go-mastodon", goMastodon},
	{"Mastodon.py", mastodonPy},
	{tootScenario, tootClient},
	{"masto.js", mastoJS},
	{"masto.js for those who look after a site", mastoStaff},
	{"streams", streams},
	{"a browser", inABrowser},
	{"every server has its part", backends},
	{"a live page", livePage},
	{"kills", kills},
}

// tootScenario takes longer than all others together, most of it Python's, and asks what other clients ask. Without
// TEST_ALL=1 it is played at rung 0 alone, with one seed in three.
const tootScenario = "toot"

// longScenarios are those that take longest after it. Without TEST_ALL=1 all of them are played at rung 0, and on the other
// rung the one that TEST_SEED chooses.
var longScenarios = []string{"Mastodon.py", "a browser", "a live page"}

// TestMatrix plays the suite at rung 0, on the whole fleet with either flavour of MySQL, on each rung between, on combinations that have all pairs
// of what can be switched (R10), and on three more that TEST_SEED makes up. Without TEST_ALL=1 it plays at rung 0, and on
// the whole or one of the others with a database server, on MySQL 9. TEST_SEED chooses that one.
func TestMatrix(t *testing.T) {
	ladder, random := servertest.Ladder(), servertest.Random(t)
	rungs := append(ladder, pairwise(ladder)...)
	for most := len(rungs) + 3; len(rungs) < most; {
		var r servertest.Rung
		for _, s := range switches {
			s.set(&r, random.IntN(2))
		}
		if r.Valid() && !slices.Contains(rungs, r) {
			rungs = append(rungs, r)
		}
	}
	whole := len(ladder) - 1
	toot := servertest.All() || random.IntN(3) == 0
	long := longScenarios[random.IntN(len(longScenarios))]
	switch {
	case servertest.All():
		onMySQL := rungs[whole]
		onMySQL.Flavour = servertest.FlavourMySQL
		rungs = append(rungs, onMySQL)
	case testing.Short():
		rungs = rungs[:1]
	default:
		chosen := whole
		if random.IntN(2) == 0 {
			chosen = 1 + random.IntN(len(rungs)-1)
		}
		if !rungs[chosen].MySQL {
			chosen = whole
		}
		rungs = []servertest.Rung{rungs[0], rungs[chosen]}
		// Whole fleets of MariaDB are in many other tests. Without a MySQL here this is one, too.
		if os.Getenv("MYSQL_ROOT") != "" {
			rungs[1].Flavour = servertest.FlavourMySQL
		}
	}
	for i, rung := range rungs {
		t.Run(rung.String(), func(t *testing.T) {
			begun := time.Now()
			s := stage{servertest.NewSite(t, rung, "SIGNUP_LIMIT=100000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m")}
			t.Logf("up after %s", time.Since(begun).Round(time.Millisecond))
			driven := drivenRoutes{}
			for _, scenario := range suite {
				if scenario.name == tootScenario && (!toot || i > 0 && !servertest.All()) {
					continue
				}
				if i > 0 && !servertest.All() && scenario.name != long && slices.Contains(longScenarios, scenario.name) {
					continue
				}
				t.Run(scenario.name, func(t *testing.T) {
					if i == 0 && slices.Contains(clientScenarios, scenario.name) {
						defer driven.note(t, s, scenario.name)()
					}
					scenario.play(t, s)
				})
			}
			if i == 0 {
				driven.complete(t, s)
			}
		})
	}
}

// switches are the parts of a site that can be switched, and what they can be.
var switches = []struct {
	name string
	set  func(r *servertest.Rung, value int)
}{
	{"database", func(r *servertest.Rung, v int) { r.MySQL = v == 1 }},
	{"replicas", func(r *servertest.Rung, v int) { r.Replicas = 2 * v }},
	{"sessions", func(r *servertest.Rung, v int) { r.DynamoDB = v == 1 }},
	{"photos", func(r *servertest.Rung, v int) { r.S3 = v == 1 }},
	{"cdn", func(r *servertest.Rung, v int) { r.CDN = v == 1 }},
	{"cache", func(r *servertest.Rung, v int) { r.Redis = v == 1 }},
	{"queue", func(r *servertest.Rung, v int) { r.SQS = v == 1 }},
	{"worker", func(r *servertest.Rung, v int) { r.Worker = v == 1 }},
	{"web", func(r *servertest.Rung, v int) { r.Web = 3 * v }},
}

// A setting is one value of one switch.
type setting struct{ place, value int }

// everyRung is each combination that goes together, with its settings.
func everyRung() map[servertest.Rung][]setting {
	every := make(map[servertest.Rung][]setting)
	for n := range 1 << len(switches) {
		var r servertest.Rung
		var settings []setting
		for place, s := range switches {
			value := n >> place & 1
			s.set(&r, value)
			settings = append(settings, setting{place, value})
		}
		if r.Valid() {
			every[r] = settings
		}
	}
	return every
}

// pairs are the pairs of settings of a rung.
func pairs(settings []setting) [][2]setting {
	var out [][2]setting
	for i, a := range settings {
		for _, b := range settings[i+1:] {
			out = append(out, [2]setting{a, b})
		}
	}
	return out
}

// pairwise are rungs that have, together with those given, every pair of settings that goes together: each is the one
// with the most pairs that are still missing.
func pairwise(given []servertest.Rung) []servertest.Rung {
	every := everyRung()
	missing := make(map[[2]setting]bool)
	for _, settings := range every {
		for _, p := range pairs(settings) {
			missing[p] = true
		}
	}
	take := func(r servertest.Rung) {
		for _, p := range pairs(every[r]) {
			delete(missing, p)
		}
	}
	for _, r := range given {
		take(r)
	}
	var more []servertest.Rung
	for len(missing) > 0 {
		var best servertest.Rung
		most := -1
		for r, settings := range every {
			n := 0
			for _, p := range pairs(settings) {
				if missing[p] {
					n++
				}
			}
			if n > most || n == most && fmt.Sprint(r) < fmt.Sprint(best) { // the same ones each time
				best, most = r, n
			}
		}
		take(best)
		more = append(more, best)
	}
	return more
}

func TestEveryPairIsInTheMatrix(t *testing.T) {
	ladder := servertest.Ladder()
	rungs := append(ladder, pairwise(ladder)...)
	has := func(a, b setting) bool {
		for _, r := range rungs {
			with := r
			switches[a.place].set(&with, a.value)
			switches[b.place].set(&with, b.value)
			if with == r {
				return true
			}
		}
		return false
	}
	impossible := 0
	for a := range switches {
		for b := range a {
			for n := range 4 {
				if !has(setting{a, n & 1}, setting{b, n >> 1}) {
					impossible++
				}
			}
		}
	}
	// SQLite with replicas, with a worker, with more instances.
	if impossible != 3 || len(rungs) > 13 {
		t.Errorf("%d rungs lack %d pairs, want 3 that do not go together: %v", len(rungs), impossible, rungs)
	}
	for _, r := range rungs {
		if !r.Valid() {
			t.Errorf("the settings of %s contradict each other", r)
		}
	}
}

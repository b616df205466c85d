package ladder

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// now is when the days of these tests end.
var now = time.UnixMilli(1_800_000_000_000)

// small is a process on one machine with everything on it.
var small = Facts{
	Release: "1", Web: true, Worker: true, CPUs: 2, Memory: 4 << 30, Database: "sqlite:/data/tintype.db", SQLite: true,
	Sessions: "sql:", Photos: "disk:/data/photos", Cache: "memory", Queue: "the database",
	MaxInFlight: 512, PhotoMemory: 512 << 20, JobWorkers: 2, Reserved: 10, Processes: 1,
}

// large is one of several, on servers.
func large() Facts {
	f := small
	f.SQLite, f.Database, f.Connections, f.Processes = false, "mysql://app@db/tintype", 20, 4
	f.DynamoDB, f.Sessions, f.S3, f.Photos = true, "dynamodb:t", true, "s3://photos"
	return f
}

// rowsOf are those of a process that measured the same in each minute until the end of the day.
func rowsOf(t testing.TB, id int64, f Facts, minutes int, figures func(minute int) Figures) (rows []Row) {
	t.Helper()
	facts, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	quarters := map[int64]*quarter{}
	const minute, long = int64(60_000), int64(15 * 60_000)
	for i := range minutes {
		at := now.UnixMilli()/minute*minute - int64(minutes-i)*minute
		if quarters[at/long] == nil {
			quarters[at/long] = &quarter{Every: minute, Figures: map[string][]*float64{}}
		}
		quarters[at/long].add(at, figures(i))
	}
	for _, k := range slices.Sorted(maps.Keys(quarters)) {
		text, err := quarters[k].text()
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, Row{At: k * long, Instance: id, Host: fmt.Sprintf("machine %d", id), Facts: string(facts), Figures: text})
	}
	return rows
}

func steady(f Figures) func(int) Figures { return func(int) Figures { return f } }

func find(list []Advice, rule string) *Advice {
	for i := range list {
		if list[i].Rule == rule {
			return &list[i]
		}
	}
	return nil
}

// Each rule advises its step when its signal was beyond the bound for long enough, in no other minute, and on no site that it is not about.
func TestEachRule(t *testing.T) {
	single, big := small, small
	single.SQLite, single.Connections, single.S3 = false, 20, true
	big.CPUs = 8
	replicated, cached := large(), large()
	replicated.Replicas = []string{"mysql://reader@db/tintype"}
	cached.Redis = true
	pinched := small
	pinched.PhotoMemory = 3 << 30
	tested := map[string]bool{"alone": true, "group": true} // by TestRulesOfTheDay
	for _, c := range []struct {
		rule   string
		sites  []Facts  // one for each process
		beside Figures  // what else was measured
		other  []Facts  // of which the rule says nothing
		want   []string // of the step
	}{
		{"photo-memory", []Facts{small}, nil, nil, []string{"PHOTO_MEMORY=1024MiB"}},
		{"photo-memory", []Facts{pinched}, nil, nil, []string{"4 processors"}},
		{"admission", []Facts{small}, Figures{CPU: 0.2}, nil, []string{"MAX_IN_FLIGHT=1024"}},
		{"admission", []Facts{small}, Figures{CPU: 0.9}, nil, []string{"4 processors", "only be slower"}},
		{"connections", []Facts{single}, nil, []Facts{small}, []string{"DATABASE_MAX_CONNECTIONS=50"}},
		{"jobs", []Facts{small}, Figures{CPU: 0.2}, nil, []string{"JOB_WORKERS=4"}},
		{"jobs", []Facts{small}, Figures{CPU: 0.9}, nil, []string{"4 processors"}},
		{"jobs", []Facts{large(), large()}, Figures{CPU: 0.9}, nil, []string{"QUEUE_URL=", "ROLES=worker"}},
		{"machine", []Facts{small}, nil, []Facts{big}, []string{"4 processors"}},
		{"memory", []Facts{small}, nil, nil, []string{"4 processors"}},
		{"database", []Facts{small}, nil, []Facts{large()}, []string{"move database", "DATABASE_NEXT_FILE="}},
		{"instances", []Facts{big}, nil, []Facts{small}, []string{"move sessions", "move media", "move database", "STATELESS=true"}},
		{"instances", []Facts{large(), large()}, nil, nil, []string{"one more", "FLEET_MAX_PROCESSES=5"}},
		{"disk", []Facts{small}, nil, []Facts{large()}, []string{"move media", "MEDIA_NEXT="}},
		{"cdn", []Facts{small}, nil, nil, []string{"MEDIA_BASE_URL="}},
		{"replicas", []Facts{large()}, Figures{Reads: 90, Writes: 10}, []Facts{small, replicated}, []string{"DATABASE_REPLICA_URLS_FILE="}},
		{"late-replicas", []Facts{replicated}, nil, []Facts{large()}, []string{"replica_preserve_commit_order"}},
		{"cache", []Facts{large(), large()}, nil, []Facts{small}, []string{"CACHE_URL_FILE="}},
		{"cache-away", []Facts{cached, cached}, nil, []Facts{large()}, []string{"remove CACHE_URL"}},
		{"workers", []Facts{large()}, nil, []Facts{small}, []string{"QUEUE_URL=", "ROLES=web"}},
	} {
		i := slices.IndexFunc(Rules, func(r Rule) bool { return r.Name == c.rule })
		if i < 0 {
			t.Fatalf("no rule %s", c.rule)
		}
		rule, signal := Rules[i], signalOf(Rules[i].Signal)
		tested[c.rule] = true
		t.Run(c.rule, func(t *testing.T) {
			beyond, within := rule.Bound, rule.Bound*0.9
			if signal.fold == foldLeast {
				within = rule.Bound * 1.1
			}
			report := func(sites []Facts, reached int) Report {
				var rows []Row
				for id, f := range sites {
					rows = append(rows, rowsOf(t, int64(id+1), f, 120, func(minute int) Figures {
						figures := Figures{}
						maps.Copy(figures, c.beside)
						figures[rule.Signal] = within
						if minute < reached {
							figures[rule.Signal] = beyond
						}
						if signal.fold == foldSum {
							figures[rule.Signal] /= float64(len(sites))
						}
						return figures
					})...)
				}
				return Advise(ReadDay(rows, now), DefaultPrices())
			}
			a := find(report(c.sites, rule.Minutes).Advice, c.rule)
			if a == nil {
				t.Fatalf("nothing is advised after %d minutes", rule.Minutes)
			}
			text := a.Step.Text + " " + strings.Join(slices.Concat(a.Step.Settings, a.Step.Commands), " ")
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in %s", want, text)
				}
			}
			if a.Reached != rule.Minutes || !strings.Contains(a.Why, rule.Why) || !strings.Contains(a.Why, signal.Format(rule.Bound)) {
				t.Errorf("%d minutes, because %s", a.Reached, a.Why)
			}
			short := report(c.sites, rule.Minutes-1)
			if find(short.Advice, c.rule) != nil {
				t.Errorf("advised after %d minutes", rule.Minutes-1)
			}
			if rule.Climbs && find(short.Waste, c.rule) == nil {
				t.Errorf("nothing says that it would be a waste after %d minutes: %+v", rule.Minutes-1, short.Waste)
			}
			for _, other := range c.other {
				r := report([]Facts{other}, 120)
				if find(r.Advice, c.rule) != nil || find(r.Waste, c.rule) != nil {
					t.Errorf("it is about another site, too: %+v", other)
				}
			}
		})
	}
	for _, r := range Rules {
		if !tested[r.Name] {
			t.Errorf("the rule %s has no test", r.Name)
		}
	}
}

// The rules that look at the whole day.
func TestRulesOfTheDay(t *testing.T) {
	away := func(missing int) *Day {
		rows := rowsOf(t, 1, small, 120, steady(Figures{CPU: 0.1}))
		for i := range rows {
			var q quarter
			if err := json.Unmarshal([]byte(rows[i].Figures), &q); err != nil {
				t.Fatal(err)
			}
			kept := quarter{Every: q.Every, Figures: map[string][]*float64{}}
			for j, at := range q.Minutes {
				if ago := (now.UnixMilli() - at) / 60_000; ago < 50 || ago >= int64(50+missing) {
					kept.add(at, Figures{CPU: *q.Figures[CPU][j]})
				}
			}
			rows[i].Figures, _ = kept.text()
		}
		return ReadDay(rows, now)
	}
	if a := find(Advise(away(4), DefaultPrices()).Advice, "alone"); a == nil || a.Reached != 4 || !slices.Contains(a.Step.Commands, "move sessions") || a.Bill.Monthly <= 0 {
		t.Errorf("four minutes without an answer: %+v", a)
	}
	for _, missing := range []int{0, 1, 2} {
		if a := find(Advise(away(missing), DefaultPrices()).Advice, "alone"); a != nil {
			t.Errorf("%d minutes without an answer: %+v", missing, a)
		}
	}

	day := func(low, high float64) Report {
		var rows []Row
		for id := range 3 {
			rows = append(rows, rowsOf(t, int64(id), large(), 240, func(minute int) Figures {
				if minute < 120 {
					return Figures{Cores: low}
				}
				return Figures{Cores: high}
			})...)
		}
		return Advise(ReadDay(rows, now), DefaultPrices())
	}
	if r := day(0.1, 1); find(r.Advice, "group") == nil {
		t.Errorf("three instances at 0.3 and at 3 of 6 processors: %+v", r.Advice)
	}
	if r := day(0.8, 1); find(r.Advice, "group") != nil || find(r.Waste, "group") == nil {
		t.Errorf("three instances at 2.4 and at 3 of 6 processors: %+v", r.Advice)
	}
}

// A rung that is paid for and not used is named, with what it costs; one that is used is not.
func TestEachSurplus(t *testing.T) {
	roomy, replicated, cached, worker, web := small, large(), large(), large(), large()
	roomy.CPUs = 8
	replicated.Replicas = []string{"mysql://reader@db/tintype"}
	cached.Redis = true
	worker.Web, web.Worker = false, false
	for _, c := range []struct {
		name  string
		sites []Facts
		scale float64 // of the signal's figure to what is judged
	}{
		{"big-machine", []Facts{roomy}, 1},
		{"many-instances", []Facts{large(), large(), large()}, 2 * 2},
		{"idle-replicas", []Facts{replicated}, 1},
		{"idle-cache", []Facts{cached}, 1},
		{"idle-workers", []Facts{web, worker}, 1},
	} {
		i := slices.IndexFunc(Surpluses, func(s Surplus) bool { return s.Name == c.name })
		if i < 0 {
			t.Fatalf("no surplus %s", c.name)
		}
		s := Surpluses[i]
		report := func(minutes int, level float64) Report {
			var rows []Row
			for id, f := range c.sites {
				rows = append(rows, rowsOf(t, int64(id+1), f, minutes, func(int) Figures {
					figure := level * c.scale
					if signalOf(s.Signal).fold == foldSum {
						figure /= float64(len(c.sites))
					}
					return Figures{s.Signal: figure}
				})...)
			}
			return Advise(ReadDay(rows, now), DefaultPrices())
		}
		if a := find(report(90, s.Bound*0.9).Waste, c.name); a == nil || a.Bill.Monthly >= 0 || !strings.Contains(a.Why, s.Why) {
			t.Errorf("%s: %+v", c.name, a)
		}
		if a := find(report(90, s.Bound*1.1).Waste, c.name); a != nil {
			t.Errorf("%s, though it is used: %+v", c.name, a)
		}
		if a := find(report(surplusMinutes-1, 0).Waste, c.name); a != nil {
			t.Errorf("%s, after less than an hour: %+v", c.name, a)
		}
	}
	if len(Surpluses) != 5 {
		t.Errorf("%d surpluses, and a test of 5", len(Surpluses))
	}
}

// Once a setting was changed, what was measured before says nothing of the site any more; a new release does not matter.
func TestFiguresOfAnotherFooting(t *testing.T) {
	raised, next := small, small
	raised.MaxInFlight, next.Release = 1024, "2"
	old := rowsOf(t, 1, small, 60, steady(Figures{Refused: 5}))
	for i := range old { // two hours earlier
		var q quarter
		_ = json.Unmarshal([]byte(old[i].Figures), &q)
		for j := range q.Minutes {
			q.Minutes[j] -= 2 * 3600_000
		}
		old[i].Figures, _ = q.text()
	}
	r := Advise(ReadDay(append(slices.Clone(old), rowsOf(t, 2, raised, 20, steady(Figures{Refused: 0}))...), now), DefaultPrices())
	if find(r.Advice, "admission") != nil || r.Minutes != 20 || r.Processes != 1 {
		t.Errorf("after the limit was raised: %+v", r)
	}
	r = Advise(ReadDay(append(slices.Clone(old), rowsOf(t, 2, next, 20, steady(Figures{Refused: 0}))...), now), DefaultPrices())
	if find(r.Advice, "admission") == nil || r.Minutes != 80 {
		t.Errorf("after another release: %+v", r)
	}
}

func TestReports(t *testing.T) {
	empty := Advise(ReadDay(nil, now), DefaultPrices())
	var text bytes.Buffer
	if err := WriteText(&text, empty); err != nil || !strings.Contains(text.String(), "Nothing has been measured") || strings.Contains(text.String(), "Advice") {
		t.Errorf("of nothing: %v %s", err, &text)
	}
	// What cannot be read is another release's.
	rows := append(rowsOf(t, 1, small, 60, steady(Figures{Refused: 2, Requests: 3, "of_a_later_release": 1})), Row{At: 1, Instance: 9, Facts: "{", Figures: "?"})
	r := Advise(ReadDay(rows, now), DefaultPrices())
	text.Reset()
	if err := WriteText(&text, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"One step is worth taking", "Rung 1: more requests at once. It costs nothing more.", "MAX_IN_FLIGHT=1024", "machine 1", "10800 requests", "sqlite:/data/tintype.db", "refused", "unverified", "A waste", "Rung 2: the database on its own"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, &text)
		}
	}
	for _, never := range []string{"NaN", "of_a_later_release", "%!"} {
		if strings.Contains(text.String(), never) {
			t.Errorf("%q in\n%s", never, &text)
		}
	}
	raw, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(raw), `"rule":"admission"`) {
		t.Errorf("%v %s", err, raw)
	}
}

// Each process proves by its own counts what it uses.
func TestCountsOfEachProcess(t *testing.T) {
	busy, idle := Figures{Requests: 3, Reads: 10, SessionUses: 2}, Figures{Requests: 1, Reads: 4}
	rows := append(rowsOf(t, 1, large(), 60, steady(busy)), rowsOf(t, 2, large(), 60, steady(idle))...)
	r := Advise(ReadDay(rows, now), DefaultPrices())
	want := map[string]map[string]string{
		"Instances": {"machine 1": "10800 requests", "machine 2": "3600 requests"},
		"Database":  {"machine 1": "36000 reads", "machine 2": "14400 reads"},
		"Sessions":  {"machine 1": "7200 uses", "machine 2": "0 uses"},
	}
	for _, rung := range r.Rungs {
		counts, asked := map[string]string{}, want[rung.Part]
		for _, use := range rung.Uses {
			counts[use.Process] = use.Text()
		}
		if asked != nil && !maps.Equal(counts, asked) {
			t.Errorf("%s: %v, want %v", rung.Part, counts, asked)
		}
	}
	if m := r.Signals[slices.IndexFunc(r.Signals, func(m Measured) bool { return m.Name == Requests })]; m.Now != 4 {
		t.Errorf("both answered %v requests a second", m.Now)
	}
}

// A table of prices that lacks one, has one too many or no date is refused by name.
func TestPrices(t *testing.T) {
	if p := DefaultPrices(); p.Verified || p.Date == "" {
		t.Errorf("%+v: nobody has verified these", p)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"date": "2026-11-29"`, `"date": "today"`, "the date"},
		{`"cache"`, `"cash"`, "cash"},
		{`"USD"`, `""`, "currency"},
		{`"cost": 28`, `"cost": -1`, "machine-2"},
		{`"verified"`, `"checked"`, "checked"},
	} {
		changed := strings.Replace(string(pricesFile), c.from, c.to, 1)
		if _, err := ReadPrices([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.to, err)
		}
	}
	b := DefaultPrices().bill(map[string]int{"machine-2": -2, "machine-4": 2})
	if b.Monthly != 2*(124-28) || len(b.Items) != 2 {
		t.Errorf("%+v", b)
	}
}

// tableOfOne keeps rows as the site's database does.
type tableOfOne struct {
	mu     sync.Mutex
	rows   map[[2]int64]Row
	away   bool
	swept  int64
	writes int
}

func (t *tableOfOne) SaveMeasures(_ context.Context, r Row) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.away {
		return errors.New("away")
	}
	t.rows[[2]int64{r.At, r.Instance}] = r
	t.writes++
	return nil
}

func (t *tableOfOne) Measures(context.Context, int64) (list []Row, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.rows)), nil
}

func (t *tableOfOne) DeleteOldMeasures(_ context.Context, before int64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.swept = before
	return nil
}

// A process keeps one row a quarter, tells what it measured while the database was away, and forgets what is too old.
func TestRecorder(t *testing.T) {
	table := &tableOfOne{rows: map[[2]int64]Row{}}
	facts := small
	r := NewRecorder(RecorderOptions{Table: table, Instance: 7, Host: "here", Facts: func() Facts { return facts }})
	start := time.UnixMilli(1_800_000_000_000) // a quarter begins
	minute := func(i int, v float64) {
		t.Helper()
		if err := r.add(start.Add(time.Duration(i)*time.Minute+time.Second), Figures{CPU: v}); err != nil {
			t.Fatal(err)
		}
	}
	day := func() *Day {
		rows, _ := table.Measures(t.Context(), 0)
		return ReadDay(rows, start.Add(time.Hour))
	}
	for i := range 10 {
		minute(i, 0.5)
		if err := r.save(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(table.rows) != 1 || day().Minutes() != 10 {
		t.Errorf("%d rows, %d minutes", len(table.rows), day().Minutes())
	}
	table.away = true
	for i := 10; i < 40; i++ {
		minute(i, 0.25)
		if r.save(t.Context()) == nil {
			t.Fatal("the database took it")
		}
	}
	table.away = false
	if err := r.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(table.rows) != 3 || day().Minutes() != 40 {
		t.Errorf("after it was away: %d rows, %d minutes", len(table.rows), day().Minutes())
	}
	table.away = true
	for i := 40; i < 1000; i++ {
		minute(i, 0.25)
	}
	if len(r.rows) > unsavedRows {
		t.Errorf("%d rows wait for the database", len(r.rows))
	}
	// Another setting begins a row anew.
	facts.MaxInFlight++
	minute(1000, 0.1)
	var q quarter
	if err := json.Unmarshal([]byte(r.rows[r.now].Figures), &q); err != nil || len(q.Minutes) != 1 {
		t.Errorf("%v %+v", err, q)
	}
	if err := r.sweep(t.Context(), start); err != nil || start.UnixMilli()-table.swept < Kept.Milliseconds() {
		t.Errorf("%v: swept to %d", err, table.swept)
	}
}

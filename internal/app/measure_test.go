package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/doctor"
	"tintype/internal/ladder"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// minuteOfTests is what counts as a minute in these tests, so that an hour passes in six seconds.
const minuteOfTests = 100 * time.Millisecond

// A measuredSite measures itself in short minutes, and is asked by the command, as operators ask.
type measuredSite struct {
	*testSite
	t   *testing.T
	env []string
}

func measured(t *testing.T, env ...string) *measuredSite {
	t.Helper()
	return measuredAs(t, func(*App) {}, env...)
}

func measuredAs(t *testing.T, change func(*App), env ...string) *measuredSite {
	t.Helper()
	if !strings.Contains(strings.Join(env, " "), "DATA_DIR=") {
		env = append(env, "DATA_DIR="+filepath.Join(t.TempDir(), "data"))
	}
	site, _ := wiredAs(t, func(a *App) { a.measureEvery = minuteOfTests; change(a) }, env...)
	return &measuredSite{site, t, env}
}

// report is what `tintype ladder --json` says.
func (s *measuredSite) report() (r ladder.Report) {
	s.t.Helper()
	code, out, stderr := runCommand(s.env, "ladder", "--json")
	if code != 0 {
		s.t.Fatal(stderr)
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return r
}

// advised waits until a rule advises its step.
func (s *measuredSite) advised(rule string) (found ladder.Advice) {
	s.t.Helper()
	var last ladder.Report
	servertest.Within(s.t, time.Minute, "advised: "+rule, func() bool {
		last = s.report()
		for _, a := range last.Advice {
			if a.Rule == rule {
				found = a
				return true
			}
		}
		return false
	})
	return found
}

// over returns the report of at least so many minutes.
func (s *measuredSite) over(minutes int) (r ladder.Report) {
	s.t.Helper()
	servertest.Within(s.t, time.Minute, fmt.Sprintf("%d minutes measured, by this process alone", minutes), func() bool {
		r = s.report()
		return r.Minutes >= minutes && r.Processes == 1
	})
	return r
}

func signal(r ladder.Report, name string) ladder.Measured {
	for _, m := range r.Signals {
		if m.Name == name {
			return m
		}
	}
	return ladder.Measured{Now: math.NaN(), Mean: math.NaN(), Median: math.NaN(), Peak: math.NaN()}
}

// mean is that of a signal; of refusals, their share, because whoever is refused comes again the sooner.
func mean(r ladder.Report, name string) float64 {
	m := signal(r, name).Mean
	if name == ladder.Refused {
		m /= signal(r, ladder.Requests).Mean
	}
	return m
}

// busy does something in so many goroutines at once, until the function that it returns is called or the test ends.
func busy(t *testing.T, n int, act func(worker, time int)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for worker := range n {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				act(worker, i)
			}
		})
	}
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return stop
}

// onServer are the settings of a site whose database is on a server.
func onServer(t *testing.T) []string {
	t.Helper()
	return []string{"DATABASE_URL=" + servertest.Database(t).NewDatabase(t), "MIGRATE=auto", "SECRET_KEY=" + strings.Repeat("0123456789abcdef", 4)}
}

// with are settings in which those that the advice names have its values.
func with(env []string, advice ladder.Advice, also ...string) []string {
	out := append([]string{}, env...)
	return append(append(out, advice.Step.Settings...), also...)
}

// improves holds that a rule advises settings under a load, and that the same site with them has less of the signal
// under the same load.
func improves(t *testing.T, rule string, env []string, load func(*measuredSite) (stop func())) ladder.Advice {
	t.Helper()
	before := measured(t, env...)
	stop := load(before)
	advice := before.advised(rule)
	was := mean(before.over(2*advice.Minutes), advice.Signal)
	stop()
	before.close()
	servertest.Within(t, time.Minute, "nobody is there", func() bool { return before.report().Processes == 0 })
	if len(advice.Step.Settings) == 0 || len(advice.Bill.Items) != 0 {
		t.Fatalf("no settings that cost nothing are advised: %+v", advice)
	}

	after := measured(t, with(before.env, advice)...)
	stop = load(after)
	now := mean(after.over(2*advice.Minutes), advice.Signal)
	stop()
	t.Logf("%s: %s was %.3f, and %.3f with %s", rule, advice.Signal, was, now, advice.Step.Settings)
	if !(now < 0.8*was) {
		t.Errorf("with %s %s is %.3f, and was %.3f", advice.Step.Settings, advice.Signal, now, was)
	}
	return advice
}

// uploads has members upload photos that take a while, one after the other.
func uploads(t *testing.T, members, width, height int) func(*measuredSite) func() {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("photos", "photo.jpg")
	if err == nil {
		_, err = part.Write(phototest.JPEG(phototest.Options{Width: width, Height: height, Seed: 5}))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var sites atomic.Int64
	return func(s *measuredSite) func() {
		site := sites.Add(1)
		var cookies []string
		for i := range members {
			cookies = append(cookies, memberOf(t, s.testSite, fmt.Sprintf("uploader%d%d", site, i)))
		}
		return busy(t, members, func(worker, _ int) {
			got := s.ask("POST", "/compose/photos", form.String(), cookies[worker], "Content-Type: "+w.FormDataContentType(), "Accept: application/json")
			id := photoNumber.FindStringSubmatch(got.Body.String())
			if got.Code != http.StatusOK || id == nil {
				t.Errorf("upload: %d %s", got.Code, got.Body)
				return
			}
			s.ask("POST", "/compose/photos/"+id[1]+"/remove", "", cookies[worker], "Content-Type: application/x-www-form-urlencoded")
		})
	}
}

// A limit that is set low is found by its signal, and the settings that are advised help.
func TestTheLadderRaisesLimits(t *testing.T) {
	servertest.OneOf(t, 1, 2)
	t.Run("photo-memory", func(t *testing.T) {
		advice := improves(t, "photo-memory", []string{"PHOTO_MEMORY=16MiB", "JOB_WORKERS=3", "UPLOAD_LIMIT=100000/1h"}, uploads(t, 3, 1100, 900)) // one has room at a time
		if advice.Step.Settings[0] != "PHOTO_MEMORY=32MiB" {
			t.Errorf("%+v", advice.Step)
		}
	})
	t.Run("admission", func(t *testing.T) {
		// With so many processors none is busy, whatever else this machine does: more requests at once help.
		before := runtime.GOMAXPROCS(64)
		defer runtime.GOMAXPROCS(before)
		// Visitors may take three quarters of the places, each from another network here.
		advice := improves(t, "admission", []string{"MAX_IN_FLIGHT=4", "TRUSTED_PROXIES=1"}, func(s *measuredSite) func() {
			return busy(t, 5, func(worker, _ int) {
				s.ask("GET", "/explore", "", fmt.Sprintf("X-Forwarded-For: 198.51.%d.7", 100+worker))
			})
		})
		if advice.Step.Settings[0] != "MAX_IN_FLIGHT=8" {
			t.Errorf("%+v", advice.Step)
		}
	})
	t.Run("connections", func(t *testing.T) {
		env := append(onServer(t), "DATABASE_MAX_CONNECTIONS=13")
		names := 0
		advice := improves(t, "connections", env, func(s *measuredSite) func() {
			names++
			cookie := memberOf(t, s.testSite, fmt.Sprintf("reader%d", names))
			return busy(t, 6, func(int, int) { s.ask("GET", "/notifications", "", cookie) })
		})
		if advice.Step.Settings[0] != "DATABASE_MAX_CONNECTIONS=16" {
			t.Errorf("%+v", advice.Step)
		}
	})
	t.Run("jobs", func(t *testing.T) {
		web := measured(t, append(onServer(t), "ROLES=web")...)
		db, err := store.Open(t.Context(), web.drivers().storeOptions())
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		// A job that is due for a minute already. The photo that it is about has gone, so that there is little to do.
		err = db.Tx(t.Context(), func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, "photo.process", map[string]int64{"photo_id": 1}, store.ToMillis(time.Now().Add(-time.Minute)))
		})
		if err != nil {
			t.Fatal(err)
		}
		advice := web.advised("jobs")
		if len(advice.Step.Settings) != 1 || advice.Step.Settings[0] != "ROLES=web,worker" {
			t.Fatalf("%+v", advice.Step)
		}
		web.close()
		worker := measured(t, with(web.env, advice)...)
		servertest.Within(t, time.Minute, "the job is done", func() bool { return signal(worker.report(), ladder.JobAge).Now == 0 })
	})
	t.Run("job-workers", moreJobWorkers)
	t.Run("memory", func(t *testing.T) {
		t.Setenv("GOMEMLIMIT", "off") // or the collector would work itself to death on the small machine
		used := func(s *measuredSite) float64 { return signal(s.over(1), ladder.Memory).Now }
		const limit = 64 << 30
		roomy := measuredAs(t, func(a *App) { a.memoryLimit = limit })
		bytes := used(roomy) * limit
		roomy.close()
		tight := measuredAs(t, func(a *App) { a.memoryLimit = int64(bytes) / 2 }) // what was used may be given back meanwhile
		if advice := tight.advised("memory"); len(advice.Bill.Items) == 0 && runtime.GOMAXPROCS(0) < 16 {
			t.Errorf("a bigger machine costs nothing: %+v", advice)
		}
		tight.close()
		bigger := measuredAs(t, func(a *App) { a.memoryLimit = int64(4 * bytes) })
		if share := used(bigger); share > 0.7 {
			t.Errorf("with four times the memory, %.2f of it is used", share)
		}
	})
}

// What no limit bounds shows in the signals when it happens, and in its rule.
func TestTheLadderSeesLoads(t *testing.T) {
	if testing.Short() {
		t.Skip("it loads the machine, which is to be its own")
	}
	servertest.OneOf(t, 0, 2)
	t.Run("cpu", func(t *testing.T) {
		s := measured(t)
		rest := signal(s.over(10), ladder.CPU).Median
		stop := busy(t, 2*runtime.GOMAXPROCS(0), func(int, int) {
			for range 1000 {
				_ = strings.Repeat("x", 1000)
			}
		})
		servertest.Within(t, time.Minute, "the processors are busy", func() bool {
			r := s.report()
			// Others work on this machine, too.
			return signal(r, ladder.CPU).Peak > max(4*rest, 0.25) && signal(r, ladder.Cores).Peak > 0.25
		})
		stop()
	})
	t.Run("writer", func(t *testing.T) {
		s := measured(t)
		memberOf(t, s.testSite, "followed")
		const n = 12
		var cookies []string
		for i := range n {
			cookies = append(cookies, memberOf(t, s.testSite, fmt.Sprintf("follower%d", i)))
		}
		stop := busy(t, n, func(worker, i int) {
			s.ask("POST", "/@followed/"+[]string{"follow", "unfollow"}[i%2], "", cookies[worker], "Content-Type: application/x-www-form-urlencoded")
		})
		if advice := s.advised("database"); advice.Rung != 2 || advice.Bill.Monthly <= 0 {
			t.Errorf("%+v", advice)
		}
		stop()
	})
	t.Run("photos", func(t *testing.T) {
		s := measured(t, "UPLOAD_LIMIT=100000/1h")
		cookie := memberOf(t, s.testSite, "author") // before there is much to do
		address := firstPhoto(t, s.testSite, cookie)
		stop := uploads(t, 2, 1600, 1200)(s)
		servertest.Within(t, time.Minute, "photos take processors", func() bool {
			r := s.report()
			return signal(r, ladder.PhotoWork).Peak > 0.1 && signal(r, ladder.PhotoUses).Peak > 0 && signal(r, ladder.Jobs).Peak > 0
		})
		stop()
		stop = busy(t, 4, func(int, int) { s.ask("GET", address, "", cookie) })
		if advice := s.advised("cdn"); advice.Rung != 4 || len(advice.Bill.Items) != 1 {
			t.Errorf("%+v", advice)
		}
		stop()
	})
	t.Run("away", func(t *testing.T) {
		data := "DATA_DIR=" + filepath.Join(t.TempDir(), "data")
		first := measured(t, data)
		first.over(2)
		first.close()
		gone := time.Now()
		servertest.Within(t, time.Minute, "five minutes pass", func() bool { return time.Since(gone) > 6*minuteOfTests })
		second := measured(t, data)
		if advice := second.advised("alone"); advice.Rung != 3 || advice.Reached < 3 {
			t.Errorf("%+v", advice)
		}
	})
	t.Run("disk", func(t *testing.T) {
		s := measured(t)
		free, total, err := doctor.DiskSpace(s.cfg.DataDir)
		if err != nil {
			t.Skip("the system does not tell how full its disks are")
		}
		if got, want := signal(s.over(2), ladder.DiskFree).Now, float64(free)/float64(total); math.Abs(got-want) > 0.05 {
			t.Errorf("%.3f of the disk is free, and %.3f was measured", want, got)
		}
	})
	t.Run("primary", func(t *testing.T) {
		s := measured(t, append(onServer(t), "DATABASE_MAX_CONNECTIONS=13")...)
		cookie := memberOf(t, s.testSite, "reader")
		stop := busy(t, 6, func(int, int) { s.ask("GET", "/notifications", "", cookie) })
		if advice := s.advised("replicas"); advice.Rung != 5 || advice.Bill.Monthly <= 0 {
			t.Errorf("%+v", advice)
		}
		stop()
	})
	t.Run("replicas", func(t *testing.T) {
		servers := servertest.AnyFlavour(t).Replicas(t, 1)
		primary, replicas := servers.NewDatabase(t)
		s := measured(t, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+replicas[0], "REPLICA_MAX_LAG=1s", "MIGRATE=auto", "PAGE_LIMIT=10000000/1m", "SECRET_KEY="+strings.Repeat("0123456789abcdef", 4))
		stop := busy(t, 2, func(worker, i int) { s.ask("GET", fmt.Sprintf("/explore?max_id=%d", 1+2*i+worker), "") })
		servertest.Within(t, time.Minute, "the replica reads", func() bool {
			r := s.report()
			return signal(r, ladder.ReplicaReads).Now > 0 && signal(r, ladder.LateReads).Now < 0.1
		})
		servers.Replicas[0].StopApplying(t)
		if advice := s.advised("late-replicas"); !strings.Contains(advice.Step.Text, "in parallel") {
			t.Errorf("%+v", advice)
		}
		stop()
	})
	t.Run("redis", func(t *testing.T) {
		redis := servertest.Redis(t)
		s := measured(t, "CACHE_URL="+redis.URL(), "API_LIMIT=10000000/5m")
		idle := func() (advice *ladder.Advice) {
			for _, a := range s.over(60).Waste {
				if a.Rule == "idle-cache" {
					advice = &a
				}
			}
			return advice
		}()
		if idle == nil || idle.Bill.Monthly >= 0 {
			t.Errorf("nobody says that an idle cache is a waste: %+v", idle)
		}
		redis.Kill()
		// Whoever asks the API is counted in Redis.
		defer busy(t, 1, func(int, int) { s.ask("GET", "/api/v1/timelines/public", "") })()
		if advice := s.advised("cache-away"); !strings.Contains(advice.Step.Text, "remove CACHE_URL") {
			t.Errorf("%+v", advice)
		}
	})
	t.Run("pages", func(t *testing.T) {
		s := measured(t, "PAGE_LIMIT=10000000/1m")
		stop := busy(t, 2, func(worker, i int) { s.ask("GET", fmt.Sprintf("/explore?max_id=%d", 1+2*i+worker), "") })
		servertest.Within(t, time.Minute, "pages are made", func() bool { return signal(s.report(), ladder.CacheLoads).Peak >= 20 })
		stop()
	})
}

var publicPhoto = regexp.MustCompile(`/media/pub/[0-9a-f]+/[a-z0-9]+\.jpg`)

// The page says what the command says, to administrators alone, and so does a site on which nothing was measured yet.
func TestLadderPage(t *testing.T) {
	s := measured(t)
	root, other := memberOf(t, s.testSite, "boss"), memberOf(t, s.testSite, "other")
	if code, _, stderr := runCommand(s.env, "account", "promote", "boss"); code != 0 {
		t.Fatal(stderr)
	}
	if w := s.ask("GET", "/admin/ladder", "", other); w.Code != 404 {
		t.Errorf("others: %d", w.Code)
	}
	s.over(3)
	w := s.ask("GET", "/admin/ladder", "", root)
	for _, want := range []string{"Stay where you are", "sqlite:", "Where each part is", "requests", "Signals", "A waste", "Rung 2: the database on its own", "unverified"} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%d, no %q in\n%s", w.Code, want, w.Body)
		}
	}
	code, out, stderr := runCommand(s.env, "ladder")
	if code != 0 || !strings.Contains(out, "Stay where you are") || !strings.Contains(out, processName()) {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	prices := filepath.Join(t.TempDir(), "prices.json")
	own := strings.NewReplacer(`"verified": false`, `"verified": true`, `"cost": 62`, `"cost": 777`)
	raw, err := os.ReadFile("../ladder/prices.json")
	if err == nil {
		err = os.WriteFile(prices, []byte(own.Replace(string(raw))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, out, stderr = runCommand(s.env, "ladder", "--prices", prices); code != 0 || !strings.Contains(out, "777 USD") || strings.Contains(out, "unverified") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	if code, _, stderr = runCommand(s.env, "ladder", "--prices", filepath.Join(t.TempDir(), "none")); code != 1 || !strings.Contains(stderr, "--prices") {
		t.Errorf("%d %s", code, stderr)
	}
	fresh := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	if code, _, stderr = runCommand(fresh, "ladder"); code != 1 || !strings.Contains(stderr, "the database") {
		t.Errorf("without a site: %d %s", code, stderr)
	}
	if code, _, stderr = runCommand(fresh, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	if code, out, stderr = runCommand(fresh, "ladder"); code != 0 || !strings.Contains(out, "Nothing has been measured") {
		t.Errorf("on a site that never ran: %d %s%s", code, out, stderr)
	}
}

// firstPhoto posts a photograph and returns its address.
func firstPhoto(t *testing.T, site *testSite, cookie string) string {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("photos", "photo.jpg")
	if err == nil {
		_, err = part.Write(phototest.JPEG(phototest.Options{Width: 2400, Height: 1800, Seed: 3}))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	up := site.ask("POST", "/compose/photos", b.String(), cookie, "Content-Type: "+w.FormDataContentType(), "Accept: application/json")
	key := formsKey.FindStringSubmatch(site.ask("GET", "/compose", "", cookie).Body.String())
	if up.Code != http.StatusOK || key == nil {
		t.Fatalf("%d %s", up.Code, up.Body)
	}
	posted := site.ask("POST", "/compose", "visibility=public&licence=all-rights-reserved&idempotency_key="+key[1], cookie, "Content-Type: application/x-www-form-urlencoded")
	at, err := url.Parse(posted.Header().Get("Location"))
	if err != nil || posted.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", posted.Code, posted.Body)
	}
	page := site.ask("GET", at.Path, "", cookie).Body.String()
	best := ""
	for _, address := range publicPhoto.FindAllString(page, -1) {
		if size := site.ask("GET", address, "").Body.Len(); best == "" || size > 50_000 {
			best = address
		}
	}
	if best == "" {
		t.Fatalf("no photograph in %d %s", posted.Code, page)
	}
	return best
}

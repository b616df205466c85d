package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A traced evening: what people do on a site, and every secret that goes by.
type tracedEvening struct {
	site      *servertest.Site
	collector *servertest.Collector
	private   map[string]string // by what it is: may stand in no trace
	secret    map[string]string // may stand in no log line either
}

const (
	callerTrace = "0af7651916cd43dd8448eb211c80319c"
	callerSpan  = "b7ad6b7169203331"
)

func spendTracedEvening(t *testing.T, rung servertest.Rung) *tracedEvening {
	t.Helper()
	c := servertest.NewCollector(t)
	site := servertest.NewSite(t, rung, append(c.Env(), "LOG_FORMAT=json", "OTEL_SERVICE_NAME=evening", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test%20bench",
		"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20collectorkey", "REGISTRATION=open", "SIGNUP_LIMIT=1000/1h")...)
	e := &tracedEvening{site: site, collector: c, private: map[string]string{}, secret: map[string]string{"the AWS secret": "not a secret", "the collector's key": "collectorkey"}}

	ada := servertest.NewClient(t, site.URL).SignUp("adatraced")
	e.private["a name"], e.secret["an e-mail address"], e.secret["a password"] = "adatraced", "adatraced@example.org", password
	servertest.NewClient(t, site.URL).Post("/login", "name", "adatraced", "password", "wrongpass0rd")
	e.secret["a wrong password"] = "wrongpass0rd"
	servertest.NewClient(t, site.URL).Post("/signup", "name", "ADATRACED", "email", "other@example.org", "password", password, "agree", "on").Want(422)
	photo := phototest.JPEG(phototest.Options{Width: 900, Height: 600, Seed: 3})
	post := ada.PublishPhoto(photo, "caption", "Captionword by the sea")
	e.private["a caption"] = "Captionword"
	id := post.URL.Path[strings.LastIndexByte(post.URL.Path, '/')+1:]
	e.private["an id"] = id
	ada.Post("/posts/"+id+"/comments", "text", "Commentword", "idempotency_key", "idemkey1").Want(200)
	e.private["a comment"], e.private["an idempotency key"] = "Commentword", "idemkey1"
	ada.Get("/search?q=Searchword").Want(200)
	e.secret["a search"] = "Searchword"
	hidden := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 800, Height: 600, Seed: 4}), "caption", "For friends", "visibility", "followers")
	for _, address := range hidden.Photos() {
		if !strings.Contains(address, "/priv/") {
			continue
		}
		ada.Get(address).Want(200)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		e.private["a photo's key"] = strings.Split(u.Path, "/")[3]
		e.secret["a signature"] = u.Query().Get("s")
	}
	if e.secret["a signature"] == "" {
		t.Fatalf("no signed address among %v", hidden.Photos())
	}
	app := ada.WithToken(ada.NewToken())
	e.secret["a token"] = app.Token
	app.Do(servertest.Read("/api/v1/accounts/verify_credentials").With("Traceparent", "00-"+callerTrace+"-"+callerSpan+"-01",
		"Tracestate", "vendor=statesecret", "User-Agent", "Agentword/1.0")).Want(200)
	e.private["a program's name"], e.private["a caller's state"] = "Agentword", "statesecret"
	app.Lines("/api/v1/streaming/user") // stays open
	servertest.NewClient(t, site.URL).Get("/@adatraced").Want(200)
	servertest.NewClient(t, site.URL).Get("/nowhere/Pathword")
	e.private["a path"] = "Pathword"
	stdout, stderr, err := site.Command("account", "reset-password", "adatraced")
	if err != nil {
		t.Fatal(err, stderr)
	}
	link := strings.TrimSpace(stdout[strings.Index(stdout, "/links/"):])
	servertest.NewClient(t, site.URL).Get(strings.Fields(link)[0]).Want(200)
	e.secret["a link"] = strings.TrimPrefix(strings.Fields(link)[0], "/links/")
	for _, cookie := range ada.Cookies() {
		e.secret["the cookie "+cookie.Name] = cookie.Value
	}
	if len(e.secret) < 8 {
		t.Fatalf("no cookies: %v", e.secret)
	}
	return e
}

// settled waits until all of these have come, and returns everything.
func (e *tracedEvening) settled(t *testing.T, names ...string) []servertest.Span {
	t.Helper()
	var spans []servertest.Span
	missing := slices.Clone(names)
	servertest.Succeeds(t, time.Minute, "all spans come", func() error {
		spans = e.collector.Spans()
		missing = slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return slices.ContainsFunc(spans, func(s servertest.Span) bool { return s.Name == name })
		})
		if len(missing) > 0 {
			return fmt.Errorf("no span is called %q; there are %q", missing, countNames(spans))
		}
		return nil
	})
	return spans
}

func countNames(spans []servertest.Span) []string {
	seen := map[string]int{}
	for _, s := range spans {
		seen[s.Name]++
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		list = append(list, fmt.Sprintf("%s (%d)", name, seen[name]))
	}
	return list
}

// check is what holds of every trace, on any rung. It stops the site, so that all has been sent.
func (e *tracedEvening) check(t *testing.T) []servertest.Span {
	t.Helper()
	e.site.Stop()
	spans := e.collector.Spans()
	byID := map[string]servertest.Span{}
	for _, s := range spans {
		byID[s.ID] = s
	}
	for _, s := range spans {
		parent, known := byID[s.Parent]
		switch {
		case s.Resource["service.name"] != "evening" || s.Resource["deployment.environment.name"] != "test bench" || s.Resource["service.version"] == "":
			t.Errorf("%s is of %v", s.Name, s.Resource)
		case s.Nanoseconds < 0 || s.Nanoseconds > int64(5*time.Minute):
			t.Errorf("%s took %d ns", s.Name, s.Nanoseconds)
		case s.Parent == callerSpan:
		case s.Parent != "" && (!known || parent.Trace != s.Trace):
			t.Errorf("%s has a parent %s that is not there", s.Name, s.Parent)
		case s.Kind == "SERVER" && s.Parent != "":
			t.Errorf("%s has a parent", s.Name)
		case s.Text["db.query.text"] != "" && s.Parent == "":
			t.Errorf("%s belongs to nothing", s.Name)
		}
		if strings.Contains(s.Name, "/livez") || strings.Contains(s.Name, "/readyz") {
			t.Errorf("a balancer's question is a trace: %s", s.Name)
		}
	}
	raw := e.collector.Raw()
	raw = strings.ReplaceAll(raw, "Bearer collectorkey", "") // where it belongs: in the header
	for what, text := range e.private {
		if strings.Contains(raw, text) {
			t.Errorf("traces hold %s, %q", what, text)
		}
	}
	for what, text := range e.secret {
		if strings.Contains(raw, text) {
			t.Errorf("traces hold %s, %q", what, text)
		}
	}
	e.checkLogs(t, spans)
	return spans
}

// checkLogs: one JSON line a request, with its id and its trace's, and no secrets.
func (e *tracedEvening) checkLogs(t *testing.T, spans []servertest.Span) {
	t.Helper()
	traces := map[string]servertest.Span{} // of requests, by the request's id
	for _, s := range spans {
		if s.Kind == "SERVER" {
			traces[s.Text["tintype.request_id"]] = s
		}
	}
	requests := map[string]int{}
	for _, i := range e.site.Processes() {
		log := i.Logs()
		for what, text := range e.secret {
			if strings.Contains(log, text) {
				t.Errorf("a log holds %s, %q", what, text)
			}
		}
		for line := range strings.Lines(log) {
			if !strings.HasPrefix(line, "{") {
				continue // the lines for whoever started it
			}
			var entry struct {
				Msg       string `json:"msg"`
				Path      string `json:"path"`
				Status    int    `json:"status"`
				RequestID string `json:"request_id"`
				TraceID   string `json:"trace_id"`
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Errorf("a line is no JSON: %v: %s", err, line)
				continue
			}
			if entry.Msg != "request" {
				continue
			}
			requests[entry.RequestID]++
			if s := traces[entry.RequestID]; entry.RequestID == "" || entry.Status == 0 || s.Trace != entry.TraceID {
				t.Errorf("the request %q to %s has the trace %q in the log and %q at the collector", entry.RequestID, entry.Path, entry.TraceID, s.Trace)
			}
		}
	}
	for id, n := range requests {
		if n != 1 {
			t.Errorf("the request %s has %d lines", id, n)
		}
	}
	if len(requests) < 20 || len(requests) != len(traces) {
		t.Errorf("%d requests are in the log, %d were traced", len(requests), len(traces))
	}
}

// find is the first span for which ok holds.
func find(t *testing.T, spans []servertest.Span, what string, ok func(servertest.Span) bool) servertest.Span {
	t.Helper()
	i := slices.IndexFunc(spans, ok)
	if i < 0 {
		t.Fatalf("no span is %s; there are %q", what, countNames(spans))
	}
	return spans[i]
}

func TestTracesOfALaptop(t *testing.T) {
	e := spendTracedEvening(t, servertest.Rung{})
	e.settled(t, "POST /signup", "GET /@:name", "GET /links/:token", "INSERT posts", "job photo.process", "COMMIT", "GET", "sessions read", "sessions write", "GET /api/v1/streaming/user")
	spans := e.check(t)
	if find(t, spans, "a stream", func(s servertest.Span) bool { return s.Text["tintype.stream"] == "true" }).Name != "GET /api/v1/streaming/user" {
		t.Error("another request is a stream")
	}
	if e.collector.Headers().Get("Authorization") != "Bearer collectorkey" {
		t.Errorf("the collector was sent %v", e.collector.Headers())
	}
	signUp := find(t, spans, "the sign-up", func(s servertest.Span) bool {
		return s.Name == "POST /signup" && s.Text["http.response.status_code"] == "303"
	})
	if signUp.Kind != "SERVER" || signUp.Text["http.route"] != "/signup" || signUp.Text["http.request.method"] != "POST" || signUp.Text["http.response.body.size"] == "" || signUp.Failed {
		t.Errorf("%+v", signUp)
	}
	account := find(t, spans, "the account's row", func(s servertest.Span) bool { return s.Name == "INSERT accounts" && s.Trace == signUp.Trace })
	if account.Text["db.system.name"] != "sqlite" || account.Text["tintype.db.node"] != "primary" || account.Kind != "CLIENT" ||
		!strings.HasPrefix(account.Text["db.query.text"], "INSERT INTO") || !strings.Contains(account.Text["db.query.text"], "VALUES (?)") {
		t.Errorf("%+v", account)
	}
	find(t, spans, "a page's statement, which goes past database/sql", func(s servertest.Span) bool {
		return s.Name == "SELECT posts" && s.Text["db.system.name"] == "sqlite"
	})
	checkJob(t, spans, "POST /compose/photos")
	// Nobody in front was declared: a stranger's trace is not gone on with.
	for _, s := range spans {
		if s.Trace == callerTrace {
			t.Errorf("%s is in a stranger's trace", s.Name)
		}
	}
}

// checkJob: a photo's job is a trace of its own, linked to the request that wanted it, and what it did stands in it.
func checkJob(t *testing.T, spans []servertest.Span, wantedBy string) servertest.Span {
	t.Helper()
	job := find(t, spans, "a job linked to its request", func(s servertest.Span) bool {
		return s.Name == "job photo.process" && len(s.Links) == 1 && slices.ContainsFunc(spans, func(from servertest.Span) bool { return from.Name == wantedBy && from.Trace == s.Links[0] })
	})
	if job.Parent != "" || job.Kind != "CONSUMER" || job.Text["tintype.job.outcome"] != "done" || job.Text["tintype.job.attempt"] != "1" || job.Trace == job.Links[0] {
		t.Errorf("%+v", job)
	}
	find(t, spans, "a statement of the job", func(s servertest.Span) bool {
		return s.Trace == job.Trace && s.Parent == job.ID && s.Name == "UPDATE photos"
	})
	return job
}

// Every backend of the whole fleet, and its part in the traces.
func TestTracesOfTheFleet(t *testing.T) {
	rung := servertest.Whole()
	rung.Web = 2
	e := spendTracedEvening(t, rung)
	e.settled(t, "POST /signup", "GET /@:name", "job photo.process", "COMMIT", "sessions read", "sessions write",
		"DynamoDB GetItem", "DynamoDB UpdateItem", "S3 PutObject", "S3 GetObject", "SQS SendMessageBatch", "SQS ReceiveMessage")
	// A page that the cache has part in, and one that replicas answer once they have come that far.
	servertest.Eventually(t, "a command to the cache", func() bool {
		servertest.NewClient(t, e.site.URL).Get("/explore?show=1").Want(200)
		return slices.ContainsFunc(e.collector.Spans(), func(s servertest.Span) bool { return strings.HasPrefix(s.Name, "redis ") && s.Parent != "" })
	})
	servertest.Eventually(t, "a statement on a replica", func() bool {
		servertest.NewClient(t, e.site.URL).Get(fmt.Sprintf("/@adatraced?show=%d", time.Now().UnixNano())).Want(200)
		return slices.ContainsFunc(e.collector.Spans(), func(s servertest.Span) bool { return s.Text["tintype.db.node"] == "replica" })
	})
	spans := e.check(t)

	replica := find(t, spans, "a statement on a replica", func(s servertest.Span) bool { return s.Text["tintype.db.node"] == "replica" })
	if replica.Text["db.system.name"] != "mysql" || len(strings.Fields(replica.Text["server.address"])) != 2 || replica.Text["tintype.db.reason"] != "" {
		t.Errorf("%+v", replica)
	}
	reasons := map[string]int{}
	for _, s := range spans {
		if s.Text["tintype.db.node"] == "primary" && s.Text["db.system.name"] == "mysql" {
			reasons[s.Text["tintype.db.reason"]]++
			if strings.Contains(s.Text["server.address"], "@") || s.Text["server.address"] == "" {
				t.Errorf("%+v", s)
			}
		}
	}
	if reasons["marked"] == 0 || reasons["wrote"]+reasons["behind"] == 0 {
		t.Errorf("reads on the primary by reason: %v", reasons)
	}
	session := find(t, spans, "a session's item", func(s servertest.Span) bool { return s.Name == "DynamoDB UpdateItem" && s.Parent != "" })
	if find(t, spans, "its parent", func(s servertest.Span) bool { return s.ID == session.Parent }).Name != "sessions write" {
		t.Error("a session is written outside of its span")
	}
	job := checkJob(t, spans, "POST /compose/photos")
	find(t, spans, "a variant that the job stored", func(s servertest.Span) bool { return s.Name == "S3 PutObject" && s.Trace == job.Trace })
	find(t, spans, "a command to the cache", func(s servertest.Span) bool { return strings.HasPrefix(s.Name, "redis ") && s.Parent != "" })
	caller := find(t, spans, "in its caller's trace", func(s servertest.Span) bool { return s.Trace == callerTrace && s.Kind == "SERVER" })
	if caller.Parent != callerSpan || caller.Name != "GET /api/v1/accounts/verify_credentials" {
		t.Errorf("%+v", caller)
	}
}

// A collector that hangs slows nobody, is told of once, and does not hold a stop up.
func TestACollectorThatHangs(t *testing.T) {
	c := servertest.NewCollector(t)
	begun := time.Now()
	c.Hang() // from the start: one that answered too late for once would be told of, too
	site := servertest.NewSite(t, servertest.Rung{}, append(c.Env(), "LOG_FORMAT=json", "OTEL_BSP_EXPORT_TIMEOUT=500")...)
	servertest.Eventually(t, "the collector is asked twice", func() bool {
		for range 50 {
			servertest.NewClient(t, site.URL).Get("/livez").Want(200)
			servertest.NewClient(t, site.URL).Get("/explore").Want(200)
		}
		return c.Asked() > 2
	})
	site.Stop()
	if n := strings.Count(site.Web[0].Logs(), "the collector does not take traces"); n < 1 || n > 1+int(time.Since(begun)/time.Minute) {
		t.Errorf("%d lines of log tell of it", n)
	}
	if strings.Contains(site.Web[0].Logs(), c.URL) && strings.Contains(site.Web[0].Logs(), c.URL+"/v1") {
		t.Error("the log holds the collector's whole address, in which some have a key")
	}

	// None at all, and then one again.
	site.Start()
	c.Resume()
	servertest.NewClient(t, site.URL).Get("/explore").Want(200)
	servertest.Eventually(t, "traces arrive", func() bool {
		return slices.ContainsFunc(c.Spans(), func(s servertest.Span) bool { return s.Name == "GET /explore" })
	})
}

// Without a collector nothing speaks of traces.
func TestNoTraces(t *testing.T) {
	for name, env := range map[string][]string{
		"nothing is set":          nil,
		"it is switched off":      {"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9", "OTEL_SDK_DISABLED=true"},
		"no exporter is wanted":   {"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9", "OTEL_TRACES_EXPORTER=none"},
		"other signals have some": {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://127.0.0.1:9"},
	} {
		t.Run(name, func(t *testing.T) {
			site := start(t, append(env, "LOG_FORMAT=json")...)
			ada := servertest.NewClient(t, site.URL).SignUp("ada")
			ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "x")
			if err := site.Stop(); err != nil {
				t.Error(err)
			}
			if log := site.Logs(); !strings.Contains(log, `"request_id"`) || strings.Contains(log, "trace") || strings.Contains(log, "collector") {
				t.Errorf("the log:\n%s", log)
			}
		})
	}
}

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

var shownCode = regexp.MustCompile(`<code[^>]*>([^<]+)</code>`)

// allow has the member allow what the query of an address to authorize asks for, and returns the code that is shown.
func (m *member) allow(ask url.Values) string {
	m.t.Helper()
	pairs := []string{"decision", "allow"}
	for name := range ask {
		pairs = append(pairs, name, ask.Get(name))
	}
	m.get("/oauth/authorize?" + ask.Encode()).want(200).has("client_id")
	allowed := m.post("/oauth/authorize", pairs...).want(200)
	code := shownCode.FindStringSubmatch(allowed.body)
	if code == nil {
		m.t.Fatalf("no code:\n%s", allowed.text())
	}
	return code[1]
}

// token has the member allow a client of the API, and returns what the client gets.
func (m *member) token() string {
	m.t.Helper()
	field := func(p page, name string) string {
		v := regexp.MustCompile(`"` + name + `":"([^"]+)"`).FindStringSubmatch(p.want(200).body)
		if v == nil {
			m.t.Fatalf("no %s in %s", name, p.body)
		}
		return v[1]
	}
	const oob = "urn:ietf:wg:oauth:2.0:oob"
	app := m.post("/api/v1/apps", "client_name", "listener", "redirect_uris", oob, "scopes", "read write follow")
	id, secret := field(app, "client_id"), field(app, "client_secret")
	code := m.allow(url.Values{"response_type": {"code"}, "client_id": {id}, "redirect_uri": {oob}, "scope": {"read write follow"}})
	return field(m.post("/oauth/token", "grant_type", "authorization_code", "client_id", id, "client_secret", secret, "redirect_uri", oob, "code", code), "access_token")
}

// withToken asks as a client of the API does.
func (m *member) withToken(token, method, path string) page {
	m.t.Helper()
	req := m.request(method, path, "", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	return m.do(req)
}

// seesWithToken asks as a client until the answer holds the parts, which somebody else brought about, or with a browser.
func (m *member) seesWithToken(token, path string, parts ...string) page {
	m.t.Helper()
	return m.untilAnswer(func() page { return m.withToken(token, http.MethodGet, path) },
		func(p page) bool { return p.status == http.StatusOK && !slices.ContainsFunc(parts, p.without) }).want(http.StatusOK).has(parts...)
}

// lines opens what stays open and returns its lines; the channel is closed at its end.
func (m *member) lines(path, token string) chan string {
	m.t.Helper()
	req := m.request(http.MethodGet, path, "", nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Jar: m.http.Jar}
	resp, err := client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		m.t.Fatalf("%s: %d", path, resp.StatusCode)
	}
	out := make(chan string, 1000)
	go func() {
		defer close(out)
		for s := bufio.NewScanner(resp.Body); s.Scan(); {
			out <- s.Text()
		}
	}()
	return out
}

// awaitLines reads until lines, in whatever order, held all the parts.
func awaitLines(t testing.TB, lines chan string, parts ...string) {
	t.Helper()
	limit := time.After(90 * time.Second)
	for len(parts) > 0 {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("the stream ended before %q", parts)
			}
			parts = slices.DeleteFunc(parts, func(part string) bool { return strings.Contains(line, part) })
		case <-limit:
			t.Fatalf("never heard %q", parts)
		}
	}
}

// Whatever a stream announces is in its listener's next list, wherever that is read.
func streams(t *testing.T, site stage) {
	stella, sven := site.join(t, "stella"), site.join(t, "sven")
	sven.post("/@stella/follow").want(200)
	token := sven.token()
	client := site.visitor(t)
	stream := client.lines("/api/v1/streaming/user", token)
	for i := range 3 {
		caption := fmt.Sprintf("Announced %d", i)
		id := stella.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", caption+", @sven").url.Path
		id = id[strings.LastIndexByte(id, '/')+1:]
		awaitLines(t, stream, "event: update", `"id":"`+id, `"type":"mention"`)
		client.withToken(token, http.MethodGet, "/api/v1/timelines/home").want(200).has(caption)
		client.withToken(token, http.MethodGet, "/api/v1/notifications").want(200).has(caption)
		client.withToken(token, http.MethodPost, "/api/v1/statuses/"+id+"/favourite").want(200).has(`"favourites_count":1`)
		client.withToken(token, http.MethodGet, "/api/v1/statuses/"+id).want(200).has(`"favourites_count":1`)
		stella.sees("/notifications", "sven")
	}
}

// What happens on one instance is heard on the other; a stream whose instance goes away goes on elsewhere.
func TestStreamsTogether(t *testing.T) {
	fleet := together(t, []string{"DRAIN_DELAY=1s"}, nil)
	a, b := fleet[0], fleet[1]
	ada, ben := join(t, a.URL, "ada"), join(t, a.URL, "ben")
	ben.post("/@ada/follow").want(200)
	token := ben.token()
	there := visitor(t, b.URL)
	home := there.lines("/api/v1/streaming/user", token)
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.URL, "http")+"/api/v1/streaming?stream=user&access_token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)

	post := ada.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Heard everywhere, @ben")
	awaitLines(t, home, "event: update", `"type":"mention"`)
	for {
		_, data, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "Heard everywhere") {
			break
		}
	}

	// A page that ada has open on B hears of what ben does on A.
	number := post.url.Path[strings.LastIndexByte(post.url.Path, '/')+1:]
	ada.site = b.URL
	page := ada.lines("/live?posts="+number, "")
	nosy := ada.lines("/live?posts=1", "")
	awaitLines(t, page, ":thump")
	ben.post("/posts/"+number+"/like", "return", "/").want(200)
	awaitLines(t, page, `data: {"id":"`+number+`","likes":1,"comments":0}`, `data: {"unread":2}`)
	ben.post("/posts/"+number+"/comments", "text", "How far it carries", "idempotency_key", "k1").want(200)
	awaitLines(t, page, `data: {"id":"`+number+`","likes":1,"comments":1}`, `data: {"unread":3}`)
	// One that was made before all that and listens only now is told of it.
	awaitLines(t, ada.lines("/live?posts="+number, ""), `data: {"id":"`+number+`","likes":1,"comments":1}`, `data: {"unread":3}`)
	awaitLines(t, nosy, `data: {"unread":3}`)
	ada.site = a.URL
	ada.post("/settings/account", "what", "password", "current_password", password, "new_password", password+"!").want(200)
	for range page { // its session is over, and so is what it hears
	}

	// The instance is told to stop: its streams are told to go elsewhere before it ends.
	a.Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
		t.Errorf("the stream ended with %d: %v", code, err)
	}
	id := post.url.Path[strings.LastIndexByte(post.url.Path, '/')+1:]
	visitor(t, b.URL).get(post.url.Path).want(200)
	req := there.request(http.MethodPost, "/api/v1/statuses/"+id+"/favourite", "application/x-www-form-urlencoded", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	there.do(req).want(200)
	if err := a.Wait(time.Minute); err != nil {
		t.Errorf("it stopped with %v", err)
	}
	a.Start()
	awaitLines(t, visitor(t, a.URL).lines("/api/v1/streaming/user", token), "thump")
}

// R37: whatever a stream announces is in its listener's next list, although the replicas that it is read from lag.
func TestStreamsAndReplicas(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	site := start(t, "DATABASE_URL="+primary, "MIGRATE=auto", "REGISTRATION=open", "API_LIMIT=100000/1m", "POST_LIMIT=1000/1h")
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	db.CatchUp(t)
	site.Set("DATABASE_REPLICA_URLS=" + strings.Join(replicas, ","))
	site.Start()
	ada, ben := join(t, site.URL, "ada"), join(t, site.URL, "ben")
	ben.post("/@ada/follow").want(200)
	token := ben.token()
	lag := 2
	if all() {
		lag = 5
	}
	for _, r := range db.Replicas {
		r.Delay(t, lag)
	}
	time.Sleep(time.Duration(lag+2) * time.Second) // they stand still while the delay begins, and are left
	inUse := func() int {
		logs := site.Logs()
		return strings.Count(logs, "a replica is in use") - strings.Count(logs, "a replica is not in use")
	}
	eventually(t, "late replicas are read from", func() bool { return inUse() == 2 })
	stream := ben.lines("/api/v1/streaming/user", token)
	bens := &http.Client{}
	proven := 0
	for i := 0; proven < 4; i++ {
		eventually(t, "late replicas are read from", func() bool { return inUse() == 2 })
		changes := strings.Count(site.Logs(), "a replica is")
		caption := fmt.Sprintf("Announced %d.", i)
		ada.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", caption)
		awaitLines(t, stream, caption)
		for range 6 {
			req := ben.request(http.MethodGet, "/api/v1/timelines/home", "", nil)
			req.Header.Set("Authorization", "Bearer "+token)
			resp, err := bens.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || !strings.Contains(string(body), caption) {
				t.Errorf("%d: %s was announced and is not in the list: %.200s", resp.StatusCode, caption, body)
			}
		}
		// A replica that was left meanwhile, as on a busy machine, makes it a round that proves nothing.
		if strings.Count(site.Logs(), "a replica is") == changes {
			proven++
		} else if i == 20 {
			t.Fatalf("only %d rounds had both replicas in use", proven)
		}
	}
}

// A page in view shows what others do, and comes back by itself when the site was away.
func livePage(t *testing.T, site stage) {
	servertest.Chromium(t)
	b := openBrowser(t)
	b.forgives = site.URL + "/live?" // refused, or 503 by the balancer, while the site is away
	b.signUp(site.URL, "lara")
	ben, eve := site.join(t, "leo"), site.join(t, "liv")
	post := ben.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "For @lara to see")
	id := post.url.Path[strings.LastIndexByte(post.url.Path, '/')+1:]
	b.becomes(`document.querySelector('.nav .badge')?.textContent.trim() === '1 unread'`)

	b.run(chromedp.Navigate(site.URL + post.url.Path))
	const counts = `[...document.querySelectorAll('.actions .n')].map((n) => n.textContent.trim()).join()`
	b.becomes(counts + ` === ','`)
	// Whether the page's stream is there already or not: it is first told how things are.
	eve.post("/posts/"+id+"/like", "return", "/").want(200)
	b.becomes(counts + ` === '1,'`)
	eve.post("/posts/"+id+"/comments", "text", "So do I", "idempotency_key", "k1").want(200)
	b.becomes(counts + ` === '1,1'`)

	// Bare of its streams for a moment, and then with more to tell.
	site.Stop()
	site.Start()
	eve.post("/posts/"+id+"/unlike", "return", "/").want(200)
	b.becomesWithin(4*time.Minute, counts+` === ',1'`) // the longer it was away, the later the page tries again
}

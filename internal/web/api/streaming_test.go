package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// serve has the site's streams work, behind a real server.
func (s *site) serve() string {
	s.t.Helper()
	return s.serveOn(httptest.NewUnstartedServer(nil))
}

func (s *site) serveOn(server *httptest.Server) string {
	s.t.Helper()
	s.store.OnEvent(s.community.Live.Wake)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{}, 2)
	go func() { s.community.Live.Follow(ctx); done <- struct{}{} }()
	go func() { s.streams.Run(ctx); done <- struct{}{} }()
	server.Config.Handler = s.handler
	server.Start()
	s.t.Cleanup(func() {
		cancel() // ends the streams, for which the server waits
		server.CloseClientConnections()
		server.Close()
		<-done
		<-done
	})
	return server.URL
}

// received is one event, however it came.
type received struct {
	stream      []string
	event, data string
}

// A testStream is an open stream.
type testStream struct {
	t      testing.TB
	c      chan received // closed at the end of the stream
	status int
	header http.Header
	raw    chan string // lines of an event stream
	code   websocket.StatusCode
	send   func(string)
	end    func()
}

// until reads events until one fits, and returns it with all before.
func (e *testStream) until(what string, fits func(received) bool) (received, []received) {
	e.t.Helper()
	var before []received
	limit := time.After(2 * time.Minute)
	for {
		select {
		case h, open := <-e.c:
			if !open {
				e.t.Fatalf("the stream ended before %s; it told %v", what, before)
			}
			if fits(h) {
				return h, before
			}
			before = append(before, h)
		case <-limit:
			e.t.Fatalf("never received %s, but %v", what, before)
		}
	}
}

func about(event, part string) func(received) bool {
	return func(h received) bool { return h.event == event && strings.Contains(h.data, part) }
}

// over waits for the end of the stream.
func (e *testStream) over() {
	e.t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case _, open := <-e.c:
			if !open {
				return
			}
		case <-limit:
			e.t.Fatal("the stream goes on")
		}
	}
}

// events opens server-sent events, and returns once they are open.
func events(t testing.TB, address, token string) *testStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	e := &testStream{t: t, c: make(chan received, 100), raw: make(chan string, 1000), status: resp.StatusCode, header: resp.Header, end: cancel}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		resp.Body.Close()
		close(e.c)
		return e
	}
	lines := bufio.NewReader(resp.Body)
	if first, err := lines.ReadString('\n'); first != ":thump\n" {
		t.Fatalf("it begins with %q, %v", first, err)
	}
	go func() {
		defer close(e.c)
		defer resp.Body.Close()
		name := ""
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			e.raw <- line
			line = strings.TrimSuffix(line, "\n")
			if rest, ok := strings.CutPrefix(line, "event: "); ok {
				name = rest
			}
			if rest, ok := strings.CutPrefix(line, "data: "); ok {
				e.c <- received{event: name, data: rest}
			}
		}
	}()
	return e
}

func idOf(o map[string]any) string { return o["id"].(string) }

func TestStreams(t *testing.T) {
	s := newSite(t)
	address := s.serve()
	anna, bob, eve := s.join("anna"), s.join("bob"), s.join("eve")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	root := address + "/api/v1/streaming"

	home := events(t, root+"/user", bob.token)
	stranger := events(t, root+"/user?access_token="+eve.token, "")
	public := events(t, root+"/public", "")
	local := events(t, root+"/public/local", eve.token)
	tagged := events(t, root+"/hashtag?tag=Hills", "")
	own := events(t, root+"/user/notification", anna.token)

	t.Run("a new post", func(t *testing.T) {
		id := idOf(s.publish(anna, "On the #hills"))
		for name, e := range map[string]*testStream{"home": home, "public": public, "local": local, "tag": tagged} {
			h, _ := e.until(name, about("update", `"id":"`+id+`"`))
			var status map[string]any
			if err := json.Unmarshal([]byte(h.data), &status); err != nil || status["content"] == "" {
				t.Errorf("%s: %v in %s", name, err, h.data)
			}
		}
		second := idOf(s.publish(eve, "Elsewhere"))
		if _, before := public.until("eve's", about("update", second)); len(before) != 0 {
			t.Errorf("told of something else: %v", before)
		}
		_, before := stranger.until("her own", about("update", second))
		if len(before) != 0 {
			t.Errorf("whom one does not follow is in the home feed: %v", before)
		}
	})

	t.Run("what is not for these eyes", func(t *testing.T) {
		body := form("status", "For friends #hills", "visibility", "private", "media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))
		secret := idOf(s.post("/api/v1/statuses", anna.token, body).ok().object())
		home.until("the followers' post", about("update", secret))
		warned := idOf(s.publish(anna, "Careful #hills", "spoiler_text", "Spiders"))
		for _, e := range []*testStream{public, tagged, local} {
			h, before := e.until("the next", about("update", warned))
			for _, b := range append(before, h) {
				if strings.Contains(b.data, secret) {
					t.Errorf("a followers' post was told: %v", b)
				}
			}
		}
		// Changed, liked and deleted it is nobody else's business either.
		s.do(http.MethodPut, "/api/v1/statuses/"+secret, anna.token, form("status", "For good friends #hills")).ok()
		home.until("the change", about("status.update", "good friends"))
		s.do(http.MethodDelete, "/api/v1/statuses/"+secret, anna.token, "").ok()
		home.until("its end", func(h received) bool { return h.event == "delete" && h.data == secret })
		last := idOf(s.publish(anna, "Later #hills"))
		for _, e := range []*testStream{public, tagged, local} {
			_, before := e.until("the last", about("update", last))
			for _, b := range before {
				if strings.Contains(b.data, secret) {
					t.Errorf("a followers' post was told: %v", b)
				}
			}
		}
	})

	t.Run("warned posts of who wants none", func(t *testing.T) {
		hide := "hide"
		if _, err := s.community.UpdateViewing(s.ctx(), bob.Account, community.ViewingChange{WarnedPhotos: &hide}); err != nil {
			t.Fatal(err)
		}
		warned := idOf(s.publish(anna, "More spiders", "spoiler_text", "Spiders"))
		plain := idOf(s.publish(anna, "No spiders"))
		_, before := home.until("the plain one", about("update", plain))
		for _, b := range before {
			if strings.Contains(b.data, warned) {
				t.Errorf("a warned post was told: %v", b)
			}
		}
		public.until("it", about("update", warned))
	})

	t.Run("blocked", func(t *testing.T) {
		s.post(path("/api/v1/accounts/%d/block", eve.ID), anna.token, "").ok()
		hidden := idOf(s.publish(anna, "Not for eve"))
		public.until("it", about("update", hidden))
		seen := idOf(s.publish(bob, "For all"))
		_, before := local.until("bob's", about("update", seen))
		for _, b := range before {
			if strings.Contains(b.data, hidden) {
				t.Errorf("told whom its author blocks: %v", b)
			}
		}
		s.post(path("/api/v1/accounts/%d/unblock", eve.ID), anna.token, "").ok()
	})

	t.Run("out of public", func(t *testing.T) {
		id := idOf(s.publish(anna, "Open #hills"))
		public.until("it", about("update", id))
		// Without the files of its photo, which this test does not have, only the row and what is told of it change.
		err := s.store.Tx(s.ctx(), func(ctx context.Context, tx *store.Store) error {
			p, err := tx.LockPost(ctx, mustID(t, id))
			if err != nil {
				return err
			}
			p.Visibility = store.Followers
			if err := tx.UpdatePost(ctx, p); err != nil {
				return err
			}
			return tx.AddEvent(ctx, community.EventPostUpdated, anna.ID, p.ID, map[string]string{"visibility": "public"})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range []*testStream{public, tagged} {
			e.until("that it is gone", func(h received) bool { return h.event == "delete" && h.data == id })
		}
		home.until("that it has changed", about("status.update", id))
	})

	t.Run("notifications", func(t *testing.T) {
		id := idOf(s.publish(anna, "Like me"))
		s.post("/api/v1/statuses/"+id+"/favourite", bob.token, "").ok()
		h, _ := own.until("the like", about("notification", `"type":"favourite"`))
		if !strings.Contains(h.data, `"id":"`+id+`"`) || strings.Contains(h.data, "Elsewhere") {
			t.Errorf("%s", h.data)
		}
		narrow := events(t, root+"/user", s.tokenFor(anna.Account, "read:statuses"))
		s.post("/api/v1/statuses", eve.token, form("status", "Nice", "in_reply_to_id", id)).ok()
		own.until("the comment", about("notification", `"type":"mention"`))
		next := idOf(s.publish(anna, "Next"))
		_, before := narrow.until("the next post", about("update", next))
		for _, b := range before {
			if b.event == "notification" {
				t.Error("a token that may read statuses only hears of notifications")
			}
		}
	})

	t.Run("the wire", func(t *testing.T) {
		home.end()
		home.over()
		close(home.raw)
		var lines []string
		for line := range home.raw {
			lines = append(lines, line)
		}
		for i, line := range lines {
			switch {
			case strings.ContainsRune(line, '\r'):
				t.Errorf("a line ends with CR: %q", line)
			case line == ":thump\n", line == "\n":
			case strings.HasPrefix(line, "event: "):
				if i+2 >= len(lines) || !strings.HasPrefix(lines[i+1], "data: ") || lines[i+2] != "\n" {
					t.Errorf("an event is not event, data, nothing: %q", lines[i:min(i+3, len(lines))])
				}
			case strings.HasPrefix(line, "data: "):
			default:
				t.Errorf("an unknown line %q", line)
			}
		}
	})

	t.Run("refusals", func(t *testing.T) {
		for address, want := range map[string]int{
			"/user": 401, "/user/notification": 401, "/list?list=1": 401, "/direct": 401, "/hashtag": 400, "/public?access_token=nonsense": 401,
		} {
			if got := events(t, root+address, "").status; got != want {
				t.Errorf("%s: %d, want %d", address, got, want)
			}
		}
		if got := events(t, root+"/user", s.tokenFor(anna.Account, "write")).status; got != 403 {
			t.Errorf("without the scope: %d", got)
		}
		for _, address := range []string{"/list?list=" + idOf(s.post("/api/v1/lists", anna.token, "title=x").ok().object()), "/direct"} {
			if got := events(t, root+address, anna.token).status; got != 200 {
				t.Errorf("%s: %d", address, got)
			}
		}
		if r := s.get("/api/v1/streaming/health", "").ok(); r.body != "OK" {
			t.Errorf("health: %q", r.body)
		}
		if r := s.get("/api/v1/streaming", anna.token); r.status != 400 {
			t.Errorf("no WebSocket: %d", r.status)
		}
	})
}

func mustID(t testing.TB, text string) int64 {
	t.Helper()
	var id int64
	if err := json.Unmarshal([]byte(text), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestStreamsEnd(t *testing.T) {
	s := newSite(t, func(o *options) { o.streams.PerOwner = 3 })
	address := s.serve()
	anna, bob := s.join("anna"), s.join("bob")
	byToken := func(token string) func(*websocket.DialOptions) {
		return func(o *websocket.DialOptions) { o.HTTPHeader.Set("Authorization", "Bearer "+token) }
	}

	t.Run("too many of one account", func(t *testing.T) {
		var open []*testStream
		for range 3 {
			open = append(open, events(t, address+"/api/v1/streaming/user", bob.token))
		}
		if e := events(t, address+"/api/v1/streaming/user", bob.token); e.status != http.StatusTooManyRequests {
			t.Errorf("a fourth: %d", e.status)
		}
		for _, e := range open {
			e.end()
		}
		servertest.Eventually(t, "streams whose clients have gone end", func() bool { return s.streams.Count() == 0 })
	})
	t.Run("a revoked token", func(t *testing.T) {
		app, secret, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "x", RedirectURIs: []string{community.OutOfBand}, Scopes: allowAll})
		if err != nil {
			t.Fatal(err)
		}
		token, _, err := s.community.TokenFor(s.ctx(), app, anna.Account, "read")
		if err != nil {
			t.Fatal(err)
		}
		gone, sse, stays := socket(t, address, "?stream=user", byToken(token)), events(t, address+"/api/v1/streaming/user", token), socket(t, address, "?stream=user", byToken(anna.token))
		if err := s.community.RevokeToken(s.ctx(), app.ClientID, secret, token); err != nil {
			t.Fatal(err)
		}
		gone.over()
		sse.over()
		if gone.code != websocket.StatusPolicyViolation {
			t.Errorf("closed with %d", gone.code)
		}
		id := idOf(s.publish(anna, "Still here"))
		stays.until("more", about("update", id))
		token, _, err = s.community.TokenFor(s.ctx(), app, anna.Account, "read")
		if err != nil {
			t.Fatal(err)
		}
		gone = socket(t, address, "?stream=user", byToken(token))
		if err := s.community.RevokeApplication(s.ctx(), anna.Account, app.ID); err != nil {
			t.Fatal(err)
		}
		gone.over()
		id = idOf(s.publish(anna, "Here again"))
		stays.until("more", about("update", id))
		stays.end()
		stays.over()
	})
	t.Run("a suspension", func(t *testing.T) {
		e := socket(t, address, "?stream=user", byToken(bob.token))
		if _, err := s.community.SuspendMember(s.ctx(), community.ByCommand(""), "bob", community.Sanction{}); err != nil {
			t.Fatal(err)
		}
		e.over()
		if again := socket(t, address, "?stream=user", byToken(bob.token)); again.status != 401 {
			t.Errorf("connected again: %d", again.status)
		}
	})
	t.Run("a client that does not read", func(t *testing.T) {
		// It is opened without a connection: nobody takes what it is told.
		st, err := s.streams.Open(community.Subscriber{AccountID: anna.ID, TokenID: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		if err := st.Listen(community.Channel{Name: community.ChannelPublic}); err != nil {
			t.Fatal(err)
		}
		post := mustID(t, idOf(s.publish(anna, "Again and again")))
		quick := events(t, address+"/api/v1/streaming/public", "")
		for done := false; !done; {
			text := time.Now().Format(time.RFC3339Nano)
			if _, err := s.community.EditPost(s.ctx(), anna.Account, post, community.PostChange{Caption: &text}); err != nil {
				t.Fatal(err)
			}
			quick.until("each change", about("status.update", text))
			select {
			case <-st.Done():
				done = true
			default:
			}
		}
		if !errors.Is(st.Err(), community.ErrStreamSlow) {
			t.Error(st.Err())
		}
		quick.end()
	})
	t.Run("a drain", func(t *testing.T) {
		ws, sse := socket(t, address, "?stream=user", byToken(anna.token)), events(t, address+"/api/v1/streaming/user", anna.token)
		s.streams.Drain(s.ctx(), 50*time.Millisecond)
		ws.over()
		sse.over()
		if ws.code != websocket.StatusGoingAway {
			t.Errorf("closed with %d", ws.code)
		}
		if e := events(t, address+"/api/v1/streaming/user", anna.token); e.status != http.StatusServiceUnavailable || e.header.Get("Content-Type") != "application/json" && e.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("a new one: %d %v", e.status, e.header)
		}
	})
}

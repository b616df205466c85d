package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/mattn/go-mastodon"

	"tintype/internal/community"
	"tintype/internal/servertest"
)

// socket opens a WebSocket. How brings the token.
func socket(t testing.TB, site, query string, how func(*websocket.DialOptions)) *testStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	o := &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"https://elsewhere.example"}}}
	if how != nil {
		how(o)
	}
	conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(site, "http")+"/api/v1/streaming"+query, o)
	e := &testStream{t: t, c: make(chan received, 100), end: cancel}
	if resp != nil {
		e.status, e.header = resp.StatusCode, resp.Header
	}
	if err != nil {
		close(e.c)
		return e
	}
	conn.SetReadLimit(1 << 20)
	e.send = func(text string) {
		if err := conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
			t.Error(err)
		}
	}
	go func() {
		defer close(e.c)
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				e.code = websocket.CloseStatus(err)
				return
			}
			var f struct {
				Stream  []string
				Event   string
				Payload *string
				Error   string
			}
			if err := json.Unmarshal(data, &f); err != nil {
				t.Errorf("%v in %s", err, data)
			}
			switch {
			case f.Error != "":
				e.c <- received{event: "error", data: f.Error}
			case f.Payload == nil:
				t.Errorf("the payload is no string: %s", data)
			default:
				e.c <- received{f.Stream, f.Event, *f.Payload}
			}
		}
	}()
	return e
}

func TestSockets(t *testing.T) {
	s := newSite(t)
	address := s.serve()
	anna, bob := s.join("anna"), s.join("bob")

	ways := map[string]*testStream{
		"in the address": socket(t, address, "?stream=user&access_token="+anna.token, nil),
		"as Bearer": socket(t, address, "?stream=user", func(o *websocket.DialOptions) {
			o.HTTPHeader.Set("Authorization", "Bearer "+anna.token)
		}),
		"as subprotocol": socket(t, address, "", func(o *websocket.DialOptions) { o.Subprotocols = []string{anna.token} }),
	}
	ways["as subprotocol"].send(`{"type":"subscribe","stream":"user"}`)
	ways["as subprotocol"].send(`{"type":"subscribe","stream":"hashtag","tag":"Hills"}`)
	ways["as subprotocol"].send(`{"type":"subscribe","stream":"nonsense"}`)
	ways["as subprotocol"].until("the refusal", about("error", "Unknown stream type"))
	if got := ways["as subprotocol"].header.Get("Sec-WebSocket-Protocol"); got != anna.token {
		t.Errorf("the subprotocol is echoed as %q", got)
	}
	id := idOf(s.publish(anna, "On the #hills"))
	for name, e := range ways {
		h, _ := e.until(name, func(h received) bool { return about("update", `"id":"`+id+`"`)(h) && h.stream[0] == "user" })
		if !slices.Equal(h.stream, []string{"user"}) {
			t.Errorf("%s: stream %v", name, h.stream)
		}
	}
	both := ways["as subprotocol"]
	both.send(`{"type":"subscribe","stream":"public"}`)
	both.send(`{"type":"subscribe","stream":"public:media"}`) // a name of its own: clients look for it in the frame
	both.send(`{"type":"subscribe","stream":"public:local:media"}`)
	both.send(`{"type":"unsubscribe","stream":"public:local:media"}`)
	both.send(`{"type":"unsubscribe","stream":"user"}`)
	both.send(`{"type":"subscribe","stream":"also nonsense"}`) // its refusal says that those before are done
	both.until("the refusal", about("error", "Unknown stream type"))
	id = idOf(s.publish(anna, "On other #hills"))
	got := map[string]bool{}
	for len(got) < 3 {
		h, _ := both.until("all three", about("update", `"id":"`+id+`"`))
		got[strings.Join(h.stream, " ")] = true
	}
	if !got["public"] || !got["public:media"] || !got["hashtag Hills"] {
		t.Errorf("told on %v", got)
	}
	s.do(http.MethodDelete, "/api/v1/statuses/"+id, anna.token, "").ok()
	ways["as Bearer"].until("the end", func(h received) bool { return h.event == "delete" && h.data == id })

	visitor := socket(t, address, "?stream=public", nil)
	id = idOf(s.publish(bob, "For all"))
	visitor.until("a visitor hears", about("update", id))
	visitor.send(`{"type":"subscribe","stream":"user"}`)
	visitor.until("the refusal", about("error", "access token is invalid"))
	for _, query := range []string{"?stream=user", "?stream=public&access_token=nonsense"} {
		if e := socket(t, address, query, nil); e.status != 401 {
			t.Errorf("%s: %d", query, e.status)
		}
	}
}

// A client that nobody here wrote hears over both wires.
func TestGoMastodonListens(t *testing.T) {
	server := httptest.NewUnstartedServer(nil) // it goes where the instance says that the streams are
	s := newSite(t, func(o *options) { o.api.BaseURL = "http://" + server.Listener.Addr().String() })
	address := s.serveOn(server)
	anna := s.join("anna")
	c := mastodon.NewClient(&mastodon.Config{Server: address, AccessToken: anna.token})
	ctx, cancel := context.WithCancel(s.ctx())
	defer cancel()
	sse, err := c.StreamingUser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ws, err := c.NewWSClient().StreamingWSUser(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := c.StreamingHashtag(ctx, "hills", true)
	if err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "three streams are open", func() bool { return s.streams.Count() >= 3 })
	id := idOf(s.publish(anna, "On the #hills"))
	s.do(http.MethodPut, "/api/v1/statuses/"+id, anna.token, form("status", "On the high #hills")).ok()
	s.do(http.MethodDelete, "/api/v1/statuses/"+id, anna.token, "").ok()
	for name, events := range map[string]chan mastodon.Event{"SSE": sse, "WebSocket": ws, "tag": tag} {
		updates, gone := 0, false
		limit := time.After(2 * time.Minute)
		for !gone {
			select {
			case e := <-events:
				switch e := e.(type) {
				case *mastodon.UpdateEvent:
					updates++
				case *mastodon.DeleteEvent:
					gone = string(e.ID) == id
				case *mastodon.ErrorEvent:
					t.Fatalf("%s: %v", name, e)
				}
			case <-limit:
				t.Fatalf("%s: %d updates, and no end", name, updates)
			}
		}
	}
}

// A request that is no WebSocket's beginning is refused in the API's form.
func TestNoWebSocket(t *testing.T) {
	s := newSite(t)
	whole := map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
	for _, wrong := range [][2]string{
		{"Connection", "close"}, {"Upgrade", "h2c"}, {"Sec-WebSocket-Version", "7"}, {"Sec-WebSocket-Version", ""}, {"Sec-WebSocket-Key", "x"}, {"Sec-WebSocket-Key", ""},
	} {
		headers := []string{wrong[0], wrong[1]}
		for name, value := range whole {
			if name != wrong[0] {
				headers = append(headers, name, value)
			}
		}
		r := s.do(http.MethodGet, "/api/v1/streaming?stream=public", "", "", headers...)
		if said, _ := r.object()["error"].(string); r.status != http.StatusBadRequest || said == "" {
			t.Errorf("%v: %d %s", wrong, r.status, r.body)
		}
	}
}

// What is asked for over a socket counts as any other request does.
func TestCommandsAreLimited(t *testing.T) {
	s := newSite(t, func(o *options) { o.api.Limit = community.Limit{Count: 5, Window: 1000 * time.Hour} })
	address := s.serve()
	anna := s.join("anna")
	e := socket(t, address, "?stream=user&access_token="+anna.token, nil)
	for range 10 {
		e.send(`{"type":"subscribe","stream":"list","list":"7"}`)
	}
	e.until("a list that is not there", about("error", "Record not found"))
	e.until("too many of them", about("error", "Too many"))
	e.send(`{"type":"subscribe","stream":"hashtag","tag":"hills"}`)
	e.until("also of others", about("error", "Too many"))
}

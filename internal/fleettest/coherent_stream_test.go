package fleettest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"tintype/internal/servertest"
)

// A listener is a client that stays connected: when its stream ends it comes back, and looks at its list for what it
// has missed, as clients do.
type listener struct {
	name string
	mu   sync.Mutex
	has  map[string]bool // posts, heard of or listed
	told int             // heard of
	ends int
	last string // the last data of the stream
}

func (l *listener) heard(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told++
	l.has[id] = true
}

func (l *listener) listed(p *servertest.Client) error {
	got := p.Try(servertest.Read("/api/v1/timelines/home?limit=40"))
	err := got.Err
	var list []servertest.Status
	if err == nil {
		err = json.Unmarshal([]byte(got.Body), &list)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range list {
		l.has[s.ID] = true
	}
	return err
}

func (l *listener) ended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends++
}

func (l *listener) knows(ids []string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		if !l.has[id] {
			return false
		}
	}
	return true
}

// again runs connect until ctx ends. It returns an error where a stream was cut off instead of ended.
func (l *listener) again(ctx context.Context, t *testing.T, connect func(ctx context.Context) (opened bool, err error)) {
	for ctx.Err() == nil {
		opened, err := connect(ctx)
		if ctx.Err() != nil {
			return
		}
		if opened {
			l.ended()
		}
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// events reads a stream of server-sent events through the balancer. One that is refused, because its instance is about
// to end, is no error: the client comes again.
func (l *listener) events(ctx context.Context, p *servertest.Client, url string, opened func() error, heard func(name, data string)) (bool, error) {
	resp, err := p.Open(ctx, servertest.Read(url))
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable {
		return false, nil
	}
	if resp.StatusCode != http.StatusOK {
		return false, errors.New(resp.Status)
	}
	name := ""
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case line == ":thump":
			if opened != nil {
				if err := opened(); err != nil {
					return true, err
				}
				opened = nil
			}
		case strings.HasPrefix(line, "event: "):
			name = line[len("event: "):]
		case strings.HasPrefix(line, "data: "):
			heard(name, line[len("data: "):])
		}
	}
	return true, lines.Err()
}

// Every instance is restarted behind the balancer, while clients and a page listen through it: each of their streams is
// ended in order, never cut off, its client comes back, and has missed nothing after one look at its list.
func TestStreamsThroughARollingRestart(t *testing.T) {
	redis := servertest.Redis(t)
	balancer := servertest.NewBalancer(t)
	site := prepare(t, 3, "DATABASE_URL="+servertest.Database(t).NewDatabase(t), "CACHE_URL="+redis.URL(), "TRUSTED_PROXIES=1", "DRAIN_DELAY=5s")
	metric := counted(t, site)
	for _, i := range site {
		i.Set("BASE_URL=" + balancer.URL)
	}
	site.start(t)
	balancer.Start(t, site...)
	up := func(n int) {
		t.Helper()
		servertest.Eventually(t, "the balancer knows the instances", func() bool { got, err := balancer.Up(); return err == nil && got == n })
	}
	up(3)
	ada, bob, cat := servertest.NewClient(t, balancer.URL).SignUpByToken("ada"), servertest.NewClient(t, balancer.URL).SignUpByToken("bob"), servertest.NewClient(t, balancer.URL).SignUp("cat")
	var account servertest.Status
	ada.Get("/api/v1/accounts/verify_credentials").Into(&account)
	bob.Post("/api/v1/accounts/" + account.ID + "/follow").Into(&struct{}{})
	root := ada.PostPhoto(photo, "the first")

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	stop := func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	sse := &listener{name: "events", has: map[string]bool{}}
	wg.Go(func() {
		sse.again(ctx, t, func(ctx context.Context) (bool, error) {
			return sse.events(ctx, bob, balancer.URL+"/api/v1/streaming/user", func() error { return sse.listed(bob) }, func(name, data string) {
				var s servertest.Status
				if name == "update" && json.Unmarshal([]byte(data), &s) == nil {
					sse.heard(s.ID)
				}
			})
		})
	})
	socket := &listener{name: "WebSocket", has: map[string]bool{}}
	wg.Go(func() {
		socket.again(ctx, t, func(ctx context.Context) (bool, error) {
			conn, resp, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(balancer.URL, "http")+"/api/v1/streaming?stream=user&access_token="+bob.Token, nil)
			if resp != nil && resp.StatusCode == http.StatusServiceUnavailable {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			defer conn.CloseNow()
			conn.SetReadLimit(1 << 20)
			if err := socket.listed(bob); err != nil {
				return true, err
			}
			for {
				_, data, err := conn.Read(ctx)
				if err != nil {
					if websocket.CloseStatus(err) == websocket.StatusGoingAway {
						err = nil
					}
					return true, err
				}
				var m struct{ Event, Payload string }
				var s servertest.Status
				if json.Unmarshal(data, &m) == nil && m.Event == "update" && json.Unmarshal([]byte(m.Payload), &s) == nil {
					socket.heard(s.ID)
				}
			}
		})
	})
	// A page that cat has open hears of likes and comments; whenever it begins to listen it is told how things stand.
	page := &listener{name: "page", has: map[string]bool{}}
	wg.Go(func() {
		page.again(ctx, t, func(ctx context.Context) (bool, error) {
			return page.events(ctx, cat, balancer.URL+"/live?posts="+root.ID, nil, func(_, data string) {
				page.mu.Lock()
				defer page.mu.Unlock()
				if page.told++; strings.Contains(data, root.ID) {
					page.last = data
				}
			})
		})
	})
	open := func() (n int) {
		for _, i := range site {
			n += metric(i, "streams_open")
		}
		return n
	}
	servertest.Eventually(t, "three streams are open", func() bool { return open() == 3 })

	posts := []string{root.ID}
	said := 0
	act := func(times int) {
		t.Helper()
		for range times {
			posts = append(posts, ada.PostPhoto(photo, "one more").ID)
			bob.Post("/api/v1/statuses", "status", fmt.Sprint("well said ", said), "in_reply_to_id", root.ID).Into(&servertest.Status{})
			said++
		}
	}
	for n, i := range site {
		i.Signal(syscall.SIGTERM)
		for range 12 { // longer than it takes to drain
			act(1)
			time.Sleep(400 * time.Millisecond) // what is acted comes over the whole of the stop
		}
		if err := i.Wait(time.Minute); err != nil {
			t.Errorf("instance %d: %v", n+1, err)
		}
		i.Start()
		up(3)
	}
	bob.Post("/api/v1/statuses/" + root.ID + "/favourite").Into(&servertest.Status{})
	servertest.Eventually(t, "three streams are open again", func() bool { return open() == 3 })
	act(1)
	for _, l := range []*listener{sse, socket} {
		servertest.Eventually(t, "the listener knows all posts", func() bool { return l.knows(posts) })
	}
	want := fmt.Sprintf(`{"id":"%s","likes":1,"comments":%d}`, root.ID, said)
	servertest.Eventually(t, "the page shows how things stand", func() bool {
		page.mu.Lock()
		defer page.mu.Unlock()
		return page.last == want
	})
	stop()
	for _, l := range []*listener{sse, socket, page} {
		t.Logf("%s: %d streams ended in order, %d messages, %d posts", l.name, l.ends, l.told, len(posts))
		if l.ends == 0 || l.told == 0 {
			t.Errorf("%s: %d streams ended, %d messages were heard", l.name, l.ends, l.told)
		}
	}
}

package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/servertest"
	"tintype/internal/web"
)

// A liveSite runs on a real port, wired by the test.
type liveSite struct {
	*App
	url  string
	stop context.CancelFunc
	done chan error
}

func startLive(t *testing.T, build func(a *App) (http.Handler, error), env ...string) *liveSite {
	t.Helper()
	port := freePort(t)
	cfg := mustLoad(t, append([]string{"PORT=" + port, "DATA_DIR=" + t.TempDir()}, env...)...)
	a := New(cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	s := &liveSite{App: a, url: "http://127.0.0.1:" + port, stop: cancel, done: make(chan error, 1)}
	go func() { s.done <- a.run(ctx, func(context.Context) (http.Handler, error) { return build(a) }) }()
	t.Cleanup(cancel)
	return s
}

func (s *liveSite) routes(register func(*web.Routes)) http.Handler {
	r := s.site.NewRoutes(web.RouteOptions{})
	register(r)
	return r.Handler()
}

// status is that of the answer, 0 without one.
func status(url string) int {
	return servertest.NewClient(nil, url).Send(context.Background(), servertest.Read(url)).Status
}

func TestListensBeforeItIsReady(t *testing.T) {
	schema := make(chan struct{})
	s := startLive(t, func(a *App) (http.Handler, error) {
		a.site.Health.Wait("database", "waits for the schema")
		<-schema
		a.site.Health.Done("database")
		return (&liveSite{App: a}).routes(func(r *web.Routes) { r.Personal("GET", "/", text("x")) }), nil
	})
	servertest.Eventually(t, "listening", func() bool { return status(s.url+"/livez") == 200 })
	if got := status(s.url + "/readyz"); got != 503 {
		t.Errorf("ready without a schema: %d", got)
	}
	if got := status(s.url + "/"); got != 503 {
		t.Errorf("serves without a schema: %d", got)
	}
	close(schema)
	servertest.Eventually(t, "ready", func() bool { return status(s.url+"/readyz") == 200 })
	if got := status(s.url + "/"); got != 200 {
		t.Errorf("%d", got)
	}
	s.stop()
	if err := <-s.done; err != nil {
		t.Error(err)
	}
}

func TestStopWhileStarting(t *testing.T) {
	began := make(chan struct{})
	cfg := mustLoad(t, "DATA_DIR="+t.TempDir(), "PORT="+freePort(t))
	a := New(cfg, slog.New(slog.DiscardHandler), io.Discard)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- a.run(ctx, func(ctx context.Context) (http.Handler, error) {
			close(began)
			<-ctx.Done()
			return nil, ctx.Err()
		})
	}()
	<-began
	cancel()
	if err := <-done; err != nil {
		t.Errorf("a stop that was asked for is an error: %v", err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(servertest.FreePort(t))
}

func TestAFailedStartEndsWithItsCause(t *testing.T) {
	closed := false
	s := startLive(t, func(a *App) (http.Handler, error) {
		a.onStop("database", func(context.Context) error { closed = true; return nil })
		return nil, errors.New("the disk is read-only")
	})
	if err := <-s.done; err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Errorf("%v", err)
	}
	if !closed {
		t.Error("what was opened stays open")
	}
}

func TestATakenPortIsSaidPlainly(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	cfg := mustLoad(t, fmt.Sprintf("PORT=%d", port))
	_, err = web.Listen(t.Context(), (&App{cfg: cfg}).listenOptions())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is taken", port)) {
		t.Errorf("%v", err)
	}
}

func TestLoopbackBaseURLListensOnLoopbackOnly(t *testing.T) {
	for env, loopback := range map[string]bool{"BASE_URL=http://localhost:1": true, "BASE_URL=http://127.0.0.1": true, "BASE_URL=http://photos.example": false} {
		cfg := mustLoad(t, env, "PORT="+freePort(t))
		open, err := web.Listen(t.Context(), (&App{cfg: cfg}).listenOptions())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range open.All() {
			if got := l.Addr().(*net.TCPAddr).IP.IsLoopback(); got != loopback {
				t.Errorf("%s listens on %s", env, l.Addr())
			}
			l.Close()
		}
	}
}

// An orderly stop: unready first while serving goes on, then the requests in
// work end, then the jobs, and the database last.
func TestOrderOfAStop(t *testing.T) {
	var mu sync.Mutex
	var order []string
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, what)
	}
	entered, release := make(chan struct{}), make(chan struct{})
	s := startLive(t, func(a *App) (http.Handler, error) {
		a.onStop("database", func(context.Context) error { note("database"); return nil })
		a.background("jobs", func(ctx context.Context) error {
			<-ctx.Done()
			note("jobs")
			return nil
		})
		return (&liveSite{App: a}).routes(func(r *web.Routes) {
			r.Personal("GET", "/", text("x"))
			r.Upload("POST", "/upload", 1, func(c *gin.Context) error {
				close(entered)
				<-release
				n, err := io.Copy(io.Discard, c.Request.Body)
				if err == nil {
					note("upload")
					c.String(200, "%d", n)
				}
				return err
			})
		}), nil
	}, "DRAIN_DELAY=5s")
	servertest.Eventually(t, "ready", func() bool { return status(s.url+"/readyz") == 200 })

	uploaded := make(chan error, 1)
	go func() {
		answer, err := servertest.NewClient(nil, s.url).Must(200, servertest.Request{Method: "POST", Path: "/upload", ContentType: "image/jpeg", Body: make([]byte, 3<<20)})
		if err == nil && answer.Body != strconv.Itoa(3<<20) {
			err = errors.New(answer.Body)
		}
		uploaded <- err
	}()
	<-entered
	s.stop()
	servertest.Eventually(t, "unready", func() bool { return status(s.url+"/readyz") == 503 })
	if got := status(s.url + "/"); got != 200 {
		t.Errorf("draining, and no longer serving: %d", got)
	}
	servertest.Eventually(t, "closed", func() bool { return status(s.url+"/livez") == 0 })
	close(release)
	if err := <-uploaded; err != nil {
		t.Errorf("an upload in work was lost: %v", err)
	}
	if err := <-s.done; err != nil {
		t.Error(err)
	}
	if got := strings.Join(order, " "); got != "upload jobs database" {
		t.Errorf("stopped in the order: %s", got)
	}
}

func TestAHangingRequestDoesNotHoldTheStopForever(t *testing.T) {
	entered := make(chan struct{})
	s := startLive(t, func(a *App) (http.Handler, error) {
		return (&liveSite{App: a}).routes(func(r *web.Routes) {
			r.Asset("GET", "/hang", func(c *gin.Context) error {
				close(entered)
				<-c.Request.Context().Done() // ends when its connection is closed
				return c.Request.Context().Err()
			})
		}), nil
	}, "SHUTDOWN_TIMEOUT=1s")
	servertest.Eventually(t, "ready", func() bool { return status(s.url+"/readyz") == 200 })
	go status(s.url + "/hang")
	<-entered
	s.stop()
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		t.Fatal("still stopping")
	}
}

func TestLargeAnswersGoOutWhole(t *testing.T) {
	data := bytes.Repeat([]byte("photo!"), 1<<19) // 3 MB: more than one piece
	s := startLive(t, func(a *App) (http.Handler, error) {
		return (&liveSite{App: a}).routes(func(r *web.Routes) {
			r.Asset("GET", "/media/x", func(c *gin.Context) error {
				http.ServeContent(c.Writer, c.Request, "x.jpg", time.Time{}, bytes.NewReader(data))
				return nil
			})
		}), nil
	})
	servertest.Eventually(t, "ready", func() bool { return status(s.url+"/readyz") == 200 })
	if got := servertest.NewClient(t, s.url).Get("/media/x").Want(200).Body; got != string(data) {
		t.Errorf("%d bytes of %d, or others", len(got), len(data))
	}
}

package web

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// After the last byte of a body the read deadline has to go: net/http takes its
// passing for the client's leaving and cancels the request.
func TestAnUploadMayBeWaitedForLongerThanItsReadDeadline(t *testing.T) {
	control := &deadlines{}
	r := &patientReader{body: io.NopCloser(bytes.NewReader(make([]byte, 3*bodyPiece))), control: http.NewResponseController(control)}
	r.extend()
	if _, err := io.Copy(io.Discard, io.LimitReader(r, 2*bodyPiece)); err != nil {
		t.Fatal(err)
	}
	if n := len(control.read); n < 3 {
		t.Errorf("the deadline moved %d times over two pieces", n)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		t.Fatal(err)
	}
	if last := control.read[len(control.read)-1]; !last.IsZero() {
		t.Errorf("the deadline stays after the body's end: %s", last)
	}
}

// A kilobyte a second is what a telephone in a train gets, with pauses.
func TestBadNetworksReachTheLeastRates(t *testing.T) {
	if rate := bodyPiece / readPatience.Seconds(); rate > 600 {
		t.Errorf("a body needs %.0f B/s", rate)
	}
	if rate := writePiece / writePatience.Seconds(); rate > 1100 {
		t.Errorf("an answer needs %.0f B/s", rate)
	}
}

type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error { d.read = append(d.read, t); return nil }

func TestServerOutlivesTheBalancersIdleConnections(t *testing.T) {
	s := NewServer(nil, slog.New(slog.DiscardHandler))
	if s.IdleTimeout <= 60*time.Second || s.ReadHeaderTimeout == 0 {
		t.Errorf("idle %s, header %s", s.IdleTimeout, s.ReadHeaderTimeout)
	}
}

type discardWriter struct{}

func (discardWriter) Header() http.Header         { return http.Header{} }
func (discardWriter) WriteHeader(int)             {}
func (discardWriter) Write(p []byte) (int, error) { return len(p), nil }

// A request whose connection was accepted before the server stops, and which is read after, is answered.
func TestARequestReadAsTheServerStops(t *testing.T) {
	s := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }), slog.New(slog.DiscardHandler))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = s.Serve(l) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	servertest.Eventually(t, "the server has the connection", s.waited)
	l.Close()
	<-served
	ended, begun := make(chan error, 1), make(chan struct{})
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		s.Finish(lookedAt{ctx, sync.OnceFunc(func() { close(begun) })})
		ended <- s.Shutdown(ctx)
	}()
	<-begun
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: here\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasSuffix(string(answer), "here") || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("%v: %s", err, answer)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// lookedAt tells when somebody asks whether it is over.
type lookedAt struct {
	context.Context
	looked func()
}

func (c lookedAt) Err() error { c.looked(); return c.Context.Err() }

// A file takes a short way, in pieces.
func TestFilesGoOutInPieces(t *testing.T) {
	data := bytes.Repeat([]byte("photo!"), 1<<19) // 3 MB: more than one piece
	w := &response{ResponseWriter: discardWriter{}, control: http.NewResponseController(discardWriter{})}
	if n, err := w.ReadFrom(bytes.NewReader(data)); err != nil || n != int64(len(data)) || w.bytes != n || w.status != 200 {
		t.Errorf("%d bytes, %d counted, status %d, %v", n, w.bytes, w.status, err)
	}
}

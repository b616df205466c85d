package web

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/servertest"
	"tintype/internal/web/api"
)

// A client that asks before it sends a large body hears of a refusal before it does.
func TestARefusalComesBeforeTheBody(t *testing.T) {
	refused := func(*gin.Context) error {
		return &api.Error{Status: http.StatusUnauthorized, Message: "The access token is invalid"}
	}
	taken := func(c *gin.Context) error {
		n, err := io.Copy(io.Discard, c.Request.Body)
		c.String(http.StatusOK, "%d bytes", n)
		return err
	}
	site, addr := serveTCP(t, 8, func(r *Routes) {
		r.APIUpload("POST", "/api/v2/media", refused)
		r.API("POST", "/api/v1/statuses", refused)
		r.APIUpload("POST", "/api/v1/media", taken)
		r.Upload("POST", "/settings/profile", 1, refused)
		r.Upload("POST", "/compose/photos", 1, taken)
		r.Personal("POST", "/posts", text("done"))
	})
	const most = 1 << 40
	for _, c := range []struct {
		path, length, want string
	}{
		{"/settings/profile", "10000000", "303"},
		{"/nothing", "900000", "404"},
		{"/posts", "10000000", "413"},
		{"/compose/photos", fmt.Sprint(int64(most)), "413"},
		{"/compose/photos", "20000", "100"},
		{"/api/v2/media", "10000000", "401"}, {"/api/v1/statuses", "900000", "401"},
		{"/api/v1/nothing", "900000", "404"},
		{"/api/v1/media", fmt.Sprint(int64(most)), "413"},
		{"/api/v1/media", "20000", "100"},
	} {
		conn := send(t, addr, "POST "+c.path+" HTTP/1.1\r\nHost: localhost:8080\r\nAuthorization: Bearer x\r\nExpect: 100-continue\r\nContent-Length: "+c.length+"\r\n\r\n")
		answers := bufio.NewReader(conn)
		line, err := answers.ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+c.want+" ") {
			t.Errorf("%s of %s bytes: %v %q, want %s", c.path, c.length, err, line, c.want)
		}
		if c.want == "100" {
			if _, err := io.WriteString(conn, strings.Repeat("x", 20000)); err != nil {
				t.Fatal(err)
			}
			servertest.Eventually(t, "what was asked for is done", func() bool {
				line, err := answers.ReadString('\n')
				if err != nil {
					t.Fatal(err)
				}
				return strings.HasPrefix(line, "HTTP/1.1 200 ")
			})
		}
		conn.Close()
	}
	servertest.Eventually(t, "all is given back", func() bool {
		slots := site.Admission.requests
		slots.mu.Lock()
		defer slots.mu.Unlock()
		return slots.inFlight == 0 && site.Admission.arriving.waiting == 0
	})
}

// A site that can only be read refuses an upload before it comes.
func TestReadOnlyRefusesBeforeTheBody(t *testing.T) {
	_, addr := serveTCP(t, 8, func(r *Routes) { r.Upload("POST", "/compose/photos", 1, text("done")) }, func(o *Options) { o.ReadOnly = true })
	for _, path := range []string{"/compose/photos", "/api/v2/media"} {
		for _, kind := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x"} {
			conn := send(t, addr, "POST "+path+" HTTP/1.1\r\nHost: localhost:8080\r\nExpect: 100-continue\r\nContent-Type: "+kind+"\r\nContent-Length: 900000\r\n\r\n")
			if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 503 ") {
				t.Errorf("%s as %s: %v %q, want 503", path, kind, err, line)
			}
		}
	}
}

// pipes listens for the ends of pipes, whose deadlines follow the clock of a synctest bubble.
type pipes struct {
	ends   chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.ends:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

// An upload takes as long as it likes while bytes keep coming, at one kilobyte a second and with pauses of a tunnel's
// length. One that brings less than bodyPiece in readPatience ends with 408. The clock is the bubble's.
func TestASlowUploadIsKeptWhileItMoves(t *testing.T) {
	for _, c := range []struct {
		name         string
		piece        int
		pause        time.Duration
		size, status int
	}{
		{"1 kB/s", 1000, time.Second, 600_000, http.StatusOK},
		{"1 kB/s with long pauses", 25_000, 25 * time.Second, 600_000, http.StatusOK},
		{"0.6 kB/s", 600, time.Second, 60_000, http.StatusOK},
		{"0.4 kB/s", 400, time.Second, 600_000, http.StatusRequestTimeout},
		{"silence after the beginning", 40_000, time.Hour, 600_000, http.StatusRequestTimeout},
		{"a byte now and then", 1, 10 * time.Second, 600_000, http.StatusRequestTimeout},
	} {
		for _, path := range []string{"/compose/photos", "/api/v2/media"} {
			t.Run(c.name+path, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { slowUpload(t, path, c.piece, c.size, c.pause, c.status) })
			})
		}
	}
}

func slowUpload(t *testing.T, path string, piece, size int, pause time.Duration, status int) {
	received := 0
	take := func(c *gin.Context) error {
		n, err := io.Copy(io.Discard, c.Request.Body)
		if received = int(n); err != nil {
			// As the use case that reads an upload says of one that broke off.
			return fmt.Errorf("%w: %w", &community.Invalid{Fields: []community.FieldError{{Field: "file", Code: "interrupted", Message: "The upload was interrupted."}}}, err)
		}
		c.String(http.StatusOK, "all of it")
		return nil
	}
	site := newTestSite(t, func(r *Routes) {
		r.Upload("POST", "/compose/photos", 1, take)
		r.APIUpload("POST", "/api/v2/media", take)
	}, func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
	l := &pipes{ends: make(chan net.Conn), closed: make(chan struct{})}
	s := NewServer(site, slog.New(slog.DiscardHandler))
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	client, server := net.Pipe()
	defer client.Close()
	l.ends <- server

	begun := time.Now()
	stop := make(chan struct{})
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		if _, err := fmt.Fprintf(client, "POST %s HTTP/1.1\r\nHost: localhost:8080\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", path, size); err != nil {
			return
		}
		for left := size; left > 0; left -= piece {
			if _, err := client.Write(make([]byte, min(piece, left))); err != nil {
				return // the other end has closed
			}
			select {
			case <-time.After(pause):
			case <-stop:
				return
			}
		}
	}()
	answer, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	close(stop)
	client.Close()
	<-sent
	if answer.StatusCode != status {
		t.Fatalf("%d after %v and %d bytes: %s", answer.StatusCode, took, received, text)
	}
	if status == http.StatusOK {
		if least := time.Duration(size/piece-1) * pause; received != size || took < least {
			t.Errorf("%d bytes of %d came in %v, at least %v were expected", received, size, took, least)
		}
		return
	}
	if took > 2*readPatience || received >= size {
		t.Errorf("it ended after %v, with %d bytes", took, received)
	}
	if !strings.Contains(string(text), "arrived too slowly") || strings.Contains(string(text), "deadline") || strings.Contains(string(text), "i/o timeout") {
		t.Errorf("it says %s", text)
	}
	if got := answer.Header.Get("Content-Type"); strings.HasPrefix(got, "application/json") != strings.HasPrefix(path, "/api/") {
		t.Errorf("%s answers %s", path, got)
	}
}

package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// writePatience is how long one writePiece of an answer may take to leave: a
	// reader has to take a kilobyte a second.
	writePatience = 60 * time.Second
	writePiece    = 64 << 10
	// unsentMost is what net/http takes without waiting for the client.
	unsentMost = 2 << 10
)

// A response watches an answer go out. Each piece has a deadline of its own, so
// that a large photo may take as long as it makes progress, and a reader who
// stops reading is let go.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int // 0 until the header went out
	bytes   int64
	// sending is called once, before an answer may have to wait for its reader; nil
	// where nobody counts that.
	sending func(cut func())

	mu    sync.Mutex
	isCut bool
}

func newResponse(w http.ResponseWriter) *response {
	return &response{ResponseWriter: w, control: http.NewResponseController(w)}
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	total := 0
	for {
		piece := p[total:min(total+writePiece, len(p))]
		w.begin(len(piece))
		n, err := w.ResponseWriter.Write(piece)
		w.bytes += int64(n)
		if total += n; err != nil || total >= len(p) {
			return total, err
		}
	}
}

// ReadFrom keeps the kernel's short way from a file to the network, in pieces.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	var total int64
	for {
		w.begin(writePiece)
		n, err := io.Copy(w.ResponseWriter, io.LimitReader(src, writePiece))
		w.bytes += n
		total += n
		if err != nil || n < writePiece {
			return total, err
		}
	}
}

// begin is called before n more bytes of the body.
func (w *response) begin(n int) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	if w.sending != nil && w.bytes+int64(n) > unsentMost {
		w.sending(w.cut)
		w.sending = nil
	}
	w.extend()
}

// extend gives the next piece its time. A connection keeps the deadline of the
// request before, so it is set anew even where there is nothing to send.
func (w *response) extend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.isCut {
		// Writers that have no deadlines (tests) need none.
		_ = w.control.SetWriteDeadline(time.Now().Add(writePatience))
	}
}

// cut lets the reader go, from another goroutine.
func (w *response) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.isCut = true
	_ = w.control.SetWriteDeadline(time.Unix(1, 0))
}

// Flush sends what is buffered.
func (w *response) Flush() {
	w.begin(0)
	_ = w.control.Flush()
}

// Hijack hands the connection over, without deadlines.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := w.control.Hijack()
	if err == nil {
		w.status = http.StatusSwitchingProtocols
		err = conn.SetDeadline(time.Time{})
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController find the http.ResponseWriter beneath.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	// writePatience is how long one piece of an answer may take to leave.
	writePatience = 60 * time.Second
	// writePiece is how much of a file is sent under one deadline.
	writePiece = 1 << 20
)

// A response watches an answer go out. Each piece has a deadline of its own, so
// that a large photo may take as long as it makes progress, and a reader who
// stops reading is let go.
type response struct {
	http.ResponseWriter
	control *http.ResponseController
	status  int // 0 until the header went out
	bytes   int64
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
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the kernel's short way from a file to the network, in pieces.
func (w *response) ReadFrom(src io.Reader) (int64, error) {
	var total int64
	for {
		w.begin()
		n, err := io.Copy(w.ResponseWriter, io.LimitReader(src, writePiece))
		w.bytes += n
		total += n
		if err != nil || n < writePiece {
			return total, err
		}
	}
}

func (w *response) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.extend()
}

// extend gives the next piece its time. A connection keeps the deadline of the
// request before, so it is set anew even where there is nothing to send.
func (w *response) extend() {
	// Writers that have no deadlines (tests) need none.
	_ = w.control.SetWriteDeadline(time.Now().Add(writePatience))
}

// Flush sends what is buffered.
func (w *response) Flush() {
	w.begin()
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

// Unwrap lets http.ResponseController find the writer beneath.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

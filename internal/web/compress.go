package web

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// compressFrom is the length from which compressing pays.
const compressFrom = 1 << 10

// Level 1 takes a feed page to a fifth in some hundred microseconds; what higher
// levels save beyond that costs more time than the line takes.
var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is valid
	return w
}}

// compress sends pages and JSON compressed to whoever takes that. Files bring
// their own compressed form, and photos have none.
func compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead || r.Header.Get("Range") != "" {
			next.ServeHTTP(w, r)
			return
		}
		c := &compressor{ResponseWriter: w, accepted: AcceptsGzip(r.Header.Get("Accept-Encoding"))}
		defer c.release()
		next.ServeHTTP(c, r)
		c.finish() // not after a panic: half an answer must not end well
	})
}

// AcceptsGzip reads what browsers and clients send; "gzip;q=0" is a refusal.
func AcceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, quality, _ := strings.Cut(strings.ReplaceAll(part, " ", ""), ";")
		if name == "gzip" || name == "*" {
			return strings.Trim(strings.TrimPrefix(quality, "q="), "0.") != "" || quality == ""
		}
	}
	return false
}

// A compressor holds an answer back until it is long enough to tell whether it
// should be compressed, or ends.
type compressor struct {
	http.ResponseWriter
	accepted bool

	status  int
	held    []byte
	decided bool
	gz      *gzip.Writer
}

func (c *compressor) WriteHeader(status int) {
	switch {
	case c.decided, status < 200 && status != http.StatusSwitchingProtocols:
		c.ResponseWriter.WriteHeader(status)
	case c.status == 0:
		c.status = status
	}
}

func (c *compressor) Write(p []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	if !c.decided {
		if len(c.held)+len(p) < compressFrom && c.compressible() {
			c.held = append(c.held, p...)
			return len(p), nil
		}
		if err := c.decide(true); err != nil {
			return 0, err
		}
	}
	if c.gz != nil {
		return c.gz.Write(p)
	}
	return c.ResponseWriter.Write(p)
}

// compressible goes by what the handler has said of its answer.
func (c *compressor) compressible() bool {
	h := c.Header()
	if h.Get("Content-Encoding") != "" {
		return false
	}
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	switch kind {
	case "text/html", "application/json", "application/atom+xml", "application/xml", "text/xml", "text/plain":
		return true
	}
	return false
}

// decide sends the header, and what was held back. Long says that the answer is
// long enough.
func (c *compressor) decide(long bool) error {
	c.decided = true
	h := c.Header()
	if long && c.compressible() {
		h.Add("Vary", "Accept-Encoding")
		if c.accepted {
			h.Del("Content-Length")
			h.Set("Content-Encoding", "gzip")
			if tag := h.Get("ETag"); tag != "" {
				h.Set("ETag", compressedTag(tag))
			}
			c.gz = gzipWriters.Get().(*gzip.Writer)
			c.gz.Reset(c.ResponseWriter)
		}
	}
	if c.status != 0 {
		c.ResponseWriter.WriteHeader(c.status)
	}
	if len(c.held) == 0 {
		return nil
	}
	var err error
	if c.gz != nil {
		_, err = c.gz.Write(c.held)
	} else {
		_, err = c.ResponseWriter.Write(c.held)
	}
	c.held = nil
	return err
}

// begun reports whether the handler has answered, sent or not.
func (c *compressor) begun() bool { return c.decided || len(c.held) > 0 }

func (c *compressor) finish() {
	if !c.decided {
		_ = c.decide(false) // who does not read has gone
	}
	if c.gz != nil {
		_ = c.gz.Close()
	}
}

func (c *compressor) release() {
	if c.gz != nil {
		gzipWriters.Put(c.gz)
		c.gz = nil
	}
}

// Flush sends what there is, as it is: whoever flushes wants it to arrive now.
func (c *compressor) Flush() {
	if !c.decided {
		_ = c.decide(false)
	}
	if c.gz != nil {
		_ = c.gz.Flush()
	}
	_ = http.NewResponseController(c.ResponseWriter).Flush()
}

// Hijack hands the connection over, with the header that was held back.
func (c *compressor) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if !c.decided {
		_ = c.decide(false) // nothing is held: it cannot fail
	}
	return http.NewResponseController(c.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController find the http.ResponseWriter beneath.
func (c *compressor) Unwrap() http.ResponseWriter { return c.ResponseWriter }

package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

const (
	// PersonalControl lets no cache keep an answer.
	PersonalControl = "private, no-store"
	// VisitorControl lets a CDN keep a visitor's page for half a minute, give it
	// out for as long again while it asks for a newer one, and for five minutes
	// while the site does not answer. With what this program itself keeps
	// (visitorPageLife) and the lag of a replica that is read (REPLICA_MAX_LAG),
	// what is edited or deleted is gone within two minutes, or within seven while
	// the site is away: the privacy page says so. Browsers ask each time, for what
	// they show next may be a member's.
	VisitorControl = "max-age=0, s-maxage=30, stale-while-revalidate=30, stale-if-error=300"
)

// bufferMost is how much of a page is held back for its ETag. A larger one goes
// out without.
const bufferMost = 4 << 20

// setPolicy writes the Cache-Control that the route declared. A visitor's answer
// of a cacheable route is held back, and finish ends it.
func (r *Routes) setPolicy(c *gin.Context, p Policy) (finish func()) {
	h := c.Writer.Header()
	switch p {
	case PolicyPersonal:
		h.Set("Cache-Control", PersonalControl)
	case PolicyCacheable:
		h.Set("Vary", "Cookie")
		h.Set("Cache-Control", PersonalControl)
		if _, err := c.Request.Cookie(r.cookie); err != nil {
			held := &bufferedResponse{ResponseWriter: c.Writer}
			c.Writer = held
			return func() { held.finish(c.Request) }
		}
	}
	return func() {}
}

// A bufferedResponse is a visitor's answer, held until all of it is known: only then can
// it be said whether a shared cache may keep it, and what its ETag is.
type bufferedResponse struct {
	gin.ResponseWriter
	status int
	body   bytes.Buffer
	passed bool // too large to hold: the answer is on its way
}

func (w *bufferedResponse) WriteHeader(status int) {
	if w.passed {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.status = status
}

// WriteHeaderNow holds the header, too.
func (w *bufferedResponse) WriteHeaderNow() {
	if w.passed {
		w.ResponseWriter.WriteHeaderNow()
	}
}

func (w *bufferedResponse) Write(p []byte) (int, error) {
	if !w.passed && w.body.Len()+len(p) > bufferMost {
		w.send()
	}
	if w.passed {
		return w.ResponseWriter.Write(p)
	}
	return w.body.Write(p)
}

func (w *bufferedResponse) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

func (w *bufferedResponse) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *bufferedResponse) Size() int {
	if w.passed {
		return w.ResponseWriter.Size()
	}
	return w.body.Len()
}

func (w *bufferedResponse) Written() bool { return w.passed || w.body.Len() > 0 }

// Flush sends what there is. The response is then not kept.
func (w *bufferedResponse) Flush() {
	w.send()
	w.ResponseWriter.Flush()
}

// Unwrap lets http.ResponseController find the http.ResponseWriter beneath.
func (w *bufferedResponse) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// drop forgets what a handler wrote before it failed.
func (w *bufferedResponse) drop() {
	if !w.passed {
		w.status = 0
		w.body.Reset()
	}
}

func (w *bufferedResponse) send() {
	if w.passed {
		return
	}
	w.passed = true
	w.ResponseWriter.WriteHeader(w.Status())
	if w.body.Len() == 0 {
		w.ResponseWriter.WriteHeaderNow()
		return
	}
	_, _ = w.ResponseWriter.Write(w.body.Bytes()) // who does not read has gone
}

// finish decides about the whole answer. A shared cache keeps pages only: not
// what sets a cookie, no refusal, for it may be otherwise a second later, and
// nothing to which the handler gave a Cache-Control of its own.
func (w *bufferedResponse) finish(r *http.Request) {
	h := w.Header()
	if !w.passed && w.Status() == http.StatusOK && len(h.Values("Set-Cookie")) == 0 && h.Get("Cache-Control") == PersonalControl {
		h.Set("Cache-Control", VisitorControl)
		sum := sha256.Sum256(w.body.Bytes())
		tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
		h.Set("ETag", tag)
		if known := matchingTag(r.Header.Get("If-None-Match"), tag); known != "" {
			h.Set("ETag", known)
			h.Del("Content-Type")
			h.Del("Content-Length")
			w.status = http.StatusNotModified
			w.body.Reset()
		}
	}
	w.send()
}

// compressedTag is the ETag of an answer's compressed form: a strong one names
// bytes, and these are others.
func compressedTag(tag string) string {
	if !strings.HasPrefix(tag, `"`) || len(tag) < 2 {
		return tag
	}
	return strings.TrimSuffix(tag, `"`) + `-gzip"`
}

// matchingTag is the one of the tags in an If-None-Match header that names the
// page, in either of its forms, or "".
func matchingTag(header, tag string) string {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		switch part {
		case "*":
			return tag
		case tag, compressedTag(tag):
			return part
		}
	}
	return ""
}

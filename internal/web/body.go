package web

import (
	"io"
	"net/http"
	"time"
)

const (
	// smallBody is the most that a form or a JSON document may hold.
	smallBody = 1 << 20
	// uploadMargin is what a form needs around a file.
	uploadMargin = 1 << 20
	// readPatience is how long a body may take for the next uploadPiece.
	readPatience = 30 * time.Second
	uploadPiece  = 128 << 10
)

// limitBody bounds the request's body; reading past the bound is an
// *http.MaxBytesError, which the error responder knows.
func limitBody(w http.ResponseWriter, r *http.Request, most int64) {
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, most)
	}
}

// patientBody lets a request's body take as long as it makes progress, instead
// of giving every upload one deadline that is too short for the slow and too
// long for the dead.
func patientBody(control *http.ResponseController, r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b := &patientReader{body: r.Body, control: control}
	b.extend()
	r.Body = b
}

type patientReader struct {
	body    io.ReadCloser
	control *http.ResponseController
	pending int // bytes since the deadline last moved
}

func (b *patientReader) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.pending += n
	switch {
	case err == io.EOF:
		// From here on net/http reads ahead to notice when the client goes away,
		// and would take a passed deadline for that: an upload that is waited for
		// must not be cut off by its own deadline.
		_ = b.control.SetReadDeadline(time.Time{})
	case b.pending >= uploadPiece:
		b.extend()
	}
	return n, err
}

func (b *patientReader) Close() error { return b.body.Close() }

func (b *patientReader) extend() {
	b.pending = 0
	// Writers without deadlines (tests) need none.
	_ = b.control.SetReadDeadline(time.Now().Add(readPatience))
}

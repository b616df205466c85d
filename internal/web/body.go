package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"tintype/internal/lang"
)

const (
	// smallBody is the most that a form or a JSON document may hold.
	smallBody = 1 << 20
	// uploadMargin is what a form needs around a file.
	uploadMargin = 1 << 20
	// readPatience is how long a body may take for the next bodyPiece: half a
	// kilobyte a second, so that a client that pauses gets through.
	readPatience = 30 * time.Second
	bodyPiece    = 16 << 10
	// strangerHead and memberHead are how much of a body is awaited before its
	// request takes a slot. A form that a person fills in is shorter.
	strangerHead = 16 << 10
	memberHead   = 64 << 10
)

// errSlowBody is of a body whose next bytes did not come in time. The error
// responder knows it, whatever a handler makes of a body that broke off.
var errSlowBody = errors.New("the body came too slowly")

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
	pending int    // bytes since the deadline last moved
	head    []byte // awaited before, to be read first
	ended   error  // of the body, once it has come to an end
	slot    *slot  // given back while bytes are awaited; nil until there is one
	arrived func() // called once when no more is to come; may be nil
	moved   func() // called when a bodyPiece has come; may be nil

	mu   sync.Mutex
	over bool // no deadline moves any more
}

// await reads the body's first bytes, up to most, and reports whether that was
// all of it.
func (b *patientReader) await(most int, length int64) (whole bool, err error) {
	if length >= 0 {
		most = int(min(int64(most), length+1)) // one more: the end is seen by reading past it
	}
	buf := make([]byte, 0, min(most, 1<<10))
	for len(buf) < most && b.ended == nil {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(4*cap(buf), most))
			copy(grown, buf)
			buf = grown
		}
		n, err := b.receive(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		b.ended = err
	}
	b.head = buf
	if b.ended == io.EOF {
		return true, nil
	}
	return false, b.ended
}

func (b *patientReader) Read(p []byte) (int, error) {
	if len(b.head) > 0 {
		n := copy(p, b.head)
		b.head = b.head[n:]
		return n, nil
	}
	if b.ended != nil {
		return 0, b.ended
	}
	b.slot.leave()
	n, err := b.receive(p)
	b.slot.resume()
	b.ended = err
	return n, err
}

// receive reads from the client.
func (b *patientReader) receive(p []byte) (int, error) {
	n, err := b.body.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", errSlowBody, err)
	}
	b.pending += n
	switch {
	case err == io.EOF:
		// From here on net/http reads ahead to notice when the client goes away. It
		// would take a passed deadline for that, and cut off an upload whose answer
		// is still being made.
		b.end(time.Time{})
	case b.pending >= bodyPiece:
		b.extend()
		if b.moved != nil {
			b.moved()
		}
	}
	if err != nil && b.arrived != nil {
		b.arrived()
		b.arrived = nil
	}
	return n, err
}

func (b *patientReader) Close() error { return b.body.Close() }

func (b *patientReader) extend() {
	b.pending = 0
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		// Writers without deadlines (tests) need none.
		_ = b.control.SetReadDeadline(time.Now().Add(readPatience))
	}
}

// cut ends the wait for the body, from another goroutine.
func (b *patientReader) cut() { b.end(time.Unix(1, 0)) }

// end sets the last deadline.
func (b *patientReader) end(deadline time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		b.over = true
		_ = b.control.SetReadDeadline(deadline)
	}
}

// brokenBody is the answer to a body that did not come.
func brokenBody(err error) error {
	if errors.Is(err, errSlowBody) {
		return &HTTPError{Status: http.StatusRequestTimeout, Message: lang.Key("What you sent arrived too slowly, so nothing was done. Please send it again."), Cause: err}
	}
	return &HTTPError{Status: http.StatusBadRequest, Message: lang.Key("What you sent did not arrive completely, so nothing was done. Please send it again."), Cause: err}
}

// Package sse writes server-sent events. It knows the wire and nothing of what is sent.
package sse

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// Beat is how often a line goes out when nothing else does, so that proxies keep the connection and a client that is
// gone is noticed.
const Beat = 15 * time.Second

const (
	// patience is how long one event may take to leave.
	patience = 10 * time.Second
	thump    = ":thump\n"
)

// An Event is a name and one line of data.
type Event struct{ Name, Data string }

var errLines = errors.New("an event's data has more than one line")

// A Writer writes events to one client. It is for one goroutine.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Start sends the header and a first heartbeat, which tells the client that it is heard.
func Start(w http.ResponseWriter) (*Writer, error) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Accel-Buffering", "no") // nginx holds answers back otherwise
	w.WriteHeader(http.StatusOK)
	s := &Writer{w: w, control: http.NewResponseController(w)}
	return s, s.write(thump)
}

// Send writes one event.
func (s *Writer) Send(e Event) error {
	if strings.ContainsAny(e.Data, "\r\n") || strings.ContainsAny(e.Name, "\r\n") {
		return errLines
	}
	return s.write("event: " + e.Name + "\ndata: " + e.Data + "\n\n")
}

// Thump writes a heartbeat: a comment, with no empty line behind it.
func (s *Writer) Thump() error { return s.write(thump) }

func (s *Writer) write(text string) error {
	_, err := s.w.Write([]byte(text)) // buffered: it leaves by the flush
	if err == nil {
		// The layers outside allow a piece of an answer a minute, an event gets less.
		_ = s.control.SetWriteDeadline(time.Now().Add(patience))
		err = s.control.Flush()
	}
	return err
}

// Pump sends what comes from next until the client goes (ctx), done is closed, or a write fails. Render makes a
// message into events; nil sends nothing.
func Pump[M any](ctx context.Context, s *Writer, next <-chan M, done <-chan struct{}, render func(M) ([]Event, error)) error {
	beat := time.NewTicker(Beat)
	defer beat.Stop()
	for {
		// A stream that has to end sends nothing more, however much is waiting.
		select {
		case <-done:
			return nil
		default:
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-done:
			return nil
		case <-beat.C:
			err = s.Thump()
		case m := <-next:
			var events []Event
			if events, err = render(m); err != nil {
				return err
			}
			for _, e := range events {
				if err = s.Send(e); err != nil {
					break
				}
			}
			if len(events) > 0 {
				beat.Reset(Beat)
			}
		}
		if err != nil {
			return err
		}
	}
}

package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"tintype/internal/community"
	"tintype/internal/web/sse"
)

const (
	// framePatience is how long one frame may take to leave, and a ping to be answered.
	framePatience = 10 * time.Second
	// maxCommand is the longest frame that a client may send.
	maxCommand = 4 << 10
)

// A frame is one event on one channel. The payload is JSON within a string.
type frame struct {
	Stream  []string `json:"stream"`
	Event   string   `json:"event"`
	Payload string   `json:"payload,omitempty"`
}

// A command is what a client asks for while it is connected.
type command struct {
	Type   string `json:"type"` // subscribe or unsubscribe
	Stream string `json:"stream"`
	Tag    string `json:"tag"`
	List   string `json:"list"`
}

// frameError answers a command that cannot be done.
type frameError struct {
	Error  string `json:"error"`
	Status int    `json:"status"`
}

// handshakes reports whether the request begins a WebSocket (RFC 6455, 4.2.1). A request that does not is refused in
// the API's form, not in that of the library.
func handshakes(r *http.Request) bool {
	upgrade := false
	for _, line := range r.Header.Values("Connection") {
		for word := range strings.SplitSeq(line, ",") {
			upgrade = upgrade || strings.EqualFold(strings.TrimSpace(word), "upgrade")
		}
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(r.Header.Get("Sec-WebSocket-Key")))
	return upgrade && err == nil && len(key) == 16 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") &&
		r.Header.Get("Sec-WebSocket-Version") == "13" && len(r.Header.Values("Sec-WebSocket-Key")) == 1 && r.ProtoAtLeast(1, 1)
}

// serveSocket carries any number of channels over a WebSocket: those that the address names, and those that the client
// subscribes to.
func (a *API) serveSocket(q *call) error {
	r := q.c.Request
	if !handshakes(r) {
		return &Error{Status: http.StatusBadRequest, Message: "This address speaks WebSocket"}
	}
	var first *command
	if name := q.params.text("stream"); name != "" {
		first = &command{Stream: name, Tag: q.params.text("tag"), List: q.params.text("list")}
	}
	st, err := q.openStream()
	if err != nil {
		return err
	}
	defer st.Close()
	s := &socket{call: q, stream: st}
	if first != nil {
		if err := s.subscribe(first); err != nil {
			return err
		}
	}
	// Every origin may connect: only the token counts, and no cookie is read.
	o := &websocket.AcceptOptions{InsecureSkipVerify: true}
	if p := subprotocol(r); p != "" {
		o.Subprotocols = []string{p}
	}
	if s.conn, err = websocket.Accept(q.c.Writer, r, o); err != nil {
		a.Log.DebugContext(q.ctx(), "no WebSocket", "error", err)
		return nil // it has answered
	}
	s.conn.SetReadLimit(maxCommand)
	ctx, cancel := context.WithCancel(q.ctx())
	defer cancel()
	go func() {
		defer cancel()
		s.read(ctx)
	}()
	s.write(ctx)
	return nil
}

// A socket is one client. One goroutine reads, one writes. Commands are answered by the one that reads: the library has
// writes take turns.
type socket struct {
	*call
	conn   *websocket.Conn
	stream *community.Stream
}

// subscribe adds a channel if the token allows it.
func (s *socket) subscribe(c *command) error {
	ch, err := channelOf(c.Stream, c.Tag, c.List)
	if err != nil {
		return err
	}
	need := endpoint{access: visitors, scope: "read:statuses"}
	switch ch.Name {
	case community.ChannelNotifications:
		need.scope = "read:notifications"
	case community.ChannelList:
		need.scope = "read:lists"
	}
	if ch.NeedsMember() {
		need.access = members
	}
	if err := s.authorize(need); err != nil {
		return err
	}
	return s.listen(s.stream, ch)
}

// read does what the client asks for until it goes.
func (s *socket) read(ctx context.Context) {
	for {
		_, data, err := s.conn.Read(ctx)
		if err != nil {
			return
		}
		var c command
		if len(strings.TrimSpace(string(data))) == 0 {
			continue // some clients send empty frames to keep the connection
		}
		if err := json.Unmarshal(data, &c); err != nil {
			err = s.send(ctx, frameError{"That is not JSON", http.StatusBadRequest})
			if err != nil {
				return
			}
			continue
		}
		switch c.Type {
		case "subscribe":
			if err = s.limit(); err == nil {
				err = s.subscribe(&c)
			}
		case "unsubscribe":
			if ch, cerr := channelOf(c.Stream, c.Tag, c.List); cerr == nil {
				s.stream.Unlisten(ch)
			}
		default:
			continue
		}
		if err == nil {
			continue
		}
		refusal := frameError{"Something went wrong on our side", http.StatusInternalServerError}
		var known *Error
		if errors.As(apiError(err), &known) {
			refusal = frameError{known.Message, known.Status}
		}
		if s.send(ctx, refusal) != nil {
			return
		}
	}
}

// write sends what the stream tells, and pings, until the client goes or the stream has to end.
func (s *socket) write(ctx context.Context) {
	beat := time.NewTicker(2 * sse.Beat)
	defer beat.Stop()
	for {
		select {
		case <-s.stream.Done():
			s.end(s.stream.Err())
			return
		default:
		}
		select {
		case <-ctx.Done():
			_ = s.conn.CloseNow()
			return
		case <-s.stream.Done():
			s.end(s.stream.Err())
			return
		case <-beat.C:
			ping, cancel := context.WithTimeout(ctx, framePatience)
			err := s.conn.Ping(ping)
			cancel()
			if err != nil {
				_ = s.conn.CloseNow()
				return
			}
		case m := <-s.stream.C():
			if err := s.tell(ctx, m); err != nil {
				_ = s.conn.CloseNow()
				return
			}
		}
	}
}

// end says good-bye in the protocol's words.
func (s *socket) end(why error) {
	code, reason := websocket.StatusGoingAway, "going away"
	switch {
	case errors.Is(why, community.ErrStreamOver):
		code, reason = websocket.StatusPolicyViolation, "the token is over"
	case errors.Is(why, community.ErrStreamSlow):
		_ = s.conn.CloseNow() // it does not read
		return
	case errors.Is(why, community.ErrStreamAgain):
		code, reason = websocket.StatusServiceRestart, "connect again"
	}
	_ = s.conn.Close(code, reason)
}

func (s *socket) tell(ctx context.Context, m community.Message) error {
	event, payload, err := s.api.message(m, s.account)
	if err != nil {
		return err
	}
	for _, ch := range m.Channels {
		f := frame{Stream: []string{ch.Name}, Event: event, Payload: payload}
		if ch.Of != "" {
			f.Stream = append(f.Stream, ch.Of)
		}
		if err := s.send(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *socket) send(ctx context.Context, v any) error {
	text, err := oneLine(v)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, framePatience)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, []byte(text))
}

package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/internal/web/sse"
)

// streamEndpoints are what clients keep open. Each takes its token also from the address, because browsers can set no
// header there.
func (a *API) streamEndpoints() []endpoint {
	const get, root = http.MethodGet, "/api/v1/streaming"
	stream := func(path, name string, access access, scope string) endpoint {
		return endpoint{method: get, path: root + path, access: access, scope: scope, stream: func(q *call) error { return a.serveEvents(q, name) }}
	}
	const statuses, notifications = "read:statuses", "read:notifications"
	return []endpoint{
		{method: get, path: root, access: visitors, stream: a.serveSocket},
		stream("/user", community.ChannelUser, members, statuses),
		stream("/user/notification", community.ChannelNotifications, members, notifications),
		stream("/public", community.ChannelPublic, visitors, statuses),
		stream("/public/local", community.ChannelLocal, visitors, statuses),
		stream("/hashtag", community.ChannelTag, visitors, statuses),
		stream("/hashtag/local", community.ChannelLocalTag, visitors, statuses),
		stream("/list", community.ChannelList, members, "read:lists"),
		stream("/direct", community.ChannelDirect, members, statuses),
		{method: get, path: root + "/health", access: open, stream: func(q *call) error {
			q.c.String(http.StatusOK, "OK")
			return nil
		}},
	}
}

// tokenOfStream finds the token of a request for a stream: in its header as anywhere, in its address, or in the
// subprotocol that a WebSocket asks for.
func tokenOfStream(r *http.Request) string {
	if token := bearerOf(r); token != "" {
		return token
	}
	if token := r.URL.Query().Get("access_token"); token != "" {
		return token
	}
	return subprotocol(r)
}

// subprotocol is the first that the client offers, which is where some put the token.
func subprotocol(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), ",")
	return strings.TrimSpace(first)
}

// StreamToken is the token in a request for a stream, "" if it is none or for none.
func StreamToken(r *http.Request) string {
	if r.URL.Path != "/api/v1/streaming" && !strings.HasPrefix(r.URL.Path, "/api/v1/streaming/") {
		return ""
	}
	return tokenOfStream(r)
}

// channelOf reads which channel is meant; ErrInvalid for none that is known.
func channelOf(name, tag, list string) (community.Channel, error) {
	ch := community.Channel{Name: name}
	switch name {
	case community.ChannelUser, community.ChannelNotifications, community.ChannelPublic, community.ChannelLocal, community.ChannelMedia, community.ChannelLocalMedia,
		community.ChannelDirect:
	case community.ChannelTag, community.ChannelLocalTag:
		if ch.Of = strings.TrimPrefix(tag, "#"); ch.Of == "" || len(ch.Of) > 500 {
			return ch, &Error{Status: http.StatusBadRequest, Message: "Missing tag name parameter"}
		}
	case community.ChannelList:
		id, ok := parseID(list)
		if !ok {
			return ch, &Error{Status: http.StatusBadRequest, Message: "Missing list name parameter"}
		}
		ch.Of = formatID(id)
	default:
		return ch, &Error{Status: http.StatusBadRequest, Message: "Unknown stream type"}
	}
	return ch, nil
}

// openStream opens a stream for who asks, and makes sure that the token still holds once it is open.
func (q *call) openStream() (*community.Stream, error) {
	h := community.Subscriber{Address: q.clientAddress()}
	if q.account != nil {
		h.AccountID = q.account.ID
	}
	if q.token != nil {
		h.TokenID, h.AppID = q.token.ID, q.token.AppID
		h.Notifications = q.account != nil && community.ScopeAllows(q.token.Scopes, "read:notifications")
	}
	st, err := q.api.Streams.Open(h)
	if err != nil {
		return nil, err
	}
	if q.token != nil {
		if _, _, _, err := q.api.Community.TokenByBearer(q.ctx(), tokenOfStream(q.c.Request)); err != nil {
			st.Close()
			return nil, err
		}
	}
	if q.api.Streaming != nil {
		q.api.Streaming(q.c.Request)
	}
	return st, nil
}

// listen adds a channel to a stream of the caller's. A list has to be the caller's own.
func (q *call) listen(st *community.Stream, ch community.Channel) error {
	if ch.Name == community.ChannelList {
		id, _ := parseID(ch.Of)
		// On the primary: a connection to a replica that has what the client wrote would be held for as long as the stream.
		if _, err := q.api.Community.List(store.Primary(q.ctx()), q.account, id); err != nil {
			return apiError(err)
		}
	}
	return st.Listen(ch)
}

// serveEvents sends one channel as server-sent events for as long as the client stays.
func (a *API) serveEvents(q *call, name string) error {
	ch, err := channelOf(name, q.params.text("tag"), q.params.text("list"))
	if err != nil {
		return err
	}
	st, err := q.openStream()
	if err != nil {
		return err
	}
	defer st.Close()
	if err := q.listen(st, ch); err != nil {
		return err
	}
	out, err := sse.Start(q.c.Writer)
	if err == nil {
		err = sse.Pump(q.ctx(), out, st.C(), st.Done(), func(m community.Message) ([]sse.Event, error) {
			event, payload, err := a.message(m, q.account)
			return []sse.Event{{Name: event, Data: cmp.Or(payload, "{}")}}, err // an event without data is none
		})
	}
	if err != nil {
		a.Log.DebugContext(q.ctx(), "a stream ended", "error", err)
	}
	return nil // the header is out
}

// message is an event's name and payload: an entity as JSON on one line, or a bare id.
func (a *API) message(m community.Message, viewer *store.Account) (event, payload string, err error) {
	v := &view{api: a, viewer: viewerID(viewer), now: a.Now()}
	switch m.Kind {
	case community.MessagePost:
		event = "update"
		payload, err = oneLine(v.status(m.Post))
	case community.MessageEdited:
		event = "status.update"
		payload, err = oneLine(v.status(m.Post))
	case community.MessageNotification:
		event = "notification"
		payload, err = oneLine(v.notification(m.Notification))
	case community.MessageDeleted:
		event, payload = "delete", formatID(m.ID)
	case community.MessageAnnouncement:
		event = "announcement"
		payload, err = oneLine(v.announcement(m.Announcement))
	case community.MessageAnnouncementGone:
		event, payload = "announcement.delete", formatID(m.ID)
	case community.MessageFilters:
		event = "filters_changed" // Mastodon defines no payload for it
	}
	return event, payload, err
}

func oneLine(v any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
)

// A call is one request of a client.
type call struct {
	api      *API
	c        *gin.Context
	endpoint endpoint
	params   *params
	account  *store.Account     // who asks; nil is a visitor, or an app for itself
	token    *store.AccessToken // nil without one
	app      *store.App
	shown    bool // a token, good or not
	kept     bool // the answer is given to others as well
	status   int  // of the answer, 200 unless set
}

func (q *call) ctx() context.Context {
	return community.WithAddress(community.WithVia(q.c.Request.Context(), community.ViaAPI), q.clientAddress())
}

// id is the path's :id, or errNotFound where that is not an id.
func (q *call) id() (int64, error) {
	id, ok := parseID(q.c.Param("id"))
	if !ok {
		return 0, errNotFound
	}
	return id, nil
}

// handler wraps an endpoint: who asks, how often, with which scope; then what; then the answer.
func (a *API) handler(e endpoint) func(*gin.Context) error {
	return func(c *gin.Context) error {
		q := &call{api: a, c: c, endpoint: e, params: newParams(), status: http.StatusOK}
		bearer := bearerOf
		if e.stream != nil {
			bearer = tokenOfStream
		}
		if err := q.authenticate(bearer(c.Request)); err != nil {
			return apiError(err)
		}
		if err := q.limit(); err != nil {
			return err
		}
		if err := q.authorize(e); err != nil {
			return err
		}
		if err := q.params.addForm(c.Request.URL.RawQuery); err != nil {
			return unreadable(err)
		}
		if !e.upload { // some clients send the parameters of a GET in a body
			if err := q.readBody(files{}); err != nil {
				return apiError(err)
			}
			if err := q.refuse(); err != nil {
				return err
			}
		}
		if e.stream != nil {
			return apiError(e.stream(q))
		}
		if e.raw != nil {
			return apiError(e.raw(q))
		}
		if e.kept && a.answers != nil {
			if key := q.keptKey(); key != "" {
				return q.keptAnswer(e, key)
			}
		}
		return q.ownAnswer(e)
	}
}

// authenticate finds out whose token the request shows, if any. A bad one is not refused here: it counts as a visitor's
// request against the limits, so that nobody can guess tokens freely. A network that has guessed too often has no token read that
// this process does not know, so that its guesses cost the database nothing.
func (q *call) authenticate(bearer string) error {
	q.shown = bearer != ""
	if bearer == "" {
		return nil
	}
	r, guesses := q.c.Request, q.api.guesses
	if q.api.Known == nil || !q.api.Known(r) {
		if left := guesses.leftOfNetwork(r.RemoteAddr); left.wait > 0 {
			left.write(q.c.Writer.Header())
			return left.refusal()
		}
	}
	token, account, app, err := q.api.Community.TokenByBearer(q.ctx(), bearer)
	if errors.Is(err, community.ErrUnauthenticated) {
		guesses.takeOfNetwork(q.ctx(), r.RemoteAddr)
		if q.api.Refused != nil {
			q.api.Refused(r)
		}
		return nil
	}
	if err != nil {
		return err
	}
	q.token, q.account, q.app = token, account, app
	if account != nil && q.api.Authenticate != nil { // anybody registers an application, which has a token of its own
		q.api.Authenticate(r, account.ID)
	}
	return nil
}

// bearerOf is the token in the Authorization header, the only place where one is looked for, streams aside.
func bearerOf(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// clientAddress is the client's IP address.
func (q *call) clientAddress() string {
	address, _, err := net.SplitHostPort(q.c.Request.RemoteAddr)
	if err != nil {
		return q.c.Request.RemoteAddr
	}
	return address
}

// limit counts the request against who asks. A request that costs as much as several is counted once more for each.
func (q *call) limit() error {
	var left allowance
	if q.account != nil {
		left = q.api.limits.take(q.ctx(), "account "+formatID(q.account.ID))
	} else {
		left = q.api.limits.takeOfNetwork(q.ctx(), q.c.Request.RemoteAddr)
	}
	left.write(q.c.Writer.Header())
	if left.wait > 0 {
		return left.refusal()
	}
	return nil
}

func (q *call) authorize(e endpoint) error {
	if e.access == open {
		return nil
	}
	if q.token == nil {
		if e.access == visitors && !q.api.Community.MembersOnly(q.ctx()) && !q.shown && q.c.GetHeader("Authorization") == "" {
			return nil
		}
		return errNoToken
	}
	if e.scope != "" && !q.scope(e.scope) {
		return errScope
	}
	if q.account == nil && (e.access == members || e.access == visitors && q.api.Community.MembersOnly(q.ctx())) {
		return errNeedsUser
	}
	return nil
}

// scope reports whether the token allows what takes the scope.
func (q *call) scope(needed string) bool {
	return q.token != nil && community.ScopeAllows(q.token.Scopes, needed)
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled keeps one great answer from holding its memory for ever.
const maxPooled = 256 << 10

// encode appends a body as JSON to b.
func encode(b []byte, body any) ([]byte, error) {
	if fast, ok := body.(appender); ok {
		return append(fast.appendJSON(b), '\n'), nil
	}
	out := bytes.NewBuffer(b)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false) // it is never read as HTML: nosniff, and the type says JSON
	err := encoder.Encode(body)
	return out.Bytes(), err
}

// write sends the answer as JSON, whatever it is: clients refuse what has no type.
func (q *call) write(body any) error {
	buffer := buffers.Get().(*[]byte)
	b, err := encode((*buffer)[:0], body)
	if err == nil {
		q.writeBytes(b)
	}
	if cap(b) <= maxPooled {
		*buffer = b
		buffers.Put(buffer)
	}
	return err
}

func (q *call) writeBytes(body []byte) {
	h := q.c.Writer.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	q.c.Writer.WriteHeader(q.status)
	if _, err := q.c.Writer.Write(body); err != nil {
		q.api.Log.DebugContext(q.ctx(), "client went away", "error", err)
	}
}

// nothing is the answer to what was done and has no result.
type nothing struct{}

// none is an empty list, which JSON must not write as null.
func none(*call) (any, error) { return []nothing{}, nil }

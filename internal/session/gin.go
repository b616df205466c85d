package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"
	gorilla "github.com/gorilla/sessions"
)

// maxData bounds what pages keep in a session: flash messages and the like.
const maxData = 16 << 10

// store is what gin-contrib/sessions sees of one request: who is asking has been found out by Begin, so nothing is
// read here, and no error of the backend can be lost in sessions.Default, which has no way to return one.
type store[A Member] struct {
	m *Manager[A]
	c *gin.Context
}

// attach makes sessions.Default work for this request, anew after a log-in, so that it starts with empty values.
func (m *Manager[A]) attach(c *gin.Context) {
	// gin-contrib's handler would go on to the next one: it gets a context without any, and hands over what it set.
	probe := &gin.Context{Request: c.Request, Writer: c.Writer}
	sessions.Sessions(m.CookieName(), &store[A]{m, c})(probe)
	if s, ok := probe.Get(sessions.DefaultKey); ok {
		c.Set(sessions.DefaultKey, s)
	}
}

// Options implements sessions.Store. The cookie is the Manager's business.
func (s *store[A]) Options(sessions.Options) {}

// Get implements gorilla's Store.
func (s *store[A]) Get(r *http.Request, name string) (*gorilla.Session, error) { return s.New(r, name) }

// New implements gorilla's Store: the values of the session that asks, empty for a visitor.
func (s *store[A]) New(_ *http.Request, name string) (*gorilla.Session, error) {
	g := gorilla.NewSession(s, name)
	g.IsNew = true
	rec := s.m.Session(s.c)
	if rec == nil {
		return g, nil
	}
	g.ID, g.IsNew = rec.Hash, false
	if len(rec.Data) == 0 {
		return g, nil
	}
	var values map[string]any
	if err := json.Unmarshal(rec.Data, &values); err != nil {
		return g, fmt.Errorf("session: damaged data: %w", err)
	}
	for k, v := range values {
		g.Values[k] = v
	}
	return g, nil
}

// Save implements gorilla's Store. Values are kept as JSON under text keys. Nothing is kept for a visitor: ErrVisitor.
func (s *store[A]) Save(r *http.Request, _ http.ResponseWriter, g *gorilla.Session) error {
	rec := s.m.Session(s.c)
	if rec == nil {
		if len(g.Values) > 0 {
			return ErrVisitor
		}
		return nil // flashes were looked for, and there were none
	}
	values := make(map[string]any, len(g.Values))
	for k, v := range g.Values {
		name, ok := k.(string)
		if !ok {
			return errors.New("session: a key that is no text")
		}
		values[name] = v
	}
	var data []byte
	if len(values) > 0 {
		var err error
		if data, err = json.Marshal(values); err != nil {
			return fmt.Errorf("session: %w", err)
		}
	}
	if len(data) > maxData {
		return fmt.Errorf("session: %d bytes are too many to keep", len(data))
	}
	if err := s.m.o.Backend.SetData(r.Context(), rec.AccountID, rec.Hash, data); err != nil {
		return err
	}
	rec.Data = data
	return nil
}

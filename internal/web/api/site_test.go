package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/live"
	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
	"tintype/internal/web/api"
)

const (
	baseURL  = "https://tintype.test"
	password = "correct horse battery"
	allowAll = "read write follow push"
)

// A site is the API over a real database.
type site struct {
	t         testing.TB
	community *community.Community
	store     *store.Store
	streams   *community.Streams
	handler   http.Handler
	api       *api.API
}

type options struct {
	community community.Options
	api       api.Options
	streams   community.StreamOptions
}

func newSite(t testing.TB, changes ...func(*options)) *site {
	t.Helper()
	gin.SetMode(gin.TestMode)
	s := storetest.SQLite(t)
	keys := func() [][]byte { return [][]byte{[]byte("0123456789abcdef0123456789abcdef")} }
	addresses, err := media.NewAddresses(media.AddressOptions{BaseURL: baseURL, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	disk, err := media.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := options{
		community: community.Options{
			Store: s, Live: live.NewHub(live.Options{Reader: community.EventReader(s)}), Media: disk, Processor: media.NewProcessor(media.Options{}), BaseURL: baseURL, SecretKeys: keys,
			SiteDefaults:   community.Site{Name: "Test site", Description: "For tests.", Contact: "host@tintype.test", Language: lang.Find(lang.English), Registration: community.RegistrationOpen},
			MaxUploadBytes: 10 << 20, KeepOriginals: true,
		},
		api: api.Options{
			Addresses: addresses, BaseURL: baseURL,
			Version: "0.0.1", DefaultAvatar: baseURL + "/static/avatar.png", DefaultHeader: baseURL + "/static/header.png",
			MaxUploadBytes: 10 << 20, MaxPixels: 100e6, Limit: community.Limit{Count: 1e6, Window: time.Hour},
		},
	}
	for _, change := range changes {
		change(&o)
	}
	c := community.New(o.community)
	o.api.Community = c
	streams := community.NewStreams(c, o.streams)
	o.api.Streams = streams
	r := router{t, gin.New()}
	served := api.New(o.api)
	served.Register(r)
	return &site{t: t, community: c, store: s, streams: streams, handler: r.engine, api: served}
}

// work starts what prepares photos.
func (s *site) work() {
	s.t.Helper()
	q := queue.New(queue.Options{Backend: community.JobBackend(s.store), Workers: community.Workers(), Poll: 20 * time.Millisecond})
	s.community.RegisterJobs(q)
	s.store.OnJob(q.Notify)
	s.store.OnEvent(s.community.Live.Wake)
	ctx, cancel := context.WithCancel(context.Background())
	followed := make(chan struct{})
	go func() { s.community.Live.Follow(ctx); close(followed) }()
	q.Start(ctx)
	s.t.Cleanup(func() {
		stopping, done := context.WithTimeout(ctx, time.Minute)
		defer done()
		if err := q.Stop(stopping); err != nil {
			s.t.Error(err)
		}
		cancel()
		<-followed
	})
}

// A router answers errors the way the site's error responder does.
type router struct {
	t      testing.TB
	engine *gin.Engine
}

func (r router) API(method, path string, h func(*gin.Context) error) {
	r.APIStream(method, path, func(c *gin.Context) error {
		w := &recorder{ResponseWriter: c.Writer}
		c.Writer = w
		answer(c, h)
		w.answersAsDescribed(r.t, method, path)
		return nil
	})
}

func (r router) APIStream(method, path string, h func(*gin.Context) error) {
	r.engine.Handle(method, path, func(c *gin.Context) { answer(c, h) })
}

// answer calls the handler and writes its error.
func answer(c *gin.Context, h func(*gin.Context) error) {
	err := h(c)
	var own *api.Error
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
	case errors.As(err, &own):
		c.JSON(own.Status, own.Body())
		c.Writer.Header().Set("Content-Type", "application/json")
	case errors.As(err, &tooLarge):
		c.JSON(http.StatusRequestEntityTooLarge, gin.H{"error": "too large"})
	default:
		c.JSON(http.StatusInternalServerError, gin.H{"error": err.Error()})
	}
}

func (r router) APIUpload(method, path string, h func(*gin.Context) error) { r.API(method, path, h) }

func (s *site) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	s.t.Cleanup(cancel)
	return ctx
}

// A member is somebody with an account and a client.
type member struct {
	*store.Account
	token string
}

// join signs somebody up and logs a client in with all scopes.
func (s *site) join(name string) *member {
	s.t.Helper()
	acc, err := s.community.SignUp(s.ctx(), community.SignUp{Username: name, Email: name + "@tintype.test", Password: password, Address: "192.0.2.1"})
	if err != nil {
		s.t.Fatal(err)
	}
	return &member{acc, s.tokenFor(acc, allowAll)}
}

func (s *site) tokenFor(acc *store.Account, scopes string) string {
	s.t.Helper()
	app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Test client", RedirectURIs: []string{community.OutOfBand}, Scopes: allowAll})
	if err != nil {
		s.t.Fatal(err)
	}
	bearer, _, err := s.community.TokenFor(s.ctx(), app, acc, scopes)
	if err != nil {
		s.t.Fatal(err)
	}
	return bearer
}

// A reply is what the API answered.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   string
}

// do sends a request. A body that begins with "{" is JSON, any other is a form. The token may be "".
func (s *site) do(method, path, token, body string, headers ...string) *reply {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(s.ctx(), method, path, reader)
	r.RemoteAddr = "192.0.2.7:1234"
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	} else if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return &reply{s.t, w.Code, w.Header(), w.Body.String()}
}

func (s *site) get(path, token string) *reply {
	s.t.Helper()
	return s.do(http.MethodGet, path, token, "")
}
func (s *site) post(path, token, body string) *reply {
	s.t.Helper()
	return s.do(http.MethodPost, path, token, body)
}

// ok fails the test unless the answer is a 200.
func (r *reply) ok() *reply {
	r.t.Helper()
	return r.is(http.StatusOK)
}

func (r *reply) is(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	return r
}

// into decodes the answer.
func (r *reply) into(v any) {
	r.t.Helper()
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		r.t.Fatalf("%v in %s", err, r.body)
	}
}

// object is the answer as a JSON object.
func (r *reply) object() map[string]any {
	r.t.Helper()
	var o map[string]any
	r.into(&o)
	return o
}

// list is the answer as an array of objects.
func (r *reply) list() []map[string]any {
	r.t.Helper()
	var l []map[string]any
	r.into(&l)
	return l
}

// at follows a way of keys through JSON objects, "configuration.urls.streaming".
func at(o any, way string) any {
	for key := range strings.SplitSeq(way, ".") {
		m, ok := o.(map[string]any)
		if !ok {
			return nil
		}
		o = m[key]
	}
	return o
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

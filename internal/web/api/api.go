// Package api is the client API. It is Mastodon's, so that existing clients work unmodified. Handlers parse a request,
// call one use case and answer with an entity. The rules are in package community.
//
// Only a bearer token identifies the caller. No cookie is read here, which is why every origin may call.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/store"
)

// Options configure an API.
type Options struct {
	Community *community.Community
	Addresses *media.Addresses
	Log       *slog.Logger

	BaseURL string // https://example.org, no slash at the end
	Version string // of Tintype, for instance 0.1.0

	DefaultAvatar string // absolute addresses
	DefaultHeader string

	MaxUploadBytes int64
	MaxPixels      int64 // the limit in force

	Limit        community.Limit // requests by one account, or by one address without an account
	Counter      Counter         // counts them over the fleet; nil: each process for itself
	Now          func() time.Time
	WaitV1       time.Duration                        // how long v1/media waits for a photo; 0 is a minute
	WaitV2       time.Duration                        // how long v2/media waits before it answers 202; 0 is 20 s
	Authenticate func(r *http.Request, account int64) // told of each request whose token was found good, and is a member's; may be nil
	Refused      func(*http.Request)                  // told of each request whose token is not good; may be nil
	Known        func(*http.Request) bool             // reports whether the request's token was found good before; may be nil

	// Generation counts how often what visitors see has changed: what was made at one count is given to them for as long
	// as it is the same. Nil: no answer is kept.
	Generation func() uint64
	TakesGzip  func(acceptEncoding string) bool // nil: kept answers are not compressed here

	Streams   *community.Streams
	Streaming func(*http.Request) // told of each request that from then on only listens; may be nil
}

// Router takes the API's routes. An error that a handler returns leaves by the site's error responder, which writes an
// *Error as its Body says.
type Router interface {
	API(method, path string, h func(*gin.Context) error)
	// APIUpload is API for what takes files and may wait for a photo.
	APIUpload(method, path string, h func(*gin.Context) error)
	// APIStream is API for what stays open.
	APIStream(method, path string, h func(*gin.Context) error)
}

// API answers the client API. It is safe for use by many goroutines.
type API struct {
	Options
	limits  *limiter
	guesses *limiter // of tokens that are none
	stats   siteStats
	answers *answerCache // nil: none is kept

	description description
	onRead      func(parameter string) // of params, for tests
}

// New makes an API.
func New(o Options) *API {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.WaitV1 == 0 {
		o.WaitV1 = time.Minute
	}
	if o.WaitV2 == 0 {
		o.WaitV2 = 20 * time.Second
	}
	if o.Limit.Count == 0 {
		o.Limit = community.Limit{Count: 300, Window: 5 * time.Minute}
	}
	a := &API{Options: o, limits: newLimiter(o.Limit.Count, o.Limit.Window, o.Now, o.Counter), guesses: newLimiter(o.Limit.Count, o.Limit.Window, o.Now, nil)}
	if o.Generation != nil {
		a.answers = newAnswerCache(o.Generation)
	}
	return a
}

// An access is what an endpoint wants to know of who asks.
type access int

const (
	// open endpoints answer anybody, on members-only sites too.
	open access = iota
	// visitors may ask, unless the site is members-only. A token that is shown must be good and have the scope.
	visitors
	// apps need a token, an account's or that of an app alone.
	apps
	// members need an account's token.
	members
)

// An endpoint is one row of the API.
type endpoint struct {
	method, path string
	access       access
	scope        string // that a token must have; "" needs none
	kept         bool   // visitors' answers are the same for all, and kept
	upload       bool   // takes files, reads its body itself, and may wait for a photo
	answer       func(*call) (any, error)
	stream       func(*call) error // instead of answer, for what stays open and answers by itself
	raw          func(*call) error // instead of answer, for what writes its JSON by itself
}

// Register hands every endpoint to the router.
func (a *API) Register(r Router) {
	for _, group := range a.endpoints() {
		for _, e := range group {
			switch {
			case e.stream != nil:
				r.APIStream(e.method, e.path, a.handler(e))
			case e.upload:
				r.APIUpload(e.method, e.path, a.handler(e))
			default:
				r.API(e.method, e.path, a.handler(e))
			}
		}
	}
}

func (a *API) endpoints() [][]endpoint {
	return [][]endpoint{
		a.appEndpoints(), a.instanceEndpoints(), a.accountEndpoints(), a.followEndpoints(), a.mediaEndpoints(), a.statusEndpoints(), a.timelineEndpoints(), a.listEndpoints(), a.filterEndpoints(),
		a.notificationEndpoints(), a.pushEndpoints(), a.searchEndpoints(), a.tagEndpoints(), a.markerEndpoints(), a.reportEndpoints(), a.announcementEndpoints(), a.exploreEndpoints(), a.adminEndpoints(), a.emptyEndpoints(),
		a.streamEndpoints(), a.descriptionEndpoints(),
	}
}

// viewerID is for the addresses of private photos: 0 for a visitor.
func viewerID(viewer *store.Account) int64 {
	if viewer == nil {
		return 0
	}
	return viewer.ID
}

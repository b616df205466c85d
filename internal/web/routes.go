package web

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// A Policy says who may keep a route's answers.
type Policy string

const (
	// personal answers are for one reader: no cache keeps them.
	PolicyPersonal Policy = "personal"
	// cacheable answers are the same for every visitor; a member's is personal
	// all the same.
	PolicyCacheable Policy = "cacheable"
	// assetPolicy answers say themselves how long they last.
	PolicyAsset Policy = "asset"
)

// A Route is what was registered, for the tests that go through all of them.
type Route struct {
	Method, Path string
	Policy       Policy
}

// Routes is where pages and api register their handlers. There is no way to
// register one without saying whether its answers may be cached, and every
// handler's error is answered in the same place. Paths are gin's: "/@:name". A page's
// handler finds a form read, whole, unless it takes uploads, which stream.
//
// A handler gets a context with a deadline (uploads and assets do not), a body
// that ends at its limit, and must not keep the *gin.Context.
type Routes struct {
	engine *gin.Engine
	pages  *gin.RouterGroup // the routes that have a session
	errors *ErrorResponder
	cookie string // the session's: a request without it is a visitor's

	maxUpload int64
	// beforePages and beforeAPI run before each handler of their kind.
	beforePages []func(*gin.Context) error
	beforeAPI   []func(*gin.Context) error

	table []Route
}

// requestPatience is how long a handler may work that waits for no photo.
const requestPatience = 30 * time.Second

// NewRoutes makes the router; pageMiddleware runs before whatever may ask for a session.
func (s *Site) NewRoutes(pageMiddleware ...gin.HandlerFunc) *Routes {
	gin.SetMode(gin.ReleaseMode) // its debug mode prints to stdout
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	// Who asks is settled by clientAddr, which knows hops and all header lines.
	engine.ForwardedByClientIP = false
	engine.MaxMultipartMemory = smallBody
	r := &Routes{engine: engine, pages: engine.Group("/", pageMiddleware...), errors: s.Errors, cookie: s.o.SessionCookie, maxUpload: s.o.MaxUploadBytes}
	engine.NoRoute(append(slices.Clone(pageMiddleware), r.missing(&HTTPError{Status: http.StatusNotFound, Message: notFoundText}))...)
	engine.NoMethod(append(slices.Clone(pageMiddleware), r.missing(&HTTPError{Status: http.StatusMethodNotAllowed, Message: "This address does not take that."}))...)
	return r
}

// Personal registers a page whose answers are for one reader.
func (r *Routes) Personal(method, path string, h func(*gin.Context) error) {
	r.add(r.pages, method, path, PolicyPersonal, smallBody, r.page(wholeForm(h)))
}

// Cacheable registers a page that is the same for all visitors.
func (r *Routes) Cacheable(method, path string, h func(*gin.Context) error) {
	r.add(r.pages, method, path, PolicyCacheable, smallBody, r.page(h))
}

// Upload registers a page's route that takes photos: a large body, and no
// deadline but that bytes keep coming.
func (r *Routes) Upload(method, path string, h func(*gin.Context) error) {
	r.add(r.pages, method, path, PolicyPersonal, 0, r.page(h))
}

// API registers a route of the client API.
func (r *Routes) API(method, path string, h func(*gin.Context) error) {
	r.add(r.engine, method, path, PolicyPersonal, smallBody, r.api(h))
}

// APIUpload registers a route of the client API that takes photos.
func (r *Routes) APIUpload(method, path string, h func(*gin.Context) error) {
	r.add(r.engine, method, path, PolicyPersonal, 0, r.api(h))
}

// APIStream registers a route of the client API that stays open for as long as
// its client likes.
func (r *Routes) APIStream(method, path string, h func(*gin.Context) error) {
	r.addStream(r.engine, method, path, r.api(h))
}

// Stream registers a page's route that stays open.
func (r *Routes) Stream(method, path string, h func(*gin.Context) error) {
	r.addStream(r.pages, method, path, r.page(h))
}

// addStream has no deadline, and no HEAD: its answer never ends.
func (r *Routes) addStream(on gin.IRoutes, method, path string, h func(*gin.Context) error) {
	on.Handle(method, path, func(c *gin.Context) {
		limitBody(c.Writer, c.Request, smallBody)
		x := infoOf(c.Request.Context())
		x.route, x.stream = path, true
		r.setPolicy(c, PolicyPersonal)
		r.run(c, h)
	})
	r.table = append(r.table, Route{Method: method, Path: path, Policy: PolicyPersonal})
}

// Asset registers a route whose handler sets its own Cache-Control: photos, CSS
// and JavaScript. No session is read for it unless it begins one.
func (r *Routes) Asset(method, path string, h func(*gin.Context) error) {
	r.add(r.pages, method, path, PolicyAsset, smallBody, h)
}

func (r *Routes) page(h func(*gin.Context) error) func(*gin.Context) error {
	return chain(&r.beforePages, h)
}

func (r *Routes) api(h func(*gin.Context) error) func(*gin.Context) error {
	return chain(&r.beforeAPI, h)
}

// chain runs what stands before at the time of the request, then h. One that
// has answered by itself aborts, which gin writes down.
func chain(before *[]func(*gin.Context) error, h func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		for _, b := range *before {
			if err := b(c); err != nil || c.IsAborted() {
				return err
			}
		}
		return h(c)
	}
}

func (r *Routes) add(on gin.IRoutes, method, path string, p Policy, bodyLimit int64, h func(*gin.Context) error) {
	if method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("route %s %s", method, path))
	}
	if holdsSecret(path) && loggedPath(path) == path {
		panic("the log would hold the secret in the address of " + path)
	}
	upload := bodyLimit == 0
	if upload {
		bodyLimit = r.maxUpload + uploadMargin
	}
	handle := func(c *gin.Context) {
		limitBody(c.Writer, c.Request, bodyLimit)
		if !upload && p != PolicyAsset {
			ctx, cancel := context.WithTimeout(c.Request.Context(), requestPatience)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
		}
		infoOf(c.Request.Context()).route = path
		finish := r.setPolicy(c, p)
		r.run(c, h)
		finish()
	}
	on.Handle(method, path, handle)
	if method == http.MethodGet {
		on.Handle(http.MethodHead, path, handle)
	}
	r.table = append(r.table, Route{Method: method, Path: path, Policy: p})
}

// run calls a handler; what it returns or panics with is answered by the error responder.
func (r *Routes) run(c *gin.Context, h func(*gin.Context) error) {
	defer func() {
		failed := recover()
		if failed == nil {
			return
		}
		if failed == http.ErrAbortHandler {
			panic(failed)
		}
		r.errors.Write(c.Writer, c.Request, &panicked{value: failed, stack: debug.Stack()})
	}()
	if err := h(c); err != nil {
		r.errors.Write(c.Writer, c.Request, err)
	}
}

// missing answers what no route takes. The pages' steps run before, so that the
// error page knows who is reading.
func (r *Routes) missing(err error) gin.HandlerFunc {
	answer := r.page(func(*gin.Context) error { return err })
	return func(c *gin.Context) {
		limitBody(c.Writer, c.Request, smallBody)
		if isMachinePath(c.Request.URL.Path) {
			r.errors.Write(c.Writer, c.Request, err)
			return
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), requestPatience)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		r.run(c, answer)
	}
}

// BeforePages has steps run before each handler of a page.
func (r *Routes) BeforePages(steps ...func(*gin.Context) error) {
	r.beforePages = append(r.beforePages, steps...)
}

// Handler answers by the routes that were registered.
func (r *Routes) Handler() http.Handler { return r.engine }

// All are the routes that were registered.
func (r *Routes) All() []Route { return r.table }

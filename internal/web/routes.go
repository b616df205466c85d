package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/budget"
	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/web/api"
)

// A Policy says who may keep a route's answers.
type Policy string

const (
	// PolicyPersonal answers are for one reader: no cache keeps them.
	PolicyPersonal Policy = "personal"
	// PolicyCacheable answers are the same for every visitor; a member's is personal
	// all the same.
	PolicyCacheable Policy = "cacheable"
	// PolicyAsset answers say themselves how long they last.
	PolicyAsset Policy = "asset"
)

// A Route is a registered route, for tests that go through all of them.
type Route struct {
	Method, Path string
	Policy       Policy
	Query        []string // what a cacheable page reads of its address's query
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
	limit  func(*http.Request) error
	errors *ErrorResponder
	cookie string // the session's: a request without it is a visitor's

	maxUpload  int64
	patience   time.Duration
	beforePage func(*gin.Context) error // before each handler of a page; may be nil

	table []Route
}

// requestPatience is how long a handler may work that waits for no photo and sends no large file.
const requestPatience = 30 * time.Second

// RouteOptions are what routes need beside the handlers that register there.
type RouteOptions struct {
	// Middleware runs before whatever may ask for a session.
	Middleware []gin.HandlerFunc
	// BeforePage runs before each handler of a page and before an error page. Nil is nothing.
	BeforePage func(*gin.Context) error
	ErrorPage  ErrorPage // nil: a plain one
	// Language is what whoever asks reads. Nil is English.
	Language func(*http.Request) *lang.Language
	// Patience is how long a handler may work that has a deadline; 0 is half a minute.
	Patience time.Duration
	// Images and Assets are origins beside the site's own from which pages load
	// photos and static files.
	Images, Assets []string
}

// NewRoutes makes the router of a site. The site answers before it has one, so that its start can be followed: what
// content policy and error responder take of the options is set here, not by New.
func (s *Site) NewRoutes(o RouteOptions) *Routes {
	gin.SetMode(gin.ReleaseMode) // its debug mode prints to stdout
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.HandleMethodNotAllowed = true
	// Who asks is settled by clientAddr, which knows hops and all header lines.
	engine.ForwardedByClientIP = false
	engine.MaxMultipartMemory = smallBody
	s.content.Store(newContentPolicy(o.Images, o.Assets))
	if o.ErrorPage != nil {
		s.Errors.page.Store(&o.ErrorPage)
	}
	if o.Language != nil {
		s.Errors.language.Store(&o.Language)
	}
	r := &Routes{engine: engine, pages: engine.Group("/", o.Middleware...), limit: s.limitPages, errors: s.Errors, cookie: s.o.SessionCookie, maxUpload: s.o.MaxUploadBytes, patience: cmp.Or(o.Patience, requestPatience), beforePage: o.BeforePage}
	engine.NoRoute(append(slices.Clone(o.Middleware), r.missing(&HTTPError{Status: http.StatusNotFound, Message: notFoundText}))...)
	engine.NoMethod(append(slices.Clone(o.Middleware), r.missing(&HTTPError{Status: http.StatusMethodNotAllowed, Message: lang.Key("This address does not take that kind of request.")}))...)
	return r
}

// Personal registers a page whose answers are for one reader.
func (r *Routes) Personal(method, path string, h func(*gin.Context) error) {
	r.add(r.pages, method, path, PolicyPersonal, smallBody, r.page(wholeForm(h)))
}

// Operators registers a page for administrators and for this machine itself,
// such as its alarms. Everybody else gets 404.
func (r *Routes) Operators(method, path string, administrator func(*gin.Context) bool, h http.HandlerFunc) {
	r.Personal(method, path, func(c *gin.Context) error {
		if !administrator(c) && !fromHere(c.Request) {
			return community.ErrNotFound
		}
		h(c.Writer, c.Request)
		return nil
	})
}

// fromHere tells a request made on this machine from one that a proxy on it
// passes on.
func fromHere(r *http.Request) bool {
	return ClientAddress(r.Context()).IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" && r.Header.Get("Via") == ""
}

// Cacheable registers a page that is the same for all visitors. Query names the
// parameters of its address that it reads: to visitors, others make no other page. All
// but textQuery are positive numbers.
func (r *Routes) Cacheable(method, path string, h func(*gin.Context) error, query ...string) {
	r.add(r.pages, method, path, PolicyCacheable, smallBody, r.page(h))
	r.table[len(r.table)-1].Query = query
}

// Query is what cacheable pages at the path read of their address's query. It is
// false where there is none.
func (r *Routes) Query(path string) (names []string, ok bool) {
	for i := range r.table {
		if t := &r.table[i]; t.Policy == PolicyCacheable && matches(t.Path, path) {
			names, ok = append(names, t.Query...), true
		}
	}
	return names, ok
}

// matches tells whether the path is one of the pattern's, such as /@:name/:id.
func matches(pattern, path string) bool {
	if strings.Count(pattern, "/") != strings.Count(path, "/") {
		return false
	}
	for more := true; more; {
		var want, have string
		want, pattern, more = strings.Cut(pattern, "/")
		have, path, _ = strings.Cut(path, "/")
		fixed, _, parameter := strings.Cut(want, ":")
		if !strings.HasPrefix(have, fixed) || have == fixed && parameter || have != want && !parameter {
			return false
		}
	}
	return true
}

// Upload registers a page's route that takes so many photos in one body, each
// of which may be as large as one is: no deadline but that bytes keep coming.
func (r *Routes) Upload(method, path string, photos int, h func(*gin.Context) error) {
	r.addUpload(r.pages, method, path, photos, r.page(h))
}

// Large registers a page's route that takes a body of up to so many bytes: no
// deadline but that bytes keep coming.
func (r *Routes) Large(method, path string, most int64, h func(*gin.Context) error) {
	r.addRoute(r.pages, method, path, PolicyPersonal, most+uploadMargin, false, r.page(h))
}

// Download registers a page's route whose answer is a large file for one reader. It has
// no deadline as long as the reader takes bytes.
func (r *Routes) Download(method, path string, h func(*gin.Context) error) {
	r.addRoute(r.pages, method, path, PolicyPersonal, smallBody, false, r.page(func(c *gin.Context) error {
		c.Request = c.Request.WithContext(budget.None(c.Request.Context()))
		return h(c)
	}))
}

// API registers a route of the client API.
func (r *Routes) API(method, path string, h func(*gin.Context) error) {
	r.add(r.engine, method, path, PolicyPersonal, smallBody, h)
}

// APIUpload registers a route of the client API that takes photos, as many as
// api.FilesAt tells, each of which may be as large as one is.
func (r *Routes) APIUpload(method, path string, h func(*gin.Context) error) {
	r.addUpload(r.engine, method, path, api.FilesAt(path), h)
}

// APIStream registers a route of the client API whose answer stays open until
// its client leaves.
func (r *Routes) APIStream(method, path string, h func(*gin.Context) error) {
	r.addStream(r.engine, method, path, h)
}

// Stream registers a page's route that stays open.
func (r *Routes) Stream(method, path string, h func(*gin.Context) error) {
	r.addStream(r.pages, method, path, r.page(h))
}

// addStream has no deadline, and no HEAD: its answer never ends.
func (r *Routes) addStream(on gin.IRoutes, method, path string, h func(*gin.Context) error) {
	on.Handle(method, path, func(c *gin.Context) {
		limitBody(c.Writer, c.Request, smallBody)
		info := infoOf(c.Request.Context())
		info.route, info.stream = path, true
		c.Request = c.Request.WithContext(budget.None(c.Request.Context())) // it waits for as long as it is open
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

// page runs what stands before, then h. A step that has answered by itself
// aborts, which gin writes down.
func (r *Routes) page(h func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := r.limit(c.Request); err != nil {
			return err
		}
		if r.beforePage != nil {
			if err := r.beforePage(c); err != nil || c.IsAborted() {
				return err
			}
		}
		return h(c)
	}
}

func (r *Routes) add(on gin.IRoutes, method, path string, p Policy, bodyLimit int64, h func(*gin.Context) error) {
	r.addRoute(on, method, path, p, bodyLimit, p != PolicyAsset, h)
}

func (r *Routes) addUpload(on gin.IRoutes, method, path string, photos int, h func(*gin.Context) error) {
	r.addRoute(on, method, path, PolicyPersonal, int64(photos)*r.maxUpload+uploadMargin, false, h)
}

func (r *Routes) addRoute(on gin.IRoutes, method, path string, p Policy, bodyLimit int64, timed bool, h func(*gin.Context) error) {
	if method != strings.ToUpper(method) || !strings.HasPrefix(path, "/") {
		panic(fmt.Sprintf("route %s %s", method, path))
	}
	if holdsSecret(path) && loggedPath(path) == path {
		panic("the log would hold the secret in the address of " + path)
	}
	handle := func(c *gin.Context) {
		limitBody(c.Writer, c.Request, bodyLimit)
		if expectsContinue(c.Request) && c.Request.ContentLength > bodyLimit {
			r.errors.Write(c.Writer, c.Request, &http.MaxBytesError{Limit: bodyLimit})
			return
		}
		if timed {
			ctx, cancel := context.WithTimeout(c.Request.Context(), r.patience)
			defer cancel()
			c.Request = c.Request.WithContext(ctx)
		}
		defer func() {
			// net/http knows the files of its own request only, not of this copy of it.
			if f := c.Request.MultipartForm; f != nil {
				_ = f.RemoveAll()
			}
		}()
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
// error page knows who is reading. /@anna/ leads to /@anna.
func (r *Routes) missing(err error) gin.HandlerFunc {
	answer := r.page(func(c *gin.Context) error {
		if c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead {
			if to := withoutSlash(c.Request.URL); to != "" {
				c.Header("Cache-Control", PersonalControl)
				c.Redirect(http.StatusMovedPermanently, to)
				return nil
			}
		}
		return err
	})
	return func(c *gin.Context) {
		limitBody(c.Writer, c.Request, smallBody)
		if isMachinePath(c.Request.URL.Path) {
			r.errors.Write(c.Writer, c.Request, err)
			return
		}
		ctx, cancel := context.WithTimeout(c.Request.Context(), r.patience)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		r.run(c, answer)
	}
}

// Handler answers by the routes that were registered.
func (r *Routes) Handler() http.Handler { return r.engine }

// All are the routes that were registered.
func (r *Routes) All() []Route { return r.table }

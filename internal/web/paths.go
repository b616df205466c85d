package web

import (
	"net/http"
	"net/url"
	"strings"

	"tintype/internal/media"
)

// IsTokenPath reports whether a path accepts bearer tokens only. No cookie is
// read there, so that another site's page can do nothing in a reader's name.
// Such routes answer every origin and write errors as JSON.
func IsTokenPath(path string) bool {
	return isAPIPath(path) ||
		underPath(path, "/oauth/token") || underPath(path, "/oauth/revoke") || underPath(path, "/oauth/userinfo")
}

// isAPIPath reports whether the path is the API's. Clients that join addresses
// carelessly write "//api/v1/instance", which is no route, and read the answer
// as JSON.
func isAPIPath(path string) bool {
	return strings.HasPrefix(path, "/") && underPath("/"+strings.TrimLeft(path, "/"), "/api")
}

// isMachinePath tells the routes whose readers are programs. Of OAuth's, people
// see the page that asks for their consent alone.
func isMachinePath(path string) bool {
	return IsTokenPath(path) || strings.HasPrefix(path, "/.well-known/") || underPath(path, "/nodeinfo") ||
		underPath(path, "/oauth") && !isAuthorizePath(path)
}

// isSharedPath tells the routes that scripts of other sites may read.
func isSharedPath(path string) bool {
	return isMachinePath(path) || strings.HasPrefix(path, media.PathPrefix)
}

func isHealthPath(path string) bool { return path == "/livez" || path == "/readyz" }

// underPath reports whether path is root or lies beneath it.
func underPath(path, root string) bool {
	rest, ok := strings.CutPrefix(path, root)
	return ok && (rest == "" || rest[0] == '/')
}

// trimSlash lets clients write /api/v1/instance/ for /api/v1/instance. They get
// the answer itself, because some do not follow a redirect with a POST.
func trimSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.HasSuffix(path, "/") && (isMachinePath(path) || isAuthorizePath(path)) {
			if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
				u := *r.URL
				u.Path, u.RawPath = trimmed, ""
				copied := *r
				copied.URL = &u
				r = &copied
			}
		}
		next.ServeHTTP(w, r)
	})
}

// withoutSlash is the address of a page that somebody wrote with a slash at its
// end, "" for any other. It begins with one slash: two would name another host.
func withoutSlash(u *url.URL) string {
	path := strings.Trim(u.Path, "/")
	if path == "" || !strings.HasSuffix(u.Path, "/") {
		return ""
	}
	to := url.URL{Path: "/" + path, RawQuery: u.RawQuery}
	return to.String()
}

package servertest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An Edge is a real cache that stands in front of pages as a CDN does: it keeps
// what a shared cache may keep, under the path and query, and honours s-maxage,
// stale-while-revalidate, stale-if-error and ETag. Like CloudFront it keeps an
// answer that sets a cookie, and for a while one that says nothing of caching:
// neither may leave the site. Cookies reach the site in any case.
type Edge struct {
	URL  string // http://localhost:port
	Port int
}

// EdgeOptions tell what an Edge is to do.
type EdgeOptions struct {
	// Cookie is the only one in its key; "" ignores all of them.
	Cookie string
	// Speed divides all lifetimes, so that a test need not wait for them; 0 is 1.
	Speed int
}

// NewEdge finds a port for an Edge, so that a site can be told its address before
// it starts.
func NewEdge(t testing.TB) *Edge {
	t.Helper()
	Tool(t, "varnishd", "Debian package varnish")
	port := FreePort(t)
	return &Edge{URL: fmt.Sprintf("http://localhost:%d", port), Port: port}
}

// edgeConfig gives an answer out while it is fresh; in its
// stale-while-revalidate as well, and asks the site meanwhile; and in its
// stale-if-error if the site, asked first, fails.
const edgeConfig = `vcl 4.1;
import std;
backend site { .host = "127.0.0.1"; .port = "%[1]d"; .connect_timeout = 2s; .first_byte_timeout = 60s; }
sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.X-Edge;
    }
    if (req.url == "/-edge") {
        return (synth(200));
    }
    if (req.http.Upgrade ~ "(?i)websocket") {
        return (pipe);
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    set req.hash_always_miss = (req.http.X-Edge == "ask");
    return (hash);
}
sub vcl_hash {
    hash_data(req.url);
    %[2]s
    return (lookup);
}
sub vcl_hit {
    if (obj.ttl >= 0s || req.http.X-Edge == "stale" || obj.ttl + std.duration(obj.http.X-Edge-Stale, 0s) >= 0s) {
        return (deliver);
    }
    set req.http.X-Edge = "ask";
    return (restart);
}
sub vcl_backend_fetch {
    unset bereq.http.X-Edge;
}
sub vcl_backend_response {
    if (beresp.status >= 500) {
        if (bereq.is_bgfetch) {
            return (abandon);
        }
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        return (deliver);
    }
    if (beresp.http.Cache-Control ~ "(?i)(private|no-store|no-cache)") {
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        return (deliver);
    }
    # The key stands for what the site says of its Cookie header.
    set beresp.http.Vary = regsuball(beresp.http.Vary, "(?i)(^|, *)Cookie(, *|$)", "\2");
    set beresp.http.Vary = regsub(beresp.http.Vary, "^, *", "");
    if (beresp.http.Vary == "") {
        unset beresp.http.Vary;
    }
    set beresp.ttl = beresp.ttl / %[3]d;
    set beresp.http.X-Edge-Stale = "0s";
    if (beresp.http.Cache-Control ~ "stale-while-revalidate=") {
        set beresp.http.X-Edge-Stale = std.duration(regsub(beresp.http.Cache-Control, ".*stale-while-revalidate=([0-9]+).*", "\1s"), 0s) / %[3]d;
    }
    set beresp.grace = 0s;
    if (beresp.http.Cache-Control ~ "stale-if-error=") {
        set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, ".*stale-if-error=([0-9]+).*", "\1s"), 0s) / %[3]d;
    }
    return (deliver);
}
sub vcl_backend_error {
    if (bereq.is_bgfetch) {
        return (abandon);
    }
}
sub vcl_deliver {
    if (resp.status >= 500 && req.http.X-Edge != "stale" && (req.method == "GET" || req.method == "HEAD")) {
        set req.http.X-Edge = "stale";
        return (restart);
    }
    unset resp.http.X-Edge-Stale;
    set resp.http.X-Cache = "miss";
    if (obj.hits > 0) {
        set resp.http.X-Cache = "hit";
    }
}
`

// Start runs the Edge in front of what listens on a port of this machine, until
// the test ends. It appends the address that asks to X-Forwarded-For. Its answers
// say in X-Cache whether they were kept ("hit").
func (e *Edge) Start(t testing.TB, origin int, o EdgeOptions) {
	t.Helper()
	key := ""
	if o.Cookie != "" {
		name := strings.ReplaceAll(o.Cookie, "-", "\\-")
		key = fmt.Sprintf(`if (req.http.Cookie ~ "(^|; *)%[1]s=") {
        hash_data(regsub(req.http.Cookie, "^(.*; *)?%[1]s=([^;]*).*$", "\2"));
    }`, name)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "edge.vcl")
	must(t, os.WriteFile(file, fmt.Appendf(nil, edgeConfig, origin, key, max(o.Speed, 1)), 0o600))
	args := []string{"-F", "-j", "none", "-n", filepath.Join(dir, "varnish"), "-f", file, "-s", "malloc,64m", "-p", "http_max_hdr=128",
		"-a", fmt.Sprintf("127.0.0.1:%d", e.Port)}
	if hasIPv6() {
		args = append(args, "-a", fmt.Sprintf("[::1]:%d", e.Port))
	}
	tool := Tool(t, "varnishd", "Debian package varnish")
	startProcess(t, e.Port, func() *exec.Cmd { return exec.Command(tool, args...) })
	must(t, until(startPatience, nil, func() error { // it listens before its rules are compiled
		answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(e.URL + "/-edge")
		if err == nil {
			answer.Body.Close()
		}
		return err
	}))
}

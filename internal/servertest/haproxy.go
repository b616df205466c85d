package servertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A Balancer stands in front of instances as a cloud's would: it asks /readyz,
// tries nothing twice, keeps connections for a minute, and appends the client's
// address to X-Forwarded-For.
type Balancer struct {
	URL  string // http://localhost:port
	Port int
}

// NewBalancer finds a port for a balancer, so that instances can be told its
// address before they start.
func NewBalancer(t testing.TB) *Balancer {
	t.Helper()
	Tool(t, "haproxy", "Debian package haproxy")
	port := FreePort(t)
	return &Balancer{URL: fmt.Sprintf("http://localhost:%d", port), Port: port}
}

// balancerConfig: the address is appended in the same line, because a second one
// hides the first from programs that read one only. A header with more than one
// line comes out as one.
const balancerConfig = `global
    maxconn 4000
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout http-keep-alive 60s
frontend site
    bind 127.0.0.1:%[1]d
    bind [::1]:%[1]d
    http-request set-header X-Forwarded-For "%%[req.fhdr(X-Forwarded-For)],%%[src]" if { req.hdr(X-Forwarded-For) -m found }
    http-request set-header X-Forwarded-For %%[src] if !{ req.hdr(X-Forwarded-For) -m found }
    http-request set-header X-Forwarded-Proto http
    default_backend instances
backend instances
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 500ms fall 2 rise 2
`

// Start runs the balancer over the instances, until the test ends.
func (b *Balancer) Start(t testing.TB, instances ...*Instance) {
	t.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, balancerConfig, b.Port)
	if !hasIPv6() {
		text := strings.ReplaceAll(config.String(), fmt.Sprintf("    bind [::1]:%d\n", b.Port), "")
		config.Reset()
		config.WriteString(text)
	}
	for i, instance := range instances {
		config.WriteString("    server i" + strconv.Itoa(i+1) + " 127.0.0.1:" + strconv.Itoa(instance.Port) + "\n")
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	must(t, os.WriteFile(file, []byte(config.String()), 0o600))
	startServer(t, exec.Command(Tool(t, "haproxy", "Debian package haproxy"), "-db", "-f", file), b.Port)
}

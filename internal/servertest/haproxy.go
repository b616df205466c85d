package servertest

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Balancer stands in front of instances as a cloud's would: it asks /readyz,
// tries nothing twice, keeps connections for a minute, and appends the client's
// address to X-Forwarded-For.
type Balancer struct {
	URL  string // http://localhost:port
	Port int

	stats   int // the port that tells how the instances are
	process *Process
}

// NewBalancer finds a port for a balancer, so that instances can be told its
// address before they start.
func NewBalancer(t testing.TB) *Balancer {
	t.Helper()
	Tool(t, "haproxy", "Debian package haproxy")
	port := FreePort(t)
	return &Balancer{URL: fmt.Sprintf("http://localhost:%d", port), Port: port, stats: FreePort(t)}
}

// balancerConfig: the address is appended in the same line, because a second one
// hides the first from programs that read one only. A header with more than one
// line comes out as one.
const balancerConfig = `global
    maxconn 4000
    stats socket ipv4@127.0.0.1:%[2]d level operator
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    timeout check 2s
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

// Start runs the balancer over the instances, until the test ends or it is
// started over others.
func (b *Balancer) Start(t testing.TB, instances ...*Instance) {
	t.Helper()
	config := fmt.Sprintf(balancerConfig, b.Port, b.stats)
	if !hasIPv6() {
		config = strings.ReplaceAll(config, fmt.Sprintf("    bind [::1]:%d\n", b.Port), "")
	}
	for i, instance := range instances {
		config += "    server i" + strconv.Itoa(i+1) + " 127.0.0.1:" + strconv.Itoa(instance.Port) + "\n"
	}
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	must(t, os.WriteFile(file, []byte(config), 0o600))
	b.Stop()
	tool := Tool(t, "haproxy", "Debian package haproxy")
	b.process = startProcess(t, b.Port, func() *exec.Cmd { return exec.Command(tool, "-db", "-f", file) })
}

// Stop ends the balancer: nobody answers at its address.
func (b *Balancer) Stop() {
	if b.process != nil {
		b.process.Kill()
		b.process = nil
	}
}

// Up counts the instances that the balancer sends requests to.
func (b *Balancer) Up() (int, error) {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(b.stats), time.Second)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return 0, err
	}
	if _, err := io.WriteString(c, "show stat instances 4 -1\n"); err != nil { // 4: of servers
		return 0, err
	}
	rows, err := csv.NewReader(c).ReadAll()
	if err != nil {
		return 0, err
	}
	up := 0
	for _, row := range rows {
		if status := 17; len(row) > status && strings.HasPrefix(row[status], "UP") {
			up++
		}
	}
	return up, nil
}

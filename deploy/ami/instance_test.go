package ami

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// A machine is what the image's scripts see of EC2: a metadata service that takes tokens only, the site's port, and
// programs that write down how they were called.
type machine struct {
	t      *testing.T
	dir    string
	meta   *httptest.Server
	site   *httptest.Server
	mu     sync.Mutex
	data   string // user data
	state  string // what the group wants of it; empty: it is in none
	status int    // of the site's /readyz
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	for _, tool := range []string{"bash", "curl"} {
		servertest.Tool(t, tool, "Debian package "+tool)
	}
	m := &machine{t: t, dir: t.TempDir(), status: http.StatusServiceUnavailable}
	m.meta = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		if r.URL.Path == "/latest/api/token" {
			if r.Method != http.MethodPut || r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") == "" {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			_, _ = io.WriteString(w, "token")
			return
		}
		answers := map[string]string{
			"/latest/user-data": m.data, "/latest/meta-data/placement/region": "eu-central-1", "/latest/meta-data/instance-id": "i-0abc",
			"/latest/meta-data/autoscaling/target-lifecycle-state": m.state,
		}
		answer := answers[r.URL.Path]
		switch {
		case r.Header.Get("X-aws-ec2-metadata-token") != "token":
			w.WriteHeader(http.StatusUnauthorized)
		case answer == "":
			w.WriteHeader(http.StatusNotFound)
		default:
			_, _ = io.WriteString(w, answer)
		}
	}))
	t.Cleanup(m.meta.Close)
	m.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		w.WriteHeader(m.status)
	}))
	t.Cleanup(m.site.Close)
	for name, does := range map[string]string{
		"aws":       `[[ $* != *describe-auto-scaling-instances* ]] || echo photos-web`,
		"systemctl": `[[ $* != *LoadState* ]] || echo loaded`,
		"ctl":       ``,
	} {
		m.write("bin/"+name, "#!/bin/bash\necho \"$(basename \"$0\") $*\" >>\""+m.dir+"/calls\"\n"+does+"\n")
	}
	for _, name := range []string{"agent.json", "prometheus.yaml"} {
		data, err := os.ReadFile("files/" + name)
		if err != nil {
			t.Fatal(err)
		}
		m.write("lib/"+name, string(data))
	}
	return m
}

func (m *machine) write(name, text string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(name string) string {
	data, _ := os.ReadFile(filepath.Join(m.dir, name))
	return string(data)
}

func (m *machine) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// script is one of the image's, made to see this machine in place of EC2's.
func (m *machine) script(name string) *exec.Cmd {
	m.t.Helper()
	data, err := os.ReadFile("files/" + name)
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(name, strings.NewReplacer(
		"http://169.254.169.254/latest", m.meta.URL+"/latest", "http://127.0.0.1:8080", m.site.URL,
		"/run/tintype-instance", m.dir+"/run", "/usr/local/lib/tintype", m.dir+"/lib",
		"/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl", m.dir+"/bin/ctl", "every=5", "every=0.05", "--max-time 2", "--max-time 30",
	).Replace(string(data)))
	c := exec.CommandContext(m.t.Context(), "bash", filepath.Join(m.dir, name))
	c.Env = append(os.Environ(), "PATH="+m.dir+"/bin:"+os.Getenv("PATH"))
	return c
}

func TestBoot(t *testing.T) {
	m := newMachine(t)
	m.data = "# photos\nSETTINGS=ssm:/photos/web/\nPATH=/tmp/evil\n"
	if out, err := m.script("boot").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := m.read("run/env"); got != "SETTINGS=ssm:/photos/web/\nAWS_REGION=eu-central-1\n" {
		t.Errorf("the environment is %q", got)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "run/serve")); err != nil {
		t.Error("a web instance would not serve")
	}
	agent, prometheus := m.read("run/agent.json"), m.read("run/prometheus.yaml")
	if !json.Valid([]byte(agent)) || strings.Count(agent, `"/photos/web"`) != 2 || strings.Contains(agent+prometheus, "@") || !strings.Contains(prometheus, `Site: "photos"`) {
		t.Errorf("%s\n%s", agent, prometheus)
	}
	if calls := m.read("calls"); !strings.Contains(calls, "ctl -a fetch-config -m ec2 -s -c file:"+m.dir+"/run/agent.json") {
		t.Errorf("the agent was not started: %s", calls)
	}
}

func TestBootForCommands(t *testing.T) {
	m := newMachine(t)
	m.data = "SETTINGS=ssm:/photos/ops/\n"
	if out, err := m.script("boot").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(m.dir, "run/serve")); err == nil {
		t.Error("an instance for commands would serve, and do jobs as the schema's owner")
	}
	// Nothing to tell any group: it ends at once.
	if out, err := m.script("lifecycle").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBootRefuses(t *testing.T) {
	for _, data := range []string{"", "SETTINGS=sqlite:x\n", "SETTINGS=ssm:/photos/web\n", "SETTINGS=ssm:/photos/$(reboot)/\n", "SETTINGS=ssm:/a/b/;x/\n", "export SETTINGS=ssm:/photos/web/\n"} {
		m := newMachine(t)
		m.data = data
		if data == "" {
			m.data = "\n"
		}
		if out, err := m.script("boot").CombinedOutput(); err == nil || m.read("run/env") != "" {
			t.Errorf("%q was taken: %s", data, out)
		}
	}
}

// An instance tells that it is ready once it is, and that it has drained once the site has stopped.
func TestLifecycle(t *testing.T) {
	m := newMachine(t)
	m.write("run/serve", "")
	m.state = "InService"
	c := m.script("lifecycle")
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	await := func(text string) {
		t.Helper()
		servertest.Succeeds(t, time.Minute, text, func() error {
			if calls := m.read("calls"); !strings.Contains(calls, text) {
				return fmt.Errorf("the calls are:\n%s", calls)
			}
			return nil
		})
	}
	time.Sleep(300 * time.Millisecond) // nothing is to happen, so that there is nothing to wait for
	if calls := m.read("calls"); calls != "" {
		t.Fatalf("before the site is ready: %s", calls)
	}
	m.set(func() { m.status = http.StatusOK })
	await("complete-lifecycle-action --lifecycle-hook-name ready --auto-scaling-group-name photos-web --instance-id i-0abc --lifecycle-action-result CONTINUE")
	time.Sleep(300 * time.Millisecond) // as above
	if strings.Contains(m.read("calls"), "stop") {
		t.Fatal("stopped though the group wants it")
	}
	m.set(func() { m.state = "Terminated" })
	if err := <-done; err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	calls := m.read("calls")
	stop, told := strings.Index(calls, "systemctl stop tintype.socket tintype.service"), strings.Index(calls, "--lifecycle-hook-name drain")
	if stop < 0 || told < stop {
		t.Errorf("in the wrong order:\n%s", calls)
	}
}

// One that never gets ready is drained all the same.
func TestLifecycleOfOneThatNeverIsReady(t *testing.T) {
	m := newMachine(t)
	m.write("run/serve", "")
	m.state = "Terminated"
	if out, err := m.script("lifecycle").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if calls := m.read("calls"); strings.Contains(calls, "hook-name ready") || !strings.Contains(calls, "hook-name drain") {
		t.Error(calls)
	}
}

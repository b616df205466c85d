package deploytest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"tintype/internal/servertest"
)

// What Amazon Linux 2023 has and a Debian has not, as far as provision.sh and
// the image's scripts use it. The packages' units do nothing, the agent writes
// down what it was told, and curl knows the options that are used.
var amazonLinux = map[string]string{
	"/usr/bin/dnf": `#!/bin/bash
set -e
[[ " $* " == *" install "* ]] || exit 9
for unit in amazon-ssm-agent.service sshd.service; do
	printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >/usr/lib/systemd/system/$unit
done
for unit in dnf-automatic logrotate; do
	printf '[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n' >/usr/lib/systemd/system/$unit.timer
	printf '[Service]\nExecStart=/bin/true\n' >/usr/lib/systemd/system/$unit.service
done
systemctl -q enable sshd.service
useradd --system --user-group --no-create-home cwagent
`,
	"/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl": "#!/bin/bash\necho \"$*\" >>/run/agent-calls\n",
	"/usr/bin/cloud-init": "#!/bin/bash\necho \"$*\" >>/root/cloud-init-calls\n",
	"/usr/bin/aws": `#!/bin/bash
echo "$*" >>/run/aws-calls
[[ $* != *describe-auto-scaling-instances* ]] || echo photos-web
`,
	"/usr/bin/curl": `#!/usr/bin/python3
import sys, time, urllib.request, urllib.error
method, headers, url, out, retry, words = "GET", {}, "", None, 0, sys.argv[1:]
while words:
    w = words.pop(0)
    if w == "-X": method = words.pop(0)
    elif w == "-H": name, _, value = words.pop(0).partition(": "); headers[name] = value
    elif w == "-o": out = words.pop(0)
    elif w == "--retry": retry = int(words.pop(0))
    elif w == "--max-time": words.pop(0)
    elif w in ("-fsS", "--retry-connrefused"): pass
    elif w.startswith("-"): sys.exit(2)
    else: url = w
if url.startswith("https://truststore.pki.rds.amazonaws.com/"):
    print("-----BEGIN CERTIFICATE-----")
    sys.exit(0)
for i in range(retry + 1):
    try:
        answer = urllib.request.urlopen(urllib.request.Request(url, method=method, headers=headers), timeout=10).read()
        break
    except urllib.error.HTTPError as e:
        if e.code < 500: sys.exit(22)
    except OSError:
        pass
    time.sleep(0.2)
else:
    sys.exit(7)
if out is None: sys.stdout.buffer.write(answer)
`,
}

// An instance's metadata service, as the image's scripts ask it.
type metadata struct {
	mu       sync.Mutex
	userData string
	away     bool
}

func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	answers := map[string]string{
		"/latest/user-data": m.userData, "/latest/meta-data/placement/region": "eu-central-1", "/latest/meta-data/instance-id": "i-0abc",
		"/latest/meta-data/autoscaling/target-lifecycle-state": "InService",
	}
	switch {
	case m.away:
		w.WriteHeader(http.StatusForbidden)
	case r.Method == http.MethodPut && r.URL.Path == "/latest/api/token" && r.Header.Get("X-aws-ec2-metadata-token-ttl-seconds") != "":
		_, _ = io.WriteString(w, "token")
	case r.Header.Get("X-aws-ec2-metadata-token") != "token":
		w.WriteHeader(http.StatusUnauthorized)
	case answers[r.URL.Path] == "":
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = io.WriteString(w, answers[r.URL.Path])
	}
}

func (m *metadata) set(away bool, userData string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away, m.userData = away, userData
}

// The image is provisioned as Packer does it, then booted as an instance of the
// group and as one for commands: from the line of user data to a photo, and to a
// command. Its Linux is a Debian that says that it is Amazon's.
func TestTheImageOfAGroup(t *testing.T) {
	servertest.OneOf(t, 1, 2)
	m := servertest.Debian(t)
	port, metrics := servertest.FreePort(t), servertest.FreePort(t)
	site := fmt.Sprintf("http://127.0.0.1:%d", port)
	var meta metadata
	meta.set(true, "")
	server := httptest.NewServer(&meta)
	t.Cleanup(server.Close)
	vault := servertest.Vault(t)
	key := strings.Repeat("k", 40)
	vault.SetSecret("photos/app", `{"SECRET_KEY": "`+key+`"}`)
	for _, role := range []string{"web", "ops"} {
		for name, value := range map[string]string{
			"BASE_URL": site, "REGISTRATION": "open", "SITE_NAME": "The " + role, "SECRET_KEY": "secretsmanager:photos/app#SECRET_KEY", "LOG_FORMAT": "json",
			"METRICS_ADDR": fmt.Sprintf("127.0.0.1:%d", metrics), "DRAIN_DELAY": "1s",
		} {
			vault.SetParameter("/photos/"+role+"/"+name, value)
		}
	}

	for path, text := range amazonLinux {
		m.Write(path, text, 0o755)
	}
	m.Write("/etc/os-release", "ID=\"amzn\"\nID_LIKE=\"fedora\"\nVERSION_ID=\"2023\"\n", 0o644)
	bring(t, m, "/opt/tintype") // its /tmp is in memory
	files, err := filepath.Glob("../../deploy/ami/files/*")
	if err != nil || len(files) < 8 {
		t.Fatalf("%q, %v", files, err)
	}
	// This machine's network is shared, so that it has another metadata service and another port.
	here := strings.NewReplacer("http://169.254.169.254/latest", server.URL+"/latest", "http://127.0.0.1:8080", site, "ListenStream=8080", fmt.Sprintf("ListenStream=127.0.0.1:%d", port))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m.Write("/opt/tintype/files/"+filepath.Base(file), here.Replace(string(text)), 0o644)
	}
	for _, path := range []string{"/root/.ssh/authorized_keys", "/home/ec2-user/.ssh/authorized_keys", "/etc/ssh/ssh_host_ed25519_key", "/var/log/cloud-init.log"} {
		m.Write(path, "of the machine that makes the image\n", 0o600)
	}

	// The template's own last lines.
	template, err := os.ReadFile("../../deploy/ami/tintype.pkr.hcl")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`"sudo ((?:bash|rm) [^"]+)"`).FindAllStringSubmatch(string(template), -1)
	if len(lines) != 2 {
		t.Fatalf("the template provisions by %q", lines)
	}
	for _, line := range lines {
		m.MustRun("bash", "-c", strings.ReplaceAll(line[1], "/tmp/tintype", "/opt/tintype"))
	}

	t.Run("holds nothing of anybody", func(t *testing.T) {
		out := m.MustRun("bash", "-c", `cat /etc/machine-id; find /root /home /etc/ssh -name authorized_keys -o -name 'ssh_host_*'; find /etc/tintype /var/lib/tintype /run/tintype-instance /opt/tintype -mindepth 1 2>/dev/null; find /var/log -type f -size +0 ! -path '*/journal/*'`)
		if strings.TrimSpace(out) != "" {
			t.Errorf("it holds\n%s", out)
		}
		if out := m.MustRun("cat", "/root/cloud-init-calls"); !strings.Contains(out, "clean") {
			t.Errorf("cloud-init keeps what it knew: %s", out)
		}
		if out, err := m.Run("systemctl", "is-enabled", "sshd.service"); err == nil {
			t.Errorf("sshd is %s", out)
		}
		for _, unit := range []string{"tintype.service", "tintype.socket", "tintype-boot.service", "tintype-lifecycle.service", "amazon-ssm-agent.service", "dnf-automatic.timer", "logrotate.timer"} {
			if out, err := m.Run("systemctl", "is-enabled", unit); err != nil {
				t.Errorf("%s is %s", unit, out)
			}
		}
		if out, err := m.Run("systemctl", "cat", "tintype-backup.timer", "tintype-https.socket"); err == nil {
			t.Errorf("a unit of a single machine is in the image: %s", out)
		}
	})

	// What tells the program of the stand-ins of AWS.
	m.Write("/etc/systemd/system/tintype.service.d/stand-in.conf", "[Service]\nEnvironment="+strings.Join(vault.Env(), " ")+"\n", 0o644)
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := m.Run("sh", "-c", `journalctl --no-pager -b | grep -i 'tintype\|cycle' | tail -n 60; tail -n 30 /var/log/tintype/tintype.log`)
			t.Logf("%s", out)
		}
	})

	m.Reboot("starting")
	// The metadata service may be late; the boot waits for it.
	if out, err := m.Run("systemctl", "is-active", "tintype.service"); err == nil {
		t.Errorf("it serves before it knows what: %s", out)
	}
	meta.set(false, "SETTINGS=ssm:/photos/web/\n")
	eventually(t, "ready", func() error { return answers(site + "/readyz") })
	join(t, site, "ada").postPhoto("From the group")

	t.Run("as an instance of the group", func(t *testing.T) {
		// A circle in the order of the boot would have cost one of them its start.
		for _, unit := range []string{"tintype-boot.service", "tintype.socket", "tintype.service", "tintype-lifecycle.service"} {
			eventually(t, unit, func() error { _, err := m.Run("systemctl", "is-active", unit); return err })
		}
		if out, _ := m.Run("systemd-analyze", "verify", "default.target"); strings.Contains(out, "cycle") || strings.Contains(out, "tintype") {
			t.Errorf("%s", out)
		}
		// Nothing of the environment is the image's, and the settings are the group's.
		env := m.MustRun("sh", "-c", "tr '\\0' '\\n' </proc/"+mainPID(m)+"/environ")
		for _, want := range []string{"SETTINGS=ssm:/photos/web/\n", "AWS_REGION=eu-central-1\n", "DATA_DIR=/var/lib/tintype\n"} {
			if !strings.Contains(env, want) {
				t.Errorf("no %q in the environment", want)
			}
		}
		if strings.Contains(env, key) || strings.Contains(env, "SITE_NAME") {
			t.Error("a setting of the group is in the environment")
		}
		// The agent is another user, and has to read the log.
		log := m.MustRun("setpriv", "--reuid=cwagent", "--regid=cwagent", "--clear-groups", "cat", "/var/log/tintype/tintype.log")
		if !strings.Contains(log, `"msg":"request"`) {
			t.Errorf("the agent finds no request in the log:\n%s", log)
		}
		if out, err := m.Run("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "cat", "/var/log/tintype/tintype.log"); err == nil {
			t.Errorf("anybody may read the log, which has addresses: %d bytes", len(out))
		}
		if out := m.MustRun("cat", "/run/agent-calls"); !strings.Contains(out, "-a fetch-config -m ec2 -s -c file:/run/tintype-instance/agent.json") {
			t.Errorf("the agent was told %s", out)
		}
		eventually(t, "the word that it is ready", func() error {
			if out, _ := m.Run("cat", "/run/aws-calls"); !strings.Contains(out, "--lifecycle-hook-name ready --auto-scaling-group-name photos-web --instance-id i-0abc") {
				return fmt.Errorf("said %q", out)
			}
			return nil
		})
	})

	// The same image, told otherwise.
	meta.set(false, "SETTINGS=ssm:/photos/ops/\n")
	m.Reboot()
	t.Run("as one for commands", func(t *testing.T) {
		eventually(t, "booted", func() error { _, err := m.Run("systemctl", "is-active", "tintype-boot.service"); return err })
		eventually(t, "with nothing left to start", func() error {
			if out, _ := m.Run("systemctl", "list-jobs", "--no-legend"); strings.Contains(out, "tintype") {
				return fmt.Errorf("still to do: %s", out)
			}
			return nil
		})
		for _, unit := range []string{"tintype.service", "tintype.socket"} {
			if out, err := m.Run("systemctl", "is-active", unit); err == nil {
				t.Errorf("%s is %s", unit, out)
			}
		}
		// As release.sh has SSM run it; the stand-ins of AWS come by the file that boot wrote.
		m.MustRun("sh", "-c", "printf '%s\\n' "+strings.Join(vault.Env(), " ")+" >>/run/tintype-instance/env")
		if out := m.MustRun("/usr/local/bin/tintype-command", "config"); !strings.Contains(out, "The ops") || strings.Contains(out, key) {
			t.Errorf("its settings are\n%s", out)
		}
		if out, err := m.Run("/usr/local/bin/tintype-command", "account", "promote", "nobody-of-this-name"); err == nil {
			t.Errorf("the command's failure is lost: %s", out)
		}
	})
}

package deploytest

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// The units are what systemd understands, and as tight as the issue asks.
func TestTheUnits(t *testing.T) {
	analyze := servertest.Tool(t, "systemd-analyze", "Debian package systemd")
	for _, unit := range []string{"tintype.service", "tintype-backup.service"} {
		out, err := exec.Command(analyze, "security", "--offline=yes", "../../deploy/single/"+unit).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		m := regexp.MustCompile(`Overall exposure level for ` + unit + `: ([0-9.]+)`).FindStringSubmatch(string(out))
		if m == nil {
			t.Fatalf("no level in\n%s", out)
		}
		if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > 2.0 {
			t.Errorf("%s is exposed at %s, at most 2.0 wanted\n%s", unit, m[1], out)
		}
	}
}

// A fresh Debian is provisioned by the script, and its own systemd runs the
// site: sandboxed, with its sockets and its watchdog. It is restarted, hangs, is
// upgraded and rolled back, and nobody is refused.
func TestAProvisionedMachine(t *testing.T) {
	servertest.OneOf(t, 1, 2)
	m := servertest.Debian(t)
	port := servertest.FreePort(t)
	site := fmt.Sprintf("http://127.0.0.1:%d", port)
	bring(t, m, "/opt/tintype")
	// As docs/deploy.md has it.
	provision := func() string {
		t.Helper()
		return m.MustRun("sh", "-c", "cd /opt/tintype && ./provision.sh --binary tintype")
	}
	unready := provision()
	if !strings.Contains(unready, "set TLS_DOMAINS (or BASE_URL") {
		t.Errorf("nothing says what is missing: %s", unready)
	}
	if out, err := m.Run("systemctl", "is-active", "tintype.service"); err == nil {
		t.Errorf("a site without an address runs: %s", out)
	}
	// This machine's ports 80 and 443 may be in use.
	m.Write("/etc/systemd/system/tintype.socket.d/port.conf", fmt.Sprintf("[Socket]\nListenStream=\nListenStream=127.0.0.1:%d\n", port), 0o644)
	add(t, m, "BASE_URL="+site, "REGISTRATION=open", "SIGNUP_LIMIT=1000/1h", "BACKUP_TO=/var/lib/tintype/backups")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := m.Run("sh", "-c", `journalctl --no-pager -u tintype.service -u tintype.socket | grep -v '"msg":"request"' | tail -n 60`)
			t.Logf("%s", out)
		}
	})
	provision()
	eventually(t, "ready", func() error { return answers(site + "/readyz") })
	ada := join(t, site, "ada")
	first := ada.postPhoto("On a real machine")

	t.Run("as it should be", func(t *testing.T) {
		for path, want := range map[string]string{
			"/usr/local/bin/tintype": "755 root root", "/etc/tintype": "750 root tintype", "/etc/tintype/tintype.env": "640 root tintype",
			"/var/lib/tintype": "700 tintype tintype", "/var/lib/tintype/secret.key": "600 tintype tintype",
		} {
			if got := strings.TrimSpace(m.MustRun("stat", "-c", "%a %U %G", path)); got != want {
				t.Errorf("%s is %s, want %s", path, got, want)
			}
		}
		if got := strings.TrimSpace(m.MustRun("getent", "passwd", "tintype")); !strings.HasSuffix(got, "/nologin") {
			t.Errorf("its user may log in: %s", got)
		}
		for _, unit := range []string{"tintype.service", "tintype.socket"} {
			if out, err := m.Run("systemctl", "is-enabled", unit); err != nil {
				t.Errorf("%s: %s", unit, out)
			}
		}
		if out, err := m.Run("systemctl", "is-enabled", "tintype-https.socket"); err == nil {
			t.Errorf("a port where nobody answers is enabled: %s", out)
		}
		if out := m.MustRun("systemctl", "show", "-P", "User", "tintype.service"); strings.TrimSpace(out) != "tintype" {
			t.Errorf("it runs as %s", out)
		}
		status := m.MustRun("cat", "/proc/"+mainPID(m)+"/status")
		for _, want := range []string{"NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"} {
			if !strings.Contains(status, want) {
				t.Errorf("no %q in the status of the process", want)
			}
		}
		if again := provision(); strings.Contains(again, "/usr/local/bin/tintype\n") || strings.Contains(again, "/etc/") {
			t.Errorf("a second time changes something: %s", again)
		}
		if out, err := m.Run("systemd-analyze", "verify", "tintype.service", "tintype-backup.timer"); err != nil || strings.Contains(out, "tintype") {
			t.Errorf("%v: %s", err, out)
		}
	})

	l := newLoad(t, site)
	t.Run("a restart refuses nobody", func(t *testing.T) {
		before := mainPID(m)
		m.MustRun("systemctl", "restart", "tintype.service")
		if mainPID(m) == before {
			t.Error("it was not restarted")
		}
		l.goesOn(t)
	})
	t.Run("upgraded, and back", func(t *testing.T) {
		version := func() string { return strings.TrimSpace(m.MustRun("tintype", "version")) }
		old := version()
		next(t, m, "/opt/tintype/tintype")
		provision()
		if version() == old {
			t.Errorf("still %s", old)
		}
		if made := strings.Fields(m.MustRun("sh", "-c", "ls /var/lib/tintype/backups/*")); len(made) != 1 || !strings.HasSuffix(made[0], ".tar.zst") {
			t.Errorf("before the upgrade came the backups %v", made)
		}
		m.MustRun("systemctl", "is-active", "tintype-backup.timer")
		m.MustRun("sh", "-c", block(t, "backup.md", "tintype backup verify"))
		l.goesOn(t)
		m.MustRun("/opt/tintype/provision.sh", "--roll-back")
		if got := version(); got != old {
			t.Errorf("back at %s, want %s", got, old)
		}
		l.goesOn(t)
	})
	l.stop(t)
	ada.sees(first, "On a real machine")

	t.Run("as the guides have it", func(t *testing.T) {
		if out := m.MustRun("sh", "-c", block(t, "deploy.md", "tintype doctor")); !strings.Contains(out, "database") {
			t.Errorf("the doctor says\n%s", out)
		}
		invite := strings.ReplaceAll(block(t, "deploy.md", "tintype doctor"), "tintype doctor", "tintype account create --admin")
		if out := m.MustRun("sh", "-c", invite); !strings.Contains(out, site+"/") {
			t.Errorf("no link to become an administrator by: %s", out)
		}
		m.MustRun("systemctl", "start", "tintype-backup.service")
		made := strings.Fields(m.MustRun("sh", "-c", "ls -t /var/lib/tintype/backups/*"))
		after := ada.postPhoto("After the backup")
		// "Where the backups lay in the old folder, name the file."
		restore := strings.Replace(block(t, "backup.md", "tintype backup restore"), " latest ", " "+strings.Replace(made[0], "/var/lib/tintype/", "/var/lib/tintype.before/", 1)+" ", 1)
		restore = regexp.MustCompile(`(?m)^tintype doctor.*$`).ReplaceAllString(restore, "")
		m.MustRun("sh", "-ec", restore)
		eventually(t, "ready", func() error { return answers(site + "/readyz") })
		ada.sees(first, "On a real machine")
		if err := answers(after.URL); err == nil {
			t.Error("what came after the backup is there")
		}
		m.MustRun("rm", "-r", "/var/lib/tintype.before")
	})

	t.Run("one that hangs is restarted", func(t *testing.T) {
		show := func(name string) time.Duration {
			t.Helper()
			text := strings.ReplaceAll(strings.TrimSpace(m.MustRun("systemctl", "show", "-P", name, "tintype.service")), "min", "m")
			d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return d
		}
		if all := show("WatchdogUSec") + show("TimeoutAbortUSec") + show("RestartUSec"); all > time.Minute {
			t.Errorf("one that hangs is back after %s", all)
		}
		if !servertest.All() { // in less time, the same
			m.Write("/etc/systemd/system/tintype.service.d/hurry.conf", "[Service]\nWatchdogSec=6\nTimeoutAbortSec=2\n", 0o644)
			m.MustRun("systemctl", "daemon-reload")
			m.MustRun("systemctl", "restart", "tintype.service")
		}
		pid := mainPID(m)
		m.MustRun("sh", "-c", "kill -STOP "+pid)
		eventually(t, "another process", func() error {
			if now := mainPID(m); now == pid || now == "0" {
				return fmt.Errorf("process %s", now)
			}
			client := servertest.NewClient(nil, site)
			client.Patience = 5 * time.Second
			_, err := client.Must(http.StatusOK, servertest.Read("/readyz"))
			return err
		})
		if out := m.MustRun("journalctl", "--no-pager", "-u", "tintype.service"); !strings.Contains(out, "Watchdog timeout") {
			t.Errorf("it was not the watchdog:\n%s", out)
		}
		ada.sees(first, "On a real machine")
		ada.postPhoto("After it hung")
	})
}

// block is the block of commands in one of docs/ that holds a text, as root types it.
func block(t *testing.T, guide, holds string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + guide)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?ms)^```\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(m[1], holds) {
			return strings.ReplaceAll(m[1], "sudo ", "")
		}
	}
	t.Fatalf("%s has no block with %q", guide, holds)
	return ""
}

// bring puts on the machine what an operator has of this project.
func bring(t *testing.T, m *servertest.Machine, folder string) {
	t.Helper()
	copyFile := func(from, to string, mode os.FileMode) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		m.Write(to, string(data), mode)
	}
	copyFile(servertest.Binary(t), folder+"/tintype", 0o755)
	copyFile("../../deploy/provision.sh", folder+"/provision.sh", 0o755)
	err := filepath.WalkDir("../../deploy/single", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			copyFile(path, folder+"/single/"+filepath.Base(path), 0o644)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// next replaces the program by one of another release.
func next(t *testing.T, m *servertest.Machine, path string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tintype")
	c := exec.Command("go", "build", "-ldflags=-X tintype/internal/app.Version=99.0.0", "-o", file, "../..")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m.Write(path, string(data), 0o755)
}

// add appends settings.
func add(t *testing.T, m *servertest.Machine, lines ...string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(m.Root, "/etc/tintype/tintype.env"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("\n" + strings.Join(lines, "\n") + "\n"); err != nil {
		t.Fatal(err)
	}
}

func mainPID(m *servertest.Machine) string {
	return strings.TrimSpace(m.MustRun("systemctl", "show", "-P", "MainPID", "tintype.service"))
}

package deploytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// The image's root runs as it is: read-only, with the files that the Dockerfile
// copies and no others, by its user, with its environment and its commands.
func TestTheImage(t *testing.T) {
	text, err := os.ReadFile("../../deploy/container/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, final, ok := strings.Cut(string(text), "\nFROM scratch\n")
	if !ok {
		t.Fatal("the image is not made from scratch")
	}
	line := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(`(?m)^` + pattern + `$`).FindStringSubmatch(final)
		if m == nil {
			t.Fatalf("no line %s in the image", pattern)
		}
		return m[1]
	}
	user := line(`USER (\d+:\d+)`)
	environment := strings.Fields(line(`ENV (.+)`))
	if got := line(`ENTRYPOINT \["(.+)"\]`); got != "/tintype" {
		t.Errorf("it starts %s", got)
	}
	health := strings.Split(line(`HEALTHCHECK .* CMD \["(.+)"\]`), `", "`)
	var copied []string
	for _, m := range regexp.MustCompile(`(?m)^COPY .* (/\S+)$`).FindAllStringSubmatch(final, -1) {
		copied = append(copied, m[1])
	}
	if want := "/tintype /etc /data /tmp"; strings.Join(copied, " ") != want {
		t.Fatalf("it holds %v, and this test knows %s", copied, want)
	}

	root := t.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"etc/ssl/certs", "data", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	binary, err := os.ReadFile(servertest.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "tintype"), binary, 0o755); err != nil {
		t.Fatal(err)
	}
	if authorities, err := os.ReadFile("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		if err := os.WriteFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"), authorities, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	// A namespace of mounts of its own: read-only, but for the volume and the tmpfs.
	const enter = `set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
for dir in data tmp; do mount -t tmpfs -o mode=0700,uid=${2%:*},gid=${2#*:} tintype-test "$1/$dir"; done
root=$1 user=$2
shift 2
exec chroot --userspec="$user" "$root" "$@"`
	port := servertest.FreePort(t)
	own := fmt.Sprintf("http://localhost:%d", port)
	// What compose.yaml sets, on a port that is free here.
	env := append(environment, fmt.Sprintf("PORT=%d", port), "BASE_URL="+own, "REGISTRATION=open", "LISTEN_ADDR=127.0.0.1")
	c := exec.Command("unshare", "--mount", "/bin/sh", "-c", enter, "sh", root, user, "/tintype")
	c.Env = env
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	if out, err := exec.Command("unshare", "--mount", "mount", "-t", "tmpfs", "tintype-test", root).CombinedOutput(); err != nil {
		servertest.Without(t, "mount", "cannot mount what a container would have (run as root): "+strings.TrimSpace(string(out)))
	}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s", text)
		}
	})
	check := func() error {
		h := exec.Command("chroot", append([]string{"--userspec=" + user, root}, health...)...)
		h.Env = env
		if out, err := h.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %s", err, out)
		}
		return nil
	}
	eventually(t, "healthy", check)
	eventually(t, "ready", func() error { return answers(own + "/readyz") })
	join(t, own, "ada").postPhoto("From a container")

	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	if err := check(); err == nil {
		t.Error("healthy, though it has ended")
	}
}

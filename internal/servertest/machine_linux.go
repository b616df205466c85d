package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Machine is a Debian with its own systemd, in namespaces of this machine's
// kernel. It shares the network: what listens on its loopback is found on ours.
type Machine struct {
	Root string // its root folder

	t       testing.TB
	process *exec.Cmd
	ended   chan struct{} // closed when the process has
	pid     string        // of its init, as seen from here
}

// Debian boots a machine that ends with the test. DEBIAN_ROOT is the folder of a
// Debian as debootstrap makes it (.ci/run does); it is not written to.
func Debian(t testing.TB) *Machine {
	t.Helper()
	base := os.Getenv("DEBIAN_ROOT")
	if _, err := exec.LookPath("systemd-nspawn"); base == "" || err != nil || os.Getuid() != 0 {
		Without(t, "debian", "no machine to deploy to: as root, with Debian package systemd-container, and DEBIAN_ROOT naming what "+
			"`debootstrap --variant=minbase --include=systemd,dbus,ca-certificates,unattended-upgrades,passwd bookworm FOLDER` made")
	}
	dir := t.TempDir()
	m := &Machine{Root: filepath.Join(dir, "root"), t: t}
	for _, name := range []string{"root", "upper", "work"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s/upper,workdir=%s/work", base, dir, dir)
	if out, err := exec.Command("mount", "-t", "overlay", "overlay", "-o", options, m.Root).CombinedOutput(); err != nil {
		Without(t, "debian", "cannot mount a machine's root: "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", m.Root).Run() })
	t.Cleanup(m.halt)
	if err := m.boot(); err != nil {
		Without(t, "debian", err.Error())
	}
	return m
}

// Reboot ends everything on the machine, in order, and boots it again. Where enough is a state of systemd's, such as
// "starting", it waits for no more: the boot itself may wait for something.
func (m *Machine) Reboot(enough ...string) {
	m.t.Helper()
	m.halt()
	if err := m.boot(enough...); err != nil {
		m.t.Fatal(err)
	}
}

// boot starts the machine, and waits for it.
func (m *Machine) boot(enough ...string) error {
	var said limitedBuffer
	c := exec.Command("systemd-nspawn", "--quiet", "--directory="+m.Root, "--register=no", "--keep-unit", "--machine=tintype-test-"+strconv.Itoa(os.Getpid()), "--resolv-conf=off", "--console=pipe", "--boot")
	c.Stdout, c.Stderr = &said, &said
	diesWithUs(c)
	if err := c.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { _ = c.Wait(); close(ended) }()
	m.process, m.ended = c, ended
	err := until(2*startPatience, ended, func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", c.Process.Pid))
		if err != nil {
			return err
		}
		m.pid, _, _ = strings.Cut(string(children), " ")
		if m.pid == "" {
			return errors.New("the machine has no init yet")
		}
		// "degraded" is a unit that failed, such as one that wants more rights.
		out, _ := m.Run("systemctl", "is-system-running")
		if state := strings.TrimSpace(out); state != "running" && state != "degraded" && !slices.Contains(enough, state) {
			return fmt.Errorf("systemctl is-system-running says %q", state)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("the machine does not boot: %w\n%s", err, said.String())
	}
	return nil
}

// halt is an orderly end of the machine.
func (m *Machine) halt() {
	if m.process == nil {
		return
	}
	_ = m.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.ended:
	case <-time.After(2 * startPatience):
		_ = m.process.Process.Kill()
		<-m.ended
	}
	m.process = nil
}

// Run runs a command on the machine, as root.
func (m *Machine) Run(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "nsenter", append([]string{"--target=" + m.pid, "--mount", "--uts", "--ipc", "--pid", "--root", "--wd", "--"}, args...)...)
	c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"}
	out, err := c.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// MustRun is Run, and fails the test where that fails.
func (m *Machine) MustRun(args ...string) string {
	m.t.Helper()
	out, err := m.Run(args...)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// Write puts a file on the machine.
func (m *Machine) Write(path, text string, mode os.FileMode) {
	m.t.Helper()
	path = filepath.Join(m.Root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

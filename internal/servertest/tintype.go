package servertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startPatience is how long a start may take on a busy machine.
const startPatience = time.Minute

// An Instance is the real program, running as a process of its own.
type Instance struct {
	URL     string // BASE_URL, without a slash at the end; in a Site, the instance's own address
	Port    int
	Metrics string // the address that tells /metrics and /deepz; "" where there is none
	DataDir string

	t       testing.TB
	program string   // "": Binary
	base    []string // what env begins with
	env     []string
	logFile string
	process *exec.Cmd
	ended   chan struct{}
	err     error // of the process, once ended
}

// Tintype starts the program on a free port and an empty data folder and waits
// until it is ready. Env are settings as NAME=value, and win over these. It is
// killed at the end of the test, whose log then shows the program's last lines
// if the test failed.
func Tintype(t testing.TB, env ...string) *Instance {
	t.Helper()
	i := NewTintype(t, env...)
	i.Start()
	return i
}

// NewTintype prepares an instance without starting it.
func NewTintype(t testing.TB, env ...string) *Instance {
	t.Helper()
	Binary(t)
	i := &Instance{t: t, Port: FreePort(t), DataDir: filepath.Join(t.TempDir(), "data")}
	i.logFile = filepath.Join(t.TempDir(), "log")
	i.base = append(bareEnvironment(), "PORT="+strconv.Itoa(i.Port), "DATA_DIR="+i.DataDir, "LOG_FORMAT=text")
	i.env = slices.Clone(i.base)
	i.URL = fmt.Sprintf("http://localhost:%d", i.Port)
	i.Set(env...)
	t.Cleanup(func() {
		i.Kill()
		if t.Failed() {
			t.Logf("the errors of %s:\n%s\nand its last lines:\n%s", i.URL, lastLines(errorLines(i.Logs()), 40), lastLines(i.Logs(), 60))
		}
	})
	return i
}

// Set changes settings for the next Start.
func (i *Instance) Set(env ...string) {
	for _, e := range env {
		i.env = append(i.env, e)
		name, value, _ := strings.Cut(e, "=")
		switch name {
		case "BASE_URL":
			i.URL = strings.TrimSuffix(value, "/")
		case "DATA_DIR":
			i.DataDir = value
		case "METRICS_ADDR":
			i.Metrics = "http://" + value
		case "PORT":
			i.Port, _ = strconv.Atoi(value) // the program itself refuses a bad one
			i.URL = "http://localhost:" + value
		}
	}
}

// reset has these be the only settings for the next Start. The instance keeps its
// address, whatever the site's is.
func (i *Instance) reset(env ...string) {
	own := i.URL
	i.env = slices.Clone(i.base)
	i.Set(env...)
	i.URL = own
}

// Settings are the settings for the next Start, but for those of the instance's own address and folder.
func (i *Instance) Settings() []string {
	var list []string
	for _, e := range i.env[len(i.base):] {
		if name, _, _ := strings.Cut(e, "="); name != "PORT" && name != "DATA_DIR" && name != "METRICS_ADDR" {
			list = append(list, e)
		}
	}
	return list
}

// Use has the next Start run another program, such as one of BinaryWith.
func (i *Instance) Use(program string) { i.program = program }

// Start starts the program and waits until it is ready.
func (i *Instance) Start() {
	i.t.Helper()
	i.StartOnly()
	if err := i.WaitReady(startPatience); err != nil {
		i.t.Fatalf("start %s: %v", i.URL, err)
	}
}

// StartOnly starts the program and does not wait.
func (i *Instance) StartOnly() {
	i.t.Helper()
	if i.running() {
		i.t.Fatalf("%s is running", i.URL)
	}
	log, err := os.OpenFile(i.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		i.t.Fatal(err)
	}
	defer log.Close()
	if i.program == "" {
		i.program = Binary(i.t)
	}
	i.process = exec.Command(i.program)
	i.process.Env = i.env
	i.process.Dir = filepath.Dir(i.logFile)
	i.process.Stdout, i.process.Stderr = log, log
	diesWithUs(i.process)
	if err := i.process.Start(); err != nil {
		i.t.Fatal(err)
	}
	ended := make(chan struct{})
	i.ended, i.err = ended, nil
	process := i.process
	go func() { i.err = process.Wait(); close(ended) }()
}

// WaitReady waits until /readyz says so.
func (i *Instance) WaitReady(patience time.Duration) error {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return until(patience, i.ended, func() error {
		answer, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", i.Port))
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(io.LimitReader(answer.Body, 4096))
		if err == nil && answer.StatusCode != http.StatusOK {
			err = errors.New(strings.TrimSpace(string(text)))
		}
		return err
	})
}

// Signal sends a signal to the process.
func (i *Instance) Signal(s os.Signal) {
	i.t.Helper()
	if err := i.process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		i.t.Fatal(err)
	}
}

// PID is the process's id.
func (i *Instance) PID() int { return i.process.Process.Pid }

// Stop asks the program to stop, waits for it, and returns how it ended.
func (i *Instance) Stop() error {
	i.t.Helper()
	i.Signal(syscall.SIGTERM)
	return i.Wait(time.Minute)
}

// Wait waits for the process to end by itself and returns how it did.
func (i *Instance) Wait(patience time.Duration) error {
	i.t.Helper()
	select {
	case <-i.ended:
		return i.err
	case <-time.After(patience):
		i.t.Fatalf("%s still runs after %s", i.URL, patience)
		return nil
	}
}

// Kill ends the process at once, as a power cut would.
func (i *Instance) Kill() {
	if i.running() {
		_ = i.process.Process.Kill()
		<-i.ended
	}
}

func (i *Instance) running() bool {
	if i.ended == nil {
		return false
	}
	select {
	case <-i.ended:
		return false
	default:
		return true
	}
}

// Logs is everything the program has written so far, over all its starts.
func (i *Instance) Logs() string {
	text, err := os.ReadFile(i.logFile)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Command runs the program with the instance's settings, such as
// Command("account", "create", "ann"), and returns what it wrote.
func (i *Instance) Command(args ...string) (stdout, stderr string, err error) {
	i.t.Helper()
	program := i.program
	if program == "" {
		program = Binary(i.t)
	}
	return run(program, i.env, filepath.Dir(i.logFile), args)
}

// A RunningCommand is the program with a command that has not ended.
type RunningCommand struct {
	process *exec.Cmd
	out     limitedBuffer
	ended   chan struct{}
	err     error
}

// StartCommand is Command without waiting for its end. It is killed at the end of the test.
func (i *Instance) StartCommand(args ...string) *RunningCommand {
	i.t.Helper()
	program := i.program
	if program == "" {
		program = Binary(i.t)
	}
	r := &RunningCommand{process: exec.Command(program, args...), ended: make(chan struct{})}
	r.process.Env, r.process.Dir = i.env, filepath.Dir(i.logFile)
	r.process.Stdout, r.process.Stderr = &r.out, &r.out
	diesWithUs(r.process)
	must(i.t, r.process.Start())
	go func() { r.err = r.process.Wait(); close(r.ended) }()
	i.t.Cleanup(r.Kill)
	return r
}

// PID is the process's id.
func (r *RunningCommand) PID() int { return r.process.Process.Pid }

// Signal sends a signal to the command.
func (r *RunningCommand) Signal(s os.Signal) { _ = r.process.Process.Signal(s) }

// Kill ends the command at once, and waits for that.
func (r *RunningCommand) Kill() {
	_ = r.process.Process.Kill()
	<-r.ended
}

// Ended is closed once the command has ended.
func (r *RunningCommand) Ended() <-chan struct{} { return r.ended }

// Wait waits for the end, and returns what was written and how it ended.
func (r *RunningCommand) Wait() (output string, err error) {
	<-r.ended
	return r.out.String(), r.err
}

// Output is what was written so far.
func (r *RunningCommand) Output() string { return r.out.String() }

// Run runs the program with nothing but these settings, in an empty folder.
func Run(t testing.TB, env []string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	return run(Binary(t), append(bareEnvironment(), env...), t.TempDir(), args)
}

func run(binary string, env []string, dir string, args []string) (string, string, error) {
	const limit = 2 * time.Minute
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("it had not ended after %s", limit))
	defer cancel()
	c := exec.CommandContext(ctx, binary, args...)
	var stdout, stderr bytes.Buffer
	c.Env, c.Dir, c.Stdout, c.Stderr = env, dir, &stdout, &stderr
	diesWithUs(c)
	err := c.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return stdout.String(), stderr.String(), err
}

// bareEnvironment is what a program needs that is not a setting of ours.
func bareEnvironment() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "SystemRoot"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// errorLines are the lines of a log that tell of errors: hundreds of others may follow what failed a test.
func errorLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "status=500") || strings.Contains(line, "panic") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "\n")
}

var built struct {
	sync.Once
	path string
	err  error
}

// Binary is the path of the program, built from this checkout once per test
// process. Processes share the file, which go build rewrites only after a
// change.
func Binary(t testing.TB) string {
	t.Helper()
	built.Do(func() { built.path, built.err = buildBinary() })
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.path
}

// BinaryWith is the path of a program built from this checkout with files added
// or replaced: their contents by their paths in the module. A test makes the
// next release with it.
func BinaryWith(t testing.TB, files map[string]string) string {
	t.Helper()
	root, err := moduleRoot()
	must(t, err)
	dir := t.TempDir()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = make(map[string]string)
	for path, content := range files {
		file := filepath.Join(dir, strings.ReplaceAll(path, "/", "_"))
		must(t, os.WriteFile(file, []byte(content), 0o600))
		overlay.Replace[filepath.Join(root, filepath.FromSlash(path))] = file
	}
	text, err := json.Marshal(overlay)
	must(t, err)
	list, out := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "tintype")
	must(t, os.WriteFile(list, text, 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), buildPatience)
	defer cancel()
	c := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", out, ".")
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, said)
	}
	return out
}

// buildPatience is how long a build of the program may take, on a machine that builds other things as well.
const buildPatience = 20 * time.Minute

func buildBinary() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir, err := sharedDir()
	if err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(dir, "lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	latest := filepath.Join(dir, "tintype")
	ctx, cancel := context.WithTimeout(context.Background(), buildPatience)
	defer cancel()
	c := exec.CommandContext(ctx, "go", "build", "-o", latest, ".")
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	// A name by content: a process that builds something newer in the meantime
	// does not change the program under a running test.
	out, err := exec.CommandContext(ctx, "go", "tool", "buildid", latest).Output()
	if err != nil {
		return "", fmt.Errorf("go tool buildid: %w", err)
	}
	id := strings.Map(func(r rune) rune {
		if r == '/' {
			return '-'
		}
		return r
	}, strings.TrimSpace(string(out)))
	own := filepath.Join(dir, "tintype-"+id[max(len(id)-40, 0):])
	if _, err := os.Stat(own); err == nil {
		return own, nil
	}
	removeOldBinaries(dir)
	return own, os.Link(latest, own)
}

// removeOldBinaries keeps the folder from growing with each change. A program
// that still runs keeps its file.
func removeOldBinaries(dir string) {
	old, err := filepath.Glob(filepath.Join(dir, "tintype-*"))
	if err != nil {
		return
	}
	for _, path := range old {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(path)
		}
	}
}

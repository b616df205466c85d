package servertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// A Stage stands in for a test where servers are started by a command. What
// would fail or skip a test ends the Act, whose end also runs the cleanups. The
// embedded interface is nil: other methods than these must not be called.
type Stage struct {
	testing.TB
	ctx context.Context

	mu     sync.Mutex
	after  []func()
	failed bool
}

// fatal is what would have ended a test.
type fatal struct{ error }

// Act runs f on a Stage and cleans up after it. It returns the error of f, or
// what would have failed a test.
func Act(ctx context.Context, f func(*Stage) error) (err error) {
	s := &Stage{ctx: ctx}
	defer func() {
		s.end()
		if err == nil && s.Failed() {
			err = errors.New("it failed: see the lines above")
		}
	}()
	defer func() {
		switch r := recover().(type) {
		case nil:
		case fatal:
			err = r.error
		default:
			panic(r)
		}
	}()
	return f(s)
}

func (s *Stage) Helper()                  {}
func (s *Stage) Context() context.Context { return s.ctx }

// Failed reports whether an error was told.
func (s *Stage) Failed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Log and its like go to standard error.
func (s *Stage) Log(args ...any) { fmt.Fprintln(os.Stderr, args...) }

func (s *Stage) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Error tells what is wrong, and the act goes on.
func (s *Stage) Error(args ...any) {
	s.mu.Lock()
	s.failed = true
	s.mu.Unlock()
	s.Log(args...)
}

func (s *Stage) Errorf(format string, args ...any) { s.Error(fmt.Sprintf(format, args...)) }

// Fatal ends the act; it is called where the act runs.
func (s *Stage) Fatal(args ...any) {
	panic(fatal{errors.New(strings.TrimSpace(fmt.Sprintln(args...)))})
}

func (s *Stage) Fatalf(format string, args ...any) { panic(fatal{fmt.Errorf(format, args...)}) }
func (s *Stage) Skip(args ...any)                  { s.Fatal(args...) }
func (s *Stage) Skipf(format string, args ...any)  { s.Fatalf(format, args...) }

// Cleanup runs f at the end, the last one first.
func (s *Stage) Cleanup(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = append(s.after, f)
}

// TempDir is removed at the end.
func (s *Stage) TempDir() string {
	dir, err := os.MkdirTemp("", "tintype-stage-")
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func (s *Stage) end() {
	for {
		s.mu.Lock()
		n := len(s.after)
		if n == 0 {
			s.mu.Unlock()
			return
		}
		f := s.after[n-1]
		s.after = s.after[:n-1]
		s.mu.Unlock()
		f()
	}
}

package awscall_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"tintype/internal/awscall"
	"tintype/internal/budget"
)

// A service that answers, takes requests without an answer, or falls silent within one.
type fakeService struct {
	silent   atomic.Bool
	requests atomic.Int64
	release  chan struct{}
}

func (s *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	wait := func() {
		select {
		case <-s.release:
		case <-r.Context().Done():
		}
	}
	if s.silent.Load() {
		wait()
	}
	if r.URL.Path == "/half" {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		s.silent.Store(true)
		wait()
	}
}

func guarded(t *testing.T) (*fakeService, func(path string) error) {
	s := &fakeService{release: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(s.release) })
	client := awshttp.NewBuildableClient()
	g := awscall.NewGuard(aws.Config{HTTPClient: client}, client, "the service")
	t.Cleanup(g.Close)
	return s, func(path string) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := g.Do(r)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(answer.Body)
		return errors.Join(err, answer.Body.Close())
	}
}

func TestAServiceThatHangs(t *testing.T) {
	s, get := guarded(t)
	if err := get("/"); err != nil {
		t.Fatal(err)
	}
	s.silent.Store(true)
	if err := get("/"); !errors.Is(err, budget.ErrAway) {
		t.Fatalf("the first hears %v", err)
	}
	before := s.requests.Load()
	for range 200 { // each of which would wait
		if err := get("/"); !errors.Is(err, budget.ErrAway) {
			t.Fatalf("the next hears %v", err)
		}
	}
	if n := s.requests.Load() - before; n > 20 {
		t.Errorf("of 200 requests %d were sent", n)
	}
	s.silent.Store(false)
	for begin := time.Now(); get("/") != nil; {
		if time.Since(begin) > time.Minute {
			t.Fatal("it does not come back")
		}
	}
}

func TestAServiceThatHangsWithinItsAnswer(t *testing.T) {
	_, get := guarded(t)
	if err := get("/half"); !errors.Is(err, budget.ErrAway) {
		t.Errorf("who reads hears %v", err)
	}
}

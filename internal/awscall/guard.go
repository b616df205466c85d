package awscall

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go/logging"

	"tintype/internal/budget"
)

// Notice is the class of what a Guard logs. It is for whoever runs the site, unlike what the SDK says.
const Notice logging.Classification = "NOTICE"

// Guard is an HTTP client that knows whether its service answers at all. While it does not, every request is
// budget.ErrAway at once, which the SDK does not repeat, except for one at a time that asks whether it is back.
type Guard struct {
	*budget.Breaker
	client aws.HTTPClient
	ask    http.Client
	base   atomic.Pointer[string] // scheme://host of the last request
}

// NewGuard guards the requests that client makes to one service, called name in the log.
func NewGuard(cfg aws.Config, client aws.HTTPClient, name string) *Guard {
	transport, _ := http.DefaultTransport.(*http.Transport)
	if c, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		transport = c.GetTransport()
	}
	transport = transport.Clone()
	transport.DisableKeepAlives = true // what stopped may have left dead connections behind
	g := &Guard{client: client, ask: http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	say := func(format string, v ...any) {
		if cfg.Logger != nil {
			cfg.Logger.Logf(Notice, format, v...)
		}
	}
	g.Breaker = budget.NewBreaker(budget.BreakerOptions{
		Probe:  g.probe,
		OnAway: func(err error) { say("%s does not answer: %v", name, err) },
		OnBack: func() { say("%s answers again", name) },
	})
	return g
}

// probe asks for nothing in particular: a refusal is an answer as well.
func (g *Guard) probe(ctx context.Context) error {
	base := g.base.Load()
	if base == nil {
		return nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, *base+"/", nil)
	if err != nil {
		return err
	}
	answer, err := g.ask.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Do implements aws.HTTPClient.
func (g *Guard) Do(r *http.Request) (*http.Response, error) {
	base := r.URL.Scheme + "://" + r.URL.Host
	g.base.Store(&base)
	if g.Away() {
		return nil, budget.ErrAway
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	w := g.NewWait(func() { cancel(budget.ErrAway) }, false)
	end := func() {
		w.Close()
		cancel(nil)
	}
	if g.Away() { // since a moment ago, and so not cut
		end()
		return nil, budget.ErrAway
	}
	w.Begin()
	answer, err := g.client.Do(r.WithContext(ctx))
	w.End(err == nil)
	if err != nil {
		// A service that refuses costs little: whoever comes next asks it again.
		if errors.Is(context.Cause(ctx), budget.ErrAway) {
			err = budget.ErrAway
		}
		end()
		return nil, err
	}
	answer.Body = &guardedBody{answer.Body, w, ctx, end}
	return answer, nil
}

// A guardedBody is an answer that may yet fall silent.
type guardedBody struct {
	io.ReadCloser
	w   *budget.Wait
	ctx context.Context
	end func()
}

func (b *guardedBody) Read(p []byte) (int, error) {
	b.w.Begin()
	n, err := b.ReadCloser.Read(p)
	b.w.End(n > 0)
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.ctx), budget.ErrAway) {
		err = budget.ErrAway
	}
	return n, err
}

func (b *guardedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}

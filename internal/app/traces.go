package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tintype/internal/config"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/telemetry"
)

// traceGoodbye is how long the last traces may take to leave at a stop.
const traceGoodbye = 5 * time.Second

// openTraces has the site traced, if there is a collector. It comes before everything else, so that it ends last.
func (a *App) openTraces(ctx context.Context) error {
	c := a.cfg.Traces
	if c.URL == "" {
		return nil
	}
	o := telemetry.Options{URL: c.URL, Service: c.Service, Version: Version, Attributes: map[string]string{}, Sampler: c.Sampler, Ratio: c.Ratio, Log: a.log}
	if host, err := os.Hostname(); err == nil {
		o.Attributes["host.name"] = host
	}
	for name, value := range c.Attributes {
		o.Attributes[name] = value
	}
	if c.Headers.IsSet() {
		o.Headers = func(ctx context.Context) (map[string]string, error) {
			text, err := c.Headers.Value(ctx)
			if err != nil {
				return nil, err
			}
			return config.HeadersOf(text)
		}
	}
	t, err := telemetry.New(o)
	if err != nil {
		return err
	}
	a.tracer = t
	a.onStop("traces", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, traceGoodbye)
		defer cancel()
		return t.Stop(ctx)
	})
	a.metrics.watchTraces(t)
	a.log.InfoContext(ctx, "traces", "collector", config.OriginOf(c.URL), "sampler", c.Sampler)
	return nil
}

// traceStatements is nil where nothing is traced.
func traceStatements(t *telemetry.Tracer) *store.Tracing {
	if t == nil {
		return nil
	}
	return &store.Tracing{
		Statement: func(ctx context.Context, s store.TracedStatement) func(string) {
			return t.Statement(ctx, telemetry.Statement(s))
		},
		Origin: telemetry.Origin,
	}
}

// traceJobs is nil where nothing is traced.
func traceJobs(t *telemetry.Tracer) func(context.Context, *queue.Job) (context.Context, func(string)) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, job *queue.Job) (context.Context, func(string)) {
		return t.Job(ctx, job.Kind, job.Attempts, jobOrigin(job.Payload))
	}
}

// jobOrigin is the request that wrote a job, as its row says it.
func jobOrigin(payload []byte) string {
	fields := map[string]json.RawMessage{}
	var origin string
	if json.Unmarshal(payload, &fields) != nil || json.Unmarshal(fields[store.JobOrigin], &origin) != nil {
		return ""
	}
	return origin
}

// traceCalls makes spans of calls to something outside, for packages that know no traces; nil where nothing is traced.
func traceCalls(t *telemetry.Tracer, system string) func(ctx context.Context, operation string) (context.Context, func(error)) {
	if t == nil {
		return nil
	}
	return func(ctx context.Context, operation string) (context.Context, func(error)) {
		ctx, end := t.Call(ctx, system+" "+operation, telemetry.Attribute{Name: "tintype.backend", Value: system})
		if end == nil {
			return ctx, nil
		}
		return ctx, func(err error) { end(telemetry.ErrorKind(err)) }
	}
}

// traceAWS makes a span of each call to AWS, retries included. Which bucket, table or queue it is the settings say; keys
// are never told.
func traceAWS(t *telemetry.Tracer) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("TintypeTrace", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			began := time.Now()
			out, metadata, err := next.HandleInitialize(ctx, in)
			service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
			if idle, ok := out.Result.(queue.Idler); ok && idle.Idle() || err != nil && operation == "ReceiveMessage" {
				return out, metadata, err // a worker that waits; its log says what fails
			}
			if _, sent := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); !sent && err == nil {
				return out, metadata, err // an address was signed, nobody asked
			}
			t.Past(ctx, service+" "+operation, began, awsErrorKind(err),
				telemetry.Attribute{Name: "rpc.system", Value: "aws-api"}, telemetry.Attribute{Name: "rpc.service", Value: service}, telemetry.Attribute{Name: "rpc.method", Value: operation})
			return out, metadata, err
		}), middleware.Before)
	}
}

func awsErrorKind(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return telemetry.ErrorKind(err)
}

// Package telemetry makes OpenTelemetry traces of what the program does and sends them to a collector. A trace holds
// names of routes, shapes of statements, names of backends and times. It never holds a path, a value, a key, a person's
// address or the text of an error, because each of these may be secret or personal.
//
// Where there is no collector there is no Tracer: its methods are never called, and nothing is spent.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options configure New.
type Options struct {
	// URL takes the spans by POST: OTLP over HTTP, as protobuf.
	URL string
	// Headers are sent along, resolved anew for each batch. Nil: none.
	Headers func(ctx context.Context) (map[string]string, error)
	Service string
	Version string
	// Attributes describe this process.
	Attributes map[string]string
	Sampler    string // one of Samplers; "" is the first
	Ratio      float64
	Log        *slog.Logger
}

// Samplers are the names that OTEL_TRACES_SAMPLER may have.
var Samplers = []string{"parentbased_always_on", "parentbased_traceidratio", "parentbased_always_off", "always_on", "traceidratio", "always_off"}

func sampler(name string, ratio float64) (sdktrace.Sampler, error) {
	switch name {
	case "", "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample()), nil
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(ratio), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	}
	return nil, fmt.Errorf("no sampler is called %q", name)
}

// A Tracer makes spans. It is safe for use by many goroutines.
type Tracer struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	exporter *exporter
}

const (
	// exportPatience is how long the collector may take for one batch; what it has not taken by then is lost.
	exportPatience = 10 * time.Second
	// maxAttributes and maxText bound what one span holds.
	maxAttributes = 32
	maxText       = 2048
)

// New makes a Tracer, which sends in the background until Stop. The spans that wait are bounded: beyond that they are
// dropped, and no request waits.
func New(o Options) (*Tracer, error) {
	s, err := sampler(o.Sampler, o.Ratio)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	about := []attribute.KeyValue{attribute.String("service.name", o.Service), attribute.String("service.version", o.Version)}
	for name, value := range o.Attributes {
		about = append(about, attribute.String(name, value))
	}
	limits := sdktrace.NewSpanLimits()
	limits.AttributeCountLimit, limits.AttributeValueLengthLimit = maxAttributes, maxText
	e := newExporter(o)
	p := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(s),
		sdktrace.WithResource(resource.NewSchemaless(about...)),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithBatcher(e, sdktrace.WithExportTimeout(exportPatience)),
	)
	return &Tracer{provider: p, tracer: p.Tracer("tintype", trace.WithInstrumentationVersion(o.Version)), exporter: e}, nil
}

// Stop sends what is left, until ctx ends.
func (t *Tracer) Stop(ctx context.Context) error {
	err := t.provider.Shutdown(ctx)
	t.exporter.client.CloseIdleConnections()
	if errors.Is(err, context.DeadlineExceeded) {
		t.exporter.warn(errors.New("the collector did not take the last spans in time"))
		return nil // no reason to call the stop disorderly
	}
	return err
}

// Counts returns how many spans the collector took, and how many it did not.
func (t *Tracer) Counts() (sent, lost int64) { return t.exporter.sent.Load(), t.exporter.lost.Load() }

// A Request is the span of a request.
type Request struct {
	span   trace.Span
	method string
	id     string // of the trace
}

// Request begins the span of a request. Traceparent is the W3C header where its sender may be believed, else "". The
// method is one that is known.
func (t *Tracer) Request(ctx context.Context, method, traceparent string) (context.Context, *Request) {
	if traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
	}
	ctx, span := t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, &Request{span, method, span.SpanContext().TraceID().String()}
}

// TraceID is the id of the request's trace, for log lines.
func (r *Request) TraceID() string { return r.id }

// End ends the span, once. Route is the pattern of the route that answered, "" if none did; status 0 is an answer that
// stays open.
func (r *Request) End(route string, status int, bytes int64, requestID string) {
	if !r.span.IsRecording() {
		return
	}
	name := r.method
	attributes := make([]attribute.KeyValue, 0, 6)
	attributes = append(attributes, attribute.String("http.request.method", r.method), attribute.String("tintype.request_id", requestID))
	if status == 0 {
		attributes = append(attributes, attribute.Bool("tintype.stream", true))
	} else {
		attributes = append(attributes, attribute.Int("http.response.status_code", status), attribute.Int64("http.response.body.size", bytes))
	}
	if route != "" {
		name += " " + route
		attributes = append(attributes, attribute.String("http.route", route))
	}
	r.span.SetName(name)
	if status >= 500 {
		r.span.SetStatus(codes.Error, "")
	}
	r.span.SetAttributes(attributes...)
	r.span.End()
}

// An Attribute is a pair of texts that a span holds.
type Attribute struct{ Name, Value string }

// An End ends a span. kind classifies the error (see ErrorKind); it is "" for none.
type End func(kind string)

func attributesOf(list []Attribute) []attribute.KeyValue {
	out := make([]attribute.KeyValue, 0, len(list))
	for _, a := range list {
		if a.Value != "" {
			out = append(out, attribute.String(a.Name, a.Value))
		}
	}
	return out
}

func ender(span trace.Span) End {
	return func(kind string) {
		if kind != "" {
			span.SetStatus(codes.Error, "")
			span.SetAttributes(attribute.String("error.type", kind))
		}
		span.End()
	}
}

// Traced reports whether a span of the context is being recorded: only then is there anything to hang another one on.
func Traced(ctx context.Context) bool { return trace.SpanFromContext(ctx).IsRecording() }

// Call begins the span of a call to something outside of the process, within a traced request or job. Elsewhere it
// makes no span: the context is unchanged and the End nil, because permanent background work is no trace.
func (t *Tracer) Call(ctx context.Context, name string, attributes ...Attribute) (context.Context, End) {
	if !Traced(ctx) {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributesOf(attributes)...))
	return ctx, ender(span)
}

// Past is Call for what is over. Without a traced request it makes a trace of its own.
func (t *Tracer) Past(ctx context.Context, name string, began time.Time, kind string, attributes ...Attribute) {
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributesOf(attributes)...))
	ender(span)(kind)
}

// Job begins the trace of one try of a job. origin is what Origin returned in the request that added the job, or "".
// The two traces are linked, because a job may run long after its request, and more than once.
func (t *Tracer) Job(ctx context.Context, kind string, attempt int, origin string) (context.Context, func(outcome string)) {
	options := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.String("tintype.job.kind", kind), attribute.Int("tintype.job.attempt", attempt))}
	from := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": origin})
	if sc := trace.SpanContextFromContext(from); sc.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: sc}))
	}
	ctx, span := t.tracer.Start(ctx, "job "+kind, options...)
	return ctx, func(outcome string) {
		span.SetAttributes(attribute.String("tintype.job.outcome", outcome))
		if outcome == "failed" || outcome == "dead" {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Origin returns the context's span as a traceparent, "" where none is recorded.
func Origin(ctx context.Context) string {
	if !Traced(ctx) {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// TraceID returns the id of the context's trace, "" where there is none.
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		return sc.TraceID().String()
	}
	return ""
}

// A Statement is a statement that goes to a database.
type Statement struct {
	Text   string
	System string // "sqlite" or "mysql"
	Node   string // "primary" or "replica"
	Server string // host:port, with the server's id where several stand behind one address
	Reason string // why it was the primary although there are replicas
}

// Statement begins the span of a statement within a traced request or job. Elsewhere it returns nil.
func (t *Tracer) Statement(ctx context.Context, s Statement) End {
	if !Traced(ctx) {
		return nil
	}
	shape := Shape(s.Text)
	summary, verb, table := Summary(shape)
	_, end := t.Call(ctx, summary,
		Attribute{"db.system.name", s.System}, Attribute{"db.query.text", shape}, Attribute{"db.operation.name", verb}, Attribute{"db.collection.name", table},
		Attribute{"tintype.db.node", s.Node}, Attribute{"server.address", s.Server}, Attribute{"tintype.db.reason", s.Reason})
	return end
}

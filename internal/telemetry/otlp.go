package telemetry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/protobuf/encoding/protowire"
)

// An exporter sends spans by OTLP over HTTP. It writes the protobuf by itself: the official exporter brings gRPC along,
// 4 MB of program and 3 MB of memory that every process would have, traced or not. The test reads it with the official
// types.
type exporter struct {
	o      Options
	client *http.Client

	sent, lost atomic.Int64

	mu   sync.Mutex
	said time.Time // when a failure was last logged
}

// sayEvery is how often a collector that does not answer is worth a line.
const sayEvery = time.Minute

func newExporter(o Options) *exporter {
	return &exporter{o: o, client: &http.Client{
		Timeout: exportPatience,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 3 * time.Second}).DialContext,
			ForceAttemptHTTP2:   true,
			TLSHandshakeTimeout: 5 * time.Second,
			MaxIdleConnsPerHost: 1,
			IdleConnTimeout:     time.Minute,
		},
		// The headers hold a secret, which is the collector's alone.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ExportSpans implements sdktrace.SpanExporter. It returns no errors, because they would go to a logger of the whole
// process. It counts failures and logs them now and then.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.send(ctx, encode(spans)); err != nil {
		e.lost.Add(int64(len(spans)))
		e.warn(err)
		return nil
	}
	e.sent.Add(int64(len(spans)))
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(context.Context) error { return nil }

func (e *exporter) warn(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if time.Since(e.said) < sayEvery {
		return
	}
	e.said = time.Now()
	e.o.Log.Warn("the collector does not take traces; they are dropped, nothing else suffers", "error", err, "dropped", e.lost.Load())
}

func (e *exporter) send(ctx context.Context, message []byte) error {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, _ = z.Write(message) // a buffer takes everything
	_ = z.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	req.Header.Set("User-Agent", "tintype/"+e.o.Version)
	if e.o.Headers != nil {
		headers, err := e.o.Headers(ctx)
		if err != nil {
			return err
		}
		for name, value := range headers {
			req.Header.Set(name, value)
		}
	}
	answer, err := e.client.Do(req)
	if err != nil {
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err // without the address, which may hold a key
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection may be used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answered %s", answer.Status)
	}
	return nil
}

// encode writes an ExportTraceServiceRequest of opentelemetry/proto/collector/trace/v1. All spans of a process have one
// resource and one scope.
func encode(spans []sdktrace.ReadOnlySpan) []byte {
	if len(spans) == 0 {
		return nil
	}
	resource := attributes(nil, 1, spans[0].Resource().Attributes())
	scope := text(text(nil, 1, spans[0].InstrumentationScope().Name), 2, spans[0].InstrumentationScope().Version)
	inScope := message(nil, 1, scope)
	for _, s := range spans {
		inScope = message(inScope, 2, encodeSpan(s))
	}
	return message(nil, 1, message(message(nil, 1, resource), 2, inScope))
}

func encodeSpan(s sdktrace.ReadOnlySpan) []byte {
	sc := s.SpanContext()
	traceID, spanID := sc.TraceID(), sc.SpanID()
	b := message(nil, 1, traceID[:])
	b = message(b, 2, spanID[:])
	if parent := s.Parent(); parent.SpanID().IsValid() {
		id := parent.SpanID()
		b = message(b, 4, id[:])
	}
	b = text(b, 5, s.Name())
	b = number(b, 6, uint64(s.SpanKind())) // the numbers of both are the same
	b = fixed(b, 7, uint64(s.StartTime().UnixNano()))
	b = fixed(b, 8, uint64(s.EndTime().UnixNano()))
	b = attributes(b, 9, s.Attributes())
	for _, l := range s.Links() {
		traceID, spanID := l.SpanContext.TraceID(), l.SpanContext.SpanID()
		b = message(b, 13, message(message(nil, 1, traceID[:]), 2, spanID[:]))
	}
	if s.Status().Code == codes.Error {
		b = message(b, 15, number(nil, 3, 2))
	}
	b = protowire.AppendTag(b, 16, protowire.Fixed32Type)
	return protowire.AppendFixed32(b, uint32(sc.TraceFlags()))
}

func attributes(b []byte, field protowire.Number, list []attribute.KeyValue) []byte {
	for _, kv := range list {
		var value []byte
		switch kv.Value.Type() {
		case attribute.INT64:
			value = number(nil, 3, uint64(kv.Value.AsInt64()))
		case attribute.BOOL:
			value = number(nil, 2, protowire.EncodeBool(kv.Value.AsBool()))
		default:
			value = text(nil, 1, kv.Value.String())
		}
		b = message(b, field, message(text(nil, 1, string(kv.Key)), 2, value))
	}
	return b
}

func message(b []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), inner)
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func number(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), n)
}

func fixed(b []byte, field protowire.Number, n uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), n)
}

var _ sdktrace.SpanExporter = (*exporter)(nil)

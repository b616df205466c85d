package servertest

import (
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A Collector takes traces as an OpenTelemetry collector does (OTLP over HTTP,
// protobuf), in the test process.
type Collector struct {
	URL string

	mu      sync.Mutex
	spans   []Span
	raw     []byte
	headers []http.Header
	broken  error
	away    chan struct{}
	asked   int
}

// A Span is one that came, its ids in hexadecimal.
type Span struct {
	Trace, ID, Parent string
	Name              string
	Kind              string // SERVER, CLIENT, CONSUMER…
	Failed            bool
	Text              map[string]string // attributes; numbers are written out
	Links             []string          // ids of traces
	Resource          map[string]string
	Nanoseconds       int64
}

// NewCollector starts one, which ends with the test.
func NewCollector(t testing.TB) *Collector {
	c := &Collector{}
	server := httptest.NewServer(c)
	c.URL = server.URL
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(c.Resume)
	t.Cleanup(func() {
		if c.broken != nil {
			t.Errorf("the collector could not read what came: %v", c.broken)
		}
	})
	return c
}

// Env are the settings with which a process sends its traces here, soon.
func (c *Collector) Env() []string {
	return []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + c.URL, "OTEL_BSP_SCHEDULE_DELAY=200"}
}

// Hang has it take requests and answer none until Resume.
func (c *Collector) Hang() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away == nil {
		c.away = make(chan struct{})
	}
}

// Resume lets it go on.
func (c *Collector) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away != nil {
		close(c.away)
		c.away = nil
	}
}

// Spans are those that came so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Raw is everything that came, unpacked, and its headers.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.raw) + fmt.Sprint(c.headers)
}

// Headers are those of the first message, nil before it.
func (c *Collector) Headers() http.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.headers) == 0 {
		return nil
	}
	return c.headers[0]
}

// Asked counts the requests, answered or not.
func (c *Collector) Asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked
}

func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.asked++
	away := c.away
	c.mu.Unlock()
	if away != nil {
		select {
		case <-away:
		case <-r.Context().Done():
			return
		}
	}
	raw, spans, err := readSpans(w, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.broken = err
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.raw = append(c.raw, raw...)
	c.spans = append(c.spans, spans...)
	c.headers = append(c.headers, r.Header)
}

func readSpans(w http.ResponseWriter, r *http.Request) (raw []byte, spans []Span, err error) {
	if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "gzip" {
		return nil, nil, fmt.Errorf("%s %s of %q, %q", r.Method, r.URL.Path, r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(http.MaxBytesReader(w, r.Body, 16<<20))
	if err != nil {
		return nil, nil, err
	}
	if raw, err = io.ReadAll(io.LimitReader(z, 64<<20)); err != nil {
		return nil, nil, err
	}
	// An ExportTraceServiceRequest has the fields of TracesData.
	var data tracepb.TracesData
	if err := (proto.UnmarshalOptions{}).Unmarshal(raw, &data); err != nil {
		return nil, nil, err
	}
	if unknown := data.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		return nil, nil, fmt.Errorf("unknown fields %x", unknown)
	}
	for _, rs := range data.ResourceSpans {
		resource := map[string]string{}
		for _, a := range rs.Resource.GetAttributes() {
			resource[a.Key] = a.Value.GetStringValue()
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				spans = append(spans, spanOf(s, resource))
			}
		}
	}
	return raw, spans, nil
}

func spanOf(s *tracepb.Span, resource map[string]string) Span {
	out := Span{
		Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId), Name: s.Name,
		Kind: s.Kind.String()[len("SPAN_KIND_"):], Failed: s.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR, Text: map[string]string{},
		Resource: resource, Nanoseconds: int64(s.EndTimeUnixNano - s.StartTimeUnixNano),
	}
	for _, a := range s.Attributes {
		switch v := a.Value.GetValue().(type) {
		case *commonpb.AnyValue_StringValue:
			out.Text[a.Key] = v.StringValue
		case *commonpb.AnyValue_IntValue:
			out.Text[a.Key] = strconv.FormatInt(v.IntValue, 10)
		case *commonpb.AnyValue_BoolValue:
			out.Text[a.Key] = strconv.FormatBool(v.BoolValue)
		default:
			out.Text[a.Key] = fmt.Sprintf("%T", v)
		}
	}
	for _, l := range s.Links {
		out.Links = append(out.Links, hex.EncodeToString(l.TraceId))
	}
	return out
}

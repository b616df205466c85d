package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tintype/internal/telemetry"
)

// Traces tells where traces go and how many are made. The variables are OpenTelemetry's own.
type Traces struct {
	URL        string // of the collector, "" for none
	Headers    Secret // as OTEL_EXPORTER_OTLP_HEADERS has them
	Service    string
	Attributes map[string]string
	Sampler    string
	Ratio      float64

	base, whole string // OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
	exporter    string
	disabled    bool
}

// settle decides about the address, once everything is read.
func (t *Traces) settle() {
	t.URL = t.whole
	if t.URL == "" && t.base != "" {
		t.URL = strings.TrimRight(t.base, "/") + "/v1/traces"
	}
	if t.disabled || t.exporter == "none" {
		t.URL = ""
	}
}

func collectorInto(field func(*Config) *string) func(*Config, value) error {
	return func(c *Config, v value) error {
		if v.text == "" {
			return nil
		}
		u, err := url.Parse(v.text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return errors.New("it is not the address of a collector that takes OTLP over HTTP, such as http://localhost:4318")
		}
		*field(c) = v.text
		return nil
	}
}

// OriginOf returns the scheme and host of a collector's address, because its path may contain a key.
func OriginOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func parseTraceProtocol(c *Config, v value) error {
	if v.text != "http/protobuf" {
		return fmt.Errorf("%q is not supported, only http/protobuf, which collectors accept at port 4318", v.text)
	}
	return nil
}

func parseTraceHeaders(c *Config, v value) error {
	if v.text == "" {
		return nil
	}
	if _, err := HeadersOf(v.text); err != nil {
		return err
	}
	c.Traces.Headers = v.secret()
	return nil
}

// HeadersOf parses name=value,name=value, with % escapes in values. Its errors contain no values.
func HeadersOf(text string) (map[string]string, error) {
	pairs, err := pairsOf(text)
	if err != nil {
		return nil, err
	}
	for name, value := range pairs {
		if strings.ContainsAny(name, " \t\r\n:\x00") || strings.ContainsAny(value, "\r\n\x00") || name == "" {
			return nil, errors.New("one of them is not a valid header")
		}
	}
	return pairs, nil
}

func pairsOf(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for _, entry := range SplitList(text) {
		name, value, ok := strings.Cut(entry, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || name == "" || err != nil {
			return nil, errors.New("write name=value, separated by commas, with % escapes in values")
		}
		pairs[name] = value
	}
	return pairs, nil
}

func parseTraceAttributes(c *Config, v value) error {
	if v.text == "" {
		return nil
	}
	var err error
	c.Traces.Attributes, err = pairsOf(v.text)
	return err
}

func showTraceAttributes(c *Config) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c.Traces.Attributes)) {
		list = append(list, name+"="+c.Traces.Attributes[name])
	}
	return strings.Join(list, ",")
}

func parseSamplerArg(c *Config, v value) error {
	ratio, err := strconv.ParseFloat(v.text, 64)
	if err != nil || !(ratio >= 0 && ratio <= 1) {
		return fmt.Errorf("%q is not a share from 0 to 1", v.text)
	}
	c.Traces.Ratio = ratio
	return nil
}

// traceSettings are OpenTelemetry's variables that this program goes by. Those of its batches (OTEL_BSP_…) its library
// reads by itself.
var traceSettings = []setting{
	{
		name: "OTEL_EXPORTER_OTLP_ENDPOINT", group: "Traces", def: "",
		help:  "Where traces go: a collector that takes OTLP over HTTP, such as `http://localhost:4318`, to which /v1/traces is added. None: nothing is traced, and nothing spent on it.",
		parse: collectorInto(func(c *Config) *string { return &c.Traces.base }),
		show:  func(c *Config) string { return OriginOf(c.Traces.base) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", group: "Traces", def: "",
		help:  "The same as a whole address, to which nothing is added. It comes before OTEL_EXPORTER_OTLP_ENDPOINT.",
		parse: collectorInto(func(c *Config) *string { return &c.Traces.whole }),
		show:  func(c *Config) string { return OriginOf(c.Traces.whole) },
	},
	{
		name: "OTEL_EXPORTER_OTLP_PROTOCOL", group: "Traces", def: "http/protobuf",
		help:  "How traces are sent. Only `http/protobuf` is spoken.",
		parse: parseTraceProtocol,
	},
	{
		name: "OTEL_EXPORTER_OTLP_HEADERS", group: "Traces", def: "", secret: true,
		help:    "Headers for the collector, as `name=value,name=value` with % escapes in values: its key, mostly.",
		rotates: "by the next batch of traces",
		parse:   parseTraceHeaders,
		show:    func(c *Config) string { return c.Traces.Headers.String() },
	},
	{
		name: "OTEL_SERVICE_NAME", group: "Traces", def: "tintype",
		help:  "What this process is called in traces.",
		parse: textInto(func(c *Config) *string { return &c.Traces.Service }, 100),
	},
	{
		name: "OTEL_RESOURCE_ATTRIBUTES", group: "Traces", def: "",
		help:  "What else traces say of this process, as `name=value,name=value`.",
		parse: parseTraceAttributes,
		show:  showTraceAttributes,
	},
	{
		name: "OTEL_TRACES_SAMPLER", group: "Traces", def: "parentbased_always_on",
		help:  "Which requests and jobs are traced: `parentbased_always_on` (all, unless the proxy in front says otherwise), `parentbased_traceidratio` (a share of them), `parentbased_always_off`, `always_on`, `traceidratio` or `always_off`.",
		parse: oneOf(func(c *Config) *string { return &c.Traces.Sampler }, telemetry.Samplers...),
	},
	{
		name: "OTEL_TRACES_SAMPLER_ARG", group: "Traces", def: "1",
		help:  "The share, from 0 to 1, where the sampler is one of a ratio.",
		parse: parseSamplerArg,
	},
	{
		name: "OTEL_TRACES_EXPORTER", group: "Traces", def: "otlp",
		help:  "`otlp`, or `none` to trace nothing whatever else is set.",
		parse: oneOf(func(c *Config) *string { return &c.Traces.exporter }, "otlp", "none"),
	},
	{
		name: "OTEL_SDK_DISABLED", group: "Traces", def: "false",
		help:  "`true` traces nothing whatever else is set.",
		parse: boolInto(func(c *Config) *bool { return &c.Traces.disabled }),
	},
}

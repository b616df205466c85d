package config

import (
	"bytes"
	"strings"
	"testing"
)

func TestTraceSettings(t *testing.T) {
	for _, c := range []struct{ env, url string }{
		{"", ""},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318", "http://collector:4318/v1/traces"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=https://vendor.example/otlp/", "https://vendor.example/otlp/v1/traces"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://a OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b/in", "http://b/in"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT=http://a OTEL_SDK_DISABLED=true", ""},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://a OTEL_TRACES_EXPORTER=none", ""},
	} {
		if got := mustLoad(t, strings.Fields(c.env)...).Traces.URL; got != c.url {
			t.Errorf("%s: %q, want %q", c.env, got, c.url)
		}
	}
	c := mustLoad(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://a", "OTEL_RESOURCE_ATTRIBUTES=a=b%2C c, d = e", "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.25")
	if c.Traces.Attributes["a"] != "b, c" || c.Traces.Attributes["d"] != "e" || c.Traces.Ratio != 0.25 || c.Traces.Service != "tintype" {
		t.Errorf("%+v", c.Traces)
	}
	for env, want := range map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318": "http://localhost:4318",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc":           "only http/protobuf, which collectors accept at port 4318",
		"OTEL_TRACES_SAMPLER=sometimes":              "parentbased_traceidratio",
		"OTEL_TRACES_SAMPLER_ARG=25%":                "from 0 to 1",
		"OTEL_EXPORTER_OTLP_HEADERS=" + testPassword: "name=value",
		"OTEL_RESOURCE_ATTRIBUTES=alone":             "name=value",
		"OTEL_EXPORTER_OTLP_ENDPIONT=http://a":       "did you mean OTEL_EXPORTER_OTLP_ENDPOINT?",
		"OTEL_SERVICE_NAMES=a":                       "did you mean OTEL_SERVICE_NAME?",
	} {
		if _, err := load(env); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), testPassword) {
			t.Errorf("%s: %v", env, err)
		}
	}
}

// OpenTelemetry's own variables may all be set: other programs of the machine go by them, and the library by some.
func TestStandardTraceVariablesAreNoMistakes(t *testing.T) {
	var env []string
	for name := range strings.FieldsSeq(`
		OTEL_RESOURCE_ATTRIBUTES OTEL_LOG_LEVEL OTEL_PROPAGATORS OTEL_ENTITIES OTEL_CONFIG_FILE OTEL_EXPERIMENTAL_CONFIG_FILE
		OTEL_BSP_SCHEDULE_DELAY OTEL_BSP_EXPORT_TIMEOUT OTEL_BSP_MAX_QUEUE_SIZE OTEL_BSP_MAX_EXPORT_BATCH_SIZE
		OTEL_BLRP_SCHEDULE_DELAY OTEL_BLRP_EXPORT_TIMEOUT OTEL_BLRP_MAX_QUEUE_SIZE OTEL_BLRP_MAX_EXPORT_BATCH_SIZE
		OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_ATTRIBUTE_COUNT_LIMIT OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT
		OTEL_SPAN_EVENT_COUNT_LIMIT OTEL_SPAN_LINK_COUNT_LIMIT OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT OTEL_LINK_ATTRIBUTE_COUNT_LIMIT
		OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT
		OTEL_METRICS_EXPORTER OTEL_LOGS_EXPORTER OTEL_METRICS_EXEMPLAR_FILTER OTEL_METRIC_EXPORT_INTERVAL OTEL_METRIC_EXPORT_TIMEOUT
		OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_COMPRESSION OTEL_EXPORTER_OTLP_INSECURE
		OTEL_EXPORTER_OTLP_CERTIFICATE OTEL_EXPORTER_OTLP_CLIENT_KEY OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE
		OTEL_EXPORTER_PROMETHEUS_HOST OTEL_EXPORTER_PROMETHEUS_PORT OTEL_EXPORTER_ZIPKIN_ENDPOINT OTEL_EXPORTER_ZIPKIN_TIMEOUT
		OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION
		OTEL_SEMCONV_STABILITY_OPT_IN OTEL_GO_X_SELF_OBSERVABILITY OTEL_GO_X_OBSERVABILITY`) {
		env = append(env, name+"=a=1")
	}
	for _, signal := range []string{"TRACES", "METRICS", "LOGS"} {
		for _, what := range []string{"HEADERS", "TIMEOUT", "COMPRESSION", "PROTOCOL", "INSECURE", "CERTIFICATE", "CLIENT_KEY", "CLIENT_CERTIFICATE"} {
			env = append(env, "OTEL_EXPORTER_OTLP_"+signal+"_"+what+"=1")
		}
	}
	env = append(env, "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://a", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://a")
	if _, err := load(env...); err != nil {
		t.Error(err)
	}
}

func TestTheCollectorsKeyNeverShows(t *testing.T) {
	c := mustLoad(t, "OTEL_EXPORTER_OTLP_ENDPOINT=https://user:"+testPassword+"@vendor.example/"+testPassword, "OTEL_EXPORTER_OTLP_HEADERS=key="+testPassword)
	var text bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), testPassword) || !strings.Contains(text.String(), "OTEL_EXPORTER_OTLP_ENDPOINT=https://vendor.example\n") {
		t.Errorf("%s", text.String())
	}
}

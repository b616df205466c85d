package app

import (
	"context"
	"io"
	"log/slog"
	"os"

	"tintype/internal/config"
	"tintype/internal/telemetry"
)

// newLogger writes to w, in the format the settings ask for.
func newLogger(w io.Writer, c *config.Config) *slog.Logger {
	format := c.LogFormat
	if format == "" {
		format = "json"
		if f, ok := w.(*os.File); ok && isTerminal(f) {
			format = "text"
		}
	}
	options := &slog.HandlerOptions{Level: c.LogLevel}
	var h slog.Handler
	if format == "text" {
		h = slog.NewTextHandler(w, options)
	} else {
		h = slog.NewJSONHandler(w, options)
	}
	return slog.New(requestHandler{h})
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// requestHandler adds the ids of the request and its trace to whatever is logged on its behalf, at
// any depth, as long as the context was handed down.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, record slog.Record) error {
	x := exchangeOf(ctx)
	if x.id != "" {
		record.AddAttrs(slog.String("request_id", x.id))
	}
	switch {
	case x.span != nil:
		record.AddAttrs(slog.String("trace_id", x.span.TraceID()))
	case x.id == "":
		if id := telemetry.TraceID(ctx); id != "" { // a job's
			record.AddAttrs(slog.String("trace_id", id))
		}
	}
	return h.Handler.Handle(ctx, record)
}

func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

package web

import (
	"context"
	"log/slog"

	"tintype/internal/telemetry"
)

// LogHandler adds the ids of the request and its trace to what h writes.
func LogHandler(h slog.Handler) slog.Handler { return requestHandler{h} }

// requestHandler adds the ids of the request and its trace to whatever is logged on its behalf, at
// any depth, as long as the context was handed down.
type requestHandler struct{ slog.Handler }

func (h requestHandler) Handle(ctx context.Context, record slog.Record) error {
	info := infoOf(ctx)
	if info.id != "" {
		record.AddAttrs(slog.String("request_id", info.id))
	}
	switch {
	case info.span != nil:
		record.AddAttrs(slog.String("trace_id", info.span.TraceID()))
	case info.id == "":
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

package app

import (
	"io"
	"log/slog"
	"os"

	"tintype/internal/config"
	"tintype/internal/web"
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
	return slog.New(web.LogHandler(h))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

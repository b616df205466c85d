package command

import (
	"log/slog"
	"os"

	"tintype/internal/config"
)

// logger writes to standard error, in the format the settings ask for.
func (c *call) logger(cfg *config.Config) *slog.Logger {
	w, format := c.env.Stderr, cfg.LogFormat
	if format == "" {
		format = "json"
		if f, ok := w.(*os.File); ok && isTerminal(f) {
			format = "text"
		}
	}
	options := &slog.HandlerOptions{Level: cfg.LogLevel}
	var h slog.Handler
	if format == "text" {
		h = slog.NewTextHandler(w, options)
	} else {
		h = slog.NewJSONHandler(w, options)
	}
	return slog.New(c.program.LogHandler(h))
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

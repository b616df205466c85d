package api

import (
	"time"

	"tintype/internal/store"
)

// timeFormat has always three digits and always Z: toot fails on none and on nine.
const timeFormat = "2006-01-02T15:04:05.000Z"

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }

func formatMillis(m store.Millis) string { return m.Time().Format(timeFormat) }

func optionalMillis(m *store.Millis) *string {
	if m == nil {
		return nil
	}
	text := formatMillis(*m)
	return &text
}

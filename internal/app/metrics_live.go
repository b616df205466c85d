package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"tintype/internal/community"
	"tintype/internal/live"
)

// watchLive adds what this process hears of the others.
func (m *metrics) watchLive(hub *live.Hub, streams *community.Streams, visible *community.Visible) {
	m.gauge("streams_open", "Open event streams, WebSockets and live pages.", func() float64 { return float64(streams.Count()) })
	const reads = "Looks for new events: because it was time (poll), because a commit here or a signal from Redis woke it (woken), or without success (failed)."
	for why, n := range map[string]func() int64{
		"poll":   func() int64 { n, _, _, _ := hub.Counts(); return n },
		"woken":  func() int64 { _, n, _, _ := hub.Counts(); return n },
		"failed": func() int64 { _, _, n, _ := hub.Counts(); return n },
	} {
		m.counter("event_reads_total", reads, prometheus.Labels{"why": why}, n)
	}
	m.counter("events_total", "Events that were heard, of every process of the site.", nil, func() int64 { _, _, _, n := hub.Counts(); return n })
	m.counter("visible_changes_total", "How often all kept pages were dropped because another process, or this one, changed something that visitors may see.", nil, func() int64 { return int64(visible.Heard()) })
}

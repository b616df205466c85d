package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/live"
)

const cacheHelp = "Looks into the cache: into what the process keeps, and where that had nothing into Redis. Redis was bypassed while it was away."

// watchCache adds what the process keeps of what many ask for.
func (m *metrics) watchCache(c *cache.Cache) {
	m.counter("cache_requests_total", cacheHelp, prometheus.Labels{"layer": "process", "outcome": "hit"}, func() int64 { return c.Counts().Hits })
	m.counter("cache_requests_total", cacheHelp, prometheus.Labels{"layer": "process", "outcome": "miss"}, func() int64 { return c.Counts().Misses })
	const loads = "Values made because no cache had them, and whether that could be done."
	m.counter("cache_loads_total", loads, prometheus.Labels{"outcome": "ok"}, func() int64 { n := c.Counts(); return n.Loads - n.Failed })
	m.counter("cache_loads_total", loads, prometheus.Labels{"outcome": "failed"}, func() int64 { return c.Counts().Failed })
	m.counter("cache_drops_total", "Values dropped because something has changed, here or in another process.", nil, func() int64 { return c.Counts().Drops })
}

// watchRedis adds what is asked of Redis.
func (m *metrics) watchRedis(r *cache.Redis) {
	m.counter("cache_requests_total", cacheHelp, prometheus.Labels{"layer": "redis", "outcome": "hit"}, func() int64 { n, _, _, _ := r.Counts(); return n })
	m.counter("cache_requests_total", cacheHelp, prometheus.Labels{"layer": "redis", "outcome": "miss"}, func() int64 { _, n, _, _ := r.Counts(); return n })
	m.counter("cache_requests_total", cacheHelp, prometheus.Labels{"layer": "redis", "outcome": "passed"}, func() int64 { _, _, n, _ := r.Counts(); return n })
	m.counter("redis_failures_total", "Times that Redis did not answer, or not as it should: from then on it is bypassed until it does.", nil, func() int64 { _, _, _, n := r.Counts(); return n })
	m.gauge("redis_used", "1 while Redis is used, 0 while it is bypassed.", func() float64 {
		if r.Away() {
			return 0
		}
		return 1
	})
	const signals = "Signals through Redis that there are events to read: sent by this process, or received of others."
	m.counter("redis_signals_total", signals, prometheus.Labels{"direction": "sent"}, func() int64 { n, _ := r.SignalCounts(); return n })
	m.counter("redis_signals_total", signals, prometheus.Labels{"direction": "received"}, func() int64 { _, n := r.SignalCounts(); return n })
}

// watchVisitorPages tells what became of visitors' requests for pages.
func (m *metrics) watchVisitorPages(outcomes map[string]func() int64) {
	for outcome, n := range outcomes {
		m.counter("visitor_pages_total", "Visitors' requests for pages: answered with one that was kept, joined to another's that made it, made where there was none, remade because something has changed, or unkept, as errors are.", prometheus.Labels{"outcome": outcome}, n)
	}
}

// watchKeptAnswers tells what became of visitors' requests of the API for what is kept.
func (m *metrics) watchKeptAnswers(outcomes map[string]func() int64) {
	for outcome, n := range outcomes {
		m.counter("kept_answers_total", "Visitors' requests for answers of the API that are the same for all: answered with one that was kept, joined to another's that made it, made where there was none, or failed.", prometheus.Labels{"outcome": outcome}, n)
	}
}

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
	m.counter("visible_changes_total", "How often all kept pages were dropped because another process, or this one, changed something that visitors may see.", nil, func() int64 { return int64(visible.Changes()) })
}

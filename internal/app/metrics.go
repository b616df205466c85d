package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"tintype/internal/budget"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/telemetry"
)

// metrics are what the program counts of itself. A new one is a field and the
// line in newMetrics that makes it, or one line with gauge or counter where the
// number is kept elsewhere.
type metrics struct {
	registry *prometheus.Registry
	make     promauto.Factory

	requests  *prometheus.CounterVec   // by route, method and status
	latency   *prometheus.HistogramVec // by route
	inFlight  prometheus.Gauge
	sent      *prometheus.CounterVec // by what
	refused   *prometheus.CounterVec // by why
	jobs      *prometheus.CounterVec // by kind and outcome
	jobTime   *prometheus.HistogramVec
	sessionIO *prometheus.CounterVec // by operation and outcome
	noSession *prometheus.CounterVec // by why
	mediaIO   *prometheus.CounterVec // by operation and outcome
}

func newMetrics() *metrics {
	registry := prometheus.NewRegistry()
	m := promauto.With(registry)
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tintype_build_info", Help: "1; the labels say which build this is.",
		ConstLabels: prometheus.Labels{"version": Version, "go": runtime.Version()},
	}, func() float64 { return 1 })
	return &metrics{
		registry:  registry,
		make:      m,
		requests:  m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_requests_total", Help: "Requests answered."}, []string{"route", "method", "status"}),
		latency:   m.NewHistogramVec(prometheus.HistogramOpts{Name: "tintype_request_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}}, []string{"route"}),
		inFlight:  m.NewGauge(prometheus.GaugeOpts{Name: "tintype_requests_in_flight", Help: "Requests being answered."}),
		sent:      m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_sent_bytes_total", Help: "Bytes of the bodies of answers: photos, and everything else."}, []string{"what"}),
		refused:   m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_requests_refused_total", Help: "Requests refused before any work: admission (MAX_IN_FLIGHT) or read_only."}, []string{"reason"}),
		jobs:      m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_jobs_total", Help: "Tries of jobs in this process: done, failed (tried again), dead, lost (the lease) or returned (at a stop)."}, []string{"kind", "outcome"}),
		jobTime:   m.NewHistogramVec(prometheus.HistogramOpts{Name: "tintype_job_seconds", Help: "Time of one try of a job.", Buckets: prometheus.ExponentialBuckets(.01, 2.5, 10)}, []string{"kind"}),
		sessionIO: m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_session_store_total", Help: "Reads and writes of the session store, and whether it answered."}, []string{"operation", "outcome"}),
		noSession: m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_sessions_refused_total", Help: "Requests whose cookie names no session that holds, which logs a browser out: malformed, unknown (ended, removed or never there), expired, account_gone, wrong_account or old_epoch (all were ended, as by a new password)."}, []string{"reason"}),
		mediaIO:   m.NewCounterVec(prometheus.CounterOpts{Name: "tintype_media_store_total", Help: "Photos' objects read, written, copied and deleted, and whether the store answered."}, []string{"operation", "outcome"}),
	}
}

// gauge adds a number that goes up and down and is asked for when it is wanted.
func (m *metrics) gauge(name, help string, value func() float64) {
	m.make.NewGaugeFunc(prometheus.GaugeOpts{Name: "tintype_" + name, Help: help}, value)
}

// counter adds a number that only grows and is counted elsewhere. Of one name
// there may be several, told apart by their labels.
func (m *metrics) counter(name, help string, labels prometheus.Labels, value func() int64) {
	m.make.NewCounterFunc(prometheus.CounterOpts{Name: "tintype_" + name, Help: help, ConstLabels: labels}, func() float64 { return float64(value()) })
}

// gaugeFrom is gauge for what has to be asked of a server: while that does not
// answer there is no number, which alarms can tell from 0.
func (m *metrics) gaugeFrom(name, help string, value func(context.Context) (float64, error)) {
	m.registry.MustRegister(&askedGauge{prometheus.NewDesc("tintype_"+name, help, nil, nil), value})
}

type askedGauge struct {
	desc  *prometheus.Desc
	value func(context.Context) (float64, error)
}

func (g *askedGauge) Describe(ch chan<- *prometheus.Desc) { ch <- g.desc }

func (g *askedGauge) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if v, err := g.value(ctx); err == nil {
		ch <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, v)
	}
}

// RequestBegan counts a request that is being answered.
func (m *metrics) RequestBegan() { m.inFlight.Inc() }

// RequestEnded counts it no longer.
func (m *metrics) RequestEnded() { m.inFlight.Dec() }

// Refused counts a request that was refused before any work.
func (m *metrics) Refused(why string) { m.refused.WithLabelValues(why).Inc() }

// Answered counts one answered request. Took is 0 for a stream.
func (m *metrics) Answered(route, method string, status int, bytes int64, took time.Duration) {
	if route == "" {
		route = "none" // refused before a route was looked for, or none has the path
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	what := "other"
	if strings.HasPrefix(route, "/media/") {
		what = "photos"
	}
	m.sent.WithLabelValues(what).Add(float64(bytes))
	if took > 0 {
		m.latency.WithLabelValues(route).Observe(took.Seconds())
	}
}

// watch adds what the services know of themselves.
func (m *metrics) watch(r *services, photoMemory int64) {
	for _, p := range r.store.Pools() {
		m.registry.MustRegister(collectors.NewDBStatsCollector(p.DB, p.Name))
	}
	if r.store.MayReplicate() {
		m.watchReplicas(r.store)
	}
	m.counter("waits_given_up_total", "Waits for a server or a disk that ended without an answer: many while it hangs, once it is found out none.", nil, budget.GaveUp)
	m.gauge("photo_memory_bytes", "Memory for decoding photos that is in use, as reckoned from their headers.", func() float64 { return float64(r.processor.MemoryInUse()) })
	m.gauge("photo_memory_limit_bytes", "PHOTO_MEMORY: what all photos in work may take together.", func() float64 { return float64(photoMemory) })
	m.counter("photo_memory_waits_total", "Photos that had to wait until others gave memory back.", nil, func() int64 { n, _ := r.processor.MemoryWaits(); return n })
	m.make.NewCounterFunc(prometheus.CounterOpts{Name: "tintype_photo_memory_wait_seconds_total", Help: "How long photos have waited for memory, all together."}, func() float64 {
		_, waited := r.processor.MemoryWaits()
		return waited.Seconds()
	})
	for kind, count := range map[string]func() int64{
		"read":  func() int64 { n, _ := r.store.StatementCounts(); return n },
		"write": func() int64 { _, n := r.store.StatementCounts(); return n },
	} {
		m.counter("statements_total", "Statements sent to the database for requests and jobs: those that read, and all others.", prometheus.Labels{"kind": kind}, count)
	}
	waiting := onceInAWhile(r.store.WaitingJobs)
	m.gaugeFrom("jobs_ready", "Jobs that are due and that nobody works on, in the whole fleet.", func(ctx context.Context) (float64, error) {
		w, err := waiting(ctx)
		return float64(w.Ready), err
	})
	m.gaugeFrom("jobs_oldest_ready_seconds", "How long the oldest job that is due has been waiting, in the whole fleet.", func(ctx context.Context) (float64, error) {
		w, err := waiting(ctx)
		return float64(w.OldestReady) / 1000, err
	})
	m.gaugeFrom("jobs_dead", "Jobs whose tries are used up: see tintype jobs.", func(ctx context.Context) (float64, error) {
		w, err := waiting(ctx)
		return float64(w.Dead), err
	})
}

// scrapeOnce is how long one answer does for all metrics of a scrape.
const scrapeOnce = time.Second

// onceInAWhile asks once for several metrics that come from one answer.
func onceInAWhile[T any](ask func(context.Context) (T, error)) func(context.Context) (T, error) {
	var mu sync.Mutex
	var last T
	var err error
	var at time.Time
	return func(ctx context.Context) (T, error) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(at) > scrapeOnce {
			last, err = ask(ctx)
			at = time.Now()
		}
		return last, err
	}
}

// watchReplicas tells where reads go, and what is known of the replicas.
func (m *metrics) watchReplicas(s *store.Store) {
	m.registry.MustRegister(replicaCollector{
		store:  s,
		reads:  prometheus.NewDesc("tintype_reads_total", "Reads by the server that answered: a replica's address, or primary with why it was no replica.", []string{"server", "reason"}, nil),
		in:     prometheus.NewDesc("tintype_replica_in_use", "1 for a replica that is read, 0 for one that is not: the doctor says why.", []string{"server", "id"}, nil),
		behind: prometheus.NewDesc("tintype_replica_behind_seconds", "How far a replica was behind the primary at its last answer.", []string{"server", "id"}, nil),
	})
	m.counter("reads_refused_total", "Reads answered 503 because the way from late replicas to the primary was full.", nil, func() int64 { return s.ReadCounts().Refused })
	m.counter("positions_lost_total", "Writes after which a client's position could not be kept: for some seconds it may read what was before.", nil, func() int64 { return s.ReadCounts().LostPositions })
	m.gauge("primary_away", "1 while the primary does not answer and the site can only be read.", func() float64 {
		if s.PrimaryAway() {
			return 1
		}
		return 0
	})
}

// watchQueue counts what goes through SQS.
func (m *metrics) watchQueue(q *queue.SQS) {
	const name, help = "queue_messages_total", "Messages of SQS: sent (one for each job committed in this process), unsent (SQS did not take them, and workers find those jobs by their poll) and received (each woke this worker)."
	for what, count := range map[string]func() int64{
		"sent":     func() int64 { sent, _, _ := q.Counts(); return sent },
		"unsent":   func() int64 { _, unsent, _ := q.Counts(); return unsent },
		"received": func() int64 { _, _, received := q.Counts(); return received },
	} {
		m.counter(name, help, prometheus.Labels{"what": what}, count)
	}
}

// watchTraces counts spans.
func (m *metrics) watchTraces(t *telemetry.Tracer) {
	for outcome, count := range map[string]func() int64{
		"sent": func() int64 { sent, _ := t.Counts(); return sent },
		"lost": func() int64 { _, lost := t.Counts(); return lost },
	} {
		m.counter("trace_spans_total", "Spans that the collector took, or did not (lost).", prometheus.Labels{"outcome": outcome}, count)
	}
}

// handler is what METRICS_ADDR serves, besides the checks.
func (m *metrics) handler() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// job counts one try of a job.
func (m *metrics) job(kind, outcome string, took time.Duration) {
	m.jobs.WithLabelValues(kind, outcome).Inc()
	m.jobTime.WithLabelValues(kind).Observe(took.Seconds())
}

// serveMetrics opens METRICS_ADDR, if there is one. It answers from the start to
// the very end: what a process does while it starts or drains is worth seeing.
func (a *App) serveMetrics(ctx context.Context) error {
	if a.cfg.MetricsAddr == "" {
		return nil
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", a.cfg.MetricsAddr)
	if err != nil {
		return fmt.Errorf("METRICS_ADDR: %w", err)
	}
	mux := a.metrics.handler()
	mux.HandleFunc("GET /deepz", a.metricsDeepz)
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       time.Minute,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.log.ErrorContext(ctx, "metrics are no longer served", "error", err)
		}
	}()
	a.onStop("metrics", func(context.Context) error { return server.Close() })
	a.log.InfoContext(ctx, "metrics", "listen", l.Addr().String())
	return nil
}

// replicaCollector tells what the store counts and knows. Servers are few: the replicas, and those that were met lately.
type replicaCollector struct {
	store             *store.Store
	reads, in, behind *prometheus.Desc
}

func (c replicaCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.reads
	ch <- c.in
	ch <- c.behind
}

func (c replicaCollector) Collect(ch chan<- prometheus.Metric) {
	counts := c.store.ReadCounts()
	for address, n := range counts.Replicas {
		ch <- prometheus.MustNewConstMetric(c.reads, prometheus.CounterValue, float64(n), address, "")
	}
	for why, n := range counts.Primary {
		ch <- prometheus.MustNewConstMetric(c.reads, prometheus.CounterValue, float64(n), "primary", why)
	}
	replicas, primary := c.store.Replicas()
	for _, r := range replicas {
		in := 0.0
		if r.InUse {
			in = 1
		}
		ch <- prometheus.MustNewConstMetric(c.in, prometheus.GaugeValue, in, r.Address, r.Server)
		ch <- prometheus.MustNewConstMetric(c.behind, prometheus.GaugeValue, float64(max(primary-r.Version, 0))/1000, r.Address, r.Server)
	}
}

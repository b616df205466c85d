package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"runtime"
	"sync"
	"time"

	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/ladder"
	"tintype/internal/store"
	"tintype/templates"
)

// measureEvery is what counts as a minute of the day that `tintype ladder` rests on.
const measureEvery = time.Minute

// measure keeps a day of what this process measures. The figures are those of /metrics, so that both say the same.
func (a *App) measure(r *services) {
	if a.cfg.ReadOnly {
		return // it writes nothing
	}
	m := &measurer{app: a, r: r, memory: a.memoryLimit}
	recorder := ladder.NewRecorder(ladder.RecorderOptions{
		Table: r.store, Instance: r.id, Host: processName(), Facts: m.facts, Probe: m.probe, Sample: m.sample, Every: a.measureEvery, Log: a.log,
	})
	a.background("measures", recorder.Run)
}

// measurer makes figures of the metrics.
type measurer struct {
	app    *App
	r      *services
	memory int64 // that the process may use; 0 is unknown

	mu     sync.Mutex
	at     time.Time
	before counted
	busy   float64 // shares of connections in use, of all probes together
	away   float64 // probes that found Redis passed by
	probes float64
}

// probe looks at what changes from moment to moment.
func (m *measurer) probe() {
	stats := m.r.store.Pools()[0].DB.Stats()
	m.mu.Lock()
	defer m.mu.Unlock()
	if stats.MaxOpenConnections > 0 {
		m.busy += float64(stats.InUse) / float64(stats.MaxOpenConnections)
	}
	if m.app.redis != nil && m.app.redis.Away() {
		m.away++
	}
	m.probes++
}

// sample is what was measured since it was last called.
func (m *measurer) sample(context.Context) ladder.Figures {
	now, total := time.Now(), m.app.metrics.counts()
	m.mu.Lock()
	before, seconds, busy, away, probes := m.before, now.Sub(m.at).Seconds(), m.busy, m.away, m.probes
	m.before, m.at, m.busy, m.away, m.probes = total, now, 0, 0, 0
	m.mu.Unlock()
	f := ladder.Figures{}
	if before == nil || seconds <= 0 {
		return f
	}
	rate := func(name string, labels ...string) float64 {
		after, _ := total.sum(name, labels...)
		was, _ := before.sum(name, labels...)
		return max(after-was, 0) / seconds
	}
	cpus := float64(runtime.GOMAXPROCS(0))
	if _, known := total.sum("process_cpu_seconds_total"); known {
		f[ladder.Cores] = rate("process_cpu_seconds_total")
		f[ladder.CPU] = f[ladder.Cores] / cpus
	}
	if used, known := total.sum("process_resident_memory_bytes"); known && m.memory > 0 {
		f[ladder.Memory] = used / float64(m.memory)
	}
	if m.app.cfg.Web {
		m.webFigures(f, total, before, rate)
	}
	f[ladder.Reads], f[ladder.Writes] = rate("tintype_statements_total", "kind", "read"), rate("tintype_statements_total", "kind", "write")
	f[ladder.DatabaseWait] = rate("go_sql_wait_duration_seconds_total", "db_name", "primary")
	if probes > 0 {
		f[ladder.DatabaseBusy] = busy / probes
		if m.app.redis != nil {
			f[ladder.RedisAway] = away / probes
		}
	}
	if m.r.store.Replicated() {
		m.replicaFigures(f, rate)
	}
	f[ladder.SessionUses], f[ladder.SessionErrors] = rate("tintype_session_store_total"), rate("tintype_session_store_total", "outcome", "failed")
	f[ladder.PhotoUses], f[ladder.PhotoErrors] = rate("tintype_media_store_total"), rate("tintype_media_store_total", "outcome", "failed")
	f[ladder.Jobs] = rate("tintype_jobs_total")
	if m.app.cfg.Worker {
		f[ladder.PhotoWait] = rate("tintype_photo_memory_wait_seconds_total")
		f[ladder.PhotoWork] = (photoSeconds(total) - photoSeconds(before)) / seconds / cpus
	}
	if age, known := total.sum("tintype_jobs_oldest_ready_seconds"); known {
		f[ladder.JobAge] = age
	}
	if m.app.cfg.QueueURL != "" {
		f[ladder.QueueMessages] = rate("tintype_queue_messages_total")
	}
	if free, known := m.diskFree(); known {
		f[ladder.DiskFree] = free
	}
	return f
}

// webFigures are those of a process that answers people.
func (m *measurer) webFigures(f ladder.Figures, total, before counted, rate func(string, ...string) float64) {
	f[ladder.Requests] = rate("tintype_requests_total")
	f[ladder.Errors] = 0
	for _, status := range []string{"500", "502", "504"} {
		f[ladder.Errors] += rate("tintype_requests_total", "status", status)
	}
	f[ladder.Refused] = rate("tintype_requests_refused_total", "reason", "admission")
	if p99, known := quantile(total.buckets("tintype_request_seconds"), before.buckets("tintype_request_seconds"), 0.99); known {
		f[ladder.P99] = p99
	}
	const megabit = 1e6 / 8
	f[ladder.Sent], f[ladder.SentPhotos] = rate("tintype_sent_bytes_total")/megabit, rate("tintype_sent_bytes_total", "what", "photos")/megabit
	f[ladder.CacheHits] = rate("tintype_cache_requests_total", "layer", "process", "outcome", "hit")
	if m.app.redis != nil {
		f[ladder.CacheLoads] = rate("tintype_cache_loads_total")
		f[ladder.RedisHits] = rate("tintype_cache_requests_total", "layer", "redis", "outcome", "hit")
		return
	}
	for _, outcome := range []string{"made", "remade"} {
		f[ladder.CacheLoads] += rate("tintype_visitor_pages_total", "outcome", outcome) + rate("tintype_kept_answers_total", "outcome", outcome)
	}
}

// replicaFigures tell who answers the reads that replicas could answer.
func (m *measurer) replicaFigures(f ladder.Figures, rate func(string, ...string) float64) {
	late, marked := 0.0, rate("tintype_reads_total", "server", "primary")
	for _, why := range []string{"behind", "unhealthy", "failed"} {
		late += rate("tintype_reads_total", "server", "primary", "reason", why)
	}
	f[ladder.ReplicaReads] = rate("tintype_reads_total") - marked
	if could := f[ladder.ReplicaReads] + late; could > 0 {
		f[ladder.LateReads] = late / could
	}
	known, primary := m.r.store.Replicas()
	for _, replica := range known {
		f[ladder.ReplicaLag] = max(f[ladder.ReplicaLag], float64(primary-replica.Version)/1000)
	}
}

// quantile is the time that a share of the requests since before took at most, as far as the buckets tell.
func quantile(after, before map[float64]float64, share float64) (seconds float64, known bool) {
	all := after[math.Inf(1)] - before[math.Inf(1)]
	if all <= 0 {
		return 0, false
	}
	best, most := math.Inf(1), 0.0
	for bound, n := range after {
		if !math.IsInf(bound, 1) {
			most = max(most, bound)
		}
		if n-before[bound] >= share*all && bound < best {
			best = bound
		}
	}
	if math.IsInf(best, 1) {
		best = most // it took longer; nobody knows how long
	}
	return best, true
}

// diskFree is the share of the fuller disk that is free, of those that hold the photos and the database.
func (m *measurer) diskFree() (share float64, known bool) {
	var dirs []string
	if !m.facts().S3 {
		dirs = append(dirs, m.app.cfg.MediaDir)
	}
	if m.r.store.Dialect() == "sqlite" {
		dirs = append(dirs, m.app.cfg.DataDir)
	}
	share = 1
	for _, dir := range dirs {
		if free, total, err := doctor.DiskSpace(dir); err == nil && total > 0 {
			share, known = min(share, float64(free)/float64(total)), true
		}
	}
	return share, known
}

// facts are what this process stands on now: where a part has moved, its new place.
func (m *measurer) facts() ladder.Facts {
	cfg, r := m.app.cfg, m.r
	f := ladder.Facts{
		Release: Version, Web: cfg.Web, Worker: cfg.Worker,
		CPUs: runtime.GOMAXPROCS(0), Memory: m.memory,
		Database: cfg.Database.String(), SQLite: r.store.Dialect() == "sqlite", Replicas: cfg.Replicas.Shown(),
		Sessions: r.presence.Part(partSessions).InCharge(), Photos: r.presence.Part(partMedia).InCharge(),
		CDN: cfg.MediaBaseURL, Cache: "memory", Queue: "the database",
		MaxInFlight: cfg.MaxInFlight, PhotoMemory: cfg.PhotoMemory, JobWorkers: cfg.JobWorkers,
		Reserved: cfg.DatabaseReservedConns, Processes: cfg.FleetMaxProcesses,
	}
	if cfg.DatabaseNext != nil && r.store.ServesNext() {
		f.Database, f.Replicas = cfg.DatabaseNext.String(), cfg.ReplicasNext.Shown()
	}
	if !f.SQLite {
		f.Connections = r.store.Pools()[0].DB.Stats().MaxOpenConnections
	}
	if place, err := config.ParseSessionPlace(f.Sessions); err == nil && place.Table != "" {
		f.DynamoDB = true
	}
	if place, err := config.ParseMediaPlace(f.Photos); err == nil && place.Bucket != "" {
		f.S3 = true
	}
	if m.app.redis != nil {
		f.Cache, f.Redis = m.app.redis.String(), true
	}
	if cfg.QueueURL != "" {
		f.Queue, f.SQS = r.waker.String(), true
	}
	return f
}

// photoSeconds is how long this process has worked on photos in all.
func photoSeconds(c counted) (seconds float64) {
	for _, s := range c["tintype_job_seconds"] {
		if s.labels["kind"] == "photo.process" {
			seconds += s.seconds
		}
	}
	return seconds
}

// readDay reads what the processes of the site have measured.
func readDay(ctx context.Context, db *store.Store) (*ladder.Day, error) {
	now := time.Now()
	rows, err := db.Measures(ctx, now.Add(-ladder.Kept).UnixMilli())
	return ladder.ReadDay(rows, now), err
}

// openDay reads for a command what the processes of the site have measured, in the database that is in charge. It
// changes nothing.
func openDay(ctx context.Context, cfg *config.Config, log *slog.Logger) (*ladder.Day, error) {
	if cfg.Database.Driver == "sqlite" {
		if _, err := os.Stat(cfg.Database.Path); err != nil { // opening would make the file
			return nil, fmt.Errorf("the database: %w", err)
		}
	}
	d := drivers{cfg: cfg, log: log}
	db, err := d.openStore(ctx)
	if err != nil {
		return nil, fmt.Errorf("the database: %w", err)
	}
	unfollow, err := d.followDatabase(ctx, db, db.NewID(), false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the database: %w", err), db.Close())
	}
	day, err := readDay(ctx, db)
	if err != nil {
		err = fmt.Errorf("read what the site has measured: %w", err)
	}
	return day, errors.Join(err, unfollow(), db.Close())
}

// ladderView is what /admin/ladder shows.
func ladderView(ctx context.Context, db *store.Store) (templates.LadderView, error) {
	day, err := readDay(ctx, db)
	if err != nil {
		return templates.LadderView{}, err
	}
	r := ladder.Advise(day, ladder.DefaultPrices())
	v := templates.LadderView{Verdict: r.Verdict(), Minutes: r.Minutes, Prices: r.Prices.Caveat()}
	for _, rung := range r.Rungs {
		row := templates.LadderRung{Part: rung.Part, Rung: rung.Rung, Backend: rung.Backend}
		for _, use := range rung.Uses {
			row.Uses = append(row.Uses, templates.LadderUse{Process: use.Process, Counts: use.Text()})
		}
		v.Rungs = append(v.Rungs, row)
	}
	for _, m := range r.Signals {
		row := templates.LadderSignal{Name: m.Name, About: m.About}
		row.Now, row.Median, row.Worst = m.Figures()
		v.Signals = append(v.Signals, row)
	}
	steps := func(list []ladder.Advice) (out []templates.LadderStep) {
		for _, a := range list {
			step := templates.LadderStep{Rung: a.Rung, Title: a.Title, Why: a.Why, Cost: r.Prices.Cost(a.Bill), Text: a.Step.Text, Settings: a.Step.Settings}
			for _, c := range a.Step.Commands {
				step.Commands = append(step.Commands, "tintype "+c)
			}
			out = append(out, step)
		}
		return out
	}
	v.Advice, v.Waste = steps(r.Advice), steps(r.Waste)
	return v, nil
}

package app

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/internal/config"
	"tintype/templates"
)

// counted are the numbers of /metrics by name, each with its labels.
type counted map[string][]sample

type sample struct {
	labels map[string]string
	value  float64
	// Of a histogram: the sum of what was observed, and how many were at most so much.
	seconds float64
	atMost  map[float64]float64
}

// counts reads all metrics once. What cannot be read is left out.
func (m *metrics) counts() counted {
	families, _ := m.registry.Gather() // with an error comes what could be gathered
	out := make(counted, len(families))
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			s := sample{labels: make(map[string]string), value: metric.GetCounter().GetValue() + metric.GetGauge().GetValue()}
			if h := metric.GetHistogram(); h != nil {
				s.seconds, s.atMost = h.GetSampleSum(), map[float64]float64{math.Inf(1): float64(h.GetSampleCount())}
				for _, b := range h.GetBucket() {
					s.atMost[b.GetUpperBound()] = float64(b.GetCumulativeCount())
				}
			}
			for _, l := range metric.GetLabel() {
				s.labels[l.GetName()] = l.GetValue()
			}
			out[f.GetName()] = append(out[f.GetName()], s)
		}
	}
	return out
}

// sum adds the samples that have these labels, name and value in turn; known is
// false where there is no such metric.
func (c counted) sum(name string, labels ...string) (total float64, known bool) {
	samples, known := c[name]
	for _, s := range samples {
		fits := true
		for i := 0; i < len(labels); i += 2 {
			fits = fits && s.labels[labels[i]] == labels[i+1]
		}
		if fits {
			total += s.value
		}
	}
	return total, known
}

// buckets adds the samples of a histogram: how many were at most so much.
func (c counted) buckets(name string) map[float64]float64 {
	out := make(map[float64]float64)
	for _, s := range c[name] {
		for bound, n := range s.atMost {
			out[bound] += n
		}
	}
	return out
}

// by adds the samples of each value of a label.
func (c counted) by(name, label string) map[string]float64 {
	out := make(map[string]float64)
	for _, s := range c[name] {
		out[s.labels[label]] += s.value
	}
	return out
}

// tally collects the numbers of one subsystem.
type tally struct {
	c    counted
	list []templates.StatusCount
}

func (t *tally) add(label, name string, labels ...string) {
	if n, known := t.c.sum(name, labels...); known {
		t.list = append(t.list, templates.StatusCount{Label: label, Value: people(n)})
	}
}

func (t *tally) say(label, value string) {
	t.list = append(t.list, templates.StatusCount{Label: label, Value: value})
}

// people writes a number with its thousands apart.
func people(n float64) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// status is what /admin/status shows of this process, and of what it stands on.
func (a *App) status(ctx context.Context, r *services) templates.StatusView {
	v := templates.StatusView{
		Release: Version, Process: processName(), Roles: roleNames(a.cfg),
		Started: templates.When{At: a.started, Text: age(time.Since(a.started))},
	}
	switch {
	case a.cfg.ReadOnly:
		v.ReadOnly = "READ_ONLY is set: nothing can be written, and this process does no jobs."
	case r.store.PrimaryAway():
		v.ReadOnly = "The primary database does not answer: the site is read from its replicas, and nothing can be written."
	}
	if d := a.doctor.Load(); d != nil {
		checks, at, late := d.Known(ctx)
		if v.ChecksLate = late; late && checks != nil {
			v.ChecksOf = templates.When{At: at, Text: age(time.Since(at))}
		}
		for _, c := range checks {
			v.Checks = append(v.Checks, templates.StatusCheck{Name: c.Name, Status: c.Status, Text: c.Text, Advice: c.Advice})
		}
	}
	c := a.metrics.counts()
	v.Systems = a.systems(c, r)
	known, primary := r.store.Replicas()
	reads := c.by("tintype_reads_total", "server")
	for _, replica := range known {
		row := templates.StatusReplica{Address: replica.Address, Server: replica.Server, State: "read", Behind: fmt.Sprintf("%d ms", max(primary-replica.Version, 0)), Reads: people(reads[replica.Address])}
		if !replica.InUse {
			row.State = "not read: " + replica.Why
		}
		v.Replicas = append(v.Replicas, row)
	}
	instances, _ := r.presence.Instances(ctx) // what cannot be read, a check tells of
	for _, i := range instances {
		v.Instances = append(v.Instances, templates.StatusInstance{
			Process: i.Host, Release: i.Program, Roles: i.Roles, Started: age(time.Since(time.UnixMilli(i.StartedAt))), Seen: age(time.Duration(i.AgeMs) * time.Millisecond),
		})
	}
	dead, _ := c.sum("tintype_jobs_dead")
	v.DeadJobs = int(dead)
	return v
}

// age is for how long, in the largest unit that says enough.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// systems are the parts of the site with the backend of each, and the numbers
// that show that it is used.
func (a *App) systems(c counted, r *services) []templates.StatusSystem {
	var list []templates.StatusSystem
	part := func(name, backend string, fill func(*tally)) {
		t := &tally{c: c}
		fill(t)
		list = append(list, templates.StatusSystem{Name: name, Backend: backend, Counts: t.list})
	}
	part("Requests", a.cfg.Origin(), func(t *tally) {
		t.add("answered", "tintype_requests_total")
		t.add("in flight", "tintype_requests_in_flight")
		t.add("refused", "tintype_requests_refused_total")
		t.add("streams open", "tintype_streams_open")
	})
	part("Database", a.cfg.Database.String(), func(t *tally) {
		const pool = "primary"
		t.add("connections open", "go_sql_open_connections", "db_name", pool)
		t.add("may be open", "go_sql_max_open_connections", "db_name", pool)
		t.add("waits for one", "go_sql_wait_count_total", "db_name", pool)
		if waited, known := c.sum("go_sql_wait_duration_seconds_total", "db_name", pool); known {
			t.say("waited", time.Duration(waited*float64(time.Second)).Round(time.Millisecond).String())
		}
	})
	replicas := a.cfg.Replicas.Shown()
	if r.store.ServesNext() {
		replicas = a.cfg.ReplicasNext.Shown()
	}
	if len(replicas) > 0 {
		part("Reads", strings.Join(replicas, ", "), func(t *tally) {
			reads := c.by("tintype_reads_total", "server")
			for _, server := range slices.Sorted(maps.Keys(reads)) {
				if server != "primary" {
					t.say("by "+server, people(reads[server]))
				}
			}
			for _, why := range []string{"marked", "wrote", "behind", "unhealthy", "failed", "not_found"} {
				if n, _ := c.sum("tintype_reads_total", "server", "primary", "reason", why); n > 0 {
					t.say("by the primary: "+strings.ReplaceAll(why, "_", " "), people(n))
				}
			}
		})
	}
	part("Sessions", r.sessions.String(), func(t *tally) {
		t.add("read", "tintype_session_store_total", "operation", "read", "outcome", "ok")
		t.add("written", "tintype_session_store_total", "operation", "write", "outcome", "ok")
		t.add("failed", "tintype_session_store_total", "outcome", "failed")
	})
	photos := r.media.String()
	if a.cfg.MediaBaseURL != "" {
		photos += ", by " + a.cfg.MediaBaseURL
	}
	part("Photos", photos, func(t *tally) {
		if n, known := c.sum("tintype_photo_memory_bytes"); known {
			t.say("of "+config.FormatSize(a.cfg.PhotoMemory)+" in use", config.FormatSize(int64(n)))
		}
	})
	kept := "memory"
	if a.redis != nil {
		kept = a.redis.String()
	}
	part("Cache", kept, func(t *tally) {
		t.add("found in this process", "tintype_cache_requests_total", "layer", "process", "outcome", "hit")
		t.add("found in Redis", "tintype_cache_requests_total", "layer", "redis", "outcome", "hit")
		t.add("in neither", "tintype_cache_requests_total", "layer", "redis", "outcome", "miss")
		t.add("made", "tintype_cache_loads_total")
		t.add("failures of Redis", "tintype_redis_failures_total")
		t.add("times that kept pages were dropped", "tintype_visible_changes_total")
	})
	part("Jobs", r.waker.String(), func(t *tally) {
		if n, known := c.sum("tintype_jobs_oldest_ready_seconds"); known {
			t.say("the oldest waits", (time.Duration(n*1000) * time.Millisecond).Round(100*time.Millisecond).String())
		}
		t.add("failed for good", "tintype_jobs_dead")
		for _, outcome := range []string{"done", "failed", "dead", "lost", "returned"} {
			if n, _ := c.sum("tintype_jobs_total", "outcome", outcome); n > 0 {
				t.say(outcome+" here", people(n))
			}
		}
	})
	return list
}

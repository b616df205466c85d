package ladder

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"time"
)

const (
	minutesARow   = 15
	probesAMinute = 12
	unsavedRows   = 8 // that a process keeps while its database takes none
	saveTime      = time.Minute / 6
	sweepEvery    = time.Hour
)

// RecorderOptions say what a Recorder measures.
type RecorderOptions struct {
	Table    Table
	Instance int64
	Host     string
	Facts    func() Facts
	// Probe is called twelve times a minute, for what has to be looked at often. It must cost nothing noticeable.
	Probe func()
	// Sample returns the figures of the time since it was last called.
	Sample func(context.Context) Figures
	Every  time.Duration // what counts as a minute; 0 is one
	Log    *slog.Logger
}

// Recorder measures a process by the minute and keeps a row a quarter of an hour.
type Recorder struct {
	o     RecorderOptions
	facts string
	now   int64 // when the quarter of current began
	q     *quarter
	rows  map[int64]Row // that are to be written, by their quarter
}

// NewRecorder makes a Recorder; Run starts it.
func NewRecorder(o RecorderOptions) *Recorder {
	if o.Every <= 0 {
		o.Every = time.Minute
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Recorder{o: o, rows: make(map[int64]Row)}
}

// Run measures until ctx ends.
func (r *Recorder) Run(ctx context.Context) error {
	r.o.Sample(ctx) // what was before is nobody's minute
	began := time.Now()
	probes := time.NewTicker(r.o.Every / probesAMinute)
	defer probes.Stop()
	swept, failing := time.Time{}, false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-probes.C:
		}
		r.o.Probe()
		now := time.Now()
		if now.Sub(began) < r.o.Every {
			continue
		}
		if err := r.add(began, r.o.Sample(ctx)); err != nil {
			return err
		}
		began = now
		err := r.save(ctx)
		if err == nil && now.Sub(swept) >= sweepEvery {
			if err = r.sweep(ctx, now); err == nil {
				swept = now
			}
		}
		if err != nil && !failing && ctx.Err() == nil {
			r.o.Log.WarnContext(ctx, "what this process measures was not written", "error", err)
		}
		failing = err != nil
	}
}

// add puts a minute into the row of its quarter. What the process stood on before the facts changed is dropped: advice
// that rests on it would be about another rung.
func (r *Recorder) add(at time.Time, f Figures) error {
	raw, err := json.Marshal(r.o.Facts())
	if err != nil {
		return err
	}
	every := r.o.Every.Milliseconds()
	minute := at.UnixMilli() / every * every
	begin := minute / (every * minutesARow) * (every * minutesARow)
	if r.q == nil || r.now != begin || r.facts != string(raw) {
		r.q, r.now, r.facts = &quarter{Every: every, Figures: map[string][]*float64{}}, begin, string(raw)
	}
	r.q.add(minute, f)
	text, err := r.q.text()
	if err != nil {
		return err
	}
	r.rows[begin] = Row{At: begin, Instance: r.o.Instance, Host: r.o.Host, Facts: r.facts, Figures: text}
	for len(r.rows) > unsavedRows {
		oldest := begin
		for at := range r.rows {
			oldest = min(oldest, at)
		}
		delete(r.rows, oldest)
	}
	return nil
}

func (r *Recorder) save(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(saveTime, r.o.Every))
	defer cancel()
	for at, row := range r.rows {
		if err := r.o.Table.SaveMeasures(ctx, row); err != nil {
			return err
		}
		delete(r.rows, at)
	}
	return nil
}

func (r *Recorder) sweep(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, saveTime)
	defer cancel()
	return r.o.Table.DeleteOldMeasures(ctx, now.Add(-Kept-r.o.Every*minutesARow).UnixMilli())
}

// rounded keeps three digits, so that a row is short.
func rounded(v float64) float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}

package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"tintype/internal/config"
	"tintype/internal/move"
	"tintype/internal/store"
	"tintype/templates"
)

// moveWatch is what /admin/moves looks at. It opens the two databases when somebody looks for the first time.
type moveWatch struct {
	app *App
	r   *services

	mu    sync.Mutex
	a, b  *store.Place // nil until somebody looks, and where there is no other database
	total int64        // rows, as they were counted; 0: they were not, and -1: not in time
	asked time.Time    // when they were
	first time.Time    // when the copy was seen for the first time, to tell its rate
	rows  int64        // that there were then
}

const (
	// countAgain is for how long a count of the rows does.
	countAgain = time.Minute
	// countTime is how long a count may take: that of a large file is long, and all else is told without it.
	countTime = time.Second
)

func (a *App) watchMoves(r *services) *moveWatch {
	w := &moveWatch{app: a, r: r}
	a.onStop("moves", func(context.Context) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.close()
	})
	return w
}

func (w *moveWatch) close() (err error) {
	for _, p := range []*store.Place{w.a, w.b} {
		if p != nil {
			err = errors.Join(err, p.Close())
		}
	}
	w.a, w.b = nil, nil
	return err
}

// view is what /admin/moves shows.
func (w *moveWatch) view(ctx context.Context) (templates.AdminMovesView, error) {
	rows, err := w.r.store.Moves(ctx)
	var v templates.AdminMovesView
	if w.app.cfg.DatabaseNext != nil {
		v.Moves = append(v.Moves, w.database(ctx))
	}
	for _, r := range rows {
		now := move.ParsePartProgress(r)
		m := templates.MoveRow{
			Part: r.Part, State: strings.ReplaceAll(move.Describe(r), "`", ""), InCharge: move.InCharge(r), Source: r.Source, Target: r.Target,
			Percent: -1,
		}
		if move.PartAtWork(r) {
			v.Live = true
			m.Mover, m.Waits, m.Note = r.Mover, now.Waits, now.Trouble()
			if now.Total > 0 {
				m.Percent = int(100 * min(now.Done, now.Total) / now.Total)
				m.Work = move.DescribeWork(r, now)
				m.State = strings.Replace(m.State, ": "+m.Work+".", ".", 1) // which stands beneath the bar
			}
		}
		v.Moves = append(v.Moves, m)
	}
	for _, m := range v.Moves {
		v.Live = v.Live || m.Live
	}
	return v, err
}

// moveViewTime bounds what the page asks of the two databases: it is looked at while one of them may be away.
const moveViewTime = 3 * time.Second

// database is how far the move of the database is.
func (w *moveWatch) database(ctx context.Context) templates.MoveRow {
	ctx, cancel := context.WithTimeout(ctx, moveViewTime)
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	m := templates.MoveRow{Part: "database", Percent: -1}
	s, err := w.status(ctx)
	if err != nil {
		m.State = "One of the two databases did not say how far the move is. A move waits for it, or cannot begin: see that both answer, and look again."
		m.InCharge, m.Note = w.served()+", as far as this process knows", err.Error()
		_ = w.close() // and opens them anew the next time
		return m
	}
	m.InCharge, m.Source, m.Target = s.InCharge, s.InCharge, s.Other
	waits := w.r.store.WriteWaits()
	switch {
	case s.Moved:
		m.State = strings.ReplaceAll(s.After(), "`", "")
		m.Source, m.Target = s.Other, s.InCharge
		if s.WayBack != nil {
			m.WayBack = strings.ReplaceAll(s.WayBack.String(), "`", "")
		}
	case !s.UnderWay:
		m.State = fmt.Sprintf("The database is in %s. A move to %s has not begun.", s.InCharge, s.Other)
		w.first = time.Time{}
	default:
		m.Live = true
		if move.AtWork(s.Mover) {
			m.Mover = s.Mover.Name
		}
		if s.GoesBack() {
			m.State = strings.ReplaceAll(s.After()+" "+s.WayBack.String(), "`", "")
			break
		}
		m.State = fmt.Sprintf("The database is moving from %s to %s.", s.InCharge, s.Other)
		if m.Mover == "" {
			m.State += " " + strings.ReplaceAll(move.DescribeMover(s.Mover), "`", "")
		}
		if m.Percent, m.Work = w.work(s); m.Percent < 0 {
			m.State += " " + m.Work + "."
		}
	}
	// Where the list cannot be read, what this process knows is still told.
	others, _ := w.r.store.Instances(ctx)
	if longest, _ := move.LongestWriteWait(others); s.UnderWay || max(waits.Longest, longest) > 0 {
		m.Writes = describeWaits(waits, others)
	}
	return m
}

// served is the database that this process serves.
func (w *moveWatch) served() string {
	if w.r.store.ServesNext() {
		return w.app.cfg.DatabaseNext.String()
	}
	return w.app.cfg.Database.String()
}

// work says how much of the copy is done, and how fast it goes on since somebody looks. The percentage is -1 where nobody knows how
// much there is.
func (w *moveWatch) work(s move.DatabaseStatus) (percent int, text string) {
	if w.first.IsZero() || s.Rows < w.rows {
		w.first, w.rows = time.Now(), s.Rows
	}
	total, of := max(s.Total, s.Rows), ""
	if percent = -1; s.Total > 0 {
		percent, of = int(100*s.Rows/total), " of about "+people(float64(total))
	}
	text = fmt.Sprintf("%s%s rows, %s", people(float64(s.Rows)), of, config.FormatSize(s.Bytes))
	if took := time.Since(w.first).Seconds(); !s.Copied && took > 0.5 && s.Rows > w.rows {
		rate := float64(s.Rows-w.rows) / took
		text += fmt.Sprintf(", %s a second", people(rate))
		if s.Total > 0 {
			left := time.Duration(float64(total-s.Rows) / rate * float64(time.Second))
			text += fmt.Sprintf(", about %s left", left.Round(time.Second))
		}
	}
	switch {
	case s.Switching:
		percent, text = 100, text+"; it is switching over"
	case s.Copied:
		percent, text = 100, text+"; everything is copied, and what was written meanwhile follows"
	}
	if s.Behind > 0 {
		text += fmt.Sprintf("; %s writes behind", people(float64(s.Behind)))
	}
	return percent, text
}

// describeWaits says what a switch costs those who write: in this process now, and on any of the others as it told last.
func describeWaits(w store.WriteWaits, others []store.InstanceRow) string {
	text := "none waits now"
	if w.Now > 0 {
		text = fmt.Sprintf("%d wait now, the first for %s", w.Now, w.Since.Round(time.Millisecond))
	}
	if w.Longest > 0 {
		text += fmt.Sprintf("; the longest that one has waited is %s", w.Longest.Round(time.Millisecond))
	}
	text += " (in this process)"
	if longest, host := move.LongestWriteWait(others); longest > w.Longest {
		text += fmt.Sprintf("; elsewhere the longest was %s (%s)", longest, host)
	}
	return text
}

// status asks the two databases, which it opens if need be.
func (w *moveWatch) status(ctx context.Context) (s move.DatabaseStatus, err error) {
	d := w.app.drivers()
	if w.a == nil {
		if w.a, err = store.OpenPlace(ctx, d.storeOptions()); err != nil {
			w.a = nil
			return s, err
		}
	}
	if w.b == nil {
		if w.b, err = store.OpenPlace(ctx, d.nextStoreOptions()); err != nil {
			w.b = nil
			return s, fmt.Errorf("DATABASE_NEXT: %w", err)
		}
	}
	if time.Since(w.asked) > countAgain {
		w.total = 0
	}
	if s, err = move.ReadDatabaseStatus(ctx, w.a, w.b, -1); err != nil || !s.UnderWay {
		return s, err
	}
	if w.total == 0 {
		from := w.a
		if s.InCharge == w.b.Name() {
			from = w.b
		}
		counting, cancel := context.WithTimeout(ctx, countTime)
		defer cancel()
		if w.total, err = from.AboutRows(counting); err != nil {
			w.total = -1
		}
		w.asked = time.Now()
	}
	s.Total = max(w.total, 0)
	return s, nil
}

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/move"
)

type moveGroup struct {
	Sessions moveSessions `cmd:"" help:"Move sessions to the place that SESSION_NEXT names, or go on with that."`
	Database moveDatabase `cmd:"" help:"Move the database to the one that DATABASE_NEXT names, or go on with that."`
	Media    moveMedia    `cmd:"" help:"Move photos to the place that MEDIA_NEXT names, or go on with that."`
	Status   moveStatus   `cmd:"" help:"Show where the parts of the site are, and how far a move is."`
	Back     moveBack     `cmd:"" help:"Move a part back to where it was."`
	Finish   moveFinish   `cmd:"" help:"Clean up the place that a part has left."`
	Abort    moveAbort    `cmd:"" help:"Take back a move that is under way."`
}

// workFlags are those of every command that works on a move.
type workFlags struct {
	DryRun  bool   `help:"Check everything, and begin nothing."`
	JSON    bool   `name:"json" help:"Progress as JSON: an object a line."`
	Rate    int    `help:"How many things a second at most; 0 is as fast as it goes."`
	Workers int    `placeholder:"8" help:"How many sessions or files at once. The database is copied in order, by one."`
	Reason  string `help:"Why, for the log."`
}

// moveFlags are those of every command that moves something.
type moveFlags struct {
	workFlags `embed:""`
	Empty     string `placeholder:"PLACE" help:"Empty this place first, whatever it holds. It has to be the one to move to."`
}

// ofDatabase refuses the flags that mean nothing where finish or abort ends a move of the database.
func (f workFlags) ofDatabase() error {
	if f.Rate != 0 || f.Workers != 0 {
		return errors.New("nothing is copied: leave --rate and --workers out")
	}
	return nil
}

// MoveOptions are how a part is moved.
type MoveOptions struct {
	Workers        int  // how many things at once
	WithoutMissing bool // photos: files that are missing already are no reason to stop
	DeleteSource   bool // photos: finish empties the place that they have left
}

// partArg is the part that a command is about.
type partArg struct {
	Part string `arg:"" enum:"sessions,media,database" help:"What: sessions, media or database."`
}

type moveSessions struct {
	moveFlags `embed:""`
}

// photoFlags are those of commands that move photos.
type photoFlags struct {
	WithoutMissing bool `help:"Photos: move them although files are missing, without those."`
}

// of refuses the flag for other parts.
func (f photoFlags) of(part string) error {
	if f.WithoutMissing && part != move.PartMedia {
		return errors.New("--without-missing is for photos")
	}
	return nil
}

type moveMedia struct {
	moveFlags  `embed:""`
	photoFlags `embed:""`
}

// plan opens the site for a mover. It ends with what it was given to do, or by a signal.
func (c *call) plan(part string, f workFlags, o MoveOptions, do func(context.Context, *move.Plan, *moveOutput) error) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg = cfg.Quiet()
	if o.Workers = f.Workers; o.Workers <= 0 {
		o.Workers = 8
	}
	ctx, stop := signal.NotifyContext(c, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	plans, closeAll, err := c.program.Moves(ctx, cfg, c.logger(cfg), o)
	if err != nil {
		return err
	}
	plan := plans[part]
	out := newMoveOutput(c.env.Stdout, f.JSON)
	plan.Mover.Rate, plan.Mover.Report = f.Rate, out.report
	err = do(ctx, plan, out)
	out.end()
	return errors.Join(err, closeAll())
}

func (m moveSessions) Run(c *call) error { return c.move("sessions", m.moveFlags, MoveOptions{}) }

func (m moveMedia) Run(c *call) error {
	return c.move(move.PartMedia, m.moveFlags, MoveOptions{WithoutMissing: m.WithoutMissing})
}

// move moves a part to the place that its setting names.
func (c *call) move(part string, f moveFlags, o MoveOptions) error {
	return c.plan(part, f.workFlags, o, func(ctx context.Context, p *move.Plan, out *moveOutput) error {
		source, target, row, err := p.Route(ctx)
		if err != nil {
			return err
		}
		if row != nil && row.Target == source && p.Through(*row) {
			return again(ctx, p, out, f, *row)
		}
		return runMove(ctx, p, out, f, source, target, row)
	})
}

// again is a command to move whose move is through: it brings to the source what that misses.
func again(ctx context.Context, p *move.Plan, out *moveOutput, f moveFlags, row move.Row) error {
	if f.DryRun {
		return out.moved(p, row)
	}
	return errors.Join(p.Mover.Keep(ctx), out.moved(p, row))
}

// runMove moves a part, after saying what that is.
func runMove(ctx context.Context, p *move.Plan, out *moveOutput, f moveFlags, source, target string, row *move.Row) error {
	if f.Empty != "" && f.Empty != target {
		return fmt.Errorf("--empty names %s, and the %s would move to %s", f.Empty, p.What, target)
	}
	goesOn := row != nil && move.Phase(row.Phase).UnderWay() && row.Source == source && row.Target == target
	if err := out.announce(ctx, p, source, target, goesOn); err != nil {
		return err
	}
	ready := func(ctx context.Context) error { return p.Ready(ctx, source, target, f.Empty) }
	if !goesOn {
		if err := ready(ctx); err != nil {
			return err
		}
	}
	if f.DryRun {
		return out.say("Everything is ready. Nothing was begun.")
	}
	what := p.What + " from " + source + " to " + target
	if err := p.Log(ctx, community.EntryByCommand(community.BeginMove, f.Reason, what)); err != nil {
		return notLogged(err)
	}
	if err := p.Mover.Move(ctx, source, target, ready); err != nil {
		return err
	}
	now, err := p.Mover.Row(ctx)
	if err != nil {
		return err
	}
	logged := p.Log(ctx, community.EntryByCommand(community.EndMove, f.Reason, what))
	return errors.Join(p.Mover.Keep(ctx), out.moved(p, *now), notLogged(logged))
}

type moveBack struct {
	partArg    `embed:""`
	moveFlags  `embed:""`
	photoFlags `embed:""`
	wayFlags   `embed:""`
}

func (m moveBack) Run(c *call) error {
	if err := m.photoFlags.of(m.Part); err != nil {
		return err
	}
	if m.Part == partDatabase {
		return moveDatabase{m.moveFlags, m.wayFlags}.back(c)
	}
	if m.WayBack.set {
		return errors.New("--way-back is for the database: sessions and photos have a way back anyway")
	}
	return c.plan(m.Part, m.workFlags, MoveOptions{WithoutMissing: m.WithoutMissing}, func(ctx context.Context, p *move.Plan, out *moveOutput) error {
		row, err := p.Mover.Row(ctx)
		if err != nil {
			return err
		}
		if row == nil {
			return fmt.Errorf("the %s have never been moved", p.What)
		}
		phase, back := move.Phase(row.Phase), move.ParsePartProgress(*row).Back
		source, target := row.Target, row.Source
		switch {
		case move.HasMoved(*row):
			if back { // by a command that was asked before
				return again(ctx, p, out, m.moveFlags, *row)
			}
		case back && (phase == move.PhaseReading || phase == move.PhaseWriting):
			source, target = row.Source, row.Target // it goes on
		default:
			return fmt.Errorf("the %s have not moved: tintype move status shows where they are", p.What)
		}
		if !(p.Own == source && p.Next == target || p.Own == target && p.Next == source) {
			return fmt.Errorf("the way back leads from %s to %s: name the one that is not the setting in %s, on all processes of the site", source, target, p.Mover.Setting)
		}
		p.Mover.Back = true
		return runMove(ctx, p, out, m.moveFlags, source, target, row)
	})
}

type moveFinish struct {
	partArg      `embed:""`
	workFlags    `embed:""`
	photoFlags   `embed:""`
	DeleteSource bool   `help:"Photos: delete them in the place that they have left, after everything was compared once more."`
	Force        string `placeholder:"PLACE" help:"Database: finish without this one, which is lost for good."`
}

func (m moveFinish) Run(c *call) error {
	if m.Force != "" && m.Part != partDatabase {
		return errors.New("--force is for the database")
	}
	if err := m.photoFlags.of(m.Part); err != nil {
		return err
	}
	switch {
	case m.DeleteSource && m.Part == partDatabase:
		return errors.New("--delete-source is for photos: remove the database that the site has left by hand")
	case m.DeleteSource && m.Part != move.PartMedia:
		return errors.New("--delete-source is for photos: the place that sessions have left is emptied anyway")
	case m.Part == partDatabase:
		return finishDatabase(c, m.workFlags, m.Force)
	}
	return c.plan(m.Part, m.workFlags, MoveOptions{WithoutMissing: m.WithoutMissing, DeleteSource: m.DeleteSource}, func(ctx context.Context, p *move.Plan, out *moveOutput) error {
		if m.DryRun {
			return out.say("finish gives up the place that the %s have left. Nothing was begun.", p.What)
		}
		if err := p.Mover.Finish(ctx); err != nil {
			return err
		}
		row, err := p.Mover.Row(ctx)
		if err != nil {
			return err
		}
		if err := p.Log(ctx, community.EntryByCommand(community.FinishMove, m.Reason, p.What+" from "+row.Source+" to "+row.Target)); err != nil {
			return notLogged(err)
		}
		if m.Part == move.PartMedia && !m.DeleteSource {
			return out.say("The move of the %s from %s to %s is finished. %s still has copies, also of what people delete from now on: once you need them no more, `tintype move finish media --delete-source` compares everything and deletes them.", p.What, row.Source, row.Target, row.Source)
		}
		return out.say("The move of the %s from %s to %s is finished, and %s is empty.", p.What, row.Source, row.Target, row.Source)
	})
}

type moveAbort struct {
	partArg   `embed:""`
	workFlags `embed:""`
	Force     string `placeholder:"PLACE" help:"Database: give up without this one, which is lost for good."`
	Restored  bool   `help:"Database: DATABASE_URL was restored from a backup of a database that was being moved. What the move has left there goes."`
}

func (m moveAbort) Run(c *call) error {
	if m.Force != "" && m.Part != partDatabase {
		return errors.New("--force is for the database")
	}
	switch {
	case m.Restored && m.Part != partDatabase:
		return errors.New("--restored is for the database")
	case m.Restored && m.Force != "":
		return errors.New("a restored database is the only one: leave --force out")
	case m.Part == partDatabase:
		return abortDatabase(c, m.workFlags, m.Force, m.Restored)
	}
	return c.plan(m.Part, m.workFlags, MoveOptions{}, func(ctx context.Context, p *move.Plan, out *moveOutput) error {
		if m.DryRun {
			return out.say("abort leaves the %s where they were. Nothing was begun.", p.What)
		}
		before, err := p.Mover.Row(ctx)
		if err != nil {
			return err
		}
		if err := p.Mover.Abort(ctx, func(ctx context.Context) error { return p.Ready(ctx, before.Target, before.Source, before.Source) }); err != nil {
			return err
		}
		if err := p.Log(ctx, community.EntryByCommand(community.AbortMove, m.Reason, p.What+" from "+before.Source+" to "+before.Target)); err != nil {
			return notLogged(err)
		}
		return out.say("The %s are in %s, as before.", p.What, before.Source)
	})
}

type moveStatus struct {
	JSON bool `name:"json" help:"As JSON: an object with moves."`
}

// moveEntry is a move for programs.
type moveEntry struct {
	Part     string            `json:"part"`
	Phase    string            `json:"phase"`
	Source   string            `json:"source"`
	Target   string            `json:"target"`
	InCharge string            `json:"in_charge"`
	Mover    string            `json:"mover"` // "" where nobody is at work
	Silent   int64             `json:"silent_ms"`
	Progress move.PartProgress `json:"progress"`
}

func entryOf(r move.Row) moveEntry {
	return moveEntry{r.Part, r.Phase, r.Source, r.Target, move.InCharge(r), r.Mover, r.AgeMs, move.ParsePartProgress(r)}
}

func (s moveStatus) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	cfg = cfg.Quiet()
	plans, closeAll, err := c.program.Moves(c, cfg, c.logger(cfg), MoveOptions{Workers: 1})
	if err != nil {
		return err
	}
	var entries []moveEntry
	var lines []string
	for _, part := range []string{"sessions", move.PartMedia} {
		p := plans[part]
		row, err := p.Mover.Row(c)
		if err != nil {
			return errors.Join(err, closeAll())
		}
		if row == nil {
			lines = append(lines, fmt.Sprintf("The %s are in %s and have never been moved.", p.What, p.Own))
			continue
		}
		entries = append(entries, entryOf(*row))
		lines = append(lines, move.Describe(*row))
	}
	database, back, err := describeDatabase(c, c)
	if err != nil {
		return errors.Join(err, closeAll())
	}
	if database != nil {
		lines = append(lines, database.Text)
	} else {
		lines = append(lines, fmt.Sprintf("The database is in %s, and DATABASE_NEXT names no other.", cfg.Database))
	}
	if s.JSON {
		err = writeJSON(c.env.Stdout, map[string]any{"moves": append([]moveEntry{}, entries...), "database": database, "way_back": back})
	} else {
		_, err = fmt.Fprintln(c.env.Stdout, strings.Join(lines, "\n"))
	}
	return errors.Join(err, closeAll())
}

// moveEvery is how often a move says how far it is where nobody watches.
const moveEvery = 10 * time.Second

// moveOutput says how far a move is: on a terminal by a bar in one line that changes, in a pipe every now and then, for programs
// an object a line.
type moveOutput struct {
	mu    sync.Mutex
	w     io.Writer
	json  bool
	meter *meter
	plan  *move.Plan
	step  int64
	last  time.Time
}

func newMoveOutput(w io.Writer, asJSON bool) *moveOutput {
	o := &moveOutput{w: w, json: asJSON}
	if !asJSON {
		o.meter = newMeter(w)
	}
	return o
}

// announce says in a few lines what is going to be done.
func (o *moveOutput) announce(ctx context.Context, p *move.Plan, source, target string, goesOn bool) error {
	o.plan = p
	n, err := p.Mover.Work.Count(ctx, source)
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", source, err)
	}
	size := move.MediaSize{Files: n}
	if p.Size != nil {
		if size, err = p.Size(ctx, source); err != nil {
			return fmt.Errorf("%s cannot be listed: %w", source, err)
		}
	}
	takes := p.Takes(ctx, source, target, n, size.Files, size.Bytes)
	if o.json {
		return o.object(map[string]any{"event": "begin", "part": p.Mover.Part, "source": source, "target": target, "count": n, "bytes": size.Bytes, "takes_ms": takes.Milliseconds(), "resumes": goesOn})
	}
	howLong := "how long that takes is not known"
	if takes > 0 {
		howLong = about(takes) + " in all"
	}
	verb := "Moves"
	if goesOn {
		verb = "Goes on with the move of"
	}
	fmt.Fprintf(o.w, "%s the %s of this site from %s to %s, while it runs.\n", verb, p.What, source, target)
	if p.Size == nil {
		fmt.Fprintf(o.w, "There are %d. Each takes a read and a write, and each of three steps waits a few seconds for all processes: %s.\n", n, howLong)
	} else {
		fmt.Fprintf(o.w, "There are %d sets of files, %s in %d files. Each file is read, written and read once more, at the pace that the two places allow: %s.\n", n, config.FormatSize(size.Bytes), size.Files, howLong)
	}
	fmt.Fprintf(o.w, "Needed: every process of the site has both places (%s). %s\n", p.Mover.Setting, p.Promise)
	_, err = fmt.Fprintf(o.w, "Back: %s.\n", p.Cost)
	return err
}

func (o *moveOutput) say(format string, args ...any) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if o.json {
		return o.object(map[string]any{"event": "end", "text": text})
	}
	o.meter.end()
	_, err := fmt.Fprintln(o.w, text)
	return err
}

// moved says what to write into the settings.
func (o *moveOutput) moved(p *move.Plan, r move.Row) error {
	settings := p.Settings(r.Target)
	if o.json {
		return o.object(map[string]any{"event": "moved", "move": entryOf(r), "settings": settings})
	}
	if move.Phase(r.Phase) == move.PhaseFinished {
		return o.say("The %s are in %s. The settings for it, on all processes:\n  %s", p.What, r.Target, strings.Join(settings, "\n  "))
	}
	return o.say("The %s are in %s. Write into the settings of all processes, at leisure:\n  %s\n  %s=%s\nUntil `tintype move finish %s`, `tintype move back %s` brings them back.",
		p.What, r.Target, strings.Join(settings, "\n  "), p.Mover.Setting, r.Source, r.Part, r.Part)
}

func (o *moveOutput) object(v any) error {
	e := json.NewEncoder(o.w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (o *moveOutput) report(r move.Row, now move.PartProgress) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.plan == nil {
		return
	}
	text := move.DescribeWork(r, now)
	switch changed := r.Step != o.step; {
	case o.meter != nil:
		if now.Pass > 0 && now.Total > 0 {
			o.meter.bar(float64(now.Done)/float64(now.Total), text)
		} else {
			o.meter.step(text)
		}
	case !changed && time.Since(o.last) < moveEvery:
		return
	case o.json:
		r.AgeMs = 0
		entry := entryOf(r)
		entry.Progress = now
		_ = o.object(map[string]any{"event": "progress", "move": entry}) // who does not read has gone
	default:
		fmt.Fprintln(o.w, text)
	}
	o.step, o.last = r.Step, time.Now()
}

func (o *moveOutput) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.meter.end()
}

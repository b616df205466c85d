package command

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/move"
	"tintype/internal/store"
)

// partDatabase is the part that moves by itself, and not as sessions and photos do.
const partDatabase = "database"

type moveDatabase struct {
	moveFlags `embed:""`
	wayFlags  `embed:""`
}

// wayFlags are those of moves of the database.
type wayFlags struct {
	WayBack wayBack `placeholder:"24h" help:"The database: keep the one that the site leaves up with what is written, for a day, or for so long as in --way-back=6h. Then move back has nothing to copy. It costs each write a line in a log."`
}

// wayBack is the value of --way-back, which may be left out.
type wayBack struct {
	set   bool
	lasts time.Duration
}

// IsBool tells the parser that the flag may stand alone.
func (*wayBack) IsBool() bool { return true }

// Decode reads a duration.
func (w *wayBack) Decode(ctx *kong.DecodeContext) error {
	w.set, w.lasts = true, move.WayBackLasts
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Minute {
		return fmt.Errorf("%q is not a time of a minute or more, such as 24h", text)
	}
	w.lasts = d
	return nil
}

// wait is how long the flag asks for, 0 where it was not set.
func (w wayBack) wait() time.Duration { return w.lasts }

// databases are the two that a site can move between.
type databases struct {
	source, target *store.Place // the source is in charge
	settings       [2]config.Database
	replicas       [2][]string // of both settings
	swapped        bool        // the source is the one of DATABASE_NEXT
}

func (d *databases) close() error { return errors.Join(d.source.Close(), d.target.Close()) }

// databases opens both, DATABASE_NEXT after prepare, if that is not nil.
func (c *call) databases(ctx context.Context, prepare func(context.Context, store.Options) error) (*databases, error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	if cfg.DatabaseNext == nil {
		return nil, errors.New("DATABASE_NEXT is not set: it names the database to move to, on all processes of the site")
	}
	d := &databases{settings: [2]config.Database{cfg.Database, *cfg.DatabaseNext}, replicas: [2][]string{cfg.Replicas.Shown(), cfg.ReplicasNext.Shown()}}
	if prepare != nil {
		if err := prepare(ctx, store.Options{URL: cfg.DatabaseNext.URL.Value}); err != nil {
			return nil, fmt.Errorf("DATABASE_NEXT: %w", err)
		}
	}
	if d.source, err = store.OpenPlace(ctx, store.Options{URL: cfg.Database.URL.Value}); err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if d.target, err = store.OpenPlace(ctx, store.Options{URL: cfg.DatabaseNext.URL.Value}); err != nil {
		return nil, errors.Join(fmt.Errorf("DATABASE_NEXT: %w", err), d.source.Close())
	}
	g, err := d.source.Gate(ctx)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	if g.Mode == store.GateMoved || g.Mode == store.GateFilling {
		d.source, d.target, d.swapped = d.target, d.source, true
	}
	return d, nil
}

func (m moveDatabase) Run(c *call) error { return m.move(c, false) }

// back moves the database to where it came from.
func (m moveDatabase) back(c *call) error { return m.move(c, true) }

func (m moveDatabase) move(c *call, back bool) error {
	if m.Workers > 1 {
		return errors.New("the database is copied in order, by one worker: leave --workers out")
	}
	ctx, stop := signal.NotifyContext(c, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	prepare := m.makeSchema
	if m.DryRun || back {
		prepare = nil
	}
	d, err := c.databases(ctx, prepare)
	if err != nil {
		return err
	}
	return errors.Join(m.run(ctx, c, d, back), d.close())
}

// makeSchema gives the database to move to the schema. One that has rows under another schema is somebody's: it stays as it is.
func (m moveDatabase) makeSchema(ctx context.Context, next store.Options) error {
	migrator := store.NewMigrator(next)
	state, err := migrator.State(ctx)
	if err != nil || state.Usable() == nil {
		return err
	}
	p, err := store.OpenPlace(ctx, next)
	if err != nil {
		return err
	}
	g, err := p.Gate(ctx)
	table := ""
	if err == nil && g.Mode == store.GateOpen {
		table, err = p.Occupied(ctx)
	}
	if err := errors.Join(err, p.Close()); err != nil {
		return err
	}
	if table != "" && m.Empty != p.Name() {
		return &move.NotEmptyError{Place: p.Name(), What: "its table " + table + " has rows, under the schema of another release or program"}
	}
	if err := migrator.Up(ctx); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	return nil
}

// run moves the database; back tells that it is to go to the place that it has left.
func (m moveDatabase) run(ctx context.Context, c *call, d *databases, back bool) error {
	out := newDatabaseOutput(c.env.Stdout, m.JSON)
	from, err := d.source.Move(ctx)
	if err != nil {
		return err
	}
	to, err := d.target.Move(ctx)
	if err != nil {
		return err
	}
	gate, err := d.target.Gate(ctx)
	if err != nil {
		return err
	}
	own, err := d.source.Gate(ctx)
	if err != nil {
		return err
	}
	if own.Mode != store.GateOpen && own.Mode != store.GateMoved && gate.Mode == store.GateMoved && from.ID == to.ID {
		// It is decided, and the place in charge does not take writes yet: that move goes on.
		d.source, d.target, d.swapped = d.target, d.source, !d.swapped
		from, to, own, gate = to, from, gate, own
	}
	goesBack, err := move.OnTheWayBack(ctx, d.source)
	if err != nil {
		return err
	}
	same := from.ID != "" && from.ID == to.ID
	resumes := goesBack || same && (gate.Mode == store.GateFilling && from.Logs || gate.Mode != store.GateMoved && own.Mode == store.GateMoved)
	left := !resumes && (gate.Mode == store.GateMoved || gate.Mode == store.GateFilling && gate.Generation > 0 && (same || to.ID == ""))
	cheap := goesBack || back && from.WayBack && m.Empty == ""
	empties := !resumes && m.Empty != ""
	switch {
	case left && !back && (m.Empty == "" || m.Empty == d.source.Name()): // by a command that was typed before
		return out.moved(ctx, d)
	case cheap && m.Rate != 0:
		return errors.New("nothing is copied on this way back: leave --rate out")
	case m.Empty != "" && m.Empty != d.target.Name():
		return fmt.Errorf("--empty names %s, and the database would move to %s", m.Empty, d.target.Name())
	case resumes, cheap:
	case back && !left:
		return fmt.Errorf("the database has not moved: it is in %s", d.source.Name())
	case back && !empties:
		return fmt.Errorf("%s has the site as it was when it left: the way back copies everything again. Add --empty=%s to have it emptied first", d.target.Name(), d.target.Name())
	}
	if err := out.say("begin", map[string]any{"source": d.source.Name(), "target": d.target.Name(), "resumes": resumes, "way_back": cheap},
		"%s the database of this site from %s to %s, while it runs.", map[bool]string{false: "Moves", true: "Goes on with the move of"}[resumes], d.source.Name(), d.target.Name()); err != nil {
		return err
	}
	if resumes && !cheap {
		if out.total, err = d.source.AboutRows(ctx); err != nil {
			return err
		}
	}
	if resumes && m.Empty != "" {
		if err := out.say("resumes", nil, "What is in %s is this move's, and stays.", d.target.Name()); err != nil {
			return err
		}
	}
	if !resumes {
		found, err := out.check(ctx, d, move.CheckOptions{Back: cheap, Empty: empties, Rate: m.Rate})
		if err != nil {
			return err
		}
		if err := out.plan(d, found, m.WayBack, cheap, empties); err != nil {
			return err
		}
	}
	if m.DryRun {
		return out.say("end", nil, "Everything is ready. Nothing was begun.")
	}
	if empties {
		if left {
			if err := move.EndWayBack(ctx, d.source, d.target, "everything was to be copied again"); err != nil {
				return err
			}
		}
		if err := move.Clear(ctx, d.source, d.target); err != nil {
			return err
		}
	}
	what := "database from " + d.source.Name() + " to " + d.target.Name()
	if own.Mode == store.GateOpen { // else the row of the run before stands there
		if err := d.source.AddAdminEntry(ctx, community.EntryByCommand(community.BeginMove, m.Reason, what)); err != nil {
			return notLogged(err)
		}
	}
	began := time.Now()
	run := move.NewDatabase(move.DatabaseOptions{Source: d.source, Target: d.target, Rate: m.Rate, Progress: out.progress, Back: cheap, WayBack: m.WayBack.wait(), Check: func(ctx context.Context) error {
		return move.CheckProcesses(ctx, d.source, d.target, time.Since(began) > move.ProofAfter)
	}})
	if err := run.Prepare(ctx); err != nil {
		return err
	}
	if err := run.Run(ctx); err != nil {
		return err
	}
	if err := out.figures(time.Since(began), run.Held); err != nil {
		return err
	}
	d.source, d.target, d.swapped = d.target, d.source, !d.swapped
	logged := d.source.AddAdminEntry(ctx, community.EntryByCommand(community.EndMove, m.Reason, what))
	return errors.Join(out.moved(ctx, d), notLogged(logged))
}

// finishDatabase removes what the move has made.
func finishDatabase(c *call, f workFlags, force string) error {
	if err := f.ofDatabase(); err != nil {
		return err
	}
	if f.DryRun {
		return newDatabaseOutput(c.env.Stdout, f.JSON).say("end", nil, "finish removes what the move has made in both databases, and ends the way back that copies nothing. Nothing was begun.")
	}
	if force != "" {
		return c.alone(f.JSON, force, func(p *store.Place, lost string, out *databaseOutput) error {
			opened, err := move.FinishAlone(c, p)
			if err != nil {
				return err
			}
			if err := p.AddAdminEntry(c, community.EntryByCommand(community.FinishMove, f.Reason, "database in "+p.Name()+", without "+lost)); err != nil {
				return notLogged(err)
			}
			if !opened {
				return out.say("end", nil, "The move is finished without %s. The database is in %s: make it DATABASE_URL, and leave DATABASE_NEXT out.", lost, p.Name())
			}
			return out.say("end", nil, "The site is in %s now: make it DATABASE_URL, and leave DATABASE_NEXT out. It has what was copied and brought here; what was written last in %s may be missing, and nobody knows how much. Never start the site from that one again: it may take itself for the site's database.",
				p.Name(), lost)
		})
	}
	return c.withDatabases(f.JSON, func(d *databases, out *databaseOutput) error {
		if err := move.Finish(c, d.target, d.source); err != nil {
			return err
		}
		if err := d.source.AddAdminEntry(c, community.EntryByCommand(community.FinishMove, f.Reason, "database from "+d.target.Name()+" to "+d.source.Name())); err != nil {
			return notLogged(err)
		}
		return out.say("end", nil, "The move is finished. The database is in %s; %s still says so, and has the rows from before.", d.source.Name(), d.target.Name())
	})
}

// abortDatabase gives up a move that is under way.
func abortDatabase(c *call, f workFlags, force string, restored bool) error {
	if err := f.ofDatabase(); err != nil {
		return err
	}
	if restored {
		return c.restored(f)
	}
	if f.DryRun {
		return newDatabaseOutput(c.env.Stdout, f.JSON).say("end", nil, "abort leaves the database where it was, and empties the other one, unless that is kept up. Nothing was begun.")
	}
	if force != "" {
		return c.alone(f.JSON, force, func(p *store.Place, lost string, out *databaseOutput) error {
			if err := move.AbortAlone(c, p); err != nil {
				return err
			}
			if err := p.AddAdminEntry(c, community.EntryByCommand(community.AbortMove, f.Reason, "database in "+p.Name()+", without "+lost)); err != nil {
				return notLogged(err)
			}
			return out.say("end", nil, "The database is in %s, as before: leave DATABASE_NEXT out. What is in %s stays there.", p.Name(), lost)
		})
	}
	return c.withDatabases(f.JSON, func(d *databases, out *databaseOutput) error {
		if err := move.Abort(c, d.source, d.target); err != nil {
			return err
		}
		if err := d.source.AddAdminEntry(c, community.EntryByCommand(community.AbortMove, f.Reason, "database from "+d.source.Name()+" to "+d.target.Name())); err != nil {
			return notLogged(err)
		}
		return out.say("end", nil, "The database is in %s, as before.", d.source.Name())
	})
}

func (c *call) withDatabases(asJSON bool, f func(*databases, *databaseOutput) error) error {
	d, err := c.databases(c, nil)
	if err != nil {
		return err
	}
	return errors.Join(f(d, newDatabaseOutput(c.env.Stdout, asJSON)), d.close())
}

// aloneTime is how long a database is asked that may be lost.
const aloneTime = 10 * time.Second

// alone calls f with the one of the two databases that answers. Lost is the other one's address. Where both answer it
// is an error: each can be asked.
func (c *call) alone(asJSON bool, named string, f func(p *store.Place, lost string, out *databaseOutput) error) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseNext == nil {
		return errors.New("DATABASE_NEXT is not set: the two databases of the move have to be named, also the one that is lost")
	}
	settings := []config.Database{cfg.Database, *cfg.DatabaseNext}
	var places []*store.Place
	var lost string
	var failures []error
	for _, s := range settings {
		opening, cancel := context.WithTimeout(c, aloneTime) // a server may take connections and say nothing
		p, err := store.OpenPlace(opening, store.Options{URL: s.URL.Value})
		cancel()
		if err != nil {
			lost, failures = s.String(), append(failures, err)
			continue
		}
		defer p.Close()
		places = append(places, p)
	}
	switch {
	case len(places) == 2:
		return errors.New("both databases answer: leave --force out, which is for one that is lost for good")
	case len(places) == 0:
		return errors.Join(failures...)
	case named != lost:
		return fmt.Errorf("%s does not answer (%w), and --force names %s: if it is lost for good, and no process of the site reaches it any more, add --force=%s", lost, failures[0], named, lost)
	}
	return f(places[0], lost, newDatabaseOutput(c.env.Stdout, asJSON))
}

// restored has the database take part in no move that was restored from a backup.
func (c *call) restored(f workFlags) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	if cfg.DatabaseNext != nil {
		return errors.New("DATABASE_NEXT is set: leave it out, because a restored database stands alone")
	}
	p, err := store.OpenPlace(c, store.Options{URL: cfg.Database.URL.Value})
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	out := newDatabaseOutput(c.env.Stdout, f.JSON)
	if f.DryRun {
		return errors.Join(out.say("end", nil, "abort --restored removes from %s what a move has left there. Nothing was begun.", p.Name()), p.Close())
	}
	if err := move.AbortRestored(c, p); err != nil {
		return errors.Join(err, p.Close())
	}
	if err := p.AddAdminEntry(c, community.EntryByCommand(community.AbortMove, f.Reason, "database in "+p.Name()+", which was restored")); err != nil {
		return errors.Join(notLogged(err), p.Close())
	}
	return errors.Join(out.say("end", nil, "The site is in %s alone, which takes part in no move any more.", p.Name()), p.Close())
}

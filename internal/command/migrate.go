package command

import (
	"errors"
	"fmt"

	"tintype/internal/store"
)

type migrateGroup struct {
	Up     migrateUp     `cmd:"" help:"Bring the schema to what this release needs."`
	Down   migrateDown   `cmd:"" help:"Take back the newest migrations, with the data they hold."`
	Status migrateStatus `cmd:"" help:"List the migrations."`
}

type migrateUp struct{}

func (migrateUp) Run(c *call) error {
	m, err := c.migrator()
	if err != nil {
		return err
	}
	waits := func(why error) { fmt.Fprintf(c.env.Stderr, "Waits: %v.\n", why) }
	if err := m.UpAfterMove(c, waits); err != nil {
		return err
	}
	state, err := m.State(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.env.Stdout, "The schema is at version %d.\n", state.Version)
	return err
}

type migrateDown struct {
	Count int  `arg:"" default:"1" help:"How many migrations."`
	Yes   bool `help:"Yes, lose what these migrations hold."`
	Force bool `help:"Do so under a site that runs."`
}

func (d migrateDown) Run(c *call) error {
	if d.Count < 1 {
		return errors.New("how many migrations? At least 1")
	}
	if !d.Yes {
		return fmt.Errorf("this drops %d migration(s) with the data in them; make a backup, then add --yes", d.Count)
	}
	m, err := c.migrator()
	if err != nil {
		return err
	}
	if err := m.Down(c, d.Count, d.Force); err != nil {
		if _, ok := errors.AsType[*store.InUseError](err); ok {
			return fmt.Errorf("%w, or add --force", err)
		}
		return err
	}
	state, err := m.State(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.env.Stdout, "The schema is at version %d.\n", state.Version)
	return err
}

type migrateStatus struct{}

func (migrateStatus) Run(c *call) error {
	m, err := c.migrator()
	if err != nil {
		return err
	}
	steps, state, err := m.Status(c)
	if err != nil {
		return err
	}
	for _, s := range steps {
		applied := "missing"
		if s.Applied {
			applied = "applied"
		}
		fmt.Fprintf(c.env.Stdout, "%6d  %-8s %s\n", s.Version, applied, s.Name)
	}
	if err := state.Usable(); err != nil {
		fmt.Fprintln(c.env.Stdout, err)
	}
	return nil
}

func (c *call) migrator() (*store.Migrator, error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	return c.program.Migrator(cfg, c.logger(cfg)), nil
}

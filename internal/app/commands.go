package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"tintype/internal/config"
	"tintype/internal/store"
	"tintype/internal/web"
)

// Exit statuses.
const (
	statusFailure = 1
	statusUsage   = 2
)

// Environment is what a program finds around itself.
type Environment struct {
	Args    []string // without the program's name
	Lookup  func(string) (string, bool)
	Environ []string
	Stdout  io.Writer
	Stderr  io.Writer
}

// commands are what the program does; each Run method is one of them.
type commands struct {
	Serve   serveCommand  `cmd:"" default:"1" help:"Serve the site. This is what the program does without a command."`
	Migrate migrateGroup  `cmd:"" help:"Change the database's schema."`
	Setup   setupGroup    `cmd:"" help:"Make what the site stands on, where the rights allow it."`
	Assets  assetsGroup   `cmd:"" help:"Bring scripts and styles to where STATIC_BASE_URL serves them from."`
	Account accountGroup  `cmd:"" help:"Let people in, help them, shut them out."`
	Jobs    jobsGroup     `cmd:"" help:"Look after background jobs."`
	Backup  backupGroup   `cmd:"" help:"Keep copies of a site on SQLite, and bring one back."`
	Demo    demoCommand   `cmd:"" help:"Fill the site with made-up members and posts."`
	Config  configCommand `cmd:"" help:"Show the settings in force, secrets hidden."`
	Doctor  doctorCommand `cmd:"" help:"Try everything that the settings name, and say what is wrong."`
	Health  healthCommand `cmd:"" help:"Ask the site that runs on this machine whether it is alive, for containers and scripts."`
	Version versionCmd    `cmd:"" help:"Show the release."`
}

// A call is one command being run.
type call struct {
	context.Context
	env Environment
}

// Main runs the command that the arguments name and returns the exit status.
func Main(ctx context.Context, env Environment) (status int) {
	type exited int
	defer func() {
		// kong leaves by its exit function after --help.
		if e := recover(); e != nil {
			code, ok := e.(exited)
			if !ok {
				panic(e)
			}
			status = int(code)
		}
	}()
	var c commands
	parser, err := kong.New(&c,
		kong.Name("tintype"),
		kong.Description("A photo community in one binary."),
		kong.Writers(env.Stdout, env.Stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.UsageOnError(),
		kong.Help(helpWithSettings),
	)
	if err != nil {
		panic(err) // the struct above is wrong
	}
	parsed, err := parser.Parse(env.Args)
	if err != nil {
		fmt.Fprintf(env.Stderr, "tintype: %v; see tintype --help\n", err)
		return statusUsage
	}
	if err := parsed.Run(&call{ctx, env}); err != nil {
		fmt.Fprintf(env.Stderr, "tintype: %v\n", err)
		var configErr *configError
		if errors.As(err, &configErr) {
			return statusUsage
		}
		return statusFailure
	}
	return 0
}

// configError is everything that is wrong with the settings.
type configError struct{ err error }

func (e *configError) Error() string { return "the settings are wrong:\n" + e.err.Error() }
func (e *configError) Unwrap() error { return e.err }

func (c *call) config() (*config.Config, error) {
	cfg, err := config.Load(c.env.Lookup, c.env.Environ)
	if err != nil {
		return nil, &configError{err}
	}
	return cfg, nil
}

type serveCommand struct{}

func (serveCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(c, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// The first signal asks; a second one, no longer caught, ends the process.
	context.AfterFunc(ctx, stop)
	return New(cfg, newLogger(c.env.Stderr, cfg), c.env.Stdout).Run(ctx)
}

type healthCommand struct {
	Ready bool `help:"Ask whether it is ready to be sent requests, not only alive."`
}

func (h healthCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	port, host := cfg.Port, cfg.ListenAddr
	if cfg.TLS() {
		port = cfg.HTTPPort
	}
	if host == "" {
		host = "127.0.0.1"
	}
	path := "/livez"
	if h.Ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(c, 5*time.Second)
	defer cancel()
	address := web.OwnAddress(&net.TCPAddr{IP: net.ParseIP(host), Port: port})
	return web.Alive(ctx, &http.Client{Transport: &http.Transport{}}, "http://"+address+path) // by no proxy of HTTP_PROXY's
}

type versionCmd struct{}

func (versionCmd) Run(c *call) error {
	_, err := fmt.Fprintln(c.env.Stdout, build())
	return err
}

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
	if err := m.Up(c); err != nil {
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
	if err := m.Down(c, d.Count); err != nil {
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
	return store.NewMigrator(drivers{cfg: cfg, log: newLogger(c.env.Stderr, cfg)}.storeOptions()), nil
}

// Package command is the command line. It reads arguments and settings, and leaves
// to the Program what a site is and how its parts are opened.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/backup"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/doctor"
	"tintype/internal/ladder"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/store"
)

// Exit statuses beside 0.
const (
	StatusFailure = 1
	StatusUsage   = 2
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
	Serve        serveCommand      `cmd:"" default:"1" help:"Serve the site. This is what the program does without a command."`
	Migrate      migrateGroup      `cmd:"" help:"Change the database's schema."`
	Setup        setupGroup        `cmd:"" help:"Make what the site stands on, where the rights allow it."`
	Assets       assetsGroup       `cmd:"" help:"Bring scripts and styles to where STATIC_BASE_URL serves them from."`
	Site         siteGroup         `cmd:"" help:"Show and change what the site says of itself, whom it lets in and what it grants."`
	Account      accountGroup      `cmd:"" help:"Let people in, help them, shut them out."`
	Report       reportGroup       `cmd:"" help:"Decide what members have reported."`
	Post         postGroup         `cmd:"" help:"Remove what members have posted."`
	Log          logCommand        `cmd:"" help:"Show the log of administration: who did what to whom, why and when."`
	Jobs         jobsGroup         `cmd:"" help:"Look after background jobs."`
	Media        mediaGroup        `cmd:"" help:"Look after the files of photos."`
	Mail         mailGroup         `cmd:"" help:"Look after the site's mail."`
	Move         moveGroup         `cmd:"" help:"Move a part of the site to another place while people use it."`
	Ladder       ladderCommand     `cmd:"" help:"Show which rung each part of the site is on, and advise whether to climb."`
	Backup       backupGroup       `cmd:"" help:"Keep copies of a site on SQLite, and bring one back."`
	Demo         demoCommand       `cmd:"" help:"Fill the site with made-up members and posts."`
	Config       configCommand     `cmd:"" help:"Show the settings in force, secrets hidden."`
	Doctor       doctorCommand     `cmd:"" help:"Try everything that the settings name, and say what is wrong."`
	Health       healthCommand     `cmd:"" help:"Ask the site that runs on this machine whether it is alive, for containers and scripts."`
	Version      versionCmd        `cmd:"" help:"Show the release."`
	Invitation   invitationGroup   `cmd:"" help:"Invite people, and see who came."`
	Announcement announcementGroup `cmd:"" help:"Tell every member something."`
	Held         heldGroup         `cmd:"" help:"Decide about posts that wait for a moderator."`
	Block        blockGroup        `cmd:"" help:"Keep out e-mail domains and networks, and hold posts with certain words."`
}

// A Program is what the commands are about: a site, and what opens parts of it as
// the settings say.
type Program struct {
	Version string // the release
	// LogHandler adds to h what is known of the request that a line belongs to.
	LogHandler func(h slog.Handler) slog.Handler
	// Serve runs the site until ctx ends. Out gets the lines for whoever started it.
	Serve func(ctx context.Context, cfg *config.Config, log *slog.Logger, out io.Writer) error
	// Alive asks the site that runs on this machine whether it is alive, or ready.
	Alive func(ctx context.Context, cfg *config.Config, ready bool) error
	// Community opens the site for one command, beside a server that may run.
	Community func(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *community.Community, closeAll func() error, err error)
	Migrator  func(cfg *config.Config, log *slog.Logger) *store.Migrator
	// AWS loads what clients of AWS go by.
	AWS func(ctx context.Context, cfg *config.Config, log *slog.Logger) (aws.Config, error)
	// BackupArchive opens where backups are kept: a folder, s3://bucket/prefix, or BACKUP_TO for "".
	BackupArchive func(ctx context.Context, cfg *config.Config, log *slog.Logger, where string) (backup.Archive, error)
	// Moves opens the parts of the site that can be moved, by name.
	Moves func(ctx context.Context, cfg *config.Config, log *slog.Logger, o MoveOptions) (_ map[string]*move.Plan, closeAll func() error, err error)
	// Day reads what the processes of the site have measured in the last day.
	Day func(ctx context.Context, cfg *config.Config, log *slog.Logger) (*ladder.Day, error)
	// MediaNext opens the other place of photos that the settings name, nil if they name none.
	MediaNext func(ctx context.Context, cfg *config.Config, log *slog.Logger) (media.Store, error)
	// Examine opens for the doctor what the settings name, each by itself.
	Examine func(ctx context.Context, cfg *config.Config) (_ *doctor.Diagnosis, closeAll func())
}

// A call is one command being run.
type call struct {
	context.Context
	env     Environment
	program Program
}

// Main runs the command that the arguments name and returns the exit status: 0,
// StatusFailure, or StatusUsage for arguments or settings that are wrong.
func Main(ctx context.Context, env Environment, program Program) (status int) {
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
		return StatusUsage
	}
	if err := parsed.Run(&call{ctx, env, program}); err != nil {
		fmt.Fprintf(env.Stderr, "tintype: %v\n", err)
		var configErr *configError
		if errors.As(err, &configErr) {
			return StatusUsage
		}
		return StatusFailure
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
	return c.program.Serve(ctx, cfg, c.logger(cfg), c.env.Stdout)
}

// alivePatience is how long the site may take to say that it is alive.
const alivePatience = 5 * time.Second

type healthCommand struct {
	Ready bool `help:"Ask whether it is ready to be sent requests, not only alive."`
}

func (h healthCommand) Run(c *call) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c, alivePatience)
	defer cancel()
	return c.program.Alive(ctx, cfg, h.Ready)
}

type versionCmd struct{}

func (versionCmd) Run(c *call) error {
	_, err := fmt.Fprintln(c.env.Stdout, build(c.program.Version))
	return err
}

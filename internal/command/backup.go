package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"tintype/internal/backup"
	"tintype/internal/community"
	"tintype/internal/config"
	"tintype/internal/store"
)

type backupGroup struct {
	Create  backupCreate  `cmd:"" help:"Make a backup while the site runs: the database, the photos on disk, the secret key, the certificates."`
	Verify  backupVerify  `cmd:"" help:"Restore a backup into a scratch folder (in TMPDIR), and compare everything."`
	Restore backupRestore `cmd:"" help:"Bring a backup back, into a new folder."`
}

// backupFlags are what the three commands share.
type backupFlags struct {
	JSON  bool `help:"Say what was done as JSON."`
	Quiet bool `short:"q" help:"Say nothing unless something is wrong."`
}

// backupRun is what the three commands need.
type backupRun struct {
	ctx     context.Context
	stop    func()
	open    func(ctx context.Context, cfg *config.Config, log *slog.Logger, where string) (backup.Archive, error)
	cfg     *config.Config
	key     *backup.Key
	log     *slog.Logger
	show    *meter
	out     io.Writer
	f       backupFlags
	release string
	kept    string // the backup that stays, whatever comes then
}

func (f backupFlags) begin(c *call) (*backupRun, error) {
	cfg, err := c.config()
	if err != nil {
		return nil, err
	}
	r := &backupRun{open: c.program.BackupArchive, cfg: cfg, log: c.logger(cfg), out: c.env.Stdout, release: c.program.Version, f: f}
	if r.key, err = backupKey(c, cfg); err != nil {
		return nil, err
	}
	if !f.Quiet {
		r.show = newMeter(c.env.Stderr)
	}
	r.ctx, r.stop = signal.NotifyContext(c, syscall.SIGTERM, syscall.SIGINT)
	// The first signal asks; a second one, no longer caught, ends the process.
	context.AfterFunc(r.ctx, r.stop)
	return r, nil
}

// end is deferred: it clears the progress and says plainly why something ended.
func (r *backupRun) end(err *error) {
	r.show.end()
	if r.ctx.Err() != nil && *err != nil && r.kept != "" {
		*err = fmt.Errorf("interrupted; %s is there, and what comes after was not done: it was not read back, or older ones were not removed", r.kept)
	} else if r.ctx.Err() != nil && *err != nil {
		*err = errors.New("interrupted; nothing is left of it")
	} else if errors.Is(*err, syscall.ENOSPC) || errors.Is(*err, store.ErrDiskFull) || errors.Is(*err, backup.ErrFull) {
		*err = fmt.Errorf("the disk is full; nothing is left of it: %w", *err)
	}
	r.stop()
}

// logTime is how long the row of a backup may wait for others who write.
const logTime = 15 * time.Second

// logIn writes the row of an act into the log of administration of a database, unless the site is read-only. A backup counts
// without one: then it only says so.
func (r *backupRun) logIn(c *call, file string, act community.Act, reason, detail string) {
	if r.cfg.ReadOnly && act == community.CreateBackup {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), logTime)
	defer cancel()
	if err := store.AddAdminEntryToFile(ctx, file, community.EntryByCommand(act, reason, detail)); err != nil {
		r.show.end()
		fmt.Fprintf(c.env.Stderr, "tintype: %v\n", notLogged(err))
	}
}

// say writes the outcome, as a sentence or as JSON.
func (r *backupRun) say(document any, format string, args ...any) error {
	switch {
	case r.f.JSON:
		return json.NewEncoder(r.out).Encode(document)
	case r.f.Quiet:
		return nil
	}
	_, err := fmt.Fprintf(r.out, format+"\n", args...)
	return err
}

type backupCreate struct {
	To     string `help:"Where to, instead of BACKUP_TO: a folder, or s3://bucket/prefix."`
	Keep   int    `help:"Once the new backup is there and verified, keep this many and remove older ones. 0 keeps all." placeholder:"N"`
	Reason string `help:"Why, for the log."`
	backupFlags
}

// created is what create says as JSON.
type created struct {
	Backup    string           `json:"backup"`
	Bytes     int64            `json:"bytes"`
	Files     int              `json:"files"`
	Database  string           `json:"database"`
	Moving    string           `json:"moving,omitempty"`
	Photos    string           `json:"photos"`
	Rows      map[string]int64 `json:"rows"`
	Encrypted bool             `json:"encrypted"`
	Missing   []string         `json:"missing,omitempty"`
	Removed   []string         `json:"removed,omitempty"`
	Seconds   float64          `json:"seconds"`
}

func (b backupCreate) Run(c *call) (err error) {
	if b.Keep < 0 {
		return errors.New("how many backups to keep? At least 1, or 0 for all")
	}
	if err := config.CheckPath(b.To); err != nil {
		return fmt.Errorf("--to %w", err)
	}
	r, err := b.begin(c)
	if err != nil {
		return err
	}
	defer r.end(&err)
	file, err := databaseFile(r.ctx, r.cfg)
	if err != nil {
		return err
	}
	place, err := r.archive(b.To)
	if err != nil {
		return err
	}
	start := time.Now()
	m := &backupMaker{cfg: r.cfg, file: file, release: r.release, place: place, key: r.key, show: r.show}
	err = m.make(r.ctx)
	if m.written {
		r.kept = place.String() + "/" + m.name
	}
	if err != nil {
		if m.written {
			r.logIn(c, file, community.CreateBackup, b.Reason, r.kept+", not read back")
		}
		return err
	}
	done := created{
		Backup: r.kept, Bytes: m.size, Files: m.manifest.Files, Database: m.manifest.Database, Moving: m.manifest.Moving, Photos: m.manifest.Photos, Rows: m.manifest.Rows,
		Encrypted: r.key != nil, Missing: m.manifest.Missing,
	}
	// An older backup may have what is missing here.
	if b.Keep > 0 && len(done.Missing) == 0 {
		done.Removed, err = prune(r.ctx, place, m.name, b.Keep)
	}
	what := r.kept
	if n := len(done.Removed); n > 0 {
		what += fmt.Sprintf("; older ones removed: %d", n)
	}
	r.logIn(c, file, community.CreateBackup, b.Reason, what)
	if err != nil {
		return err
	}
	done.Seconds = time.Since(start).Seconds()
	r.show.end()
	if err := r.say(done, "%s: %s of %s, %d posts and comments, %d files, read back and found whole in %s.%s",
		done.Backup, config.FormatSize(done.Bytes), done.Database, done.Rows["posts"], done.Files, config.ShortDuration(time.Since(start).Round(100*time.Millisecond)), m.remarks()); err != nil {
		return err
	}
	if n := len(done.Missing); n > 0 {
		return fmt.Errorf("%d photo files that the database names are missing on this site, such as %s; the backup holds all else, and no older one was removed", n, done.Missing[0])
	}
	return nil
}

// remarks are what a backup does not hold, in sentences.
func (b *backupMaker) remarks() string {
	var s string
	if m := b.manifest; m.Moving != "" {
		s += fmt.Sprintf("\nThe site is on a move between %s and %s. The backup is of the first, in which the site is now, and knows nothing of the other.", m.Database, m.Moving)
	}
	if b.manifest.Photos == photosBucket {
		s += "\nThe photos are in a bucket and not part of it: the bucket's versioning stands in for a backup of them."
	}
	if b.manifest.SecretKey != "here" {
		s += "\nSECRET_KEY is a setting and not part of it: keep it with your settings."
	}
	return s
}

// prune keeps the newest backups of a place, the new one in any case.
func prune(ctx context.Context, place backup.Archive, fresh string, keep int) (removed []string, err error) {
	names, err := place.List(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range names[:max(0, len(names)-keep)] {
		if name == fresh {
			continue // the clock went back
		}
		if err := place.Remove(ctx, name); err != nil {
			return removed, err
		}
		removed = append(removed, name)
	}
	return removed, nil
}

type backupVerify struct {
	Backup string `arg:"" default:"latest" help:"A file, s3://bucket/prefix/FILE, or latest: the newest in BACKUP_TO."`
	backupFlags
}

// restored is what verify and restore say as JSON.
type restored struct {
	Backup  string    `json:"backup"`
	Into    string    `json:"into,omitempty"`
	Created time.Time `json:"created"`
	Release string    `json:"release"`
	Schema  uint      `json:"schema"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	// Database is where the database was from which the backup was made.
	Database string           `json:"database,omitempty"`
	Moving   string           `json:"moving,omitempty"`
	Photos   string           `json:"photos"`
	Rows     map[string]int64 `json:"rows"`
	Missing  []string         `json:"missing,omitempty"`
	Seconds  float64          `json:"seconds"`
}

func (b backupVerify) Run(c *call) (err error) {
	r, err := b.begin(c)
	if err != nil {
		return err
	}
	defer r.end(&err)
	start := time.Now()
	// All that the backup holds lies there in the clear: what a killed one left is removed by the next.
	scratch, err := backup.NewStagingDir(os.TempDir())
	if err != nil {
		return err
	}
	defer scratch.Close()
	m, name, err := r.restore(b.Backup, scratch.Dir)
	if err != nil {
		return err
	}
	r.show.end()
	text := fmt.Sprintf("%s of %s is whole: %s, %d posts and comments, %d files, schema %d.", name, m.Created.Format(time.RFC3339), config.FormatSize(m.Bytes), m.Rows["posts"], m.Files, m.Schema)
	if n := len(m.Missing); n > 0 {
		text += fmt.Sprintf("\n%d photo files were missing on the site already when it was made, such as %s.", n, m.Missing[0])
	}
	return r.say(outcome(m, name, "", start), "%s", text)
}

func outcome(m *backup.Manifest, name, into string, start time.Time) restored {
	return restored{
		Backup: name, Into: into, Created: m.Created, Release: m.Release, Schema: m.Schema, Files: m.Files, Bytes: m.Bytes,
		Database: m.Database, Moving: m.Moving, Photos: m.Photos, Rows: m.Rows, Missing: m.Missing, Seconds: time.Since(start).Seconds(),
	}
}

// restore writes a backup into an empty folder and checks all of it.
func (r *backupRun) restore(text, into string) (m *backup.Manifest, name string, err error) {
	place, name, err := r.find(text)
	if err != nil {
		return nil, "", err
	}
	in, size, err := place.Open(r.ctx, name)
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	name = place.String() + "/" + name
	r.show.start("restoring", size)
	if m, err = backup.Restore(r.ctx, r.show.reader(in), r.key, into); err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	r.show.step("checking the database")
	if err := checkRestored(r.ctx, into, m); err != nil {
		return nil, "", fmt.Errorf("%s: %w", name, err)
	}
	return m, name, nil
}

type backupRestore struct {
	Backup string `arg:"" help:"A file, s3://bucket/prefix/FILE, or latest: the newest in BACKUP_TO."`
	Reason string `help:"Why, for the log of the site that is brought back."`
	Into   string `required:"" placeholder:"FOLDER" help:"A folder that does not exist or is empty. Its contents are a DATA_DIR."`
	backupFlags
}

func (b backupRestore) Run(c *call) (err error) {
	if err := config.CheckPath(b.Into); err != nil {
		return fmt.Errorf("--into %w", err)
	}
	r, err := b.begin(c)
	if err != nil {
		return err
	}
	defer r.end(&err)
	start := time.Now()
	into, err := filepath.Abs(b.Into)
	if err != nil {
		return err
	}
	if into, err = vacant(into); err != nil {
		return err
	}
	parent := filepath.Dir(into)
	if err := os.MkdirAll(parent, 0o750); err != nil {
		return err
	}
	// Beside it, to appear there whole: what is interrupted leaves no folder that looks like a site's.
	draft, err := backup.NewStagingDir(parent)
	if err != nil {
		return err
	}
	defer draft.Close()
	whole := filepath.Join(draft.Dir, "site")
	if err := os.Mkdir(whole, 0o750); err != nil {
		return err
	}
	m, name, err := r.restore(b.Backup, whole)
	if err != nil {
		return err
	}
	r.logIn(c, filepath.Join(whole, backupDatabase), community.RestoreBackup, b.Reason, name+" of "+m.Created.Format(time.RFC3339))
	// Not os.Rename, which refuses a folder that is there even where it is empty.
	if err := syscall.Rename(whole, into); err != nil {
		switch {
		case errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.EEXIST):
			return fmt.Errorf("meanwhile something was put into %s; nothing was changed there", into)
		case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EXDEV):
			return fmt.Errorf("%s is where a disk is mounted, which a restored folder cannot replace: restore --into a folder in it, such as %s", into, filepath.Join(into, "site"))
		}
		return &os.PathError{Op: "rename what was restored to", Path: into, Err: err}
	}
	syscall.Sync()
	r.show.end()
	return r.say(outcome(m, name, into, start), "%s", restoredText(r.cfg, m, name, into))
}

func restoredText(cfg *config.Config, m *backup.Manifest, name, into string) string {
	lines := []string{fmt.Sprintf("%s of %s is in %s: %d posts and comments, %d files. Start the site with DATA_DIR=%s to have it as it was then.",
		name, m.Created.Format(time.RFC3339), into, m.Rows["posts"], m.Files, into)}
	if m.Moving != "" {
		lines = append(lines, fmt.Sprintf("It was made while the site was on a move between %s and %s. It is of the first, and stands alone.", m.Database, m.Moving))
	}
	if cfg.DatabaseNext != nil {
		lines = append(lines, "DATABASE_NEXT is set: leave it out, for the database that it names is not this site as it was then.")
	}
	if m.Photos != photosHere {
		lines = append(lines, "Its photos are in its bucket, as before.")
	}
	if m.SecretKey != "here" {
		lines = append(lines, "SECRET_KEY was a setting: set the same one, or the addresses that it signed end.")
	}
	if !cfg.IsDefault("DATABASE_URL") {
		lines = append(lines, "DATABASE_URL is set: let it name "+filepath.Join(into, backupDatabase)+".")
	}
	if !cfg.IsDefault("MEDIA_DIR") && m.Photos == photosHere {
		lines = append(lines, "MEDIA_DIR is set: let it name "+filepath.Join(into, backupMedia)+".")
	}
	if n := len(m.Missing); n > 0 {
		lines = append(lines, fmt.Sprintf("%d photo files were missing already when it was made, such as %s.", n, m.Missing[0]))
	}
	return strings.Join(lines, "\n")
}

// vacant refuses a folder that holds anything, and returns where a link leads.
func vacant(dir string) (string, error) {
	if info, err := os.Lstat(dir); err == nil && info.Mode()&os.ModeSymlink != 0 {
		if dir, err = filepath.EvalSymlinks(dir); err != nil {
			return "", fmt.Errorf("a link that leads nowhere: %w", err)
		}
	}
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return dir, nil
	case err != nil:
		return "", err
	case len(entries) > 0:
		names := make([]string, 0, 3)
		for _, e := range entries[:min(3, len(entries))] {
			names = append(names, e.Name())
		}
		slices.Sort(names)
		return "", fmt.Errorf("%s is not empty (%s): a backup is restored into a new folder only; move what is there away first", dir, strings.Join(names, ", "))
	}
	return dir, nil
}

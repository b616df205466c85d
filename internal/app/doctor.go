package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"tintype/internal/media"
	"tintype/internal/session"
	"tintype/internal/store"
)

// A Check is one thing that was tried, as the program itself would do it.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // checkOK, checkWarning or checkFailure
	Text   string `json:"text"`   // what is used, and what was found
	Advice string `json:"advice,omitempty"`
	Millis int64  `json:"ms"`
}

const (
	checkOK      = "ok"
	checkWarning = "warning"
	checkFailure = "failure"
)

func fine(format string, args ...any) Check {
	return Check{Status: checkOK, Text: fmt.Sprintf(format, args...)}
}

func warn(text, advice string) Check { return Check{Status: checkWarning, Text: text, Advice: advice} }

func failed(what string, err error, advice string) Check {
	return Check{Status: checkFailure, Text: what + ": " + err.Error(), Advice: advice}
}

// worst is the gravest status among checks.
func worst(checks []Check) string {
	status := checkOK
	for _, c := range checks {
		if c.Status == checkFailure || c.Status == checkWarning && status == checkOK {
			status = c.Status
		}
	}
	return status
}

// checkPatience is how long one backend may take to answer.
const checkPatience = 8 * time.Second

// A diagnosis tries every backend that is configured. The server gives it its
// own open rooms, the command opens them one by one, so that one that fails
// hides no other.
type diagnosis struct {
	cfg *Config
	log *slog.Logger

	store    *store.Store
	storeErr error
	media    media.Store
	mediaErr error
	sessions session.Backend // nil where the store is missing for it
	sessErr  error
	queue    func(context.Context) error // nil where the database alone is the queue
	queueErr error

	mu   sync.Mutex
	last []Check
	at   time.Time
}

// remembered is how long one diagnosis is the answer to all who ask.
const remembered = 5 * time.Second

// checks is run, at most once in a while: it writes, and it may be asked for by
// every alarm of a fleet.
func (d *diagnosis) checks(ctx context.Context) []Check {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil || time.Since(d.at) > remembered {
		d.last = d.run(context.WithoutCancel(ctx))
		d.at = time.Now()
	}
	return d.last
}

// run does all the checks side by side, and lists them in a steady order.
func (d *diagnosis) run(ctx context.Context) []Check {
	steps := []struct {
		name string
		do   func(context.Context) []Check
	}{
		{"settings", d.checkSettings},
		{"schema", d.checkSchema},
		{"database", d.checkDatabase},
		{"replicas", d.checkReplicas},
		{"clock", d.checkClock},
		{"sessions", d.checkSessions},
		{"photos", d.checkMedia},
		{"queue", d.checkQueue},
		{"disk", d.checkDisk},
		{"variables", d.checkVariables},
	}
	found := make([][]Check, len(steps))
	var group sync.WaitGroup
	for i, s := range steps {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			start := time.Now()
			found[i] = s.do(ctx)
			for j := range found[i] {
				found[i][j].Name = s.name
				found[i][j].Millis = time.Since(start).Milliseconds()
			}
		})
	}
	group.Wait()
	var all []Check
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

func (d *diagnosis) checkSettings(context.Context) []Check {
	list := []Check{fine("%s, database %s, sessions %s, photos %s, queue %s, roles %s", d.cfg.Origin(), d.cfg.Database.Driver, d.cfg.SessionStore, d.cfg.MediaStore, d.queueName(), d.cfg.shown["ROLES"].Value)}
	for _, w := range d.cfg.Warnings {
		text, advice, _ := strings.Cut(w, "; ")
		list = append(list, warn(text, advice))
	}
	if d.cfg.TrustedProxies == 0 && !d.cfg.Loopback() && !d.cfg.Secure() {
		list = append(list, warn("TRUSTED_PROXIES is 0: X-Forwarded-For is ignored", "behind a proxy or balancer, set TRUSTED_PROXIES to their number, or every reader counts as one"))
	}
	return list
}

func (d *diagnosis) queueName() string {
	if d.cfg.QueueURL == "" {
		return "sql"
	}
	return "sqs"
}

func (d *diagnosis) checkSchema(ctx context.Context) []Check {
	if d.cfg.Database.Driver == "sqlite" && d.store == nil {
		return nil // looking would make the file; the next check says what is missing
	}
	state, err := store.NewMigrator(storeOptions(d.cfg, d.log)).State(ctx)
	if err != nil {
		return []Check{failed(d.cfg.Database.String(), err, "see that the server runs, and that DATABASE_URL names the right host, user and password")}
	}
	if err := state.Usable(); err != nil {
		return []Check{failed("the schema", err, "run tintype migrate up")}
	}
	return []Check{fine("version %d, which this release takes", state.Version)}
}

// errProbe has a probe's transaction rolled back.
var errProbe = errors.New("a probe, rolled back")

func (d *diagnosis) checkDatabase(ctx context.Context) []Check {
	if d.store == nil {
		return []Check{failed("not opened", d.storeErr, "mend what the other checks say of the database")}
	}
	if err := d.store.Ping(ctx); err != nil {
		return []Check{failed(d.cfg.Database.String()+" does not answer", err, "see that the server runs and may be reached from here")}
	}
	if d.cfg.ReadOnly {
		return []Check{fine("%s answers; READ_ONLY, so no write was tried", d.cfg.Database)}
	}
	err := d.store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.AddJob(ctx, "probe", nil, math.MaxInt64); err != nil {
			return err
		}
		return errProbe
	})
	if !errors.Is(err, errProbe) {
		return []Check{failed(d.cfg.Database.String()+" refuses a write", err, "the application's user needs SELECT, INSERT, UPDATE and DELETE, on the primary")}
	}
	return []Check{fine("%s answers, and takes a write (rolled back)", d.cfg.Database)}
}

func (d *diagnosis) checkReplicas(context.Context) []Check {
	if d.store == nil || !d.store.Replicated() {
		return nil
	}
	var list []Check
	for i, address := range d.cfg.Replicas.display {
		if strings.Contains(address, ".proxy-") && strings.Contains(address, ".rds.") {
			list = append(list, Check{Status: checkFailure, Text: fmt.Sprintf("address %d is an RDS Proxy, which shares connections: a reader's own writes could be missed", i+1), Advice: "name the readers or the cluster's reader endpoint"})
		}
	}
	known, primary := d.store.Replicas()
	for _, r := range known {
		switch {
		case !r.InUse:
			list = append(list, warn(fmt.Sprintf("%s (server %s) is not read: %s", r.Address, r.Server, r.Why), "see that it runs and follows the primary; it comes back by itself"))
		default:
			list = append(list, fine("%s (server %s) is read, %d ms behind", r.Address, r.Server, max(primary-r.Version, 0)))
		}
	}
	if len(known) == 0 {
		list = append(list, Check{Status: checkFailure, Text: "none of DATABASE_REPLICA_URLS has answered", Advice: "see that they run, and that their user may SELECT"})
	}
	return list
}

// clockApart is how far a clock may be off before people see it in their times.
const clockApart = 2 * time.Second

func (d *diagnosis) checkClock(ctx context.Context) []Check {
	if d.store == nil {
		return nil
	}
	before := time.Now()
	now, err := d.store.Now(ctx)
	if err != nil {
		return []Check{failed("the database does not tell the time", err, "")}
	}
	apart := now.Time().Sub(before.Add(time.Since(before) / 2)).Abs()
	if apart > clockApart {
		return []Check{warn(fmt.Sprintf("this machine and the database are %s apart", apart.Round(time.Millisecond)), "have both follow a time server; posts would seem older or younger than they are")}
	}
	return []Check{fine("%d ms apart from the database", apart.Milliseconds())}
}

func (d *diagnosis) checkSessions(ctx context.Context) []Check {
	if d.sessErr != nil {
		return []Check{failed("not opened", d.sessErr, "")}
	}
	if d.sessions == nil {
		return nil // in the database, which has its own check
	}
	random := fmt.Sprintf("doctor%058d", time.Now().UnixNano())
	const account = math.MaxInt64 // nobody's
	if d.cfg.SessionStore == "sql" || d.cfg.ReadOnly {
		// Rows belong to accounts there; that writes are taken, the database's check has shown.
		if _, err := d.sessions.Get(ctx, account, random); !errors.Is(err, session.ErrNone) {
			return []Check{failed("cannot be read", err, "")}
		}
		return []Check{fine("%s: read", d.cfg.SessionStore)}
	}
	now := time.Now()
	err := d.sessions.Put(ctx, &session.Record{AccountID: account, Hash: random, Epoch: -1, UserAgent: "tintype doctor", CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(time.Minute)})
	if err == nil {
		_, err = d.sessions.Get(ctx, account, random)
	}
	if err == nil {
		err = d.sessions.Delete(ctx, account, random)
	}
	if err == nil {
		if _, err = d.sessions.Get(ctx, account, random); errors.Is(err, session.ErrNone) {
			return []Check{fine("%s (%s): written, read and deleted", d.cfg.SessionStore, d.cfg.SessionTable)}
		}
		err = errors.Join(errors.New("a deleted session is still read"), err)
	}
	return []Check{failed(d.cfg.SessionStore+" ("+d.cfg.SessionTable+")", err, "the role needs GetItem, PutItem, UpdateItem, DeleteItem and Query on the table; tintype setup dynamodb makes it")}
}

func (d *diagnosis) checkMedia(ctx context.Context) []Check {
	where := d.cfg.MediaStore + " " + d.cfg.MediaDir
	if d.cfg.MediaStore == "s3" {
		where = "s3 " + d.cfg.MediaBucket + "/" + d.cfg.MediaPrefix
	}
	if d.mediaErr != nil {
		return []Check{failed(where+" was not opened", d.mediaErr, "")}
	}
	if d.cfg.ReadOnly {
		return []Check{fine("%s; READ_ONLY, so no write was tried", where)}
	}
	if err := d.media.Check(ctx); err != nil {
		return []Check{failed(where, err, "the program writes, reads and deletes there: see that it exists, has room, and grants these rights")}
	}
	return []Check{fine("%s: written, read and deleted", where)}
}

// jobsLate is how long a due job may wait before somebody should look.
const jobsLate = time.Minute

func (d *diagnosis) checkQueue(ctx context.Context) []Check {
	var list []Check
	switch {
	case d.queueErr != nil:
		list = append(list, failed("not opened", d.queueErr, ""))
	case d.queue != nil:
		if err := d.queue(ctx); err != nil {
			list = append(list, failed(d.cfg.QueueURL, err, "the role needs SendMessage, ReceiveMessage, DeleteMessage and GetQueueAttributes; jobs go on meanwhile by a poll"))
		} else {
			list = append(list, fine("%s answers", d.cfg.QueueURL))
		}
	}
	if d.store == nil {
		return list
	}
	w, err := d.store.WaitingJobs(ctx)
	if err != nil {
		return append(list, failed("the jobs cannot be read", err, ""))
	}
	if waited := time.Duration(w.OldestReady) * time.Millisecond; waited > jobsLate {
		list = append(list, warn(fmt.Sprintf("%d jobs are due, the oldest for %s", w.Ready, waited.Round(time.Second)), "is a process with ROLES=worker running?"))
	} else {
		list = append(list, fine("%d jobs are due", w.Ready))
	}
	if w.Dead > 0 {
		list = append(list, warn(fmt.Sprintf("%d jobs failed every time", w.Dead), "tintype jobs lists them with their errors, and tries them again"))
	}
	return list
}

const (
	diskLow  = 2 << 30
	diskFull = 256 << 20
)

func (d *diagnosis) checkDisk(context.Context) []Check {
	dirs := []string{d.cfg.DataDir}
	if d.cfg.MediaStore == "disk" {
		dirs = append(dirs, d.cfg.MediaDir)
	}
	var list []Check
	for _, dir := range dirs {
		free, err := freeSpace(dir)
		text := fmt.Sprintf("%s has %s free", dir, formatSize(free))
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			continue
		case err != nil:
			list = append(list, warn(err.Error(), "the folder is made at the first start"))
		case free < diskFull:
			list = append(list, Check{Status: checkFailure, Text: text, Advice: "make room before writes fail"})
		case free < diskLow:
			list = append(list, warn(text, "make room"))
		default:
			list = append(list, fine("%s", text))
		}
	}
	return list
}

func (d *diagnosis) checkVariables(context.Context) []Check {
	if len(d.cfg.Unknown) == 0 {
		return []Check{fine("every variable is a setting")}
	}
	return []Check{fine("no settings of Tintype: %s", strings.Join(d.cfg.Unknown, " "))}
}

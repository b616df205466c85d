// Package doctor tries everything that the settings name as the program itself
// uses it, and says what is wrong and what to do. Drivers report facts about
// what they stand on. The checks here judge these facts.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"tintype/internal/backup"
	"tintype/internal/cache"
	"tintype/internal/config"
	"tintype/internal/mail"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/queue"
	"tintype/internal/session"
	"tintype/internal/sleep"
	"tintype/internal/store"
	"tintype/static"
)

// A Check is one thing that was tried, as the program itself would do it.
type Check struct {
	Name   string `json:"name"`
	Status string `json:"status"` // OK, Warning or Failure
	Text   string `json:"text"`   // what is used, and what was found
	Advice string `json:"advice,omitempty"`
	Millis int64  `json:"ms"`
}

// The status of a check.
const (
	OK      = "ok"
	Warning = "warning"
	Failure = "failure"
)

func fine(format string, args ...any) Check {
	return Check{Status: OK, Text: fmt.Sprintf(format, args...)}
}

func warn(text, advice string) Check { return Check{Status: Warning, Text: text, Advice: advice} }

func failed(what string, err error, advice string) Check {
	return Check{Status: Failure, Text: what + ": " + err.Error(), Advice: advice}
}

// Worst is the gravest status among checks.
func Worst(checks []Check) string {
	status := OK
	for _, c := range checks {
		if c.Status == Failure || c.Status == Warning && status == OK {
			status = c.Status
		}
	}
	return status
}

// checkPatience is how long one backend may take to answer.
const checkPatience = 8 * time.Second

// A Diagnosis tries every configured backend. The server passes what it has
// open. The command opens backends one by one, so that one failure hides no
// other.
type Diagnosis struct {
	Config *config.Config
	// Schema reads the schema's state, even where the store could not be opened.
	Schema func(context.Context) (store.SchemaState, error)
	// Backups opens the archive that BACKUP_TO names.
	Backups func(context.Context) (backup.Archive, error)

	Store       *store.Store
	StoreErr    error
	Media       media.Store
	MediaErr    error
	Sessions    session.Backend // nil where the store is missing for it
	SessionsErr error
	// SessionsNext and MediaNext are the places of SESSION_NEXT and MEDIA_NEXT, nil where these are not set.
	SessionsNext    session.Backend
	SessionsNextErr error
	MediaNext       media.Store
	MediaNextErr    error
	// DatabaseNext opens the database of DATABASE_NEXT; it is asked only where that is set.
	DatabaseNext func(context.Context) (*store.Place, error)
	// DatabaseMove is how far the database's move there is; it is asked only where that is set.
	DatabaseMove func(context.Context) (move.DatabaseStatus, error)
	// NextStore opens it with its replicas; it is asked only where DATABASE_REPLICA_URLS_NEXT is set.
	NextStore func(context.Context) (*store.Store, error)
	// Parts are what may move by itself, with the setting that names its other place.
	Parts    map[string]string
	Queue    *queue.SQS // nil where the database alone is the queue
	QueueErr error
	Mail     *mail.SMTP // nil without SMTP_URL
	// TestMail sends one mail, as `tintype mail test` does, and says to whom; "" where there is nobody to send it to. It is asked at most once a run, and only where
	// the server of Mail lets the site in. nil sends none: alarms and people ask the running site as often as they like.
	TestMail  func(ctx context.Context) (to string, err error)
	Redis     *cache.Redis // nil where there is none, or nothing of this process asks it
	RedisErr  error
	Addresses *media.Addresses  // nil without a CDN
	Assets    *static.Assets    // nil where this process serves none
	Held      []config.Follower // secrets that the running site holds on to

	// RetryAfter is the pause before a failed check is made once more, because
	// a busy machine may answer too late once. 0 never repeats a check.
	RetryAfter time.Duration // 0: never

	// servers asks the database servers, once a run.
	servers func() []store.Server
	// testMail is TestMail once a run, also where the check is made once more: a mail whose answer was lost may have come.
	testMail func() (to string, err error)

	mu      sync.Mutex
	last    []Check
	at      time.Time
	running chan struct{} // closed when the run that is under way ends; nil where none is
}

// remembered is how long one diagnosis is the answer to all who ask.
const remembered = 5 * time.Second

// Checks is Run with its last answer kept for a while: a run writes to the
// backends, and every alarm of a fleet may ask.
func (d *Diagnosis) Checks(ctx context.Context) []Check {
	checks, _, running := d.renew(ctx)
	if running == nil {
		return checks
	}
	<-running
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// pagePatience is how long a page waits for checks: longer than a run takes
// where everything answers.
const pagePatience = time.Second

// Known is Checks for a page, which is there to see what does not answer: it
// waits for a run no longer than a moment, and returns the last answer
// otherwise, with when that was. It is nil where there is none yet. A run goes
// on, so that the next one who asks learns how it ended.
func (d *Diagnosis) Known(ctx context.Context) (checks []Check, at time.Time, late bool) {
	checks, at, running := d.renew(ctx)
	if running == nil {
		return checks, at, false
	}
	select {
	case <-running:
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.last, d.at, false
	case <-time.After(pagePatience):
	case <-ctx.Done():
	}
	return checks, at, true
}

// renew returns the last answer. Where that is too old it has a run made, unless
// one is under way, and returns what is closed when the run ends.
func (d *Diagnosis) renew(ctx context.Context) (last []Check, at time.Time, running <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last != nil && time.Since(d.at) <= remembered {
		return d.last, d.at, nil
	}
	if d.running == nil {
		d.running = make(chan struct{})
		go func() {
			checks := d.Run(context.WithoutCancel(ctx))
			d.mu.Lock()
			defer d.mu.Unlock()
			d.last, d.at = checks, time.Now()
			close(d.running)
			d.running = nil
		}()
	}
	return d.last, d.at, d.running
}

// Run makes all checks at the same time and returns them in a fixed order.
func (d *Diagnosis) Run(ctx context.Context) []Check {
	steps := []struct {
		name string
		do   func(context.Context) []Check
	}{
		{"settings", d.checkSettings},
		{"secrets", d.checkSecrets},
		{"schema", d.checkSchema},
		{"database", d.checkDatabase},
		{"replicas", d.checkReplicas},
		{"clock", d.checkClock},
		{"sessions", d.checkSessions},
		{"photos", d.checkMedia},
		{"next", d.checkNext},
		{"instances", d.checkInstances},
		{"cdn", d.checkCDN},
		{"static", d.checkStatic},
		{"cache", d.checkCache},
		{"queue", d.checkQueue},
		{"mail", d.checkMail},
		{"tls", d.checkCertificates},
		{"address", d.checkAddress},
		{"disk", d.checkDisk},
		{"backup", d.checkBackup},
		{"variables", d.checkVariables},
	}
	found := make([][]Check, len(steps))
	d.testMail = sync.OnceValues(func() (string, error) {
		ctx, cancel := context.WithTimeout(ctx, checkPatience)
		defer cancel()
		return d.TestMail(ctx)
	})
	round := func(wanted func(i int) bool) {
		d.servers = sync.OnceValue(func() []store.Server {
			ctx, cancel := context.WithTimeout(ctx, checkPatience)
			defer cancel()
			return d.Store.Servers(ctx)
		})
		var group sync.WaitGroup
		for i, s := range steps {
			if !wanted(i) {
				continue
			}
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
	}
	round(func(int) bool { return true })
	if d.RetryAfter > 0 && Worst(slices.Concat(found...)) == Failure {
		_ = sleep.For(ctx, d.RetryAfter)
		round(func(i int) bool { return Worst(found[i]) == Failure })
	}
	var all []Check
	for _, f := range found {
		all = append(all, f...)
	}
	return all
}

func (d *Diagnosis) checkSettings(context.Context) []Check {
	list := []Check{fine("%s, database %s, sessions %s, photos %s, cache %s, queue %s, roles %s", d.Config.Origin(), d.Config.Database.Driver, d.Config.SessionStore, d.Config.MediaStore, d.Config.Cache(), d.Config.Queue(), d.Config.Shown("ROLES"))}
	for _, w := range d.Config.Warnings {
		text, advice, _ := strings.Cut(w, "; ")
		list = append(list, warn(text, advice))
	}
	if d.Config.TrustedProxies == 0 && !d.Config.Loopback() && !d.Config.Secure() {
		list = append(list, warn("TRUSTED_PROXIES is 0: X-Forwarded-For is ignored", "behind a proxy or balancer, set TRUSTED_PROXIES to their number, or every reader counts as one"))
	}
	return list
}

// checkSecrets says which secrets rotate, and reads those again: a new value that
// cannot be used is found here before the old one is taken away.
func (d *Diagnosis) checkSecrets(ctx context.Context) []Check {
	troubled := make(map[string]string)
	for _, f := range d.Held {
		if name, why := f.Trouble(); why != "" {
			troubled[name] = why
		}
	}
	var rotating, fixed []string
	var list []Check
	for _, k := range d.Config.Secrets() {
		name := k.Name()
		if !k.Rotates() {
			fixed = append(fixed, name)
			continue
		}
		rotating = append(rotating, fmt.Sprintf("%s (%s)", name, k.TakenOver()))
		why := troubled[name]
		if err := k.Check(ctx); why == "" && err != nil {
			why = err.Error()
		}
		if why != "" {
			list = append(list, warn(name+": "+why, "put a good value there; no restart is needed. Until then, running processes keep the last value, but no process can start, and no new connection can read its value from a file"))
		}
	}
	if why := troubled["SECRET_KEY"]; why != "" && !d.Config.SecretKey.IsSet() {
		list = append(list, warn("the generated key: "+why, "put it back from a backup: what it signed ends with the process"))
	}
	if len(rotating) > 0 {
		list = append(list, fine("a new value is taken while the site runs: %s", strings.Join(rotating, ", ")))
	}
	if len(fixed) > 0 {
		list = append(list, fine("in the environment, where a new value needs a restart: %s", strings.Join(fixed, ", ")))
	}
	return list
}

func (d *Diagnosis) checkSchema(ctx context.Context) []Check {
	if d.Config.Database.Driver == "sqlite" && d.Store == nil {
		return nil // looking would make the file; the next check says what is missing
	}
	state, err := d.Schema(ctx)
	if err != nil {
		return []Check{failed(d.Config.Database.String(), err, "see that the server runs, and that DATABASE_URL names the right host, user and password")}
	}
	if err := state.Usable(); err != nil {
		return []Check{failed("the schema", err, "run tintype migrate up")}
	}
	return []Check{fine("version %d, which this release takes", state.Version)}
}

// clockApart is how far a clock may be off before people see it in their times.
const clockApart = 2 * time.Second

func (d *Diagnosis) checkClock(ctx context.Context) []Check {
	return append(d.checkDatabaseClock(ctx), d.checkBucketClock(ctx)...)
}

// checkBucketClock compares this machine's clock with that of the place of photos, which refuses requests that seem old.
func (d *Diagnosis) checkBucketClock(ctx context.Context) []Check {
	if d.MediaErr != nil || d.Media == nil {
		return nil
	}
	place, ok := media.As[media.Clocked](d.Media)
	if !ok {
		return nil
	}
	ahead, told := place.ClockAhead(ctx)
	switch {
	case !told:
		return nil // that it does not answer, the check of media says
	case ahead == 0:
		return []Check{fine("with the bucket")}
	}
	return []Check{warn(fmt.Sprintf("this machine and the bucket are %s apart", ahead.Abs().Round(time.Second)), "have this machine follow a time server: signed requests and addresses are refused from 15 minutes on, where nothing corrects them")}
}

func (d *Diagnosis) checkDatabaseClock(ctx context.Context) []Check {
	if d.Store == nil {
		return nil
	}
	before := time.Now()
	now, err := d.Store.Now(ctx)
	if err != nil {
		return []Check{failed("the database does not tell the time", err, "")}
	}
	apart := now.Time().Sub(before.Add(time.Since(before) / 2)).Abs()
	if apart > clockApart {
		return []Check{warn(fmt.Sprintf("this machine and the database are %s apart", apart.Round(time.Millisecond)), "have both follow a time server, or posts seem older or younger than they are")}
	}
	return []Check{fine("%d ms apart from the database", apart.Milliseconds())}
}

// jobsLate is how long a due job may wait before somebody should look.
const jobsLate = time.Minute

func (d *Diagnosis) checkQueue(ctx context.Context) []Check {
	list := d.checkSQS(ctx)
	if d.Store == nil {
		return list
	}
	w, err := d.Store.WaitingJobs(ctx)
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

// Free space below which a folder is low, and full. In one of temporary files, large photos and parts of exports wait on their way to
// the bucket, a few at a time, each with some 32 MB: a small one in memory will do.
const (
	diskLow  = 2 << 30
	diskFull = 256 << 20
	tempLow  = 192 << 20
	tempFull = 64 << 20
)

func (d *Diagnosis) checkDisk(context.Context) []Check {
	var dirs []string
	if !d.Config.Stateless {
		dirs = append(dirs, d.Config.DataDir)
	}
	temp := ""
	if folder, ok := media.As[media.Folder](d.Media); ok {
		dirs = append(dirs, folder.Dir())
	} else {
		temp = os.TempDir()
		dirs = append(dirs, temp)
	}
	var list []Check
	for _, dir := range dirs {
		low, full := int64(diskLow), int64(diskFull)
		if dir == temp {
			low, full = tempLow, tempFull
		}
		free, _, err := DiskSpace(dir)
		text := fmt.Sprintf("%s has %s free", dir, config.FormatSize(free))
		switch {
		case errors.Is(err, errors.ErrUnsupported):
			continue
		case err != nil:
			list = append(list, warn(err.Error(), "the folder is made at the first start"))
		case free < full:
			list = append(list, Check{Status: Failure, Text: text, Advice: "make room before writes fail"})
		case free < low:
			list = append(list, warn(text, "make room"))
		default:
			list = append(list, fine("%s", text))
		}
	}
	return list
}

func (d *Diagnosis) checkVariables(context.Context) []Check {
	if len(d.Config.Unknown) == 0 {
		return []Check{fine("every variable is a setting")}
	}
	return []Check{fine("these variables are not settings of Tintype: %s", strings.Join(d.Config.Unknown, " "))}
}

package community

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/store"
)

// Ways are those by which somebody administers.
var Ways = []string{ViaPage, ViaCommand, ViaAPI, ViaJob}

// Ways by which somebody administers.
const (
	ViaPage    = "page"
	ViaCommand = "command"
	ViaAPI     = "api"
	ViaJob     = "job" // the site itself, when a time has come
)

type viaKey struct{}

// WithVia says by which way what is done with ctx was asked for. Without it that is a page.
func WithVia(ctx context.Context, via string) context.Context {
	return context.WithValue(ctx, viaKey{}, via)
}

func viaOf(ctx context.Context) string {
	if via, ok := ctx.Value(viaKey{}).(string); ok {
		return via
	}
	return ViaPage
}

const maxReason = 1000 // characters

// By is who administers, by which way and why. Whoever may run commands on the machine may do everything: then Account is
// nil.
type By struct {
	Account *store.Account
	Via     string
	Reason  string
	// MustSayWhy is of those whose form asks for the reason: without one nothing is done.
	MustSayWhy bool
	// OwnOnly is of those who do no more than any member may: their application was not allowed to administer.
	OwnOnly bool
	// Key names the form that asked, with what was entered in it: sent again, it does nothing more, and succeeds. "" for none.
	Key string
	// Confirm is the password or a passkey of those whose form asks for it again: with a wrong one nothing is done.
	Confirm *Confirmation
}

// ByCommand is somebody at the command line.
func ByCommand(reason string) By { return By{Via: ViaCommand, Reason: reason} }

// may is nil if the act is theirs to do.
func (b By) may(act Act) error {
	if b.Account == nil && (b.Via == ViaCommand || b.Via == ViaJob) {
		return nil
	}
	return authorize(b.Account, act)
}

// administration runs one act and writes its row of the log in the same transaction, so that neither is without the
// other. f fills what it knows of the entry and returns false where nothing changed. The row's id is drawn before the
// first try: it shows whether a COMMIT without an answer had landed. The actor is locked and asked again: somebody may have
// taken the role away meanwhile, and a late replica may not know.
func (c *Community) administration(ctx context.Context, by By, act Act, f func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (changed bool, err error)) error {
	if err := c.administrationOnce(ctx, by, act, f); !errors.Is(err, errDone) {
		return err
	}
	return nil
}

// administrationOnce is administration that returns errDone where the same form has done the act before.
func (c *Community) administrationOnce(ctx context.Context, by By, act Act, f func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (changed bool, err error)) error {
	return c.logged(ctx, by, act, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		if by.Account != nil {
			locked, err := tx.LockAccounts(ctx, by.Account.ID)
			if err != nil {
				return false, err
			}
			if !May(locked[by.Account.ID], act) {
				return false, ErrForbidden
			}
		}
		return f(ctx, tx, e)
	})
}

// errDone says that an act was done already, by the same form.
var errDone = errors.New("done already")

// onceKey is the key of the form that asked for the act, nil where it has none.
func (b By) onceKey(act Act) *store.IdempotencyKey {
	key, _ := formKey(b.Account, "act "+string(act), b.Key, nil) // fails for no nil
	return key
}

// done reports whether the form that asks has done the act. Those who find what it is about gone, or decided, ask first.
func (c *Community) done(ctx context.Context, by By, act Act) (bool, error) {
	key := by.onceKey(act)
	if key == nil {
		return false, nil
	}
	id, err := c.madeUnder(store.Primary(ctx), key)
	return id != 0, err
}

// logged is administrationOnce for f that asks itself what the actor may.
func (c *Community) logged(ctx context.Context, by By, act Act, f func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (changed bool, err error)) error {
	if err := by.may(act); err != nil {
		return err
	}
	by.Reason = tidy(by.Reason)
	if n := utf8.RuneCountInString(by.Reason); n > maxReason {
		return invalid("reason", "too_long", "The reason has %d characters; the limit is %d.", n, maxReason)
	}
	key := by.onceKey(act)
	before, err := c.once(ctx, key, func() error { return c.writeLogged(ctx, by, act, key, f) })
	if err == nil && before != 0 {
		return errDone
	}
	return fromStore(err)
}

func (c *Community) writeLogged(ctx context.Context, by By, act Act, key *store.IdempotencyKey, f func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (changed bool, err error)) error {
	_, err := c.Store.TxOnce(store.Primary(ctx), "admin_log", func(ctx context.Context, tx *store.Store, id int64) error {
		e := store.AdminEntry{ID: id, Via: by.Via, Act: string(act), Reason: by.Reason, CreatedAt: store.ToMillis(time.Now())}
		if by.Account != nil {
			e.ActorID, e.Actor = &by.Account.ID, by.Account.Username
		}
		changed, err := f(ctx, tx, &e)
		if err != nil || !changed {
			return err
		}
		// Only now: who may not do it, and what else is wrong, is said first.
		if by.MustSayWhy && by.Reason == "" {
			return invalid("reason", "blank", "Say why.")
		}
		if err := takeKey(ctx, tx, key, id); err != nil {
			return err
		}
		return tx.AddAdminEntry(ctx, e)
	})
	return err
}

// onMember is administration of one account, which f finds locked. It returns ErrNotFound for an account that is deleted,
// and ErrForbidden where the actor's role is not above the account's.
func (c *Community) onMember(ctx context.Context, by By, act Act, username string, f func(ctx context.Context, tx *store.Store, now *store.Account, e *store.AdminEntry) (bool, error)) (*store.Account, error) {
	ctx = store.Primary(ctx)
	if err := by.may(act); err != nil {
		return nil, err
	}
	done, err := c.done(ctx, by, act)
	if err != nil {
		return nil, err
	}
	username = strings.TrimPrefix(strings.TrimSpace(username), "@")
	acc, err := c.Store.AccountByUsername(ctx, username)
	if done {
		if errors.Is(err, store.ErrNotFound) { // what was done is that it is gone
			acc, err = &store.Account{Username: username}, nil
		}
		return acc, fromStore(err)
	}
	if err != nil {
		return nil, fromStore(err)
	}
	// Without a reason nothing is done either, and that is said first: what was typed need not be typed twice.
	if by.Confirm != nil && (!by.MustSayWhy || tidy(by.Reason) != "") {
		if err := c.confirm(ctx, by.Account, "password", *by.Confirm); err != nil {
			return nil, err
		}
	}
	err = c.logged(ctx, by, act, func(ctx context.Context, tx *store.Store, e *store.AdminEntry) (bool, error) {
		ids := []int64{acc.ID}
		if by.Account != nil && by.Account.ID != acc.ID {
			ids = append(ids, by.Account.ID)
		}
		locked, err := tx.LockAccounts(ctx, ids...)
		if err != nil {
			return false, err
		}
		now := locked[acc.ID]
		if now == nil || now.DeletedAt != nil {
			return false, ErrNotFound
		}
		if by.Account != nil { // as the actor is now: somebody may have taken the role away meanwhile
			actor := locked[by.Account.ID]
			if !May(actor, act) || !mayActOn(actor, now) {
				return false, ErrForbidden
			}
		}
		e.TargetID, e.Target = &now.ID, now.Username
		changed, err := f(ctx, tx, now, e)
		if err != nil {
			return false, err
		}
		acc, err = tx.AccountByID(ctx, now.ID)
		return changed, err
	})
	if err != nil && !errors.Is(err, errDone) {
		return nil, err
	}
	return acc, nil
}

// EntryByCommand is the row of an act that a command does by itself, with no use case of this package.
func EntryByCommand(act Act, reason, detail string) store.AdminEntry {
	return store.AdminEntry{
		Via: ViaCommand, Act: string(act), Reason: cutText(tidy(reason), maxReason), Detail: cutText(oneLine(detail), maxDetail), CreatedAt: store.ToMillis(time.Now()),
	}
}

// AddEntry appends an entry of EntryByCommand to the log.
func AddEntry(ctx context.Context, db *store.Store, e store.AdminEntry) error {
	_, err := db.TxOnce(store.Primary(ctx), "admin_log", func(ctx context.Context, tx *store.Store, id int64) error {
		e.ID = id
		return tx.AddAdminEntry(ctx, e)
	})
	return fromStore(err)
}

// AdminLogSearch chooses entries of the log. Empty fields choose all.
type AdminLogSearch struct {
	Act  string
	Who  string // a username
	Whom string // a username
	Way  string // one of Ways
	// From and To are the first and the last day in UTC, such as 2026-12-31.
	From, To string
	Text     string
}

// filter is the search for the store; *Invalid for what is no day.
func (q AdminLogSearch) filter() (store.AdminLogFilter, error) {
	f := store.AdminLogFilter{Act: q.Act, Via: q.Way, Text: strings.TrimSpace(q.Text)}
	var bad Invalid
	for _, day := range []struct {
		field, text string
		into        *store.Millis
		add         int
	}{{"from", q.From, &f.From, 0}, {"to", q.To, &f.To, 1}} {
		if day.text = strings.TrimSpace(day.text); day.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, day.text)
		if err != nil {
			bad.add(day.field, "invalid", "Write the day as 2026-12-31.")
			continue
		}
		*day.into = store.ToMillis(t.AddDate(0, 0, day.add))
	}
	return f, bad.err()
}

// accountNamed is the id of an account, or the name of one that is gone.
func (c *Community) accountNamed(ctx context.Context, typed string) (id int64, name string, err error) {
	if name = nameOf(typed); name == "" {
		return 0, "", nil
	}
	acc, err := c.Store.AccountByUsername(store.Primary(ctx), name)
	switch err = fromStore(err); {
	case err == nil:
		return acc.ID, "", nil
	case errors.Is(err, ErrNotFound):
		return 0, name, nil
	}
	return 0, "", err
}

// maxLogPage is how many entries one page has at most.
const maxLogPage = 500

// AdminLog lists acts of administration, newest first. For those who may read the log, else ErrForbidden. Nobody reads what others
// did to oneself, and why, but for an owner.
func (c *Community) AdminLog(ctx context.Context, by By, q AdminLogSearch, p Cursor) ([]store.AdminEntry, error) {
	if err := by.may(ReadLog); err != nil {
		return nil, err
	}
	f, err := q.filter()
	if err != nil {
		return nil, err
	}
	if by.Account != nil {
		f.NotAbout = hiddenFrom(by.Account)
	}
	if f.TargetID, f.Target, err = c.accountNamed(ctx, q.Whom); err != nil {
		return nil, err
	}
	if f.ActorID, f.Actor, err = c.accountNamed(ctx, q.Who); err != nil {
		return nil, err
	}
	list, err := c.Store.AdminLog(ctx, f, p.span(defaultAccounts, maxLogPage))
	return list, fromStore(err)
}

// A LogEntry is one act of administration for programs. Ids are texts: they have more digits than many programs keep of a
// number.
type LogEntry struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"` // "" for the command line, or the site itself
	Via    string    `json:"via"`
	Act    string    `json:"act"`
	Whom   string    `json:"whom"`
	Ref    string    `json:"ref"`
	Reason string    `json:"reason"`
	Detail string    `json:"detail"`
}

// LogLine is the entry for programs.
func LogLine(e store.AdminEntry) LogEntry {
	l := LogEntry{ID: strconv.FormatInt(e.ID, 10), At: e.CreatedAt.Time(), Who: e.Actor, Via: e.Via, Act: e.Act, Whom: e.Target, Reason: e.Reason, Detail: e.Detail}
	if e.RefID != nil {
		l.Ref = strconv.FormatInt(*e.RefID, 10)
	}
	return l
}

// Cells are the entry as a row of a table, in the order of LogColumns. A spreadsheet takes none of them for a formula.
func (l LogEntry) Cells() []string {
	return []string{l.ID, l.At.Format(time.RFC3339), l.Who, l.Via, l.Act, l.Whom, l.Ref, plainCell(l.Reason), plainCell(l.Detail)}
}

// LogColumns are the names of Cells.
var LogColumns = []string{"id", "at", "who", "via", "act", "whom", "ref", "reason", "detail"}

// plainCell keeps a spreadsheet from taking what somebody wrote for a formula, also one that splits at semicolons whatever is
// quoted.
func plainCell(s string) string {
	s = strings.ReplaceAll(s, ";", ",")
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

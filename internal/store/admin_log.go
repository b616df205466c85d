package store

import (
	"context"
	"database/sql"
	"strings"
)

// AdminEntry is one act of administration: who did what to whom, why, when and by which way.
type AdminEntry struct {
	ID        int64
	ActorID   *int64 // nil: somebody at the command line, or the site itself
	Actor     string // the name as it was then
	Via       string // page, command, api or job
	Act       string
	TargetID  *int64 // the account that it is about
	Target    string
	RefID     *int64 // a post, a report, a job: what the act names
	Reason    string
	Detail    string // what changed, such as "member to moderator"
	CreatedAt Millis
}

// AdminLogFilter chooses entries of the log. Empty fields choose all.
type AdminLogFilter struct {
	Act      string
	Via      string
	ActorID  int64
	Actor    string // the name of an actor, as it was then
	TargetID int64
	Target   string // the name of a target, as it was then
	From, To Millis // To is the first moment that is too late
	Text     string // within the names, the reason or the detail, whatever its case
	NotAbout int64  // without what others did to this account
}

// AddAdminEntry appends to the log of administration, in the act's own transaction. No statement of this package changes
// or deletes an entry.
func (s *conn) AddAdminEntry(ctx context.Context, e AdminEntry) error {
	return translate(s.write(ctx).Exec(insertAdminEntry, e.values()...).Error)
}

const insertAdminEntry = "INSERT INTO admin_log (id, actor_id, actor, via, act, target_id, target, ref_id, reason, detail, words, created_at)" +
	" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

func (e AdminEntry) values() []any {
	return []any{
		e.ID, e.ActorID, e.Actor, e.Via, e.Act, e.TargetID, e.Target, e.RefID, e.Reason, e.Detail,
		Fold(strings.Join([]string{e.Actor, e.Target, e.Reason, e.Detail}, "\n")), e.CreatedAt,
	}
}

// AddAdminEntry appends to the log of administration of a place in charge. It gives the entry its id.
func (p *Place) AddAdminEntry(ctx context.Context, e AdminEntry) error {
	return placeError(p.tx(ctx, 0, func(tx *sql.Tx) error { return appendAdminEntry(ctx, tx, e) }))
}

// AddAdminEntryToFile appends to the log of administration of a SQLite database that no Store has open in this process. It gives
// the entry its id.
func AddAdminEntryToFile(ctx context.Context, path string, e AdminEntry) error {
	db, err := openFile(path, "rw")
	if err != nil {
		return err
	}
	defer db.Close()
	// On its only connection, and with the right to write from the start: somebody else may serve the site from the file.
	if _, err := db.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return sqliteError(err)
	}
	if err := appendAdminEntry(ctx, db, e); err != nil {
		return sqliteError(err)
	}
	if _, err := db.ExecContext(ctx, "COMMIT"); err != nil {
		return sqliteError(err)
	}
	return nil
}

// rowWriter is what a transaction and a pool of one connection have in common.
type rowWriter interface {
	rowAsker
	ExecContext(context.Context, string, ...any) (sql.Result, error)
}

// appendAdminEntry adds an entry above those that stand there.
func appendAdminEntry(ctx context.Context, tx rowWriter, e AdminEntry) error {
	var newest int64
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(id), 0) FROM admin_log").Scan(&newest); err != nil {
		return err
	}
	e.ID = max(newest+1, IDAt(e.CreatedAt.Time()))
	_, err := tx.ExecContext(ctx, insertAdminEntry, e.values()...)
	return err
}

// AdminLog lists entries, newest first. It reads the primary: whoever has acted finds the act.
func (s *conn) AdminLog(ctx context.Context, f AdminLogFilter, r Range) ([]AdminEntry, error) {
	where, args := "id < ? AND id > ?", []any{r.max(), r.Min}
	if f.Act != "" {
		where, args = where+" AND act = ?", append(args, f.Act)
	}
	if f.Via != "" {
		where, args = where+" AND via = ?", append(args, f.Via)
	}
	if f.ActorID != 0 {
		where, args = where+" AND actor_id = ?", append(args, f.ActorID)
	}
	if f.Actor != "" {
		where, args = where+" AND actor = ?", append(args, f.Actor)
	}
	if f.From != 0 {
		where, args = where+" AND created_at >= ?", append(args, f.From)
	}
	if f.To != 0 {
		where, args = where+" AND created_at < ?", append(args, f.To)
	}
	if f.TargetID != 0 {
		where, args = where+" AND target_id = ?", append(args, f.TargetID)
	}
	if f.Target != "" {
		where, args = where+" AND target = ?", append(args, f.Target)
	}
	if f.NotAbout != 0 {
		where, args = where+" AND (target_id IS NULL OR target_id <> ? OR actor_id = ?)", append(args, f.NotAbout, f.NotAbout)
	}
	if f.Text != "" {
		where, args = where+" AND words LIKE ? ESCAPE '!'", append(args, "%"+likeEscape.Replace(Fold(f.Text))+"%")
	}
	var list []AdminEntry
	err := s.read(Primary(ctx)).Raw("SELECT id, actor_id, actor, via, act, target_id, target, ref_id, reason, detail, created_at FROM admin_log WHERE "+
		where+" ORDER BY id"+r.order()+" LIMIT ?", append(args, r.Limit)...).Scan(&list).Error
	return newestFirst(list, r), translate(err)
}

// likeEscape has LIKE take a text as it is.
var likeEscape = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

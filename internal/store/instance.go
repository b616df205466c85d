package store

import "context"

// InstanceRow is a process of the site as others see it. It is an alias of a nameless struct so that internal/move can
// ask for the same methods without either package knowing the other.
type InstanceRow = struct {
	ID      int64
	Host    string // the machine and the process
	Program string // the release
	Roles   string
	// StartedAt is in milliseconds since 1970, by the process's own clock. AgeMs is how long ago the row was written, by
	// the database's; EveryMs is how often the process writes it.
	StartedAt, AgeMs, EveryMs int64
	Facts                     string // JSON
	// What the process has answered to a move of the database.
	Generation, Watch, Hold int64
	Parts                   string // JSON: what it has answered to other moves
}

// seenLately is the condition of the rows of processes that are there: each writes its own every so often.
func seenLately(d dialect) string { return "seen_at + 3 * every_ms > " + d.nowMillis() }

// SaveInstance writes the row of a process, which shows that it is there now. What a row says of the database's move stays
// as it is: Place.Answer writes that.
func (s *conn) SaveInstance(ctx context.Context, r InstanceRow) error {
	d := s.dialect
	assign := ""
	for _, column := range []string{"host", "program", "roles", "started_at", "seen_at", "every_ms", "facts", "parts"} {
		if assign != "" {
			assign += ", "
		}
		assign += column + " = " + d.new(column)
	}
	return translate(s.write(ctx).Exec("INSERT INTO instances (id, host, program, roles, started_at, seen_at, every_ms, facts, generation, watch, hold, parts)"+
		" VALUES (?, ?, ?, ?, ?, "+d.nowMillis()+", ?, ?, ?, ?, ?, ?) "+d.upsert("id", assign),
		r.ID, r.Host, r.Program, r.Roles, r.StartedAt, r.EveryMs, r.Facts, r.Generation, r.Watch, r.Hold, r.Parts).Error)
}

// Instances lists the processes that have a row, by host. It reads on the primary.
func (s *conn) Instances(ctx context.Context) ([]InstanceRow, error) {
	var rows []InstanceRow
	err := s.read(Primary(ctx)).Raw("SELECT id, host, program, roles, started_at, " + s.dialect.nowMillis() + " - seen_at AS age_ms, every_ms, facts," +
		" generation, watch, hold, parts FROM instances ORDER BY host, id").Scan(&rows).Error
	return rows, translate(err)
}

// DeleteInstance removes the row of a process that stops.
func (s *conn) DeleteInstance(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM instances WHERE id = ?", id).Error)
}

// DeleteOldInstances removes the rows of processes that ended without a word, after a day. Alone: a database of SQLite belongs to
// the one that asks, and every other row there is old.
func (s *conn) DeleteOldInstances(ctx context.Context, own int64, alone bool) error {
	if alone && s.dialect.name() == "sqlite" {
		return translate(s.write(ctx).Exec("DELETE FROM instances WHERE id <> ?", own).Error)
	}
	const day = 24 * 60 * 60 * 1000
	return translate(s.write(ctx).Exec("DELETE FROM instances WHERE seen_at < "+s.dialect.nowMillis()+" - ?", int64(day)).Error)
}

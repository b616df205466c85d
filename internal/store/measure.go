package store

import (
	"context"
	"errors"
	"sync/atomic"

	"gorm.io/gorm"
)

// MeasureRow is what a process of the site has measured in a quarter of an hour. It is an alias of a nameless struct so
// that internal/ladder can ask for the same methods without either package knowing the other.
type MeasureRow = struct {
	At       int64 // when the quarter began, in milliseconds since 1970, by the process's own clock
	Instance int64 // the id of the process's row in instances
	Host     string
	Facts    string // JSON: what the process stands on
	Figures  string // JSON: by the minute
}

// SaveMeasures writes the quarter of a process anew.
func (s *conn) SaveMeasures(ctx context.Context, r MeasureRow) error {
	d := s.dialect
	return translate(s.write(ctx).Exec("INSERT INTO measures (at, instance, host, facts, figures) VALUES (?, ?, ?, ?, ?) "+
		d.upsert("at, instance", "host = "+d.new("host")+", facts = "+d.new("facts")+", figures = "+d.new("figures")),
		r.At, r.Instance, r.Host, r.Facts, r.Figures).Error)
}

// Measures lists the quarters that began at since or later, in their order. It reads on the primary.
func (s *conn) Measures(ctx context.Context, since int64) ([]MeasureRow, error) {
	var rows []MeasureRow
	err := s.read(Primary(ctx)).Raw("SELECT at, instance, host, facts, figures FROM measures WHERE at >= ? ORDER BY at, instance", since).Scan(&rows).Error
	return rows, translate(err)
}

// DeleteOldMeasures removes the quarters that began before the given time.
func (s *conn) DeleteOldMeasures(ctx context.Context, before int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM measures WHERE at < ?", before).Error)
}

// StatementCounts returns how many statements this process has sent for its requests and jobs since it started:
// those that read, and all others. Those of probes and of the follower of the replication clock are not among them.
func (s *conn) StatementCounts() (reads, writes int64) {
	return s.statements.reads.Load(), s.statements.writes.Load()
}

// statementCounts are of this process, in both places of a site that moves.
type statementCounts struct{ reads, writes atomic.Int64 }

// count has the statements counted that gorm sends through db. Those that pass gorm by are counted where they are sent.
func (c *statementCounts) count(db *gorm.DB) error {
	read := func(*gorm.DB) { c.reads.Add(1) }
	write := func(*gorm.DB) { c.writes.Add(1) }
	on := db.Callback()
	return errors.Join(
		on.Query().Before("gorm:query").Register("tintype:count", read),
		on.Row().Before("gorm:row").Register("tintype:count", read),
		on.Raw().Before("gorm:raw").Register("tintype:count", write),
		on.Create().Before("gorm:create").Register("tintype:count", write),
		on.Update().Before("gorm:update").Register("tintype:count", write),
		on.Delete().Before("gorm:delete").Register("tintype:count", write),
	)
}

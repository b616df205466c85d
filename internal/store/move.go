package store

import "context"

// MoveRow is the move of a part of the site, such as its sessions, as its row says. It is an alias of a nameless struct
// for the same reason as InstanceRow.
type MoveRow = struct {
	Part           string
	Phase          string
	Step           int64  // grows with each change of the phase
	Source, Target string // addresses without secrets
	Epoch          int64  // grows with each mover
	Mover          string // who holds the epoch
	AgeMs          int64  // how long ago the row was written, by the database's clock
	Progress       string // JSON
}

// Moves lists the moves that there have been, one of each part. It reads on the primary; while that is away, on a
// replica.
func (s *conn) Moves(ctx context.Context) ([]MoveRow, error) {
	var rows []MoveRow
	err := s.read(PrimaryWhileThere(ctx)).Raw("SELECT part, phase, step, source, target, epoch, mover, " + s.dialect.nowMillis() + " - updated_at AS age_ms, progress" +
		" FROM moves ORDER BY part").Scan(&rows).Error
	return rows, translate(err)
}

// CreateMove writes the first row of a part; false if it has one.
func (s *conn) CreateMove(ctx context.Context, r MoveRow) (bool, error) {
	res := s.write(ctx).Exec(s.dialect.insertIgnore()+" moves (part, phase, step, source, target, epoch, mover, updated_at, progress) VALUES (?, ?, ?, ?, ?, ?, ?, "+s.dialect.nowMillis()+", ?)",
		r.Part, r.Phase, r.Step, r.Source, r.Target, r.Epoch, r.Mover, r.Progress)
	return res.RowsAffected > 0, translate(res.Error)
}

// ChangeMove replaces the row of a part; false if it is no longer at that epoch and step.
func (s *conn) ChangeMove(ctx context.Context, epoch, step int64, r MoveRow) (bool, error) {
	res := s.write(ctx).Exec("UPDATE moves SET phase = ?, step = ?, source = ?, target = ?, epoch = ?, mover = ?, updated_at = "+s.dialect.nowMillis()+", progress = ? WHERE part = ? AND epoch = ? AND step = ?",
		r.Phase, r.Step, r.Source, r.Target, r.Epoch, r.Mover, r.Progress, r.Part, epoch, step)
	return res.RowsAffected > 0, translate(res.Error)
}

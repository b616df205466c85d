package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
)

// Gate is the row in which a place says what it is for. Package move explains its fields; Mode is one of the four below.
type Gate struct {
	Mode       string
	Generation int64
	Epoch      int64
	Mover      string
	Watch      bool
	Hold       int64
	Move       string // read alone: SetMove writes it
}

// The modes of a Gate.
const (
	GateOpen    = "open"
	GateFilling = "filling"
	GateSealed  = "sealed"
	GateMoved   = "moved"
)

// PlaceMove is which move a place takes part in.
type PlaceMove struct {
	ID   string // of the move, "" where there is none
	Peer string // the other place's address without its password
	Logs bool   // what is written is logged, for the move that is under way
	// WayBack: writes are logged, to keep the place that the site has left up to date. No move is under way.
	WayBack bool
}

// The values of the gate's column logs.
const (
	logsNothing = 0
	logsMove    = 1
	logsWayBack = 2
)

func (m PlaceMove) logs() int {
	switch {
	case m.Logs:
		return logsMove
	case m.WayBack:
		return logsWayBack
	}
	return logsNothing
}

// sealedText is what a trigger says when it refuses. The application finds it as ErrSealed.
const sealedText = "tintype: the database is being moved"

// gateDDL makes the gate, with its row: the place is open and has never moved. The column busy says that a mover's
// transaction writes, which its own statements see and nobody else's: it is 0 again at the end.
func (p *Place) gateDDL() []string {
	if p.onSQLite() {
		return []string{
			"CREATE TABLE IF NOT EXISTS move_gate (id INTEGER NOT NULL PRIMARY KEY, mode TEXT NOT NULL, generation INTEGER NOT NULL, epoch INTEGER NOT NULL, mover TEXT NOT NULL, watch INTEGER NOT NULL, hold INTEGER NOT NULL, busy INTEGER NOT NULL, logs INTEGER NOT NULL, move TEXT NOT NULL, peer TEXT NOT NULL) STRICT",
			"INSERT OR IGNORE INTO move_gate (id, mode, generation, epoch, mover, watch, hold, busy, logs, move, peer) VALUES (1, 'open', 0, 0, '', 0, 0, 0, 0, '', '')",
		}
	}
	return []string{
		"CREATE TABLE IF NOT EXISTS `move_gate` (`id` BIGINT NOT NULL PRIMARY KEY, `mode` VARCHAR(16) NOT NULL, `generation` BIGINT NOT NULL, `epoch` BIGINT NOT NULL, `mover` VARCHAR(64) NOT NULL, `watch` TINYINT(1) NOT NULL, `hold` BIGINT NOT NULL, `busy` TINYINT(1) NOT NULL, `logs` TINYINT(1) NOT NULL, `move` VARCHAR(64) NOT NULL, `peer` VARCHAR(2000) NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"INSERT IGNORE INTO `move_gate` (`id`, `mode`, `generation`, `epoch`, `mover`, `watch`, `hold`, `busy`, `logs`, `move`, `peer`) VALUES (1, 'open', 0, 0, '', 0, 0, 0, 0, '', '')",
	}
}

// logDDL makes the log and the table of the copy's checkpoint. Numbers of the log are never given twice: an entry is
// deleted by its number, and must not take a later one along.
func (p *Place) logDDL() []string {
	if p.onSQLite() {
		return []string{
			"CREATE TABLE IF NOT EXISTS move_log (number INTEGER PRIMARY KEY AUTOINCREMENT, tbl TEXT NOT NULL, row_key TEXT NOT NULL) STRICT",
			"CREATE TABLE IF NOT EXISTS move_checkpoint (id INTEGER NOT NULL PRIMARY KEY, tbl TEXT NOT NULL, row_key TEXT NOT NULL, row_count INTEGER NOT NULL, byte_count INTEGER NOT NULL, done INTEGER NOT NULL) STRICT",
		}
	}
	return []string{
		"CREATE TABLE IF NOT EXISTS `move_log` (`number` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `tbl` VARCHAR(64) NOT NULL, `row_key` VARCHAR(8000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
		"CREATE TABLE IF NOT EXISTS `move_checkpoint` (`id` BIGINT NOT NULL PRIMARY KEY, `tbl` VARCHAR(64) NOT NULL, `row_key` VARCHAR(8000) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, `row_count` BIGINT NOT NULL, `byte_count` BIGINT NOT NULL, `done` TINYINT(1) NOT NULL) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
	}
}

// MakeGate makes the gate, the log and the checkpoint where they are not there yet.
func (p *Place) MakeGate(ctx context.Context) error {
	if err := p.ddl(ctx, append(p.gateDDL(), p.logDDL()...)...); err != nil {
		return fmt.Errorf("prepare %s: %w", p.name, err)
	}
	return nil
}

// keyExpression is the row's key as the log has it (see encodeKey), in an expression over OLD or NEW.
func (p *Place) keyExpression(t *PlaceTable, row string) string {
	parts := make([]string, len(t.key))
	for i, k := range t.key {
		c := t.Columns[k]
		parts[i] = row + "." + identifier(c.Name)
		if c.kind != kindInt {
			parts[i] = "HEX(" + parts[i] + ")"
		}
	}
	if p.onSQLite() {
		return "CAST(" + strings.Join(parts, " || ',' || ") + " AS TEXT)"
	}
	return "CONCAT(" + strings.Join(parts, ", ',', ") + ")"
}

var triggerEvents = []string{"insert", "update", "delete"}

func triggerName(t *PlaceTable, event string) string { return "move_" + t.Name + "_" + event }

// trigger is the statement that makes one. It reads the gate with a lock before the row is written: then a seal waits
// for every write that has seen the place open, and every later write sees the seal.
func (p *Place) trigger(t *PlaceTable, event string) string {
	head := "CREATE TRIGGER " + identifier(triggerName(t, event)) + " BEFORE " + strings.ToUpper(event) + " ON " + identifier(t.Name)
	row := "NEW"
	if event == "delete" {
		row = "OLD"
	}
	name := "'" + strings.ReplaceAll(t.Name, "'", "''") + "'"
	key, old := p.keyExpression(t, row), p.keyExpression(t, "OLD")
	if p.onSQLite() {
		// A transaction has the only write lock from its start.
		const from = " FROM move_gate WHERE id = 1 AND mode = 'open' AND logs > 0"
		body := " BEGIN SELECT RAISE(ABORT, '" + sealedText + "') WHERE NOT EXISTS (SELECT 1 FROM move_gate WHERE id = 1 AND (mode = 'open' OR busy = 1));" +
			" INSERT INTO move_log (tbl, row_key) SELECT " + name + ", " + key + from + ";"
		if event == "update" {
			body += " INSERT INTO move_log (tbl, row_key) SELECT " + name + ", " + old + from + " AND " + old + " <> " + key + ";"
		}
		return head + body + " END"
	}
	insert := "INSERT INTO `move_log` (`tbl`, `row_key`) VALUES (" + name + ", "
	body := " FOR EACH ROW BEGIN DECLARE gate_mode VARCHAR(16); DECLARE gate_busy, gate_logs TINYINT;" +
		" SELECT g.`mode`, g.`busy`, g.`logs` INTO gate_mode, gate_busy, gate_logs FROM `move_gate` g WHERE g.`id` = 1 LOCK IN SHARE MODE;" +
		" IF gate_mode = 'open' THEN IF gate_logs > 0 THEN " + insert + key + ");"
	if event == "update" {
		body += " IF " + old + " <> " + key + " THEN " + insert + old + "); END IF;"
	}
	return head + body + " END IF; ELSEIF COALESCE(gate_busy, 0) = 0 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '" + sealedText + "'; END IF; END"
}

// triggers lists the move's triggers that the place has.
func (p *Place) triggers(ctx context.Context) (map[string]bool, error) {
	query := "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
	if p.onSQLite() {
		query = "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
	}
	has := map[string]bool{}
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		if strings.HasPrefix(name, "move_") {
			has[name] = true
		}
		return err
	}, query)
	return has, translate(err)
}

// MakeTriggersOf makes the triggers that are not there yet, for as long as the place takes part in that move. The gate
// says what they do. ok is false where the place does not take part, as after an abort: triggers that outlive their gate
// refuse every write, so none of them stays.
func (p *Place) MakeTriggersOf(ctx context.Context, move string) (ok bool, err error) {
	takesPart := func() error {
		m, err := p.Move(ctx)
		if err == nil && m.ID != move {
			err = errOtherMove
		}
		return err
	}
	if err := p.makeTriggers(ctx, takesPart); err != nil && !errors.Is(err, errOtherMove) {
		return false, fmt.Errorf("make the triggers in %s: %w", p.name, err)
	}
	if err := takesPart(); !errors.Is(err, errOtherMove) {
		return err == nil, err
	}
	if m, err := p.Move(ctx); err != nil || m.ID != "" { // another move needs them
		return false, err
	}
	return false, p.Strip(ctx)
}

// makeTriggers makes the triggers that are not there yet, as long as may is no error.
func (p *Place) makeTriggers(ctx context.Context, may func() error) error {
	has, err := p.triggers(ctx)
	if err != nil {
		return err
	}
	var statements []string
	for _, t := range p.tables {
		for _, event := range triggerEvents {
			if !has[triggerName(t, event)] {
				statements = append(statements, p.trigger(t, event))
			}
		}
	}
	return p.ddlWhile(ctx, may, statements...)
}

var errOtherMove = errors.New("the database takes no part in the move")

// ErrInMove says that a place takes part in a move, whose triggers and tables stay.
var ErrInMove = errors.New("the database takes part in another move")

// Strip drops the triggers, the log and the checkpoint of a move that is over. The gate stays where it says something: that
// the site has moved away, or its generation. It stops where another move begins.
func (p *Place) Strip(ctx context.Context) error {
	still := func() error {
		m, err := p.Move(ctx)
		if err != nil || m.ID == "" {
			return err
		}
		if g, err := p.Gate(ctx); err != nil || g.Mode == GateMoved {
			return err
		}
		return ErrInMove
	}
	if err := p.dropMoveTables(ctx, still, logTable, pointTable, wayBackTable, moverTable); err != nil {
		return err
	}
	gate, err := p.Gate(ctx)
	if err != nil || gate.Mode != GateOpen || gate.Generation > 0 {
		return err
	}
	return p.dropMoveTables(ctx, still, gateTable)
}

const gateColumns = "`mode`, `generation`, `epoch`, `mover`, `watch`, `hold`, `move`"

// Gate reads the gate. A place without one is open and has never moved.
func (p *Place) Gate(ctx context.Context) (Gate, error) { return readGate(ctx, p.r, "") }

// rowAsker is what a pool, a connection and a transaction have in common.
type rowAsker interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func readGate(ctx context.Context, db rowAsker, lock string) (Gate, error) {
	var g Gate
	err := db.QueryRowContext(ctx, "SELECT "+gateColumns+" FROM `move_gate` WHERE `id` = 1"+lock).Scan(&g.Mode, &g.Generation, &g.Epoch, &g.Mover, &g.Watch, &g.Hold, &g.Move)
	if errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err) {
		return Gate{Mode: GateOpen}, nil
	}
	return g, translate(err)
}

// Move reads which move the place takes part in.
func (p *Place) Move(ctx context.Context) (PlaceMove, error) {
	var m PlaceMove
	var logs int
	err := p.r.QueryRowContext(ctx, "SELECT `move`, `peer`, `logs` FROM `move_gate` WHERE `id` = 1").Scan(&m.ID, &m.Peer, &logs)
	m.Logs, m.WayBack = logs == logsMove, logs == logsWayBack
	if errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err) {
		return PlaceMove{}, nil
	}
	return m, translate(err)
}

// SetMove replaces the move that the place takes part in, if it is still from, and with it the mode, if that is still
// the gate's. It reports whether it did.
func (p *Place) SetMove(ctx context.Context, from, to PlaceMove, gate, mode string) (ok bool, err error) {
	err = p.tx(ctx, 0, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, "UPDATE `move_gate` SET `move` = ?, `peer` = ?, `logs` = ?, `mode` = ? WHERE `id` = 1 AND `move` = ? AND `logs` = ? AND `mode` = ?",
			to.ID, to.Peer, to.logs(), mode, from.ID, from.logs(), gate)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	})
	return ok, translate(err)
}

// SwapGate replaces the gate by to if it is from, and reports whether it was. A place that the site leaves logs nothing
// any more. To wait for the gate's lock longer than that is an error, after which nothing has happened; 0 is a second.
// After any other error the swap may have happened.
func (p *Place) SwapGate(ctx context.Context, from, to Gate, wait time.Duration) (ok bool, err error) {
	leaves := ""
	if to.Mode == GateMoved {
		leaves = "`logs` = 0, "
	}
	return p.swapGate(ctx, from, to, wait, leaves, "")
}

// ClaimWayBack is SwapGate for who keeps the other place up: where no way back is logged, the gate is not as from.
func (p *Place) ClaimWayBack(ctx context.Context, from, to Gate) (ok bool, err error) {
	return p.swapGate(ctx, from, to, 0, "", " AND `logs` = "+strconv.Itoa(logsWayBack))
}

func (p *Place) swapGate(ctx context.Context, from, to Gate, wait time.Duration, set, where string) (ok bool, err error) {
	if wait <= 0 {
		wait = time.Second
	}
	swap := func(exec func(context.Context, string, ...any) (sql.Result, error)) error {
		res, err := exec(ctx, "UPDATE `move_gate` SET "+set+"`mode` = ?, `generation` = ?, `epoch` = ?, `mover` = ?, `watch` = ?, `hold` = ?"+
			" WHERE `id` = 1 AND `mode` = ? AND `generation` = ? AND `epoch` = ? AND `mover` = ? AND `watch` = ? AND `hold` = ?"+where,
			to.Mode, to.Generation, to.Epoch, to.Mover, to.Watch, to.Hold, from.Mode, from.Generation, from.Epoch, from.Mover, from.Watch, from.Hold)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		ok = n == 1
		return err
	}
	if p.onSQLite() {
		err = p.tx(ctx, wait, func(tx *sql.Tx) error { return swap(tx.ExecContext) })
		return ok && err == nil, translate(err)
	}
	err = p.boundedMySQL(ctx, wait, func(c *sql.Conn) error { return swap(c.ExecContext) })
	return ok && err == nil, translate(err)
}

// boundedMySQL runs a statement on a connection of its own and has the server end it after wait. The server's own limit
// for a lock knows only whole seconds.
func (p *Place) boundedMySQL(ctx context.Context, wait time.Duration, f func(*sql.Conn) error) error {
	conn, err := p.w.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	var id int64
	if err := conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&id); err != nil {
		return err
	}
	killed := make(chan struct{})
	timer := time.AfterFunc(wait, func() {
		defer close(killed)
		_, _ = p.w.ExecContext(ctx, "KILL QUERY "+strconv.FormatInt(id, 10)) // else it ends by the server's own limit
	})
	err = f(conn)
	if !timer.Stop() {
		<-killed
		// The order may reach a later statement of the connection.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// sleeperAge is how long a connection may sleep before EndSleepers takes its client for gone.
const sleeperAge = 6 * time.Second

// EndSleepers ends connections of this user that have slept for longer than six seconds: a client that vanished in the
// middle of a transaction holds the gate's lock until the server notices. Clients' pools open others. On SQLite a
// transaction ends with its process.
func (p *Place) EndSleepers(ctx context.Context) error {
	if p.onSQLite() {
		return nil
	}
	var ids []int64
	err := collect(ctx, p.r, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT id FROM information_schema.processlist WHERE user = SUBSTRING_INDEX(USER(), '@', 1) AND db = DATABASE() AND command = 'Sleep' AND time > ? AND id <> CONNECTION_ID()", int(sleeperAge.Seconds()))
	if err != nil {
		return translate(err)
	}
	for _, id := range ids {
		_, err := p.w.ExecContext(ctx, "KILL "+strconv.FormatInt(id, 10))
		var me *mysqldriver.MySQLError
		if err != nil && !(errors.As(err, &me) && me.Number == 1094) { // it has ended meanwhile
			return translate(err)
		}
	}
	return nil
}

// A MovedError says that the site is not to be served from a database.
type MovedError struct {
	Name string // the database's address without a password
	Mode string // of its gate
	Peer string // the other place's address without its password
	// WayBack: the database is the site's, and keeps the place up that the site has left.
	WayBack bool
}

// Elsewhere tells whether the site is in the other place.
func (e *MovedError) Elsewhere() bool { return e.Mode == GateMoved || e.Mode == GateFilling }

func (e *MovedError) Error() string {
	switch e.Mode {
	case GateMoved:
		return e.Name + " is not the site's database any more: the site has moved to " + e.Peer
	case GateFilling, GateSealed:
		return e.Name + " is not the site's database: it is filled from " + e.Peer
	}
	if e.WayBack {
		return e.Name + " keeps a way back to " + e.Peer + ", until `tintype move finish database`"
	}
	return "the site is being moved from " + e.Name + " to " + e.Peer
}

// CheckInCharge returns a MovedError where the site has moved away from the database, or where a move is under way.
func (s *conn) CheckInCharge(ctx context.Context) error {
	return inCharge(ctx, s.SQL(), s.Dialect())
}

// inCharge is CheckInCharge for a pool.
func inCharge(ctx context.Context, db rowAsker, name string) error {
	e := &MovedError{Name: "this database (" + name + ")"}
	var move string
	var logs int
	err := db.QueryRowContext(ctx, "SELECT `mode`, `move`, `peer`, `logs` FROM `move_gate` WHERE `id` = 1").Scan(&e.Mode, &move, &e.Peer, &logs)
	switch {
	case errors.Is(err, sql.ErrNoRows) || err != nil && missingTable(err):
		return nil
	case err != nil:
		return translate(err)
	case e.Mode == GateOpen && (move == "" || logs == logsNothing): // or the move into it is over, but for cleaning up
		return nil
	}
	e.WayBack = logs == logsWayBack
	return e
}

package store

// dialect holds the differences between the databases.
type dialect interface {
	name() string
	nowMillis() string // an expression: the server's clock in milliseconds since 1970
	insertIgnore() string
	// upsert is the tail of an INSERT that, where the key exists, runs the assignments instead.
	// In them, `new(column)` is what was to be inserted.
	upsert(key, assignments string) string
	new(column string) string
	forUpdate() string
	greatest(a, b string) string
	orderedJoin() string          // an inner join whose left side is read first, whatever the optimiser thinks
	useIndex(index string) string // after a table's alias: MySQL prefers a ref over its first columns to a range over all, and walks
	seeksInSubqueries() bool      // a correlated subquery seeks by a key that another row gives and a range, both
}

type sqliteDialect struct{}

func (sqliteDialect) name() string { return "sqlite" }
func (sqliteDialect) nowMillis() string {
	return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
}
func (sqliteDialect) insertIgnore() string { return "INSERT OR IGNORE INTO" }
func (sqliteDialect) upsert(key, a string) string {
	return "ON CONFLICT (" + key + ") DO UPDATE SET " + a
}
func (sqliteDialect) new(column string) string    { return "excluded." + column }
func (sqliteDialect) forUpdate() string           { return "" } // a transaction is the only writer from its start
func (sqliteDialect) greatest(a, b string) string { return "MAX(" + a + ", " + b + ")" }
func (sqliteDialect) orderedJoin() string         { return "CROSS JOIN" }
func (sqliteDialect) useIndex(string) string      { return "" }
func (sqliteDialect) seeksInSubqueries() bool     { return true }

type mysqlDialect struct{}

func (mysqlDialect) name() string { return "mysql" }
func (mysqlDialect) nowMillis() string {
	return "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)"
}
func (mysqlDialect) insertIgnore() string         { return "INSERT IGNORE INTO" }
func (mysqlDialect) upsert(_, a string) string    { return "ON DUPLICATE KEY UPDATE " + a }
func (mysqlDialect) new(column string) string     { return "VALUES(" + column + ")" }
func (mysqlDialect) forUpdate() string            { return " FOR UPDATE" }
func (mysqlDialect) greatest(a, b string) string  { return "GREATEST(" + a + ", " + b + ")" }
func (mysqlDialect) orderedJoin() string          { return "STRAIGHT_JOIN" }
func (mysqlDialect) useIndex(index string) string { return " FORCE INDEX (" + index + ")" }
func (mysqlDialect) seeksInSubqueries() bool      { return false }

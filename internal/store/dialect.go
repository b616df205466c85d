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
	// wordsBetween selects at most limit words of the open part of the index that lie between the two, in order, by a seek for each.
	// Where rows is not 0, it selects the first so many rows instead, in which a word may stand several times.
	wordsBetween(from, to string, limit int) (q string, args []any, rows int)
	seeksInSubqueries() bool // a correlated subquery seeks by a key that another row gives and a range, both
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
func (sqliteDialect) forUpdate() string           { return "" } // from its start a transaction is the only one that writes
func (sqliteDialect) greatest(a, b string) string { return "MAX(" + a + ", " + b + ")" }
func (sqliteDialect) orderedJoin() string         { return "CROSS JOIN" }
func (sqliteDialect) useIndex(string) string      { return "" }
func (sqliteDialect) seeksInSubqueries() bool     { return true }

// SQLite reads all rows of the words for a DISTINCT, so each word is sought after the one before.
func (sqliteDialect) wordsBetween(from, to string, limit int) (string, []any, int) {
	const next = "(SELECT w.word FROM search_words w WHERE w.scope = 0 AND w.word > "
	return "WITH RECURSIVE n (word, i) AS (SELECT " + next + "? AND w.word < ? ORDER BY w.word LIMIT 1), 1 UNION ALL SELECT " + next +
		"n.word AND w.word < ? ORDER BY w.word LIMIT 1), n.i + 1 FROM n WHERE n.word IS NOT NULL AND n.i < ?) SELECT n.word FROM n WHERE n.word IS NOT NULL", []any{from, to, to, limit}, 0
}

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

// wordRows is how many rows MySQL reads at once to find words.
const wordRows = 64

// MySQL and MariaDB can skip from word to word ("Using index for group-by"), but do so only where they take words for frequent, on
// average over the whole index. Words of posts for followers, each in few of them, have them read all rows of the frequent ones.
func (mysqlDialect) wordsBetween(from, to string, _ int) (string, []any, int) {
	return "SELECT w.word FROM search_words w WHERE w.scope = 0 AND w.word > ? AND w.word < ? ORDER BY w.scope, w.word, w.post_id LIMIT ?",
		[]any{from, to, wordRows}, wordRows
}

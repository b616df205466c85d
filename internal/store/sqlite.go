package store

import (
	"os"
	"path/filepath"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
)

// sqliteDialector lets gorm speak to modernc.org/sqlite, which needs no cgo. gorm's own SQLite driver imports the
// cgo one. Schema changes are golang-migrate's, so the migrator is only gorm's plain one.
type sqliteDialector struct{ db gorm.ConnPool }

func (sqliteDialector) Name() string { return "sqlite" }

func (d sqliteDialector) Initialize(db *gorm.DB) error {
	db.ConnPool = d.db
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses: []string{"INSERT", "VALUES", "ON CONFLICT"},
		UpdateClauses: []string{"UPDATE", "SET", "FROM", "WHERE"},
		DeleteClauses: []string{"DELETE", "FROM", "WHERE"},
	})
	db.ClauseBuilders["LIMIT"] = func(c clause.Clause, builder clause.Builder) {
		limit, ok := c.Expression.(clause.Limit)
		if !ok {
			return
		}
		n := -1 // SQLite takes OFFSET only after LIMIT
		if limit.Limit != nil {
			n = *limit.Limit
		}
		if n >= 0 || limit.Offset > 0 {
			_, _ = builder.WriteString("LIMIT " + strconv.Itoa(n))
		}
		if limit.Offset > 0 {
			_, _ = builder.WriteString(" OFFSET " + strconv.Itoa(limit.Offset))
		}
	}
	db.ClauseBuilders["FOR"] = func(clause.Clause, clause.Builder) {} // whoever writes is alone
	return nil
}

func (d sqliteDialector) Migrator(db *gorm.DB) gorm.Migrator {
	return migrator.Migrator{Config: migrator.Config{DB: db, Dialector: d}}
}

func (sqliteDialector) DataTypeOf(f *schema.Field) string {
	switch f.DataType {
	case schema.Bool, schema.Int, schema.Uint:
		return "INTEGER"
	case schema.Float:
		return "REAL"
	case schema.Bytes:
		return "BLOB"
	default:
		return "TEXT"
	}
}

func (sqliteDialector) DefaultValueOf(*schema.Field) clause.Expression {
	return clause.Expr{SQL: "NULL"}
}

func (sqliteDialector) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (sqliteDialector) QuoteTo(w clause.Writer, s string) {
	_ = w.WriteByte('"')
	for i := range len(s) {
		switch s[i] {
		case '.':
			_, _ = w.WriteString(`"."`)
		case '"':
			_, _ = w.WriteString(`""`)
		default:
			_ = w.WriteByte(s[i])
		}
	}
	_ = w.WriteByte('"')
}

func (sqliteDialector) Explain(sql string, vars ...any) string {
	return logger.ExplainSQL(sql, nil, `'`, vars...)
}

// makePrivate has a database's files be its owner's alone, before SQLite makes them with what the umask leaves: they hold
// e-mail addresses, and hashes of passwords. What cannot be changed (a read-only disk, another owner) is left as it is:
// whether the database can be used, SQLite says.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
		return f.Close()
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
			_ = os.Chmod(name, 0o600)
		}
	}
	return nil
}

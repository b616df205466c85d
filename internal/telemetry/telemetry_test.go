package telemetry

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
)

func TestShapeHasNoValues(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT id FROM posts WHERE id = ?":                                           "SELECT id FROM posts WHERE id = ?",
		"SELECT  *\n\tFROM posts\nWHERE id IN (?,?,?,?) LIMIT 20":                     "SELECT * FROM posts WHERE id IN (?) LIMIT ?",
		"SELECT id FROM t WHERE email = 'ann@example.org' AND n=17":                   "SELECT id FROM t WHERE email = ? AND n=?",
		`INSERT INTO "posts" ("id","text") VALUES (?,?),(?,?)`:                        `INSERT INTO "posts" ("id","text") VALUES (?),(?)`,
		"SELECT 'it''s', 'back\\'slash', 0x1F, 1.5e-7 FROM t2":                        "SELECT ?-? FROM t2",
		"UPDATE accounts SET name = \"An Onymous, secret\" WHERE id=3":                "UPDATE accounts SET name = ? WHERE id=?",
		"SELECT 'never closed and secret":                                             "SELECT ?",
		"SELECT \"never closed and secret":                                            "SELECT ?",
		"SELECT x'AB' FROM `posts`":                                                   "SELECT x? FROM `posts`",
		"SELECT c1, utf8mb4 FROM a_2 WHERE b IN (1, 2, 3) AND c = ? UNION ALL SELECT": "SELECT c1, utf8mb4 FROM a_2 WHERE b IN (?) AND c = ? UNION ALL SELECT",
	} {
		if got := Shape(statement); got != want {
			t.Errorf("%s\n got %s\nwant %s", statement, got, want)
		}
	}
	if got := len(Shape("SELECT " + strings.Repeat("a, ", 10_000))); got > maxText+8 {
		t.Errorf("a shape of %d bytes", got)
	}
}

// Whatever stands in quotes or in figures is gone, and the rest survives any text.
func FuzzShape(f *testing.F) {
	f.Add("SELECT 'a' FROM t WHERE b = \"c d\" AND e = 12", "x")
	f.Add("'", "''")
	f.Fuzz(func(t *testing.T, before, value string) {
		Shape(before + value)
		if strings.ContainsAny(before, `'"\`) {
			return
		}
		secret := "sEcReT" + strings.Map(func(r rune) rune {
			if r == '\'' || r == '\\' {
				return -1
			}
			return r
		}, value)
		if got := Shape(before + " '" + secret + "' AND id = 90210"); strings.Contains(got, "sEcReT") || strings.Contains(got, "90210") {
			t.Errorf("%q", got)
		}
	})
}

func TestSummary(t *testing.T) {
	for shape, want := range map[string]string{
		"SELECT id FROM posts WHERE id = ?":         "SELECT posts",
		"select * from (SELECT a FROM b) x":         "SELECT b",
		"INSERT IGNORE INTO `likes` (a) VALUES (?)": "INSERT likes",
		"INSERT OR IGNORE INTO jobs (id) SELECT ?":  "INSERT jobs",
		"UPDATE accounts SET a = ?":                 "UPDATE accounts",
		`DELETE FROM "sessions" WHERE a = ?`:        "DELETE sessions",
		"COMMIT":                                    "COMMIT",
		"SELECT ?":                                  "SELECT",
		"":                                          "SQL",
		"SELECT COUNT(CASE WHEN a = ? THEN ? END) AS n FROM jobs ": "SELECT jobs",
	} {
		if got, _, _ := Summary(shape); got != want {
			t.Errorf("%s: %s, want %s", shape, got, want)
		}
	}
}

func TestErrorKindsTellNothing(t *testing.T) {
	secret := errors.New("Duplicate entry 'ann@example.org'")
	for _, err := range []error{secret, errors.Join(secret), &net.OpError{Op: "dial", Err: secret}, context.DeadlineExceeded} {
		if kind := ErrorKind(err); kind == "" || strings.Contains(kind, "ann") {
			t.Errorf("%v: %q", err, kind)
		}
	}
	if kind := ErrorKind(nil); kind != "" {
		t.Errorf("no error is %q", kind)
	}
}

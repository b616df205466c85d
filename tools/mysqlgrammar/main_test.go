package main

import (
	"strings"
	"testing"
)

func TestWhatServersLack(t *testing.T) {
	for statement, want := range map[string]string{
		"SELECT id FROM t WHERE a = ? ORDER BY id LIMIT 5 FOR UPDATE SKIP LOCKED":                        "",
		"INSERT INTO t (a) VALUES (?) ON DUPLICATE KEY UPDATE a = VALUES(a)":                             "",
		"SELECT * FROM t FORCE INDEX (i) STRAIGHT_JOIN u ON t.a = u.a":                                   "",
		"SELECT 'FOR SHARE', 'a->>b' FROM t":                                                             "",
		"WITH r AS (SELECT id, ROW_NUMBER() OVER (PARTITION BY a ORDER BY id) n FROM t) SELECT * FROM r": "",
		"DO RELEASE_LOCK(?)":                                "",
		"SELECT MD5(DATABASE())":                            "md5",
		"SELECT GET_LOCK(CONCAT('a', SHA1(DATABASE())), 1)": "sha1",
		"SELECT a FROM t FOR SHARE":                         "FOR SHARE",
		"SELECT a->>'$.b' FROM t":                           "->",
		"INSERT INTO t (a) VALUES (?) AS new ON DUPLICATE KEY UPDATE a = new.a": "near",
		"SELECT a FROM t FOR UPDATE OF t":                                       "FOR UPDATE OF",
		"DELETE FROM t WHERE a = ? RETURNING b":                                 "RETURNING",
		"SELECT a FROM t EXCEPT SELECT a FROM u":                                "EXCEPT",
		"CREATE TABLE t (a VARCHAR(9), KEY i ((LOWER(a))))":                     "an index on an expression",
		"CREATE TABLE t (a VARCHAR(9)) COLLATE utf8mb4_0900_ai_ci":              "utf8mb4_0900",
		"SELECT JSON_ARRAYAGG(a) FROM t":                                        "json_arrayagg",
		"SELECT RANK() OVER (ORDER BY a) FROM t":                                "rank",
		"SELECT FROM":                                                           "near",
	} {
		var out strings.Builder
		bad, err := run(strings.NewReader(statement+"\x00"), &out)
		if err != nil {
			t.Fatal(err)
		}
		if (bad > 0) != (want != "") || !strings.Contains(strings.ToLower(out.String()), strings.ToLower(want)) {
			t.Errorf("%s: %q, want %q", statement, out.String(), want)
		}
	}
	if _, err := run(strings.NewReader("SELECT 1"), &strings.Builder{}); err == nil {
		t.Error("a statement without an end passes")
	}
}

// Command mysqlgrammar reads SQL statements from standard input, each ended by a
// NUL, and prints what is wrong with those that not every server of this program
// would take: MySQL 8.0 (which Aurora 3 is), 8.4 and 9, and MariaDB 10.11. It
// parses each as MySQL and looks for words and functions that one of them lacks.
// Its exit status is 1 if it printed something.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/pingcap/tidb/pkg/parser"
	"github.com/pingcap/tidb/pkg/parser/ast"
	_ "github.com/pingcap/tidb/pkg/parser/test_driver"
)

func main() {
	bad, err := run(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mysqlgrammar:", err)
		os.Exit(2)
	}
	if bad > 0 {
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) (bad int, err error) {
	p := parser.New()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	lines.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, 0); i >= 0 {
			return i + 1, data[:i], nil
		}
		if end && len(data) > 0 {
			return 0, nil, fmt.Errorf("the last statement has no end")
		}
		return 0, nil, nil
	})
	for lines.Scan() {
		for _, wrong := range check(p, lines.Text()) {
			bad++
			text := strings.Join(strings.Fields(lines.Text()), " ")
			fmt.Fprintf(out, "%s\n\tin: %.400s\n", wrong, text)
		}
	}
	return bad, lines.Err()
}

// functions are those that statements may call. All servers have them; one more is looked up in the manuals of each
// before it comes in here.
var functions = strings.Fields(`
	avg cast char_length coalesce concat concat_ws count database find_in_set from_unixtime get_lock greatest group_concat hex if ifnull
	is_free_lock last_insert_id least left length locate lower max min mod now nullif octet_length release_lock replace row_number
	sleep substr substring sum trim unix_timestamp upper values version`)

// lacking are words that one of the servers does not take, and which.
var lacking = []struct {
	words *regexp.Regexp
	by    string
}{
	{regexp.MustCompile(`(?i)\bFOR\s+SHARE\b`), "MariaDB"},
	{regexp.MustCompile(`(?i)\bLATERAL\b`), "MariaDB"},
	{regexp.MustCompile(`->`), "MariaDB"},
	{regexp.MustCompile(`(?i)\butf8mb4_0900\w*`), "MariaDB"},
	{regexp.MustCompile(`(?i)\b\w*uca1400\w*`), "MySQL"},
	{regexp.MustCompile(`(?i)\bRETURNING\b`), "MySQL"},
	{regexp.MustCompile(`(?i)\b(INTERSECT|EXCEPT)\b`), "MySQL before 8.0.31"},
	{regexp.MustCompile(`(?i)\b(CHANGE\s+MASTER|(START|STOP|RESET|SHOW)\s+SLAVE|SHOW\s+MASTER)\b`), "MySQL since 8.4"},
	{regexp.MustCompile(`(?i)\b(CHANGE\s+REPLICATION|(START|STOP|RESET|SHOW)\s+REPLICA|SHOW\s+BINARY\s+LOG\s+STATUS)\b`), "MariaDB or MySQL 8.0"},
	{regexp.MustCompile(`(?i)\bmysql_native_password\b`), "MySQL 9"},
	{regexp.MustCompile(`(?i)\bSQL_(CACHE|NO_CACHE)\b`), "MySQL"},
}

var quoted = regexp.MustCompile(`'(?:[^'\\]|\\.|'')*'`)

func check(p *parser.Parser, statement string) (wrong []string) {
	bare := quoted.ReplaceAllString(statement, "''")
	for _, l := range lacking {
		if words := l.words.FindString(bare); words != "" {
			wrong = append(wrong, words+" is not known to "+l.by)
		}
	}
	nodes, _, err := p.Parse(statement, "utf8mb4", "utf8mb4_bin")
	if err != nil {
		return append(wrong, err.Error())
	}
	for _, n := range nodes {
		v := &visitor{}
		n.Accept(v)
		wrong = append(wrong, v.wrong...)
	}
	return wrong
}

type visitor struct{ wrong []string }

func (v *visitor) function(name string) {
	if !slices.Contains(functions, strings.ToLower(name)) {
		v.wrong = append(v.wrong, "the function "+name+" is not among those that every server is known to have")
	}
}

func (v *visitor) Enter(n ast.Node) (ast.Node, bool) {
	switch n := n.(type) {
	case *ast.FuncCallExpr:
		v.function(n.FnName.L)
	case *ast.AggregateFuncExpr:
		v.function(n.F)
	case *ast.WindowFuncExpr:
		v.function(n.Name)
	case *ast.SelectStmt:
		if n.LockInfo != nil && len(n.LockInfo.Tables) > 0 {
			v.wrong = append(v.wrong, "FOR UPDATE OF is not known to MariaDB")
		}
	case *ast.IndexPartSpecification:
		if n.Expr != nil {
			v.wrong = append(v.wrong, "an index on an expression is not known to MariaDB")
		}
	}
	return n, false
}

func (v *visitor) Leave(n ast.Node) (ast.Node, bool) { return n, true }

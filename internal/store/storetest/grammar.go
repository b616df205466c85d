package storetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/migrations"
)

// sent keeps the text of each statement that a test's store sent to MySQL, once.
var sent sync.Map

// keepStatements fills sent.
var keepStatements = &store.Tracing{
	Statement: func(_ context.Context, s store.TracedStatement) func(string) {
		if s.System == "mysql" {
			sent.Store(s.Text, nil)
		}
		return nil
	},
	Origin: func(context.Context) string { return "" },
}

// Main is for TestMain: it runs the tests and answers their exit status. If they pass, every statement that they sent
// to MySQL, and every migration, has to pass tools/mysqlgrammar: there is no test with MySQL 8.0 and 8.4.
func Main(m *testing.M) int {
	status := m.Run()
	if status != 0 {
		return status
	}
	if err := checkStatements(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func checkStatements() error {
	var all []string
	sent.Range(func(text, _ any) bool { all = append(all, text.(string)); return true })
	if len(all) == 0 {
		return nil // no test used MySQL
	}
	const tool = "mysqlgrammar"
	if _, err := exec.LookPath(tool); err != nil {
		const text = "statements were not checked by MySQL's grammar: go build -C tools/mysqlgrammar -o SOMEWHERE/IN/PATH/mysqlgrammar"
		if os.Getenv("REQUIRE_SERVICES") == "1" && !slices.Contains(strings.Fields(os.Getenv("WITHOUT_SERVICES")), tool) {
			return errors.New(text + ", and REQUIRE_SERVICES=1 asks for it")
		}
		fmt.Fprintln(os.Stderr, text)
		return nil
	}
	files, err := fs.Glob(migrations.FS, "mysql/*.sql")
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			return err
		}
		all = append(all, string(text))
		for line := range strings.Lines(string(text)) {
			if query, ok := strings.CutPrefix(line, "-- done: "); ok {
				all = append(all, query)
			}
		}
	}
	slices.Sort(all)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	check := exec.CommandContext(ctx, tool)
	check.Stdin = strings.NewReader(strings.Join(all, "\x00") + "\x00")
	if out, err := check.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", tool, err, out)
	}
	return nil
}

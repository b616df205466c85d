package fleettest

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	requirementRow = regexp.MustCompile(`(?m)^\| R(\d+) \| [^|]+ \| ([^|]+) \| [^|]*\|$`)
	namedTest      = regexp.MustCompile(`^([a-z0-9/]+)\.(Test\w+)(?:/(.+))?$`)
)

// Every requirement is in docs/requirements.md, and the tests that it names are there.
func TestRequirementsHaveTheirTests(t *testing.T) {
	text, err := os.ReadFile("../../docs/requirements.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	last := 0
	for _, row := range requirementRow.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(row[1])
		if err != nil || n < 1 || seen[n] {
			t.Errorf("R%s is there twice, or is none", row[1])
		}
		seen[n] = true
		last = max(last, n)
		if strings.HasPrefix(row[2], "not yet") {
			continue
		}
		list, _, _ := strings.Cut(row[2], ";")
		for _, name := range strings.Split(list, ", ") {
			m := namedTest.FindStringSubmatch(name)
			if m == nil {
				t.Errorf("R%d: %q names no test", n, name)
				continue
			}
			if !tested(t, m[1], m[2], m[3]) {
				t.Errorf("R%d: there is no %s", n, name)
			}
		}
	}
	if last < 47 { // the ladder's
		t.Errorf("the last is R%d", last)
	}
	for n := 1; n <= last; n++ {
		if !seen[n] {
			t.Errorf("R%d is not there", n)
		}
	}
}

// tested tells whether the package has that test, and in the same file a subtest whose name begins so.
func tested(t *testing.T, dir, test, sub string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 { // a package beside internal
		if files, err = filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(dir), "*_test.go")); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+test+"(t *testing.T)") && (sub == "" || strings.Contains(string(text), `t.Run("`+sub)) {
			return true
		}
	}
	return false
}

package app

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestSizes keeps files and the package that builds the site small enough to be read.
func TestSizes(t *testing.T) {
	const longest, most = 500, 30
	here := 0
	eachGoFile(t, func(name string, src []byte) {
		if path.Dir(name) == "internal/app" && !strings.HasSuffix(name, "_test.go") {
			here++
		}
		if lines := bytes.Count(src, []byte("\n")); lines > longest && !generated.Match(src) {
			t.Errorf("%s has %d lines: at most %d", name, lines, longest)
		}
	})
	if here == 0 || here > most {
		t.Errorf("internal/app has %d files without tests, and may have %d", here, most)
	}
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// TestConfigIsNotWritten finds assignments to the settings after they are read: everybody has the same ones.
func TestConfigIsNotWritten(t *testing.T) {
	settings := func(e ast.Expr) bool {
		for {
			switch x := e.(type) {
			case *ast.SelectorExpr:
				if inner, ok := x.X.(*ast.SelectorExpr); ok && (inner.Sel.Name == "cfg" || inner.Sel.Name == "Config") {
					return true
				}
				if inner, ok := x.X.(*ast.Ident); ok && inner.Name == "cfg" {
					return true
				}
				e = x.X
			case *ast.IndexExpr:
				e = x.X
			default:
				return false
			}
		}
	}
	eachGoFile(t, func(name string, src []byte) {
		if !strings.HasPrefix(name, "internal/") || path.Dir(name) == "internal/config" || strings.HasSuffix(name, "_test.go") || !bytes.Contains(src, []byte(`"tintype/internal/config"`)) {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, 0)
		if err != nil {
			t.Error(err)
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			var written []ast.Expr
			switch n := n.(type) {
			case *ast.AssignStmt:
				written = n.Lhs
			case *ast.IncDecStmt:
				written = []ast.Expr{n.X}
			}
			for _, e := range written {
				if settings(e) {
					t.Errorf("%s: a setting is written after it was read", fset.Position(e.Pos()))
				}
			}
			return true
		})
	})
}

// TestContributingHasTheOldWords compares the table of words in CONTRIBUTING.md with what TestOldWords refuses.
func TestContributingHasTheOldWords(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	// Words of the table that also have a plain meaning, so that no pattern refuses them alone.
	plain := map[string]bool{"exchange": true, "exit": true, "closed": true, "place": true, "writer": true, "gallery": true, "Heard": true, "Began": true, "Ended": true}
	_, table, _ := strings.Cut(string(text), "| old | now |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	refused := map[string]bool{}
	rows := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 4 {
			t.Errorf("no row: %q", row)
			continue
		}
		rows++
		olds := regexp.MustCompile(`\([^)]*\)`).ReplaceAllString(cells[1], "")
		for old := range strings.SplitSeq(strings.ReplaceAll(olds, "`", ""), ",") {
			old = strings.TrimSpace(old)
			found := plain[old]
			for pattern := range oldWords {
				if regexp.MustCompile(`\b(?:` + pattern + `)\b`).MatchString(old) {
					found, refused[pattern] = true, true
				}
			}
			if !found {
				t.Errorf("CONTRIBUTING.md replaces %q, and nothing refuses it", old)
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows", rows)
	}
	for pattern, now := range oldWords {
		if !refused[pattern] && !strings.Contains(table, strings.Split(now, ",")[0]) && !strings.HasPrefix(pattern, "What ") {
			t.Errorf("%s is refused, and CONTRIBUTING.md does not say that it is %s now", pattern, now)
		}
	}
}

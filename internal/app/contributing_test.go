package app

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every file that CONTRIBUTING.md sends people to is there. Names of files yet to be written are not looked at.
func TestContributingNamesFilesThatAreThere(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	yetToBeWritten := func(name string) bool {
		return strings.Contains(name, "thing") || strings.Contains(name, "NNNN") || slices.Contains([]string{"name.go", "name_test.go"}, path.Base(name))
	}
	seen := 0
	for _, m := range regexp.MustCompile("`((?:internal|templates|static|docs|deploy|dev|bench|migrations|\\.ci)/[\\w./*-]*)|\\]\\(([\\w./-]+)\\)").FindAllStringSubmatch(string(text), -1) {
		name := m[1] + m[2]
		if yetToBeWritten(name) || strings.HasSuffix(name, "...") {
			continue
		}
		seen++
		if found, err := filepath.Glob(filepath.Join("../..", strings.TrimSuffix(name, "."))); err != nil || len(found) == 0 {
			t.Errorf("CONTRIBUTING.md names %s, which is not there", name)
		}
	}
	if seen < 30 {
		t.Errorf("only %d names were found", seen)
	}
	files := goFiles(t)
	seen = 0
	for _, m := range regexp.MustCompile("`([\\w*]+\\.go)`").FindAllStringSubmatch(string(text), -1) {
		if yetToBeWritten(m[1]) {
			continue
		}
		seen++
		if !slices.ContainsFunc(files, func(file string) bool {
			ok, err := path.Match(m[1], path.Base(file))
			return ok && err == nil
		}) {
			t.Errorf("CONTRIBUTING.md names %s, and no directory has such a file", m[1])
		}
	}
	if seen < 30 {
		t.Errorf("only %d names without a directory were found", seen)
	}
}

// README.md says where everything is: it has each directory with Go files that is two levels deep, and what is beneath web.
func TestReadmeNamesEveryDirectory(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("`(?:go run \\./)?([\\w/]+?)/?`").FindAllStringSubmatch(string(text), -1) {
		named[m[1]] = true
	}
	for _, file := range goFiles(t) {
		parts := strings.Split(path.Dir(file), "/")
		switch {
		case len(parts) < 2, parts[0] == "static", parts[0] == "migrations":
			continue
		case len(parts) > 2 && parts[1] == "web":
			parts = parts[:3]
		default:
			parts = parts[:2]
		}
		if dir := path.Join(parts...); !named[dir] && (parts[0] != "bench" && parts[0] != "deploy" || !named[parts[1]]) {
			t.Errorf("README.md does not say what is in %s", dir)
			named[dir] = true
		}
	}
}

// goFiles are the Go files of the repository, by their paths in it.
func goFiles(t *testing.T) []string {
	t.Helper()
	return filesIn(t, func(name string) bool { return strings.HasSuffix(name, ".go") })
}

// filesIn are files of the repository, by their paths in it.
func filesIn(t *testing.T, want func(name string) bool) (files []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "data" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if err == nil && !d.IsDir() && want(name) {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) < 100 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every file that CONTRIBUTING.md sends people to is there. Names of files yet to be written are not looked at.
func TestContributingNamesFilesThatAreThere(t *testing.T) {
	text, err := os.ReadFile("../../CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range regexp.MustCompile("`((?:internal|templates|static|docs|deploy|dev|bench|migrations|\\.ci)/[\\w./*-]*)|\\]\\(([\\w./-]+)\\)").FindAllStringSubmatch(string(text), -1) {
		name := m[1] + m[2]
		if strings.Contains(name, "thing") || strings.Contains(name, "NNNN") || strings.HasSuffix(name, "/name.go") || strings.HasSuffix(name, "/name_test.go") || strings.HasSuffix(name, "...") {
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
}

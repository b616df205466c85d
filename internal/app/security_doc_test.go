package app

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// docs/security.md says something of each chapter of ASVS 5.0: a row of what is not met, or that the chapter has none. Its rows are in
// order, of level 1 or 2, and say what is missing.
func TestSecurityNamesEveryChapter(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	row, last, named := regexp.MustCompile(`^\| ((\d+)\.(\d+)\.(\d+)[^|]*)\|([^|]*)\|([^|]*)\|`), 0, map[int]bool{}
	for line := range strings.Lines(string(text)) {
		m := row.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		var n [3]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[2+i])
		}
		at := n[0]*10_000 + n[1]*100 + n[2]
		if at <= last || !regexp.MustCompile(`^(1|2|1, 2)$`).MatchString(strings.TrimSpace(m[5])) || strings.TrimSpace(m[6]) == "" {
			t.Errorf("a row out of its order, without its level, or that says nothing: %s", line)
		}
		last, named[n[0]] = at, true
	}
	for chapter := 1; chapter <= 17; chapter++ {
		if !named[chapter] && !regexp.MustCompile(fmt.Sprintf(`[Cc]hapter %d\b`, chapter)).Match(text) {
			t.Errorf("nothing is said of chapter %d", chapter)
		}
	}
}

package ladder

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of rules into docs/scaling.md")

// The guide has the rules as they are.
func TestGuideHasTheRules(t *testing.T) {
	const guide, head = "../../docs/scaling.md", "| advice | when | because |\n| --- | --- | --- |\n"
	raw, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(raw), head)
	if !found {
		t.Fatal("no table of advice in docs/scaling.md")
	}
	_, after, _ := strings.Cut(rest, "\n\n")
	var table strings.Builder
	for _, r := range Rules {
		signal := signalOf(r.Signal)
		when := fmt.Sprintf("`%s` of %s or more in %s", r.Signal, signal.Format(r.Bound), minutes(r.Minutes))
		switch {
		case r.held != nil:
			when = "at least " + r.format(signal, r.Bound, "")
		case signal.fold == foldLeast:
			when = strings.Replace(when, "or more", "or less", 1)
		}
		fmt.Fprintf(&table, "| %s (rung %d) | %s | %s |\n", r.Title, r.Rung, when, r.Why)
	}
	want := before + head + table.String() + "\n" + after
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(raw) {
		t.Error("docs/scaling.md has other rules: go test ./internal/ladder -run TestGuideHasTheRules -update")
	}
}

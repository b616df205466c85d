package command

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tintype/internal/config"
	"tintype/internal/ladder"
)

// Whoever types what the ladder advises is not told how to write it.
func TestLadderAdvisesWhatThereIs(t *testing.T) {
	parser, err := kong.New(&commands{}, kong.Name("tintype"))
	if err != nil {
		t.Fatal(err)
	}
	settings, lines := 0, 0
	for _, step := range ladder.Steps() {
		for _, s := range step.Settings {
			name, _, ok := strings.Cut(s, "=")
			if settings++; !ok || !slices.Contains(config.Names(), name) {
				t.Errorf("%s is no setting", s)
			}
		}
		for _, line := range step.Commands {
			lines++
			if _, err := parser.Parse(strings.Fields(line)); err != nil {
				t.Errorf("tintype %s: %v", line, err)
			}
		}
	}
	if settings < 15 || lines < 20 {
		t.Errorf("%d settings and %d commands", settings, lines)
	}
}

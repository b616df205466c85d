package command

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tintype/internal/community"
)

// docs/moderation.md names the page and the command of every act that the log knows, or says that there is none. What it names is there.
func TestEveryActHasAPageAndACommand(t *testing.T) {
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	guide, routes := read("../../docs/moderation.md"), read("../app/testdata/routes.txt")
	parser, err := kong.New(&commands{}, kong.Name("tintype"))
	if err != nil {
		t.Fatal(err)
	}
	isForm := func(path string) bool {
		return regexp.MustCompile(`(?m)^POST +` + regexp.QuoteMeta(path) + ` `).MatchString(routes)
	}
	isCommand := func(words string) bool {
		node := parser.Model.Node
		for name := range strings.FieldsSeq(words) {
			at := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == name })
			if at < 0 {
				return false
			}
			node = node.Children[at]
		}
		return node.Leaf()
	}
	rows := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_]+)` \\| (.*) \\| (.*) \\|$").FindAllStringSubmatch(guide, -1) {
		rows[m[1]] = m[2:]
	}
	for _, act := range community.Acts() {
		if act == community.ReadEmails || strings.HasSuffix(string(act), ".read") {
			continue
		}
		row := rows[string(act)]
		delete(rows, string(act))
		if row == nil {
			t.Errorf("docs/moderation.md does not say by which page and command %s is done", act)
			continue
		}
		for i, is := range []func(string) bool{isForm, isCommand} {
			if strings.HasPrefix(row[i], "none") {
				continue
			}
			names := regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[i], -1)
			if len(names) == 0 {
				t.Errorf("%s: %q names nothing", act, row[i])
			}
			for _, m := range names {
				if !is(m[1]) {
					t.Errorf("%s: there is no %s", act, m[1])
				}
			}
		}
	}
	for act := range rows {
		t.Errorf("%s is no act", act)
	}
}

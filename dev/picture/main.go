// Command picture moves the database of a demo site, which runs and nobody uses, from SQLite to MariaDB, and draws what
// the command says in a pipe as a terminal: docs/move.svg, which the README shows. Only names of places are changed, to
// those that a site has.
//
//	go run ./dev/picture [-out docs/move.svg]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

func main() {
	out := flag.String("out", "docs/move.svg", "the picture")
	posts := flag.Int("posts", 4000, "posts of the demo site")
	flag.Parse()
	rig.Main(func(t *rig.T) error {
		said, err := move(t, *posts)
		if err != nil {
			return err
		}
		return os.WriteFile(*out, draw(lines(said)), 0o644)
	})
}

const typed = "tintype move database"

// move moves a demo site and returns what the command said, with the names that a site's places have.
func move(t testing.TB, posts int) (string, error) {
	server := servertest.FlavourMariaDB.Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		return "", err
	}
	next := server.NewDatabase(t)
	site := servertest.NewTintype(t, "MIGRATE=auto")
	if out, stderr, err := site.Command("demo", "--quiet", "--accounts", "60", "--posts", fmt.Sprint(posts), "--pictures", "3"); err != nil {
		return "", fmt.Errorf("tintype demo: %w\n%s%s", err, out, stderr)
	}
	site.Set("DATABASE_NEXT=" + next)
	site.Start()
	said, stderr, err := site.Command(strings.Fields(typed)[1:]...)
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", typed, err, said, stderr)
	}
	_, place, _ := strings.Cut(next, "@")
	user, _, _ := strings.Cut(strings.TrimPrefix(next, "mysql://"), ":")
	return strings.NewReplacer(
		filepath.Clean(site.DataDir), "/var/lib/tintype",
		"mysql://"+user+":(hidden)@"+place, "mysql://tintype_app:(hidden)@db.internal:3306/tintype",
		place, "db.internal:3306/tintype",
	).Replace(said), nil
}

// progress are the beginnings of lines that say how far a move is. How many there are depends on the machine.
var progress = []string{"copying", "replaying", "comparing", "waiting", "switching", "finishing"}

// width is how many letters a line of the picture has.
const width = 100

// lines are those of the picture: what was typed and what was said, of the progress the first line, broken at words.
func lines(said string) []string {
	out := []string{"$ " + typed}
	seen := false
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\n")
		isProgress := false
		for _, p := range progress {
			isProgress = isProgress || strings.HasPrefix(line, p)
		}
		if isProgress && seen {
			continue
		}
		seen = seen || isProgress
		out = append(out, broken(line)...)
	}
	return out
}

func broken(line string) (out []string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	now := indent
	for _, word := range strings.Fields(line) {
		if now != indent && utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > width {
			out = append(out, now)
			now = indent
		}
		if now != indent {
			now += " "
		}
		now += word
	}
	return append(out, now)
}

// draw draws lines as a terminal.
func draw(list []string) []byte {
	const letter, height, margin = 7.83, 19, 18
	var b bytes.Buffer
	w, h := int(width*letter)+2*margin, len(list)*height+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A terminal: %s">`+"\n", w, h, w, h, typed)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#121514"/>`+"\n", w, h)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#d9dedb" xml:space="preserve">`+"\n")
	for i, line := range list {
		weight := ""
		if i == 0 {
			weight = ` font-weight="bold" fill="#ffffff"`
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>%s</text>`+"\n", margin, margin+i*height+14, weight, html.EscapeString(line))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

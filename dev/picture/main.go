// Command picture moves the database of a demo site, in which a member writes all the time, from SQLite to MariaDB, and
// draws what the command says on a terminal: docs/move.svg, which the README shows. Of the line that changes, which is
// gone at the end, it keeps the frame nearest to the middle of the copy. Only names of places are changed, to those that a
// site has.
//
//	go run ./dev/picture [-out docs/move.svg]
package main

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
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
	site := servertest.NewTintype(t, "MIGRATE=auto", "API_LIMIT=1000000/5m")
	if out, stderr, err := site.Command("demo", "--quiet", "--accounts", "60", "--posts", fmt.Sprint(posts), "--pictures", "3"); err != nil {
		return "", fmt.Errorf("tintype demo: %w\n%s%s", err, out, stderr)
	}
	site.Set("DATABASE_NEXT=" + next)
	site.Start()
	stop := writes(servertest.NewClient(t, site.URL).SignUpByToken("walker"))
	command := exec.Command(servertest.Binary(t), strings.Fields(typed)[1:]...)
	command.Dir = filepath.Dir(site.DataDir)
	command.Env = append(site.Settings(), "DATA_DIR="+site.DataDir, "PATH="+os.Getenv("PATH"), "TERM=xterm")
	said, err := onTerminal(command, width)
	if err := stop(); err != nil {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", typed, err, said)
	}
	_, place, _ := strings.Cut(next, "@")
	user, _, _ := strings.Cut(strings.TrimPrefix(next, "mysql://"), ":")
	return strings.NewReplacer(
		filepath.Clean(site.DataDir), "/var/lib/tintype",
		"mysql://"+user+":(hidden)@"+place, "mysql://tintype_app:(hidden)@db.internal:3306/tintype",
		place, "db.internal:3306/tintype",
	).Replace(said), nil
}

// writes has a member write all the time. Stop ends that, after some more writes, and tells of one that failed.
func writes(member *servertest.Client) (stop func() error) {
	quit, result := make(chan struct{}), make(chan error, 1)
	go func() {
		left := 20
		for n := 1; left > 0; n++ {
			select {
			case <-quit:
				left--
			case <-time.After(20 * time.Millisecond):
			}
			if _, err := member.Must(http.StatusOK, servertest.Form("/api/v1/markers", "home[last_read_id]", fmt.Sprint(n))); err != nil {
				result <- fmt.Errorf("write %d during the move: %w", n, err)
				return
			}
		}
		result <- nil
	}()
	return func() error { close(quit); return <-result }
}

// width is how many columns the terminal has.
const width uint16 = 116

// erased is how the command begins the line that changes anew.
const erased = "\r\033[K"

// lines are those of the picture: what was typed and what was said, of the line that changes the frame nearest to the
// middle of the copy, broken at words.
func lines(said string) []string {
	out := []string{"$ " + typed}
	bar, away := -1, 101
	for line := range strings.Lines(said) {
		frames := strings.Split(strings.TrimRight(line, "\r\n"), erased)
		for _, frame := range frames[:len(frames)-1] {
			m := copying.FindStringSubmatch(frame)
			if m == nil {
				continue
			}
			if bar < 0 {
				bar, out = len(out), append(out, "")
			}
			percent, _ := strconv.Atoi(m[1]) // digits alone
			if from := max(percent-50, 50-percent); from < away {
				out[bar], away = frame, from
			}
		}
		out = append(out, broken(frames[len(frames)-1])...)
	}
	return out
}

// copying is a frame with the bar of the copy.
var copying = regexp.MustCompile(`^\[#*-*\] +([0-9]+)% copying: `)

func broken(line string) (out []string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
	now := indent
	for _, word := range strings.Fields(line) {
		if now != indent && utf8.RuneCountInString(now)+1+utf8.RuneCountInString(word) > int(width) {
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
	w, h := int(math.Ceil(float64(width)*letter))+2*margin, len(list)*height+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="A terminal: %s">`+"\n", w, h, w, h, typed)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#121514"/>`+"\n", w, h)
	fmt.Fprintf(&b, `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13" fill="#d9dedb" xml:space="preserve" style="white-space:pre">`+"\n")
	for i, line := range list {
		weight := ""
		switch {
		case i == 0:
			weight = ` font-weight="bold" fill="#ffffff"`
		case copying.MatchString(line):
			weight = ` fill="#8fd3a5"`
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d"%s>%s</text>`+"\n", margin, margin+i*height+14, weight, html.EscapeString(line))
	}
	b.WriteString("</g>\n</svg>\n")
	return b.Bytes()
}

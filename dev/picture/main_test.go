package main

import (
	"html"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// shape is what the lines have in common on every machine and on every run: the words without figures and units.
func shape(list []string) []string {
	text := strings.Join(list, " ")
	// How far the copy is in the frame that was kept, and what its line has room for.
	text = regexp.MustCompile(`\[#*-*\] +[0-9]+% copying: .*?(no write is held|…)`).ReplaceAllString(text, "BAR of the copy")
	text = regexp.MustCompile(`[0-9][0-9.,]*`).ReplaceAllString(text, "0")
	text = regexp.MustCompile(`\b0 ?(bytes|KiB|MiB|GiB|kB|MB|ms|µs|m0s|m|s)\b`).ReplaceAllString(text, "0")
	text = regexp.MustCompile(`\. Writes were held for 0\.`).ReplaceAllString(text, ".")
	return strings.Fields(text)
}

// The README's picture says what the command says today.
func TestPictureIsOfARealMove(t *testing.T) {
	raw, err := os.ReadFile("../../docs/move.svg")
	if err != nil {
		t.Fatal(err)
	}
	var drawn []string
	for _, m := range regexp.MustCompile(`<text [^>]*>([^<]*)</text>`).FindAllStringSubmatch(string(raw), -1) {
		drawn = append(drawn, html.UnescapeString(m[1]))
	}
	if string(draw(drawn)) != string(raw) {
		t.Error("docs/move.svg is not what dev/picture draws of its lines: run go run ./dev/picture")
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "(docs/move.svg)") {
		t.Errorf("the README does not show the picture: %v", err)
	}
	servertest.Tool(t, "mariadbd", "Debian package mariadb-server")
	said, err := move(t, 50)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(shape(drawn), " "), "BAR of the copy") || !strings.Contains(string(raw), "##") {
		t.Error("the picture has no bar")
	}
	if was, now := shape(drawn), shape(lines(said)); !slices.Equal(was, now) {
		t.Errorf("the picture says\n%s\nand the command\n%s\nrun go run ./dev/picture", strings.Join(was, " "), strings.Join(now, " "))
	}
}

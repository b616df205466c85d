package community

import (
	"bytes"
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A text has one length: the one that the API announces, the server checks and the page shows while it is typed.
func TestCharacters(t *testing.T) {
	const home = "https://xn--bcher-kva.example"
	c := New(Options{BaseURL: home})
	long := "https://photos.example/" + strings.Repeat("x", 200)
	table := []struct {
		text string
		want int
	}{
		{"", 0},
		{"Hügel 🏔", 7},
		{long, 23},
		{"http://a.b", 23},
		{"see " + long + ", or " + long + ".", 4 + 23 + 5 + 23 + 1},
		{"(" + long + ")", 25},
		{"(" + long + ")http://c.d", 25 + 23},
		{"https://en.example/a_(b)!", 24},
		{"HTTPS://A.example/ü?q=%zz", 23},
		{"xhttps://a.example", 18},
		{"/https://a.example", 18},
		{"https://", 8},
		{"http:///x", 9},
		{"https://a.example/%zz", 21},
		{"https://u:p@a.example", 21},
		{"https://a.example:x/", 20},
		{"ftp://a.example/", 16},
		{long + "\u200B" + long, 47},
		{"#tag @ann", 9},
		{"@ann@xn--bcher-kva.example", 4},
		{"@ann@BÜCHER.example, hello", 4 + 7},
		{"@ann@bücher.example.", 5},
		{"@ann@bücher.example:443", 4},
		{"@ann@bücher.example:8443", 24},
		{"@ann@bucher.example", 19},
		{"@ann@bücher.example@x", 21},
		{"a@ann@bücher.example", 20},
		{"https://a.example/@ann@bücher.example", 23},
	}
	var texts []string
	for _, tt := range table {
		texts = append(texts, tt.text)
		if got := c.Characters(tt.text); got != tt.want {
			t.Errorf("%q has %d characters, want %d", tt.text, got, tt.want)
		}
	}
	node := servertest.Tool(t, "node", "Debian package nodejs")
	script, err := filepath.Abs("../../static/count.js")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), node, "--input-type=module", "-e", `
		import { readFileSync } from 'node:fs';
		const source = readFileSync(process.argv[1], 'utf8');
		const { characters } = await import('data:text/javascript,' + encodeURIComponent(source));
		console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map((text) => characters(text, process.argv[2]))));`, script, home)
	run.Stdin = bytes.NewReader(asked)
	out, err := run.Output()
	if err != nil {
		var failed *exec.ExitError
		errors.As(err, &failed)
		t.Fatalf("node: %v %s", err, failed.Stderr)
	}
	var counted []int
	if err := json.Unmarshal(out, &counted); err != nil || len(counted) != len(table) {
		t.Fatalf("node answered %s, %v", out, err)
	}
	for i, tt := range table {
		if counted[i] != tt.want {
			t.Errorf("the page counts %d characters in %q, want %d", counted[i], tt.text, tt.want)
		}
	}
}

func TestTextsAreAsLongAsAnnounced(t *testing.T) {
	c := New(Options{BaseURL: "https://photos.example"})
	acc := &store.Account{DefaultVisibility: store.Public, DefaultLicence: "all-rights-reserved"}
	link := " https://photos.example/" + strings.Repeat("x", 77)
	for _, tt := range []struct {
		name, text string
		to         int64
		taken      bool
	}{
		{"a caption of words", strings.Repeat("x", MaxCaption), 0, true},
		{"one more", strings.Repeat("x", MaxCaption+1), 0, false},
		{"a caption with an address", strings.Repeat("x", MaxCaption-24) + link, 0, true},
		{"one more with an address", strings.Repeat("x", MaxCaption-23) + link, 0, false},
		{"a comment with an address", strings.Repeat("x", MaxComment-24) + link, 7, true},
		{"a longer comment with an address", strings.Repeat("x", MaxComment-23) + link, 7, false},
		{"an address beyond what is shown", "https://photos.example/" + strings.Repeat("x", maxRenderSize), 0, false},
	} {
		_, err := c.newPostRow(acc, NewPost{Caption: tt.text, PhotoIDs: []int64{1}, InReplyTo: tt.to})
		if (err == nil) != tt.taken {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

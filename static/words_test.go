package static

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tokens are what a script is made of, as far as words in it are concerned: comments, regular expressions and literals.
var tokens = regexp.MustCompile("(?s)//[^\n]*|/\\*.*?\\*/|[=(,:!&|]\\s*/(?:[^/\\\\\n\\[]|\\\\.|\\[(?:[^\\]\\\\\n]|\\\\.)*\\])+/[a-z]*" +
	"|'(?:[^'\\\\\n]|\\\\.)*'|\"(?:[^\"\\\\\n]|\\\\.)*\"|`[^`]*`")

var (
	// sink is what comes before a literal that people read.
	sink = regexp.MustCompile(`(?:\.(?:textContent|innerText|title|alt|placeholder)\s*=|\b(?:textContent|innerText|title|alt|placeholder):|\bsay\(|Error\(|'aria-(?:label|description)',)\s*$`)
	// words are letters that belong to a sentence.
	words     = regexp.MustCompile(`\p{Lu}\p{Ll}|\p{L}{2} \p{L}{2}|^ \p{L}|\p{L} $`)
	markup    = regexp.MustCompile(`<[^>]*>`)
	attribute = regexp.MustCompile(`(?:aria-label|title|alt|placeholder)="[^"$]*\p{L}`)
	filledIn  = regexp.MustCompile(`\$\{[^}]*\}`)
	selector  = regexp.MustCompile(`^[#.]?[a-z-]+(?:[.#\[ ,:]+[a-z-]+[^ ]*)*$`)
)

// technical are literals with words that no person reads: names of headers, keys, classes, events and errors.
var technical = []string{
	"X-Fragment", "Accept", "Files", "Exif", "Escape", "Arrow", "NotAllowedError", "AbortError", "PushManager", "Notification", "serviceWorker",
	"linearGradient", "g ", "count cam", "cam hint", "button plain small",
}

// unsaid are the words of a script that no language translates.
func unsaid(source string) []string {
	source = said.ReplaceAllString(source, "'…'")
	var found []string
	for _, at := range tokens.FindAllStringIndex(source, -1) {
		token := source[at[0]:at[1]]
		if !strings.ContainsRune("'\"`", rune(token[0])) {
			continue
		}
		text := token[1 : len(token)-1]
		before := source[max(0, at[0]-60):at[0]]
		plain := filledIn.ReplaceAllString(markup.ReplaceAllString(text, ""), "")
		switch {
		case attribute.MatchString(text), sink.MatchString(before) && regexp.MustCompile(`\p{L}`).MatchString(plain):
		case slices.Contains(technical, text), strings.Contains(before[max(0, len(before)-20):], "querySelector"), strings.HasSuffix(before, "closest("), strings.HasSuffix(before, "matches("):
			continue
		case !words.MatchString(plain), selector.MatchString(text) && strings.ContainsAny(text, ".#:["):
			continue
		}
		found = append(found, token)
	}
	return found
}

// What a script says to people stands behind the mark, so that each language has it.
func TestScriptsHaveNoWordsOfTheirOwn(t *testing.T) {
	names, err := fs.Glob(files, "*.js")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d scripts, %v", len(names), err)
	}
	for _, name := range names {
		source, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, literal := range unsaid(string(source)) {
			t.Errorf("%s says %s in English only: put /*T*/ before it, or name it in technical", name, literal)
		}
	}
}

// The test above finds what it is for, and leaves alone what it should.
func TestWordsInScriptsAreFound(t *testing.T) {
	for source, want := range map[string]int{
		"say(n + ' more', true)": 1,
		"Object.assign(x, { className: 'vh', textContent: ' unread' })":   1,
		"throw new Error('nothing there')":                                1,
		"const { title = 'Something happened' } = told":                   1,
		"box.setAttribute('aria-label', 'photographs')":                   1,
		"b.textContent = `${n} left`":                                     1,
		"box.innerHTML = `<button aria-label=\"Close\"></button>`":        1,
		"box.innerHTML = `<p>Nothing here</p>`":                           1,
		"b.title = \"open\"":                                              1,
		"box.innerHTML = `<button>${/*T*/'Close'}</button>`":              0,
		"say(/*T*/`${n} more`, true) // says how many more":               0,
		"x.querySelector('.nav a[href=\"/@\"]'); el.closest('.dots a')":   0,
		"el.className = 'button plain small'; el.dataset.state = 'ready'": 0,
		"const link = /[\"'`]Some words/; text.replace(/'/g, '')":         0,
	} {
		if found := unsaid(source); len(found) != want {
			t.Errorf("%s: found %q, want %d", source, found, want)
		}
	}
}

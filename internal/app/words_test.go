package app

import (
	"go/scanner"
	"go/token"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// oldWords are words and turns that this project once had of its own, with what the
// field says instead. CONTRIBUTING.md has the whole table. A name with a package before it
// is looked for as that.
var oldWords = map[string]string{
	`\w*[lL]ooker`:                           "view builder",
	`Told`:                                   "Invalidate",
	`[cC]aughtUp|Settled`:                    "WaitForReplicas",
	`[fF]aces?|\w+Faces?`:                    "avatar, header, profile photo",
	`\w*[lL]oose\w*`:                         "unattached",
	`[kK]nock(?:s|ed|ing)?`:                  "probe",
	`[hH]earers?|[eE]ars?|[eE]arpieces?`:     "subscriber, open stream",
	`[hH]eldPage`:                            "buffered response",
	`[dD]oors?`:                              "listeners",
	`[pP]hoto(?:Made|Again)|[pP]lacePhoto`:   "MarkPhotoReady, RequeuePhoto, SetPhotoPosition",
	`[eE]xchange(?:Of|Key)`:                  "request info",
	`[dD]arkroom\w*`:                         "photoSite",
	`[rR]ooms`:                               "services",
	`web\.Exit|[eE]xit(?:Of|Page)`:           "error responder",
	`[cC]losed (?:sites?|communit(?:y|ies))`: "members-only",
	`What (?:is|are) no(?:ne|body)?`:         "a plain subject, as in: a text that is not an id",
	`community\.Page`:                        "community.Cursor",
	`pages\.Place`:                           "pages.Session",
	`backup\.(?:Place|Stage)`:                "backup.Archive, backup.StagingDir",
	`session\.Place`:                         "session.Movable",
	`move\.Place`:                            "move.Side",
	`cache\.Far`:                             "cache.MaxRedisTTL",
	`[oO]n(?:Heard|Began|Ended)`:             "OnEvent, OnStart, OnStop",
	`[wW]riterAway|writer_away|(?:[tT]he|old|new|one) writer`: "primary, SQLite's write connection",
}

// oldWordsAllowed are files in which an old word means something else.
var oldWordsAllowed = map[string]string{
	"internal/app/words_test.go":          "the list itself",
	"internal/demo/stilllife.go":          "painted rooms",
	"deploy/asg/modules/database/main.tf": "what AWS calls a primary",
}

// TestOldWords refuses words in identifiers and comments that CONTRIBUTING.md has
// replaced. Texts for people are not looked at.
func TestOldWords(t *testing.T) {
	every := regexp.MustCompile(`\b(?:` + strings.Join(slices.Sorted(maps.Keys(oldWords)), "|") + `)\b`)
	instead := func(found string) string {
		for old, now := range oldWords {
			if regexp.MustCompile(`^(?:` + old + `)$`).MatchString(found) {
				return now
			}
		}
		return ""
	}
	check := func(name string, words iter.Seq2[string, int]) {
		for word, line := range words {
			for _, found := range every.FindAllString(word, -1) {
				t.Errorf("%s:%d says %q: the word is %s", name, line, found, instead(found))
			}
		}
	}
	seen := map[string]int{}
	eachFile(t, func(name string, src []byte) {
		ext := path.Ext(name)
		if _, allowed := oldWordsAllowed[name]; allowed || strings.HasSuffix(name, "_templ.go") {
			return
		}
		switch ext {
		case ".go":
			check(name, words(src))
		case ".templ", ".js":
			check(name, wordsOfLines(src, "//"))
		case ".sh", ".tf":
			check(name, wordsOfLines(src, "#"))
		default:
			return
		}
		seen[ext]++
	})
	for ext, least := range map[string]int{".go": 100, ".templ": 20, ".js": 20, ".sh": 2, ".tf": 10} {
		if seen[ext] < least {
			t.Errorf("only %d files *%s were found", seen[ext], ext)
		}
	}
}

// eachGoFile goes through the Go files that people write.
func eachGoFile(t *testing.T, do func(name string, src []byte)) {
	t.Helper()
	eachFile(t, func(name string, src []byte) {
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_templ.go") {
			do(name, src)
		}
	})
}

// eachFile goes through the files of the repository.
func eachFile(t *testing.T, do func(name string, src []byte)) {
	t.Helper()
	files := filesIn(t, func(name string) bool {
		return slices.Contains([]string{".go", ".templ", ".js", ".sh", ".tf"}, path.Ext(name))
	})
	for _, name := range files {
		src, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		do(name, src)
	}
}

// words are the identifiers and comments of a Go file with their lines. A name with
// another before it comes alone and with that: pages, Session, pages.Session.
func words(src []byte) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		fset := token.NewFileSet()
		file := fset.AddFile("", fset.Base(), len(src))
		var s scanner.Scanner
		s.Init(file, src, nil, scanner.ScanComments)
		before, dotted := "", false
		for {
			pos, kind, text := s.Scan()
			switch kind {
			case token.EOF:
				return
			case token.IDENT, token.COMMENT:
				if !yield(text, file.Line(pos)) {
					return
				}
				if kind == token.IDENT && dotted && !yield(before+"."+text, file.Line(pos)) {
					return
				}
			}
			if kind == token.PERIOD {
				dotted = before != ""
			} else if dotted = false; kind == token.IDENT {
				before = text
			} else {
				before = ""
			}
		}
	}
}

var quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|(?:^|[\\s=(,\\[{:+])'(?:[^'\\\\]|\\\\.)*'")

// wordsOfLines are the lines of a file of another language, without what is quoted in
// them. Comments, which begin with the mark, are whole. Quotes over several lines are
// not told from the rest.
func wordsOfLines(src []byte, mark string) iter.Seq2[string, int] {
	comment := regexp.MustCompile(`(?:^|\s)` + mark + `.*`)
	return func(yield func(string, int) bool) {
		number := 0
		for line := range strings.Lines(string(src)) {
			number++
			code, said := line, ""
			// A mark in quotes begins no comment: the first one that is not.
			hidden := quoted.ReplaceAllStringFunc(line, func(q string) string { return strings.Repeat("_", len(q)) })
			if at := comment.FindStringIndex(hidden); at != nil {
				code, said = line[:at[0]], line[at[0]:]
			}
			if !yield(quoted.ReplaceAllString(code, " ")+said, number) {
				return
			}
		}
	}
}

func TestWordsOfAFile(t *testing.T) {
	collect := func(words iter.Seq2[string, int]) string {
		var got []string
		for word := range words {
			got = append(got, strings.TrimSpace(word))
		}
		return strings.Join(got, " | ")
	}
	for got, want := range map[string]string{
		collect(words([]byte("package a\n\nvar knock = \"looker\" // a face\n"))):        "a | knock | // a face",
		collect(words([]byte("package a\n\nvar x = pages.Place{}.on\n"))):                "a | x | pages | Place | pages.Place | on",
		collect(wordsOfLines([]byte("say('a door', knock) // the site's door\n"), "//")): "say , knock) // the site's door",
		collect(wordsOfLines([]byte("x=\"a # door\"\n# a door, it's\n"), "#")):           "x= | # a door, it's",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

package app

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// oldWords are words that this project once had of its own, with what the field
// says instead. CONTRIBUTING.md has the whole table.
var oldWords = map[string]string{
	`\w*[lL]ooker`:                   "view builder",
	`Told`:                           "Invalidate",
	`CaughtUp|Settled`:               "WaitForReplicas",
	`[fF]aces?|\w+Faces?`:            "avatar, header, profile photo",
	`\w*Loose\w*`:                    "unattached",
	`[kK]nocks?`:                     "probe",
	`[hH]earers?|ears?|earpieces?`:   "subscriber, open stream",
	`heldPage`:                       "buffered response",
	`[dD]oors?`:                      "listeners",
	`Photo(?:Made|Again)|PlacePhoto`: "MarkPhotoReady, RequeuePhoto, SetPhotoPosition",
	`exchange(?:Of|Key)`:             "request info",
	`[dD]arkroom\w*`:                 "photoSite",
	`[wW]riterAway|writer_away|(?:[tT]he|old|new|one) writer`: "primary, SQLite's write connection",
}

// oldWordsAllowed are files in which an old word means something else.
var oldWordsAllowed = map[string]string{
	"internal/app/words_test.go": "the list itself",
}

// TestOldWords refuses words in identifiers and comments that CONTRIBUTING.md has
// replaced. Texts for people are not looked at.
func TestOldWords(t *testing.T) {
	patterns := make(map[*regexp.Regexp]string, len(oldWords))
	for old, now := range oldWords {
		patterns[regexp.MustCompile(`\b(?:`+old+`)\b`)] = now
	}
	eachGoFile(t, func(name string, src []byte) {
		for word, line := range words(src) {
			for old, now := range patterns {
				if found := old.FindString(word); found != "" {
					t.Errorf("%s:%d says %q: the word is %s", name, line, found, now)
				}
			}
		}
	})
}

// eachGoFile goes through the Go files that people write.
func eachGoFile(t *testing.T, do func(name string, src []byte)) {
	t.Helper()
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		if _, allowed := oldWordsAllowed[name]; allowed || (d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "data" || d.Name() == "node_modules")) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_templ.go") {
			return nil
		}
		files++
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		do(name, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Fatalf("only %d files were found", files)
	}
}

// words are the identifiers and comments of a Go file with their lines.
func words(src []byte) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		fset := token.NewFileSet()
		file := fset.AddFile("", fset.Base(), len(src))
		var s scanner.Scanner
		s.Init(file, src, nil, scanner.ScanComments)
		for {
			pos, kind, text := s.Scan()
			switch kind {
			case token.EOF:
				return
			case token.IDENT, token.COMMENT:
				if !yield(text, file.Line(pos)) {
					return
				}
			}
		}
	}
}

func TestWordsOfAFile(t *testing.T) {
	var got []string
	for word := range words([]byte("package a\n\nvar knock = \"looker\" // a face\n")) {
		got = append(got, word)
	}
	if want := "a knock // a face"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", strings.Join(got, " "), want)
	}
}

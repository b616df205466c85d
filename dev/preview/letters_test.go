package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every mail there is can be looked at, and is looked at by what looks at the pages.
func TestEveryLetterIsShown(t *testing.T) {
	letters, err := os.ReadFile("../../internal/mail/letters.go")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile("sample/letters.go")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^func ([A-Z]\w*)\(s Site`).FindAllStringSubmatch(string(letters), -1)
	if len(all) < 20 {
		t.Fatalf("%d letters were found", len(all))
	}
	for _, l := range all {
		if !strings.Contains(string(shown), "mail."+l[1]+"(") {
			t.Errorf("the letter %s is not in sample/letters.go", l[1])
		}
	}
}

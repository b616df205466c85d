package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/lang"
)

// placeholders are what a text is filled with. A translation has the same ones, in whatever order it needs.
var placeholders = regexp.MustCompile(`%(?:\[\d\])?[sd]|%\.1f|\{\d\}|\$\{[^}]*\}`)

func filled(text string) string {
	found := placeholders.FindAllString(text, -1)
	for i, p := range found {
		found[i] = regexp.MustCompile(`\[\d\]`).ReplaceAllString(p, "")
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// Each language says everything that the pages say, and nothing else.
func TestEveryLanguageSaysEverything(t *testing.T) {
	said, err := extract("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, past := range *said.past {
		t.Errorf("said past the catalogue: %s", past)
	}
	if len(said.texts) < 900 || len(said.plurals) < 15 {
		t.Fatalf("%d texts and %d plurals were found, which cannot be all", len(said.texts), len(said.plurals))
	}
	for _, code := range lang.Codes() {
		if code == lang.English {
			continue
		}
		f, err := load(filepath.Join("../../internal/lang", code+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "" || f.Group == "" || f.Decimal == "" {
			t.Errorf("%s.json lacks its name, or how it writes numbers", code)
		}
		for _, key := range slices.Sorted(maps.Keys(said.texts)) {
			switch text := f.Texts[key]; {
			case text == "":
				t.Errorf("%s.json lacks %q (%s)", code, key, said.texts[key])
			case filled(text) != filled(key):
				t.Errorf("%s.json: %q is filled otherwise than %q", code, text, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(said.plurals)) {
			forms := f.Plurals[key]
			if forms["other"] == "" {
				t.Errorf("%s.json lacks %q (%s)", code, key, said.plurals[key].where)
			}
			for name, text := range forms {
				if _, ok := lang.FormNames[name]; !ok || filled(text) != filled(key) {
					t.Errorf("%s.json: form %q of %q is filled otherwise, or is no form: %q", code, name, key, text)
				}
			}
		}
		for _, key := range slices.Sorted(maps.Keys(f.Texts)) {
			if said.texts[key] == "" {
				t.Errorf("%s.json has %q, which no page says", code, key)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(f.Plurals)) {
			if said.plurals[key].where == "" {
				t.Errorf("%s.json has %q, which no page says", code, key)
			}
		}
	}
}

// A new language is a file with every text, to be filled in.
func TestANewLanguageHasEveryText(t *testing.T) {
	path := filepath.Join(t.TempDir(), "it.json")
	if err := update("../..", path); err != nil {
		t.Fatal(err)
	}
	said, err := extract("../..")
	if err != nil {
		t.Fatal(err)
	}
	f, err := load(path)
	if err != nil || len(f.Texts) != len(said.texts) || len(f.Plurals) != len(said.plurals) {
		t.Fatalf("%d texts and %d plurals were written of %d and %d, %v", len(f.Texts), len(f.Plurals), len(said.texts), len(said.plurals), err)
	}
	// What is translated stays when the file is brought up to date.
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), `"Home": ""`, `"Home": "Inizio"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := update("../..", path); err != nil {
		t.Fatal(err)
	}
	if f, err = load(path); err != nil || f.Texts["Home"] != "Inizio" {
		t.Errorf("Home is %q after the update, %v", f.Texts["Home"], err)
	}
}

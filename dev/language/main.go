// Command language lists what a language's file lacks, and writes the file of a new one: "go run ./dev/language it"
// writes internal/lang/it.json with every text of the pages, each to be translated.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path/filepath"

	"tintype/internal/lang"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./dev/language CODE, such as it")
	}
	path := filepath.Join("internal", "lang", os.Args[1]+".json")
	if err := update(".", path); err != nil {
		log.Fatal(err)
	}
}

func readFile(path string) ([]byte, error) { return os.ReadFile(path) }

// load reads a language's file, empty where there is none yet.
func load(path string) (lang.File, error) {
	f := lang.File{Group: "\u202f", Decimal: ","}
	b, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	} else if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if f.Texts == nil {
		f.Texts = map[string]string{}
	}
	if f.Plurals == nil {
		f.Plurals = map[string]map[string]string{}
	}
	return f, err
}

// update adds what the file lacks, empty, and takes out what nothing says any more.
func update(root, path string) error {
	said, err := extract(root)
	if err != nil {
		return err
	}
	f, err := load(path)
	if err != nil {
		return err
	}
	for key := range f.Texts {
		if said.texts[key] == "" {
			delete(f.Texts, key)
		}
	}
	for key := range f.Plurals {
		if said.plurals[key].where == "" {
			delete(f.Plurals, key)
		}
	}
	lacks := 0
	for key := range said.texts {
		if _, ok := f.Texts[key]; !ok {
			f.Texts[key] = ""
			lacks++
		}
	}
	for key := range said.plurals {
		if _, ok := f.Plurals[key]; !ok {
			f.Plurals[key] = map[string]string{"one": "", "other": ""}
			lacks++
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		return err
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d texts, %d of them to translate\n", path, len(f.Texts)+len(f.Plurals), lacks)
	return nil
}

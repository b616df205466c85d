// Package lang holds what pages say in each language. English is written in the code and is its own key; every other
// language is one file of this directory, named by its code.
//
// Texts are looked up hundreds of times for a page, so a look-up is one read of a map. Package plural of x/text says
// which form a number takes.
package lang

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed *.json
var files embed.FS

// English is what the code is written in.
const English = "en"

// Language is one language. A nil one is English. Safe for concurrent use.
type Language struct {
	code     string
	name     string
	group    string // between groups of three digits
	decimal  string
	texts    map[string]string
	plurals  map[string]*[forms]string
	tag      language.Tag
	unlisted func(key string) string // what stands for a text that is not listed; nil: the English one
}

// forms is how many forms of a number languages have.
const forms = int(plural.Many) + 1

// File is a language's file.
type File struct {
	Name    string                       `json:"name"`    // of the language, in itself
	Group   string                       `json:"group"`   // between groups of three digits
	Decimal string                       `json:"decimal"` // the decimal point
	Texts   map[string]string            `json:"texts"`
	Plurals map[string]map[string]string `json:"plurals"` // by the English form for many, then by the form's name
}

var all = sync.OnceValue(func() map[string]*Language {
	found := map[string]*Language{English: {code: English, name: "English", group: "\u202f", decimal: ".", tag: language.English}}
	names, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, f := range names {
		l, err := read(f.Name())
		if err != nil {
			panic(err)
		}
		found[l.code] = l
	}
	return found
})

func read(name string) (*Language, error) {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return parse(strings.TrimSuffix(name, ".json"), f)
}

// FormNames are the forms of a number by the names that files give them.
var FormNames = map[string]plural.Form{"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other}

func parse(code string, f File) (*Language, error) {
	tag, err := language.Parse(code)
	if err != nil {
		return nil, fmt.Errorf("%s.json is not named by the code of a language: %w", code, err)
	}
	l := &Language{code: code, name: f.Name, group: f.Group, decimal: f.Decimal, texts: f.Texts, plurals: map[string]*[forms]string{}, tag: tag}
	for key, named := range f.Plurals {
		var texts [forms]string
		for name, text := range named {
			form, ok := FormNames[name]
			if !ok {
				return nil, fmt.Errorf("%s.json: %q has a form %q, which no language has", code, key, name)
			}
			texts[form] = text
		}
		l.plurals[key] = &texts
	}
	return l, nil
}

// Codes are the codes of the languages, sorted.
func Codes() []string {
	var codes []string
	for code := range all() {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// Find is the language with a code, nil where there is none.
func Find(code string) *Language { return all()[code] }

// Or is the language with a code, else the other one.
func Or(code string, other *Language) *Language {
	if l := all()[code]; l != nil {
		return l
	}
	return other
}

// Code is "en", "fr", …
func (l *Language) Code() string {
	if l == nil {
		return English
	}
	return l.code
}

// Name is what the language calls itself.
func (l *Language) Name() string {
	if l == nil {
		return "English"
	}
	return l.name
}

// T is a text in the language. Its key is the English text. What follows a bar tells apart what English says with one
// word: "Post|verb". Arguments are those of fmt.Sprintf.
func (l *Language) T(key string, args ...any) string {
	text := l.text(key)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func (l *Language) text(key string) string {
	if l != nil {
		if text, ok := l.texts[key]; ok {
			return text
		}
		if l.unlisted != nil {
			return l.unlisted(key)
		}
	}
	return plain(key)
}

// plain is a key without what tells it apart.
func plain(key string) string {
	if i := strings.LastIndexByte(key, '|'); i > 0 {
		return key[:i]
	}
	return key
}

// N is a text about n things, where %d stands for the number. Its key is the English text for many. Further arguments
// are those of fmt.Sprintf; they stand where they stand without the number.
func (l *Language) N(one, many string, n int, args ...any) string {
	text := l.form(one, many, n)
	text = strings.Replace(text, "%d", l.Number(n), 1)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

func (l *Language) form(one, many string, n int) string {
	if l != nil {
		if texts := l.plurals[many]; texts != nil {
			i := n
			if i < 0 {
				i = -i
			}
			if text := texts[plural.Cardinal.MatchPlural(l.tag, i%10_000_000, 0, 0, 0, 0)]; text != "" {
				return text
			}
			return texts[plural.Other]
		}
		if l.unlisted != nil {
			return l.unlisted(many)
		}
	}
	if n == 1 {
		return plain(one)
	}
	return plain(many)
}

// Group is what stands between groups of three digits.
func (l *Language) Group() string {
	if l == nil {
		return "\u202f"
	}
	return l.group
}

// Number writes a whole number with groups of three from five digits on: 12 345.
func (l *Language) Number(n int) string {
	s := strconv.Itoa(n)
	if len(s) < 5 {
		return s
	}
	group := l.Group()
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 && s[i-1] != '-' {
			b.WriteString(group)
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Decimal writes a number with so many digits behind the point.
func (l *Language) Decimal(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if l != nil && l.decimal != "." {
		s = strings.Replace(s, ".", l.decimal, 1)
	}
	return s
}

// Date writes a moment by a layout of package time, such as "2 Jan 2006". The layout is a text of its own in each
// language, and so is each month's name.
func (l *Language) Date(t time.Time, layout string) string {
	if l == nil || l.code == English {
		return t.Format(layout)
	}
	own := l.text(layout)
	month := t.Month().String()
	if strings.Contains(own, "January") {
		return strings.Replace(t.Format(own), month, l.text(month), 1)
	}
	return strings.Replace(t.Format(own), month[:3], l.text(month[:3]), 1)
}

// Text is a sentence that waits to be said in a language.
type Text struct {
	Key  string
	Args []any
}

// String is the sentence in English.
func (t Text) String() string { return (*Language)(nil).Say(t) }

// Say says a sentence. Arguments that are texts themselves are said in the language, too.
func (l *Language) Say(t Text) string {
	args := t.Args
	for i, a := range t.Args {
		if inner, ok := a.(Text); ok {
			if &args[0] == &t.Args[0] {
				args = slices.Clone(t.Args)
			}
			args[i] = l.Say(inner)
		}
	}
	return l.T(t.Key, args...)
}

// Key marks a text that is translated later, where it is shown, so that the catalogue's test finds it.
func Key(text string) string { return text }

// Retell is in the language what the program said in English by one of the keys: a text that a row keeps, without its
// arguments. Arguments that are keys themselves are translated, too. A text that fits no key stays as it is.
func (l *Language) Retell(said string, keys []string) string {
	if l.Code() == English {
		return said
	}
	for _, key := range keys {
		var pattern strings.Builder
		for i, part := range verbs.Split(key, -1) {
			if i > 0 {
				pattern.WriteString("(.+)")
			}
			pattern.WriteString(regexp.QuoteMeta(part))
		}
		m := regexp.MustCompile("^" + pattern.String() + "$").FindStringSubmatch(said)
		if m == nil {
			continue
		}
		args := make([]any, len(m)-1)
		for i, arg := range m[1:] {
			args[i] = l.T(arg)
		}
		return fmt.Sprintf(verbs.ReplaceAllString(l.text(key), "%${1}s"), args...)
	}
	return said
}

// verbs are the places of arguments in a key, with their index if it has one.
var verbs = regexp.MustCompile(`%(\[\d+\])?[a-z]`)

// woven is where markup stands inside a text.
var woven = regexp.MustCompile(`\{\d\}`)

// Pseudo is a language that has every text between brackets. Tests find by it what is said past the catalogue.
func Pseudo() *Language {
	return &Language{code: "x-pseudo", name: "Pseudo", group: "\u202f", decimal: ".", unlisted: func(key string) string {
		return "⟦" + woven.ReplaceAllString(plain(key), "⟧$0⟦") + "⟧"
	}}
}

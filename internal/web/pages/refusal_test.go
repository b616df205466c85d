package pages

import (
	"slices"
	"strings"
	"testing"

	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
)

// A refused file is told of in the reader's language, by its name, with what is wrong with it.
func TestRefusalsInEveryLanguage(t *testing.T) {
	at := slices.IndexFunc(media.Sentences, func(s string) bool { return strings.Contains(s, "is damaged: %s") })
	if at < 0 {
		t.Fatal("no sentence tells of a damaged file")
	}
	damaged := strings.Replace(media.Sentences[at], "%s", "its header contradicts itself", 1)
	for _, c := range []struct {
		code, name, said string
		want, lacks      []string
	}{
		{"en", "a.jpg", damaged, []string{"a.jpg is damaged: its header contradicts itself."}, []string{"This file", "%!"}},
		{"en", "", damaged, []string{"This file is damaged"}, nil},
		{"de", "a.jpg", damaged, []string{"a.jpg: Diese Datei ist beschädigt: ihr Kopf widerspricht sich."}, []string{"header", "%!"}},
		{"fr", "", damaged, []string{"Ce fichier est abîmé\u202f: son en-tête se contredit."}, []string{"header", "%!"}},
		{"de", "b.jpg", "This file is 40 MB. The limit is 20 MB. Export it smaller and try again.", []string{"b.jpg: ", "40 MB", "20 MB"}, []string{"limit", "%!"}},
		{"de", "c.heic", media.HEICSentence, []string{"c.heic: ", "Samsung"}, []string{"cannot read"}},
		{"de", "d.jpg", "Something that an older release said.", []string{"Something that an older release said."}, nil},
		{"de", "e.jpg", "", []string{"e.jpg"}, []string{"cannot"}},
	} {
		got := refusalSentence(lang.Find(c.code), &store.Photo{FileName: c.name, Refusal: c.said})
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s of %q: %q lacks %q", c.code, c.said, got, want)
			}
		}
		for _, lacks := range c.lacks {
			if strings.Contains(got, lacks) {
				t.Errorf("%s of %q: %q has %q", c.code, c.said, got, lacks)
			}
		}
	}
	for _, code := range lang.Codes() {
		for _, key := range media.Sentences {
			if code != lang.English && lang.Find(code).T(key) == key {
				t.Errorf("%s does not say %q", code, key)
			}
		}
	}
}

package lang

import (
	"testing"
	"time"
)

func TestEnglishIsItsOwnCatalogue(t *testing.T) {
	var none *Language
	for _, l := range []*Language{none, Find(English)} {
		for got, want := range map[string]string{
			l.T("Home"): "Home", l.T("Post|verb"): "Post", l.T("%s follows you", "Ada"): "Ada follows you",
			l.N("%d post", "%d posts", 1): "1 post", l.N("%d post", "%d posts", 12345): "12\u202f345 posts",
			l.Date(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), "2 Jan 2006"): "1 May 2026",
			l.Decimal(1.5, 1): "1.5",
		} {
			if got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
	}
}

func TestOtherLanguages(t *testing.T) {
	de, fr := Find("de"), Find("fr")
	may := time.Date(2026, 5, 1, 13, 4, 0, 0, time.UTC)
	for got, want := range map[string]string{
		de.T("Home"): "Start", fr.T("Home"): "Accueil", de.T("Post|verb"): "Posten", de.T("Not in the catalogue"): "Not in the catalogue",
		de.T("%s follows you", "Ada"):                "Ada folgt dir",
		de.N("%d post", "%d posts", 0):               "0 Beiträge",
		fr.N("%d post", "%d posts", 0):               "0 publication",
		fr.N("%d post", "%d posts", 2):               "2 publications",
		de.N("%d post", "%d posts", 1234567):         "1.234.567 Beiträge",
		de.Date(may, "2 January 2006"):               "1. Mai 2026",
		fr.Date(may, "2 Jan 2006, 15:04"):            "1 mai 2026 à 13:04",
		de.Date(may.AddDate(0, -3, 0), "2 Jan 2006"): "1. Feb. 2026",
		de.Decimal(1.5, 1):                           "1,5",
		de.Say(Text{"%s has %d characters; the limit is %d.", []any{Text{Key: "The content warning"}, 9, 8}}): "Die Inhaltswarnung hat 9 Zeichen, höchstens 8 sind möglich.",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if Or("xx", fr) != fr || Or("de", fr) != de || Find("xx") != nil {
		t.Error("a language that is not there is not told from one that is")
	}
}

func TestALookUpAllocatesNothing(t *testing.T) {
	de := Find("de")
	if n := testing.AllocsPerRun(100, func() { _ = de.T("Home") }); n != 0 {
		t.Errorf("a look-up allocates %v times", n)
	}
}

// A row keeps an English sentence; its pages say it in the member's language, with its numbers and with what was put into it.
func TestRetell(t *testing.T) {
	l, err := parse("de", File{Texts: map[string]string{
		"It has %s of %d %s.": "Von %[2]d %[3]s hat es %[1]s.", "parts": "Teilen", "none": "keinen", "It is 100%": "Ganz",
	}})
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"It is (whole).", "It has %s of %d %s."}
	for said, want := range map[string]string{
		"It has none of 12 parts.": "Von 12 Teilen hat es keinen.",
		"It has 1.5 of 2 a.b.":     "Von 2 a.b hat es 1.5.",
		"It is whole.":             "It is whole.", // no key: the bracket is not a pattern
		"":                         "",
	} {
		if got := l.Retell(said, keys); got != want {
			t.Errorf("%q is %q, want %q", said, got, want)
		}
		if got := Find("en").Retell(said, keys); got != said {
			t.Errorf("English: %q is %q", said, got)
		}
	}
}

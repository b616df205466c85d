package pages

import (
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// What an application says of its report in one word stands on the administrators' page, and nothing of its text is lost.
func TestReasonOf(t *testing.T) {
	for _, tt := range []struct{ category, comment, reason, text string }{
		{"", "Spam\nSells shoes.", "Spam", "Sells shoes."},
		{"", "Spam", "Spam", ""},
		{"spam", "", "Spam", ""},
		{"legal", "Stolen.\nAll of it.", "Against the law: Stolen.", "Stolen.\nAll of it."},
		{"violation", "", "Against the rules", ""},
		{"other", "Rude.", "Something else: Rude.", "Rude."},
		// Those of the page begin with a reason, which says the category in other words, unless a moderator chose another.
		{"spam", "Spam\nSells shoes.", "Spam", "Sells shoes."},
		{"other", "Harassment or hate\nRude.", "Harassment or hate", "Rude."},
		{"violation", "Harassment or hate\nRude.", "Harassment or hate", "Rude."},
		{"legal", "Spam\nSells shoes.", "Against the law: Spam", "Spam\nSells shoes."},
	} {
		r := &community.FiledReport{Report: store.Report{Category: tt.category, Comment: tt.comment}}
		if reason, text := reasonOf(nil, r); reason != tt.reason || text != tt.text {
			t.Errorf("%q %q: %q and %q, want %q and %q", tt.category, tt.comment, reason, text, tt.reason, tt.text)
		}
	}
	for reason, want := range map[string][2]string{
		"spam": {"spam", "spam"}, "illegal": {"legal", "legal"}, "abuse": {"other", "violation"}, "stolen": {"other", "violation"}, "unmarked": {"other", "violation"}, "other": {"other", "violation"},
	} {
		if got := [2]string{reportCategory(reason, nil), reportCategory(reason, []string{"Be kind."})}; got != want {
			t.Errorf("%s is %v without and with a rule, want %v", reason, got, want)
		}
	}
	for _, category := range community.ReportCategories {
		if categoryWords[category] == "" {
			t.Errorf("the category %s has no words", category)
		}
	}
}

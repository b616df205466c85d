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
	} {
		r := &community.FiledReport{Report: store.Report{Category: tt.category, Comment: tt.comment}}
		if reason, text := reasonOf(nil, r); reason != tt.reason || text != tt.text {
			t.Errorf("%q %q: %q and %q, want %q and %q", tt.category, tt.comment, reason, text, tt.reason, tt.text)
		}
	}
	for _, category := range community.ReportCategories {
		if categoryWords[category] == "" {
			t.Errorf("the category %s has no words", category)
		}
	}
}

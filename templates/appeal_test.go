package templates

import (
	"strings"
	"testing"
)

// Before a moderator takes a decision back, the form says what that does not bring back; the member reads it afterwards.
func TestAppealsSayWhatDoesNotComeBack(t *testing.T) {
	p := &Page{}
	for kind, words := range map[string][2]string{
		"remove":  {"does not come back", "does not come back"},
		"reject":  {"is not published by that", "may be posted again"},
		"suspend": {}, "limit": {}, "warn": {},
	} {
		for _, o := range (AppealView{Decision: DecisionView{Kind: kind}}).answers(p) {
			if o.Value == "rejected" || words[0] == "" {
				if o.Hint != "" {
					t.Errorf("%s, %s: %q", kind, o.Value, o.Hint)
				}
			} else if !strings.Contains(o.Hint, words[0]) {
				t.Errorf("%s, %s: %q does not say %q", kind, o.Value, o.Hint, words[0])
			}
		}
		if s := (DecisionView{Kind: kind, Answer: "accepted"}).state(p); !strings.Contains(s, "taken back") || !strings.Contains(s, words[1]) {
			t.Errorf("%s, afterwards: %q", kind, s)
		}
	}
}

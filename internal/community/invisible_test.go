package community

import (
	"errors"
	"testing"

	"tintype/internal/store/storetest"
)

// Characters that nobody sees are no reason, no answer and no note.
func TestNothingToSeeIsNoText(t *testing.T) {
	const nothing = " \u200b\n\u2060 "
	g := newTestSite(t, storetest.SQLite(t))
	g.setDefaults(func(s *Site) { s.Registration = RegistrationApproval })
	ann, bob := g.account("ann"), g.account("bob")
	second := func(_ any, err error) error { return err }
	for what, err := range map[string]error{
		"a reason to join":        second(g.SignUp(g.ctx, SignUp{Username: "zed", Password: "correct horse battery", Reason: nothing, Address: "192.0.2.1"})),
		"a note about a member":   g.NoteMember(g.ctx, ByCommand(""), "ann", nothing),
		"an answer to a decision": g.AppealDecision(g.ctx, ann, 1, nothing),
		"why to take factors":     second(g.TakeTwoFactors(g.ctx, ByCommand(nothing), "ann")),
		"why to suspend somebody": second(g.SuspendMember(g.ctx, By{Via: ViaCommand, Reason: nothing, MustSayWhy: true}, "ann", Sanction{})),
	} {
		var bad *Invalid
		if !errors.As(err, &bad) || bad.Fields[0].Code != "blank" {
			t.Errorf("%s: %v", what, err)
		}
	}
	filed, err := g.readReport(g.ctx, ann, Report{TargetID: bob.ID, Category: "spam", Comment: nothing})
	g.must(err)
	var bad Invalid
	s := Sanction{Words: nothing}
	g.must(s.clean())
	if d := bad.description("description", nothing); filed.Comment != "" || d != "" || s.Words != "" {
		t.Errorf("kept are %q, %q and %q", filed.Comment, d, s.Words)
	}
}

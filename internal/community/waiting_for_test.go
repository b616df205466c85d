package community

import (
	netmail "net/mail"
	"testing"
	"time"

	"tintype/internal/mail"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// However much waits for a moderator, what waits for others is counted apart.
func TestMuchThatWaitsHidesNothing(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		g := newTestSite(t, open(t))
		mod, boss, ann, bob := g.account("mod"), g.account("boss"), g.account("ann"), g.account("bob")
		for acc, role := range map[*store.Account]string{mod: store.RoleModerator, boss: store.RoleOwner} {
			g.must(g.Store.SetRole(g.ctx, acc.ID, role))
			acc.Role = role
		}
		report := func(about *store.Account) {
			_, err := g.Store.AddReport(g.ctx, store.Report{ReporterID: &bob.ID, TargetID: about.ID, Category: "other", State: store.ReportOpen, CreatedAt: store.ToMillis(time.Now())})
			g.must(err)
		}
		for range MaxUnread + 5 {
			report(ann)
		}
		for _, about := range []*store.Account{boss, mod} {
			report(about)
		}
		for acc, want := range map[*store.Account]Waiting{mod: {Reports: MaxUnread, OthersReports: 1}, boss: {Reports: MaxUnread, OthersReports: 1}} {
			if got, err := g.WaitingFor(g.ctx, acc); err != nil || got != want {
				t.Errorf("%s reads %+v, %v", acc.Username, got, err)
			}
		}
	})
}

// Moderators read the log, and only administrators see addresses.
func TestTheLogHasNoAddressOfATestMail(t *testing.T) {
	g := newTestSite(t, storetest.SQLite(t))
	g.Mail = mail.NewFiles(t.TempDir(), &netmail.Address{Address: "club@example.org"})
	boss := g.account("boss")
	g.must(g.Store.SetRole(g.ctx, boss.ID, store.RoleOwner))
	boss.Role = store.RoleOwner
	_, err := g.SendTest(g.ctx, By{Account: boss, Via: ViaPage}, "boss.private@example.org")
	g.must(err)
	var details string
	g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT detail FROM admin_log").Scan(&details))
	if details != "…@example.org" {
		t.Errorf("the log says %q", details)
	}
}

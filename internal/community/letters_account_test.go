package community

import (
	"slices"
	"strings"
	"testing"

	"tintype/internal/store"
)

const accountPassword = "correct horse battery"

// Letters about an account say what happened to which account, when that matters, what to do about it, and why they came.
func TestAccountLettersAsAPersonReadsThem(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		g.setDefaults(func(site *Site) { site.Contact = "desk@example.org" })
		boss := s.member("boss", func(a *store.Account) { a.Role = store.RoleOwner })
		by := By{Account: boss, Via: ViaPage, Reason: "only for the log"}
		ann, _, codes := s.withTOTP("ann")
		vera := s.member("vera", func(a *store.Account) { a.EmailVerifiedAt, a.DisplayName = nil, "Win a prize" })
		s.limitLogins(Limit{Count: 100, Window: 1 << 40})
		password := Confirmation{Password: accountPassword}
		const hello, at, fine, notYou = "Hello ann,", "@ann at Our Club", "If that was you, there is nothing to do.", "If that was not you, somebody may know your password."
		const factors = "Members are always told of changes to second factors."
		for _, c := range []letterCase{
			{name: "verify", do: func() { s.must(g.ResendVerification(g.ctx, vera)) }, to: vera.Email, subject: "Confirm your address",
				says: []string{"This address was entered for @vera at Our Club.", "Confirm the address", "The link works for three days.", "Somebody entered this address at Our Club."},
				link: g.BaseURL + "/mail/", never: []string{"Hello", "Win a prize"}},
			{name: "reset", do: func() { s.must(g.ForgotPassword(g.ctx, ann.Email, "192.0.2.1")) }, to: ann.Email, subject: "Choose a new password",
				says: []string{hello, "Somebody, probably you, asked for a new password for " + at + ".", "Choose a new password", "The link works once, within an hour.", "Somebody asked for a new password with this address."}, link: g.BaseURL + "/mail/"},
			{name: "reset of an address that was never confirmed", do: func() { s.must(g.ForgotPassword(g.ctx, vera.Email, "192.0.2.1")) }, to: vera.Email, subject: "About your password",
				says: []string{"asked for a new password for @vera at Our Club.", "This address was never confirmed there", "Those who run the site can help: desk@example.org"}, never: []string{"Hello", "Win a prize"}},
			{name: "device", do: func() {
				s.must(g.ToldOfLogin(g.ctx, ann, Client{Address: "203.0.113.7"}, "Firefox on Linux"))
			}, to: ann.Email, subject: "A new log-in",
				says: []string{hello, "Somebody logged in to " + at + " from a browser that had not been used before.", "See where you are logged in", "Firefox on Linux", "network address 203.0.113.7, ", fine, notYou, "Members are always told of new log-ins."},
				link: g.BaseURL + "/settings/sessions"},
			{name: "application", do: func() { s.must(s.allow(ann, "Ice Cubes")) }, to: ann.Email, subject: "An application may act for you",
				says: []string{hello, "An application was allowed to act for " + at + ".", "See your applications", "Ice Cubes", fine, "If not, revoke it there.", "Members are always told of new applications."}, link: g.BaseURL + "/settings/applications"},
			{name: "factor added", do: func() { s.withTOTP("fay") }, to: "fay@example.org", subject: "A second factor was added",
				says: []string{"Hello fay,", "A second factor for logging in to @fay at Our Club was added on ", "See your second factors", fine, "If not, remove it there.", notYou, factors}, link: g.BaseURL + "/settings/two-factors", never: []string{"removed"}},
			{name: "recovery code used", do: func() {
				s.must(ignoring(g.SecondFactor(g.ctx, HalfLogin(ann), codes[0], Client{Address: "192.0.2.1"})))
			}, to: ann.Email, subject: "A recovery code was used",
				says: []string{hello, "Somebody logged in to " + at + " with a recovery code on ", "9 codes are left.", "Get new codes", fine, notYou, factors}, link: g.BaseURL + "/settings/two-factors/codes", never: []string{codes[0]}},
			{name: "new recovery codes", do: func() { s.must(ignoring(g.NewRecoveryCodes(g.ctx, ann, password))) }, to: ann.Email, subject: "You have new recovery codes",
				says: []string{hello, "New recovery codes for " + at + " were made on ", "The old ones no longer let anybody in.", "See your second factors", fine, notYou, factors}, link: g.BaseURL + "/settings/two-factors"},
			{name: "factors taken", do: func() {
				s.must(ignoring(g.TakeTwoFactors(g.ctx, By{Account: boss, Via: ViaPage, Reason: "Lost the <phone>"}, "ann")))
			}, to: ann.Email, subject: "Your second factors were removed",
				says: []string{hello, "Somebody who runs the site has removed the second factors and recovery codes of " + at + ".", "The reason: Lost the <phone>", "Set up a new one", "If you did not ask for that, tell those who run the site", factors},
				link: g.BaseURL + "/settings/two-factors", never: []string{"boss"}},
			{name: "role", do: func() { s.must(ignoring(g.SetMemberRole(g.ctx, by, "ann", store.RoleModerator))) }, to: ann.Email, subject: "You are now a moderator of this site",
				says: []string{hello, "Somebody who runs the site has given " + at + " another role.", "See what has changed", "Members are always told of another role."}, link: g.BaseURL + "/admin", never: []string{"boss"}},
			{name: "password", do: func() { s.must(ignoring(g.ChangePassword(g.ctx, reread(g, ann), password, "another horse battery"))) }, to: ann.Email, subject: "Your password was changed",
				says: []string{hello, "The password of " + at + " was changed on ", "Forgot your password?", "If that was you, there is nothing to do. If not, choose a new one with this link at once.", "Members are always told of a new password."},
				link: g.BaseURL + "/forgot-password", never: []string{"another horse"}},
			{name: "change of address", do: func() {
				s.must(ignoring(g.ChangeEmail(g.ctx, reread(g, ann), Confirmation{Password: "another horse battery"}, "ann@example.net")))
			}, to: "ann@example.net", subject: "Confirm your new address",
				says: []string{"This will be the new address of " + at + " once you confirm it. Until then the old one is used.", "Confirm the new address", "The link works for a day.", "Somebody entered this address at Our Club."}, link: g.BaseURL + "/mail/", never: []string{"Hello"}},
			{name: "changed address", do: func() {
				all := s.server.Letters()
				link := all[len(all)-1].Link(g.BaseURL + "/mail/")
				s.must(ignoring(g.ConfirmEmail(g.ctx, strings.TrimPrefix(link, g.BaseURL+"/mail/"))))
			}, to: ann.Email, subject: "Your address was changed",
				says: []string{hello, at + " now has another e-mail address, and this one is no longer used.", "That was not me: change it back", "The link works for seven days. It restores this address, logs everybody out, and lets you choose a new password.", "This was the address of an account at Our Club."},
				link: g.BaseURL + "/mail/", never: []string{"ann@example.net"}},
		} {
			s.reads(c)
		}
	})
}

// allow has an application act for a member.
func (s *mailTestSite) allow(acc *store.Account, name string) error {
	app, secret, err := s.CreateApp(s.ctx, NewApp{Name: name, RedirectURIs: []string{OutOfBand}, Scopes: "read"})
	s.must(err)
	code, err := s.Authorize(s.ctx, acc, app, Authorization{RedirectURI: OutOfBand, Scopes: "read"})
	s.must(err)
	_, _, err = s.ExchangeCode(s.ctx, CodeExchange{ClientID: app.ClientID, ClientSecret: secret, Code: code, RedirectURI: OutOfBand})
	return err
}

// A site without a mail server tells its members of what became of their accounts on the page of notifications, and so does one
// that has a server whose member has confirmed no address. Applications know no such kind.
func TestMembersAreToldOfTheirAccounts(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		s := newMailTestSite(t, g)
		g.Mail, g.MailDelivers = nil, false
		ann, _, codes := s.withTOTP("ann")
		password := Confirmation{Password: accountPassword}
		told := func(want ...string) {
			t.Helper()
			list, err := g.Notifications(g.ctx, reread(g, ann), NotificationFilter{OnPage: true}, Cursor{})
			s.must(err)
			var got []string
			for _, n := range slices.Backward(list) {
				words, path := AccountNews(&n.Notification)
				if n.Kind != store.NotifyAccount || n.FromID != ann.ID || !strings.HasPrefix(path, "/") {
					t.Errorf("%+v leads to %q", n.Notification, path)
				}
				got = append(got, words)
			}
			if !slices.Equal(got, want) {
				t.Errorf("ann is told %q, want %q", got, want)
			}
			if apps, err := g.Notifications(g.ctx, ann, NotificationFilter{}, Cursor{}); err != nil || len(apps) != 0 {
				t.Errorf("applications are told %v %v", apps, err)
			}
			s.must(g.ClearNotifications(g.ctx, ann))
		}
		told("A second factor was added")
		s.must(ignoring(g.SecondFactor(g.ctx, HalfLogin(ann), codes[0], Client{Address: "192.0.2.1"})))
		s.must(ignoring(g.NewRecoveryCodes(g.ctx, ann, password)))
		told("A recovery code was used", "You have new recovery codes")
		known := Client{Device: "d", Accounts: []KnownAccount{{ann.ID, ann.SessionEpoch}}}
		s.must(g.ToldOfLogin(g.ctx, ann, known, "Firefox"))
		told()
		for range 2 {
			s.must(g.ToldOfLogin(g.ctx, ann, Client{Address: "192.0.2.1"}, "Firefox"))
		}
		s.must(s.allow(ann, "Ice Cubes"))
		told("Somebody logged in to your account from a browser that had not been used before", "Somebody logged in to your account from a browser that had not been used before", "An application may now act for you")
		s.must(ignoring(g.TakeTwoFactors(g.ctx, ByCommand("lost"), "ann")))
		for _, role := range []string{store.RoleModerator, store.RoleModerator, store.RoleOwner, store.RoleMember} {
			_, err := g.SetMemberRole(g.ctx, ByCommand(""), "ann", role)
			if role == store.RoleMember { // the only owner stays
				if err == nil {
					t.Error("the only owner has gone")
				}
				continue
			}
			s.must(err)
		}
		s.must(ignoring(g.ChangePassword(g.ctx, reread(g, ann), password, "another horse battery")))
		told("Your second factors were removed", "You are now a moderator of this site", "You are now an owner of this site", "Your password was changed")
		for range 2 {
			s.must(ignoring(g.ChangeEmail(g.ctx, reread(g, ann), Confirmation{Password: "another horse battery"}, "ann@example.net")))
		}
		told("Your account has another e-mail address")
		if ok, err := g.wantsPush(g.ctx, ann, store.NotifyAccount); err != nil || !ok {
			t.Errorf("it is pushed: %t %v", ok, err)
		}
	})
}

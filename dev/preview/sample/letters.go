package sample

import (
	"tintype/internal/lang"
	"tintype/internal/mail"
)

// Letter is one mail to look at.
type Letter struct {
	Path   string // where the preview serves its HTML; its text is there with .txt
	Title  string
	Letter mail.Letter
}

// Letters are all mails, in a language.
func Letters(l *lang.Language) []Letter {
	site := mail.Site{Name: "Vidblick Camera Club", URL: "https://photos.example.org", Contact: "club@example.org", Lang: l}
	ada := mail.Person{Name: "Ada Lindqvist", Username: "ada"}
	link := site.URL + "/mail/cgAAAZ3xN2cAAQAAAZ3xcJ8A7hQx0m2cVb8aJtP5uYk3wQ"
	when := l.Date(now, "2 January 2006, 15:04 MST")
	items := []mail.Item{
		{Words: l.N("%s and one other liked your post", "%s and %d others liked your post", 12, "Marguerite de La Fontaine-Boué"), Detail: "Fog on the ridge. #dawn", URL: site.URL + "/@ada/115000"},
		{Words: l.T("%s replied to you", "Jo"), Detail: "Where did you stand for this one?", URL: site.URL + "/posts/115001"},
		{Words: l.T("%s follows you", "Jo"), URL: site.URL + "/notifications"},
	}
	posts := []mail.Item{
		{Words: "Jo", Detail: "Fog on the ridge. #dawn", URL: site.URL + "/@jo/115000"}, {Words: "Marguerite de La Fontaine-Boué", URL: site.URL + "/@marguerite_de_la_fontaine_30x/115001"},
	}
	device := l.T("%s on %s", "Firefox", "Linux")
	var all []Letter
	for _, one := range []struct {
		name   string
		letter mail.Letter
	}{
		{"test", mail.Test(site)},
		{"verify", mail.Verify(site, ada, link, true)},
		{"change", mail.ChangeAddress(site, ada, link)},
		{"changed", mail.AddressChanged(site, ada, link)},
		{"leaving", mail.Leaving(site, ada, when, site.URL+"/login")},
		{"reset", mail.Reset(site, ada, link)},
		{"reset-unconfirmed", mail.ResetUnconfirmed(site, ada)},
		{"device", mail.NewDevice(site, ada, device, "203.0.113.7", when, site.URL+"/settings/sessions")},
		{"password", mail.PasswordChanged(site, ada, when, site.URL+"/forgot-password")},
		{"application", mail.NewApplication(site, ada, "Ice Cubes", when, site.URL+"/settings/applications")},
		{"factor-added", mail.FactorAdded(site, ada, when, site.URL+"/settings/two-factors")},
		{"factor-removed", mail.FactorRemoved(site, ada, when, site.URL+"/settings/two-factors")},
		{"recovery-used", mail.RecoveryUsed(site, ada, 9, when, site.URL+"/settings/two-factors/codes")},
		{"factors-taken", mail.FactorsTaken(site, ada, "Lost the phone; we have talked.", site.URL+"/settings/two-factors")},
		{"new-codes", mail.NewCodes(site, ada, when, site.URL+"/settings/two-factors")},
		{"role", mail.RoleChanged(site, ada, l.T("You are now a moderator of this site"), site.URL+"/admin")},
		{"export", mail.ExportReady(site, ada, when, site.URL+"/settings/export")},
		{"notices", mail.Notices(site, ada, items, 4, site.URL+"/notifications", link)},
		{"notice", mail.Notices(site, ada, items[:1], 0, site.URL+"/notifications", link)},
		{"digest", mail.Digest(site, ada, posts, true, 3, site.URL, link)},
		{"warned", mail.Decided(site, ada, "warn", "Please mark such photographs.", "", site.URL+"/settings/decisions")},
		{"suspended", mail.Decided(site, ada, "suspend", "Enough now.", when, site.URL+"/login")},
		{"no-longer-suspended", mail.DecisionEnded(site, ada, "suspend", site.URL+"/settings/decisions")},
		{"no-longer-limited", mail.DecisionEnded(site, ada, "limit", site.URL+"/settings/decisions")},
		{"warning-taken-back", mail.DecisionEnded(site, ada, "warn", site.URL+"/settings/decisions")},
		{"appeal", mail.AppealAnswered(site, ada, "remove", true, "So it was.", site.URL+"/settings/decisions")},
		{"removed", mail.Decided(site, ada, "remove", "This is not your photograph.", "", site.URL+"/settings/decisions")},
		{"limited", mail.Decided(site, ada, "limit", "Too much of the same.", "", site.URL+"/settings/decisions")},
		{"rejected", mail.Decided(site, ada, "reject", "No adverts.", "", site.URL+"/held")},
		{"invitation", mail.Invitation(site, "Jo", when, site.URL+"/invite/cgAAAZ3xN2cAAQ")},
		{"approved", mail.Approved(site, ada, site.URL+"/login")},
		{"refused", mail.Refused(site, "ada", "We know nobody of that name.")},
		{"digest-popular", mail.Digest(site, ada, posts, false, 0, site.URL, link)},
	} {
		all = append(all, Letter{"/letters/" + one.name, one.letter.Subject, one.letter})
	}
	return all
}

package api_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Moderators look after members and reports by clients that speak Mastodon's admin API. Who may not, or whose token lacks
// the scope, gets nothing.
func TestAdminAPI(t *testing.T) {
	s := newSite(t)
	anna, bob, mod, boss := s.join("anna"), s.join("bob"), s.join("moda"), s.join("boss")
	for name, role := range map[string]string{"moda": store.RoleModerator, "boss": store.RoleOwner} {
		if _, err := s.community.PromoteAccount(s.ctx(), name, role); err != nil {
			t.Fatal(err)
		}
	}
	fresh := func(m *member) *store.Account {
		a, err := s.community.Store.AccountByID(store.Primary(s.ctx()), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	token := func(acc *store.Account, scopes string) string {
		app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Admin client", RedirectURIs: []string{community.OutOfBand}, Scopes: scopes})
		if err != nil {
			t.Fatal(err)
		}
		bearer, _, err := s.community.TokenFor(s.ctx(), app, acc, scopes)
		if err != nil {
			t.Fatal(err)
		}
		return bearer
	}
	itoa := func(id int64) string { return strconv.FormatInt(id, 10) }
	modToken, bossToken := token(fresh(mod), "read admin:read admin:write"), token(fresh(boss), "read admin:read:accounts admin:write:accounts")
	annaToken := token(anna.Account, "read admin:read admin:write")
	for _, path := range []string{"/api/v1/admin/accounts", "/api/v2/admin/accounts", "/api/v1/admin/reports", "/api/v1/admin/accounts/" + itoa(bob.ID)} {
		s.get(path, mod.token).is(403) // without the scope
		s.get(path, annaToken).is(403) // without the role
		s.get(path, "").is(401)
		s.get(path, modToken).ok()
	}
	s.get("/api/v1/admin/reports", bossToken).is(403)

	// Who moderates is told of who joins, and nobody else.
	carl := s.join("carl")
	if told := s.get("/api/v1/notifications?types[]=admin.sign_up", modToken).list(); len(told) != 1 || told[0]["type"] != "admin.sign_up" || at(told[0], "account.id") != itoa(carl.ID) || at(told[0], "account.acct") != "carl" {
		t.Errorf("the moderator is told %v", told)
	}
	for name, other := range map[string]string{"a member": anna.token, "who joined": carl.token} {
		if told := s.get("/api/v1/notifications?types[]=admin.sign_up", other).list(); len(told) != 0 {
			t.Errorf("%s is told %v", name, told)
		}
	}
	if err := s.community.SetSite(s.ctx(), community.ByCommand(""), map[string]*string{"registration": new("approval")}); err != nil {
		t.Fatal(err)
	}
	dora, err := s.community.SignUp(s.ctx(), community.SignUp{Username: "dora", Email: "dora@example.org", Password: "correct horse battery", Reason: "I walk with you.", Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	if told := s.get("/api/v1/notifications?types[]=admin.sign_up", modToken).list(); len(told) != 2 || at(told[0], "account.id") != itoa(dora.ID) || at(told[0], "account.suspended") != nil {
		t.Errorf("the moderator is told of who waits: %v", told)
	}
	if err := s.community.RefuseMember(s.ctx(), community.ByCommand(""), "dora", ""); err != nil {
		t.Fatal(err)
	}

	all := s.get("/api/v2/admin/accounts?username=bo", modToken).list()
	if len(all) != 2 || at(all[0], "email") != "" || at(all[0], "domain") != nil || at(all[0], "account.acct") != "boss" {
		t.Errorf("accounts: %v", all)
	}
	if one := s.get("/api/v1/admin/accounts?email=bob%40", bossToken).list(); len(one) != 1 || !strings.Contains(at(one[0], "email").(string), "@") {
		t.Errorf("by address: %v", one)
	}
	if staff := s.get("/api/v2/admin/accounts?permissions=staff", modToken).list(); len(staff) != 2 {
		t.Errorf("staff: %v", staff)
	}
	for _, two := range []string{"v1/admin/accounts?username=bo&email=x", "v2/admin/accounts?display_name=Bo&username=bo", "v1/admin/accounts?active=true&suspended=true"} {
		if r := s.get("/api/"+two, modToken).is(422); !strings.Contains(r.body, "by one of them") {
			t.Errorf("%s: %s", two, r.body)
		}
	}

	filed := s.post("/api/v1/reports", anna.token, form("account_id", itoa(bob.ID), "category", "spam", "comment", "Shoes")).ok().object()
	report := "/api/v1/admin/reports/" + filed["id"].(string)
	if told := s.get("/api/v1/notifications?types[]=admin.report", modToken).list(); len(told) != 1 || at(told[0], "report.id") != filed["id"] || at(told[0], "report.target_account.acct") != "bob" {
		t.Errorf("the moderator is told %v", told)
	}
	got := s.post(report+"/assign_to_self", modToken, "").ok().object()
	if at(got, "assigned_account.username") != "moda" || at(got, "account.username") != "anna" || at(got, "target_account.username") != "bob" || got["category"] != "spam" || got["action_taken"] != false {
		t.Errorf("assigned: %v", got)
	}
	s.post("/api/v1/admin/accounts/"+itoa(bob.ID)+"/action", modToken, form("type", "disable")).is(422)
	s.post("/api/v1/admin/accounts/"+itoa(boss.ID)+"/action", modToken, form("type", "silence")).is(403)
	s.post("/api/v1/admin/accounts/"+itoa(bob.ID)+"/action", modToken, form("type", "silence", "text", "No shoes.", "report_id", filed["id"].(string))).ok()
	if seen := s.get("/api/v1/accounts/"+itoa(bob.ID), anna.token).object(); seen["limited"] != true {
		t.Errorf("a limited account: %v", seen)
	}
	if warned := s.get("/api/v1/notifications?types[]=moderation_warning", bob.token).list(); len(warned) != 1 || at(warned[0], "moderation_warning.action") != "silence" || at(warned[0], "moderation_warning.text") != "No shoes." || at(warned[0], "account.acct") != "bob" {
		t.Errorf("the member is told %v", warned)
	}
	s.post(report+"/resolve", modToken, "").is(422)
	if got := s.get("/api/v1/admin/reports?resolved=true", modToken).list(); len(got) != 1 || at(got[0], "action_taken_by_account.username") != "moda" {
		t.Errorf("resolved: %v", got)
	}
	s.post(report+"/reopen", modToken, "").ok()
	s.post(report+"/resolve", modToken, "").ok()
	if got := s.post("/api/v1/admin/accounts/"+itoa(bob.ID)+"/unsilence", modToken, "").ok().object(); got["silenced"] != false {
		t.Errorf("no longer limited: %v", got)
	}
	s.do("DELETE", "/api/v1/admin/accounts/"+itoa(bob.ID), bossToken, "").is(403) // not suspended
	s.post("/api/v1/admin/accounts/"+itoa(bob.ID)+"/action", modToken, form("type", "suspend")).ok()
	s.get("/api/v1/accounts/verify_credentials", bob.token).is(401)
	if got := s.get("/api/v1/admin/accounts?suspended=true", modToken).list(); len(got) != 1 || got[0]["suspended"] != true || at(got[0], "account.suspended") != true {
		t.Errorf("suspended: %v", got)
	}
	s.do("DELETE", "/api/v1/admin/accounts/"+itoa(bob.ID), modToken, "").is(403) // administrators alone
	s.do("DELETE", "/api/v1/admin/accounts/"+itoa(bob.ID), bossToken, "").ok()
	s.get("/api/v1/admin/accounts/"+itoa(bob.ID), modToken).is(404)

	// Each act is in the log once, as one of the API by whom it was; what was refused is not.
	entries, err := s.community.AdminLog(s.ctx(), community.ByCommand(""), community.AdminLogSearch{}, community.Cursor{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var acts []string
	for _, e := range entries {
		if e.Via == community.ViaCommand {
			continue // the roles, above
		}
		if e.Via != community.ViaAPI {
			t.Errorf("%s is said to be by %s", e.Act, e.Via)
		}
		acts = append([]string{e.Actor + " " + e.Act}, acts...)
	}
	want := []string{"moda report.assign", "moda report.decide", "moda report.reopen", "moda report.close", "moda member.unlimit", "moda member.suspend", "boss member.delete"}
	if !slices.Equal(acts, want) {
		t.Errorf("the log has %q, want %q", acts, want)
	}
}

// A moderator removes a post by a client as by the page: the reason is logged, the author is told the words. A client that was
// not allowed to administer, which most are not, deletes only what is the moderator's own.
func TestModeratorsRemoveByAPI(t *testing.T) {
	s := newSite(t)
	anna, mod, peer := s.join("anna"), s.join("moda"), s.join("modb")
	for _, name := range []string{"moda", "modb"} {
		if _, err := s.community.PromoteAccount(s.ctx(), name, store.RoleModerator); err != nil {
			t.Fatal(err)
		}
	}
	scopes := func(m *member, list string) string {
		app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Admin client", RedirectURIs: []string{community.OutOfBand}, Scopes: list})
		if err != nil {
			t.Fatal(err)
		}
		bearer, _, err := s.community.TokenFor(s.ctx(), app, m.Account, list)
		if err != nil {
			t.Fatal(err)
		}
		return bearer
	}
	mods := scopes(mod, "write admin:write:reports")
	post := func(m *member) string {
		return "/api/v1/statuses/" + s.post("/api/v1/statuses", m.token, form("status", "Shoes", "media_ids[]", strconv.FormatInt(s.photo(m, store.SetPublic), 10))).ok().object()["id"].(string)
	}
	annas, hidden := post(anna), s.post("/api/v1/statuses", anna.token, form("status", "Few", "visibility", "private", "media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))).ok().object()["id"].(string)
	for name, token := range map[string]string{"every scope of members": mod.token, "reading only": scopes(mod, "write admin:read")} {
		if r := s.do("DELETE", annas, token, form("reason", "spam")).is(403); !strings.Contains(r.body, "scope") {
			t.Errorf("%s: %s", name, r.body)
		}
		s.do("DELETE", "/api/v1/statuses/"+hidden, token, "").is(404) // it is not said that it is there
		s.get(annas, anna.token).ok()
		s.do("DELETE", post(mod), token, "").ok() // one's own
	}
	s.do("DELETE", "/api/v1/statuses/"+hidden, scopes(mod, "write admin:write:accounts"), form("reason", "rude")).ok()
	s.do("DELETE", post(peer), mods, form("reason", "spam")).is(403)
	s.do("DELETE", post(anna), mods, form("reason", strings.Repeat("x", 1001))).is(422)
	if o := s.do("DELETE", post(anna), mods, form("reason", "spam", "text", "No shoes.")).ok().object(); o["text"] != "Shoes" {
		t.Errorf("the answer: %v", o)
	}
	log, err := s.community.AdminLog(s.ctx(), community.ByCommand(""), community.AdminLogSearch{Act: string(community.RemovePost)}, community.Cursor{})
	if err != nil || len(log) != 2 || log[0].Reason != "spam" || log[0].Via != community.ViaAPI || log[0].Target != "anna" {
		t.Errorf("the log: %+v %v", log, err)
	}
	own, err := s.community.OwnDecisions(s.ctx(), anna.Account)
	if err != nil || len(own) != 2 || own[0].Kind != store.DecideRemove || own[0].Words != "No shoes." {
		t.Errorf("anna is told %+v %v", own, err)
	}
}

// Sign-ups that wait are decided by clients, and a report says what it is about. Undoing what never was done changes nothing.
func TestAdminAPIDecidesAboutWhoWaits(t *testing.T) {
	s := newSite(t)
	anna, mod := s.join("anna"), s.join("moda")
	if _, err := s.community.PromoteAccount(s.ctx(), "moda", store.RoleModerator); err != nil {
		t.Fatal(err)
	}
	app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Admin client", RedirectURIs: []string{community.OutOfBand}, Scopes: "admin:read admin:write"})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := s.community.TokenFor(s.ctx(), app, mod.Account, "admin:read admin:write")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.community.SetSite(s.ctx(), community.ByCommand(""), map[string]*string{"registration": new("approval")}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, name := range []string{"dora", "emil"} {
		acc, err := s.community.SignUp(s.ctx(), community.SignUp{Username: name, Email: name + "@tintype.test", Password: password, Address: "192.0.2.1", Reason: "I walk with you."})
		if err != nil {
			t.Fatal(err)
		}
		ids[name] = strconv.FormatInt(acc.ID, 10)
	}
	for _, list := range []string{"/api/v1/admin/accounts?pending=true", "/api/v2/admin/accounts?status=pending"} {
		if got := s.get(list, token).ok().list(); len(got) != 2 || at(got[0], "username") != "emil" || at(got[0], "approved") != false || at(got[0], "suspended") != false || at(got[0], "invite_request") != "I walk with you." {
			t.Errorf("%s: %v", list, got)
		}
	}
	if got := s.get("/api/v2/admin/accounts?status=suspended", token).ok().list(); len(got) != 0 {
		t.Errorf("who waits is suspended: %v", got)
	}
	const accounts = "/api/v1/admin/accounts/"
	annas := strconv.FormatInt(anna.ID, 10)
	s.post(accounts+ids["dora"]+"/approve", anna.token, "").is(403)
	s.post(accounts+annas+"/approve", token, "").is(403)
	s.post(accounts+annas+"/reject", token, "").is(403)
	if o := s.post(accounts+ids["dora"]+"/approve", token, form("reason", "known")).ok().object(); o["approved"] != true {
		t.Errorf("approved: %v", o)
	}
	s.get("/api/v1/accounts/"+ids["dora"], anna.token).ok()
	s.post(accounts+ids["emil"]+"/reject", token, "").ok()
	s.get(accounts+ids["emil"], token).is(404)
	for _, nothing := range []string{"/enable", "/unsensitive"} {
		if o := s.post(accounts+annas+nothing, token, "").ok().object(); o["disabled"] != false || o["id"] != annas {
			t.Errorf("%s: %v", nothing, o)
		}
		s.post(accounts+annas+nothing, anna.token, "").is(403)
	}

	filed := s.post("/api/v1/reports", anna.token, form("account_id", strconv.FormatInt(mod.ID, 10), "category", "violation", "rule_ids[]", "2", "rule_ids[]", "4", "comment", "rude")).ok().object()
	if rules := filed["rule_ids"].([]any); len(rules) != 2 || rules[0] != "2" || filed["comment"] != "rude" {
		t.Errorf("a report with rules: %v", filed)
	}
	s.post("/api/v1/reports", anna.token, form("account_id", annas, "rule_ids[]", "9")).is(422)
	other := s.post("/api/v1/reports", mod.token, form("account_id", annas, "comment", "spam")).ok().object()["id"].(string)
	at1 := "/api/v1/admin/reports/" + other
	s.do("PUT", at1, token, form("category", "nonsense")).is(422)
	s.do("PUT", at1, token, form("rule_ids[]", "9")).is(422)
	s.do("PUT", at1, anna.token, form("category", "spam")).is(403)
	if o := s.do("PUT", at1, token, form("category", "violation", "rule_ids[]", "1")).ok().object(); o["category"] != "violation" || len(o["rules"].([]any)) != 1 || o["comment"] != "spam" {
		t.Errorf("an edited report: %v", o)
	}
	if o := s.do("PUT", at1, token, form("category", "spam")).ok().object(); o["category"] != "spam" || len(o["rules"].([]any)) != 1 {
		t.Errorf("edited once more: %v", o)
	}
	s.do("PUT", "/api/v1/admin/reports/"+filed["id"].(string), token, form("category", "spam")).is(403) // it is about oneself
}

// Who has left may come back for a week. Clients neither call that a suspension nor end the week; one who was suspended before stays so.
func TestAdminAPIKnowsWhoHasLeft(t *testing.T) {
	s := newSite(t)
	anna, bob, boss := s.join("anna"), s.join("bob"), s.join("boss")
	if _, err := s.community.PromoteAccount(s.ctx(), "boss", store.RoleOwner); err != nil {
		t.Fatal(err)
	}
	app, _, err := s.community.CreateApp(s.ctx(), community.NewApp{Name: "Admin client", RedirectURIs: []string{community.OutOfBand}, Scopes: "admin:read admin:write"})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := s.community.TokenFor(s.ctx(), app, boss.Account, "admin:read admin:write")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.community.SuspendMember(s.ctx(), community.ByCommand(""), "bob", community.Sanction{}); err != nil {
		t.Fatal(err)
	}
	for _, m := range []*member{anna, bob} {
		if err := s.community.LeaveAccount(s.ctx(), m.Account, community.Confirmation{Password: password}); err != nil {
			t.Fatal(err)
		}
	}
	path := func(m *member) string { return "/api/v1/admin/accounts/" + strconv.FormatInt(m.ID, 10) }
	for m, suspended := range map[*member]bool{anna: false, bob: true} {
		if got := s.get(path(m), token).ok().object(); got["suspended"] != suspended {
			t.Errorf("%s: suspended is %v, want %v", m.Username, got["suspended"], suspended)
		}
	}
	if got := s.get("/api/v2/admin/accounts?status=suspended", token).ok().list(); len(got) != 1 || got[0]["username"] != "bob" {
		t.Errorf("suspended: %v", got)
	}
	s.do("DELETE", path(anna), token, "").is(403)
	s.get(path(anna), token).ok()
	s.do("DELETE", path(bob), token, "").ok()
	s.get(path(bob), token).is(404)
}

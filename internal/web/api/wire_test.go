package api_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

func TestInstance(t *testing.T) {
	s := newSite(t)
	s.join("anna")
	v1 := s.get("/api/v1/instance", "").ok()
	if got := v1.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	o := v1.object()
	for way, want := range map[string]any{
		"uri": "tintype.test", "title": "Test site", "version": "4.2.1 (compatible; Tintype 0.0.1)", "email": "host@tintype.test",
		"urls.streaming_api": "wss://tintype.test", "stats.user_count": 1.0, "stats.domain_count": 1.0, "registrations": true,
		"configuration.statuses.max_media_attachments": 10.0, "configuration.media_attachments.image_matrix_limit": 100e6,
	} {
		if got := at(o, way); got != want {
			t.Errorf("v1 %s is %v, want %v", way, got, want)
		}
	}
	o = s.get("/api/v2/instance", "").ok().object()
	for way, want := range map[string]any{
		"domain": "tintype.test", "configuration.urls.streaming": "wss://tintype.test", "api_versions.mastodon": 1.0,
		"configuration.accounts.max_featured_tags": 0.0, "configuration.translation.enabled": false, "registrations.enabled": true,
	} {
		if got := at(o, way); got != want {
			t.Errorf("v2 %s is %v, want %v", way, got, want)
		}
	}
	links := s.get("/.well-known/nodeinfo", "").ok().object()
	if href := links["links"].([]any)[0].(map[string]any)["href"]; href != baseURL+"/nodeinfo/2.0" {
		t.Errorf("nodeinfo is at %v", href)
	}
	if name := at(s.get("/nodeinfo/2.0", "").ok().object(), "metadata.upstream.name"); name != "mastodon" {
		t.Errorf("upstream %v", name)
	}
	meta := s.get("/.well-known/oauth-authorization-server", "").ok().object()
	if methods := meta["code_challenge_methods_supported"].([]any); len(methods) != 1 || methods[0] != "S256" {
		t.Errorf("challenge methods %v", methods)
	}
	if meta["authorization_endpoint"] != baseURL+"/oauth/authorize" {
		t.Errorf("metadata %v", meta)
	}
}

func TestTokensAndScopes(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	narrow := s.tokenFor(anna.Account, "read:statuses")
	follow := s.tokenFor(anna.Account, "follow")
	for _, tt := range []struct {
		name, path, token string
		status            int
	}{
		{"visitor, public", "/api/v1/timelines/public", "", 200},
		{"visitor, home", "/api/v1/timelines/home", "", 401},
		{"bad token, home", "/api/v1/timelines/home", "nonsense", 401},
		{"bad token, public", "/api/v1/timelines/public", "nonsense", 401},
		{"bad token, instance", "/api/v1/instance", "nonsense", 200},
		{"member, home", "/api/v1/timelines/home", anna.token, 200},
		{"part of a scope", "/api/v1/timelines/home", narrow, 200},
		{"another part", "/api/v1/lists", narrow, 403},
		{"follow for mutes", "/api/v1/mutes", follow, 200},
		{"follow for home", "/api/v1/timelines/home", follow, 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.get(tt.path, tt.token).is(tt.status)
			if tt.status >= 400 && r.object()["error"] == "" {
				t.Errorf("no error in %s", r.body)
			}
		})
	}
}

func TestNoCookieIsRead(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for _, cookie := range []string{"tintype_session=" + anna.token, "access_token=" + anna.token} {
		s.do(http.MethodGet, "/api/v1/timelines/home", "", "", "Cookie", cookie).is(http.StatusUnauthorized)
	}
	s.get("/api/v1/timelines/home?access_token="+anna.token, "").is(http.StatusUnauthorized)
}

func TestAClosedSiteTellsVisitorsNothing(t *testing.T) {
	s := newSite(t, func(o *options) { o.community.SiteDefaults.Visitors = community.VisitorsNone })
	anna := s.join("anna")
	id := strconv.FormatInt(anna.ID, 10)
	for _, path := range []string{
		"/api/v1/timelines/public", "/api/v1/timelines/tag/x", "/api/v1/accounts/" + id, "/api/v1/accounts/lookup?acct=anna",
		"/api/v1/accounts/" + id + "/statuses", "/api/v1/custom_emojis", "/api/v1/directory", "/api/v1/accounts?id[]=" + id,
	} {
		r := s.get(path, "").is(http.StatusUnauthorized)
		if strings.Contains(r.body, "anna") {
			t.Errorf("%s tells of anna", path)
		}
		s.get(path, anna.token).ok()
	}
	c := s.register(form("client_name", "Tusky", "redirect_uris", community.OutOfBand, "scopes", "read write"))
	app := s.post("/oauth/token", "", form("grant_type", "client_credentials", "scope", "read write", "client_id", c.ClientID, "client_secret", c.ClientSecret)).ok().object()["access_token"].(string)
	s.get("/api/v1/timelines/public", app).is(http.StatusUnprocessableEntity) // a client is nobody
	s.get("/api/v1/apps/verify_credentials", app).ok()
	s.post("/api/v1/accounts", app, form("username", "newbie", "email", "n@tintype.test", "password", password)).ok()
	o := s.get("/api/v1/instance", "").ok().object()
	if at(o, "stats.user_count") != 0.0 {
		t.Errorf("a visitor is told %v", o["stats"])
	}
	if o := s.get("/api/v1/instance", anna.token).ok().object(); at(o, "stats.user_count") != 2.0 {
		t.Errorf("a member is told %v", o["stats"])
	}
}

func TestRateLimit(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 30, 0, time.UTC)
	s := newSite(t, func(o *options) {
		o.api.Limit = community.Limit{Count: 3, Window: 5 * time.Minute}
		o.api.Now = func() time.Time { return now }
	})
	anna := s.join("anna")
	for left := 2; left >= 0; left-- {
		h := s.get("/api/v1/timelines/home", anna.token).ok().header
		if h.Get("X-RateLimit-Limit") != "3" || h.Get("X-RateLimit-Remaining") != strconv.Itoa(left) || h.Get("X-RateLimit-Reset") != "2026-05-01T12:05:00.000Z" {
			t.Errorf("with %d left: %v", left, h)
		}
	}
	r := s.get("/api/v1/timelines/home", anna.token).is(http.StatusTooManyRequests)
	if r.object()["error"] != "Too many requests" || r.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%s %v", r.body, r.header)
	}
	s.get("/api/v1/timelines/public", "").ok() // a visitor is another client
	now = now.Add(5 * time.Minute)
	s.get("/api/v1/timelines/home", anna.token).ok()
}

// A timeline of five tags costs as much as five, and counts so. The same tag again is none.
func TestEachTagOfATimelineCounts(t *testing.T) {
	s := newSite(t, func(o *options) { o.api.Limit = community.Limit{Count: 100, Window: 5 * time.Minute} })
	left := func(query string) int {
		n, err := strconv.Atoi(s.get("/api/v1/timelines/tag/harbour"+query, "").ok().header.Get("X-RateLimit-Remaining"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := left("")
	for _, c := range []struct {
		query string
		costs int
	}{
		{"?limit=7", 1}, {"?any[]=a&any[]=b&any[]=c&any[]=d", 5}, {"?any[]=%23Harbour&any[]=harbour&any[]=HARBOUR", 1}, {"?any[]=x&any[]=X", 2},
	} {
		now := left(c.query)
		if before-now != c.costs {
			t.Errorf("%s costs %d, want %d", c.query, before-now, c.costs)
		}
		before = now
	}
}

func TestListsThatClientsAskForAtStart(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for _, path := range []string{
		"v1/custom_emojis", "v1/announcements", "v1/filters", "v2/filters", "v1/lists", "v1/conversations", "v1/bookmarks", "v1/mutes",
		"v1/domain_blocks", "v1/followed_tags", "v1/featured_tags", "v1/scheduled_statuses", "v1/trends", "v1/trends/tags",
		"v1/trends/statuses", "v1/trends/links", "v2/suggestions", "v1/directory", "v1/instance/peers",
	} {
		if got := s.get("/api/"+path, anna.token).ok().body; got != "[]\n" {
			t.Errorf("%s answered %q", path, got)
		}
	}
	s.get("/api/v1/push/subscription", anna.token).is(http.StatusNotFound)
	s.do(http.MethodPut, "/api/v2/media/1", anna.token, "").is(http.StatusNotFound)
}

// accountKeys are those that some client crashes without.
var accountKeys = []string{
	"id", "username", "acct", "display_name", "created_at", "note", "url", "avatar", "header", "followers_count", "following_count",
	"statuses_count", "emojis", "fields", "last_status_at", "avatar_static", "header_static", "locked", "bot", "roles",
}

var timestamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

func wantKeys(t *testing.T, o map[string]any, keys []string) {
	t.Helper()
	for _, key := range keys {
		if _, there := o[key]; !there {
			t.Errorf("no key %s", key)
		}
	}
}

func TestAccounts(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("Bob_2")
	id := strconv.FormatInt(bob.ID, 10)
	o := s.get("/api/v1/accounts/"+id, "").ok().object()
	wantKeys(t, o, accountKeys)
	for key, want := range map[string]any{
		"id": id, "username": "Bob_2", "acct": "Bob_2", "note": "", "url": baseURL + "/@Bob_2", "avatar": baseURL + "/static/avatar.png",
		"header": baseURL + "/static/header.png", "last_status_at": nil,
	} {
		if o[key] != want {
			t.Errorf("%s is %v, want %v", key, o[key], want)
		}
	}
	if created := o["created_at"].(string); !timestamp.MatchString(created) {
		t.Errorf("created_at %q", created)
	}
	if strings.Contains(s.get("/api/v1/accounts/"+id, anna.token).body, "@tintype.test") {
		t.Error("an account tells its e-mail address")
	}
	for _, path := range []string{"/api/v1/accounts/1", "/api/v1/accounts/abc", "/api/v1/accounts/99999999999999999999", "/api/v1/accounts/lookup?acct=nobody", "/api/v1/accounts/lookup"} {
		if o := s.get(path, "").is(http.StatusNotFound).object(); o["error"] != "Record not found" {
			t.Errorf("%s: %v", path, o)
		}
	}
	for _, acct := range []string{"bob_2", "@Bob_2", "Bob_2@tintype.test"} {
		if o := s.get("/api/v1/accounts/lookup?acct="+acct, "").ok().object(); o["id"] != id {
			t.Errorf("lookup %s: %v", acct, o)
		}
	}
	for _, acct := range []string{"bob_2@TINTYPE.test", "@bob_2@tintype.test.", "bob_2@tintype.test:443"} {
		if o := s.get("/api/v1/accounts/lookup?"+form("acct", acct), "").ok().object(); o["id"] != id {
			t.Errorf("lookup %s: %v", acct, o)
		}
	}
	for _, acct := range []string{"bob_2@tintype.test:8443", "bob_2@tintype.test.evil.test", "bob_2@"} {
		s.get("/api/v1/accounts/lookup?"+form("acct", acct), "").is(http.StatusNotFound)
	}
	many := s.get("/api/v1/accounts?id[]="+id+"&id[]=1&id%5B%5D="+strconv.FormatInt(anna.ID, 10), "").ok().list()
	if len(many) != 2 || many[0]["id"] != id {
		t.Errorf("accounts by id: %v", many)
	}
	for q, want := range map[string]int{"bob": 1, "@bob_2": 1, "Bob_2@tintype.test": 1, "bob@elsewhere.test": 0, "zed": 0, "": 0} {
		if got := s.get("/api/v1/accounts/search?q="+q, anna.token).ok().list(); len(got) != want {
			t.Errorf("search %q found %d, want %d", q, len(got), want)
		}
	}
}

// Some clients send the parameters of a GET as JSON in a body: it is read like a query.
func TestAGETWithABody(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	bobID := strconv.FormatInt(bob.ID, 10)
	for _, tt := range []struct{ path, body string }{
		{"/api/v1/accounts/relationships", `{"id":["` + bobID + `"]}`},
		{"/api/v1/accounts/search", `{"q":"bob","limit":5}`},
		{"/api/v1/accounts", `{"id":[` + bobID + `]}`},
		{"/api/v1/accounts/search", "q=bob"},
	} {
		if list := s.do(http.MethodGet, tt.path, anna.token, tt.body).ok().list(); len(list) != 1 || list[0]["id"] != bobID {
			t.Errorf("%s with %s: %v", tt.path, tt.body, list)
		}
	}
	s.publish(anna, "one")
	s.publish(anna, "two")
	if list := s.do(http.MethodGet, "/api/v1/timelines/public", "", `{"limit":1}`).ok().list(); len(list) != 1 {
		t.Errorf("a visitor's limit in a body: %d posts", len(list))
	}
}

func TestMarkersAndPreferences(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	if got := s.get("/api/v1/markers?timeline[]=home&timeline[]=notifications", anna.token).ok().body; got != "{}\n" {
		t.Errorf("at first: %s", got)
	}
	for _, body := range []string{"home[last_read_id]=123", `{"home":{"last_read_id":"124"},"notifications":{"last_read_id":7}}`} {
		s.post("/api/v1/markers", anna.token, body).ok()
	}
	o := s.get("/api/v1/markers?timeline[]=home&timeline[]=notifications&timeline[]=other", anna.token).ok().object()
	if at(o, "home.last_read_id") != "124" || at(o, "home.version") != 2.0 || at(o, "notifications.last_read_id") != "7" || len(o) != 2 {
		t.Errorf("markers: %v", o)
	}
	if at := at(o, "home.updated_at").(string); !timestamp.MatchString(at) {
		t.Errorf("updated_at %q", at)
	}
	if o := s.get("/api/v1/preferences", anna.token).ok().object(); o["posting:default:visibility"] != "public" || o["reading:expand:media"] != "default" {
		t.Errorf("preferences: %v", o)
	}
	s.post("/api/v1/markers", anna.token, "home[last_read_id]=x").is(http.StatusUnprocessableEntity)
}

func TestOwnAccount(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	o := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().object()
	wantKeys(t, o, append(accountKeys, "source", "role"))
	wantKeys(t, o["source"].(map[string]any), []string{"privacy", "sensitive", "language", "note", "fields", "follow_requests_count", "discoverable", "hide_collections", "indexable"})
	if at(o, "source.privacy") != "public" || at(o, "role.permissions") != "0" {
		t.Errorf("credentials: %v", o)
	}
	s.get("/api/v1/accounts/verify_credentials", s.tokenFor(anna.Account, "profile")).ok()
	s.get("/api/v1/accounts/verify_credentials", s.tokenFor(anna.Account, "write")).is(http.StatusForbidden)
}

// Who looks after the site says so to everybody, at once.
func TestRolesOfAccounts(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	s.publish(anna, "A hill")
	roles := func() (all []string) {
		t.Helper()
		status := s.get("/api/v1/timelines/public", "").ok().list()[0]
		for _, of := range []any{s.get(path("/api/v1/accounts/%d", anna.ID), bob.token).ok().object(), status["account"]} {
			for _, role := range at(of, "roles").([]any) {
				wantKeys(t, role.(map[string]any), []string{"id", "name", "color"})
				all = append(all, role.(map[string]any)["name"].(string))
			}
		}
		return all
	}
	if got := roles(); got != nil {
		t.Errorf("a member: %v", got)
	}
	changes := func() (n int) {
		if err := s.store.SQL().QueryRowContext(s.ctx(), "SELECT COUNT(*) FROM events WHERE kind = ?", community.EventAccountUpdated).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := changes() // which empty what visitors are shown of memory
	for _, c := range [][2]string{{store.RoleModerator, "Moderator Moderator"}, {store.RoleMember, ""}, {store.RoleAdmin, "Admin Admin"}, {store.RoleOwner, "Owner Owner"}} {
		if _, err := s.community.PromoteAccount(s.ctx(), "anna", c[0]); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(roles(), " "); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
	if n := changes() - before; n != 4 {
		t.Errorf("%d events of four changes", n)
	}
}

// Each entity has the keys that some client crashes without; those that may be null are there all the same.
func TestKeysOfEntities(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	for _, tt := range []struct {
		name   string
		answer map[string]any
		keys   []string
	}{
		{"instance v1", s.get("/api/v1/instance", "").object(), []string{"uri", "title", "short_description", "description", "email", "version", "urls",
			"stats", "thumbnail", "languages", "registrations", "approval_required", "invites_enabled", "configuration", "contact_account", "rules"}},
		{"instance v2", s.get("/api/v2/instance", "").object(), []string{"domain", "title", "version", "source_url", "description", "usage", "thumbnail",
			"icon", "languages", "configuration", "registrations", "api_versions", "contact", "rules"}},
		{"client", s.post("/api/v1/apps", "", form("client_name", "x", "redirect_uris", community.OutOfBand)).object(), []string{"id", "name", "website",
			"scopes", "redirect_uri", "redirect_uris", "client_id", "client_secret", "client_secret_expires_at", "vapid_key"}},
		{"search", s.get("/api/v2/search?q=nothing", anna.token).object(), []string{"accounts", "statuses", "hashtags"}},
		{"preferences", s.get("/api/v1/preferences", anna.token).object(), []string{"posting:default:visibility", "posting:default:sensitive",
			"posting:default:language", "reading:expand:media", "reading:expand:spoilers"}},
	} {
		t.Run(tt.name, func(t *testing.T) { wantKeys(t, tt.answer, tt.keys) })
	}
	v2 := s.get("/api/v2/instance", "").object()
	wantKeys(t, at(v2, "configuration.urls").(map[string]any), []string{"streaming", "status"})
	wantKeys(t, v2["thumbnail"].(map[string]any), []string{"url", "blurhash", "versions"})
	if versions := at(v2, "thumbnail.versions").(map[string]any); versions["@1x"] != at(v2, "thumbnail.url") {
		t.Errorf("versions of the thumbnail: %v", versions)
	}
	for _, way := range []string{"configuration.urls.streaming", "configuration.vapid", "configuration.accounts.max_featured_tags", "configuration.statuses.max_characters",
		"configuration.media_attachments.supported_mime_types", "configuration.polls", "configuration.translation.enabled", "usage.users.active_month",
		"thumbnail.url", "contact.email", "registrations.approval_required"} {
		if at(v2, way) == nil {
			t.Errorf("v2 has no %s", way)
		}
	}
}

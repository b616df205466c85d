package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// A reading is one way to ask an endpoint for everything that it takes at once: with are the parameters whose values it needs
// besides or otherwise, unread those that say nothing then.
type reading struct{ with, unread string }

// readings are the ways of endpoints that have several, or that need other values than any. "{bob}" stands for an id.
var readings = map[string][]reading{
	"POST /api/v1/apps": {{with: "redirect_uris=urn:ietf:wg:oauth:2.0:oob&website=https://a.test"}},
	"POST /oauth/token": {
		{with: "grant_type=authorization_code", unread: "scope"},
		{with: "grant_type=client_credentials", unread: "code redirect_uri code_verifier"},
	},
	"POST /api/v1/accounts":                     {{with: "username=carl&email=carl@tintype.test&password=correct+horse+battery"}},
	"PATCH /api/v1/accounts/update_credentials": {{with: "avatar=&header=&fields_attributes[0][name]=web&fields_attributes[0][value]=x&source[privacy]=public&source[sensitive]=true&source[language]=de"}},
	"GET /api/v1/accounts/:id/statuses":         {{with: "pinned=true"}, {with: "pinned=false"}},
	"GET /api/v1/timelines/public":              {{with: "remote=false"}},
	"GET /api/v1/timelines/tag/:tag":            {{with: "remote=false"}},
	"POST /api/v2/filters":                      {{with: "context[]=home&filter_action=warn&keywords_attributes[0][keyword]=a"}},
	"PUT /api/v2/filters/:id":                   {{with: "context[]=home&filter_action=warn&keywords_attributes[0][keyword]=b"}},
	"POST /api/v1/lists":                        {{with: "replies_policy=list"}},
	"PUT /api/v1/lists/:id":                     {{with: "replies_policy=list"}},
	"POST /api/v1/statuses":                     {{with: "media_ids[]={photo}&media_attributes[0][id]={photo}&media_attributes[0][description]=a&in_reply_to_id={post}&visibility=public"}},
	"PUT /api/v1/statuses/:id":                  {{with: "media_ids[]={photo}&media_attributes[0][id]={photo}&media_attributes[0][description]=a"}},
	"GET /api/v1/notifications":                 {{with: "types[]=follow&exclude_types[]=mention"}},
	"GET /api/v1/notifications/unread_count":    {{with: "types[]=follow&exclude_types[]=mention"}},
	"POST /api/v1/push/subscription":            {{with: "subscription[endpoint]=https://push.test&subscription[standard]=true&data[policy]="}, {with: "subscription[standard]=true&data[policy]=all", unread: "policy"}},
	"PUT /api/v1/push/subscription":             {{with: "data[policy]="}, {with: "data[policy]=all", unread: "policy"}},
	"PUT /api/v1/media/:id":                     {{with: "focus=0,0"}},
	"GET /api/v2/search": {
		{with: "type=accounts", unread: "account_id max_id min_id"},
		{with: "type=statuses", unread: "following"},
		{with: "type=hashtags", unread: "account_id max_id min_id following"},
	},
	"GET /api/v1/directory":                  {{with: "order=new"}},
	"POST /api/v1/reports":                   {{with: "category=violation&status_ids[]={others}&rule_ids[]={rule}"}},
	"PUT /api/v1/admin/reports/:id":          {{with: "category=violation&rule_ids[]={rule}"}},
	"GET /api/v1/admin/accounts":             {{with: "silenced=false&suspended=false&pending=false&disabled=false&remote=false&display_name=&email="}},
	"GET /api/v2/admin/accounts":             {{with: "origin=local&status=active&permissions=staff&display_name=&email="}},
	"POST /api/v1/admin/accounts/:id/action": {{with: "type=none&report_id={report}"}},
}

// failing are the endpoints that read everything and then find that the values of a test are not the right ones.
var failing = []string{"POST /oauth/token", "POST /oauth/revoke", "POST /api/v1/push/subscription", "PUT /api/v1/push/subscription"}

// elsewhere are parameters that other tests look at: timelines have them in their names, and files come as they are read.
var elsewhere = []string{"POST /api/v1/markers last_read_id", "POST /api/v1/media file", "POST /api/v2/media file"}

// Each endpoint reads everything that it takes in each of its ways: what it stopped reading would be dropped and answered
// with 200.
func TestEveryDocumentedParameterIsRead(t *testing.T) {
	read := map[string]bool{}
	s := newSite(t)
	s.api.OnRead(func(name string) { read[name] = true })
	s.work()
	anna, bob := s.join("anna"), s.join("bob")
	id := func(n int64) string { return strconv.FormatInt(n, 10) }
	ids := map[string]string{"bob": id(bob.ID), "anna": id(anna.ID), "rule": s.get("/api/v1/instance/rules", "").ok().list()[0]["id"].(string)}
	made := func(name, path, token, body string) {
		t.Helper()
		ids[name] = s.post(path, token, body).ok().object()["id"].(string)
	}
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), anna.token, "").ok()
	ids["post"], ids["others"] = s.publish(anna, "A hill #hill")["id"].(string), s.publish(bob, "A valley")["id"].(string)
	made("list", "/api/v1/lists", anna.token, "title=Friends")
	made("filter", "/api/v2/filters", anna.token, "title=Rain&context[]=home")
	made("keyword", "/api/v2/filters/"+ids["filter"]+"/keywords", anna.token, "keyword=rain")
	made("report", "/api/v1/reports", anna.token, "account_id="+ids["bob"])
	admin := adminToken(s)
	c := s.register(form("client_name", "Tusky", "redirect_uris", community.OutOfBand, "scopes", "read write"))
	app := s.post("/oauth/token", "", form("grant_type", "client_credentials", "scope", "read write", "client_id", c.ClientID, "client_secret", c.ClientSecret)).ok().object()["access_token"].(string)

	for _, d := range documented {
		method, address, _ := strings.Cut(d.endpoint, " ")
		if address == "/oauth/authorize" {
			continue
		}
		ways := readings[d.endpoint]
		if ways == nil {
			ways = []reading{{}}
		}
		for _, way := range ways {
			ids["photo"] = id(s.photo(anna, store.SetPublic))
			fill := func(text string) string {
				for name, id := range ids {
					text = strings.ReplaceAll(text, "{"+name+"}", id)
				}
				return text
			}
			of := "post"
			for part, name := range map[string]string{"/accounts/:id": "bob", "/lists/": "list", "/list/": "list", "/filters/:id": "filter", "/filters/keywords/": "keyword", "/media/": "photo", "/reports/": "report"} {
				if strings.Contains(address, part) {
					of = name
				}
			}
			given, err := url.ParseQuery(fill(way.with))
			if err != nil {
				t.Fatal(err)
			}
			names := strings.Fields(d.acts)
			for _, name := range names {
				kind := kinds[name]
				already := false
				for key := range given {
					already = already || key == name || strings.HasPrefix(key, name+"[")
				}
				switch {
				case already || name == "file":
				case name == "last_read_id":
					given.Set("home[last_read_id]", "5")
				case kind == "list" && strings.HasSuffix(name, "id"), name == "account_ids":
					given.Set(name+"[]", ids["bob"])
				case kind == "list":
					given.Set(name+"[]", "a")
				case kind == "boolean":
					given.Set(name, "true")
				case kind == "number", kind == "cursor":
					given.Set(name, "1")
				case strings.HasSuffix(name, "account_id"):
					given.Set(name, ids["bob"])
				case name == "status_id":
					given.Set(name, ids["post"])
				case name == "language", name == "locale":
					given.Set(name, "de")
				case name == "scope", name == "scopes":
					given.Set(name, "read")
				case name == "focus":
					given.Set(name, "0,0")
				default:
					given.Set(name, "anna")
				}
			}
			token := anna.token
			switch {
			case strings.Contains(address, "/admin/"):
				token = admin
			case d.endpoint == "POST /api/v1/accounts":
				token = app
			}
			clear(read)
			to := strings.NewReplacer(":id", ids[of], ":tag", "hill").Replace(address)
			var r *reply
			switch {
			case slices.Contains(names, "file"):
				r = s.upload(method, to, token, "description", "a", "focus", "0,0", "file", "@"+picture(1))
			case method == http.MethodGet:
				r = s.get(to+"?"+given.Encode(), token)
			default:
				r = s.do(method, to, token, given.Encode())
			}
			if r.status != http.StatusOK && !slices.Contains(failing, d.endpoint) {
				t.Errorf("%s with %v: %d %s", d.endpoint, given, r.status, r.body)
			}
			for _, name := range names {
				if !read[name] && !slices.Contains(strings.Fields(way.unread), name) && !slices.Contains(elsewhere, d.endpoint+" "+name) {
					t.Errorf("%s with %v: nothing reads %s", d.endpoint, given, name)
				}
			}
		}
	}
}

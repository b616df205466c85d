package api_test

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"tintype/internal/store"
	"tintype/internal/web/api"
)

// What Mastodon 4.2 documents for the endpoints that there are: the parameters that act, those that are refused, each with
// a value that is, and those of which docs/api.md says why they change nothing.
var documented = []struct {
	endpoint string
	acts     string
	refused  map[string]string
	ignored  string
}{
	{"POST /api/v1/apps", "client_name redirect_uris scopes website", nil, ""},
	{"POST /oauth/token", "grant_type code client_id client_secret redirect_uri code_verifier scope", nil, "scope"},
	{"POST /oauth/revoke", "client_id client_secret token", nil, ""},
	{"POST /api/v1/accounts", "username email password locale reason", map[string]string{"agreement": "agreement=false"}, ""},
	{"PATCH /api/v1/accounts/update_credentials", "display_name note avatar header locked bot discoverable fields_attributes source[privacy] source[sensitive] source[language]",
		map[string]string{"hide_collections": "hide_collections=true", "indexable": "indexable=false"}, ""},
	{"GET /api/v1/accounts", "id", nil, ""},
	{"GET /api/v1/accounts/lookup", "acct", nil, ""},
	{"GET /api/v1/accounts/search", "q limit offset following", nil, "resolve"},
	{"GET /api/v1/accounts/familiar_followers", "id", nil, ""},
	{"GET /api/v1/accounts/relationships", "id with_suspended", nil, ""},
	{"GET /api/v1/accounts/:id/statuses", "max_id since_id min_id limit only_media exclude_replies exclude_reblogs pinned tagged", nil, ""},
	{"GET /api/v1/accounts/:id/followers", "max_id since_id min_id limit", nil, ""},
	{"GET /api/v1/accounts/:id/following", "max_id since_id min_id limit", nil, ""},
	{"GET /api/v1/follow_requests", "max_id since_id limit", nil, ""},
	{"GET /api/v1/blocks", "max_id since_id min_id limit", nil, ""},
	{"GET /api/v1/followed_tags", "max_id since_id min_id limit", nil, ""},
	{"GET /api/v1/mutes", "max_id since_id min_id limit", nil, ""},
	{"POST /api/v1/accounts/:id/mute", "notifications duration", nil, ""},
	{"POST /api/v1/accounts/:id/note", "comment", nil, ""},
	{"POST /api/v1/accounts/:id/follow", "reblogs notify", map[string]string{"languages": "languages[]=de"}, ""},
	{"GET /api/v1/timelines/list/:id", "max_id since_id min_id limit", nil, ""},
	{"POST /api/v2/filters", "title context filter_action expires_in keywords_attributes", nil, ""},
	{"PUT /api/v2/filters/:id", "title context filter_action expires_in keywords_attributes", nil, ""},
	{"POST /api/v2/filters/:id/keywords", "keyword whole_word", nil, ""},
	{"PUT /api/v2/filters/keywords/:id", "keyword whole_word", nil, ""},
	{"POST /api/v2/filters/:id/statuses", "status_id", nil, ""},
	{"POST /api/v1/lists", "title replies_policy exclusive", nil, ""},
	{"PUT /api/v1/lists/:id", "title replies_policy exclusive", nil, ""},
	{"GET /api/v1/lists/:id/accounts", "max_id since_id min_id limit", nil, ""},
	{"POST /api/v1/lists/:id/accounts", "account_ids", nil, ""},
	{"DELETE /api/v1/lists/:id/accounts", "account_ids", nil, ""},
	{"GET /api/v1/timelines/home", "max_id since_id min_id limit", nil, ""},
	{"GET /api/v1/timelines/public", "remote max_id since_id min_id limit", nil, "local only_media"},
	{"GET /api/v1/timelines/tag/:tag", "any all none remote max_id since_id min_id limit", nil, "local only_media"},
	{"GET /api/v1/favourites", "max_id min_id limit", nil, ""},
	{"GET /api/v1/bookmarks", "max_id since_id min_id limit", nil, ""},
	{"POST /api/v1/statuses", "status media_ids media_attributes in_reply_to_id sensitive spoiler_text visibility language",
		map[string]string{"poll": "poll[options][]=a", "scheduled_at": "scheduled_at=2030-01-01T00:00:00Z"}, ""},
	{"GET /api/v1/statuses", "id", nil, ""},
	{"PUT /api/v1/statuses/:id", "status spoiler_text sensitive language media_ids media_attributes", map[string]string{"poll": "poll[expires_in]=300"}, ""},
	{"GET /api/v1/statuses/:id/favourited_by", "max_id since_id limit", nil, ""},
	{"POST /api/v1/statuses/:id/reblog", "", map[string]string{"visibility": "visibility=private"}, ""},
	{"GET /api/v1/statuses/:id/reblogged_by", "max_id since_id limit", nil, ""},
	{"GET /api/v1/notifications", "max_id since_id min_id limit types exclude_types account_id", nil, ""},
	{"GET /api/v1/notifications/unread_count", "limit types exclude_types account_id", nil, ""},
	{"POST /api/v1/push/subscription", "subscription[endpoint] subscription[keys][auth] subscription[keys][p256dh] subscription[standard] data[policy] policy", nil, ""},
	{"PUT /api/v1/push/subscription", "data[policy] policy", nil, ""},
	{"POST /api/v1/media", "file description focus", map[string]string{"thumbnail": "thumbnail=x"}, ""},
	{"POST /api/v2/media", "file description focus", map[string]string{"thumbnail": "thumbnail=x"}, ""},
	{"PUT /api/v1/media/:id", "description focus", map[string]string{"thumbnail": "thumbnail=x"}, ""},
	{"GET /api/v2/search", "q type following account_id max_id min_id limit offset", nil, "resolve exclude_unreviewed"},
	{"GET /api/v1/directory", "limit offset order", nil, "local"},
	{"GET /api/v1/suggestions", "limit", nil, ""},
	{"GET /api/v2/suggestions", "limit", nil, ""},
	{"GET /api/v1/trends", "limit offset", nil, ""},
	{"GET /api/v1/trends/tags", "limit offset", nil, ""},
	{"GET /api/v1/trends/statuses", "limit offset", nil, ""},
	{"GET /api/v1/markers", "timeline", nil, ""},
	{"POST /api/v1/markers", "last_read_id", nil, ""},
	{"POST /api/v1/reports", "account_id status_ids comment category rule_ids", nil, "forward"},
	{"GET /api/v1/admin/accounts", "max_id since_id min_id limit active silenced suspended pending disabled remote staff username display_name email",
		map[string]string{"ip": "ip=192.0.2.1", "by_domain": "by_domain=x"}, ""},
	{"GET /api/v2/admin/accounts", "max_id since_id min_id limit origin status permissions username display_name email",
		map[string]string{"ip": "ip=192.0.2.1", "by_domain": "by_domain=x", "role_ids": "role_ids[]=1", "invited_by": "invited_by=1"}, ""},
	{"POST /api/v1/admin/accounts/:id/action", "type text report_id", nil, ""},
	{"GET /api/v1/admin/reports", "max_id since_id min_id limit resolved account_id target_account_id", nil, ""},
	{"PUT /api/v1/admin/reports/:id", "category rule_ids", nil, ""},
	{"GET /api/v1/announcements", "with_dismissed", nil, ""},
	{"GET /oauth/authorize", "", nil, "force_login lang"}, // a page
}

// bare are endpoints for which Mastodon documents no parameters, or whose list is always empty here.
var bare = []string{
	"GET /oauth/userinfo", "POST /oauth/userinfo", "GET /api/v1/apps/verify_credentials", "GET /api/v1/accounts/verify_credentials", "GET /api/v1/accounts/:id", "GET /api/v1/statuses/:id",
	"DELETE /api/v1/statuses/:id", "GET /api/v1/statuses/:id/context", "GET /api/v1/statuses/:id/card", "GET /api/v1/statuses/:id/source", "GET /api/v1/statuses/:id/history", "POST /api/v1/tags/:name/follow", "POST /api/v1/tags/:name/unfollow",
	"GET /api/v1/media", "GET /api/v1/media/:id", "DELETE /api/v1/media/:id", "GET /api/v1/preferences", "GET /api/v1/tags/:name",
	"GET /api/v2/filters/:id", "DELETE /api/v2/filters/:id", "GET /api/v2/filters/:id/keywords", "GET /api/v2/filters/keywords/:id", "DELETE /api/v2/filters/keywords/:id",
	"GET /api/v2/filters/:id/statuses", "GET /api/v2/filters/statuses/:id", "DELETE /api/v2/filters/statuses/:id",
	"GET /api/v1/lists/:id", "DELETE /api/v1/lists/:id", "GET /api/v1/accounts/:id/lists",
	"GET /api/v1/notifications/:id", "POST /api/v1/notifications/dismiss",
	"GET /api/v1/admin/accounts/:id", "DELETE /api/v1/admin/accounts/:id", "GET /api/v1/admin/reports/:id",
	"GET /api/openapi.json", "PUT /api/v1/announcements/:id/reactions/:name", "DELETE /api/v1/announcements/:id/reactions/:name",
	"DELETE /api/v1/push/subscription", "GET /api/v1/push/subscription",
	"PUT /api/v2/media/:id", // answers 404, by which a client finds v1
}

// adminToken is the token of a new owner of the site.
func adminToken(s *site) string {
	s.t.Helper()
	boss := s.join("theboss")
	if _, err := s.community.PromoteAccount(s.ctx(), "theboss", store.RoleOwner); err != nil {
		s.t.Fatal(err)
	}
	return s.tokenFor(boss.Account, "read admin:read admin:write")
}

type routes []string

func (r *routes) API(method, path string, _ func(*gin.Context) error) {
	*r = append(*r, method+" "+path)
}
func (r *routes) APIUpload(method, path string, h func(*gin.Context) error) { r.API(method, path, h) }
func (r *routes) APIStream(string, string, func(*gin.Context) error)        {}

// actsOnOne tells POSTs to a thing, which have no parameters beside it.
func actsOnOne(endpoint string) bool {
	return strings.HasPrefix(endpoint, "POST ") && strings.Contains(endpoint, "/:id/") || endpoint == "POST /api/v1/notifications/clear"
}

func TestEveryDocumentedParameter(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	post := s.publish(anna, "A hill")["id"].(string)
	photo := strconv.FormatInt(s.photo(anna, store.SetPublic), 10)
	admin := adminToken(s)
	docs, err := os.ReadFile("../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, d := range documented {
		known[d.endpoint] = true
		method, address, _ := strings.Cut(d.endpoint, " ")
		for _, name := range strings.Fields(d.ignored) {
			if !strings.Contains(string(docs), "| `"+d.endpoint+"` | `"+name+"` |") {
				t.Errorf("%s: docs/api.md does not say why %s changes nothing", d.endpoint, name)
			}
		}
		for name, body := range d.refused {
			id, more := post, ""
			switch d.endpoint {
			case "POST /api/v1/accounts/:id/follow":
				id = strconv.FormatInt(bob.ID, 10)
			case "PUT /api/v1/media/:id":
				id = photo
			case "POST /api/v1/reports":
				more = "account_id=" + strconv.FormatInt(bob.ID, 10) + "&"
			case "POST /api/v1/statuses":
				more = "status=x&media_ids[]=" + photo + "&"
			case "POST /api/v1/accounts":
				more = "username=carl&email=carl@tintype.test&password=correct+horse+battery&"
			}
			token := anna.token
			if strings.Contains(address, "/admin/") {
				token = admin
			}
			r := s.do(method, strings.Replace(address, ":id", id, 1), token, more+body)
			if said, _ := r.object()["error"].(string); r.status != http.StatusUnprocessableEntity || !strings.Contains(said, name) {
				t.Errorf("%s with %s: %d %s", d.endpoint, body, r.status, r.body)
			}
		}
	}
	var all routes
	api.New(api.Options{Community: s.community}).Register(&all)
	for _, endpoint := range all {
		path := strings.TrimPrefix(endpoint, "GET ")
		if known[endpoint] || slices.Contains(bare, endpoint) || actsOnOne(endpoint) || strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, "/nodeinfo/") ||
			strings.Contains(path, "/instance") {
			continue
		}
		if path != endpoint && !strings.Contains(path, ":") {
			if r := s.get(path, anna.token); r.body == "[]\n" || r.status == http.StatusNotFound {
				continue
			}
		}
		if path != endpoint && strings.Contains(path, "/accounts/:id/") && s.get(strings.Replace(path, ":id", "1", 1), anna.token).body == "[]\n" {
			continue
		}
		t.Errorf("%s: its parameters are not in the table: add a row to documented, or to bare where Mastodon documents none", endpoint)
	}
	// A value that says what is so anyway is taken, and nothing was done that was refused.
	r := s.post(path("/api/v1/accounts/%d/follow", bob.ID), anna.token, "notify=false&reblogs=true&languages[]=").ok().object()
	if r["notifying"] != false || r["showing_reblogs"] != true {
		t.Errorf("a follow: %v", r)
	}
	s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, form("hide_collections", "false", "indexable", "true")).ok()
	s.upload(http.MethodPost, "/api/v2/media", anna.token, "thumbnail", "@"+picture(1), "file", "@"+picture(2)).is(http.StatusUnprocessableEntity)
	if list := s.get("/api/v1/timelines/public", "").ok().list(); len(list) != 1 {
		t.Errorf("%d posts, want the first alone", len(list))
	}
	s.get("/api/v1/accounts/lookup?acct=carl", "").is(http.StatusNotFound)
	if list := s.get("/api/v1/timelines/tag/none?remote=true", "").ok().list(); len(list) != 0 {
		t.Errorf("remote: %v", list)
	}
}

// A value that is of the wrong kind is refused by name, and nothing is done without it.
func TestParametersOfTheWrongKind(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	photo := strconv.FormatInt(s.photo(anna, store.SetPublic), 10)
	for _, c := range []struct{ method, path, body, name string }{
		{http.MethodPost, "/api/v1/statuses", `{"status":["A hill"],"media_ids":["` + photo + `"]}`, "status"},
		{http.MethodPost, "/api/v1/statuses", `{"status":{"text":"A hill"},"media_ids":["` + photo + `"]}`, "status"},
		{http.MethodPost, "/api/v1/statuses", `{"status":"A hill","visibility":["private"],"media_ids":["` + photo + `"]}`, "visibility"},
		{http.MethodPost, "/api/v1/statuses", "status=A+hill&spoiler_text[]=Heights&media_ids[]=" + photo, "spoiler_text"},
		{http.MethodPut, "/api/v1/media/" + photo, `{"description":["A hill"]}`, "description"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"display_name":["Anna"]}`, "display_name"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"fields_attributes":"Anna"}`, "fields_attributes"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"fields_attributes":[[1]]}`, "fields_attributes"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"fields_attributes":{"name":"web","value":"x"}}`, "fields_attributes"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"fields_attributes":[{"name":{"a":"web"},"value":"x"}]}`, "fields_attributes"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", `{"fields_attributes":{"0":{"name":["web"],"value":"x"}}}`, "fields_attributes"},
		{http.MethodPatch, "/api/v1/accounts/update_credentials", "fields_attributes[0][name]=web&fields_attributes[x]=5", "fields_attributes"},
		{http.MethodPost, "/api/v1/statuses", `{"status":"A hill","media_ids":["` + photo + `"],"media_attributes":{"id":"` + photo + `","description":"A hill"}}`, "media_attributes"},
		{http.MethodGet, "/api/v1/timelines/public?max_id=abc", "", "max_id"},
		{http.MethodGet, "/api/v1/timelines/public?min_id[]=5", "", "min_id"},
		{http.MethodGet, "/api/v1/notifications?since_id=1e3", "", "since_id"},
		{http.MethodGet, "/api/v1/timelines/home?limit=many", "", "limit"},
		{http.MethodGet, "/api/v2/search?q=a&offset=x", "", "offset"},
	} {
		r := s.do(c.method, c.path, anna.token, c.body)
		if said, _ := r.object()["error"].(string); r.status != http.StatusUnprocessableEntity || !strings.Contains(said, c.name+": ") {
			t.Errorf("%s %s %s: %d %s", c.method, c.path, c.body, r.status, r.body)
		}
	}
	if list := s.get("/api/v1/timelines/home", anna.token).ok().list(); len(list) != 0 {
		t.Errorf("what was refused was posted: %v", list)
	}
	// As Rails' forms and clients write lists of objects, and none.
	for body, want := range map[string]int{
		`{"fields_attributes":{"7":{"name":"web","value":"x"},"12":{"name":"tel","value":"y"}}}`: 2, `{"fields_attributes":[{"name":"web","value":"x"}]}`: 1,
		"fields_attributes[][name]=web&fields_attributes[][value]=x": 1, `{"fields_attributes":[]}`: 0,
	} {
		if o := s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, body).ok().object(); len(o["fields"].([]any)) != want {
			t.Errorf("%s: %v", body, o["fields"])
		}
	}
	for _, nothing := range []string{"", "None", "null", "undefined", "0", "-1", "99999999999999999999", "%201"} {
		for _, name := range []string{"max_id", "min_id", "since_id", "limit"} {
			s.get("/api/v1/timelines/public?"+name+"="+nothing, "").ok()
		}
	}
}

// wrong are values that no parameter of a kind has, as the body of a request. A list of ids finds nothing by what is no
// id, and is refused for what is no list.
var wrong = map[string][]string{
	"text":    {`{"%s":["a"]}`, `{"%s":{"a":"b"}}`},
	"boolean": {`{"%s":"banana"}`, `{"%s":["true"]}`, `{"%s":2}`},
	"number":  {`{"%s":"many"}`, `{"%s":[5]}`, `{"%s":true}`},
	"cursor":  {`{"%s":"1e3"}`, `{"%s":["5"]}`, `{"%s":{"id":"5"}}`},
	"id":      {`{"%s":"abc"}`, `{"%s":["5"]}`},
	"list":    {`{"%s":{"a":"5"}}`, `{"%s":[["5"]]}`, `{"%s":[{"id":"5"}]}`},
	"choice":  {`{"%s":"banana"}`, `{"%s":["public"]}`, `{"%s":{"a":"b"}}`},
	"file":    {`{"%s":"http://tintype.test/a.jpg"}`, `{"%s":["data:image/png;base64,AAAA"]}`, `{"%s":{"url":"x"}}`},
	"fields":  {`{"%s":"a"}`, `{"%s":["a"]}`},
}

// kinds are the kinds of the parameters, by name.
var kinds = map[string]string{
	"client_name": "text", "redirect_uris": "list", "scopes": "choice", "website": "text", "grant_type": "choice", "code": "text",
	"client_id": "text", "client_secret": "text", "redirect_uri": "text", "code_verifier": "text", "scope": "text", "token": "text",
	"username": "text", "email": "text", "password": "text", "locale": "choice", "agreement": "boolean",
	"display_name": "text", "note": "text", "avatar": "file", "header": "file", "locked": "boolean", "bot": "boolean",
	"discoverable": "boolean", "fields_attributes": "fields", "source": "fields", "hide_collections": "boolean", "indexable": "boolean",
	"acct": "text", "q": "text", "limit": "number", "offset": "number", "following": "boolean", "resolve": "boolean", "with_suspended": "boolean",
	"max_id": "cursor", "since_id": "cursor", "min_id": "cursor", "only_media": "boolean", "exclude_replies": "boolean", "pinned": "boolean",
	"tagged": "text", "exclude_reblogs": "boolean", "notify": "boolean", "reblogs": "boolean", "languages": "list", "remote": "boolean",
	"local": "boolean", "any": "list", "all": "list", "none": "list", "status": "text", "media_ids": "list", "media_attributes": "fields",
	"in_reply_to_id": "id", "sensitive": "boolean", "spoiler_text": "text", "visibility": "choice", "language": "choice",
	"types": "list", "exclude_types": "list", "account_id": "id", "file": "file", "thumbnail": "file", "description": "text", "focus": "choice",
	"type": "choice", "exclude_unreviewed": "boolean", "timeline": "list", "status_ids": "list", "comment": "text", "category": "choice",
	"notifications": "boolean", "duration": "number", "rule_ids": "list", "order": "choice", "forward": "boolean", "id": "list", "reason": "text", "poll": "fields", "scheduled_at": "text",
	"context": "list", "filter_action": "choice", "expires_in": "number", "keywords_attributes": "fields", "keyword": "text", "whole_word": "boolean", "status_id": "id",
	"active": "boolean", "silenced": "boolean", "suspended": "boolean", "pending": "boolean", "disabled": "boolean", "staff": "boolean", "ip": "text", "by_domain": "text",
	"origin": "choice", "permissions": "choice", "role_ids": "list", "invited_by": "text", "text": "text", "report_id": "id", "resolved": "boolean", "target_account_id": "id",
	"with_dismissed": "boolean", "title": "text", "replies_policy": "choice", "policy": "choice", "exclusive": "boolean", "account_ids": "list", "delete_media": "boolean",
}

// Each documented parameter is refused where its value is of a kind that it never is, whatever else the request says, and
// so is each body that does not end where its document does. Nothing is done by what was refused.
func TestNoDocumentedParameterIsDropped(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	post := s.publish(anna, "A hill")["id"].(string)
	photo := strconv.FormatInt(s.photo(anna, store.SetPublic), 10)
	bobID := strconv.FormatInt(bob.ID, 10)
	before := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().body
	admin := adminToken(s)
	refused := func(method, path, body string) {
		t.Helper()
		token := anna.token
		if strings.Contains(path, "/admin/") {
			token = admin
		}
		r := s.do(method, path, token, body)
		if r.status != http.StatusUnprocessableEntity && r.status != http.StatusBadRequest && r.status != http.StatusNotFound || r.object()["error"] == nil {
			t.Errorf("%s %s with %s: %d %s", method, path, body, r.status, r.body)
		}
	}
	for _, d := range documented {
		method, address, _ := strings.Cut(d.endpoint, " ")
		if address == "/oauth/authorize" {
			continue
		}
		rest := `,"status":"A valley","media_ids":["` + photo + `"]`
		switch address {
		case "/api/v1/accounts/:id/follow", "/api/v1/accounts/:id/mute", "/api/v1/accounts/:id/note":
			rest = ""
		case "/api/v1/media/:id":
			rest = `,"description":"A valley"`
		case "/api/v1/reports":
			rest = `,"account_id":"` + bobID + `"`
		case "/api/v1/accounts":
			rest = `,"username":"carl","email":"carl@tintype.test","password":"correct horse battery","agreement":true`
		case "/api/v1/accounts/update_credentials":
			rest = `,"display_name":"Other"`
		case "/api/v1/apps":
			rest = `,"client_name":"x","redirect_uris":"urn:ietf:wg:oauth:2.0:oob"`
		case "/api/v1/markers":
			rest = `,"home":{"last_read_id":"5"}`
		}
		id := post
		switch {
		case strings.Contains(address, "/accounts/:id"):
			id = bobID
		case strings.Contains(address, "/media/:id"):
			id = photo
		}
		path := strings.NewReplacer(":id", id, ":tag", "hill").Replace(address)
		names := strings.Fields(d.acts + " " + d.ignored)
		for name := range d.refused {
			names = append(names, name)
		}
		for _, name := range names {
			outer, inner, nested := strings.Cut(strings.TrimSuffix(name, "]"), "[")
			kind := kinds[outer]
			if nested {
				kind = map[string]string{
					"privacy": "choice", "sensitive": "boolean", "language": "choice",
					"endpoint": "text", "keys][auth": "text", "keys][p256dh": "text", "standard": "boolean", "policy": "choice",
				}[inner]
			}
			if name == "last_read_id" {
				for _, body := range []string{`{"home":{"last_read_id":"x"}}`, `{"home":{"last_read_id":["5"]}}`, `{"home":"5"}`, `{"other":{"last_read_id":"5"}}`} {
					refused(method, path, strings.TrimSuffix(body, "}")+strings.ReplaceAll(rest, "home", "notifications")+"}")
				}
				continue
			}
			if kind == "" {
				t.Errorf("%s: %s has no kind", d.endpoint, name)
			}
			for _, body := range wrong[kind] {
				body = strings.Replace(body, "%s", outer, 1)
				if nested {
					body = strings.Replace(body, `{"`+outer+`":`, `{"`+outer+`":{"`+strings.ReplaceAll(inner, "][", `":{"`)+`":`, 1) + strings.Repeat("}", 1+strings.Count(inner, "]["))
				}
				more := rest
				if strings.Contains(rest, `"`+name+`"`) { // JSON keeps the last of a name
					more = ""
				}
				refused(method, path, strings.TrimSuffix(body, "}")+more+"}")
			}
		}
		if method != http.MethodGet {
			for _, garbage := range []string{"{}", "x", "]", `{"status":"Two"}`, "\x00"} {
				refused(method, path, "{"+strings.TrimPrefix(rest, ",")+"} "+garbage)
			}
		}
	}
	if list := s.get("/api/v1/timelines/home", anna.token).ok().list(); len(list) != 1 || list[0]["content"] != "<p>A hill</p>" {
		t.Errorf("what was refused was done: %v", list)
	}
	if after := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().body; after != before {
		t.Errorf("the profile was %s and is %s", before, after)
	}
	s.get("/api/v1/accounts/lookup?acct=carl", "").is(http.StatusNotFound)
	if got := s.get("/api/v1/markers", anna.token).ok().body; got != "{}\n" {
		t.Errorf("markers: %s", got)
	}
	if got := s.get("/api/v1/markers?timeline[]=other", anna.token).ok().body; got != "{}\n" {
		t.Errorf("an unknown timeline has a marker: %s", got)
	}
	// A list that is narrowed to nobody is empty.
	for _, address := range []string{"/api/v1/notifications?account_id=0", "/api/v1/notifications?types[]=banana"} {
		if list := s.get(address, anna.token).ok().list(); len(list) != 0 {
			t.Errorf("%s: %v", address, list)
		}
	}
	s.get("/api/v1/timelines/tag/hill?none[]=a&none[]=b&none[]=c&none[]=d&none[]=e", "").is(http.StatusUnprocessableEntity)
	// A file where a text belongs.
	s.upload(http.MethodPost, "/api/v2/media", anna.token, "description", "@A hill", "file", "@"+picture(3)).is(http.StatusUnprocessableEntity)
	s.upload(http.MethodPut, "/api/v1/media/"+photo, anna.token, "thumbnail", "@"+picture(3), "description", "A hill").is(http.StatusUnprocessableEntity)
	s.upload(http.MethodPost, "/api/v1/statuses", anna.token, "status", "@A hill", "media_ids[]", photo).is(http.StatusUnprocessableEntity)
	// What says nothing is taken, and so is an empty list, which empties.
	fields := func(body string, want int) {
		t.Helper()
		o := s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, body).ok().object()
		if got := o["fields"].([]any); len(got) != want {
			t.Errorf("%s: %v", body, got)
		}
	}
	fields(`{"fields_attributes":[{"name":"web","value":"x"}]}`, 1)
	fields(`{"avatar":null,"header":"","locked":"None","source":{"language":null,"sensitive":"undefined"}}`, 1)
	fields(`{"fields_attributes":[]}`, 0)
}

func TestBotAndDiscoverable(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	self := path("/api/v1/accounts/%d", anna.ID)
	want := func(bot, discoverable bool) {
		t.Helper()
		if o := s.get(self, "").ok().object(); o["bot"] != bot || o["discoverable"] != discoverable || o["noindex"] != !discoverable {
			t.Errorf("bot %v, discoverable %v, want %v, %v", o["bot"], o["discoverable"], bot, discoverable)
		}
		if o := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().object(); at(o, "source.discoverable") != discoverable || at(o, "source.hide_collections") != false {
			t.Errorf("source: %v", o["source"])
		}
	}
	want(false, true)
	s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, form("bot", "true", "discoverable", "false")).ok()
	want(true, false)
	s.do(http.MethodPatch, "/api/v1/accounts/update_credentials", anna.token, form("display_name", "Anna")).ok()
	want(true, false)
}

package api_test

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"tintype/internal/community"
)

// The links of a page have everything that the request chose its list by, however it was written: without it the next page
// would be of another list.
func TestLinksKeepWhatWasAskedFor(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	annaID, bobID := strconv.FormatInt(anna.ID, 10), strconv.FormatInt(bob.ID, 10)
	admin := adminToken(s)
	for range 2 {
		id := s.publish(anna, "A hill #hill #green")["id"].(string)
		s.post("/api/v1/statuses/"+id+"/favourite", bob.token, "").ok()
		report := s.post("/api/v1/reports", bob.token, form("account_id", annaID)).ok().object()["id"].(string)
		s.post("/api/v1/admin/reports/"+report+"/resolve", admin, "").ok()
	}
	for _, c := range []struct{ path, token, query string }{
		{"/api/v1/notifications", anna.token, "types[]=favourite&types[]=follow&exclude_types[]=mention&account_id=" + bobID},
		{"/api/v1/notifications", anna.token, "types=favourite&exclude_types=mention"},
		{"/api/v1/notifications", anna.token, "types[0]=favourite&types[1]=follow&exclude_types[0]=mention"},
		{"/api/v1/accounts/" + annaID + "/statuses", "", "only_media=true&exclude_replies=true&exclude_reblogs=1&tagged=hill"},
		{"/api/v1/timelines/tag/hill", "", "any=sea&all=green&none=dawn&local=true&only_media=true&remote=false"},
		{"/api/v1/timelines/tag/hill", "", "any[]=sea&all[0]=green&none[]=dawn&none[]=a,b;c"},
		{"/api/v1/timelines/public", "", "local=true&only_media=false&remote=0"},
		{"/api/v1/admin/reports", admin, "resolved=true&account_id=" + bobID + "&target_account_id=" + annaID},
		{"/api/v1/admin/accounts", admin, "active=true&silenced=false&suspended=false&pending=false&disabled=false&remote=false&staff=false&email=tintype"},
		{"/api/v2/admin/accounts", admin, "status=active&origin=local&permissions=&username=&display_name=&email=tintype"},
	} {
		link := s.get(c.path+"?limit=1&nonsense=1&"+c.query, c.token).ok().header.Get("Link")
		m := nextLink.FindStringSubmatch(link)
		if m == nil {
			t.Errorf("%s?%s has no next page: %q", c.path, c.query, link)
			continue
		}
		u, err := url.Parse(m[1])
		if err != nil {
			t.Fatal(err)
		}
		asked, err := url.ParseQuery("limit=1&" + c.query)
		if err != nil {
			asked = url.Values{"limit": {"1"}, "any[]": {"sea"}, "all[0]": {"green"}, "none[]": {"dawn", "a,b;c"}} // ";" ends a pair in net/url
		}
		next := u.Query()
		next.Del("max_id")
		if !maps.EqualFunc(next, asked, func(a, b []string) bool { return len(a) == len(b) && a[0] == b[0] && a[len(a)-1] == b[len(b)-1] }) {
			t.Errorf("%s?%s goes on with %v", c.path, c.query, next)
		}
	}
}

// What visitors get of one list is not kept for those who ask for another in another form.
func TestKeptAnswersAreOfOneList(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.api.Generation = o.community.Store.Commits
		o.api.Limit = community.Limit{Count: 1000, Window: time.Hour}
	})
	anna := s.join("anna")
	s.publish(anna, "A hill #hill")
	s.publish(anna, "The sea #sea")
	for query, want := range map[string]int{"": 1, "?any=sea": 2, "?any[0]=sea": 2, "?any[]=sea": 2, "?all=sea": 0, "?none=hill": 0, "?none[0]=hill": 0} {
		if list := s.do(http.MethodGet, "/api/v1/timelines/tag/hill"+query, "", "").ok().list(); len(list) != want {
			t.Errorf("%q: %d posts, want %d", query, len(list), want)
		}
	}
}

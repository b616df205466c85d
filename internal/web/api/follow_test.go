package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/community"
)

var relationshipKeys = []string{
	"id", "following", "showing_reblogs", "notifying", "followed_by", "blocking", "blocked_by", "muting", "muting_notifications",
	"requested", "requested_by", "domain_blocking", "endorsed", "note", "languages",
}

func path(format string, id int64) string { return fmt.Sprintf(format, id) }

func TestRelationships(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	toBob := func(what string) map[string]any {
		t.Helper()
		return s.post(path("/api/v1/accounts/%d/"+what, bob.ID), anna.token, "").ok().object()
	}
	r := toBob("follow")
	wantKeys(t, r, relationshipKeys)
	for _, key := range relationshipKeys {
		if r[key] == nil {
			t.Errorf("%s is null", key)
		}
	}
	if r["following"] != true || r["id"] != strconv.FormatInt(bob.ID, 10) {
		t.Errorf("after follow: %v", r)
	}
	list := s.get(path("/api/v1/accounts/relationships?id[]=%d&with_suspended=false", anna.ID), bob.token).ok().list()
	if len(list) != 1 || list[0]["followed_by"] != true || list[0]["following"] != false {
		t.Errorf("bob's side: %v", list)
	}
	if list := s.get(path("/api/v1/accounts/relationships?id=%d", anna.ID), bob.token).ok().list(); len(list) != 1 {
		t.Errorf("by a bare id: %v", list)
	}
	if list := s.get(path("/api/v1/accounts/%d/followers", bob.ID), "").ok().list(); len(list) != 1 || list[0]["acct"] != "anna" {
		t.Errorf("followers: %v", list)
	}
	if list := s.get(path("/api/v1/accounts/%d/following", anna.ID), "").ok().list(); len(list) != 1 || list[0]["acct"] != "bob" {
		t.Errorf("following: %v", list)
	}
	if r := s.post(path("/api/v1/accounts/%d/remove_from_followers", anna.ID), bob.token, "").ok().object(); r["followed_by"] != false {
		t.Errorf("after removal: %v", r)
	}
	toBob("follow")
	if r := toBob("unfollow"); r["following"] != false {
		t.Errorf("after unfollow: %v", r)
	}
	if r := toBob("block"); r["blocking"] != true {
		t.Errorf("after block: %v", r)
	}
	s.get(path("/api/v1/accounts/%d", anna.ID), bob.token).is(http.StatusNotFound)
	for address, want := range map[string]int{
		"/api/v1/accounts/search?q=bob": 1, "/api/v1/accounts/search?q=@bob": 1, "/api/v1/accounts/search?q=bo": 0,
		"/api/v1/accounts/search?q=bob&following=true": 0,
	} {
		if list := s.get(address, anna.token).ok().list(); len(list) != want {
			t.Errorf("who blocked bob finds %d by %s, want %d", len(list), address, want)
		}
	}
	if found := s.get("/api/v2/search?type=accounts&q=bob", anna.token).ok().object()["accounts"].([]any); len(found) != 1 || at(found[0], "acct") != "bob" {
		t.Errorf("who blocked bob finds %v", found)
	}
	if list := s.get("/api/v1/accounts/search?q=anna", bob.token).ok().list(); len(list) != 0 {
		t.Errorf("who is blocked finds %v", list)
	}
	if list := s.get("/api/v1/blocks", anna.token).ok().list(); len(list) != 1 || list[0]["acct"] != "bob" {
		t.Errorf("blocks: %v", list)
	}
	if r := toBob("unblock"); r["blocking"] != false {
		t.Errorf("after unblock: %v", r)
	}
	s.post("/api/v1/accounts/1/follow", anna.token, "").is(http.StatusNotFound)
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), anna.token, "").is(http.StatusUnprocessableEntity)
	s.post(path("/api/v1/accounts/%d/follow", bob.ID), s.tokenFor(anna.Account, "read"), "").is(http.StatusForbidden)
}

var nextLink = regexp.MustCompile(`<([^>]+)>; rel="next"`)

// pages follows the next links of a list to its end.
func (s *site) pages(start, token string) (pages [][]map[string]any) {
	s.t.Helper()
	for address := start; address != ""; {
		r := s.get(address, token).ok()
		list := r.list()
		link := r.header.Get("Link")
		if len(list) == 0 {
			if link != "" {
				s.t.Errorf("an empty page has the links %s", link)
			}
			return pages
		}
		pages = append(pages, list)
		if len(pages) > 50 {
			s.t.Fatal("the pages do not end")
		}
		m := nextLink.FindStringSubmatch(link)
		if m == nil {
			return pages
		}
		u, err := url.Parse(m[1])
		if err != nil || !strings.HasPrefix(m[1], baseURL+"/") {
			s.t.Fatalf("next is %s", m[1])
		}
		address = u.RequestURI()
	}
	return pages
}

func TestListsOfAccountsEnd(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	var names []string
	for i := range 5 {
		m := s.join("fan" + strconv.Itoa(i))
		names = append(names, m.Username)
		s.post(path("/api/v1/accounts/%d/follow", anna.ID), m.token, "").ok()
	}
	start := path("/api/v1/accounts/%d/followers?limit=2", anna.ID)
	pages := s.pages(start, "")
	var got []string
	for _, page := range pages {
		for _, a := range page {
			got = append([]string{a["acct"].(string)}, got...)
		}
	}
	if len(pages) != 3 || strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("%d pages with %v", len(pages), got)
	}
	link := s.get(start, "").header.Get("Link")
	want := regexp.MustCompile(`^<https://tintype\.test/api/v1/accounts/\d+/followers\?limit=2&max_id=\d+>; rel="next", <https://tintype\.test/api/v1/accounts/\d+/followers\?limit=2&min_id=\d+>; rel="prev"$`)
	if !want.MatchString(link) {
		t.Errorf("Link: %s", link)
	}
	if link := s.get(path("/api/v1/accounts/%d/followers?limit=5", anna.ID), "").header.Get("Link"); strings.Contains(link, "next") || !strings.Contains(link, `rel="prev"`) {
		t.Errorf("the last page has %s", link)
	}
}

func TestFollowRequestsAndNotifications(t *testing.T) {
	s := newSite(t)
	anna, bob, eve := s.join("anna"), s.join("bob"), s.join("eve")
	lock := func(locked bool) {
		t.Helper()
		if _, err := s.community.UpdatePosting(s.ctx(), anna.Account, community.PostingChange{Locked: &locked}); err != nil {
			t.Fatal(err)
		}
	}
	lock(true)
	for _, m := range []*member{bob, eve} {
		if r := s.post(path("/api/v1/accounts/%d/follow", anna.ID), m.token, "").ok().object(); r["requested"] != true || r["following"] != false {
			t.Errorf("%s: %v", m.Username, r)
		}
	}
	if list := s.get("/api/v1/follow_requests", anna.token).ok().list(); len(list) != 2 {
		t.Errorf("requests: %v", list)
	}
	if o := s.get("/api/v1/accounts/verify_credentials", anna.token).ok().object(); at(o, "source.follow_requests_count") != 2.0 {
		t.Errorf("credentials: %v", o["source"])
	}
	list := s.get("/api/v1/notifications", anna.token).ok()
	for _, n := range list.list() {
		wantKeys(t, n, []string{"id", "type", "created_at", "account", "group_key"})
		if n["type"] != "follow_request" || !timestamp.MatchString(n["created_at"].(string)) {
			t.Errorf("notification: %v", n)
		}
		wantKeys(t, n["account"].(map[string]any), accountKeys)
	}
	if !strings.Contains(list.header.Get("Link"), `rel="next"`) {
		t.Errorf("Link: %s", list.header.Get("Link"))
	}
	if o := s.get("/api/v1/notifications/unread_count", anna.token).ok().object(); o["count"] != 2.0 {
		t.Errorf("unread: %v", o)
	}
	for query, want := range map[string]float64{
		"limit=1": 1, "types[]=follow_request": 2, "types[]=mention": 0, "exclude_types[]=follow_request": 0, "account_id=" + strconv.FormatInt(eve.ID, 10): 1,
	} {
		if o := s.get("/api/v1/notifications/unread_count?"+query, anna.token).ok().object(); o["count"] != want {
			t.Errorf("unread with %s: %v, want %v", query, o, want)
		}
	}
	if r := s.post(path("/api/v1/follow_requests/%d/authorize", bob.ID), anna.token, "").ok().object(); r["followed_by"] != true {
		t.Errorf("accepted: %v", r)
	}
	if r := s.post(path("/api/v1/follow_requests/%d/reject", eve.ID), anna.token, "").ok().object(); r["followed_by"] != false || r["requested_by"] != false {
		t.Errorf("refused: %v", r)
	}
	s.post(path("/api/v1/follow_requests/%d/reject", eve.ID), anna.token, "").is(http.StatusNotFound)

	// Three that anna gets as an open account, to filter, look at and remove.
	lock(false)
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), eve.token, "").ok()
	if got := s.get("/api/v1/notifications?types[]=follow", anna.token).ok().list(); len(got) != 1 || got[0]["type"] != "follow" {
		t.Errorf("follows: %v", got)
	}
	if got := s.get("/api/v1/notifications?exclude_types[]=follow", anna.token).ok().list(); len(got) != 0 {
		t.Errorf("without follows: %v", got)
	}
	one := s.get("/api/v1/notifications", anna.token).list()[0]["id"].(string)
	if n := s.get("/api/v1/notifications/"+one, anna.token).ok().object(); n["id"] != one {
		t.Errorf("one: %v", n)
	}
	s.get("/api/v1/notifications/"+one, bob.token).is(http.StatusNotFound)
	s.post("/api/v1/notifications/"+one+"/dismiss", bob.token, "").is(http.StatusNotFound)
	if r := s.post("/api/v1/notifications/"+one+"/dismiss", anna.token, "").ok(); r.body != "{}\n" {
		t.Errorf("dismiss: %s", r.body)
	}
	s.get("/api/v1/notifications/"+one, anna.token).is(http.StatusNotFound)
	s.post("/api/v1/notifications/clear", anna.token, "").ok()
	if got := s.get("/api/v1/notifications", anna.token).ok(); got.body != "[]\n" || got.header.Get("Link") != "" {
		t.Errorf("after clear: %s", got.body)
	}
}

func TestReports(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	o := s.post("/api/v1/reports", anna.token, form("account_id", strconv.FormatInt(bob.ID, 10), "comment", "rude")).ok().object()
	if o["comment"] != "rude" || o["action_taken"] != false || at(o, "target_account.acct") != "bob" {
		t.Errorf("report: %v", o)
	}
	if o["category"] != "other" {
		t.Errorf("category %v", o["category"])
	}
	post := s.publish(bob, "A hill")["id"].(string)
	for _, category := range []string{"spam", "legal", "violation", "other"} {
		o := s.post("/api/v1/reports", anna.token, form("account_id", strconv.FormatInt(bob.ID, 10), "status_ids[]", post, "category", category, "forward", "true")).ok().object()
		if o["category"] != category || len(o["status_ids"].([]any)) != 1 || o["forwarded"] != false {
			t.Errorf("report: %v", o)
		}
	}
	for _, body := range []string{form("category", "rude"), form("rule_ids[]", "99")} {
		s.post("/api/v1/reports", anna.token, form("account_id", strconv.FormatInt(bob.ID, 10))+"&"+body).is(http.StatusUnprocessableEntity)
	}
	s.post("/api/v1/reports", anna.token, form("comment", "rude")).is(http.StatusUnprocessableEntity)
	s.post("/api/v1/reports", anna.token, form("account_id", "1")).is(http.StatusNotFound)
}

// A report that names several posts of somebody is one about each for those who decide, who are told once. All are filed or none.
func TestAReportAboutSeveralPosts(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.community.SiteDefaults.ReportLimit = community.Limit{Count: 3, Window: 1000 * time.Hour}
	})
	anna, bob, eve := s.join("anna"), s.join("bob"), s.join("eve")
	admin := adminToken(s)
	var posts []string
	for range 3 {
		posts = append(posts, s.publish(bob, "Shoes")["id"].(string))
	}
	boost := s.post("/api/v1/statuses/"+posts[1]+"/reblog", eve.token, "").ok().object()["id"].(string)
	report := func(token string, ids ...string) *reply {
		t.Helper()
		body := form("account_id", strconv.FormatInt(bob.ID, 10), "category", "spam", "comment", "Sells shoes")
		for _, id := range ids {
			body += "&status_ids[]=" + id
		}
		return s.post("/api/v1/reports", token, body)
	}
	filed := func() (about []string) {
		t.Helper()
		for _, r := range s.get("/api/v1/admin/reports", admin).ok().list() {
			if r["comment"] != "Sells shoes" || r["category"] != "spam" || len(r["statuses"].([]any)) != 1 {
				t.Errorf("report: %v", r)
			}
			about = append(about, at(r["statuses"].([]any)[0], "id").(string))
		}
		slices.Sort(about)
		return about
	}
	report(anna.token, posts[0], "17").is(http.StatusNotFound)
	report(anna.token, posts[0], s.publish(eve, "Another's")["id"].(string)).is(http.StatusNotFound)
	var many []string
	for i := range 21 {
		many = append(many, strconv.Itoa(1+i))
	}
	report(anna.token, many...).is(http.StatusUnprocessableEntity)
	if got := filed(); got != nil {
		t.Errorf("of what was refused %v was filed", got)
	}
	o := report(anna.token, posts[0], boost, posts[2], posts[1]).ok().object()
	if got := o["status_ids"].([]any); !slices.Equal(got, []any{posts[0], posts[1], posts[2]}) || at(o, "target_account.acct") != "bob" {
		t.Errorf("report: %v", o)
	}
	if got := filed(); !slices.Equal(got, posts) {
		t.Errorf("filed about %v, want %v", got, posts)
	}
	s.get("/api/v1/admin/reports/"+o["id"].(string), admin).ok()
	if told := s.get("/api/v1/notifications?types[]=admin.report", admin).ok().list(); len(told) != 1 || at(told[0], "report.id") != o["id"] {
		t.Errorf("told: %v", told)
	}
	for range 2 { // one about many counts as one
		report(anna.token, posts...).ok()
	}
	report(anna.token, posts...).is(http.StatusTooManyRequests)
	if got := filed(); len(got) != 9 {
		t.Errorf("filed past the limit: %v", got)
	}
}

package api_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"tintype/internal/media"
	"tintype/internal/store"
)

var (
	statusKeys = []string{
		"id", "uri", "url", "created_at", "edited_at", "account", "content", "visibility", "sensitive", "spoiler_text", "media_attachments",
		"mentions", "tags", "emojis", "reblogs_count", "favourites_count", "replies_count", "in_reply_to_id", "in_reply_to_account_id",
		"reblog", "poll", "card", "language", "application", "favourited", "reblogged", "bookmarked", "muted", "pinned", "filtered",
	}
	mediaKeys = []string{"id", "type", "url", "preview_url", "remote_url", "text_url", "meta", "description", "blurhash"}
)

// photo writes the row of a ready photo, as the pipeline leaves it; kind is its set's.
func (s *site) photo(of *member, kind string) int64 {
	s.t.Helper()
	id := s.store.NewID()
	variants, err := json.Marshal([]store.Variant{{Name: "320", Width: 320, Height: 213, Bytes: 1}, {Name: "640", Width: 640, Height: 427, Bytes: 2},
		{Name: "1280", Width: 1280, Height: 853, Bytes: 3}, {Name: "square", Width: 400, Height: 400, Bytes: 1}})
	if err != nil {
		s.t.Fatal(err)
	}
	_, err = s.store.SQL().ExecContext(s.ctx(), "INSERT INTO photos (id, account_id, purpose, source, state, set_random, set_kind, variants, width, height,"+
		" description, blurhash, focus_x, metadata, created_at, updated_at) VALUES (?, ?, 'post', 'api', 'ready', ?, ?, ?, 1280, 853, 'a hill', 'LKO2', 0.5, '{}', 1, 1)",
		id, of.ID, media.NewRandom(), kind, string(variants))
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// publish posts a photo through the API and returns the Status.
func (s *site) publish(as *member, text string, more ...string) map[string]any {
	s.t.Helper()
	body := form(append([]string{"status", text, "media_ids[]", strconv.FormatInt(s.photo(as, store.SetPublic), 10)}, more...)...)
	return s.post("/api/v1/statuses", as.token, body).ok().object()
}

func TestAStatus(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	o := s.publish(anna, "Hills & <b>fog</b> #Alps @bob", "language", "de", "spoiler_text", "heights", "visibility", "unlisted")
	wantKeys(t, o, statusKeys)
	if _, there := o["scheduled_at"]; there {
		t.Error("scheduled_at must be absent")
	}
	if _, there := o["text"]; there {
		t.Error("text must be absent")
	}
	id := o["id"].(string)
	for way, want := range map[string]any{
		"url": baseURL + "/@anna/" + id, "uri": baseURL + "/@anna/" + id, "visibility": "unlisted", "sensitive": true, "spoiler_text": "heights",
		"language": "de", "in_reply_to_id": nil, "reblog": nil, "edited_at": nil, "account.acct": "anna", "favourited": false, "favourites_count": 0.0,
	} {
		if got := at(o, way); got != want {
			t.Errorf("%s is %v, want %v", way, got, want)
		}
	}
	content := o["content"].(string)
	for _, want := range []string{"Hills &amp; &lt;b&gt;fog", `href="` + baseURL + `/tags/Alps"`, `href="` + baseURL + `/@bob"`} {
		if !strings.Contains(content, want) {
			t.Errorf("content %s lacks %s", content, want)
		}
	}
	if strings.Contains(content, "<b>") {
		t.Errorf("content %s", content)
	}
	if !timestamp.MatchString(o["created_at"].(string)) {
		t.Errorf("created_at %v", o["created_at"])
	}
	mention := o["mentions"].([]any)[0].(map[string]any)
	if mention["acct"] != "bob" || mention["id"] != strconv.FormatInt(bob.ID, 10) || mention["url"] != baseURL+"/@bob" {
		t.Errorf("mention %v", mention)
	}
	if tag := o["tags"].([]any)[0].(map[string]any); tag["name"] != "Alps" {
		t.Errorf("tag %v", tag)
	}
	photo := o["media_attachments"].([]any)[0].(map[string]any)
	wantKeys(t, photo, mediaKeys)
	for way, want := range map[string]any{
		"type": "image", "description": "a hill", "blurhash": "LKO2", "remote_url": nil, "meta.original.width": 1280.0, "meta.original.size": "1280x853",
		"meta.small.width": 640.0, "meta.focus.x": 0.5,
	} {
		if got := at(photo, way); got != want {
			t.Errorf("photo %s is %v, want %v", way, got, want)
		}
	}
	if u := photo["url"].(string); !strings.HasPrefix(u, baseURL+"/media/pub/") || !strings.HasSuffix(u, "/1280.jpg") {
		t.Errorf("photo at %s", u)
	}
	if u := photo["preview_url"].(string); !strings.HasSuffix(u, "/640.jpg") {
		t.Errorf("preview at %s", u)
	}
	if of := o["application"]; at(of, "name") != "Test client" || at(of, "website") != nil {
		t.Errorf("application %v", of)
	}
	again := s.get("/api/v1/statuses/"+id, "").ok().object()
	if again["content"] != content {
		t.Errorf("a visitor sees %v", again)
	}
	if list := s.get("/api/v1/statuses?id[]="+id+"&id[]=1", "").ok().list(); len(list) != 1 {
		t.Errorf("by id: %v", list)
	}
	if o := s.get("/api/v1/statuses/"+id+"/source", anna.token).ok().object(); o["text"] != "Hills & <b>fog</b> #Alps @bob" || o["spoiler_text"] != "heights" {
		t.Errorf("source: %v", o)
	}
	s.get("/api/v1/statuses/"+id+"/source", bob.token).is(http.StatusNotFound)
}

// A mention may name this site's own host, as clients of federated sites write it.
func TestMentionsWithAHost(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	o := s.publish(anna, "Look, @bob@TINTYPE.test. And @bob@elsewhere.test")
	mentions := o["mentions"].([]any)
	if len(mentions) != 1 || at(mentions[0], "acct") != "bob" {
		t.Errorf("mentions: %v", mentions)
	}
	content := o["content"].(string)
	if !strings.Contains(content, `<a href="`+baseURL+`/@bob" class="u-url mention">@<span>bob</span></a></span>. And @bob@elsewhere.test</p>`) {
		t.Errorf("content %s", content)
	}
	if n := s.get("/api/v1/notifications", bob.token).ok().list(); len(n) != 1 || n[0]["type"] != "mention" {
		t.Errorf("notifications: %v", n)
	}
}

func TestStatusesThatAreRefused(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	mine, his := strconv.FormatInt(s.photo(anna, store.SetPublic), 10), strconv.FormatInt(s.photo(bob, store.SetPublic), 10)
	for _, tt := range []struct {
		name, body, says string
		status           int
	}{
		{"no photo", form("status", "words"), "Validation failed: A post needs a photo", 422},
		{"nothing", "", "Validation failed: A post needs a photo", 422},
		{"direct", form("status", "psst", "visibility", "direct", "media_ids[]", mine), "Direct messages do not exist", 422},
		{"another's photo", form("status", "x", "media_ids[]", his), "Validation failed", 422},
		{"no such photo", form("status", "x", "media_ids[]", "17"), "Validation failed", 422},
		{"no id", form("status", "x", "media_ids[]", mine, "media_ids[]", "abc"), "Media not found", 422},
		{"unknown visibility", form("status", "x", "visibility", "secret", "media_ids[]", mine), "Validation failed", 422},
		{"a poll", `{"status":"x","media_ids":["` + mine + `"],"poll":{"options":["a","b"]}}`, "Polls do not exist", 422},
		{"later", form("status", "x", "media_ids[]", mine, "scheduled_at", "2030-01-01T00:00:00.000Z"), "cannot be scheduled", 422},
		{"answers nothing", form("status", "x", "in_reply_to_id", "99"), "Record not found", 404},
		{"answers no id", form("status", "x", "in_reply_to_id", "abc"), "Record not found", 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.post("/api/v1/statuses", anna.token, tt.body).is(tt.status)
			if said, _ := r.object()["error"].(string); !strings.Contains(said, tt.says) {
				t.Errorf("says %q, want %q", said, tt.says)
			}
		})
	}
	if list := s.get("/api/v1/timelines/public", "").ok().list(); len(list) != 0 {
		t.Errorf("something was posted: %v", list)
	}
	s.post("/api/v1/statuses", "", form("status", "x", "media_ids[]", mine)).is(http.StatusUnauthorized)
	s.post("/api/v1/statuses", s.tokenFor(anna.Account, "read"), form("status", "x", "media_ids[]", mine)).is(http.StatusForbidden)
}

func TestIdempotencyKey(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	photo := strconv.FormatInt(s.photo(anna, store.SetPublic), 10)
	body := form("status", "once", "media_ids[]", photo)
	send := func(body string) *reply {
		return s.do(http.MethodPost, "/api/v1/statuses", anna.token, body, "Idempotency-Key", "k1")
	}
	first := send(body).ok().object()["id"]
	if again := send(body).ok().object()["id"]; again != first {
		t.Errorf("second try made %v, the first %v", again, first)
	}
	said := send(form("status", "twice", "media_ids[]", photo)).is(http.StatusUnprocessableEntity).object()["error"].(string)
	if !strings.Contains(said, "Idempotency-Key") || strings.Contains(said, "form") {
		t.Errorf("a key that was used: %q", said)
	}
}

// Clients are told in the API's words, not in those of the site's forms.
func TestRefusalsInTheWordsOfTheAPI(t *testing.T) {
	s := newSite(t)
	anna := s.join("anna")
	post := s.publish(anna, "A hill")["id"].(string)
	photo := strconv.FormatInt(s.photo(anna, store.SetPublic), 10)
	for body, want := range map[string]string{
		form("status", "x", "visibility", "banana", "media_ids[]", photo): "Visibility is public, unlisted or private",
		form("status", "", "in_reply_to_id", post):                        "Text can't be blank",
	} {
		said := s.post("/api/v1/statuses", anna.token, body).is(http.StatusUnprocessableEntity).object()["error"].(string)
		if !strings.Contains(said, want) || strings.Contains(said, "Choose") || strings.Contains(said, "Write") {
			t.Errorf("%s: %q", body, said)
		}
	}
}

func TestCommentsAndContext(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	post := s.publish(anna, "A hill")["id"].(string)
	comment := s.post("/api/v1/statuses", bob.token, form("status", "Fine hill", "in_reply_to_id", post)).ok().object()
	if comment["in_reply_to_id"] != post || comment["in_reply_to_account_id"] != strconv.FormatInt(anna.ID, 10) {
		t.Errorf("comment: %v", comment)
	}
	answer := s.post("/api/v1/statuses", anna.token, `{"status":"Thanks","in_reply_to_id":`+comment["id"].(string)+`}`).ok().object()
	o := s.get("/api/v1/statuses/"+comment["id"].(string)+"/context", "").ok().object()
	up, down := o["ancestors"].([]any), o["descendants"].([]any)
	if len(up) != 1 || at(up[0], "id") != post || len(down) != 1 || at(down[0], "id") != answer["id"] {
		t.Errorf("context: %v", o)
	}
	if o := s.get("/api/v1/statuses/"+post+"/context", "").ok(); !strings.Contains(o.body, `"ancestors":[]`) {
		t.Errorf("context of the post: %s", o.body)
	}
	if o := s.get("/api/v1/statuses/"+post, "").ok().object(); o["replies_count"] != 2.0 {
		t.Errorf("replies_count %v", o["replies_count"])
	}
	n := s.get("/api/v1/notifications", anna.token).ok().list()
	if len(n) != 1 || n[0]["type"] != "mention" || at(n[0], "status.id") != comment["id"] {
		t.Errorf("notifications: %v", n)
	}
	s.get("/api/v1/statuses/1/context", "").is(http.StatusNotFound)
}

func TestFavourites(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	id := s.publish(anna, "A hill")["id"].(string)
	o := s.post("/api/v1/statuses/"+id+"/favourite", bob.token, "").ok().object()
	if o["favourited"] != true || o["favourites_count"] != 1.0 {
		t.Errorf("favourite: %v", o)
	}
	if o := s.get("/api/v1/statuses/"+id, anna.token).ok().object(); o["favourited"] != false {
		t.Error("one reader's favourite is another's")
	}
	if list := s.get("/api/v1/statuses/"+id+"/favourited_by", "").ok().list(); len(list) != 1 || list[0]["acct"] != "bob" {
		t.Errorf("favourited_by: %v", list)
	}
	if n := s.get("/api/v1/notifications?types[]=favourite", anna.token).ok().list(); len(n) != 1 || at(n[0], "status.id") != id {
		t.Errorf("notifications: %v", n)
	}
	if o := s.post("/api/v1/statuses/"+id+"/unfavourite", bob.token, "").ok().object(); o["favourited"] != false || o["favourites_count"] != 0.0 {
		t.Errorf("unfavourite: %v", o)
	}
	// The list is in the order of the likes, not of the posts.
	older, newer := id, s.publish(anna, "Another")["id"].(string)
	s.post("/api/v1/statuses/"+newer+"/favourite", bob.token, "").ok()
	s.post("/api/v1/statuses/"+older+"/favourite", bob.token, "").ok()
	var liked []string
	for _, page := range s.pages("/api/v1/favourites?limit=1", bob.token) {
		for _, o := range page {
			liked = append(liked, o["id"].(string))
		}
	}
	if strings.Join(liked, " ") != older+" "+newer {
		t.Errorf("favourites: %v", liked)
	}
	s.post("/api/v1/statuses/1/favourite", bob.token, "").is(http.StatusNotFound)
	s.post("/api/v1/statuses/"+id+"/favourite", "", "").is(http.StatusUnauthorized)
}

// Bookmarks are the reader's own: nobody else learns of them, and no count tells of them.
func TestBookmarks(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	older, newer := s.publish(anna, "A hill")["id"].(string), s.publish(anna, "Another")["id"].(string)
	for _, id := range []string{newer, older} {
		if o := s.post("/api/v1/statuses/"+id+"/bookmark", bob.token, "").ok().object(); o["bookmarked"] != true || o["favourited"] != false {
			t.Errorf("bookmark: %v", o)
		}
	}
	s.post("/api/v1/statuses/"+older+"/bookmark", bob.token, "").ok()
	var kept []string
	for _, page := range s.pages("/api/v1/bookmarks?limit=1", bob.token) {
		for _, o := range page {
			kept = append(kept, o["id"].(string))
		}
	}
	if strings.Join(kept, " ") != older+" "+newer {
		t.Errorf("bookmarks: %v", kept)
	}
	if o := s.get("/api/v1/statuses/"+older, anna.token).ok().object(); o["bookmarked"] != false || o["favourites_count"] != 0.0 {
		t.Errorf("the author sees %v", o)
	}
	if list := s.get("/api/v1/bookmarks", anna.token).ok().list(); len(list) != 0 {
		t.Errorf("one reader's bookmarks are another's: %v", list)
	}
	if n := s.get("/api/v1/notifications", anna.token).ok().list(); len(n) != 0 {
		t.Errorf("notifications: %v", n)
	}
	if o := s.post("/api/v1/statuses/"+older+"/unbookmark", bob.token, "").ok().object(); o["bookmarked"] != false {
		t.Errorf("unbookmark: %v", o)
	}
	s.do("DELETE", "/api/v1/statuses/"+newer, anna.token, "").ok()
	if list := s.get("/api/v1/bookmarks", bob.token).ok().list(); len(list) != 0 {
		t.Errorf("after the post is gone: %v", list)
	}
	s.post("/api/v1/statuses/1/bookmark", bob.token, "").is(http.StatusNotFound)
	s.post("/api/v1/statuses/"+older+"/bookmark", "", "").is(http.StatusUnauthorized)
	s.post("/api/v1/statuses/"+older+"/bookmark", s.tokenFor(bob.Account, "write:favourites"), "").is(http.StatusForbidden)
	s.get("/api/v1/bookmarks", s.tokenFor(bob.Account, "read:favourites")).is(http.StatusForbidden)
}

// What somebody may not see is 404, on every way there.
func TestFollowersOnly(t *testing.T) {
	s := newSite(t)
	anna, bob, eve := s.join("anna"), s.join("bob"), s.join("eve")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	o := s.post("/api/v1/statuses", anna.token, form("status", "Family only #secret", "visibility", "private",
		"media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))).ok().object()
	id := o["id"].(string)
	if o["visibility"] != "private" {
		t.Errorf("visibility %v", o["visibility"])
	}
	comment := s.post("/api/v1/statuses", bob.token, form("status", "Lovely", "in_reply_to_id", id, "visibility", "public")).ok().object()
	if comment["visibility"] != "private" {
		t.Errorf("a comment is wider than its post: %v", comment["visibility"])
	}
	// Nor wider than its author asked for, without a word.
	open := s.publish(anna, "Everybody's")["id"].(string)
	narrow := s.post("/api/v1/statuses", bob.token, form("status", "For few", "in_reply_to_id", open, "visibility", "private"))
	if said, _ := narrow.is(http.StatusUnprocessableEntity).object()["error"].(string); !strings.Contains(said, "visibility: ") {
		t.Errorf("a private comment on a public post: %s", narrow.body)
	}
	if o := s.get("/api/v1/statuses/"+open+"/context", anna.token).ok().body; strings.Contains(o, "For few") {
		t.Errorf("it was published: %s", o)
	}
	wide := s.post("/api/v1/statuses", bob.token, form("status", "For all", "in_reply_to_id", open, "visibility", "unlisted")).ok().object()
	for word, status := range map[string]int{"private": http.StatusUnprocessableEntity, wide["visibility"].(string): http.StatusOK} {
		if r := s.do(http.MethodPut, "/api/v1/statuses/"+wide["id"].(string), bob.token, form("status", "For whom?", "visibility", word)).is(status); status != http.StatusOK && !strings.Contains(r.body, "visibility: ") {
			t.Errorf("a comment that is to be %s: %s", word, r.body)
		}
	}
	seen := s.get("/api/v1/statuses/"+id, bob.token).ok().object()
	address := at(seen["media_attachments"].([]any)[0], "url").(string)
	if !strings.HasPrefix(address, baseURL+"/media/priv/") || !strings.Contains(address, "v="+strconv.FormatInt(bob.ID, 10)) || !strings.Contains(address, "k=t") {
		t.Errorf("bob's address: %s", address)
	}
	ways := []string{
		"/api/v1/statuses/" + id, "/api/v1/statuses/" + id + "/context", "/api/v1/statuses/" + id + "/favourited_by",
		"/api/v1/statuses/" + id + "/reblogged_by", "/api/v1/statuses/" + comment["id"].(string),
	}
	lists := []string{
		"/api/v1/timelines/public", "/api/v1/timelines/tag/secret", path("/api/v1/accounts/%d/statuses", anna.ID), path("/api/v1/accounts/%d/statuses", bob.ID),
		"/api/v1/statuses?id[]=" + id, "/api/v2/search?q=secret", "/api/v2/search?q=" + baseURL + "/@anna/" + id,
	}
	for _, token := range []string{"", eve.token} {
		for _, way := range ways {
			s.get(way, token).is(http.StatusNotFound)
		}
		for _, way := range lists {
			if r := s.get(way, token).ok(); strings.Contains(r.body, "Family only") || strings.Contains(r.body, "Lovely") {
				t.Errorf("%s shows it: %s", way, r.body)
			}
		}
	}
	s.post("/api/v1/statuses/"+id+"/favourite", eve.token, "").is(http.StatusNotFound)
	s.post("/api/v1/statuses", eve.token, form("status", "hi", "in_reply_to_id", id)).is(http.StatusNotFound)
	s.post("/api/v1/reports", eve.token, form("account_id", strconv.FormatInt(anna.ID, 10), "status_ids[]", id)).is(http.StatusNotFound)
	if r := s.get("/api/v1/timelines/home", bob.token).ok(); !strings.Contains(r.body, "Family only") {
		t.Error("a follower misses it at home")
	}
}

func TestTimelinesEndInOrder(t *testing.T) {
	s := newSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	var want []string
	for i := range 7 {
		text := "No. " + strconv.Itoa(i) + " #hills"
		if i%2 == 0 {
			text += " #even"
		}
		want = append([]string{s.publish(anna, text)["id"].(string)}, want...)
	}
	even := []string{want[0], want[2], want[4], want[6]}
	odd := []string{want[1], want[3], want[5]}
	for _, tt := range []struct {
		path string
		want []string
	}{
		{"/api/v1/timelines/public?limit=3", want},
		{"/api/v1/timelines/public?limit=3&local=true&only_media=1", want},
		{"/api/v1/timelines/home?limit=3", want},
		{"/api/v1/timelines/tag/hills?limit=3", want},
		{"/api/v1/timelines/tag/Even?limit=3", even},
		{"/api/v1/timelines/tag/hills?limit=2&none[]=even", odd},
		{"/api/v1/timelines/tag/hills?limit=2&all[]=even", even},
		{"/api/v1/timelines/tag/even?limit=2&any[]=hills", want},
		{"/api/v1/timelines/tag/nobody", nil},
		{path("/api/v1/accounts/%d/statuses?limit=3", anna.ID), want},
		{path("/api/v1/accounts/%d/statuses?limit=3&only_media=true&exclude_replies=true", anna.ID), want},
		{path("/api/v1/accounts/%d/statuses?tagged=even", anna.ID), even},
		{path("/api/v1/accounts/%d/statuses?pinned=true", anna.ID), nil},
		{"/api/v1/timelines/public?remote=true", nil},
		{"/api/v1/timelines/public?max_id=" + want[4], want[5:]},
		{"/api/v1/timelines/public?max_id=99999999999999999999", want},
	} {
		t.Run(tt.path, func(t *testing.T) {
			var got []string
			for _, page := range s.pages(tt.path, bob.token) {
				for _, o := range page {
					got = append(got, o["id"].(string))
				}
			}
			if strings.Join(got, " ") != strings.Join(tt.want, " ") {
				t.Errorf("got  %v\nwant %v", got, tt.want)
			}
		})
	}
	for query, ids := range map[string][]string{
		"min_id=" + want[4]: want[:4], "since_id=" + want[4]: want[:4], "max_id=" + want[1] + "&since_id=" + want[4]: want[2:4],
		"since_id=" + want[0]: nil,
	} {
		var got []string
		for _, o := range s.get("/api/v1/timelines/public?"+query, "").ok().list() {
			got = append(got, o["id"].(string))
		}
		if strings.Join(got, " ") != strings.Join(ids, " ") {
			t.Errorf("%s: got %v, want %v", query, got, ids)
		}
	}
	// The page just above a cursor, where more than a page is above it.
	up := s.get("/api/v1/timelines/public?limit=2&min_id="+want[6], "").ok().list()
	if len(up) != 2 || up[0]["id"] != want[4] || up[1]["id"] != want[5] {
		t.Errorf("just above: %v", up)
	}
	link := s.get("/api/v1/timelines/tag/hills?limit=2&none[]=even&none[]=a,b;c", "").header.Get("Link")
	if strings.Count(link, ",") != 1 || strings.Count(link, ";") != 2 || !strings.Contains(link, "limit=2") || !strings.Contains(link, "none%5B%5D=even") {
		t.Errorf("Link: %s", link)
	}
	if n := len(s.get("/api/v1/timelines/public?limit=1000", "").ok().list()); n != 7 {
		t.Errorf("a limit beyond the most: %d", n)
	}
}

// statuses_count counts comments, as Mastodon does. Others learn nothing of what is for followers.
func TestStatusesCount(t *testing.T) {
	s := newSite(t)
	anna, bob, eve := s.join("anna"), s.join("bob"), s.join("eve")
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok()
	want := func(when string, of, as *member, n float64) {
		t.Helper()
		token := ""
		if as != nil {
			token = as.token
		}
		if got := s.get(path("/api/v1/accounts/%d", of.ID), token).ok().object()["statuses_count"]; got != n {
			t.Errorf("%s: %s has %v statuses, want %v", when, of.Username, got, n)
		}
	}
	comment := func(as *member, to string) string {
		t.Helper()
		return s.post("/api/v1/statuses", as.token, form("status", "yes", "in_reply_to_id", to)).ok().object()["id"].(string)
	}
	remove := func(as *member, id string) {
		t.Helper()
		s.do(http.MethodDelete, "/api/v1/statuses/"+id, as.token, "").ok()
	}
	public := s.publish(anna, "public")["id"].(string)
	private := s.post("/api/v1/statuses", anna.token, form("status", "private", "visibility", "private",
		"media_ids[]", strconv.FormatInt(s.photo(anna, store.SetPrivate), 10))).ok().object()["id"].(string)
	first := comment(bob, public)
	comment(anna, first)
	hidden := comment(bob, private)
	want("to a stranger", anna, eve, 2)
	want("to a visitor", bob, nil, 1)
	want("to oneself", anna, anna, 3)
	want("to oneself", bob, bob, 2)
	remove(bob, hidden)
	want("after a comment went", bob, bob, 1)
	want("after a comment went", bob, eve, 1)
	remove(bob, first)
	want("after both went", bob, bob, 0)
	if o := s.get("/api/v1/statuses/"+public, "").ok().object(); at(o, "account.statuses_count") != 2.0 {
		t.Errorf("in a status: %v", at(o, "account.statuses_count"))
	}
}

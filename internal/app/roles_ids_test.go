package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"tintype/internal/community"
	"tintype/internal/store"
)

// foreignIDs are requests with a member's own things in the address, as {own.album}, and an id of somebody else's in {id}. With a
// star, the id is all that they are about, so that they are refused whatever it is of.
var foreignIDs = []string{
	"* POST /api/v1/statuses status=Mine&media_ids[]={id}",
	"* POST /api/v1/statuses status=Mine&in_reply_to_id={id}",
	"PUT /api/v1/statuses/{own.post} status=Mine&media_ids[]={id}",
	"PUT /api/v1/statuses/{own.post} status=Mine&media_attributes[][id]={id}&media_attributes[][description]=Mine",
	"POST /api/v1/reports account_id={anna}&status_ids[]={id}",
	"* POST /api/v2/filters/{own.filter}/statuses status_id={id}",
	"PUT /api/v2/filters/{own.filter} keywords_attributes[][id]={id}&keywords_attributes[][keyword]=mine",
	"PUT /api/v2/filters/{own.filter} keywords_attributes[][id]={id}&keywords_attributes[][_destroy]=true",
	"POST /api/v1/lists/{own.list}/accounts account_ids[]={id}",
	"DELETE /api/v1/lists/{own.list}/accounts account_ids[]={id}",
	"POST /api/v1/notifications/dismiss id={id}",
	"POST /api/v1/markers notifications[last_read_id]={id}",
	"GET /api/v1/timelines/home?max_id={id}",
	"GET /api/v1/accounts/{anna}/statuses?min_id={id}",
	"GET /api/v1/statuses?id[]={id}",
	"GET /api/v1/streaming?stream=list&list={id}",
	"GET /@other_1/{id}",
	"GET /@other_1/{own.post}/{id}",
	"GET /@other_1/{own.post}?reply={id}&after={id}",
	"GET /?show={id}",
	"GET /compose?album={id}",
	"GET /live?posts={id}&post={id}",
	"POST /compose action=save&caption=Mine&album={id}&description-{id}=Mine&order-{id}=1",
	"POST /compose/order order={id}",
	"POST /compose/order move={id}:-1",
	"POST /posts/{own.post}/edit caption=Mine&photo={id}&description-{id}=Mine",
	"POST /posts/{own.post}/edit caption=Mine&photo={own.photo}&photo={id}&retry={id}",
	"POST /posts/{own.post}/edit caption=Mine&photo={own.photo}&photo={id}&drop={id}",
	"* POST /posts/{own.post}/comments text=Mine&in_reply_to={id}",
	"* POST /posts/{own.post}/albums photos={own.photo}&album={id}",
	"* POST /posts/{own.post}/albums photos={id}&album={own.album}",
	"* POST /albums/{own.album}/add photos={id}",
	"POST /albums/{own.album}/cover photo={id}",
	"POST /albums/{own.album}/order photo={id}&to=first",
	"POST /albums/{own.album}/order photo={own.photo}&before={id}&to=before",
	"POST /albums/{own.album}/remove photo={id}",
	"POST /albums/{own.album}/uninvite account={id}",
	"* GET /albums/{own.album}/photos/{id}",
	"* GET /albums/{own.album}/photos/{id}/remove",
	"POST /lists/{own.list}/remove account={id}",
	"POST /settings/filters/{own.filter} title=Mine&words=mine&place.home=on&drop-{id}=on",
	"* POST /settings/notifications/devices/{id}/remove -",
}

// What a form or a body names is one's own. Another's draft, photo, album, list, filter, comment or post that one may not see is
// neither told nor changed, nor does it become a part of one's own things.
func TestIDsOfOthersInBodies(t *testing.T) {
	r := newRoleSite(t)
	followers, albums, filter := r.object("followers", false), r.object("albums", false), r.object("filter", false)
	hers := map[string]string{
		"draft": r.object("draftphoto", false)["id"], "post": followers["id"], "photo": followers["photo"], "album": albums["id"], "album's photo": albums["photo"],
		"comment": r.answers("POST", "/api/v1/statuses", "status", secretOfAnna, "in_reply_to_id", followers["id"])["id"].(string),
		"list":    r.object("list", false)["id"], "filter": filter["id"], "keyword": filter["keyword"], "filtered": r.object("filtered", false)["id"],
		"notification": r.object("notification", false)["id"], "export": r.object("export", false)["id"], "factor": r.object("factor", false)["id"],
	}
	other := r.accounts["other"]
	photo := r.photoOf("other", "A heron")
	al, err := r.c.CreateAlbum(r.ctx, other, community.AlbumForm{Title: "Herons", Visibility: store.Public, Adders: "owner", Ordering: store.OrderByHand})
	r.must(err)
	title := "Birds"
	list, err := r.c.CreateList(r.ctx, other, community.ListOptions{Title: &title})
	r.must(err)
	post := r.answersTo("other", "POST", "/api/v1/statuses", "status", "A heron", "visibility", "public", "media_ids[]", photo)["id"].(string)
	names := []string{"{anna}", idOf(r.accounts["anna"].ID), "{own.post}", post, "{own.photo}", photo, "{own.album}", idOf(al.ID), "{own.list}", idOf(list.ID),
		"{own.filter}", r.answersTo("other", "POST", "/api/v2/filters", "title", "Noise", "context[]", "home", "keywords_attributes[][keyword]", "noise")["id"].(string)}
	if w := r.asks("other", "POST", "/albums/"+idOf(al.ID)+"/add", "photos="+photo, "application/x-www-form-urlencoded"); w.Code != 303 {
		t.Fatalf("one's own photo in one's own album: %d", w.Code)
	}

	secrets := []string{secretOfAnna}
	for _, row := range r.rows("SELECT set_random, orig_random FROM photos WHERE account_id = ? AND set_kind = 'priv'", r.accounts["anna"].ID) {
		secrets = append(secrets, row...)
	}
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
	tells := func(what, body string) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(body, s) {
				t.Errorf("%s tells %s", what, s)
			}
		}
	}
	before := r.ofAnna()
	for _, line := range foreignIDs {
		request, refused := strings.CutPrefix(line, "* ")
		for kind, id := range hers {
			method, rest, _ := strings.Cut(strings.NewReplacer(append(names, "{id}", id)...).Replace(request), " ")
			path, form, _ := strings.Cut(rest, " ")
			w := r.asks("other", method, path, strings.TrimPrefix(form, "-"), "application/x-www-form-urlencoded")
			what := fmt.Sprintf("%s with the id of a %s", request, kind)
			if w.Code >= 500 || w.Code == 401 || w.Code == 405 || refused && w.Code < 400 {
				t.Errorf("%s: %d %s", what, w.Code, w.Header().Get("Location"))
			}
			tells(what, w.Body.String()+w.Header().Get("Location"))
		}
		if after := r.ofAnna(); after != before {
			t.Errorf("%s changes something of Anna's:\n%s\n%s", request, before, after)
			before = after
		}
	}
	// What one has now shows nothing of hers either.
	for _, path := range []string{"/compose", "/held", "/lists", "/albums/yours", "/settings/filters", "/notifications", "/albums/" + idOf(al.ID), "/albums/" + idOf(al.ID) + "/arrange",
		"/posts/" + post + "/edit", "/posts/" + post + "/albums", "/lists/" + idOf(list.ID), "/@other_1", "/@other_1/" + post, "/api/v1/media", "/api/v1/statuses/" + post,
		"/api/v2/filters", "/api/v1/timelines/list/" + idOf(list.ID)} {
		w := r.asks("other", "GET", path, "", "")
		if w.Code != 200 {
			t.Errorf("%s: %d", path, w.Code)
		}
		tells(path, w.Body.String())
	}
}

// rows reads texts.
func (r *roleSite) rows(query string, args ...any) (out [][]string) {
	r.t.Helper()
	rows, err := r.c.Store.SQL().QueryContext(r.ctx, query, args...)
	r.must(err)
	defer rows.Close()
	columns, err := rows.Columns()
	r.must(err)
	for rows.Next() {
		row, at := make([]string, len(columns)), make([]any, len(columns))
		values := make([]any, len(columns))
		for i := range at {
			at[i] = &values[i]
		}
		r.must(rows.Scan(at...))
		for i, v := range values {
			row[i] = fmt.Sprint(v)
		}
		out = append(out, row)
	}
	r.must(rows.Err())
	return out
}

// ofAnna is what Anna has, and what others have made of it.
func (r *roleSite) ofAnna() string {
	r.t.Helper()
	const hers, photos, posts = " WHERE account_id = ?1", "(SELECT id FROM photos WHERE account_id = ?1)", "(SELECT id FROM posts WHERE author_id = ?1 AND visibility <> 'public')"
	queries := map[string]string{
		"photos":      "SELECT id, post_id, position, description, focus_x, focus_y, set_random, state FROM photos" + hers,
		"posts":       "SELECT id, caption, warning, visibility, photos_version, comments_count, likes_count, boosts_count, comments_from, edited_at, deleted_at FROM posts WHERE author_id = ?1",
		"albums":      "SELECT * FROM albums WHERE owner_id = ?1 OR cover_photo_id IN " + photos,
		"in albums":   "SELECT * FROM album_photos WHERE photo_id IN " + photos + " OR album_id IN (SELECT id FROM albums WHERE owner_id = ?1)",
		"members":     "SELECT * FROM album_members WHERE album_id IN (SELECT id FROM albums WHERE owner_id = ?1)",
		"lists":       "SELECT * FROM lists" + hers,
		"filters":     "SELECT filters, notifications_read_id FROM accounts WHERE id = ?1",
		"draft":       "SELECT * FROM drafts" + hers,
		"comments":    "SELECT id, in_reply_to_id FROM posts WHERE author_id <> ?1 AND (in_reply_to_id IN " + posts + " OR root_id IN " + posts + ")",
		"reports":     "SELECT * FROM reports WHERE post_id IN " + posts,
		"their likes": "SELECT * FROM likes WHERE account_id <> ?1 AND post_id IN " + posts,
		"exports":     "SELECT id, state FROM exports" + hers,
		"factors":     "SELECT * FROM factors" + hers,
		"told":        "SELECT id FROM notifications" + hers,
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		fmt.Fprintln(&out, name, r.rows(queries[name], r.accounts["anna"].ID))
	}
	return out.String()
}

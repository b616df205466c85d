package app

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
)

// What handlers put together is in the reader's language, errors and what scripts show included.
func TestHandlersSpeakTheReadersLanguage(t *testing.T) {
	r := newRoleSite(t, "SITE_LANGUAGE=de")
	german := lang.Find("de")
	form := func(pairs ...string) string {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	said := func(what, body, key string, args ...any) {
		t.Helper()
		body = html.UnescapeString(body)
		if want := german.T(key, args...); !strings.Contains(body, want) {
			t.Errorf("%s: nothing says %q: %s", what, want, body[:min(len(body), 300)])
		}
		if english := (*lang.Language)(nil).T(key, args...); strings.Contains(body, english) {
			t.Errorf("%s says %q", what, english)
		}
	}
	answer := func(role, method, path, body string, status int) string {
		t.Helper()
		w := r.asks(role, method, path, body, "application/x-www-form-urlencoded")
		if w.Code != status {
			t.Errorf("%s %s: %d", method, path, w.Code)
		}
		return w.Body.String()
	}
	answerJSON := func(path, body string, status int) string {
		t.Helper()
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		headers := []string{"X-Forwarded-For: " + r.browsers["anna"].address, "Accept: application/json"}
		for name, value := range r.browsers["anna"].cookies {
			headers = append(headers, "Cookie: "+name+"="+value)
		}
		w := r.ask(method, path, body, headers...)
		if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		return w.Body.String()
	}
	anna, other := r.accounts["anna"], r.accounts["other"]

	said("a search", answer("anna", "GET", "/search?q=before:yesterday", "", 422), "Write a date after %s:, such as 2026-05-01, 2026-05 or 2026.", "before")
	if body := answer("visitor", "GET", "/manifest.webmanifest", "", 200); !strings.Contains(body, `"name":"Posten"`) || !strings.Contains(body, `"name":"Mitteilungen"`) {
		t.Errorf("the manifest: %s", body)
	}
	_, err := r.c.CreateAlbum(r.ctx, anna, community.AlbumForm{Title: "Spring", Visibility: store.Public, Adders: "owner", Ordering: store.OrderNewest, LastDay: "2099-05-31"})
	r.must(err)
	if body := answer("anna", "GET", "/@anna_1/albums", "", 200); !strings.Contains(body, "31. Mai 2099") || strings.Contains(body, "May") {
		t.Errorf("the last day of an album is not said in German")
	}
	said("a keyword", answer("anna", "POST", "/settings/filters", form("title", "Rain", "words", strings.Repeat("x", 500), "in_home", "on", "ends", "0", "act", "warn"), 422), "A keyword")

	said("an unknown application", answer("anna", "GET", "/oauth/authorize?client_id=17", "", 422), "This application is not known here. Connect it again.")
	said("another type", answer("anna", "GET", "/oauth/authorize?response_type=token", "", 422), "The application asks for something other than a code.")
	ask := "/oauth/authorize?response_type=code&client_id=" + r.app.ClientID + "&redirect_uri=" + url.QueryEscape(community.OutOfBand)
	said("an unknown scope", answer("anna", "GET", ask+"&scope=everything", "", 422), "The application did not register these scopes.")
	said("half a challenge", answer("anna", "GET", ask+"&scope=read&code_challenge_method=plain&code_challenge=x", "", 422), "The code challenge method must be S256.")

	_, err = r.c.Report(r.ctx, other, community.Report{TargetID: anna.ID, Category: "violation", Comment: "Rude"})
	r.must(err)
	said("the list of reports", answer("moderator", "GET", "/admin/reports", "", 200), "Against the rules")

	title, keyword := "Rain", "umbrella"
	_, err = r.c.CreateFilter(r.ctx, anna, community.FilterChange{Title: &title, Contexts: community.FilterContexts, Keywords: []community.KeywordChange{{Keyword: &keyword}}})
	r.must(err)
	post, err := strconv.ParseInt(r.object("post", true)["id"], 10, 64)
	r.must(err)
	_, err = r.c.Publish(r.ctx, other, community.NewPost{Caption: "An umbrella!", InReplyTo: post})
	r.must(err)
	said("a notification", answer("anna", "GET", "/notifications", "", 200), "Filtered: %s", "Rain")

	_, err = r.c.StartImportFile(r.ctx, anna, "first.zip", 5)
	r.must(err)
	many, err := json.Marshal(slices.Repeat([]store.ImportFile{{Name: "first.zip", Whole: true}}, 50))
	r.must(err)
	_, err = r.c.Store.SQL().ExecContext(r.ctx, "UPDATE imports SET files = ?", string(many))
	r.must(err)
	said("one file more", answerJSON("/settings/import/start", form("name", "another.zip", "size", "5"), 422), "An import may have at most %d files.", 50)

	said("an error with a number", answer("anna", "POST", "/settings/filters", strings.Repeat("x", 3<<20), 413), "That is too large. The limit is %d MB.", 1)
	said("what a script shows", answerJSON("/nowhere", "", 404), "There is nothing here, or nothing that you may see.")
	w := r.asks("visitor", "GET", "/api/v1/statuses/17", "", "")
	if !strings.Contains(w.Body.String(), "Record not found") {
		t.Errorf("the API: %s", w.Body)
	}

	// A member who reads another language than the site's is answered in that.
	french := "fr"
	_, err = r.c.UpdateViewing(r.ctx, other, community.ViewingChange{Language: &french})
	r.must(err)
	if body := html.UnescapeString(answer("other", "GET", "/search?q=before:yesterday", "", 422)); !strings.Contains(body, lang.Find("fr").T("Write a date after %s:, such as 2026-05-01, 2026-05 or 2026.", "before")) {
		t.Errorf("a search in French: %s", body)
	}
}

// No page of the program has a text of the catalogue in English, for somebody who reads German: whatever a handler puts together
// is looked at where the sample of the templates has nothing of it.
func TestNoPageIsInEnglish(t *testing.T) {
	r := newRoleSite(t, "SITE_LANGUAGE=de")
	for _, kind := range slices.Sorted(maps.Keys(r.makers)) {
		r.object(kind, false)
	}
	b, err := os.ReadFile("../lang/de.json")
	r.must(err)
	var file lang.File
	r.must(json.Unmarshal(b, &file))
	english := map[string]bool{}
	for key, text := range file.Texts {
		key, _, _ = strings.Cut(key, "|")
		if key != text && !strings.ContainsAny(key, "%{") {
			english[key] = true
		}
	}
	for _, text := range file.Texts { // what is a word of both
		delete(english, text)
	}
	pages := 0
	rows := readRouteTable(t)
	// First what is read, then the forms, which say what is wrong with them: they are sent as the table has them, and empty.
	slices.SortStableFunc(rows, func(a, b routeRow) int { return strings.Compare(a.method, b.method) })
	for _, row := range rows {
		if isAPI(row.path) || strings.HasPrefix(row.path, "/logout") || strings.Contains(row.path, "/sessions") {
			continue
		}
		for i, role := range []string{"visitor", "anna", "owner", "anna", "owner"} {
			path, body := r.at(row, r.object(row.kind, row.fresh))
			if i >= 3 {
				body = ""
			}
			w := r.asks(role, row.method, path, body, "application/x-www-form-urlencoded")
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || w.Code >= 300 && w.Code < 400 {
				continue
			}
			doc, err := html.Parse(w.Body)
			r.must(err)
			pages++
			for _, text := range textsOf(doc) {
				if english[text] {
					t.Errorf("%s as %s says %q", path, role, text)
				}
			}
		}
	}
	if pages < 500 {
		t.Errorf("%d pages were looked at", pages)
	}
}

// textsOf are the texts of a page, without those of people and those that are in English for everybody.
func textsOf(n *html.Node) (texts []string) {
	if n.Type == html.ElementNode {
		if n.Data == "style" || n.Data == "script" || n.Data == "textarea" || n.Data == "code" {
			return nil
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "lang" && a.Val == lang.English:
				return nil
			case a.Key == "aria-label", a.Key == "title", a.Key == "placeholder":
				texts = append(texts, strings.TrimSpace(a.Val))
			}
		}
	}
	if n.Type == html.TextNode {
		if text := strings.TrimSpace(n.Data); text != "" {
			texts = append(texts, text)
		}
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		texts = append(texts, textsOf(c)...)
	}
	return texts
}

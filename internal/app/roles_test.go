package app

import (
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// A routeClass says what the answer is to each of routeRoles, by a letter: + may, 0 nothing is there, l log in first, f may not.
// Pages hide what one may not see. The API is asked by tokens: it knows no half log-in, and a token without the scope is refused.
type routeClass struct{ page, api string }

// The letters stand for                 visitor, anna, other, blocked, limited, suspended, moderator, admin, owner, noscope, half.
var routeClasses = map[string]routeClass{
	"open":      {"+++++++++++", "+++++++++++"}, // everybody, whatever token is shown
	"public":    {"", "+++++l+++f+"},            // everybody; a token that is shown must be good
	"any":       {"", "+++++l+++++"},            // everybody; a good token needs no scope
	"unblocked": {"+++0+++++++", "+++0+l+++f+"}, // everybody whom Anna has not blocked
	"seen":      {"0+000000000", "0+000l000f0"}, // who may see what Anna shows to followers alone
	"member":    {"l++++l+++ll", "l++++l+++fl"}, // each for themselves
	"app":       {"", "l++++l++++l"},            // the same, whatever the scope
	"dealing":   {"l++0+l+++ll", "l++0+l+++fl"}, // members whom Anna has not blocked
	"hers":      {"l+000l000ll", "l+000l000fl"}, // Anna
	"writer":    {"l+f0flfffll", "l+f0flffffl"}, // Anna, who shows it to all
	"remover":   {"l+f0fl+++ll", "l+f0fl+++fl"}, // Anna, and those who moderate
	"moderator": {"l0000l+++ll", "lffffl+++fl"},
	"admin":     {"l0000l0++ll", "lfffflf++fl"},
	"nothing":   {"l0000l000ll", "l0000l000fl"}, // members, and nothing is there
	"none":      {"00000000000", "00000l00000"},
	"suspended": {"lllll+lllll", ""}, // what is left to a member who is suspended
}

// A routeRow is a line of the table.
type routeRow struct {
	method, path, kind, class string
	fresh                     bool // the act uses its object up
	form                      string
	tells                     bool
}

func (row routeRow) String() string {
	return fmt.Sprintf("%s %s (%s)", row.method, row.path, row.kind)
}

func readRouteTable(t *testing.T) (rows []routeRow) {
	t.Helper()
	table, err := os.ReadFile("testdata/routes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(f) < 4 {
			t.Fatalf("a row has method, path, object and class: %q", line)
		}
		row := routeRow{method: f[0], path: f[1], class: f[3], kind: strings.TrimSuffix(f[2], "*"), fresh: strings.HasSuffix(f[2], "*")}
		for _, more := range f[4:] {
			if more == "tells" {
				row.tells = true
			} else {
				row.form = more
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// want are the letters of the row's class.
func (row routeRow) want(t *testing.T) string {
	t.Helper()
	if len(row.class) == len(routeRoles) && strings.Trim(row.class, "+0lf") == "" {
		return row.class
	}
	class := routeClasses[row.class].page
	if isAPI(row.path) {
		class = routeClasses[row.class].api
	}
	if class == "" {
		t.Fatalf("%v: there is no class %s", row, row.class)
	}
	return class
}

var (
	addressParameter = regexp.MustCompile(`[:*]([a-z]+)`)
	namedObject      = regexp.MustCompile(`\{\.?[a-z]+\}`)
)

// at is the row's address for an object, with its query, and the body.
func (r *roleSite) at(row routeRow, o map[string]string) (path, body string) {
	r.t.Helper()
	path = addressParameter.ReplaceAllStringFunc(row.path, func(p string) string {
		v, ok := o[p[1:]]
		if !ok {
			r.t.Fatalf("%v: it has no %s", row, p)
		}
		return url.PathEscape(v)
	})
	form := namedObject.ReplaceAllStringFunc(row.form, func(name string) string {
		if own, ok := strings.CutPrefix(name, "{."); ok {
			return o[strings.TrimSuffix(own, "}")]
		}
		return r.object(strings.Trim(name, "{}"), false)["id"]
	})
	switch {
	case o["?"] != "":
		return path + "?" + o["?"], form
	case form != "" && row.method == http.MethodGet:
		return path + "?" + form, ""
	}
	return path, form
}

// letter is what an answer says to somebody.
func letter(code int, location string) byte {
	switch {
	case code == http.StatusUnauthorized || code == http.StatusSeeOther && strings.HasPrefix(location, "/login"):
		return 'l'
	case code == http.StatusForbidden:
		return 'f'
	case code == http.StatusNotFound:
		return '0'
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusMethodNotAllowed:
		return '!'
	}
	return '+'
}

// toldTo are the secrets, and who may read each.
var toldTo = map[string][]string{
	secretOfAnna:       {"anna"},
	secretOfModerators: {"moderator", "admin", "owner"},
	secretAddress:      {"anna", "admin", "owner"},
}

// A route without a row fails, and so does a row without a route.
func TestRolesHaveARowForEachRoute(t *testing.T) {
	site, _ := wired(t)
	rows := readRouteTable(t)
	routes := map[string]bool{}
	for _, route := range site.routes.Handler().(*gin.Engine).Routes() {
		if route.Method == http.MethodHead {
			route.Method = http.MethodGet // it answers as GET does
		}
		name := route.Method + " " + route.Path
		routes[name] = true
		if !slices.ContainsFunc(rows, func(row routeRow) bool { return row.method+" "+row.path == name }) {
			t.Errorf("%s: say in testdata/routes.txt who may what", name)
		}
	}
	for _, row := range rows {
		if !routes[row.method+" "+row.path] {
			t.Errorf("%v is in the table, and no route", row)
		}
	}
}

// Every route of the program answers everybody as the table says: those who may, and nobody else. Whoever may not is told no secret,
// and changes nothing.
func TestRoutesByRole(t *testing.T) {
	r := newRoleSite(t)
	for _, kind := range slices.Sorted(maps.Keys(r.makers)) {
		r.object(kind, false)
	}
	for _, row := range readRouteTable(t) {
		r.tryRow(row)
	}
}

// tryRow sends the row's request as everybody: first those who may not, then those who may.
func (r *roleSite) tryRow(row routeRow) {
	r.t.Helper()
	want := row.want(r.t)
	told := false
	try := func(i int) {
		role := routeRoles[i]
		path, body := r.at(row, r.object(row.kind, false))
		w := r.asks(role, row.method, path, body, "application/x-www-form-urlencoded")
		if got := letter(w.Code, w.Header().Get("Location")); got != want[i] {
			r.t.Errorf("%v as %s: %c (%d), want %c", row, role, got, w.Code, want[i])
		}
		for secret, may := range toldTo {
			if !strings.Contains(w.Body.String(), secret) {
				continue
			}
			told = true
			if want[i] != '+' || !slices.Contains(may, role) {
				r.t.Errorf("%v tells %s of %s", row, role, secret)
			}
		}
	}
	if row.fresh {
		delete(r.objects, row.kind)
	}
	r.at(row, r.object(row.kind, false)) // what it needs is there before anything is counted
	before := r.changes(row)
	for i := range routeRoles {
		if want[i] != '+' {
			try(i)
		}
	}
	if after := r.changes(row); after != before {
		r.t.Errorf("%v: somebody who may not has changed something:\n%s\n%s", row, before, after)
	}
	for i := range routeRoles {
		if want[i] != '+' {
			continue
		}
		try(i)
		if row.fresh {
			delete(r.objects, row.kind)
		}
	}
	if told != row.tells {
		r.t.Errorf("%v tells a secret: %t, the table says %t", row, told, row.tells)
	}
	if row.path == "/logout" || row.path == "/settings/sessions/end-others" {
		r.logIn()
	}
}

// watched are queries for what a request may change at once. What jobs do later is not in them.
var watched = []string{
	"SELECT id, role, suspended_at, limited_at, waiting_at, storage_quota, two_factors_at, email, password_hash, display_name, filters, deleted_at FROM accounts",
	"SELECT id, caption, visibility, comments_from, likes_count, boosts_count FROM posts WHERE deleted_at IS NULL",
	"SELECT id, author_id FROM posts WHERE deleted_at IS NULL AND kind = 'comment'",
	"SELECT * FROM admin_log", "SELECT * FROM decisions WHERE account_id IN (SELECT id FROM accounts WHERE deleted_at IS NULL)", "SELECT * FROM reports", "SELECT * FROM invitations", "SELECT * FROM one_time_links",
	"SELECT * FROM held_posts", "SELECT * FROM site_blocks", "SELECT * FROM moderator_notes", "SELECT * FROM factors", "SELECT * FROM lists", "SELECT * FROM list_members", "SELECT * FROM albums", "SELECT * FROM album_members",
	"SELECT * FROM follows", "SELECT * FROM follow_requests", "SELECT * FROM mutes", "SELECT * FROM drafts", "SELECT * FROM account_notes", "SELECT * FROM site_info",
	"SELECT * FROM tag_follows", "SELECT * FROM authorization_codes", "SELECT id, account_id, scopes FROM access_tokens",
	"SELECT id, account_id FROM push_subscriptions", "SELECT account_id, state FROM exports", "SELECT account_id, album_id FROM album_downloads",
	"SELECT l.* FROM likes l JOIN posts p ON p.id = l.post_id AND p.deleted_at IS NULL", "SELECT l.* FROM pins l JOIN posts p ON p.id = l.post_id AND p.deleted_at IS NULL",
	"SELECT l.* FROM conversation_mutes l JOIN posts p ON p.id = l.post_id AND p.deleted_at IS NULL",
	"SELECT l.* FROM bookmarks l JOIN posts p ON p.id = l.post_id AND p.deleted_at IS NULL", "SELECT l.* FROM boosts l JOIN posts p ON p.id = l.post_id AND p.deleted_at IS NULL",
}

// changes is a line for each query of watched: how many rows there are, and a sum of what stands in them.
func (r *roleSite) changes(row routeRow) string {
	if row.method == http.MethodGet {
		return ""
	}
	r.t.Helper()
	var out strings.Builder
	for _, query := range watched {
		rows, err := r.c.Store.SQL().QueryContext(r.ctx, query)
		r.must(err)
		columns, err := rows.Columns()
		r.must(err)
		values, at := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			at[i] = &values[i]
		}
		sum, n := uint64(0), 0
		for rows.Next() {
			r.must(rows.Scan(at...))
			h := fnv.New64a()
			fmt.Fprintln(h, values...)
			sum, n = sum+h.Sum64(), n+1
		}
		r.must(rows.Err())
		r.must(rows.Close())
		_, table, _ := strings.Cut(query, "FROM ")
		fmt.Fprintf(&out, "%s: %d rows, %x\n", table, n, sum)
	}
	return out.String()
}

package api

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"tintype/internal/community"
)

// How many a list holds where the client does not say, and at most.
const (
	defaultStatuses, maxStatuses           = 20, 40
	defaultAccounts, maxAccounts           = 40, 80
	defaultNotifications, maxNotifications = 40, 80
)

// page reads the cursor of a list from the request. A client may give two cursors: Tusky fills gaps so.
func (q *call) page(fallback, most int) community.Cursor {
	p := q.params
	return community.Cursor{
		MaxID: p.cursor("max_id"), MinID: p.cursor("min_id"), SinceID: p.cursor("since_id"),
		Limit: p.number("limit", fallback, 1, most),
	}
}

// taken are the names of the parameters that each endpoint takes, by method and path.
var taken = sync.OnceValue(func() map[string][]string {
	all := make(map[string][]string, len(operations))
	for endpoint, o := range operations {
		for _, word := range strings.Fields(o.takes) {
			all[endpoint] = append(all[endpoint], specialOf.FindStringSubmatch(word)[1])
		}
	}
	return all
})

// cursors are the parameters that say which page of a list is asked for.
var cursors = []string{"max_id", "min_id", "since_id"}

// filters are what the request chooses a list by: its parameters that the endpoint takes, however they are written, but for
// cursors. A page of a list has them in common with the next one.
func (q *call) filters() url.Values {
	chosen, known := url.Values{}, taken()[q.endpoint.method+" "+q.endpoint.path]
	for key, values := range q.params.values {
		name, _, _ := strings.Cut(key, "[")
		if slices.Contains(known, name) && !slices.Contains(cursors, name) {
			chosen[key] = values
		}
	}
	return chosen
}

// link writes the Link header: the next page first, absolute addresses with one cursor each. older is the cursor of the
// next page, newer that of the previous one; 0 omits the link.
func (q *call) link(older, newer int64) {
	if newer == 0 {
		return
	}
	path, query := q.c.Request.URL.EscapedPath(), q.filters()
	if q.kept { // the answer is given to whoever asks the same in other words
		path, query = q.question()
	}
	var b strings.Builder
	if older != 0 {
		b.WriteString("<" + q.address(path, query, "max_id", older) + `>; rel="next", `)
	}
	b.WriteString("<" + q.address(path, query, "min_id", newer) + `>; rel="prev"`)
	q.c.Header("Link", b.String())
}

// rawSeparators are what clients cut the header at, though paths may hold them.
var rawSeparators = strings.NewReplacer(",", "%2C", ";", "%3B")

func (q *call) address(path string, query url.Values, cursor string, id int64) string {
	query.Set(cursor, formatID(id))
	address := q.api.BaseURL + rawSeparators.Replace(path) + "?" + query.Encode()
	query.Del(cursor)
	return address
}

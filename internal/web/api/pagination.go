package api

import (
	"net/url"
	"strings"

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

// echoed are the parameters that a page of a list has in common with the next one.
var echoed = []string{
	"limit", "local", "remote", "only_media", "exclude_replies", "exclude_reblogs", "pinned", "tagged",
	"types[]", "exclude_types[]", "any[]", "all[]", "none[]", "account_id",
}

// link writes the Link header: the next page first, absolute addresses with one cursor each. older is the cursor of the
// next page, newer that of the previous one; 0 omits the link.
func (q *call) link(older, newer int64) {
	if newer == 0 {
		return
	}
	query := url.Values{}
	for _, name := range echoed {
		if values, ok := q.params.values[name]; ok {
			query[name] = values
		}
	}
	var b strings.Builder
	if older != 0 {
		b.WriteString("<" + q.address(query, "max_id", older) + `>; rel="next", `)
	}
	b.WriteString("<" + q.address(query, "min_id", newer) + `>; rel="prev"`)
	q.c.Header("Link", b.String())
}

// rawSeparators are what clients cut the header at, though paths may hold them.
var rawSeparators = strings.NewReplacer(",", "%2C", ";", "%3B")

func (q *call) address(query url.Values, cursor string, id int64) string {
	query.Set(cursor, formatID(id))
	address := q.api.BaseURL + rawSeparators.Replace(q.c.Request.URL.EscapedPath()) + "?" + query.Encode()
	query.Del(cursor)
	return address
}

package api

import "net/http"

// emptyEndpoints are lists of features that are missing here. Clients ask for them when they start, and some do not
// start without an answer.
func (a *API) emptyEndpoints() []endpoint {
	var all []endpoint
	list := func(path string, access access, scope string) {
		all = append(all, endpoint{method: http.MethodGet, path: path, access: access, scope: scope, answer: none})
	}
	list("/api/v1/custom_emojis", visitors, "")
	list("/api/v1/conversations", members, "read:statuses")
	list("/api/v1/domain_blocks", members, "read:blocks")
	list("/api/v1/featured_tags", members, "read:accounts")
	list("/api/v1/featured_tags/suggestions", members, "read:accounts")
	list("/api/v1/endorsements", members, "read:accounts")
	list("/api/v1/scheduled_statuses", members, "read:statuses")
	list("/api/v1/trends/links", visitors, "")
	missing := func(*call) (any, error) { return nil, errNotFound }
	return append(all,
		// Semaphore tries this first, and goes on to POST when it is not there.
		endpoint{method: http.MethodPut, path: "/api/v2/media/:id", access: members, scope: "write:media", answer: missing},
	)
}

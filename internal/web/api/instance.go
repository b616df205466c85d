package api

import (
	"context"
	"net/http"
	"sync"
	"time"
)

func (a *API) instanceEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodGet, path: "/api/v1/instance", access: open, kept: true, answer: a.getInstanceV1},
		{method: http.MethodGet, path: "/api/v2/instance", access: open, kept: true, answer: a.getInstanceV2},
		{method: http.MethodGet, path: "/api/v1/instance/rules", access: open, answer: a.getRules},
		{method: http.MethodGet, path: "/api/v1/instance/peers", access: open, answer: none},
		{method: http.MethodGet, path: "/api/v1/instance/activity", access: open, answer: none},
		{method: http.MethodGet, path: "/api/v1/instance/domain_blocks", access: open, answer: none},
		{method: http.MethodGet, path: "/.well-known/nodeinfo", access: open, answer: a.getNodeInfoLinks},
		{method: http.MethodGet, path: "/nodeinfo/2.0", access: open, answer: a.getNodeInfo},
		{method: http.MethodGet, path: "/.well-known/oauth-authorization-server", access: open, answer: a.getOAuthMetadata},
		{method: http.MethodGet, path: "/.well-known/webfinger", access: visitors, answer: func(*call) (any, error) { return nil, errNotFound }},
	}
}

func (a *API) getInstanceV1(q *call) (any, error) {
	s, err := q.stats()
	return a.instanceV1(a.Community.Site(q.ctx()), s), err
}

func (a *API) getInstanceV2(q *call) (any, error) {
	s, err := q.stats()
	e := a.instanceV2(a.Community.Site(q.ctx()), s)
	e.Configuration.Vapid.PublicKey = a.Community.PushPublicKey(q.ctx())
	return e, err
}

// stats are the site's counts.
type stats struct{ accounts, posts, activeMonth int64 }

// siteStats caches the counts for a while: every client asks for them when it starts, and nobody needs them exact.
type siteStats struct {
	mu    sync.Mutex
	known stats
	until time.Time
}

const statsLast = 5 * time.Minute

// stats are the counts as the caller may see them. A members-only site shows visitors none.
func (q *call) stats() (stats, error) {
	if q.api.Community.MembersOnly(q.ctx()) && q.account == nil {
		return stats{}, nil
	}
	return q.api.stats.get(q.ctx(), q.api)
}

func (s *siteStats) get(ctx context.Context, a *API) (stats, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := a.Now()
	if now.Before(s.until) {
		return s.known, nil
	}
	counted, err := a.Community.Stats(ctx, now)
	if err != nil {
		return stats{}, err
	}
	s.known = stats{accounts: counted.Accounts, posts: counted.Posts, activeMonth: counted.ActiveMonth}
	s.until = now.Add(statsLast)
	return s.known, nil
}

func (a *API) getRules(q *call) (any, error) { return rulesOf(a.Community.Site(q.ctx())), nil }

func (a *API) getNodeInfoLinks(*call) (any, error) {
	return NodeInfoLinks{[]NodeInfoLink{{"http://nodeinfo.diaspora.software/ns/schema/2.0", a.BaseURL + "/nodeinfo/2.0"}}}, nil
}

// getNodeInfo names Mastodon as upstream, because megalodon chooses the API by it.
func (a *API) getNodeInfo(q *call) (any, error) {
	s, err := q.stats()
	if err != nil {
		return nil, err
	}
	site := a.Community.Site(q.ctx())
	type object = map[string]any
	return object{
		"version":           "2.0",
		"software":          object{"name": "tintype", "version": a.Version},
		"protocols":         []string{},
		"services":          object{"inbound": []string{}, "outbound": []string{}},
		"openRegistrations": site.Registration.AnybodyMayAsk(),
		"usage":             object{"users": object{"total": s.accounts, "activeMonth": s.activeMonth}, "localPosts": s.posts},
		"metadata":          object{"nodeName": site.Name, "nodeDescription": site.Description, "upstream": object{"name": "mastodon", "version": mastodonVersion}},
	}, nil
}

func (a *API) getOAuthMetadata(*call) (any, error) {
	return map[string]any{
		"issuer":                                a.BaseURL + "/",
		"authorization_endpoint":                a.BaseURL + consentPath,
		"token_endpoint":                        a.BaseURL + "/oauth/token",
		"revocation_endpoint":                   a.BaseURL + "/oauth/revoke",
		"userinfo_endpoint":                     a.BaseURL + "/oauth/userinfo",
		"app_registration_endpoint":             a.BaseURL + "/api/v1/apps",
		"scopes_supported":                      supportedScopes,
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "client_credentials"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"service_documentation":                 "https://docs.joinmastodon.org/",
	}, nil
}

package api

import (
	"math"
	"net/http"
	"strings"

	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) pushEndpoints() []endpoint {
	const path, scope = "/api/v1/push/subscription", "push"
	return []endpoint{
		{method: http.MethodPost, path: path, access: members, scope: scope, answer: a.postPush},
		{method: http.MethodGet, path: path, access: members, scope: scope, answer: a.getPush},
		{method: http.MethodPut, path: path, access: members, scope: scope, answer: a.putPush},
		{method: http.MethodDelete, path: path, access: members, scope: scope, answer: a.deletePush},
	}
}

func (a *API) pushSubscription(q *call, p *store.PushSubscription) (any, error) {
	key, err := a.Community.PushKey(q.ctx())
	if err != nil {
		return nil, err
	}
	e := PushSubscription{ID: 1 + p.ID%(math.MaxInt32-1), Endpoint: p.Endpoint, Standard: p.Standard, Policy: p.Policy, ServerKey: key.Public, Alerts: make(map[string]bool)}
	for _, kind := range community.PushAlerts {
		e.Alerts[kind] = false
	}
	for _, kind := range p.Alerts.V {
		e.Alerts[kind] = true
	}
	return e, nil
}

// pushData reads of what an app wants to be told, and from whom. A kind that is not known never occurs here, so whatever an
// app wants of it is so.
func (q *call) pushData() (alerts []string, policy string, err error) {
	const before = "data[alerts]["
	for name := range q.params.values {
		kind, ok := strings.CutPrefix(name, before)
		if !ok {
			if name == "data[alerts]" || name == "data[alerts][]" {
				return nil, "", invalid("data[alerts]: has fields")
			}
			continue
		}
		kind, ok = strings.CutSuffix(kind, "]")
		if !ok || strings.ContainsAny(kind, "[]") || !isBooleanWord(q.params.text(name)) {
			return nil, "", invalid(name + ": is true or false")
		}
		if !q.params.isTrue(name) {
			continue
		}
		for _, known := range community.PushAlerts {
			if kind == known {
				alerts = append(alerts, kind)
			}
		}
	}
	// Mastodon.py and masto.js have the policy beside the data, where Mastodon's documentation once had it.
	if policy = q.params.text("data[policy]"); policy == "" {
		policy = q.params.text("policy")
	}
	return alerts, policy, nil
}

// postPush has an app told, in place of what its token had. Apps of Mastodon 4.2 read the draft of Web Push; those that read
// the standard say so, as in Mastodon 4.4.
func (a *API) postPush(q *call) (any, error) {
	p := q.params
	alerts, policy, err := q.pushData()
	if err != nil {
		return nil, err
	}
	sub, err := a.Community.SubscribeApp(q.ctx(), q.account, q.token, bearerOf(q.c.Request), community.NewPush{
		Endpoint: p.text("subscription[endpoint]"), P256dh: p.text("subscription[keys][p256dh]"), Auth: p.text("subscription[keys][auth]"),
		Standard: p.isTrue("subscription[standard]"), Alerts: alerts, Policy: policy,
	})
	if err != nil {
		return nil, err
	}
	return a.pushSubscription(q, sub)
}

func (a *API) getPush(q *call) (any, error) {
	p, err := a.Community.PushOfToken(q.ctx(), q.token)
	if err != nil {
		return nil, err
	}
	return a.pushSubscription(q, p)
}

func (a *API) putPush(q *call) (any, error) {
	alerts, policy, err := q.pushData()
	if err != nil {
		return nil, err
	}
	p, err := a.Community.ChangePushOfToken(q.ctx(), q.token, alerts, policy)
	if err != nil {
		return nil, err
	}
	return a.pushSubscription(q, p)
}

func (a *API) deletePush(q *call) (any, error) {
	return nothing{}, a.Community.EndPushOfToken(q.ctx(), q.token)
}

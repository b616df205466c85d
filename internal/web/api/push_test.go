package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tintype/internal/push"
	"tintype/internal/push/pushtest"
	"tintype/internal/servertest"
)

// newPushSite is a site that may send to a push service on this machine.
func newPushSite(t *testing.T) (*site, *pushtest.Service) {
	service := pushtest.New(t)
	s := newSite(t, func(o *options) {
		o.community.Push = push.New(push.Options{Contact: "host@tintype.test", Allow: pushtest.Allow, Roots: service.Roots()})
	})
	s.work()
	return s, service
}

const pushPath = "/api/v1/push/subscription"

func subscription(d *pushtest.Device, more string) string {
	return fmt.Sprintf(`{"subscription":{"endpoint":%q,"keys":{"p256dh":%q,"auth":%q}}%s}`, d.Endpoint, d.P256dh, d.Auth, more)
}

// An app subscribes, is told what it asked for in the form of Mastodon 4.2, changes its mind, and ends it.
func TestPushSubscription(t *testing.T) {
	s, service := newPushSite(t)
	anna, bob := s.join("anna"), s.join("bob")
	s.get(pushPath, anna.token).is(http.StatusNotFound)
	s.do(http.MethodPut, pushPath, anna.token, `{"data":{"alerts":{"follow":true}}}`).is(http.StatusNotFound)
	s.get(pushPath, s.tokenFor(anna.Account, "read write follow")).is(http.StatusForbidden)
	s.get(pushPath, "").is(http.StatusUnauthorized)

	d := service.Device()
	r := s.post(pushPath, anna.token, subscription(d, `,"data":{"alerts":{"favourite":true,"reblog":"0","of_tomorrow":true},"policy":"all"}`)).ok()
	var e struct {
		ID        *int32          `json:"id"` // apps read no more
		Endpoint  string          `json:"endpoint"`
		Standard  *bool           `json:"standard"`
		Alerts    map[string]bool `json:"alerts"`
		Policy    string          `json:"policy"`
		ServerKey string          `json:"server_key"`
	}
	if err := json.Unmarshal([]byte(r.body), &e); err != nil || e.ID == nil || *e.ID <= 0 || e.Endpoint != d.Endpoint || e.Standard == nil || *e.Standard || e.Policy != "all" || len(e.ServerKey) != 87 {
		t.Errorf("%v: %s", err, r.body)
	}
	if len(e.Alerts) != 10 || !e.Alerts["favourite"] || e.Alerts["reblog"] || e.Alerts["mention"] {
		t.Errorf("alerts: %v", e.Alerts)
	}
	if got := s.get(pushPath, anna.token).ok().body; got != r.body {
		t.Errorf("read again: %s, want %s", got, r.body)
	}
	instance := s.get("/api/v2/instance", "").ok().object()
	app := s.get("/api/v1/apps/verify_credentials", anna.token).ok().object()
	if at(instance, "configuration.vapid.public_key") != e.ServerKey || app["vapid_key"] != e.ServerKey {
		t.Errorf("keys: %v, %v, want %s", at(instance, "configuration.vapid.public_key"), app["vapid_key"], e.ServerKey)
	}

	post := s.publish(anna, "A hill")["id"].(string)
	s.post(path("/api/v1/accounts/%d/follow", anna.ID), bob.token, "").ok() // not asked for
	s.post("/api/v1/statuses/"+post+"/favourite", bob.token, "").ok()
	servertest.Eventually(t, "the like is pushed", func() bool { return len(d.Got()) > 0 })
	got := d.Got()[0]
	told := map[string]any{}
	if err := json.Unmarshal([]byte(got.Payload), &told); err != nil {
		t.Fatal(err)
	}
	liked := s.get("/api/v1/notifications?types[]=favourite", anna.token).ok().list()[0]
	if got.Encoding != "aesgcm" || got.Key != e.ServerKey || got.Subject != "mailto:host@tintype.test" || got.TTL != "172800" {
		t.Errorf("sent as %+v", got)
	}
	if !strings.Contains(got.Payload, fmt.Sprintf(`"notification_id":%s,`, liked["id"])) {
		t.Errorf("%s names another notification than %s", got.Payload, liked["id"])
	}
	for name, want := range map[string]any{
		"access_token": anna.token, "preferred_locale": "en", "notification_type": "favourite", "icon": baseURL + "/static/avatar.png", "title": "bob liked your post", "body": "A hill",
	} {
		if told[name] != want {
			t.Errorf("%s is %v, want %v", name, told[name], want)
		}
	}
	if len(told) != 7 {
		t.Errorf("the payload has %v", told)
	}

	// PUT replaces what is told.
	r = s.do(http.MethodPut, pushPath, anna.token, "data[alerts][mention]=true&data[policy]=followed").ok()
	if o := r.object(); at(o, "alerts.mention") != true || at(o, "alerts.favourite") != false || o["policy"] != "followed" || o["endpoint"] != d.Endpoint {
		t.Errorf("after PUT: %s", r.body)
	}
	// Some clients have the policy beside the data. Where both are given, the data's is meant.
	for body, want := range map[string]string{"policy=follower": "follower", "policy=none&data[policy]=all": "all", `{"policy":"followed","data":{"alerts":{"mention":true}}}`: "followed"} {
		if o := s.do(http.MethodPut, pushPath, anna.token, body).ok().object(); o["policy"] != want {
			t.Errorf("%s: the policy is %v", body, o["policy"])
		}
	}
	s.do(http.MethodPut, pushPath, anna.token, "policy=friends").is(http.StatusUnprocessableEntity)
	// POST replaces the whole, for an app that reads the standard.
	other := service.Device()
	s.post(pushPath, anna.token, form("subscription[endpoint]", other.Endpoint, "subscription[keys][p256dh]", other.P256dh, "subscription[keys][auth]", other.Auth,
		"subscription[standard]", "true", "data[alerts][mention]", "1")).ok()
	s.post("/api/v1/statuses", bob.token, form("status", "A comment", "in_reply_to_id", post)).ok()
	servertest.Eventually(t, "the comment is pushed", func() bool { return len(other.Got()) > 0 })
	if m := other.Got()[0]; m.Encoding != "aes128gcm" || !strings.Contains(m.Payload, "bob replied to you") || len(d.Got()) != 1 {
		t.Errorf("the new device got %+v, the old one %d messages", m, len(d.Got()))
	}
	if got := s.do(http.MethodDelete, pushPath, anna.token, "").ok().body; got != "{}\n" {
		t.Errorf("DELETE: %s", got)
	}
	s.get(pushPath, anna.token).is(http.StatusNotFound)
	s.do(http.MethodDelete, pushPath, anna.token, "").ok()
}

// What no push service can be, and what cannot be encrypted for, is refused by name, and nothing is kept of it.
func TestPushSubscriptionsThatAreRefused(t *testing.T) {
	s := newSite(t) // sends to the internet alone
	anna := s.join("anna")
	good := pushtest.New(t).Device()
	good.Endpoint = "https://push.example/abc"
	for name, body := range map[string]string{
		"endpoint":     subscription(&pushtest.Device{Endpoint: "http://push.example/abc", P256dh: good.P256dh, Auth: good.Auth}, ""),
		"p256dh":       subscription(&pushtest.Device{Endpoint: good.Endpoint, P256dh: "AAAA", Auth: good.Auth}, ""),
		"auth":         subscription(&pushtest.Device{Endpoint: good.Endpoint, P256dh: good.P256dh, Auth: "AAAA"}, ""),
		"local":        subscription(&pushtest.Device{Endpoint: "https://127.0.0.1/abc", P256dh: good.P256dh, Auth: good.Auth}, ""),
		"inside":       subscription(&pushtest.Device{Endpoint: "https://[fd00:ec2::254]/latest", P256dh: good.P256dh, Auth: good.Auth}, ""),
		"nothing":      `{"data":{"alerts":{"mention":true}}}`,
		"policy":       subscription(good, `,"data":{"policy":"friends"}`),
		"alerts":       subscription(good, `,"data":{"alerts":{"mention":"banana"}}`),
		"alerts list":  subscription(good, `,"data":{"alerts":["mention"]}`),
		"alerts text":  subscription(good, `,"data":{"alerts":"mention"}`),
		"alert object": subscription(good, `,"data":{"alerts":{"mention":{"a":true}}}`),
		"data":         subscription(good, `,"data":"mention"`),
		"keys":         `{"subscription":{"endpoint":"https://push.example/abc","keys":"x"}}`,
		"text":         `{"subscription":"https://push.example/abc"}`,
	} {
		if r := s.post(pushPath, anna.token, body); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	s.get(pushPath, anna.token).is(http.StatusNotFound)
	s.post(pushPath, anna.token, subscription(good, "")).ok()
}

package e2e

import (
	"net/http"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// R26 and R27: what A changes shows on B, with Redis and after it has gone; and its going costs nobody an error.
func TestCacheTogether(t *testing.T) {
	redis := servertest.Redis(t)
	fleet := together(t, []string{"CACHE_URL=" + redis.URL(), "API_LIMIT=100000/1m"}, []string{"CACHE_URL=" + redis.URL(), "API_LIMIT=100000/1m"})
	a, b := fleet[0], fleet[1]
	ada := join(t, a.URL, "ada")
	ada.postPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "First")
	on := func(i *servertest.Instance) page { return visitor(t, i.URL).get("/api/v1/timelines/public") }
	rename := func(name string) {
		t.Helper()
		kind, body := multipartOf(t, map[string]string{"display_name": name}, nil)
		ada.do(ada.request(http.MethodPost, "/settings/profile", kind, body)).want(200)
		if !strings.Contains(on(a).want(200).body, `"display_name":"`+name+`"`) {
			t.Errorf("on A itself the name is not %s", name)
		}
		eventually(t, "B shows "+name, func() bool {
			return strings.Contains(on(b).want(200).body, `"display_name":"`+name+`"`)
		})
	}
	if first, second := on(b).want(200).body, on(b).want(200).body; first != second || !strings.Contains(first, "First") {
		t.Errorf("kept, the answer is another one:\n%s\n%s", first, second)
	}
	if n := redis.Do("DBSIZE"); n == ":0" {
		t.Error("nothing is kept in Redis")
	}
	rename("Ada One")
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"hung", redis.Hang}, {"resumed", redis.Resume},
		{"read-only", func() { redis.Do("REPLICAOF 127.0.0.1 1") }}, {"writable", func() { redis.Do("REPLICAOF NO ONE") }},
		{"killed", redis.Kill}, {"back", redis.Start},
	} {
		step.do()
		for range 20 {
			on(a).want(200)
			on(b).want(200)
		}
		rename("Ada " + step.name)
	}
}

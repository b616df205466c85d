package e2e

import (
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
	ada := servertest.NewClient(t, a.URL).SignUp("ada")
	ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "First")
	on := func(i *servertest.Instance) servertest.Answer {
		return servertest.NewClient(t, i.URL).Get("/api/v1/timelines/public")
	}
	rename := func(name string) {
		t.Helper()
		ada.Do(servertest.Multipart("/settings/profile", servertest.Part{Field: "display_name", Data: []byte(name)})).Want(200)
		if !strings.Contains(on(a).Want(200).Body, `"display_name":"`+name+`"`) {
			t.Errorf("on A itself the name is not %s", name)
		}
		servertest.Eventually(t, "B shows "+name, func() bool {
			return strings.Contains(on(b).Want(200).Body, `"display_name":"`+name+`"`)
		})
	}
	if first, second := on(b).Want(200).Body, on(b).Want(200).Body; first != second || !strings.Contains(first, "First") {
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
			on(a).Want(200)
			on(b).Want(200)
		}
		rename("Ada " + step.name)
	}
}

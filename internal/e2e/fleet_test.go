package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

func newFleet(t *testing.T, web int, env ...string) *servertest.Site {
	t.Helper()
	return servertest.NewSite(t, servertest.Rung{MySQL: true, Worker: true, Web: web}, append([]string{"SIGNUP_LIMIT=1000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m"}, env...)...)
}

// R2: a form that one instance has shown is sent to another. Nothing sticks.
func TestFormsFromOneInstanceToAnother(t *testing.T) {
	fleet := newFleet(t, 2)
	a, b := fleet.Web[0].URL, fleet.Web[1].URL
	ada := servertest.NewClient(t, a).SignUp("ada")
	if _, err := ada.Upload("photo.jpg", phototest.JPEG(phototest.Options{Width: 300, Height: 200})); err != nil {
		t.Fatal(err)
	}
	post := ada.Publish("caption", "Anywhere").Want(200).URL.Path
	id := post[strings.LastIndexByte(post, '/')+1:]
	rounds := 500 // of two forms each
	if testing.Short() {
		rounds = 50
	}
	for i := range rounds {
		from, to, act := a, b, "/like"
		if i%2 == 1 {
			from, to, act = b, a, "/unlike"
		}
		ada.Get(from + post).Want(200).Has(`action="/posts/` + id + act)
		ada.Site = to
		ada.Post("/posts/"+id+act, "return", post).Want(200)
		key := ada.Get(from + post).Want(200).Key()
		if i < 20 { // each comment makes the page longer
			ada.Post("/posts/"+id+"/comments", "text", fmt.Sprintf("Round %d", i), "idempotency_key", key).Want(200).Has(fmt.Sprintf("Round %d", i))
		}
	}
}

// R32: every instance is restarted while readers read and somebody uploads; through the balancer, nothing fails.
// R33 is part of it: were an instance the one to close idle connections, some request would meet one just closed.
func TestRollingRestart(t *testing.T) {
	fleet := newFleet(t, 3, "DRAIN_DELAY=6s") // long enough for a balancer on a busy machine to notice
	ada := servertest.NewClient(t, fleet.URL).SignUp("ada")
	if _, err := ada.Upload("first.jpg", phototest.JPEG(phototest.Options{Width: 300, Height: 200})); err != nil {
		t.Fatal(err)
	}
	post := ada.Publish("caption", "Still here").Want(200).URL.Path

	sent := servertest.NewLoad(t)
	var failed atomic.Int64
	stop := make(chan struct{})
	var readers sync.WaitGroup
	read := func(m *servertest.Client, paths ...string) {
		readers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				path := paths[n%len(paths)]
				p := sent.Count(m.Try(servertest.Read(path)))
				if !p.Busy() && (p.Err != nil || p.Status != http.StatusOK) {
					failed.Add(1)
					t.Errorf("GET %s: %d %v", path, p.Status, p.Err)
				}
			}
		})
	}
	for range 3 {
		read(servertest.NewClient(t, fleet.URL), post, "/explore", "/about", "/api/v1/timelines/public")
	}
	read(ada, "/", post, "/notifications")
	readers.Go(func() {
		photo := phototest.JPEG(phototest.Options{Width: 600, Height: 400})
		for {
			select {
			case <-stop:
				return
			case <-time.After(300 * time.Millisecond):
			}
			p := sent.Count(ada.Try(servertest.Multipart("/compose/photos", servertest.Part{Field: "photos", File: "more.jpg", Data: photo}).With("Accept", "application/json")))
			taken := p.Status == http.StatusOK && json.Valid([]byte(p.Body))
			if !p.Busy() && (p.Err != nil || !taken && p.Status != http.StatusUnprocessableEntity) { // 422: the draft is full
				failed.Add(1)
				t.Errorf("an upload: %d %v %.300s", p.Status, p.Err, p.Body)
			}
		}
	})
	for _, i := range fleet.Web {
		if err := i.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		i.Start()
		fleet.Settle() // the balancer asks twice before it believes
	}
	least := int64(10_000)
	if testing.Short() {
		least = 300
	}
	for deadline := time.Now().Add(2 * time.Minute); sent.Asked() < least && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond) // a slow machine asks fewer in two minutes, which is no failure
	}
	close(stop)
	readers.Wait()
	t.Logf("%d of %d requests failed", failed.Load(), sent.Asked())
	sent.Check(t)
	if sent.Asked() < 200 {
		t.Errorf("only %d requests were made", sent.Asked())
	}
}

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// awaitLines reads until lines, in whatever order, held all the parts.
func awaitLines(t testing.TB, lines <-chan string, parts ...string) {
	t.Helper()
	limit := time.After(90 * time.Second)
	for len(parts) > 0 {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("the stream ended before %q", parts)
			}
			parts = slices.DeleteFunc(parts, func(part string) bool { return strings.Contains(line, part) })
		case <-limit:
			t.Fatalf("never heard %q", parts)
		}
	}
}

func nextLine(t testing.TB, lines <-chan string) string {
	t.Helper()
	select {
	case line, open := <-lines:
		if !open {
			t.Fatal("the stream ended")
		}
		return line
	case <-time.After(90 * time.Second):
		t.Fatal("the stream says nothing more")
	}
	return ""
}

// Whatever a stream announces is in its listener's next list, wherever that is read.
func streams(t *testing.T, site stage) {
	stella, sven := site.join(t, "stella"), site.join(t, "sven")
	sven.Post("/@stella/follow").Want(200)
	client := sven.WithToken(sven.NewToken())
	stream := client.Lines("/api/v1/streaming/user")
	for i := range 3 {
		caption := fmt.Sprintf("Announced %d", i)
		id := stella.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", caption+", @sven").URL.Path
		id = id[strings.LastIndexByte(id, '/')+1:]
		awaitLines(t, stream, "event: update", `"id":"`+id, `"type":"mention"`)
		client.Get("/api/v1/timelines/home").Want(200).Has(caption)
		client.Get("/api/v1/notifications").Want(200).Has(caption)
		client.Post("/api/v1/statuses/" + id + "/favourite").Want(200).Has(`"favourites_count":1`)
		client.Get("/api/v1/statuses/" + id).Want(200).Has(`"favourites_count":1`)
		stella.Sees("/notifications", "sven")
	}
}

// What happens on one instance is heard on the other; a stream whose instance goes away goes on elsewhere.
func TestStreamsTogether(t *testing.T) {
	fleet := together(t, []string{"DRAIN_DELAY=1s"}, nil)
	a, b := fleet[0], fleet[1]
	ada, ben := servertest.NewClient(t, a.URL).SignUp("ada"), servertest.NewClient(t, a.URL).SignUp("ben")
	ben.Post("/@ada/follow").Want(200)
	token := ben.NewToken()
	there := servertest.NewClient(t, b.URL).WithToken(token)
	home := there.Lines("/api/v1/streaming/user")
	conn, _, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(a.URL, "http")+"/api/v1/streaming?stream=user&access_token="+token, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)

	post := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "Heard everywhere, @ben")
	awaitLines(t, home, "event: update", `"type":"mention"`)
	for {
		_, data, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), "Heard everywhere") {
			break
		}
	}

	// What somebody boosts whom ben follows is news to him, whoever posted it; but not of whom he has muted.
	cy, dan, eve := servertest.NewClient(t, b.URL).SignUp("cy"), servertest.NewClient(t, a.URL).SignUp("dan"), servertest.NewClient(t, b.URL).SignUp("eve")
	ben.Post("/@cy/follow").Want(200)
	ben.Post("/@dan/mute", "for", "").Want(200)
	boosts := map[string]string{}
	for name, by := range map[string]*servertest.Client{"muted": dan, "heard": eve} {
		boosts[name] = postID(by.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "To be passed on"))
	}
	for _, name := range []string{"muted", "heard"} {
		cy.Post("/posts/" + boosts[name] + "/boost").Want(200)
	}
	for said := ""; !strings.Contains(said, `"reblog":{"id":"`+boosts["heard"]+`"`); {
		said = nextLine(t, home)
		if strings.Contains(said, boosts["muted"]) {
			t.Errorf("ben hears of whom he has muted: %s", said)
		}
	}

	// A page that ada has open on B hears of what ben does on A.
	number := post.URL.Path[strings.LastIndexByte(post.URL.Path, '/')+1:]
	ada.Site = b.URL
	page := ada.Lines("/live?posts=" + number)
	nosy := ada.Lines("/live?posts=1")
	awaitLines(t, page, ":thump")
	ben.Post("/posts/"+number+"/like", "return", "/").Want(200)
	awaitLines(t, page, `data: {"id":"`+number+`","likes":1,"comments":0}`, `data: {"unread":2}`)
	ben.Post("/posts/"+number+"/comments", "text", "How far it carries", "idempotency_key", "k1").Want(200)
	awaitLines(t, page, `data: {"id":"`+number+`","likes":1,"comments":1}`, `data: {"unread":3}`)
	// One that was made before all that and listens only now is told of it.
	awaitLines(t, ada.Lines("/live?posts="+number), `data: {"id":"`+number+`","likes":1,"comments":1}`, `data: {"unread":3}`)
	awaitLines(t, nosy, `data: {"unread":3}`)
	ada.Site = a.URL
	ada.Post("/settings/account", "what", "password", "current_password", password, "new_password", password+"!").Want(200)
	for range page { // its session is over, and so is what it hears
	}

	// The instance is told to stop: its streams are told to go elsewhere before it ends.
	a.Signal(syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	for err == nil {
		_, _, err = conn.Read(ctx)
	}
	if code := websocket.CloseStatus(err); code != websocket.StatusGoingAway {
		t.Errorf("the stream ended with %d: %v", code, err)
	}
	id := post.URL.Path[strings.LastIndexByte(post.URL.Path, '/')+1:]
	servertest.NewClient(t, b.URL).Get(post.URL.Path).Want(200)
	there.Post("/api/v1/statuses/" + id + "/favourite").Want(200)
	if err := a.Wait(time.Minute); err != nil {
		t.Errorf("it stopped with %v", err)
	}
	a.Start()
	awaitLines(t, servertest.NewClient(t, a.URL).WithToken(token).Lines("/api/v1/streaming/user"), "thump")
}

// R37: whatever a stream announces is in its listener's next list, although the replicas that it is read from lag.
func TestStreamsAndReplicas(t *testing.T) { servertest.OnAnyFlavour(t, testStreamsAndReplicas) }

func testStreamsAndReplicas(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	site := start(t, "DATABASE_URL="+primary, "MIGRATE=auto", "REGISTRATION=open", "API_LIMIT=100000/1m", "POST_LIMIT=1000/1h")
	if err := site.Stop(); err != nil {
		t.Fatal(err)
	}
	db.CatchUp(t)
	site.Set("DATABASE_REPLICA_URLS=" + strings.Join(replicas, ","))
	site.Start()
	ada, ben := servertest.NewClient(t, site.URL).SignUp("ada"), servertest.NewClient(t, site.URL).SignUp("ben")
	ben.Post("/@ada/follow").Want(200)
	app := ben.WithToken(ben.NewToken())
	lag := 2
	if servertest.All() {
		lag = 5
	}
	db.DelayBy(t, lag, db.Replicas...)
	inUse := func() int {
		logs := site.Logs()
		return strings.Count(logs, "a replica is in use") - strings.Count(logs, "a replica is not in use")
	}
	servertest.Eventually(t, "late replicas are read from", func() bool { return inUse() == 2 })
	stream := app.Lines("/api/v1/streaming/user")
	proven := 0
	for i := 0; proven < 4; i++ {
		servertest.Eventually(t, "late replicas are read from", func() bool { return inUse() == 2 })
		changes := strings.Count(site.Logs(), "a replica is")
		caption := fmt.Sprintf("Announced %d.", i)
		ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", caption)
		awaitLines(t, stream, caption)
		for range 6 {
			if a := app.Get("/api/v1/timelines/home"); !a.Holds(caption) {
				t.Errorf("%d: %s was announced and is not in the list: %.200s", a.Status, caption, a.Body)
			}
		}
		// A replica that was left meanwhile, as on a busy machine, makes it a round that proves nothing.
		if strings.Count(site.Logs(), "a replica is") == changes {
			proven++
		} else if i == 20 {
			t.Fatalf("only %d rounds had both replicas in use", proven)
		}
	}
}

// A page in view shows what others do, and comes back by itself when the site was away.
func livePage(t *testing.T, site stage) {
	servertest.Chromium(t)
	b := openBrowser(t)
	b.forgiveAway(site.URL)
	b.signUp(site.URL, "lara")
	ben, eve := site.join(t, "lev"), site.join(t, "liv")
	post := ben.PublishPhoto(phototest.JPEG(phototest.Options{Width: 300, Height: 200}), "caption", "For @lara to see")
	id := post.URL.Path[strings.LastIndexByte(post.URL.Path, '/')+1:]
	b.becomes(`document.querySelector('.nav .badge')?.textContent.trim() === '1 unread'`)

	b.run(chromedp.Navigate(site.URL + post.URL.Path))
	const counts = `[...document.querySelectorAll('.actions :is([data-act=like],[data-comment]) .n')].map((n) => n.textContent.trim()).join()`
	b.becomes(counts + ` === ','`)
	// Whether the page's stream is there already or not: it is first told how things are.
	eve.Post("/posts/"+id+"/like", "return", "/").Want(200)
	b.becomes(counts + ` === '1,'`)
	eve.Post("/posts/"+id+"/comments", "text", "So do I", "idempotency_key", "k1").Want(200)
	b.becomes(counts + ` === '1,1'`)

	// Bare of its streams for a moment, and then with more to tell.
	site.Stop()
	site.Start()
	eve.Post("/posts/"+id+"/unlike", "return", "/").Want(200)
	b.becomesWithin(4*time.Minute, counts+` === ',1'`) // the longer it was away, the later the page tries again
}

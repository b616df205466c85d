package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// One site goes up, a variable at a time, and down again, between restarts. Its database and its photos stay where
// they are, and with them all that was posted, at every step. Without TEST_ALL=1, TEST_SEED chooses where it stands and
// which variables move.
func TestUpAndDown(t *testing.T) {
	bases := []servertest.Rung{{}, {MySQL: true}, {MySQL: true, S3: true}}
	random := servertest.Random(t)
	if !servertest.All() {
		bases = bases[random.IntN(len(bases)):][:1]
	}
	for _, base := range bases {
		steps := []string{"web", "sessions", "cdn", "replicas", "cache", "queue", "worker"} // as the ladder has them
		if !base.MySQL {
			steps = []string{"sessions", "cdn", "cache", "queue"}
		}
		if !servertest.All() {
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			steps = steps[:3]
		}
		t.Run(base.String(), func(t *testing.T) { upAndDown(t, base, steps) })
	}
}

func upAndDown(t *testing.T, base servertest.Rung, steps []string) {
	s := stage{servertest.NewSite(t, base, "SIGNUP_LIMIT=100000/1h", "LOGIN_LIMIT=100000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m", "DRAIN_DELAY=0s")}
	una, ugo, nobody := s.join(t, "una"), s.join(t, "ugo"), s.visitor(t)
	ugo.Post("/@una/follow").Want(200)
	app := una.WithToken(una.NewToken())
	photo := phototest.JPEG(phototest.Options{Width: 900, Height: 600, GPS: true})
	var posts []string // captions to paths, in order
	paths := map[string]string{}
	post := func(caption string, pairs ...string) servertest.Answer {
		t.Helper()
		p := una.PublishPhoto(photo, append([]string{"caption", caption}, pairs...)...)
		posts = append(posts, caption)
		paths[caption] = p.URL.Path
		return p
	}
	private := post("For friends alone", "visibility", "followers").URL.Path

	// live does what people do, and leaves what the next step has to find.
	live := func(step string) (gone []string) {
		t.Helper()
		caption := "Posted " + step
		p := post(caption)
		id := p.URL.Path[strings.LastIndexByte(p.URL.Path, '/')+1:]
		ugo.Get(p.URL.Path).Want(200)
		ugo.Post("/posts/"+id+"/like", "return", p.URL.Path).Want(200)
		ugo.Post("/posts/"+id+"/comments", "text", "Seen "+step, "idempotency_key", "k-"+id).Want(200).Has("Seen " + step)
		// Its job runs before the restart, or after.
		short := una.PublishPhoto(photo, "caption", "Not for long")
		for _, u := range short.Photos() {
			address, err := url.Parse(u)
			if err != nil {
				t.Fatal(err)
			}
			gone = append(gone, address.Path)
		}
		una.Post("/posts/" + short.URL.Path[strings.LastIndexByte(short.URL.Path, '/')+1:] + "/delete").Want(200)
		return gone
	}
	// whole looks for everything that was left.
	whole := func(gone []string) {
		t.Helper()
		for _, caption := range posts {
			for _, m := range []*servertest.Client{una, ugo, nobody} {
				if paths[caption] == private && m == nobody {
					m.Get(private).Want(404).Lacks(caption)
					continue
				}
				p := m.Sees(paths[caption], caption)
				photos := p.Photos()
				if len(photos) < 3 {
					t.Errorf("%s has %d addresses of photos", caption, len(photos))
				}
				for _, u := range photos {
					m.Get(u).Want(200)
				}
			}
			if step, ok := strings.CutPrefix(caption, "Posted "); ok {
				una.Sees(paths[caption], "Seen "+step)
				id := paths[caption][strings.LastIndexByte(paths[caption], '/')+1:]
				app.Sees("/api/v1/statuses/"+id, `"favourites_count":1,`, `"replies_count":1,`)
			}
		}
		listed := app.Sees("/api/v1/timelines/home?limit=40", posts...)
		for _, caption := range posts {
			if n := strings.Count(listed.Body, caption); n != 1 {
				t.Errorf("%q is %d times among %d posts of the home timeline", caption, n, len(posts))
			}
		}
		servertest.Eventually(t, "the photos of what was deleted go", func() bool {
			return !slices.ContainsFunc(gone, func(path string) bool { return nobody.Get(path).Status != http.StatusNotFound })
		})
	}

	gone := live("at first")
	whole(gone)
	gone = live("before the first step")
	move := func(name, step string, value int) {
		t.Helper()
		next := s.Rung
		for _, w := range switches {
			if w.name == name {
				w.set(&next, value)
			}
		}
		t.Logf("%s: %s", step, next)
		s.Move(next)
		for _, m := range []*servertest.Client{una, app, ugo, nobody} {
			m.Site, m.Late = s.URL, s.late()
		}
		for _, m := range []*servertest.Client{una, ugo} {
			p := m.Get("/settings").Want(200)
			// Sessions do not move with their store: one logs in again. Nothing else ends them.
			if again := p.URL.Path == "/login"; again != (name == "sessions") {
				t.Errorf("%s: %s is at %s", step, m.Name, p.URL)
			}
			if p.URL.Path == "/login" {
				m.Post("/login", append(p.Hidden(), "name", m.Name, "password", password)...).Want(200)
				m.Get("/settings").Want(200).Has(m.Name)
			}
		}
		whole(gone)
		gone = live(step)
		whole(nil)
	}
	for _, name := range steps {
		move(name, fmt.Sprintf("with %s", name), 1)
	}
	slices.Reverse(steps)
	for _, name := range steps {
		move(name, fmt.Sprintf("without %s", name), 0)
	}
	if s.Rung != base {
		t.Errorf("ended on %s", s.Rung)
	}
	whole(gone)
}

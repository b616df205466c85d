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
	random := random(t)
	if !all() {
		bases = bases[random.IntN(len(bases)):][:1]
	}
	for _, base := range bases {
		steps := []string{"web", "sessions", "cdn", "replicas", "cache", "queue", "worker"} // as the ladder has them
		if !base.MySQL {
			steps = []string{"sessions", "cdn", "cache", "queue"}
		}
		if !all() {
			random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
			steps = steps[:3]
		}
		t.Run(base.String(), func(t *testing.T) { upAndDown(t, base, steps) })
	}
}

func upAndDown(t *testing.T, base servertest.Rung, steps []string) {
	s := stage{servertest.NewSite(t, base, "SIGNUP_LIMIT=100000/1h", "LOGIN_LIMIT=100000/1h", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "API_LIMIT=10000000/1m", "DRAIN_DELAY=0s")}
	una, ugo, nobody := s.join(t, "una"), s.join(t, "ugo"), s.visitor(t)
	ugo.post("/@una/follow").want(200)
	token := una.token()
	photo := phototest.JPEG(phototest.Options{Width: 900, Height: 600, GPS: true})
	var posts []string // captions to paths, in order
	paths := map[string]string{}
	post := func(caption string, pairs ...string) page {
		t.Helper()
		p := una.postPhoto(photo, append([]string{"caption", caption}, pairs...)...)
		posts = append(posts, caption)
		paths[caption] = p.url.Path
		return p
	}
	private := post("For friends alone", "visibility", "followers").url.Path

	// live does what people do, and leaves what the next step has to find.
	live := func(step string) (gone []string) {
		t.Helper()
		caption := "Posted " + step
		p := post(caption)
		id := p.url.Path[strings.LastIndexByte(p.url.Path, '/')+1:]
		ugo.get(p.url.Path).want(200)
		ugo.post("/posts/"+id+"/like", "return", p.url.Path).want(200)
		ugo.post("/posts/"+id+"/comments", "text", "Seen "+step, "idempotency_key", "k-"+id).want(200).has("Seen " + step)
		// Its job runs before the restart, or after.
		short := una.postPhoto(photo, "caption", "Not for long")
		for _, u := range short.media() {
			address, err := url.Parse(u)
			if err != nil {
				t.Fatal(err)
			}
			gone = append(gone, address.Path)
		}
		una.post("/posts/" + short.url.Path[strings.LastIndexByte(short.url.Path, '/')+1:] + "/delete").want(200)
		return gone
	}
	// whole looks for everything that was left.
	whole := func(gone []string) {
		t.Helper()
		for _, caption := range posts {
			for _, m := range []*member{una, ugo, nobody} {
				if paths[caption] == private && m == nobody {
					m.get(private).want(404).lacks(caption)
					continue
				}
				p := m.sees(paths[caption], caption)
				photos := p.media()
				if len(photos) < 3 {
					t.Errorf("%s has %d addresses of photos", caption, len(photos))
				}
				for _, u := range photos {
					m.get(u).want(200)
				}
			}
			if step, ok := strings.CutPrefix(caption, "Posted "); ok {
				una.sees(paths[caption], "Seen "+step)
				id := paths[caption][strings.LastIndexByte(paths[caption], '/')+1:]
				una.seesWithToken(token, "/api/v1/statuses/"+id, `"favourites_count":1,`, `"replies_count":1,`)
			}
		}
		listed := una.seesWithToken(token, "/api/v1/timelines/home?limit=40", posts...)
		for _, caption := range posts {
			if n := strings.Count(listed.body, caption); n != 1 {
				t.Errorf("%q is %d times among %d posts of the home timeline", caption, n, len(posts))
			}
		}
		eventually(t, "the photos of what was deleted go", func() bool {
			return !slices.ContainsFunc(gone, func(path string) bool { return nobody.get(path).status != http.StatusNotFound })
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
		for _, m := range []*member{una, ugo, nobody} {
			m.site, m.late = s.URL, s.late()
		}
		for _, m := range []*member{una, ugo} {
			p := m.get("/settings").want(200)
			// Sessions do not move with their store: one logs in again. Nothing else ends them.
			if again := p.url.Path == "/login"; again != (name == "sessions") {
				t.Errorf("%s: %s is at %s", step, m.name, p.url)
			}
			if p.url.Path == "/login" {
				m.post("/login", append(hidden(p), "name", m.name, "password", password)...).want(200)
				m.get("/settings").want(200).has(m.name)
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

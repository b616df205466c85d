package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A process, web or worker, is killed in the middle of uploads and posts, again and again: whatever was acknowledged
// is whole after the restart, nothing is half there or there twice. TEST_SEED says which and at which moments; at
// rung 0, TEST_ALL=1 kills fifty times.
func kills(t *testing.T, site stage) {
	rounds := 4
	if site.Rung == (servertest.Rung{}) {
		if rounds = 6; servertest.All() {
			rounds = 50
		}
	}
	if testing.Short() {
		rounds = 2
	}
	random := servertest.Random(t)
	ada := site.join(t, "kay")
	files := make([][]byte, 4)
	for i := range files {
		files[i] = phototest.JPEG(phototest.Options{Width: 1400, Height: 900, Seed: int64(i), Detail: true})
	}

	var mu sync.Mutex
	posts := map[string]string{} // caption to address, acknowledged
	tried := map[string]int{}
	for round := range rounds {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for worker := range 2 {
			wg.Go(func() {
				// Each worker is a browser of its own, so that drafts stay apart.
				m := site.visitor(t)
				m.Patience = 15 * time.Second // the photo of a worker that was killed takes longer
				name := fmt.Sprintf("w%dr%d", worker, round)
				if m.TrySignUp(name) != nil {
					return
				}
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					u, err := m.Upload("p.jpg", files[(i+worker)%len(files)])
					if err != nil {
						return
					}
					if u.State == "refused" {
						t.Errorf("a good photo was refused: %s", u.Error)
						return
					}
					caption := fmt.Sprintf("post %s %d", name, i)
					p := m.Try(servertest.Form("/compose", "idempotency_key", strings.ReplaceAll(caption, " ", ""), "visibility", "public", "licence", "cc0-1.0", "caption", caption))
					mu.Lock()
					tried[caption]++
					if p.Err == nil && p.Status == 200 && strings.HasPrefix(p.URL.Path, "/@"+name+"/") {
						posts[caption] = p.URL.Path
					}
					mu.Unlock()
					if p.Err != nil {
						return
					}
				}
			})
		}
		time.Sleep(time.Duration(200+random.IntN(1500)) * time.Millisecond) // at any moment
		if round == rounds-1 {                                              // however slow the machine is
			servertest.Eventually(t, "a post is acknowledged", func() bool {
				mu.Lock()
				defer mu.Unlock()
				return len(posts) > 0
			})
		}
		processes := site.Processes()
		processes[random.IntN(len(processes))].Kill()
		close(stop)
		wg.Wait()
		site.Start()
	}
	t.Logf("%d posts acknowledged", len(posts))

	nobody := site.visitor(t)
	for caption, path := range posts {
		p := nobody.Get(path).Want(200).Has(caption)
		urls := p.Photos()
		if len(urls) < 4 {
			t.Errorf("%s has %d variants", path, len(urls))
		}
		for _, u := range urls {
			nobody.Get(u).Want(200)
		}
	}
	// What is listed is whole, whether its answer arrived or not, and there once.
	seen := map[string]bool{}
	address := regexp.MustCompile(`href="(/@w\d+r\d+/\d+)"`)
	servertest.Eventually(t, fmt.Sprintf("all %d posts are listed", len(posts)), func() bool {
		for path := "/explore"; path != ""; {
			p := nobody.Get(path).Want(200)
			for _, m := range address.FindAllStringSubmatch(p.Body, -1) {
				seen[m[1]] = true
			}
			path = older(p)
		}
		for _, path := range posts {
			if !seen[path] {
				return false
			}
		}
		return true
	})
	captions := map[string]bool{}
	for path := range seen {
		p := nobody.Get(path).Want(200)
		for _, u := range p.Photos() {
			nobody.Get(u).Want(200)
		}
		caption := regexp.MustCompile(`post w\d+r\d+ \d+`).FindString(p.Text())
		if captions[caption] {
			t.Errorf("%q was posted twice", caption)
		}
		captions[caption] = true
	}
	if dir := site.MediaDir(); dir != "" {
		leftovers(t, dir)
	}
	ada.Get("/settings").Want(200).Has("kay")
}

var olderLink = regexp.MustCompile(`rel="next"[^>]*href="([^"]+)"`)

func older(p servertest.Answer) string {
	m := olderLink.FindStringSubmatch(p.Body)
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(m[1], "&amp;", "&")
}

// leftovers finds temporary files that nobody will finish.
func leftovers(t testing.TB, dir string) {
	t.Helper()
	servertest.Eventually(t, "temporary files are swept", func() bool {
		found := ""
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.Contains(filepath.Base(path), "tmp") {
				found = path
			}
			return err
		})
		return err == nil && found == ""
	})
}

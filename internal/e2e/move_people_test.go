package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// An artist does what members do, in turn, by the API, and reads each time what came of it.
type artist struct {
	*mover
	other string // whom this one follows, likes and answers: the id of the account
	post  string // and the id of a post of that one

	words    []string          // of the posts that were acknowledged
	ids      map[string]string // of those posts, by their words
	answers  []string          // the words of the comments
	marks    []*mark           // what is set and taken back, in turn
	marked   int               // how often
	edits    int
	uploaded int
}

// A mark is something that a member sets and takes back.
type mark struct {
	set, unset servertest.Request
	read       string    // where it shows
	is         [2]string // and as what, where it is not set and where it is
	on         bool
}

// shown is how it has to show.
func (m *mark) shown() string {
	if m.on {
		return m.is[1]
	}
	return m.is[0]
}

// marksOf are those of a member who has an own post, looks at another's post, and follows somebody who is in a list.
func marksOf(own, post, other, followed, list string) []*mark {
	form := servertest.Form
	posts, accounts, in := "/api/v1/statuses/", "/api/v1/accounts/", "/api/v1/lists/"+list+"/accounts"
	relation := accounts + "relationships?id[]="
	of := func(at, do, undo, read, is string) *mark {
		return &mark{set: form(at + do), unset: form(at + undo), read: read, is: [2]string{`"` + is + `":false`, `"` + is + `":true`}}
	}
	return []*mark{
		of(posts+post, "/favourite", "/unfavourite", posts+post, "favourited"),
		of(posts+post, "/reblog", "/unreblog", posts+post, "reblogged"),
		of(posts+post, "/bookmark", "/unbookmark", posts+post, "bookmarked"),
		of(posts+own, "/mute", "/unmute", posts+own, "muted"),
		of(posts+own, "/pin", "/unpin", posts+own, "pinned"),
		of(accounts+other, "/follow", "/unfollow", relation+other, "following"),
		of(accounts+followed, "/mute", "/unmute", relation+followed, "muting"),
		of("/api/v1/tags/before", "/follow", "/unfollow", "/api/v1/tags/before", "following"),
		{set: form(in, "account_ids[]", followed), unset: form(in, "account_ids[]", followed).As(http.MethodDelete), read: accounts + followed + "/lists", is: [2]string{"[]", `"id":"` + list + `"`}},
	}
}

// own asks for the entity, which must be as wanted.
func (a *artist) own(path string, parts ...string) error {
	got, err := a.ask(servertest.Read(path))
	if err == nil && !got.Holds(parts...) {
		err = fmt.Errorf("GET %s as %s lacks one of %q: %.500s", path, a.Name, parts, got.Body)
	}
	return err
}

// acts does one of the things, and reads it again.
func (a *artist) acts() error {
	a.n++
	words := fmt.Sprintf("word%s%05dz", a.Name, a.n)
	begin := time.Now()
	wrote := func() {
		if !a.slow.Recently() { // nor came again, as it was asked to
			a.longest = max(a.longest, time.Since(begin))
		}
	}
	switch a.n % 5 {
	case 1: // posts a photo
		up, err := a.ask(servertest.File("/api/v1/media", "file", phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: int64(a.n)})))
		if err != nil {
			return err
		}
		a.uploaded++
		begin = time.Now()
		got, err := a.ask(servertest.Form("/api/v1/statuses", "status", words, "media_ids[]", up.ID()).With("Idempotency-Key", words))
		if err != nil {
			return err
		}
		wrote()
		a.words, a.ids[words] = append(a.words, words), got.ID()
		return a.own("/api/v1/statuses/"+got.ID(), words, `"preview_url":"`)
	case 2: // changes the newest one
		last := a.words[len(a.words)-1]
		a.edits++
		edited := fmt.Sprintf("%s edit%d", last, a.edits)
		if _, err := a.ask(servertest.Form("/api/v1/statuses/"+a.ids[last], "status", edited).As(http.MethodPut)); err != nil {
			return err
		}
		wrote()
		return a.own("/api/v1/statuses/"+a.ids[last], edited)
	case 3, 4: // likes, boosts, follows and so on, or no longer
		m := a.marks[a.marked%len(a.marks)]
		a.marked++
		m.on = !m.on
		q := m.unset
		if m.on {
			q = m.set
		}
		if _, err := a.ask(q); err != nil {
			return err
		}
		wrote()
		return a.own(m.read, m.shown())
	}
	// Answers.
	got, err := a.ask(servertest.Form("/api/v1/statuses", "status", words, "in_reply_to_id", a.post).With("Idempotency-Key", words))
	if err != nil {
		return err
	}
	wrote()
	a.answers = append(a.answers, words)
	return a.own("/api/v1/statuses/"+got.ID(), words)
}

// whole looks everything up that was acknowledged: it is there, and once.
func (a *artist) whole(id string) error {
	var captions []string
	for most := ""; ; {
		got, err := a.ask(servertest.Read("/api/v1/accounts/" + id + "/statuses?exclude_replies=true&exclude_reblogs=true&limit=40" + most))
		if err != nil {
			return err
		}
		var page []servertest.Status
		if err := json.Unmarshal([]byte(got.Body), &page); err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, s := range page {
			captions = append(captions, s.Content)
			if len(s.Media) != 1 {
				return fmt.Errorf("%s has %d photos", s.Content, len(s.Media))
			}
			if photo, err := a.ask(servertest.Read(s.Media[0].URL)); err != nil || !strings.HasPrefix(photo.Body, "\xff\xd8") {
				return fmt.Errorf("the photo of %s: %w", s.Content, err)
			}
		}
		most = "&max_id=" + page[len(page)-1].ID
	}
	there := strings.Join(captions, "\n")
	for _, w := range a.words {
		if n := strings.Count(there, w); n != 1 {
			return fmt.Errorf("%s is %d times among the posts of %s", w, n, a.Name)
		}
	}
	if len(captions) != len(a.words)+1 { // and the one before all
		return fmt.Errorf("%s has %d posts, and %d were acknowledged", a.Name, len(captions), len(a.words)+1)
	}
	thread, err := a.ask(servertest.Read("/api/v1/statuses/" + a.post + "/context"))
	if err != nil {
		return err
	}
	for _, w := range a.answers {
		if n := strings.Count(thread.Body, w); n != 1 {
			return fmt.Errorf("the answer %s of %s is there %d times", w, a.Name, n)
		}
	}
	for _, m := range a.marks {
		if err := a.own(m.read, m.shown()); err != nil {
			return err
		}
	}
	return nil
}

// People upload, post, edit, answer, and set every kind of mark while the database moves to a server and back to a file, and somebody
// listens to a stream all the time: no request fails, the stream goes on and tells of each post once, and all of it is
// there in the end, once.
func TestPeopleAtWorkWhileTheDatabaseMoves(t *testing.T) {
	servertest.OneOf(t, 1, 3)
	server := servertest.AnyFlavour(t).Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	site := servertest.NewTintype(t, "API_LIMIT=1000000/5m", "UPLOAD_LIMIT=100000/1h", "POST_LIMIT=100000/1h", "SIGNUP_LIMIT=1000/1h", "MIGRATE=auto")
	file, other := "sqlite:"+filepath.Join(site.DataDir, "tintype.db"), server.NewDatabase(t)
	site.Set("DATABASE_NEXT=" + other)
	site.Start()
	slow := servertest.WatchSlow(t)
	artists := make([]*artist, 2)
	accounts, posts := make([]string, 2), make([]string, 2)
	for i := range artists {
		c := servertest.NewClient(t, site.URL).SignUpByToken(fmt.Sprintf("artist%d", i))
		artists[i] = &artist{mover: &mover{Client: c, slow: slow}, ids: map[string]string{}}
		accounts[i] = c.Get("/api/v1/accounts/verify_credentials").Want(http.StatusOK).ID()
		posts[i] = c.PostPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: int64(i)}), "#before every move").ID
	}
	listener := servertest.NewClient(t, site.URL).SignUpByToken("listener")
	listens := listener.Get("/api/v1/accounts/verify_credentials").Want(http.StatusOK).ID()
	for i, a := range artists {
		a.other, a.post = accounts[1-i], posts[1-i]
		listener.Post("/api/v1/accounts/" + accounts[i] + "/follow").Want(http.StatusOK)
		a.Post("/api/v1/accounts/" + listens + "/follow").Want(http.StatusOK)
		list := a.Post("/api/v1/lists", "title", "Listeners").Want(http.StatusOK).ID()
		a.marks = marksOf(posts[i], a.post, a.other, listens, list)
	}
	stream := listener.Lines("/api/v1/streaming/user")
	var mu sync.Mutex
	heard := map[string]int{} // of posts in updates, by their words
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		event := ""
		for line := range stream {
			if name, is := strings.CutPrefix(line, "event: "); is {
				event = name
			} else if at := strings.Index(line, "wordartist"); at >= 0 && event == "update" {
				mu.Lock()
				heard[line[at:at+len("wordartist000000z")]]++
				mu.Unlock()
			}
		}
	}()

	work := func(during func()) {
		t.Helper()
		quit := make(chan struct{})
		var wg sync.WaitGroup
		for _, a := range artists {
			wg.Go(func() {
				for more := 10; more > 0; { // some more, in the place where the site is then
					select {
					case <-quit:
						more--
					case <-time.After(20 * time.Millisecond):
					}
					if err := a.acts(); err != nil {
						t.Errorf("%s, act %d: %v", a.Name, a.n, err)
						return
					}
				}
			})
		}
		during()
		close(quit)
		wg.Wait()
	}
	for _, args := range [][]string{{"move", "database"}, {"move", "back", "database", "--empty=" + file}} {
		work(func() {
			if out, stderr, err := site.Command(args...); err != nil {
				t.Errorf("%q: %v: %s%s", args, err, out, stderr)
			}
		})
		if t.Failed() {
			return
		}
	}
	uploaded, edits, marked := 0, 0, 0
	for i, a := range artists {
		if err := a.whole(accounts[i]); err != nil {
			t.Error(err)
		}
		servertest.WaitedAtMost(t, a.longest)
		uploaded, edits, marked = uploaded+a.uploaded, edits+a.edits, marked+a.marked
		t.Logf("%s did %d things, the longest write took %v", a.Name, a.n, a.longest)
	}
	if uploaded < 10 || edits < 10 || marked < 4*len(artists[0].marks) {
		t.Errorf("%d uploads, %d edits and %d marks only", uploaded, edits, marked)
	}
	words := slices.Concat(artists[0].words, artists[1].words)
	servertest.Within(t, time.Minute, "the stream tells of every post", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return !slices.ContainsFunc(words, func(w string) bool { return heard[w] == 0 })
	})
	mu.Lock()
	defer mu.Unlock()
	for w, n := range heard {
		if n != 1 {
			t.Errorf("the stream told %d times of %s", n, w)
		}
	}
	select {
	case <-ended:
		t.Error("the stream ended")
	default:
	}
}

package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A made is one post or comment that somebody tried to make.
type made struct {
	words        string // in its caption, and in no other's
	by           *client
	id           string // "" if the site has not told
	acknowledged bool
	photo        bool
}

// A place is a post that everybody may see, with room for comments.
type place struct {
	id, path string
	comments int
}

// A load is all users of the site.
type load struct {
	record *record
	site   string
	run    string // is in the words of this run's posts
	photos [][]byte

	mu     sync.Mutex
	made   []*made
	places []*place

	cookies, tokens []*client // all members
}

func newLoad(r *record, site string) *load {
	l := &load{record: r, site: site, run: strings.ToLower(rand.Text()[:8])}
	for seed := range 4 {
		l.photos = append(l.photos, phototest.JPEG(phototest.Options{Width: 640, Height: 480, Seed: int64(seed)}))
	}
	return l
}

// How many there are of each. A reader asks for one page at a time; a writer writes and reads what came of it.
const (
	visitorCount       = 5
	memberReaderCount  = 6
	clientReaderCount  = 4
	memberPosterCount  = 3
	clientPosterCount  = 3
	memberUploaders    = 1
	clientUploaders    = 1
	requestsOfAPoster  = 2.3
	requestsOfUploader = 4
)

// The shares of all requests that each kind makes.
const (
	visitorShare  = .28
	memberShare   = .28
	clientShare   = .20
	posterShare   = .18 // each half of it
	uploaderShare = .06
)

// start signs everybody up, has some photos posted, and returns what has them all use the site, rate requests a second
// in all, until ctx ends.
func (l *load) start(rate float64) (run func(ctx context.Context), err error) {
	number := 0
	next := func() *client { number++; return newClient(l.record, l.site, number) }
	member := func(name string) *client {
		c := next()
		if err == nil {
			err = c.TrySignUp(name)
		}
		l.cookies = append(l.cookies, c)
		return c
	}
	client := func(name string) *client {
		c := next()
		if err == nil {
			err = c.TrySignUpByToken(name)
		}
		l.tokens = append(l.tokens, c)
		return c
	}
	type worker struct {
		step  func()
		every time.Duration
	}
	var workers []worker
	add := func(step func(), requests, share float64, of int) {
		workers = append(workers, worker{step, time.Duration(float64(time.Second) * requests * float64(of) / (share * rate))})
	}
	for n := range memberUploaders {
		c := member(fmt.Sprintf("cam%d", n))
		add(func() { l.upload(c) }, requestsOfUploader, uploaderShare/2, memberUploaders)
	}
	for n := range clientUploaders {
		c := client(fmt.Sprintf("tele%d", n))
		add(func() { l.uploadByToken(c) }, requestsOfUploader, uploaderShare/2, clientUploaders)
	}
	for n := range memberPosterCount {
		c := member(fmt.Sprintf("pen%d", n))
		add(func() { l.comment(c) }, requestsOfAPoster, posterShare/2, memberPosterCount)
	}
	for n := range clientPosterCount {
		c := client(fmt.Sprintf("app%d", n))
		add(func() { l.commentByToken(c) }, requestsOfAPoster, posterShare/2, clientPosterCount)
	}
	for range visitorCount {
		c := next()
		add(func() { l.visit(c) }, 1, visitorShare, visitorCount)
	}
	for n := range memberReaderCount {
		c := member(fmt.Sprintf("eye%d", n))
		add(func() { l.read(c) }, 1, memberShare, memberReaderCount)
	}
	for n := range clientReaderCount {
		c := client(fmt.Sprintf("lens%d", n))
		add(func() { l.readByToken(c) }, 1, clientShare, clientReaderCount)
	}
	if err != nil {
		return nil, err
	}
	for range 4 {
		l.upload(l.cookies[0])
		l.uploadByToken(l.tokens[0])
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.places) != 8 {
		return nil, fmt.Errorf("of 8 posts before the load, %d were made", len(l.places))
	}
	return func(ctx context.Context) {
		var wg sync.WaitGroup
		for _, w := range workers {
			wg.Go(func() {
				for pause := time.Duration(mrand.Int64N(int64(w.every))); ; {
					select {
					case <-ctx.Done():
						return
					case <-time.After(pause):
					}
					start := time.Now()
					w.step()
					// Between half and one and a half of the time, less what the step took: nobody catches up.
					pause = max(w.every/2+time.Duration(mrand.Int64N(int64(w.every)))-time.Since(start), 0)
				}
			})
		}
		wg.Wait()
	}, nil
}

// new notes that somebody is about to make a post.
func (l *load) new(by *client, photo bool) *made {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &made{words: fmt.Sprintf("%s%06dz", l.run, len(l.made)), by: by, photo: photo}
	l.made = append(l.made, m)
	return m
}

// known notes that it was acknowledged.
func (l *load) known(m *made, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m.acknowledged, m.id = true, id
	if m.photo {
		l.places = append(l.places, &place{id: id, path: "/@" + m.by.Name + "/" + id})
	}
}

// any is one of the newest posts.
func (l *load) any() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.places[len(l.places)-1-mrand.IntN(min(len(l.places), 20))]
}

// room returns the post with the fewest comments, so that they stay on one page of it.
func (l *load) room() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	best := l.places[len(l.places)-1]
	for _, p := range l.places {
		if p.comments < best.comments {
			best = p
		}
	}
	best.comments++
	return *best
}

func pick(paths ...string) string { return paths[mrand.IntN(len(paths))] }

func (l *load) visit(c *client) {
	p := l.any()
	c.get(visitorReads, pick(p.path, p.path, "/explore", "/@cam0", "/", "/api/v1/timelines/public", "/api/v1/statuses/"+p.id, "/api/v1/statuses/"+p.id+"/context"))
}

func (l *load) read(c *client) {
	p := l.any()
	c.get(memberReads, pick("/", p.path, p.path, "/explore", "/notifications", "/settings", "/@tele0"))
}

func (l *load) readByToken(c *client) {
	p := l.any()
	c.get(clientReads, pick("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/notifications", "/api/v1/accounts/verify_credentials",
		"/api/v1/statuses/"+p.id, "/api/v1/statuses/"+p.id+"/context"))
}

// insist sends a request until it succeeds, or is refused for good, or patience ends. With an idempotency key in it,
// that is what a person or an application does whose post went astray.
func (l *load) insist(c *client, k kind, q servertest.Request, want ...int) (servertest.Answer, bool) {
	end := time.Now().Add(patience)
	for {
		a, ok := c.ask(k, q, want...)
		if ok || (a.Status >= 400 && a.Status < 500) || time.Now().After(end) {
			return a, ok
		}
		time.Sleep(again)
	}
}

// readOwn reads after a write, through the balancer and so on any instance, until there is an answer: it has to know
// of the write.
func (l *load) readOwn(c *client, path, what string, knows func(body string) bool) {
	end := time.Now().Add(patience)
	for {
		a, ok := c.ask(ownReads, servertest.Read(path), http.StatusOK, http.StatusNotFound)
		if ok {
			if a.Status != http.StatusOK || !knows(a.Body) {
				l.record.incident(stale, "GET %s as %s does not know of %s (status %d)", path, c.Name, what, a.Status)
			}
			return
		}
		if time.Now().After(end) {
			return
		}
		time.Sleep(again)
	}
}

func has(words string) func(string) bool {
	return func(body string) bool { return strings.Contains(body, words) }
}

// comment is a member at a form.
func (l *load) comment(c *client) {
	p := l.room()
	m := l.new(c, false)
	a, ok := l.insist(c, writes, servertest.Form("/posts/"+p.id+"/comments", "text", m.words, "idempotency_key", rand.Text()), http.StatusSeeOther)
	if !ok {
		return
	}
	_, id, _ := strings.Cut(a.Header.Get("Location"), "#c-")
	l.known(m, id)
	l.readOwn(c, p.path, m.words, has(m.words))
	if mrand.IntN(4) > 0 {
		return
	}
	// A like has no key: liking twice is liking.
	act, shows := "like", "unlike"
	if mrand.IntN(2) == 0 {
		act, shows = shows, act
	}
	if _, ok := l.insist(c, writes, servertest.Form("/posts/"+p.id+"/"+act, "return", p.path), http.StatusSeeOther); ok {
		l.readOwn(c, p.path, "the "+act, has(`action="/posts/`+p.id+"/"+shows+`"`))
	}
}

// commentByToken is an application.
func (l *load) commentByToken(c *client) {
	p := l.room()
	m := l.new(c, false)
	q := servertest.Form("/api/v1/statuses", "status", m.words, "in_reply_to_id", p.id)
	q.Header = []string{"Idempotency-Key", rand.Text()}
	a, ok := l.insist(c, writes, q, http.StatusOK)
	if !ok {
		return
	}
	id := a.ID()
	l.known(m, id)
	l.readOwn(c, pick("/api/v1/statuses/"+id, "/api/v1/statuses/"+p.id+"/context"), m.words, has(m.words))
	switch mrand.IntN(6) {
	case 0:
		act, shows := "favourite", "true"
		if mrand.IntN(2) == 0 {
			act, shows = "unfavourite", "false"
		}
		if _, ok := l.insist(c, writes, servertest.Form("/api/v1/statuses/"+p.id+"/"+act), http.StatusOK); ok {
			l.readOwn(c, "/api/v1/statuses/"+p.id, "the "+act, has(`"favourited":`+shows))
		}
	case 1:
		name := "Now " + m.words
		q := servertest.Form("/api/v1/accounts/update_credentials", "display_name", name)
		q.Method = http.MethodPatch
		if _, ok := l.insist(c, writes, q, http.StatusOK); ok {
			l.readOwn(c, "/api/v1/accounts/verify_credentials", name, has(name))
		}
	}
}

// upload is a member with a photo, and a page whose script sends it.
func (l *load) upload(c *client) {
	file := servertest.File("/compose/photos", "photos", l.photos[mrand.IntN(len(l.photos))])
	file.Header = []string{"Accept", "application/json"}
	if _, ok := l.insist(c, uploads, file, http.StatusOK); !ok {
		return
	}
	m := l.new(c, true)
	a, ok := l.insist(c, writes, servertest.Form("/compose", "idempotency_key", rand.Text(), "visibility", "public", "licence", "cc0-1.0", "caption", m.words), http.StatusSeeOther)
	if !ok {
		if a.Status == http.StatusUnprocessableEntity {
			l.record.incident(lost, "an upload of %s that was acknowledged cannot be posted: %s", c.Name, excerpt(a.Body))
		}
		return
	}
	path := a.Header.Get("Location")
	l.known(m, path[strings.LastIndexByte(path, '/')+1:])
	l.readOwn(c, path, m.words, has(m.words))
	l.readOwn(c, "/@"+c.Name, m.words, has(path))
}

// uploadByToken is an application with a photo.
func (l *load) uploadByToken(c *client) {
	a, ok := l.insist(c, uploads, servertest.File("/api/v2/media", "file", l.photos[mrand.IntN(len(l.photos))]), http.StatusOK, http.StatusAccepted)
	if !ok {
		return
	}
	photo := a.ID()
	m := l.new(c, true)
	q := servertest.Form("/api/v1/statuses", "status", m.words, "media_ids[]", photo)
	q.Header = []string{"Idempotency-Key", rand.Text()}
	a, ok = l.insist(c, writes, q, http.StatusOK)
	if !ok {
		if a.Status == http.StatusUnprocessableEntity {
			l.record.incident(lost, "an upload of %s that was acknowledged cannot be posted: %s", c.Name, excerpt(a.Body))
		}
		return
	}
	id := a.ID()
	l.known(m, id)
	l.readOwn(c, "/api/v1/statuses/"+id, m.words, has(m.words))
	l.readOwn(c, "/api/v1/timelines/home", m.words, has(m.words))
}

// excerpt is the beginning of an answer, on one line.
func excerpt(body string) string {
	text := strings.Join(strings.Fields(body), " ")
	return text[:min(len(text), 300)]
}

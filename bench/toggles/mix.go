package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tintype/bench/rig"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// A crowd reads and now and then writes: half of it members by cookie, half applications by token.
type crowd struct {
	people []*servertest.Client
	posts  []string // their ids, all of the first application
	author string
}

const (
	patience = 30 * time.Second
	writesOf = 20 // one of so many requests writes
	mixPosts = 24
)

var photo = phototest.JPEG(phototest.Options{Width: 640, Height: 480, Seed: 1})

// newCrowd signs people up and posts photos.
func newCrowd(site string, people int) (*crowd, error) {
	c := &crowd{author: "app0"}
	for n := range people {
		p := rig.NewClient(site, patience)
		var err error
		if n%2 == 0 {
			err = p.TrySignUpByToken(fmt.Sprintf("app%d", n))
		} else {
			err = p.TrySignUp(fmt.Sprintf("eye%d", n))
		}
		if err != nil {
			return nil, err
		}
		c.people = append(c.people, p)
	}
	for n := range mixPosts {
		id, err := postPhoto(c.people[0], photo, fmt.Sprintf("photo %d of the mix", n))
		if err != nil {
			return nil, err
		}
		c.posts = append(c.posts, id)
	}
	return c, nil
}

// postPhoto uploads and posts by token, and returns the post's id.
func postPhoto(p *servertest.Client, photo []byte, caption string) (string, error) {
	a, err := p.Must(http.StatusOK, servertest.File("/api/v2/media", "file", photo))
	if err != nil {
		return "", err
	}
	a, err = p.Must(http.StatusOK, servertest.Form("/api/v1/statuses", "status", caption, "media_ids[]", a.ID()))
	return a.ID(), err
}

// use has everybody ask once a second, on average, and returns how many requests were made. More than one in a hundred
// that fails is an error.
func (c *crowd) use(length time.Duration) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), length)
	defer cancel()
	var asked, failed atomic.Int64
	var first atomic.Pointer[error]
	var wg sync.WaitGroup
	for _, p := range c.people {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-time.After(time.Duration(mrand.Int64N(int64(2 * time.Second)))):
				}
				q, want := c.request(p)
				asked.Add(1)
				if _, err := p.Must(want, q); err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if failed.Load() > asked.Load()/100 {
		return 0, fmt.Errorf("%d of %d requests failed, such as %w", failed.Load(), asked.Load(), *first.Load())
	}
	return int(asked.Load()), nil
}

func (c *crowd) request(p *servertest.Client) (servertest.Request, int) {
	id := c.posts[mrand.IntN(len(c.posts))]
	write := mrand.IntN(writesOf) == 0
	pick := func(paths ...string) servertest.Request { return servertest.Read(paths[mrand.IntN(len(paths))]) }
	switch {
	case write && p.Token != "" && mrand.IntN(2) == 0:
		return servertest.Form("/api/v1/statuses", "status", "a word "+rand.Text(), "in_reply_to_id", id), http.StatusOK
	case write && p.Token != "":
		return servertest.Form("/api/v1/statuses/" + id + "/favourite"), http.StatusOK
	case write:
		return servertest.Form("/posts/"+id+"/like", "return", "/"), http.StatusSeeOther
	case p.Token != "":
		return pick("/api/v1/timelines/home", "/api/v1/timelines/public", "/api/v1/statuses/"+id, "/api/v1/statuses/"+id+"/context", "/api/v1/notifications"), http.StatusOK
	}
	return pick("/", "/explore", "/@"+c.author, "/@"+c.author+"/"+id, "/notifications"), http.StatusOK
}

// A cost is what was spent.
type cost struct {
	web, worker time.Duration
	statements  int
}

func (c cost) minus(o cost) cost {
	return cost{c.web - o.web, c.worker - o.worker, c.statements - o.statements}
}

// spent is what a site's processes and its database have spent so far.
func spent(t *rig.T, s *servertest.Site) (c cost, err error) {
	for _, i := range s.Web {
		c.web += rig.CPU(t, i.PID())
	}
	if s.Worker != nil {
		c.worker = rig.CPU(t, s.Worker.PID())
	}
	for _, m := range append([]*servertest.DatabaseServer{s.Database.Primary}, s.Database.Replicas...) {
		text, err := m.Value("SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'QUESTIONS'")
		if err != nil {
			return c, err
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return c, err
		}
		c.statements += n
	}
	return c, nil
}

// A round is the mix on so many instances.
type round struct {
	web             int
	requests        int
	used            cost
	rest            cost // as long as the mix, with nobody there
	length, resting time.Duration
}

func measureRound(t *rig.T, s *servertest.Site, c *crowd, length time.Duration) (r round, err error) {
	if _, err := c.use(length / 5); err != nil { // warm
		return r, err
	}
	r = round{web: len(s.Web), length: length, resting: length / 2}
	measure := func(f func() error) (cost, error) {
		before, err := spent(t, s)
		if err == nil {
			err = f()
		}
		if err != nil {
			return cost{}, err
		}
		after, err := spent(t, s)
		return after.minus(before), err
	}
	if r.used, err = measure(func() (err error) { r.requests, err = c.use(length); return err }); err != nil {
		return r, err
	}
	time.Sleep(2 * time.Second) // positions expire, replicas follow
	r.rest, err = measure(func() error { time.Sleep(r.resting); return nil })
	return r, err
}

// perRequest are CPU of the web tier and statements a request, first in all, then without what happens at rest.
func perRequest(rounds []round) (cpu, statements, cpuOwn, statementsOwn float64) {
	var requests float64
	for _, r := range rounds {
		share := r.length.Seconds() / r.resting.Seconds()
		requests += float64(r.requests)
		cpu += float64(r.used.web.Microseconds())
		cpuOwn += float64(r.used.web.Microseconds()) - share*float64(r.rest.web.Microseconds())
		statements += float64(r.used.statements)
		statementsOwn += float64(r.used.statements) - share*float64(r.rest.statements)
	}
	return cpu / requests, statements / requests, cpuOwn / requests, statementsOwn / requests
}

func measureMix(t *rig.T, people int, length time.Duration, instances, replicas bool) error {
	rung := servertest.Whole()
	s := newSite(t, rung, "DATABASE_MAX_CONNECTIONS=300", "FLEET_MAX_PROCESSES=5")
	c, err := newCrowd(s.URL, people)
	if err != nil {
		return err
	}
	if instances {
		one := rung
		one.Web = 1
		rounds := map[int][]round{}
		for range 2 { // in turn, because the machine is not always as busy
			for _, r := range []servertest.Rung{one, rung} {
				t.Logf("-- %d instances", r.Web)
				if s.Rung != r {
					s.Move(r)
				}
				m, err := measureRound(t, s, c, length)
				if err != nil {
					return err
				}
				rounds[r.Web] = append(rounds[r.Web], m)
			}
		}
		tellInstances(rounds[1], rounds[3])
	}
	if replicas {
		return measureReplicas(t, s, c, length)
	}
	return nil
}

func tellInstances(one, three []round) {
	cpu1, sql1, cpuOwn1, sqlOwn1 := perRequest(one)
	cpu3, sql3, cpuOwn3, sqlOwn3 := perRequest(three)
	var asked int
	for _, r := range append(append([]round{}, one...), three...) {
		asked += r.requests
	}
	fmt.Printf("The whole fleet, %d requests, 95 reads to 5 writes, %.0f requests a second\n", asked, float64(one[0].requests)/one[0].length.Seconds())
	row := func(name, unit string, a, b float64) []string {
		return []string{name, fmt.Sprintf("%.1f%s", a, unit), fmt.Sprintf("%.1f%s", b, unit), fmt.Sprintf("%.2f", b/a), verdict(b <= 1.1*a)}
	}
	rest := func(r round) string {
		return fmt.Sprintf("%.1f ms CPU and %.1f statements a second", float64(r.rest.web.Microseconds())/1000/r.resting.Seconds(), float64(r.rest.statements)/r.resting.Seconds())
	}
	rig.Table(
		[]string{"a request", "1 instance", "3 instances", "ratio", "goal: at most 1.1"},
		row("CPU of the web tier", " µs", cpuOwn1, cpuOwn3),
		row("SQL statements", "", sqlOwn1, sqlOwn3),
		row("CPU with what runs at rest", " µs", cpu1, cpu3),
		row("statements with those at rest", "", sql1, sql3),
	)
	fmt.Printf("At rest: 1 instance %s; 3 instances %s.\n\n", rest(one[0]), rest(three[0]))
}

// aside are the statements that begin with SELECT and are nobody's reading: look-ups of tokens and sessions (the account of
// who asks is part of them), locks, and what instances and workers ask on their own.
var aside = []string{"%access_tokens%", "%sessions%", "SELECT accounts.*, (SELECT MAX(n.id) FROM notifications%", "%FOR UPDATE%", "%replication_clock%", "%events%", "%jobs%", "%site_info%", "%@@%", "SELECT CAST(UNIX_TIMESTAMP%"}

// measureReplicas counts the statements by server, from the servers' own logs.
func measureReplicas(t *rig.T, s *servertest.Site, c *crowd, length time.Duration) error {
	servers := append([]*servertest.DatabaseServer{s.Database.Primary}, s.Database.Replicas...)
	if _, err := c.use(length / 5); err != nil {
		return err
	}
	for _, m := range servers {
		m.LogQueries(t)
	}
	asked, err := c.use(length)
	if err != nil {
		return err
	}
	where := "FROM mysql.general_log WHERE user_host LIKE 'test%' AND command_type = 'Query' AND argument LIKE 'SELECT%'"
	for _, word := range aside {
		where += " AND argument NOT LIKE '" + strings.ReplaceAll(word, "_", "\\_") + "'"
	}
	var reads []int
	var errs []error
	for _, m := range servers {
		errs = append(errs, m.Exec("SET GLOBAL general_log=OFF"))
		text, err := m.Value("SELECT COUNT(*) " + where)
		errs = append(errs, err)
		n, err := strconv.Atoi(text)
		errs = append(errs, err)
		reads = append(reads, n)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	all := 0
	for _, n := range reads {
		all += n
	}
	onReplicas := float64(all-reads[0]) / float64(all)
	fmt.Printf("Read statements of %d requests, 95 reads to 5 writes by %d people, each asking once a second; look-ups of tokens and sessions and what runs at rest aside\n", asked, len(c.people))
	rows := [][]string{{"server", "read statements"}, {"primary", strconv.Itoa(reads[0])}}
	for n, r := range reads[1:] {
		rows = append(rows, []string{fmt.Sprintf("replica %d", n+1), strconv.Itoa(r)})
	}
	rows = append(rows, []string{"share of the replicas (goal: 90 % or more)", fmt.Sprintf("%.1f %%, %s", 100*onReplicas, verdict(onReplicas >= .9))})
	rig.Table(rows...)
	top, err := servers[0].Value("SELECT COALESCE(GROUP_CONCAT(line SEPARATOR '\\n'), '') FROM (SELECT CONCAT(COUNT(*), '  ', LEFT(REGEXP_REPLACE(argument, '[0-9]+', 'N'), 170)) line " + where + " GROUP BY LEFT(REGEXP_REPLACE(argument, '[0-9]+', 'N'), 100) ORDER BY COUNT(*) DESC LIMIT 12) t")
	if err == nil {
		fmt.Printf("Most frequent on the primary:\n%s\n\n", top)
	}
	return err
}

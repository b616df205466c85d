package fleettest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// The bounds of R44, over what the same request took a moment before.
const (
	firstRead = 1500 * time.Millisecond
	laterRead = 100 * time.Millisecond
	aWrite    = 3 * time.Second
	recovery  = 2 * time.Second
)

// busy is what a machine that does much else may add to each of them. To a later read, of which many are made, it adds half.
// TEST_ALL=1, which wants a machine of its own, adds nothing.
func busy() time.Duration {
	if servertest.All() {
		return 0
	}
	return time.Second
}

// A timed request, with what it is to be answered.
type timed struct {
	name   string
	ask    func() servertest.Answer
	status int // while the backend hangs
}

// answered is how long an answer took that has that status, and a Retry-After where it is 503.
func (q timed) answered(t *testing.T, status int) time.Duration {
	t.Helper()
	begin := time.Now()
	a := q.ask()
	took := time.Since(begin)
	if a.Err != nil || a.Status != status || status == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %d after %v, want %d: %v, Retry-After %q, %.200s", q.name, a.Status, took, status, a.Err, a.Header.Get("Retry-After"), a.Text())
	}
	return took
}

// throughProxy is the address with the proxy's port.
func throughProxy(t *testing.T, address string, p *servertest.Proxy) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = fmt.Sprintf("127.0.0.1:%d", p.Port)
	return u.String()
}

// R44: a backend that hangs costs no more than one that refuses, however it hangs.
func TestHangs(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 2)
	primary, replicas := db.NewDatabase(t)
	sessions, bucket, cache, queue := servertest.DynamoDB(t), newBucket(t), servertest.Redis(t), servertest.SQS(t)
	front := func(port int) *servertest.Proxy { return servertest.NewProxy(t, port) }
	toPrimary, reader, second := front(db.Primary.Port), front(db.Replicas[0].Port), front(db.Replicas[1].Port)
	dynamo, s3, redis, sqs := front(sessions.Port), front(bucket.Port), front(cache.Port), front(portOf(t, queue.URL))

	env := append(s3Env(bucket), sessions.Env()...)
	env = append(env, queue.Env()...)
	f := newFleet(t, 1, append(env,
		"DATABASE_URL="+throughProxy(t, primary, toPrimary),
		"DATABASE_REPLICA_URLS="+throughProxy(t, replicas[0], reader)+","+throughProxy(t, replicas[1], second),
		"AWS_ENDPOINT_URL_DYNAMODB="+throughProxy(t, sessions.URL, dynamo),
		"AWS_ENDPOINT_URL_S3="+throughProxy(t, bucket.URL, s3),
		"CACHE_URL="+throughProxy(t, cache.URL(), redis),
		"AWS_ENDPOINT_URL_SQS="+throughProxy(t, queue.URL, sqs))...)
	site := f[0]
	if _, stderr, err := site.Command("setup", "dynamodb"); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	anna, cat := browser(t, site).SignUp("anna"), browser(t, site).SignUpByToken("cat")
	anna.Stay = true
	root := cat.PostPhoto(photo, "the root of all comments")
	id := root.ID
	picture := ""
	for _, address := range anna.Get("/@cat/" + id).Want(http.StatusOK).PhotosByKey() {
		picture = address
	}
	servertest.Eventually(t, "the site reads both replicas", func() bool { return came(site)-left(site) == 2 })

	asked := 0
	read := func(name string, c *servertest.Client, path string, status int) timed {
		return timed{name, func() servertest.Answer {
			asked++
			return c.Try(servertest.Read(fresh(path, -5, asked)))
		}, status}
	}
	const ok, refused = http.StatusOK, http.StatusServiceUnavailable
	comment := func(status int) timed {
		return timed{"a comment", func() servertest.Answer {
			asked++
			return anna.Try(servertest.Form("/posts/"+id+"/comments", "text", fmt.Sprint("comment ", asked), "idempotency_key", fmt.Sprint("k", asked)))
		}, status}
	}
	visitor := browser(t, site)
	member := func(status int) timed { return read("a member's page", anna, "/", status) }
	client := func(status int) timed { return read("a client's timeline", cat, "/api/v1/timelines/home", status) }
	guest := func(status int) timed { return read("a visitor's page", visitor, "/@cat/"+id, status) }
	shown := func(status int) timed { return read("a photo", visitor, picture, status) }
	upload := func(status int) timed {
		return timed{"an upload", func() servertest.Answer { return anna.Try(sent()) }, status}
	}

	proxied := func(p ...*servertest.Proxy) map[string]pair {
		each := func(f func(*servertest.Proxy)) func() {
			return func() {
				for _, one := range p {
					f(one)
				}
			}
		}
		resume := each((*servertest.Proxy).Resume)
		return map[string]pair{
			"packets are dropped":          {each(func(p *servertest.Proxy) { p.Drop(t) }), resume},
			"it accepts and never answers": {each((*servertest.Proxy).Silence), resume},
		}
	}
	with := func(p *servertest.Proxy, stop, cont func()) map[string]pair {
		kinds := proxied(p)
		kinds["it is stopped"] = pair{stop, cont}
		return kinds
	}
	allReplicas := proxied(reader, second)
	allReplicas["it is stopped"] = pair{
		func() { db.Replicas[0].Hang(t); db.Replicas[1].Hang(t) },
		func() { db.Replicas[0].Cont(t); db.Replicas[1].Cont(t) },
	}
	ready := func() bool { return came(site)-left(site) == 2 }
	for _, b := range []hanging{
		{"the primary", with(toPrimary, func() { db.Primary.Hang(t) }, func() { db.Primary.Cont(t) }),
			[]timed{member(ok), client(ok), guest(ok)}, []timed{comment(refused)}, http.StatusSeeOther},
		{"a replica", with(reader, func() { db.Replicas[0].Hang(t) }, func() { db.Replicas[0].Cont(t) }),
			[]timed{guest(ok), member(ok), client(ok)}, []timed{comment(http.StatusSeeOther)}, http.StatusSeeOther},
		{"all replicas", allReplicas,
			[]timed{guest(ok), member(ok), client(ok)}, []timed{comment(http.StatusSeeOther)}, http.StatusSeeOther},
		{"the sessions", with(dynamo, sessions.Hang, sessions.Resume),
			[]timed{member(refused), guest(ok), client(ok)}, []timed{comment(refused)}, http.StatusSeeOther},
		{"the bucket", with(s3, bucket.Hang, bucket.Resume),
			[]timed{shown(refused), member(ok), guest(ok)}, []timed{upload(refused)}, http.StatusOK},
		{"the cache", with(redis, cache.Hang, cache.Resume),
			[]timed{guest(ok), client(ok), member(ok)}, []timed{comment(http.StatusSeeOther)}, http.StatusSeeOther},
		{"the queue", with(sqs, queue.Hang, queue.Resume),
			[]timed{member(ok), guest(ok)}, []timed{comment(http.StatusSeeOther), upload(ok)}, http.StatusOK},
	} {
		b.measure(t, anna, ready)
	}
}

// R44: the same where there is no replica that could answer instead: who needs the database hears that it is away.
func TestALoneDatabaseHangs(t *testing.T) {
	db := servertest.Database(t)
	address := db.NewDatabase(t)
	front := servertest.NewProxy(t, portOf(t, address))
	site := newFleet(t, 1, "DATABASE_URL="+throughProxy(t, address, front))[0]
	anna, cat := browser(t, site).SignUp("anna"), browser(t, site).SignUpByToken("cat")
	anna.Stay = true
	id := cat.PostPhoto(photo, "the root of all comments").ID
	picture := ""
	for _, address := range anna.Get("/@cat/" + id).Want(http.StatusOK).PhotosByKey() {
		picture = address
	}
	asked := 0
	read := func(name string, c *servertest.Client, path string, status int) timed {
		return timed{name, func() servertest.Answer {
			asked++
			return c.Try(servertest.Read(fresh(path, -6, asked)))
		}, status}
	}
	const ok, refused = http.StatusOK, http.StatusServiceUnavailable
	hanging{
		"a lone database", map[string]pair{
			"packets are dropped":          {func() { front.Drop(t) }, front.Resume},
			"it accepts and never answers": {front.Silence, front.Resume},
		},
		[]timed{
			read("a member's page", anna, "/", refused), read("a client's timeline", cat, "/api/v1/timelines/home", refused),
			read("a visitor's page", browser(t, site), "/@cat/"+id, refused), read("a photo", browser(t, site), picture, refused), // whether it may still be seen stands in the database
		},
		[]timed{
			{"a comment", func() servertest.Answer {
				asked++
				return anna.Try(servertest.Form("/posts/"+id+"/comments", "text", fmt.Sprint("comment ", asked), "idempotency_key", fmt.Sprint("k", asked)))
			}, refused},
			{"an upload", func() servertest.Answer { return anna.Try(sent()) }, refused},
		}, http.StatusOK,
	}.measure(t, anna, func() bool { return true })
}

func portOf(t *testing.T, address string) (port int) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(u.Port(), &port); err != nil {
		t.Fatal(err)
	}
	return port
}

// A pair has a backend hang, and go on.
type pair struct{ stop, cont func() }

// A hanging backend, the ways in which it hangs, and what is asked of the site meanwhile.
type hanging struct {
	name    string
	kinds   map[string]pair
	reads   []timed
	writes  []timed
	success int // of the writes, once all is well
}

// measure has the backend hang in one of the ways, by seed, or in all of them.
func (b hanging) measure(t *testing.T, anna *servertest.Client, ready func() bool) {
	t.Helper()
	const ok = http.StatusOK
	kinds := make([]string, 0, len(b.kinds))
	for kind := range b.kinds {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if !servertest.All() { // in one of the ways, by seed
		i := servertest.Random(t).IntN(len(kinds))
		kinds = kinds[i : i+1]
	}
	for _, kind := range kinds {
		t.Run(b.name+": "+kind, func(t *testing.T) {
			servertest.Eventually(t, "all is well", ready)
			// What it takes while all is well, the longest of some.
			before := map[string]time.Duration{}
			for range 3 {
				for _, q := range b.reads {
					before[q.name] = max(before[q.name], q.answered(t, ok))
				}
				for _, q := range b.writes {
					status := b.success
					if q.name == "a comment" {
						status = http.StatusSeeOther
					}
					before[q.name] = max(before[q.name], q.answered(t, status))
				}
			}
			b.kinds[kind].stop()
			resume := b.kinds[kind].cont
			defer func() { resume() }()
			for _, q := range b.reads {
				if took := q.answered(t, q.status) - before[q.name]; took > firstRead+busy() {
					t.Errorf("the first: %s took %v more", q.name, took)
				} else {
					t.Logf("the first: %s took %v more", q.name, took.Round(time.Millisecond))
				}
			}
			for _, q := range b.writes {
				if took := q.answered(t, q.status) - before[q.name]; took > aWrite+busy() {
					t.Errorf("%s took %v more", q.name, took)
				} else {
					t.Logf("%s took %v more", q.name, took.Round(time.Millisecond))
				}
			}
			for _, q := range b.reads {
				var all []time.Duration
				for range 15 {
					all = append(all, q.answered(t, q.status)-before[q.name])
				}
				slices.Sort(all)
				t.Logf("later: %s took %v to %v more", q.name, all[0].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond))
				if all[len(all)/2] > laterRead+busy()/2 {
					t.Errorf("later: %s took %v more", q.name, all[len(all)/2])
				}
			}
			begin := time.Now()
			b.kinds[kind].cont()
			resume = func() {}
			well := func() bool {
				for _, q := range b.reads {
					if a := q.ask(); a.Status != ok {
						return false
					}
				}
				for _, q := range b.writes {
					if a := q.ask(); a.Status >= 400 || a.Err != nil {
						return false
					}
				}
				return true
			}
			servertest.Eventually(t, "all is well", well)
			took := time.Since(begin)
			for _, d := range before {
				took -= d
			}
			t.Logf("all was well after %v", took.Round(time.Millisecond))
			if took > recovery+2*busy() { // a round of all requests may begin anew
				t.Errorf("all was well only after %v", took)
			}
			if !strings.Contains(anna.Get("/").Body, "/@anna") {
				t.Error("the member is logged out")
			}
		})
	}
}

package fleettest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tintype/internal/servertest"
)

// account asks an instance for the account of a token. Where the machine is too busy for it, the limit has not counted it
// yet, and it is asked once more; or it has, and it counts as allowed.
func account(to *servertest.Instance, c *servertest.Client) servertest.Answer {
	return servertest.Again(50, func() servertest.Answer {
		a := c.At(to).Try(servertest.Read("/api/v1/accounts/verify_credentials"))
		if a.Busy() && a.Header.Get("X-RateLimit-Remaining") != "" {
			a.Status = http.StatusOK
		}
		return a
	})
}

// allowed asks n times, on each instance in its turn, all at once if at is the number of instances or more, and counts
// what was answered 200. Everything else must be a proper 429.
func allowed(t *testing.T, f fleet, c *servertest.Client, n, at int) int {
	t.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	for range at {
		wg.Go(func() {
			for i := range work {
				a := account(f[i%len(f)], c)
				switch {
				case a.Err != nil:
					t.Error(a.Err)
				case a.Status == http.StatusOK:
					count.Add(1)
				case a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" || a.Header.Get("X-RateLimit-Remaining") != "0" || a.Header.Get("X-RateLimit-Reset") == "":
					t.Errorf("past the limit: %d %v %s", a.Status, a.Header, a.Body)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
	return int(count.Load())
}

// R35: the limits of the API hold over the fleet from rung 6 on; while Redis is away each process counts for itself, and
// nobody gets an error.
func TestAPILimitsHoldOverTheFleet(t *testing.T) {
	const limit = 60
	redis := servertest.Redis(t)
	f := newFleet(t, 3, "CACHE_URL="+redis.URL(), "API_LIMIT=60/24h")
	b := browser(t, f[0])
	var clients []*servertest.Client
	const accounts, asVisitor = 12, 3 // requests for each, before there is a token
	for n := range accounts {
		clients = append(clients, browser(t, f[0]).SignUpByToken(fmt.Sprintf("ann%d", n)))
	}
	next := func() *servertest.Client {
		if len(clients) == 0 {
			t.Fatal("Redis was bypassed again and again")
		}
		c := clients[0]
		clients = clients[1:]
		return c
	}
	said := func(what string) (n int) {
		for _, i := range f {
			n += strings.Count(i.Logs(), what)
		}
		return n
	}
	together := func() {
		t.Helper()
		servertest.Eventually(t, "all instances use Redis", func() bool { return said("Redis is used again") == said("Redis is bypassed") })
	}
	// steady is for what holds while Redis answers in time: on a busy machine it does not always, and then another
	// account is taken.
	steady := func(check func(c *servertest.Client) error) {
		t.Helper()
		for {
			together()
			before := said("Redis is bypassed")
			err := check(next())
			if said("Redis is bypassed") > before {
				continue
			}
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
	atOnce := func(c *servertest.Client) error {
		if n := allowed(t, f, c, 3*limit, 9); n != limit {
			return fmt.Errorf("of %d at once %d were allowed, want %d", 3*limit, n, limit)
		}
		return nil
	}
	steady(func(c *servertest.Client) error {
		for i := range limit {
			a := account(f[i%3], c)
			if a.Err != nil || a.Status != http.StatusOK || a.Header.Get("X-RateLimit-Limit") != strconv.Itoa(limit) || a.Header.Get("X-RateLimit-Remaining") != strconv.Itoa(limit-1-i) {
				return fmt.Errorf("request %d: %d %v %v", i+1, a.Status, a.Header, a.Err)
			}
		}
		if n := allowed(t, f, c, 9, 1); n != 0 {
			return fmt.Errorf("past the limit, %d more were allowed", n)
		}
		return nil
	})
	steady(atOnce)
	for range limit - accounts*asVisitor {
		b.At(f[1]).Get("/api/v1/instance").Want(http.StatusOK)
	}
	if a := b.At(f[2]).Get("/api/v1/instance"); a.Status != http.StatusTooManyRequests && said("Redis is bypassed") == 0 {
		t.Errorf("a visitor past the limit: %d", a.Status)
	}
	b.Get("/about").Want(http.StatusOK) // which is no request of the API

	together()
	redis.Hang()
	if n := allowed(t, f, next(), 6*limit, 6); n != 3*limit {
		t.Errorf("while Redis hangs %d were allowed, want %d by each of 3", n, limit)
	}
	redis.Kill()
	if n := allowed(t, f, next(), 6*limit, 6); n != 3*limit {
		t.Errorf("without Redis %d were allowed, want %d by each of 3", n, limit)
	}
	redis.Start()
	steady(atOnce)
}

// R35: log-in limits are counted in the database, so a cache or none is the same to them.
func TestLoginLimitsHoldOverTheFleet(t *testing.T) {
	for _, with := range []string{"a cache", "no cache"} {
		t.Run("with "+with, func(t *testing.T) {
			env := []string{"LOGIN_LIMIT=5/24h", "SIGNUP_LIMIT=3/24h"}
			var redis *servertest.RedisServer
			if with == "a cache" {
				redis = servertest.Redis(t)
				env = append(env, "CACHE_URL="+redis.URL())
			}
			f := newFleet(t, 3, env...)
			for i, name := range []string{"ann", "bob", "cat"} {
				browser(t, f[i]).SignUp(name)
			}
			servertest.Again(50, func() servertest.Answer {
				return browser(t, f[0]).Post("/signup", "name", "dan", "email", "dan@example.org", "password", password, "agree", "on")
			}).Want(http.StatusTooManyRequests)
			for i := range 5 {
				browser(t, f[i%3]).LogIn("ann", "guessed").Want(http.StatusUnprocessableEntity)
			}
			if redis != nil {
				redis.Kill()
			}
			for _, i := range f {
				a := servertest.Again(50, func() servertest.Answer { return browser(t, i).LogIn("ann", password) }) // the right one is no better
				if a.Want(http.StatusTooManyRequests).Header.Get("Retry-After") == "" {
					t.Error("429 without Retry-After")
				}
			}
			// Many at once, over all instances: no more than the limit are looked at.
			var wrong, refused, busy atomic.Int64
			var wg sync.WaitGroup
			for n := range 15 {
				wg.Go(func() {
					b := browser(t, f[n%3])
					a := servertest.Again(50, func() servertest.Answer {
						a := b.LogIn("bob", "guessed")
						if a.Busy() {
							busy.Add(1)
						}
						return a
					})
					switch a.Status {
					case http.StatusUnprocessableEntity:
						wrong.Add(1)
					case http.StatusTooManyRequests:
						refused.Add(1)
					default:
						t.Errorf("a wrong password: %d", a.Status)
					}
				})
			}
			wg.Wait()
			// A try for which the machine was too busy may have been counted all the same.
			if n := wrong.Load(); n > 5 || n < 5-busy.Load() || n+refused.Load() != 15 {
				t.Errorf("%d were looked at and %d refused, want 5 and 10; the site was busy for %d", n, refused.Load(), busy.Load())
			}
			b := browser(t, f[2])
			b.LogIn("cat", password).Want(http.StatusOK)
			b.LoggedIn("cat")
		})
	}
}

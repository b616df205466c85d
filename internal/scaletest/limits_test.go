package scaletest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tintype/internal/servertest"
)

// client signs somebody up through the API and returns the account's token.
func (b *browser) client(name string) string {
	b.t.Helper()
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	var token struct {
		Access string `json:"access_token"`
	}
	into := func(v any, a answer) {
		b.t.Helper()
		if err := json.Unmarshal([]byte(a.want(http.StatusOK).body), v); err != nil {
			b.t.Fatal(err)
		}
	}
	into(&app, b.post("/api/v1/apps", "client_name", "test", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", "read write"))
	into(&token, b.post("/oauth/token", "grant_type", "client_credentials", "client_id", app.ID, "client_secret", app.Secret, "scope", "read write"))
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, origin+"/api/v1/accounts",
		strings.NewReader("username="+name+"&email="+name+"%40example.org&password=correct+horse+battery&agreement=true&locale=en"))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+token.Access)
	a, err := b.send(req)
	if err != nil {
		b.t.Fatal(err)
	}
	into(&token, a)
	return token.Access
}

// ask reads the account of a token on an instance.
func (b *browser) ask(to *servertest.Instance, token string) (answer, error) {
	b.turn(to)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, origin+"/api/v1/accounts/verify_credentials", nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	return b.send(req)
}

// allowed asks n times, on each instance in its turn, all at once if at is the number of instances or more, and counts
// what was answered 200. Everything else must be a proper 429.
func allowed(t *testing.T, f fleet, token string, n, at int) int {
	t.Helper()
	var count atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	for range at {
		wg.Go(func() {
			b := newBrowser(t, f[0])
			for i := range work {
				a, err := b.ask(f[i%len(f)], token)
				switch {
				case err != nil:
					t.Error(err)
				case a.status == http.StatusOK:
					count.Add(1)
				case a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.header.Get("X-RateLimit-Remaining") != "0" || a.header.Get("X-RateLimit-Reset") == "":
					t.Errorf("past the limit: %d %v %s", a.status, a.header, a.body)
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
	b := newBrowser(t, f[0])
	var tokens []string
	const accounts, asVisitor = 12, 3 // requests for each, before there is a token
	for n := range accounts {
		tokens = append(tokens, b.client(fmt.Sprintf("ann%d", n)))
	}
	next := func() string {
		if len(tokens) == 0 {
			t.Fatal("Redis was passed by again and again")
		}
		token := tokens[0]
		tokens = tokens[1:]
		return token
	}
	said := func(what string) (n int) {
		for _, i := range f {
			n += strings.Count(i.Logs(), what)
		}
		return n
	}
	together := func() {
		t.Helper()
		eventually(t, "all instances use Redis", func() bool { return said("Redis is used again") == said("Redis is passed by") })
	}
	// steady is for what holds while Redis answers in time: on a busy machine it does not always, and then another
	// account is taken.
	steady := func(check func(token string) error) {
		t.Helper()
		for {
			together()
			before := said("Redis is passed by")
			err := check(next())
			if said("Redis is passed by") > before {
				continue
			}
			if err != nil {
				t.Error(err)
			}
			return
		}
	}
	atOnce := func(token string) error {
		if n := allowed(t, f, token, 3*limit, 9); n != limit {
			return fmt.Errorf("of %d at once %d were allowed, want %d", 3*limit, n, limit)
		}
		return nil
	}
	steady(func(token string) error {
		for i := range limit {
			a, err := b.ask(f[i%3], token)
			if err != nil || a.status != http.StatusOK || a.header.Get("X-RateLimit-Limit") != strconv.Itoa(limit) || a.header.Get("X-RateLimit-Remaining") != strconv.Itoa(limit-1-i) {
				return fmt.Errorf("request %d: %d %v %v", i+1, a.status, a.header, err)
			}
		}
		if n := allowed(t, f, token, 9, 1); n != 0 {
			return fmt.Errorf("past the limit, %d more were allowed", n)
		}
		return nil
	})
	steady(atOnce)
	for range limit - accounts*asVisitor {
		b.turn(f[1])
		b.get("/api/v1/instance").want(http.StatusOK)
	}
	b.turn(f[2])
	if a := b.get("/api/v1/instance"); a.status != http.StatusTooManyRequests && said("Redis is passed by") == 0 {
		t.Errorf("a visitor past the limit: %d", a.status)
	}
	b.get("/about").want(http.StatusOK) // which is no request of the API

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
				newBrowser(t, f[i]).signUp(name)
			}
			newBrowser(t, f[0]).post("/signup", "name", "dan", "email", "dan@example.org", "password", password, "agree", "on").want(http.StatusTooManyRequests)
			for i := range 5 {
				newBrowser(t, f[i%3]).logIn("ann", "guessed").want(http.StatusUnprocessableEntity)
			}
			if redis != nil {
				redis.Kill()
			}
			for _, i := range f {
				a := newBrowser(t, i).logIn("ann", password) // the right one is no better
				if a.want(http.StatusTooManyRequests).header.Get("Retry-After") == "" {
					t.Error("429 without Retry-After")
				}
			}
			// Many at once, over all instances: no more than the limit are looked at.
			var wrong, refused atomic.Int64
			var wg sync.WaitGroup
			for n := range 15 {
				wg.Go(func() {
					b := newBrowser(t, f[n%3])
					a := b.logIn("bob", "guessed")
					switch a.status {
					case http.StatusUnprocessableEntity:
						wrong.Add(1)
					case http.StatusTooManyRequests:
						refused.Add(1)
					default:
						t.Errorf("a wrong password: %d", a.status)
					}
				})
			}
			wg.Wait()
			if wrong.Load() != 5 || refused.Load() != 10 {
				t.Errorf("%d were looked at and %d refused, want 5 and 10", wrong.Load(), refused.Load())
			}
			b := newBrowser(t, f[2])
			b.logIn("cat", password).want(http.StatusOK)
			b.loggedIn("cat")
		})
	}
}

package fleettest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// storm asks for n pages at once on an instance, with the cookies that somebody else's browser has.
func storm(t *testing.T, to *servertest.Instance, cookies []*http.Cookie, name string, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			b := browser(t, to)
			b.Bring(cookies)
			// Fifty at once may be too many for the primary. To find no place there is no log-out.
			a := servertest.Again(50, func() servertest.Answer { return b.Try(servertest.Read("/settings/profile")) })
			if a.Err != nil || a.Status != http.StatusOK || a.URL.Path == "/login" || !strings.Contains(a.Body, "/@"+name) {
				t.Errorf("logged out: %d at %v, %v", a.Status, a.URL, a.Err)
			}
			for _, c := range a.Header.Values("Set-Cookie") {
				if strings.HasPrefix(c, "tintype_session=;") {
					t.Errorf("the cookie is taken away: %s", c)
				}
			}
		})
	}
	wg.Wait()
}

// R3, R5, R7: with replicas behind (ten seconds in the long form), who logs in on one instance is logged in on another at once, fifty times
// over, also while the session is renewed; who logs out, or changes the password, is out there at once.
func TestSessionsWhileReplicasLag(t *testing.T) {
	servertest.OnAnyFlavour(t, testSessionsWhileReplicasLag)
}

func testSessionsWhileReplicasLag(t *testing.T, flavour servertest.Flavour) {
	lag := 4
	if servertest.All() {
		lag = 10
	}
	db := flavour.Replicas(t, 1)
	for _, store := range []string{"sql", "dynamodb"} {
		t.Run(store, func(t *testing.T) {
			primary, replicas := db.NewDatabase(t)
			env := []string{"DATABASE_URL=" + primary, "DATABASE_REPLICA_URLS=" + strings.Join(replicas, ",")}
			var d *dynamo
			if store == "dynamodb" {
				d = newDynamo(t)
				d.setUp(t)
				env = append(append(env, d.env()...), keys...)
			}
			f := newFleet(t, 2, env...)
			db.CatchUp(t)
			db.Replicas[0].Delay(t, lag)
			defer db.Replicas[0].Delay(t, 0)
			anna := browser(t, f[0])
			anna.SignUp("anna") // so that no replica knows the account itself, or its session
			storm(t, f[1], anna.Cookies(), "anna", 50)

			db.CatchUp(t) // now it does, and is read
			servertest.Eventually(t, "the replica is read", func() bool {
				browser(t, f[1]).Get("/@anna?show=" + fmt.Sprint(time.Now().UnixNano())).Want(http.StatusOK)
				return strings.Count(f[1].Logs(), "a replica is in use") > strings.Count(f[1].Logs(), "a replica is not in use")
			})
			again := browser(t, f[0])
			again.LogIn("anna", password).Want(http.StatusOK)
			storm(t, f[1], again.Cookies(), "anna", 50)

			// Two days later each of them renews its session.
			long := time.Now().Add(-48 * time.Hour).UnixMilli()
			var writes func() int
			if d != nil {
				again.Post("/logout").Want(http.StatusOK)
				d.set(t, "used_ms", long)
				before := d.writes.Load()
				writes = func() int { return int(d.writes.Load() - before) }
			} else {
				name := primary[strings.LastIndexByte(primary, '/')+1:]
				if err := db.Primary.Exec(fmt.Sprintf("UPDATE %s.sessions SET used_at = %d", name, long)); err != nil {
					t.Fatal(err)
				}
				db.Primary.LogQueries(t)
				writes = func() int { return db.Primary.Queries(t, "UPDATE sessions SET used_at%") }
			}
			storm(t, f[1], anna.Cookies(), "anna", 50)
			storm(t, f[0], anna.Cookies(), "anna", 50)
			if n := writes(); n < 1 || n > 2 {
				t.Errorf("a hundred pages renewed the session %d times, want once an instance at most", n)
			}
			storm(t, f[1], anna.Cookies(), "anna", 50)

			other := browser(t, f[1])
			other.LogIn("anna", password).Want(http.StatusOK)
			anna.Post("/settings/account", "what", "password", "current_password", password, "new_password", newPassword).Want(http.StatusOK)
			other.LoggedOut()
			storm(t, f[1], anna.Cookies(), "anna", 50)
			last := anna.Cookies()
			anna.Post("/logout").Want(http.StatusOK)
			b := browser(t, f[1])
			b.Bring(last)
			b.LoggedOut()
		})
	}
}

// R4: the store of sessions is gone, for ten seconds by the clock in the long form: members hear 503 with Retry-After and
// keep their cookie, which works afterwards. SQL has no replicas here: the database is gone altogether.
func TestTheSessionStoreIsGone(t *testing.T) { servertest.OnAnyFlavour(t, testTheSessionStoreIsGone) }

func testTheSessionStoreIsGone(t *testing.T, flavour servertest.Flavour) {
	gone := 3 * time.Second
	if servertest.All() {
		gone = 10 * time.Second
	}
	for _, store := range []string{"sql", "dynamodb"} {
		for _, how := range []string{"refuses", "hangs"} {
			t.Run(store+" "+how, func(t *testing.T) {
				var proxy *servertest.Proxy
				var leave, back func()
				var f fleet
				if store == "sql" {
					server := flavour.Replicas(t, 0)
					primary, _ := server.NewDatabase(t)
					proxy = servertest.NewProxy(t, server.Primary.Port)
					f = newFleet(t, 2, "DATABASE_URL="+strings.Replace(primary, fmt.Sprintf(":%d/", server.Primary.Port), fmt.Sprintf(":%d/", proxy.Port), 1))
					leave, back = func() { proxy.Refuse(true); proxy.CutAll() }, func() { proxy.Refuse(false) }
					if how == "hangs" {
						leave, back = func() { server.Primary.Hang(t) }, func() { server.Primary.Cont(t) }
					}
				} else {
					var d *dynamo
					f, d = sessionFleet(t, 2)
					leave, back = func() { d.gone.Store(true); d.CloseClientConnections() }, func() { d.gone.Store(false); d.CloseClientConnections() }
					if how == "refuses" {
						refuse := func(string) string { return "ProvisionedThroughputExceededException" }
						leave, back = func() { d.refuse.Store(&refuse) }, func() { d.refuse.Store(nil) }
					}
				}
				anna, bert := browser(t, f[0]), browser(t, f[1])
				anna.SignUp("anna")
				bert.SignUp("bert")
				before := anna.Cookies()
				leave()
				end := time.Now().Add(gone)
				var wg sync.WaitGroup
				for i, b := range []*servertest.Client{anna, bert} {
					wg.Go(func() {
						for n := 0; n == 0 || time.Now().Before(end); n++ {
							a := b.Try(servertest.Read("/settings/profile"))
							if a.Err != nil {
								t.Errorf("instance %d: %v", i, a.Err)
								return
							}
							if a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || a.URL.Path == "/login" {
								t.Errorf("instance %d: %d at %s, %v", i, a.Status, a.URL, a.Header)
							}
							if c := a.Header.Values("Set-Cookie"); len(c) > 0 {
								t.Errorf("503 sets cookies: %q", c)
							}
							time.Sleep(100 * time.Millisecond) // a member who tries again and again
						}
					})
				}
				wg.Wait()
				back()
				for i, b := range []*servertest.Client{anna, bert} {
					servertest.Eventually(t, "members are served again", func() bool {
						a := b.Try(servertest.Read("/settings/profile"))
						if a.Err == nil && a.URL.Path == "/login" {
							t.Fatal("logged out")
						}
						return a.Err == nil && a.Status == http.StatusOK && strings.Contains(a.Body, []string{"/@anna", "/@bert"}[i])
					})
				}
				after := anna.Cookies()
				for _, c := range before {
					if c.Name == "tintype_session" && !strings.Contains(fmt.Sprint(after), c.Value) {
						t.Errorf("the cookie was %v and is %v", c, after)
					}
				}
			})
		}
	}
}

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/budget"
	"tintype/internal/cache"
	"tintype/internal/servertest"
)

func TestMain(m *testing.M) {
	cache.Patience(3 * time.Second)
	os.Exit(m.Run())
}

// instance is the cache of one process of a fleet. A hang of Redis must not be waited for, so near keeps next to
// nothing where Redis is what a test is about.
func instance(t testing.TB, r *servertest.RedisServer, near time.Duration) (*cache.Cache, *cache.Redis) {
	t.Helper()
	if r == nil {
		return cache.New(cache.Options{Near: near}), nil
	}
	remote, err := cache.NewRedis(t.Context(), at(r.URL()), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remote.Close)
	servertest.Eventually(t, "Redis is used", func() bool { return !remote.Away() })
	return cache.New(cache.Options{Redis: remote, Near: near}), remote
}

// at is an address that does not change.
func at(url string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return url, nil }
}

func value(s string) cache.Load {
	return func(context.Context, bool) ([]byte, error) { return []byte(s), nil }
}

func get(t testing.TB, c *cache.Cache, key string, load cache.Load) string {
	t.Helper()
	v, err := c.Get(t.Context(), key, time.Minute, load)
	if err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// Every driver passes this.
func TestConformance(t *testing.T) {
	for _, driver := range []string{"memory", "redis"} {
		t.Run(driver, func(t *testing.T) {
			var r *servertest.RedisServer
			if driver == "redis" {
				r = servertest.Redis(t)
			}
			c, _ := instance(t, r, time.Minute)

			t.Run("keeps", func(t *testing.T) {
				if got := get(t, c, "a", value("1")); got != "1" {
					t.Fatal(got)
				}
				if got := get(t, c, "a", value("2")); got != "1" {
					t.Errorf("loaded again: %s", got)
				}
				if got := get(t, c, "b \x00{}é", value("3")); got != "3" {
					t.Errorf("another key: %s", got)
				}
				if got := get(t, c, "b \x00{}é", value("4")); got != "3" {
					t.Errorf("an odd key: %s", got)
				}
				if got := get(t, c, "empty", value("")); got != "" {
					t.Errorf("an empty value: %q", got)
				}
			})
			t.Run("drops, and fills from the primary then", func(t *testing.T) {
				get(t, c, "c", value("1"))
				c.Drop("c")
				got := get(t, c, "c", func(_ context.Context, fresh bool) ([]byte, error) {
					if !fresh {
						t.Error("after a drop a replica would be asked")
					}
					return []byte("2"), nil
				})
				if got != "2" {
					t.Error(got)
				}
				get(t, c, "d", func(_ context.Context, fresh bool) ([]byte, error) {
					if fresh {
						t.Error("what nobody dropped is asked of the primary")
					}
					return nil, nil
				})
			})
			t.Run("what was read before a drop is not kept", func(t *testing.T) {
				reading, dropped := make(chan struct{}), make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() {
					_, err := c.Get(t.Context(), "e", time.Minute, func(context.Context, bool) ([]byte, error) {
						close(reading)
						<-dropped
						return []byte("old"), nil
					})
					if err != nil {
						t.Error(err)
					}
				})
				<-reading
				c.Drop("e")
				// Who asks after the drop waits for nobody who began before it; in Redis the lock is still theirs.
				close(dropped)
				wg.Wait()
				if got := get(t, c, "e", value("new")); got != "new" {
					t.Errorf("after the drop: %s", got)
				}
			})
			t.Run("errors are the loader's, and not kept", func(t *testing.T) {
				broken := errors.New("broken")
				_, err := c.Get(t.Context(), "f", time.Minute, func(context.Context, bool) ([]byte, error) { return nil, broken })
				if !errors.Is(err, broken) {
					t.Error(err)
				}
				if got := get(t, c, "f", value("1")); got != "1" {
					t.Error(got)
				}
			})
			t.Run("one loads for all", func(t *testing.T) {
				var loads atomic.Int64
				var wg sync.WaitGroup
				for range 50 {
					wg.Go(func() {
						get(t, c, "g", func(context.Context, bool) ([]byte, error) {
							loads.Add(1)
							time.Sleep(20 * time.Millisecond) // a load takes time, in which the others come
							return []byte("1"), nil
						})
					})
				}
				wg.Wait()
				if loads.Load() != 1 {
					t.Errorf("%d loads", loads.Load())
				}
			})
			t.Run("runs out", func(t *testing.T) {
				short, _ := instance(t, r, time.Millisecond)
				if _, err := short.Get(t.Context(), "h", time.Millisecond, value("1")); err != nil {
					t.Fatal(err)
				}
				servertest.Eventually(t, "it is gone", func() bool {
					v, err := short.Get(t.Context(), "h", time.Millisecond, value("2"))
					return err == nil && string(v) == "2"
				})
			})
		})
	}
}

// The other instances find what one makes. A value that one drops is dropped for all that have not kept it.
func TestFleet(t *testing.T) {
	r := servertest.Redis(t)
	a, _ := instance(t, r, time.Nanosecond)
	b, _ := instance(t, r, time.Nanosecond)
	get(t, a, "name", value("Ada"))
	if got := get(t, b, "name", value("loaded")); got != "Ada" {
		t.Errorf("B has %s", got)
	}
	a.Drop("name")
	fresh := false
	if got := get(t, b, "name", func(_ context.Context, f bool) ([]byte, error) { fresh = f; return []byte("Ada L."), nil }); got != "Ada L." || !fresh {
		t.Errorf("B has %s, from the primary: %v", got, fresh)
	}
	// A fill that began before a drop on another instance is not stored.
	reading, dropped, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if _, err := b.Get(t.Context(), "late", time.Minute, func(context.Context, bool) ([]byte, error) {
			close(reading)
			<-dropped
			return []byte("old"), nil
		}); err != nil {
			t.Error(err)
		}
	}()
	<-reading
	a.Drop("late")
	close(dropped)
	<-done
	if got := get(t, a, "late", value("new")); got != "new" {
		t.Errorf("A has %s", got)
	}
}

// R28: a hot key that runs out under 200 clients on three instances is made at most three times.
func TestStampede(t *testing.T) {
	r := servertest.Redis(t)
	var fleet []*cache.Cache
	for range 3 {
		c, _ := instance(t, r, time.Millisecond)
		fleet = append(fleet, c)
	}
	for round := range 3 {
		var loads atomic.Int64
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				get(t, fleet[i%3], fmt.Sprint("hot", round), func(context.Context, bool) ([]byte, error) {
					loads.Add(1)
					time.Sleep(50 * time.Millisecond) // a load takes time, in which the others come
					return []byte("1"), nil
				})
			})
		}
		wg.Wait()
		if n := loads.Load(); n < 1 || n > 3 {
			t.Errorf("made %d times", n)
		}
	}
}

// R44: an instance stops while it makes a value. The others wait for it for a moment, which their requests' time pays for,
// and make the value themselves.
func TestWhoMakesAValueIsStopped(t *testing.T) {
	r := servertest.Redis(t)
	stopped, _ := instance(t, r, time.Millisecond)
	other, _ := instance(t, r, time.Millisecond)
	var ended sync.WaitGroup
	defer ended.Wait()
	goOn := make(chan struct{})
	defer close(goOn)
	for n, allowance := range []time.Duration{time.Hour, 100 * time.Millisecond} {
		key, began := fmt.Sprint("key", n), make(chan struct{})
		ended.Go(func() {
			_, err := stopped.Get(t.Context(), key, time.Minute, func(context.Context, bool) ([]byte, error) {
				close(began)
				<-goOn
				return []byte("late"), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-began
		ctx := budget.Start(t.Context(), allowance)
		if v, err := other.Get(ctx, key, time.Minute, value("here")); err != nil || string(v) != "here" {
			t.Errorf("%s, %v", v, err)
		}
		if used := allowance - budget.Left(ctx, allowance); used < min(allowance, 900*time.Millisecond) || used > 2500*time.Millisecond {
			t.Errorf("of %v it took %v", allowance, used)
		}
	}
}

// R26: Redis is killed, hangs, or turns read-only: nobody gets an error, it is asked once and then bypassed, it comes
// back by itself, and what was dropped meanwhile is not read again.
func TestRedisGoes(t *testing.T) {
	for _, tt := range []struct {
		name       string
		away, back func(*servertest.RedisServer)
		keeps      bool
	}{
		{"killed", (*servertest.RedisServer).Kill, (*servertest.RedisServer).Start, false},
		{"hung", (*servertest.RedisServer).Hang, (*servertest.RedisServer).Resume, true},
		{"read-only", func(r *servertest.RedisServer) { r.Do("REPLICAOF 127.0.0.1 1") }, func(r *servertest.RedisServer) { r.Do("REPLICAOF NO ONE") }, true},
		{"without the replicas it wants", func(r *servertest.RedisServer) { r.Do("CONFIG SET min-replicas-to-write 1") }, func(r *servertest.RedisServer) { r.Do("CONFIG SET min-replicas-to-write 0") }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := servertest.Redis(t)
			c, remote := instance(t, r, time.Nanosecond)
			other, _ := instance(t, r, time.Nanosecond)
			get(t, c, "stays", value("1"))
			get(t, c, "changes", value("1"))
			tt.away(r)
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					key := fmt.Sprint("new", i)
					if got := get(t, c, key, value(key)); got != key {
						t.Errorf("%s: %s", key, got)
					}
				})
			}
			wg.Wait()
			c.Drop("changes")
			if !remote.Away() {
				t.Error("it is still asked")
			}
			if got := get(t, c, "changes", value("2")); got != "2" {
				t.Errorf("after the drop: %s", got)
			}
			tt.back(r)
			servertest.Eventually(t, "it is used again", func() bool { return !remote.Away() })
			if got := get(t, c, "changes", value("3")); got != "3" {
				t.Errorf("what was dropped meanwhile is read: %s", got)
			}
			// The others hear of the drop by its event, and in Redis it is done. On a busy machine it may be away again.
			servertest.Eventually(t, "both use it again", func() bool {
				theirs := get(t, other, "changes", value("4"))
				if theirs == "1" {
					t.Fatal("what was dropped meanwhile is read by the other")
				}
				return get(t, c, "changes", value("5")) == theirs // "5" has the other from Redis only
			})
			want := "1"
			if !tt.keeps {
				want = "5"
			}
			servertest.Eventually(t, "what was kept is "+want, func() bool { return get(t, c, "stays", value("5")) == want })
		})
	}
	t.Run("not there at the start", func(t *testing.T) {
		r := servertest.Redis(t)
		r.Kill()
		remote, err := cache.NewRedis(t.Context(), at(r.URL()), nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(remote.Close)
		c := cache.New(cache.Options{Redis: remote})
		if got := get(t, c, "a", value("1")); got != "1" {
			t.Error(got)
		}
		r.Start()
		servertest.Eventually(t, "it is used", func() bool { return !remote.Away() })
	})
}

// A signal is heard by all other processes and not by its own, and again after Redis was away.
func TestSignals(t *testing.T) {
	r := servertest.Redis(t)
	_, a := instance(t, r, time.Nanosecond)
	_, b := instance(t, r, time.Nanosecond)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	for _, p := range []*cache.Redis{a, b} {
		wg.Go(func() { p.Send(ctx) })
		wg.Go(func() { p.Listen(ctx, func() {}) })
	}
	received := func(p *cache.Redis) int64 { _, n := p.SignalCounts(); return n }
	heard := func(state string) {
		t.Helper()
		before, own := received(b), received(a)
		servertest.Eventually(t, state+": B hears of A", func() bool { a.Signal(); return received(b) > before })
		if received(a) != own {
			t.Error("A hears itself")
		}
	}
	heard("at first")
	r.Hang()
	for range 100 {
		a.Signal() // costs nothing
	}
	servertest.Eventually(t, "A passes Redis by", a.Away)
	r.Resume()
	heard("resumed")
	r.Kill()
	for range 100 {
		a.Signal()
	}
	r.Start()
	heard("started again")
}

func TestABadURLHidesItsPassword(t *testing.T) {
	if _, err := cache.NewRedis(t.Context(), at("redis://:hush@["), nil); err == nil || errors.Unwrap(err) != nil {
		t.Error(err)
	}
}

// A password that changes is taken by the next connection, for values and for signals; while it is wrong, or cannot be
// read, Redis is bypassed.
func TestThePasswordChanges(t *testing.T) {
	r := servertest.Redis(t)
	r.SetPassword("first-password")
	var url atomic.Value
	url.Store(r.URL())
	unreadable := errors.New("unreadable")
	connect := func() *cache.Redis {
		remote, err := cache.NewRedis(t.Context(), func(context.Context) (string, error) {
			if s := url.Load().(string); s != "" {
				return s, nil
			}
			return "", unreadable
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(remote.Close)
		servertest.Eventually(t, "Redis is used", func() bool { return !remote.Away() })
		return remote
	}
	a, b := connect(), connect()
	c := cache.New(cache.Options{Redis: a, Near: time.Nanosecond})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	t.Cleanup(func() { cancel(); wg.Wait() })
	wg.Go(func() { a.Send(ctx) })
	wg.Go(func() { b.Listen(ctx, func() {}) })
	used := func(state, password string) {
		t.Helper()
		tries := 0
		servertest.Eventually(t, state+": a value is kept", func() bool {
			tries++
			key := fmt.Sprintf("key %d of %s", tries, password)
			_ = get(t, c, key, value(password))
			return get(t, c, key, value("made again")) == password
		})
		_, before := b.SignalCounts()
		servertest.Eventually(t, state+": B hears of A", func() bool { a.Signal(); _, n := b.SignalCounts(); return n > before })
	}
	used("at first", "first-password")
	for _, wrong := range []string{r.URL(), ""} {
		url.Store(wrong)
		password := "password-instead-of-" + wrong[:min(len(wrong), 5)]
		r.SetPassword(password)
		servertest.Eventually(t, "it is bypassed", func() bool {
			if got := get(t, c, "meanwhile "+password, value("made")); got != "made" {
				t.Error(got)
			}
			return a.Away()
		})
		if _, err := a.Check(t.Context()); err == nil || strings.Contains(err.Error(), "password-") {
			t.Errorf("a check under a wrong password: %v", err)
		}
		url.Store(r.URL())
		used("changed", password)
	}
}

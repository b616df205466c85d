package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"tintype/internal/budget"
	"tintype/internal/sleep"
)

// answerPatience is how long Redis may take to answer. A Redis that does not answer costs it once, because it is then
// bypassed until it answers again. Tests change it.
var answerPatience = 40 * time.Millisecond

const (
	// passwordPatience is how long a new connection waits to be told its password.
	passwordPatience = 2 * time.Second
	// probeEvery is how often a Redis that is away is tried.
	probeEvery = 250 * time.Millisecond
	// lockLife is how long one instance may make a value before another one does too.
	lockLife = 3 * time.Second
	// lockPatience is how long the others wait for that value: the instance that makes it may be stopped.
	lockPatience = time.Second
	// lockPoll is how often those who wait for it look.
	lockPoll = 10 * time.Millisecond
	// maxPending is how many drops are remembered for a Redis that is away.
	maxPending = 10_000
)

// Scripts run whole. A key and what belongs to it share a slot by the braces.
var (
	dropScript = rueidis.NewLuaScript("redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) return redis.call('DEL', KEYS[1])")
	// lookScript finds the value, or the mark of a drop and whether the lock is now the caller's.
	lookScript = rueidis.NewLuaScript(`local v = redis.call('GET', KEYS[1])
if v then return {1, v, 0} end
local mark = redis.call('GET', KEYS[2]) or ''
if redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then return {0, mark, 1} end
return {0, mark, 0}`)
	// doneScript keeps the value, unless its time (ARGV[3]) is 0 or the key was dropped since it was looked for, and
	// gives the lock back if it is still the caller's.
	doneScript = rueidis.NewLuaScript(`if ARGV[3] ~= '0' and (redis.call('GET', KEYS[2]) or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if redis.call('GET', KEYS[3]) == ARGV[4] then redis.call('DEL', KEYS[3]) end
return 0`)
)

var errAway = errors.New("redis is away")

// Redis is the shared part of a cache. The server may be absent at the start, and may come and go. While it is away it
// is bypassed, and drops are remembered until it has them.
type Redis struct {
	o      rueidis.ClientOption
	prefix string
	log    *slog.Logger
	stop   context.CancelFunc
	ended  chan struct{}
	tried  chan struct{} // closed after the first try to reach it
	self   string        // this process, as a sender of signals
	news   chan struct{} // signals to send

	hits, misses, passed, failures atomic.Int64
	sent, received                 atomic.Int64

	mu      sync.Mutex
	client  rueidis.Client // nil before the first connection
	away    bool
	trusted time.Time // not before
	pending map[string]time.Duration
	lost    bool // more was dropped than is remembered
	trace   Trace
}

// NewRedis prepares the Redis at a redis:// or rediss:// URL and connects in the background. Close ends it. The URL is
// resolved again before each connection, which takes the user and password of that moment.
func NewRedis(ctx context.Context, url func(context.Context) (string, error), log *slog.Logger) (*Redis, error) {
	o, err := options(ctx, url)
	if err != nil {
		return nil, err
	}
	o.Username, o.Password = "", ""
	o.AuthCredentialsFn = func(rueidis.AuthCredentialsContext) (rueidis.AuthCredentials, error) {
		ctx, cancel := context.WithTimeout(context.Background(), passwordPatience)
		defer cancel()
		now, err := options(ctx, url)
		return rueidis.AuthCredentials{Username: now.Username, Password: now.Password}, err
	}
	// The next request retries. The near part and events do the job of client-side caching.
	o.DisableRetry, o.DisableCache = true, true
	o.ConnWriteTimeout = time.Second
	o.Dialer = net.Dialer{Timeout: time.Second, KeepAlive: time.Second}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &Redis{
		o: o, prefix: "tintype:", log: log, stop: stop, ended: make(chan struct{}), tried: make(chan struct{}),
		self: rand.Text(), news: make(chan struct{}, 1),
		away: true, pending: map[string]time.Duration{},
	}
	go r.watch(ctx)
	return r, nil
}

// options are the client options of the current URL.
func options(ctx context.Context, url func(context.Context) (string, error)) (rueidis.ClientOption, error) {
	text, err := url(ctx)
	if err != nil {
		return rueidis.ClientOption{}, err
	}
	o, err := rueidis.ParseURL(text)
	if err != nil {
		return rueidis.ClientOption{}, errors.New("not the URL of a Redis") // the cause may hold the password
	}
	return o, nil
}

// Ready waits until Redis was tried once, so that a start does not use a cold cache for want of a millisecond.
func (r *Redis) Ready(ctx context.Context) {
	select {
	case <-r.tried:
	case <-ctx.Done():
	}
}

// Away reports whether Redis is bypassed at the moment.
func (r *Redis) Away() bool {
	_, err := r.usable()
	return err != nil
}

// Counts returns how often a value was there or not, how often Redis was bypassed or did not answer, and how many of
// its answers were errors.
func (r *Redis) Counts() (hits, misses, passed, failures int64) {
	return r.hits.Load(), r.misses.Load(), r.passed.Load(), r.failures.Load()
}

// String says what the cache is and where, for people: "redis, cache.internal:6379/0".
func (r *Redis) String() string {
	text := "redis, " + strings.Join(r.o.InitAddress, ",") + "/" + strconv.Itoa(r.o.SelectDB)
	if r.o.TLSConfig != nil {
		text += ", TLS"
	}
	return text
}

// Close disconnects.
func (r *Redis) Close() {
	r.stop()
	<-r.ended
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = true
	if r.client != nil {
		r.client.Close()
	}
}

func (r *Redis) usable() (rueidis.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away || r.client == nil || time.Now().Before(r.trusted) {
		return nil, errAway
	}
	return r.client, nil
}

// failed bypasses Redis from now on.
func (r *Redis) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures.Add(1)
	if !r.away {
		r.away = true
		r.log.Warn("Redis is bypassed", "error", err)
	}
}

// watch tries a Redis that is away and puts it back into use. It comes back only when it accepts writes and has every
// drop that it missed: a value that should have been dropped must not be read.
func (r *Redis) watch(ctx context.Context) {
	defer close(r.ended)
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		r.mu.Lock()
		away := r.away
		r.mu.Unlock()
		if away {
			err := r.restore(ctx)
			if err == nil && !first {
				r.log.Info("Redis is used again")
			} else if err != nil && first {
				r.log.Warn("Redis is bypassed", "error", err)
			}
		}
		if first {
			close(r.tried)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *Redis) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r.mu.Lock()
	client := r.client
	r.mu.Unlock()
	if client == nil {
		var err error
		if client, err = rueidis.NewClient(r.o); err != nil {
			return err
		}
		r.mu.Lock()
		if r.trace != nil {
			client = &tracedClient{client, r.trace}
		}
		r.client = client
		r.mu.Unlock()
	}
	if err := client.Do(ctx, client.B().Set().Key(r.prefix+"probe").Value("1").PxMilliseconds(1000).Build()).Error(); err != nil {
		return err
	}
	for {
		r.mu.Lock()
		if len(r.pending) == 0 {
			if r.lost {
				r.lost, r.trusted = false, time.Now().Add(MaxRedisTTL)
			}
			r.away = false
			r.mu.Unlock()
			return nil
		}
		todo := r.pending
		r.pending = map[string]time.Duration{}
		r.mu.Unlock()
		for key, window := range todo {
			if err := r.dropOne(ctx, client, key, window); err != nil {
				r.mu.Lock()
				for key, window := range todo {
					r.remember(key, window)
				}
				r.mu.Unlock()
				return err
			}
		}
	}
}

// remember keeps a drop for later. The caller holds the lock.
func (r *Redis) remember(key string, window time.Duration) {
	if len(r.pending) >= maxPending {
		r.lost = true
		return
	}
	r.pending[key] = window
}

// distrust bypasses everything that Redis may hold now, until it has expired.
func (r *Redis) distrust() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trusted = time.Now().Add(MaxRedisTTL)
}

func (r *Redis) name(key string) string { return r.prefix + "{" + key + "}" }

// drop removes keys. Keys that cannot be removed now are removed before Redis is read again.
func (r *Redis) drop(keys []string, window time.Duration) {
	r.mu.Lock()
	client := r.client
	if r.away || client == nil {
		for _, key := range keys {
			r.remember(key, window)
		}
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()
	for i, key := range keys {
		ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
		err := r.dropOne(ctx, client, key, window)
		cancel()
		if err != nil {
			r.mu.Lock()
			for _, key := range keys[i:] {
				r.remember(key, window)
			}
			r.mu.Unlock()
			r.failed(err)
			return
		}
	}
}

func (r *Redis) dropOne(ctx context.Context, client rueidis.Client, key string, window time.Duration) error {
	name := r.name(key)
	return dropScript.Exec(ctx, client, []string{name, name + ":inv"}, []string{rand.Text(), millis(window)}).Error()
}

// A redisEntry is the state of one key in Redis.
type redisEntry struct {
	found bool
	value []byte
	mark  string // of a drop that is still remembered

	redis  *Redis
	client rueidis.Client // nil: Redis was bypassed
	key    string
	secret string // of the lock
	asked  time.Time
}

// look finds the value, or reports that it has to be made. One process in the fleet makes it, and the others wait.
func (r *Redis) look(ctx context.Context, key string) *redisEntry {
	f := &redisEntry{redis: r, key: r.name(key), asked: time.Now()}
	client, err := r.usable()
	if err != nil {
		r.passed.Add(1)
		return f
	}
	f.secret = rand.Text()
	ctx, charge, end := budget.Take(ctx)
	defer end()
	defer charge()
	for {
		mine, err := f.askSoon(ctx, client)
		if err != nil {
			if ctx.Err() == nil { // else it is not Redis whose time is over
				r.failed(err)
			}
			r.passed.Add(1)
			return f
		}
		switch {
		case f.found:
			r.hits.Add(1)
			return f
		case mine || time.Since(f.asked) > lockPatience:
			r.misses.Add(1)
			f.client = client
			return f
		}
		if sleep.For(ctx, lockPoll) != nil {
			return f
		}
	}
}

func (f *redisEntry) keys() []string { return []string{f.key, f.key + ":inv", f.key + ":lock"} }

// askSoon is ask with a short deadline.
func (f *redisEntry) askSoon(ctx context.Context, client rueidis.Client) (mine bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	return f.ask(ctx, client)
}

// ask asks once, and reports whether the caller has to make the value.
func (f *redisEntry) ask(ctx context.Context, client rueidis.Client) (mine bool, err error) {
	got, err := lookScript.Exec(ctx, client, f.keys(), []string{f.secret, millis(lockLife)}).ToArray()
	if err != nil {
		return false, fmt.Errorf("read: %w", err)
	}
	if len(got) != 3 {
		return false, errors.New("read: the answer has an unexpected form")
	}
	found, err1 := got[0].AsInt64()
	value, err2 := got[1].AsBytes()
	locked, err3 := got[2].AsInt64()
	if err := errors.Join(err1, err2, err3); err != nil {
		return false, fmt.Errorf("read: %w", err)
	}
	if f.found = found == 1; f.found {
		f.value = value
	} else {
		f.mark = string(value)
	}
	return locked == 1, nil
}

// done stores the new value unless the key was dropped meanwhile, and releases the lock. A ttl of 0 stores nothing.
func (f *redisEntry) done(value []byte, ttl time.Duration) {
	if f.client == nil || f.redis.Away() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerPatience)
	defer cancel()
	life := strconv.FormatInt(ttl.Milliseconds(), 10)
	if err := doneScript.Exec(ctx, f.client, f.keys(), []string{f.mark, rueidis.BinaryString(value), life, f.secret}).Error(); err != nil {
		f.redis.failed(err)
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }

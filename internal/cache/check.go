package cache

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Facts are the results of a check of Redis.
type Facts struct {
	Version  string
	Role     string // "master", or "slave" for one that takes no writes
	Policy   string // maxmemory-policy
	Limited  bool   // there is a maxmemory
	TLS      bool
	Took     time.Duration // one round trip, the median of a few
	Patience time.Duration // longer than this it is bypassed
	Bypassed bool          // the site bypasses it at the moment
}

// checkTrips is how many round trips are measured.
const checkTrips = 5

// Check uses Redis as Cache does: it takes the lock of a key, stores, reads and drops it, on a connection of its own
// and with more patience. Its keys begin with tintype:{check and expire.
func (r *Redis) Check(ctx context.Context) (Facts, error) {
	f := Facts{Patience: answerPatience, Bypassed: r.Away(), TLS: r.o.TLSConfig != nil}
	client, err := rueidis.NewClient(r.o)
	if err != nil {
		return f, err
	}
	defer client.Close()
	var trips []time.Duration
	for range checkTrips {
		start := time.Now()
		if err := client.Do(ctx, client.B().Ping().Build()).Error(); err != nil {
			return f, err
		}
		trips = append(trips, time.Since(start))
	}
	slices.Sort(trips)
	f.Took = trips[checkTrips/2]
	if err := r.rehearse(ctx, client); err != nil {
		return f, err
	}
	// A managed Redis may hide these facts, which is no error.
	info, _ := client.Do(ctx, client.B().Info().Build()).ToString()
	for line := range strings.Lines(info) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "redis_version":
			f.Version = value
		case "role":
			f.Role = value
		case "maxmemory":
			f.Limited = value != "0"
		case "maxmemory_policy":
			f.Policy = value
		}
	}
	return f, nil
}

// rehearse runs the scripts that Cache runs, so that an ACL that forbids them shows here.
func (r *Redis) rehearse(ctx context.Context, client rueidis.Client) error {
	plain := "check " + rand.Text()
	key := r.name(plain)
	step := func(what string, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	f := &redisEntry{redis: r, key: key, secret: rand.Text()}
	mine, err := f.ask(ctx, client)
	if err == nil && (f.found || !mine) {
		err = errors.New("a new key exists already or is locked")
	}
	if err := step("look for a key and lock it", err); err != nil {
		return err
	}
	stored := doneScript.Exec(ctx, client, f.keys(), []string{f.mark, "check", millis(lockLife), f.secret}).Error()
	if err := step("store a value", stored); err != nil {
		return err
	}
	_, err = f.ask(ctx, client)
	if err == nil && (!f.found || string(f.value) != "check") {
		err = errors.New("the stored value is missing")
	}
	if err := step("read it", err); err != nil {
		return err
	}
	if err := step("drop it", r.dropOne(ctx, client, plain, lockLife)); err != nil {
		return err
	}
	mine, err = f.ask(ctx, client)
	if err == nil && (f.found || f.mark == "" || !mine) {
		err = errors.New("the key still exists or is locked")
	}
	if err := step("look for what was dropped", err); err != nil {
		return err
	}
	unlocked := doneScript.Exec(ctx, client, f.keys(), []string{f.mark, "", "0", f.secret}).Error()
	return step("unlock it", unlocked)
}

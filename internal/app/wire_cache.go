package app

import (
	"context"
	"fmt"
	"time"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/live"
	"tintype/internal/web/api"
)

// redisPatience is how long a start waits for a Redis that may be there.
const redisPatience = 2 * time.Second

// connectRedis has this process tell the others by Redis, where there is one,
// that there are events to read, and hear of theirs. What gets lost is found by
// the next poll.
func (a *App) connectRedis(ctx context.Context, r *rooms) error {
	if !a.cfg.CacheURL.IsSet() {
		return nil
	}
	redis, err := a.drivers().redis(ctx)
	if err != nil {
		return err
	}
	a.redis = redis
	redis.Trace(traceCalls(a.tracer, "redis"))
	a.onStop("redis", func(context.Context) error {
		redis.Close()
		return nil
	})
	a.background("signals", func(ctx context.Context) error {
		redis.Send(ctx)
		return nil
	})
	a.background("signalled", func(ctx context.Context) error {
		redis.Listen(ctx, r.live.Wake)
		return nil
	})
	r.store.OnEvent(func() {
		r.live.Wake()
		redis.Signal()
	})
	a.metrics.watchRedis(redis)
	return nil
}

// openCache chooses where what many ask for is kept, and has events keep it
// true. Without a Redis there is none: taking a page of posts out of its bytes
// costs a process more than reading it from the database, and visitors' pages
// are kept whole anyway.
func (a *App) openCache(hub *live.Hub) *community.Cached {
	if a.redis == nil {
		return nil
	}
	kept := cache.New(cache.Options{Redis: a.redis, Window: a.cfg.ReplicaMaxLag + 10*time.Second, Log: a.log})
	a.metrics.watchCache(kept)
	c := community.NewCached(kept, hub, a.log)
	a.background("cache", func(ctx context.Context) error {
		c.Follow(ctx)
		return nil
	})
	return c
}

// counter counts requests over the fleet, nil without a Redis.
func (a *App) counter() api.Counter {
	if a.redis == nil {
		return nil
	}
	return a.redis
}

// redis connects, and waits a moment for that. One that does not answer is no error.
func (d drivers) redis(ctx context.Context) (*cache.Redis, error) {
	redis, err := cache.NewRedis(ctx, d.cfg.CacheURL.Value, d.log)
	if err != nil {
		return nil, fmt.Errorf("CACHE_URL: %w", err)
	}
	wait, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	redis.Ready(wait)
	return redis, nil
}

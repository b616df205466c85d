package app

import (
	"context"

	"tintype/internal/cache"
	"tintype/internal/web/api"
)

// connectRedis has this process tell the others by Redis, where there is one,
// that there are events to read, and hear of theirs. What gets lost is found by
// the next poll.
func (a *App) connectRedis(redis *cache.Redis, r *services) {
	a.redis = redis
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
	a.metrics.watchRedis(redis)
}

// counter counts requests over the fleet, nil without a Redis.
func (a *App) counter() api.Counter {
	if a.redis == nil {
		return nil
	}
	return a.redis
}

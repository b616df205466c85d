package app

import (
	"context"
	"fmt"
	"time"

	"tintype/internal/cache"
	"tintype/internal/community"
	"tintype/internal/live"
)

// redisPatience is how long a start waits for a Redis that may be there.
const redisPatience = 2 * time.Second

// openCache chooses where what many ask for is kept, and has events keep it
// true. Without a Redis there is none: taking a page of posts out of its bytes
// costs a process more than reading it from the database, and visitors' pages
// are kept whole anyway.
func (a *App) openCache(ctx context.Context, hub *live.Hub) (*community.Cached, error) {
	if !a.cfg.CacheURL.IsSet() {
		return nil, nil
	}
	o := cache.Options{Window: a.cfg.ReplicaMaxLag + 10*time.Second, Log: a.log}
	url, err := a.cfg.CacheURL.Value(ctx)
	if err != nil {
		return nil, err
	}
	if o.Redis, err = cache.NewRedis(url, a.log); err != nil {
		return nil, fmt.Errorf("CACHE_URL: %w", err)
	}
	a.onStop("cache", func(context.Context) error {
		o.Redis.Close()
		return nil
	})
	wait, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	o.Redis.Ready(wait)
	c := community.NewCached(cache.New(o), hub, a.log)
	a.background("cache", func(ctx context.Context) error {
		c.Follow(ctx)
		return nil
	})
	return c, nil
}

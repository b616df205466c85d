package community

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"tintype/internal/cache"
	"tintype/internal/live"
	"tintype/internal/store"
)

// The cached keys. A value is made of what every visitor may see, and nothing else: no address, no password.
const keyPublicFeed = "public feed"

// cachedLife is the lifetime of a value that no event drops.
const cachedLife = 30 * time.Second

// cacheIdle is how long events are followed after the last use of the cache. It is longer than a value lives.
const cacheIdle = cache.MaxRedisTTL + cachedLife

// A Cached is the site's cache. Events drop what they make stale.
type Cached struct {
	cache *cache.Cache
	watch *live.Watch
}

// NewCached makes a Cached. It drops nothing before Follow runs.
func NewCached(c *cache.Cache, hub *live.Hub, log *slog.Logger) *Cached {
	out := &Cached{cache: c}
	out.watch = live.NewWatch(live.WatchOptions{
		Hub: hub, Kinds: visibleKinds, Depth: eventsAhead, Idle: cacheIdle,
		OnStart: func() {},
		OnEvent: func(e live.Event) { out.Invalidate(e.Kind) },
		OnStop: func(lost bool) {
			if lost { // else nothing was used for longer than anything is kept
				log.Warn("events were missed: the cache is emptied")
				c.Clear()
			}
		},
	})
	return out
}

// Follow drops values that events make stale, until ctx ends.
func (c *Cached) Follow(ctx context.Context) { c.watch.Follow(ctx) }

// Invalidate drops the values that an event of this process makes stale, as soon as the event is committed. Other
// processes drop them when they read the event.
func (c *Cached) Invalidate(kind string) {
	if isVisible(kind) {
		c.cache.Drop(keyPublicFeed)
	}
}

// cached returns a value of the cache. It returns what load makes where the cache has none, or where the caller must
// see its own writes.
func cached[T any](ctx context.Context, c *Community, key string, load func(context.Context) (T, error)) (T, error) {
	if c.Cached == nil || store.Positioned(ctx) {
		return load(ctx)
	}
	c.Cached.watch.Use()
	var v T
	made := false
	b, err := c.Cached.cache.Get(ctx, key, cachedLife, func(ctx context.Context, fresh bool) ([]byte, error) {
		if fresh {
			ctx = store.Primary(ctx)
		}
		own, err := load(ctx)
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(own)
		if err == nil {
			v, made = own, true
		}
		return b, err
	})
	if err != nil || made {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		// Another release may have written it: then it is made, and not kept.
		c.Log.WarnContext(ctx, "a cached value cannot be read", "key", key, "error", err)
		return load(ctx)
	}
	return v, nil
}

// visitorsFeed is the first page of the public feed as visitors see it, up to limit posts.
func (c *Community) visitorsFeed(ctx context.Context, limit int) ([]*Post, error) {
	posts, err := cached(ctx, c, keyPublicFeed, func(ctx context.Context) ([]*Post, error) {
		return c.publicFeed(ctx, nil, Cursor{Limit: maxPosts})
	})
	if err != nil {
		return nil, err
	}
	return posts[:min(limit, len(posts))], nil
}

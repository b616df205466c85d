package community

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"tintype/internal/cache"
	"tintype/internal/live"
	"tintype/internal/store"
)

// The cached keys. A value is made of what every visitor may see, and nothing else: no address, no password.
const keyPublicFeed = "public feed"

// cachedLife is how long a value may stay where no event drops it.
const cachedLife = 30 * time.Second

// What drops which keys.
var cacheDrops = map[string][]string{
	EventPostCreated: {keyPublicFeed}, EventPostUpdated: {keyPublicFeed}, EventPostDeleted: {keyPublicFeed},
	EventPostLiked: {keyPublicFeed}, EventPostUnliked: {keyPublicFeed},
	EventAccountUpdated: {keyPublicFeed}, EventAccountHidden: {keyPublicFeed}, EventAccountShown: {keyPublicFeed}, EventAccountGone: {keyPublicFeed},
}

// cacheIdle is how long after the last use of the cache events are still followed for it: longer than a value lives.
const cacheIdle = cache.Far + cachedLife

// A Cached is the site's cache with the events that keep it true. It follows them only while it is used, so that a
// site which nobody visits asks its database for nothing.
type Cached struct {
	cache *cache.Cache
	hub   *live.Hub
	log   *slog.Logger
	wake  chan struct{}

	mu   sync.Mutex
	sub  *live.Subscription
	used time.Time
}

// NewCached makes a Cached; Follow keeps it true.
func NewCached(c *cache.Cache, hub *live.Hub, log *slog.Logger) *Cached {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Cached{cache: c, hub: hub, log: log, wake: make(chan struct{}, 1)}
}

// use begins to follow before anything is read, so that no change falls between.
func (c *Cached) use() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.used = time.Now()
	if c.sub != nil {
		return
	}
	kinds := make([]string, 0, len(cacheDrops))
	for kind := range cacheDrops {
		kinds = append(kinds, kind)
	}
	c.sub = c.hub.SubscribeDeep(eventsAhead, live.Any, kinds...)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Follow drops what events change, until ctx ends.
func (c *Cached) Follow(ctx context.Context) {
	for {
		c.mu.Lock()
		sub := c.sub
		c.mu.Unlock()
		if sub == nil {
			select {
			case <-c.wake:
			case <-ctx.Done():
				return
			}
			continue
		}
		idle := time.NewTimer(cacheIdle)
		select {
		case e := <-sub.C():
			c.Told(e.Kind)
		case <-sub.Lost():
			c.stop(sub, true)
			c.log.WarnContext(ctx, "events were missed: the cache is emptied")
		case <-idle.C:
			c.stop(sub, false)
		case <-ctx.Done():
			idle.Stop()
			c.stop(sub, true)
			return
		}
		idle.Stop()
	}
}

// Told drops what an event of this process changes, as soon as it is committed. The others hear of it by the event.
func (c *Cached) Told(kind string) {
	if keys := cacheDrops[kind]; len(keys) > 0 {
		c.cache.Drop(keys...)
	}
}

// stop ends following, unless the cache was used lately and it need not be.
func (c *Cached) stop(sub *live.Subscription, must bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !must && time.Since(c.used) < cacheIdle {
		return
	}
	sub.Close()
	c.sub = nil
	if must {
		c.cache.Clear() // what was kept is no longer told of changes
	}
}

// cached is a value of the cache, or what load makes where there is none, and where the caller must see its own writes.
func cached[T any](ctx context.Context, c *Community, key string, load func(context.Context) (T, error)) (T, error) {
	if c.Cached == nil || store.Positioned(ctx) {
		return load(ctx)
	}
	c.Cached.use()
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

// visitorsFeed is the first page of the public feed as visitors see it, as long as any page may be.
func (c *Community) visitorsFeed(ctx context.Context, limit int) ([]*Post, error) {
	posts, err := cached(ctx, c, keyPublicFeed, func(ctx context.Context) ([]*Post, error) {
		return c.publicFeed(ctx, nil, Page{Limit: maxPosts})
	})
	if err != nil {
		return nil, err
	}
	return posts[:min(limit, len(posts))], nil
}

package cache

import (
	"context"
	"time"

	"github.com/redis/rueidis"
)

// countScript raises a counter that expires.
var countScript = rueidis.NewLuaScript("local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n")

// Count adds one to a counter that all processes share and returns its value. The counter lasts for life from its first
// count on, or until Redis loses it. ok is false while Redis is bypassed: then, as far as is known, nothing was
// counted.
func (r *Redis) Count(ctx context.Context, key string, life time.Duration) (n int64, ok bool) {
	r.mu.Lock()
	client, away := r.client, r.away // what Redis holds of values need not be trusted for this
	r.mu.Unlock()
	if away || client == nil {
		return 0, false
	}
	// That a client has gone does not mean that Redis has.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerPatience)
	defer cancel()
	n, err := countScript.Exec(ctx, client, []string{r.prefix + "count:{" + key + "}"}, []string{millis(life)}).AsInt64()
	if err != nil {
		r.failed(err)
		return 0, false
	}
	return n, true
}

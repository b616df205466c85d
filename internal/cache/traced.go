package cache

import (
	"context"
	"strings"

	"github.com/redis/rueidis"
)

// Trace is called before each command to Redis. The function that it returns is called with the answer's error; it may
// be nil.
type Trace func(ctx context.Context, command string) (context.Context, func(error))

// Trace sets the function that is called for commands. Call it before the first of them. nil changes nothing.
func (r *Redis) Trace(t Trace) {
	if t == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace = t
	if r.client != nil {
		r.client = &tracedClient{r.client, t}
	}
}

// tracedClient is a client that calls Trace for its commands.
type tracedClient struct {
	rueidis.Client
	trace Trace
}

func (c *tracedClient) Do(ctx context.Context, cmd rueidis.Completed) rueidis.RedisResult {
	ctx, end := c.trace(ctx, strings.ToUpper(cmd.Commands()[0]))
	answer := c.Client.Do(ctx, cmd)
	tell(end, answer)
	return answer
}

func (c *tracedClient) DoMulti(ctx context.Context, cmds ...rueidis.Completed) []rueidis.RedisResult {
	name := "none"
	if len(cmds) > 0 {
		name = strings.ToUpper(cmds[0].Commands()[0])
	}
	ctx, end := c.trace(ctx, name)
	answers := c.Client.DoMulti(ctx, cmds...)
	tell(end, answers...)
	return answers
}

func tell(end func(error), answers ...rueidis.RedisResult) {
	if end == nil {
		return
	}
	for _, a := range answers {
		if err := a.Error(); err != nil && !rueidis.IsRedisNil(err) {
			end(err)
			return
		}
	}
	end(nil)
}

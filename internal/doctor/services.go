package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"tintype/internal/cache"
	"tintype/internal/session"
)

func (d *Diagnosis) checkSessions(ctx context.Context) []Check {
	if d.SessionsErr != nil {
		return []Check{failed("the store of sessions was not opened", d.SessionsErr, "")}
	}
	if d.Sessions == nil {
		return nil // in the database, which has its own check
	}
	random := fmt.Sprintf("doctor%058d", time.Now().UnixNano())
	const account = math.MaxInt64 // nobody's
	table, inspects := session.As[session.Inspector](d.Sessions)
	if !inspects || d.Config.ReadOnly {
		// Rows belong to accounts in SQL; that writes are taken, the database's check has shown.
		if _, err := d.Sessions.Get(ctx, account, random); !errors.Is(err, session.ErrNone) {
			return []Check{failed("sessions cannot be read", err, "")}
		}
		return []Check{fine("%s: read", d.Sessions)}
	}
	return checkTable(ctx, d.Sessions.String(), table, "GetItem, PutItem, UpdateItem, DeleteItem, BatchWriteItem and Query")
}

// checkTable tries a table of sessions.
func checkTable(ctx context.Context, where string, table session.Inspector, rights string) []Check {
	facts, err := table.Inspect(ctx)
	if err != nil {
		return []Check{failed(where, err, "the role needs "+rights+" on the table; `tintype setup dynamodb` makes it, with "+session.TableKey)}
	}
	list := []Check{fine("%s: written, read, listed and deleted, %s a read", where, facts.Took.Round(100*time.Microsecond))}
	if !facts.Sweeps && facts.SweepsErr == nil {
		list = append(list, warn(where+" keeps expired sessions: its TTL is off", "`tintype setup dynamodb` switches it on"))
	}
	return list
}

// slowRedis is a share of the cache's patience that a round trip should stay under.
const slowRedis = 4

func (d *Diagnosis) checkCache(ctx context.Context) []Check {
	if d.RedisErr != nil {
		return []Check{failed("CACHE_URL", d.RedisErr, "")}
	}
	if d.Redis == nil {
		return nil // memory, which has nothing to be wrong
	}
	facts, err := d.Redis.Check(ctx)
	if err != nil {
		// The site goes on without, so that this is no failure of it; but what was configured does not work.
		return []Check{failed(d.Redis.String(), err, "the site bypasses it meanwhile; see that it runs, takes writes, and that its user may GET, SET, DEL and EVAL the keys tintype:*")}
	}
	return judgeCache(d.Redis.String(), facts)
}

func judgeCache(where string, facts cache.Facts) []Check {
	list := []Check{fine("%s: stored, read and dropped, %s a round trip", where, facts.Took.Round(10*time.Microsecond))}
	if facts.Version != "" {
		list[0].Text += ", Redis " + facts.Version
	}
	if facts.Role == "slave" {
		list = append(list, warn(where+" is a replica", "name the primary's address: a replica refuses writes"))
	}
	if facts.Limited && facts.Policy == "noeviction" {
		list = append(list, warn(where+" refuses writes once its memory is full (maxmemory-policy noeviction), and is bypassed then", "set maxmemory-policy to allkeys-lru"))
	}
	if facts.Took > facts.Patience/slowRedis {
		list = append(list, warn(fmt.Sprintf("%s takes %s to answer; it is bypassed when that takes longer than %s", where, facts.Took.Round(time.Millisecond), facts.Patience), "have it in the same zone or region"))
	}
	if facts.Bypassed {
		list = append(list, warn(where+" is bypassed at the moment", "it answers now, so the site takes it up again by itself"))
	}
	return list
}

func (d *Diagnosis) checkSQS(ctx context.Context) []Check {
	switch {
	case d.QueueErr != nil:
		return []Check{failed("the queue was not opened", d.QueueErr, "")}
	case d.Queue == nil:
		return nil
	}
	send, receive := !d.Config.ReadOnly, d.Config.Worker && !d.Config.ReadOnly
	facts, err := d.Queue.Check(ctx, send, receive)
	if facts.FIFO {
		return []Check{{Status: Failure, Text: d.Queue.String() + " is a FIFO queue", Advice: "use a standard queue: messages only wake workers, and are sent without a group"}}
	}
	if err != nil {
		rights := "GetQueueAttributes and SendMessage"
		if receive {
			rights += ", ReceiveMessage and DeleteMessage"
		}
		return []Check{failed(d.Queue.String(), err, "the role needs "+rights+"; jobs go on meanwhile by a poll of the database")}
	}
	text := d.Queue.String() + " answers"
	switch {
	case facts.Received:
		text += ": a message was sent, received and deleted"
	case receive:
		text += ": a message was sent, and taken by a worker"
	case send:
		text += ": a message was sent"
	}
	list := []Check{fine("%s; %d messages wait", text, facts.Waiting)}
	if facts.Delay > 0 {
		list = append(list, warn(fmt.Sprintf("%s delays each message by %s, and each photo with it", d.Queue, facts.Delay), "set its delivery delay to 0"))
	}
	if facts.DeadLetters != "" {
		// deploy/asg makes one, with an alarm: nothing is wrong with it, but nothing about jobs is to be found in it.
		list = append(list, fine("messages that no worker takes go to a dead-letter queue; jobs that failed are in `tintype jobs list --state dead`"))
	}
	if facts.Waiting > manyMessages {
		list = append(list, warn(fmt.Sprintf("%d messages wait in %s", facts.Waiting, d.Queue), "is a process with ROLES=worker running that may receive from it?"))
	}
	return list
}

// manyMessages wait only where nobody takes them: one receiver takes ten at once.
const manyMessages = 1000

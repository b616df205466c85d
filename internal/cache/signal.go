package cache

import (
	"context"
	"time"

	"github.com/redis/rueidis"

	"tintype/internal/sleep"
)

const (
	// signalGap is the least time between two signals of one process: those in between are one.
	signalGap = 5 * time.Millisecond
	// listenAgain is how long after a failure Redis is listened to again.
	listenAgain = 500 * time.Millisecond
)

// Signal tells the other listening processes that the database has news. It does not block. Their next poll finds what
// a lost signal announced.
func (r *Redis) Signal() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// SignalCounts returns how many signals were sent and how many came from others.
func (r *Redis) SignalCounts() (sent, received int64) { return r.sent.Load(), r.received.Load() }

func (r *Redis) channel() string { return r.prefix + "news" }

// Send sends signals until ctx ends. While Redis is away it sends none.
func (r *Redis) Send(ctx context.Context) {
	for {
		select {
		case <-r.news:
		case <-ctx.Done():
			return
		}
		if client := r.reachable(); client != nil {
			short, cancel := context.WithTimeout(ctx, answerPatience)
			err := client.Do(short, client.B().Publish().Channel(r.channel()).Message(r.self).Build()).Error()
			cancel()
			switch {
			case err == nil:
				r.sent.Add(1)
			case ctx.Err() == nil:
				r.failed(err)
			}
		}
		if sleep.For(ctx, signalGap) != nil {
			return
		}
	}
}

// Listen calls onSignal at each signal of another process, until ctx ends. Signals that come while Redis is away are lost.
func (r *Redis) Listen(ctx context.Context, onSignal func()) {
	for ctx.Err() == nil {
		if client := r.reachable(); client != nil {
			err := client.Receive(ctx, client.B().Subscribe().Channel(r.channel()).Build(), func(m rueidis.PubSubMessage) {
				if m.Message != r.self {
					r.received.Add(1)
					onSignal()
				}
			})
			if err != nil && ctx.Err() == nil {
				r.log.Debug("signals of other processes are not heard", "error", err)
			}
			onSignal() // perhaps something came meanwhile
		}
		if sleep.For(ctx, listenAgain) != nil {
			return
		}
	}
}

// reachable is nil while Redis is away.
func (r *Redis) reachable() rueidis.Client {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.away {
		return nil
	}
	return r.client
}

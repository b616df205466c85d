package app

import (
	"context"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/queue"
)

// openQueue chooses how workers hear of jobs.
func (a *App) openQueue(ctx context.Context) (queue.Waker, error) {
	s, err := openSQS(ctx, a.cfg, a.log)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return queue.NewSignal(), nil
	}
	a.metrics.watchQueue(s)
	// Sending ends last, after the jobs that may add others.
	a.background("queue sender", s.Send)
	if a.cfg.Worker {
		a.background("queue receiver", s.Receive)
	}
	return s, nil
}

// openSQS is nil where the database alone is the queue.
func openSQS(ctx context.Context, cfg *Config, log *slog.Logger) (*queue.SQS, error) {
	if cfg.QueueURL == "" {
		return nil, nil
	}
	c, err := loadAWS(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	return queue.NewSQS(sqs.NewFromConfig(c), cfg.QueueURL, log), nil
}

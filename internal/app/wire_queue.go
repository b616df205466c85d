package app

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/queue"
)

// openQueue chooses how workers hear of jobs.
func (a *App) openQueue(ctx context.Context) (queue.Waker, error) {
	s, err := a.drivers().sqs(ctx)
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

// sqs is nil where the database alone is the queue.
func (d drivers) sqs(ctx context.Context) (*queue.SQS, error) {
	if d.cfg.QueueURL == "" {
		return nil, nil
	}
	c, err := d.aws(ctx)
	if err != nil {
		return nil, err
	}
	return queue.NewSQS(sqs.NewFromConfig(c), d.cfg.QueueURL, d.log), nil
}

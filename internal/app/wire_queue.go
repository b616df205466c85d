package app

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/queue"
)

// openQueue chooses how workers hear of jobs.
func (a *App) openQueue(ctx context.Context) (queue.Waker, error) {
	if a.cfg.QueueURL == "" {
		return queue.NewSignal(), nil
	}
	c, err := loadAWS(ctx, a.cfg, a.log)
	if err != nil {
		return nil, err
	}
	s := queue.NewSQS(sqs.NewFromConfig(c), a.cfg.QueueURL, a.log)
	// Sending ends last, after the jobs that may add others.
	a.background("queue sender", s.Send)
	if a.cfg.Worker {
		a.background("queue receiver", s.Receive)
	}
	return s, nil
}

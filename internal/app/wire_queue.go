package app

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/queue"
)

// openQueue chooses how workers hear of jobs.
func (a *App) openQueue(ctx context.Context) (queue.Waker, error) {
	if a.cfg.QueueURL == "" {
		return queue.NewSignal(), nil
	}
	c, err := awsConfig(ctx)
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

// awsConfig is the SDK's own: region, endpoints and credentials come from its
// default chain, never from settings of ours.
func awsConfig(ctx context.Context) (aws.Config, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return c, fmt.Errorf("AWS: %w", err)
	}
	if c.Region == "" {
		return c, fmt.Errorf("AWS: no region is known: set AWS_REGION")
	}
	return c, nil
}

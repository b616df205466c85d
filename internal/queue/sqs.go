package queue

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/awscall"
	"tintype/internal/sleep"
)

const (
	sqsBatch   = 10 // the most that SQS takes or gives at once
	sqsWait    = 20 * time.Second
	sqsTimeout = 5 * time.Second
	sqsBacklog = 4096 // ids that wait to be sent; what does not fit the workers' poll finds
)

// SQS is a Waker over an SQS queue. It carries the ids of committed jobs from the processes that add them to the
// workers. The rows remain the jobs, so a message may get lost, come twice or come late, and is deleted as soon as it
// has woken somebody. The workers' poll finds what is missed.
type SQS struct {
	client *awscall.Client
	url    string
	log    *slog.Logger
	out    chan int64

	sent, unsent, received atomic.Int64
	wake                   chan struct{}
}

// NewSQS makes a Waker of the queue at that URL. Send must run where jobs are added, Receive where they are done.
func NewSQS(cfg aws.Config, url string, log *slog.Logger) *SQS {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &SQS{client: awscall.New(cfg, sqsService), url: url, log: log, out: make(chan int64, sqsBacklog), wake: make(chan struct{}, 1)}
}

// Counts returns how many messages this process has sent, how many SQS refused, and how many it received.
func (s *SQS) Counts() (sent, unsent, received int64) {
	return s.sent.Load(), s.unsent.Load(), s.received.Load()
}

// Notify implements Waker. This process's own workers are told at once: nobody here waits for SQS.
func (s *SQS) Notify(id int64) {
	select {
	case s.out <- id:
	default:
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// C implements Waker.
func (s *SQS) C() <-chan struct{} { return s.wake }

// Remote implements Waker.
func (s *SQS) Remote() bool { return true }

// String implements Waker.
func (s *SQS) String() string { return "sqs, " + s.url }

// Send sends ids until ctx ends, and then those that still wait.
func (s *SQS) Send(ctx context.Context) error {
	for {
		select {
		case id := <-s.out:
			s.send(context.WithoutCancel(ctx), s.batch(id))
		case <-ctx.Done():
			for {
				select {
				case id := <-s.out:
					s.send(context.WithoutCancel(ctx), s.batch(id))
				default:
					return nil
				}
			}
		}
	}
}

// batch takes more waiting ids, up to what one call sends.
func (s *SQS) batch(id int64) []int64 {
	ids := []int64{id}
	for len(ids) < sqsBatch {
		select {
		case id := <-s.out:
			ids = append(ids, id)
		default:
			return ids
		}
	}
	return ids
}

func (s *SQS) send(ctx context.Context, ids []int64) {
	ctx, cancel := context.WithTimeout(ctx, sqsTimeout)
	defer cancel()
	bodies := make([]string, len(ids))
	for i, id := range ids {
		bodies[i] = strconv.FormatInt(id, 10)
	}
	refused, err := s.sendMessages(ctx, bodies)
	failed := len(ids)
	if err == nil {
		failed = len(refused)
	}
	s.unsent.Add(int64(failed))
	s.sent.Add(int64(len(ids) - failed))
	switch {
	case err != nil:
		s.log.Warn("jobs were not announced; workers find them by themselves", "jobs", len(ids), "error", err)
	case failed > 0:
		s.log.Warn("jobs were not announced; workers find them by themselves", "jobs", failed, "error", refused[0].Code)
	}
}

// Receive wakes this process for each message, until ctx ends.
func (s *SQS) Receive(ctx context.Context) error {
	failures := 0
	for ctx.Err() == nil {
		rctx, cancel := context.WithTimeout(ctx, sqsWait+sqsTimeout)
		messages, err := s.receiveMessages(rctx, sqsWait, 0)
		cancel()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if failures++; failures == 1 || errors.Is(err, context.DeadlineExceeded) {
				s.log.Warn("the queue does not answer; jobs are found by polling", "error", err)
			}
			_ = sleep.For(ctx, jitter(min(time.Second<<min(failures, 5), 30*time.Second)))
			continue
		}
		failures = 0
		if len(messages) == 0 {
			continue
		}
		s.received.Add(int64(len(messages)))
		select {
		case s.wake <- struct{}{}:
		default:
		}
		s.remove(ctx, messages)
	}
	return nil
}

func (s *SQS) remove(ctx context.Context, messages []message) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sqsTimeout)
	defer cancel()
	if _, err := s.deleteMessages(ctx, messages); err != nil {
		s.log.Debug("messages were not deleted and will come again", "error", err)
	}
}

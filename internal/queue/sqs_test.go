package queue_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tintype/internal/queue"
	"tintype/internal/queue/queuetest"
	"tintype/internal/servertest"
)

func newSQS(t *testing.T, server *servertest.SQSServer) *queue.SQS {
	t.Helper()
	cfg := aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}
	s := queue.NewSQS(cfg, server.QueueURL, nil)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Send(ctx) })
	wg.Go(func() { _ = s.Receive(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s
}

func TestSQSWakes(t *testing.T) {
	queuetest.RunWaker(t, func(t *testing.T) queue.Waker {
		server := servertest.SQS(t)
		server.Repeat(1)
		return newSQS(t, server)
	})
}

// Whatever SQS does to messages, each job is done once.
func TestSQSJobsAreDoneOnce(t *testing.T) {
	for name, set := range map[string]func(*servertest.SQSServer){
		"each message three times": func(s *servertest.SQSServer) { s.Repeat(2) },
		"half of them refused":     func(s *servertest.SQSServer) { s.RefuseHalf(true) },
		"deletions get lost":       func(s *servertest.SQSServer) { s.ForgetDeletions(20 * time.Millisecond) },
		"nothing gets through":     func(s *servertest.SQSServer) { s.Refuse(true) },
	} {
		t.Run(name, func(t *testing.T) {
			m, server := queuetest.NewMemory(), servertest.SQS(t)
			set(server)
			q := queue.New(queue.Options{Backend: m, Waker: newSQS(t, server), Poll: 50 * time.Millisecond})
			var mu sync.Mutex
			done := map[int64]int{}
			all := make(chan struct{})
			q.Register("x", queue.Handler{Run: func(_ context.Context, j *queue.Job) error {
				mu.Lock()
				defer mu.Unlock()
				if done[j.ID]++; len(done) == 30 {
					close(all)
				}
				return nil
			}})
			q.Start(t.Context())
			for range 30 {
				q.Notify(m.Add(t, "x", "{}", 0))
			}
			select {
			case <-all:
			case <-time.After(2 * time.Minute):
				mu.Lock()
				defer mu.Unlock()
				t.Fatalf("%d of 30 jobs are done", len(done))
			}
			if err := q.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			for id, n := range done {
				if n != 1 {
					t.Errorf("job %d was done %d times", id, n)
				}
			}
		})
	}
}

package queue_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tintype/internal/queue"
	"tintype/internal/queue/queuetest"
)

// fakeSQS speaks enough of SQS's JSON protocol to lose, repeat and refuse messages on demand, which emulators do not.
type fakeSQS struct {
	mu       sync.Mutex
	messages []string
	repeat   int  // each message is given that many times more
	refuse   bool // every call is throttled
	partial  bool // every second message of a batch is refused
	sent     int
}

func (f *fakeSQS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	var in struct {
		Entries         []struct{ Id, MessageBody, ReceiptHandle string }
		WaitTimeSeconds int
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	f.mu.Lock()
	refuse := f.refuse
	f.mu.Unlock()
	if refuse {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow down"}`))
		return
	}
	switch op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS."); op {
	case "SendMessageBatch":
		out := map[string]any{"Successful": []any{}, "Failed": []any{}}
		f.mu.Lock()
		for i, e := range in.Entries {
			if f.partial && i%2 == 1 {
				out["Failed"] = append(out["Failed"].([]any), map[string]any{"Id": e.Id, "Code": "InternalError", "SenderFault": false})
				continue
			}
			f.sent++
			for range f.repeat + 1 {
				f.messages = append(f.messages, e.MessageBody)
			}
			out["Successful"] = append(out["Successful"].([]any), map[string]any{"Id": e.Id, "MessageId": e.Id, "MD5OfMessageBody": ""})
		}
		f.mu.Unlock()
		_ = json.NewEncoder(w).Encode(out)
	case "ReceiveMessage":
		deadline := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
		for {
			f.mu.Lock()
			n := min(len(f.messages), 10)
			take := f.messages[:n]
			f.messages = f.messages[n:]
			f.mu.Unlock()
			if n > 0 || time.Now().After(deadline) || r.Context().Err() != nil {
				var out []map[string]any
				for i, body := range take {
					out = append(out, map[string]any{"MessageId": strconv.Itoa(i), "ReceiptHandle": body, "Body": body})
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"Messages": out})
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	default:
		_, _ = w.Write([]byte(`{}`))
	}
}

func newSQS(t *testing.T, f *fakeSQS) *queue.SQS {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client := sqs.New(sqs.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials:                      credentials.NewStaticCredentialsProvider("a", "b", ""),
		DisableMessageChecksumValidation: true,
	})
	s := queue.NewSQS(client, server.URL+"/1/q", nil)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Send(ctx) })
	wg.Go(func() { _ = s.Receive(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	return s
}

func TestSQSWakes(t *testing.T) {
	queuetest.RunWaker(t, func(t *testing.T) queue.Waker { return newSQS(t, &fakeSQS{repeat: 1}) })
}

// Whatever SQS does to messages, each job is done once.
func TestSQSJobsAreDoneOnce(t *testing.T) {
	for name, f := range map[string]*fakeSQS{
		"each message three times": {repeat: 2},
		"half of them refused":     {partial: true},
		"nothing gets through":     {refuse: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := queuetest.NewMemory()
			q := queue.New(queue.Options{Backend: m, Waker: newSQS(t, f), Poll: 50 * time.Millisecond})
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
			case <-time.After(30 * time.Second):
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

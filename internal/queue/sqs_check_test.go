package queue_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tintype/internal/queue"
)

// A rightsSQS has attributes and keeps messages, and refuses operations for which a role has no right.
type rightsSQS struct {
	mu         sync.Mutex
	attributes map[string]string
	messages   []string
	denied     []string
	asked      []string
	hidden     float64 // the visibility timeout that was asked for
}

func (f *rightsSQS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	f.mu.Lock()
	defer f.mu.Unlock()
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	f.asked = append(f.asked, op)
	if slices.Contains(f.denied, op) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#AccessDeniedException","message":"not authorized to perform ` + op + `"}`))
		return
	}
	var in struct {
		Entries           []struct{ Id, MessageBody, ReceiptHandle string }
		VisibilityTimeout float64
	}
	_ = json.NewDecoder(r.Body).Decode(&in)
	var out any = map[string]any{}
	switch op {
	case "GetQueueAttributes":
		out = map[string]any{"Attributes": f.attributes}
	case "SendMessageBatch":
		for _, e := range in.Entries {
			f.messages = append(f.messages, e.MessageBody)
		}
		out = map[string]any{"Successful": []any{map[string]any{"Id": "0", "MessageId": "0", "MD5OfMessageBody": ""}}}
	case "ReceiveMessage":
		f.hidden = in.VisibilityTimeout
		var list []map[string]any
		for _, m := range f.messages {
			list = append(list, map[string]any{"MessageId": m, "ReceiptHandle": m, "Body": m})
		}
		out = map[string]any{"Messages": list}
	case "DeleteMessageBatch":
		for _, e := range in.Entries {
			f.messages = slices.DeleteFunc(f.messages, func(m string) bool { return m == e.ReceiptHandle })
		}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func (f *rightsSQS) open(t *testing.T) *queue.SQS {
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return queue.NewSQS(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	}, server.URL+"/1/q", nil)
}

func TestCheckingAQueue(t *testing.T) {
	f := &rightsSQS{messages: []string{"77"}, attributes: map[string]string{
		"ApproximateNumberOfMessages": "1", "VisibilityTimeout": "2", "DelaySeconds": "3", "MessageRetentionPeriod": "60",
		"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:1:dead","maxReceiveCount":3}`,
	}}
	s := f.open(t)
	facts, err := s.Check(context.Background(), true, true)
	want := queue.SQSFacts{Waiting: 1, Visibility: 2 * time.Second, Delay: 3 * time.Second, Kept: time.Minute, DeadLetters: "arn:aws:sqs:eu-central-1:1:dead", Sent: true, Received: true}
	if err != nil || facts != want {
		t.Errorf("%+v, %v", facts, err)
	}
	if !slices.Equal(f.messages, []string{"77"}) || f.hidden != 1 {
		t.Errorf("another's message did not stay as it was: %v, hidden for %v s", f.messages, f.hidden)
	}
	// Each right that is missing is named, and what a role does not need is not asked for.
	for _, c := range []struct {
		send, receive bool
		denied, want  string
	}{
		{true, true, "GetQueueAttributes", "attributes"}, {true, true, "SendMessageBatch", "send: "}, {true, true, "ReceiveMessage", "receive: "},
		{true, true, "DeleteMessageBatch", "delete: "}, {true, false, "ReceiveMessage", ""}, {false, false, "SendMessageBatch", ""},
	} {
		f.denied, f.asked = []string{c.denied}, nil
		_, err := s.Check(context.Background(), c.send, c.receive)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
		if slices.Contains(f.asked, "ReceiveMessage") && !c.receive || slices.Contains(f.asked, "SendMessageBatch") && !c.send {
			t.Errorf("%+v: %v", c, f.asked)
		}
	}
}

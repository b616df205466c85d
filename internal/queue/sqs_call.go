package queue

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"tintype/internal/awscall"
)

// The four operations of SQS that are used here, as its API reference describes them
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/).

var sqsService = awscall.Service{ID: "SQS", Name: "sqs", Target: "AmazonSQS", JSON: "1.0"}

type message struct {
	Body          string
	ReceiptHandle string
}

// entry is a message of a batch; its Id only tells it from the others.
type entry struct {
	ID            string `json:"Id"`
	MessageBody   string `json:",omitempty"`
	ReceiptHandle string `json:",omitempty"`
}

// refusal is why an entry of a batch was not taken.
type refusal struct{ Code, Message string }

func (r refusal) Error() string { return fmt.Sprintf("%s: %s", r.Code, r.Message) }

// batchOf calls an operation on at most sqsBatch entries. With no error each of them was taken or is among the refused.
func (s *SQS) batchOf(ctx context.Context, operation string, entries []entry) (refused []refusal, err error) {
	for i := range entries {
		entries[i].ID = strconv.Itoa(i)
	}
	var out struct{ Failed []refusal }
	err = s.client.JSON(ctx, operation, map[string]any{"QueueUrl": s.url, "Entries": entries}, &out)
	return out.Failed, err
}

func (s *SQS) sendMessages(ctx context.Context, bodies []string) ([]refusal, error) {
	entries := make([]entry, len(bodies))
	for i, body := range bodies {
		entries[i].MessageBody = body
	}
	return s.batchOf(ctx, "SendMessageBatch", entries)
}

func (s *SQS) deleteMessages(ctx context.Context, messages []message) ([]refusal, error) {
	entries := make([]entry, len(messages))
	for i, m := range messages {
		entries[i].ReceiptHandle = m.ReceiptHandle
	}
	return s.batchOf(ctx, "DeleteMessageBatch", entries)
}

// An Idler is the result of a call to AWS that may have waited in vain. Traces leave such a call out.
type Idler interface{ Idle() bool }

// received is what a worker that waits gets.
type received struct{ Messages []message }

var _ Idler = (*received)(nil)

// Idle implements Idler.
func (r *received) Idle() bool { return len(r.Messages) == 0 }

// receiveMessages waits so long for messages, and hides those that it gets for so long; 0 is as long as the queue says.
func (s *SQS) receiveMessages(ctx context.Context, wait, hide time.Duration) ([]message, error) {
	in := map[string]any{"QueueUrl": s.url, "MaxNumberOfMessages": sqsBatch, "WaitTimeSeconds": int(wait / time.Second)}
	if hide > 0 {
		in["VisibilityTimeout"] = int(hide / time.Second)
	}
	var out received
	err := s.client.JSON(ctx, "ReceiveMessage", in, &out)
	return out.Messages, err
}

func (s *SQS) queueAttributes(ctx context.Context) (map[string]string, error) {
	var out struct{ Attributes map[string]string }
	err := s.client.JSON(ctx, "GetQueueAttributes", map[string]any{"QueueUrl": s.url, "AttributeNames": []string{"All"}}, &out)
	return out.Attributes, err
}

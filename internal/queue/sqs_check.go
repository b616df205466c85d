package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// SQSFacts are the results of a check of a queue.
type SQSFacts struct {
	Waiting    int           // messages, about
	Visibility time.Duration // how long a message that is not deleted stays hidden
	Delay      time.Duration // by which each message comes late
	FIFO       bool
	Kept       time.Duration // how long a message waits at most
	// DeadLetters is the queue that takes messages received too often; "" for none.
	DeadLetters string
	Sent        bool // a message was sent
	Received    bool // it came back, and was deleted
}

const (
	probeMessage = "probe" // workers wake for it, as for any message, and find nothing
	probeWait    = 2       // seconds
)

// Check uses the queue as the process will: send for a process that adds jobs, receive for one that does them. It sends
// a message, receives and deletes it. A running worker may be quicker, which is fine. Other messages that it receives
// stay in the queue, hidden for a second.
func (s *SQS) Check(ctx context.Context, send, receive bool) (SQSFacts, error) {
	var f SQSFacts
	attributes, err := s.attributes(ctx)
	if err != nil {
		return f, fmt.Errorf("read the attributes of the queue: %w", err)
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(attributes[string(name)])
		return n
	}
	f.Waiting = number(types.QueueAttributeNameApproximateNumberOfMessages)
	f.Visibility = time.Duration(number(types.QueueAttributeNameVisibilityTimeout)) * time.Second
	f.Delay = time.Duration(number(types.QueueAttributeNameDelaySeconds)) * time.Second
	f.Kept = time.Duration(number(types.QueueAttributeNameMessageRetentionPeriod)) * time.Second
	f.FIFO = attributes[string(types.QueueAttributeNameFifoQueue)] == "true"
	var redrive struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(attributes[string(types.QueueAttributeNameRedrivePolicy)]), &redrive) == nil {
		f.DeadLetters = redrive.DeadLetterTargetArn
	}
	if send {
		if err := s.sendProbe(ctx); err != nil {
			return f, fmt.Errorf("send: %w", err)
		}
		f.Sent = true
	}
	if receive {
		if f.Received, err = s.takeProbe(ctx); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (s *SQS) attributes(ctx context.Context) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, sqsTimeout)
	defer cancel()
	out, err := s.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &s.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func (s *SQS) sendProbe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sqsTimeout)
	defer cancel()
	out, err := s.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{
		QueueUrl: &s.url, Entries: []types.SendMessageBatchRequestEntry{{Id: aws.String("0"), MessageBody: aws.String(probeMessage)}},
	})
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("%s: %s", aws.ToString(out.Failed[0].Code), aws.ToString(out.Failed[0].Message))
	}
	return err
}

func (s *SQS) takeProbe(ctx context.Context) (bool, error) {
	rctx, cancel := context.WithTimeout(ctx, probeWait*time.Second+sqsTimeout)
	defer cancel()
	in := &sqs.ReceiveMessageInput{QueueUrl: &s.url, MaxNumberOfMessages: sqsBatch, WaitTimeSeconds: probeWait, VisibilityTimeout: 1}
	out, err := s.client.ReceiveMessage(rctx, in)
	if err != nil {
		return false, fmt.Errorf("receive: %w", err)
	}
	var mine []types.DeleteMessageBatchRequestEntry
	for i, m := range out.Messages {
		if aws.ToString(m.Body) == probeMessage {
			mine = append(mine, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
	}
	if len(mine) == 0 {
		return false, nil
	}
	done, err := s.client.DeleteMessageBatch(rctx, &sqs.DeleteMessageBatchInput{QueueUrl: &s.url, Entries: mine})
	if err == nil && len(done.Failed) > 0 {
		err = fmt.Errorf("%s: %s", aws.ToString(done.Failed[0].Code), aws.ToString(done.Failed[0].Message))
	}
	if err != nil {
		return false, fmt.Errorf("delete: %w", err)
	}
	return true, nil
}

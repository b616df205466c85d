package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
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
	probeWait    = 2 * time.Second
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
	number := func(name string) int {
		n, _ := strconv.Atoi(attributes[name])
		return n
	}
	f.Waiting = number("ApproximateNumberOfMessages")
	f.Visibility = time.Duration(number("VisibilityTimeout")) * time.Second
	f.Delay = time.Duration(number("DelaySeconds")) * time.Second
	f.Kept = time.Duration(number("MessageRetentionPeriod")) * time.Second
	f.FIFO = attributes["FifoQueue"] == "true"
	var redrive struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	if json.Unmarshal([]byte(attributes["RedrivePolicy"]), &redrive) == nil {
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
	return s.queueAttributes(ctx)
}

func (s *SQS) sendProbe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sqsTimeout)
	defer cancel()
	refused, err := s.sendMessages(ctx, []string{probeMessage})
	if err == nil && len(refused) > 0 {
		err = refused[0]
	}
	return err
}

func (s *SQS) takeProbe(ctx context.Context) (bool, error) {
	rctx, cancel := context.WithTimeout(ctx, probeWait+sqsTimeout)
	defer cancel()
	messages, err := s.receiveMessages(rctx, probeWait, time.Second)
	if err != nil {
		return false, fmt.Errorf("receive: %w", err)
	}
	mine := slices.DeleteFunc(messages, func(m message) bool { return m.Body != probeMessage })
	if len(mine) == 0 {
		return false, nil
	}
	refused, err := s.deleteMessages(rctx, mine)
	if err == nil && len(refused) > 0 {
		err = refused[0]
	}
	if err != nil {
		return false, fmt.Errorf("delete: %w", err)
	}
	return true, nil
}

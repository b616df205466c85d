package servertest

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// SQSServer speaks the part of SQS's API that queues of ids need, in the test
// process: one standard queue, whose messages come at least once. Emulators do
// not lose, repeat or refuse messages on demand.
type SQSServer struct {
	URL      string // where the API is
	QueueURL string

	mu       sync.Mutex
	messages []*sqsMessage
	sent     []string // bodies
	given    int
	hung     int // requests that met Hang
	waiting  int // of these, those whose client still waits
	visible  time.Duration
	kept     bool
	away     chan struct{} // closed when the queue answers again; nil while it does
	repeat   int
	refuse   bool
	partial  bool
}

type sqsMessage struct {
	id, body, receipt string
	visible           time.Time
}

// sqsVisibility is how long a message that was received and not deleted is hidden, by default.
const sqsVisibility = 30 * time.Second

// SQS starts a server with an empty queue, which ends with the test.
func SQS(t testing.TB) *SQSServer {
	s := &SQSServer{visible: sqsVisibility}
	server := httptest.NewServer(s)
	s.URL, s.QueueURL = server.URL, server.URL+"/000000000000/jobs"
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections) // those that wait for messages
	t.Cleanup(s.Resume)
	return s
}

// Env are the settings with which a process hears of jobs here. Any credentials
// will do.
func (s *SQSServer) Env() []string {
	return []string{"QUEUE_URL=" + s.QueueURL, "AWS_ENDPOINT_URL_SQS=" + s.URL}
}

// Hang has it take requests and answer none until Resume.
func (s *SQSServer) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away == nil {
		s.away = make(chan struct{})
	}
}

// Resume lets it go on.
func (s *SQSServer) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away != nil {
		close(s.away)
		s.away = nil
	}
}

// Repeat gives each message so many times more from now on.
func (s *SQSServer) Repeat(times int) { s.set(func() { s.repeat = times }) }

// ForgetDeletions has every message come again and again, whenever so long has
// passed since it was last given.
func (s *SQSServer) ForgetDeletions(after time.Duration) {
	s.set(func() { s.kept, s.visible = true, after })
}

// Refuse throttles every call, until called with false.
func (s *SQSServer) Refuse(on bool) { s.set(func() { s.refuse = on }) }

// RefuseHalf refuses every second message of a batch, until called with false.
func (s *SQSServer) RefuseHalf(on bool) { s.set(func() { s.partial = on }) }

func (s *SQSServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// Sent are the bodies of the messages that were taken.
func (s *SQSServer) Sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Given counts the messages that were given out, those that came again included.
func (s *SQSServer) Given() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.given
}

// Hung counts the messages that somebody tried to send while it hung.
func (s *SQSServer) Hung() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hung
}

// Waiting counts the requests that wait for Resume and whose client has not gone.
func (s *SQSServer) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

func (s *SQSServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		QueueUrl                                                string
		Entries                                                 []struct{ Id, MessageBody, ReceiptHandle string }
		MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
		sqsError(w, "InvalidParameterValue")
		return
	}
	s.mu.Lock()
	away, refuse, kept := s.away, s.refuse, s.kept
	if away != nil && strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".SendMessageBatch") {
		s.hung += len(in.Entries)
	}
	if away != nil {
		s.waiting++
	}
	s.mu.Unlock()
	if away != nil {
		select {
		case <-away:
		case <-r.Context().Done():
		}
		s.mu.Lock()
		s.waiting--
		s.mu.Unlock()
		if r.Context().Err() != nil {
			return
		}
	}
	op, ours := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	switch {
	case refuse:
		sqsError(w, "RequestThrottled")
	case !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		sqsError(w, "MissingAuthenticationToken")
	case in.QueueUrl != s.QueueURL:
		sqsError(w, "QueueDoesNotExist")
	case ours && op == "SendMessageBatch":
		good, bad := []any{}, []any{}
		for i, e := range in.Entries {
			if !s.take(i, e.MessageBody) {
				bad = append(bad, map[string]any{"Id": e.Id, "Code": "InternalError", "SenderFault": false})
				continue
			}
			good = append(good, map[string]any{"Id": e.Id, "MessageId": rand.Text(), "MD5OfMessageBody": md5Of(e.MessageBody)})
		}
		sqsAnswer(w, map[string]any{"Successful": good, "Failed": bad})
	case ours && op == "ReceiveMessage":
		deadline := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
		for {
			given := s.give(min(max(in.MaxNumberOfMessages, 1), 10))
			if len(given) > 0 || time.Now().After(deadline) {
				sqsAnswer(w, map[string]any{"Messages": given})
				return
			}
			select {
			case <-r.Context().Done():
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	case ours && op == "DeleteMessageBatch":
		good := []any{}
		for _, e := range in.Entries {
			s.set(func() {
				s.messages = slices.DeleteFunc(s.messages, func(m *sqsMessage) bool { return !kept && m.receipt != "" && m.receipt == e.ReceiptHandle })
			})
			good = append(good, map[string]any{"Id": e.Id})
		}
		sqsAnswer(w, map[string]any{"Successful": good, "Failed": []any{}})
	case ours && op == "GetQueueAttributes":
		s.mu.Lock()
		n := len(s.messages)
		s.mu.Unlock()
		sqsAnswer(w, map[string]any{"Attributes": map[string]string{
			"ApproximateNumberOfMessages": strconv.Itoa(n),
			"RedrivePolicy":               `{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:000000000000:jobs-dead","maxReceiveCount":10}`, // as deploy/asg makes it
		}})
	default:
		sqsError(w, "UnsupportedOperation")
	}
}

// take is whether the message, at that place of its batch, now is in the queue.
func (s *SQSServer) take(place int, body string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.partial && place%2 == 1 {
		return false
	}
	s.sent = append(s.sent, body)
	for range s.repeat + 1 {
		s.messages = append(s.messages, &sqsMessage{id: rand.Text(), body: body})
	}
	return true
}

// give hides up to n messages and returns them.
func (s *SQSServer) give(n int) []any {
	s.mu.Lock()
	defer s.mu.Unlock()
	var given []any
	now := time.Now()
	for _, m := range s.messages {
		if len(given) == n {
			break
		}
		if m.visible.After(now) {
			continue
		}
		s.given++
		m.visible, m.receipt = now.Add(s.visible), rand.Text()
		given = append(given, map[string]any{"MessageId": m.id, "ReceiptHandle": m.receipt, "Body": m.body, "MD5OfBody": md5Of(m.body)})
	}
	return given
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func sqsAnswer(w http.ResponseWriter, answer any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(answer)
}

func sqsError(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + kind, "message": kind})
}

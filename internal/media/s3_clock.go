package media

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithytime "github.com/aws/smithy-go/time"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// clockFresh is how long the bucket's clock is trusted to be where it was.
	clockFresh = 10 * time.Minute
	// clockSlack is up to where a difference is only the way there and back.
	clockSlack = 5 * time.Second
)

// bucketClock is the bucket's clock as its answers tell it. The SDK corrects its own requests by it; an address that is
// signed here and used by a reader must be right at once.
type bucketClock struct {
	skew   atomic.Int64  // nanoseconds that the bucket is ahead of this machine
	heard  atomic.Int64  // Unix nanoseconds of the last answer, here; 0: none
	told   atomic.Bool   // an answer had the time
	asking chan struct{} // holds one who asks
}

// now is the time at the bucket.
func (c *bucketClock) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

// listen notes the time of every answer.
func (c *bucketClock) listen(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("TintypeClock", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
		middleware.DeserializeOutput, middleware.Metadata, error) {
		sent := time.Now()
		out, meta, err := next.HandleDeserialize(ctx, in)
		if resp, ok := out.RawResponse.(*smithyhttp.Response); ok && resp != nil {
			c.hear(resp.Header.Get("Date"), sent, time.Now())
		}
		return out, meta, err
	}), middleware.After)
}

func (c *bucketClock) hear(date string, sent, came time.Time) {
	at, err := smithytime.ParseHTTPDate(date)
	if err != nil {
		return
	}
	// The header has whole seconds, and was written somewhere between.
	skew := at.Add(500 * time.Millisecond).Sub(sent.Add(came.Sub(sent) / 2))
	if skew.Abs() <= clockSlack+came.Sub(sent)/2 {
		skew = 0
	}
	c.skew.Store(int64(skew))
	c.told.Store(true)
	c.heard.Store(came.UnixNano())
}

// ClockAhead is how far the bucket's clock is ahead of this machine's, 0 within clockSlack. It asks where the answer is not known.
func (s *S3) ClockAhead(ctx context.Context) (ahead time.Duration, told bool) {
	s.askTheTime(ctx)
	return time.Duration(s.clock.skew.Load()), s.clock.told.Load()
}

// askTheTime has the bucket tell the time, if it has not for a while. A process that only signs would never hear it otherwise.
// Nobody waits for the answer to somebody else's question, except for the first one, and nobody for longer than ctx.
func (s *S3) askTheTime(ctx context.Context) {
	c := &s.clock
	heard := c.heard.Load()
	if time.Since(time.Unix(0, heard)) < clockFresh {
		return
	}
	asks := false
	select {
	case c.asking <- struct{}{}:
		asks = true
	default:
	}
	if !asks && heard == 0 {
		select {
		case c.asking <- struct{}{}:
			asks = true
		case <-ctx.Done():
		}
	}
	if !asks {
		return
	}
	defer func() { <-c.asking }()
	if c.heard.Load() != heard {
		return
	}
	name := s.o.Prefix + OriginalKey(NewRandom())
	// Whatever it answers, 404 or 403, it tells the time.
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: &name}, func(o *s3.Options) { o.RetryMaxAttempts = 1 })
	if err != nil && c.heard.Load() == heard {
		c.heard.Store(time.Now().Add(time.Minute - clockFresh).UnixNano()) // it is away: ask again in a minute
	}
}

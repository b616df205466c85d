// Package awsconfig loads what every client of AWS goes by: the region,
// credentials, connections and retries.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"tintype/internal/awscall"
)

// Options say what the environment does not.
type Options struct {
	Region string // empty: as the SDK finds it, on an instance from its metadata
	Log    *slog.Logger
	// Trace is added to every call; nil where nothing is traced.
	Trace func(*middleware.Stack) error
}

// Load reads what the AWS SDK goes by: credentials from its default chain
// alone (environment, shared files, the role of the container or the machine),
// renewed by the SDK before they expire; and its own variables, among them
// AWS_ENDPOINT_URL_S3 and its like for compatible servers.
func Load(ctx context.Context, o Options) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(newClient()), config.WithLogger(logger{o.Log}),
		// Short-lived credentials are used to their last moment, and a request may arrive just after it: it is signed anew.
		config.WithRetryer(func() aws.Retryer {
			return retry.AddWithErrorCodes(retry.NewStandard(), "ExpiredToken", "ExpiredTokenException")
		}),
	}
	if o.Region != "" {
		options = append(options, config.WithRegion(o.Region))
	} else {
		// Asked last of all: the region of the instance, from its metadata.
		options = append(options, config.WithEC2IMDSRegion())
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return c, err
	}
	if c.Region == "" {
		return c, errors.New("no region: set AWS_REGION")
	}
	if o.Trace != nil {
		c.APIOptions = append(c.APIOptions, o.Trace)
	}
	return c, nil
}

// newClient bounds what no request should have to wait for. How long a whole
// answer may take is for each driver to say: a photo takes longer than a session.
func newClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 2 * time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = 64 // the default of 10 would open a new connection for each request of a burst
			t.IdleConnTimeout = 50 * time.Second
		})
}

// LimitWait bounds the time until an answer begins.
func LimitWait(c *aws.Config, wait time.Duration) {
	// The client may have got AWS_CA_BUNDLE since newClient made it.
	if client, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
		c.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = wait })
	}
}

// logger takes what the SDK would write to stderr by itself. A failure comes as
// an error besides, so these words are for whoever looks closely.
type logger struct{ log *slog.Logger }

func (l logger) Logf(c logging.Classification, format string, v ...any) {
	if c == awscall.Notice {
		l.log.Warn(fmt.Sprintf(format, v...))
		return
	}
	l.log.Debug("AWS SDK", "class", string(c), "said", fmt.Sprintf(format, v...))
}

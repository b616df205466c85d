package app

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
)

// loadAWS reads what the AWS SDK goes by: credentials from its default chain
// alone (environment, shared files, the role of the container or the machine),
// renewed by the SDK before they expire; and its own variables, among them
// AWS_ENDPOINT_URL_S3 and its like for compatible servers.
func loadAWS(ctx context.Context, cfg *Config, log *slog.Logger) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awsClient()), config.WithLogger(awsLogger{log}),
		// Short-lived credentials are used to their last moment, and a request may arrive just after it: it is signed anew.
		config.WithRetryer(func() aws.Retryer {
			return retry.AddWithErrorCodes(retry.NewStandard(), "ExpiredToken", "ExpiredTokenException")
		}),
	}
	if cfg.AWSRegion != "" {
		options = append(options, config.WithRegion(cfg.AWSRegion))
	} else {
		// Asked last of all: the region of the instance, from its metadata.
		options = append(options, config.WithEC2IMDSRegion())
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return c, fmt.Errorf("AWS: %w", err)
	}
	if c.Region == "" {
		return c, errors.New("AWS: no region: set AWS_REGION")
	}
	if cfg.tracer != nil {
		c.APIOptions = append(c.APIOptions, traceAWS(cfg.tracer))
	}
	return c, nil
}

// awsClient bounds what no request should have to wait for. How long a whole
// answer may take is for each room to say: a photo takes longer than a session.
func awsClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = 2 * time.Second }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = 64 // the default of 10 would open a new connection for each request of a burst
			t.IdleConnTimeout = 50 * time.Second
		})
}

// limitWait bounds the time until an answer begins.
func limitWait(c *aws.Config, wait time.Duration) {
	// The client may have got AWS_CA_BUNDLE since awsClient made it.
	if client, ok := c.HTTPClient.(*awshttp.BuildableClient); ok {
		c.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = wait })
	}
}

// awsLogger takes what the SDK would write to stderr by itself. What fails comes
// as an error besides, so its words are for whoever looks closely.
type awsLogger struct{ log *slog.Logger }

func (l awsLogger) Logf(c logging.Classification, format string, v ...any) {
	l.log.Debug("AWS SDK", "class", string(c), "said", fmt.Sprintf(format, v...))
}

package awscall

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// ClockSigner signs addresses by another clock than this machine's, such as the service's. The SDK corrects the time of its
// own requests, but not of addresses that somebody else uses.
type ClockSigner struct {
	*v4.Signer
	Now func() time.Time
}

// PresignHTTP implements s3.HTTPPresignerV4.
func (s ClockSigner) PresignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, hash, service, region string, _ time.Time, o ...func(*v4.SignerOptions)) (string, http.Header, error) {
	return s.Signer.PresignHTTP(ctx, cred, r, hash, service, region, s.Now(), o...)
}

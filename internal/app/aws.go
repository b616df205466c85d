package app

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/awsconfig"
)

// aws loads what the clients of AWS go by.
func (d drivers) aws(ctx context.Context) (aws.Config, error) {
	o := awsconfig.Options{Region: d.cfg.AWSRegion, Log: d.log}
	if d.tracer != nil {
		o.Trace = traceAWS(d.tracer)
	}
	c, err := awsconfig.Load(ctx, o)
	if err != nil {
		return c, fmt.Errorf("AWS: %w", err)
	}
	return c, nil
}

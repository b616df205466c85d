// Package awscall makes single calls of AWS services that have no client of their own here. It is the SDK's own middleware
// (its credentials, signatures, retries and settings), without what the SDK generates for each service: such a client
// describes the service's whole API, and takes long to compile and much room in the program for one call.
package awscall

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxAnswer bounds what is read of an answer, in bytes. Ten parameters or one secret are far less.
const maxAnswer = 4 << 20

// Service is a service of AWS, by the names that AWS gives it.
type Service struct {
	ID     string // in errors, in traces, and in AWS_ENDPOINT_URL_<ID>, such as "Secrets Manager"
	Name   string // in its host name and in signatures, such as "secretsmanager"
	Target string // of a service that speaks JSON: before each operation's name in X-Amz-Target
	JSON   string // the version of AWS JSON that it speaks; "" is 1.1
	Global bool   // one endpoint for all regions, at which requests are signed for the partition's first
}

// Client calls one service.
type Client struct {
	cfg      aws.Config
	service  Service
	endpoint string       // without a slash at its end
	region   string       // that requests are signed for
	skew     atomic.Int64 // in nanoseconds, by how far the service's clock is ahead, as its answers tell
}

// New makes a client. The service's address is that of the settings, AWS_ENDPOINT_URL_<ID> or AWS_ENDPOINT_URL or what the
// shared configuration file says, and else AWS's own in the region.
func New(cfg aws.Config, s Service) *Client {
	c := &Client{cfg: cfg, service: s}
	c.endpoint, c.region = awsEndpoint(cfg, s)
	if set := setEndpoint(cfg, s.ID); set != "" {
		c.endpoint = set
	}
	c.endpoint = strings.TrimRight(c.endpoint, "/")
	return c
}

// JSON calls an operation of a service that speaks AWS JSON. An answer that says no is a smithy.APIError.
func (c *Client) JSON(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return c.failed(operation, err)
	}
	return c.call(ctx, operation, "/", body, map[string]string{
		"Content-Type": "application/x-amz-json-" + cmp.Or(c.service.JSON, "1.1"),
		"X-Amz-Target": c.service.Target + "." + operation,
	}, func(answer []byte) (any, error) { return out, json.Unmarshal(answer, out) }, jsonError)
}

// XML posts a document to a path of a service that speaks REST with XML; what it answers is not read. An answer that says
// no is a smithy.APIError.
func (c *Client) XML(ctx context.Context, operation, path string, in any) error {
	body, err := xml.Marshal(in)
	if err != nil {
		return c.failed(operation, err)
	}
	return c.call(ctx, operation, path, body, map[string]string{"Content-Type": "application/xml"}, func([]byte) (any, error) { return nil, nil }, xmlError)
}

func (c *Client) failed(operation string, err error) error {
	return &smithy.OperationError{ServiceID: c.service.ID, OperationName: operation, Err: err}
}

func (c *Client) call(ctx context.Context, operation, path string, body []byte, header map[string]string, decode func([]byte) (any, error), refusal func([]byte) *smithy.GenericAPIError) error {
	target, err := url.Parse(c.endpoint + path)
	if err != nil {
		return c.failed(operation, err)
	}
	ctx = middleware.ClearStackValues(ctx)
	ctx = middleware.WithServiceID(ctx, c.service.ID)
	ctx = middleware.WithOperationName(ctx, operation)
	ctx = awsmiddleware.SetServiceID(ctx, c.service.ID)
	ctx = awsmiddleware.SetOperationName(ctx, operation)
	ctx = awsmiddleware.SetRegion(ctx, c.cfg.Region)
	if c.cfg.Logger != nil {
		ctx = middleware.SetLogger(ctx, c.cfg.Logger)
	}

	write := middleware.SerializeMiddlewareFunc("OperationSerializer", func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
		r, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("unexpected request %T", in.Request)
		}
		r.Method, r.URL = "POST", target
		for name, value := range header {
			r.Header.Set(name, value)
		}
		r, err := r.SetStream(bytes.NewReader(body))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		in.Request = r
		return next.HandleSerialize(ctx, in)
	})
	sum := sha256.Sum256(body)
	sign := middleware.FinalizeMiddlewareFunc("Signing", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
		r, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return out, metadata, fmt.Errorf("unexpected request %T", in.Request)
		}
		if c.cfg.Credentials == nil {
			return out, metadata, &v4.SigningError{Err: errors.New("no credentials")}
		}
		who, err := c.cfg.Credentials.Retrieve(ctx)
		if err != nil {
			return out, metadata, &v4.SigningError{Err: fmt.Errorf("find credentials: %w", err)}
		}
		if err := v4.NewSigner().SignHTTP(ctx, who, r.Request, hex.EncodeToString(sum[:]), c.service.Name, c.region, time.Now().Add(time.Duration(c.skew.Load()))); err != nil {
			return out, metadata, &v4.SigningError{Err: err}
		}
		out, metadata, err = next.HandleFinalize(ctx, in)
		if skew, known := awsmiddleware.GetAttemptSkew(metadata); known {
			c.skew.Store(int64(skew)) // the next attempt goes by the service's clock
		}
		return out, metadata, err
	})
	read := middleware.DeserializeMiddlewareFunc("OperationDeserializer", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if err != nil {
			return out, metadata, err
		}
		r, ok := out.RawResponse.(*smithyhttp.Response)
		if !ok {
			return out, metadata, fmt.Errorf("unexpected answer %T", out.RawResponse)
		}
		defer r.Body.Close()
		answer, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
		switch {
		case err != nil:
			err = &smithy.DeserializationError{Err: fmt.Errorf("read the answer: %w", err)}
		case len(answer) > maxAnswer:
			err = &smithy.DeserializationError{Err: fmt.Errorf("the answer is longer than %d bytes", maxAnswer)}
		case r.StatusCode < 200 || r.StatusCode > 299:
			no := refusal(answer)
			no.Code = cmp.Or(errorCode(r.Header.Get("X-Amzn-ErrorType")), errorCode(no.Code), "UnknownError")
			no.Message = cmp.Or(no.Message, no.Code)
			no.Fault = smithy.FaultClient
			if r.StatusCode > 499 {
				no.Fault = smithy.FaultServer
			}
			err = no
		default:
			if out.Result, err = decode(answer); err != nil { // its error might quote the answer, which may be a secret
				err = &smithy.DeserializationError{Err: errors.New("the answer cannot be understood")}
			}
		}
		return out, metadata, err
	})
	stack := middleware.NewStack(operation, smithyhttp.NewStackRequest)
	client := c.cfg.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	for _, add := range append([]func(*middleware.Stack) error{
		func(s *middleware.Stack) error { return s.Serialize.Add(write, middleware.After) },
		func(s *middleware.Stack) error { return s.Deserialize.Add(read, middleware.After) },
		awsmiddleware.AddRequestUserAgentMiddleware,
		func(s *middleware.Stack) error { return s.Finalize.Add(sign, middleware.After) },
		func(s *middleware.Stack) error { // goes before the signature, which each attempt makes anew
			return s.Finalize.Insert(retry.NewAttemptMiddleware(c.retryer(), smithyhttp.RequestCloner, func(a *retry.Attempt) { a.ClientSkew = &c.skew }), sign.ID(), middleware.Before)
		},
		awsmiddleware.AddRecordResponseTiming,
		awsmiddleware.AddRawResponseToMetadata,
		awsmiddleware.AddRequestIDRetrieverMiddleware,
		awshttp.AddResponseErrorMiddleware,
	}, c.cfg.APIOptions...) {
		if err := add(stack); err != nil {
			return c.failed(operation, err)
		}
	}
	if _, _, err := middleware.DecorateHandler(smithyhttp.NewClientHandlerWithOptions(client), stack).Handle(ctx, nil); err != nil {
		return c.failed(operation, err)
	}
	return nil
}

func (c *Client) retryer() aws.Retryer {
	var r aws.Retryer
	if c.cfg.Retryer != nil {
		r = c.cfg.Retryer()
	}
	if r == nil {
		r = retry.NewStandard()
	}
	if c.cfg.RetryMaxAttempts > 0 {
		r = retry.AddWithMaxAttempts(r, c.cfg.RetryMaxAttempts)
	}
	return r
}

// errorCode is the name of an error without its namespace and the address of its description.
func errorCode(text string) string {
	text, _, _ = strings.Cut(text, ":")
	return text[strings.LastIndexByte(text, '#')+1:]
}

func jsonError(answer []byte) *smithy.GenericAPIError {
	var no struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // some services write Message, which is the same to encoding/json
	}
	_ = json.Unmarshal(answer, &no) // a proxy's page tells by its status alone
	return &smithy.GenericAPIError{Code: cmp.Or(no.Type, no.Code), Message: no.Message}
}

func xmlError(answer []byte) *smithy.GenericAPIError {
	var no struct {
		Code    string `xml:"Error>Code"`
		Message string `xml:"Error>Message"`
	}
	_ = xml.Unmarshal(answer, &no)
	return &smithy.GenericAPIError{Code: no.Code, Message: no.Message}
}

// setEndpoint is the address that somebody has set for a service, "" for none, in the order in which the SDK asks.
func setEndpoint(cfg aws.Config, id string) string {
	general := aws.ToString(cfg.BaseEndpoint)
	_, all := os.LookupEnv("AWS_ENDPOINT_URL")
	_, one := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(id, " ", "_")))
	if all && !one {
		return general
	}
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
		}); ok {
			if ignore, found, err := s.GetIgnoreConfiguredEndpoints(context.Background()); err == nil && found && ignore {
				return general
			}
		}
	}
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if address, found, err := s.GetServiceBaseEndpoint(context.Background(), id); err == nil && found {
				return address
			}
		}
	}
	return general
}

// awsEndpoint is a service's address at AWS, and the region that its requests are signed for. AWS_USE_FIPS_ENDPOINT and
// AWS_USE_DUALSTACK_ENDPOINT hold as for the SDK's own clients.
func awsEndpoint(cfg aws.Config, s Service) (address, region string) {
	fips, dual := false, false
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok && !fips {
			state, _, err := s.GetUseFIPSEndpoint(context.Background())
			fips = err == nil && state == aws.FIPSEndpointStateEnabled
		}
		if s, ok := source.(interface {
			GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
		}); ok && !dual {
			state, _, err := s.GetUseDualStackEndpoint(context.Background())
			dual = err == nil && state == aws.DualStackEndpointStateEnabled
		}
	}
	name, domain, china := s.Name, "amazonaws.com", strings.HasPrefix(cfg.Region, "cn-")
	if fips {
		name += "-fips"
	}
	region = cfg.Region
	switch {
	case s.Global && china:
		region = "cn-northwest-1"
		return "https://" + name + ".cn-northwest-1.amazonaws.com.cn", region
	case s.Global && dual:
		return "https://" + name + ".global.api.aws", "us-east-1"
	case s.Global:
		return "https://" + name + ".amazonaws.com", "us-east-1"
	case china && dual:
		domain = "api.amazonwebservices.com.cn"
	case china:
		domain = "amazonaws.com.cn"
	case dual:
		domain = "api.aws"
	}
	return "https://" + name + "." + region + "." + domain, region
}

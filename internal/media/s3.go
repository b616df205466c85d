package media

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"tintype/internal/awscall"
)

const (
	// s3Short is how long a request without a body may take, all its tries together.
	s3Short = 15 * time.Second
	s3Tries = 4
	// s3Batch is how many keys one DeleteObjects takes.
	s3Batch = 1000
)

// s3Again are errors of a moment that the SDK does not know for such: two requests met. The last one is how servers that
// keep objects in folders say that a folder went with its last object while another came.
var s3Again = []string{"OperationAborted", "ConditionalRequestConflict", "ExistingObjectIsDirectory"}

// S3Options configures NewS3.
type S3Options struct {
	Bucket     string
	Prefix     string // before every key; "" or ending with a slash
	PathStyle  bool   // the bucket stands in the path, for servers without a host name for each bucket
	Encryption string // "AES256" or "aws:kms"; "" is the bucket's own default
	TempDir    string // for uploads over a megabyte, s3Part of each at most; "" is the system's
	ReadOnly   bool   // nothing is written to find out about rights
	// Stored names some objects of a kind that should exist; nil: none is known. They are read in place of a probe where nothing may
	// be written (ReadOnly).
	Stored func(context.Context, Kind) []string
}

// S3 is a Store in a bucket of S3 or of a server that speaks its API. Objects are always written whole. When the answer
// to a Put is lost, the object may exist although Put returned an error; the caller that chose the key removes it.
type S3 struct {
	client      *s3.Client
	credentials aws.CredentialsProvider
	o           S3Options
	clock       bucketClock
	rights      readRights
}

var (
	_ Store     = (*S3)(nil)
	_ Haver     = (*S3)(nil)
	_ Presigner = (*S3)(nil)
	_ Inspector = (*S3)(nil)
	_ Clocked   = (*S3)(nil)
)

// String implements Store.
func (s *S3) String() string { return "s3, " + s.o.Bucket + "/" + s.o.Prefix }

// NewS3 makes a driver for an existing bucket. It sends no request.
func NewS3(cfg aws.Config, o S3Options) *S3 {
	s := &S3{credentials: cfg.Credentials, o: o}
	s.clock.asking = make(chan struct{}, 1)
	s.client = s3.NewFromConfig(cfg, func(c *s3.Options) {
		c.APIOptions = append(c.APIOptions, s.clock.listen)
		c.UsePathStyle = o.PathStyle
		c.HTTPClient = awscall.NewGuard(cfg, c.HTTPClient, "the bucket")
		c.DisableLogOutputChecksumValidationSkipped = true // parts of objects have none
		c.Retryer = retry.AddWithErrorCodes(retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = s3Tries
			r.MaxBackoff = time.Second
		}), s3Again...)
	})
	return s
}

func (s *S3) key(key string) (*string, Kind, error) {
	k, err := ParseKey(key)
	if err != nil {
		return nil, "", err
	}
	return aws.String(s.o.Prefix + key), k.Kind, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, keys ...string) error {
	s.rights.forget(keys...)
	var errs []error
	objects := make([]types.ObjectIdentifier, 0, len(keys))
	for _, key := range keys {
		name, _, err := s.key(key)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		objects = append(objects, types.ObjectIdentifier{Key: name})
	}
	for batch := range slices.Chunk(objects, s3Batch) {
		if err := s.deleteBatch(ctx, batch); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *S3) deleteBatch(ctx context.Context, batch []types.ObjectIdentifier) error {
	ctx, cancel := oneWait(ctx, 2*s3Short)
	defer cancel()
	out, err := s.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &s.o.Bucket, Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return s3Error(ctx, "delete", err)
	}
	var errs []error
	for _, e := range out.Errors {
		if code := aws.ToString(e.Code); code != "NoSuchKey" {
			errs = append(errs, fmt.Errorf("%w: delete %s: %s: %s", ErrUnavailable, aws.ToString(e.Key), code, aws.ToString(e.Message)))
		}
	}
	return errors.Join(errs...)
}

// Copy implements Store, inside the bucket.
func (s *S3) Copy(ctx context.Context, from, to string) error {
	src, _, err := s.key(from)
	if err != nil {
		return err
	}
	dst, kind, err := s.key(to)
	if err != nil {
		return err
	}
	ctx, cancel := oneWait(ctx, 2*s3Short)
	defer cancel()
	if from == to {
		_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: src})
		return s3Error(ctx, "look for "+from, s.orAbsent(ctx, from, err))
	}
	in := &s3.CopyObjectInput{
		Bucket: &s.o.Bucket, Key: dst, CopySource: aws.String((&url.URL{Path: s.o.Bucket + "/" + *src}).EscapedPath()),
		ServerSideEncryption: types.ServerSideEncryption(s.o.Encryption),
	}
	if kind != Original {
		// A photo that becomes private must not keep the caching of a public one.
		in.MetadataDirective = types.MetadataDirectiveReplace
		in.ContentType, in.CacheControl = aws.String("image/jpeg"), aws.String(CacheControl(kind))
	}
	_, err = s.client.CopyObject(ctx, in)
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "AccessDenied" {
		// Either may be denied, or what is copied is not there: only that is told apart.
		if there, herr := s.Has(ctx, from); herr == nil && !there {
			err = errors.Join(ErrNotFound, err)
		}
	}
	return s3Error(ctx, "copy "+from, err)
}

// Check implements Store.
func (s *S3) Check(ctx context.Context) error { return probe(ctx, s) }

// Origins is where presigned addresses lead to, such as https://bucket.s3.eu-central-1.amazonaws.com.
func (s *S3) Origins(ctx context.Context) ([]string, error) {
	o := s.client.Options()
	e, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: &s.o.Bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
	})
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	return []string{e.URI.Scheme + "://" + e.URI.Host}, nil
}

// Presign implements Presigner.
func (s *S3) Presign(ctx context.Context, key string, life time.Duration) (address string, good time.Duration, err error) {
	name, _, err := s.key(key)
	if err != nil {
		return "", 0, err
	}
	ctx, cancel := oneWait(ctx, signPatience)
	defer cancel()
	cred, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return "", 0, s3Error(ctx, "sign "+key, err)
	}
	s.askTheTime(ctx)
	good = life
	if cred.CanExpire {
		// The address dies with the credentials that signed it.
		good = min(good, cred.Expires.Sub(s.clock.now()))
	}
	req, err := s3.NewPresignClient(s.client, s3.WithPresignExpires(life), func(o *s3.PresignOptions) {
		o.Presigner = awscall.ClockSigner{Signer: v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }), Now: s.clock.now}
	}).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.o.Bucket, Key: name})
	if err != nil {
		return "", 0, s3Error(ctx, "sign "+key, err)
	}
	return req.URL, good, nil
}

// s3Error maps what the SDK says to this package's errors and keeps the cause; nil stays nil.
func s3Error(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	err = fmt.Errorf("%s: %w", what, err)
	if errors.Is(ctx.Err(), context.Canceled) {
		return errors.Join(ctx.Err(), err)
	}
	if errors.Is(err, ErrNotFound) {
		return err
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound": // not NoSuchBucket: nothing is known of the object then
			return fmt.Errorf("%w: %w", ErrNotFound, err)
		case "EntityTooLarge":
			return fmt.Errorf("%w: %w", ErrTooLarge, err)
		case "QuotaExceeded", "XMinioStorageFull":
			return fmt.Errorf("%w: %w", ErrNoSpace, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

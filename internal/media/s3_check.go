package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// BucketFacts are the findings of Inspect about a bucket.
type BucketFacts struct {
	Encryption string // of the object that was written; "" where the server does not say
	// Versioned: what is deleted stays as an old version. OldDays is after how many days these go, 0 for never.
	Versioned bool
	OldDays   int
	// Untold is why the bucket's configuration could not be read, nil if it could. Nobody needs that right.
	Untold error
}

// Inspect uses the bucket as the site does: it writes an object with its headers, reads from its middle, copies it to a
// private key and deletes it. Then it reads the bucket's configuration, as far as it has the rights.
func (s *S3) Inspect(ctx context.Context) (BucketFacts, error) {
	var f BucketFacts
	public, private := VariantKey(Public, NewRandom(), "320"), VariantKey(Private, NewRandom(), "320")
	err := s.rehearse(ctx, &f, public, private)
	// The probes go even when the caller's time is over.
	if gone := s.Delete(context.WithoutCancel(ctx), public, private); gone != nil {
		err = errors.Join(err, fmt.Errorf("delete probes: %w", gone))
	}
	if err != nil {
		return f, err
	}
	f.Untold = s.configuration(ctx, &f)
	return f, nil
}

func (s *S3) rehearse(ctx context.Context, f *BucketFacts, public, private string) error {
	const text = "tintype probe"
	if _, err := s.Put(ctx, public, strings.NewReader(text), PutOptions{Size: int64(len(text))}); err != nil {
		return err
	}
	o, err := s.Open(ctx, public)
	if err != nil {
		return err
	}
	defer o.Close()
	if _, err := o.Seek(8, io.SeekStart); err != nil {
		return err
	}
	rest, err := io.ReadAll(io.LimitReader(o, 64))
	if err != nil {
		return fmt.Errorf("read from the middle: %w", err)
	}
	if string(rest) != text[8:] {
		return errors.New("read from the middle: what came is not what was written")
	}
	if err := s.Copy(ctx, public, private); err != nil {
		return err
	}
	for key, kind := range map[string]Kind{public: Public, private: Private} {
		name, _, err := s.key(key)
		if err != nil {
			return err
		}
		hctx, cancel := context.WithTimeout(ctx, s3Short)
		head, err := s.client.HeadObject(hctx, &s3.HeadObjectInput{Bucket: &s.o.Bucket, Key: name})
		cancel()
		if err != nil {
			return s3Error(ctx, "look at "+key, err)
		}
		if got := aws.ToString(head.CacheControl); got != CacheControl(kind) {
			return fmt.Errorf("the bucket gives Cache-Control %q to what was written with %q", got, CacheControl(kind))
		}
		if got := aws.ToString(head.ContentType); got != "image/jpeg" {
			return fmt.Errorf("the bucket gives Content-Type %q to what was written with image/jpeg", got)
		}
		f.Encryption = string(head.ServerSideEncryption)
	}
	return nil
}

// configuration asks whether deleted photos stay as old versions, and for how long.
func (s *S3) configuration(ctx context.Context, f *BucketFacts) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	v, err := s.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.o.Bucket})
	if err != nil {
		return err
	}
	if f.Versioned = v.Status == types.BucketVersioningStatusEnabled || v.Status == types.BucketVersioningStatusSuspended; !f.Versioned {
		return nil
	}
	rules, err := s.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.o.Bucket})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "NoSuchLifecycleConfiguration" {
		return nil
	}
	if err != nil {
		return err
	}
	for _, r := range rules.Rules {
		if e := r.NoncurrentVersionExpiration; r.Status == types.ExpirationStatusEnabled && e != nil && s.ruled(r) {
			if days := int(aws.ToInt32(e.NoncurrentDays)); f.OldDays == 0 || days < f.OldDays {
				f.OldDays = days
			}
		}
	}
	return nil
}

// ruled tells whether a lifecycle rule is for all of our objects.
func (s *S3) ruled(r types.LifecycleRule) bool {
	prefix := ""
	if r.Filter != nil {
		if r.Filter.And != nil || r.Filter.Tag != nil {
			return false
		}
		prefix = aws.ToString(r.Filter.Prefix)
	}
	return strings.HasPrefix(s.o.Prefix, prefix)
}

// Unsigned returns the address of an object without a signature. The bucket must refuse it, unless the object is
// public.
func (s *S3) Unsigned(ctx context.Context, key string) (string, error) {
	name, _, err := s.key(key)
	if err != nil {
		return "", err
	}
	o := s.client.Options()
	e, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: &s.o.Bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
	})
	if err != nil {
		return "", fmt.Errorf("media: %w", err)
	}
	return strings.TrimRight(e.URI.String(), "/") + "/" + *name, nil
}

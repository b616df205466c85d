package command

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tintype/internal/config"
	"tintype/static"
)

type assetsGroup struct {
	Upload assetsUpload `cmd:"" help:"Put this release's scripts and styles into a bucket, before the release: pages of both releases then find theirs. Files of older releases stay."`
}

type assetsUpload struct {
	To string `arg:"" help:"Where the origin of STATIC_BASE_URL is: s3://bucket or s3://bucket/prefix."`
}

// uploadPatience is for all files together: there are few, and they are small.
const uploadPatience = 5 * time.Minute

func (u assetsUpload) Run(c *call) error {
	bucket, prefix, err := config.BucketPath(u.To)
	if err != nil || bucket == "" {
		return fmt.Errorf("%q is not of the form s3://bucket/prefix", u.To)
	}
	cfg, err := c.config()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c, uploadPatience)
	defer cancel()
	awsConfig, err := c.program.AWS(ctx, cfg, c.logger(cfg))
	if err != nil {
		return err
	}
	assets, err := static.New(cfg.StaticBaseURL)
	if err != nil {
		return err
	}
	client := s3.NewFromConfig(awsConfig, func(o *s3.Options) { o.UsePathStyle = cfg.MediaPathStyle })
	all := assets.All()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if err := putAsset(ctx, client, bucket, strings.TrimPrefix(prefix+path, "/"), all[path]); err != nil {
			return fmt.Errorf("put %s: %w", path, err)
		}
	}
	_, err = fmt.Fprintf(c.env.Stdout, "%d files are in %s.\n", len(all), u.To)
	return err
}

// putAsset stores a file in the one form that every browser takes: a bucket
// cannot ask which encoding is wanted. Its name holds a fingerprint of what is
// in it, so that to write it again changes nothing.
func putAsset(ctx context.Context, client *s3.Client, bucket, key string, asset *static.Asset) error {
	body, encoding := asset.Encoded("gzip")
	in := &s3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader(body), ContentType: &asset.ContentType,
		CacheControl: aws.String("public, max-age=31536000, immutable"),
	}
	if encoding != "" {
		in.ContentEncoding = &encoding
	}
	_, err := client.PutObject(ctx, in)
	return err
}

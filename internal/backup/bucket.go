package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

const (
	// short is how long a request without a body may take, all its tries together.
	short = 30 * time.Second
	// slowest is the rate in bytes a second below which a part is given up.
	slowest = 128 << 10
	// stalled is how long a download may stand still.
	stalled = time.Minute
	tries   = 5
	// S3 takes 10,000 parts of 5 MiB or more. One part is in memory at a time.
	smallestPart = 8 << 20
	mostParts    = 9000
	// abandoned is after what time an upload that nobody finished is removed.
	abandoned = 48 * time.Hour
)

// Bucket is an Archive in a bucket of S3 or of a server that speaks its API.
type Bucket struct {
	client *s3.Client
	bucket string
	prefix string // "" or ending with a slash
}

var _ Archive = (*Bucket)(nil)

// NewBucket makes an Archive of a bucket that exists. It sends no request yet.
func NewBucket(cfg aws.Config, bucket, prefix string, pathStyle bool) *Bucket {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Bucket{bucket: bucket, prefix: prefix, client: s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = pathStyle
		o.DisableLogOutputChecksumValidationSkipped = true
		o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts = tries })
	})}
}

func (b *Bucket) String() string { return strings.TrimSuffix("s3://"+b.bucket+"/"+b.prefix, "/") }

func (b *Bucket) key(name string) *string { return aws.String(b.prefix + name) }

// fail describes what was tried and what the server answered, in one line.
func (b *Bucket) fail(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", what, b, ctx.Err())
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode() {
		case "NoSuchKey", "NotFound":
			return fmt.Errorf("%w in %s", ErrNone, b)
		}
		return fmt.Errorf("%s %s: %s %s", what, b, api.ErrorCode(), strings.ReplaceAll(api.ErrorMessage(), "\n", " "))
	}
	return fmt.Errorf("%s %s: %w", what, b, err)
}

// Create implements Archive. It removes parts of uploads that nobody finished.
func (b *Bucket) Create(ctx context.Context, name string, size int64) (Upload, error) {
	b.sweep(ctx)
	start, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	out, err := b.client.CreateMultipartUpload(start, &s3.CreateMultipartUploadInput{
		Bucket: &b.bucket, Key: b.key(name), ContentType: aws.String("application/octet-stream"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	if err != nil {
		return nil, b.fail(start, "write to", err)
	}
	part := max(smallestPart, size/mostParts+1)
	return &bucketUpload{ctx: ctx, b: b, key: b.key(name), id: out.UploadId, part: make([]byte, 0, part)}, nil
}

// sweep removes what it may. It does not need the privilege, and a lifecycle rule of the bucket does the same.
func (b *Bucket) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	out, err := b.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &b.bucket, Prefix: b.key(namePrefix)})
	if err != nil {
		return
	}
	for _, u := range out.Uploads {
		if u.Initiated != nil && time.Since(*u.Initiated) > abandoned && ValidName(strings.TrimPrefix(aws.ToString(u.Key), b.prefix)) {
			_, _ = b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.bucket, Key: u.Key, UploadId: u.UploadId})
		}
	}
}

type bucketUpload struct {
	ctx  context.Context
	b    *Bucket
	key  *string
	id   *string
	part []byte
	sent []types.CompletedPart
	done bool
}

func (u *bucketUpload) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if len(u.part) == cap(u.part) {
			if err := u.send(); err != nil {
				return n, err
			}
		}
		room := min(len(p), cap(u.part)-len(u.part))
		u.part = append(u.part, p[:room]...)
		p, n = p[room:], n+room
	}
	return n, nil
}

func (u *bucketUpload) send() error {
	ctx, cancel := context.WithTimeout(u.ctx, short+time.Duration(len(u.part)/slowest)*time.Second)
	defer cancel()
	number := aws.Int32(int32(len(u.sent) + 1))
	out, err := u.b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.b.bucket, Key: u.key, UploadId: u.id, PartNumber: number, Body: bytes.NewReader(u.part),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	})
	if err != nil {
		return u.b.fail(ctx, "write to", err)
	}
	u.sent = append(u.sent, types.CompletedPart{PartNumber: number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
	u.part = u.part[:0]
	return nil
}

func (u *bucketUpload) Commit() error {
	if err := u.send(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(u.ctx, 4*short) // the server puts all parts together
	defer cancel()
	_, err := u.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.b.bucket, Key: u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.sent},
	})
	if err != nil {
		return u.b.fail(ctx, "finish the backup in", err)
	}
	u.done = true
	return nil
}

func (u *bucketUpload) Abort() {
	if u.done {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), short)
	defer cancel()
	_, _ = u.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.b.bucket, Key: u.key, UploadId: u.id})
}

// Open implements Archive. A broken download goes on where it was.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, int64, error) {
	d := &download{ctx: ctx, b: b, name: name}
	if err := d.connect(); err != nil {
		return nil, 0, err
	}
	return d, d.size, nil
}

type download struct {
	ctx    context.Context
	b      *Bucket
	name   string
	etag   *string
	size   int64
	at     int64
	body   io.ReadCloser
	cancel context.CancelFunc
	watch  *time.Timer
}

func (d *download) connect() error {
	ctx, cancel := context.WithCancel(d.ctx)
	watch := time.AfterFunc(stalled, cancel)
	in := &s3.GetObjectInput{Bucket: &d.b.bucket, Key: d.b.key(d.name)}
	if d.etag != nil {
		in.Range, in.IfMatch = aws.String(fmt.Sprintf("bytes=%d-", d.at)), d.etag
	}
	out, err := d.b.client.GetObject(ctx, in)
	if err != nil {
		watch.Stop()
		cancel()
		return d.b.fail(d.ctx, "read from", err)
	}
	if d.etag == nil {
		d.etag, d.size = out.ETag, aws.ToInt64(out.ContentLength)
	}
	d.body, d.cancel, d.watch = out.Body, cancel, watch
	return nil
}

func (d *download) Read(p []byte) (int, error) {
	for try := 1; ; try++ {
		if d.body == nil {
			if err := d.connect(); err != nil {
				return 0, err
			}
		}
		d.watch.Reset(stalled)
		n, err := d.body.Read(p)
		d.at += int64(n)
		if n > 0 || err == nil || errors.Is(err, io.EOF) && d.at >= d.size {
			if n > 0 && err != nil && !errors.Is(err, io.EOF) {
				d.disconnect()
				err = nil
			}
			if errors.Is(err, io.EOF) && d.at < d.size {
				d.disconnect()
				err = nil
			}
			return n, err
		}
		d.disconnect()
		if d.ctx.Err() != nil || try == tries {
			return 0, d.b.fail(d.ctx, "read from", err)
		}
	}
}

func (d *download) disconnect() {
	if d.body != nil {
		d.watch.Stop()
		d.body.Close()
		d.cancel()
		d.body = nil
	}
}

func (d *download) Close() error {
	d.disconnect()
	return nil
}

// List implements Archive.
func (b *Bucket) List(ctx context.Context) ([]string, error) {
	var names []string
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: b.key(namePrefix)})
	for pages.HasMorePages() {
		page, cancel := context.WithTimeout(ctx, short)
		out, err := pages.NextPage(page)
		cancel()
		if err != nil {
			return nil, b.fail(ctx, "list", err)
		}
		for _, o := range out.Contents {
			if name := strings.TrimPrefix(aws.ToString(o.Key), b.prefix); ValidName(name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names, nil
}

// Remove implements Archive.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, short)
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: b.key(name)})
	return b.fail(ctx, "remove a backup from", err)
}

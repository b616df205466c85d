package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	// s3Memory is how much of an upload is held in memory; what is longer waits in a temporary file, so that neither a
	// slow reader nor a large file holds memory or a connection to the bucket, and a failed try can be repeated.
	s3Memory = 1 << 20
	// s3Part is how much one request carries, and so how large a temporary file is at most: the folder of those may be in memory, or
	// small. An export or an archive goes in parts. S3 takes 10,000 of them, each of 5 MiB at least.
	s3Part = 32 << 20
	// s3Slowest is the rate in bytes a second below which an upload to the bucket is given up.
	s3Slowest = 256 << 10
	// s3Joins is how long the bucket may take to make one object of its parts.
	s3Joins = time.Minute
)

// Put implements Store.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, o PutOptions) (int64, error) {
	name, kind, err := s.key(key)
	if err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if o.MaxSize > 0 && o.Size > o.MaxSize {
		return 0, ErrTooLarge
	}
	src := &s3Source{Reader: ctxReader{ctx, r}, most: o.MaxSize, least: max(o.Size, 0)}
	if o.Size > 0 {
		src.most = o.Size
	}
	body, ended, err := s.spool(src)
	if err != nil {
		return 0, err
	}
	defer func() { body.Close() }()
	if kind == Original {
		// What browsers say of a file is not to be trusted.
		var head [32]byte
		m, err := io.ReadFull(body, head[:])
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, diskError(err)
		}
		if _, err := body.Seek(0, io.SeekStart); err != nil {
			return 0, diskError(err)
		}
		o.ContentType = sniff(head[:m]).ContentType()
	}
	if o.ContentType == "" {
		o.ContentType = "image/jpeg"
	}
	if o.CacheControl == "" {
		o.CacheControl = CacheControl(kind)
	}
	if ended {
		err = s.putWhole(ctx, key, name, body, o)
	} else {
		err = s.putParts(ctx, key, name, &body, src, o)
	}
	if err != nil {
		return 0, err
	}
	s.rights.saw(key)
	return src.n, nil
}

func (s *S3) putWhole(ctx context.Context, key string, name *string, body spooled, o PutOptions) error {
	ctx, cancel := sendTime(ctx, body.n)
	defer cancel()
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.o.Bucket, Key: name, Body: body, ContentLength: &body.n,
		ContentType: &o.ContentType, CacheControl: &o.CacheControl,
		ServerSideEncryption: types.ServerSideEncryption(s.o.Encryption),
	})
	return s3Error(ctx, "write "+key, err)
}

// putParts writes what one request does not carry, from the first part on. There is no object before the last of them has come. The
// parts of a process that was killed are left to the bucket's lifecycle.
func (s *S3) putParts(ctx context.Context, key string, name *string, part *spooled, src *s3Source, o PutOptions) (err error) {
	what := "write " + key
	begin, cancel := sendTime(ctx, 0)
	defer cancel()
	in := &s3.CreateMultipartUploadInput{
		Bucket: &s.o.Bucket, Key: name, ContentType: &o.ContentType, CacheControl: &o.CacheControl,
		ServerSideEncryption: types.ServerSideEncryption(s.o.Encryption),
	}
	if s.client.Options().RequestChecksumCalculation == aws.RequestChecksumCalculationWhenSupported {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32 // which the SDK adds to each part, and S3 refuses where it was not announced
	}
	up, err := s.client.CreateMultipartUpload(begin, in)
	if err != nil {
		return s3Error(begin, what, err)
	}
	defer func() {
		if err != nil {
			tidy, cancel := sendTime(context.WithoutCancel(ctx), 0)
			defer cancel()
			// Else the bucket's lifecycle does it.
			_, _ = s.client.AbortMultipartUpload(tidy, &s3.AbortMultipartUploadInput{Bucket: &s.o.Bucket, Key: name, UploadId: up.UploadId})
		}
	}()
	var parts []types.CompletedPart
	for ended := false; part.n > 0; {
		number := aws.Int32(int32(len(parts) + 1))
		sent, err := s.putPart(ctx, &s3.UploadPartInput{
			Bucket: &s.o.Bucket, Key: name, UploadId: up.UploadId, PartNumber: number, Body: *part, ContentLength: &part.n,
		})
		if err != nil {
			return s3Error(ctx, what, err)
		}
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: sent.ETag, ChecksumCRC32: sent.ChecksumCRC32})
		if ended {
			break
		}
		part.Close()
		if *part, ended, err = s.spool(src); err != nil {
			return err
		}
	}
	join, cancel := context.WithTimeout(ctx, s3Joins)
	defer cancel()
	_, err = s.client.CompleteMultipartUpload(join, &s3.CompleteMultipartUploadInput{
		Bucket: &s.o.Bucket, Key: name, UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	return s3Error(join, what, err)
}

func (s *S3) putPart(ctx context.Context, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	ctx, cancel := sendTime(ctx, *in.ContentLength)
	defer cancel()
	return s.client.UploadPart(ctx, in)
}

// sendTime is how long a request with n bytes may take, all its tries together.
func sendTime(ctx context.Context, n int64) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s3Short+time.Duration(n/s3Slowest)*time.Second)
}

// s3Source reads what is to be written, and holds it to its size: more than most bytes are ErrTooLarge, unless that is 0, fewer than
// least are ErrShort.
type s3Source struct {
	io.Reader
	most, least, n int64
}

func (s *s3Source) Read(p []byte) (int, error) {
	m, err := s.Reader.Read(p)
	s.n += int64(m)
	switch {
	case s.most > 0 && s.n > s.most:
		return 0, ErrTooLarge
	case errors.Is(err, io.EOF) && s.n < s.least:
		return 0, fmt.Errorf("%w: %d of %d", ErrShort, s.n, s.least)
	}
	return m, err
}

// spooled is a body of n bytes that can be sent more than once.
type spooled struct {
	io.ReadSeeker
	n    int64
	file *os.File
}

func (b spooled) Close() {
	if b.file != nil {
		b.file.Close()
		os.Remove(b.file.Name()) // gone already, except where a file that is open cannot be removed
	}
}

// spool reads up to s3Part bytes. ended tells that those were the last ones.
func (s *S3) spool(src io.Reader) (body spooled, ended bool, err error) {
	var head bytes.Buffer
	n, err := io.CopyN(&head, src, s3Memory)
	if errors.Is(err, io.EOF) {
		return spooled{ReadSeeker: bytes.NewReader(head.Bytes()), n: n}, true, nil
	}
	if err != nil {
		return body, false, err
	}
	file, err := os.CreateTemp(s.o.TempDir, "tintype-put-*")
	if err != nil {
		return body, false, diskError(err)
	}
	os.Remove(file.Name()) // a crash leaves nothing
	body = spooled{ReadSeeker: file, file: file}
	defer func() {
		if err != nil {
			body.Close()
		}
	}()
	if _, err = file.Write(head.Bytes()); err != nil {
		return body, false, diskError(err)
	}
	more, err := io.CopyN(struct{ io.Writer }{file}, src, s3Part-n)
	body.n = n + more
	if ended = errors.Is(err, io.EOF); err != nil && !ended {
		return body, false, diskError(err)
	}
	if _, err = file.Seek(0, io.SeekStart); err != nil {
		return body, false, diskError(err)
	}
	return body, ended, nil
}

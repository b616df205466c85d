package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tintype/internal/budget"
)

const (
	// s3Stall is how long the bucket may send nothing before a read asks anew.
	s3Stall = 2 * time.Second
	// s3Resumes is how often one object is asked for anew after its answer broke off.
	s3Resumes = 3
)

// Open implements Store. The whole object is asked for at once, which is what most readers want; after a Seek the next
// Read asks for the rest from there.
func (s *S3) Open(ctx context.Context, key string) (*Object, error) {
	name, _, err := s.key(key)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	o := &s3Object{ctx: ctx, s: s, key: key, name: *name}
	out, err := o.get()
	if err != nil {
		return nil, err
	}
	o.size = aws.ToInt64(out.ContentLength)
	return &Object{
		ReadSeekCloser: o, Key: key, Size: o.size, ModTime: aws.ToTime(out.LastModified),
		ContentType: aws.ToString(out.ContentType), ETag: etag(key),
	}, nil
}

// s3Object reads an object. Its answer is at at, the reader at pos; they differ after a Seek.
type s3Object struct {
	ctx     context.Context // of Open: reading is part of the same request
	s       *S3
	key     string
	name    string // with the prefix
	size    int64
	pos, at int64
	body    io.ReadCloser // nil where nothing is being read
	cancel  context.CancelFunc
	resumes int
	closed  bool
}

// get asks for the object from pos on.
func (o *s3Object) get() (*s3.GetObjectOutput, error) {
	ctx, cancel := context.WithCancel(o.ctx)
	in := &s3.GetObjectInput{Bucket: &o.s.o.Bucket, Key: &o.name}
	if o.pos > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-", o.pos))
	}
	// The time runs until the answer begins; then each Read has its own.
	stall := time.AfterFunc(budget.Left(o.ctx, s3Short), cancel)
	_, done, end := budget.Take(o.ctx)
	out, err := o.s.client.GetObject(ctx, in)
	done()
	end()
	if !stall.Stop() && err == nil {
		out.Body.Close()
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, s3Error(o.ctx, "read "+o.name, o.s.orAbsent(o.ctx, o.key, err))
	}
	o.s.rights.saw(o.key)
	o.body, o.at, o.cancel = out.Body, o.pos, cancel
	return out, nil
}

// Read implements io.Reader. An answer that breaks off is asked for anew from where it broke.
func (o *s3Object) Read(p []byte) (int, error) {
	for {
		switch {
		case o.closed:
			return 0, errors.New("media: read of a closed object")
		case o.pos >= o.size:
			return 0, io.EOF
		case len(p) == 0:
			return 0, nil
		}
		if o.body != nil && o.at != o.pos {
			o.drop()
		}
		if o.body == nil {
			if _, err := o.get(); err != nil {
				return 0, err
			}
		}
		stall := time.AfterFunc(s3Stall, o.cancel)
		n, err := o.body.Read(p)
		stall.Stop()
		o.at, o.pos = o.at+int64(n), o.pos+int64(n)
		if n > 0 || err == nil {
			return n, nil // what went wrong, the next Read finds
		}
		o.drop()
		if o.ctx.Err() != nil {
			return 0, o.ctx.Err()
		}
		if o.resumes++; o.resumes > s3Resumes {
			return 0, s3Error(o.ctx, "read "+o.name, err)
		}
	}
}

// Seek implements io.Seeker, without asking the bucket.
func (o *s3Object) Seek(offset int64, whence int) (int64, error) {
	at, err := seek(o.pos, o.size, offset, whence)
	if err == nil {
		o.pos = at
	}
	return at, err
}

// seek returns where Seek leads in an object of that size from a position.
func seek(pos, size, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += pos
	case io.SeekEnd:
		offset += size
	}
	if offset < 0 {
		return 0, errors.New("media: seek before the start")
	}
	return offset, nil
}

// Close implements io.Closer.
func (o *s3Object) Close() error {
	o.drop()
	o.closed = true
	return nil
}

func (o *s3Object) drop() {
	if o.body != nil {
		o.cancel() // the rest is not wanted: do not read it to keep the connection
		o.body.Close()
		o.body = nil
	}
}

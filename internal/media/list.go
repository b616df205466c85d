package media

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

var (
	_ Lister = (*Disk)(nil)
	_ Lister = (*S3)(nil)
)

// List implements Lister.
func (d *Disk) List(ctx context.Context, kind Kind, f func(Listed) error) error {
	top := filepath.Join(d.dir, string(kind))
	err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || e.IsDir() {
			return ignoreGone(err)
		}
		info, err := e.Info()
		if err != nil {
			return ignoreGone(err)
		}
		return f(Listed{Key: d.keyAt(kind, path), Name: path, Size: info.Size(), ModTime: info.ModTime()})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// ignoreGone is nil for a file that went while its folder was read.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// keyAt is the key of the file in a path, "" if there is none.
func (d *Disk) keyAt(kind Kind, path string) string {
	key := string(kind) + "/" + filepath.Base(path)
	if kind != Original {
		key = string(kind) + "/" + filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
	}
	if where, err := d.path(key); err != nil || where != path {
		return ""
	}
	return key
}

// List implements Lister. It needs the right to list the bucket, which nothing else does.
func (s *S3) List(ctx context.Context, kind Kind, f func(Listed) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.o.Bucket, Prefix: aws.String(s.o.Prefix + string(kind) + "/")})
	for pages.HasMorePages() {
		page, err := s.listPage(ctx, pages)
		if err != nil {
			return s3Error(ctx, "list "+s.String(), err)
		}
		for _, o := range page.Contents {
			name := aws.ToString(o.Key)
			l := Listed{Key: strings.TrimPrefix(name, s.o.Prefix), Name: name, Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)}
			if strings.HasSuffix(name, "/") {
				continue // a folder, as some programs make them
			}
			if _, err := ParseKey(l.Key); err != nil {
				l.Key = ""
			}
			if err := f(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *S3) listPage(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := oneWait(ctx, 2*s3Short)
	defer cancel()
	return pages.NextPage(ctx)
}

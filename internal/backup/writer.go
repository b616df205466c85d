package backup

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// window is how far back compression looks. Photos do not shrink, the database does well with it, and memory stays small.
const window = 1 << 20

// A Writer writes an archive.
type Writer struct {
	tar   *tar.Writer
	zstd  *zstd.Encoder
	age   io.WriteCloser // nil: not encrypted
	sums  *sums
	files int
	bytes int64
	when  time.Time
}

// NewWriter begins a backup. It keeps a list of its files in the folder tmp until Close. when becomes the time of every
// file: their own times mean nothing.
func NewWriter(to io.Writer, key *Key, tmp string, when time.Time) (*Writer, error) {
	list, err := newSums(tmp)
	if err != nil {
		return nil, err
	}
	w := &Writer{sums: list, when: when.UTC().Truncate(time.Second)}
	if key != nil {
		if w.age, err = age.Encrypt(to, key.recipient); err != nil {
			list.close()
			return nil, diskError(err)
		}
		to = w.age
	}
	w.zstd, err = zstd.NewWriter(to, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(window), zstd.WithEncoderConcurrency(1))
	if err != nil {
		list.close()
		return nil, err
	}
	w.tar = tar.NewWriter(w.zstd)
	return w, nil
}

// Add adds the file name with exactly size bytes of from.
func (w *Writer) Add(ctx context.Context, name string, from io.Reader, size int64) error {
	if !validPath(name) {
		return fmt.Errorf("%q cannot be the name of a file in a backup", name)
	}
	if err := w.header(name, size); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, sum), io.LimitReader(ctxReader{ctx, from}, size))
	if err == nil && n < size {
		err = fmt.Errorf("%s has become shorter while it was read", name)
	}
	if err != nil {
		return diskError(err)
	}
	w.files++
	w.bytes += size
	return w.sums.add(sum, name)
}

func (w *Writer) header(name string, size int64) error {
	return diskError(w.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: w.when}))
}

// Close writes the sums and the manifest, and fills in the manifest's format, numbers and sums. It does not close the
// underlying writer.
func (w *Writer) Close(ctx context.Context, m *Manifest) error {
	defer w.sums.close()
	text, size, err := w.sums.read()
	if err != nil {
		return err
	}
	if err := w.header(sumsName, size); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w.tar, sum), ctxReader{ctx, text}); err != nil {
		return diskError(err)
	}
	m.Format, m.Files, m.Bytes, m.Sums = Format, w.files, w.bytes, hex.EncodeToString(sum.Sum(nil))
	last, err := m.encode()
	if err != nil {
		return err
	}
	if err := w.header(manifestName, int64(len(last))); err != nil {
		return err
	}
	if _, err := w.tar.Write(last); err != nil {
		return diskError(err)
	}
	if err := w.tar.Close(); err != nil {
		return diskError(err)
	}
	if err := w.zstd.Close(); err != nil {
		return diskError(err)
	}
	if w.age != nil {
		return diskError(w.age.Close())
	}
	return nil
}

// Abandon frees the resources of a backup that will not be finished.
func (w *Writer) Abandon() { w.sums.close() }

// sums are lines as sha256sum writes them, in a temporary file: a site may have a million files.
type sums struct {
	file *os.File
	buf  *bufio.Writer
}

func newSums(dir string) (*sums, error) {
	f, err := os.CreateTemp(dir, ".sums-*")
	if err != nil {
		return nil, diskError(err)
	}
	os.Remove(f.Name()) // a crash leaves nothing
	return &sums{f, bufio.NewWriter(f)}, nil
}

func (s *sums) add(sum hash.Hash, name string) error {
	_, err := fmt.Fprintf(s.buf, "%x  %s\n", sum.Sum(nil), name)
	return diskError(err)
}

// read returns all lines from the first on.
func (s *sums) read() (io.Reader, int64, error) {
	if err := s.buf.Flush(); err != nil {
		return nil, 0, diskError(err)
	}
	size, err := s.file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = s.file.Seek(0, io.SeekStart)
	}
	return s.file, size, err
}

func (s *sums) close() { s.file.Close() }

// ctxReader stops a copy when ctx ends, between two reads.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

var (
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
	ageMagic  = []byte("age-encryption.org/")
)

// Read reads a backup to its end and passes each of its files to keep, which reads all of it; nil drops them. It
// returns the manifest once all files match it. It keeps a list of files in the folder tmp.
func Read(ctx context.Context, from io.Reader, key *Key, tmp string, keep func(name string, size int64, content io.Reader) error) (*Manifest, error) {
	source := &sourceReader{r: ctxReader{ctx, from}}
	plain, err := open(source, key)
	if err != nil {
		return nil, source.orOwn(err)
	}
	defer plain.Close()
	list, err := newSums(tmp)
	if err != nil {
		return nil, err
	}
	defer list.close()
	r := &reading{tar: tar.NewReader(plain), list: list, keep: keep}
	m, err := r.all()
	if err == nil {
		// Reading goes on to the very end: only there do compression and encryption confirm that all was whole.
		var more int64
		if more, err = io.Copy(io.Discard, plain); err == nil && more != 0 {
			err = damaged("something stands behind its end")
		}
	}
	if err != nil {
		return nil, source.orOwn(readError(err))
	}
	return m, nil
}

// keepError is what keep said.
type keepError struct{ err error }

func (e *keepError) Error() string { return e.err.Error() }
func (e *keepError) Unwrap() error { return e.err }

type reading struct {
	tar   *tar.Reader
	list  *sums
	keep  func(string, int64, io.Reader) error
	files int
	bytes int64
	sums  string // once they were read
}

func (r *reading) all() (*Manifest, error) {
	for {
		h, err := r.tar.Next()
		if errors.Is(err, io.EOF) {
			return nil, damaged("it has no manifest")
		}
		if err != nil {
			return nil, err
		}
		switch {
		case h.Typeflag != tar.TypeReg:
			return nil, damaged("%q is no file", h.Name)
		case h.Name == manifestName && r.sums != "":
			return r.manifest(h)
		case h.Name == sumsName && r.sums == "":
			err = r.compare()
		case r.sums == "" && validPath(h.Name):
			err = r.file(h)
		default:
			err = damaged("%q does not belong there", h.Name)
		}
		if err != nil {
			return nil, err
		}
	}
}

func (r *reading) file(h *tar.Header) error {
	sum := sha256.New()
	archive := &sourceReader{r: r.tar}
	content := io.TeeReader(archive, sum)
	if r.keep != nil {
		if err := r.keep(h.Name, h.Size, content); err != nil {
			if archive.err != nil {
				return archive.err
			}
			return &keepError{err}
		}
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		return err
	}
	r.files++
	r.bytes += h.Size
	return r.list.add(sum, h.Name)
}

// compare compares the sums of what was read with those in the backup.
func (r *reading) compare() error {
	found, _, err := r.list.read()
	if err != nil {
		return err
	}
	sum := sha256.New()
	are, should := bufio.NewScanner(found), bufio.NewScanner(io.TeeReader(r.tar, sum))
	for should.Scan() {
		if !are.Scan() {
			return damaged("%s is missing", nameIn(should.Text()))
		}
		if !bytes.Equal(are.Bytes(), should.Bytes()) {
			return damaged("%s is not as it was", nameIn(should.Text()))
		}
	}
	if err := errors.Join(should.Err(), are.Err()); err != nil {
		return err
	}
	if are.Scan() {
		return damaged("%s does not belong there", nameIn(are.Text()))
	}
	r.sums = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// nameIn returns the name in a line of sha256sum.
func nameIn(line string) string {
	const before = 2*sha256.Size + 2
	if len(line) <= before {
		return "a file"
	}
	return fmt.Sprintf("%q", line[before:])
}

func (r *reading) manifest(h *tar.Header) (*Manifest, error) {
	if h.Size > largestManifest {
		return nil, damaged("its manifest has %d bytes", h.Size)
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, damaged("its manifest cannot be read")
	}
	switch {
	case m.Format > Format:
		return nil, ErrNewer
	case m.Format < 1, m.Sums != r.sums, m.Files != r.files, m.Bytes != r.bytes:
		return nil, damaged("its manifest speaks of other files")
	}
	if _, err := r.tar.Next(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = damaged("something stands behind its manifest")
		}
		return nil, err
	}
	return &m, nil
}

// open decrypts and decompresses.
func open(from io.Reader, key *Key) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(from, 64<<10)
	head, err := in.Peek(len(ageMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var plain io.Reader = in
	switch {
	case bytes.Equal(head, ageMagic):
		if !key.Decrypts() {
			return nil, ErrNoKey
		}
		if plain, err = age.Decrypt(in, key.identity); err != nil {
			var none *age.NoIdentityMatchError
			if errors.As(err, &none) {
				return nil, ErrKey
			}
			return nil, readError(err)
		}
	case bytes.HasPrefix(head, zstdMagic):
	case len(head) < len(zstdMagic):
		return nil, ErrShort
	default:
		return nil, fmt.Errorf("%w: it is no backup of this program", ErrDamaged)
	}
	d, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8*window), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// readError translates an error of one of the layers.
func readError(err error) error {
	var kept *keepError
	switch {
	case errors.As(err, &kept):
		return kept.err
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrShort), errors.Is(err, ErrNewer), errors.Is(err, ErrFull):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return ErrShort
	}
	return damaged("%v", err)
}

// sourceReader remembers errors of the source itself, which do not mean that the backup is damaged.
type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

func (s *sourceReader) orOwn(err error) error {
	if s.err != nil {
		return s.err
	}
	return err
}

package archive

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Bounds on archives that members bring.
const (
	maxEntries   = 200_000
	maxDirectory = 64 << 20 // bytes of the list of files
	maxJSON      = 64 << 20 // of one file of data
	maxAllJSON   = 1 << 30
	maxElements  = 500_000  // of the lists in one file of data; an import has 50,000 photographs at most
	maxText      = 64 << 20 // of all captions together
	maxAlbums    = 500      // of an export, and of a photograph; a member has fewer
	maxLeft      = 500      // files that a report names
)

var (
	// ErrNoZip means that the file is no zip archive, or not a whole one.
	ErrNoZip = errors.New("archive: not a whole zip archive")
	// ErrTooMuch means that an archive holds more than this package reads.
	ErrTooMuch = errors.New("archive: more than can be read")
	errLocked  = errors.New("archive: locked by a password")
)

// OpenZip reads the list of files of an archive. It looks at how long the list claims to be before it reads it.
func OpenZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	entries, directory, err := claims(r, size)
	if err != nil {
		return nil, err
	}
	if entries > maxEntries || directory > maxDirectory {
		return nil, fmt.Errorf("%w: %d files", ErrTooMuch, entries)
	}
	// Whatever the end of the archive says, no more than that is read.
	limited := &allowance{r: r, left: maxDirectory + 1<<20}
	z, err := zip.NewReader(limited, size)
	if errors.Is(err, ErrTooMuch) || err != nil && !errors.Is(err, zip.ErrFormat) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	if z == nil || err != nil && !errors.Is(err, zip.ErrInsecurePath) { // names are never used as paths
		return nil, ErrNoZip
	}
	if len(z.File) > maxEntries {
		return nil, ErrTooMuch
	}
	room := uint64(size)
	for _, f := range z.File { // files that share their bytes make a small archive as large as anybody likes
		if f.CompressedSize64 > room {
			return nil, ErrTooMuch
		}
		room -= f.CompressedSize64
	}
	limited.left = -1 // files are read from here on, each within a bound of its own
	return z, nil
}

// claims finds the record at the end of an archive and reads how many files it says there are, and how long the list of
// them is. See APPNOTE.TXT 4.3.14 to 4.3.16 at https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT.
func claims(r io.ReaderAt, size int64) (entries, directory uint64, err error) {
	const recordSize, locatorSize, record64Size = 22, 20, 56
	tail := make([]byte, min(size, 65<<10+recordSize))
	if n, err := r.ReadAt(tail, size-int64(len(tail))); n < len(tail) {
		if err == nil || err == io.EOF {
			err = ErrNoZip
		}
		return 0, 0, err
	}
	for end := len(tail); ; {
		at := bytes.LastIndex(tail[:end], []byte("PK\x05\x06"))
		if at < 0 {
			return 0, 0, ErrNoZip
		}
		if at+recordSize > len(tail) || at+recordSize+int(binary.LittleEndian.Uint16(tail[at+20:])) > len(tail) {
			end = at + 3
			continue
		}
		rec := tail[at:]
		entries, directory = uint64(binary.LittleEndian.Uint16(rec[10:])), uint64(binary.LittleEndian.Uint32(rec[12:]))
		if entries != 0xffff && directory != 0xffffffff && binary.LittleEndian.Uint32(rec[16:]) != 0xffffffff {
			return entries, directory, nil
		}
		locator := make([]byte, locatorSize)
		where := size - int64(len(tail)) + int64(at) - locatorSize
		if where < 0 {
			return entries, directory, nil
		}
		if _, err := r.ReadAt(locator, where); err != nil {
			return 0, 0, err
		}
		if !bytes.HasPrefix(locator, []byte("PK\x06\x07")) {
			return entries, directory, nil
		}
		offset := binary.LittleEndian.Uint64(locator[8:])
		if offset > uint64(size)-record64Size {
			return 0, 0, ErrNoZip
		}
		rec64 := make([]byte, record64Size)
		if _, err := r.ReadAt(rec64, int64(offset)); err != nil {
			return 0, 0, err
		}
		if !bytes.HasPrefix(rec64, []byte("PK\x06\x06")) {
			return 0, 0, ErrNoZip
		}
		return binary.LittleEndian.Uint64(rec64[32:]), binary.LittleEndian.Uint64(rec64[40:]), nil
	}
}

// allowance is a ReaderAt from which so much is read while the list of files is; opened, it is without a bound, since the
// entries are read through it, too.
type allowance struct {
	r    io.ReaderAt
	left int64
}

func (a *allowance) ReadAt(p []byte, off int64) (int, error) {
	if a.left >= 0 {
		if a.left -= int64(len(p)); a.left < 0 {
			return 0, ErrTooMuch
		}
	}
	return a.r.ReadAt(p, off)
}

// entry is a file of an archive. Its name is a key and nothing else.
type entry struct {
	Ref
	file *zip.File
	name string // with slashes
	base string
	dir  string
}

// Ref says where a file is: in which archive, and which of its files.
type Ref struct{ Archive, File int }

func entriesOf(archives []*zip.Reader) ([]entry, error) {
	var out []entry
	for i, z := range archives {
		for j, f := range z.File {
			name := f.Name
			if !utf8.ValidString(name) {
				name, _ = charmap.CodePage850.NewDecoder().String(name) // of Windows: it has an answer to every byte
			}
			name = strings.ReplaceAll(name, `\`, "/")
			if strings.HasSuffix(name, "/") {
				continue
			}
			name = strings.TrimPrefix(path.Clean("/"+name), "/")
			e := entry{Ref: Ref{i, j}, file: f, name: name, base: path.Base(name), dir: path.Dir(name)}
			if strings.HasPrefix(name, "__MACOSX/") || strings.HasPrefix(e.base, "._") || e.base == ".DS_Store" || strings.EqualFold(e.base, "Thumbs.db") {
				continue
			}
			if out = append(out, e); len(out) > maxEntries {
				return nil, ErrTooMuch
			}
		}
	}
	return out, nil
}

// locked reports whether a password is needed. See APPNOTE.TXT 4.4.4: archive/zip does not look at it.
func locked(f *zip.File) bool { return f.Flags&1 != 0 }

// swollen reports whether a file becomes much larger than it is in the archive. Photographs are compressed already.
func swollen(f *zip.File) bool {
	return f.UncompressedSize64 > 4<<20 && f.UncompressedSize64/100 > f.CompressedSize64
}

// OpenFile opens a file of an archive that may not have more than most bytes, whatever it says of itself.
func OpenFile(f *zip.File, most int64) (io.ReadCloser, error) {
	if locked(f) {
		return nil, errLocked
	}
	if f.UncompressedSize64 > uint64(most) {
		return nil, ErrTooMuch
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return &bounded{r, most}, nil
}

type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooMuch
	}
	return n, err
}

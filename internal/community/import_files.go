package community

import (
	"context"
	"fmt"
	"io"
	"sync"

	"tintype/internal/media"
	"tintype/internal/store"
)

// importFiles reads the files of an import, each of whose parts is an object of the media store.
type importFiles struct {
	ctx   context.Context
	media media.Store
	row   *store.Import
	mu    sync.Mutex

	open *media.Object // the part that was read last
	key  string
	pos  int64
}

func openImport(ctx context.Context, m media.Store, i *store.Import) *importFiles {
	return &importFiles{ctx: ctx, media: m, row: i}
}

func (f *importFiles) close() {
	if f.open != nil {
		f.open.Close()
		f.open = nil
	}
}

func (f *importFiles) at(n int) io.ReaderAt { return importFile{f, &f.row.Files.V[n]} }

type importFile struct {
	*importFiles
	file *store.ImportFile
}

// ReadAt implements io.ReaderAt. Reads that follow each other, or nearly do, read on in one answer of the media store.
func (f importFile) ReadAt(p []byte, off int64) (n int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, part := range f.file.Parts {
		if off >= part.Bytes {
			off -= part.Bytes
			continue
		}
		for len(p[n:]) > 0 && off < part.Bytes {
			m, err := f.readPart(part, p[n:min(len(p), n+int(part.Bytes-off))], off)
			n, off = n+m, off+int64(m)
			if err != nil {
				return n, err
			}
		}
		if n == len(p) {
			return n, nil
		}
		off = 0
	}
	return n, io.EOF
}

// nearby is how far ahead reading on costs less than asking anew.
const nearby = 256 << 10

func (f *importFiles) readPart(part store.ImportPart, p []byte, off int64) (int, error) {
	key := media.OriginalKey(part.Random)
	if f.key != key || f.open == nil {
		f.close()
		o, err := f.media.Open(f.ctx, key)
		if err != nil {
			return 0, err
		}
		f.open, f.key, f.pos = o, key, 0
	}
	if ahead := off - f.pos; ahead != 0 {
		var err error
		if ahead > 0 && ahead <= nearby {
			_, err = io.CopyN(io.Discard, f.open, ahead)
		} else {
			_, err = f.open.Seek(off, io.SeekStart)
		}
		if err != nil {
			f.close()
			return 0, err
		}
		f.pos = off
	}
	n, err := io.ReadFull(f.open, p)
	f.pos += int64(n)
	if err != nil {
		f.close()
		return n, fmt.Errorf("read a part of an archive: %w", err)
	}
	return n, nil
}

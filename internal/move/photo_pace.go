package move

import (
	"bytes"
	"context"
	"io"
	"time"

	"tintype/internal/media"
)

// Pace measures for a moment how long a file takes to be moved, with all workers at work: a few are read in the source,
// and one of that many bytes is written into the target, read there and deleted.
func (w *PhotoWork) Pace(ctx context.Context, source, target string, size int64) (time.Duration, error) {
	from, err := w.Open(source)
	if err != nil {
		return 0, err
	}
	to, err := w.Open(target)
	if err != nil {
		return 0, err
	}
	sets, err := w.Rows.SampleMediaObjects(ctx, 3)
	if err != nil {
		return 0, err
	}
	files, begin := 0, time.Now()
	for _, o := range sets {
		for _, key := range setKeys(o) {
			if read(ctx, from, key) == nil { // what is missing is the checks' to tell
				files++
			}
		}
	}
	took := time.Since(begin) / time.Duration(max(files, 1))
	key, content := media.OriginalKey(media.NewRandom()), make([]byte, min(max(size, 1), 8<<20))
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = to.Delete(end, key) // else a cleaning of the store finds it
	}()
	begin = time.Now()
	if _, err := to.Put(ctx, key, bytes.NewReader(content), media.PutOptions{ContentType: "application/octet-stream", Size: int64(len(content))}); err != nil {
		return 0, err
	}
	if err := read(ctx, to, key); err != nil {
		return 0, err
	}
	return (took + time.Since(begin)) / time.Duration(max(w.Workers, 1)), nil
}

// read reads a file to its end.
func read(ctx context.Context, s media.Store, key string) error {
	o, err := s.Open(ctx, key)
	if err != nil {
		return err
	}
	defer o.Close()
	_, err = io.Copy(io.Discard, o)
	return err
}

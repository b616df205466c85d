package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"
)

// Restore writes the files of a backup into the folder dir, which exists and is empty. It returns the manifest once all
// files match it. After an error the content of dir must not be used.
func Restore(ctx context.Context, from io.Reader, key *Key, dir string) (*Manifest, error) {
	root, err := os.OpenRoot(dir) // from which no name leads out
	if err != nil {
		return nil, err
	}
	defer root.Close()
	made := ""
	m, err := Read(ctx, from, key, dir, func(name string, _ int64, content io.Reader) error {
		if folder := path.Dir(name); folder != made && folder != "." {
			if err := root.MkdirAll(folder, 0o750); err != nil {
				return diskError(err)
			}
			made = folder
		}
		f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return diskError(err)
		}
		_, err = io.Copy(f, content)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("write %s: %w", name, diskError(err))
		}
		return nil
	})
	if err == nil {
		syscall.Sync() // once, for there may be a million files
	}
	return m, err
}

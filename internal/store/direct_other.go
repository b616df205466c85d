//go:build !linux

package store

import (
	"errors"
	"os"
)

func openDirect(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func readPage(f *os.File) error {
	_, err := f.ReadAt(make([]byte, 4096), 0)
	return err
}

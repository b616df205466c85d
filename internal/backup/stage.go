package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	stagePrefix = ".tintype-backup-"
	stageLock   = ".lock"
)

// A Stage is a folder for what goes into one archive. It holds a lock as long as it is in use, so that what a killed
// backup left is known as such.
type Stage struct {
	Dir  string
	lock *os.File
}

// NewStage makes a folder in parent, and removes those that nobody uses any more.
func NewStage(parent string) (*Stage, error) {
	if err := sweepStages(parent); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(parent, stagePrefix)
	if err != nil {
		return nil, diskError(err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, stageLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil {
		if err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			return &Stage{dir, lock}, nil
		}
		lock.Close()
	}
	os.RemoveAll(dir)
	return nil, diskError(err)
}

// Close removes the folder.
func (s *Stage) Close() error {
	return errors.Join(os.RemoveAll(s.Dir), s.lock.Close())
}

func sweepStages(parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, stagePrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		lock, err := os.OpenFile(filepath.Join(dir, stageLock), os.O_RDWR, 0)
		if err != nil {
			// Not locked yet, for it is being made; or half removed.
			if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
				os.RemoveAll(dir)
			}
			continue
		}
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			err = os.RemoveAll(dir)
		} else if errors.Is(err, syscall.EWOULDBLOCK) {
			err = nil
		}
		lock.Close()
		if err != nil {
			return fmt.Errorf("remove what an interrupted backup left: %w", err)
		}
	}
	return nil
}

package backup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const stagePrefix = ".tintype-backup-"

// A StagingDir is a folder for the files that go into a backup or come out of it. It is locked while it is in use, so
// that a folder that a killed process left is recognized.
type StagingDir struct {
	Dir  string
	lock *os.File // the folder itself
}

// NewStagingDir makes a folder in parent, and removes abandoned ones.
func NewStagingDir(parent string) (*StagingDir, error) {
	if err := sweepStages(parent); err != nil {
		return nil, err
	}
	for {
		dir, err := os.MkdirTemp(parent, stagePrefix)
		if err != nil {
			return nil, diskError(err)
		}
		lock, err := os.Open(dir)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if _, gone := os.Stat(dir); gone != nil || errors.Is(err, syscall.EWOULDBLOCK) {
			lock.Close() // somebody took it for abandoned in the moment before it was locked
			continue
		}
		// Any other error: the file system has no such locks, and what is left there has to be removed by hand.
		return &StagingDir{dir, lock}, nil
	}
}

// Close removes the folder.
func (s *StagingDir) Close() error {
	return errors.Join(os.RemoveAll(s.Dir), s.lock.Close())
}

func sweepStages(parent string) error {
	dirs, err := filepath.Glob(filepath.Join(parent, stagePrefix+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		// Others may write to the folder, so this may be anything.
		lock, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = os.RemoveAll(dir)
		}
		lock.Close()
		if err != nil {
			return fmt.Errorf("remove what an interrupted backup left: %w", err)
		}
	}
	return nil
}

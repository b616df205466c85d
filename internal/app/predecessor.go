package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// predecessor is a file in DATA_DIR with the id of the process that has it open. It holds a lock for as long as that
// process lives, hung or not: whoever gets the lock knows that the process which wrote the id is dead, and that its row
// in the list of processes can go. A move would wait for it otherwise.
type predecessor struct {
	file *os.File
	id   int64 // of the dead process, 0 where there is none
}

// takePredecessor returns nil where the folder is not there, or another process has it.
func takePredecessor(dir string) (*predecessor, error) {
	f, err := os.OpenFile(filepath.Join(dir, "process.id"), os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = nil
		}
		return nil, errors.Join(err, f.Close())
	}
	text, err := io.ReadAll(io.LimitReader(f, 32))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	p := &predecessor{file: f}
	p.id, _ = strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // what is no number was not written whole
	return p, nil
}

// become writes the process's own id.
func (p *predecessor) become(id int64) error {
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.WriteAt([]byte(strconv.FormatInt(id, 10)+"\n"), 0)
	return err
}

// release gives the lock back. The process has removed its row.
func (p *predecessor) release() error { return p.file.Close() }

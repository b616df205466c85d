package store

import (
	"os"
	"syscall"
)

// openDirect opens a file for reads past the system's memory.
func openDirect(file string) (*os.File, error) {
	return os.OpenFile(file, os.O_RDONLY|syscall.O_DIRECT, 0)
}

// readPage reads a file's beginning.
func readPage(f *os.File) error {
	// A read past the system's memory needs an aligned page.
	page, err := syscall.Mmap(-1, 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	_, err = f.ReadAt(page, 0)
	if e := syscall.Munmap(page); err == nil {
		err = e
	}
	return err
}

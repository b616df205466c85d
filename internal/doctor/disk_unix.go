//go:build linux || darwin

package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// DiskSpace returns what this process may still write where dir is, and how much the disk holds, in bytes.
func DiskSpace(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("%s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}

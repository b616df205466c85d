package servertest

import "syscall"

// memoryDir is a folder in memory that has room for size bytes, or "".
func memoryDir(size uint64) string {
	const dir = "/dev/shm"
	var fs syscall.Statfs_t
	if syscall.Statfs(dir, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < size || syscall.Access(dir, 2) != nil {
		return ""
	}
	return dir
}

//go:build !linux

package servertest

// memoryDir is known on Linux alone.
func memoryDir(uint64) string { return "" }

//go:build !linux && !darwin

package doctor

import "errors"

// DiskSpace is not known here.
func DiskSpace(string) (free, total int64, err error) { return 0, 0, errors.ErrUnsupported }

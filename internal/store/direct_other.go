//go:build !linux

package store

import "errors"

func readDirect(string) error { return errors.ErrUnsupported }

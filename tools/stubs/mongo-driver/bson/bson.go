// Package bson stands in for go.mongodb.org/mongo-driver/v2/bson, which gin imports for BSON. It refuses: see
// tools/stubs/README.md.
package bson

import "errors"

var errLeftOut = errors.New("BSON is not built into this program")

// Marshal always answers an error.
func Marshal(any) ([]byte, error) { return nil, errLeftOut }

// Unmarshal always answers an error.
func Unmarshal([]byte, any) error { return errLeftOut }

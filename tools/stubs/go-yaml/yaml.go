// Package yaml stands in for github.com/goccy/go-yaml, which gin imports for YAML. It refuses: see tools/stubs/README.md.
package yaml

import (
	"errors"
	"io"
)

var errLeftOut = errors.New("YAML is not built into this program")

// Marshal always answers an error.
func Marshal(any) ([]byte, error) { return nil, errLeftOut }

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder returns a decoder that refuses.
func NewDecoder(io.Reader) *Decoder { return &Decoder{} }

// Decode always answers an error.
func (*Decoder) Decode(any) error { return errLeftOut }

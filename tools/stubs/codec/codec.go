// Package codec stands in for github.com/ugorji/go/codec, which gin imports for MessagePack. It refuses: see tools/stubs/README.md.
package codec

import (
	"errors"
	"io"
)

var errLeftOut = errors.New("MessagePack is not built into this program")

// MsgpackHandle has no options here.
type MsgpackHandle struct{}

// Decoder decodes nothing.
type Decoder struct{}

// NewDecoder returns a decoder that refuses.
func NewDecoder(io.Reader, *MsgpackHandle) *Decoder { return &Decoder{} }

// Decode always answers an error.
func (*Decoder) Decode(any) error { return errLeftOut }

// Encoder encodes nothing.
type Encoder struct{}

// NewEncoder returns an encoder that refuses.
func NewEncoder(io.Writer, *MsgpackHandle) *Encoder { return &Encoder{} }

// Encode always answers an error.
func (*Encoder) Encode(any) error { return errLeftOut }

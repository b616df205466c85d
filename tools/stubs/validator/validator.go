// Package validator stands in for github.com/go-playground/validator/v10, which gin imports to check what Context.Bind has
// read. It refuses: see tools/stubs/README.md.
package validator

import "errors"

// Validate checks nothing.
type Validate struct{}

// New returns a validator that refuses.
func New() *Validate { return &Validate{} }

// SetTagName does nothing.
func (*Validate) SetTagName(string) {}

// Struct always answers an error.
func (*Validate) Struct(any) error {
	return errors.New("gin's Bind is not built into this program: handlers decode and check by themselves")
}

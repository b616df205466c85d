package session

import "context"

// As finds an optional ability of a backend, an interface such as Inspector: in the backend itself, or in the one that it
// wraps. A backend that wraps another has the method Unwrap() Backend, so that it hides nothing.
func As[A any](b Backend) (ability A, ok bool) {
	for b != nil {
		if ability, ok = b.(A); ok {
			return ability, true
		}
		wrapper, wraps := b.(interface{ Unwrap() Backend })
		if !wraps {
			break
		}
		b = wrapper.Unwrap()
	}
	return ability, false
}

// An Inspector is a Backend that can be tried without an account.
type Inspector interface {
	// Inspect writes, reads, lists and deletes a session of an account that no site has.
	Inspect(context.Context) (TableFacts, error)
}

var _ Inspector = (*Dynamo)(nil)

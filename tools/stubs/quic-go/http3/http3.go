// Package http3 stands in for github.com/quic-go/quic-go/http3, which gin imports for HTTP/3. It refuses: see
// tools/stubs/README.md.
package http3

import (
	"errors"
	"net/http"
)

// ListenAndServeQUIC always answers an error.
func ListenAndServeQUIC(addr, certFile, keyFile string, handler http.Handler) error {
	return errors.New("HTTP/3 is not built into this program")
}

package web

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// requestID is the id that a proxy in front gave the request, or a new one.
// Without a trusted proxy the header is the client's, and its word counts for
// nothing in our logs.
func requestID(r *http.Request, trustedHops int) string {
	if trustedHops > 0 {
		if id := r.Header.Get("X-Request-Id"); saneID(id) {
			return id
		}
	}
	var random [12]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

func saneID(id string) bool {
	if len(id) < 8 || len(id) > 128 {
		return false
	}
	for _, b := range []byte(id) {
		switch {
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '-', b == '_', b == '.', b == '=', b == ':':
		default:
			return false
		}
	}
	return true
}

package push

import (
	"crypto/ecdh"
	"encoding/base64"
	"net/url"
	"strings"
)

// authLength is the length of a receiver's secret.
const authLength = 16

// IsEndpoint reports whether the text is an address at which a push service may be.
func IsEndpoint(text string) bool {
	if len(text) > MaxEndpoint || strings.ContainsAny(text, " \t\r\n") {
		return false
	}
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && u.Fragment == ""
}

// IsPublicKey reports whether the text is a public key of a receiver.
func IsPublicKey(text string) bool {
	_, err := publicKey(text)
	return err == nil
}

// IsAuth reports whether the text is a secret of a receiver.
func IsAuth(text string) bool {
	b, err := decode(text)
	return err == nil && len(b) == authLength
}

func publicKey(text string) (*ecdh.PublicKey, error) {
	b, err := decode(text)
	if err != nil {
		return nil, err
	}
	return ecdh.P256().NewPublicKey(b)
}

// decode reads base64 of either alphabet, padded or not: apps send each.
func decode(text string) ([]byte, error) {
	text = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(text, "="))
	return base64.RawURLEncoding.DecodeString(text)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

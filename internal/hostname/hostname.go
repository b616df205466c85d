// Package hostname knows that a host is one name in every spelling: in capitals, in its own letters or as punycode, with
// a dot at its end, with the port that its scheme has anyway.
package hostname

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

var errInvalid = errors.New("not a host")

// Clean returns a host, which may have a port, in the spelling that browsers use: ASCII, lower case, without a dot at its
// end and without the port of the scheme ("http" or "https"; "" keeps every port).
func Clean(host, scheme string) (string, error) {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i+1:]
		if strings.Trim(port, "0123456789") != "" || len(port) > 5 {
			return "", errInvalid
		}
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		address, err := netip.ParseAddr(inner)
		if !ok || err != nil || !address.Is6() {
			return "", errInvalid
		}
		name = "[" + address.String() + "]"
	} else if name = strings.TrimSuffix(name, "."); name == "" {
		return "", errInvalid
	} else if ascii, err := idna.Lookup.ToASCII(name); err == nil {
		name = strings.TrimSuffix(ascii, ".")
	} else if name = strings.ToLower(name); strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
		return "", errInvalid // but an underscore, which names inside of networks have, is one
	}
	if name == "" || strings.Contains(name, "..") || strings.HasPrefix(name, ".") {
		return "", errInvalid
	}
	if port == "" || port == "443" && scheme == "https" || port == "80" && scheme == "http" {
		return name, nil
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		name = strings.TrimSuffix(inner, "]")
	}
	return net.JoinHostPort(name, port), nil
}

// Same reports whether two hosts are one, where both are reached by the scheme.
func Same(a, b, scheme string) bool {
	if a == b {
		return a != ""
	}
	one, err := Clean(a, scheme)
	if err != nil {
		return false
	}
	other, err := Clean(b, scheme)
	return err == nil && one == other
}

// Origin returns the scheme and the host of an address as browsers write them.
func Origin(u *url.URL) (string, error) {
	scheme := strings.ToLower(u.Scheme)
	host, err := Clean(u.Host, scheme)
	return scheme + "://" + host, err
}

// Local returns the path of an address of the site with that origin, and whether it is one. It may be by http or https, and
// browsers show addresses without either.
func Local(address, origin string) (path string, ok bool) {
	scheme, own, _ := strings.Cut(origin, "://")
	if address = strings.TrimSpace(address); !strings.Contains(address, "://") {
		address = scheme + "://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") == "" {
		return "", false
	}
	given, err := Clean(u.Host, u.Scheme)
	if err != nil || !Same(given, own, scheme) {
		return "", false
	}
	return u.Path, true
}

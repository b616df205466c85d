package community

import (
	"maps"
	"slices"
	"strings"
)

// grantable are the scopes a client may ask for, as Mastodon names them. The granular ones of read and write name
// the endpoints they are for.
var grantable = func() map[string]bool {
	m := map[string]bool{"read": true, "write": true, "follow": true, "push": true, "profile": true}
	for _, s := range []string{"accounts", "blocks", "bookmarks", "favourites", "filters", "follows", "lists", "mutes", "notifications", "search", "statuses"} {
		m["read:"+s] = true
	}
	for _, s := range []string{"accounts", "blocks", "bookmarks", "conversations", "favourites", "filters", "follows", "lists", "media", "mutes", "notifications", "reports", "statuses"} {
		m["write:"+s] = true
	}
	// Of members who look after others; what their role allows is asked each time.
	for _, s := range []string{"admin:read", "admin:write"} {
		m[s], m[s+":accounts"], m[s+":reports"] = true, true, true
	}
	return m
}()

// Scopes returns all scopes that a client may ask for, sorted.
func Scopes() []string { return slices.Sorted(maps.Keys(grantable)) }

// followScopes are what the old scope follow stands for.
var followScopes = []string{"read:blocks", "write:blocks", "read:follows", "write:follows", "read:mutes", "write:mutes"}

// ScopeAllows reports whether the granted scopes, separated by spaces, cover the needed one.
func ScopeAllows(granted, needed string) bool {
	for _, g := range strings.Fields(granted) {
		switch {
		case g == needed, strings.HasPrefix(needed, g+":"),
			g == "follow" && slices.Contains(followScopes, needed),
			needed == "profile" && (g == "read" || g == "read:accounts"):
			return true
		}
	}
	return false
}

// cleanScopes returns scopes in canonical form: "" becomes read, and duplicates are removed. ok is false if one is
// unknown.
func cleanScopes(asked string) (scopes string, ok bool) {
	var out []string
	for _, s := range strings.Fields(strings.ReplaceAll(asked, "+", " ")) {
		if !grantable[s] {
			return "", false
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return "read", true
	}
	return strings.Join(out, " "), true
}

// scopesWithin reports whether each of the asked scopes is covered by the allowed ones.
func scopesWithin(asked, allowed string) bool {
	for _, s := range strings.Fields(asked) {
		if !ScopeAllows(allowed, s) {
			return false
		}
	}
	return true
}

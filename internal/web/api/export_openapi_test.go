package api

import "strings"

// What tests compare the description with.

// Documented names the parameters that an endpoint is described with, and their kinds.
func (a *API) Documented(method, path string) (names map[string]string, described bool) {
	o, ok := operations[method+" "+path]
	if !ok || o.does == "" || o.gives == nil {
		return nil, false
	}
	names = make(map[string]string)
	for _, word := range strings.Fields(o.takes) {
		m := specialOf.FindStringSubmatch(word)
		if m == nil {
			return nil, false
		}
		names[m[1]] = m[6]
		if m[6] == "" {
			names[m[1]] = kindOf(m[1])
		}
	}
	for _, r := range refusals {
		if r.method == method && r.path == path {
			names[r.name] = kindOf(r.name)
		}
	}
	return names, true
}

// Operations are the method and path of each operation that is described.
func Operations() (all []string) {
	for name := range operations {
		all = append(all, name)
	}
	return all
}

// KindOf is the kind of a parameter by its name.
func KindOf(name string) string { return kindOf(name) }

// Describe makes the description.
func (a *API) Describe() map[string]any { return a.describe("Test site") }

// OnRead has f told of each parameter that an endpoint looks at.
func (a *API) OnRead(f func(parameter string)) { a.onRead = f }

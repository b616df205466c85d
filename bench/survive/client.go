package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/servertest"
)

// kind is the kind of a request in the counts.
type kind string

const (
	visitorReads kind = "visitors' reads"
	memberReads  kind = "members' reads" // by cookie
	clientReads  kind = "clients' reads" // by token
	writes       kind = "writes"
	uploads      kind = "uploads"
	ownReads     kind = "reads of own writes"
)

var kinds = []kind{visitorReads, memberReads, clientReads, writes, uploads, ownReads}

const (
	// patience is how long a request may take, and how long a write or the read after it is tried again.
	patience = 45 * time.Second
	again    = 300 * time.Millisecond
)

// A client is a person whose requests are counted.
type client struct {
	*servertest.Client
	record *record
}

// newClient is the nth visitor, from a network of its own.
func newClient(r *record, site string, n int) *client {
	p := rig.NewClient(site, patience)
	p.Network = fmt.Sprintf("198.18.%d.7", n) // a /24 counts as one network, which has an eighth of the places
	return &client{p, r}
}

// ask sends one request and counts it. It is not ok unless its status is one of want, or if it shows that its member is
// logged out.
func (c *client) ask(k kind, q servertest.Request, want ...int) (a servertest.Answer, ok bool) {
	start := time.Now()
	a = c.Send(context.Background(), q)
	why := failure(a, want)
	if c.loggedOut(a) {
		c.record.incident(logout, "%s %s as %s: status %d, to %q", q.Method, q.Path, c.Name, a.Status, a.Header.Get("Location"))
		why = "logged out"
	}
	var failed *sample
	if why != "" {
		failed = &sample{Why: why, Request: fmt.Sprintf("%s %s as %q", q.Method, q.Path, c.Name), ID: a.Header.Get("X-Request-Id")}
	}
	c.record.count(k, failed, time.Since(start))
	return a, failed == nil
}

// failure says why an answer is none that was wanted, in a word or two; "" if it is.
func failure(a servertest.Answer, want []int) string {
	var wait interface{ Timeout() bool }
	switch {
	case a.Err != nil && errors.As(a.Err, &wait) && wait.Timeout():
		return "no answer in time"
	case a.Err != nil:
		return "connection broken"
	case slices.Contains(want, a.Status):
		return ""
	case a.Status >= 500 && a.Header.Get("X-Request-Id") == "":
		return fmt.Sprintf("%d of the balancer", a.Status)
	}
	return fmt.Sprint(a.Status)
}

// loggedOut reports whether the answer is one to a visitor, though the client is a member.
func (c *client) loggedOut(a servertest.Answer) bool {
	switch {
	case c.Name == "" || a.Err != nil:
		return false
	case c.Token != "":
		return a.Status == http.StatusUnauthorized
	case a.Status == http.StatusSeeOther:
		return strings.HasPrefix(a.Header.Get("Location"), "/login")
	}
	// Every page of a member leads to the member's own.
	return a.Status == http.StatusOK && strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") && !strings.Contains(a.Body, `href="/@`+c.Name+`"`)
}

func (c *client) get(k kind, path string) { c.ask(k, servertest.Read(path), http.StatusOK) }

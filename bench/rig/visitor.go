package rig

import (
	"net/http"
	"time"

	"tintype/internal/servertest"
)

// transport keeps connections for all clients.
var transport = &http.Transport{MaxIdleConnsPerHost: 128, IdleConnTimeout: 30 * time.Second, DisableCompression: true}

// NewClient is a visitor of the site, who waits that long for an answer. Redirects are not followed: what a write
// answers is told apart from the page it leads to. A measurement uses what returns errors, as there is no test to fail.
func NewClient(site string, patience time.Duration) *servertest.Client {
	c := servertest.NewClient(nil, site)
	c.Stay, c.Patience, c.Transport = true, patience, transport
	return c
}

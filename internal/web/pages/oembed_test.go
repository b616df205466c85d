package pages

import (
	"net/url"
	"testing"
)

// An address is the site's own in every spelling of its host.
func TestOEmbedKnowsTheSitesHost(t *testing.T) {
	p := &Pages{Options: Options{BaseURL: "https://xn--bcher-kva.example"}}
	for address, want := range map[string]bool{
		"https://xn--bcher-kva.example/@ada/1": true, "https://b\u00fccher.example/@ada/1": true, "https://XN--BCHER-kva.example.:443/@ada/1": true,
		"http://xn--bcher-kva.example:80/@ada/1": true, "https://bucher.example/@ada/1": false, "https://xn--bcher-kva.example:8443/@ada/1": false, "/@ada/1": false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if p.ownHost(u) != want {
			t.Errorf("%s: the site's own %v", address, !want)
		}
	}
}

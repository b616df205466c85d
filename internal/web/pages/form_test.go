package pages

import (
	"net/url"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestReturnAddresses(t *testing.T) {
	nested := "/@anna"
	for range 5 {
		nested = "/login?return=" + url.QueryEscape(nested)
	}
	for s, want := range map[string]string{
		"/@anna?max_id=7": "/@anna?max_id=7", "/": "/",
		"": "home", "https://evil.example/": "home", "//evil.example/": "home", "/\\evil.example": "home", "@anna": "home", "/a\r\nb": "home",
		"/login": "home", "/login/": "home", "/signup?return=/compose": "/compose", "/logout": "home", "/login?return=//evil.example": "home",
		"/login?return=/login": "home", nested: "/@anna", "/oauth/authorize?client_id=x": "/oauth/authorize?client_id=x",
	} {
		if got := localPath(s, "home"); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// A page has one address: a number in another spelling is none.
func TestNumbersOfPagesHaveOneSpelling(t *testing.T) {
	for text, want := range map[string]int64{"7": 7, "9223372036854775807": 9223372036854775807, "+7": 0, "007": 0, "-7": 0, "0": 0, " 7": 0, "7 ": 0, "7.0": 0, "": 0} {
		c := &gin.Context{Params: gin.Params{{Key: "id", Value: text}}}
		got, err := idParam(c, "id")
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestShownHosts(t *testing.T) {
	for host, want := range map[string]string{
		"client.example":        "client.example",
		"Client.Example:8443":   "client.example:8443",
		"bücher.example":        "bücher.example (xn--bcher-kva.example)",
		"xn--bcher-kva.example": "bücher.example (xn--bcher-kva.example)",
		"пример.example":        "пример.example (xn--e1afmkfd.example)",
		"写真ひらがな.example":        "写真ひらがな.example (xn--v8j0cwa6gy82r0b9b.example)",
		"p\u0430ypal.example":   "xn--pypal-4ve.example",
		"xn--pypal-4ve.example": "xn--pypal-4ve.example",
		"[2001:db8::1]:8080":    "[2001:db8::1]:8080",
		"127.0.0.1:3000":        "127.0.0.1:3000",
		"under_score.example":   "under_score.example",
	} {
		if got := shownHost(host); got != want {
			t.Errorf("%s: %q, want %q", host, got, want)
		}
	}
}

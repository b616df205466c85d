package app

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wired is the whole site on an empty SQLite database, without a network.
func wired(t *testing.T, env ...string) (*testSite, http.Handler) {
	t.Helper()
	site := unopenedSite(t, append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, env...)...)
	h, err := site.wire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	site.site.Open(h)
	t.Cleanup(func() {
		for _, s := range slices.Backward(site.stops) {
			if err := s.stop(context.Background()); err != nil {
				t.Errorf("stop %s: %v", s.name, err)
			}
		}
	})
	return site, h
}

func TestTheWholeSiteAnswers(t *testing.T) {
	site, _ := wired(t)
	w := site.ask("GET", "/api/v1/instance/", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "compatible; Tintype "+Version) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Two sites in one process have nothing in common.
func TestTwoSitesInOneProcess(t *testing.T) {
	first, _ := wired(t, "SITE_NAME=First")
	second, _ := wired(t, "SITE_NAME=Second")
	for site, name := range map[*testSite]string{first: "First", second: "Second"} {
		if w := site.ask("GET", "/api/v1/instance", ""); !strings.Contains(w.Body.String(), `"title":"`+name+`"`) {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
}

// A request may be refused before it meets its route; its log line is the same.
func TestSecretsInAddressesStayOutOfTheLog(t *testing.T) {
	site := newTestSite(t, nil)
	for _, path := range []string{"/claim/abcdefgh", "/links/abcdefgh", "/links/abcdefgh/more"} {
		site.ask("GET", path, "")
		site.ask("POST", path, "a=b", "Sec-Fetch-Site: cross-site")
	}
	if strings.Contains(site.logged.String(), "abcdefgh") {
		t.Errorf("the log holds a secret:\n%s", site.logged)
	}
	defer func() {
		if recover() == nil {
			t.Error("a route with a secret that the log would show was registered")
		}
	}()
	site.site.NewRoutes().Personal("GET", "/elsewhere/:token", text("x"))
}

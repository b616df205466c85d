package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tintype/internal/community"
)

// A network that guesses tokens has none read any more that the process does not know: a guess would cost the database a
// statement each. Those that it knows go on.
func TestGuessedTokensAreNotRead(t *testing.T) {
	known := make(map[string]int64)
	refused := 0
	s := newSite(t, func(o *options) {
		o.api.Limit = community.Limit{Count: 5, Window: time.Hour}
		o.api.Authenticate = func(r *http.Request, account int64) { known[r.Header.Get("Authorization")] = account }
		o.api.Refused = func(*http.Request) { refused++ }
		o.api.Known = func(r *http.Request) bool { return known[r.Header.Get("Authorization")] != 0 }
	})
	anna, bob := s.join("anna"), s.join("bob")
	const own = "/api/v1/accounts/verify_credentials"
	s.get(own, anna.token).ok()
	if known["Bearer "+anna.token] != anna.ID {
		t.Errorf("known: %v", known)
	}
	for i := range 5 {
		s.get(own, fmt.Sprintf("guess%d", i)).is(http.StatusUnauthorized)
	}
	s.get(own, "guess").is(http.StatusTooManyRequests)
	if refused != 5 {
		t.Errorf("%d guesses were read, want 5", refused)
	}
	s.get(own, bob.token).is(http.StatusTooManyRequests)
	s.get(own, anna.token).ok()
}

// An application's own token, which anybody gets, is no member's.
func TestAnApplicationsTokenIsNoMembers(t *testing.T) {
	s := newSite(t, func(o *options) {
		o.api.Authenticate = func(_ *http.Request, account int64) { t.Errorf("account %d", account) }
	})
	app := s.post("/api/v1/apps", "", form("client_name", "Stranger", "redirect_uris", "urn:ietf:wg:oauth:2.0:oob", "scopes", "read")).ok().object()
	token := s.post("/oauth/token", "", form("grant_type", "client_credentials", "client_id", app["client_id"].(string), "client_secret", app["client_secret"].(string), "scope", "read")).ok().object()["access_token"].(string)
	s.get("/api/v1/apps/verify_credentials", token).ok()
}

package community

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/budget"
	"tintype/internal/lang"
	"tintype/internal/store"
)

// OutOfBand is the redirect of clients that no browser can redirect to: the page shows the code.
const OutOfBand = "urn:ietf:wg:oauth:2.0:oob"

const codeLife = 10 * time.Minute

// OAuthError is refused by the rules of OAuth. Code is one of RFC 6749's: invalid_request, invalid_client,
// invalid_grant, invalid_scope.
type OAuthError struct{ Code, Description string }

func (e *OAuthError) Error() string { return e.Code + ": " + e.Description }

// NewApp is a client's registration.
type NewApp struct {
	Name         string
	Website      string
	RedirectURIs []string
	Scopes       string // separated by spaces, "" is read
	Address      string // the client's IP address
}

// What strangers may make rows of, by network and day, for each sign-up that SignUpLimit allows: everybody who joins
// brings an application or two.
const (
	appsPerSignUp         = 5
	clientTokensPerSignUp = 10
)

func (c *Community) daily(ctx context.Context, perSignUp int) Limit {
	return Limit{Count: perSignUp * c.Site(ctx).SignUpLimit.Count, Window: 24 * time.Hour}
}

// maxRedirectURIs bounds an application's redirect URIs together, in bytes.
const maxRedirectURIs = 2000

// CreateApp registers a client. The secret is shown once. *TooMany where many were registered from the same network.
func (c *Community) CreateApp(ctx context.Context, n NewApp) (app *store.App, secret string, err error) {
	var bad Invalid
	n.Name, n.Website = oneLine(n.Name), strings.TrimSpace(n.Website)
	switch {
	case n.Name == "":
		bad.add("client_name", "blank", "The application needs a name.")
	case utf8.RuneCountInString(n.Name) > 60:
		bad.add("client_name", "too_long", "The application's name may have at most 60 characters.")
	}
	if n.Website != "" {
		if u, err := url.Parse(n.Website); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || len(n.Website) > 255 {
			bad.add("website", "invalid", "The website is not a web address.")
		}
	}
	var uris []string
	for _, u := range n.RedirectURIs {
		uris = append(uris, strings.Fields(u)...) // one string may hold several, one a line
	}
	if len(uris) == 0 {
		bad.add("redirect_uris", "blank", "The application needs a redirect URI.")
	}
	if len(uris) > 20 || len(strings.Join(uris, " ")) > maxRedirectURIs {
		bad.add("redirect_uris", "too_many", "There may be at most 20 redirect URIs, with %d characters in all.", maxRedirectURIs)
	}
	for _, u := range uris {
		if !validRedirect(u) {
			bad.add("redirect_uris", "invalid", "A redirect URI must be an absolute URI of the web or of the application's own scheme, without a fragment.")
			break
		}
	}
	scopes, ok := cleanScopes(n.Scopes)
	if !ok {
		bad.add("scopes", "invalid", "A scope is unknown.")
	}
	if err := bad.err(); err != nil {
		return nil, "", err
	}
	if err := c.allowNetwork(ctx, "app", n.Address, c.daily(ctx, appsPerSignUp)); err != nil {
		return nil, "", err
	}
	secret = newSecret()
	app = &store.App{
		Name: n.Name, Website: n.Website, RedirectURIs: store.JSON[[]string]{V: uris}, Scopes: scopes,
		ClientID: newSecret(), ClientSecretHash: hashSecret(secret), CreatedAt: store.ToMillis(time.Now()),
	}
	_, err = c.Store.TxOnce(ctx, "apps", func(ctx context.Context, tx *store.Store, id int64) error {
		app.ID = id
		return tx.CreateApp(ctx, app)
	})
	if err != nil {
		return nil, "", fromStore(err)
	}
	return app, secret, nil
}

// AppByClientID finds a registered client, else ErrNotFound.
func (c *Community) AppByClientID(ctx context.Context, clientID string) (*store.App, error) {
	app, err := c.Store.AppByClientID(ctx, clientID)
	return app, fromStore(err)
}

// AppsByID finds the applications that posts were made with.
func (c *Community) AppsByID(ctx context.Context, ids []int64) ([]*store.App, error) {
	apps, err := c.Store.AppsByID(ctx, ids)
	return apps, fromStore(err)
}

// Authorization is what a client asks a member for.
type Authorization struct {
	RedirectURI     string
	Scopes          string // "" is read
	Challenge       string // PKCE; "" without
	ChallengeMethod string // S256
}

// CheckAuthorization checks what the client asks for and returns it in canonical form. *Invalid means that the redirect
// is not the client's: nothing may be sent there. An *OAuthError may be sent to the redirect.
func (c *Community) CheckAuthorization(app *store.App, a Authorization) (Authorization, error) {
	found := false
	for _, u := range app.RedirectURIs.V {
		found = found || sameRedirect(u, a.RedirectURI)
	}
	if !found {
		return a, invalid("redirect_uri", "invalid", "The redirect URI is not one that the application registered.")
	}
	scopes, ok := cleanScopes(a.Scopes)
	if !ok || !scopesWithin(scopes, app.Scopes) {
		return a, &OAuthError{"invalid_scope", lang.Key("The application did not register these scopes.")}
	}
	a.Scopes = scopes
	switch {
	case a.Challenge == "" && a.ChallengeMethod == "":
	case a.ChallengeMethod != "S256":
		return a, &OAuthError{"invalid_request", lang.Key("The code challenge method must be S256.")}
	case !isChallenge(a.Challenge):
		return a, &OAuthError{"invalid_request", lang.Key("The code challenge is malformed.")}
	}
	return a, nil
}

func isChallenge(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// Authorize makes a code that the client exchanges for a token within ten minutes. Errors as CheckAuthorization.
func (c *Community) Authorize(ctx context.Context, acc *store.Account, app *store.App, a Authorization) (code string, err error) {
	if a, err = c.CheckAuthorization(app, a); err != nil {
		return "", err
	}
	code = newSecret()
	_, err = c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, locked *store.Account) error {
		if err := sameEpoch(acc, locked); err != nil {
			return err
		}
		if _, err := tx.CodeByHash(ctx, hashSecret(code)); !errors.Is(err, store.ErrNotFound) {
			return err // our own COMMIT, whose answer was lost
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.CreateCode(ctx, &store.AuthorizationCode{
			Hash: hashSecret(code), AppID: app.ID, AccountID: acc.ID, RedirectURI: a.RedirectURI, Scopes: a.Scopes,
			CodeChallenge: a.Challenge, CreatedAt: now, ExpiresAt: now + store.Millis(codeLife.Milliseconds()),
		})
	})
	if err != nil {
		return "", err
	}
	return code, nil
}

// client finds the app with this id and secret.
func (c *Community) client(ctx context.Context, clientID, secret string) (*store.App, error) {
	app, err := c.Store.AppByClientID(ctx, clientID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, fromStore(err)
	}
	if err != nil || subtle.ConstantTimeCompare([]byte(app.ClientSecretHash), []byte(hashSecret(secret))) != 1 {
		return nil, &OAuthError{"invalid_client", "The client is unknown or its secret is wrong."}
	}
	return app, nil
}

// CodeExchange is the request of a client that exchanges a code for a token.
type CodeExchange struct {
	ClientID, ClientSecret string
	Code                   string
	RedirectURI            string // as it was when the code was asked for
	Verifier               string // PKCE
}

// ExchangeCode exchanges a code for a token, once. A second try revokes the first token, because one of the two came
// from a thief. Refusals are *OAuthError.
func (c *Community) ExchangeCode(ctx context.Context, e CodeExchange) (bearer string, t *store.AccessToken, err error) {
	app, err := c.client(ctx, e.ClientID, e.ClientSecret)
	if err != nil {
		return "", nil, err
	}
	refused := &OAuthError{"invalid_grant", "The code is unknown, used, expired or not for this client."}
	hash := hashSecret(e.Code)
	bearer = newSecret()
	replayed := false
	_, err = c.Store.TxOnce(ctx, "access_tokens", func(ctx context.Context, tx *store.Store, id int64) error {
		replayed = false
		code, err := tx.CodeByHash(ctx, hash)
		if errors.Is(err, store.ErrNotFound) {
			return refused
		}
		if err != nil {
			return err
		}
		if code.AppID != app.ID || subtle.ConstantTimeCompare([]byte(code.RedirectURI), []byte(e.RedirectURI)) != 1 || !verifies(code.CodeChallenge, e.Verifier) {
			return refused
		}
		now := store.ToMillis(time.Now())
		t = &store.AccessToken{ID: id, Hash: hashSecret(bearer), AccountID: &code.AccountID, AppID: app.ID, Scopes: code.Scopes, CreatedAt: now, UsedAt: now}
		switch {
		case code.TokenID != nil && *code.TokenID == id:
			return nil // our own COMMIT, whose answer was lost
		case code.TokenID != nil:
			replayed = true
			return revoke(ctx, tx, &store.AccessToken{ID: *code.TokenID, AccountID: &code.AccountID})
		}
		acc, err := tx.AccountByID(ctx, code.AccountID)
		if errors.Is(err, store.ErrNotFound) || err == nil && !acc.Active() {
			return refused
		}
		if err != nil {
			return err
		}
		if err := c.tellOfApplication(ctx, tx, acc, app); err != nil {
			return err
		}
		if err := tx.CreateToken(ctx, t); err != nil {
			return err
		}
		if acc.UnconfirmedAt != nil && *acc.UnconfirmedAt < now { // as NoteLogin
			if err := tx.SetUnconfirmed(ctx, acc.ID, &now); err != nil {
				return err
			}
		}
		ok, err := tx.UseCode(ctx, hash, id)
		if err == nil && !ok {
			return refused // cannot be, since the code is locked; but never two tokens
		}
		return err
	})
	if err == nil && replayed {
		err = refused
	}
	if err != nil {
		return "", nil, fromStore(err)
	}
	return bearer, t, nil
}

// verifies checks PKCE. A code with a challenge needs its verifier; one without must not bring any.
func verifies(challenge, verifier string) bool {
	if challenge == "" || verifier == "" {
		return challenge == verifier
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}

// ClientCredentials makes a token for a client itself, without a member. *TooMany where many were made from the same
// network.
func (c *Community) ClientCredentials(ctx context.Context, clientID, clientSecret, scopes, address string) (bearer string, t *store.AccessToken, err error) {
	app, err := c.client(ctx, clientID, clientSecret)
	if err != nil {
		return "", nil, err
	}
	scopes, ok := cleanScopes(scopes)
	if !ok || !scopesWithin(scopes, app.Scopes) {
		return "", nil, &OAuthError{"invalid_scope", lang.Key("The application did not register these scopes.")}
	}
	if err := c.allowNetwork(ctx, "client_token", address, c.daily(ctx, clientTokensPerSignUp)); err != nil {
		return "", nil, err
	}
	return c.createToken(ctx, app, nil, scopes)
}

// TokenFor makes a token of an app for a member who has just signed up through it.
func (c *Community) TokenFor(ctx context.Context, app *store.App, acc *store.Account, scopes string) (bearer string, t *store.AccessToken, err error) {
	return c.createToken(ctx, app, &acc.ID, scopes)
}

func (c *Community) createToken(ctx context.Context, app *store.App, accountID *int64, scopes string) (string, *store.AccessToken, error) {
	bearer, now := newSecret(), store.ToMillis(time.Now())
	t := &store.AccessToken{Hash: hashSecret(bearer), AccountID: accountID, AppID: app.ID, Scopes: scopes, CreatedAt: now, UsedAt: now}
	_, err := c.Store.TxOnce(ctx, "access_tokens", func(ctx context.Context, tx *store.Store, id int64) error {
		t.ID = id
		return tx.CreateToken(ctx, t)
	})
	if err != nil {
		return "", nil, fromStore(err)
	}
	return bearer, t, nil
}

// RevokeToken ends a token of the client. A token that does not exist is no error; another client's is an *OAuthError.
func (c *Community) RevokeToken(ctx context.Context, clientID, clientSecret, bearer string) error {
	app, err := c.client(ctx, clientID, clientSecret)
	if err != nil {
		return err
	}
	t, err := c.Store.TokenByHash(ctx, hashSecret(bearer))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return fromStore(err)
	case t.AppID != app.ID:
		return &OAuthError{"unauthorized_client", "The token is another client's."}
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return revoke(ctx, tx, t) }))
}

// revoke deletes a token and ends its streams.
func revoke(ctx context.Context, tx *store.Store, t *store.AccessToken) error {
	var acc int64
	if t.AccountID != nil {
		acc = *t.AccountID
	}
	if err := tx.AddEvent(ctx, EventTokenRevoked, acc, t.ID, nil); err != nil {
		return err
	}
	return tx.DeleteToken(ctx, t.ID)
}

// TokenByBearer finds the token, its account and its app on the primary, so that a revoked token stops working at once.
// From then on the request reads by the position of the token's client. The account is nil for a client's own token.
// Unknown tokens and those of suspended members are ErrUnauthenticated. Those of members who must set up a second factor first are
// ErrForbidden.
func (c *Community) TokenByBearer(ctx context.Context, bearer string) (*store.AccessToken, *store.Account, *store.App, error) {
	t, acc, app, err := c.Store.TokenOwnerByHash(ctx, hashSecret(bearer))
	if errors.Is(err, store.ErrNotFound) || err == nil && acc != nil && !acc.Active() {
		return nil, nil, nil, ErrUnauthenticated
	}
	if err != nil {
		return nil, nil, nil, fromStore(err)
	}
	if c.MustSetUpTwoFactors(ctx, acc) {
		return nil, nil, nil, ErrForbidden
	}
	c.Store.CarryByToken(ctx, t)
	if now, address := store.ToMillis(time.Now()), addressOf(ctx); useIsNews(t, now, address) {
		if address == "" {
			address = t.Address
		}
		c.touchToken(ctx, t.ID, now, address)
		t.UsedAt, t.Address = now, address
	}
	return t, acc, app, nil
}

// touchPause is how long a token is left alone whose use could not be noted.
const touchPause = time.Minute

// touchToken notes a token's use. That it fails is no reason to fail the request.
func (c *Community) touchToken(ctx context.Context, id int64, now store.Millis, address string) {
	if !c.touched.First(id, time.Now(), touchPause) {
		return
	}
	budget.Aside(ctx, func(ctx context.Context) {
		err := c.Store.TouchToken(ctx, id, now, address)
		switch {
		case err == nil:
			c.touched.Forget(id)
		case !errors.Is(err, store.ErrPrimaryAway): // then nothing can be noted, as everybody knows
			c.Log.WarnContext(ctx, "a token's use was not noted", "token", id, "error", err)
		}
	})
}

// useIsNews reports whether a token's use is noted: once a day, and sooner the first time and from elsewhere, which a telephone
// on its way is often. A client's own token is noted each hour: it goes after a day without use.
func useIsNews(t *store.AccessToken, now store.Millis, address string) bool {
	since, often := time.Duration(now-t.UsedAt)*time.Millisecond, 24*time.Hour
	if t.AccountID == nil {
		often = time.Hour
	}
	return since > often || address != "" && (t.Address == "" || t.Address != address && since > time.Hour)
}

type addressKey struct{}

// WithAddress says from which IP address what is done with ctx was asked for.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

func addressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}

// Application is a client that may act for a member.
type Application struct {
	App       *store.App
	Scopes    string // of all its tokens together
	CreatedAt store.Millis
	UsedAt    store.Millis // to the day
	Address   string       // from which it was used last, "" where it never was
}

// ApplicationsOf lists the clients that may act for the member, newest first.
func (c *Community) ApplicationsOf(ctx context.Context, acc *store.Account) ([]Application, error) {
	ctx = store.PrimaryWhileThere(ctx)
	tokens, err := c.Store.TokensOf(ctx, acc.ID)
	if err != nil {
		return nil, fromStore(err)
	}
	at := map[int64]int{}
	var list []Application
	var ids []int64
	for _, t := range tokens {
		i, known := at[t.AppID]
		if !known {
			i = len(list)
			at[t.AppID] = i
			ids = append(ids, t.AppID)
			list = append(list, Application{CreatedAt: t.CreatedAt, UsedAt: t.UsedAt, Address: t.Address})
		}
		a := &list[i]
		a.Scopes, _ = cleanScopes(a.Scopes + " " + t.Scopes)
		if t.UsedAt > a.UsedAt {
			a.Address = t.Address
		}
		a.CreatedAt, a.UsedAt = min(a.CreatedAt, t.CreatedAt), max(a.UsedAt, t.UsedAt)
	}
	apps, err := c.Store.AppsByID(ctx, ids)
	if err != nil {
		return nil, fromStore(err)
	}
	for _, app := range apps {
		list[at[app.ID]].App = app
	}
	return list, nil
}

// RevokeApplication ends all tokens that the client has for the member.
func (c *Community) RevokeApplication(ctx context.Context, acc *store.Account, appID int64) error {
	if appID == 0 {
		return ErrNotFound
	}
	return fromStore(c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.AddEvent(ctx, EventAppRevoked, acc.ID, appID, nil); err != nil {
			return err
		}
		return tx.DeleteTokensOf(ctx, acc.ID, appID)
	}))
}

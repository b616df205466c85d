package api

import (
	"net/http"

	"tintype/internal/community"
)

// supportedScopes are the whole ones; their parts are known as well.
var supportedScopes = []string{"read", "write", "follow", "push", "profile"}

func (a *API) appEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/api/v1/apps", access: open, answer: a.postApp},
		{method: http.MethodGet, path: "/api/v1/apps/verify_credentials", access: apps, answer: a.verifyApp},
		{method: http.MethodPost, path: "/oauth/token", access: open, answer: a.postToken},
		{method: http.MethodPost, path: "/oauth/revoke", access: open, answer: a.revokeToken},
		{method: http.MethodGet, path: "/oauth/userinfo", access: members, scope: "profile", answer: a.getUserInfo},
		{method: http.MethodPost, path: "/oauth/userinfo", access: members, scope: "profile", answer: a.getUserInfo},
		{method: http.MethodPost, path: "/api/v1/accounts", access: apps, scope: "write:accounts", answer: a.signUp},
	}
}

func (a *API) postApp(q *call) (any, error) {
	p := q.params
	app, secret, err := a.Community.CreateApp(q.ctx(), community.NewApp{
		Name: p.text("client_name"), Website: p.text("website"), RedirectURIs: p.list("redirect_uris"), Scopes: p.text("scopes"),
		Address: q.clientAddress(),
	})
	if err != nil {
		return nil, err
	}
	return CredentialApplication{Application: a.application(q, app), ClientID: app.ClientID, ClientSecret: secret}, nil
}

func (a *API) verifyApp(q *call) (any, error) { return a.application(q, q.app), nil }

// client is who asks for a token: Basic in the header or two parameters, as RFC 6749 has it.
func (q *call) client() (id, secret string) {
	if id, secret, ok := q.c.Request.BasicAuth(); ok {
		return id, secret
	}
	return q.params.text("client_id"), q.params.text("client_secret")
}

// postToken gives a token for a code, or one for the client itself. There is no password grant: clients that ask
// people for their passwords are what OAuth is against.
func (a *API) postToken(q *call) (any, error) {
	p := q.params
	id, secret := q.client()
	switch p.text("grant_type") {
	case "authorization_code":
		bearer, t, err := a.Community.ExchangeCode(q.ctx(), community.CodeExchange{
			ClientID: id, ClientSecret: secret, Code: p.text("code"), RedirectURI: p.text("redirect_uri"), Verifier: p.text("code_verifier"),
		})
		if err != nil {
			return nil, err
		}
		return token(bearer, t), nil
	case "client_credentials":
		bearer, t, err := a.Community.ClientCredentials(q.ctx(), id, secret, p.text("scope"), q.clientAddress())
		if err != nil {
			return nil, err
		}
		return token(bearer, t), nil
	}
	return nil, &community.OAuthError{Code: "unsupported_grant_type", Description: "The grant types are authorization_code and client_credentials."}
}

func (a *API) revokeToken(q *call) (any, error) {
	id, secret := q.client()
	return nothing{}, a.Community.RevokeToken(q.ctx(), id, secret, q.params.text("token"))
}

// getUserInfo tells a client that logs people in by this site who they are. OpenID Connect has it asked by GET and by POST.
func (a *API) getUserInfo(q *call) (any, error) {
	whole, err := a.Community.AccountByID(q.ctx(), q.account, q.account.ID) // with its avatar, which a token's owner comes without
	if err != nil {
		return nil, err
	}
	e := q.view().account(whole)
	return UserInfo{Issuer: a.BaseURL + "/", Subject: e.URI, Name: e.DisplayName, PreferredUsername: e.Username, Profile: e.URL, Picture: e.Avatar}, nil
}

// signUp makes a member from within a client, which gets a token for it with the scopes that it has itself.
func (a *API) signUp(q *call) (any, error) {
	p := q.params
	account, err := a.Community.SignUp(q.ctx(), community.SignUp{
		Username: p.text("username"), Email: p.text("email"), Password: p.text("password"), Reason: p.text("reason"),
		Language: p.text("locale"), Address: q.clientAddress(), UserAgent: q.c.Request.UserAgent(),
	})
	if err != nil {
		return nil, err
	}
	bearer, t, err := a.Community.TokenFor(q.ctx(), q.app, account, q.token.Scopes)
	if err != nil {
		return nil, err
	}
	return token(bearer, t), nil
}

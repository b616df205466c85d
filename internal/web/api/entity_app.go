package api

import (
	"strings"

	"tintype/internal/store"
)

// Application is a registered client.
type Application struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Website      *string  `json:"website"`
	Scopes       []string `json:"scopes"`
	RedirectURI  string   `json:"redirect_uri"` // all of them, a line each, as of old
	RedirectURIs []string `json:"redirect_uris"`
	VapidKey     string   `json:"vapid_key"`
}

// CredentialApplication is a client that was just registered. Its secret is returned this one time.
type CredentialApplication struct {
	Application
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret"`
	ClientSecretExpiresAt int    `json:"client_secret_expires_at"` // 0: never
}

// Token is a bearer token that was just made. It has no expires_in, which clients read as an age even when null.
type Token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	Scope       string `json:"scope"`
	CreatedAt   int64  `json:"created_at"` // Unix seconds
}

func (a *API) application(q *call, app *store.App) Application {
	e := Application{
		ID: formatID(app.ID), Name: app.Name, Scopes: strings.Fields(app.Scopes),
		RedirectURI: strings.Join(app.RedirectURIs.V, "\n"), RedirectURIs: app.RedirectURIs.V,
	}
	e.VapidKey = a.Community.PushPublicKey(q.ctx())
	if e.RedirectURIs == nil {
		e.RedirectURIs = []string{}
	}
	if app.Website != "" {
		e.Website = &app.Website
	}
	return e
}

func token(secret string, t *store.AccessToken) Token {
	return Token{AccessToken: secret, TokenType: "Bearer", Scope: t.Scopes, CreatedAt: t.CreatedAt.Time().Unix()}
}

// UserInfo is who logged in, by the names of OpenID Connect.
type UserInfo struct {
	Issuer            string `json:"iss"`
	Subject           string `json:"sub"`
	Name              string `json:"name"`
	PreferredUsername string `json:"preferred_username"`
	Profile           string `json:"profile"`
	Picture           string `json:"picture"`
}

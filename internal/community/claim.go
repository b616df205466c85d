package community

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"tintype/internal/store"
)

const (
	infoClaimNonce = "claim_nonce"
	infoClaimed    = "claimed" // the site has, or had, an administrator
)

// ClaimLink is the address at which the first administrator of a fresh site signs up. Every process returns the same
// address; the database decides who was first. Afterwards claimed is true and the link no longer works.
func (c *Community) ClaimLink(ctx context.Context) (url string, claimed bool, err error) {
	claimed, err = c.claimed(ctx)
	if err != nil || claimed {
		return "", claimed, err
	}
	nonce, err := c.claimNonce(ctx)
	if err != nil {
		return "", false, err
	}
	return c.BaseURL + "/claim/" + claimToken(c.SecretKeys()[0], nonce), false, nil
}

// ClaimValid reports whether the token is that of the claim link and nobody has used it yet.
func (c *Community) ClaimValid(ctx context.Context, token string) (bool, error) {
	claimed, err := c.claimed(ctx)
	if err != nil || claimed {
		return false, err
	}
	return c.claimTokenIs(ctx, token)
}

func (c *Community) claimTokenIs(ctx context.Context, token string) (bool, error) {
	if token == "" {
		return false, nil
	}
	nonce, err := c.claimNonce(ctx)
	if err != nil {
		return false, err
	}
	ok := false
	for _, k := range c.SecretKeys() {
		ok = hmac.Equal([]byte(claimToken(k, nonce)), []byte(token)) || ok
	}
	return ok, nil
}

// ClaimedBy reports whether the token is that of the claim link, and somebody has used it.
func (c *Community) ClaimedBy(ctx context.Context, token string) (bool, error) {
	claimed, err := c.claimed(ctx)
	if err != nil || !claimed {
		return false, err
	}
	return c.claimTokenIs(ctx, token)
}

func (c *Community) claimed(ctx context.Context) (bool, error) {
	_, err := c.Store.SiteInfo(ctx, infoClaimed)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, fromStore(err)
}

func (c *Community) claimNonce(ctx context.Context) (string, error) {
	nonce, err := c.Store.SiteInfo(ctx, infoClaimNonce)
	if !errors.Is(err, store.ErrNotFound) {
		return nonce, fromStore(err)
	}
	if _, err := c.Store.AddSiteInfo(ctx, infoClaimNonce, rand.Text()); err != nil {
		return "", fromStore(err)
	}
	nonce, err = c.Store.SiteInfo(ctx, infoClaimNonce) // another process may have been first
	return nonce, fromStore(err)
}

func claimToken(key []byte, nonce string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("tintype claim\x00" + nonce))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

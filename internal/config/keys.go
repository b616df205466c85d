package config

import (
	"context"
	"errors"
	"log/slog"

	"tintype/internal/media"
)

// SigningKeys makes the keys that sign and seal, which follow their secret. The first signs, all verify.
func (c *Config) SigningKeys(ctx context.Context, log *slog.Logger) (*Rotating[[][]byte], error) {
	secret, err := c.signingSecret()
	if err != nil {
		return nil, err
	}
	return newRotating(ctx, "SECRET_KEY", secret, log, func(text string, _ bool) ([][]byte, error) {
		texts, err := splitSecretKeys(text)
		keys := make([][]byte, len(texts))
		for i, text := range texts {
			keys[i] = []byte(text)
		}
		return keys, err
	})
}

// MediaSigner makes the signer of addresses at CloudFront, which follows its
// key; nil where none is set.
func (c *Config) MediaSigner(ctx context.Context, log *slog.Logger) (*Rotating[*media.Signer], error) {
	if !c.MediaSigningKey.IsSet() {
		return nil, nil
	}
	return newRotating(ctx, "MEDIA_SIGNING_KEY", c.MediaSigningKey, log, func(text string, first bool) (*media.Signer, error) {
		id := media.KeyPairID(text)
		if id == "" {
			if !first {
				return nil, errors.New("the new key has no line Key-Pair-Id before it; with its id in MEDIA_SIGNING_KEY_ID it is taken by a restart, so that the two change together")
			}
			id = c.MediaSigningKeyID
		}
		return media.NewSigner(id, text)
	})
}

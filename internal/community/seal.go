package community

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// errSealed says that a value was sealed by a SECRET_KEY that is not in force.
var errSealed = errors.New("sealed by another SECRET_KEY")

var errNoSecretKey = errors.New("there is no SECRET_KEY")

// A sealing key encrypts what the site must read again and what nobody reads who has the database alone. It is made of
// one of SECRET_KEY.
type sealingKey struct {
	prefix string // of what it has sealed; it names the key
	aead   cipher.AEAD
}

// sealing makes the keys for a purpose. The first seals, all open.
func (c *Community) sealing(purpose string) ([]sealingKey, error) {
	var keys []sealingKey
	if c.SecretKeys == nil {
		return nil, errNoSecretKey
	}
	for _, secret := range c.SecretKeys() {
		b, err := hkdf.Key(sha256.New, secret, nil, "tintype seals "+purpose, 32+4)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(b[:32])
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, sealingKey{hex.EncodeToString(b[32:]) + ".", aead})
	}
	if len(keys) == 0 {
		return nil, errNoSecretKey
	}
	return keys, nil
}

// seal encrypts a value for a purpose.
func (c *Community) seal(purpose string, value []byte) (string, error) {
	keys, err := c.sealing(purpose)
	if err != nil {
		return "", err
	}
	return keys[0].prefix + base64.RawURLEncoding.EncodeToString(keys[0].aead.Seal(nil, nil, value, nil)), nil
}

// unseal decrypts what seal made. current is false where another key than the first sealed it. It returns errSealed where none
// of the keys did.
func (c *Community) unseal(purpose, sealed string) (value []byte, current bool, err error) {
	keys, err := c.sealing(purpose)
	if err != nil {
		return nil, false, err
	}
	for i, k := range keys {
		text, ok := strings.CutPrefix(sealed, k.prefix)
		if !ok {
			continue
		}
		b, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			continue
		}
		if value, err := k.aead.Open(nil, nil, b, nil); err == nil {
			return value, i == 0, nil
		}
	}
	return nil, false, errSealed
}

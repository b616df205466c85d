package backup

import (
	"errors"
	"strings"

	"filippo.io/age"
)

// scryptWork is the power of two that makes a passphrase slow to guess: 64 MB and a quarter of a second, as a small
// machine can afford. A passphrase is as long as shortestPassphrase at least.
const (
	scryptWork         = 16
	shortestPassphrase = 20
)

// A Key encrypts and decrypts backups. The nil Key does neither.
type Key struct {
	recipient age.Recipient
	identity  age.Identity // nil: it can only encrypt
}

// ParseKey reads a passphrase, or a key of age-keygen: the secret one (AGE-SECRET-KEY-1…), or the public one (age1…),
// which can only encrypt. Nothing is nil.
func ParseKey(text string) (*Key, error) {
	switch {
	case text == "":
		return nil, nil
	case strings.HasPrefix(text, "AGE-SECRET-KEY-1"):
		id, err := age.ParseX25519Identity(text)
		if err != nil {
			return nil, errors.New("looks like a secret key of age, but is not valid")
		}
		return &Key{id.Recipient(), id}, nil
	case strings.HasPrefix(text, "age1"):
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, errors.New("looks like a public key of age, but is not valid")
		}
		return &Key{recipient: r}, nil
	case len(text) < shortestPassphrase:
		return nil, errors.New("a passphrase needs 20 characters or more; or give a key that age-keygen makes")
	}
	r, err := age.NewScryptRecipient(text)
	if err != nil {
		return nil, errors.New("is no passphrase")
	}
	r.SetWorkFactor(scryptWork)
	id, err := age.NewScryptIdentity(text)
	if err != nil {
		return nil, errors.New("is no passphrase")
	}
	return &Key{r, id}, nil
}

// Decrypts reports whether the key can also read what it wrote.
func (k *Key) Decrypts() bool { return k != nil && k.identity != nil }

// Suffix is how names of archives end.
func (k *Key) Suffix() string {
	if k != nil {
		return ".tar.zst.age"
	}
	return ".tar.zst"
}

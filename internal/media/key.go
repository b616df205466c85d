package media

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Kind is the first part of a key: who may read what lies under it.
type Kind string

// The kinds of keys.
const (
	Public   Kind = "pub"  // pub/<random>/<variant>.jpg: anybody who has the address
	Private  Kind = "priv" // priv/<random>/<variant>.jpg: by signed address only
	Original Kind = "orig" // orig/<random>: the uploaded file, for its author alone
)

// Key is a parsed key.
type Key struct {
	Kind    Kind
	Random  string // 32 hex digits
	Variant string // "320" … "square"; empty for Original
}

// String returns the key as a Store takes it.
func (k Key) String() string {
	var room [64]byte
	return string(k.append(room[:0]))
}

func (k Key) append(b []byte) []byte {
	b = append(append(append(b, k.Kind...), '/'), k.Random...)
	if k.Kind == Original {
		return b
	}
	return append(append(append(b, '/'), k.Variant...), ".jpg"...)
}

// VariantKey returns the key of one variant ("1280", "square") of a set.
func VariantKey(kind Kind, random, variant string) string {
	return Key{Kind: kind, Random: random, Variant: variant}.String()
}

// OriginalKey returns the key of an uploaded file.
func OriginalKey(random string) string { return Key{Kind: Original, Random: random}.String() }

// NewRandom returns 128 random bits as 32 hex digits, the part of a key that nobody can guess.
func NewRandom() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: the program ends if the system has no randomness
	return hex.EncodeToString(b[:])
}

// ParseKey parses a key, or returns an error that wraps ErrKey. Only the three shapes above are keys, so a valid key
// cannot lead out of a directory.
func ParseKey(key string) (Key, error) {
	kind, rest, ok := strings.Cut(key, "/")
	k := Key{Kind: Kind(kind)}
	if !ok {
		return Key{}, keyError(key)
	}
	switch k.Kind {
	case Original:
		k.Random = rest
	case Public, Private:
		random, name, ok := strings.Cut(rest, "/")
		variant, isJPEG := strings.CutSuffix(name, ".jpg")
		if !ok || !isJPEG || !validVariant(variant) {
			return Key{}, keyError(key)
		}
		k.Random, k.Variant = random, variant
	default:
		return Key{}, keyError(key)
	}
	if !validRandom(k.Random) {
		return Key{}, keyError(key)
	}
	return k, nil
}

func keyError(key string) error {
	if len(key) > 80 {
		key = key[:80]
	}
	return fmt.Errorf("%w: %q", ErrKey, key)
}

func validRandom(s string) bool {
	if len(s) != 32 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// validVariant accepts "square" and a width without leading zeros.
func validVariant(s string) bool {
	if s == SquareName {
		return true
	}
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= 65535 && strconv.Itoa(n) == s
}

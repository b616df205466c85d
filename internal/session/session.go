// Package session keeps log-ins on the server. The cookie holds an account's id and an opaque secret of 256 bits; a
// Backend keeps the secret's hash. Visitors have neither cookie nor session. What must survive until they log in is a
// Signed value.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	// Life is how long a session lasts after its last use.
	Life = 30 * 24 * time.Hour
	// MaxLife is how long a session lasts at most, however often it is used, so that a stolen cookie stops working.
	MaxLife = 180 * 24 * time.Hour
	// touchEvery is how much later a use must be than the one on record to be noted.
	touchEvery = 24 * time.Hour
	// saveTimeout bounds what a log-in or log-out waits for the backend.
	saveTimeout = 10 * time.Second
)

// ErrNone is returned by a Backend that has no such session.
var ErrNone = errors.New("session: no such session")

// ErrUnavailable means that the backend did not answer. It says nothing about the session, so the caller must not end
// it.
var ErrUnavailable = errors.New("session: the store of sessions does not answer")

// Record is a session as a Backend keeps it, under AccountID and Hash together. Times have milliseconds.
type Record struct {
	AccountID int64
	Hash      string // of the secret, in hexadecimal; it may be shown to the account's owner
	Epoch     int    // the account's when the session was made; under another one the session is over
	UserAgent string
	Address   string
	CreatedAt time.Time
	UsedAt    time.Time // to the day
	ExpiresAt time.Time

	// Owner is the account as Load would read it, where Get read both at once. Nil means that Get did not.
	Owner Member
}

// holds tells whether the session has not expired.
func (r *Record) holds(now time.Time) bool {
	return now.Before(r.ExpiresAt) && now.Before(r.CreatedAt.Add(MaxLife))
}

// expiry is when a session ends that was made then and is used now.
func expiry(created, now time.Time) time.Time {
	expires := now.Add(Life)
	if last := created.Add(MaxLife); last.Before(expires) {
		return last
	}
	return expires
}

// Backend keeps sessions. The partition is the account, so that listing an account's sessions needs no index. All
// reads see every write that was acknowledged before. Whether a session has expired is for the reader to check; a
// backend may remove expired ones by itself.
type Backend interface {
	// Get returns a session, or ErrNone.
	Get(ctx context.Context, accountID int64, hash string) (*Record, error)
	// Put inserts, or replaces what is under the same key; CreatedAt then stays as it was.
	Put(ctx context.Context, r *Record) error
	// Touch notes a use. It never brings back a session that has ended.
	Touch(ctx context.Context, accountID int64, hash string, used, expires time.Time) error
	// Delete ends a session. An absent one is no error.
	Delete(ctx context.Context, accountID int64, hash string) error
	// List finds all sessions of an account, the last used first.
	List(ctx context.Context, accountID int64) ([]*Record, error)
	// String says what the backend is and where, for people: "dynamodb, table sessions".
	String() string
	// DeleteOthers ends all sessions of an account except the one with the hash keep; "" keeps none.
	DeleteOthers(ctx context.Context, accountID int64, keep string) error
}

// Holds reports whether the account has a session that has not expired. Its epoch is the caller's to check.
func Holds(ctx context.Context, b Backend, accountID int64, hash string) (bool, error) {
	r, err := b.Get(ctx, accountID, hash)
	if errors.Is(err, ErrNone) {
		return false, nil
	}
	return err == nil && r.holds(time.Now()), err
}

// secret is what the cookie holds.
type secret struct {
	accountID int64
	random    string
}

func newSecret(accountID int64) secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return secret{accountID, base64.RawURLEncoding.EncodeToString(b)}
}

func (s secret) cookie() string { return strconv.FormatInt(s.accountID, 10) + "." + s.random }

func (s secret) hash() string {
	h := sha256.Sum256([]byte(s.random))
	return hex.EncodeToString(h[:])
}

// parseSecret refuses what newSecret cannot have made, before a backend is asked.
func parseSecret(cookie string) (secret, bool) {
	id, random, ok := strings.Cut(cookie, ".")
	if !ok || len(random) != base64.RawURLEncoding.EncodedLen(32) {
		return secret{}, false
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 {
		return secret{}, false
	}
	if b, err := base64.RawURLEncoding.DecodeString(random); err != nil || len(b) != 32 {
		return secret{}, false
	}
	return secret{n, random}, true
}

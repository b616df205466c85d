package community

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// argonParams are the costs of a password hash. Every hash contains them, so that they can be raised later.
type argonParams struct {
	memory, time uint32 // memory in KiB
	threads      uint8
}

var currentArgon = argonParams{memory: 19 * 1024, time: 2, threads: 1}

// Upper bounds for the costs in a stored hash: a damaged row must not take the machine's memory.
var maxArgon = argonParams{memory: 256 * 1024, time: 16, threads: 16}

const (
	saltBytes = 16
	keyBytes  = 32

	minPassword = 8
	maxPassword = 256 // characters
)

// passwords hashes with argon2id. Each hash takes a processor and its memory for a while, so that few run at once: for
// members as many as there are processors, for strangers half as many, in slots of their own. A flood of strangers'
// log-ins keeps neither a member waiting nor every processor busy.
type passwords struct {
	members, strangers chan struct{}
	dummy              string // what unknown accounts are compared with, so that they cost the same time
}

// A claim is whose password it is that is to be hashed.
type claim int

const (
	byMember   claim = iota // who is logged in, has logged in from there before, or shows what only a member was given
	byStranger              // anybody else
)

// strangersPatience is how long a stranger's password may wait for its turn.
const strangersPatience = 3 * time.Second

func newPasswords(atOnce int) *passwords {
	p := &passwords{members: make(chan struct{}, max(1, atOnce)), strangers: make(chan struct{}, max(1, atOnce/2))}
	p.dummy = currentArgon.encode(make([]byte, saltBytes), make([]byte, keyBytes))
	return p
}

// enter waits for a turn; leave ends it.
func (p *passwords) enter(ctx context.Context, by claim) (leave func(), err error) {
	slots := p.members
	if by == byStranger {
		slots = p.strangers
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, strangersPatience)
		defer cancel()
	}
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, &Unavailable{RetryAfter: 5 * time.Second, Err: fmt.Errorf("waiting to hash a password: %w", ctx.Err())}
	}
}

// hash makes a PHC string.
func (p *passwords) hash(ctx context.Context, by claim, password string) (string, error) {
	leave, err := p.enter(ctx, by)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	return currentArgon.encode(salt, currentArgon.derive(password, salt, keyBytes)), nil
}

// HashPassword makes the hash that an account stores of a password. It does not apply the rules for passwords.
func (c *Community) HashPassword(ctx context.Context, password string) (string, error) {
	return c.passwords.hash(ctx, byMember, password)
}

// check reports whether the password fits the hash, and whether the hash should be replaced because its costs are
// outdated. An empty hash (an unknown account, or one that cannot log in) takes the same time and never fits.
func (p *passwords) check(ctx context.Context, by claim, password, hash string) (ok, stale bool, err error) {
	known := hash != ""
	if !known {
		hash = p.dummy
	}
	params, salt, want, err := parsePHC(hash)
	if err != nil {
		return false, false, err
	}
	if utf8.RuneCountInString(password) > maxPassword {
		password, known = "", false // never stored, so it cannot fit; the time stays the same
	}
	leave, err := p.enter(ctx, by)
	if err != nil {
		return false, false, err
	}
	defer leave()
	got := params.derive(password, salt, len(want))
	ok = subtle.ConstantTimeCompare(got, want) == 1 && known
	return ok, ok && params != currentArgon, nil
}

func (a argonParams) derive(password string, salt []byte, n int) []byte {
	return argon2.IDKey([]byte(password), salt, a.time, a.memory, a.threads, uint32(n))
}

func (a argonParams) encode(salt, key []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, a.memory, a.time, a.threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

var errPHC = errors.New("a stored password hash is damaged")

func parsePHC(s string) (a argonParams, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return a, nil, nil, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &a.memory, &a.time, &a.threads); n != 3 || err != nil {
		return a, nil, nil, errPHC
	}
	if a.memory == 0 || a.time == 0 || a.threads == 0 || a.memory > maxArgon.memory || a.time > maxArgon.time || a.threads > maxArgon.threads {
		return a, nil, nil, errPHC
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return a, nil, nil, errPHC
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 {
		return a, nil, nil, errPHC
	}
	return a, salt, key, nil
}

// checkPassword holds a new password against the rules. The names are those that a guesser of this account tries.
func (e *Invalid) checkPassword(field, password string, names ...string) {
	common, err := isCommonPassword(password)
	if err != nil { // the list is part of the program
		panic(err)
	}
	switch n := utf8.RuneCountInString(password); {
	case password == "":
		e.add(field, "blank", "Choose a password.")
	case n < minPassword:
		e.add(field, "too_short", "The password needs at least %d characters.", minPassword)
	case n > maxPassword:
		e.add(field, "too_long", "The password may have at most %d characters.", maxPassword)
	case common || isMonotonous(password):
		e.add(field, "common", "That password is one of the first that others try. Choose another, for example a few words that only you would put together.")
	case isOwnName(password, names...):
		e.add(field, "own_name", "That password is a name that everybody can see. Choose another, for example a few words that only you would put together.")
	}
}

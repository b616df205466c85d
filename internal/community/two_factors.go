package community

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"tintype/internal/store"
)

const (
	sealsFactor    = "a second factor"
	sealsTOTPSetup = "a second factor that is being set up"

	// recoveryCodes is how many a member gets at once.
	recoveryCodes = 10
	// recoveryBytes of chance are in one: too many to be guessed by whoever has the database, so that a fast hash is enough.
	recoveryBytes = 10
	// maxFactors bounds what one account has.
	maxFactors = 20
	// maxFactorName is in characters.
	maxFactorName = 60
	// setupLife is how long a member may take to set a factor up.
	setupLife = 30 * time.Minute
	// totpPeriod is how long a code is shown; one period before and after counts as well, for clocks that differ.
	totpPeriod = 30
)

// HalfLoginLife is how long somebody who has given the password may take for the second factor.
const HalfLoginLife = 10 * time.Minute

// HasTwoFactors reports whether the account has a second factor, without which nobody logs in to it.
func HasTwoFactors(acc *store.Account) bool { return acc.TwoFactorsAt != nil }

// MustSetUpTwoFactors reports whether the account's role asks for a second factor that it lacks. It may do nothing but set one up.
func (c *Community) MustSetUpTwoFactors(ctx context.Context, acc *store.Account) bool {
	return acc != nil && acc.TwoFactorsAt == nil && c.twoFactorsRequired(ctx, acc.Role)
}

func (c *Community) twoFactorsRequired(ctx context.Context, role string) bool {
	least := rank(c.Site(ctx).RequireTwoFactors)
	return least >= 0 && rank(role) >= least
}

// TOTPSetup is what a member needs to set up an application that shows codes.
type TOTPSetup struct {
	Secret string // to be typed where no camera is
	QR     QRCode // the same, to be scanned
	Sealed string // goes back with the first code; nothing is stored until then
}

type totpSetup struct {
	Account int64  `json:"account"`
	Secret  string `json:"secret"`
	At      int64  `json:"at"`
	// Codes is of what recovery codes are made, so that the form gets the same ones when it is sent again.
	Codes []byte `json:"codes"`
}

// SetUpTOTP makes a secret for an application that shows codes.
func (c *Community) SetUpTOTP(ctx context.Context, acc *store.Account) (TOTPSetup, error) {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails
	return c.totpSetup(ctx, acc, totpSetup{acc.ID, base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), time.Now().Unix(), recoveryChance()})
}

// TOTPSetupAgain is the same set-up once more, for a form that was refused.
func (c *Community) TOTPSetupAgain(ctx context.Context, acc *store.Account, sealed string) (TOTPSetup, error) {
	setup, err := c.openTOTPSetup(acc, sealed)
	if err != nil {
		return c.SetUpTOTP(ctx, acc)
	}
	return c.totpSetup(ctx, acc, setup)
}

func (c *Community) totpSetup(ctx context.Context, acc *store.Account, setup totpSetup) (TOTPSetup, error) {
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(setup.Secret)
	if err != nil {
		return TOTPSetup{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: strings.ReplaceAll(c.Site(ctx).Name, ":", " "), AccountName: acc.Username, Secret: b})
	if err != nil {
		return TOTPSetup{}, fmt.Errorf("make a TOTP key: %w", err)
	}
	code, err := DrawQR(key.URL())
	if err != nil {
		return TOTPSetup{}, err
	}
	payload, err := json.Marshal(setup)
	if err != nil {
		return TOTPSetup{}, err
	}
	sealed, err := c.seal(sealsTOTPSetup, payload)
	return TOTPSetup{Secret: key.Secret(), QR: code, Sealed: sealed}, err
}

func (c *Community) openTOTPSetup(acc *store.Account, sealed string) (totpSetup, error) {
	var setup totpSetup
	b, _, err := c.unseal(sealsTOTPSetup, sealed)
	if err == nil {
		err = json.Unmarshal(b, &setup)
	}
	if err != nil || setup.Account != acc.ID || time.Since(time.Unix(setup.At, 0)) > setupLife {
		return setup, invalid("code", "expired", "That took too long. Scan the new picture, and enter a code again.")
	}
	return setup, nil
}

// totpStep is the time step that the code belongs to, 0 where that is none near now.
func totpStep(secret, code string, now time.Time) int64 {
	for _, step := range []int64{0, -1, 1} {
		at := now.Unix()/totpPeriod + step
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			return at
		}
	}
	return 0
}

// cleanCode takes out what people put between the characters of a code.
func cleanCode(code string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' || r == '\t' {
			return -1
		}
		return r
	}, code))
}

// AddTOTP stores an application that has shown a code, after asking for the password. With the first factor come recovery codes,
// which nobody can show again but by the same form: sent twice, it adds one factor, and both answers have the codes.
func (c *Community) AddTOTP(ctx context.Context, acc *store.Account, by Confirmation, sealed, code, name string) (codes []string, err error) {
	ctx = store.Primary(ctx)
	setup, err := c.openTOTPSetup(acc, sealed)
	if err != nil {
		return nil, err
	}
	step := totpStep(setup.Secret, cleanCode(code), time.Now())
	if step == 0 {
		return nil, invalid("code", "wrong", "That is not the current code. Is the clock of your device right?")
	}
	if err := c.confirm(ctx, acc, "current_password", by); err != nil {
		return nil, err
	}
	if len(setup.Codes) != recoveryCodes*recoveryBytes {
		setup.Codes = recoveryChance()
	}
	return c.addFactor(ctx, acc, &store.Factor{Kind: store.FactorTOTP, Name: name, LastStep: step}, []byte(setup.Secret), setup.Codes)
}

// addFactor stores a factor with its secret. The codes that come with the first factor are made of chance. An application whose
// secret is stored already is not added again: it gets its codes once more, as long as none of them is gone.
func (c *Community) addFactor(ctx context.Context, acc *store.Account, f *store.Factor, secret, chance []byte) (codes []string, err error) {
	f.Name = oneLine(f.Name)
	if n := utf8.RuneCountInString(f.Name); n > maxFactorName {
		return nil, invalid("name", "too_long", "The name may have at most %d characters.", maxFactorName)
	}
	if f.Secret, err = c.seal(sealsFactor, secret); err != nil {
		return nil, err
	}
	_, err = c.Store.TxOnce(ctx, "factors", func(ctx context.Context, tx *store.Store, id int64) error {
		codes = nil
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		now := locked[acc.ID]
		if !now.Active() {
			return ErrUnauthenticated
		}
		if err := sameEpoch(acc, now); err != nil {
			return err
		}
		all, err := tx.FactorsOf(ctx, now.ID)
		if err != nil {
			return err
		}
		made, hashes := newRecoveryCodes(chance)
		if f.Kind == store.FactorTOTP && slices.ContainsFunc(all, func(other *store.Factor) bool {
			was, _, err := c.unseal(sealsFactor, other.Secret)
			return err == nil && other.Kind == store.FactorTOTP && subtle.ConstantTimeCompare(was, secret) == 1
		}) {
			left, err := tx.RecoveryCodesAmong(ctx, now.ID, hashes)
			if err == nil && left == len(hashes) {
				codes = made
			}
			return err
		}
		if len(all) >= maxFactors {
			return invalid("name", "too_many", "There may be at most %d. Remove one first.", maxFactors)
		}
		f.ID, f.AccountID, f.CreatedAt = id, now.ID, store.ToMillis(time.Now())
		if err := tx.AddFactor(ctx, f); err != nil {
			return err
		}
		if now.TwoFactorsAt == nil {
			if err := tx.MarkTwoFactors(ctx, now.ID, f.CreatedAt); err != nil {
				return err
			}
			codes = made
			if err := tx.SetRecoveryCodes(ctx, now.ID, hashes); err != nil {
				return err
			}
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailFactorAdded, Account: now.ID, About: id})
	})
	return codes, fromStore(err)
}

// recoveryChance is of what newRecoveryCodes makes codes.
func recoveryChance() []byte {
	b := make([]byte, recoveryCodes*recoveryBytes)
	_, _ = rand.Read(b) // never fails
	return b
}

func newRecoveryCodes(chance []byte) (codes, hashes []string) {
	for b := range slices.Chunk(chance, recoveryBytes) {
		text := strings.ToLower(base32.StdEncoding.EncodeToString(b))
		hashes = append(hashes, hashSecret(text))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
	}
	return codes, hashes
}

// NewRecoveryCodes puts new codes in place of the old ones, after asking for the password.
func (c *Community) NewRecoveryCodes(ctx context.Context, acc *store.Account, by Confirmation) (codes []string, err error) {
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "current_password", by); err != nil {
		return nil, err
	}
	_, err = c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if err := sameEpoch(acc, now); err != nil {
			return err
		}
		if now.TwoFactorsAt == nil {
			return ErrNotFound
		}
		var hashes []string
		codes, hashes = newRecoveryCodes(recoveryChance())
		if err := tx.SetRecoveryCodes(ctx, now.ID, hashes); err != nil {
			return err
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailNewCodes, Account: now.ID})
	})
	return codes, err
}

// RemoveFactor removes one of the member's own, after asking for the password. With the last one go the recovery codes. *Invalid
// where the member's role asks for one.
func (c *Community) RemoveFactor(ctx context.Context, acc *store.Account, by Confirmation, id int64) error {
	ctx = store.Primary(ctx)
	if err := c.confirm(ctx, acc, "current_password", by); err != nil {
		return err
	}
	done := false
	_, err := c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if err := sameEpoch(acc, now); err != nil {
			return err
		}
		all, err := tx.FactorsOf(ctx, now.ID)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(f *store.Factor) bool { return f.ID == id }) {
			if done { // by an earlier COMMIT, whose answer was lost
				return nil
			}
			return ErrNotFound
		}
		if len(all) > 1 {
			if err := tx.DeleteFactor(ctx, now.ID, id); err != nil {
				return err
			}
		} else {
			if c.twoFactorsRequired(ctx, now.Role) {
				return invalid("current_password", "required", "Your role on this site needs a second factor. Add another one before you remove this.")
			}
			if err := tx.DeleteFactors(ctx, now.ID); err != nil {
				return err
			}
		}
		done = true
		return c.tellAccount(ctx, tx, mailJob{Kind: mailFactorRemoved, Account: now.ID, About: id})
	})
	return err
}

// TwoFactors are the second factors of a member.
type TwoFactors struct {
	Factors  []*store.Factor
	Codes    int  // recovery codes that are left
	Required bool // the member's role asks for one
}

// TwoFactorsOf returns the member's own.
func (c *Community) TwoFactorsOf(ctx context.Context, acc *store.Account) (TwoFactors, error) {
	if acc == nil {
		return TwoFactors{}, ErrUnauthenticated
	}
	list, err := c.Store.FactorsOf(ctx, acc.ID)
	if err != nil {
		return TwoFactors{}, fromStore(err)
	}
	left, err := c.Store.RecoveryCodesLeft(ctx, acc.ID)
	return TwoFactors{list, left, c.twoFactorsRequired(ctx, acc.Role)}, fromStore(err)
}

// halfState is a fingerprint of what a half log-in rests on: another password or other factors end it.
func halfState(acc *store.Account) []byte {
	h := sha256.New()
	fmt.Fprint(h, acc.PasswordHash, "\x00", acc.SessionEpoch, "\x00")
	if acc.TwoFactorsAt != nil {
		fmt.Fprint(h, *acc.TwoFactorsAt)
	}
	return h.Sum(nil)[:16]
}

// HalfLogin names somebody who has given the password and not the second factor yet. It lets nobody in. The caller signs it and
// bounds its life.
func HalfLogin(acc *store.Account) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(acc.ID)), halfState(acc)...)
}

// halfAccount is whom HalfLogin named, as long as that holds; else ErrUnauthenticated. It may be suspended: then it gets to what is
// left to it.
func (c *Community) halfAccount(ctx context.Context, half []byte) (*store.Account, error) {
	if len(half) != 8+16 {
		return nil, ErrUnauthenticated
	}
	acc, err := c.Store.AccountByID(ctx, int64(binary.BigEndian.Uint64(half)))
	if errors.Is(err, store.ErrNotFound) || err == nil && (acc.DeletedAt != nil || !HasTwoFactors(acc) || subtle.ConstantTimeCompare(half[8:], halfState(acc)) != 1) {
		return nil, ErrUnauthenticated
	}
	return acc, fromStore(err)
}

// SecondFactor ends a log-in that HalfLogin began: by the code of an application, which counts once, or a recovery code, which
// goes. *Invalid for a wrong one, *TooMany after many, ErrUnauthenticated where the log-in has to begin anew.
func (c *Community) SecondFactor(ctx context.Context, half []byte, code string, from Client) (*store.Account, error) {
	ctx = store.Primary(ctx)
	acc, err := c.halfAccount(ctx, half)
	if err != nil {
		return nil, err
	}
	buckets := c.secondBuckets(ctx, acc, from)
	if err := c.allowAll(ctx, buckets); err != nil {
		return nil, err
	}
	code = cleanCode(code)
	var ok bool
	if len(code) == 6 {
		ok, err = c.useTOTP(ctx, acc, code)
	} else if code != "" {
		ok, err = c.useRecoveryCode(ctx, acc, code)
	}
	if err != nil {
		return nil, fromStore(err)
	}
	if !ok {
		return nil, invalid("code", "wrong", "That code is wrong, or has already been used.")
	}
	c.takeBackAll(ctx, buckets)
	return acc, nil
}

// secondBuckets are the limits of tries at a second factor. They count by account, and for a device that knows it by that device:
// whoever knows the password may guess as little as a stranger, and does not shut the owner out.
func (c *Community) secondBuckets(ctx context.Context, acc *store.Account, from Client) []bucket {
	name := "second:" + strconv.FormatInt(acc.ID, 10)
	if from.knows(acc) {
		name += ":" + from.Device
	}
	return []bucket{{name, c.Site(ctx).LoginLimit}}
}

func (c *Community) useTOTP(ctx context.Context, acc *store.Account, code string) (bool, error) {
	factors, err := c.Store.FactorsOf(ctx, acc.ID)
	if err != nil {
		return false, err
	}
	for _, f := range factors {
		if f.Kind != store.FactorTOTP {
			continue
		}
		secret, _, err := c.unseal(sealsFactor, f.Secret)
		if errors.Is(err, errSealed) {
			c.Log.ErrorContext(ctx, "a second factor was sealed by a SECRET_KEY that is not in force", "account", acc.ID)
			continue // a recovery code still works
		}
		if err != nil {
			return false, err
		}
		if step := totpStep(string(secret), code, time.Now()); step != 0 {
			return c.Store.UseStep(ctx, f.ID, step, store.ToMillis(time.Now()))
		}
	}
	return false, nil
}

func (c *Community) useRecoveryCode(ctx context.Context, acc *store.Account, code string) (used bool, err error) {
	err = c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		found, err := tx.UseRecoveryCode(ctx, acc.ID, hashSecret(code))
		if err != nil || !found { // not any more, where used is set: by an earlier COMMIT, whose answer was lost
			return err
		}
		used = true
		left, err := tx.RecoveryCodesLeft(ctx, acc.ID)
		if err != nil {
			return err
		}
		return c.tellAccount(ctx, tx, mailJob{Kind: mailRecoveryUsed, Account: acc.ID, About: int64(left)})
	})
	return used, err
}

// TakeTwoFactors removes a member's second factors and recovery codes, for somebody who has lost them all. The member is told.
func (c *Community) TakeTwoFactors(ctx context.Context, by By, username string) (*store.Account, error) {
	if tidy(by.Reason) == "" {
		return nil, invalid("reason", "blank", "Say why.")
	}
	return c.onMember(ctx, by, TakeTwoFactors, username, func(ctx context.Context, tx *store.Store, now *store.Account, _ *store.AdminEntry) (bool, error) {
		if now.TwoFactorsAt == nil {
			return false, nil
		}
		if err := tx.DeleteFactors(ctx, now.ID); err != nil {
			return false, err
		}
		return true, c.tellAccount(ctx, tx, mailJob{Kind: mailFactorsTaken, Account: now.ID, Words: tidy(by.Reason)})
	})
}

// resealFactors seals by the present SECRET_KEY what an earlier one has sealed, so that the earlier one can go.
func (c *Community) resealFactors(ctx context.Context) error {
	keys, err := c.sealing(sealsFactor)
	if errors.Is(err, errNoSecretKey) {
		return nil
	}
	if err != nil {
		return err
	}
	var after int64
	return inBatches(ctx, func(limit int) (int, error) {
		list, err := c.Store.FactorsSealedOtherwise(ctx, keys[0].prefix, after, limit)
		if err != nil {
			return 0, err
		}
		for _, f := range list {
			after = f.ID
			b, _, err := c.unseal(sealsFactor, f.Secret)
			if err != nil {
				c.Log.ErrorContext(ctx, "a second factor was sealed by a SECRET_KEY that is not in force", "account", f.AccountID)
				continue
			}
			sealed, err := c.seal(sealsFactor, b)
			if err != nil {
				return 0, err
			}
			if err := c.Store.ResealFactor(ctx, f.ID, f.Secret, sealed); err != nil {
				return 0, err
			}
		}
		return len(list), nil
	})
}

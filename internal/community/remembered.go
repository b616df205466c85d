package community

import (
	"context"
	"encoding/binary"
	"time"

	"tintype/internal/store"
)

// RememberLife is how long a device is remembered in which no second factor is asked for.
const RememberLife = 60 * 24 * time.Hour

// ForgetDevices has all devices asked for a second factor at their next log-in.
func (c *Community) ForgetDevices(ctx context.Context, acc *store.Account) (*store.Account, error) {
	return c.changeAccount(store.Primary(ctx), acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		return forgetDevices(ctx, tx, now)
	})
}

// forgetDevices ends what Remembered has made for an account that the transaction has locked.
func forgetDevices(ctx context.Context, tx *store.Store, now *store.Account) error {
	if now.TwoFactorsAt == nil {
		return nil
	}
	return tx.MarkTwoFactors(ctx, now.ID, max(*now.TwoFactorsAt+1, store.ToMillis(time.Now())))
}

// Remembered names a device in which the account's second factor was given, until two_factors_at changes.
func Remembered(acc *store.Account) []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(acc.ID))
	b = binary.BigEndian.AppendUint64(b, uint64(*acc.TwoFactorsAt))
	return binary.BigEndian.AppendUint64(b, uint64(time.Now().Add(RememberLife).UnixMilli()))
}

// RememberedBytes is how long what Remembered returns is.
const RememberedBytes = 3 * 8

// IsRemembered reports whether Remembered made this for the account, and it holds.
func IsRemembered(acc *store.Account, b []byte) bool {
	return len(b) == RememberedBytes && acc.TwoFactorsAt != nil && int64(binary.BigEndian.Uint64(b)) == acc.ID &&
		binary.BigEndian.Uint64(b[8:]) == uint64(*acc.TwoFactorsAt) && time.Now().UnixMilli() < int64(binary.BigEndian.Uint64(b[16:]))
}

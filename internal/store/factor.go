package store

import "context"

// Kinds of second factors.
const (
	FactorTOTP    = "totp"    // an application that shows codes
	FactorPasskey = "passkey" // WebAuthn
)

// Factor is something besides the password by which a member proves to be the one.
type Factor struct {
	ID             int64
	AccountID      int64
	Kind           string
	Name           string
	Secret         string  // sealed
	CredentialHash *string // of a passkey's id, unique; nil for others
	LastStep       int64   // of FactorTOTP: the newest time step of which a code was used
	UsedAt         Millis  // 0: never
	CreatedAt      Millis
}

// AddFactor inserts the factor under its ID.
func (s *conn) AddFactor(ctx context.Context, f *Factor) error {
	return translate(s.write(ctx).Create(f).Error)
}

// FactorsOf lists the account's factors, oldest first.
func (s *conn) FactorsOf(ctx context.Context, accountID int64) ([]*Factor, error) {
	var list []*Factor
	err := s.read(ctx).Where("account_id = ?", accountID).Order("id").Find(&list).Error
	return list, translate(err)
}

// DeleteFactor removes one of the account's own; ErrNotFound if it has none by that id.
func (s *conn) DeleteFactor(ctx context.Context, accountID, id int64) error {
	res := s.write(ctx).Exec("DELETE FROM factors WHERE id = ? AND account_id = ?", id, accountID)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return translate(res.Error)
}

// DeleteFactors removes all factors and recovery codes of the account, and its mark that it has any.
func (s *conn) DeleteFactors(ctx context.Context, accountID int64) error {
	for _, q := range []string{"DELETE FROM factors WHERE account_id = ?", "DELETE FROM recovery_codes WHERE account_id = ?"} {
		if err := s.write(ctx).Exec(q, accountID).Error; err != nil {
			return translate(err)
		}
	}
	return s.setAccount(ctx, accountID, "two_factors_at = NULL")
}

// UseStep notes that a code of that time step was used, and reports whether none of it or of a later one was before. Of two
// who use the same code one gets true.
func (s *conn) UseStep(ctx context.Context, id, step int64, now Millis) (bool, error) {
	res := s.write(ctx).Exec("UPDATE factors SET last_step = ?, used_at = ? WHERE id = ? AND last_step < ?", step, now, id, step)
	return res.RowsAffected == 1, translate(res.Error)
}

// UsePasskey notes that a passkey was used, with what has changed in its secret, unless somebody sealed that anew meanwhile.
func (s *conn) UsePasskey(ctx context.Context, id int64, from, to string, now Millis) error {
	return translate(s.write(ctx).Exec("UPDATE factors SET used_at = ?, secret = CASE WHEN secret = ? THEN ? ELSE secret END WHERE id = ?", now, from, to, id).Error)
}

// MarkTwoFactors notes when the account's second factors began to be asked for. Devices that were remembered before are
// forgotten by that.
func (s *conn) MarkTwoFactors(ctx context.Context, accountID int64, at Millis) error {
	return s.setAccount(ctx, accountID, "two_factors_at = ?", at)
}

// SetRecoveryCodes puts codes, by their hashes, in place of those that the account had.
func (s *conn) SetRecoveryCodes(ctx context.Context, accountID int64, hashes []string) error {
	if err := s.write(ctx).Exec("DELETE FROM recovery_codes WHERE account_id = ?", accountID).Error; err != nil {
		return translate(err)
	}
	for _, h := range hashes {
		if err := s.write(ctx).Exec("INSERT INTO recovery_codes (account_id, hash) VALUES (?, ?)", accountID, h).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// UseRecoveryCode removes a code, and reports whether it was there. Of two who use the same one at once one gets true.
func (s *conn) UseRecoveryCode(ctx context.Context, accountID int64, hash string) (bool, error) {
	res := s.write(ctx).Exec("DELETE FROM recovery_codes WHERE account_id = ? AND hash = ?", accountID, hash)
	return res.RowsAffected == 1, translate(res.Error)
}

// RecoveryCodesLeft counts the account's codes.
func (s *conn) RecoveryCodesLeft(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM recovery_codes WHERE account_id = ?", accountID).Scan(&n).Error
	return n, translate(err)
}

// RecoveryCodesAmong counts those of the codes, by their hashes, that the account has.
func (s *conn) RecoveryCodesAmong(ctx context.Context, accountID int64, hashes []string) (int, error) {
	var n int
	err := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM recovery_codes WHERE account_id = ? AND hash IN ?", accountID, hashes).Scan(&n).Error
	return n, translate(err)
}

// FactorsSealedOtherwise lists at most limit factors after the id whose secret does not begin with the prefix.
func (s *conn) FactorsSealedOtherwise(ctx context.Context, prefix string, after int64, limit int) ([]*Factor, error) {
	var list []*Factor
	err := s.read(Primary(ctx)).Where("id > ? AND SUBSTR(secret, 1, ?) <> ?", after, len(prefix), prefix).Order("id").Limit(limit).Find(&list).Error
	return list, translate(err)
}

// ResealFactor replaces a factor's secret, unless it has changed meanwhile.
func (s *conn) ResealFactor(ctx context.Context, id int64, from, to string) error {
	return translate(s.write(ctx).Exec("UPDATE factors SET secret = ? WHERE id = ? AND secret = ?", to, id, from).Error)
}

package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// SessionOwner returns the account's id, and the epoch of its valid sessions.
func (a *Account) SessionOwner() (id int64, epoch int) { return a.ID, a.SessionEpoch }

// AccountByID returns ErrNotFound where there is none. It finds suspended and deleted accounts too; the rules are
// community's.
func (s *conn) AccountByID(ctx context.Context, id int64) (*Account, error) {
	var a Account
	if err := first(s.read(ctx).Where("id = ?", id), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// SessionAccount is AccountByID for the owner of a session. It reads on the primary (on a replica while the primary is
// away) and sets AllRead.
func (s *conn) SessionAccount(ctx context.Context, id int64) (*Account, error) {
	var row struct {
		Account            Account `gorm:"embedded"`
		NewestNotification int64
	}
	err := first(s.read(PrimaryWhileThere(ctx)).Table("accounts").Where("id = ?", id).
		Select("accounts.*, "+newestNotification("accounts")), &row)
	if err != nil {
		return nil, err
	}
	row.Account.AllRead = row.NewestNotification <= row.Account.NotificationsReadID
	return &row.Account, nil
}

// newestNotification selects the id of the newest notification of the account's row, NULL where it has none.
func newestNotification(account string) string {
	return "(SELECT MAX(n.id) FROM notifications n WHERE n.account_id = " + account + ".id) AS newest_notification"
}

// AccountByUsername ignores case.
func (s *conn) AccountByUsername(ctx context.Context, username string) (*Account, error) {
	var a Account
	if err := first(s.read(ctx).Where("username_key = ?", Fold(username)), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// AccountsByID returns those that exist, in no particular order.
func (s *conn) AccountsByID(ctx context.Context, ids []int64) ([]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var as []*Account
	err := s.read(ctx).Where("id IN ?", ids).Find(&as).Error
	return as, translate(err)
}

// AccountsByUsername returns those that exist, in no particular order.
func (s *conn) AccountsByUsername(ctx context.Context, usernames []string) ([]*Account, error) {
	if len(usernames) == 0 {
		return nil, nil
	}
	keys := make([]string, len(usernames))
	for i, n := range usernames {
		keys[i] = Fold(n)
	}
	var as []*Account
	err := s.read(ctx).Where("username_key IN ?", keys).Find(&as).Error
	return as, translate(err)
}

// SeenAccountByID returns the account if the viewer may know of it (see accountKnown), else ErrNotFound.
func (s *conn) SeenAccountByID(ctx context.Context, viewer *Account, id int64) (*Account, error) {
	var a Account
	if err := first(s.accountsKnown(ctx, viewer).Where("id = ?", id), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// SeenAccountByUsername returns the account if the viewer may know of it, else ErrNotFound.
func (s *conn) SeenAccountByUsername(ctx context.Context, viewer *Account, username string) (*Account, error) {
	var a Account
	if err := first(s.accountsKnown(ctx, viewer).Where("username_key = ?", Fold(username)), &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// SeenAccountsByID returns those of the accounts that the viewer may know of, in no particular order.
func (s *conn) SeenAccountsByID(ctx context.Context, viewer *Account, ids []int64) ([]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var as []*Account
	err := s.accountsKnown(ctx, viewer).Where("id IN ?", ids).Find(&as).Error
	return as, translate(err)
}

// AccountsStartingWith returns accounts that the viewer may see and whose username starts with the prefix, the shortest
// names first. The one whose whole name it is the viewer may also have blocked. With followed it returns only accounts that
// the viewer follows.
func (s *conn) AccountsStartingWith(ctx context.Context, viewer *Account, prefix string, followed bool, limit int) ([]*Account, error) {
	key := Fold(prefix)
	if !plainKey(key) {
		return nil, nil
	}
	seen, known := accountListed(viewer, "accounts"), accountKnown(viewer, "accounts")
	q := s.read(ctx).Where("username_key >= ? AND username_key < ?", key, key+"{"). // '{' follows every letter of a username
											Where("("+seen.sql+" OR username_key = ? AND "+known.sql+")", slices.Concat(seen.args, []any{key}, known.args)...)
	if followed {
		q = q.Where("EXISTS (SELECT 1 FROM follows fo WHERE fo.follower_id = ? AND fo.followee_id = accounts.id)", viewerID(viewer))
	}
	var as []*Account
	err := q.Order("LENGTH(username_key), username_key").Limit(limit).Find(&as).Error
	return as, translate(err)
}

func (s *conn) accountsKnown(ctx context.Context, viewer *Account) *gorm.DB {
	c := accountKnown(viewer, "accounts")
	return s.read(ctx).Where(c.sql, c.args...)
}

// plainKey reports whether the text could be part of a username's key.
func plainKey(key string) bool {
	return key != "" && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// CreateAccount inserts the account under its ID. The error for a username that is taken, also by a deleted account, is
// a ConflictOn "username_key"; for an address that is taken, one on "email_key".
func (s *conn) CreateAccount(ctx context.Context, a *Account) error {
	now := nowMillis()
	a.UsernameKey = Fold(a.Username)
	a.CreatedAt, a.UpdatedAt = now, now
	a.DefaultCommentsFrom = cmp.Or(a.DefaultCommentsFrom, CommentsFromEveryone)
	if err := translate(s.write(ctx).Create(a).Error); err != nil {
		return err
	}
	// After the insert: this locking read sees what was retired meanwhile.
	var n []int
	err := s.write(ctx).Raw("SELECT 1 FROM retired_usernames WHERE username_key = ?"+s.dialect.forUpdate(), a.UsernameKey).Scan(&n).Error
	if err == nil && len(n) > 0 {
		return &ConflictError{Key: "retired_usernames.username_key"}
	}
	if err != nil || a.DisplayName == "" {
		return translate(err)
	}
	return s.setNameWords(ctx, a.ID, a.DisplayName)
}

// RetireUsername records that nobody may have the username again.
func (s *conn) RetireUsername(ctx context.Context, username string) error {
	return translate(s.write(ctx).Exec(s.dialect.insertIgnore()+" retired_usernames (username_key, retired_at) VALUES (?, ?)",
		Fold(username), nowMillis()).Error)
}

// UsernameRetired reports whether a deleted account had the username.
func (s *conn) UsernameRetired(ctx context.Context, username string) (bool, error) {
	var n []int
	err := s.read(ctx).Raw("SELECT 1 FROM retired_usernames WHERE username_key = ?", Fold(username)).Scan(&n).Error
	return len(n) > 0, translate(err)
}

// setAccount changes columns of one account; ErrNotFound where there is none.
func (s *conn) setAccount(ctx context.Context, id int64, assignments string, args ...any) error {
	res := s.write(ctx).Exec("UPDATE accounts SET "+assignments+", updated_at = ? WHERE id = ?", append(args, nowMillis(), id)...)
	if res.Error == nil && res.RowsAffected == 0 {
		return ErrNotFound
	}
	return translate(res.Error)
}

// SetPassword stores a new hash and raises the session epoch, which ends every earlier session. Devices that were remembered are
// asked for a second factor again.
func (s *conn) SetPassword(ctx context.Context, id int64, hash string) error {
	return s.setAccount(ctx, id, "password_hash = ?, session_epoch = session_epoch + 1, two_factors_at = CASE WHEN two_factors_at IS NULL THEN NULL ELSE ? END", hash, nowMillis())
}

// ReplacePasswordHash stores a hash of the same password at other costs, unless the password changed meanwhile.
func (s *conn) ReplacePasswordHash(ctx context.Context, id int64, old, hash string) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET password_hash = ? WHERE id = ? AND password_hash = ?", hash, id, old).Error)
}

// SetEmail stores an address. key is nil where another account logs in by it, verified is nil where nobody has proved to have it.
func (s *conn) SetEmail(ctx context.Context, id int64, email string, key *string, verified *Millis) error {
	confirmed := ""
	if verified != nil {
		confirmed = ", unconfirmed_at = NULL"
	}
	return s.setAccount(ctx, id, "email = ?, email_key = ?, email_verified_at = ?, mail_failed_at = NULL"+confirmed, email, key, verified)
}

// SetMailFailed notes that a mail to the account's address failed, or with nil that one was delivered.
func (s *conn) SetMailFailed(ctx context.Context, id int64, email string, at *Millis) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET mail_failed_at = ? WHERE id = ? AND email = ?", at, id, email).Error)
}

// DropEmailKey takes the address as a way to log in from an account.
func (s *conn) DropEmailKey(ctx context.Context, id int64) error {
	return s.setAccount(ctx, id, "email_key = NULL")
}

// SetEmailUndone notes that an old address was brought back at a moment, which undid the change of another.
func (s *conn) SetEmailUndone(ctx context.Context, id int64, at, change Millis) error {
	return s.setAccount(ctx, id, "email_undone_at = ?, email_undone_change = ?", at, change)
}

// SetRole gives an account another role.
func (s *conn) SetRole(ctx context.Context, id int64, role string) error {
	return s.setAccount(ctx, id, "role = ?", role)
}

// SetSuspended suspends (at is set) or restores an account. Suspending raises the session epoch.
func (s *conn) SetSuspended(ctx context.Context, id int64, at *Millis) error {
	if at == nil {
		return s.setAccount(ctx, id, "suspended_at = NULL, suspended_until = NULL")
	}
	return s.setAccount(ctx, id, "suspended_at = ?, suspended_until = NULL, session_epoch = session_epoch + 1", *at)
}

// SetSuspendedUntil gives a suspension an end, nil for none.
func (s *conn) SetSuspendedUntil(ctx context.Context, id int64, until *Millis) error {
	return s.setAccount(ctx, id, "suspended_until = ?", until)
}

// SetLeaving notes when the member left, nil when the member is back.
func (s *conn) SetLeaving(ctx context.Context, id int64, at *Millis) error {
	return s.setAccount(ctx, id, "leaving_at = ?", at)
}

// SetLimited limits an account, or nil for at no longer.
func (s *conn) SetLimited(ctx context.Context, id int64, at *Millis) error {
	return s.setAccount(ctx, id, "limited_at = ?", at)
}

// SetStorageQuota says how many bytes the account's photos may have, nil for no bound.
func (s *conn) SetStorageQuota(ctx context.Context, id int64, bytes *int64) error {
	return s.setAccount(ctx, id, "storage_quota = ?", bytes)
}

// RaiseEpoch ends every session that the account has.
func (s *conn) RaiseEpoch(ctx context.Context, id int64) error {
	return s.setAccount(ctx, id, "session_epoch = session_epoch + 1")
}

// SaveProfile stores what others see of an account, and whether followers need approval.
func (s *conn) SaveProfile(ctx context.Context, a *Account) error {
	err := s.setAccount(ctx, a.ID, "display_name = ?, note = ?, fields = ?, locked = ?, bot = ?, discoverable = ?, avatar_photo_id = ?, header_photo_id = ?, photos_version = ?",
		a.DisplayName, a.Note, a.Fields, a.Locked, a.Bot, a.Discoverable, a.AvatarPhotoID, a.HeaderPhotoID, newPhotosVersion())
	if err != nil {
		return err
	}
	return s.setNameWords(ctx, a.ID, a.DisplayName)
}

// SavePreferences stores how an account reads and posts.
func (s *conn) SavePreferences(ctx context.Context, a *Account) error {
	return s.setAccount(ctx, a.ID, "default_visibility = ?, default_licence = ?, default_show_exif = ?, default_comments_from = ?, default_sensitive = ?, "+
		"warned_photos = ?, theme = ?, letter_keys = ?, language = ?, pages_language = ?",
		a.DefaultVisibility, a.DefaultLicence, a.DefaultShowExif, string(a.DefaultCommentsFrom), a.DefaultSensitive, a.WarnedPhotos, a.Theme, a.LetterKeys, a.Language, a.PagesLanguage)
}

// FirstAccountAt is when the oldest account was made, which is about when the site began. It returns ErrNotFound where
// there is none yet.
func (s *conn) FirstAccountAt(ctx context.Context) (time.Time, error) {
	var id int64
	if err := s.read(ctx).Raw("SELECT COALESCE(MIN(id), 0) FROM accounts").Scan(&id).Error; err != nil {
		return time.Time{}, translate(err)
	}
	if id == 0 {
		return time.Time{}, ErrNotFound
	}
	return IDTime(id), nil
}

// SetFilters writes what package community keeps of the account's filters. The transaction has locked the account.
func (s *conn) SetFilters(ctx context.Context, accountID int64, filters string) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET filters = ? WHERE id = ?", filters, accountID).Error)
}

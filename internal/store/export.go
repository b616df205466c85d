package store

import "context"

// States of exports.
const (
	ExportWorking = "working"
	ExportReady   = "ready"
	ExportFailed  = "failed"
)

// Export is the one export of all that a member has. It is made of parts, one after the other.
type Export struct {
	AccountID   int64
	ID          int64
	State       string
	Parts       JSON[[]ExportPart]
	LastPhotoID int64 // photos up to this one are in the parts
	Photos      int   // in the parts
	Progress    int   // the same, with those of the part that is being written
	Total       int   // of photos when it began
	Missing     int   // photos whose file was not there
	CreatedAt   Millis
	FinishedAt  *Millis
	ExpiresAt   Millis // when its files go, finished or not
}

// ExportPart is a zip file of an export, kept like an original.
type ExportPart struct {
	Random string `json:"random"`
	Bytes  int64  `json:"bytes"`
	Photos int    `json:"photos"`
}

// Randoms are the names of the files of the export.
func (e *Export) Randoms() []string {
	out := make([]string, len(e.Parts.V))
	for i, p := range e.Parts.V {
		out[i] = p.Random
	}
	return out
}

// ExportOf reads the account's export, or ErrNotFound.
func (s *conn) ExportOf(ctx context.Context, accountID int64) (*Export, error) {
	var e Export
	if err := first(s.read(ctx).Where("account_id = ?", accountID), &e); err != nil {
		return nil, err
	}
	return &e, nil
}

// AddExport writes the row of a new export. The transaction has locked the account, and dropped the export before.
func (s *conn) AddExport(ctx context.Context, e *Export) error {
	return translate(s.write(ctx).Create(e).Error)
}

// UpdateExport writes what the work on an export changes. It is false where that export is not the account's any more.
func (s *conn) UpdateExport(ctx context.Context, e *Export) (bool, error) {
	res := s.write(ctx).Exec("UPDATE exports SET state = ?, parts = ?, last_photo_id = ?, photos = ?, progress = ?, missing = ?, finished_at = ?, expires_at = ?"+
		" WHERE account_id = ? AND id = ? AND state = ?", e.State, e.Parts, e.LastPhotoID, e.Photos, e.Progress, e.Missing, e.FinishedAt, e.ExpiresAt, e.AccountID, e.ID, ExportWorking)
	return res.RowsAffected == 1, translate(res.Error)
}

// SetExportProgress notes how many photos are in the export so far. It is false where it is not being made any more.
func (s *conn) SetExportProgress(ctx context.Context, accountID, id int64, progress int) (bool, error) {
	err := s.write(ctx).Exec("UPDATE exports SET progress = ? WHERE account_id = ? AND id = ? AND state = ?", progress, accountID, id, ExportWorking).Error
	if err != nil {
		return false, translate(err)
	}
	// MySQL does not count a row that has the value already.
	return s.exists(Primary(ctx), "SELECT 1 FROM exports WHERE account_id = ? AND id = ? AND state = ?", accountID, id, ExportWorking)
}

// DeleteExport removes the row. Its files are dropped in the same transaction.
func (s *conn) DeleteExport(ctx context.Context, accountID, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM exports WHERE account_id = ? AND id = ?", accountID, id).Error)
}

// ExpiredExports lists up to limit exports whose time is over.
func (s *conn) ExpiredExports(ctx context.Context, limit int) ([]*Export, error) {
	var out []*Export
	err := s.read(Primary(ctx)).Where("expires_at < " + s.dialect.nowMillis()).Order("expires_at").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// ReadyPhotosAfter lists up to limit ready photos of an account whose ids are above after and not above last, in the
// order of their ids: of posts, of the profile, and those that wait to be posted. What is left of a deleted post is not the author's
// any more: it goes, or is kept as evidence.
func (s *conn) ReadyPhotosAfter(ctx context.Context, accountID, after, last int64, limit int) ([]*Photo, error) {
	return s.photos(ctx, "ph.account_id = ? AND ph.state = ? AND "+notDeleted+" AND ph.id > ? AND ph.id <= ? ORDER BY ph.id LIMIT ?", accountID, PhotoReady, after, last, limit)
}

// CountReadyPhotos counts what ReadyPhotosAfter lists from the beginning.
func (s *conn) CountReadyPhotos(ctx context.Context, accountID, last int64) (int, error) {
	rows, err := s.query(ctx, "SELECT COUNT(*) FROM photos ph WHERE ph.account_id = ? AND ph.state = ? AND "+notDeleted+" AND ph.id <= ?", accountID, PhotoReady, last)
	if err != nil {
		return 0, err
	}
	n := 0
	for rows.next() {
		n = int(rows.int())
	}
	return n, rows.done()
}

// OwnPosts lists up to limit posts and comments of an author that are not deleted, below an id, newest first, whoever may
// see them.
func (s *conn) OwnPosts(ctx context.Context, authorID, below int64, limit int) ([]Post, error) {
	columns := anyPost.by(nil)
	return s.posts(ctx, columns, "SELECT "+columns.sql+" FROM posts p WHERE p.author_id = ? AND p.id < ? AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT ?", authorID, below, limit)
}

// WholePhotosOf lists the ready photos of posts with all that is kept of them, in the order of the posts' ids.
func (s *conn) WholePhotosOf(ctx context.Context, postIDs []int64) ([]*Photo, error) {
	if len(postIDs) == 0 {
		return nil, nil
	}
	list, args := in(postIDs)
	return s.photos(ctx, "ph.post_id IN "+list+" AND ph.state = 'ready' ORDER BY ph.post_id, ph.position, ph.id", args...)
}

// BoostedPosts is LikedPosts for boosts.
func (s *conn) BoostedPosts(ctx context.Context, acc *Account, r Range) ([]RowPost, error) {
	return s.markedPosts(ctx, "boosts", acc, r)
}

// PinnedByAccount is LikedPosts for pins.
func (s *conn) PinnedByAccount(ctx context.Context, acc *Account, r Range) ([]RowPost, error) {
	return s.markedPosts(ctx, "pins", acc, r)
}

// MutedConversations is LikedPosts for muted conversations.
func (s *conn) MutedConversations(ctx context.Context, acc *Account, r Range) ([]RowPost, error) {
	return s.markedPosts(ctx, "conversation_mutes", acc, r)
}

// NotedBy lists the active accounts of which the account keeps a note.
func (s *conn) NotedBy(ctx context.Context, accountID int64, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "account_notes", "target_id", "account_id", accountID, accountActive("a"), r)
}

// FollowsAskedBy lists the active accounts that the account asked to follow and that have not answered.
func (s *conn) FollowsAskedBy(ctx context.Context, accountID int64, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "follow_requests", "followee_id", "follower_id", accountID, accountActive("a"), r)
}

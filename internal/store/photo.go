package store

import (
	"context"
	"time"
)

// A photoRow is a photo, and the value that one of its pointers points at. Of a photo that a page shows there is also
// what the row of its post or account had in the same moment, and how many bytes all of it was.
type photoRow struct {
	Photo
	post    int64
	version int64
	edited  Millis
	bytes   int
}

// The columns of photos that pages show.
var shownPhotoColumns = []column[photoRow]{
	number("ph.id", func(p *photoRow) *int64 { return &p.ID }),
	number("ph.account_id", func(p *photoRow) *int64 { return &p.AccountID }),
	optionalIn("ph.post_id", func(p *photoRow) (**int64, *int64) { return &p.PostID, &p.post }),
	word("ph.purpose", func(p *photoRow) *string { return &p.Purpose }),
	number("ph.position", func(p *photoRow) *int { return &p.Position }),
	word("ph.set_random", func(p *photoRow) *string { return &p.SetRandom }),
	word("ph.set_kind", func(p *photoRow) *string { return &p.SetKind }),
	number("ph.width", func(p *photoRow) *int { return &p.Width }),
	number("ph.height", func(p *photoRow) *int { return &p.Height }),
	fraction("ph.focus_x", func(p *photoRow) *float64 { return &p.FocusX }),
	fraction("ph.focus_y", func(p *photoRow) *float64 { return &p.FocusY }),
	word("ph.blurhash", func(p *photoRow) *string { return &p.Blurhash }),
	word("ph.color_top", func(p *photoRow) *string { return &p.ColorTop }),
	word("ph.color_bottom", func(p *photoRow) *string { return &p.ColorBottom }),
	word("ph.profile", func(p *photoRow) *string { return &p.Profile }),
	flag("ph.animated", func(p *photoRow) *bool { return &p.Animated }),
	texts("ph.variants", func(p *photoRow, text string) (err error) { p.Variants.V, err = readVariants(text); return err }),
	text("ph.description", func(p *photoRow) *string { return &p.Description }),
}

// What the camera wrote into photos.
var photoMetadataColumns = []column[photoRow]{
	word("ph.source", func(p *photoRow) *string { return &p.Source }),
	texts("ph.metadata", func(p *photoRow, text string) error { return p.Metadata.Scan(text) }),
}

// The columns of the state of a photo that is not shown yet.
var photoStateColumns = []column[photoRow]{
	word("ph.state", func(p *photoRow) *string { return &p.State }),
	word("ph.refusal_code", func(p *photoRow) *string { return &p.RefusalCode }),
	text("ph.refusal", func(p *photoRow) *string { return &p.Refusal }),
	text("ph.file_name", func(p *photoRow) *string { return &p.FileName }),
	text("ph.media_type", func(p *photoRow) *string { return &p.MediaType }),
	number("ph.bytes", func(p *photoRow) *int64 { return &p.Bytes }),
	word("ph.sha256", func(p *photoRow) *string { return &p.SHA256 }),
	word("ph.orig_random", func(p *photoRow) *string { return &p.OrigRandom }),
	number("ph.created_at", func(p *photoRow) *Millis { return &p.CreatedAt }),
	number("ph.updated_at", func(p *photoRow) *Millis { return &p.UpdatedAt }),
	optional("ph.attached_at", func(p *photoRow) **Millis { return &p.AttachedAt }),
}

var wholePhoto = concat(photoStateColumns, photoMetadataColumns, shownPhotoColumns)

func (s *conn) photos(ctx context.Context, where string, args ...any) ([]*Photo, error) {
	rows, err := s.query(ctx, "SELECT "+wholePhoto.sql+" FROM photos ph WHERE "+where, args...)
	if err != nil {
		return nil, err
	}
	var out []*Photo
	for rows.next() {
		p := new(photoRow)
		wholePhoto.read(rows, p)
		out = append(out, &p.Photo)
	}
	return out, rows.done()
}

func (s *conn) photo(ctx context.Context, where string, args ...any) (p *Photo, err error) {
	err = lookUp(ctx, func(ctx context.Context) error {
		list, err := s.photos(ctx, where, args...)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return ErrNotFound
		}
		p = list[0]
		return nil
	})
	return p, err
}

// AddPhoto writes a new row.
func (s *conn) AddPhoto(ctx context.Context, p *Photo) error {
	if err := s.photoChanged(p); err != nil {
		return err
	}
	return translate(s.write(ctx).Create(p).Error)
}

// PhotoByID reads a photo in any state, or ErrNotFound.
func (s *conn) PhotoByID(ctx context.Context, id int64) (*Photo, error) {
	return s.photo(ctx, "id = ?", id)
}

// LockPhoto reads a photo inside a transaction and keeps others from changing it until its end.
func (s *conn) LockPhoto(ctx context.Context, id int64) (*Photo, error) {
	return s.photo(ctx, "id = ?"+s.dialect.forUpdate(), id)
}

// PhotosByID reads the photos that are there, in no order.
func (s *conn) PhotosByID(ctx context.Context, ids []int64) ([]*Photo, error) {
	list, args := in(ids)
	return s.photos(ctx, "id IN "+list, args...)
}

// PhotosOfDraft reads what a member has uploaded for the next post, in order.
func (s *conn) PhotosOfDraft(ctx context.Context, accountID int64) ([]*Photo, error) {
	return s.photos(ctx, "account_id = ? AND state IN ('uploading', 'pending', 'ready', 'refused') AND attached_at IS NULL AND source = ? AND purpose = ? ORDER BY position, id",
		accountID, SourceWeb, PurposePost)
}

// PhotoIDsOf lists up to limit ids of an account's photos that are not gone yet, to remove the account in batches.
func (s *conn) PhotoIDsOf(ctx context.Context, accountID int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE account_id = ? AND state IN ('uploading', 'pending', 'ready', 'refused', 'kept') ORDER BY id LIMIT ?", accountID, limit)
}

// PhotosToRename lists photos of an account whose files have names of the wrong kind, by id: of a suspended one those
// with public names, else those with private names that everybody may see. What was replaced is renamed no more.
func (s *conn) PhotosToRename(ctx context.Context, accountID int64, suspended bool, after int64, limit int) ([]int64, error) {
	if suspended {
		return s.idList(ctx, "SELECT id FROM photos WHERE account_id = ? AND id > ? AND state = 'ready' AND set_kind = 'pub' AND purpose <> ? ORDER BY id LIMIT ?", accountID, after, PurposeReplaced, limit)
	}
	return s.idList(ctx, "SELECT ph.id FROM photos ph LEFT JOIN posts p ON p.id = ph.post_id WHERE ph.account_id = ? AND ph.id > ? AND ph.state = 'ready' AND ph.set_kind = 'priv' AND ph.purpose <> ?"+
		" AND (p.visibility <> ? AND p.deleted_at IS NULL OR ph.post_id IS NULL AND ph.attached_at IS NOT NULL) ORDER BY ph.id LIMIT ?", accountID, after, PurposeReplaced, Followers, limit)
}

// waits is true of a photo that belongs to no post and is no avatar or header, and may still come to. One that is refused for good
// has no original any more, and waits for nothing.
const waits = "account_id = ? AND (state IN ('uploading', 'pending', 'ready') OR state = 'refused' AND orig_random <> '') AND attached_at IS NULL AND source NOT IN ('import', 'held')"

// CountUnattachedPhotos counts an account's photos that wait.
func (s *conn) CountUnattachedPhotos(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM photos WHERE "+waits, accountID).Scan(&n).Error
	return n, translate(err)
}

// notDeleted is true of a photo ph that is of no deleted post.
const notDeleted = "NOT EXISTS (SELECT 1 FROM posts d WHERE d.id = ph.post_id AND d.deleted_at IS NOT NULL)"

// PhotoBytes is what the originals of an account's photos take, posted or not. What is kept as evidence does not count: its author
// can do nothing about it, and is not to learn of it. Nor does what was refused for good, whose original is gone.
func (s *conn) PhotoBytes(ctx context.Context, accountID int64) (int64, error) {
	var n int64
	err := s.read(ctx).Raw("SELECT COALESCE(SUM(ph.bytes), 0) FROM photos ph WHERE ph.account_id = ? AND ph.state NOT IN (?, ?) AND NOT (ph.state = 'refused' AND ph.orig_random = '') AND "+notDeleted, accountID, PhotoGone, PhotoKept).Scan(&n).Error
	return n, translate(err)
}

// PhotosWaiting reads up to limit of an account's photos that wait, the newest first.
func (s *conn) PhotosWaiting(ctx context.Context, accountID int64, limit int) ([]*Photo, error) {
	return s.photos(ctx, waits+" ORDER BY id DESC LIMIT ?", accountID, limit)
}

// NextPosition is behind the last photo of an account's draft.
func (s *conn) NextPosition(ctx context.Context, accountID int64) (int, error) {
	var n int
	err := s.read(ctx).Raw("SELECT COALESCE(MAX(position) + 1, 0) FROM photos WHERE account_id = ? AND state IN ('uploading', 'pending', 'ready', 'refused') AND attached_at IS NULL AND source = ? AND purpose = ?",
		accountID, SourceWeb, PurposePost).Scan(&n).Error
	return n, translate(err)
}

// changePhoto updates one row, if it is still in that state.
func (s *conn) changePhoto(ctx context.Context, id int64, state, set string, args ...any) (bool, error) {
	res := s.write(ctx).Exec("UPDATE photos SET "+set+", updated_at = ? WHERE id = ? AND state = ?", append(args, ToMillis(time.Now()), id, state)...)
	return res.RowsAffected == 1, translate(res.Error)
}

// MarkPhotoUploaded notes that the original is whole. ok is false if the upload is no longer wanted.
func (s *conn) MarkPhotoUploaded(ctx context.Context, id, bytes int64, sha256 string) (ok bool, err error) {
	return s.changePhoto(ctx, id, PhotoUploading, "state = ?, bytes = ?, sha256 = ?", PhotoPending, bytes, sha256)
}

// MarkPhotoReady notes what was made of a photo: SetRandom, SetKind, Variants, OrigRandom, MediaType, sizes, colours and
// metadata of p. Description is set if the row has none. ok is false if the photo was not pending.
func (s *conn) MarkPhotoReady(ctx context.Context, p *Photo) (ok bool, err error) {
	return s.changePhoto(ctx, p.ID, PhotoPending, "state = ?, set_random = ?, set_kind = ?, variants = ?, orig_random = ?, media_type = ?, width = ?, height = ?,"+
		" blurhash = ?, color_top = ?, color_bottom = ?, profile = ?, animated = ?, metadata = ?, description = CASE description WHEN '' THEN ? ELSE description END",
		PhotoReady, p.SetRandom, p.SetKind, p.Variants, p.OrigRandom, p.MediaType, p.Width, p.Height,
		p.Blurhash, p.ColorTop, p.ColorBottom, p.Profile, p.Animated, p.Metadata, p.Description)
}

// MarkPhotoRefused notes why a photo is not taken. ok is false if it was not pending.
func (s *conn) MarkPhotoRefused(ctx context.Context, id int64, code, sentence, origRandom string) (ok bool, err error) {
	return s.changePhoto(ctx, id, PhotoPending, "state = ?, refusal_code = ?, refusal = ?, orig_random = ?", PhotoRefused, code, sentence, origRandom)
}

// RequeuePhoto makes a refused photo pending once more.
func (s *conn) RequeuePhoto(ctx context.Context, id int64) (ok bool, err error) {
	return s.changePhoto(ctx, id, PhotoRefused, "state = ?, refusal_code = '', refusal = ''", PhotoPending)
}

// SwitchSet points a photo that is ready or kept at another set, if it still has the one that the other was made from. The photo's post or
// account, if it has one, is locked.
func (s *conn) SwitchSet(ctx context.Context, id int64, from, to, kind string, variants []Variant) (ok bool, err error) {
	if err := s.photosChange(ctx, id); err != nil {
		return false, err
	}
	res := s.write(ctx).Exec("UPDATE photos SET set_random = ?, set_kind = ?, variants = ?, updated_at = ? WHERE id = ? AND state IN (?, ?) AND set_random = ?",
		to, kind, JSON[[]Variant]{variants}, ToMillis(time.Now()), id, PhotoReady, PhotoKept, from)
	return res.RowsAffected == 1, translate(res.Error)
}

// DescribePhoto sets what its author says of a photo: Description, FocusX, FocusY and Position. The photo was read by
// LockPhoto in the same transaction, and its post was locked before.
func (s *conn) DescribePhoto(ctx context.Context, p *Photo) error {
	if err := s.photoChanged(p); err != nil {
		return err
	}
	return translate(s.write(ctx).Exec("UPDATE photos SET description = ?, focus_x = ?, focus_y = ?, position = ?, updated_at = ? WHERE id = ?",
		p.Description, p.FocusX, p.FocusY, p.Position, ToMillis(time.Now()), p.ID).Error)
}

// SetDraftPosition sets the position of a photo in its draft. One that has become part of a post meanwhile stays where it is.
func (s *conn) SetDraftPosition(ctx context.Context, id int64, position int) error {
	return translate(s.write(ctx).Exec("UPDATE photos SET position = ?, updated_at = ? WHERE id = ? AND attached_at IS NULL", position, ToMillis(time.Now()), id).Error)
}

// AttachProfilePhoto marks a ready photo as its owner's avatar or header. ok is false if it is not such a photo.
func (s *conn) AttachProfilePhoto(ctx context.Context, accountID, id int64, purpose string) (ok bool, err error) {
	now := ToMillis(time.Now())
	res := s.write(ctx).Exec("UPDATE photos SET attached_at = ?, updated_at = ? WHERE id = ? AND account_id = ? AND state = ? AND purpose = ? AND attached_at IS NULL",
		now, now, id, accountID, PhotoReady, purpose)
	return res.RowsAffected == 1, translate(res.Error)
}

// OtherProfilePhotos lists an account's attached photos of a purpose besides the one kept.
func (s *conn) OtherProfilePhotos(ctx context.Context, accountID int64, purpose string, keep int64) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE account_id = ? AND state = ? AND purpose = ? AND attached_at IS NOT NULL AND id <> ?"+s.dialect.forUpdate(),
		accountID, PhotoReady, purpose, keep)
}

// RetireProfilePhoto notes that another photo took the place of an avatar or header: its set is retired, and its original
// gone. ok is false, and nothing changed, if it has no set of its own.
func (s *conn) RetireProfilePhoto(ctx context.Context, id int64) (ok bool, err error) {
	if err := s.photosChange(ctx, id); err != nil {
		return false, err
	}
	now := s.dialect.nowMillis()
	res := s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+now+" WHERE photo_id = ? AND kind <> ? AND state = ?", ObjectRetired, id, SetOriginal, ObjectLive)
	if res.Error != nil || res.RowsAffected == 0 {
		return false, translate(res.Error)
	}
	err = s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+now+" WHERE photo_id = ? AND kind = ? AND state <> ?", ObjectGone, id, SetOriginal, ObjectGone).Error
	if err == nil {
		err = s.write(ctx).Exec("UPDATE photos SET purpose = ?, orig_random = '', sha256 = '', bytes = 0, updated_at = ? WHERE id = ?", PurposeReplaced, ToMillis(time.Now()), id).Error
	}
	return true, translate(err)
}

// ReplacedPhotos lists an account's photos that were avatars or headers and have retired sets, those that were replaced
// last first.
func (s *conn) ReplacedPhotos(ctx context.Context, accountID int64) ([]int64, error) {
	return s.idList(Primary(ctx), "SELECT id FROM photos WHERE account_id = ? AND state = ? AND purpose = ? ORDER BY updated_at DESC, id DESC", accountID, PhotoReady, PurposeReplaced)
}

// MarkPhotosGone takes photos out of use, in whatever state they are, and with them their sets. Who does that to photos of
// a post that others may change has locked the post before.
func (s *conn) MarkPhotosGone(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	if err := s.photosChange(ctx, ids...); err != nil {
		return err
	}
	if err := s.dropFromAlbums(ctx, ids); err != nil {
		return err
	}
	list, args := in(ids)
	err := s.write(ctx).Exec("UPDATE photos SET state = ?, post_id = NULL, attached_at = NULL, updated_at = ? WHERE id IN "+list,
		append([]any{PhotoGone, ToMillis(time.Now())}, args...)...).Error
	if err == nil {
		err = s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+s.dialect.nowMillis()+" WHERE photo_id IN "+list+" AND state <> ?",
			append(append([]any{ObjectGone}, args...), ObjectGone)...).Error
	}
	return translate(err)
}

// StalePhotos lists up to limit photos that are attached to nothing, in that state, made before the moment and not
// touched since.
func (s *conn) StalePhotos(ctx context.Context, state string, before Millis, limit int) ([]int64, error) {
	return s.idList(Primary(ctx), "SELECT id FROM photos WHERE attached_at IS NULL AND source <> 'held' AND state = ? AND created_at < ? AND updated_at < ? ORDER BY created_at LIMIT ?",
		state, before, before, limit)
}

// DeleteGonePhotos removes the rows of photos that are gone. Rows of their sets stay until their bytes are removed
// for the second time.
func (s *conn) DeleteGonePhotos(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := in(ids)
	return translate(s.write(ctx).Exec("DELETE FROM photos WHERE id IN "+list+" AND state = ?", append(args, PhotoGone)...).Error)
}

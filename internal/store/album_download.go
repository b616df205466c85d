package store

import (
	"context"
	"slices"
)

// AlbumDownloadOf is the account's download, or ErrNotFound.
func (s *conn) AlbumDownloadOf(ctx context.Context, accountID int64) (*AlbumDownload, error) {
	return s.albumDownload(ctx, "account_id = ?", accountID)
}

// AlbumDownloadByID is a download, or ErrNotFound.
func (s *conn) AlbumDownloadByID(ctx context.Context, id int64) (*AlbumDownload, error) {
	return s.albumDownload(ctx, "id = ?", id)
}

func (s *conn) albumDownload(ctx context.Context, where string, args ...any) (*AlbumDownload, error) {
	var d AlbumDownload
	if err := first(s.read(ctx).Where(where, args...), &d); err != nil {
		return nil, err
	}
	return &d, nil
}

// AddAlbumDownload inserts the row as it is. The account is locked and has no other.
func (s *conn) AddAlbumDownload(ctx context.Context, d *AlbumDownload) error {
	return translate(s.write(ctx).Create(d).Error)
}

// DeleteAlbumDownload removes the row; one that is not there is fine.
func (s *conn) DeleteAlbumDownload(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM album_downloads WHERE id = ?", id).Error)
}

// SetAlbumDownloadDone tells how far a download has come.
func (s *conn) SetAlbumDownloadDone(ctx context.Context, id int64, done int) error {
	return translate(s.write(ctx).Exec("UPDATE album_downloads SET done = ? WHERE id = ? AND state = ?", done, id, DownloadMaking).Error)
}

// FinishAlbumDownload writes what was made: State, Random, Bytes, Photos, Done, Total and ExpiresAt. ok is false if nobody waits for it
// any more.
func (s *conn) FinishAlbumDownload(ctx context.Context, d *AlbumDownload) (ok bool, err error) {
	res := s.write(ctx).Exec("UPDATE album_downloads SET state = ?, random = ?, bytes = ?, photos = ?, done = ?, total = ?, expires_at = ? WHERE id = ? AND state = ?",
		d.State, d.Random, d.Bytes, d.Photos, d.Done, d.Total, d.ExpiresAt, d.ID, DownloadMaking)
	return res.RowsAffected == 1, translate(res.Error)
}

// ExpiredAlbumDownloads lists up to limit downloads whose time is over.
func (s *conn) ExpiredAlbumDownloads(ctx context.Context, limit int) ([]*AlbumDownload, error) {
	return s.albumDownloads(ctx, "expires_at < "+s.dialect.nowMillis()+" ORDER BY expires_at", limit)
}

// AlbumDownloadsFrom lists up to limit downloads of an album.
func (s *conn) AlbumDownloadsFrom(ctx context.Context, albumID int64, limit int) ([]*AlbumDownload, error) {
	return s.albumDownloads(ctx, "album_id = ? ORDER BY id", limit, albumID)
}

func (s *conn) albumDownloads(ctx context.Context, where string, limit int, args ...any) ([]*AlbumDownload, error) {
	var out []*AlbumDownload
	err := s.read(Primary(ctx)).Raw("SELECT * FROM album_downloads WHERE "+where+" LIMIT ?", slices.Concat(args, []any{limit})...).Scan(&out).Error
	return out, translate(err)
}

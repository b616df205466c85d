package store

import (
	"context"
	"encoding/json"
)

// PostVersion is a post as it was from CreatedAt until its next version.
type PostVersion struct {
	ID        int64
	PostID    int64
	Caption   string
	Warning   string
	Sensitive bool
	Photos    JSON[[]VersionPhoto]
	CreatedAt Millis
}

// VersionPhoto is a photo that a version had.
type VersionPhoto struct {
	ID          int64  `json:"id"`
	Description string `json:"description,omitempty"`
}

// maxVersions is how many versions of a post are kept: the first, and the newest others.
const maxVersions = 100

// AddPostVersion inserts the version under a new id. The post is locked.
func (s *conn) AddPostVersion(ctx context.Context, v PostVersion) error {
	if _, err := s.insertFresh(func(id int64) error {
		v.ID = id
		return s.write(ctx).Create(&v).Error
	}); err != nil {
		return err
	}
	ids, err := s.idList(ctx, "SELECT id FROM post_versions WHERE post_id = ? ORDER BY id", v.PostID)
	if err != nil || len(ids) <= maxVersions {
		return err
	}
	return translate(s.write(ctx).Exec("DELETE FROM post_versions WHERE id = ?", ids[1]).Error)
}

// HasVersions reports whether a version of the post is kept.
func (s *conn) HasVersions(ctx context.Context, postID int64) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM post_versions WHERE post_id = ? LIMIT 1", postID)
}

// DropThreadVersions forgets all versions of a post and of the comments under it.
func (s *conn) DropThreadVersions(ctx context.Context, rootID int64) error {
	if err := s.write(ctx).Exec("DELETE FROM post_versions WHERE post_id = ?", rootID).Error; err != nil {
		return translate(err)
	}
	return translate(s.write(ctx).Exec("DELETE FROM post_versions WHERE post_id IN (SELECT id FROM posts WHERE root_id = ?)", rootID).Error)
}

// PostVersions are the versions of a post, oldest first; none where it was never edited.
func (s *conn) PostVersions(ctx context.Context, postID int64) ([]PostVersion, error) {
	rows, err := s.query(ctx, "SELECT v.id, v.caption, v.warning, v.sensitive, v.photos, v.created_at FROM post_versions v WHERE v.post_id = ? ORDER BY v.id LIMIT ?", postID, maxVersions)
	if err != nil {
		return nil, err
	}
	var list []PostVersion
	for rows.next() {
		v := PostVersion{ID: rows.int(), PostID: postID, Caption: rows.text(), Warning: rows.text(), Sensitive: rows.bool()}
		if err := json.Unmarshal([]byte(rows.text()), &v.Photos.V); err != nil && rows.err == nil {
			rows.err = err
		}
		v.CreatedAt = Millis(rows.int())
		list = append(list, v)
	}
	return list, rows.done()
}

package store

import (
	"context"
	"time"
)

// ClearDraftText forgets what was typed for the next post.
func (s *conn) ClearDraftText(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM drafts WHERE account_id = ?", accountID).Error)
}

// AttachPhoto makes a ready photo of the account, that has no post yet, the post's, and reports whether there was such.
func (s *conn) AttachPhoto(ctx context.Context, accountID, photoID, postID int64, position int, description string, at Millis) (bool, error) {
	if err := s.photoChanged(&Photo{PostID: &postID}); err != nil {
		return false, err
	}
	res := s.write(ctx).Exec("UPDATE photos SET post_id = ?, position = ?, description = ?, attached_at = ?, updated_at = ?"+
		" WHERE id = ? AND account_id = ? AND purpose = ? AND state = ? AND post_id IS NULL AND source <> 'held'",
		postID, position, description, at, at, photoID, accountID, PurposePost, PhotoReady)
	return res.RowsAffected == 1, translate(res.Error)
}

// PhotoIDsOfPost are the ids of the photos that the post has.
func (s *conn) PhotoIDsOfPost(ctx context.Context, postID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE post_id = ? AND state <> ? ORDER BY position, id", postID, PhotoKept)
}

// AllPhotoIDsOfPost is PhotoIDsOfPost with those that were taken out of the post and are kept.
func (s *conn) AllPhotoIDsOfPost(ctx context.Context, postID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM photos WHERE post_id = ? ORDER BY position, id", postID)
}

// KeepPhotos takes ready photos out of their post, which others do not change meanwhile, and keeps them with it.
func (s *conn) KeepPhotos(ctx context.Context, ids []int64) error {
	if err := s.photosChange(ctx, ids...); err != nil {
		return err
	}
	if err := s.dropFromAlbums(ctx, ids); err != nil {
		return err
	}
	list, args := in(ids)
	now := ToMillis(time.Now())
	return translate(s.write(ctx).Exec("UPDATE photos SET state = ?, attached_at = ?, updated_at = ? WHERE id IN "+list+" AND state = ?",
		append(append([]any{PhotoKept, now, now}, args...), PhotoReady)...).Error)
}

// DetachPhotos takes ready photos out of their post, which is locked, so that their author can post them anew: as what an application
// uploaded just now.
func (s *conn) DetachPhotos(ctx context.Context, postID int64, ids []int64) error {
	if err := s.photosChange(ctx, ids...); err != nil {
		return err
	}
	if err := s.dropFromAlbums(ctx, ids); err != nil {
		return err
	}
	list, args := in(ids)
	return translate(s.write(ctx).Exec("UPDATE photos SET post_id = NULL, attached_at = NULL, position = 0, source = ?, updated_at = ? WHERE id IN "+list+" AND post_id = ? AND state = ?",
		append(append([]any{SourceAPI, ToMillis(time.Now())}, args...), postID, PhotoReady)...).Error)
}

// KeepProfilePhotos keeps former avatars and headers, which RetireProfilePhoto took. Their sets stay until they have other names.
func (s *conn) KeepProfilePhotos(ctx context.Context, ids []int64) error {
	if err := s.KeepPhotos(ctx, ids); err != nil {
		return err
	}
	list, args := in(ids)
	return translate(s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = NULL WHERE state = ? AND random IN (SELECT set_random FROM photos WHERE id IN "+list+")",
		append([]any{ObjectLive, ObjectRetired}, args...)...).Error)
}

// keptByProfileReport is keptByReport of a photo ph that was the avatar or header of its account when that was reported.
const keptByProfileReport = "EXISTS (SELECT 1 FROM " + reports + " WHERE o.target_id = ph.account_id AND (o.avatar_photo_id = ph.id OR o.header_photo_id = ph.id) AND " + reported + ")"

// ReportedProfilePhotos are those of the photos that were the avatar or header of their account when it was reported, where
// somebody may still have to look at that report, because it is open or was closed or answered after the moment.
func (s *conn) ReportedProfilePhotos(ctx context.Context, ids []int64, since Millis) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return s.idList(ctx, "SELECT ph.id FROM photos ph WHERE ph.id IN "+list+" AND "+keptByProfileReport+" ORDER BY ph.id", append(args, reportArgs(since)...)...)
}

// PhotosKeptTooLong lists kept photos of posts that stand, where the last report about the post was closed before the moment, and
// kept avatars and headers, where that about their account was.
func (s *conn) PhotosKeptTooLong(ctx context.Context, before Millis, limit int) ([]int64, error) {
	all, err := s.idList(Primary(ctx), "SELECT DISTINCT ph.id FROM reports r JOIN posts p ON p.id = r.post_id JOIN photos ph ON ph.post_id = p.id WHERE r.state = ? AND r.closed_at < ?"+
		" AND ph.state = ? AND p.deleted_at IS NULL AND NOT "+keptByReport+" AND NOT "+keptByDecision+" ORDER BY ph.id LIMIT ?",
		append(append([]any{ReportClosed, before, PhotoKept}, keptArgs(before)...), limit)...)
	if err != nil {
		return nil, err
	}
	for _, column := range []string{"avatar_photo_id", "header_photo_id"} {
		ids, err := s.idList(Primary(ctx), "SELECT DISTINCT ph.id FROM reports r JOIN photos ph ON ph.id = r."+column+" WHERE r.state = ? AND r.closed_at < ?"+
			" AND ph.state = ? AND NOT "+keptByProfileReport+" ORDER BY ph.id LIMIT ?", append(append([]any{ReportClosed, before, PhotoKept}, reportArgs(before)...), limit)...)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	return all[:min(len(all), limit)], nil
}

// ReportsBeforePhotos are those of the reports after which a photo came into the reported post, or was taken out.
func (s *conn) ReportsBeforePhotos(ctx context.Context, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return s.idList(ctx, "SELECT DISTINCT r.id FROM reports r JOIN photos ph ON ph.post_id = r.post_id WHERE r.id IN "+list+" AND ph.attached_at > r.created_at ORDER BY r.id", args...)
}

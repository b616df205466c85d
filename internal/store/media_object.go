package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"
)

// AddMediaObject records a set before its first byte is written. names are those that its files may get.
func (s *conn) AddMediaObject(ctx context.Context, random, kind string, photoID int64, names []string) error {
	return translate(s.write(ctx).Exec("INSERT INTO media_objects (random, photo_id, kind, state, variants, created_at) VALUES (?, ?, ?, ?, ?, "+
		s.dialect.nowMillis()+")", random, photoID, kind, ObjectNew, JSON[[]string]{names}).Error)
}

// MediaObjectLive marks a set whole and in use. ok is false if it was not new: it was given up meanwhile.
func (s *conn) MediaObjectLive(ctx context.Context, random string, names []string) (ok bool, err error) {
	res := s.write(ctx).Exec("UPDATE media_objects SET state = ?, variants = ? WHERE random = ? AND state = ?", ObjectLive, JSON[[]string]{names}, random, ObjectNew)
	return res.RowsAffected == 1, translate(res.Error)
}

// DropNewMediaObject marks a set gone if nothing has begun to use it, and reports whether it did.
func (s *conn) DropNewMediaObject(ctx context.Context, random string) (bool, error) {
	res := s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+s.dialect.nowMillis()+" WHERE random = ? AND state = ?", ObjectGone, random, ObjectNew)
	return res.RowsAffected == 1, translate(res.Error)
}

// DropMediaObject marks a photo's set gone. A set of another photo, or of none (demo photos share theirs), stays.
func (s *conn) DropMediaObject(ctx context.Context, random string, photoID int64) error {
	return translate(s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+s.dialect.nowMillis()+" WHERE random = ? AND photo_id = ? AND state <> ?",
		ObjectGone, random, photoID, ObjectGone).Error)
}

// RetireMediaObject notes, since when, that a photo's set is no longer the one in use. Its gone_at is that moment until it is gone.
func (s *conn) RetireMediaObject(ctx context.Context, random string, photoID int64) error {
	return translate(s.write(ctx).Exec("UPDATE media_objects SET state = ?, gone_at = "+s.dialect.nowMillis()+" WHERE random = ? AND photo_id = ? AND state = ?",
		ObjectRetired, random, photoID, ObjectLive).Error)
}

// MediaObjectsOf lists the sets of a photo that readers may get, originals aside, the longest retired first.
func (s *conn) MediaObjectsOf(ctx context.Context, photoID int64) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("photo_id = ? AND kind <> ? AND state IN ?", photoID, SetOriginal, []string{ObjectLive, ObjectRetired}).
		Order("gone_at, random").Find(&out).Error
	return out, translate(err)
}

// OldRetiredMediaObjects lists up to limit sets that were retired so long ago.
func (s *conn) OldRetiredMediaObjects(ctx context.Context, age time.Duration, limit int) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("state = ? AND gone_at < "+s.dialect.nowMillis()+" - ?", ObjectRetired, age.Milliseconds()).
		Order("gone_at").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// MediaObjectByRandom finds a set, or ErrNotFound.
func (s *conn) MediaObjectByRandom(ctx context.Context, random string) (*MediaObject, error) {
	var o MediaObject
	if err := first(s.read(ctx).Where("random = ?", random), &o); err != nil {
		return nil, err
	}
	return &o, nil
}

// GoneMediaObjects lists up to limit sets of these photos, or of these randoms, that are gone and still have bytes.
func (s *conn) GoneMediaObjects(ctx context.Context, photoIDs []int64, randoms []string, limit int) ([]*MediaObject, error) {
	var where []string
	args := []any{ObjectGone}
	if len(photoIDs) > 0 {
		list, a := in(photoIDs)
		where, args = append(where, "photo_id IN "+list), append(args, a...)
	}
	if len(randoms) > 0 {
		where = append(where, "random IN "+placeholders(len(randoms)))
		for _, r := range randoms {
			args = append(args, r)
		}
	}
	if len(where) == 0 {
		return nil, nil
	}
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("state = ? AND removed_at IS NULL AND ("+strings.Join(where, " OR ")+")", args...).Limit(limit).Find(&out).Error
	return out, translate(err)
}

// OldGoneMediaObjects lists up to limit sets that have been gone for so long that nobody can still be writing to them.
func (s *conn) OldGoneMediaObjects(ctx context.Context, age time.Duration, limit int) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("state = ? AND gone_at < "+s.dialect.nowMillis()+" - ?", ObjectGone, age.Milliseconds()).
		Order("gone_at").Limit(limit).Find(&out).Error
	return out, translate(err)
}

// AbandonedMediaObjects lists up to limit sets that were recorded so long ago that the processes that wrote them must have died.
func (s *conn) AbandonedMediaObjects(ctx context.Context, age time.Duration, limit int) ([]*MediaObject, error) {
	var out []*MediaObject
	err := s.read(Primary(ctx)).Where("state = ? AND created_at < "+s.dialect.nowMillis()+" - ?", ObjectNew, age.Milliseconds()).Limit(limit).Find(&out).Error
	return out, translate(err)
}

// MediaObjectsRemoved notes that the bytes of gone sets were removed.
func (s *conn) MediaObjectsRemoved(ctx context.Context, randoms []string) error {
	if len(randoms) == 0 {
		return nil
	}
	return translate(s.write(ctx).Exec("UPDATE media_objects SET removed_at = "+s.dialect.nowMillis()+" WHERE random IN ? AND state = ?", randoms, ObjectGone).Error)
}

// DeleteMediaObjects removes the rows of gone sets.
func (s *conn) DeleteMediaObjects(ctx context.Context, randoms []string) error {
	if len(randoms) == 0 {
		return nil
	}
	return translate(s.write(ctx).Exec("DELETE FROM media_objects WHERE random IN ? AND state = ?", randoms, ObjectGone).Error)
}

// SampleMediaObjects returns up to n sets that are in use, from places of the table that chance chooses.
func (s *conn) SampleMediaObjects(ctx context.Context, n int) ([]*MediaObject, error) {
	const together = 5
	seen := map[string]bool{}
	var out []*MediaObject
	for range (n + together - 1) / together * 2 {
		var b [16]byte
		rand.Read(b[:]) // never fails
		var list []*MediaObject
		for _, where := range []string{"random >= ?", "random < ?"} { // behind the last comes the first
			var some []*MediaObject
			err := s.read(ctx).Where("state = ? AND "+where, ObjectLive, hex.EncodeToString(b[:])).Order("random").Limit(together - len(list)).Find(&some).Error
			if err != nil {
				return nil, translate(err)
			}
			if list = append(list, some...); len(list) == together {
				break
			}
		}
		for _, o := range list {
			if !seen[o.Random] && len(out) < n {
				seen[o.Random] = true
				out = append(out, o)
			}
		}
		if len(out) >= n || len(list) == 0 {
			break
		}
	}
	return out, nil
}

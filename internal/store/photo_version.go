package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
)

// Posts and accounts have a photos_version: a random number that every transaction draws anew which changes anything
// that FeedPhotos reads of their photos. So what FeedPhotos reads is the same wherever and whenever it finds the same
// version, and a process may keep it. See docs/decisions/photo-versions.md.

// newPhotosVersion draws a version that was never there before. It has at most 18 digits, which packedInt reads fast.
func newPhotosVersion() int64 { return 1 + rand.Int64N(1e18-1) }

// photoOwners are what has photos, as far as a transaction concerns it.
type photoOwners struct{ posts, accounts changedOwners }

type changedOwners struct {
	changed idSet // those whose photos were changed
	fresh   idSet // those whose rows are new: nobody else has read them
}

// newPost and newAccount note that the transaction, if it is one, makes the row.
func (o *photoOwners) newPost(id int64) {
	if o != nil {
		o.posts.fresh.add(id)
	}
}

func (o *photoOwners) newAccount(id int64) {
	if o != nil {
		o.accounts.fresh.add(id)
	}
}

// errPhotosOutsideTx refuses a change that could not be committed together with a new version.
var errPhotosOutsideTx = errors.New("store: photos that are shown are changed in transactions only")

// photoChanged notes that the photo changes, as its row was read and locked. It is called before the change or after
// it. A photo that is shown nowhere needs no version.
func (s *conn) photoChanged(p *Photo) error {
	switch {
	case p.PostID == nil && p.AttachedAt == nil:
		return nil
	case s.owners == nil:
		return errPhotosOutsideTx
	case p.PostID != nil:
		s.owners.posts.changed.add(*p.PostID)
	default:
		s.owners.accounts.changed.add(p.AccountID)
	}
	return nil
}

// photosChange locks the photos and notes that they change. It is called before the change.
func (s *conn) photosChange(ctx context.Context, ids ...int64) error {
	list, args := in(ids)
	rows, err := s.query(ctx, "SELECT IFNULL(post_id, 0), account_id FROM photos WHERE id IN "+list+" AND attached_at IS NOT NULL"+s.dialect.forUpdate(), args...)
	if err != nil {
		return err
	}
	for rows.next() {
		post, account := rows.int(), rows.int()
		switch {
		case s.owners == nil:
			err = errPhotosOutsideTx
		case post != 0:
			s.owners.posts.changed.add(post)
		default:
			s.owners.accounts.changed.add(account)
		}
	}
	return errors.Join(rows.done(), err)
}

// drawPhotosVersions gives new versions to the posts and accounts whose photos the transaction has changed. It is the
// transaction's last statement, so that one is enough for all changes. Who changes the photos of a post has locked
// the post before the photos.
func (s *conn) drawPhotosVersions(ctx context.Context) error {
	for _, of := range []struct {
		table string
		rows  *changedOwners
	}{{"posts", &s.owners.posts}, {"accounts", &s.owners.accounts}} {
		slices.Sort(of.rows.changed.list)
		for _, id := range of.rows.changed.list { // one statement a row: with IN the server may choose to walk, and lock, the whole table
			if of.rows.fresh.seen[id] {
				continue
			}
			if err := s.write(ctx).Exec("UPDATE "+of.table+" SET photos_version = ? WHERE id = ?", newPhotosVersion(), id).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

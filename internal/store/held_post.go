package store

import (
	"context"
	"time"
)

// States of held posts.
const (
	HeldWaits    = "waits"
	HeldApproved = "approved" // PostID is the post that it became
	HeldRejected = "rejected"
)

// HeldPost is a post or comment that waits for a moderator. It is no row of posts, and its photos belong to no post, so that
// nothing which reads posts can show it.
type HeldPost struct {
	ID          int64
	AccountID   int64
	State       string
	Reasons     string // why it is held, one a line
	Payload     string // what is published once it is approved, as JSON; "" once it is
	PostID      *int64
	Words       string // of who rejected it, to its author
	DecidedByID *int64 // nil: nobody yet, or the command line
	DecidedAt   *Millis
	CreatedAt   Millis
}

// AddHeldPost inserts the row under an id of NewID.
func (s *conn) AddHeldPost(ctx context.Context, h *HeldPost) error {
	return translate(s.write(ctx).Create(h).Error)
}

// HeldPostByID is the row in any state, on the primary, or ErrNotFound.
func (s *conn) HeldPostByID(ctx context.Context, id int64) (*HeldPost, error) {
	var h HeldPost
	if err := first(s.read(Primary(ctx)).Where("id = ?", id), &h); err != nil {
		return nil, err
	}
	return &h, nil
}

// LockHeldPost is HeldPostByID in a transaction that decides about it.
func (s *conn) LockHeldPost(ctx context.Context, id int64) (*HeldPost, error) {
	var list []HeldPost
	if err := s.write(ctx).Raw("SELECT * FROM held_posts WHERE id = ?"+s.dialect.forUpdate(), id).Scan(&list).Error; err != nil {
		return nil, translate(err)
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return &list[0], nil
}

// HeldPosts lists those that wait, newest first, on the primary.
func (s *conn) HeldPosts(ctx context.Context, r Range) ([]*HeldPost, error) {
	var list []*HeldPost
	err := s.read(Primary(ctx)).Where("state = ? AND id < ? AND id > ?", HeldWaits, r.max(), r.Min).Order("id" + r.order()).Limit(r.Limit).Find(&list).Error
	return newestFirst(list, r), translate(err)
}

// HeldPostsOf lists those of an account that wait or were rejected, newest first, on the primary.
func (s *conn) HeldPostsOf(ctx context.Context, accountID int64, limit int) ([]*HeldPost, error) {
	var list []*HeldPost
	err := s.read(Primary(ctx)).Where("account_id = ? AND state <> ?", accountID, HeldApproved).Order("id DESC").Limit(limit).Find(&list).Error
	return list, translate(err)
}

// CountHeldPosts counts those that wait, up to most; of one account, unless that is 0.
func (s *conn) CountHeldPosts(ctx context.Context, accountID int64, most int) (int, error) {
	where, args := "state = ?", []any{HeldWaits}
	if accountID != 0 {
		where, args = where+" AND account_id = ?", append(args, accountID)
	}
	var n int
	err := s.read(Primary(ctx)).Raw("SELECT COUNT(*) FROM (SELECT id FROM held_posts WHERE "+where+" LIMIT ?) AS some", append(args, most)...).Scan(&n).Error
	return n, translate(err)
}

// DecideHeldPost writes down what became of a post that waits: State, Payload, PostID, Words, DecidedByID and DecidedAt. It
// returns false for one that waits no more.
func (s *conn) DecideHeldPost(ctx context.Context, h *HeldPost) (bool, error) {
	res := s.write(ctx).Exec("UPDATE held_posts SET state = ?, payload = ?, post_id = ?, words = ?, decided_by_id = ?, decided_at = ? WHERE id = ? AND state = ?",
		h.State, h.Payload, h.PostID, h.Words, h.DecidedByID, h.DecidedAt, h.ID, HeldWaits)
	return res.RowsAffected == 1, translate(res.Error)
}

// DropHeldPost removes the row.
func (s *conn) DropHeldPost(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM held_posts WHERE id = ?", id).Error)
}

// DropDecidedHeldPosts removes up to limit rows that were decided before the moment, and returns how many.
func (s *conn) DropDecidedHeldPosts(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM held_posts WHERE state <> ? AND decided_at < ? ORDER BY id LIMIT ?", HeldWaits, before, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	list, args := in(ids)
	return len(ids), translate(s.write(ctx).Exec("DELETE FROM held_posts WHERE id IN "+list, args...).Error)
}

// HoldPhotos takes ready photos of the account, which belong to no post yet, for a post that is held. It returns how many
// there were: until they are released nothing else takes, changes or sweeps them.
func (s *conn) HoldPhotos(ctx context.Context, accountID int64, ids []int64) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	list, args := in(ids)
	res := s.write(ctx).Exec("UPDATE photos SET source = ?, updated_at = ? WHERE account_id = ? AND purpose = ? AND state = ? AND post_id IS NULL AND attached_at IS NULL AND source <> ? AND id IN "+list,
		append([]any{SourceHeld, ToMillis(time.Now()), accountID, PurposePost, PhotoReady, SourceHeld}, args...)...)
	return int(res.RowsAffected), translate(res.Error)
}

// ReleasePhotos ends HoldPhotos, in the transaction that gives them to a post.
func (s *conn) ReleasePhotos(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := in(ids)
	return translate(s.write(ctx).Exec("UPDATE photos SET source = ?, updated_at = ? WHERE source = ? AND id IN "+list,
		append([]any{SourceAPI, ToMillis(time.Now()), SourceHeld}, args...)...).Error)
}

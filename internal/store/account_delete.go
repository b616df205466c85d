package store

import (
	"context"
	"strconv"
)

// HideAccount hides a deleted account at once: it ends the sessions, prevents log-ins and clears what only the owner
// knew. Batches remove the rest.
func (s *conn) HideAccount(ctx context.Context, id int64) error {
	return s.setAccount(ctx, id, "deleted_at = ?, session_epoch = session_epoch + 1, email = '', email_key = NULL, email_verified_at = NULL, password_hash = '', two_factors_at = NULL, filters = '', exclusive_lists = 0, join_reason = '', leaving_at = NULL, mail_failed_at = NULL, unconfirmed_at = NULL", nowMillis())
}

// BlankAccount empties the row of a deleted account. The row itself stays, because reports and threads of others refer
// to it. Its username is retired before. The row gets a key that no username can have.
func (s *conn) BlankAccount(ctx context.Context, id int64) error {
	return s.setAccount(ctx, id, "username = 'deleted', username_key = ?, display_name = '', note = '', fields = '[]', "+
		"avatar_photo_id = NULL, header_photo_id = NULL, photos_version = ?, role = ?, language = '', last_post_at = NULL, last_boost_at = NULL",
		"#"+strconv.FormatInt(id, 10), newPhotosVersion(), RoleMember)
}

// LikeRef is a like or boost with its post and the post's author.
type LikeRef struct{ ID, PostID, AuthorID int64 }

// LikesBy returns at most limit of the account's likes, in the order of the posts.
func (s *conn) LikesBy(ctx context.Context, accountID int64, limit int) ([]LikeRef, error) {
	return s.marksBy(ctx, "likes", accountID, limit)
}

// BoostsBy is LikesBy for boosts.
func (s *conn) BoostsBy(ctx context.Context, accountID int64, limit int) ([]LikeRef, error) {
	return s.marksBy(ctx, "boosts", accountID, limit)
}

func (s *conn) marksBy(ctx context.Context, table string, accountID int64, limit int) ([]LikeRef, error) {
	rows, err := s.query(ctx, "SELECT l.id, l.post_id, p.author_id FROM "+table+" l JOIN posts p ON p.id = l.post_id WHERE l.account_id = ? ORDER BY l.post_id LIMIT ?", accountID, limit)
	if err != nil {
		return nil, err
	}
	var out []LikeRef
	for rows.next() {
		out = append(out, LikeRef{rows.int(), rows.int(), rows.int()})
	}
	return out, rows.done()
}

// NeighboursOf returns at most limit accounts with which the account has a follow, a request or a block, either way.
func (s *conn) NeighboursOf(ctx context.Context, accountID int64, limit int) ([]int64, error) {
	var ids idSet
	for _, q := range []string{
		"SELECT followee_id FROM follows WHERE follower_id = ? LIMIT ?",
		"SELECT follower_id FROM follows WHERE followee_id = ? LIMIT ?",
		"SELECT followee_id FROM follow_requests WHERE follower_id = ? LIMIT ?",
		"SELECT follower_id FROM follow_requests WHERE followee_id = ? LIMIT ?",
		"SELECT target_id FROM blocks WHERE account_id = ? LIMIT ?",
		"SELECT account_id FROM blocks WHERE target_id = ? LIMIT ?",
	} {
		if len(ids.list) >= limit {
			break
		}
		found, err := s.idList(ctx, q, accountID, limit-len(ids.list))
		if err != nil {
			return nil, err
		}
		ids.add(found...)
	}
	return ids.list, nil
}

// idSet is a list of ids without duplicates.
type idSet struct {
	list []int64
	seen map[int64]bool
}

func (s *idSet) add(ids ...int64) {
	if s.seen == nil {
		s.seen = map[int64]bool{}
	}
	for _, id := range ids {
		if !s.seen[id] {
			s.seen[id] = true
			s.list = append(s.list, id)
		}
	}
}

// LivePostIDsOf returns at most limit of the account's posts and comments that are not deleted, newest first.
func (s *conn) LivePostIDsOf(ctx context.Context, accountID int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT p.id FROM posts p WHERE p.author_id = ? AND p.deleted_at IS NULL ORDER BY p.id DESC LIMIT ?", accountID, limit)
}

// EraseAccountRows removes at most limit rows of each kind that belong to the account and that no counter counts:
// notifications and choices about them, push subscriptions, bookmarks, mutes, lists, notes, mentions, drafts, markers, keys, sessions, tokens and links, comments and marks on
// announcements, posts that are held, and what moderators noted and decided about it. Reports that it made stay without its
// name. It returns how many rows it removed; 0 means that none is left.
func (s *conn) EraseAccountRows(ctx context.Context, accountID int64, limit int) (int, error) {
	total := 0
	for _, find := range []string{
		"SELECT id FROM notifications WHERE account_id = ? ORDER BY id LIMIT ?",
		"SELECT id FROM notifications WHERE from_id = ? ORDER BY id LIMIT ?",
	} {
		ids, err := s.idList(ctx, find, accountID, limit)
		if err != nil {
			return total, err
		}
		if err := s.deleteNotifications(ctx, ids); err != nil {
			return total, err
		}
		total += len(ids)
	}
	for _, of := range [][2]string{
		{"bookmarks", "account_id"}, {"pins", "account_id"}, {"tag_follows", "account_id"}, {"album_members", "account_id"}, {"conversation_mutes", "account_id"}, {"mutes", "account_id"}, {"mutes", "target_id"}, {"account_notes", "account_id"}, {"account_notes", "target_id"},
		{"list_members", "follower_id"}, {"list_members", "followee_id"}, {"lists", "account_id"},
		{"push_subscriptions", "account_id"}, {"moderator_notes", "account_id"}, {"decisions", "account_id"}, {"held_posts", "account_id"},
		{"announcement_comments", "account_id"}, {"announcement_marks", "account_id"},
	} {
		table := of[0]
		ids, err := s.idList(ctx, "SELECT id FROM "+table+" WHERE "+of[1]+" = ? ORDER BY id LIMIT ?", accountID, limit)
		if err != nil {
			return total, err
		}
		if len(ids) == 0 {
			continue
		}
		list, args := in(ids)
		if err := s.write(ctx).Exec("DELETE FROM "+table+" WHERE id IN "+list, args...).Error; err != nil {
			return total, translate(err)
		}
		total += len(ids)
		if table == "list_members" && len(ids) == limit {
			return total, nil // a list goes after who is in it
		}
	}
	posts, err := s.idList(ctx, "SELECT post_id FROM mentions WHERE account_id = ? ORDER BY post_id LIMIT ?", accountID, limit)
	if err != nil {
		return total, err
	}
	for _, id := range posts {
		if err := s.write(ctx).Exec("DELETE FROM mentions WHERE post_id = ? AND account_id = ?", id, accountID).Error; err != nil {
			return total, translate(err)
		}
	}
	total += len(posts)
	for _, q := range []string{ // few each
		"DELETE FROM account_words WHERE account_id = ?",
		"DELETE FROM drafts WHERE account_id = ?",
		"DELETE FROM markers WHERE account_id = ?",
		"DELETE FROM notification_choices WHERE account_id = ?",
		"DELETE FROM member_mail WHERE account_id = ?",
		"DELETE FROM factors WHERE account_id = ?",
		"DELETE FROM recovery_codes WHERE account_id = ?",
		"DELETE FROM idempotency_keys WHERE account_id = ?",
		"DELETE FROM sessions WHERE account_id = ?",
		"DELETE FROM authorization_codes WHERE account_id = ?",
		"DELETE FROM access_tokens WHERE account_id = ?",
		"DELETE FROM one_time_links WHERE account_id = ?",
		"UPDATE reports SET reporter_id = NULL WHERE reporter_id = ?",
		"UPDATE invitations SET email = '' WHERE email <> '' AND id IN (SELECT invitation_id FROM accounts WHERE id = ?)",
	} {
		res := s.write(ctx).Exec(q, accountID)
		if res.Error != nil {
			return total, translate(res.Error)
		}
		total += int(res.RowsAffected)
	}
	return total, nil
}

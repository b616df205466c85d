package store

import (
	"context"
	"slices"
)

// SetMentions replaces the post's mentions.
func (s *conn) SetMentions(ctx context.Context, postID int64, accountIDs []int64) error {
	return s.setPairs(ctx, "mentions", "account_id", postID, accountIDs)
}

// setPairs makes the ids those that the table pairs with the post. Rows go by primary key: a DELETE by the post alone
// would lock the gap into which others write theirs.
func (s *conn) setPairs(ctx context.Context, table, column string, postID int64, ids []int64) error {
	have, err := s.idList(ctx, "SELECT "+column+" FROM "+table+" WHERE post_id = ?", postID)
	if err != nil {
		return err
	}
	for _, id := range have {
		if slices.Contains(ids, id) {
			continue
		}
		if err := s.write(ctx).Exec("DELETE FROM "+table+" WHERE post_id = ? AND "+column+" = ?", postID, id).Error; err != nil {
			return translate(err)
		}
	}
	for _, id := range ids {
		if slices.Contains(have, id) {
			continue
		}
		if err := s.write(ctx).Exec("INSERT INTO "+table+" (post_id, "+column+") VALUES (?, ?)", postID, id).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// MentionsOf returns the accounts that a post mentions, visible or not.
func (s *conn) MentionsOf(ctx context.Context, postID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT m.account_id FROM mentions m WHERE m.post_id = ?", postID)
}

// PostAccounts are pairs of a post and an account.
type PostAccounts struct{ PostID, AccountID int64 }

// MentionsIn are the mentions in the posts, ordered by post and account.
func (s *conn) MentionsIn(ctx context.Context, postIDs []int64) ([]PostAccounts, error) {
	list, args := in(postIDs)
	rows, err := s.page(ctx, "SELECT m.post_id, m.account_id FROM mentions m WHERE m.post_id IN "+list+" ORDER BY m.post_id, m.account_id", args...)
	if err != nil {
		return nil, err
	}
	var out []PostAccounts
	for rows.next() {
		out = append(out, PostAccounts{rows.int(), rows.int()})
	}
	return out, rows.done()
}

// Mentionable finds, by folded username, the active accounts that may see what author writes in the thread of an
// account (author's own, for a post), and so may be told of it: nobody has blocked either of the two, nor been blocked
// by them. Where audience is not 0, only that account and its followers may see the thread.
func (s *conn) Mentionable(ctx context.Context, author *Account, usernameKeys []string, audience, thread int64) ([]int64, error) {
	if len(usernameKeys) == 0 {
		return nil, nil
	}
	args := make([]any, 0, len(usernameKeys)+8)
	for _, k := range usernameKeys {
		args = append(args, k)
	}
	c := accountSeen(author, "a")
	if thread != author.ID {
		c.and(unblocked(thread, "a"))
	}
	if audience != 0 {
		c.and(condition{"(a.id = ? OR EXISTS (SELECT 1 FROM follows fo WHERE fo.follower_id = a.id AND fo.followee_id = ?))", []any{audience, audience}})
	}
	return s.idList(ctx, "SELECT a.id FROM accounts a WHERE a.username_key IN "+placeholders(len(usernameKeys))+" AND "+c.sql+" ORDER BY a.id",
		append(args, c.args...)...)
}

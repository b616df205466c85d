package store

import (
	"context"
	"strings"
)

// directoryPosts is among how many of the newest public posts the directory looks for who posts.
const directoryPosts = 2000

// listedAccount is the condition on an account's row with the alias a that lists may show it to people who did not ask
// for it.
func listedAccount(viewer *Account) condition {
	c := condition{sql: "a.discoverable = 1"}
	c.and(accountListed(viewer, "a"))
	return c
}

// PostingAccounts lists the accounts that posted last among the newest public posts, the latest first.
func (s *conn) PostingAccounts(ctx context.Context, viewer *Account, skip, limit int) ([]int64, error) {
	c := listedAccount(viewer)
	return s.idList(ctx, "SELECT n.author_id FROM (SELECT p.author_id, MAX(p.id) AS newest FROM (SELECT l.id, l.author_id FROM posts l"+s.dialect.useIndex("posts_listed_id")+
		" WHERE l.listed = 1 ORDER BY l.id DESC LIMIT ?) p GROUP BY p.author_id) n "+s.joinByID("accounts a", "n.author_id")+
		" WHERE "+c.sql+" ORDER BY n.newest DESC LIMIT ? OFFSET ?", append(append([]any{directoryPosts}, c.args...), limit, skip)...)
}

// NewAccounts lists the accounts that joined last, the latest first.
func (s *conn) NewAccounts(ctx context.Context, viewer *Account, skip, limit int) ([]int64, error) {
	c := listedAccount(viewer)
	return s.idList(ctx, "SELECT a.id FROM accounts a WHERE "+c.sql+" ORDER BY a.id DESC LIMIT ? OFFSET ?", append(c.args, limit, skip)...)
}

// familiar is how many of those whom an account followed last are asked whom they follow.
const familiar = 50

// FollowedByFollowees lists whom those follow whom the account follows, most of them first.
func (s *conn) FollowedByFollowees(ctx context.Context, account *Account, limit int) ([]int64, error) {
	c := listedAccount(account)
	return s.idList(ctx, "SELECT g.followee_id FROM (SELECT f.followee_id, COUNT(*) AS n FROM (SELECT o.followee_id FROM follows o WHERE o.follower_id = ?"+
		" ORDER BY o.id DESC LIMIT ?) mine JOIN follows f ON f.follower_id = mine.followee_id GROUP BY f.followee_id) g "+s.joinByID("accounts a", "g.followee_id")+
		" WHERE "+c.sql+" ORDER BY g.n DESC, g.followee_id DESC LIMIT ?", append(append([]any{account.ID, familiar}, c.args...), limit)...)
}

// FamiliarFollowers are, for each of the accounts, those of its followers whom the viewer follows and may see, at most so many
// of each, whom the viewer followed last first.
func (s *conn) FamiliarFollowers(ctx context.Context, viewer *Account, of []int64, each int) (map[int64][]int64, error) {
	if len(of) == 0 {
		return nil, nil
	}
	c := accountSeen(viewer, "a")
	branch := "SELECT * FROM (SELECT f.followee_id AS followed, f.follower_id AS follower FROM follows mine" + s.dialect.useIndex("follows_follower_id_id") + " " +
		s.dialect.orderedJoin() + " follows f ON f.follower_id = mine.followee_id AND f.followee_id = ? " + s.joinByID("accounts a", "f.follower_id") +
		" WHERE mine.follower_id = ? AND " + c.sql + " ORDER BY mine.id DESC LIMIT ?) b"
	var args []any
	for _, id := range of {
		args = append(append(append(args, id, viewer.ID), c.args...), each)
	}
	rows, err := s.query(ctx, strings.TrimSuffix(strings.Repeat(branch+" UNION ALL ", len(of)), " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	found := make(map[int64][]int64, len(of))
	for rows.next() {
		followed := rows.int()
		found[followed] = append(found[followed], rows.int())
	}
	return found, rows.done()
}

// NewestPublicOf lists the newest public posts of each author, at most so many of each, that no warning covers.
func (s *conn) NewestPublicOf(ctx context.Context, authors []int64, each int) ([]int64, error) {
	if len(authors) == 0 {
		return nil, nil
	}
	branch := "SELECT * FROM (SELECT p.id FROM posts p" + s.dialect.useIndex("posts_author_id_home_id") +
		" WHERE p.author_id = ? AND p.home = 1 AND p.listed = 1 AND p.sensitive = 0 AND p.warning = '' AND p.photos_count > 0 ORDER BY p.id DESC LIMIT ?) b"
	args := make([]any, 0, 2*len(authors))
	for _, id := range authors {
		args = append(args, id, each)
	}
	return s.idList(ctx, strings.TrimSuffix(strings.Repeat(branch+" UNION ALL ", len(authors)), " UNION ALL "), args...)
}

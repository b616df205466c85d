package store

import (
	"context"
	"slices"
	"strings"
)

// List is a feed of some of the accounts that an account follows.
type List struct {
	ID            int64
	AccountID     int64
	Title         string
	RepliesPolicy string // followed, list, none: kept for clients; comments are in no feed
	Exclusive     bool   // its members' posts and boosts are not in the home feed
	CreatedAt     Millis
}

// ListMember is an account in a list. Its follower is whose list it is: the row ends with the follow.
type ListMember struct {
	ID         int64
	ListID     int64
	FollowerID int64
	FolloweeID int64
	CreatedAt  Millis
}

// followed says whose posts and boosts a feed has: those of all that the viewer follows, or of a list of theirs.
type followed struct {
	viewer *Account
	list   int64 // 0: the home feed, which has the viewer's own and followed tags as well
}

func homeOf(viewer *Account) followed { return followed{viewer: viewer} }

// id is the argument of conn.followed.
func (f followed) id() int64 {
	if f.list != 0 {
		return f.list
	}
	return f.viewer.ID
}

// followed is a FROM with its WHERE: the followed accounts as f.followee_id, and their rows with the alias a. Its argument
// is f.id().
func (s *conn) followed(f followed, a string) string {
	from, by := "follows f", "f.follower_id"
	if f.list != 0 {
		from, by = "list_members f"+s.dialect.useIndex("list_members_list_id_followee_id_follower_id_unique"), "f.list_id"
	}
	return from + " " + s.joinByID("accounts "+a, "f.followee_id") + " WHERE " + by + " = ? AND " + a + ".suspended_at IS NULL AND " + a + ".deleted_at IS NULL"
}

// boosting is what statements about followed accounts f add for those whose boosts the viewer wants.
func (f followed) boosting() string {
	if f.list != 0 {
		return " AND NOT EXISTS (SELECT 1 FROM follows hb WHERE hb.follower_id = f.follower_id AND hb.followee_id = f.followee_id AND hb.hide_boosts = 1)"
	}
	return " AND f.hide_boosts = 0"
}

// exclusively is the condition that the followed account f is in an exclusive list.
const exclusively = "EXISTS (SELECT 1 FROM list_members xm JOIN lists xl ON xl.id = xm.list_id WHERE xm.follower_id = f.follower_id AND xm.followee_id = f.followee_id AND xl.exclusive = 1)"

// followsShown is what statements about followed accounts f add for a feed: without those that are muted, nor, in the home
// feed, those that have an exclusive list.
func (s *conn) followsShown(f followed) string {
	c := " AND NOT EXISTS (SELECT 1 FROM mutes mu WHERE mu.account_id = f.follower_id AND mu.target_id = f.followee_id AND " + s.notOver() + ")"
	if f.list == 0 && f.viewer.ExclusiveLists > 0 {
		c += " AND NOT " + exclusively
	}
	return c
}

// ListPosts are the posts of the list's members, and what these boosted, as HomePosts has them of all that are followed. The
// list is the viewer's.
func (s *conn) ListPosts(ctx context.Context, viewer *Account, listID int64, r Range) ([]Post, error) {
	return s.followedPosts(ctx, followed{viewer: viewer, list: listID}, r)
}

const listColumns = "l.id, l.account_id, l.title, l.replies_policy, l.exclusive, l.created_at"

func (s *conn) lists(ctx context.Context, q string, args ...any) ([]List, error) {
	rows, err := s.query(ctx, "SELECT "+listColumns+" FROM lists l "+q, args...)
	if err != nil {
		return nil, err
	}
	var out []List
	for rows.next() {
		out = append(out, List{rows.int(), rows.int(), rows.text(), rows.text(), rows.bool(), Millis(rows.int())})
	}
	return out, rows.done()
}

// ListsOf are the account's lists, the oldest first.
func (s *conn) ListsOf(ctx context.Context, accountID int64) ([]List, error) {
	return s.lists(ctx, "WHERE l.account_id = ? ORDER BY l.id", accountID)
}

// ListsWith are those of the account's lists that the other is in.
func (s *conn) ListsWith(ctx context.Context, accountID, otherID int64) ([]List, error) {
	return s.lists(ctx, "JOIN list_members m ON m.list_id = l.id WHERE m.follower_id = ? AND m.followee_id = ? ORDER BY l.id", accountID, otherID)
}

// ListByID is the account's own list, else ErrNotFound.
func (s *conn) ListByID(ctx context.Context, accountID, id int64) (*List, error) {
	var found *List
	err := lookUp(ctx, func(ctx context.Context) error {
		lists, err := s.lists(ctx, "WHERE l.id = ? AND l.account_id = ?", id, accountID)
		if err != nil {
			return err
		}
		if len(lists) == 0 {
			return ErrNotFound
		}
		found = &lists[0]
		return nil
	})
	return found, err
}

// AddList inserts the list. The transaction has locked the account.
func (s *conn) AddList(ctx context.Context, l List) error {
	if err := translate(s.write(ctx).Create(&l).Error); err != nil {
		return err
	}
	return s.countExclusive(ctx, l.AccountID)
}

// UpdateList writes the list's title and options. The transaction has locked the account.
func (s *conn) UpdateList(ctx context.Context, l List) error {
	err := s.write(ctx).Exec("UPDATE lists SET title = ?, replies_policy = ?, exclusive = ? WHERE id = ?", l.Title, l.RepliesPolicy, l.Exclusive, l.ID).Error
	if err != nil {
		return translate(err)
	}
	return s.countExclusive(ctx, l.AccountID)
}

// DeleteList removes the list and who is in it. The transaction has locked the account.
func (s *conn) DeleteList(ctx context.Context, l List) error {
	members, err := s.idList(ctx, "SELECT id FROM list_members WHERE list_id = ?", l.ID)
	if err != nil {
		return err
	}
	if err := s.deleteListMembers(ctx, members); err != nil {
		return err
	}
	if err := s.write(ctx).Exec("DELETE FROM lists WHERE id = ?", l.ID).Error; err != nil {
		return translate(err)
	}
	return s.countExclusive(ctx, l.AccountID)
}

// countExclusive keeps the number of exclusive lists, without which home feeds look for none.
func (s *conn) countExclusive(ctx context.Context, accountID int64) error {
	return translate(s.write(ctx).Exec("UPDATE accounts SET exclusive_lists = (SELECT COUNT(*) FROM lists l WHERE l.account_id = ? AND l.exclusive = 1) WHERE id = ?", accountID, accountID).Error)
}

// deleteListMembers deletes by the primary key: see deletePair.
func (s *conn) deleteListMembers(ctx context.Context, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	list, args := in(ids)
	return translate(s.write(ctx).Exec("DELETE FROM list_members WHERE id IN "+list, args...).Error)
}

// ListMembers lists who is in the list, as far as the viewer may see them, the newest first.
func (s *conn) ListMembers(ctx context.Context, viewer *Account, listID int64, r Range) ([]RowAccount, error) {
	return s.rowAccounts(ctx, "list_members", "followee_id", "list_id", listID, accountSeen(viewer, "a"), r)
}

// ListMemberIDs are the ids of all who are in the list.
func (s *conn) ListMemberIDs(ctx context.Context, listID int64) ([]int64, error) {
	return s.idList(ctx, "SELECT m.followee_id FROM list_members m WHERE m.list_id = ?", listID)
}

// AddListMembers puts accounts into the list. The transaction has locked the list's account, and found that it follows
// them and that they are not in it.
func (s *conn) AddListMembers(ctx context.Context, l *List, accountIDs []int64, at Millis) error {
	for _, id := range accountIDs {
		_, err := s.insertFresh(func(fresh int64) error {
			return s.write(ctx).Create(&ListMember{ID: fresh, ListID: l.ID, FollowerID: l.AccountID, FolloweeID: id, CreatedAt: at}).Error
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// RemoveListMembers takes accounts out of the list; those that are not in it are fine.
func (s *conn) RemoveListMembers(ctx context.Context, listID int64, accountIDs []int64) error {
	if len(accountIDs) == 0 {
		return nil
	}
	list, args := in(accountIDs)
	ids, err := s.idList(ctx, "SELECT m.id FROM list_members m WHERE m.list_id = ? AND m.followee_id IN "+list, append([]any{listID}, args...)...)
	if err != nil {
		return err
	}
	return s.deleteListMembers(ctx, ids)
}

// FollowedAmong returns those of the accounts that the account follows.
func (s *conn) FollowedAmong(ctx context.Context, accountID int64, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	return s.idList(ctx, "SELECT f.followee_id FROM follows f WHERE f.follower_id = ? AND f.followee_id IN "+list, append([]any{accountID}, args...)...)
}

// ListsAmong returns which of the lists the account is in, and the owner of each.
func (s *conn) ListsAmong(ctx context.Context, memberID int64, listIDs []int64) (map[int64]int64, error) {
	return s.ownersOfLists(ctx, listIDs, func(list string, args []any) (string, []any) {
		return "SELECT m.list_id, m.follower_id FROM list_members m WHERE m.followee_id = ? AND m.list_id IN " + list, append([]any{memberID}, args...)
	})
}

// ListBoosts returns those of the lists whose feed has the boost, each with whose it is: see firstBoosts.
func (s *conn) ListBoosts(ctx context.Context, boostID int64, listIDs []int64) (map[int64]int64, error) {
	f := followed{viewer: &Account{ID: 1}, list: 2}
	seen := s.firstBoosts(f)
	var where strings.Builder
	for i, part := range strings.Split(seen.sql, "?") { // each viewer and list is a row here
		if i > 0 {
			where.WriteString(map[any]string{f.viewer.ID: "v.id", f.list: "l.id"}[seen.args[i-1]])
		}
		where.WriteString(part)
	}
	return s.ownersOfLists(ctx, listIDs, func(list string, args []any) (string, []any) {
		return "SELECT l.id, v.id FROM boosts b JOIN accounts ba ON ba.id = b.account_id JOIN posts o ON o.id = b.post_id JOIN accounts oa ON oa.id = o.author_id" +
			" JOIN list_members f ON f.followee_id = b.account_id AND f.list_id IN " + list + " JOIN lists l ON l.id = f.list_id JOIN accounts v ON v.id = l.account_id" +
			" WHERE b.id = ? AND ba.suspended_at IS NULL AND ba.deleted_at IS NULL AND v.suspended_at IS NULL AND v.deleted_at IS NULL" + f.boosting() + s.followsShown(f) +
			" AND NOT (v.warned_photos = 'hide' AND (o.sensitive = 1 OR o.warning <> '')) AND " + where.String(), append(args, boostID)
	})
}

// ownersOfLists asks of lists, some at a time, and returns those of which the query tells, each with whose it is. query is given a list of
// places for some of them.
func (s *conn) ownersOfLists(ctx context.Context, listIDs []int64, query func(list string, args []any) (string, []any)) (map[int64]int64, error) {
	out := make(map[int64]int64)
	for some := range slices.Chunk(listIDs, listenersAtOnce) {
		list, args := in(some)
		text, args := query(list, args)
		rows, err := s.query(ctx, text, args...)
		if err != nil {
			return nil, err
		}
		for rows.next() {
			id := rows.int()
			out[id] = rows.int()
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

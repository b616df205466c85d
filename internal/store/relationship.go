package store

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Relationship is how an account stands to the account ID.
type Relationship struct {
	ID          int64
	Following   bool
	HideBoosts  bool // of a follow or request: without their boosts
	Notify      bool // of a follow or request: their posts are told
	FollowedBy  bool
	Requested   bool // waits for their approval
	RequestedBy bool // they wait for this account's approval
	Blocking    bool
	BlockedBy   bool
	Muting      bool
	// MutingNotifications is false where only feeds are without them.
	MutingNotifications bool
	Note                string // for this account's eyes only
}

// Relationships answers for each of the ids, in their order and in one statement.
func (s *conn) Relationships(ctx context.Context, accountID int64, ids []int64) ([]Relationship, error) {
	out := make([]Relationship, len(ids))
	at := make(map[int64]int, len(ids))
	for i, id := range ids {
		out[i].ID = id
		at[id] = i
	}
	if len(ids) == 0 {
		return out, nil
	}
	kinds := []struct {
		rows, mine, theirs string
		set                func(*Relationship)
	}{
		{"follows WHERE hide_boosts = 1 AND", "follower_id", "followee_id", func(r *Relationship) { r.HideBoosts = true }},
		{"follow_requests WHERE hide_boosts = 1 AND", "follower_id", "followee_id", func(r *Relationship) { r.HideBoosts = true }},
		{"follows WHERE notify = 1 AND", "follower_id", "followee_id", func(r *Relationship) { r.Notify = true }},
		{"follow_requests WHERE notify = 1 AND", "follower_id", "followee_id", func(r *Relationship) { r.Notify = true }},
		{"mutes mu WHERE " + s.notOver() + " AND", "account_id", "target_id", func(r *Relationship) { r.Muting = true }},
		{"mutes mu WHERE notifications = 1 AND " + s.notOver() + " AND", "account_id", "target_id", func(r *Relationship) { r.MutingNotifications = true }},
		{"follows WHERE", "follower_id", "followee_id", func(r *Relationship) { r.Following = true }},
		{"follows WHERE", "followee_id", "follower_id", func(r *Relationship) { r.FollowedBy = true }},
		{"follow_requests WHERE", "follower_id", "followee_id", func(r *Relationship) { r.Requested = true }},
		{"follow_requests WHERE", "followee_id", "follower_id", func(r *Relationship) { r.RequestedBy = true }},
		{"blocks WHERE", "account_id", "target_id", func(r *Relationship) { r.Blocking = true }},
		{"blocks WHERE", "target_id", "account_id", func(r *Relationship) { r.BlockedBy = true }},
	}
	var parts []string
	var args []any
	for i, k := range kinds {
		parts = append(parts, "SELECT "+strconv.Itoa(i)+" AS kind, "+k.theirs+" AS other, '' AS note FROM "+k.rows+" "+k.mine+" = ? AND "+k.theirs+" IN ?")
		args = append(args, accountID, ids)
	}
	notes := len(kinds)
	parts = append(parts, "SELECT "+strconv.Itoa(notes)+" AS kind, target_id AS other, note FROM account_notes WHERE account_id = ? AND target_id IN ?")
	args = append(args, accountID, ids)
	rows, err := s.read(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Rows()
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind int
		var other int64
		var note string
		if err := rows.Scan(&kind, &other, &note); err != nil {
			return nil, translate(err)
		}
		if kind == notes {
			out[at[other]].Note = note
			continue
		}
		kinds[kind].set(&out[at[other]])
	}
	return out, translate(rows.Err())
}

// LockAccounts locks the rows until the transaction ends, in ascending id order, and returns them as they are,
// by id; what is not there is left out. It has to be the first statement of the transaction: the reads after it then see
// whatever earlier holders of the locks wrote, and inserts that refer to the rows need no lock that they lack.
func (s *conn) LockAccounts(ctx context.Context, ids ...int64) (map[int64]*Account, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	out := make(map[int64]*Account, len(ids))
	for _, id := range slices.Compact(ids) {
		// One statement a row: with IN the server may choose to walk, and lock, the whole table.
		var rows []*Account
		if err := s.write(ctx).Raw("SELECT * FROM accounts WHERE id = ?"+s.dialect.forUpdate(), id).Scan(&rows).Error; err != nil {
			return nil, translate(err)
		}
		for _, a := range rows {
			out[a.ID] = a
		}
	}
	return out, nil
}

// insertFresh calls insert with a new id, and with another one should some other process have drawn the same.
func (s *conn) insertFresh(insert func(id int64) error) (int64, error) {
	for try := 1; ; try++ {
		id := s.NewID()
		err := translate(insert(id))
		var c *ConflictError
		if try < 3 && errors.As(err, &c) && c.Primary {
			continue
		}
		return id, err
	}
}

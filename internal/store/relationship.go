package store

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Relationship is how an account stands to the account ID.
type Relationship struct {
	ID          int64
	Following   bool
	FollowedBy  bool
	Requested   bool // waits for their approval
	RequestedBy bool // they wait for this account's approval
	Blocking    bool
	BlockedBy   bool
}

// Relationships answers for each of the ids, in their order and in one statement.
func (s *Store) Relationships(ctx context.Context, accountID int64, ids []int64) ([]Relationship, error) {
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
		table, mine, theirs string
		set                 func(*Relationship)
	}{
		{"follows", "follower_id", "followee_id", func(r *Relationship) { r.Following = true }},
		{"follows", "followee_id", "follower_id", func(r *Relationship) { r.FollowedBy = true }},
		{"follow_requests", "follower_id", "followee_id", func(r *Relationship) { r.Requested = true }},
		{"follow_requests", "followee_id", "follower_id", func(r *Relationship) { r.RequestedBy = true }},
		{"blocks", "account_id", "target_id", func(r *Relationship) { r.Blocking = true }},
		{"blocks", "target_id", "account_id", func(r *Relationship) { r.BlockedBy = true }},
	}
	var parts []string
	var args []any
	for i, k := range kinds {
		parts = append(parts, "SELECT "+string(rune('0'+i))+" AS kind, "+k.theirs+" AS other FROM "+k.table+" WHERE "+k.mine+" = ? AND "+k.theirs+" IN ?")
		args = append(args, accountID, ids)
	}
	rows, err := s.read(ctx).Raw(strings.Join(parts, " UNION ALL "), args...).Rows()
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind int
		var other int64
		if err := rows.Scan(&kind, &other); err != nil {
			return nil, translate(err)
		}
		kinds[kind].set(&out[at[other]])
	}
	return out, translate(rows.Err())
}

// LockAccounts locks the rows until the transaction ends, in ascending id order, and returns them as they are,
// by id; what is not there is left out. It has to be the first statement of the transaction: the reads after it then see
// whatever earlier holders of the locks wrote, and inserts that refer to the rows need no lock that they lack.
func (s *Store) LockAccounts(ctx context.Context, ids ...int64) (map[int64]*Account, error) {
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
func (s *Store) insertFresh(insert func(id int64) error) (int64, error) {
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

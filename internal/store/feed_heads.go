package store

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// idMillis is the millisecond in which an id was drawn.
func idMillis(id int64) int64 { return id >> 16 }

// lastHeads answers as homeAuthors does, downwards and for a viewer to whom no post is hidden, without a look at the
// index of posts for each of the followed: accounts.last_post_at is the millisecond of an account's newest post, hence
// of its head, wherever that is below the cursor. Only who has posted since then needs a look, which are no more authors than
// there were posts on the pages above. The bound is that of a whole millisecond.
func (s *Store) lastHeads(ctx context.Context, viewer *Account, r Range) (authors []int64, bound int64, err error) {
	type head struct {
		author, at int64
		sought     bool // by its id
	}
	var heads []head
	read := func(q string, args ...any) error {
		rows, err := s.query(ctx, q, args...)
		if err != nil {
			return err
		}
		for rows.next() {
			if h := (head{author: rows.int(), at: rows.int()}); h.at != 0 {
				heads = append(heads, h)
			}
		}
		return rows.done()
	}
	cut := int64(math.MaxInt64)
	if r.Max != 0 {
		cut = idMillis(r.Max)
		if err := read(s.homeHeads(viewer, r)+" AND a.last_post_at >= ? ORDER BY head DESC LIMIT ?", r.max(), r.Min, viewer.ID, cut, r.Limit); err != nil {
			return nil, 0, err
		}
		for i := range heads {
			heads[i].at, heads[i].sought = idMillis(heads[i].at), true
		}
	}
	const all = 1 << 30
	sought := len(heads)
	for limit := r.Limit + 1; ; limit = all {
		heads = heads[:sought]
		err := read("SELECT f.followee_id, a.last_post_at FROM follows f "+s.joinByID("accounts a", "f.followee_id")+
			" WHERE f.follower_id = ? AND a.suspended_at IS NULL AND a.deleted_at IS NULL AND a.last_post_at < ? AND a.last_post_at >= ?"+
			" ORDER BY a.last_post_at DESC LIMIT ?", viewer.ID, cut, idMillis(r.Min), limit)
		if err != nil {
			return nil, 0, err
		}
		last := len(heads) - 1
		if limit == all || len(heads)-sought < limit || heads[last].at != heads[last-1].at {
			break
		}
		// More of them may have posted in the very millisecond at which the page may end.
	}
	if sought > 0 { // who deleted the newest post meanwhile came twice: the later answer holds
		slices.Reverse(heads)
		known := make(map[int64]bool, len(heads))
		heads = slices.DeleteFunc(heads, func(h head) bool {
			twice := known[h.author]
			known[h.author] = true
			return twice
		})
	}
	slices.SortFunc(heads, func(a, b head) int { return cmp.Compare(b.at, a.at) })
	if len(heads) >= r.Limit {
		last := heads[r.Limit-1].at
		bound = last << 16
		heads = slices.DeleteFunc(heads, func(h head) bool { return h.at < last })
		if len(heads) > 2*r.Limit {
			// An import gives many accounts the same time, and a statement has no room for a branch for each: the ids of their
			// heads tell which of them come first. Those whose heads were sought above are few.
			tied, err := s.idList(ctx, "SELECT t.followee_id FROM ("+s.homeHeads(viewer, r)+" AND a.last_post_at = ? ORDER BY head DESC LIMIT ?) t",
				r.max(), r.Min, viewer.ID, last, r.Limit)
			if err != nil {
				return nil, 0, err
			}
			heads = slices.DeleteFunc(heads, func(h head) bool { return h.at == last && !h.sought && !slices.Contains(tied, h.author) })
		}
	}
	for _, h := range heads {
		authors = append(authors, h.author)
	}
	return authors, bound, nil
}

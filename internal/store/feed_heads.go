package store

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// idMillis is the millisecond in which an id was drawn.
func idMillis(id int64) int64 { return id >> 16 }

// homeHeadsFound is whose posts and boosts a page of a home feed may hold.
type homeHeadsFound struct {
	authors []int64
	bound   int64  // nothing below this id is on the page; 0: anything may be
	boosts  []head // who boosted last, the latest first
	most    int    // as many boosts mean that others may have boosted before
	tags    []int64
}

// A head is an account, and the millisecond of its newest post or boost in a range.
type head struct {
	author, at int64
	sought     bool // by its id
}

// boosters are the accounts whose boosts may be on the page. Where below is not 0, others may have boosted up to that id.
func (f *homeHeadsFound) boosters(of followed) (ids []int64, below int64) {
	if at := of.viewer.LastBoostAt; of.list == 0 && at != nil && int64(*at) >= idMillis(f.bound) {
		ids = append(ids, of.viewer.ID)
	}
	for i, h := range f.boosts {
		if h.at < idMillis(f.bound) {
			break
		}
		if i == f.most-1 {
			return ids, (h.at+1)<<16 - 1
		}
		if !slices.Contains(ids, h.author) { // who boosted meanwhile came twice
			ids = append(ids, h.author)
		}
	}
	return ids, 0
}

// headsInGo is up to how many followed accounts all of them are brought here to be sorted. Above it the database sorts, and sends
// what a page may need.
const headsInGo = 5000

// lastHeads answers as homeAuthors does, downwards and for a viewer to whom no post is hidden, without a look at the
// index of posts for each of the followed: accounts.last_post_at is the millisecond of an account's newest post, hence
// of its head, wherever that is below the cursor. Only who has posted since then needs a look, which are no more authors than
// there were posts on the pages above. The bound is that of a whole millisecond.
//
// The same statements find who boosted last, by accounts.last_boost_at, and which tags the viewer follows, whose posts are in
// the home feed.
func (s *conn) lastHeads(ctx context.Context, f followed, r Range) (found homeHeadsFound, err error) {
	var heads, boosts []head
	read := func(q string, args ...any) error {
		rows, err := s.page(ctx, q, args...)
		if err != nil {
			return err
		}
		for rows.next() {
			tag, id, posted, boosted := rows.bool(), rows.int(), rows.int(), rows.int()
			if tag {
				found.tags = append(found.tags, id)
				continue
			}
			if posted > 0 {
				heads = append(heads, head{author: id, at: posted})
			}
			if boosted > 0 {
				boosts = append(boosts, head{author: id, at: boosted})
			}
		}
		return rows.done()
	}
	const boosters = homeBoosters + 1
	cut := int64(math.MaxInt64)
	if r.Max != 0 {
		cut = idMillis(r.Max)
		for _, q := range s.headsSince(f, r, cut, boosters) {
			if err := read(q.sql, q.args...); err != nil {
				return found, err
			}
		}
		first := func(list []head, most int) []head {
			latestFirst(list)
			list = list[:min(len(list), most)]
			for i := range list {
				list[i].at, list[i].sought = idMillis(list[i].at), true
			}
			return list
		}
		heads, boosts = first(heads, r.Limit), first(boosts, boosters)
	}
	sought, soughtBoosts := len(heads), len(boosts)
	q := s.headsBefore(f, r, cut, boosters)
	if err := read(q.sql, q.args...); err != nil {
		return found, err
	}
	latestFirst(boosts[soughtBoosts:])
	boosts = boosts[:min(len(boosts), soughtBoosts+boosters)]
	if sought > 0 { // who deleted the newest post meanwhile came twice: the later answer holds
		slices.Reverse(heads)
		known := make(map[int64]bool, len(heads))
		heads = slices.DeleteFunc(heads, func(h head) bool {
			twice := known[h.author]
			known[h.author] = true
			return twice
		})
	}
	latestFirst(heads)
	if len(heads) >= r.Limit {
		last := heads[r.Limit-1].at
		found.bound = last << 16
		heads = slices.DeleteFunc(heads, func(h head) bool { return h.at < last })
		if len(heads) > 2*r.Limit {
			// An import gives many accounts the same time, and a statement has no room for a branch for each: the ids of their
			// heads tell which of them come first. Those whose heads were sought above are few.
			tied, err := s.idList(ctx, "SELECT t.followee_id FROM ("+s.homeHeads(f, r)+" AND a.last_post_at = ? ORDER BY head DESC LIMIT ?) t",
				r.max(), r.Min, f.id(), last, r.Limit)
			if err != nil {
				return found, err
			}
			heads = slices.DeleteFunc(heads, func(h head) bool { return h.at == last && !h.sought })
			for _, id := range tied {
				if !slices.ContainsFunc(heads, func(h head) bool { return h.author == id }) {
					heads = append(heads, head{author: id, at: last})
				}
			}
		}
	}
	for _, h := range heads {
		found.authors = append(found.authors, h.author)
	}
	latestFirst(boosts)
	found.boosts, found.most = boosts, boosters
	return found, nil
}

func latestFirst(list []head) {
	slices.SortFunc(list, func(a, b head) int { return cmp.Compare(b.at, a.at) })
}

// headsSince selects the heads below the cursor of those who have posted since, and the same of boosts.
func (s *conn) headsSince(f followed, r Range, cut int64, boosters int) []condition {
	posts := condition{s.homeHeads(f, r) + " AND a.last_post_at >= ?", []any{r.max(), r.Min, f.id(), cut}}
	boosts := condition{"SELECT 0, f.followee_id, 0, (SELECT b.id FROM boosts b" + s.dialect.useIndex("boosts_account_id_id") +
		" WHERE b.account_id = f.followee_id AND b.id < ? AND b.id > ? ORDER BY b.account_id DESC, b.id DESC LIMIT 1) AS head FROM " +
		s.followed(f, "a") + f.boosting() + " AND a.last_boost_at >= ?" + s.followsShown(f), []any{r.max(), r.Min, f.id(), cut}}
	if f.viewer.FollowingCount <= headsInGo {
		// Sorted by who reads it: to sort them within a UNION MariaDB looks for each head twice.
		return []condition{{"SELECT 0, t.*, 0 FROM (" + posts.sql + ") t UNION ALL " + boosts.sql, append(posts.args, boosts.args...)}}
	}
	const sorted = " ORDER BY head DESC LIMIT ?"
	return []condition{
		{"SELECT 0, t.*, 0 FROM (" + posts.sql + sorted + ") t", append(posts.args, r.Limit)},
		{boosts.sql + sorted, append(boosts.args, boosters)},
	}
}

// headsBefore selects who has posted last before the cursor's millisecond, and boosted, and the tags. Of many, it selects
// one more than two pages of authors: as many in one millisecond are looked for by their ids.
func (s *conn) headsBefore(f followed, r Range, cut int64, boosters int) (q condition) {
	if f.viewer.FollowingCount <= headsInGo {
		// All of them come: to look at each once for its posts and once for its boosts, and to send the latest alone, takes MySQL
		// twice as long.
		inRange := func(column, only string) string {
			return "CASE WHEN a." + column + " < ? AND a." + column + " >= ?" + only + " THEN a." + column + " ELSE 0 END"
		}
		q = condition{"SELECT 0, f.followee_id, " + inRange("last_post_at", "") + ", " + inRange("last_boost_at", f.boosting()) + " FROM " + s.followed(f, "a") + s.followsShown(f),
			[]any{cut, idMillis(r.Min), cut, idMillis(r.Min), f.id()}}
	} else {
		last := func(columns, column, only string) string {
			return "SELECT 0, f.followee_id, " + columns + " FROM " + s.followed(f, "a") + only + " AND a." + column + " < ? AND a." + column + " >= ?" + s.followsShown(f) +
				" ORDER BY a." + column + " DESC LIMIT ?"
		}
		q = condition{"SELECT * FROM (" + last("a.last_post_at, 0 AS boosted", "last_post_at", "") + ") p UNION ALL SELECT * FROM (" + last("0 AS posted, a.last_boost_at", "last_boost_at", f.boosting()) + ") b",
			[]any{f.id(), cut, idMillis(r.Min), 2*r.Limit + 1, f.id(), cut, idMillis(r.Min), boosters}}
	}
	if f.list == 0 {
		q = condition{q.sql + " UNION ALL SELECT 1, t.tag_id, 0, 0 FROM tag_follows t WHERE t.account_id = ?", append(q.args, f.viewer.ID)}
	}
	return q
}

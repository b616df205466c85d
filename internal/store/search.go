package store

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A SearchTerm is a word that a post has to have.
type SearchTerm struct {
	Word   string
	Fields int  // where it has to stand; 0 for anywhere
	Begins bool // a longer word will do
}

// PostSearch says which posts are looked for: those that have all the terms.
type PostSearch struct {
	Terms    []SearchTerm
	AuthorID int64 // 0: anybody
	Skip     int   // of what is found, the best first
	Range          // the ids; Up is not heeded
}

const (
	// MaxMatches is among how many of the newest matches the best are found.
	MaxMatches = 2000
	// maxLooked is how many posts with the rarest word are looked at for the other words; which word that is, is counted up
	// to there.
	maxLooked = 5000
	// maxLonger is how many longer words count as a word that begins them, the shortest of longerRead; longerMatches is how
	// many posts of each.
	maxLonger     = 20
	longerRead    = 100
	longerMatches = 500
	// longerHidden is how many longer words are looked for in the posts that people whom the viewer follows have hidden from
	// others: each costs a look for each of these people.
	longerHidden = 3
	// strangersShare is by how much less is looked at for visitors.
	strangersShare = 4
)

// A match is a post that has all the terms, with how well it fits.
type match struct {
	id    int64
	score int
}

// SearchPosts finds posts among the newest 2,000 that have all the terms, those with the terms in tags and captions first, then
// the newest. It finds what the viewer's feeds may show: public posts, and one's own and those of whom the viewer follows;
// of comments, one's own. Posts of people whom the viewer mutes are found only where the author was asked for.
func (s *conn) SearchPosts(ctx context.Context, viewer *Account, q PostSearch) ([]int64, error) {
	if len(q.Terms) == 0 && q.AuthorID == 0 {
		return nil, nil
	}
	if q.AuthorID != 0 {
		q.Terms = append(slices.Clip(q.Terms), SearchTerm{Word: AuthorWord(q.AuthorID)})
	}
	found, err := s.matches(ctx, viewer, q)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b match) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.id, a.id)) })
	return s.seenMatches(ctx, viewer, q, found)
}

// worth is how much a word says about the post in which it stands there.
func worth(fields int, whole bool) int {
	n := 1
	switch {
	case fields&InTag != 0:
		n = 3
	case fields&(InCaption|InWarning) != 0:
		n = 2
	}
	if !whole {
		n--
	}
	return n
}

// matches finds posts that have all the terms, whoever may see them.
func (s *conn) matches(ctx context.Context, viewer *Account, q PostSearch) ([]match, error) {
	most, look := MaxMatches, maxLooked
	if viewerID(viewer) == 0 {
		most, look = most/strangersShare, look/strangersShare
	}
	longer := make([][]string, len(q.Terms))
	for i, t := range q.Terms {
		if !t.Begins {
			continue
		}
		var err error
		if longer[i], err = s.longerWords(ctx, t.Word); err != nil {
			return nil, err
		}
	}
	first, err := s.rarest(ctx, q, longer, look)
	if err != nil {
		return nil, err
	}
	alone := len(q.Terms) == 1 && q.Terms[0].Fields == 0
	if alone {
		look = most
	}
	rows, err := s.postsWith(ctx, viewer, q, q.Terms[first], longer[first], look)
	if err != nil {
		return nil, err
	}
	var found []match
	if len(q.Terms) == 1 {
		for _, r := range rows {
			if len(found) < most && (q.Terms[0].Fields == 0 || r.fields&q.Terms[0].Fields != 0) {
				found = append(found, match{r.id, worth(r.fields, r.whole)})
			}
		}
		return found, nil
	}
	for chunk := range slices.Chunk(rows, 256) {
		ids := make([]int64, len(chunk))
		for i, r := range chunk {
			ids[i] = r.id
		}
		entries, err := s.indexEntries(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			score, all := 0, true
			for _, t := range q.Terms {
				n, ok := entries[id].has(t)
				score, all = score+n, all && ok
			}
			if all && len(found) < most {
				found = append(found, match{id, score})
			}
		}
		if len(found) == most {
			break
		}
	}
	return found, nil
}

// has reports whether the post has the term, and what that is worth.
func (e indexEntry) has(t SearchTerm) (best int, ok bool) {
	for at := 0; ; {
		i := strings.Index(e.words[at:], t.Word)
		if i < 0 {
			return best, ok
		}
		at += i + len(t.Word)
		if begin := at - len(t.Word); begin > 0 && e.words[begin-1] != ' ' {
			continue
		}
		rest := e.words[at:]
		end := strings.IndexByte(rest, ' ')
		if end < 0 {
			end = len(rest)
		}
		more, number, _ := strings.Cut(rest[:end], ":")
		fields, _ := strconv.Atoi(number)
		if more != "" && !t.Begins || t.Fields != 0 && fields&t.Fields == 0 {
			continue
		}
		best, ok = max(best, worth(fields, more == "")), true
	}
}

// longerWords are words of posts for everybody that begin with one: the shortest.
func (s *conn) longerWords(ctx context.Context, word string) ([]string, error) {
	var words []string
	for last, more := word, true; more && len(words) < longerRead; {
		q, args, most := s.dialect.wordsBetween(last, word+"\U0010FFFF", longerRead)
		rows, err := s.query(ctx, q, args...)
		if err != nil {
			return nil, err
		}
		n := 0
		for ; rows.next(); n++ {
			if next := rows.text(); next != last && len(words) < longerRead {
				words, last = append(words, next), next
			}
		}
		if err := rows.done(); err != nil {
			return nil, err
		}
		more = most > 0 && n == most
	}
	slices.SortStableFunc(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	return words[:min(len(words), maxLonger)], nil
}

// rarest is the index of the term that the fewest posts have, counted up to most.
func (s *conn) rarest(ctx context.Context, q PostSearch, longer [][]string, most int) (int, error) {
	if len(q.Terms) == 1 {
		return 0, nil
	}
	var parts []string
	var args []any
	for i, t := range q.Terms {
		n := 1
		if len(longer[i]) > 0 {
			n = maxLonger + 1
		}
		parts = append(parts, "SELECT "+strconv.Itoa(i)+", COUNT(*) FROM (SELECT 1 FROM search_words w WHERE w.scope = ? AND w.word IN "+placeholders(n)+
			" AND w.post_id < ? AND w.post_id > ? LIMIT ?) c"+strconv.Itoa(i))
		args = append(args, openScope, t.Word)
		for k := range n - 1 {
			args = append(args, longer[i][min(k, len(longer[i])-1)])
		}
		args = append(args, q.max(), q.Min, most)
	}
	rows, err := s.query(ctx, strings.Join(parts, " UNION ALL "), args...)
	if err != nil {
		return 0, err
	}
	best, least := 0, int64(math.MaxInt64)
	for rows.next() {
		i, n := int(rows.int()), rows.int()
		if n < least {
			best, least = i, n
		}
	}
	return best, rows.done()
}

// A matchRow is a post that has a word, or with whole unset a longer one.
type matchRow struct {
	id     int64
	fields int
	whole  bool
}

// postsWith reads the newest posts that have the term, of the scopes in which the viewer finds something, newest first.
func (s *conn) postsWith(ctx context.Context, viewer *Account, q PostSearch, t SearchTerm, longer []string, limit int) ([]matchRow, error) {
	var parts []string
	var args []any
	add := func(what, from string, more ...any) {
		parts = append(parts, "SELECT * FROM (SELECT w.post_id, w.fields, "+what+" FROM "+from+" AND w.post_id < ? AND w.post_id > ? ORDER BY w.post_id DESC LIMIT ?) b")
		args = append(append(args, more...), q.max(), q.Min)
	}
	exact := func(scope int64, word, whole string, limit int) {
		add(whole, "search_words w WHERE w.scope = ? AND w.word = ?", scope, word)
		args = append(args, limit)
	}
	exact(openScope, t.Word, "1", limit)
	for _, word := range longer {
		exact(openScope, word, "0", min(limit, longerMatches))
	}
	me := viewerID(viewer)
	var scopes []int64
	if me != 0 && (q.AuthorID == 0 || q.AuthorID == me) {
		scopes = []int64{me, -me}
	} else if q.AuthorID != 0 {
		scopes = []int64{q.AuthorID}
	}
	for _, scope := range scopes {
		exact(scope, t.Word, "1", limit)
		if t.Begins { // one member's posts, so that they may be sorted
			add("0", "search_words w WHERE w.scope = ? AND w.word > ? AND w.word < ?", scope, t.Word, t.Word+"\U0010FFFF")
			args = append(args, limit)
		}
	}
	if me != 0 && q.AuthorID == 0 {
		followed := func(word, whole string) {
			add(whole, "follows f "+s.dialect.orderedJoin()+" search_words w"+s.dialect.useIndex("PRIMARY")+" ON w.scope = f.followee_id AND w.word = ? WHERE f.follower_id = ?", word, me)
			args = append(args, limit)
		}
		followed(t.Word, "1")
		for _, word := range longer[:min(len(longer), longerHidden)] {
			followed(word, "0")
		}
	}
	rows, err := s.query(ctx, strings.Join(parts, " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	var list []matchRow
	for rows.next() {
		list = append(list, matchRow{rows.int(), int(rows.int()), rows.bool()})
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b matchRow) int {
		return cmp.Or(cmp.Compare(b.id, a.id), cmp.Compare(worth(b.fields, b.whole), worth(a.fields, a.whole)))
	})
	list = slices.CompactFunc(list, func(a, b matchRow) bool { return a.id == b.id })
	return list[:min(len(list), limit)], nil
}

// seenMatches are the ids on the page, of the posts that the viewer may find. The posts themselves decide, not the
// index.
func (s *conn) seenMatches(ctx context.Context, viewer *Account, q PostSearch, found []match) ([]int64, error) {
	where := postSeen(viewer)
	shown := condition{sql: "p.listed = 1"}
	if me := viewerID(viewer); me != 0 {
		shown = condition{"(p.listed = 1 OR p.author_id = ? OR p.home = 1 AND EXISTS (SELECT 1 FROM follows fw WHERE fw.follower_id = ? AND fw.followee_id = p.author_id))", []any{me, me}}
	}
	if me := viewerID(viewer); me != 0 && q.AuthorID == 0 {
		shown.and(unlimited(me, "a"))
	}
	if q.AuthorID != 0 { // as on the profile
		shown = condition{"p.author_id = ? AND (p.home = 1 OR p.author_id = ?)", []any{q.AuthorID, viewerID(viewer)}}
	} else if c, ok := s.unmuted(viewer, "a"); ok {
		shown.and(c)
	}
	where.and(shown)
	if c, ok := notHidden(viewer); ok {
		where.and(c)
	}
	var seen []int64
	for n := min(q.Skip+q.Limit+10, 128); len(found) > 0; n = 128 { // nearly all of them are seen
		chunk := found[:min(n, len(found))]
		found = found[len(chunk):]
		ids := make([]int64, len(chunk))
		for i, m := range chunk {
			ids[i] = m.id
		}
		list, args := in(ids)
		there, err := s.idList(ctx, "SELECT p.id FROM posts p JOIN accounts a ON a.id = p.author_id WHERE p.id IN "+list+" AND "+where.sql, slices.Concat(args, where.args)...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if slices.Contains(there, id) {
				seen = append(seen, id)
			}
		}
		if len(seen) >= q.Skip+q.Limit {
			break
		}
	}
	seen = seen[min(len(seen), q.Skip):]
	return seen[:min(len(seen), q.Limit)], nil
}

package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The index of the search is two tables. search_words has a row for each word of a post, in the order in which a search
// reads them: the newest posts with a word are a range of its key. search_posts has all words of a post in one row, by
// which the index is changed and several words are compared. docs/decisions/search.md has the reasons.
//
// A scope says who finds the post: openScope is for everybody, the author's id for the author and who follows them, and
// that id negated for the author alone.
const openScope = 0

// indexScope is the scope of a post or comment; ok is false for one that nobody finds.
func indexScope(p *Post) (scope int64, ok bool) {
	switch {
	case p.DeletedAt != nil:
		return 0, false
	case p.Kind != KindPost:
		return -p.AuthorID, true
	case p.Visibility == Public:
		return openScope, true
	}
	return p.AuthorID, true
}

// An indexEntry is what search_posts has, or is to have, of a post.
type indexEntry struct {
	scope int64
	words string // "word:fields word:fields", in the order of the words
	there bool
}

func (t searchText) entry(scope int64) indexEntry {
	var b strings.Builder
	for i, word := range slices.Sorted(maps.Keys(t)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(word)
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(t[word]))
	}
	return indexEntry{scope: scope, words: b.String(), there: true}
}

// each calls f for the words of the entry.
func (e indexEntry) each(f func(word string, fields int)) {
	for item := range strings.SplitSeq(e.words, " ") {
		if word, fields, ok := strings.Cut(item, ":"); ok {
			n, _ := strconv.Atoi(fields) // written above
			f(word, n)
		}
	}
}

// An indexRow is a row of search_words.
type indexRow struct {
	scope  int64
	word   string
	post   int64
	fields int
}

func (a indexRow) compare(b indexRow) int {
	return cmp.Or(cmp.Compare(a.scope, b.scope), cmp.Compare(a.word, b.word), cmp.Compare(a.post, b.post))
}

// IndexPosts makes the index true of these posts and comments, whatever it has of them, and returns of how many it was
// not. A post that is deleted, or not there, is not found any more. It belongs into the transaction that changed them; who
// did not change them has locked them.
func (s *conn) IndexPosts(ctx context.Context, ids ...int64) (changed int, err error) {
	if len(ids) == 0 {
		return 0, nil
	}
	want, err := s.wantedEntries(ctx, ids)
	if err != nil {
		return 0, err
	}
	return s.index(ctx, ids, want)
}

// unindexPosts takes posts and comments out of the index.
func (s *conn) unindexPosts(ctx context.Context, ids ...int64) error {
	_, err := s.index(ctx, ids, nil)
	return err
}

// index has the index have these entries of the posts, and none of those that are not among them.
func (s *conn) index(ctx context.Context, ids []int64, want map[int64]indexEntry) (changed int, err error) {
	have, err := s.indexEntries(ctx, ids)
	if err != nil {
		return 0, err
	}
	var gone, fresh []indexRow
	var replaced, written []int64
	for _, id := range ids {
		old, now := have[id], want[id]
		if old == now {
			continue
		}
		changed++
		before := map[indexRow]bool{}
		old.each(func(word string, fields int) { before[indexRow{old.scope, word, id, fields}] = true })
		now.each(func(word string, fields int) {
			row := indexRow{now.scope, word, id, fields}
			if before[row] {
				delete(before, row)
				return
			}
			fresh = append(fresh, row)
		})
		gone = slices.AppendSeq(gone, maps.Keys(before))
		if old.there {
			replaced = append(replaced, id)
		}
		if now.there {
			written = append(written, id)
		}
	}
	if err := s.deleteIndexRows(ctx, gone); err != nil {
		return 0, err
	}
	slices.SortFunc(fresh, indexRow.compare)
	err = s.insertInParts(ctx, "search_words", []string{"scope", "word", "post_id", "fields"}, len(fresh), func(i int, args []any) []any {
		r := fresh[i]
		return append(args, r.scope, r.word, r.post, r.fields)
	})
	if err != nil {
		return 0, err
	}
	if len(replaced) > 0 {
		list, args := in(replaced)
		if err := s.write(ctx).Exec("DELETE FROM search_posts WHERE post_id IN "+list, args...).Error; err != nil {
			return 0, translate(err)
		}
	}
	return changed, s.insertInParts(ctx, "search_posts", []string{"post_id", "scope", "words"}, len(written), func(i int, args []any) []any {
		e := want[written[i]]
		return append(args, written[i], e.scope, e.words)
	})
}

// deleteIndexRows deletes rows that are there, by their keys: a transaction locks nothing else.
func (s *conn) deleteIndexRows(ctx context.Context, rows []indexRow) error {
	slices.SortFunc(rows, func(a, b indexRow) int {
		return cmp.Or(cmp.Compare(a.post, b.post), a.compare(b))
	})
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && n < 128 && rows[n].post == rows[0].post && rows[n].scope == rows[0].scope {
			n++
		}
		args := []any{rows[0].scope, rows[0].post}
		for i := range padded(n) {
			args = append(args, rows[min(i, n-1)].word)
		}
		if err := s.write(ctx).Exec("DELETE FROM search_words WHERE scope = ? AND post_id = ? AND word IN "+placeholders(padded(n)), args...).Error; err != nil {
			return translate(err)
		}
		rows = rows[n:]
	}
	return nil
}

// insertInParts is insertRows for a number of rows that is another each time: it sends powers of two, so that few
// statements are prepared.
func (s *conn) insertInParts(ctx context.Context, table string, columns []string, n int, values func(i int, args []any) []any) error {
	for from, part := 0, 256; from < n; part /= 2 {
		for ; from+part <= n; from += part {
			at := from
			if err := s.insertRows(ctx, table, columns, part, func(i int, args []any) []any { return values(at+i, args) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexEntries is what the index has of the posts.
func (s *conn) indexEntries(ctx context.Context, ids []int64) (map[int64]indexEntry, error) {
	list, args := in(ids)
	rows, err := s.query(ctx, "SELECT i.post_id, i.scope, i.words FROM search_posts i WHERE i.post_id IN "+list, args...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]indexEntry, len(ids))
	for rows.next() {
		out[rows.int()] = indexEntry{scope: rows.int(), words: rows.text(), there: true}
	}
	return out, rows.done()
}

// wantedEntries is what the index is to have of the posts, read from their rows.
func (s *conn) wantedEntries(ctx context.Context, ids []int64) (map[int64]indexEntry, error) {
	list, args := in(ids)
	rows, err := s.query(ctx, "SELECT p.id, p.author_id, p.kind, p.visibility, p.deleted_at, p.show_exif, p.caption, p.warning FROM posts p WHERE p.id IN "+list, args...)
	if err != nil {
		return nil, err
	}
	posts := map[int64]*Post{}
	for rows.next() {
		p := &Post{ID: rows.int(), AuthorID: rows.int(), Kind: rows.text(), Visibility: Visibility(rows.text())}
		if at := rows.optional(); at != nil {
			p.DeletedAt = (*Millis)(at)
		}
		p.ShowExif, p.Caption, p.Warning = rows.bool(), rows.text(), rows.text()
		if _, found := indexScope(p); found {
			posts[p.ID] = p
		}
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	tags := map[int64][]string{}
	rows, err = s.query(ctx, "SELECT pt.post_id, t.name_key FROM post_tags pt JOIN tags t ON t.id = pt.tag_id WHERE pt.post_id IN "+list, args...)
	if err != nil {
		return nil, err
	}
	for rows.next() {
		id := rows.int()
		tags[id] = append(tags[id], rows.text())
	}
	if err := rows.done(); err != nil {
		return nil, err
	}
	photos, err := s.photos(ctx, "post_id IN "+list+" AND state = 'ready' ORDER BY post_id, position, id", args...)
	if err != nil {
		return nil, err
	}
	of := map[int64][]*Photo{}
	for _, ph := range photos {
		of[*ph.PostID] = append(of[*ph.PostID], ph)
	}
	out := make(map[int64]indexEntry, len(ids))
	for id, p := range posts {
		scope, _ := indexScope(p)
		slices.Sort(tags[id]) // those past maxPostWords are the same each time
		out[id] = textOf(p, tags[id], of[id]).entry(scope)
	}
	return out, nil
}

// textOf collects the words of a post: its author and tags, caption and warning, then of its photos what took them, and
// their descriptions.
func textOf(p *Post, tags []string, photos []*Photo) searchText {
	t := searchText{}
	t.add(AuthorWord(p.AuthorID), 0)
	for _, key := range tags {
		t.add(TagWord(key), InTag)
		t.addText(key, InTag)
	}
	t.addText(p.Caption, InCaption)
	t.addText(p.Warning, InWarning)
	if p.ShowExif {
		for _, ph := range photos {
			t.addText(ph.Metadata.V.Camera, InCamera)
			t.addText(ph.Metadata.V.Lens, InCamera)
		}
	}
	for _, ph := range photos {
		t.addText(ph.Description, InDescription)
	}
	return t
}

// IndexedBelow returns the highest ids below one, of posts and comments, deleted or not, and of what the index has: at most
// limit, the highest first.
func (s *conn) IndexedBelow(ctx context.Context, below int64, limit int) ([]int64, error) {
	ids, err := s.idList(ctx, "SELECT p.id FROM posts p WHERE p.id < ? ORDER BY p.id DESC LIMIT ?", below, limit)
	if err != nil {
		return nil, err
	}
	indexed, err := s.idList(ctx, "SELECT i.post_id FROM search_posts i WHERE i.post_id < ? ORDER BY i.post_id DESC LIMIT ?", below, limit)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(ids, indexed)
	slices.Sort(all)
	all = slices.Compact(all)
	slices.Reverse(all)
	return all[:min(len(all), limit)], nil
}

// Misindexed returns those of the posts and comments of which the index is not true.
func (s *conn) Misindexed(ctx context.Context, ids []int64) ([]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	want, err := s.wantedEntries(ctx, ids)
	if err != nil {
		return nil, err
	}
	have, err := s.indexEntries(ctx, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id int64) bool { return have[id] == want[id] }), nil
}

// LockPosts keeps others from changing these posts and comments until the transaction ends.
func (s *conn) LockPosts(ctx context.Context, ids []int64) error {
	ids = slices.Sorted(slices.Values(ids))
	list, args := in(ids)
	_, err := s.idList(ctx, "SELECT p.id FROM posts p WHERE p.id IN "+list+" ORDER BY p.id"+s.dialect.forUpdate(), args...)
	return err
}

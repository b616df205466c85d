package store

import (
	"context"
	"slices"
	"strconv"
)

// namesRead is how many accounts with a word in their names are looked at.
const namesRead = 1000

// AccountsNamed returns accounts that the viewer may see and whose displayed name has all of the words, the last of which may be
// the beginning of one: those with the shortest usernames first. With followed it returns only accounts that the viewer follows.
// It looks at 1,000 that have the first of the words.
func (s *conn) AccountsNamed(ctx context.Context, viewer *Account, words []string, followed bool, limit int) ([]*Account, error) {
	if len(words) == 0 {
		return nil, nil
	}
	last := words[len(words)-1]
	begins := condition{"n.word >= ? AND n.word < ?", []any{last, last + "\U0010FFFF"}}
	first, rest := begins, words[:len(words)-1]
	if len(rest) > 0 {
		first = condition{"n.word = ?", []any{rest[0]}}
	}
	q := s.read(ctx).Where("accounts.id IN (SELECT f.account_id FROM (SELECT DISTINCT n.account_id FROM account_words n WHERE "+first.sql+" LIMIT "+strconv.Itoa(namesRead)+") f)", first.args...)
	if len(rest) > 0 {
		for _, word := range rest[1:] {
			q = q.Where("EXISTS (SELECT 1 FROM account_words n WHERE n.account_id = accounts.id AND n.word = ?)", word)
		}
		q = q.Where("EXISTS (SELECT 1 FROM account_words n WHERE n.account_id = accounts.id AND "+begins.sql+")", begins.args...)
	}
	seen := accountListed(viewer, "accounts")
	q = q.Where(seen.sql, seen.args...)
	if followed {
		q = q.Where("EXISTS (SELECT 1 FROM follows fo WHERE fo.follower_id = ? AND fo.followee_id = accounts.id)", viewerID(viewer))
	}
	var as []*Account
	err := q.Order("LENGTH(username_key), username_key").Limit(limit).Find(&as).Error
	return as, translate(err)
}

// setNameWords has an account found by its displayed name.
func (s *conn) setNameWords(ctx context.Context, id int64, name string) error {
	rows, err := s.query(ctx, "SELECT n.word FROM account_words n WHERE n.account_id = ?", id)
	if err != nil {
		return err
	}
	var have []string
	for rows.next() {
		have = append(have, rows.text())
	}
	if err := rows.done(); err != nil {
		return err
	}
	want := slices.Compact(slices.Sorted(indexWords(name)))
	for _, word := range have {
		if slices.Contains(want, word) {
			continue
		}
		if err := s.write(ctx).Exec("DELETE FROM account_words WHERE word = ? AND account_id = ?", word, id).Error; err != nil {
			return translate(err)
		}
	}
	for _, word := range want {
		if slices.Contains(have, word) {
			continue
		}
		if err := s.write(ctx).Exec("INSERT INTO account_words (word, account_id) VALUES (?, ?)", word, id).Error; err != nil {
			return translate(err)
		}
	}
	return nil
}

// IndexNames has accounts found by their displayed names, whatever the index has of them; deleted ones are not. They are
// locked.
func (s *conn) IndexNames(ctx context.Context, ids []int64) error {
	list, args := in(ids)
	rows, err := s.query(ctx, "SELECT a.id, a.display_name, a.deleted_at IS NOT NULL FROM accounts a WHERE a.id IN "+list, args...)
	if err != nil {
		return err
	}
	names := map[int64]string{}
	for rows.next() {
		id, name := rows.int(), rows.text()
		if rows.bool() {
			name = ""
		}
		names[id] = name
	}
	if err := rows.done(); err != nil {
		return err
	}
	for id, name := range names {
		if err := s.setNameWords(ctx, id, name); err != nil {
			return err
		}
	}
	return nil
}

package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// TagDay is how often public posts used a tag on one day.
type TagDay struct {
	Day            int64 // since 1970, UTC
	Uses, Accounts int
}

// dayOfIDs is how far apart the ids of two days are.
const dayOfIDs = 24 * 60 * 60 * 1000 << 16

// CountTagDays counts, for each of the tags and each day from the first, the public posts with it and their authors. Of a tag
// it counts the newest posts, at most so many.
func (s *conn) CountTagDays(ctx context.Context, tags []int64, first int64, each int) (map[int64][]TagDay, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	branch := "SELECT * FROM (SELECT t.tag_id, t.post_id FROM post_tags t" + s.dialect.useIndex("PRIMARY") +
		" WHERE t.tag_id = ? AND t.post_id >= ? ORDER BY t.post_id DESC LIMIT ?) b"
	args := []any{dayOfIDs}
	for _, id := range tags {
		args = append(args, id, first*dayOfIDs, each)
	}
	seen := accountSeen(nil, "a")
	rows, err := s.query(ctx, "SELECT x.tag_id, x.post_id - x.post_id % ? AS day, COUNT(*), COUNT(DISTINCT p.author_id) FROM ("+
		strings.TrimSuffix(strings.Repeat(branch+" UNION ALL ", len(tags)), " UNION ALL ")+") x "+s.joinByID("posts p", "x.post_id")+" "+s.joinByID("accounts a", "p.author_id")+
		" WHERE p.listed = 1 AND "+seen.sql+" GROUP BY x.tag_id, day", append(args, seen.args...)...)
	if err != nil {
		return nil, err
	}
	found := make(map[int64][]TagDay, len(tags))
	for rows.next() {
		tag := rows.int()
		found[tag] = append(found[tag], TagDay{rows.int() / dayOfIDs, int(rows.int()), int(rows.int())})
	}
	return found, rows.done()
}

// TrendingTagDays are those of CountTagDays that were counted when the tags were ranked, of the tags that are.
func (s *conn) TrendingTagDays(ctx context.Context, tags []int64) (map[int64][]TagDay, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	list, args := in(tags)
	rows, err := s.query(ctx, "SELECT tr.target_id, tr.days FROM trends tr WHERE tr.kind = ? AND tr.days <> '' AND tr.target_id IN "+list, append([]any{TrendTag}, args...)...)
	if err != nil {
		return nil, err
	}
	found := make(map[int64][]TagDay, len(tags))
	for rows.next() {
		tag := rows.int()
		found[tag] = readTagDays(rows.text())
	}
	return found, rows.done()
}

// TagDays writes days for a Trend: "20423:12:5", the day, the uses and the accounts, with a space between days. No days are
// "-", which is not the same as days that nobody counted.
func TagDays(days []TagDay) string {
	words := make([]string, len(days))
	for i, d := range days {
		words[i] = fmt.Sprintf("%d:%d:%d", d.Day, d.Uses, d.Accounts)
	}
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, " ")
}

func readTagDays(text string) []TagDay {
	var days []TagDay
	for _, word := range strings.Fields(text) {
		if parts := strings.Split(word, ":"); len(parts) == 3 {
			day, _ := strconv.ParseInt(parts[0], 10, 64) // TagDays wrote them
			uses, _ := strconv.Atoi(parts[1])
			accounts, _ := strconv.Atoi(parts[2])
			days = append(days, TagDay{day, uses, accounts})
		}
	}
	return days
}

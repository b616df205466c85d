package store

import (
	"context"
	"strconv"
	"strings"
)

// What a page of posts shows beside the posts themselves. These reads are the public feed's cost, so they name their
// columns and decode without reflection.

const feedAccountColumns = "a.id, a.username, a.display_name, a.note, a.fields, a.avatar_photo_id, a.header_photo_id, a.locked, a.role," +
	" a.followers_count, a.following_count, a.posts_count, a.last_post_at, a.created_at"

// FeedAccounts are the accounts as others see them, without what belongs to the member alone (address, password,
// preferences). Of the ids only those that the viewer may see are answered.
func (s *Store) FeedAccounts(ctx context.Context, viewer *Account, ids []int64) (map[int64]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	c := accountSeen(viewer, "a")
	rows, err := s.query(ctx, "SELECT "+feedAccountColumns+" FROM accounts a WHERE a.id IN "+list+" AND "+c.sql, append(args, c.args...)...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*Account, len(ids))
	for rows.next() {
		a := &Account{}
		a.ID = rows.int()
		a.Username = rows.text()
		a.DisplayName = rows.text()
		a.Note = rows.text()
		if fields := rows.text(); len(fields) > 2 && fields != "null" {
			if err := a.Fields.Scan(fields); err != nil {
				rows.err = err
			}
		}
		a.AvatarPhotoID = rows.optional()
		a.HeaderPhotoID = rows.optional()
		a.Locked = rows.bool()
		a.Role = rows.text()
		a.FollowersCount = int(rows.int())
		a.FollowingCount = int(rows.int())
		a.PostsCount = int(rows.int())
		a.LastPostAt = rows.millis()
		a.CreatedAt = Millis(rows.int())
		out[a.ID] = a
	}
	return out, rows.done()
}

const feedPhotoColumns = "ph.id, ph.account_id, ph.post_id, ph.purpose, ph.position, ph.state, ph.set_random, ph.set_kind, ph.variants," +
	" ph.width, ph.height, ph.focus_x, ph.focus_y, ph.description, ph.blurhash, ph.color_top, ph.color_bottom, ph.profile, ph.animated"

// FeedPhotos are the ready photos of the posts, in their order, and the ready ones among faces (avatars and headers,
// which have no post). With metadata what the camera wrote comes along.
func (s *Store) FeedPhotos(ctx context.Context, postIDs, faces []int64, metadata bool) ([]*Photo, error) {
	columns := feedPhotoColumns
	if metadata {
		columns += ", ph.source, ph.metadata"
	}
	var q []string
	var args []any
	if len(postIDs) > 0 {
		list, a := in(postIDs)
		q, args = append(q, "SELECT "+columns+" FROM photos ph WHERE ph.post_id IN "+list+" AND ph.state = 'ready'"), a
	}
	if len(faces) > 0 {
		list, a := in(faces)
		q, args = append(q, "SELECT "+columns+" FROM photos ph WHERE ph.id IN "+list+" AND ph.state = 'ready'"), append(args, a...)
	}
	if len(q) == 0 {
		return nil, nil
	}
	rows, err := s.query(ctx, strings.Join(q, " UNION ALL ")+" ORDER BY 3, 5, 1", args...) // post, position, id
	if err != nil {
		return nil, err
	}
	var out []*Photo
	for rows.next() {
		p := &Photo{}
		p.ID = rows.int()
		p.AccountID = rows.int()
		p.PostID = rows.optional()
		p.Purpose = rows.text()
		p.Position = int(rows.int())
		p.State = rows.text()
		p.SetRandom = rows.text()
		p.SetKind = rows.text()
		p.Variants.V = rows.variants()
		p.Width = int(rows.int())
		p.Height = int(rows.int())
		p.FocusX = rows.float()
		p.FocusY = rows.float()
		p.Description = rows.text()
		p.Blurhash = rows.text()
		p.ColorTop = rows.text()
		p.ColorBottom = rows.text()
		p.Profile = rows.text()
		p.Animated = rows.bool()
		if metadata {
			p.Source = rows.text()
			if err := p.Metadata.Scan(rows.text()); err != nil {
				rows.err = err
			}
		}
		out = append(out, p)
	}
	return out, rows.done()
}

func (r *rowReader) variants() []Variant {
	text := r.text()
	if v, ok := parseVariants(text); ok {
		return v
	}
	var j JSON[[]Variant]
	if err := j.Scan(text); err != nil && r.err == nil {
		r.err = err
	}
	return j.V
}

// parseVariants reads exactly what JSON[[]Variant] writes. Anything else, if only a space more, is left to
// encoding/json, which takes ten times as long: a page has a few hundred variants.
func parseVariants(s string) ([]Variant, bool) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return nil, false
	}
	if s == "[]" {
		return nil, true
	}
	out := make([]Variant, 0, strings.Count(s, "{"))
	s = s[1:]
	for {
		var v Variant
		var ok bool
		if s, ok = strings.CutPrefix(s, `{"name":"`); !ok {
			return nil, false
		}
		i := strings.IndexByte(s, '"')
		if i < 0 || strings.IndexByte(s[:i], '\\') >= 0 {
			return nil, false
		}
		v.Name = s[:i]
		s = s[i+1:]
		for _, f := range [...]struct {
			key string
			set func(int64)
		}{
			{`,"w":`, func(n int64) { v.Width = int(n) }},
			{`,"h":`, func(n int64) { v.Height = int(n) }},
			{`,"b":`, func(n int64) { v.Bytes = n }},
		} {
			if s, ok = strings.CutPrefix(s, f.key); !ok {
				return nil, false
			}
			i := 0
			for i < len(s) && s[i] >= '0' && s[i] <= '9' {
				i++
			}
			n, err := strconv.ParseInt(s[:i], 10, 64)
			if err != nil {
				return nil, false
			}
			f.set(n)
			s = s[i:]
		}
		out = append(out, v)
		switch {
		case s == "}]":
			return out, true
		case strings.HasPrefix(s, "},"):
			s = s[2:]
		default:
			return nil, false
		}
	}
}

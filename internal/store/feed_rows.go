package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
)

// What a page of posts shows beside the posts themselves. These reads are the public feed's cost, so they name their
// columns and decode without reflection.

const feedAccountColumns = "CONCAT_WS(' ', a.id, a.username, IFNULL(a.avatar_photo_id, 0), IFNULL(a.header_photo_id, 0), a.locked, a.role," +
	" a.followers_count, a.following_count, a.posts_count, a.open_posts_count, IFNULL(a.last_post_at, 0), a.created_at), a.display_name, a.note, a.fields"

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
		rows.pack()
		a.ID = rows.packedInt()
		a.Username = rows.packedText()
		a.AvatarPhotoID = rows.packedOptional()
		a.HeaderPhotoID = rows.packedOptional()
		a.Locked = rows.packedBool()
		a.Role = rows.packedText()
		a.FollowersCount = int(rows.packedInt())
		a.FollowingCount = int(rows.packedInt())
		a.PostsCount = int(rows.packedInt())
		a.OpenPostsCount = int(rows.packedInt())
		a.LastPostAt = (*Millis)(rows.packedOptional())
		a.CreatedAt = Millis(rows.packedInt())
		a.DisplayName = rows.text()
		a.Note = rows.text()
		if fields := rows.text(); len(fields) > 2 && fields != "null" {
			if err := a.Fields.Scan(fields); err != nil {
				rows.err = err
			}
		}
		out[a.ID] = a
	}
	return out, rows.done()
}

const feedPhotoColumns = "CONCAT_WS(' ', ph.id, ph.account_id, IFNULL(ph.post_id, 0), ph.purpose, ph.position, ph.set_random, ph.set_kind," +
	" ph.width, ph.height, ph.focus_x, ph.focus_y, ph.blurhash, ph.color_top, ph.color_bottom, ph.profile, ph.animated), ph.variants, ph.description"

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
	rows, err := s.query(ctx, strings.Join(q, " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	var out []*Photo
	for rows.next() {
		p := &Photo{State: PhotoReady}
		rows.pack()
		p.ID = rows.packedInt()
		p.AccountID = rows.packedInt()
		p.PostID = rows.packedOptional()
		p.Purpose = rows.packedText()
		p.Position = int(rows.packedInt())
		p.SetRandom = rows.packedText()
		p.SetKind = rows.packedText()
		p.Width = int(rows.packedInt())
		p.Height = int(rows.packedInt())
		p.FocusX = rows.packedFloat()
		p.FocusY = rows.packedFloat()
		p.Blurhash = rows.packedText()
		p.ColorTop = rows.packedText()
		p.ColorBottom = rows.packedText()
		p.Profile = rows.packedText()
		p.Animated = rows.packedBool()
		p.Variants.V = rows.variants()
		p.Description = rows.text()
		if metadata {
			p.Source = rows.text()
			if err := p.Metadata.Scan(rows.text()); err != nil {
				rows.err = err
			}
		}
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Photo) int { // within a post; here, for compound selects order by columns only
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
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

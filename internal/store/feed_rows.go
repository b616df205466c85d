package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// What a page of posts shows beside the posts themselves. These reads are the public feed's cost, so they name their
// columns and decode without reflection.

var feedAccountColumns = "CONCAT_WS(' ', a.id, a.username, IFNULL(a.avatar_photo_id, 0), IFNULL(a.header_photo_id, 0), a.locked, a.role," +
	" a.followers_count, a.following_count, a.posts_count, a.open_posts_count, IFNULL(a.last_post_at, 0), a.created_at, " + sized("a.display_name") + ", " + sized("a.fields") + ", a.note)"

// FeedAccounts are the accounts as others see them, without what belongs to the member alone (address, password,
// preferences). Of the ids only those that the viewer may see are answered.
func (s *Store) FeedAccounts(ctx context.Context, viewer *Account, ids []int64) (map[int64]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	c := accountSeen(viewer, "a")
	rows, err := s.page(ctx, "SELECT "+feedAccountColumns+" FROM accounts a WHERE a.id IN "+list+" AND "+c.sql, append(args, c.args...)...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*Account, len(ids))
	for rows.next() {
		one := &struct { // one piece of memory
			Account
			avatar, header, lastPost int64
		}{}
		a := &one.Account
		rows.pack()
		a.ID = rows.packedInt()
		a.Username = rows.packedText()
		a.AvatarPhotoID = rows.packedOptionalIn(&one.avatar)
		a.HeaderPhotoID = rows.packedOptionalIn(&one.header)
		a.Locked = rows.packedBool()
		a.Role = rows.packedText()
		a.FollowersCount = int(rows.packedInt())
		a.FollowingCount = int(rows.packedInt())
		a.PostsCount = int(rows.packedInt())
		a.OpenPostsCount = int(rows.packedInt())
		a.LastPostAt = (*Millis)(rows.packedOptionalIn(&one.lastPost))
		a.CreatedAt = Millis(rows.packedInt())
		a.DisplayName = rows.packedSized()
		if fields := rows.packedSized(); len(fields) > 2 && fields != "null" {
			if err := a.Fields.Scan(fields); err != nil {
				rows.err = err
			}
		}
		a.Note = rows.packedRest()
		out[a.ID] = a
	}
	return out, rows.done()
}

// feedPhotoColumns are those of posts' photos, feedFaceColumns of faces. SQLite is slow at writing fractions, and most
// photos have their focus in the middle.
var (
	feedPhotoColumns = columnsOfPhotos("ph.post_id, '" + PurposePost + "'")
	feedFaceColumns  = columnsOfPhotos("0, ph.purpose")
)

func columnsOfPhotos(place string) string {
	return "CONCAT_WS(' ', ph.id, ph.account_id, " + place + ", ph.position, ph.set_random, ph.set_kind, ph.width, ph.height," +
		" CASE WHEN ph.focus_x = 0 THEN 0 ELSE ph.focus_x END, CASE WHEN ph.focus_y = 0 THEN 0 ELSE ph.focus_y END," +
		" ph.blurhash, ph.color_top, ph.color_bottom, ph.profile, ph.animated, " + sized("ph.variants") + ", ph.description)"
}

// FeedPhotos are the ready photos of the posts, in their order, and the ready ones among faces (avatars and headers,
// which have no post). With metadata what the camera wrote comes along.
func (s *Store) FeedPhotos(ctx context.Context, postIDs, faces []int64, metadata bool) ([]*Photo, error) {
	more := ""
	if metadata {
		more = ", ph.source, ph.metadata"
	}
	var q []string
	var args []any
	if len(postIDs) > 0 {
		list, a := in(postIDs)
		q, args = append(q, "SELECT "+feedPhotoColumns+more+" FROM photos ph WHERE ph.post_id IN "+list+" AND ph.state = 'ready'"), a
	}
	if len(faces) > 0 {
		list, a := in(faces)
		q, args = append(q, "SELECT "+feedFaceColumns+more+" FROM photos ph WHERE ph.id IN "+list+" AND ph.state = 'ready'"), append(args, a...)
	}
	if len(q) == 0 {
		return nil, nil
	}
	rows, err := s.page(ctx, strings.Join(q, " UNION ALL "), args...)
	if err != nil {
		return nil, err
	}
	out := make([]*Photo, 0, rows.count())
	for rows.next() {
		one := &struct { // one piece of memory
			Photo
			post int64
		}{}
		p := &one.Photo
		p.State = PhotoReady
		rows.pack()
		p.ID = rows.packedInt()
		p.AccountID = rows.packedInt()
		p.PostID = rows.packedOptionalIn(&one.post)
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
		p.Variants.V = rows.variants(rows.packedSized())
		p.Description = rows.packedRest()
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

func (r *rowReader) variants(text string) []Variant {
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
		var w, h int64
		if w, s, ok = numberAfter(s, `,"w":`); !ok {
			return nil, false
		}
		if h, s, ok = numberAfter(s, `,"h":`); !ok {
			return nil, false
		}
		if v.Bytes, s, ok = numberAfter(s, `,"b":`); !ok {
			return nil, false
		}
		v.Width, v.Height = int(w), int(h)
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

// numberAfter reads the number after the key, which has up to 18 digits.
func numberAfter(s, key string) (n int64, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, key); !ok {
		return 0, s, false
	}
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, s[i:], i > 0 && i <= 18
}

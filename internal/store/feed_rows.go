package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

// What a page of posts shows beside the posts themselves. These reads are the public feed's cost, so they name their
// columns and decode without reflection.

// An accountRow is an account, and the values that its pointers point at.
type accountRow struct {
	Account
	avatar, header int64
	lastPost       Millis
}

var shownAccount = newColumns(
	number("a.id", func(a *accountRow) *int64 { return &a.ID }),
	word("a.username", func(a *accountRow) *string { return &a.Username }),
	optionalIn("a.avatar_photo_id", func(a *accountRow) (**int64, *int64) { return &a.AvatarPhotoID, &a.avatar }),
	optionalIn("a.header_photo_id", func(a *accountRow) (**int64, *int64) { return &a.HeaderPhotoID, &a.header }),
	flag("a.locked", func(a *accountRow) *bool { return &a.Locked }),
	word("a.role", func(a *accountRow) *string { return &a.Role }),
	number("a.followers_count", func(a *accountRow) *int { return &a.FollowersCount }),
	number("a.following_count", func(a *accountRow) *int { return &a.FollowingCount }),
	number("a.posts_count", func(a *accountRow) *int { return &a.PostsCount }),
	number("a.open_posts_count", func(a *accountRow) *int { return &a.OpenPostsCount }),
	optionalIn("a.last_post_at", func(a *accountRow) (**Millis, *Millis) { return &a.LastPostAt, &a.lastPost }),
	number("a.created_at", func(a *accountRow) *Millis { return &a.CreatedAt }),
	text("a.display_name", func(a *accountRow) *string { return &a.DisplayName }),
	texts("a.fields", func(a *accountRow, text string) error {
		if text == "[]" || text == "null" {
			return nil
		}
		return a.Fields.Scan(text)
	}),
	text("a.note", func(a *accountRow) *string { return &a.Note }),
)

// FeedAccounts are the accounts as others see them, without what belongs to the member alone (address, password,
// preferences). Of the ids only those that the viewer may see are answered.
func (s *Store) FeedAccounts(ctx context.Context, viewer *Account, ids []int64) (map[int64]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
	c := accountSeen(viewer, "a")
	rows, err := s.page(ctx, "SELECT "+shownAccount.sql+" FROM accounts a WHERE a.id IN "+list+" AND "+c.sql, append(args, c.args...)...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*Account, len(ids))
	for rows.next() {
		a := new(accountRow)
		shownAccount.read(rows, a)
		out[a.ID] = &a.Account
	}
	return out, rows.done()
}

// What is read of photos for pages, and for the page of a single post.
var (
	shownPhoto          = concat([]column[photoRow]{photoIsReady}, shownPhotoColumns)
	shownPhotoAndCamera = concat([]column[photoRow]{photoIsReady}, photoMetadataColumns, shownPhotoColumns)
	photoIsReady        = given(func(p *photoRow) { p.State = PhotoReady })
)

// FeedPhotos are the ready photos of the posts, in their order, and the ready ones among profileIDs (avatars and headers,
// which have no post). With metadata what the camera wrote comes along.
func (s *Store) FeedPhotos(ctx context.Context, postIDs, profileIDs []int64, metadata bool) ([]*Photo, error) {
	columns := &shownPhoto
	if metadata {
		columns = &shownPhotoAndCamera
	}
	var q []string
	var args []any
	for _, from := range []struct {
		column string
		ids    []int64
	}{{"ph.post_id", postIDs}, {"ph.id", profileIDs}} {
		if len(from.ids) > 0 {
			list, a := in(from.ids)
			q, args = append(q, "SELECT "+columns.sql+" FROM photos ph WHERE "+from.column+" IN "+list+" AND ph.state = 'ready'"), append(args, a...)
		}
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
		p := new(photoRow)
		columns.read(rows, p)
		out = append(out, &p.Photo)
	}
	slices.SortFunc(out, func(a, b *Photo) int { // within a post; here, for compound selects order by columns only
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	return out, rows.done()
}

package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unsafe"
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
	number("a.photos_version", func(a *accountRow) *int64 { return &a.PhotosVersion }),
	flag("a.locked", func(a *accountRow) *bool { return &a.Locked }),
	flag("a.bot", func(a *accountRow) *bool { return &a.Bot }),
	flag("a.discoverable", func(a *accountRow) *bool { return &a.Discoverable }),
	word("a.role", func(a *accountRow) *string { return &a.Role }),
	number("a.followers_count", func(a *accountRow) *int { return &a.FollowersCount }),
	number("a.following_count", func(a *accountRow) *int { return &a.FollowingCount }),
	number("a.posts_count", func(a *accountRow) *int { return &a.PostsCount }),
	number("a.open_posts_count", func(a *accountRow) *int { return &a.OpenPostsCount }),
	number("a.comments_count", func(a *accountRow) *int { return &a.CommentsCount }),
	number("a.open_comments_count", func(a *accountRow) *int { return &a.OpenCommentsCount }),
	optionalIn("a.last_post_at", func(a *accountRow) (**Millis, *Millis) { return &a.LastPostAt, &a.lastPost }),
	optional("a.limited_at", func(a *accountRow) **Millis { return &a.LimitedAt }),
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
func (s *conn) FeedAccounts(ctx context.Context, viewer *Account, ids []int64) (map[int64]*Account, error) {
	return s.shownAccounts(ctx, ids, accountSeen(viewer, "a"))
}

// ActiveAccounts are FeedAccounts that are neither suspended nor deleted, whoever may see them.
func (s *conn) ActiveAccounts(ctx context.Context, ids []int64) (map[int64]*Account, error) {
	return s.shownAccounts(ctx, ids, accountActive("a"))
}

func (s *conn) shownAccounts(ctx context.Context, ids []int64, c condition) (map[int64]*Account, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, args := in(ids)
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

// The photos of posts and of accounts, as pages and the page of a single post read them. With them comes what tells them,
// by their post or account, from other photos.
var (
	postPhotos    = newShownPhotos("p.photos_version", "IFNULL(p.edited_at, 0)")
	accountPhotos = newShownPhotos("a.photos_version", "0")
)

type shownPhotos struct{ plain, withMetadata columns[photoRow] }

func newShownPhotos(version, edited string) shownPhotos {
	owner := []column[photoRow]{
		{read: func(r *rowReader, p *photoRow) { p.bytes = len(r.packed) }},
		given(func(p *photoRow) { p.State = PhotoReady }),
		number(version, func(p *photoRow) *int64 { return &p.version }),
		number(edited, func(p *photoRow) *Millis { return &p.edited }),
	}
	return shownPhotos{concat(owner, shownPhotoColumns), concat(owner, photoMetadataColumns, shownPhotoColumns)}
}

func (s *shownPhotos) columns(metadata bool) *columns[photoRow] {
	if metadata {
		return &s.withMetadata
	}
	return &s.plain
}

// FeedPhotos returns the ready photos of each of the posts, in their order, and sets the avatars and headers of the
// accounts, as far as they are ready. With metadata what the camera wrote comes along. The photos are at least as new as
// the rows of the posts and accounts. They are others' as well: nobody may change them.
func (s *conn) FeedPhotos(ctx context.Context, posts []*Post, accounts []*Account, metadata bool) ([][]*Photo, error) {
	keys := make([]photosKey, 0, len(posts)+len(accounts))
	for _, p := range posts {
		k := photosKey{id: p.ID, version: p.PhotosVersion, metadata: metadata}
		if p.EditedAt != nil {
			k.edited = *p.EditedAt
		}
		keys = append(keys, k)
	}
	for _, a := range accounts {
		k := photosKey{id: a.ID, version: a.PhotosVersion, metadata: metadata, account: true}
		if a.AvatarPhotoID != nil {
			k.avatar = *a.AvatarPhotoID
		}
		if a.HeaderPhotoID != nil {
			k.header = *a.HeaderPhotoID
		}
		keys = append(keys, k)
	}
	found, known := make([][]*Photo, len(keys)), 0
	s.shown.Each(keys, func(i int, photos []*Photo) { found[i], known = photos, known+1 })
	if known < len(keys) {
		if err := s.readPhotos(ctx, keys, found, metadata); err != nil {
			return nil, err
		}
	}
	for i, a := range accounts {
		k := keys[len(posts)+i]
		for _, ph := range found[len(posts)+i] {
			switch ph.ID {
			case k.avatar:
				a.Avatar = ph
			case k.header:
				a.Header = ph
			}
		}
	}
	return found[:len(posts):len(posts)], nil
}

// readPhotos fills found with the photos of those keys for which it has none yet.
func (s *conn) readPhotos(ctx context.Context, keys []photosKey, found [][]*Photo, metadata bool) error {
	type owner struct {
		id      int64
		account bool
	}
	missing := make(map[owner]int, len(keys)) // the index of its key
	var postIDs, profileIDs []int64
	for i, k := range keys {
		o := owner{k.id, k.account}
		if _, twice := missing[o]; twice || found[i] != nil {
			continue
		}
		missing[o] = i
		if !k.account {
			postIDs = append(postIDs, k.id)
		}
		for _, id := range [...]int64{k.avatar, k.header} {
			if id != 0 {
				profileIDs = append(profileIDs, id)
			}
		}
	}
	of, profile := postPhotos.columns(metadata), accountPhotos.columns(metadata)
	var q []string
	var args []any
	if len(postIDs) > 0 {
		list, a := in(postIDs)
		q, args = append(q, "SELECT "+of.sql+" FROM photos ph "+s.joinByID("posts p", "ph.post_id")+" WHERE ph.post_id IN "+list+" AND ph.state = 'ready'"), append(args, a...)
	}
	if len(profileIDs) > 0 {
		list, a := in(profileIDs)
		q, args = append(q, "SELECT "+profile.sql+" FROM photos ph "+s.joinByID("accounts a", "ph.account_id")+" WHERE ph.id IN "+list+" AND ph.state = 'ready'"), append(args, a...)
	}
	if len(q) == 0 {
		return nil
	}
	rows, err := s.page(ctx, strings.Join(q, " UNION ALL "), args...)
	if err != nil {
		return err
	}
	read := make([]*photoRow, 0, rows.count())
	for rows.next() {
		p := new(photoRow)
		of.read(rows, p) // both have the same columns
		read = append(read, p)
	}
	if err := rows.done(); err != nil {
		return err
	}
	slices.SortFunc(read, func(a, b *photoRow) int { // within a post; here, for compound selects order by columns only
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.ID, b.ID))
	})
	bytes := make([]int, len(keys))
	for _, p := range read {
		o := owner{p.post, false}
		if p.PostID == nil {
			o = owner{p.AccountID, true}
		}
		i, ok := missing[o]
		if !ok {
			continue
		}
		k := keys[i]
		found[i] = append(found[i], &p.Photo)
		if p.version == k.version && p.edited == k.edited && bytes[i] >= 0 {
			bytes[i] += p.memory()
		} else {
			bytes[i] = -1 // changed since the post or account was read
		}
	}
	for i, k := range keys {
		if first, ok := missing[owner{k.id, k.account}]; ok {
			found[i] = found[first]
		}
		if bytes[i] > 0 {
			found[i] = slices.Clip(found[i])
			s.shown.Put(k, found[i], bytes[i])
		}
	}
	return nil
}

// memory is about how many bytes the photo takes. Its texts are parts of one, but for those of the metadata.
func (p *photoRow) memory() int {
	return int(unsafe.Sizeof(*p)) + 2*p.bytes + cap(p.Variants.V)*int(unsafe.Sizeof(Variant{}))
}

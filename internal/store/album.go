package store

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Albums al, whose owner's row is ow. An album is seen if its owner is, and it is public, or the viewer is one whom its
// visibility lets in, its owner, or invited to it. A photo in it is seen where its post is; see albumPhotos.

var albumColumns = newColumns(
	number("al.id", func(a *Album) *int64 { return &a.ID }),
	number("al.owner_id", func(a *Album) *int64 { return &a.OwnerID }),
	word("al.visibility", func(a *Album) *Visibility { return &a.Visibility }),
	word("al.adders", func(a *Album) *string { return &a.Adders }),
	word("al.ordering", func(a *Album) *string { return &a.Ordering }),
	optional("al.cover_photo_id", func(a *Album) **int64 { return &a.CoverPhotoID }),
	optional("al.ends_at", func(a *Album) **Millis { return &a.EndsAt }),
	number("al.created_at", func(a *Album) *Millis { return &a.CreatedAt }),
	number("al.updated_at", func(a *Album) *Millis { return &a.UpdatedAt }),
	flag("EXISTS (SELECT 1 FROM album_members am WHERE am.album_id = al.id AND am.account_id = ?)", func(a *Album) *bool { return &a.Invited }),
	text("al.title", func(a *Album) *string { return &a.Title }),
	text("al.description", func(a *Album) *string { return &a.Description }),
)

// albumSeen is the condition on an album.
func albumSeen(viewer *Account) condition {
	c := accountSeen(viewer, "ow")
	id := viewerID(viewer)
	if id == 0 {
		c.and(condition{"al.visibility = ?", []any{Public}})
		return c
	}
	c.and(condition{"(al.visibility IN (?, ?) OR al.owner_id = ?" +
		" OR al.visibility = ? AND EXISTS (SELECT 1 FROM follows fo WHERE fo.follower_id = ? AND fo.followee_id = al.owner_id)" +
		" OR EXISTS (SELECT 1 FROM album_members ai WHERE ai.album_id = al.id AND ai.account_id = ?))",
		[]any{Public, AlbumMembers, id, Followers, id, id}})
	return c
}

// albums reads the albums that rest, which begins after the columns, selects.
func (s *conn) albums(ctx context.Context, viewer *Account, rest string, args ...any) ([]*Album, error) {
	rows, err := s.query(ctx, "SELECT "+albumColumns.sql+" "+rest, append([]any{viewerID(viewer)}, args...)...)
	if err != nil {
		return nil, err
	}
	var out []*Album
	for rows.next() {
		a := new(Album)
		albumColumns.read(rows, a)
		out = append(out, a)
	}
	return out, rows.done()
}

// AlbumByID is an album that the viewer may see, else ErrNotFound.
func (s *conn) AlbumByID(ctx context.Context, viewer *Account, id int64) (al *Album, err error) {
	c := albumSeen(viewer)
	err = lookUp(ctx, func(ctx context.Context) error {
		list, err := s.albums(ctx, viewer, "FROM albums al JOIN accounts ow ON ow.id = al.owner_id WHERE al.id = ? AND "+c.sql, append([]any{id}, c.args...)...)
		if err == nil && len(list) == 0 {
			err = ErrNotFound
		}
		if err == nil {
			al = list[0]
		}
		return err
	})
	return al, err
}

// AlbumsByID are those of the albums that the viewer may see.
func (s *conn) AlbumsByID(ctx context.Context, viewer *Account, ids []int64) ([]*Album, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	c := albumSeen(viewer)
	list, args := in(ids)
	return s.albums(ctx, viewer, "FROM albums al JOIN accounts ow ON ow.id = al.owner_id WHERE al.id IN "+list+" AND "+c.sql, append(args, c.args...)...)
}

// LockSeenAlbum is AlbumByID that keeps others from changing the album until the transaction ends. It is called before
// anything else of the album is read.
func (s *conn) LockSeenAlbum(ctx context.Context, viewer *Account, id int64) (*Album, error) {
	c := albumSeen(viewer)
	list, err := s.albums(ctx, viewer, "FROM albums al WHERE al.id = ? AND EXISTS (SELECT 1 FROM accounts ow WHERE ow.id = al.owner_id AND "+c.sql+")"+s.dialect.forUpdate(),
		append([]any{id}, c.args...)...)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// albumList reads a stretch of the albums that the branches have, newest first. Each branch is a FROM with its condition,
// whose albums are read in the order of an index.
func (s *conn) albumList(ctx context.Context, viewer *Account, r Range, branches ...condition) ([]*Album, error) {
	seen := albumSeen(viewer)
	var found []*Album
	for _, b := range branches {
		args := slices.Concat(b.args, seen.args, []any{r.max(), r.Min, r.Limit})
		list, err := s.albums(ctx, viewer, b.sql+" AND "+seen.sql+" AND al.id < ? AND al.id > ? ORDER BY al.id"+r.order()+" LIMIT ?", args...)
		if err != nil {
			return nil, err
		}
		found = append(found, list...)
	}
	slices.SortFunc(found, func(a, b *Album) int { return int(min(max(b.ID-a.ID, -1), 1)) })
	found = slices.CompactFunc(found, func(a, b *Album) bool { return a.ID == b.ID })
	if r.Up {
		return found[max(0, len(found)-r.Limit):], nil
	}
	return found[:min(len(found), r.Limit)], nil
}

func (s *conn) albumsBy(index string) string {
	return "FROM albums al" + s.dialect.useIndex(index) + " " + s.joinByID("accounts ow", "al.owner_id")
}

// ListedAlbums are the albums that are for everybody, or for everybody with an account where the viewer has one.
func (s *conn) ListedAlbums(ctx context.Context, viewer *Account, r Range) ([]*Album, error) {
	var branches []condition
	for _, v := range []Visibility{Public, AlbumMembers} {
		if v == AlbumMembers && viewerID(viewer) == 0 {
			continue
		}
		c := condition{s.albumsBy("albums_visibility_id") + " WHERE al.visibility = ?", []any{v}}
		if m, ok := s.unmuted(viewer, "ow"); ok {
			c.and(m)
		}
		if id := viewerID(viewer); id != 0 {
			c.and(unlimited(id, "ow"))
		}
		branches = append(branches, c)
	}
	return s.albumList(ctx, viewer, r, branches...)
}

// AlbumsOf are the owner's albums that the viewer may see.
func (s *conn) AlbumsOf(ctx context.Context, viewer *Account, ownerID int64, r Range) ([]*Album, error) {
	return s.albumList(ctx, viewer, r, condition{s.albumsBy("albums_owner_id_id") + " WHERE al.owner_id = ?", []any{ownerID}})
}

// AlbumsWith are the account's own albums, and those to which it was invited.
func (s *conn) AlbumsWith(ctx context.Context, acc *Account, r Range) ([]*Album, error) {
	return s.albumList(ctx, acc, r, condition{s.albumsBy("albums_owner_id_id") + " WHERE al.owner_id = ?", []any{acc.ID}}, s.invitedAlbums(acc))
}

func (s *conn) invitedAlbums(acc *Account) condition {
	return condition{"FROM album_members im" + s.dialect.useIndex("album_members_account_id_album_id") + " " + s.joinByID("albums al", "im.album_id") + " " +
		s.joinByID("accounts ow", "al.owner_id") + " WHERE im.account_id = ?", []any{acc.ID}}
}

// AlbumsToAddTo are albums to which the account may add photos, the newest first: its own, those to which it was invited,
// and those to which every member adds.
func (s *conn) AlbumsToAddTo(ctx context.Context, acc *Account, limit int) ([]*Album, error) {
	open := "(al.ends_at IS NULL OR al.ends_at > " + s.dialect.nowMillis() + ")"
	own := condition{s.albumsBy("albums_owner_id_id") + " WHERE al.owner_id = ? AND " + open, []any{acc.ID}}
	invited := s.invitedAlbums(acc)
	invited.and(condition{"al.adders <> ? AND " + open, []any{AddersOwner}})
	all := condition{s.albumsBy("albums_adders_id") + " WHERE al.adders = ? AND " + open, []any{AddersMembers}}
	if m, ok := s.unmuted(acc, "ow"); ok {
		all.and(m)
	}
	all.and(unlimited(acc.ID, "ow"))
	return s.albumList(ctx, acc, Range{Limit: limit}, own, invited, all)
}

// CountAlbums counts the account's own albums.
func (s *conn) CountAlbums(ctx context.Context, ownerID int64) (int, error) {
	ids, err := s.idList(ctx, "SELECT COUNT(*) FROM albums WHERE owner_id = ?", ownerID)
	if err != nil {
		return 0, err
	}
	return int(ids[0]), nil
}

// CreateAlbum inserts the row as it is. The owner's account is locked.
func (s *conn) CreateAlbum(ctx context.Context, al *Album) error {
	return translate(s.write(ctx).Create(al).Error)
}

// UpdateAlbum writes what its owner may change. The album is locked.
func (s *conn) UpdateAlbum(ctx context.Context, al *Album) error {
	return translate(s.write(ctx).Exec("UPDATE albums SET title = ?, description = ?, visibility = ?, adders = ?, ordering = ?, cover_photo_id = ?, ends_at = ?, updated_at = ? WHERE id = ?",
		al.Title, al.Description, al.Visibility, al.Adders, al.Ordering, al.CoverPhotoID, al.EndsAt, al.UpdatedAt, al.ID).Error)
}

// TouchAlbum notes that something was added. The album is locked.
func (s *conn) TouchAlbum(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("UPDATE albums SET updated_at = ? WHERE id = ?", ToMillis(time.Now()), id).Error)
}

// albumErase is how many rows of an album one statement removes.
const albumErase = 100

// EraseAlbum removes the row of a locked album with all that hangs on it, but for its downloads, whose files go first.
func (s *conn) EraseAlbum(ctx context.Context, id int64) error {
	for _, table := range []string{"album_photos", "album_members"} {
		for {
			n, err := s.eraseByID(ctx, table, "album_id", id, albumErase)
			if err != nil {
				return err
			}
			if n < albumErase {
				break
			}
		}
	}
	return translate(s.write(ctx).Exec("DELETE FROM albums WHERE id = ?", id).Error)
}

// eraseByID removes at most limit rows by their ids, which locks no others.
func (s *conn) eraseByID(ctx context.Context, table, column string, value int64, limit int) (int, error) {
	ids, err := s.idList(ctx, "SELECT id FROM "+table+" WHERE "+column+" = ? ORDER BY id LIMIT ?"+s.dialect.forUpdate(), value, limit)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	list, args := in(ids)
	return len(ids), translate(s.write(ctx).Exec("DELETE FROM "+table+" WHERE id IN "+list, args...).Error)
}

// AlbumIDsOf lists up to limit of the account's albums, to remove the account.
func (s *conn) AlbumIDsOf(ctx context.Context, ownerID int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT id FROM albums WHERE owner_id = ? ORDER BY id LIMIT ?", ownerID, limit)
}

// LockAlbum locks an album, whoever may see it. It returns ErrNotFound where there is none.
func (s *conn) LockAlbum(ctx context.Context, id int64) (*Album, error) {
	list, err := s.albums(ctx, nil, "FROM albums al WHERE al.id = ?"+s.dialect.forUpdate(), id)
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// Photos of an album: ap, with their rows ph, their posts p and those posts' authors a. One is seen in an album where
// its post is, unless there is a block between its author and the album's owner.

func (s *conn) albumPhotosFrom(index string) string {
	return "album_photos ap" + s.dialect.useIndex(index) + " " + s.joinByID("photos ph", "ap.photo_id") + " " + s.joinByID("posts p", "ph.post_id") + " " + s.joinByID("accounts a", "p.author_id")
}

// albumPhotoSeen is the condition on photos of the album al. Its owner sees those of people whom the owner muted, because
// nobody else could remove them.
func (s *conn) albumPhotoSeen(viewer *Account, mutes bool) condition {
	c := rootSeen(viewer, "p", "a")
	c.and(condition{sql: "ph.state = 'ready'"})
	c.and(condition{sql: "NOT EXISTS (SELECT 1 FROM blocks bw WHERE bw.account_id = al.owner_id AND bw.target_id = a.id)" +
		" AND NOT EXISTS (SELECT 1 FROM blocks bx WHERE bx.account_id = a.id AND bx.target_id = al.owner_id)"})
	if m, ok := s.unmuted(viewer, "a"); ok && mutes {
		c.and(m)
	}
	if h, ok := notHidden(viewer); ok {
		c.and(h)
	}
	return c
}

var albumOrders = map[string]string{
	OrderByHand: "ap.position, ap.id",
	OrderNewest: "p.id DESC, ph.position, ph.id",
	OrderOldest: "p.id, ph.position, ph.id",
	OrderAdded:  "ap.id DESC",
}

// AlbumPhotoRef names a photo of an album and its post.
type AlbumPhotoRef struct{ PhotoID, PostID int64 }

// AlbumPhotoRefs are all photos of the album that the viewer may see, in the album's order.
func (s *conn) AlbumPhotoRefs(ctx context.Context, viewer *Account, al *Album) ([]AlbumPhotoRef, error) {
	c := s.albumPhotoSeen(viewer, viewerID(viewer) != al.OwnerID)
	rows, err := s.query(ctx, "SELECT ap.photo_id, p.id FROM "+s.albumPhotosFrom("album_photos_album_id_position")+" "+s.joinByID("albums al", "ap.album_id")+
		" WHERE ap.album_id = ? AND "+c.sql+" ORDER BY "+albumOrders[al.Ordering], append([]any{al.ID}, c.args...)...)
	if err != nil {
		return nil, err
	}
	var out []AlbumPhotoRef
	for rows.next() {
		out = append(out, AlbumPhotoRef{rows.int(), rows.int()})
	}
	return out, rows.done()
}

// AlbumPhotos are some of AlbumPhotoRefs with their posts.
func (s *conn) AlbumPhotos(ctx context.Context, viewer *Account, al *Album, skip, limit int) ([]AlbumPhoto, error) {
	columns, c := homePost.by(viewer), s.albumPhotoSeen(viewer, viewerID(viewer) != al.OwnerID)
	rows, err := s.query(ctx, "SELECT "+columns.sql+", ap.photo_id, ap.originals FROM "+s.albumPhotosFrom("album_photos_album_id_position")+" "+s.joinByID("albums al", "ap.album_id")+
		" WHERE ap.album_id = ? AND "+c.sql+" ORDER BY "+albumOrders[al.Ordering]+" LIMIT ? OFFSET ?", slices.Concat(columns.args, []any{al.ID}, c.args, []any{limit, skip})...)
	if err != nil {
		return nil, err
	}
	var out []AlbumPhoto
	for rows.next() {
		var p AlbumPhoto
		columns.read(rows, &p.Post)
		p.PhotoID, p.Originals = rows.int(), rows.bool()
		out = append(out, p)
	}
	return out, rows.done()
}

// AlbumCovers are the photos that stand for the albums, by the album's id: the one that its owner chose, else the first,
// of those that the viewer may see. With listed it is one of a public post, as for all lists of the site's posts.
func (s *conn) AlbumCovers(ctx context.Context, viewer *Account, albums []*Album, listed bool) (map[int64]AlbumPhotoRef, error) {
	if len(albums) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(albums))
	for i, al := range albums {
		ids[i] = al.ID
	}
	c := s.albumPhotoSeen(viewer, true)
	if listed {
		c.and(condition{sql: "p.listed = 1"})
	}
	chosen := "(SELECT ap.photo_id FROM " + s.albumPhotosFrom("album_photos_album_id_photo_id_unique") + " WHERE ap.album_id = al.id AND ap.photo_id = al.cover_photo_id AND " + c.sql + ")"
	first := "(SELECT ap.photo_id FROM " + s.albumPhotosFrom("album_photos_album_id_position") + " WHERE ap.album_id = al.id AND " + c.sql + " ORDER BY ap.position LIMIT 1)"
	list, args := in(ids)
	rows, err := s.query(ctx, "SELECT c.id, c.photo_id, ph.post_id FROM (SELECT al.id, COALESCE("+chosen+", "+first+") AS photo_id FROM albums al WHERE al.id IN "+list+") c"+
		" JOIN photos ph ON ph.id = c.photo_id WHERE ph.post_id IS NOT NULL", slices.Concat(c.args, c.args, args)...)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]AlbumPhotoRef, len(albums))
	for rows.next() {
		id := rows.int()
		out[id] = AlbumPhotoRef{rows.int(), rows.int()}
	}
	return out, rows.done()
}

// OwnPhotos are the account's photos that are in posts, newest first, with their posts. Those that the album has already
// are left out. The range is of the photos' ids.
func (s *conn) OwnPhotos(ctx context.Context, acc *Account, notIn int64, r Range) ([]AlbumPhoto, error) {
	columns := homePost.by(acc)
	rows, err := s.query(ctx, "SELECT "+columns.sql+", ph.id FROM photos ph"+s.dialect.useIndex("photos_account_id_state_id")+" "+s.joinByID("posts p", "ph.post_id")+
		" WHERE ph.account_id = ? AND ph.state = 'ready' AND p.home = 1 AND NOT EXISTS (SELECT 1 FROM album_photos ap WHERE ap.album_id = ? AND ap.photo_id = ph.id)"+
		" AND ph.id < ? AND ph.id > ? ORDER BY ph.id"+r.order()+" LIMIT ?", slices.Concat(columns.args, []any{acc.ID, notIn, r.max(), r.Min, r.Limit})...)
	if err != nil {
		return nil, err
	}
	var out []AlbumPhoto
	for rows.next() {
		var p AlbumPhoto
		columns.read(rows, &p.Post)
		p.PhotoID = rows.int()
		out = append(out, p)
	}
	return newestFirst(out, r), rows.done()
}

// LockOwnPhotos locks those of the photos that the account has in posts, so that none goes meanwhile, and returns their ids. Those of
// comments are left out: who may read a thread is for its post to say, and not for an album.
func (s *conn) LockOwnPhotos(ctx context.Context, accountID int64, ids []int64) ([]int64, error) {
	list, args := in(ids)
	return s.idList(ctx, "SELECT ph.id FROM photos ph"+s.dialect.useIndex("PRIMARY")+" WHERE ph.id IN "+list+" AND ph.account_id = ? AND ph.purpose = ? AND ph.state = ?"+
		" AND EXISTS (SELECT 1 FROM posts p WHERE p.id = ph.post_id AND p.root_id IS NULL)"+
		s.dialect.forUpdate(), append(args, accountID, PurposePost, PhotoReady)...)
}

// albumPlaces are the photos of an album with their positions, the first first, whoever may see them.
func (s *conn) albumPlaces(ctx context.Context, albumID int64) (ids, positions []int64, err error) {
	rows, err := s.query(ctx, "SELECT photo_id, position FROM album_photos WHERE album_id = ? ORDER BY position, id", albumID)
	if err != nil {
		return nil, nil, err
	}
	for rows.next() {
		ids, positions = append(ids, rows.int()), append(positions, rows.int())
	}
	return ids, positions, rows.done()
}

// AddToAlbum puts photos behind those that the album has, but for those that it has already, and returns how many it put
// there. Where that would make more than most it puts none, and full is true. The album and the photos are locked.
func (s *conn) AddToAlbum(ctx context.Context, albumID int64, photoIDs []int64, originals bool, most int) (added int, full bool, err error) {
	has, positions, err := s.albumPlaces(ctx, albumID)
	if err != nil {
		return 0, false, err
	}
	last := int64(-1)
	if len(positions) > 0 {
		last = positions[len(positions)-1]
	}
	var values []string
	var args []any
	now := ToMillis(time.Now())
	for _, id := range photoIDs {
		if slices.Contains(has, id) {
			continue
		}
		has = append(has, id)
		last++
		values = append(values, "(?, ?, ?, ?, ?, ?)")
		args = append(args, s.NewID(), albumID, id, last, originals, now)
	}
	switch {
	case len(values) == 0:
		return 0, false, nil
	case len(has) > most:
		return 0, true, nil
	}
	err = s.write(ctx).Exec("INSERT INTO album_photos (id, album_id, photo_id, position, originals, created_at) VALUES "+strings.Join(values, ", "), args...).Error
	return len(values), false, translate(err)
}

// RemoveFromAlbum takes a photo out and reports whether it was in. With accountID it must be that account's photo. The album is locked.
// Others' archives of the album with original files are given up: the photo may come back without its author's leave to those.
func (s *conn) RemoveFromAlbum(ctx context.Context, albumID, photoID, accountID int64) (bool, error) {
	q, args := "DELETE FROM album_photos WHERE album_id = ? AND photo_id = ?", []any{albumID, photoID}
	if accountID != 0 {
		q, args = q+" AND EXISTS (SELECT 1 FROM photos ph WHERE ph.id = ? AND ph.account_id = ?)", append(args, photoID, accountID)
	}
	res := s.write(ctx).Exec(q, args...)
	if res.Error != nil || res.RowsAffected == 0 {
		return false, translate(res.Error)
	}
	err := s.write(ctx).Exec("UPDATE album_downloads SET state = ? WHERE album_id = ? AND originals = ? AND account_id <> (SELECT ph.account_id FROM photos ph WHERE ph.id = ?)",
		DownloadFailed, albumID, true, photoID).Error
	return true, translate(err)
}

// UnseenAlbumsOf are the albums with photos of the post that its author does not see any more.
func (s *conn) UnseenAlbumsOf(ctx context.Context, author *Account, postID int64) ([]int64, error) {
	c := albumSeen(author)
	return s.idList(ctx, "SELECT DISTINCT al.id FROM photos ph JOIN album_photos ap ON ap.photo_id = ph.id JOIN albums al ON al.id = ap.album_id WHERE ph.post_id = ? AND ph.account_id = ?"+
		" AND NOT EXISTS (SELECT 1 FROM accounts ow WHERE ow.id = al.owner_id AND "+c.sql+") ORDER BY al.id", append([]any{postID, author.ID}, c.args...)...)
}

// MoveInAlbum puts a photo before another, or last where before is 0, and reports whether both are in the album, which is
// locked.
func (s *conn) MoveInAlbum(ctx context.Context, albumID, photoID, before int64) (bool, error) {
	ids, positions, err := s.albumPlaces(ctx, albumID)
	if err != nil {
		return false, err
	}
	from, to := slices.Index(ids, photoID), slices.Index(ids, before)
	if from < 0 || before != 0 && to < 0 {
		return false, nil
	}
	if before == 0 {
		to = len(ids)
	}
	if to == from || to == from+1 {
		return true, nil
	}
	place, shift, low, high := int64(0), 1, int64(0), int64(0) // those from low to high make room
	if to < from {
		place, low, high = positions[to], positions[to], positions[from]-1
	} else {
		place, shift, low, high = positions[to-1], -1, positions[from]+1, positions[to-1]
	}
	if err := s.write(ctx).Exec("UPDATE album_photos SET position = position + ? WHERE album_id = ? AND position >= ? AND position <= ?", shift, albumID, low, high).Error; err != nil {
		return false, translate(err)
	}
	return true, translate(s.write(ctx).Exec("UPDATE album_photos SET position = ? WHERE album_id = ? AND photo_id = ?", place, albumID, photoID).Error)
}

// HasInAlbum reports whether the photo is in the album.
func (s *conn) HasInAlbum(ctx context.Context, albumID, photoID int64) (bool, error) {
	return s.exists(ctx, "SELECT 1 FROM album_photos WHERE album_id = ? AND photo_id = ?", albumID, photoID)
}

// dropFromAlbums takes photos that go out of every album. The photos are locked.
func (s *conn) dropFromAlbums(ctx context.Context, photoIDs []int64) error {
	list, args := in(photoIDs)
	ids, err := s.idList(ctx, "SELECT id FROM album_photos"+s.dialect.useIndex("album_photos_photo_id_id")+" WHERE photo_id IN "+list+s.dialect.forUpdate(), args...)
	if err != nil || len(ids) == 0 {
		return err
	}
	list, args = in(ids)
	return translate(s.write(ctx).Exec("DELETE FROM album_photos WHERE id IN "+list, args...).Error)
}

// AlbumMemberIDs are those who are invited to an album, the first first, at most limit.
func (s *conn) AlbumMemberIDs(ctx context.Context, albumID int64, limit int) ([]int64, error) {
	return s.idList(ctx, "SELECT account_id FROM album_members WHERE album_id = ? ORDER BY id LIMIT ?", albumID, limit)
}

// AddAlbumMember invites an account. The album is locked.
func (s *conn) AddAlbumMember(ctx context.Context, id, albumID, accountID int64) error {
	return translate(s.write(ctx).Exec("INSERT INTO album_members (id, album_id, account_id, created_at) VALUES (?, ?, ?, ?)", id, albumID, accountID, ToMillis(time.Now())).Error)
}

// RemoveAlbumMember is the opposite of AddAlbumMember; one that is not there is fine.
func (s *conn) RemoveAlbumMember(ctx context.Context, albumID, accountID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM album_members WHERE album_id = ? AND account_id = ?", albumID, accountID).Error)
}

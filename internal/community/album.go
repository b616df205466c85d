package community

import (
	"context"
	"slices"
	"time"

	"tintype/internal/store"
)

// The bounds of albums. docs/decisions/albums.md says why they are as they are.
const (
	MaxAlbums           = 200 // of one owner
	MaxAlbumTitle       = 100
	MaxAlbumDescription = 2000
	MaxAlbumPhotos      = 500
	MaxAlbumInvited     = 100
	maxAlbumsListed     = 40
	maxAddedAtOnce      = 80
)

// EventAlbumChanged tells that an album or its content has changed; its reference is the album.
const EventAlbumChanged = "album.changed"

// Album is an album with what a page shows of it.
type Album struct {
	store.Album
	Owner *store.Account
	Cover *AlbumItem // nil where the viewer may see none of its photos, and on the album's own page
}

// AlbumItem is a photo in an album.
type AlbumItem struct {
	Photo *store.Photo
	Post  *Post
	// Number is the photo's place in its post, from 1.
	Number int
}

// AlbumForm is what an album's owner enters.
type AlbumForm struct {
	Title       string
	Description string
	Visibility  store.Visibility
	Adders      string
	Ordering    string
	// LastDay is the last day, in UTC, on which photos are added: 2006-01-02, "" for none.
	LastDay string
	// IdempotencyKey is the key of the form: sent twice, it makes one album.
	IdempotencyKey string `json:"-"`
}

// Open reports whether photos may still be added at the time.
func (al *Album) Open(now time.Time) bool { return al.EndsAt == nil || now.Before(al.EndsAt.Time()) }

// MayAdd reports whether the account, which sees the album, may add photos to it.
func (al *Album) MayAdd(acc *store.Account, now time.Time) bool {
	return acc != nil && acc.Active() && al.Open(now) && adds(acc, &al.Album)
}

func adds(acc *store.Account, al *store.Album) bool {
	return al.OwnerID == acc.ID || al.Adders == store.AddersMembers || al.Adders == store.AddersInvited && al.Invited
}

// Albums lists the albums that are for everybody, or for every member where the viewer is one, newest first.
func (c *Community) Albums(ctx context.Context, viewer *store.Account, page Cursor) ([]*Album, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	return c.listAlbums(ctx, viewer, true, func(r store.Range) ([]*store.Album, error) { return c.Store.ListedAlbums(ctx, viewer, r) }, page)
}

// AlbumsOf lists the owner's albums that the viewer may see, or returns ErrNotFound if the viewer may not see the owner.
func (c *Community) AlbumsOf(ctx context.Context, viewer *store.Account, ownerID int64, page Cursor) ([]*Album, error) {
	if err := c.seesAccount(ctx, viewer, ownerID); err != nil {
		return nil, err
	}
	return c.listAlbums(ctx, viewer, false, func(r store.Range) ([]*store.Album, error) { return c.Store.AlbumsOf(ctx, viewer, ownerID, r) }, page)
}

// AlbumsWith lists the account's own albums and those to which it was invited.
func (c *Community) AlbumsWith(ctx context.Context, acc *store.Account, page Cursor) ([]*Album, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	return c.listAlbums(ctx, acc, false, func(r store.Range) ([]*store.Album, error) { return c.Store.AlbumsWith(ctx, acc, r) }, page)
}

// AlbumsToAddTo lists albums to which the account may add photos, the newest first, at most MaxAlbums.
func (c *Community) AlbumsToAddTo(ctx context.Context, acc *store.Account) ([]*Album, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	list, err := c.Store.AlbumsToAddTo(ctx, acc, MaxAlbums)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.withOwners(ctx, acc, list)
}

func (c *Community) listAlbums(ctx context.Context, viewer *store.Account, listed bool, list func(store.Range) ([]*store.Album, error), page Cursor) ([]*Album, error) {
	rows, err := list(page.span(maxAlbumsListed, maxAlbumsListed))
	if err != nil {
		return nil, fromStore(err)
	}
	albums, err := c.withOwners(ctx, viewer, rows)
	if err != nil || len(albums) == 0 {
		return albums, err
	}
	covers, err := c.Store.AlbumCovers(ctx, viewer, rows, listed)
	if err != nil {
		return nil, fromStore(err)
	}
	ids := make([]int64, 0, len(covers))
	for _, ref := range covers {
		ids = append(ids, ref.PostID)
	}
	posts, err := c.postsByID(ctx, viewer, FilterPublic, ids)
	if err != nil {
		return nil, err
	}
	for _, al := range albums {
		ref := covers[al.ID]
		for _, p := range posts {
			if p.ID == ref.PostID {
				al.Cover = itemOf(p, ref.PhotoID)
			}
		}
	}
	return albums, nil
}

// withOwners leaves out albums whose owners have just gone.
func (c *Community) withOwners(ctx context.Context, viewer *store.Account, rows []*store.Album) ([]*Album, error) {
	var people idSet
	for _, al := range rows {
		people.add(al.OwnerID)
	}
	owners, err := c.shownAccounts(ctx, viewer, people.ids)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*store.Account, len(owners))
	for _, a := range owners {
		byID[a.ID] = a
	}
	out := make([]*Album, 0, len(rows))
	for _, al := range rows {
		if owner := byID[al.OwnerID]; owner != nil {
			out = append(out, &Album{Album: *al, Owner: owner})
		}
	}
	return out, nil
}

// itemOf finds a photo in its post, nil if it has just left it.
func itemOf(p *Post, photoID int64) *AlbumItem {
	at := slices.IndexFunc(p.Photos, func(ph *store.Photo) bool { return ph.ID == photoID })
	if at < 0 {
		return nil
	}
	return &AlbumItem{Photo: p.Photos[at], Post: p, Number: at + 1}
}

// AlbumByID returns an album that the viewer may see, else ErrNotFound.
func (c *Community) AlbumByID(ctx context.Context, viewer *store.Account, id int64) (*Album, error) {
	if err := c.reader(ctx, viewer); err != nil {
		return nil, err
	}
	row, err := c.Store.AlbumByID(ctx, viewer, id)
	if err != nil {
		return nil, fromStore(err)
	}
	albums, err := c.withOwners(ctx, viewer, []*store.Album{row})
	if err != nil {
		return nil, err
	}
	if len(albums) == 0 {
		return nil, ErrNotFound
	}
	return albums[0], nil
}

// AlbumItems returns some of the album's photos that the viewer may see, in its order, and how many there are in all.
func (c *Community) AlbumItems(ctx context.Context, viewer *store.Account, al *Album, skip, limit int) (items []*AlbumItem, total int, err error) {
	refs, err := c.Store.AlbumPhotoRefs(ctx, viewer, &al.Album)
	if err != nil {
		return nil, 0, fromStore(err)
	}
	if skip >= len(refs) {
		return nil, len(refs), nil
	}
	rows, err := c.Store.AlbumPhotos(ctx, viewer, &al.Album, skip, min(limit, maxPosts))
	if err != nil {
		return nil, 0, fromStore(err)
	}
	items, err = c.albumItems(ctx, viewer, rows)
	return items, len(refs), err
}

// NewestInAlbum returns the photos that were added last and that the viewer may see, the last first.
func (c *Community) NewestInAlbum(ctx context.Context, viewer *store.Account, al *Album, limit int) ([]*AlbumItem, error) {
	row := al.Album
	row.Ordering = store.OrderAdded
	rows, err := c.Store.AlbumPhotos(ctx, viewer, &row, 0, min(limit, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.albumItems(ctx, viewer, rows)
}

func (c *Community) albumItems(ctx context.Context, viewer *store.Account, rows []store.AlbumPhoto) ([]*AlbumItem, error) {
	posts := make([]store.Post, len(rows))
	for i, r := range rows {
		posts[i] = r.Post
	}
	loaded, err := c.loadPosts(ctx, viewer, FilterPublic, posts)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]*Post, len(loaded))
	for _, p := range loaded {
		byID[p.ID] = p
	}
	out := make([]*AlbumItem, 0, len(rows))
	for _, r := range rows {
		if p := byID[r.Post.ID]; p != nil {
			if item := itemOf(p, r.PhotoID); item != nil {
				out = append(out, item)
			}
		}
	}
	return out, nil
}

// AlbumSlide is one photo of an album with its neighbours, 0 for none.
type AlbumSlide struct {
	AlbumItem
	Place, Total   int   // in the album, from 1
	Previous, Next int64 // but for those that filters hide
}

// AlbumSlide returns a photo of the album, or ErrNotFound if the album has none such that the viewer may see. It comes with its
// metadata.
func (c *Community) AlbumSlide(ctx context.Context, viewer *store.Account, al *Album, photoID int64) (*AlbumSlide, error) {
	refs, err := c.Store.AlbumPhotoRefs(ctx, viewer, &al.Album)
	if err != nil {
		return nil, fromStore(err)
	}
	at := slices.IndexFunc(refs, func(r store.AlbumPhotoRef) bool { return r.PhotoID == photoID })
	if at < 0 {
		return nil, ErrNotFound
	}
	row, err := c.Store.PostByID(ctx, viewer, refs[at].PostID)
	if err != nil {
		return nil, fromStore(err)
	}
	posts, err := c.load(ctx, viewer, FilterPublic, []store.Post{*row}, true)
	if err != nil {
		return nil, err
	}
	if len(posts) == 0 {
		return nil, ErrNotFound
	}
	item := itemOf(posts[0], photoID)
	if item == nil {
		return nil, ErrNotFound
	}
	s := &AlbumSlide{AlbumItem: *item, Place: at + 1, Total: len(refs)}
	before := slices.Clone(refs[:at])
	slices.Reverse(before)
	if s.Previous, err = c.firstShown(ctx, viewer, before); err != nil {
		return nil, err
	}
	s.Next, err = c.firstShown(ctx, viewer, refs[at+1:])
	return s, err
}

// firstShown is the first of the photos that no filter of the viewer hides, 0 if there is none.
func (c *Community) firstShown(ctx context.Context, viewer *store.Account, refs []store.AlbumPhotoRef) (int64, error) {
	if len(refs) == 0 {
		return 0, nil
	}
	if viewer == nil || !c.matcherOf(ctx, viewer.ID, viewer.Filters).hides(FilterPublic) {
		return refs[0].PhotoID, nil
	}
	for some := range slices.Chunk(refs, 20) {
		var about idSet
		for _, r := range some {
			about.add(r.PostID)
		}
		posts, err := c.postsOf(ctx, viewer, FilterPublic, about.ids)
		if err != nil {
			return 0, err
		}
		for _, r := range some {
			if p := posts[r.PostID]; p != nil && !p.Hidden() {
				return r.PhotoID, nil
			}
		}
	}
	return 0, nil
}

// OwnPhotos lists the account's photos that it could add to the album: those that are in posts and not in the album yet,
// paged by the photos' ids.
func (c *Community) OwnPhotos(ctx context.Context, acc *store.Account, al *Album, page Cursor) ([]*AlbumItem, error) {
	rows, err := c.Store.OwnPhotos(ctx, acc, al.ID, page.span(maxPosts, maxPosts))
	if err != nil {
		return nil, fromStore(err)
	}
	return c.albumItems(ctx, acc, rows)
}

package community

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/store"
)

// CreateAlbum makes an album. Errors: *Invalid.
func (c *Community) CreateAlbum(ctx context.Context, acc *store.Account, f AlbumForm) (*store.Album, error) {
	if acc == nil || !acc.Active() {
		return nil, ErrUnauthenticated
	}
	al := &store.Album{OwnerID: acc.ID}
	if err := f.fill(al); err != nil {
		return nil, err
	}
	key, err := formKey(acc, "album", f.IdempotencyKey, f)
	if err != nil {
		return nil, err
	}
	first, err := c.once(ctx, key, func() error { return c.createAlbum(ctx, acc, al, key) })
	if err != nil {
		return nil, fromStore(err)
	}
	if first != 0 {
		al, err := c.Store.AlbumByID(store.Primary(ctx), acc, first)
		return al, fromStore(err)
	}
	return al, nil
}

func (c *Community) createAlbum(ctx context.Context, acc *store.Account, al *store.Album, key *store.IdempotencyKey) error {
	words, err := c.wordsFor(ctx, acc)
	if err == nil {
		err = checkAlbumWords(words, &store.Album{}, al)
	}
	if err != nil {
		return err
	}
	_, err = c.Store.TxOnce(ctx, "albums", func(ctx context.Context, tx *store.Store, id int64) error {
		if err := takeKey(ctx, tx, key, id); err != nil {
			return err
		}
		locked, err := tx.LockAccounts(ctx, acc.ID)
		if err != nil {
			return err
		}
		if me := locked[acc.ID]; me == nil || !me.Active() {
			return ErrUnauthenticated
		}
		n, err := tx.CountAlbums(ctx, acc.ID)
		if err != nil {
			return err
		}
		if n >= MaxAlbums {
			return invalid("", "too_many", "You have %d albums, which is the most. Delete one first.", n)
		}
		al.ID, al.CreatedAt = id, store.ToMillis(store.IDTime(id))
		al.UpdatedAt = al.CreatedAt
		if err := tx.CreateAlbum(ctx, al); err != nil {
			return err
		}
		return tx.AddEvent(ctx, EventAlbumChanged, acc.ID, id, nil)
	})
	return err
}

// fill checks what was entered and puts it into the row.
func (f *AlbumForm) fill(al *store.Album) error {
	var wrong Invalid
	title, text := oneLine(f.Title), tidy(f.Description)
	if n := utf8.RuneCountInString(title); n == 0 {
		wrong.add("title", "blank", "An album needs a title.")
	} else if n > MaxAlbumTitle {
		wrong.add("title", "too_long", "The title has %d characters; the limit is %d.", n, MaxAlbumTitle)
	}
	if n := utf8.RuneCountInString(text); n > MaxAlbumDescription {
		wrong.add("description", "too_long", "The text has %d characters; the limit is %d.", n, MaxAlbumDescription)
	}
	if !slices.Contains([]store.Visibility{store.Public, store.AlbumMembers, store.Followers, store.AlbumInvited}, f.Visibility) {
		wrong.add("visibility", "invalid", "Choose who sees the album.")
	}
	if !slices.Contains(albumAdders, f.Adders) {
		wrong.add("adders", "invalid", "Choose who adds photographs.")
	}
	if !slices.Contains([]string{store.OrderByHand, store.OrderNewest, store.OrderOldest}, f.Ordering) {
		wrong.add("ordering", "invalid", "Choose an order.")
	}
	al.EndsAt = nil
	if day := strings.TrimSpace(f.LastDay); day != "" {
		at, ok := lastDay(day)
		if !ok {
			wrong.add("last_day", "invalid", "Write the last day as 2026-11-30, or leave it empty.")
		}
		end := store.ToMillis(at.AddDate(0, 0, 1))
		al.EndsAt = &end
	}
	al.Title, al.Description, al.Visibility, al.Adders, al.Ordering = title, text, f.Visibility, f.Adders, f.Ordering
	return wrong.err()
}

// albumAdders are who may add to an album.
var albumAdders = []string{store.AddersOwner, store.AddersInvited, store.AddersMembers}

// lastDay reads the last day on which something may be added to an album.
func lastDay(s string) (time.Time, bool) {
	at, err := time.Parse(time.DateOnly, s)
	return at, err == nil && at.Year() >= 2000 && at.Year() <= 2999
}

func checkAlbumWords(words *wordList, was, now *store.Album) error {
	var wrong Invalid
	wrong.checkWords(words, "title", []string{was.Title}, []string{now.Title})
	wrong.checkWords(words, "description", []string{was.Description}, []string{now.Description})
	return wrong.err()
}

// Form is what the album's owner entered.
func (al *Album) Form() AlbumForm {
	f := AlbumForm{Title: al.Title, Description: al.Description, Visibility: al.Visibility, Adders: al.Adders, Ordering: al.Ordering}
	if al.EndsAt != nil {
		f.LastDay = al.EndsAt.Time().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return f
}

// inAlbum runs f with the album locked. It returns ErrNotFound for one that the account may not see. What f returns is
// committed with the event that the album has changed.
func (c *Community) inAlbum(ctx context.Context, acc *store.Account, id int64, f func(ctx context.Context, tx *store.Store, al *store.Album) error) error {
	if acc == nil || !acc.Active() {
		return ErrUnauthenticated
	}
	err := c.Store.Tx(store.Primary(ctx), func(ctx context.Context, tx *store.Store) error {
		al, err := tx.LockSeenAlbum(ctx, acc, id)
		if err == nil {
			err = f(ctx, tx, al)
		}
		if err == nil {
			err = tx.AddEvent(ctx, EventAlbumChanged, acc.ID, id, nil)
		}
		return err
	})
	return fromStore(err)
}

// inOwnAlbum is inAlbum for its owner, and returns ErrForbidden for others.
func (c *Community) inOwnAlbum(ctx context.Context, acc *store.Account, id int64, f func(ctx context.Context, tx *store.Store, al *store.Album) error) error {
	return c.inAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		if al.OwnerID != acc.ID {
			return ErrForbidden
		}
		return f(ctx, tx, al)
	})
}

// EditAlbum changes what its owner entered. Errors: *Invalid, ErrForbidden.
func (c *Community) EditAlbum(ctx context.Context, acc *store.Account, id int64, f AlbumForm) error {
	words, err := c.wordsFor(ctx, acc)
	if err != nil {
		return err
	}
	return c.inOwnAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		was := *al
		if err := f.fill(al); err != nil {
			return err
		}
		if err := checkAlbumWords(words, &was, al); err != nil {
			return err
		}
		al.UpdatedAt = store.ToMillis(time.Now())
		return tx.UpdateAlbum(ctx, al)
	})
}

// DeleteAlbum deletes an own album. Its photos stay where they were posted. The archives that members made of it go as well.
func (c *Community) DeleteAlbum(ctx context.Context, acc *store.Account, id int64) error {
	return c.inOwnAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, _ *store.Album) error {
		if err := c.dropDownloadsOf(ctx, tx, id); err != nil {
			return err
		}
		if err := tx.DeleteAlbumNotifications(ctx, id, acc.ID, 0); err != nil {
			return err
		}
		return tx.EraseAlbum(ctx, id)
	})
}

// AddToAlbum adds photos of the account's own posts, and returns how many the album did not have yet. With originals those who
// download the album get them as they were uploaded. Photos that are not there, or not the account's, are ErrNotFound, and
// then none is added. Errors: *Invalid where the album is full or its last day is over, ErrForbidden.
func (c *Community) AddToAlbum(ctx context.Context, acc *store.Account, id int64, photoIDs []int64, originals bool) (added int, err error) {
	var wanted idSet
	for _, photo := range photoIDs {
		wanted.add(photo)
	}
	switch n := len(wanted.ids); {
	case n == 0:
		return 0, invalid("photos", "blank", "Choose at least one photograph.")
	case n > maxAddedAtOnce:
		return 0, invalid("photos", "too_many", "Add at most %d photographs at once.", maxAddedAtOnce)
	}
	err = c.inAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		if err := checkOpen(ctx, tx, acc, al); err != nil {
			return err
		}
		added, err = putInAlbum(ctx, tx, acc, al, wanted.ids, originals)
		return err
	})
	if err != nil {
		return 0, err
	}
	return added, nil
}

// checkOpen reports whether the account may add photos to an album that it sees.
func checkOpen(ctx context.Context, tx *store.Store, acc *store.Account, al *store.Album) error {
	if !adds(acc, al) {
		return ErrForbidden
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	if al.EndsAt != nil && now >= *al.EndsAt {
		return invalid("photos", "over", "The last day to add photographs has passed.")
	}
	return nil
}

// putInAlbum adds photos of the account's posts to an album that is locked and to which it may add.
func putInAlbum(ctx context.Context, tx *store.Store, acc *store.Account, al *store.Album, photoIDs []int64, originals bool) (added int, err error) {
	own, err := tx.LockOwnPhotos(ctx, acc.ID, photoIDs)
	if err != nil {
		return 0, err
	}
	if len(own) != len(photoIDs) {
		return 0, ErrNotFound
	}
	return putLocked(ctx, tx, al, photoIDs, originals)
}

// putLocked is putInAlbum for photos that are locked as well.
func putLocked(ctx context.Context, tx *store.Store, al *store.Album, photoIDs []int64, originals bool) (added int, err error) {
	added, full, err := tx.AddToAlbum(ctx, al.ID, photoIDs, originals, MaxAlbumPhotos)
	switch {
	case err != nil:
		return 0, err
	case full:
		return 0, invalid("photos", "full", "An album may have at most %d photographs. These do not fit in.", MaxAlbumPhotos)
	case added == 0:
		return 0, nil
	}
	return added, tx.TouchAlbum(ctx, al.ID)
}

// openAlbum locks the album into which a new post's photos go. Whatever is wrong with it is told of the field in which it was
// chosen: the list that it was chosen from may have changed meanwhile.
func openAlbum(ctx context.Context, tx *store.Store, acc *store.Account, id int64) (*store.Album, error) {
	al, err := tx.LockSeenAlbum(ctx, acc, id)
	if err == nil {
		err = checkOpen(ctx, tx, acc, al)
	}
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, ErrForbidden) {
		err = invalid("album", "invalid", "Choose an album you may add to.")
	}
	return al, ofAlbum(err)
}

// addPosted adds those of the photos that are in posts of the account to an album from openAlbum. Others wait for a moderator, or
// have gone meanwhile.
func addPosted(ctx context.Context, tx *store.Store, acc *store.Account, al *store.Album, photoIDs []int64) error {
	posted, err := tx.LockOwnPhotos(ctx, acc.ID, photoIDs)
	if err != nil {
		return err
	}
	ids := slices.DeleteFunc(slices.Clone(photoIDs), func(id int64) bool { return !slices.Contains(posted, id) })
	if len(ids) == 0 {
		return nil
	}
	if _, err := putLocked(ctx, tx, al, ids, false); err != nil {
		return ofAlbum(err)
	}
	return tx.AddEvent(ctx, EventAlbumChanged, acc.ID, al.ID, nil)
}

// ofAlbum makes what is wrong with adding to an album a mistake in the field of a post in which the album was chosen.
func ofAlbum(err error) error {
	var wrong *Invalid
	if errors.As(err, &wrong) {
		first := wrong.Fields[0]
		first.Field = "album"
		return &Invalid{[]FieldError{first}}
	}
	return err
}

// RemoveFromAlbum takes a photo out of the album: the owner any, others their own. One that is not there is ErrNotFound.
func (c *Community) RemoveFromAlbum(ctx context.Context, acc *store.Account, id, photoID int64) error {
	return c.inAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		whose := acc.ID
		if al.OwnerID == acc.ID {
			whose = 0
		}
		removed, err := tx.RemoveFromAlbum(ctx, id, photoID, whose)
		if err == nil && !removed {
			err = ErrNotFound
		}
		return err
	})
}

// AlbumMove is where a photo goes in its album.
type AlbumMove string

// Where a photo goes. The steps pass over photos that the owner does not see.
const (
	MoveEarlier AlbumMove = "earlier"
	MoveLater   AlbumMove = "later"
	MoveFirst   AlbumMove = "first"
	MoveLast    AlbumMove = "last"
	MoveBefore  AlbumMove = "before" // another photo
)

// MoveInAlbum moves a photo of an own album that is ordered by hand. One that cannot go further stays. Errors: *Invalid where the
// album has another order, ErrForbidden, ErrNotFound for a photo that is not in it.
func (c *Community) MoveInAlbum(ctx context.Context, acc *store.Account, id, photoID int64, to AlbumMove, before int64) error {
	return c.inOwnAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		if al.Ordering != store.OrderByHand {
			return invalid("", "ordered", "This album is ordered by date. Choose the order by hand first.")
		}
		refs, err := tx.AlbumPhotoRefs(ctx, acc, al)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(refs, func(r store.AlbumPhotoRef) bool { return r.PhotoID == photoID })
		if at < 0 {
			return ErrNotFound
		}
		target := -1
		switch to {
		case MoveEarlier:
			target = max(at-1, 0)
		case MoveLater:
			target = at + 2
		case MoveFirst:
			target = 0
		case MoveLast:
			target = len(refs)
		case MoveBefore:
			if target = slices.IndexFunc(refs, func(r store.AlbumPhotoRef) bool { return r.PhotoID == before }); target < 0 {
				return ErrNotFound
			}
		default:
			return ErrNotFound
		}
		anchor := int64(0)
		if target < len(refs) {
			anchor = refs[target].PhotoID
		}
		moved, err := tx.MoveInAlbum(ctx, id, photoID, anchor)
		if err == nil && !moved {
			err = ErrNotFound
		}
		return err
	})
}

// SetAlbumCover chooses the photo that stands for an own album.
func (c *Community) SetAlbumCover(ctx context.Context, acc *store.Account, id, photoID int64) error {
	return c.inOwnAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		has, err := tx.HasInAlbum(ctx, id, photoID)
		if err != nil {
			return err
		}
		if !has {
			return ErrNotFound
		}
		al.CoverPhotoID = &photoID
		return tx.UpdateAlbum(ctx, al)
	})
}

// AlbumMembers are those whom the owner invited to the album, those that the viewer may see, the first first. For the owner and
// the invited; ErrForbidden for others.
func (c *Community) AlbumMembers(ctx context.Context, viewer *store.Account, al *Album) ([]*store.Account, error) {
	if viewer == nil || viewer.ID != al.OwnerID && !al.Invited {
		return nil, ErrForbidden
	}
	ids, err := c.Store.AlbumMemberIDs(ctx, al.ID, MaxAlbumInvited)
	if err != nil {
		return nil, fromStore(err)
	}
	return c.shownAccounts(ctx, viewer, ids)
}

// InviteToAlbum lets a member see an own album, and add to it where the invited do. Doing so again changes nothing. Errors:
// *Invalid for a name that nobody has whom the owner sees, for the owner's own and past MaxAlbumInvited; ErrForbidden.
func (c *Community) InviteToAlbum(ctx context.Context, acc *store.Account, id int64, name string) error {
	name = strings.TrimPrefix(strings.TrimSpace(name), "@")
	whom, err := c.AccountByName(store.Primary(ctx), acc, name)
	if errors.Is(err, ErrNotFound) || name == "" {
		return invalid("name", "unknown", "There is nobody by that name.")
	}
	if err != nil {
		return err
	}
	return c.inOwnAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, _ *store.Album) error {
		if whom.ID == acc.ID {
			return invalid("name", "self", "The album is already yours.")
		}
		locked, err := tx.LockAccounts(ctx, whom.ID)
		if err != nil {
			return err
		}
		seen, err := tx.CanSeeAccount(ctx, acc, whom.ID)
		if err != nil {
			return err
		}
		if now := locked[whom.ID]; now == nil || !seen {
			return invalid("name", "unknown", "There is nobody by that name you could invite.")
		}
		ids, err := tx.AlbumMemberIDs(ctx, id, MaxAlbumInvited)
		switch {
		case err != nil:
			return err
		case slices.Contains(ids, whom.ID):
			return nil
		case len(ids) >= MaxAlbumInvited:
			return invalid("name", "too_many", "An album may have at most %d invited members.", MaxAlbumInvited)
		}
		if err := tx.AddAlbumMember(ctx, tx.NewID(), id, whom.ID); err != nil {
			return err
		}
		return notify(ctx, tx, store.Notification{AccountID: whom.ID, Kind: store.NotifyAlbum, FromID: acc.ID, AlbumID: &id, CreatedAt: store.ToMillis(time.Now())})
	})
}

// UninviteFromAlbum takes an invitation back: the owner anybody's, others their own. The photos that they added stay until they or the owner
// remove them.
func (c *Community) UninviteFromAlbum(ctx context.Context, acc *store.Account, id, whom int64) error {
	return c.inAlbum(ctx, acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		if al.OwnerID != acc.ID && whom != acc.ID {
			return ErrForbidden
		}
		if err := tx.DeleteAlbumNotifications(ctx, id, al.OwnerID, whom); err != nil {
			return err
		}
		return tx.RemoveAlbumMember(ctx, id, whom)
	})
}

// eraseAlbums removes albums of an account that is deleted, and the archive that was made for it.
func (c *Community) eraseAlbums(ctx context.Context, accountID int64, limit int) (int, error) {
	switch d, err := c.Store.AlbumDownloadOf(ctx, accountID); {
	case err == nil:
		return 1, c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return c.dropDownload(ctx, tx, d) })
	case !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	ids, err := c.Store.AlbumIDsOf(ctx, accountID, min(limit, 10)) // each with hundreds of rows
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		err := c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
			if _, err := tx.LockAlbum(ctx, id); errors.Is(err, store.ErrNotFound) { // an earlier COMMIT, whose answer was lost
				return nil
			} else if err != nil {
				return err
			}
			if err := tx.AddEvent(ctx, EventAlbumChanged, accountID, id, nil); err != nil {
				return err
			}
			if err := c.dropDownloadsOf(ctx, tx, id); err != nil {
				return err
			}
			return tx.EraseAlbum(ctx, id)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

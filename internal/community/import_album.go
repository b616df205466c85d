package community

import (
	"context"
	"errors"
	"slices"

	"tintype/internal/archive"
	"tintype/internal/store"
)

// albumTitle is the title that an album of an archive gets here.
func albumTitle(s string) string { return clipRunes(oneLine(s), MaxAlbumTitle) }

// intoAlbums adds an item's photos, by their places in it, to the member's albums of these names, which it makes where they are
// missing. Photos beyond what an album takes stay out of it: they are there all the same.
func (w *importer) intoAlbums(ctx context.Context, it *archive.Item, photos []int64) error {
	var titles []string
	in, covers := map[string][]int64{}, map[string]int64{}
	for n, id := range photos {
		if id == 0 {
			continue
		}
		for _, name := range it.AlbumsOf(n) {
			title := albumTitle(name)
			if title == "" {
				continue
			}
			if in[title] == nil {
				titles = append(titles, title)
			}
			if !slices.Contains(in[title], id) { // an item may have the same picture twice
				in[title] = append(in[title], id)
			}
			if slices.Contains(it.Photos[n].CoverOf, name) {
				covers[title] = id
			}
		}
	}
	for _, title := range titles {
		id, err := w.album(ctx, title)
		if err != nil {
			return err
		}
		if id <= 0 {
			continue
		}
		var wrong *Invalid
		err = w.addTo(ctx, id, title, in[title], covers[title])
		if err != nil && !errors.As(err, &wrong) && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrForbidden) {
			return err
		}
	}
	return nil
}

// addTo adds photos to an album of the member's. One that ended on a day that the archive tells takes them all the same. cover is the
// one that stands for the album unless another was chosen, 0 for none of these.
func (w *importer) addTo(ctx context.Context, id int64, title string, photos []int64, cover int64) error {
	ended := w.albumForm(title).LastDay
	return w.c.inOwnAlbum(ctx, w.acc, id, func(ctx context.Context, tx *store.Store, al *store.Album) error {
		if ended == "" || (&Album{Album: *al}).Form().LastDay != ended {
			if err := checkOpen(ctx, tx, w.acc, al); err != nil {
				return err
			}
		}
		if _, err := putInAlbum(ctx, tx, w.acc, al, photos, false); err != nil {
			return err
		}
		if cover == 0 || al.CoverPhotoID != nil {
			return nil
		}
		al.CoverPhotoID = &cover
		return tx.UpdateAlbum(ctx, al)
	})
}

// album finds the member's album of a title, or makes it. It is -1 where there can be none.
func (w *importer) album(ctx context.Context, title string) (int64, error) {
	if w.albums == nil {
		w.albums = map[string]int64{}
		for r := (store.Range{Limit: 200}); ; {
			list, err := w.c.Store.AlbumsOf(ctx, w.acc, w.acc.ID, r)
			if err != nil {
				return 0, err
			}
			if len(list) == 0 {
				break
			}
			for _, al := range list {
				w.albums[al.Title] = al.ID
			}
			r.Max = list[len(list)-1].ID
		}
	}
	if id := w.albums[title]; id != 0 {
		return id, nil
	}
	form := w.albumForm(title)
	al, err := w.c.CreateAlbum(ctx, w.acc, form)
	if errors.As(err, new(*Invalid)) {
		w.albums[title] = -1
		return -1, nil
	}
	if err != nil {
		return 0, err
	}
	w.albums[title] = al.ID
	return al.ID, nil
}

// albumAudiences are who sees an album, the most people first.
var albumAudiences = []store.Visibility{store.Public, store.AlbumMembers, store.Followers, store.AlbumInvited}

// fewer is the audience that fewer people belong to. An unknown audience counts as those alone who were invited.
func fewer(a, b store.Visibility) store.Visibility {
	n, m := slices.Index(albumAudiences, a), slices.Index(albumAudiences, b)
	if n < 0 || m < 0 {
		return store.AlbumInvited
	}
	return albumAudiences[max(n, m)]
}

// albumForm is an album that the import makes. Nobody sees it who does not see the posts. An export says who saw it before; elsewhere
// one in which nothing was for everybody is its owner's alone, because its title may tell what its photographs do not.
func (w *importer) albumForm(title string) AlbumForm {
	f := AlbumForm{Title: title, Visibility: w.row.Visibility, Adders: store.AddersOwner, Ordering: store.OrderOldest}
	if f.Visibility == store.Unlisted {
		f.Visibility = store.AlbumMembers
	}
	described := 0
	for _, a := range w.found.Albums {
		if albumTitle(a.Title) == title { // several may have one title
			described++
			f.Visibility = fewer(f.Visibility, store.Visibility(a.Visibility))
			f.Description = clipRunes(tidy(a.Description), MaxAlbumDescription)
			if a.Order == store.OrderNewest { // one by hand would be in the order of the posts
				f.Ordering = a.Order
			}
			f.Adders, f.LastDay = store.AddersOwner, ""
			if described > 1 {
				continue
			}
			if slices.Contains(albumAdders, a.Adders) {
				f.Adders = a.Adders
			}
			if _, ok := lastDay(a.LastDay); ok {
				f.LastDay = a.LastDay
			}
		}
	}
	if described > 0 {
		return f
	}
	if w.open == nil {
		w.open = map[string]bool{}
		for i := range w.found.Items {
			it := &w.found.Items[i]
			for n := range it.Photos {
				if it.Closed {
					break
				}
				for _, name := range it.AlbumsOf(n) {
					w.open[albumTitle(name)] = true
				}
			}
		}
	}
	if !w.open[title] {
		f.Visibility = store.AlbumInvited
	}
	return f
}

package community

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"tintype/internal/archive"
	"tintype/internal/media"
	"tintype/internal/store"
)

// importer posts the items of an import.
type importer struct {
	c      *Community
	acc    *store.Account
	row    *store.Import // as it is, with what has happened since it was written
	zips   []*zip.Reader
	found  *archive.Found
	albums map[string]int64 // by title; nil until one is needed
	open   map[string]bool  // titles of albums of the archive with something for everybody; nil until one is needed
}

// work posts item after item. more is true where its time is over before the last.
func (w *importer) work(ctx context.Context) (more bool, err error) {
	end, written := time.Now().Add(importSlice), time.Now()
	if w.row.Next > 0 && w.row.Next <= len(w.found.Items) {
		if err := w.albumsAgain(ctx, &w.found.Items[w.row.Next-1]); err != nil {
			return false, err
		}
	}
	for w.row.Next < len(w.found.Items) {
		if time.Now().After(end) {
			return true, nil
		}
		if err := w.item(ctx, &w.found.Items[w.row.Next]); err != nil {
			return false, err
		}
		w.c.importStep()
		if time.Since(written) < exportStep {
			continue
		}
		written = time.Now()
		err := w.c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return w.write(ctx, tx) })
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// write writes how far the work has come, if the import still goes on. It returns errImportOver, or errImportHalted for a member who was
// suspended meanwhile.
func (w *importer) write(ctx context.Context, tx *store.Store) error {
	now, acc, err := currentImport(ctx, tx, importJob{w.acc.ID, w.row.ID})
	if err != nil {
		return err
	}
	if !acc.Active() {
		return errImportHalted
	}
	now.Next, now.Report = w.row.Next, w.row.Report
	return putImport(ctx, tx, now, keepImport)
}

// albumsAgain puts the item before into its albums: a run that was killed may have posted it, and no more.
func (w *importer) albumsAgain(ctx context.Context, it *archive.Item) error {
	if !slices.ContainsFunc(it.Photos, func(p archive.ItemPhoto) bool { return len(it.Albums)+len(p.Albums) > 0 }) {
		return nil
	}
	ids := make([]int64, len(it.Photos))
	for n := range it.Photos {
		hash, err := w.hash(&it.Photos[n])
		if archive.Broken(err) || errors.Is(err, archive.ErrTooMuch) {
			continue
		}
		if err != nil {
			return err
		}
		same, err := w.c.Store.PhotosByHash(ctx, w.acc.ID, hash, 1)
		if err != nil {
			return err
		}
		if len(same) > 0 && same[0].PostID != nil {
			ids[n] = same[0].ID
		}
	}
	return w.intoAlbums(ctx, it, ids)
}

// leave notes a file that is left out.
func (w *importer) leave(name, why string) {
	r := &w.row.Report.V
	if r.Left == nil {
		r.Left = map[string]int{}
	}
	r.Left[why]++
	if len(r.Files) < importLeftNamed {
		r.Files = append(r.Files, store.ImportLeft{Name: clipRunes(name, 200), Why: why})
	}
}

// leftOut adds what the archive had and no post of it.
func (w *importer) leftOut(r *store.ImportReport) {
	if r.Left == nil {
		r.Left = map[string]int{}
	}
	for why, n := range w.found.Counts {
		r.Left[why] += n
	}
	for _, l := range w.found.Left {
		if len(r.Files) < importLeftNamed {
			r.Files = append(r.Files, store.ImportLeft{Name: clipRunes(l.Name, 200), Why: l.Why})
		}
	}
}

// item posts an item with those of its photographs that the member does not have yet.
func (w *importer) item(ctx context.Context, it *archive.Item) error {
	in := NewPost{
		Warning: clipRunes(it.Warning, MaxWarning), Visibility: w.row.Visibility, Descriptions: map[int64]string{}, Focus: map[int64]media.Focus{},
		Sensitive: it.Sensitive, ShowExif: it.ShowExif, Language: it.Language, Licence: it.Licence, CommentsFrom: store.CommentsFrom(it.CommentsFrom),
	}
	if _, ok := LicenceByID(in.Licence); !ok && in.Licence != "" {
		in.Licence = AllRightsReserved
	}
	switch in.CommentsFrom {
	case store.CommentsFromEveryone, store.CommentsFromFollowers, store.CommentsFromNobody:
	default:
		in.CommentsFrom = ""
	}
	if it.Closed && in.Visibility != store.Followers {
		in.Visibility = store.Followers // it was not for everybody where it comes from
	}
	ids := make([]int64, len(it.Photos)) // of those that are in a post, for the albums
	type started struct {
		id     int64
		places []int // in the item, which may have the same picture several times
		*archive.ItemPhoto
	}
	var waits []started
	for n := range it.Photos {
		ph := &it.Photos[n]
		id, have, err := w.photo(ctx, ph)
		switch {
		case err != nil:
			return err
		case have:
			w.row.Report.V.Known++
			ids[n] = id
		case id != 0:
			if at := slices.IndexFunc(waits, func(s started) bool { return s.id == id }); at >= 0 {
				waits[at].places = append(waits[at].places, n)
			} else {
				waits = append(waits, started{id, []int{n}, ph})
			}
		}
	}
	for _, s := range waits {
		p, err := w.c.WaitPhoto(ctx, w.acc, s.id, importPatience)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			return err
		case p.State == store.PhotoRefused:
			why := LeftRefused
			if p.Refusal == media.HEICSentence { // with the name of a JPEG, as some phones write it
				why = archive.LeftHEIC
			}
			w.leave(s.Name, why)
			continue
		case p.State != store.PhotoReady:
			return fmt.Errorf("photo %d is not ready", p.ID)
		}
		if it.Taken.IsZero() {
			it.Taken = takenAt(p.Metadata.V.TakenAt)
		}
		in.PhotoIDs = append(in.PhotoIDs, p.ID)
		w.row.Report.V.Known += len(s.places) - 1
		for _, n := range s.places {
			ids[n] = p.ID
		}
		if s.Description != "" {
			in.Descriptions[p.ID] = clipRunes(tidy(s.Description), MaxDescription)
		}
		if f := (media.Focus{X: s.FocusX, Y: s.FocusY}); f != (media.Focus{}) && f.X >= -1 && f.X <= 1 && f.Y >= -1 && f.Y <= 1 {
			in.Focus[p.ID] = f
		}
	}
	w.c.importStep()
	w.row.Next++
	in.Caption = w.caption(it)
	if len(in.PhotoIDs) > 0 {
		why, err := w.c.whyHold(ctx, w.acc, in)
		if err != nil {
			return err
		}
		if len(why) > 0 {
			if err := w.c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return w.c.markPhotosGone(ctx, tx, in.PhotoIDs) }); err != nil {
				return err
			}
			for _, s := range waits {
				if slices.Contains(in.PhotoIDs, s.id) {
					w.leave(s.Name, LeftHeld)
					for _, n := range s.places {
						ids[n] = 0
					}
				}
			}
			in.PhotoIDs = nil
		}
	}
	if len(in.PhotoIDs) > 0 {
		w.row.Report.V.Posts++
		w.row.Report.V.Photos += len(in.PhotoIDs)
		if err := w.publish(ctx, in, w.time(it)); err != nil {
			return err
		}
	}
	return w.intoAlbums(ctx, it, ids)
}

// time is when a post is dated. A photograph without a date is as old as the account: new, it would fill the feeds of others.
func (w *importer) time(it *archive.Item) time.Time {
	if datable(it.Taken) {
		return it.Taken
	}
	return w.acc.CreatedAt.Time()
}

// takenAt reads the time that a photograph's own data tell, zero for none.
func takenAt(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// photo finds the photograph among those that the member has, or uploads it. have is true where nothing is to be done, and id
// is then the photo of an earlier post. Without both it was left out.
func (w *importer) photo(ctx context.Context, ph *archive.ItemPhoto) (id int64, have bool, err error) {
	f := w.zips[ph.Archive].File[ph.File]
	hash, err := w.hash(ph)
	switch {
	case errors.Is(err, archive.ErrTooMuch):
		w.leave(ph.Name, archive.LeftLarge)
		return 0, false, nil
	case archive.Broken(err):
		w.leave(ph.Name, archive.LeftOther)
		return 0, false, nil
	case err != nil:
		return 0, false, err
	}
	same, err := w.c.Store.PhotosByHash(ctx, w.acc.ID, hash, 1)
	if err != nil {
		return 0, false, err
	}
	if len(same) > 0 {
		p := same[0]
		if p.AttachedAt == nil && p.Source == store.SourceImport {
			return p.ID, false, nil // of a run that was killed
		}
		return idInPost(p), true, nil
	}
	err = w.read(f, func(r io.Reader) error {
		p, err := w.c.StartUpload(ctx, w.acc, Upload{FileName: ph.Name, Source: store.SourceImport, Purpose: store.PurposePost, Body: r, Size: int64(f.UncompressedSize64)})
		if err == nil {
			id = p.ID
		}
		return err
	})
	switch {
	case errors.Is(err, ErrTooLarge):
		w.leave(ph.Name, archive.LeftLarge)
		return 0, false, nil
	case isNoRoom(err):
		w.leave(ph.Name, LeftNoRoom)
		return 0, false, nil
	}
	return id, false, err
}

// isNoRoom reports whether the member's quota refuses an upload.
func isNoRoom(err error) bool {
	var bad *Invalid
	return errors.As(err, &bad) && slices.ContainsFunc(bad.Fields, func(f FieldError) bool { return f.Code == "quota" })
}

// idInPost is the photo's id where it is in a post, else 0.
func idInPost(p *store.Photo) int64 {
	if p.PostID == nil {
		return 0
	}
	return p.ID
}

// hash is the SHA-256 of a photograph in the archive.
func (w *importer) hash(ph *archive.ItemPhoto) (string, error) {
	hash := sha256.New()
	err := w.read(w.zips[ph.Archive].File[ph.File], func(r io.Reader) error { _, err := io.Copy(hash, r); return err })
	return hex.EncodeToString(hash.Sum(nil)), err
}

func (w *importer) read(f *zip.File, use func(io.Reader) error) error {
	r, err := archive.OpenFile(f, w.c.mostUpload())
	if err != nil {
		return err
	}
	defer r.Close()
	return use(r)
}

// caption is an item's text with its tags, within the bounds of captions. Names in it are of people elsewhere, so they mention
// nobody here.
func (w *importer) caption(it *archive.Item) string {
	var b strings.Builder
	tags := 0
	for t := range w.c.tokens(tidy(it.Caption)) {
		switch {
		case t.kind == mentionToken && w.found.Source != archive.Own:
			b.WriteString("@\u2060" + strings.TrimPrefix(t.text, "@"))
		case t.kind == tagToken && tags >= MaxTags:
			b.WriteString(t.name)
		default:
			if t.kind == tagToken {
				tags++
			}
			b.WriteString(t.text)
		}
	}
	text := b.String()
	have, _ := w.c.Extract(text)
	seen := map[string]bool{}
	for _, t := range have {
		seen[store.Fold(t)] = true
	}
	before := "\n\n"
	for _, t := range it.Tags {
		name := tagName(t)
		if !ValidTag(name) || seen[store.Fold(name)] || len(seen) >= MaxTags || w.c.Characters(text)+len(name) > MaxCaption-4 {
			continue
		}
		seen[store.Fold(name)] = true
		text, before = text+before+"#"+name, " "
	}
	text = strings.TrimSpace(text)
	for w.c.Characters(text) > MaxCaption {
		text = strings.TrimSpace(clipRunes(text, min(MaxCaption-1, len([]rune(text))-2))) + "…"
	}
	return text
}

// tagName makes a tag of words: "Golden Gate" is GoldenGate.
func tagName(s string) string {
	var b strings.Builder
	upper := false
	for _, r := range s {
		switch {
		case !wordRune(r):
			upper = b.Len() > 0
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// publish posts at a time that is over, and writes down with it how far the import has come. Nobody is notified.
func (w *importer) publish(ctx context.Context, in NewPost, at time.Time) error {
	c := w.c
	p, err := c.newPostRow(w.acc, in)
	if err != nil {
		return err
	}
	words, err := c.readCaption(ctx, w.acc, p, nil)
	if err != nil {
		return err
	}
	words.mentions = nil
	for try := 1; ; try++ {
		id := store.IDAt(at)
		err := c.withSetsFor(ctx, p.Visibility, in.PhotoIDs, func(sets []replacedSet) error {
			return c.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
				row := *p // a try that is run again starts anew
				row.ID, row.CreatedAt = id, store.ToMillis(store.IDTime(id))
				if err := writePost(ctx, tx, &row, words, nil); err != nil {
					return err
				}
				if err := c.placePhotos(ctx, tx, &row, nil, newPhotos(in)); err != nil {
					return err
				}
				if _, err := tx.IndexPosts(ctx, row.ID); err != nil {
					return err
				}
				if err := c.switchSets(ctx, tx, sets); err != nil {
					return err
				}
				if err := tx.AddEvent(ctx, EventPostImported, w.acc.ID, row.ID, nil); err != nil {
					return err
				}
				if err := w.write(ctx, tx); err != nil {
					return err
				}
				return countPost(ctx, tx, &row, 1)
			})
		})
		if try < 5 && errors.Is(err, store.ErrConflict) { // another post has this id
			continue
		}
		return err
	}
}

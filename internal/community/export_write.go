package community

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"tintype/internal/archive"
	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	exportRows = 200 // that are read together
	// exportPagePosts is how many posts one page of an export has.
	exportPagePosts = 500
	// exportLatest is how many photographs its first page shows.
	exportLatest = 24
	// exportSmall is how wide the small copies are that its pages show.
	exportSmall = 960
)

const exportReadme = `This is everything that %s has at %s (%s).

Open index.html in a browser. It needs no connection.
If there are several zip files, unpack all of them into the same folder.

  posts/   pages with the posts of each year
  photos/  the photographs as they were uploaded
  small/   smaller copies, which the pages show
  data/    the same as JSON, for programs, and what the pages leave out: your settings, drafts and earlier versions;
           posts that wait or were not published; albums, with their order, cover and who adds to them; likes, bookmarks,
           boosts, pins and muted conversations; whom you follow, block and mute, and your notes; lists, filters and followed
           tags; where you learn of what; the applications that may act for you; your comments on announcements and your
           reactions to them; your reports; and what moderators decided about you, with your answers

What others wrote below your posts is theirs and not in here, but for how many comments there are.
`

// exportWriter writes one part of an export.
type exportWriter struct {
	c      *Community
	acc    *store.Account
	export *store.Export
	out    io.Writer
	stop   func() // called where the export is not wanted any more

	zip   *zip.Writer
	bytes int64 // of photographs in this part
	told  time.Time
	open  *bufio.Writer // the file that is being written
}

// write writes the words into the first part, and photographs into each. It reports whether more are left.
func (x *exportWriter) write(ctx context.Context) (more bool, err error) {
	x.zip = zip.NewWriter(x.out)
	x.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	if len(x.export.Parts.V) == 0 {
		if err := x.words(ctx); err != nil {
			return false, err
		}
	}
	if more, err = x.photos(ctx); err != nil {
		return false, err
	}
	return more, x.zip.Close()
}

// create begins a text file; it ends the one before.
func (x *exportWriter) create(name string) (io.Writer, error) {
	return x.createAs(name, zip.Deflate, time.Now())
}

func (x *exportWriter) createAs(name string, method uint16, at time.Time) (io.Writer, error) {
	if err := x.end(); err != nil {
		return nil, err
	}
	f, err := x.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: at})
	if err != nil {
		return nil, err
	}
	x.open = bufio.NewWriterSize(f, 64<<10)
	return x.open, nil
}

func (x *exportWriter) end() error {
	if x.open == nil {
		return nil
	}
	err := x.open.Flush()
	x.open = nil
	return err
}

func (x *exportWriter) json(name string, v any) error {
	w, err := x.create(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// jsonList writes a list entry by entry. each calls add for every entry.
func (x *exportWriter) jsonList(name string, each func(add func(v any) error) error) error {
	w, err := x.create(name)
	if err != nil {
		return err
	}
	before := "[\n"
	err = each(func(v any) error {
		b, err := json.MarshalIndent(v, "  ", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w, "%s  %s", before, b)
		before = ",\n"
		return err
	})
	if err != nil {
		return err
	}
	if before[0] == '[' {
		_, err = io.WriteString(w, "[]\n")
	} else {
		_, err = io.WriteString(w, "\n]\n")
	}
	return err
}

func (x *exportWriter) words(ctx context.Context) error {
	profile, err := x.profile(ctx)
	if err != nil {
		return err
	}
	w, err := x.create("README.txt")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, exportReadme, profile.DisplayName, x.c.Site(ctx).Name, x.c.BaseURL); err != nil {
		return err
	}
	if err := x.json(archive.ProfileFile, profile); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		x.postData, x.commentData, x.heldPosts, x.albums, x.announcementComments, x.announcementReactions, x.marks, x.people,
		x.lists, x.filters, x.notificationChoices, x.applications, x.decisions, x.reports, x.rest,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if w, err = x.create(archive.StyleFile); err != nil {
		return err
	}
	if _, err := io.WriteString(w, archive.Style); err != nil {
		return err
	}
	return x.pages(ctx, profile)
}

func (x *exportWriter) profile(ctx context.Context) (*archive.Profile, error) {
	a := x.acc
	p := &archive.Profile{
		Username: a.Username, DisplayName: a.Name(), Site: x.c.BaseURL, SiteName: x.c.Site(ctx).Name, URL: x.c.BaseURL + "/@" + a.Username, Email: a.Email,
		Note: a.Note, Fields: []archive.Field{}, CreatedAt: a.CreatedAt.Time(), ExportedAt: x.export.CreatedAt.Time(),
		Settings: map[string]any{
			"approve_followers": a.Locked, "discoverable": a.Discoverable, "bot": a.Bot, "default_visibility": a.DefaultVisibility,
			"default_licence": a.DefaultLicence, "default_comments_from": a.DefaultCommentsFrom, "default_show_exif": a.DefaultShowExif, "default_sensitive": a.DefaultSensitive,
			"warned_photos": a.WarnedPhotos, "theme": a.Theme, "letter_keys": a.LetterKeys, "language": a.Language, "pages_language": a.PagesLanguage,
		},
	}
	for _, f := range a.Fields.V {
		p.Fields = append(p.Fields, archive.Field(f))
	}
	var ids []int64
	for _, id := range []*int64{a.AvatarPhotoID, a.HeaderPhotoID} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	photos, err := x.c.Store.PhotosByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, ph := range photos {
		switch {
		case ph.State != store.PhotoReady:
		case ph.Purpose == store.PurposeAvatar:
			p.Avatar = exportFile(ph)
		case ph.Purpose == store.PurposeHeader:
			p.Header = exportFile(ph)
		}
	}
	return p, nil
}

// ownPosts calls f for each of the member's posts, or comments, newest first.
func (x *exportWriter) ownPosts(ctx context.Context, kind string, f func(p *store.Post, photos []archive.Photo) error) error {
	for below := int64(math.MaxInt64); ; {
		posts, err := x.c.Store.OwnPosts(ctx, x.acc.ID, below, exportRows)
		if err != nil || len(posts) == 0 {
			return err
		}
		below = posts[len(posts)-1].ID
		var ids []int64
		for i := range posts {
			if posts[i].Kind == kind && posts[i].PhotosCount > 0 {
				ids = append(ids, posts[i].ID)
			}
		}
		photos, err := x.c.Store.WholePhotosOf(ctx, ids)
		if err != nil {
			return err
		}
		of := map[int64][]archive.Photo{}
		for _, ph := range photos {
			of[*ph.PostID] = append(of[*ph.PostID], exportPhoto(ph))
		}
		for i := range posts {
			if posts[i].Kind == kind {
				if err := f(&posts[i], of[posts[i].ID]); err != nil {
					return err
				}
			}
		}
	}
}

func (x *exportWriter) postData(ctx context.Context) error {
	return x.jsonList(archive.PostsFile, func(add func(any) error) error {
		return x.ownPosts(ctx, store.KindPost, func(p *store.Post, photos []archive.Photo) error {
			out := x.post(p, photos)
			var err error
			if out.Versions, err = x.versions(ctx, p); err != nil {
				return err
			}
			return add(out)
		})
	})
}

// versions are what an edited post or comment said, the first one first.
func (x *exportWriter) versions(ctx context.Context, p *store.Post) (out []archive.Version, err error) {
	if p.EditedAt == nil {
		return nil, nil
	}
	versions, err := x.c.Store.PostVersions(ctx, p.ID)
	for _, v := range versions {
		out = append(out, archive.Version{Since: v.CreatedAt.Time(), Caption: v.Caption, Warning: v.Warning})
	}
	return out, err
}

func (x *exportWriter) post(p *store.Post, photos []archive.Photo) *archive.Post {
	out := &archive.Post{
		ID: strconv.FormatInt(p.ID, 10), URL: x.address(p, x.acc.Username), CreatedAt: p.CreatedAt.Time(), Visibility: string(p.Visibility), Caption: p.Caption,
		Warning: p.Warning, Sensitive: p.Sensitive, Licence: p.Licence, ShowExif: p.ShowExif, Language: p.Language,
		CommentsFrom: string(p.CommentsFrom), Likes: p.LikesCount, Boosts: p.BoostsCount, Comments: p.CommentsCount, Photos: photos,
	}
	out.Tags, _ = x.c.Extract(p.Caption)
	out.EditedAt = instant(p.EditedAt)
	return out
}

// address is the page of a post or comment.
func (x *exportWriter) address(p *store.Post, author string) string {
	if p.Kind == store.KindComment {
		return x.c.BaseURL + "/posts/" + strconv.FormatInt(p.ID, 10)
	}
	return x.c.BaseURL + "/@" + author + "/" + strconv.FormatInt(p.ID, 10)
}

func (x *exportWriter) comment(p *store.Post, photos []archive.Photo) *archive.Comment {
	return &archive.Comment{
		ID: strconv.FormatInt(p.ID, 10), URL: x.address(p, ""), InReplyTo: x.c.BaseURL + "/posts/" + strconv.FormatInt(value(p.InReplyToID), 10),
		CreatedAt: p.CreatedAt.Time(), Text: p.Caption, Warning: p.Warning, Sensitive: p.Sensitive, Photos: photos,
		EditedAt: instant(p.EditedAt),
	}
}

func (x *exportWriter) commentData(ctx context.Context) error {
	return x.jsonList(archive.CommentsFile, func(add func(any) error) error {
		return x.ownPosts(ctx, store.KindComment, func(p *store.Post, photos []archive.Photo) (err error) {
			out := x.comment(p, photos)
			if out.Versions, err = x.versions(ctx, p); err != nil {
				return err
			}
			return add(out)
		})
	})
}

// pages writes the pages for people, in the member's language.
func (x *exportWriter) pages(ctx context.Context, profile *archive.Profile) error {
	html, err := archive.In(x.c.mailLanguage(ctx, x.acc))
	if err != nil {
		return err
	}
	var all []archive.Page
	var latest []archive.Latest
	var w io.Writer
	posts := 0
	err = x.ownPosts(ctx, store.KindPost, func(p *store.Post, photos []archive.Photo) error {
		year := p.CreatedAt.Time().Year()
		if last := len(all) - 1; last < 0 || all[last].Year != year || all[last].Posts == exportPagePosts {
			page := archive.Page{Year: year, Part: 1}
			if last >= 0 && all[last].Year == year {
				page.Part = all[last].Part + 1
			}
			if last >= 0 {
				if err := html.EndPage(w, page.File()); err != nil {
					return err
				}
			}
			all = append(all, page)
			var err error
			if w, err = x.create(page.File()); err != nil {
				return err
			}
			if err := html.StartPage(w, profile, page); err != nil {
				return err
			}
		}
		page := &all[len(all)-1]
		page.Posts++
		posts++
		if len(latest) < exportLatest && len(photos) > 0 && !p.Warned() {
			latest = append(latest, archive.Latest{Photo: photos[0], Page: page.File() + "#p" + strconv.FormatInt(p.ID, 10)})
		}
		return html.WritePost(w, x.post(p, photos))
	})
	if err == nil && w != nil {
		err = html.EndPage(w, "")
	}
	if err != nil {
		return err
	}
	if w, err = x.create("comments.html"); err != nil {
		return err
	}
	if err := html.StartComments(w, profile); err != nil {
		return err
	}
	comments := 0
	err = x.ownPosts(ctx, store.KindComment, func(p *store.Post, photos []archive.Photo) error {
		comments++
		return html.WriteComment(w, x.comment(p, photos))
	})
	if err != nil {
		return err
	}
	if err := html.EndPage(w, ""); err != nil {
		return err
	}
	if w, err = x.create("index.html"); err != nil {
		return err
	}
	return html.WriteIndex(w, profile, all, latest, posts, comments)
}

// photos writes photographs until the part is full. Those that came after the export began are not in it.
func (x *exportWriter) photos(ctx context.Context) (more bool, err error) {
	e := x.export
	for {
		list, err := x.c.Store.ReadyPhotosAfter(ctx, x.acc.ID, e.LastPhotoID, e.ID, exportRows)
		if err != nil {
			return false, err
		}
		if len(list) == 0 {
			return false, x.end()
		}
		for _, ph := range list {
			if x.bytes >= x.c.exportPart {
				return true, x.end()
			}
			if err := x.photo(ctx, ph); err != nil {
				return false, err
			}
			e.LastPhotoID = ph.ID
			e.Photos++
			if time.Since(x.told) < exportStep {
				continue
			}
			x.told = time.Now()
			if wanted, err := x.c.Store.SetExportProgress(ctx, e.AccountID, e.ID, e.Photos); err != nil {
				return false, err
			} else if !wanted {
				x.stop()
				return false, errUnwanted
			}
		}
	}
}

// photo writes the file of a photo and a small copy of it.
func (x *exportWriter) photo(ctx context.Context, ph *store.Photo) error {
	err := x.file(ctx, exportFile(ph), ph, x.c.openSource)
	if errors.Is(err, media.ErrNotFound) {
		// It went, or has other files now.
		now, again := x.c.Store.PhotoByID(ctx, ph.ID)
		if errors.Is(again, store.ErrNotFound) || again == nil && now.State != store.PhotoReady {
			x.export.Missing++
			return nil
		}
		if again != nil {
			return again
		}
		ph = now
		if err = x.file(ctx, exportFile(ph), ph, x.c.openSource); errors.Is(err, media.ErrNotFound) {
			x.c.Log.Warn("an export goes without a photograph whose file is missing", "photo", ph.ID)
			x.export.Missing++
			return nil
		}
	}
	if err != nil {
		return err
	}
	err = x.file(ctx, exportSmallFile(ph), ph, func(ctx context.Context, p *store.Photo) (*media.Object, error) {
		return x.c.Media.Open(ctx, p.Key(smallVariant(p)))
	})
	if errors.Is(err, media.ErrNotFound) {
		return nil
	}
	return err
}

func (x *exportWriter) file(ctx context.Context, name string, ph *store.Photo, open func(context.Context, *store.Photo) (*media.Object, error)) error {
	o, err := open(ctx, ph)
	if err != nil {
		return err
	}
	defer o.Close()
	w, err := x.createAs(name, zip.Store, ph.CreatedAt.Time())
	if err != nil {
		return err
	}
	n, err := io.Copy(w, o)
	x.bytes += n
	if err == nil && n != o.Size {
		err = fmt.Errorf("%d bytes of %d came of photo %d", n, o.Size, ph.ID)
	}
	return err
}

// smallVariant is the variant that pages of an export show.
func smallVariant(p *store.Photo) string {
	best := store.Variant{}
	for _, v := range p.Variants.V {
		if v.Name != media.SquareName && (best.Name == "" || v.Width <= exportSmall && v.Width > best.Width || best.Width > exportSmall && v.Width < best.Width) {
			best = v
		}
	}
	return best.Name
}

func exportPhoto(ph *store.Photo) archive.Photo {
	return archive.Photo{
		File: exportFile(ph), Small: exportSmallFile(ph), Name: ph.FileName, Description: ph.Description, Width: ph.Width, Height: ph.Height,
		FocusX: ph.FocusX, FocusY: ph.FocusY, Metadata: ph.Metadata.V,
	}
}

// exportFile is the name of a photo's file in an export, which sorts by the time of its upload.
func exportFile(ph *store.Photo) string { return "photos/" + exportName(ph) + exportExtension(ph) }

func exportSmallFile(ph *store.Photo) string { return "small/" + exportName(ph) + ".jpg" }

func exportName(ph *store.Photo) string {
	return ph.CreatedAt.Time().Format(time.DateOnly) + "-" + strconv.FormatInt(ph.ID, 10)
}

func exportExtension(ph *store.Photo) string {
	if ph.OrigRandom != "" {
		switch ph.MediaType {
		case "image/png":
			return ".png"
		case "image/gif":
			return ".gif"
		case "image/webp":
			return ".webp"
		}
	}
	return ".jpg"
}

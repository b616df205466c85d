package archive

import (
	"archive/zip"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What an archive may be. The first is none of the others: photographs in folders.
const (
	Plain     = "photographs"
	Own       = "tintype"
	Instagram = "instagram"
	Facebook  = "facebook"
	Flickr    = "flickr"
	Google    = "google"
)

// MaxItemPhotos is how many photographs an item has at most.
const MaxItemPhotos = 10

// Item is what becomes a post.
type Item struct {
	Taken   time.Time // zero where nothing tells it
	Caption string
	Tags    []string
	Albums  []string // of all its photographs
	Photos  []ItemPhoto
	Warning string
	// Closed says that its author had not shown it to everybody.
	Closed bool
	// What follows is empty where the archive does not tell it.
	Sensitive    *bool
	ShowExif     *bool
	Licence      string // as this site names it, or UnknownLicence
	CommentsFrom string // as an export names it
	Language     string
}

// UnknownLicence is a licence that the archive names and this program does not know.
const UnknownLicence = "unknown"

// AlbumsOf are the albums of one of the item's photographs.
func (it *Item) AlbumsOf(photo int) []string {
	return append(slices.Clip(it.Albums), it.Photos[photo].Albums...)
}

// ItemPhoto is a photograph of an item.
type ItemPhoto struct {
	Ref
	Name        string // of its file
	Description string
	Albums      []string // beside those of its item
	CoverOf     []string // those of its albums for which it stands
	FocusX      float64
	FocusY      float64
	Size        int64
	Modified    time.Time
}

// Why files are left out.
const (
	LeftVideo    = "video"
	LeftHEIC     = "heic"
	LeftOther    = "other"    // a picture or file that this site does not read
	LeftUnposted = "unposted" // no part of a post: of a story, a message or a profile
	LeftTrashed  = "trashed"
	LeftLarge    = "large"
	LeftLocked   = "locked"  // by a password
	LeftMissing  = "missing" // named by the data, and not in the archive
)

// Left is a file that is left out.
type Left struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// Found is what an archive holds. Reading the same archive again finds the same in the same order.
type Found struct {
	Source string
	Items  []Item
	Albums []Album // those of which the archive says more than a title
	Left   []Left  // the first of them
	Counts map[string]int
}

func (f *Found) leave(name, why string) {
	f.Counts[why]++
	if len(f.Left) < maxLeft {
		f.Left = append(f.Left, Left{clip(name, 200), why})
	}
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// reader reads the archives of one member.
type reader struct {
	entries []entry
	byName  map[string]*entry
	byTail  map[string]*entry // without the folder at the top
	used    map[Ref]bool
	found   *Found
	json    int64 // that may still be read
	text    int   // that may still be kept
	maxFile int64
}

// Read looks through the archives of one download, which may come in several files. No photograph may be larger than
// maxFile. Errors: ErrTooMuch, and those of the archive itself.
func Read(archives []*zip.Reader, maxFile int64) (*Found, error) {
	entries, err := entriesOf(archives)
	if err != nil {
		return nil, err
	}
	r := &reader{
		entries: entries, byName: make(map[string]*entry, len(entries)), byTail: map[string]*entry{}, used: map[Ref]bool{}, json: maxAllJSON, text: maxText, maxFile: maxFile,
		found: &Found{Counts: map[string]int{}},
	}
	for i := range entries {
		e := &entries[i]
		r.byName[e.name] = e
		if _, tail, ok := strings.Cut(e.name, "/"); ok && r.byTail[tail] == nil {
			r.byTail[tail] = e
		}
	}
	read := map[string]func() error{
		Own: r.own, Instagram: r.instagram, Facebook: r.facebook, Flickr: r.flickr, Google: r.google, Plain: r.plain,
	}
	r.found.Source = r.source()
	if err := read[r.found.Source](); err != nil {
		return nil, err
	}
	r.rest()
	slices.SortStableFunc(r.found.Items, func(a, b Item) int { return a.Taken.Compare(b.Taken) })
	return r.found, nil
}

// source tells whose archive it is, by the names in it.
func (r *reader) source() string {
	seen := map[string]bool{}
	for i := range r.entries {
		e := &r.entries[i]
		switch {
		case e.name == PostsFile:
			seen[Own] = true
		case instagramPosts.MatchString(e.name), e.name == "media.json":
			seen[Instagram] = true
		case facebookPosts.MatchString(e.name), facebookAlbum.MatchString(e.name):
			seen[Facebook] = true
		case flickrPhoto.MatchString(e.base):
			seen[Flickr] = true
		case strings.HasPrefix(e.name, "Takeout/"):
			seen[Google] = true
		}
	}
	for _, s := range []string{Own, Facebook, Instagram, Flickr, Google} {
		if seen[s] {
			return s
		}
	}
	return Plain
}

// parse reads a file of data. A file that is not JSON of that shape is left out, without an error. The shape has no map, and
// nothing of any type: members of objects that it does not name cost nothing, and elements of lists are counted.
func (r *reader) parse(e *entry, into any) (ok bool, err error) {
	f, err := OpenFile(e.file, min(maxJSON, r.json))
	if errors.Is(err, ErrTooMuch) {
		return false, fmt.Errorf("%w: %s", ErrTooMuch, clip(e.name, 200))
	}
	if errors.Is(err, errLocked) {
		r.found.leave(e.name, LeftLocked)
		return false, nil
	}
	if broken(err) {
		r.found.leave(e.name, LeftOther)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	r.json -= int64(len(b))
	switch {
	case errors.Is(err, ErrTooMuch), r.json < 0:
		return false, fmt.Errorf("%w: %s", ErrTooMuch, clip(e.name, 200))
	case broken(err):
		r.found.leave(e.name, LeftOther)
		return false, nil
	case err != nil:
		return false, err
	case manyElements(b, maxElements):
		return false, fmt.Errorf("%w: %s", ErrTooMuch, clip(e.name, 200))
	}
	if json.Unmarshal(b, into) != nil {
		return false, nil
	}
	return true, nil
}

// broken tells what is wrong with a file in an archive from what is wrong with reading the archive.
func broken(err error) bool {
	return err != nil && (errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) ||
		strings.HasPrefix(err.Error(), "flate: "))
}

// Broken reports whether the error is of a file in an archive that is damaged, and not of the reading itself.
func Broken(err error) bool { return broken(err) }

// add notes an item, in pieces where it has many photographs.
func (r *reader) add(it Item) error {
	it.Caption = strings.TrimSpace(it.Caption)
	if r.text -= len(it.Caption); r.text < 0 {
		return fmt.Errorf("%w: texts", ErrTooMuch)
	}
	for len(it.Photos) > 0 {
		n := min(len(it.Photos), MaxItemPhotos)
		piece := it
		piece.Photos = it.Photos[:n:n]
		r.found.Items = append(r.found.Items, piece)
		it.Photos, it.Caption = it.Photos[n:], ""
	}
	return nil
}

// photo takes a file for an item. It is false, with a line in the report, where the file is none that becomes a photograph.
func (r *reader) photo(e *entry, description string) (ItemPhoto, bool) {
	if r.used[e.Ref] {
		return ItemPhoto{}, false
	}
	r.used[e.Ref] = true
	if why := kindOf(e.base); why != "" {
		r.found.leave(e.name, why)
		return ItemPhoto{}, false
	}
	switch {
	case locked(e.file):
		r.found.leave(e.name, LeftLocked)
		return ItemPhoto{}, false
	case e.file.UncompressedSize64 > uint64(r.maxFile):
		r.found.leave(e.name, LeftLarge)
		return ItemPhoto{}, false
	case swollen(e.file):
		r.found.leave(e.name, LeftOther)
		return ItemPhoto{}, false
	}
	return ItemPhoto{Ref: e.Ref, Name: e.base, Description: description, Size: int64(e.file.UncompressedSize64), Modified: e.file.Modified}, true
}

// named is photo for a file that the data names. Downloads name them from their own top, which may be a folder.
func (r *reader) named(name, description string) (ItemPhoto, bool) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	e := r.byName[name]
	if e == nil {
		e = r.byTail[name]
	}
	if e == nil {
		r.found.leave(name, LeftMissing)
		return ItemPhoto{}, false
	}
	return r.photo(e, description)
}

// kindOf says why a file is left out by its name, "" for a photograph, "-" for what is no picture at all.
func kindOf(base string) string {
	switch strings.ToLower(path.Ext(base)) {
	case ".jpg", ".jpeg", ".jpe", ".png", ".gif", ".webp":
		return ""
	case ".heic", ".heif", ".avif":
		return LeftHEIC
	case ".mp4", ".mov", ".m4v", ".avi", ".mkv", ".3gp", ".webm", ".mpg", ".mpeg", ".wmv", ".mts", ".mp":
		return LeftVideo
	case ".tif", ".tiff", ".bmp", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".psd", ".svg":
		return LeftOther
	}
	return "-"
}

// rest reports pictures that no post has.
func (r *reader) rest() {
	delete(r.found.Counts, "-")
	r.found.Left = slices.DeleteFunc(r.found.Left, func(l Left) bool { return l.Why == "-" })
	for i := range r.entries {
		e := &r.entries[i]
		if r.used[e.Ref] || strings.HasPrefix(e.name, "small/") && r.found.Source == Own {
			continue
		}
		switch why := kindOf(e.base); why {
		case "-":
		case "":
			r.found.leave(e.name, LeftUnposted)
		default:
			r.found.leave(e.name, why)
		}
	}
}

// plain takes every photograph. A folder that holds some, and is not the only one, is an album.
func (r *reader) plain() error {
	dirs := map[string]bool{}
	for i := range r.entries {
		if kindOf(r.entries[i].base) == "" {
			dirs[r.entries[i].dir] = true
		}
	}
	list := make([]*entry, len(r.entries))
	for i := range r.entries {
		list[i] = &r.entries[i]
	}
	slices.SortFunc(list, func(a, b *entry) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.Archive, b.Archive), cmp.Compare(a.File, b.File))
	})
	for _, e := range list {
		if kindOf(e.base) != "" {
			continue
		}
		p, ok := r.photo(e, "")
		if !ok {
			continue
		}
		it := Item{Taken: e.file.Modified, Photos: []ItemPhoto{p}}
		if len(dirs) > 1 && e.dir != "." {
			it.Albums = []string{path.Base(e.dir)}
		}
		if err := r.add(it); err != nil {
			return err
		}
	}
	return nil
}

// own reads what Tintype exports.
func (r *reader) own() error {
	var posts []struct { // what is read of a Post
		CreatedAt    time.Time `json:"created_at"`
		Visibility   string    `json:"visibility"`
		Caption      string    `json:"caption"`
		Warning      string    `json:"warning"`
		Sensitive    bool      `json:"sensitive"`
		Licence      string    `json:"licence"`
		ShowExif     bool      `json:"show_exif"`
		Language     string    `json:"language"`
		CommentsFrom string    `json:"comments_from"`
		Photos       []struct {
			File        string  `json:"file"`
			Name        string  `json:"name"`
			Description string  `json:"description"`
			FocusX      float64 `json:"focus_x"`
			FocusY      float64 `json:"focus_y"`
		} `json:"photos"`
	}
	if ok, err := r.parse(r.byName[PostsFile], &posts); err != nil || !ok {
		return err
	}
	albums, covers, err := r.ownAlbums()
	if err != nil {
		return err
	}
	for _, p := range posts {
		it := Item{
			Taken: p.CreatedAt, Caption: p.Caption, Warning: p.Warning, Closed: p.Visibility != "public" && p.Visibility != "",
			Sensitive: &p.Sensitive, ShowExif: &p.ShowExif, Licence: cmp.Or(p.Licence, UnknownLicence), CommentsFrom: p.CommentsFrom, Language: p.Language,
		}
		for _, ph := range p.Photos {
			if photo, ok := r.named(ph.File, ph.Description); ok {
				if ph.Name != "" {
					photo.Name = ph.Name
				}
				photo.Albums, photo.CoverOf, photo.FocusX, photo.FocusY = albums[ph.File], covers[ph.File], ph.FocusX, ph.FocusY
				it.Photos = append(it.Photos, photo)
			}
		}
		if err := r.add(it); err != nil {
			return err
		}
	}
	return nil
}

// ownAlbums notes the albums of an export, and returns their titles by the files of the photographs in them, and by those of their
// covers. Those without a title, and more than a member has, are left out.
func (r *reader) ownAlbums() (of, covers map[string][]string, err error) {
	e := r.byName[AlbumsFile]
	if e == nil {
		return nil, nil, nil
	}
	var list []Album
	if ok, err := r.parse(e, &list); err != nil || !ok {
		return nil, nil, err
	}
	of, covers = map[string][]string{}, map[string][]string{}
	for _, a := range list {
		if r.text -= len(a.Title) + len(a.Description); r.text < 0 {
			return nil, nil, fmt.Errorf("%w: texts", ErrTooMuch)
		}
		if a.Title == "" || len(r.found.Albums) == maxAlbums {
			continue
		}
		if a.Cover != "" {
			covers[a.Cover] = append(covers[a.Cover], a.Title)
		}
		for _, name := range a.Photos {
			if !slices.Contains(of[name], a.Title) {
				of[name] = append(of[name], a.Title)
			}
		}
		a.Photos = nil
		r.found.Albums = append(r.found.Albums, a)
	}
	return of, covers, nil
}

// unixTime is zero for what is no moment.
func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// fixed undoes what Meta's downloads do to text: each byte of its UTF-8 is written as a character of its own. See
// https://stackoverflow.com/questions/50008296/facebook-json-badly-encoded.
func fixed(s string) string {
	b := make([]byte, 0, len(s))
	for _, c := range s {
		if c > 0xff {
			return s
		}
		b = append(b, byte(c))
	}
	if !utf8.Valid(b) {
		return s
	}
	return string(b)
}

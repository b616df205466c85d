package archive

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Instagram: posts_1.json and so on hold posts with their media, whose uri is a path in the archive, in folders that have
// moved over the years (content/, your_instagram_activity/media/). A post with one picture has its words there. Downloads
// until 2020 have media.json at the top. See https://gerben.dev/posts/20241204-instagram-archive.
var instagramPosts = regexp.MustCompile(`(^|/)(content|media)/posts_\d+\.json$`)

type metaMedia struct {
	URI               string `json:"uri"`
	CreationTimestamp int64  `json:"creation_timestamp"`
	Title             string `json:"title"`
	Description       string `json:"description"`
}

func (r *reader) instagram() error {
	for i := range r.entries {
		e := &r.entries[i]
		if !instagramPosts.MatchString(e.name) {
			continue
		}
		var posts []struct {
			Media             []metaMedia `json:"media"`
			Title             string      `json:"title"`
			CreationTimestamp int64       `json:"creation_timestamp"`
		}
		if ok, err := r.parse(e, &posts); err != nil {
			return err
		} else if !ok {
			continue
		}
		for _, p := range posts {
			it := Item{Taken: unixTime(p.CreationTimestamp), Caption: fixed(p.Title)}
			for _, m := range p.Media {
				if it.Taken.IsZero() {
					it.Taken = unixTime(m.CreationTimestamp)
				}
				if it.Caption == "" {
					it.Caption = fixed(m.Title)
				}
				if photo, ok := r.named(m.URI, ""); ok {
					it.Photos = append(it.Photos, photo)
				}
			}
			if err := r.add(it); err != nil {
				return err
			}
		}
	}
	e := r.byName["media.json"]
	if e == nil {
		return nil
	}
	var old struct {
		Photos []struct {
			Caption string `json:"caption"`
			TakenAt string `json:"taken_at"`
			Path    string `json:"path"`
		} `json:"photos"`
	}
	if ok, err := r.parse(e, &old); err != nil || !ok {
		return err
	}
	for _, p := range old.Photos {
		it := Item{Caption: p.Caption}
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
			if at, err := time.Parse(layout, p.TakenAt); err == nil {
				it.Taken = at.UTC()
				break
			}
		}
		if photo, ok := r.named(p.Path, ""); ok {
			it.Photos = append(it.Photos, photo)
		}
		if err := r.add(it); err != nil {
			return err
		}
	}
	return nil
}

// Facebook: your_posts….json hold posts with attachments, album/0.json and so on the albums, each in folders that have
// moved. A photograph of a post is in an album as well. Both name it by its path in the archive. The shapes are those that
// https://myportal.social reads (Kyanite).
var (
	facebookPosts = regexp.MustCompile(`(^|/)posts/your_posts[^/]*\.json$`)
	facebookAlbum = regexp.MustCompile(`(^|/)(posts|photos_and_videos)/album/\d+\.json$`)
)

func (r *reader) facebook() error {
	at := map[string]int{} // items by the photographs that they have
	for i := range r.entries {
		e := &r.entries[i]
		if !facebookPosts.MatchString(e.name) {
			continue
		}
		var posts []struct {
			Timestamp   int64 `json:"timestamp"`
			Attachments []struct {
				Data []struct {
					Media *metaMedia `json:"media"`
				} `json:"data"`
			} `json:"attachments"`
			Data []struct {
				Post string `json:"post"`
			} `json:"data"`
		}
		if ok, err := r.parse(e, &posts); err != nil {
			return err
		} else if !ok {
			continue
		}
		for _, p := range posts {
			it := Item{Taken: unixTime(p.Timestamp)}
			for _, d := range p.Data {
				if d.Post != "" {
					it.Caption = fixed(d.Post)
				}
			}
			var uris []string
			for _, a := range p.Attachments {
				for _, d := range a.Data {
					if d.Media == nil || d.Media.URI == "" {
						continue
					}
					words := fixed(d.Media.Description)
					if it.Caption == "" {
						it.Caption = words
					}
					if photo, ok := r.named(d.Media.URI, ""); ok {
						it.Photos = append(it.Photos, photo)
						uris = append(uris, d.Media.URI)
					}
				}
			}
			first := len(r.found.Items)
			if err := r.add(it); err != nil {
				return err
			}
			for n, uri := range uris {
				at[uri] = first + n/MaxItemPhotos
			}
		}
	}
	for i := range r.entries {
		e := &r.entries[i]
		if !facebookAlbum.MatchString(e.name) {
			continue
		}
		var album struct {
			Name   string      `json:"name"`
			Photos []metaMedia `json:"photos"`
		}
		if ok, err := r.parse(e, &album); err != nil {
			return err
		} else if !ok {
			continue
		}
		name := fixed(album.Name)
		for _, m := range album.Photos {
			if n, ok := at[m.URI]; ok {
				if it := &r.found.Items[n]; name != "" && len(it.Albums) < maxAlbums && !slices.Contains(it.Albums, name) {
					it.Albums = append(it.Albums, name)
				}
				continue
			}
			photo, ok := r.named(m.URI, "")
			if !ok {
				continue
			}
			it := Item{Taken: unixTime(m.CreationTimestamp), Caption: fixed(m.Description), Photos: []ItemPhoto{photo}}
			if name != "" {
				it.Albums = []string{name}
			}
			at[m.URI] = len(r.found.Items)
			if err := r.add(it); err != nil {
				return err
			}
		}
	}
	return nil
}

// Flickr: one zip has photo_ID.json for each photograph, and albums.json with the ids that each album has; others have the
// files, whose names end with the id, or with it and "_o". See https://github.com/simulot/immich-go/issues/1354 and
// https://github.com/photoprism/photoprism/issues/812.
var (
	flickrPhoto = regexp.MustCompile(`^photo_(\d+)\.json$`)
	flickrFile  = regexp.MustCompile(`(?:^|_)(\d{5,})(?:_o)?\.[A-Za-z0-9]+$`)
)

func (r *reader) flickr() error {
	files := map[string]*entry{}
	for i := range r.entries {
		e := &r.entries[i]
		if kindOf(e.base) == "-" {
			continue
		}
		if m := flickrFile.FindStringSubmatch(e.base); m != nil {
			files[m[1]] = e
		}
	}
	albums := map[string][]string{}
	for i := range r.entries {
		if r.entries[i].base != "albums.json" {
			continue
		}
		var list struct {
			Albums []struct {
				Title  string   `json:"title"`
				Photos []string `json:"photos"`
			} `json:"albums"`
		}
		if _, err := r.parse(&r.entries[i], &list); err != nil {
			return err
		}
		for _, a := range list.Albums {
			for _, id := range a.Photos {
				if a.Title != "" && !slices.Contains(albums[id], a.Title) && len(albums[id]) < MaxItemPhotos {
					albums[id] = append(albums[id], a.Title)
				}
			}
		}
	}
	for i := range r.entries {
		m := flickrPhoto.FindStringSubmatch(r.entries[i].base)
		if m == nil {
			continue
		}
		var p struct {
			ID          string `json:"id"`
			Name        string `json:"name"`
			Description string `json:"description"`
			DateTaken   string `json:"date_taken"`
			DateUpload  string `json:"date_imported"`
			Privacy     string `json:"privacy"`
			Licence     string `json:"license"`
			Safety      string `json:"safety"`
			Tags        []struct {
				Tag string `json:"tag"`
			} `json:"tags"`
		}
		if ok, err := r.parse(&r.entries[i], &p); err != nil {
			return err
		} else if !ok {
			continue
		}
		file := files[m[1]]
		if file == nil {
			r.found.leave(r.entries[i].name, LeftMissing)
			continue
		}
		photo, ok := r.photo(file, "")
		if !ok {
			continue
		}
		it := Item{Photos: []ItemPhoto{photo}, Albums: albums[m[1]], Closed: p.Privacy != "" && p.Privacy != "public"}
		it.Licence = licenceOf(p.Licence)
		if p.Safety != "" && !strings.EqualFold(p.Safety, "safe") {
			sensitive := true
			it.Sensitive = &sensitive
		}
		for _, date := range []string{p.DateTaken, p.DateUpload} {
			if at, err := time.Parse(time.DateTime, date); err == nil {
				it.Taken = at
				break
			}
		}
		it.Caption = strings.TrimSpace(p.Name + "\n\n" + p.Description)
		for _, t := range p.Tags {
			it.Tags = append(it.Tags, t.Tag)
		}
		if err := r.add(it); err != nil {
			return err
		}
	}
	return nil
}

// licenceOf finds the licence that Flickr names in words ("Attribution-NonCommercial License", "CC BY-NC 4.0"), "" for none. It
// never allows more than these say.
func licenceOf(words string) string {
	words = strings.ToLower(words)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(s string) bool { return strings.Contains(words, s) })
	}
	switch {
	case strings.TrimSpace(words) == "":
		return ""
	case has("cc0"):
		return "cc0-1.0"
	case !has("attribution", "cc by"):
		return UnknownLicence
	}
	id := "cc-by"
	if has("noncommercial", "-nc") {
		id += "-nc"
	}
	if has("noderiv", "-nd") {
		id += "-nd"
	} else if has("sharealike", "-sa") {
		id += "-sa"
	}
	return id + "-4.0"
}

// Google Takeout: each photograph has its data in a file beside it, whose name is the photograph's with
// ".supplemental-metadata.json", or ".json" until 2024, cut to 51 characters anywhere before ".json". Of files of one name
// the second is "IMG(1).jpg" with "IMG.jpg.supplemental-metadata(1).json". Edited copies have no data of their own. A folder
// with a metadata.json is an album, and repeats what is in the folder of the year. See
// https://github.com/TheLastGimbus/GooglePhotosTakeoutHelper/issues/353, https://github.com/ente/ente/issues/4953 and
// https://github.com/immich-app/immich/issues/30319.
const (
	googleSuffix = "supplemental-metadata"
	googleCut    = 51 - len(".json")
)

var (
	googleNumber = regexp.MustCompile(`\((\d+)\)$`)
	googleEdited = []string{"-edited", "-bearbeitet", "-modifié", "-editado", "-modificato"}
)

// sidecar is what a file of data is about.
type sidecar struct {
	dir, name string // of the photograph, perhaps cut short
	number    int    // of several with one name
}

func sidecarOf(e *entry) sidecar {
	s := sidecar{dir: e.dir, name: strings.TrimSuffix(e.base, ".json")}
	s.name, s.number = withoutNumber(s.name)
	if stem, last, ok := cutLast(s.name, "."); ok && last != "" && strings.HasPrefix(googleSuffix, last) {
		s.name = stem
	} else {
		s.name = strings.TrimSuffix(s.name, ".")
	}
	return s
}

func withoutNumber(name string) (string, int) {
	if m := googleNumber.FindStringSubmatchIndex(name); m != nil {
		if n, err := strconv.Atoi(name[m[2]:m[3]]); err == nil {
			return name[:m[0]], n
		}
	}
	return name, 0
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// sidecarsFor are the names under which the data of a photograph may be kept, the best first.
func sidecarsFor(e *entry) []sidecar {
	ext := path.Ext(e.base)
	stem := strings.TrimSuffix(e.base, ext)
	list := []sidecar{{e.dir, e.base, 0}}
	plain, number := withoutNumber(stem)
	if number > 0 {
		list = append([]sidecar{{e.dir, plain + ext, number}}, list...)
	}
	for _, suffix := range googleEdited {
		if original, ok := strings.CutSuffix(plain, suffix); ok {
			list = append(list, sidecar{e.dir, original + ext, number})
		}
	}
	for _, s := range slices.Clone(list) { // the cut may fall within the photograph's own name
		if cut := clipRunes(s.name, googleCut); cut != s.name {
			list = append(list, sidecar{s.dir, cut, s.number})
		}
		list = append(list, sidecar{s.dir, strings.TrimSuffix(s.name, ext), s.number})
	}
	return list
}

func clipRunes(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

func (r *reader) google() error {
	type data struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Taken       *struct {
			Timestamp string `json:"timestamp"`
		} `json:"photoTakenTime"`
		Trashed bool `json:"trashed"`
	}
	about := map[sidecar]*data{}
	albums := map[string]string{}
	for i := range r.entries {
		e := &r.entries[i]
		if path.Ext(e.base) != ".json" {
			continue
		}
		d := new(data)
		if ok, err := r.parse(e, d); err != nil {
			return err
		} else if !ok {
			continue
		}
		if d.Taken == nil {
			if d.Title != "" { // metadata.json, under its name in the member's language
				albums[e.dir] = d.Title
			}
			continue
		}
		if r.text -= len(d.Description); r.text < 0 {
			return ErrTooMuch
		}
		about[sidecarOf(e)] = d
	}
	for i := range r.entries {
		e := &r.entries[i]
		if kindOf(e.base) != "" {
			continue
		}
		it := Item{Taken: e.file.Modified}
		trashed := false
		for _, s := range sidecarsFor(e) {
			if d := about[s]; d != nil {
				seconds, err := strconv.ParseInt(d.Taken.Timestamp, 10, 64)
				if err == nil {
					it.Taken = unixTime(seconds)
				}
				it.Caption, trashed = d.Description, d.Trashed
				break
			}
		}
		if trashed {
			r.used[e.Ref] = true
			r.found.leave(e.name, LeftTrashed)
			continue
		}
		photo, ok := r.photo(e, "")
		if !ok {
			continue
		}
		it.Photos = []ItemPhoto{photo}
		if name := albums[e.dir]; name != "" && !photosOfYear.MatchString(name) {
			it.Albums = []string{name}
		}
		if err := r.add(it); err != nil {
			return err
		}
	}
	return nil
}

// photosOfYear are the folders that hold everything.
var photosOfYear = regexp.MustCompile(`^(Photos from|Fotos von|Fotos aus|Photos de|Fotos de|Foto del|Foto's uit) \d{4}$`)

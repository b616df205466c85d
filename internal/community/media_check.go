package community

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"time"

	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// KeepUnknown is how old a file has to be that no row of the database knows until it is removed.
	KeepUnknown = 7 * 24 * time.Hour
	// mostListed bounds what a report names of each kind; it counts the rest.
	mostListed = 10_000
	// checkPage is how many sets are looked at together.
	checkPage = 200
)

// MediaCheck is what CheckMedia has to look at.
type MediaCheck struct {
	Store    media.Store // has to be a media.Lister
	Read     bool        // read every file, and not only its size
	Remove   bool        // remove what no row knows, once it is older than KeepUnknown
	Progress func(files int)
}

// MediaProblem is a file that is not as the database says.
type MediaProblem struct {
	Key   string `json:"key"` // "" for a file that Tintype has not made
	Name  string `json:"name,omitempty"`
	Photo int64  `json:"photo_id,string,omitempty"` // 0: of no photo
	Why   string `json:"why"`
}

// MediaReport is what CheckMedia found.
type MediaReport struct {
	Sets  int   `json:"sets"` // that the database knows to be whole
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
	// Missing files are in rows and not in the store, Wrong ones are there and not what was written. Of each no more
	// than 10,000 are listed; the counts have all.
	MissingCount int            `json:"missing_count"`
	Missing      []MediaProblem `json:"missing"`
	WrongCount   int            `json:"wrong_count"`
	Wrong        []MediaProblem `json:"wrong"`
	// Unknown files are in the store and in no row: UnknownBytes together. Old ones are older than KeepUnknown.
	UnknownCount int            `json:"unknown_count"`
	Unknown      []MediaProblem `json:"unknown"`
	UnknownBytes int64          `json:"unknown_bytes"`
	UnknownOld   int            `json:"unknown_old"`
	Removed      int            `json:"removed"`
	// Foreign files lie between the photos and were not made by Tintype. They are left alone.
	ForeignCount int            `json:"foreign_count"`
	Foreign      []MediaProblem `json:"foreign"`
}

func (r *MediaReport) add(list *[]MediaProblem, count *int, p MediaProblem) {
	if *count++; len(*list) < mostListed {
		*list = append(*list, p)
	}
}

// CheckMedia compares the rows of photos with the files in a store. The site may run: what comes or goes meanwhile is
// looked at once more before it is called a problem.
func (c *Community) CheckMedia(ctx context.Context, o MediaCheck) (*MediaReport, error) {
	lister, ok := media.As[media.Lister](o.Store)
	if !ok {
		return nil, fmt.Errorf("%s does not tell what it has", o.Store)
	}
	k := &mediaChecker{c: c, o: o, report: &MediaReport{Missing: []MediaProblem{}, Wrong: []MediaProblem{}, Unknown: []MediaProblem{}, Foreign: []MediaProblem{}}}
	for _, kind := range []media.Kind{media.Original, media.Private, media.Public} {
		k.kind, k.after, k.listed = kind, "", nil
		err := lister.List(ctx, kind, func(l media.Listed) error { return k.add(ctx, l) })
		if err == nil {
			err = k.compare(ctx, "")
		}
		if err != nil {
			return k.report, err
		}
	}
	return k.report, nil
}

// mediaChecker walks through the files of a kind and the rows beside them, both in the order of their names.
type mediaChecker struct {
	c      *Community
	o      MediaCheck
	report *MediaReport
	kind   media.Kind
	after  string      // the last set that was compared
	listed []listedSet // sets of which files were found since
}

type listedSet struct {
	random string
	files  map[string]media.Listed // by variant; "" for an original
}

func (k *mediaChecker) add(ctx context.Context, l media.Listed) error {
	if l.Key == "" {
		k.report.add(&k.report.Foreign, &k.report.ForeignCount, MediaProblem{Name: l.Name, Why: "not made by Tintype"})
		return nil
	}
	key, err := media.ParseKey(l.Key)
	if err != nil {
		return err
	}
	k.report.Files++
	k.report.Bytes += l.Size
	if k.o.Progress != nil {
		k.o.Progress(k.report.Files)
	}
	last := k.after
	if n := len(k.listed); n > 0 {
		last = k.listed[n-1].random
	}
	switch {
	case key.Random < last || key.Random == k.after && k.after != "":
		return fmt.Errorf("%s does not list its files in the order of their names", k.o.Store)
	case key.Random > last:
		if len(k.listed) == checkPage {
			if err := k.compare(ctx, last); err != nil {
				return err
			}
		}
		k.listed = append(k.listed, listedSet{key.Random, map[string]media.Listed{}})
	}
	k.listed[len(k.listed)-1].files[key.Variant] = l
	return nil
}

// compare compares what was listed with the rows up to last, "" for all that are left.
func (k *mediaChecker) compare(ctx context.Context, last string) error {
	listed := k.listed
	k.listed = nil
	for {
		rows, err := k.c.Store.MediaObjectsBetween(ctx, string(k.kind), k.after, last, checkPage)
		if err != nil {
			return fromStore(err)
		}
		photos, err := k.photosOf(ctx, rows)
		if err != nil {
			return err
		}
		for _, row := range rows {
			// Rows come in the order of what was listed: what is before this one has none.
			for len(listed) > 0 && listed[0].random < row.Random {
				if err := k.unknown(ctx, listed[0].files); err != nil {
					return err
				}
				listed = listed[1:]
			}
			var files map[string]media.Listed
			if len(listed) > 0 && listed[0].random == row.Random {
				files, listed = listed[0].files, listed[1:]
			}
			if err := k.set(ctx, row, photos[row.PhotoID], files); err != nil {
				return err
			}
			k.after = row.Random
		}
		if len(rows) < checkPage {
			break
		}
	}
	for _, l := range listed {
		if err := k.unknown(ctx, l.files); err != nil {
			return err
		}
	}
	k.after = last
	return nil
}

func (k *mediaChecker) photosOf(ctx context.Context, rows []*store.MediaObject) (map[int64]*store.Photo, error) {
	var ids []int64
	for _, row := range rows {
		if row.PhotoID != 0 {
			ids = append(ids, row.PhotoID)
		}
	}
	photos := make(map[int64]*store.Photo, len(ids))
	if len(ids) == 0 {
		return photos, nil
	}
	list, err := k.c.Store.PhotosByID(store.Primary(ctx), ids)
	for _, p := range list {
		photos[p.ID] = p
	}
	return photos, fromStore(err)
}

// set compares the files of a set with its row. p is the photo that the row names, nil if there is none.
func (k *mediaChecker) set(ctx context.Context, row *store.MediaObject, p *store.Photo, files map[string]media.Listed) error {
	if row.State != store.ObjectLive && row.State != store.ObjectRetired {
		return nil // being written, or being removed
	}
	k.report.Sets++
	names := fileNames(row)
	for _, name := range names {
		l, there := files[name]
		if !there {
			if err := k.missing(ctx, row, name); err != nil {
				return err
			}
			continue
		}
		why, err := k.wrong(ctx, row, p, name, l)
		if err != nil {
			return err
		}
		if why != "" {
			k.report.add(&k.report.Wrong, &k.report.WrongCount, MediaProblem{Key: l.Key, Photo: row.PhotoID, Why: why})
		}
	}
	more := map[string]media.Listed{}
	for name, l := range files {
		if !slices.Contains(names, name) {
			more[name] = l
		}
	}
	return k.unknown(ctx, more)
}

// fileNames are the variants of a set; an original is one file without a name.
func fileNames(row *store.MediaObject) []string {
	if row.Kind == store.SetOriginal {
		return []string{""}
	}
	return row.Variants.V
}

func keyOf(kind media.Kind, random, name string) string {
	return media.Key{Kind: kind, Random: random, Variant: name}.String()
}

// missing notes a file that was not listed, unless it came or was given up meanwhile.
func (k *mediaChecker) missing(ctx context.Context, row *store.MediaObject, name string) error {
	key := keyOf(k.kind, row.Random, name)
	there, err := media.Has(ctx, k.o.Store, key)
	if err != nil || there {
		return err
	}
	now, err := k.row(ctx, row.Random)
	if err != nil || now == nil || now.State != store.ObjectLive && now.State != store.ObjectRetired {
		return err
	}
	k.report.add(&k.report.Missing, &k.report.MissingCount, MediaProblem{Key: key, Photo: row.PhotoID, Why: "missing"})
	return nil
}

// row reads a row once more, nil if there is none.
func (k *mediaChecker) row(ctx context.Context, random string) (*store.MediaObject, error) {
	row, err := k.c.Store.MediaObjectByRandom(store.Primary(ctx), random)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return row, fromStore(err)
}

// wrong says what is wrong with a file, "" for nothing.
func (k *mediaChecker) wrong(ctx context.Context, row *store.MediaObject, p *store.Photo, name string, l media.Listed) (string, error) {
	size, sum := int64(-1), ""
	switch {
	case p == nil:
	case row.Kind == store.SetOriginal && p.OrigRandom == row.Random:
		size, sum = p.Bytes, p.SHA256
	case p.SetRandom == row.Random:
		for _, v := range p.Variants.V {
			if v.Name == name {
				size = v.Bytes
			}
		}
	}
	switch {
	case l.Size == 0:
		return "empty", nil
	case size >= 0 && l.Size != size:
		return fmt.Sprintf("%d bytes, and %d were written", l.Size, size), nil
	case !k.o.Read:
		return "", nil
	}
	why, err := k.read(ctx, row.Kind, l, sum)
	if errors.Is(err, media.ErrNotFound) {
		return "", nil // it went a moment ago
	}
	return why, err
}

// read reads a file to its end. Of an original the database knows the SHA-256; variants are JPEG files, which have a
// beginning and an end.
func (k *mediaChecker) read(ctx context.Context, kind string, l media.Listed, sum string) (string, error) {
	o, err := k.o.Store.Open(ctx, l.Key)
	if err != nil {
		return "", err
	}
	defer o.Close()
	content := &contentSum{hash: sha256.New()}
	n, err := io.Copy(content, o)
	switch {
	case err != nil && !errors.Is(err, media.ErrUnavailable) && ctx.Err() == nil:
		return "cannot be read: " + err.Error(), nil
	case err != nil:
		return "", err
	case n != l.Size:
		return fmt.Sprintf("%d bytes could be read of %d", n, l.Size), nil
	case kind == store.SetOriginal:
		if sum != "" && hex.EncodeToString(content.hash.Sum(nil)) != sum {
			return "not the bytes that were uploaded", nil
		}
	case !bytes.HasPrefix(content.head, []byte{0xff, 0xd8}) || !bytes.HasSuffix(content.tail, []byte{0xff, 0xd9}):
		return "not a whole JPEG file", nil
	}
	return "", nil
}

// contentSum is the SHA-256 of what is written to it, its first and its last two bytes.
type contentSum struct {
	hash       hash.Hash
	head, tail []byte
}

func (s *contentSum) Write(p []byte) (int, error) {
	if len(s.head) < 2 {
		s.head = append(s.head, p[:min(len(p), 2-len(s.head))]...)
	}
	s.tail = append(s.tail, p[max(0, len(p)-2):]...)
	s.tail = s.tail[max(0, len(s.tail)-2):]
	return s.hash.Write(p)
}

// unknown notes files that no row has, and removes them where that is wanted. The row is read once more: what has come
// since the files were listed has one.
func (k *mediaChecker) unknown(ctx context.Context, files map[string]media.Listed) error {
	for name, l := range files {
		key, err := media.ParseKey(l.Key)
		if err != nil {
			return err
		}
		row, err := k.row(ctx, key.Random)
		if err != nil {
			return err
		}
		why := "no row of the database has it"
		switch {
		case row == nil:
		case row.State == store.ObjectGone:
			continue // which is about to remove it
		case row.Kind != string(k.kind):
			why = "the set is of another kind"
		case !slices.Contains(fileNames(row), name):
			why = "the set has no such file"
		default:
			continue
		}
		// A row and its files may have gone together, and a probe is there for a moment only.
		if there, err := media.Has(ctx, k.o.Store, l.Key); err != nil {
			return err
		} else if !there {
			continue
		}
		old := time.Since(l.ModTime) > KeepUnknown
		if old && k.o.Remove {
			if err := k.o.Store.Delete(ctx, l.Key); err != nil {
				return err
			}
			k.report.Removed++
		}
		if old {
			k.report.UnknownOld++
		}
		k.report.UnknownBytes += l.Size
		k.report.add(&k.report.Unknown, &k.report.UnknownCount, MediaProblem{Key: l.Key, Why: why})
	}
	return nil
}

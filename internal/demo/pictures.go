package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tintype/internal/media"
	"tintype/internal/store"
)

// A print is a set of files in the media store that many photos share, and the words for it.
type print struct {
	photo store.ImportPhoto // what all its photos have in common
	title string
	alt   string
	tags  []string
}

// maxFiles bounds how many files of a folder are taken.
const maxFiles = 500

// files lists the pictures in the folder, by name.
func files(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if e.Type().IsRegular() && slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp", ".gif"}, strings.ToLower(filepath.Ext(e.Name()))) && len(out) < maxFiles {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no JPEG, PNG, WebP or GIF file", dir)
	}
	return out, nil
}

// develops prepares the pictures: of the folder, or painted ones. A file that the site would refuse is left out and
// told to skipped.
func (f *filler) develops(ctx context.Context) ([]print, error) {
	var out []print
	if f.PhotosDir != "" {
		names, err := files(f.PhotosDir)
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			p, err := f.fromFile(ctx, name)
			var refused *media.Refused
			switch {
			case errors.As(err, &refused):
				f.Skipped(refused.For(filepath.Base(name)))
			case err != nil:
				return nil, fmt.Errorf("%s: %w", filepath.Base(name), err)
			default:
				out = append(out, p)
			}
			f.Progress("photos", i+1, len(names))
		}
		if len(out) == 0 {
			return nil, fmt.Errorf("%s holds no photo that this site takes", f.PhotosDir)
		}
		return out, nil
	}
	for i := range f.Pictures {
		painted := paint(f.Seed, i)
		var file bytes.Buffer
		if err := jpeg.Encode(&file, painted.image, &jpeg.Options{Quality: 93}); err != nil {
			return nil, err
		}
		p, _, err := f.develop(ctx, bytes.NewReader(file.Bytes()), fmt.Sprintf("picture-%03d.jpg", i+1))
		if err != nil {
			return nil, err
		}
		p.title, p.alt, p.tags = painted.title, painted.alt, painted.tags
		out = append(out, p)
		f.Progress("pictures", i+1, f.Pictures)
	}
	return out, nil
}

func (f *filler) fromFile(ctx context.Context, name string) (print, error) {
	file, err := os.Open(name)
	if err != nil {
		return print{}, err
	}
	defer file.Close()
	p, meta, err := f.develop(ctx, file, filepath.Base(name))
	if err != nil {
		return print{}, err
	}
	p.title = meta.Title
	if p.title == "" {
		p.title = strings.NewReplacer("-", " ", "_", " ").Replace(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)))
	}
	p.alt = meta.AltText
	if p.alt == "" {
		p.alt = "Photograph: " + p.title
	}
	for _, k := range meta.Keywords {
		if k = strings.ToLower(strings.ReplaceAll(k, " ", "")); k != "" && len(p.tags) < 5 && strings.IndexFunc(k, notLetter) < 0 {
			p.tags = append(p.tags, k)
		}
	}
	return p, nil
}

func notLetter(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }

// develop puts the file and its variants into the media store, the way an upload goes. The sets are nobody's: no
// photo that shares them takes them along when it is deleted.
func (f *filler) develop(ctx context.Context, file io.ReadSeeker, name string) (print, media.Meta, error) {
	orig, set := media.NewRandom(), media.NewRandom()
	names := []string{media.SquareName}
	for _, w := range media.Widths {
		names = append(names, fmt.Sprint(w))
	}
	err := f.Store.AddMediaObject(ctx, orig, store.SetOriginal, 0, nil)
	if err == nil {
		err = f.Store.AddMediaObject(ctx, set, store.SetPublic, 0, names)
	}
	if err != nil {
		return print{}, media.Meta{}, err
	}
	var variants []store.Variant
	result, err := f.Processor.Process(ctx, file, media.Focus{}, func(v media.Variant, r io.Reader) error {
		n, err := f.Media.Put(ctx, media.VariantKey(media.Public, set, v.Name), r, media.PutOptions{})
		variants = append(variants, store.Variant{Name: v.Name, Width: v.Width, Height: v.Height, Bytes: n})
		return err
	})
	if err != nil {
		return print{}, media.Meta{}, errors.Join(err, f.drop(ctx, orig), f.drop(ctx, set))
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return print{}, media.Meta{}, err
	}
	size, err := f.Media.Put(ctx, media.OriginalKey(orig), file, media.PutOptions{ContentType: result.Format.ContentType()})
	if err != nil {
		return print{}, media.Meta{}, err
	}
	made := make([]string, len(variants))
	for i, v := range variants {
		made[i] = v.Name
	}
	for random, names := range map[string][]string{orig: nil, set: made} {
		if ok, err := f.Store.MediaObjectLive(ctx, random, names); err != nil || !ok {
			return print{}, media.Meta{}, errors.Join(err, fmt.Errorf("the set %s was given up meanwhile", random))
		}
	}
	variantsJSON, err := json.Marshal(variants)
	if err != nil {
		return print{}, media.Meta{}, err
	}
	metadataJSON, err := json.Marshal(metadata(result.Meta))
	if err != nil {
		return print{}, media.Meta{}, err
	}
	return print{photo: store.ImportPhoto{
		Photo: store.Photo{
			Source: store.SourceDemo, State: store.PhotoReady, FileName: name, MediaType: result.Format.ContentType(), Bytes: size, OrigRandom: orig,
			SetRandom: set, SetKind: store.SetPublic, Width: result.Width, Height: result.Height, Blurhash: result.Blurhash,
			ColorTop: result.ColorTop, ColorBottom: result.ColorBottom, Profile: result.Profile, Animated: result.Animated,
		},
		VariantsJSON: string(variantsJSON), MetadataJSON: string(metadataJSON),
	}}, result.Meta, nil
}

// drop gives up a set that will not be used; the site's sweep removes its bytes.
func (f *filler) drop(ctx context.Context, random string) error {
	_, err := f.Store.DropNewMediaObject(ctx, random)
	return err
}

func metadata(m media.Meta) store.PhotoMetadata {
	out := store.PhotoMetadata{Camera: m.Camera, Lens: m.Lens, FocalLength: m.FocalLength, Aperture: m.Aperture, Exposure: m.Exposure, Title: m.Title,
		Caption: m.Caption, Keywords: m.Keywords, AltText: m.AltText, Creator: m.Creator, Copyright: m.Copyright, Licence: m.Licence}
	if m.ISO > 0 {
		out.ISO = fmt.Sprint(m.ISO)
	}
	if layout := "2006-01-02T15:04:05"; !m.TakenAt.IsZero() {
		if m.HasOffset {
			layout += "-07:00"
		}
		out.TakenAt = m.TakenAt.Format(layout)
	}
	return out
}

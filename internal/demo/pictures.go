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

// A print is a set of files in the media store that many photos share, with its texts.
type print struct {
	photo store.ImportPhoto // what all its photos have in common
	title string
	alt   string
	tags  []string
}

// maxFiles bounds how many files of a folder are taken.
const maxFiles = 500

// files lists the pictures in the folder, by name, and tells skipped of everything else that is in it.
func files(dir string, skipped func(reason string)) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // what a link leads to counts
		switch {
		case err != nil:
			skipped(e.Name() + " cannot be read.")
		case info.IsDir():
			skipped(e.Name() + " is a folder; only the files beside it are taken.")
		case !info.Mode().IsRegular() || !slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp", ".gif"}, strings.ToLower(filepath.Ext(e.Name()))):
			skipped(e.Name() + " is no JPEG, PNG, WebP or GIF file.")
		case len(out) == maxFiles:
			skipped(fmt.Sprintf("%s is one too many: a demo takes %d files.", e.Name(), maxFiles))
		default:
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
		names, err := files(f.PhotosDir, f.Skipped)
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

// develop prepares the file as an upload would be.
func (f *filler) develop(ctx context.Context, file io.ReadSeeker, name string) (print, store.PhotoMetadata, error) {
	photo, err := f.Community.ShareFile(ctx, name, file)
	if err != nil {
		return print{}, store.PhotoMetadata{}, err
	}
	variants, err := json.Marshal(photo.Variants.V)
	if err != nil {
		return print{}, store.PhotoMetadata{}, err
	}
	metadata, err := json.Marshal(photo.Metadata.V)
	if err != nil {
		return print{}, store.PhotoMetadata{}, err
	}
	return print{photo: store.ImportPhoto{Photo: *photo, VariantsJSON: string(variants), MetadataJSON: string(metadata)}}, photo.Metadata.V, nil
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tintype/bench/rig"
	"tintype/internal/media"
	"tintype/internal/phototest"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

// A photoReport is what a move of photos from a disk to a bucket took, with its comparison.
type photoReport struct {
	Photos int64   `json:"photos"`
	Files  int64   `json:"files"`
	Bytes  int64   `json:"bytes"`
	CopyMs int64   `json:"copy_ms"` // until every photo was there
	TookMs int64   `json:"took_ms"`
	Rate   float64 `json:"photos_a_second"`
}

// movePhotos moves so many photos of a site from its disk to a bucket. They are one small photo under as many names, so
// that files count and not their bytes.
func movePhotos(t *rig.T, n int) (*photoReport, error) {
	bucket := servertest.S3(t)
	bucket.NewBucket(t, "bench")
	site := servertest.NewTintype(t, append(bucket.Env(), "API_LIMIT=1000000/5m")...)
	site.Start()
	status, err := servertest.NewClient(t, site.URL).SignUpByToken("benchmember").TryPostPhoto(phototest.JPEG(phototest.Options{Width: 700, Height: 500}), "the one")
	if err != nil {
		return nil, err
	}
	if err := site.Stop(); err != nil {
		return nil, err
	}
	id, err := strconv.ParseInt(status.Media[0].ID, 10, 64)
	if err != nil {
		return nil, err
	}
	r := &photoReport{Photos: int64(n)}
	if err := multiply(site.DataDir, id, n-1, r); err != nil {
		return nil, err
	}
	site.Set("MEDIA_NEXT=s3://bench")
	site.Start()
	begin := time.Now()
	out, err := site.StartCommand("move", "media", "--json").Wait()
	if err != nil {
		return nil, fmt.Errorf("tintype move media: %w\n%s", err, out)
	}
	r.TookMs = time.Since(begin).Milliseconds()
	for line := range strings.Lines(out) {
		var p struct {
			Move struct {
				Progress struct {
					SinceMs int64 `json:"since_ms"`
					Pass    int   `json:"pass"`
				} `json:"progress"`
			} `json:"move"`
		}
		if json.Unmarshal([]byte(line), &p) == nil && p.Move.Progress.Pass > 0 {
			r.CopyMs = max(r.CopyMs, p.Move.Progress.SinceMs)
		}
	}
	r.Rate = float64(r.Photos) / float64(max(r.TookMs, 1)) * 1000
	return r, nil
}

// multiply gives a photo of the site, which does not run, so many twins, each with files of its own.
func multiply(dir string, id int64, twins int, r *photoReport) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	db, err := store.Open(ctx, store.Options{TxTimeout: time.Minute, URL: func(context.Context) (string, error) {
		return "sqlite:" + filepath.Join(dir, "tintype.db"), nil
	}})
	if err != nil {
		return err
	}
	defer db.Close()
	one, err := db.PhotoByID(ctx, id)
	if err != nil {
		return err
	}
	variants, err := json.Marshal(one.Variants.V)
	if err != nil {
		return err
	}
	metadata, err := json.Marshal(one.Metadata.V)
	if err != nil {
		return err
	}
	// As media.Disk lays them out.
	at := func(kind, random string) string {
		return filepath.Join(dir, "media", kind, random[:2], random[2:4], random)
	}
	set, original := at(one.SetKind, one.SetRandom), at(string(media.Original), one.OrigRandom)
	files, err := os.ReadDir(set)
	if err != nil {
		return err
	}
	r.Files = int64(twins+1) * int64(len(files)+1)
	for _, f := range append(paths(set, files), original) {
		info, err := os.Stat(f)
		if err != nil {
			return err
		}
		r.Bytes += int64(twins+1) * info.Size()
	}
	link := func(from, to string) error {
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			return err
		}
		return os.Link(from, to)
	}
	for twins > 0 {
		list := make([]store.ImportPhoto, min(twins, 500))
		twins -= len(list)
		for i := range list {
			p := store.ImportPhoto{Photo: *one, VariantsJSON: string(variants), MetadataJSON: string(metadata)}
			p.ID, p.PostID, p.AttachedAt = db.NewID(), nil, nil
			p.SetRandom, p.OrigRandom = media.NewRandom(), media.NewRandom()
			if err := link(original, at(string(media.Original), p.OrigRandom)); err != nil {
				return err
			}
			for _, f := range paths(set, files) {
				if err := link(f, filepath.Join(at(p.SetKind, p.SetRandom), filepath.Base(f))); err != nil {
					return err
				}
			}
			list[i] = p
		}
		if err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.ImportPhotos(ctx, list) }); err != nil {
			return err
		}
	}
	return nil
}

func paths(dir string, files []os.DirEntry) (out []string) {
	for _, f := range files {
		out = append(out, filepath.Join(dir, f.Name()))
	}
	return out
}

package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"tintype/internal/backup"
	"tintype/internal/config"
	"tintype/internal/media"
	"tintype/internal/store"
)

// How a site's files are called in a backup, which are their names in DATA_DIR.
const (
	backupDatabase  = "tintype.db"
	backupSecretKey = "secret.key"
	backupACME      = "acme"
	backupMedia     = "media"
)

// archive opens where backups are kept: what where says, else BACKUP_TO.
func (r *backupRun) archive(where string) (backup.Archive, error) {
	return r.open(r.ctx, r.cfg, r.log, where)
}

// find is one backup: a file, an object of a bucket, or "latest" of BACKUP_TO.
func (r *backupRun) find(text string) (backup.Archive, string, error) {
	if text == "latest" {
		if r.cfg.BackupTo == "" {
			return nil, "", errors.New("which backup? Give a file or s3://bucket/prefix/FILE, or set BACKUP_TO to where they are")
		}
		place, err := r.archive("")
		if err != nil {
			return nil, "", err
		}
		name, err := backup.Latest(r.ctx, place)
		return place, name, err
	}
	folder, name := filepath.Split(text)
	if strings.HasPrefix(text, "s3:") {
		slash := strings.LastIndexByte(text, '/') + 1
		folder, name = text[:slash], text[slash:]
	} else if folder == "" {
		folder = "."
	}
	if name == "" {
		return nil, "", fmt.Errorf("%q names no backup: give a file, s3://bucket/prefix/FILE, or latest", text)
	}
	place, err := r.archive(folder)
	return place, name, err
}

func backupKey(ctx context.Context, cfg *config.Config) (*backup.Key, error) {
	if !cfg.BackupKey.IsSet() {
		return nil, nil
	}
	text, err := cfg.BackupKey.Value(ctx)
	if err != nil {
		return nil, fmt.Errorf("BACKUP_KEY: %w", err)
	}
	key, err := backup.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("BACKUP_KEY %w", err)
	}
	return key, nil
}

// photoKeys are the keys of the files that a photo's row says are there.
func photoKeys(p *store.Photo) []string {
	var keys []string
	if p.OrigRandom != "" {
		keys = append(keys, media.OriginalKey(p.OrigRandom))
	}
	if p.State == store.PhotoReady || p.State == store.PhotoKept {
		for _, v := range p.Variants.V {
			keys = append(keys, p.Key(v.Name))
		}
	}
	return keys
}

// eachFile calls f with the key of every file that the database names, and where it lies below the folder of photos.
func eachFile(ctx context.Context, db *store.Copy, f func(key, path string) error) error {
	return db.EachPhoto(ctx, func(p *store.Photo) error {
		for _, key := range photoKeys(p) {
			path, err := media.Path(key)
			if err != nil {
				return fmt.Errorf("photo %d: %w", p.ID, err)
			}
			if err := f(key, path); err != nil {
				return err
			}
		}
		return nil
	})
}

// knows tells whether this release can work on a database of that schema, after migrating it where that is needed.
func knows(s store.SchemaState) error {
	switch {
	case s.Version == 0:
		return errors.New("the database in it has no schema: it is not one of this program")
	case s.Version > s.Latest || s.Dirty:
		return s.Usable()
	}
	return nil
}

// checkRestored looks at what was made of a backup in the folder dir: the database by itself, what is in it against
// what the manifest counted, and that every photo's files are there.
func checkRestored(ctx context.Context, dir string, m *backup.Manifest) error {
	db, err := store.OpenCopy(filepath.Join(dir, backupDatabase))
	if err != nil {
		return fmt.Errorf("%w: it has no database", backup.ErrDamaged)
	}
	defer db.Close()
	if err := db.Check(ctx); err != nil {
		return err
	}
	schema, err := db.Schema(ctx)
	if err != nil {
		return err
	}
	if err := knows(schema); err != nil {
		return err
	}
	if schema.Version != m.Schema {
		return fmt.Errorf("%w: its schema is %d, not %d", backup.ErrDamaged, schema.Version, m.Schema)
	}
	rows, err := db.Rows(ctx)
	if err != nil {
		return err
	}
	for table, n := range m.Rows {
		if rows[table] != n {
			return fmt.Errorf("%w: %s has %d rows, not %d", backup.ErrDamaged, table, rows[table], n)
		}
	}
	if m.Photos != photosHere {
		return nil
	}
	return eachFile(ctx, db, func(_, path string) error {
		name := backupMedia + "/" + path
		if isFile(filepath.Join(dir, filepath.FromSlash(name))) || slices.Contains(m.Missing, name) {
			return nil
		}
		return fmt.Errorf("%w: the database names %s, which is missing", backup.ErrDamaged, name)
	})
}

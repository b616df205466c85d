package command

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"tintype/internal/backup"
	"tintype/internal/config"
	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/store"
)

// Where the photos of a backup are.
const (
	photosHere   = "here"
	photosBucket = "bucket"
)

// mostMissing bounds how many missing files a manifest names.
const mostMissing = 10_000

// A backupMaker makes one backup.
type backupMaker struct {
	cfg     *config.Config
	file    string // of the database
	release string
	place   backup.Archive
	key     *backup.Key
	show    *meter

	stage    *backup.StagingDir
	manifest backup.Manifest
	name     string
	written  bool  // it is in its place under its name
	size     int64 // of the archive
	sum      []byte
}

// make makes a backup and returns once it was read back and found whole.
func (b *backupMaker) make(ctx context.Context) (err error) {
	parent := filepath.Dir(b.file)
	disks, err := b.disks()
	if err != nil {
		return err
	}
	if len(disks) > 0 {
		parent = disks[0].TempDir() // where photos can be linked to
	}
	if b.stage, err = backup.NewStagingDir(parent); err != nil {
		return err
	}
	defer b.stage.Close()
	if err := b.collect(ctx, disks); err != nil {
		return err
	}
	if err := b.write(ctx); err != nil {
		return err
	}
	return b.readBack(ctx)
}

// disks are the folders of this machine where photos may be: the one of the settings, and the one to or from which they
// move.
func (b *backupMaker) disks() (disks []*media.Disk, err error) {
	places := []config.MediaPlace{b.cfg.MediaPlace()}
	if b.cfg.MediaNext != nil {
		places = append(places, *b.cfg.MediaNext)
	}
	for _, place := range places {
		if place.Dir == "" {
			continue
		}
		disk, err := media.NewDisk(place.Dir)
		if err != nil {
			return nil, err
		}
		disks = append(disks, disk)
	}
	return disks, nil
}

// holdAll keeps every file where it is until release is called.
func holdAll(ctx context.Context, disks []*media.Disk) (release func(), err error) {
	var held []func()
	release = func() {
		for _, r := range held {
			r()
		}
	}
	for _, disk := range disks {
		r, err := disk.Hold(ctx)
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, r)
	}
	return release, nil
}

// inCharge sorts the folders by where photos are by the row of their move: the one in charge first. It is empty if they
// are in a bucket.
func (b *backupMaker) inCharge(row *store.MoveRow, disks []*media.Disk) ([]*media.Disk, error) {
	charge := b.cfg.MediaPlace().String()
	if row != nil {
		charge = move.InCharge(*row)
	}
	place, err := config.ParseMediaPlace(charge)
	if err != nil {
		return nil, fmt.Errorf("where the photos are: %w", err)
	}
	if place.Dir == "" {
		return nil, nil
	}
	for i, disk := range disks {
		if disk.Dir() == place.Dir {
			return append([]*media.Disk{disk}, slices.Delete(slices.Clone(disks), i, i+1)...), nil
		}
	}
	return nil, fmt.Errorf("the photos of this site are in %s: set that place, or name it in MEDIA_NEXT", charge)
}

// databaseFile is the file in which the site's database is: that of DATABASE_URL, or that of DATABASE_NEXT where the site
// has moved there.
func databaseFile(ctx context.Context, cfg *config.Config) (string, error) {
	if next := cfg.DatabaseNext; next != nil && next.Driver == "sqlite" {
		if moved, err := store.HasTakenOver(ctx, next.Path); err != nil || moved {
			return next.Path, err
		}
	}
	if cfg.Database.Driver != "sqlite" {
		return "", errors.New("the database is no file here: this makes backups of SQLite; back up MySQL where it runs, by Aurora's snapshots and point-in-time recovery (docs/backup.md)")
	}
	return cfg.Database.Path, nil
}

func (b *backupMaker) staged(name string) string {
	return filepath.Join(b.stage.Dir, filepath.FromSlash(name))
}

// collect copies the database and gives each file that the copy names a second name. Nothing is deleted between, so
// that they belong together; it takes seconds, and from then on the site may do what it likes.
func (b *backupMaker) collect(ctx context.Context, disks []*media.Disk) error {
	release, err := holdAll(ctx, disks)
	if err != nil {
		return err
	}
	defer release()
	b.show.step("copying the database")
	b.manifest = backup.Manifest{Release: b.release, Created: time.Now().UTC(), Photos: photosBucket, SecretKey: "setting"}
	if b.manifest.Database, err = store.AddressName("sqlite:" + b.file); err != nil {
		return err
	}
	if b.manifest.Moving, err = store.CopySQLite(ctx, b.file, b.staged(backupDatabase)); err != nil {
		return err
	}
	row, err := store.ForgetProcesses(ctx, b.staged(backupDatabase), move.PartMedia, func(row *store.MoveRow) bool {
		here, err := b.inCharge(row, disks)
		return err == nil && len(here) > 0 // photos in a bucket stay there
	})
	if err == nil {
		disks, err = b.inCharge(row, disks)
	}
	if err != nil {
		return err
	}
	db, err := store.OpenCopy(b.staged(backupDatabase))
	if err != nil {
		return err
	}
	defer db.Close()
	if len(disks) > 0 {
		b.manifest.Photos = photosHere
		if err := b.keepPhotos(ctx, db, disks); err != nil {
			return err
		}
	}
	release()
	return b.describe(ctx, db)
}

// keepPhotos gives a second name to each file that the copy of the database names, in the first of the folders that has
// it.
func (b *backupMaker) keepPhotos(ctx context.Context, db *store.Copy, disks []*media.Disk) error {
	b.show.step("collecting photos")
	made := ""
	return eachFile(ctx, db, func(key, path string) error {
		to := b.staged(backupMedia + "/" + path)
		if folder := filepath.Dir(to); folder != made {
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
			made = folder
		}
		for _, disk := range disks {
			if err := disk.Keep(ctx, key, to); !errors.Is(err, media.ErrNotFound) {
				return err
			}
		}
		if b.manifest.Missing = append(b.manifest.Missing, backupMedia+"/"+path); len(b.manifest.Missing) > mostMissing {
			return fmt.Errorf("more than %d photo files are missing in %s: is MEDIA_DIR right?", mostMissing, disks[0].Dir())
		}
		return nil
	})
}

// describe looks through the copy, so that no backup is made of a database that is broken already.
func (b *backupMaker) describe(ctx context.Context, db *store.Copy) error {
	b.show.step("checking the database")
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
	b.manifest.Schema, b.manifest.MinRelease = schema.Version, schema.MinRelease
	b.manifest.Rows, err = db.Rows(ctx)
	return err
}

// write puts all that was collected into an archive.
func (b *backupMaker) write(ctx context.Context) error {
	var total int64
	err := b.eachCollected(func(_, path string) error {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		return err
	}
	b.show.start("writing", total)
	b.name = backup.Name(b.manifest.Created, b.key)
	upload, err := b.place.Create(ctx, b.name, total)
	if err != nil {
		return fmt.Errorf("begin a backup in %s: %w", b.place, err)
	}
	defer upload.Abort()
	out := &counter{w: upload, sum: sha256.New()}
	archive, err := backup.NewWriter(out, b.key, b.stage.Dir, b.manifest.Created)
	if err != nil {
		return err
	}
	defer archive.Abandon()
	err = b.eachCollected(func(name, path string) error {
		if name == backupSecretKey {
			b.manifest.SecretKey = "here"
		}
		return b.add(ctx, archive, name, path)
	})
	if err == nil {
		err = archive.Close(ctx, &b.manifest)
	}
	if err == nil {
		err = upload.Commit()
	}
	if err != nil {
		return fmt.Errorf("write to %s: %w", b.place, err)
	}
	b.written, b.size, b.sum = true, out.n, out.sum.Sum(nil)
	return nil
}

// eachCollected calls f with the name and the path of each file that belongs to the backup.
func (b *backupMaker) eachCollected(f func(name, path string) error) error {
	if err := f(backupDatabase, b.staged(backupDatabase)); err != nil {
		return err
	}
	if !b.cfg.SecretKey.IsSet() {
		if path := b.cfg.SecretKeyPath(); isFile(path) {
			if err := f(backupSecretKey, path); err != nil {
				return err
			}
		}
	}
	for _, tree := range []struct{ name, path string }{{backupACME, b.cfg.ACMEFolder()}, {backupMedia, b.staged(backupMedia)}} {
		err := filepath.WalkDir(tree.path, func(path string, e fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // no such folder, or a certificate that was just replaced
			}
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			rest, err := filepath.Rel(tree.path, path)
			if err != nil {
				return err
			}
			return f(tree.name+"/"+filepath.ToSlash(rest), path)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (b *backupMaker) add(ctx context.Context, archive *backup.Writer, name, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := archive.Add(ctx, name, b.show.reader(f), info.Size()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// readBack reads what was written where it now lies. It is compared with what was sent there and, where the key allows
// it, decrypted and looked through.
func (b *backupMaker) readBack(ctx context.Context) error {
	b.show.start("verifying", b.size)
	in, size, err := b.place.Open(ctx, b.name)
	if err != nil {
		return err
	}
	defer in.Close()
	if size != b.size {
		return fmt.Errorf("%s/%s has %d bytes, and %d were written: do not rely on it", b.place, b.name, size, b.size)
	}
	sum := sha256.New()
	content := io.TeeReader(b.show.reader(in), sum)
	if b.key == nil || b.key.Decrypts() {
		_, err = backup.Read(ctx, content, b.key, b.stage.Dir, nil)
	} else {
		_, err = io.Copy(io.Discard, content)
	}
	if err != nil {
		return fmt.Errorf("%s/%s was written and cannot be read: %w", b.place, b.name, err)
	}
	if !bytes.Equal(sum.Sum(nil), b.sum) {
		return fmt.Errorf("%s/%s is not what was written: do not rely on it", b.place, b.name)
	}
	return nil
}

// counter counts and sums what goes through.
type counter struct {
	w   io.Writer
	n   int64
	sum hash.Hash
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}

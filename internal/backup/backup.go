// Package backup writes a site's files into one file and reads them back. It is a tar file, compressed by zstd and,
// where there is a key, encrypted by age, so that standard tools can open it. An Archive keeps such files: a folder or
// a bucket. The package knows neither the database nor photos.
//
// A backup holds the files as they lie in a data folder, then their SHA-256 sums as sha256sum writes them, and last the
// manifest. A file without a manifest is not whole.
package backup

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"syscall"
	"time"
)

// Format is the version of the file format.
const Format = 1

const (
	sumsName     = "SHA256SUMS"
	manifestName = "manifest.json"
	// largestManifest bounds what is read into memory.
	largestManifest = 16 << 20
)

// A Manifest describes a backup.
type Manifest struct {
	Format     int              `json:"format"`
	Release    string           `json:"release"` // of the program that wrote it
	Created    time.Time        `json:"created"` // when the database was copied
	Schema     uint             `json:"schema"`
	MinRelease int              `json:"min_release"`      // the oldest that can use the schema, as store.Release counts
	Rows       map[string]int64 `json:"rows"`             // by table
	Database   string           `json:"database"`         // the address of the database that was copied, "" in backups of earlier releases
	Moving     string           `json:"moving,omitempty"` // that of the other one, if the site was being moved, or could come back; the backup knows of one only
	Photos     string           `json:"photos"`           // "here", or "bucket" where they are not part of it
	SecretKey  string           `json:"secret_key"`       // "here", or "setting" where SECRET_KEY is set and has to be kept elsewhere
	// Missing are files that the database names and that did not exist when the backup was made.
	Missing []string `json:"missing,omitempty"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"` // of the files
	Sums    string   `json:"sums"`  // the SHA-256 of SHA256SUMS
}

// Errors of reading a backup, wrapped. Each is one line for people.
var (
	ErrDamaged = errors.New("the backup is damaged")
	ErrShort   = errors.New("the backup is cut short: its end is missing")
	ErrKey     = errors.New("BACKUP_KEY is not the key of this backup")
	ErrNoKey   = errors.New("the backup is encrypted: set BACKUP_KEY to its key")
	ErrNewer   = errors.New("the backup was made by a newer release of tintype than this one")
	ErrFull    = errors.New("the disk is full")
	ErrNone    = errors.New("there is no backup")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

func (m *Manifest) encode() ([]byte, error) {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil && len(text) > largestManifest {
		err = fmt.Errorf("the manifest has %d bytes; %d files are missing", len(text), len(m.Missing))
	}
	return append(text, '\n'), err
}

// validPath reports whether a name is one that an archive may hold: it cannot lead out of a folder.
func validPath(name string) bool {
	return fs.ValidPath(name) && name != "." && name == path.Clean(name) && !strings.ContainsAny(name, "\\\n\r\x00") && name != sumsName && name != manifestName
}

// diskError says plainly that a disk is full.
func diskError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}

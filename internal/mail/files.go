package mail

import (
	"context"
	"errors"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// mostFiles and mostBytes bound what is kept where no server takes mail.
	mostFiles = 200
	mostBytes = 20 << 20
)

// Files keeps mail as .eml files in a folder, the newest of them.
type Files struct {
	dir  string
	from *mail.Address
}

// NewFiles makes a Sender that writes into dir, which it makes when there is something to write.
func NewFiles(dir string, from *mail.Address) *Files { return &Files{dir, from} }

func (f *Files) String() string { return "files in " + f.dir }

// Send writes the message for the eyes of the site's own user, and drops the oldest where there are many.
func (f *Files) Send(ctx context.Context, m Message) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	msg, err := compose(f.from, m)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(f.dir, ".mail-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	_, err = msg.WriteTo(draft)
	if err = errors.Join(err, draft.Close()); err != nil {
		return err
	}
	id, _, _ := strings.Cut(m.ID, "@")
	name := m.At.UTC().Format("20060102T150405.000Z") + "-" + id[:min(12, len(id))] + ".eml"
	if err := os.Rename(draft.Name(), filepath.Join(f.dir, name)); err != nil {
		return err
	}
	return f.dropOldest()
}

func (f *Files) dropOldest() error {
	entries, err := os.ReadDir(f.dir) // by name, which begins with the time
	if err != nil {
		return err
	}
	slices.Reverse(entries)
	var kept int
	var bytes int64
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".eml") {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		kept, bytes = kept+1, bytes+info.Size()
		if kept > 1 && (kept > mostFiles || bytes > mostBytes) {
			if err := os.Remove(filepath.Join(f.dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

package command

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeSecret writes a file that is never there half. A new one is for nobody else to read. One that is there keeps its
// mode, its owner and its group, because the site, which runs as another user, may be reading it. One that holds the
// text already is left alone.
func writeSecret(path, text string) error {
	text += "\n"
	was, err := os.Stat(path)
	there := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if there {
		if now, err := os.ReadFile(path); err == nil && string(now) == text {
			return nil
		}
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if there {
		// The owner first: until then nobody else can read the draft, and a change of owner may take bits of the mode away.
		err = errors.Join(keepOwner(draft.Name(), was), draft.Chmod(was.Mode().Perm()))
	}
	_, written := draft.WriteString(text)
	if err = errors.Join(err, written, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

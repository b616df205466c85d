package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

var content = map[string]string{
	"tintype.db":            strings.Repeat("rows ", 100_000),
	"secret.key":            "secret",
	"media/orig/aa/bb/aabb": "\xff\xd8 a photo",
	"media/pub/cc/dd/x.jpg": "",
}

func write(t testing.TB, key *Key, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, key, t.TempDir(), time.Now())
	must(t, err)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		must(t, w.Add(t.Context(), name, strings.NewReader(files[name]), int64(len(files[name]))))
	}
	must(t, w.Close(t.Context(), &Manifest{Schema: 28, Rows: map[string]int64{"posts": 3}}))
	return b.Bytes()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readAll(t testing.TB, archive []byte, key *Key) error {
	t.Helper()
	_, err := Read(t.Context(), bytes.NewReader(archive), key, t.TempDir(), nil)
	return err
}

func keys(t testing.TB) map[string]*Key {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	all := map[string]*Key{"none": nil}
	for name, text := range map[string]string{"passphrase": "twenty characters or more", "secret key": id.String()} {
		if all[name], err = ParseKey(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// filesIn are the files below a folder with what they hold.
func filesIn(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		rest, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(rest)] = string(text)
		return err
	}))
	return found
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			archive := write(t, key, content)
			if secret := bytes.Contains(archive, []byte("secret.key")); secret && key != nil {
				t.Error("names can be read without the key")
			}
			dir := t.TempDir()
			m, err := Restore(t.Context(), bytes.NewReader(archive), key, dir)
			must(t, err)
			if m.Schema != 28 || m.Rows["posts"] != 3 || m.Files != len(content) || m.Format != Format {
				t.Errorf("the manifest is %+v", m)
			}
			found := filesIn(t, dir)
			if !maps.Equal(found, content) {
				t.Errorf("restored are %v", slices.Sorted(maps.Keys(found)))
			}
		})
	}
}

// The public key encrypts; only the secret one reads.
func TestPublicKey(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	must(t, err)
	public, err := ParseKey(id.Recipient().String())
	must(t, err)
	secret, err := ParseKey(id.String())
	must(t, err)
	archive := write(t, public, content)
	if err := readAll(t, archive, public); !errors.Is(err, ErrNoKey) {
		t.Errorf("the public key reads: %v", err)
	}
	must(t, readAll(t, archive, secret))
}

func TestKeys(t *testing.T) {
	for _, bad := range []string{"short", "AGE-SECRET-KEY-1ABC", "age1abc"} {
		if _, err := ParseKey(bad); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	all := keys(t)
	for name, want := range map[string]error{"none": ErrNoKey, "passphrase": ErrKey} {
		if err := readAll(t, write(t, all["secret key"], content), all[name]); !errors.Is(err, want) {
			t.Errorf("with %s: %v", name, err)
		}
	}
}

// Every way in which an archive can be broken is one line that says so.
func TestDamage(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			archive := write(t, key, content)
			for _, n := range []int{0, 3, 10, len(archive) / 3, len(archive) / 2, len(archive) - 20, len(archive) - 1} {
				if err := readAll(t, archive[:n], key); !errors.Is(err, ErrShort) && !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "\n") {
					t.Errorf("the first %d bytes of %d: %v", n, len(archive), err)
				}
			}
			step := max(1, len(archive)/40)
			if key != nil {
				step *= 4 // a passphrase takes its time
			}
			for at := 0; at < len(archive); at += step {
				bad := bytes.Clone(archive)
				bad[at] ^= 0x20
				dir := t.TempDir()
				_, err := Restore(t.Context(), bytes.NewReader(bad), key, dir)
				switch {
				case err != nil && strings.Contains(err.Error(), "\n"):
					t.Errorf("byte %d of %d changed: %v", at, len(archive), err)
				case err != nil:
				case key != nil:
					t.Errorf("byte %d of %d changed, and nobody noticed", at, len(archive))
				case !maps.Equal(filesIn(t, dir), content):
					// The compressor may write the same in two ways; what comes out of either is what went in.
					t.Errorf("byte %d of %d changed, and something else is restored", at, len(archive))
				}
			}
			if err := readAll(t, append(bytes.Clone(archive), "more"...), key); !errors.Is(err, ErrDamaged) {
				t.Errorf("something behind it: %v", err)
			}
		})
	}
}

// Somebody who rewrites the archive with standard tools is found out by the sums.
func TestTampered(t *testing.T) {
	good := write(t, nil, content)
	change := func(f func(h *tar.Header, text []byte) []byte) []byte {
		in, err := zstd.NewReader(bytes.NewReader(good))
		must(t, err)
		defer in.Close()
		var b bytes.Buffer
		out, err := zstd.NewWriter(&b)
		must(t, err)
		from, to := tar.NewReader(in), tar.NewWriter(out)
		for {
			h, err := from.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			must(t, err)
			text, err := io.ReadAll(from)
			must(t, err)
			if text = f(h, text); text == nil {
				continue
			}
			h.Size = int64(len(text))
			must(t, to.WriteHeader(h))
			_, err = to.Write(text)
			must(t, err)
		}
		must(t, errors.Join(to.Close(), out.Close()))
		return b.Bytes()
	}
	must(t, readAll(t, change(func(_ *tar.Header, text []byte) []byte { return append([]byte{}, text...) }), nil))
	for name, f := range map[string]func(*tar.Header, []byte) []byte{
		"a file is changed": func(h *tar.Header, text []byte) []byte {
			if h.Name == "secret.key" {
				return []byte("public")
			}
			return append([]byte{}, text...)
		},
		"a file is missing": func(h *tar.Header, text []byte) []byte {
			if h.Name == "secret.key" {
				return nil
			}
			return append([]byte{}, text...)
		},
		"a name leads out": func(h *tar.Header, text []byte) []byte {
			if h.Name == "secret.key" {
				h.Name = "../secret.key"
			}
			return append([]byte{}, text...)
		},
		"a file is a link": func(h *tar.Header, text []byte) []byte {
			if h.Name == "secret.key" {
				h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd"
				return []byte{}
			}
			return append([]byte{}, text...)
		},
		"there is no manifest": func(h *tar.Header, text []byte) []byte {
			if h.Name == manifestName {
				return nil
			}
			return append([]byte{}, text...)
		},
		"the sums are of other files": func(h *tar.Header, text []byte) []byte {
			if h.Name == sumsName {
				return bytes.ReplaceAll(text, []byte("secret.key"), []byte("secret.kex"))
			}
			return append([]byte{}, text...)
		},
	} {
		if err := readAll(t, change(f), nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A folder holds whole archives only, whatever became of those that wrote.
func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "backups")
	p := Folder{dir}
	if _, err := Latest(t.Context(), p); !errors.Is(err, ErrNone) {
		t.Errorf("of an empty folder the latest is %v", err)
	}
	first, second := Name(time.Unix(1e9, 0), nil), Name(time.Unix(2e9, 0), &Key{})
	dead := filepath.Join(dir, Name(time.Unix(3e9, 0), nil)+partial)
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(dead, []byte("half"), 0o600))
	other, err := p.Create(t.Context(), second, 0)
	must(t, err)
	if _, err := os.Stat(dead); err == nil {
		t.Error("what a killed writer left is still there")
	}
	u, err := p.Create(t.Context(), first, 0) // which leaves alone what is being written
	must(t, err)
	_, err = u.Write([]byte("archive"))
	must(t, err)
	if names, _ := p.List(t.Context()); len(names) != 0 {
		t.Errorf("before it is whole there is %v", names)
	}
	must(t, u.Commit())
	u.Abort()
	must(t, other.Commit())
	other.Abort()
	if names, _ := p.List(t.Context()); !slices.Equal(names, []string{first, second}) {
		t.Errorf("there are %v", names)
	}
	in, size, err := p.Open(t.Context(), first)
	must(t, err)
	defer in.Close()
	if text, _ := io.ReadAll(in); size != 7 || string(text) != "archive" {
		t.Errorf("it holds %q", text)
	}
	must(t, p.Remove(t.Context(), first))
	if _, _, err := p.Open(t.Context(), first); !errors.Is(err, ErrNone) {
		t.Errorf("of what was removed: %v", err)
	}
}

// A folder that is in use stays, what the dead left goes.
func TestStage(t *testing.T) {
	parent := t.TempDir()
	a, err := NewStagingDir(parent)
	must(t, err)
	b, err := NewStagingDir(parent)
	must(t, err)
	if _, err := os.Stat(a.Dir); err != nil {
		t.Error("a folder that is in use was removed")
	}
	must(t, a.lock.Close()) // as when its process dies
	theirs := filepath.Join(parent, "backup-of-somebody-else")
	must(t, os.Mkdir(theirs, 0o700))
	c, err := NewStagingDir(parent)
	must(t, err)
	if _, err := os.Stat(a.Dir); err == nil {
		t.Error("what a dead one left is still there")
	}
	must(t, errors.Join(b.Close(), c.Close()))
	if left, _ := os.ReadDir(parent); len(left) != 1 || left[0].Name() != filepath.Base(theirs) {
		t.Errorf("left are %v", left)
	}
}

func TestCancelled(t *testing.T) {
	archive := write(t, nil, content)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, bytes.NewReader(archive), nil, t.TempDir(), nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

package config

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// hidden stands wherever a secret would.
const hidden = "(hidden)"

// A Secret is read when it is used, not at start, so that a rotated password,
// in a file or at AWS, needs no restart. It hides itself from formatting, logs
// and JSON.
type Secret struct {
	text string
	file string
	// reference is looked up in the vault.
	reference string
	vault     *vault
}

// NewSecret makes a Secret that is the text itself.
func NewSecret(text string) Secret { return Secret{text: text} }

// IsSet reports whether there is a secret at all.
func (s Secret) IsSet() bool { return s.text != "" || s.file != "" || s.reference != "" }

// Value returns the secret as it is now. It reads one from a file or from AWS
// again.
func (s Secret) Value(ctx context.Context) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if s.reference != "" {
		return s.vault.value(ctx, s.reference)
	}
	return s.read()
}

// newest is Value for who can wait, and has to know that there is no answer from
// AWS instead of getting the last one.
func (s Secret) newest(ctx context.Context) (string, error) {
	if s.reference != "" {
		return s.vault.newest(ctx, s.reference)
	}
	return s.read()
}

// rotates tells whether the secret may change while the program runs.
func (s Secret) rotates() bool { return s.file != "" || s.reference != "" }

func (s Secret) read() (string, error) {
	if s.file == "" {
		return s.text, nil
	}
	text, err := ReadSecretFile(s.file)
	if err == nil && text == "" {
		// A file that is being replaced may be empty for a moment.
		err = fmt.Errorf("%s is empty", s.file)
	}
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	return text, nil
}

// String hides the secret.
func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return hidden
}

// GoString hides the secret from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON hides the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + s.String() + `"`), nil }

// A KeptSecret is a secret setting and where it is kept.
type KeptSecret struct {
	setting setting
	secret  Secret
}

// Name is the setting's.
func (k KeptSecret) Name() string { return k.setting.name }

// Rotates tells whether the secret may change while the program runs.
func (k KeptSecret) Rotates() bool { return k.secret.rotates() }

// TakenOver says when a running process uses a new value.
func (k KeptSecret) TakenOver() string { return k.setting.rotates }

// Check reads the secret again and returns why a new value could not be used.
func (k KeptSecret) Check(ctx context.Context) error {
	text, err := k.secret.newest(ctx)
	if err == nil {
		err = k.setting.parse(new(Config), value{text: text, set: true})
	}
	return err
}

// ReadSecretFile reads a small text file as people write them: it removes a newline at the end and a byte order mark.
// It refuses other bytes than UTF-8, because nobody could see what is wrong with them.
func ReadSecretFile(path string) (string, error) {
	const largest = 64 << 10
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return "", err
	}
	if len(data) > largest {
		return "", fmt.Errorf("%s is larger than %d bytes", path, largest)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return "", fmt.Errorf("%s is not UTF-8: save it as UTF-8", path)
	}
	return strings.TrimSpace(string(data)), nil
}

// signingSecret holds the keys that sign and seal; the first one signs, all of
// them verify. Without SECRET_KEY one key is made once and kept in DATA_DIR.
func (c *Config) signingSecret() (Secret, error) {
	if c.SecretKey.IsSet() {
		return c.SecretKey, nil
	}
	if _, err := keptSecretKey(c.SecretKeyPath()); err != nil {
		return Secret{}, fmt.Errorf("secret key: %w", err)
	}
	return Secret{file: c.SecretKeyPath()}, nil
}

// keptSecretKey reads the key file, and makes it first when there is none. Of
// several processes that start at once all get the same key: it appears under
// its name whole, by a link that only the first of them can make.
func keptSecretKey(path string) (string, error) {
	text, err := ReadSecretFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(draft.Name())
	random := make([]byte, 32)
	rand.Read(random) // never fails: it ends the process rather
	_, err = draft.WriteString(hex.EncodeToString(random) + "\n")
	err = errors.Join(err, draft.Sync(), draft.Close())
	if err != nil {
		return "", err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		// A key that a power cut takes back would end every session.
		_ = dir.Sync()
		dir.Close()
	}
	return ReadSecretFile(path)
}

package doctor

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/config"
)

// putSecret writes a secret into a file, or removes the file for "".
func putSecret(t *testing.T, file, text string) {
	t.Helper()
	err := os.Remove(file)
	if text != "" {
		err = os.WriteFile(file, []byte(text+"\n"), 0o600)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// The doctor says which secrets rotate, reads those again, and tells of what the running site could not take.
func TestDoctorOfSecrets(t *testing.T) {
	dir := t.TempDir()
	keyFile, cacheFile := filepath.Join(dir, "key"), filepath.Join(dir, "cache")
	putSecret(t, keyFile, strings.Repeat("older", 8))
	putSecret(t, cacheFile, "redis://:hush@127.0.0.1:1")
	c := mustLoad(t, "SECRET_KEY_FILE="+keyFile, "CACHE_URL_FILE="+cacheFile, "BACKUP_KEY="+strings.Repeat("backup", 5))
	keys, err := c.SigningKeys(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	d := &Diagnosis{Config: c, Held: []config.Follower{keys}}
	says := func(state, status string, wants ...string) {
		t.Helper()
		list := d.checkSecrets(t.Context())
		all := fmt.Sprintf("%+v", list)
		for _, want := range append(wants, "CACHE_URL (by each new connection", "SECRET_KEY (within a minute)", "restart: BACKUP_KEY") {
			if !strings.Contains(all, want) {
				t.Errorf("%s: no %q in %s", state, want, all)
			}
		}
		if Worst(list) != status {
			t.Errorf("%s: %s, not %s: %s", state, Worst(list), status, all)
		}
		for _, not := range []string{"older", "hush", "young", "backup"} {
			if strings.Contains(all, not) {
				t.Errorf("%s: %q is in %s", state, not, all)
			}
		}
	}
	says("in order", OK)
	putSecret(t, keyFile, "young")
	putSecret(t, cacheFile, "mysql://:hush@127.0.0.1")
	says("spoiled", Warning, "SECRET_KEY: each key needs 32 characters", "CACHE_URL: it is neither memory:")
	putSecret(t, keyFile, "")
	keys.Look(t.Context())
	putSecret(t, keyFile, strings.Repeat("older", 8))
	putSecret(t, cacheFile, "redis://:hush@127.0.0.1:1")
	says("not yet looked at again", Warning, "SECRET_KEY: secret: open")
	keys.Look(t.Context())
	says("in order again", OK)
}

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What only a shell replaces is refused in every setting that names a file or folder.
func TestPathsAsAShellWritesThem(t *testing.T) {
	base := map[string]string{"SESSION_STORE": "sql"}
	load := func(env map[string]string) error {
		_, err := Load(func(name string) (string, bool) {
			if v, ok := env[name]; ok {
				return v, true
			}
			v, ok := base[name]
			return v, ok
		}, nil)
		return err
	}
	for _, bad := range []string{"~", "~/x", "~anna/x", `"x"`, "'/x'", "$HOME/x", "${HOME}/x", "/data/$USER/x", "/srv/${SITE}.db", "/srv/x$_"} {
		for name, value := range map[string]string{
			"DATA_DIR":              bad,
			"MEDIA_DIR":             bad,
			"BACKUP_TO":             bad,
			"SECRET_KEY_FILE":       bad,
			"DATABASE_URL_FILE":     bad,
			"DATABASE_URL":          "sqlite:" + bad,
			"DATABASE_REPLICA_URLS": "mysql://u:p@h/n?tls=true&ca=" + bad,
		} {
			err := load(map[string]string{name: value})
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "in quotes") && !strings.Contains(err.Error(), "begins with") && !strings.Contains(err.Error(), "has a variable") {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
		for _, value := range []string{"sqlite://" + bad, "mysql://u:p@h/n?tls=true&ca=" + bad, "mysql://u:p@h/n?socket=" + bad} {
			if err := load(map[string]string{"DATABASE_URL": value}); err == nil || !strings.Contains(err.Error(), "DATABASE_URL") {
				t.Errorf("DATABASE_URL=%s: %v", value, err)
			}
		}
	}
	key := filepath.Join(t.TempDir(), "it's ~ $1")
	if err := os.WriteFile(key, []byte(strings.Repeat("k", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"DATA_DIR": "./~", "MEDIA_DIR": "/srv/it's ~", "BACKUP_TO": "../a\"b$5$", "DATABASE_URL": "sqlite:a~b", "SECRET_KEY_FILE": key,
	} {
		if err := load(map[string]string{name: value}); err != nil {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

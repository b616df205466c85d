package web

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/acme/autocert"
)

// A certificate that is not kept is asked for again at each start, until the
// authority gives no more: nobody is to find that out then.
func TestACertificateThatCannotBeKept(t *testing.T) {
	var said bytes.Buffer
	log := slog.New(slog.NewTextHandler(&said, nil))
	folder := filepath.Join(t.TempDir(), "acme")
	files := certificateFiles{autocert.DirCache(folder), log}
	if err := files.Put(t.Context(), "photos.example", []byte("x")); err != nil || said.Len() != 0 {
		t.Errorf("%v: %s", err, said.String())
	}
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := files.Put(t.Context(), "photos.example", []byte("x")); err == nil || !strings.Contains(said.String(), "cannot be kept") || strings.Contains(said.String(), "photos.example") {
		t.Errorf("%v: %s", err, said.String())
	}
}

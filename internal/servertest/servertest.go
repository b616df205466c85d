// Package servertest gives tests real servers: MariaDB, MySQL, a browser,
// clients and the program itself. A test is skipped where a server is not
// installed. With REQUIRE_SERVICES=1, as in .ci/run, it fails instead, except
// for the names in WITHOUT_SERVICES. Only tests import this package.
package servertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Tool is the path of an installed program; from says where it comes from, such
// as "Debian package toot".
func Tool(t testing.TB, name, from string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, name, from)
	}
	return path
}

// NodeFile is the path of a file of an installed npm package, such as
// "axe-core/axe.min.js": beside a folder of PATH, where npm puts programs.
func NodeFile(t testing.TB, name string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		path := filepath.Join(dir, "..", filepath.FromSlash(name))
		if _, err := os.Stat(path); filepath.Base(dir) == ".bin" && err == nil {
			return path
		}
	}
	of, _, _ := strings.Cut(name, "/")
	missing(t, of, "npm package "+of)
	return ""
}

// FindInstalled adds to PATH what .ci/run has installed, for commands outside
// of it.
func FindInstalled() error {
	list := []string{os.Getenv("PATH"), "/usr/sbin"}
	if cache, err := os.UserCacheDir(); err == nil {
		ours := filepath.Join(cache, "tintype-ci")
		list = append(list, filepath.Join(ours, "bin"), filepath.Join(ours, "npm", "node_modules", ".bin"))
	}
	return os.Setenv("PATH", strings.Join(list, string(os.PathListSeparator)))
}

// Chromium is the path of an installed Chromium or Chrome.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "chromium", "Debian package chromium")
	return ""
}

// ChromiumFlags are what Chromium needs in a test, beside a user-data-dir.
func ChromiumFlags() []string {
	return []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-dev-shm-usage",
	}
}

func missing(t testing.TB, name, from string) {
	t.Helper()
	Without(t, name, fmt.Sprintf("%s is not installed (%s)", name, from))
}

// Without skips or fails a test for the lack of what text explains.
func Without(t testing.TB, name, text string) {
	t.Helper()
	if os.Getenv("REQUIRE_SERVICES") == "1" && !slices.Contains(strings.Fields(os.Getenv("WITHOUT_SERVICES")), name) {
		t.Fatal(text + ", and REQUIRE_SERVICES=1 asks for it")
	}
	t.Skip(text)
}

// moduleRoot is the folder of go.mod above the test's own.
var moduleRoot = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no folder above the test's has a go.mod")
		}
		dir = up
	}
})

// sharedDir is a folder for what test processes of one checkout share.
func sharedDir() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(root))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("tintype-test-%d-%s", os.Getuid(), hex.EncodeToString(sum[:6])))
	return dir, os.MkdirAll(dir, 0o700)
}

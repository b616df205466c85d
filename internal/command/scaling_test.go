package command

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tintype/internal/config"
)

// The guide's files, which a test has no right to put where the guide has them.
func guideFiles(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"app.url": "mysql://tintype_app:x@db.example.org:3306/tintype?tls=true", "reader.url": "mysql://tintype_reader:x@reader.example.org:3306/tintype",
		"secret.key": strings.Repeat("0123456789abcdef", 4), "cache.url": "rediss://:x@cache.example.org:6379/0",
		"signing.pem": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Each block of docs/scaling.md goes together with all before it, and everything
// that the guide names is there.
func TestScalingGuide(t *testing.T) {
	raw, err := os.ReadFile("../../docs/scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	guide, dir := string(raw), guideFiles(t)
	known := config.Names()
	env := map[string]string{}
	blocks := regexp.MustCompile("(?s)```env\n(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(blocks) < 8 {
		t.Fatalf("%d blocks of variables", len(blocks))
	}
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if !ok || !slices.Contains(known, name) {
				t.Errorf("%q is no setting", line)
			}
			env[name] = strings.ReplaceAll(value, "/etc/tintype", dir)
		}
		var list []string
		for name, value := range env {
			list = append(list, name+"="+value)
		}
		if c, err := load(list...); err != nil {
			t.Errorf("with\n%sthe program does not start:\n%v", block[1], err)
		} else if len(c.Warnings) > 0 {
			t.Errorf("with\n%sthe program warns: %v", block[1], c.Warnings)
		}
	}
	// The last of them, all together, live nowhere but on shared servers.
	if c, err := load(func() (list []string) {
		for name, value := range env {
			list = append(list, name+"="+value)
		}
		return list
	}()...); err == nil && (!c.Stateless || c.Database.Driver != "mysql" || !c.Replicas.URLs.IsSet() || !c.CacheURL.IsSet() || c.QueueURL == "" || c.Web) {
		t.Errorf("the whole guide is not the whole ladder: %+v", c)
	}

	for _, name := range regexp.MustCompile("`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[=`]").FindAllStringSubmatch(guide, -1) {
		if !slices.Contains(known, name[1]) && name[1] != "NAME_FILE" {
			t.Errorf("%s is no setting", name[1])
		}
	}
	// Whoever types a command as the guide has it is not told how to write it.
	parser, err := kong.New(&commands{}, kong.Name("tintype"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range regexp.MustCompile("`tintype ([^`]+)`").FindAllStringSubmatch(guide, -1) {
		if _, err := parser.Parse(strings.Fields(line[1])); err != nil {
			t.Errorf("tintype %s: %v", line[1], err)
		}
	}
	sources, err := filepath.Glob("../app/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var code strings.Builder
	for _, file := range sources {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(file, "_test.go") {
			code.Write(text)
		}
	}
	for _, name := range regexp.MustCompile(`tintype_([a-z_]+)`).FindAllStringSubmatch(guide, -1) {
		if !strings.Contains(code.String(), `"`+name[0]+`"`) && !strings.Contains(code.String(), `"`+name[1]+`"`) && name[1] != "session" {
			t.Errorf("%s is no metric", name[0])
		}
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil || !strings.Contains(string(readme), "docs/scaling.md") {
		t.Errorf("the README does not lead to the guide: %v", err)
	}
}

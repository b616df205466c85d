// Package ami holds tests alone: of the image's template, and of what the image is made of.
package ami

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

func TestPacker(t *testing.T) {
	tool := servertest.Tool(t, "packer", "go build -C tools/packer -o FOLDER-IN-YOUR-PATH/packer github.com/hashicorp/packer")
	plugin := servertest.Tool(t, "packer-plugin-amazon", "go build -C tools/packer -o FOLDER-IN-YOUR-PATH/packer-plugin-amazon github.com/hashicorp/packer-plugin-amazon")
	dir := t.TempDir()
	bundle := filepath.Join(dir, "bundle")
	for _, name := range []string{"provision.sh", "tintype-arm64", "tintype-amd64", "single/tintype.service", "files/boot"} {
		file := filepath.Join(bundle, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packer := func(args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "PACKER_PLUGIN_PATH="+filepath.Join(dir, "plugins"), "PACKER_CONFIG_DIR="+dir)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := packer("fmt", "-check", "-diff", "."); err != nil {
		t.Errorf("packer fmt would change:\n%s", out)
	}
	if out, err := packer("plugins", "install", "--path", plugin, "github.com/hashicorp/amazon"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := packer("validate", "-var", "region=eu-central-1", "-var", "version=1.0.0", "-var", "bundle="+bundle, "."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// It does look: a bundle that is not there is an error.
	if out, err := packer("validate", "-var", "region=eu-central-1", "-var", "version=1.0.0", "-var", "bundle="+filepath.Join(dir, "none"), "."); err == nil {
		t.Errorf("a bundle that is not there is fine:\n%s", out)
	}
}

// The agent's configuration is JSON, and what boot fills in is in it.
func TestAgentConfiguration(t *testing.T) {
	data, err := os.ReadFile("files/agent.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Error("agent.json is no JSON")
	}
	boot, err := os.ReadFile("files/boot")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"@SITE@", "@ROLE@"} {
		if !strings.Contains(string(data), name) || !strings.Contains(string(boot), name) {
			t.Errorf("%s is not filled in", name)
		}
	}
}

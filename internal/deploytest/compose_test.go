package deploytest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// What the compose files set for the site are settings, and the balancer takes
// its configuration. Docker itself is not asked.
func TestTheComposeFiles(t *testing.T) {
	out, text, err := servertest.Run(t, nil, "config", "--json")
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var document struct {
		Settings []struct{ Name string }
	}
	if err := json.Unmarshal([]byte(out), &document); err != nil {
		t.Fatal(err)
	}
	known := make(map[string]bool)
	for _, s := range document.Settings {
		known[s.Name] = true
	}
	files, err := filepath.Glob("../../deploy/container/*.yaml")
	if err != nil || len(files) != 2 {
		t.Fatalf("%q, %v", files, err)
	}
	name := regexp.MustCompile(`(?:^\s+|[{,] )([A-Z][A-Z0-9_]+):`)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(data)) {
			for _, m := range name.FindAllStringSubmatch(line, -1) {
				n++
				own := strings.HasPrefix(m[1], "MARIADB_") || strings.HasPrefix(m[1], "ROOT_") || strings.HasPrefix(m[1], "VGW_") // of the other servers
				if !own && !known[m[1]] && !strings.HasPrefix(m[1], "AWS_") {
					t.Errorf("%s sets %s, which is no setting", file, m[1])
				}
			}
		}
		if n < 4 {
			t.Errorf("%s sets %d variables", file, n)
		}
	}
	haproxy := servertest.Tool(t, "haproxy", "Debian package haproxy")
	if out, err := exec.Command(haproxy, "-c", "-f", "../../deploy/container/fleet/haproxy.cfg").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

package deploytest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
	// As Docker would fill them in, the site takes each set, all of them together, and says no warning.
	fill := regexp.MustCompile(`\$\{\w+(?::-([^}]*)|:\?[^}]*)\}`)
	setting := regexp.MustCompile(`(?m)^ +([A-Z][A-Z0-9_]+): +"?([^"\n]+)"?$`)
	for _, set := range []struct {
		file, from, to string
		also           []string
		end            time.Duration
	}{
		{"compose.yaml", "environment:", "ports:", []string{"DATA_DIR=" + t.TempDir()}, 0},
		{"compose.fleet.yaml", "x-settings:", "services:", []string{"ROLES=web", "MIGRATE=wait"}, 0},
		{"compose.fleet.yaml", "x-settings:", "services:", []string{"ROLES=worker", "MIGRATE=wait"}, 0},
	} {
		data, err := os.ReadFile("../../deploy/container/" + set.file)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		_, settings, _ := strings.Cut(text, set.from)
		settings, _, ok := strings.Cut(settings, set.to)
		env := set.also
		for _, m := range setting.FindAllStringSubmatch(settings, -1) {
			value := fill.ReplaceAllStringFunc(m[2], func(name string) string {
				if of := fill.FindStringSubmatch(name); of[1] != "" {
					return of[1]
				}
				return strings.Repeat("0123456789abcdef", 4) // as env.example has it made
			})
			env = append(env, m[1]+"="+value)
		}
		if !ok || len(env) < 5 {
			t.Fatalf("%s sets %q", set.file, env)
		}
		for _, shared := range set.also {
			if name, _, _ := strings.Cut(shared, "="); name != "DATA_DIR" && !strings.Contains(text, strings.Replace(shared, "=", ": ", 1)) {
				t.Errorf("%s does not set %s", set.file, shared)
			}
		}
		if _, text, err := servertest.Run(t, env, "config"); err != nil || text != "" {
			t.Errorf("%s with %q: %v\n%s", set.file, set.also, err, text)
		}
		// Requests and then jobs may take SHUTDOWN_TIMEOUT each, after DRAIN_DELAY.
		out, _, err := servertest.Run(t, append(env, "BASE_URL=https://photos.example.org", "TRUSTED_PROXIES=1"), "config", "--json")
		if err != nil {
			t.Fatal(err)
		}
		var stop struct {
			Settings []struct{ Name, Value string }
		}
		if err := json.Unmarshal([]byte(out), &stop); err != nil {
			t.Fatal(err)
		}
		for _, s := range stop.Settings {
			d, _ := time.ParseDuration(s.Value)
			switch s.Name {
			case "DRAIN_DELAY":
				set.end += d
			case "SHUTDOWN_TIMEOUT":
				set.end += 2 * d
			}
		}
		grace := regexp.MustCompile(`stop_grace_period: (\S+)`).FindStringSubmatch(text)
		if grace == nil {
			t.Fatalf("%s gives no time to stop", set.file)
		}
		if d, err := time.ParseDuration(grace[1]); err != nil || d <= set.end || set.end < time.Minute {
			t.Errorf("%s gives %s to stop, which may take %s", set.file, grace[1], set.end)
		}
	}
	haproxy := servertest.Tool(t, "haproxy", "Debian package haproxy")
	if out, err := exec.Command(haproxy, "-c", "-f", "../../deploy/container/fleet/haproxy.cfg").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The image's build is given all that the program is built of, and no more.
func TestTheImageIsBuiltOfWhatItIsGiven(t *testing.T) {
	data, err := os.ReadFile("../../deploy/container/Dockerfile.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			given[name] = true
		}
	}
	if !strings.Contains(string(data), "\n*\n") {
		t.Error("what is not named is given, too")
	}
	// A module in a folder of this one's (tools/stubs) is built of its files, too.
	c := exec.Command("go", "list", "-deps", "-f", `{{$dir := .Dir}}{{with .Module}}{{if or .Main (and .Replace (not .Replace.Version))}}{{range $.GoFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{range $.EmbedFiles}}{{$dir}}/{{.}}{{"\n"}}{{end}}{{.GoMod}}{{"\n"}}{{if .Main}}{{.Dir}}/go.sum{{"\n"}}{{end}}{{end}}{{end}}`, ".")
	c.Dir = "../.."
	root, err := filepath.Abs(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		file, err := filepath.Rel(root, strings.TrimSpace(line))
		if err != nil || file == "." {
			continue
		}
		is := false
		for name := range given {
			if file == name || strings.HasPrefix(filepath.ToSlash(file), name+"/") {
				used[name], is = true, true
			}
		}
		if !is {
			t.Errorf("%s is not given", file)
		}
	}
	for name := range given {
		if !used[name] {
			t.Errorf("%s is given for nothing", name)
		}
	}
}

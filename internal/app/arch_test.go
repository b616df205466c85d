package app

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// mayImport says which of our packages each of them may import: those below it,
// never up. Whoever adds a package adds it here. An import that no file has is not
// allowed: a page that reaches around community is to be a decision.
var mayImport = map[string][]string{
	"":                   {"internal/app"},
	"internal/app":       {"internal/lang", "internal/budget", "internal/config", "internal/awsconfig", "internal/web", "internal/web/pages", "internal/web/api", "internal/command", "internal/doctor", "internal/community", "internal/store", "internal/session", "internal/media", "internal/cache", "internal/queue", "internal/live", "internal/push", "internal/mail", "internal/move", "internal/ladder", "internal/telemetry", "internal/backup", "templates", "static", "internal/sleep"},
	"internal/config":    {"internal/mail", "internal/lang", "internal/hostname", "internal/awsconfig", "internal/awscall", "internal/community", "internal/store", "internal/media", "internal/telemetry", "internal/backup"},
	"internal/awsconfig": {"internal/awscall"},
	"internal/command":   {"internal/config", "internal/doctor", "internal/demo", "internal/move", "internal/ladder", "internal/community", "internal/store", "internal/session", "internal/media", "internal/backup", "static"},
	"internal/doctor":    {"internal/config", "internal/mail", "internal/move", "internal/store", "internal/session", "internal/media", "internal/cache", "internal/queue", "internal/backup", "static", "internal/sleep"},
	"internal/demo":      {"internal/community", "internal/store", "internal/media"},
	"internal/web":       {"internal/lang", "internal/hostname", "internal/budget", "internal/web/api", "internal/session", "internal/community", "internal/store", "internal/media", "internal/telemetry", "internal/sleep"},
	"internal/web/pages": {"internal/lang", "internal/hostname", "internal/web/sse", "internal/session", "internal/community", "internal/store", "internal/media", "templates", "static"},
	"internal/web/api":   {"internal/hostname", "internal/web/sse", "internal/community", "internal/store", "internal/media"},
	"internal/web/sse":   nil,
	"internal/archive":   {"internal/lang"},
	"internal/community": {"internal/lang", "internal/archive", "internal/hostname", "internal/budget", "internal/recent", "internal/store", "internal/media", "internal/cache", "internal/queue", "internal/live", "internal/push", "internal/mail", "internal/sleep"},
	"internal/budget":    {"internal/sleep"},
	"internal/hostname":  nil,
	"internal/recent":    nil,
	"internal/sleep":     nil,
	"internal/store":     {"internal/budget", "internal/hostname", "internal/recent", "migrations", "internal/sleep"},
	"internal/session":   {"internal/awscall", "internal/budget", "internal/recent", "internal/sleep"},
	"internal/awscall":   {"internal/budget"},
	"internal/media":     {"internal/lang", "internal/awscall", "internal/budget", "internal/sleep"},
	"internal/cache":     {"internal/budget", "internal/sleep"},
	"internal/queue":     {"internal/awscall", "internal/sleep"},
	"internal/live":      nil,
	"internal/lang":      nil,
	"internal/push":      nil,
	"internal/mail":      {"internal/lang", "internal/hostname"},
	"internal/move":      {"internal/budget", "internal/store", "internal/media", "internal/sleep"},
	"internal/ladder":    nil,
	"internal/telemetry": nil,
	"internal/backup":    nil,
	"templates":          {"internal/lang"},
	"static":             {"internal/lang"},
	"migrations":         nil,
}

// forTests are packages that only tests import; what they import themselves is
// their own affair.
var forTests = []string{"internal/servertest", "internal/store/storetest", "internal/media/mediatest", "internal/session/sessiontest", "internal/queue/queuetest", "internal/push/pushtest", "internal/phototest", "internal/e2e", "internal/fleettest", "internal/deploytest", "deploy/ami", "deploy/asg"}

// onlyIn says which packages may import a library; a name stands for all that
// lies beneath it.
var onlyIn = map[string][]string{
	"github.com/gin-gonic/gin":       {"internal/web", "internal/web/pages", "internal/web/api", "internal/session"},
	"github.com/gin-contrib":         {"internal/web/pages", "internal/session"},
	"net/http":                       {"internal/app", "internal/doctor", "internal/web", "internal/awsconfig", "internal/web/pages", "internal/web/api", "internal/web/sse", "internal/session", "internal/awscall", "internal/telemetry", "internal/push"},
	"database/sql":                   {"internal/store"},
	"gorm.io":                        {"internal/store"},
	"modernc.org/sqlite":             {"internal/store"},
	"github.com/go-sql-driver/mysql": {"internal/store"},
	"github.com/golang-migrate":      {"internal/store"},
	"github.com/a-h/templ":           {"internal/web/pages", "templates"},
	"github.com/alecthomas/kong":     {"internal/command"},
	"github.com/aws":                 {"internal/app", "internal/command", "internal/config", "internal/awsconfig", "internal/awscall", "internal/session", "internal/media", "internal/queue", "internal/backup"},
	"github.com/coder/websocket":     {"internal/web/api"},
	"github.com/redis/rueidis":       {"internal/cache"},
	"go.opentelemetry.io":            {"internal/telemetry"},
	"filippo.io/age":                 {"internal/backup"},
	"github.com/SherClockHolmes":     {"internal/push"},
	"github.com/golang-jwt":          {"internal/push"},
	"github.com/go-webauthn":         {"internal/community"},
	"github.com/pquerna":             {"internal/community"},
	"github.com/boombuler":           {"internal/community"},
	"github.com/wneessen":            {"internal/mail"},
	"github.com/emersion":            {}, // tests alone
	"github.com/makiuchi-d":          {}, // tests alone
}

type listed struct {
	ImportPath   string
	Name         string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
	Module       *struct{ Main bool }
}

func TestWhoMayImportWhom(t *testing.T) {
	const module = "tintype"
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Name,Imports,TestImports,XTestImports,Standard,Module", "../../...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	inModule := func(path string) (string, bool) {
		if path == module {
			return "", true
		}
		return strings.CutPrefix(path, module+"/")
	}
	seen, there, uses := 0, map[string]bool{}, map[string]bool{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name, ours := inModule(p.ImportPath)
		if !ours || p.Module == nil || !p.Module.Main {
			continue
		}
		seen++
		there[name] = true
		if slices.Contains(forTests, name) || (p.Name == "main" && name != "") || strings.HasPrefix(name, "dev/") || strings.HasPrefix(name, "deploy/") || strings.HasPrefix(name, "bench/") {
			continue // generators, benchmarks and tools are no part of the program
		}
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("%s is not in mayImport: decide what it may import, and add it", p.ImportPath)
			continue
		}
		unused := slices.Clone(allowed)
		for _, imported := range p.Imports {
			if dep, ours := inModule(imported); ours && !slices.Contains(allowed, dep) {
				t.Errorf("%s must not import %s", p.ImportPath, imported)
			} else if ours {
				unused = slices.DeleteFunc(unused, func(name string) bool { return name == dep })
			}
			for library, users := range onlyIn {
				if imported != library && !strings.HasPrefix(imported, library+"/") {
					continue
				}
				uses[library+" in "+name] = true
				if !slices.Contains(users, name) {
					t.Errorf("%s must not import %s: only %s may", p.ImportPath, imported, strings.Join(users, ", "))
				}
			}
		}
		for _, dep := range unused {
			t.Errorf("%s may import %s and does not: take that out of mayImport", p.ImportPath, dep)
		}
		// Tests may import what they need to stand on something real, but not the
		// whole program.
		for _, imported := range slices.Concat(p.TestImports, p.XTestImports) {
			if dep, ours := inModule(imported); ours && dep == "internal/app" && name != "internal/app" && name != "" {
				t.Errorf("the tests of %s must not import %s", p.ImportPath, imported)
			}
		}
	}
	for _, name := range slices.Concat(forTests, slices.Collect(maps.Keys(mayImport))) {
		if !there[name] {
			t.Errorf("the tables name %s, which is no package any more", name)
		}
	}
	for library, users := range onlyIn {
		for _, name := range users {
			if !uses[library+" in "+name] {
				t.Errorf("%s may import %s and does not: take that out of onlyIn", name, library)
			}
		}
	}
	if seen < 5 {
		t.Fatalf("go list showed %d packages of ours", seen)
	}
}

// TestOneClientAsksTheProgram: tests that ask the real program over HTTP do it as servertest.Client does.
func TestOneClientAsksTheProgram(t *testing.T) {
	others := []string{"http.Client", "http.DefaultClient", "http.Get", "http.Head", "http.Post", "http.PostForm"}
	seen := 0
	eachGoFile(t, func(name string, src []byte) {
		dir := path.Dir(name)
		if name != "internal/app/life_test.go" && !slices.Contains([]string{".", "internal/e2e", "internal/fleettest", "internal/deploytest"}, dir) {
			return
		}
		seen++
		for word, line := range words(src) {
			if slices.Contains(others, word) {
				t.Errorf("%s:%d uses %s: ask with servertest.Client", name, line, word)
			}
		}
	})
	if seen < 50 {
		t.Errorf("only %d files were found", seen)
	}
}

package fleettest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// R42 with real processes: while two differ in their keys, their release or their places, no move of photos or of the database
// begins, and both are named. Once they agree, it does.
func TestAMoveRefusesProcessesThatDiffer(t *testing.T) {
	servertest.OneOf(t, 1, 2)
	source, err := os.ReadFile(filepath.Join("..", "app", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	const this = `var Version = "0.1.0"`
	if !strings.Contains(string(source), this) {
		t.Fatal("where the release is named has changed")
	}
	older := servertest.BinaryWith(t, map[string]string{"internal/app/main.go": strings.Replace(string(source), this, `var Version = "0.0.9"`, 1)})

	server := servertest.AnyFlavour(t).Server(t)
	if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	next := []string{"MEDIA_NEXT=disk:" + filepath.Join(t.TempDir(), "photos"), "DATABASE_NEXT=" + server.NewDatabase(t)}
	f := prepare(t, 2, append(next, "DATABASE_URL="+server.NewDatabase(t), "LOG_LEVEL=warn")...)
	f.start(t)
	process := func(n int) string { return fmt.Sprintf("process %d", f[n].PID()) }
	agreed := f[1].Settings()
	present := servertest.Binary(t)
	restart := func(program string, env ...string) {
		t.Helper()
		if err := f[1].Stop(); err != nil {
			t.Fatal(err)
		}
		f[1].Use(program)
		f[1].Set(append(agreed, env...)...)
		f[1].Start()
	}
	refused := func(part string, both bool, want string) {
		t.Helper()
		out, stderr, err := f[0].Command("move", part)
		said := out + stderr
		if err == nil || !strings.Contains(said, want) || !strings.Contains(said, process(1)) || both != strings.Contains(said, process(0)) || strings.Contains(said, "another key") {
			t.Errorf("move %s, which was to say %q of %s: %v\n%s", part, want, process(1), err, said)
		}
	}
	begins := func(args ...string) {
		t.Helper()
		if out, stderr, err := f[0].Command(args...); err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
	restart(present, "SECRET_KEY=another key of which nobody was ever told")
	refused("media", true, "sign with different keys")
	refused("database", true, "sign with different keys")

	restart(older)
	refused("media", true, "runs 0.0.9")
	refused("database", true, "runs 0.0.9")

	restart(present, "MEDIA_NEXT=")
	refused("media", false, "MEDIA_NEXT")
	restart(present, "MEDIA_NEXT=disk:"+filepath.Join(t.TempDir(), "elsewhere"))
	refused("media", false, "MEDIA_NEXT")
	restart(present, "DATABASE_NEXT=")
	refused("database", false, "DATABASE_NEXT")
	restart(present, "DATABASE_NEXT="+server.NewDatabase(t))
	refused("database", false, "does not have both databases")
	if out, stderr, err := f[0].Command("move", "status"); err != nil || !strings.Contains(out, "The photos are in ") || !strings.Contains(out, "have never been moved") || strings.Contains(out, "it has moved from") {
		t.Errorf("%v: %s%s", err, out, stderr)
	}

	restart(present)
	begins("move", "media")
	begins("move", "finish", "media")
	begins("move", "database")
	begins("move", "finish", "database")
}

package fleettest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// instancesCheck is what the doctor of an instance says about the processes of the site.
func instancesCheck(t *testing.T, i *servertest.Instance) string {
	t.Helper()
	out, stderr, _ := i.Command("doctor", "--json") // whose exit status other checks decide, too
	var answer struct{ Checks []check }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v:\n%s%s", err, out, stderr)
	}
	var lines []string
	for _, c := range answer.Checks {
		if c.Name == "instances" {
			lines = append(lines, c.Status+" "+c.Text)
		}
	}
	return strings.Join(lines, "\n")
}

// R42: processes with different keys or places are named by the doctor and the status page within 30 s, and those that
// have ended are no longer counted.
func TestInstancesThatDifferAreNamed(t *testing.T) {
	servertest.OneOf(t, 0, 2)
	f := prepare(t, 2, "SITE_NAME=Somewhere")
	f.start(t)
	process := func(n int) string { return fmt.Sprintf("process %d", f[n].PID()) }
	alike := instancesCheck(t, f[0])
	if !strings.Contains(alike, "ok 2 processes serve the site") || strings.Contains(alike, "failure") || strings.Contains(alike, "warning") {
		t.Errorf("two that are alike:\n%s", alike)
	}

	root := browser(t, f[0])
	root.SignUp("boss")
	if out, stderr, err := f[0].Command("account", "promote", "boss"); err != nil {
		t.Fatal(err, out, stderr)
	}
	root.Get("/admin/status").Has(process(0)).Has(process(1)).Lacks("different keys")

	if err := f[1].Stop(); err != nil {
		t.Fatal(err)
	}
	if said := instancesCheck(t, f[0]); !strings.Contains(said, process(0)) || strings.Contains(said, process(1)) {
		t.Errorf("after one has stopped in order:\n%s", said)
	}
	const otherKey = "another key of which nobody was ever told"
	f[1].Set("SECRET_KEY="+otherKey, "MEDIA_DIR="+t.TempDir())
	f[1].Start()
	servertest.Within(t, 30*time.Second, "the doctor names both", func() bool {
		said := instancesCheck(t, f[0])
		return strings.Contains(said, "failure") && strings.Contains(said, "sign with different keys") && strings.Contains(said, process(0)) && strings.Contains(said, process(1)) &&
			strings.Contains(said, "the photos are in different places")
	})
	servertest.Within(t, 30*time.Second, "so does the status page", func() bool {
		page := root.Get("/admin/status").Body
		return strings.Contains(page, "sign with different keys") && strings.Contains(page, process(1))
	})
	if page := root.Get("/admin/status").Body; strings.Contains(page, otherKey) {
		t.Error("the page shows a key")
	}

	// One that dies without a word is gone after three times its interval.
	f[1].Kill()
	servertest.Within(t, 2*time.Minute, "nobody speaks of the dead", func() bool {
		said := instancesCheck(t, f[0])
		return strings.Contains(said, process(0)) && !strings.Contains(said, process(1)) && !strings.Contains(said, "failure")
	})
}

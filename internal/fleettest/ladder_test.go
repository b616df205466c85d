package fleettest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"tintype/internal/ladder"
	"tintype/internal/servertest"
)

// Each of two processes has its own counts in what `tintype ladder` says, on whichever it is asked, so that one that uses
// nothing is seen. Their minutes are short.
func TestTheLadderCountsEachProcess(t *testing.T) {
	servertest.OneOf(t, 0, 4)
	source, err := os.ReadFile("../app/measure.go")
	if err != nil {
		t.Fatal(err)
	}
	const minute = "const measureEvery = time.Minute\n"
	if !strings.Contains(string(source), minute) {
		t.Fatalf("internal/app/measure.go has no %q", minute)
	}
	program := servertest.BinaryWith(t, map[string]string{
		"internal/app/measure.go": strings.Replace(string(source), minute, "const measureEvery = 200 * time.Millisecond\n", 1),
	})
	f := prepare(t, 2)
	for _, i := range f {
		i.Use(program)
	}
	f.start(t)
	counts := func(of *servertest.Instance, part, what string) (n int64, known bool) {
		t.Helper()
		out, stderr, err := f[0].Command("ladder", "--json")
		var r ladder.Report
		if err != nil || json.Unmarshal([]byte(out), &r) != nil {
			t.Fatalf("%v: %s%s", err, out, stderr)
		}
		for _, rung := range r.Rungs {
			for _, use := range rung.Uses {
				if rung.Part != part || !strings.HasSuffix(use.Process, fmt.Sprintf(", process %d", of.PID())) {
					continue
				}
				for _, c := range use.Counts {
					if c.What == what {
						return c.N, true
					}
				}
				return 0, true
			}
		}
		return 0, false
	}
	ann := browser(t, f[0]).SignUp("ann")
	const asked = 60
	for at, other := range []int{1, 0} {
		servertest.Within(t, time.Minute, "both measure", func() bool {
			_, one := counts(f[0], "Instances", "requests")
			_, two := counts(f[1], "Instances", "requests")
			return one && two
		})
		before, _ := counts(f[at], "Instances", "requests")
		quiet, _ := counts(f[other], "Instances", "requests")
		reads, _ := counts(f[at], "Database", "reads")
		for range asked {
			ann.At(f[at]).Get("/notifications").Want(http.StatusOK)
		}
		servertest.Within(t, time.Minute, fmt.Sprintf("process %d has counted what it was asked", at), func() bool {
			requests, _ := counts(f[at], "Instances", "requests")
			now, _ := counts(f[at], "Database", "reads")
			return requests >= before+asked-5 && now > reads+asked/2 // of the first and the last minute a part may be missed
		})
		if now, _ := counts(f[other], "Instances", "requests"); now > quiet+asked/2 {
			t.Errorf("process %d was not asked, and has counted %d requests more", other, now-quiet)
		}
	}
}

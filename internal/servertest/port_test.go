package servertest

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// A process is given no port that another one has, and none that the system may
// give to who asks it for any.
func TestPortsAreOnesOwn(t *testing.T) {
	const many = 200
	if os.Getenv("SERVERTEST_PORTS") != "" {
		var list []string
		for range many {
			list = append(list, strconv.Itoa(FreePort(t)))
		}
		if _, err := os.Stdout.WriteString("PORTS " + strings.Join(list, " ") + "\n"); err != nil {
			t.Error(err)
		}
		return
	}
	given := map[string]bool{}
	for range many {
		given[strconv.Itoa(FreePort(t))] = true
	}
	if len(given) != many {
		t.Errorf("%d different ports", len(given))
	}
	other := exec.Command(os.Args[0], "-test.run=^TestPortsAreOnesOwn$")
	other.Env = append(os.Environ(), "SERVERTEST_PORTS=1")
	out, err := other.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, list, _ := strings.Cut(string(out), "PORTS ")
	list, _, _ = strings.Cut(list, "\n")
	theirs := strings.Fields(list)
	if len(theirs) != many {
		t.Fatalf("the other process has %d ports: %s", len(theirs), out)
	}
	first, last := quietPorts()
	for _, port := range theirs {
		if n, err := strconv.Atoi(port); given[port] || err != nil || n < first || n > last {
			t.Errorf("port %s", port)
		}
	}
}

// Package e2e tests the program as people meet it: the real binary, HTTP and a real browser.
package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

const password = servertest.Password

func start(t testing.TB, env ...string) *servertest.Instance {
	t.Helper()
	return servertest.Tintype(t, append([]string{"SIGNUP_LIMIT=1000/1h"}, env...)...)
}

// A second process on one folder works beside the first. It says so in one line, with what holds and what does not; the
// first one, and one that comes after a kill, say nothing.
func TestTwoProcessesServeOneFolder(t *testing.T) {
	const line = "another process serves this database too"
	said := func(i *servertest.Instance) int { return strings.Count(i.Logs(), line) }
	first := start(t)
	second := start(t, "DATA_DIR="+first.DataDir)
	if said(first) != 0 || said(second) != 1 {
		t.Errorf("the first says it %d times, the second %d", said(first), said(second))
	}
	if out, stderr, _ := first.Command("doctor"); !strings.Contains(out, "2 processes serve the site") { // other checks decide over its exit status
		t.Errorf("the doctor does not know of both: %s%s", out, stderr)
	}
	for _, want := range []string{"holds=", "does_not_hold=", "API_LIMIT"} {
		if !strings.Contains(second.Logs(), want) {
			t.Errorf("the line lacks %q", want)
		}
	}
	anna := servertest.NewClient(t, first.URL).SignUp("anna")
	post := anna.PublishPhoto(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: 1}), "visibility", "public", "caption", "A photo").URL.Path
	if page := servertest.NewClient(t, second.URL).Get(post).Want(http.StatusOK); !page.Holds("A photo") {
		t.Errorf("the second process shows %s", page.Text())
	}
	bert := servertest.NewClient(t, second.URL).SignUp("bert")
	bert.Post("/posts/"+filepath.Base(post)+"/comments", "text", "From the second").Want(http.StatusOK)
	servertest.Eventually(t, "the first process shows what the second wrote", func() bool { return anna.Get(post).Holds("From the second") })

	first.Kill()
	third := start(t, "DATA_DIR="+first.DataDir)
	if said(third) != 0 {
		t.Error("a process says that one serves which only ended its start before")
	}
}

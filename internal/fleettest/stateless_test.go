package fleettest

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// R1: with STATELESS=true everything lives elsewhere: a site that took a photo has left nothing in DATA_DIR, and another
// instance goes on. Without, the boot ends with all that is missing.
func TestStateless(t *testing.T) {
	_, stderr, err := servertest.Run(t, []string{"STATELESS=true"}, "serve")
	for _, want := range []string{"BASE_URL", "DATABASE_URL", "MEDIA_STORE=s3", "MEDIA_S3_BUCKET", "SECRET_KEY"} {
		if err == nil || !strings.Contains(stderr, want) {
			t.Errorf("no %s in %q", want, stderr)
		}
	}

	server, d := newBucket(t), newDynamo(t)
	d.setUp(t)
	// The later settings win: both servers are asked with the bucket's credentials, and the table's server takes any.
	env := append(d.env(), "STATELESS=true")
	f := newFleet(t, 2, append(env, s3Env(server)...)...)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "public")
	f[0].Kill()
	anna = anna.At(f[1])
	for _, address := range anna.Get(post).Want(http.StatusOK).PhotosByKey() {
		anna.Get(address).Want(http.StatusOK)
	}
	anna.LoggedIn("anna")
	for _, i := range f {
		if _, err := os.Stat(i.DataDir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is there: %v", i.DataDir, err)
		}
	}
}

package servertest

import (
	"fmt"
	"os/exec"
	"strconv"
	"testing"
)

// S3Server is a server that speaks S3's API and checks signatures.
type S3Server struct {
	URL       string
	AccessKey string
	SecretKey string
	Dir       string // each folder in it is a bucket
}

// S3 starts an empty server, which ends with the test. It needs a temporary
// folder with extended attributes (its way without them, --sidecar, loses races).
func S3(t testing.TB) S3Server {
	t.Helper()
	tool := Tool(t, "versitygw", "go build -C tools -mod=mod -o FOLDER-IN-YOUR-PATH/versitygw github.com/versity/versitygw/cmd/versitygw")
	port := FreePort(t)
	s := S3Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), AccessKey: "tintype", SecretKey: "not a secret", Dir: t.TempDir()}
	c := exec.Command(tool, "--port", "127.0.0.1:"+strconv.Itoa(port), "--quiet", "posix", s.Dir)
	c.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "AWS_REGION=eu-central-1", "VGW_REGION=eu-central-1"}
	startServer(t, c, port)
	return s
}

// Env are the settings with which a process finds the server and may use it.
func (s S3Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_S3=" + s.URL, "MEDIA_S3_PATH_STYLE=true", "AWS_REGION=eu-central-1",
		"AWS_ACCESS_KEY_ID=" + s.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.SecretKey,
	}
}

package ami

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// TestSecrets runs files/secrets with a Secrets Manager of files and a `tintype setup database` that keeps the
// passwords it is given, twice: what is missing is made, and then nothing more.
func TestSecrets(t *testing.T) {
	for _, tool := range []string{"bash", "jq", "openssl"} {
		servertest.Tool(t, tool, "Debian package "+tool)
	}
	dir := t.TempDir()
	script, err := os.ReadFile("files/secrets")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(dir, "bin")
	text := strings.NewReplacer("/run/tintype-instance/env", filepath.Join(dir, "env"), "/usr/local/bin/tintype", filepath.Join(bin, "tintype"), "/dev/shm/", dir+"/").Replace(string(script))
	files := map[string]string{
		"secrets": text,
		"env":     "SETTINGS=ssm:/photos/ops/\nAWS_REGION=eu-central-1\n",
		// A password with what an address has to escape.
		"store/master": `{"username": "root", "password": "a/b@c#%"}`,
		"bin/aws": `#!/bin/bash
[[ $AWS_REGION == eu-central-1 ]] || exit 9
case $2 in
get-secret-value) cat "` + dir + `/store/$4" 2>/dev/null || { echo "ResourceNotFoundException" >&2; exit 254; } ;;
put-secret-value) cp "${6#file://}" "` + dir + `/store/$4"; echo "$4" >>"` + dir + `/puts" ;;
*) exit 9 ;;
esac`,
		"bin/tintype": `#!/bin/bash
[[ "$1 $2 $3" == "setup database --into" ]] || exit 9
cp "$DATABASE_URL_FILE" "` + dir + `/admin"
for role in owner app reader; do
	[[ -e $4/$role.url ]] || echo "mysql://tintype_$role:secret-$role@rw.example:3306/tintype?tls=true" >"$4/$role.url"
done`,
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		if len(args) == 0 {
			args = []string{"app", "owner", "master", "rw.example", "ro.example", "tintype", "keys"}
		}
		c := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(dir, "secrets")}, args...)...)
		c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	load := func(name string) map[string]string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(dir, "store", name))
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]string
		if err := json.Unmarshal(data, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	out := run()
	app, owner := load("app"), load("owner")
	if admin, _ := os.ReadFile(filepath.Join(dir, "admin")); strings.TrimSpace(string(admin)) != "mysql://root:a%2Fb%40c%23%25@rw.example:3306/tintype?tls=true&ca=/usr/local/lib/tintype/rds.pem" {
		t.Errorf("the master's address is %s", admin)
	}
	if app["DATABASE_URL"] != "mysql://tintype_app:secret-app@rw.example:3306/tintype?tls=true" ||
		app["DATABASE_REPLICA_URLS"] != "mysql://tintype_reader:secret-reader@ro.example:3306/tintype?tls=true" ||
		owner["DATABASE_URL"] != "mysql://tintype_owner:secret-owner@rw.example:3306/tintype?tls=true" || len(owner) != 1 {
		t.Errorf("%v %v", app, owner)
	}
	if len(app["SECRET_KEY"]) != 64 || !strings.Contains(app["MEDIA_SIGNING_KEY"], "RSA PRIVATE KEY") {
		t.Error("a key is missing")
	}
	if !strings.Contains(out, "-----BEGIN PUBLIC KEY-----") {
		t.Errorf("no public key in %s", out)
	}
	for _, secret := range []string{"secret-", "a/b@c", app["SECRET_KEY"], "PRIVATE"} {
		if strings.Contains(out, secret) {
			t.Errorf("the output shows a secret:\n%s", out)
		}
	}
	again := run()
	if puts, _ := os.ReadFile(filepath.Join(dir, "puts")); string(puts) != "owner\napp\n" {
		t.Errorf("written: %s", puts)
	}
	if after := load("app"); after["SECRET_KEY"] != app["SECRET_KEY"] || !strings.HasSuffix(strings.TrimSpace(out), strings.TrimSpace(again)) {
		t.Errorf("a second run changed what was there:\n%s", again)
	}
	// A second database of the site has users of its own, and no keys.
	if out := run("app-b", "owner-b", "master", "rw.example", "ro.example", "tintype", "none"); strings.Contains(out, "PUBLIC KEY") {
		t.Errorf("a second database brings keys: %s", out)
	}
	if b := load("app-b"); len(b) != 2 || b["DATABASE_URL"] == "" || b["DATABASE_REPLICA_URLS"] == "" {
		t.Errorf("the second database has %v", b)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "secrets.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

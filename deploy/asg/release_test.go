package asg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

// A bench is a copy of the repository as far as release.sh sees it, with programs in the PATH that write down how they
// were called and answer as the test wants.
type bench struct {
	t    *testing.T
	root string
	env  []string
}

// fakes answer as AWS, Terraform, Packer and Go would. What differs between tests comes in by FAKE_….
var fakes = map[string]string{
	"go": `printf x >"${@: -2:1}"`,
	"packer": `[[ $1 != build ]] || echo '{"last_run_uuid": "b", "builds": [
		{"packer_run_uuid": "a", "artifact_id": "eu-central-1:ami-0aaa"},
		{"packer_run_uuid": "b", "artifact_id": "eu-central-1:ami-0bbb"}]}' >"$FAKE_ROOT/dist/manifest.json"`,
	"terraform": `case $* in
		*"output -raw region") echo eu-central-1 ;;
		*"output -raw assets_bucket") echo photos-assets-1 ;;
		*"output -json groups") echo '["photos-web", "photos-worker"]' ;;
		*"output -json database") echo '{"reader": "ro.example", "schema": "tintype", "writer": "rw.example"}' ;;
		*"output -raw "*) echo "the-${@: -1}" ;;
		*apply*) [[ ${FAKE_APPLY:-} != fails ]] ;;
		*) exit 9 ;;
	esac`,
	"aws": `case $* in
		*run-instances*) echo i-0abc ;;
		*describe-instance-information*) echo Online ;;
		*send-command*) echo command-1 ;;
		*"get-command-invocation"*"--query Status") echo "${FAKE_COMMAND:-Success}" ;;
		*"get-command-invocation"*) echo "what it said" ;;
		*describe-instance-refreshes*"[Status"*)
			if [[ $* == *photos-worker* ]]; then printf '%s\t100\tNone\n' "${FAKE_WORKERS:-Successful}"; else printf 'Successful\t100\tNone\n'; fi ;;
		*describe-instance-refreshes*) echo Successful ;;
		*rollback-instance-refresh*) exit 254 ;;
		*terminate-instances*|*modify-image-attribute*) ;;
		*) exit 9 ;;
	esac`,
}

func newBench(t *testing.T) *bench {
	t.Helper()
	for _, tool := range []string{"bash", "jq", "git"} {
		servertest.Tool(t, tool, "Debian package "+tool)
	}
	b := &bench{t: t, root: t.TempDir()}
	bin := filepath.Join(b.root, "bin")
	b.write("deploy/asg/release.sh", read(t, "release.sh"), 0o755)
	for _, name := range []string{"deploy/provision.sh", "deploy/single/tintype.service", "deploy/ami/files/boot"} {
		b.write(name, "x", 0o644)
	}
	for name, does := range fakes {
		b.write("bin/"+name, "#!/bin/bash\necho \"$(basename \"$0\") $*\" >>\"$FAKE_ROOT/calls\"\n"+does+"\n", 0o755)
	}
	b.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "FAKE_ROOT="+b.root, "PATIENCE=20", "PAUSE=0.05", "TERRAFORM=terraform", "ARCH=arm64", "AWS_REGION=")
	return b
}

func (b *bench) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	path := filepath.Join(b.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

// release runs the script, and returns what it said and the calls that it made, a line each.
func (b *bench) release(env []string, args ...string) (said, calls string, failed bool) {
	b.t.Helper()
	c := exec.CommandContext(b.t.Context(), "bash", append([]string{filepath.Join(b.root, "deploy/asg/release.sh")}, args...)...)
	c.Env = append(b.env, env...)
	out, err := c.CombinedOutput()
	data, _ := os.ReadFile(filepath.Join(b.root, "calls"))
	os.Remove(filepath.Join(b.root, "calls"))
	return string(out), string(data), err != nil
}

// inOrder checks that each text comes after the one before.
func inOrder(t *testing.T, all string, texts ...string) {
	t.Helper()
	rest := all
	for _, text := range texts {
		i := strings.Index(rest, text)
		if i < 0 {
			t.Errorf("%q is missing, or comes too early, in:\n%s", text, all)
			return
		}
		rest = rest[i+len(text):]
	}
}

func (b *bench) chosen() string {
	data, _ := os.ReadFile(filepath.Join(b.root, "deploy/asg/image.auto.tfvars"))
	return strings.TrimSpace(string(data))
}

func TestReleaseDryRun(t *testing.T) {
	b := newBench(t)
	said, calls, failed := b.release(nil, "--dry-run", "all")
	if failed || calls != "" || b.chosen() != "" {
		t.Errorf("failed %v, chose %q, called:\n%s\n%s", failed, b.chosen(), calls, said)
	}
	inOrder(t, said, "== build", "GOARCH=arm64", "== image", "packer build", "== migrate", "run-instances", "migrate up", "== assets", "assets upload", "== refresh", "terraform", "apply", "== watch", "describe-instance-refreshes", "== released")
}

func TestRelease(t *testing.T) {
	b := newBench(t)
	b.write("deploy/asg/image.auto.tfvars", "ami_id = \"ami-0111\"\n", 0o644)
	said, calls, failed := b.release(nil, "--yes", "all")
	if failed || b.chosen() != `ami_id = "ami-0bbb"` {
		t.Fatalf("failed %v, chose %q\n%s\n%s", failed, b.chosen(), calls, said)
	}
	inOrder(t, calls, "go build", "packer init", "packer build", "modify-image-attribute --image-id ami-0bbb", "run-instances --launch-template LaunchTemplateId=the-ops_launch_template,Version=$Default --image-id ami-0bbb",
		"tintype-command migrate up", "tintype-command assets upload s3://photos-assets-1", "terminate-instances --instance-ids i-0abc", "terraform -chdir=", "apply -input=false -auto-approve", "photos-web", "photos-worker")
	if n := strings.Count(calls, "run-instances"); n != 1 {
		t.Errorf("%d instances were started for commands", n)
	}
	if strings.Contains(calls, "rollback") {
		t.Errorf("a release that went well was taken back:\n%s", calls)
	}
	for _, line := range strings.Split(strings.TrimSpace(calls), "\n") {
		if strings.HasPrefix(line, "aws ") && !strings.HasPrefix(line, "aws --region eu-central-1 ") {
			t.Errorf("without the group's region: %s", line)
		}
	}
}

// A group that went back by itself takes the whole release back.
func TestReleaseIsTakenBack(t *testing.T) {
	b := newBench(t)
	b.write("deploy/asg/image.auto.tfvars", "ami_id = \"ami-0111\"\n", 0o644)
	said, calls, failed := b.release([]string{"FAKE_WORKERS=RollbackSuccessful"}, "--yes", "all")
	if !failed || b.chosen() != `ami_id = "ami-0111"` {
		t.Errorf("failed %v, chose %q\n%s", failed, b.chosen(), said)
	}
	inOrder(t, calls, "apply -input=false", "rollback-instance-refresh --auto-scaling-group-name photos-web", "rollback-instance-refresh --auto-scaling-group-name photos-worker", "apply -input=false")
	inOrder(t, said, "not refreshed: photos-worker", "taken back")
}

// No instance gets a release whose schema did not come about, and the one for commands is ended all the same.
func TestReleaseWithoutItsSchema(t *testing.T) {
	b := newBench(t)
	said, calls, failed := b.release([]string{"FAKE_COMMAND=Failed"}, "--yes", "all")
	if !failed || strings.Contains(calls, "apply") || strings.Contains(calls, "assets upload") {
		t.Errorf("failed %v:\n%s\n%s", failed, calls, said)
	}
	inOrder(t, calls, "run-instances", "migrate up", "terminate-instances --instance-ids i-0abc")
	inOrder(t, said, "migrate up", "Failed")
}

func TestReleaseSteps(t *testing.T) {
	b := newBench(t)
	b.write("deploy/asg/image.auto.tfvars", "ami_id = \"ami-0111\"\n", 0o644)
	said, calls, failed := b.release(nil, "command", "account", "promote", "o'brien; reboot")
	if failed {
		t.Error(said)
	}
	inOrder(t, calls, "--image-id ami-0111", `tintype-command account promote o\\'brien\\;\\ reboot`, "terminate-instances")
	said, calls, failed = b.release(nil, "secrets")
	if failed {
		t.Error(said)
	}
	inOrder(t, calls, "/usr/local/lib/tintype/secrets the-app_secret the-owner_secret the-master_secret rw.example ro.example tintype")
	if said, calls, failed = b.release(nil, "--yes", "refresh", "watch"); failed || strings.Contains(calls, "run-instances") {
		t.Errorf("%s\n%s", said, calls)
	}
	if said, _, failed = b.release([]string{"FAKE_APPLY=fails"}, "refresh", "watch"); !failed || strings.Contains(said, "== watch") {
		t.Errorf("went on after an apply that failed:\n%s", said)
	}
	for _, args := range [][]string{{}, {"relase"}, {"command"}, {"build", "command", "version"}} {
		if said, calls, failed := b.release(nil, args...); !failed || calls != "" {
			t.Errorf("%v: failed %v\n%s\n%s", args, failed, said, calls)
		}
	}
}

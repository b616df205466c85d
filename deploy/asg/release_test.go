package asg

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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
	"terraform": `say() { printf '{"group": "%s", "desired": {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "7"}},
			"preferences": {"AutoRollback": true, "SkipMatching": true, "AlarmSpecification": {"Alarms": ["photos-errors"]}, "BakeTime": 300}}' "$1"; }
	case $* in
		*"output -raw region") echo eu-central-1 ;;
		*"output -raw assets_bucket") echo photos-assets-1 ;;
		*"output -json groups") [[ ${FAKE_GROUPS:-} != fail ]] && echo "[$(say photos-web), $(say photos-worker)]" ;;
		*"output -json databases") echo '[{"app": "the-app", "owner": "the-owner", "master": "the-master", "reader": "ro.example", "schema": "tintype", "writer": "rw.example", "keys": "keys"}, {"app": "app-b", "owner": "owner-b", "master": "master-b", "reader": "ro-b.example", "schema": "tintype", "writer": "rw-b.example", "keys": "none"}]' ;;
		*"output -raw "*) echo "the-${@: -1}" ;;
		*apply*) [[ ${FAKE_APPLY:-} != fails ]] ;;
		*) exit 9 ;;
	esac`,
	// The workers' first refresh ends as FAKE_WORKERS says, their second well.
	"aws": `case $* in
		*run-instances*) echo i-0abc ;;
		*describe-instance-information*) echo Online ;;
		*send-command*) echo command-1 ;;
		*"get-command-invocation"*"--query Status") echo "${FAKE_COMMAND:-Success}" ;;
		*"get-command-invocation"*) echo "what it said" ;;
		*start-instance-refresh*)
			if [[ -n ${FAKE_BUSY:-} && $* == *photos-web* ]]; then
				echo "An error occurred (InstanceRefreshInProgress) when calling the StartInstanceRefresh operation" >&2
				exit 254
			fi
			echo refresh-1 ;;
		*describe-instance-refreshes*"[Status"*)
			if [[ -n ${FAKE_DEAF:-} && ! -e $FAKE_ROOT/asked ]]; then touch "$FAKE_ROOT/asked"; exit 255; fi
			how=${FAKE_WEB:-Successful}
			if [[ $* == *photos-worker* && $(grep -c 'start-instance-refresh.*photos-worker' "$FAKE_ROOT/calls") -lt 2 ]]; then how=${FAKE_WORKERS:-Successful}; fi
			[[ $how == None ]] && echo None || printf '%s\t100\t%s\tNone\n' "$how" "${FAKE_REFRESHED:-7}" ;;
		*describe-instance-refreshes*LaunchTemplate.Version*) echo "${FAKE_REFRESHED:-7}" ;;
		*describe-instance-refreshes*) echo Successful ;;
		*describe-auto-scaling-groups*"[LaunchTemplateId"*) printf 'lt-1\t6\n' ;;
		*describe-auto-scaling-groups*) echo "${FAKE_STANDS:-7}" ;;
		*describe-launch-template-versions*"--versions 6"*) echo "${FAKE_RUNS:-ami-0111}" ;;
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
	b.env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "FAKE_ROOT="+b.root, "PATIENCE=20", "PAUSE=0.05", "TERRAFORM=terraform", "ARCH=arm64", "AWS_REGION=", "GIT_CEILING_DIRECTORIES="+filepath.Dir(b.root))
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

// image is what one of the script's files holds, and empty where there is none.
func (b *bench) image(name string) string {
	data, _ := os.ReadFile(filepath.Join(b.root, "deploy/asg", name))
	text, _ := strings.CutPrefix(strings.TrimSpace(string(data)), `ami_id = "`)
	return strings.Replace(text, `"`, "", 1)
}

// released puts the files as they are while the group runs one image, and as they are once another is chosen.
func (b *bench) released(chosen string) {
	b.write("deploy/asg/image.auto.tfvars", "ami_id = \""+chosen+"\"\n", 0o644)
}

func TestReleaseDryRun(t *testing.T) {
	b := newBench(t)
	said, calls, failed := b.release(nil, "--dry-run", "all")
	if failed || calls != "" || b.image("image.auto.tfvars") != "" || b.image("image.next") != "" {
		t.Errorf("failed %v, called:\n%s\n%s", failed, calls, said)
	}
	inOrder(t, said, "== build", "GOARCH=arm64", "== image", "packer build", "== migrate", "run-instances", "migrate up", "== assets", "assets upload", "== refresh", "terraform", "apply", "start-instance-refresh", "== watch", "describe-instance-refreshes", "== released")
	for _, step := range []string{"build", "image", "migrate", "assets", "refresh", "watch", "rollback", "secrets"} {
		if said, calls, failed := b.release(nil, "--dry-run", step); failed || calls != "" || !strings.Contains(said, "would run") {
			t.Errorf("%s: failed %v, called:\n%s\n%s", step, failed, calls, said)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(b.root, "deploy/asg/*")); len(left) != 1 {
		t.Errorf("a dry run left %v", left)
	}
}

func TestRelease(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	said, calls, failed := b.release(nil, "--yes", "all")
	if failed || b.image("image.auto.tfvars") != "ami-0bbb" || b.image("image.before") != "ami-0111" || b.image("image.next") != "" {
		t.Fatalf("failed %v, chose %q, before %q, next %q\n%s\n%s", failed, b.image("image.auto.tfvars"), b.image("image.before"), b.image("image.next"), calls, said)
	}
	inOrder(t, calls, "go build", "packer init", "packer build", "modify-image-attribute --image-id ami-0bbb", "run-instances --launch-template LaunchTemplateId=the-ops_launch_template,Version=$Default --image-id ami-0bbb",
		"tintype-command migrate up", "tintype-command assets upload s3://photos-assets-1", "terminate-instances --instance-ids i-0abc", "terraform -chdir=", "apply -input=false -auto-approve",
		`start-instance-refresh --auto-scaling-group-name photos-web --strategy Rolling --desired-configuration {"LaunchTemplate":{"LaunchTemplateId":"lt-1","Version":"7"}} --preferences {"AutoRollback":true,"SkipMatching":true,"AlarmSpecification":{"Alarms":["photos-errors"]},"BakeTime":300}`,
		"start-instance-refresh --auto-scaling-group-name photos-worker", "describe-instance-refreshes --auto-scaling-group-name photos-web", "describe-instance-refreshes --auto-scaling-group-name photos-worker")
	if !strings.Contains(calls, "--unit=tintype-end --on-active=160 systemctl poweroff") {
		t.Errorf("the instance for commands would outlive a script that is killed:\n%s", calls)
	}
	if _, err := os.Stat(filepath.Join(b.root, "deploy/asg/release.lock")); err == nil {
		t.Error("the lock is left behind")
	}
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
	b.released("ami-0111")
	said, calls, failed := b.release([]string{"FAKE_WORKERS=RollbackSuccessful", "FAKE_DEAF=1"}, "--yes", "all")
	if !failed || b.image("image.auto.tfvars") != "ami-0111" {
		t.Errorf("failed %v, chose %q\n%s", failed, b.image("image.auto.tfvars"), said)
	}
	inOrder(t, calls, "apply -input=false", "rollback-instance-refresh --auto-scaling-group-name photos-web", "rollback-instance-refresh --auto-scaling-group-name photos-worker", "apply -input=false",
		// The alarm that ended the release still rings.
		`start-instance-refresh --auto-scaling-group-name photos-web --strategy Rolling --desired-configuration {"LaunchTemplate":{"LaunchTemplateId":"lt-1","Version":"7"}} --preferences {"AutoRollback":false,"SkipMatching":true}`,
		"start-instance-refresh --auto-scaling-group-name photos-worker", "describe-instance-refreshes --auto-scaling-group-name photos-worker")
	inOrder(t, said, "not refreshed: photos-worker", "taken back")
}

// A group that says nothing more is a release that failed, too.
func TestReleaseThatHangs(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	said, calls, failed := b.release([]string{"FAKE_WORKERS=InProgress", "PATIENCE=1"}, "--yes", "all")
	if !failed || b.image("image.auto.tfvars") != "ami-0111" {
		t.Errorf("failed %v, chose %q\n%s", failed, b.image("image.auto.tfvars"), said)
	}
	inOrder(t, said, "photos-worker: nothing has changed", "taken back")
	inOrder(t, calls, "rollback-instance-refresh", `"AutoRollback":false`)
}

// What a roll back leads to is what ran, whatever was interrupted before.
func TestReleaseRollsBack(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	is := func(what, chosen, before, next string) {
		t.Helper()
		if c, p, n := b.image("image.auto.tfvars"), b.image("image.before"), b.image("image.next"); c != chosen || p != before || n != next {
			t.Fatalf("%s: chosen %q, before %q, next %q", what, c, p, n)
		}
	}
	// An image that never ran is not what came before.
	for range 2 {
		if said, _, failed := b.release(nil, "build", "image"); failed {
			t.Fatal(said)
		}
	}
	is("two images", "ami-0111", "", "ami-0bbb")
	// Before its schema there is no release, also not by a refresh that is for settings.
	if said, calls, failed := b.release(nil, "--yes", "refresh"); !failed || !strings.Contains(said, "run the steps migrate and assets") || strings.Contains(calls, "apply") {
		t.Fatalf("failed %v\n%s\n%s", failed, said, calls)
	}
	if said, calls, failed := b.release(nil, "command", "version"); failed || !strings.Contains(calls, "--image-id ami-0111") {
		t.Fatalf("a command does not run on the image that is released: %v\n%s\n%s", failed, said, calls)
	}
	// An apply that fails, as if the script had been killed there; then again.
	if said, _, failed := b.release([]string{"FAKE_APPLY=fails"}, "--yes", "migrate", "refresh"); !failed {
		t.Fatal(said)
	}
	is("an apply that failed", "ami-0bbb", "ami-0111", "")
	if said, _, failed := b.release(nil, "--yes", "refresh", "watch"); failed {
		t.Fatal(said)
	}
	is("a release", "ami-0bbb", "ami-0111", "")
	// It runs, and is bad. Twice, for who is not sure that it has begun.
	for _, runs := range []string{"ami-0bbb", "ami-0111"} {
		if said, _, failed := b.release([]string{"FAKE_RUNS=" + runs}, "--yes", "rollback"); failed {
			t.Fatal(said)
		}
		is("a roll back", "ami-0111", "ami-0111", "")
	}
	// A release that the group took back by itself, with nothing noted here.
	if err := os.Remove(filepath.Join(b.root, "deploy/asg/image.before")); err != nil {
		t.Fatal(err)
	}
	b.released("ami-0ccc")
	if said, _, failed := b.release(nil, "--yes", "rollback"); failed {
		t.Fatal(said)
	}
	is("a roll back after AWS's", "ami-0111", "", "")
	// And one that nothing came before.
	if said, calls, failed := b.release(nil, "--yes", "rollback"); !failed || !strings.Contains(said, "no image came before") || strings.Contains(calls, "apply") {
		t.Errorf("failed %v\n%s\n%s", failed, said, calls)
	}
}

// A refresh that ended well may have been another one.
func TestReleaseWatch(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	for _, c := range []struct {
		name, want string
		env        []string
		fails      bool
	}{
		{"settings that were applied, and reached nobody", "photos-web stands on version 6 of its template, and Terraform's is 7", []string{"FAKE_REFRESHED=5", "FAKE_STANDS=6"}, true},
		{"groups that are new", "photos-web: None", []string{"FAKE_WEB=None"}, false},
		{"groups that are new and behind", "Terraform's is 7", []string{"FAKE_WEB=None", "FAKE_STANDS=1"}, true},
		{"no Terraform to ask", "there is no output groups", []string{"FAKE_GROUPS=fail"}, true},
		{"cancelled by somebody", "not refreshed: photos-web photos-worker", []string{"FAKE_WEB=Cancelled", "FAKE_WORKERS=Cancelled"}, true},
	} {
		if said, _, failed := b.release(c.env, "watch"); failed != c.fails || !strings.Contains(said, c.want) {
			t.Errorf("%s: failed %v\n%s", c.name, failed, said)
		}
	}
	// One that is under way already is the same one, or somebody else's.
	if said, calls, failed := b.release([]string{"FAKE_BUSY=1"}, "--yes", "refresh"); failed || !strings.Contains(said, "photos-web: has begun already") || !strings.Contains(calls, "start-instance-refresh --auto-scaling-group-name photos-worker") {
		t.Errorf("failed %v\n%s\n%s", failed, said, calls)
	}
	if said, _, failed := b.release([]string{"FAKE_BUSY=1", "FAKE_REFRESHED=6"}, "--yes", "refresh"); !failed || !strings.Contains(said, "photos-web is not refreshed") {
		t.Errorf("failed %v\n%s", failed, said)
	}
}

// Two at once would take the folder and the image from each other.
func TestReleaseIsAlone(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	b.write("deploy/asg/release.lock", strconv.Itoa(os.Getpid()), 0o644)
	if said, calls, failed := b.release(nil, "--yes", "all"); !failed || calls != "" || !strings.Contains(said, "process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("failed %v\n%s\n%s", failed, said, calls)
	}
	if said, _, failed := b.release(nil, "watch"); failed {
		t.Errorf("to look on is no harm:\n%s", said)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	b.write("deploy/asg/release.lock", strconv.Itoa(ended.Process.Pid), 0o644)
	if said, _, failed := b.release(nil, "--yes", "refresh"); failed {
		t.Errorf("the lock of one that was killed:\n%s", said)
	}
}

// A release is what its version says.
func TestReleaseOfWhatIsNotCommitted(t *testing.T) {
	b := newBench(t)
	if out, err := exec.CommandContext(t.Context(), "git", "-C", b.root, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if said, calls, failed := b.release(nil, "build"); !failed || calls != "" || !strings.Contains(said, "not committed") {
		t.Errorf("failed %v\n%s\n%s", failed, said, calls)
	}
	if said, _, failed := b.release(nil, "--dirty", "build", "image"); failed {
		t.Errorf("%s", said)
	}
	// A build that was killed half-way is none.
	if err := os.Remove(filepath.Join(b.root, "dist/version")); err != nil {
		t.Fatal(err)
	}
	if said, calls, failed := b.release(nil, "image"); !failed || strings.Contains(calls, "packer") {
		t.Errorf("failed %v\n%s\n%s", failed, said, calls)
	}
}

// No instance gets a release whose schema did not come about, and the one for commands is ended all the same.
func TestReleaseWithoutItsSchema(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	said, calls, failed := b.release([]string{"FAKE_COMMAND=Failed"}, "--yes", "all")
	if !failed || strings.Contains(calls, "apply") || strings.Contains(calls, "assets upload") {
		t.Errorf("failed %v:\n%s\n%s", failed, calls, said)
	}
	inOrder(t, calls, "run-instances", "migrate up", "terminate-instances --instance-ids i-0abc")
	inOrder(t, said, "migrate up", "Failed")
	if b.image("image.auto.tfvars") != "ami-0111" {
		t.Errorf("terraform apply would bring the image without its schema")
	}
}

func TestReleaseSteps(t *testing.T) {
	b := newBench(t)
	b.released("ami-0111")
	said, calls, failed := b.release(nil, "command", "account", "promote", "o'brien; reboot")
	if failed {
		t.Error(said)
	}
	inOrder(t, calls, "--image-id ami-0111", `tintype-command account promote o\\'brien\\;\\ reboot`, "terminate-instances")
	said, calls, failed = b.release(nil, "secrets")
	if failed {
		t.Error(said)
	}
	inOrder(t, calls, "/usr/local/lib/tintype/secrets the-app the-owner the-master rw.example ro.example tintype keys",
		"/usr/local/lib/tintype/secrets app-b owner-b master-b rw-b.example ro-b.example tintype none")
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

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/command"
	"tintype/internal/community"
	"tintype/internal/store"
)

// runCommand runs the program in this process.
func runCommand(env []string, args ...string) (status int, stdout, stderr string) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	var out, errs bytes.Buffer
	status = command.Main(context.Background(), command.Environment{
		Args:    args,
		Lookup:  func(name string) (string, bool) { v, ok := set[name]; return v, ok },
		Environ: env,
		Stdout:  &out,
		Stderr:  &errs,
	}, program())
	return status, out.String(), errs.String()
}

func TestExitStatuses(t *testing.T) {
	for _, c := range []struct {
		env    []string
		args   []string
		status int
		stderr string
	}{
		{nil, []string{"version"}, 0, ""},
		{nil, []string{"--help"}, 0, ""},
		{nil, []string{"frobnicate"}, 2, "tintype: unexpected argument frobnicate"},
		{nil, []string{"--nothing"}, 2, "tintype: unknown flag --nothing"},
		{[]string{"PORT=x"}, []string{"config"}, 2, "PORT: "},
		{[]string{"PORT=x"}, nil, 2, "PORT: "},
		{[]string{"DATABASE_URL=sqlite:/dev/null/x.db"}, []string{"migrate", "up"}, 1, "tintype: "},
		{nil, []string{"migrate", "down"}, 1, "--yes"},
	} {
		status, _, stderr := runCommand(c.env, c.args...)
		if status != c.status || !strings.Contains(stderr, c.stderr) || (c.status == 0) != (stderr == "") {
			t.Errorf("%v %v: status %d, %q", c.env, c.args, status, stderr)
		}
	}
}

// A flag acts or is refused, in a line.
func TestMoveCommandsRefuseFlagsThatDoNothing(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		stderr string
	}{
		{"move database --workers=4", command.StatusFailure, "leave --workers out"},
		{"move back database --workers=4", command.StatusFailure, "leave --workers out"},
		{"move finish database --rate=4", command.StatusFailure, "leave --rate and --workers out"},
		{"move abort database --workers=4", command.StatusFailure, "leave --rate and --workers out"},
		{"move finish database --delete-source", command.StatusFailure, "--delete-source is for photos"},
		{"move finish sessions --without-missing", command.StatusFailure, "--without-missing is for photos"},
		{"move back database --without-missing", command.StatusFailure, "--without-missing is for photos"},
		{"move finish sessions --empty=sql:", 2, "unknown flag --empty"},
		{"move abort media --empty=sql:", 2, "unknown flag --empty"},
		{"move status --rate=4", 2, "unknown flag --rate"},
	} {
		status, _, stderr := runCommand([]string{"DATA_DIR=" + t.TempDir()}, strings.Fields(c.args)...)
		if line, _, _ := strings.Cut(stderr, "\n"); status != c.status || !strings.Contains(line, c.stderr) {
			t.Errorf("%s: %d %s", c.args, status, stderr)
		}
	}
}

// logged fails unless the acts of moves, backups and files in the log are these, oldest first: each act with its reason.
func logged(t *testing.T, env []string, want ...string) {
	t.Helper()
	code, out, stderr := runCommand(env, "log", "--way=command", "--format=json")
	var got []string
	for line := range strings.Lines(out) {
		var e community.LogEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Act, "move.") || strings.HasPrefix(e.Act, "backup.") || strings.HasPrefix(e.Act, "media.") {
			if e.Detail == "" {
				t.Errorf("%+v does not say what", e)
			}
			got = append(got, e.Act+" "+e.Reason)
		}
	}
	slices.Reverse(got)
	if code != 0 || !slices.Equal(got, want) {
		t.Errorf("%d, the log has %q, not %q\n%s", code, got, want, stderr)
	}
}

// A database with rows of another site is in the way of a move, as --dry-run says. It is emptied by its name, and only
// once.
func TestMoveCommandsEmptyTheTarget(t *testing.T) {
	dir := t.TempDir()
	next := "sqlite:" + filepath.Join(dir, "next.db")
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "DATABASE_NEXT=" + next}
	other := []string{"DATA_DIR=" + filepath.Join(dir, "other"), "DATABASE_URL=" + next}
	for _, e := range [][]string{env, other} {
		if code, _, stderr := runCommand(e, "migrate", "up"); code != 0 {
			t.Fatal(stderr)
		}
	}
	db, err := store.Open(t.Context(), drivers{cfg: mustLoad(t, other...)}.storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.AddJob(t.Context(), "test.other", "x", 0), db.SetSiteInfo(t.Context(), "test.other", "x"), db.Close()); err != nil {
		t.Fatal(err)
	}
	run := func(code int, want string, args ...string) {
		t.Helper()
		status, out, stderr := runCommand(env, append([]string{"move"}, args...)...)
		if status != code || !strings.Contains(out+stderr, want) {
			t.Fatalf("%v: %d, no %q in\n%s%s", args, status, want, out, stderr)
		}
	}
	refusal := "its table jobs has rows; if nobody needs that, add --empty=" + next
	run(command.StatusFailure, refusal, "database", "--dry-run")
	run(command.StatusFailure, "and the database would move to "+next, "database", "--empty=sqlite:elsewhere.db")
	run(0, next+" is emptied first. It takes less than a minute.", "database", "--dry-run", "--empty="+next)
	run(command.StatusFailure, refusal, "database")
	run(0, "The database is in "+next, "database", "--empty="+next, "--reason=a larger disk")
	run(0, "The database is in "+next, "database", "--empty="+next)
	run(0, `{"event":"end","text":"finish removes`, "finish", "database", "--json", "--dry-run")
	run(0, `{"event":"end","text":"The move is finished.`, "finish", "database", "--json")
	logged(t, other, "move.begin a larger disk", "move.end a larger disk", "move.finish ")
	if code, out, stderr := runCommand(other, "jobs", "list"); code != 0 || strings.Contains(out, "test.other") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
}

func TestMigrateCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	if status, out, stderr := runCommand(env, "migrate", "status"); status != 0 || !strings.Contains(out, "missing") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := runCommand(env, "migrate", "up"); status != 0 || !strings.Contains(out, "The schema is at version") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := runCommand(env, "migrate", "status"); status != 0 || strings.Contains(out, "missing") || !strings.Contains(out, "applied") {
		t.Errorf("%d %s %s", status, out, stderr)
	}
	if status, out, stderr := runCommand(env, "migrate", "down", "1", "--yes"); status != 0 {
		t.Errorf("%d %s %s", status, out, stderr)
	}
}

func TestAccountAndJobCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "BASE_URL=https://photos.example", "TRUSTED_PROXIES=1"}
	status, out, stderr := runCommand(env, "account", "create", "--admin")
	link, err := url.Parse(strings.TrimSpace(out))
	if status != 0 || err != nil || link.Host != "photos.example" || !strings.HasPrefix(link.Path, "/links/") {
		t.Errorf("%d %q %q", status, out, stderr)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"account", "promote", "nobody"}, "tintype: there is no account nobody\n"},
		{[]string{"account", "suspend", "nobody"}, "tintype: there is no account nobody\n"},
		{[]string{"account", "reset-password", "nobody"}, "tintype: there is no account nobody\n"},
		{[]string{"jobs", "retry", "7"}, "tintype: there is no job 7\n"},
	} {
		if status, _, stderr := runCommand(env, c.args...); status != 1 || stderr != c.want {
			t.Errorf("%v: %d %q", c.args, status, stderr)
		}
	}
	if status, out, stderr := runCommand(env, "jobs", "list"); status != 0 || !strings.HasPrefix(out, "ID ") {
		t.Errorf("%d %q %q", status, out, stderr)
	}
}

func TestJobCommands(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	cfg := mustLoad(t, env...)
	db, err := store.Open(t.Context(), drivers{cfg: cfg}.storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for n := range 3 {
		if err := db.Tx(ctx, func(ctx context.Context, tx *store.Store) error { return tx.AddJob(ctx, "test.kind", n, 0) }); err != nil {
			t.Fatal(err)
		}
	}
	claimed, err := db.ClaimJobs(ctx, []string{"test.kind"}, 2, "token", time.Hour)
	if err != nil || len(claimed) != 2 {
		t.Fatalf("%v %v", claimed, err)
	}
	for _, j := range claimed {
		if _, err := db.BuryJob(ctx, j.ID, "token", "broken\nin two"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	type entry struct {
		ID, Kind, Error string
		Attempts        int
		Created         time.Time  `json:"created_at"`
		Due             *time.Time `json:"due_at"`
		Finished        *time.Time `json:"finished_at"`
	}
	list := func(state string) []entry {
		t.Helper()
		code, out, stderr := runCommand(env, "jobs", "list", "--json", "--state", state)
		var answer struct{ Jobs []entry }
		if err := json.Unmarshal([]byte(out), &answer); code != 0 || err != nil || answer.Jobs == nil {
			t.Fatalf("%d %v %s %s", code, err, out, stderr)
		}
		return answer.Jobs
	}
	dead := list("dead")
	if len(dead) != 2 || len(list("all")) != 3 || len(list("done")) != 0 {
		t.Fatalf("%+v", dead)
	}
	if j := dead[1]; j.ID != strconv.FormatInt(claimed[0].ID, 10) || j.Kind != "test.kind" || j.Error != "broken\nin two" || j.Attempts != 1 || j.Finished == nil || j.Due != nil || j.Created.IsZero() {
		t.Errorf("%+v", j)
	}
	if code, out, _ := runCommand(env, "jobs", "list"); code != 0 || !strings.Contains(out, "broken in two\n") {
		t.Errorf("%d %s", code, out)
	}
	if code, _, stderr := runCommand(env, "jobs", "retry"); code != command.StatusFailure || !strings.Contains(stderr, "--dead") {
		t.Errorf("nothing named: %d %s", code, stderr)
	}
	code, out, stderr := runCommand(env, "jobs", "retry", "--json", dead[0].ID, "77")
	if code != command.StatusFailure || !strings.Contains(out, dead[0].ID) || strings.Contains(out, `"77"`) || !strings.Contains(stderr, "there is no job 77") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if code, out, stderr := runCommand(env, "jobs", "retry", "--dead"); code != 0 || out != "One job runs again.\n" {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if left := list("dead"); len(left) != 0 || len(list("ready")) != 3 {
		t.Errorf("%+v", left)
	}
}

func TestDemoCommand(t *testing.T) {
	dir := t.TempDir()
	env := []string{"DATA_DIR=" + dir, "DATABASE_URL=sqlite:" + filepath.Join(dir, "site.db")}
	status, stdout, stderr := runCommand(env, "demo", "--accounts", "5", "--posts", "12", "--pictures", "1")
	if status != 0 || !strings.Contains(stdout, "5 members") || !strings.Contains(stdout, "12 posts") || !strings.Contains(stdout, "with the password ") {
		t.Fatalf("status %d, %q, %q", status, stdout, stderr)
	}
	if !strings.Contains(stderr, "posts     12 of 12\n") || strings.Contains(stderr, "\r") {
		t.Errorf("progress: %q", stderr)
	}

	status, stdout, stderr = runCommand(env, "demo", "--accounts", "2", "--posts", "1", "--pictures", "1", "--quiet", "--json", "--seed", "2")
	var made struct {
		Accounts, Posts int
		Login, Password string
	}
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || status != 0 || stderr != "" {
		t.Fatalf("status %d, %q, %q: %v", status, stdout, stderr, err)
	}
	if made.Accounts != 2 || made.Posts != 1 || made.Login == "" || len(made.Password) < 12 {
		t.Errorf("made %+v", made)
	}

	if status, _, stderr = runCommand(env, "demo", "--accounts", "1"); status != 1 || !strings.Contains(stderr, "at least 2 accounts") {
		t.Errorf("one account: status %d, %q", status, stderr)
	}
	if status, _, stderr = runCommand(env, "demo", "--photos", filepath.Join(dir, "none")); status != 2 {
		t.Errorf("no folder: status %d, %q", status, stderr)
	}
}

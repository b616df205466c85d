package app

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/backup"
	"tintype/internal/command"
	"tintype/internal/doctor"
	"tintype/internal/servertest"
	"tintype/internal/web"
)

func checksOf(t *testing.T, text string) (status string, byName map[string][]doctor.Check) {
	t.Helper()
	var answer struct {
		Status string
		Checks []doctor.Check
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	byName = make(map[string][]doctor.Check)
	for _, c := range answer.Checks {
		byName[c.Name] = append(byName[c.Name], c)
	}
	return answer.Status, byName
}

func TestDoctorOfAHealthySite(t *testing.T) {
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "PALETTE=x"}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	code, out, stderr := runCommand(env, "doctor", "--json")
	if code != 0 {
		t.Fatalf("%d %s\n%s", code, stderr, out)
	}
	_, checks := checksOf(t, out)
	for _, name := range []string{"settings", "schema", "database", "clock", "sessions", "photos", "queue"} {
		if len(checks[name]) == 0 {
			t.Errorf("nothing is said of %s:\n%s", name, out)
		}
		for _, c := range checks[name] {
			if c.Status != doctor.OK {
				t.Errorf("%+v", c)
			}
		}
	}
	if v := checks["variables"]; len(v) != 1 || !strings.Contains(v[0].Text, "PALETTE") {
		t.Errorf("unknown variables: %+v", v)
	}
	if _, lines, _ := runCommand(env, "doctor"); !strings.Contains(lines, "ok       database   sqlite:") {
		t.Errorf("as lines:\n%s", lines)
	}
}

// Nothing is wrong with a queue as deploy/asg makes it, its dead-letter queue included.
func TestDoctorOfAQueue(t *testing.T) {
	queue := servertest.SQS(t)
	for _, variable := range append(queue.Env(), "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=tintype", "AWS_SECRET_ACCESS_KEY=not-a-secret") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value) // the SDK reads its own
	}
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "QUEUE_URL=" + queue.QueueURL, "AWS_REGION=eu-central-1"}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	code, out, stderr := runCommand(env, "doctor", "--json")
	if code != 0 {
		t.Fatalf("%d %s\n%s", code, stderr, out)
	}
	_, checks := checksOf(t, out)
	told := false
	for _, c := range checks["queue"] {
		if c.Status != doctor.OK {
			t.Errorf("%+v", c)
		}
		told = told || strings.Contains(c.Text, "dead-letter queue") && strings.Contains(c.Text, "tintype jobs list --state dead")
	}
	if !told {
		t.Errorf("nothing says where failed jobs are: %+v", checks["queue"])
	}
}

// Settings that are wrong are a finding, too, for who reads the object.
func TestDoctorOfWrongSettings(t *testing.T) {
	code, out, stderr := runCommand([]string{"PORT=x", "ROLES=y"}, "doctor", "--json")
	status, checks := checksOf(t, out)
	if code != command.StatusUsage || status != doctor.Failure || len(checks["settings"]) != 1 || !strings.Contains(stderr, "ROLES: ") {
		t.Fatalf("%d\n%s\n%s", code, out, stderr)
	}
	if c := checks["settings"][0]; c.Status != doctor.Failure || !strings.Contains(c.Text, "PORT: ") || !strings.Contains(c.Text, "ROLES: ") {
		t.Errorf("%+v", c)
	}
	if code, out, _ := runCommand([]string{"PORT=x"}, "doctor"); code != command.StatusUsage || out != "" {
		t.Errorf("as lines: %d %q", code, out)
	}
}

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	env := []string{"DATA_DIR=" + dir}
	code, out, _ := runCommand(env, "doctor", "--json")
	status, checks := checksOf(t, out)
	if code != command.StatusFailure || status != doctor.Failure || checks["database"][0].Status != doctor.Failure {
		t.Errorf("no database yet: %d\n%s", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "tintype.db")); err == nil {
		t.Error("the doctor made a database")
	}

	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	// A folder that is a file: nobody can write photos there.
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, _ = runCommand(append(env, "MEDIA_DIR="+file), "doctor", "--json")
	_, checks = checksOf(t, out)
	if code != command.StatusFailure || checks["photos"][0].Status != doctor.Failure || checks["database"][0].Status != doctor.OK {
		t.Errorf("photos cannot be written: %d\n%s", code, out)
	}

	secret := "tellnobody"
	start := time.Now()
	code, out, stderr := runCommand([]string{"DATA_DIR=" + dir, "DATABASE_URL=mysql://u:" + secret + "@127.0.0.1:" + freePort(t) + "/n"}, "doctor", "--json")
	_, checks = checksOf(t, out)
	if code != command.StatusFailure || checks["schema"][0].Status != doctor.Failure || checks["schema"][0].Advice == "" || checks["photos"][0].Status != doctor.OK {
		t.Errorf("no server: %d after %s\n%s", code, time.Since(start), out)
	}
	if strings.Contains(out+stderr, secret) {
		t.Errorf("the password is told:\n%s%s", out, stderr)
	}
}

func TestDeepz(t *testing.T) {
	site, _ := wired(t)
	here, proxied := []string{}, []string{"X-Forwarded-For: 203.0.113.7"}
	ask := func(remote string, headers []string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/deepz", nil)
		r.RemoteAddr = remote
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		site.site.ServeHTTP(w, r)
		return w
	}
	if w := ask("127.0.0.1:5000", here); w.Code != 200 || w.Header().Get("Cache-Control") != web.PersonalControl {
		t.Errorf("from this machine: %d %v", w.Code, w.Header())
	} else if _, checks := checksOf(t, w.Body.String()); checks["database"][0].Status != doctor.OK || checks["photos"][0].Status != doctor.OK {
		t.Errorf("%s", w.Body)
	}
	for remote, headers := range map[string][]string{"203.0.113.7:5000": here, "127.0.0.1:5000": proxied} {
		if w := ask(remote, headers); w.Code != 404 {
			t.Errorf("a visitor at %s %v: %d", remote, headers, w.Code)
		}
	}
	w := httptest.NewRecorder()
	site.metricsDeepz(w, httptest.NewRequest("GET", "/deepz", nil))
	if w.Code != 200 {
		t.Errorf("at METRICS_ADDR: %d %s", w.Code, w.Body)
	}
}

// Backups that BACKUP_TO promises and nobody makes are found before they are needed.
func TestDoctorOfBackups(t *testing.T) {
	name := func(age time.Duration) string { return backup.Name(time.Now().Add(-age), nil) }
	dir := t.TempDir()
	backups := filepath.Join(dir, "backups")
	env := []string{"DATA_DIR=" + filepath.Join(dir, "data"), "BACKUP_TO=" + backups}
	if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	says := func(status, text string, more ...string) {
		t.Helper()
		code, out, _ := runCommand(append(env, more...), "doctor", "--json")
		_, checks := checksOf(t, out)
		if list := checks["backup"]; len(list) != 1 || list[0].Status != status || !strings.Contains(list[0].Text, text) || (code == command.StatusFailure) != (status == doctor.Failure) {
			t.Errorf("%d, want %s, %q: %+v", code, status, text, list)
		}
	}
	says(doctor.Warning, "no backup in "+backups+" yet")
	// What a killed one left is none.
	if err := os.MkdirAll(backups, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{name(time.Minute) + ".partial", "notes.txt"} {
		if err := os.WriteFile(filepath.Join(backups, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	says(doctor.Warning, "yet")
	if err := os.WriteFile(filepath.Join(backups, name(50*time.Hour)), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	says(doctor.Warning, "is 50h")
	if code, _, stderr := runCommand(env, "backup", "create"); code != 0 {
		t.Fatal(stderr)
	}
	says(doctor.OK, "the newest of 2 backups")
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	says(doctor.Failure, file, "BACKUP_TO="+file)
}

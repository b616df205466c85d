package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tintype/internal/command"
	"tintype/internal/doctor"
	"tintype/internal/servertest"
)

// The doctor says of each place to move to whether it can be used, and what is wrong where not: it is another kind of thing, it is
// not made, nobody answers there, it is where the site is now.
func TestDoctorOfPlacesToMoveTo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dynamo := servertest.DynamoDB(t)
	own := "DATA_DIR=" + filepath.Join(dir, "data")
	aws := []string{own, "AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=any", "AWS_SECRET_ACCESS_KEY=any", "AWS_MAX_ATTEMPTS=1"}
	dead := "http://127.0.0.1:1"
	if code, _, stderr := runCommand([]string{own}, "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	setAWS := func(t *testing.T, env []string) { // the SDK asks the process
		t.Helper()
		for _, e := range env {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "AWS_") {
				t.Setenv(name, value)
			}
		}
	}
	table := append(aws, "AWS_ENDPOINT_URL_DYNAMODB="+dynamo.URL, "SESSION_NEXT=dynamodb:made")
	setAWS(t, table)
	if code, _, stderr := runCommand(table, "setup", "dynamodb"); code != 0 {
		t.Fatal(stderr)
	}
	for name, c := range map[string]struct {
		env    []string
		status string // of what is said of it; "" where the settings are refused
		says   string
		advice string
	}{
		"sessions":                 {table, doctor.OK, "SESSION_NEXT: dynamodb, table made: written, read, listed and deleted", ""},
		"sessions, no table":       {append(aws, "AWS_ENDPOINT_URL_DYNAMODB="+dynamo.URL, "SESSION_NEXT=dynamodb:none"), doctor.Failure, "SESSION_NEXT: dynamodb, table none", "tintype setup dynamodb"},
		"sessions, away":           {append(aws, "AWS_ENDPOINT_URL_DYNAMODB="+dead, "SESSION_NEXT=dynamodb:made"), doctor.Failure, "SESSION_NEXT: dynamodb, table made", ""},
		"sessions, of no kind":     {append(aws, "SESSION_NEXT=redis://x"), "", "neither sql: nor dynamodb:TABLE", ""},
		"sessions, the same place": {append(aws, "SESSION_NEXT=sql:"), "", "is where sessions are now", ""},
		"photos":                   {[]string{own, "MEDIA_NEXT=disk:" + filepath.Join(dir, "photos")}, doctor.OK, "written, read and deleted", ""},
		"photos, in a file":        {[]string{own, "MEDIA_NEXT=disk:" + filepath.Join(file, "photos")}, doctor.Failure, "MEDIA_NEXT: ", ""},
		"photos, away":             {append(aws, "AWS_ENDPOINT_URL_S3="+dead, "MEDIA_NEXT=s3://photos"), doctor.Failure, "MEDIA_NEXT: s3, photos/", "the program writes, reads and deletes there"},
		"photos, of no kind":       {[]string{own, "MEDIA_NEXT=/photos"}, "", "neither disk:/path nor", ""},
		"photos, the same place":   {[]string{own, "MEDIA_NEXT=disk:" + filepath.Join(dir, "data", "media")}, "", "is where photos are now", ""},
		"database":                 {[]string{own, "DATABASE_NEXT=sqlite:" + filepath.Join(dir, "next.db")}, doctor.OK, "is made when the database moves there", ""},
		"database, away":           {[]string{own, "DATABASE_NEXT=mysql://u:hunter2@127.0.0.1:1/next"}, doctor.Warning, "DATABASE_NEXT: the database was not opened", "the site runs without it"},
		"database, of no kind":     {[]string{own, "DATABASE_NEXT=postgres://x"}, "", "DATABASE_NEXT", ""},
		"database, the same place": {[]string{own, "DATABASE_NEXT=sqlite:" + filepath.Join(dir, "data", "tintype.db")}, "", "DATABASE_NEXT", ""},
	} {
		t.Run(name, func(t *testing.T) {
			setAWS(t, c.env)
			code, out, stderr := runCommand(c.env, "doctor", "--json")
			if strings.Contains(out+stderr, "hunter2") {
				t.Errorf("it tells a password: %s%s", out, stderr)
			}
			_, checks := checksOf(t, out)
			if c.status == "" {
				if s := checks["settings"]; code != command.StatusUsage || len(s) != 1 || s[0].Status != doctor.Failure || !strings.Contains(s[0].Text, c.says) {
					t.Errorf("%d %s%s", code, out, stderr)
				}
				return
			}
			found := checks["next"]
			if len(found) == 0 || found[0].Status != c.status || !strings.Contains(found[0].Text, c.says) || !strings.Contains(found[0].Advice, c.advice) {
				t.Errorf("%d %+v", code, found)
			}
			if failed := code != 0; failed != (c.status == doctor.Failure) {
				t.Errorf("status %d: %s", code, out)
			}
		})
	}
}

// A server that writes a binary log and does not trust owners takes no triggers from them: the doctor says it, and so does a move,
// before it begins.
func TestDoctorOfAServerThatTakesNoTriggers(t *testing.T) {
	server := servertest.FlavourMySQL.Server(t)
	set := func(value string) {
		t.Helper()
		if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = " + value); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { set("1") })
	env := []string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_NEXT=" + server.NewDatabase(t)}
	if code, _, stderr := runCommand(env[:1], "migrate", "up"); code != 0 {
		t.Fatal(stderr)
	}
	for _, trusts := range []bool{false, true} {
		set(map[bool]string{false: "0", true: "1"}[trusts])
		_, out, _ := runCommand(env, "doctor", "--json")
		_, checks := checksOf(t, out)
		warned := false
		for _, c := range checks["next"] {
			warned = warned || c.Status == doctor.Warning && strings.Contains(c.Text, "lets only its administrators make triggers") && strings.Contains(c.Advice, "log_bin_trust_function_creators=1")
		}
		if warned == trusts {
			t.Errorf("trusts %v: %+v", trusts, checks["next"])
		}
		code, out, stderr := runCommand(env, "move", "database", "--dry-run")
		if begins := code == 0; begins != trusts || !trusts && !strings.Contains(out+stderr, "log_bin_trust_function_creators") {
			t.Errorf("trusts %v: %d %s%s", trusts, code, out, stderr)
		}
	}
}

// Of the replicas of a database to move to the doctor says whether they follow that one. A replica of another database looks well
// otherwise.
func TestDoctorOfReplicasToMoveTo(t *testing.T) {
	server := servertest.AnyFlavour(t).Server(t)
	own := "DATA_DIR=" + filepath.Join(t.TempDir(), "data")
	next, other, bare := server.NewDatabase(t), server.NewDatabase(t), server.NewDatabase(t)
	for _, env := range [][]string{{own}, {own, "DATABASE_URL=" + next}, {own, "DATABASE_URL=" + other}} {
		if code, _, stderr := runCommand(env, "migrate", "up"); code != 0 {
			t.Fatal(stderr)
		}
	}
	name := other[strings.LastIndexByte(other, '/')+1:]
	if err := server.Exec("REPLACE INTO " + name + ".replication_clock (id, version, holder, lease_until) VALUES (1, (UNIX_TIMESTAMP() + 3600) * 1000, 'another site', 0)"); err != nil {
		t.Fatal(err)
	}
	for about, c := range map[string]struct{ next, replica, status, says string }{
		"one that follows":           {next, next, doctor.OK, "follows its primary"},
		"one of another database":    {next, other, doctor.Failure, "follows another database than DATABASE_NEXT"},
		"of an empty one":            {bare, bare, doctor.OK, "the schema is made when the database moves"},
		"of an empty one, another's": {bare, other, doctor.Failure, "follows another database than DATABASE_NEXT"},
		"an address where nobody is": {next, "mysql://u:hunter2@127.0.0.1:1/next", doctor.Failure, "none has answered"},
	} {
		t.Run(about, func(t *testing.T) {
			_, out, stderr := runCommand([]string{own, "DATABASE_NEXT=" + c.next, "DATABASE_REPLICA_URLS_NEXT=" + c.replica}, "doctor", "--json")
			if strings.Contains(out+stderr, "hunter2") {
				t.Errorf("it tells a password: %s%s", out, stderr)
			}
			_, checks := checksOf(t, out)
			found := 0
			for _, check := range checks["next"] {
				if strings.HasPrefix(check.Text, "DATABASE_REPLICA_URLS_NEXT: ") {
					found++
					if check.Status != c.status || !strings.Contains(check.Text, c.says) {
						t.Errorf("%+v", check)
					}
				}
			}
			if found != 1 {
				t.Errorf("%d lines about the replica: %s%s", found, out, stderr)
			}
		})
	}
}

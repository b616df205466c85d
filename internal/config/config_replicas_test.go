package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplicaSettings(t *testing.T) {
	const primary, secret = "DATABASE_URL=mysql://u:pw@db/site", "s3cret"
	for _, c := range []struct {
		env  string // separated by blanks
		want string // in the error, "" for none
	}{
		{primary + " DATABASE_REPLICA_URLS=mysql://r:" + secret + "@a/site,mysql://r:" + secret + "@b:3307/site?tls=true", ""},
		{"DATABASE_REPLICA_URLS=mysql://r:" + secret + "@a/site", "SQLite"},
		{primary + " DATABASE_REPLICA_URLS=mysql://r:" + secret + "@a/site,postgres://r:" + secret + "@b/site", "address 2"},
		{primary + " DATABASE_REPLICA_URLS=mysql://r:" + secret + "@a/site?lag=1", "lag"},
		{primary + " DATABASE_NEXT=mysql://u:pw@other/site DATABASE_REPLICA_URLS_NEXT=mysql://r:" + secret + "@c/site", ""},
		{primary + " DATABASE_REPLICA_URLS_NEXT=mysql://r:" + secret + "@c/site", "without DATABASE_NEXT"},
		{primary + " DATABASE_NEXT=sqlite:/there/site.db DATABASE_REPLICA_URLS_NEXT=mysql://r:" + secret + "@c/site", "SQLite"},
		{primary + " DATABASE_REPLICA_URLS=mysql://r:pw@a/site DATABASE_NEXT=mysql://u:pw@other/site DATABASE_REPLICA_URLS_NEXT=mysql://r:" + secret + "@a/site", "replica of the present database"},
		{primary + " DATABASE_NEXT=mysql://u:pw@other/site DATABASE_REPLICA_URLS_NEXT=mysql://r:" + secret + "@c/site,redis://x", "address 2"},
		{primary + " DATABASE_MAX_CONNECTIONS=60 FLEET_MAX_PROCESSES=10", ""},
		{primary + " DATABASE_MAX_CONNECTIONS=60 FLEET_MAX_PROCESSES=20", "leaves 2 connections"},
		{primary + " REPLICA_MAX_LAG=0s", "REPLICA_MAX_LAG"},
	} {
		env := strings.Fields(c.env)
		cfg, err := Load(func(name string) (string, bool) {
			for _, e := range env {
				if n, v, _ := strings.Cut(e, "="); n == name {
					return v, true
				}
			}
			return "", false
		}, env)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", c.env, err)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("an error holds a password: %v", err)
		}
		if err == nil && strings.Contains(cfg.shown["DATABASE_REPLICA_URLS"].Value+cfg.shown["DATABASE_REPLICA_URLS_NEXT"].Value, secret) {
			t.Error("a password is shown")
		}
	}
}

func TestReplicaAddressesAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "replicas")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("mysql://r:old@a/site, mysql://r:old@b/site\n")
	env := map[string]string{"DATABASE_URL": "mysql://u:pw@db/site", "DATABASE_REPLICA_URLS_FILE": file}
	cfg, err := Load(func(name string) (string, bool) { v, ok := env[name]; return v, ok }, nil)
	if err != nil {
		t.Fatal(err)
	}
	write("mysql://r:new@a/site, mysql://r:new@b/site\n")
	if list, err := cfg.Replicas.Value(t.Context()); err != nil || len(list) != 2 || list[1] != "mysql://r:new@b/site" {
		t.Errorf("%v, %v", list, err)
	}
}

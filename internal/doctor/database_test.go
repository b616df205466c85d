package doctor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/cache"
	"tintype/internal/store"
)

// What servers say that no test can start: MySQL 8 and Aurora.
func TestJudgingDatabaseServers(t *testing.T) {
	cfg := mustLoad(t, "DATABASE_URL=mysql://app:x@db.example/site?tls=true", "DATABASE_REPLICA_URLS=mysql://reader:x@replica.example/site?tls=true")
	good := func(replica bool, change ...string) store.Server {
		sv := store.Server{Database: "site", Cipher: "TLS_AES_128_GCM_SHA256", Variables: map[string]string{
			"version": "8.0.39", "server_id": "1", "time_zone": "+00:00", "character_set_connection": "utf8mb4", "sql_mode": "STRICT_ALL_TABLES,NO_ZERO_DATE",
			"transaction_isolation": "REPEATABLE-READ", "max_connections": "500", "max_user_connections": "0", "innodb_flush_log_at_trx_commit": "1",
			"sync_binlog": "1", "log_bin": "ON", "binlog_format": "ROW", "replica_preserve_commit_order": "ON", "replica_parallel_workers": "4",
		}, Grants: []store.Grant{{Privileges: []string{"USAGE"}, On: "*.*"}, {Privileges: []string{"SELECT", "INSERT"}, On: "`site`.*"}}}
		for _, table := range store.AppTables() {
			sv.Grants = append(sv.Grants, store.Grant{Privileges: []string{"UPDATE", "DELETE"}, On: "`site`.`" + table + "`"})
		}
		if replica {
			sv.Grants = sv.Grants[:2]
			sv.Address = "replica.example:3306"
			sv.Variables["read_only"] = "ON"
			sv.Grants[1].Privileges = []string{"SELECT"}
		}
		for i := 0; i < len(change); i += 2 {
			sv.Variables[change[i]] = change[i+1]
		}
		return sv
	}
	for _, c := range []struct {
		what   string
		Server store.Server
		status string // "" is nothing to say
		text   string
	}{
		{"a good primary", good(false), "", ""},
		{"a good replica", good(true), "", ""},
		{"out of order", good(true, "replica_preserve_commit_order", "OFF"), Failure, "replica_preserve_commit_order=OFF with 4 workers"},
		{"the old name", good(true, "replica_preserve_commit_order", "", "slave_preserve_commit_order", "0"), Failure, "another order"},
		{"one worker keeps any order", good(true, "replica_preserve_commit_order", "OFF", "replica_parallel_workers", "1"), "", ""},
		{"Aurora has no such order", good(true, "replica_preserve_commit_order", "OFF", "aurora_server_id", "reader-1", "read_only", "OFF"), "", ""},
		{"Aurora keeps what is committed", good(false, "aurora_version", "3.05.2", "innodb_flush_log_at_trx_commit", "0"), "", ""},
		{"MariaDB in one domain", good(true, "version", "10.11.6-MariaDB", "slave_parallel_threads", "8", "gtid_slave_pos", "0-1-77"), "", ""},
		{"MariaDB in two", good(true, "version", "10.11.6-MariaDB", "slave_parallel_threads", "8", "gtid_slave_pos", "0-1-77,1-2-5"), Failure, "2 GTID domains"},
		{"writable", good(true, "read_only", "OFF"), Warning, "takes writes"},
		{"careless", good(false, "innodb_flush_log_at_trx_commit", "2"), Warning, "last second"},
		{"careless binlog", good(false, "sync_binlog", "0"), Warning, "replicas may miss"},
		{"statements", good(false, "binlog_format", "STATEMENT"), Failure, "binlog_format=STATEMENT"},
		{"a shared connection", good(false, "time_zone", "SYSTEM"), Failure, "time_zone=SYSTEM"},
		{"dirty reads", good(false, "transaction_isolation", "READ-UNCOMMITTED"), Failure, "not committed"},
		{"too small", good(false, "max_connections", "20"), Warning, "takes 20 connections"},
		{"too small for one", good(false, "max_user_connections", "5"), Warning, "one user 5"},
	} {
		found := judgeServer(cfg, c.Server)
		switch {
		case c.status == "" && len(found) > 0:
			t.Errorf("%s: %+v", c.what, found)
		case c.status != "" && (len(found) != 1 || found[0].Status != c.status || !strings.Contains(found[0].Text, c.text) || found[0].Advice == ""):
			t.Errorf("%s: %+v", c.what, found)
		}
	}

	open := good(false)
	open.Cipher = ""
	if found := judgeServer(cfg, open); len(found) != 1 || !strings.Contains(found[0].Advice, "?tls=true") {
		t.Errorf("without TLS: %+v", found)
	}
	if found := judgeServer(mustLoad(t, "DATABASE_URL=mysql://app:x@127.0.0.1/site"), open); len(found) != 0 {
		t.Errorf("without TLS on this machine: %+v", found)
	}
	poor := good(false)
	poor.Grants = poor.Grants[:2]
	if found := judgeServer(cfg, poor); len(found) != 1 || found[0].Status != Failure || !strings.HasSuffix(found[0].Text, "lacks UPDATE, DELETE") {
		t.Errorf("without rights: %+v", found)
	}
	lacks := good(false)
	lacks.Grants = slices.DeleteFunc(lacks.Grants, func(g store.Grant) bool { return g.On == "`site`.`likes`" })
	if found := judgeServer(cfg, lacks); len(found) != 1 || found[0].Status != Failure || !strings.HasSuffix(found[0].Text, "lacks UPDATE on likes, DELETE on likes") || !strings.Contains(found[0].Advice, "setup database") {
		t.Errorf("a new table without rights: %+v", found)
	}
	for _, on := range []string{"`site`.*", "`site`.`admin_log`"} {
		much := good(false)
		much.Grants = append(much.Grants, store.Grant{Privileges: []string{"DELETE"}, On: on})
		if found := judgeServer(cfg, much); len(found) != 1 || found[0].Status != Warning || !strings.Contains(found[0].Text, "log of administration") {
			t.Errorf("with DELETE on %s: %+v", on, found)
		}
	}
	owner := good(false)
	owner.Grants = []store.Grant{{Privileges: []string{"ALL PRIVILEGES"}, On: "`site`.*"}}
	if found := judgeServer(cfg, owner); len(found) != 0 {
		t.Errorf("the schema's owner: %+v", found)
	}
	cfg.Migrate = "auto"
	if found := judgeServer(cfg, good(false)); len(found) != 1 || found[0].Status != Warning || !strings.Contains(found[0].Text, "MIGRATE=auto") {
		t.Errorf("MIGRATE=auto without rights: %+v", found)
	}
}

func TestJudgingACache(t *testing.T) {
	good := cache.Facts{Version: "7.2", Role: "master", Policy: "allkeys-lru", Limited: true, Took: time.Millisecond, Patience: 40 * time.Millisecond}
	if list := judgeCache("redis://x", good); len(list) != 1 || list[0].Status != OK {
		t.Errorf("%+v", list)
	}
	for text, change := range map[string]func(*cache.Facts){
		"is a replica":      func(f *cache.Facts) { f.Role = "slave" },
		"noeviction":        func(f *cache.Facts) { f.Policy = "noeviction" },
		"takes 20ms":        func(f *cache.Facts) { f.Took = 20 * time.Millisecond },
		"is bypassed at th": func(f *cache.Facts) { f.Bypassed = true },
	} {
		f := good
		change(&f)
		if list := judgeCache("redis://x", f); len(list) != 2 || list[1].Status != Warning || !strings.Contains(list[1].Text, text) || list[1].Advice == "" {
			t.Errorf("%s: %+v", text, list)
		}
	}
}

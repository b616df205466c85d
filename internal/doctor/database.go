package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tintype/internal/config"
	"tintype/internal/store"
)

// errProbe has a probe's transaction rolled back.
var errProbe = errors.New("a probe is rolled back")

func (d *Diagnosis) checkDatabase(ctx context.Context) []Check {
	if d.Store == nil {
		return []Check{failed("the database was not opened", d.StoreErr, "mend what the other checks say of the database")}
	}
	if err := d.Store.Ping(ctx); err != nil {
		return []Check{failed(d.Config.Database.String()+" does not answer", err, "see that the server runs and may be reached from here")}
	}
	var list []Check
	about := ""
	for _, sv := range d.servers() {
		if sv.Address == "" {
			about = aboutServer(sv)
			list = judgeServer(d.Config, sv)
		}
	}
	if d.Config.ReadOnly {
		return append([]Check{fine("%s answers%s; READ_ONLY, so no write was tried", d.Config.Database, about)}, list...)
	}
	err := d.Store.Tx(ctx, func(ctx context.Context, tx *store.Store) error {
		if err := tx.AddJob(ctx, "probe", nil, math.MaxInt64); err != nil {
			return err
		}
		return errProbe
	})
	if errors.Is(err, store.ErrDefiner) {
		return append([]Check{failed(d.Config.Database.String()+" refuses every write", err, definerAdvice)}, list...)
	}
	if !errors.Is(err, errProbe) {
		return append([]Check{failed(d.Config.Database.String()+" refuses a write", err, "the application's user needs SELECT, INSERT, UPDATE and DELETE, on the primary")}, list...)
	}
	lost, err := d.Store.LostDefiners(ctx)
	list = append(list, judgeDefiners("", lost, err)...)
	return append([]Check{fine("%s answers%s, and takes a write (rolled back)", d.Config.Database, about)}, list...)
}

const definerAdvice = "create that user again, with its rights; `tintype move abort database` or `tintype move finish database` drops the triggers"

// judgeDefiners says that users are gone who made the triggers of a move.
func judgeDefiners(setting string, lost []string, err error) []Check {
	if err != nil {
		return []Check{failed(setting+"the users who made its triggers cannot be listed", err, "")}
	}
	var list []Check
	for _, name := range lost {
		list = append(list, Check{Status: Failure, Text: setting + name + " made the triggers of a move and does not exist any more: writes fail", Advice: definerAdvice})
	}
	return list
}

// aboutServer is what people like to know of a server, in brackets.
func aboutServer(sv store.Server) string {
	if sv.Variables["version"] == "" {
		return ""
	}
	text := " (" + sv.Variables["version"]
	if v := sv.Variables["aurora_version"]; v != "" {
		text += ", Aurora " + v
	}
	if sv.Cipher != "" {
		text += ", TLS"
	}
	return text + fmt.Sprintf(", %s a statement)", sv.Took.Round(100*time.Microsecond))
}

// replicaPolls is how long who has the time watches replicas that are not in use: a few polls, of which a busy
// machine may answer the first ones too late.
const replicaPolls = 4 * time.Second

func (d *Diagnosis) checkReplicas(ctx context.Context) []Check {
	if d.Store == nil || !d.Store.Replicated() {
		return nil
	}
	for end := time.Now().Add(replicaPolls); d.RetryAfter > 0 && !d.allReplicasInUse() && time.Now().Before(end) && ctx.Err() == nil; {
		time.Sleep(100 * time.Millisecond)
	}
	var list []Check
	for i, address := range d.Config.Replicas.Shown() {
		if strings.Contains(address, ".proxy-") && strings.Contains(address, ".rds.") {
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("address %d is an RDS Proxy, which shares connections: a reader's own writes could be missed", i+1), Advice: "name the readers or the cluster's reader endpoint"})
		}
	}
	foreign, _ := d.Store.ForeignReplicas(ctx) // fails where the primary does, which has its own line
	known, primary := d.Store.Replicas()
	for _, r := range known {
		switch {
		case slices.Contains(foreign, r.Address):
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("%s (server %s) follows another database than DATABASE_URL", r.Address, r.Server), Advice: "name a replica of DATABASE_URL: people read there what is not this site's, or this one as it was"})
		case !r.InUse:
			list = append(list, warn(fmt.Sprintf("%s (server %s) is not read: %s", r.Address, r.Server, r.Why), "see that it runs and follows the primary; it comes back by itself"))
		default:
			list = append(list, fine("%s (server %s) is read, %d ms behind", r.Address, r.Server, max(primary-r.Version, 0)))
		}
	}
	if len(known) == 0 {
		list = append(list, Check{Status: Failure, Text: "none of DATABASE_REPLICA_URLS has answered", Advice: "see that they run, and that their user may SELECT"})
	}
	servers := d.servers()
	for _, sv := range servers {
		if sv.Address == "" {
			continue
		}
		list = append(list, judgeServer(d.Config, sv)...)
		if i := slices.IndexFunc(servers, func(s store.Server) bool { return s.Address == "" }); i >= 0 && sv.ID != "" && sv.ID == servers[i].ID {
			list = append(list, warn(sv.Address+" is the primary itself (server "+sv.ID+")", "reads there relieve nobody: name a replica; behind a cluster's reader endpoint, add a reader"))
		}
	}
	return list
}

func (d *Diagnosis) allReplicasInUse() bool {
	known, _ := d.Store.Replicas()
	return len(known) > 0 && !slices.ContainsFunc(known, func(r store.ReplicaState) bool { return !r.InUse })
}

// judgeServer says what is wrong with a database server, the primary or one of the replicas, nothing if all is well.
func judgeServer(cfg *config.Config, sv store.Server) []Check {
	replica := sv.Address != ""
	who, variable := "the server", "DATABASE_URL"
	if replica {
		who, variable = sv.Address, "DATABASE_REPLICA_URLS"
	}
	if sv.Err != nil {
		if replica {
			return []Check{warn(who+" could not be asked: "+sv.Err.Error(), "see that it runs, and that the user and password of DATABASE_REPLICA_URLS are its own")}
		}
		return []Check{failed(who+" could not be asked", sv.Err, "")}
	}
	var list []Check
	wrong := func(text, advice string) {
		list = append(list, Check{Status: Failure, Text: who + " " + text, Advice: advice})
	}
	doubtful := func(text, advice string) { list = append(list, warn(who+" "+text, advice)) }
	v := sv.Variables

	// What each connection sets for itself is lost behind something that shares connections.
	for _, setting := range []struct{ name, want string }{{"time_zone", "+00:00"}, {"character_set_connection", "utf8mb4"}, {"sql_mode", "STRICT_ALL_TABLES"}} {
		if got, ok := v[setting.name]; ok && !strings.Contains(got, setting.want) {
			wrong(fmt.Sprintf("has %s=%s on our connections, where we set %s", setting.name, got, setting.want), "connect to the server itself: a proxy in between loses what connections set")
		}
	}
	if level := v["transaction_isolation"] + v["tx_isolation"]; strings.HasPrefix(level, "READ-UNCOMMITTED") {
		wrong("shows what is not committed (transaction_isolation=READ-UNCOMMITTED)", "set transaction_isolation to REPEATABLE-READ, the default")
	}
	if sv.Cipher == "" && !nearby(cfg, sv) {
		doubtful("is reached without TLS: passwords aside, everything crosses the network in the open", "add ?tls=true to "+variable+" (and &ca=FILE where the machine does not know the authority)")
	}
	list = append(list, judgeConnections(cfg, who, v)...)
	if replica {
		list = append(list, judgeReplica(sv)...)
	} else {
		list = append(list, judgePrimary(cfg, sv)...)
	}
	return list
}

// nearby tells whether the server is on this machine.
func nearby(cfg *config.Config, sv store.Server) bool {
	host, _, err := net.SplitHostPort(sv.Address)
	if sv.Address == "" || err != nil {
		u, err := url.Parse(cfg.Database.String())
		if err != nil {
			return false
		}
		host = u.Hostname()
	}
	return host == "" || config.IsLoopbackHost(host)
}

// judgeConnections compares the fleet's pools with what the server takes.
func judgeConnections(cfg *config.Config, who string, v map[string]string) []Check {
	takes, err := strconv.Atoi(v["max_connections"])
	if err != nil {
		return nil
	}
	if cfg.DatabaseMaxConns > takes {
		return []Check{{Status: Failure, Text: fmt.Sprintf("%s takes %d connections, and DATABASE_MAX_CONNECTIONS shares out %d", who, takes, cfg.DatabaseMaxConns), Advice: "raise max_connections there, or lower DATABASE_MAX_CONNECTIONS"}}
	}
	each := cfg.MySQLConns()
	if each == 0 {
		each = store.DefaultMySQLConns
	}
	fleet := each * cfg.FleetMaxProcesses
	if need := fleet + cfg.DatabaseReservedConns; need > takes {
		return []Check{warn(fmt.Sprintf("%s takes %d connections, and %d processes with %d each and %d for people want %d", who, takes, cfg.FleetMaxProcesses, each, cfg.DatabaseReservedConns, need),
			"set DATABASE_MAX_CONNECTIONS="+strconv.Itoa(takes)+", which is then shared among the processes")}
	}
	if mine, _ := strconv.Atoi(v["max_user_connections"]); mine > 0 && fleet > mine {
		return []Check{warn(fmt.Sprintf("%s allows one user %d connections, and %d processes want %d each", who, mine, cfg.FleetMaxProcesses, each), "raise max_user_connections there")}
	}
	return nil
}

func isAurora(v map[string]string) bool {
	return v["aurora_server_id"] != "" || v["aurora_version"] != ""
}

func isOn(value string) bool { return strings.EqualFold(value, "ON") || value == "1" }

// beyondReadOnly are the privileges with which an account writes to a server that refuses everybody else.
var beyondReadOnly = []string{"SUPER", "READ_ONLY ADMIN", "CONNECTION_ADMIN", "CONNECTION ADMIN", "ALL PRIVILEGES"}

func judgePrimary(cfg *config.Config, sv store.Server) []Check {
	var list []Check
	v := sv.Variables
	if lacking := store.LackingOfApp(sv.Grants, sv.Database); len(lacking) > 0 {
		list = append(list, Check{Status: Failure, Text: "the user of DATABASE_URL lacks " + strings.Join(lacking, ", "), Advice: "run `tintype setup database` of this release again, which grants it to the user that it has made for the site"})
	}
	// Whoever owns the schema may change everything, and knows it.
	if store.MayChangeLog(sv.Grants, sv.Database) && len(store.Lacking(sv.Grants, sv.Database, store.OwnerPrivileges)) > 0 {
		list = append(list, warn("the user of DATABASE_URL may change and delete what the log of administration says", "once every process has this release, run `tintype setup database` again, and have the site use the user NAME_app that it makes: that may add to the log alone"))
	}
	if cfg.Migrate == "auto" {
		lacking := slices.DeleteFunc(store.Lacking(sv.Grants, sv.Database, store.OwnerPrivileges), func(p string) bool {
			return slices.Contains(store.AppTablePrivileges, p) // what it lacks of these is said above
		})
		if len(lacking) > 0 {
			list = append(list, warn("MIGRATE=auto, and the user of DATABASE_URL lacks "+strings.Join(lacking, ", ")+": it cannot migrate", "set MIGRATE=wait, and run `tintype migrate up` as the schema's owner before each release"))
		}
	}
	for _, g := range sv.Grants {
		if i := slices.IndexFunc(g.Privileges, func(p string) bool { return slices.Contains(beyondReadOnly, p) }); i >= 0 && g.On == "*.*" {
			list = append(list, warn("the user of DATABASE_URL has "+g.Privileges[i]+" on the whole server. It can write to a server that is read-only, such as the old primary after a failover", "give the site a user of its own: `tintype setup database`"))
			break
		}
	}
	if isAurora(v) {
		return list // the storage keeps what was committed, and replicates it
	}
	if f := v["innodb_flush_log_at_trx_commit"]; f != "" && f != "1" {
		list = append(list, warn("a crash of the server may lose what it confirmed in the last second (innodb_flush_log_at_trx_commit="+f+")", "set it to 1"))
	}
	if cfg.Replicas.URLs.IsSet() && isOn(v["log_bin"]) {
		if s := v["sync_binlog"]; s != "" && s != "1" {
			list = append(list, warn("after a crash, replicas may miss what the primary has (sync_binlog="+s+")", "set it to 1"))
		}
		if v["binlog_format"] == "STATEMENT" {
			list = append(list, Check{Status: Failure, Text: "binlog_format=STATEMENT: replicas may come to hold other rows than the primary", Advice: "set it to ROW"})
		}
	}
	return list
}

// harmless are the privileges that change no row of ours.
var harmless = []string{"SELECT", "SHOW VIEW", "SHOW DATABASES", "PROCESS", "REPLICATION CLIENT", "BINLOG MONITOR", "REPLICA MONITOR", "SLAVE MONITOR", "LOCK TABLES", "CREATE TEMPORARY TABLES"}

func judgeReplica(sv store.Server) []Check {
	var list []Check
	v := sv.Variables
	privileges, _ := store.Privileges(sv.Grants, sv.Database)
	may := slices.DeleteFunc(slices.Clone(privileges), func(p string) bool { return slices.Contains(harmless, p) })
	if len(may) > 0 {
		list = append(list, warn("the user of DATABASE_REPLICA_URLS has more rights than SELECT on "+sv.Address+": "+strings.Join(may, ", "), "give it SELECT alone: what is written to a replica is lost, or ends its replication. `tintype setup database` makes such a user"))
	}
	if isAurora(v) {
		return list
	}
	if ro, known := v["read_only"]; known && !isOn(ro) {
		list = append(list, warn(sv.Address+" takes writes (read_only=OFF)", "set read_only=ON there: what is written to a replica is lost, or ends its replication"))
	}
	if why := outOfOrder(v); why != "" {
		list = append(list, Check{Status: Failure, Text: sv.Address + " may apply commits in another order than the primary (" + why + "): members could miss what they wrote", Advice: orderAdvice(v)})
	}
	return list
}

// outOfOrder is why a replica may show a commit before an earlier one, "" if it does not. Positions stand on that order.
func outOfOrder(v map[string]string) string {
	first := func(names ...string) string {
		for _, n := range names {
			if v[n] != "" {
				return v[n]
			}
		}
		return ""
	}
	if strings.Contains(v["version"], "MariaDB") {
		// In every slave_parallel_mode commits keep their order, but within a domain only.
		domains := map[string]bool{}
		for _, gtid := range config.SplitList(v["gtid_slave_pos"]) {
			domain, _, _ := strings.Cut(gtid, "-")
			domains[domain] = true
		}
		if threads, _ := strconv.Atoi(v["slave_parallel_threads"]); threads > 0 && len(domains) > 1 {
			return fmt.Sprintf("slave_parallel_threads=%d and %d GTID domains", threads, len(domains))
		}
		return ""
	}
	preserve := first("replica_preserve_commit_order", "slave_preserve_commit_order")
	workers, _ := strconv.Atoi(first("replica_parallel_workers", "slave_parallel_workers"))
	if preserve != "" && !isOn(preserve) && workers > 1 {
		return fmt.Sprintf("replica_preserve_commit_order=%s with %d workers", preserve, workers)
	}
	return ""
}

func orderAdvice(v map[string]string) string {
	if strings.Contains(v["version"], "MariaDB") {
		return "set slave_parallel_threads=0 there, or replicate one GTID domain only"
	}
	return "set replica_preserve_commit_order=ON there, or replica_parallel_workers=1"
}

package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"tintype/internal/store"
)

// dataSettings are the database, sessions, cache and jobs.
var dataSettings = []setting{
	{
		name: "DATA_DIR", group: "Data", def: "./data",
		help:  "The folder for the SQLite database, the photos on disk and the generated secret key. Created when it is missing.",
		parse: pathInto(func(c *Config) *string { return &c.DataDir }),
	},
	{
		name: "DATABASE_URL", group: "Data", def: "sqlite:{DATA_DIR}/tintype.db", secret: true,
		help:    "The database: `sqlite:PATH`, or `mysql://user:password@host:3306/name` for MySQL, MariaDB and Aurora; with `?tls=true` the connection is encrypted and the server's certificate checked, with `&ca=FILE` by the authority in that file, as RDS needs it.",
		rotates: "by each new connection, its user and password; the old ones end within three minutes",
		parse:   parseDatabase,
		show:    func(c *Config) string { return c.Database.String() },
	},
	{
		name: "DATABASE_NEXT", group: "Data", def: "", secret: true,
		help:    "Another database, to which the site can move while it runs, in the form of DATABASE_URL; the doctor checks it. Set it on all processes. By itself it changes nothing.",
		rotates: "by each new connection, its user and password; the old ones end within three minutes",
		parse:   parseDatabaseNext,
		show: func(c *Config) string {
			if c.DatabaseNext == nil {
				return ""
			}
			return c.DatabaseNext.String()
		},
		checks: []check{{with: []string{"DATABASE_URL", "READ_ONLY", "STATELESS"}, wrong: databaseNextWrong}},
	},
	{
		name: "DATABASE_REPLICA_URLS", group: "Data", def: "", secret: true,
		help:    "Where to read: addresses of MySQL replicas in the form of DATABASE_URL, separated by commas, or a cluster's one reader address. Their user needs SELECT only. Set it on all processes at once.",
		rotates: "by each new connection, its user and password; the old ones end within three minutes",
		parse:   parseReplicas,
		show:    func(c *Config) string { return strings.Join(c.Replicas.display, ", ") },
		checks: []check{{with: []string{"DATABASE_URL"}, wrong: func(c *Config) error {
			if c.Database.Driver == "sqlite" && c.Replicas.URLs.IsSet() {
				return errors.New("DATABASE_REPLICA_URLS contradicts a SQLite database, which has no replicas; set DATABASE_URL to the primary's mysql:// address")
			}
			return nil
		}}},
	},
	{
		name: "DATABASE_REPLICA_URLS_NEXT", group: "Data", def: "", secret: true,
		help:    "The replicas of DATABASE_NEXT, in the form of DATABASE_REPLICA_URLS: where to read once the site has moved there. Set it on all processes before the move.",
		rotates: "by each new connection, its user and password; the old ones end within three minutes",
		parse:   parseReplicasNext,
		show:    func(c *Config) string { return strings.Join(c.ReplicasNext.display, ", ") },
		checks:  []check{{with: []string{"DATABASE_NEXT", "DATABASE_REPLICA_URLS"}, wrong: replicasNextWrong}},
	},
	{
		name: "REPLICA_MAX_LAG", group: "Data", def: "30s",
		help:  "How far a replica may be behind the primary and still be read. Whoever has just written is never answered by a replica that does not know of it yet, however this is set.",
		parse: durationInto(func(c *Config) *time.Duration { return &c.ReplicaMaxLag }, time.Second, maxDelay),
	},
	{
		name: "DATABASE_MAX_CONNECTIONS", group: "Data", def: "none: 20 by each process",
		defFrom: func(*Config) string { return "0" },
		help:    "How many connections a database server takes (max_connections), to be shared by all processes of the site: each opens at most (DATABASE_MAX_CONNECTIONS - DATABASE_RESERVED_CONNECTIONS) / FLEET_MAX_PROCESSES to each server.",
		parse:   intInto(func(c *Config) *int { return &c.DatabaseMaxConns }, 0, 100_000),
		checks: []check{{with: []string{"DATABASE_RESERVED_CONNECTIONS", "FLEET_MAX_PROCESSES"}, wrong: func(c *Config) error {
			if c.DatabaseMaxConns != 0 && c.MySQLConns() < store.MinMySQLConns {
				return fmt.Errorf("DATABASE_MAX_CONNECTIONS=%d, less DATABASE_RESERVED_CONNECTIONS=%d and shared by FLEET_MAX_PROCESSES=%d, leaves %d connections to a process, which needs %d: let the database server take more, or run fewer processes",
					c.DatabaseMaxConns, c.DatabaseReservedConns, c.FleetMaxProcesses, max(c.MySQLConns(), 0), store.MinMySQLConns)
			}
			return nil
		}}},
	},
	{
		name: "DATABASE_RESERVED_CONNECTIONS", group: "Data", def: "10",
		help:  "How many of DATABASE_MAX_CONNECTIONS are left to people and to migrations.",
		parse: intInto(func(c *Config) *int { return &c.DatabaseReservedConns }, 0, 100_000),
	},
	{
		name: "FLEET_MAX_PROCESSES", group: "Data", def: "1",
		help:  "The most processes of the site that run at once, web and worker, also while instances are being replaced.",
		parse: intInto(func(c *Config) *int { return &c.FleetMaxProcesses }, 1, 10_000),
	},
	{
		name: "MIGRATE", group: "Data", def: "auto on SQLite (off where READ_ONLY), wait on MySQL",
		defFrom: func(c *Config) string {
			switch {
			case c.Database.Driver == "mysql":
				return "wait"
			case c.ReadOnly:
				return "off"
			}
			return "auto"
		},
		help: "`auto` migrates the schema at start, `wait` waits until `tintype migrate up` has done it, `off` only checks it.",
		parse: func(c *Config, v value) error {
			c.migrateSet = v.set
			return oneOf(func(c *Config) *string { return &c.Migrate }, "auto", "wait", "off")(c, v)
		},
		checks: []check{{with: []string{"DATABASE_URL"}, wrong: func(c *Config) error {
			if c.Database.Driver == "sqlite" && c.Migrate == "wait" {
				return errors.New("MIGRATE=wait contradicts a SQLite database: it belongs to one process, which migrates it by itself; use auto or off")
			}
			return nil
		}}},
	},
	{
		name: "SESSION_STORE", group: "Data", def: "sql",
		help:  "Where sessions live: `sql`, in the database, or `dynamodb`, in a DynamoDB table.",
		parse: oneOf(func(c *Config) *string { return &c.SessionStore }, sessionDrivers...),
	},
	{
		name: "SESSION_DYNAMODB_TABLE", group: "Data", def: "",
		help:  "The table when SESSION_STORE is dynamodb; `tintype setup dynamodb` makes it. Credentials come from the AWS SDK's default chain; AWS_ENDPOINT_URL_DYNAMODB leads to a compatible server.",
		parse: parseTable,
		checks: []check{{with: []string{"SESSION_STORE"}, wrong: func(c *Config) error {
			switch table := c.SessionTable != ""; {
			case c.SessionStore == "dynamodb" && !table:
				return errors.New("SESSION_STORE=dynamodb needs SESSION_DYNAMODB_TABLE, the name of a table")
			case c.SessionStore != "dynamodb" && table:
				return fmt.Errorf("SESSION_DYNAMODB_TABLE contradicts SESSION_STORE=%s: sessions are kept there only with SESSION_STORE=dynamodb", c.SessionStore)
			}
			return nil
		}}},
	},
	{
		name: "SESSION_NEXT", group: "Data", def: "",
		help:   "Where sessions are to move while the site runs: `dynamodb:TABLE`, which `tintype setup dynamodb` makes, or `sql:`. Set it on all processes first; by itself it changes nothing. Then `tintype move sessions` moves them, and says what to write here: docs/scaling.md.",
		parse:  parseSessionNext,
		checks: []check{{with: []string{"SESSION_STORE", "SESSION_DYNAMODB_TABLE"}, wrong: sessionNextWrong}},
	},
	{
		name: "CACHE_URL", group: "Data", def: "memory:", secret: true,
		help:    "Where to keep what many ask for: `memory:`, visitors' pages and their answers of the API in each process, or also the public feed in a Redis or Valkey that all processes share, `redis://user:password@host:6379/0` or `rediss://…` with TLS. One that does not answer is bypassed.",
		rotates: "by each new connection, its user and password",
		parse:   parseCache,
		show:    func(c *Config) string { return c.CacheShown },
	},
	{
		name: "QUEUE_URL", group: "Data", def: "sql:",
		help:  "How workers hear of jobs: `sql:`, by looking into the database (in one process, at once), or the URL of an SQS queue. The jobs themselves are rows of the database in any case.",
		parse: parseQueue,
	},
	{
		name: "ROLES", group: "Data", def: "web,worker",
		help:  "What this process does: `web` answers pages and the API, `worker` does jobs (photos, clean-up). One without `worker` needs another process with it on the same database.",
		parse: parseRoles,
		checks: []check{{with: []string{"DATABASE_URL"}, wrong: func(c *Config) error {
			if c.Database.Driver == "sqlite" && !(c.Web && c.Worker) {
				return errors.New("ROLES contradicts a SQLite database: it belongs to one process, which then has to do everything; leave ROLES at web,worker, or set DATABASE_URL=mysql://…")
			}
			return nil
		}}},
	},
}

// replicasNextWrong finds replicas of a database that has none, or that is not there, and those of the present one.
func replicasNextWrong(c *Config) error {
	switch {
	case !c.ReplicasNext.URLs.IsSet():
	case c.DatabaseNext == nil:
		return errors.New("DATABASE_REPLICA_URLS_NEXT without DATABASE_NEXT: they are the replicas of the database to move to; name that, or leave them out")
	case c.DatabaseNext.Driver == "sqlite":
		return errors.New("DATABASE_REPLICA_URLS_NEXT contradicts a SQLite DATABASE_NEXT, which has no replicas")
	default:
		for _, next := range c.ReplicasNext.display {
			if slices.Contains(c.Replicas.display, next) {
				return fmt.Errorf("DATABASE_REPLICA_URLS_NEXT=%s is a replica of the present database, by DATABASE_REPLICA_URLS: name one of DATABASE_NEXT", next)
			}
		}
	}
	return nil
}

// databaseNextWrong finds another place that is none, or that this process cannot use.
func databaseNextWrong(c *Config) error {
	switch next := c.DatabaseNext; {
	case next == nil:
	case next.Driver == "sqlite" && c.Database.Driver == "sqlite" && realPath(next.Path) == realPath(c.Database.Path), next.String() == c.Database.String():
		return fmt.Errorf("DATABASE_NEXT=%s is where the database is now, by DATABASE_URL: name another one, or leave it out", next)
	case c.ReadOnly:
		return errors.New("READ_ONLY contradicts DATABASE_NEXT: a process that writes nothing cannot tell a move that it is there")
	case c.Stateless && next.Driver == "sqlite":
		return errors.New("STATELESS contradicts a SQLite DATABASE_NEXT: its file would be this instance's alone")
	}
	return nil
}

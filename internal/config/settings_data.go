package config

import (
	"errors"
	"fmt"
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
		parse: oneOf(func(c *Config) *string { return &c.SessionStore }, "sql", "dynamodb"),
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
		name: "CACHE_URL", group: "Data", def: "memory:", secret: true,
		help:    "Where to keep what many ask for: `memory:`, visitors' pages in each process, or also the public feed in a Redis or Valkey that all processes share, `redis://user:password@host:6379/0` or `rediss://…` with TLS. One that does not answer is passed by.",
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

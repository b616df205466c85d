package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/media"
)

// serverSettings are the process, its limits and its log.
var serverSettings = []setting{
	{
		name: "STATELESS", group: "Server", def: "false",
		help:  "`true` refuses to start while anything that must be true lives on this machine alone, as in a group of instances that come and go.",
		parse: boolInto(func(c *Config) *bool { return &c.Stateless }),
		checks: []check{{with: []string{"DATABASE_URL", "MEDIA_STORE", "SECRET_KEY", "BASE_URL", "TLS_DOMAINS"}, wrong: func(c *Config) error {
			if c.Stateless {
				if lonely := c.onThisMachine(); len(lonely) > 0 {
					return fmt.Errorf("STATELESS=true, but something would live on this machine alone; set\n  %s", strings.Join(lonely, "\n  "))
				}
			}
			return nil
		}}},
	},
	{
		name: "SECRET_KEY", group: "Data", def: "generated into DATA_DIR/secret.key", secret: true,
		defFrom: func(*Config) string { return "" },
		help:    "Signs addresses and cookies: 32 characters or more. Several, separated by commas or one a line: the first signs, all are accepted. To rotate, add the new key at the end, then have it first, then take the old one away: docs/scaling.md.",
		rotates: "within a minute",
		parse:   parseSecretKey,
		show: func(c *Config) string {
			if !c.SecretKey.IsSet() {
				return "generated into " + c.SecretKeyPath()
			}
			return hidden
		},
	},
	{
		name: "MAX_UPLOAD_BYTES", group: "Photos", def: "40MB",
		help:  "The largest photo file that may be uploaded, as bytes or as 40MB.",
		parse: sizeInto(func(c *Config) *int64 { return &c.MaxUploadBytes }, 1<<20, 1<<30),
	},
	{
		name: "MAX_PIXELS", group: "Photos", def: "100MP",
		help:  "The largest photo in pixels, as a number or as 100MP (megapixels). PHOTO_MEMORY may lower what is accepted.",
		parse: pixelsInto(func(c *Config) *int64 { return &c.MaxPixels }),
	},
	{
		name: "PHOTO_MEMORY", group: "Photos", def: "a quarter of the memory this process may use, at most 512MiB",
		defFrom: func(*Config) string { return strconv.FormatInt(media.DefaultBudget(), 10) },
		help:    "Memory for decoding photos, all together; a photo that needs more by itself is refused.",
		parse:   sizeInto(func(c *Config) *int64 { return &c.PhotoMemory }, 16<<20, 1<<40),
		show:    func(c *Config) string { return FormatSize(c.PhotoMemory) },
	},
	{
		name: "KEEP_ORIGINALS", group: "Photos", def: "true",
		help:  "Keep each uploaded file byte for byte for its author; `false` keeps the largest version made from it instead.",
		parse: boolInto(func(c *Config) *bool { return &c.KeepOriginals }),
	},
	{
		name: "JOB_WORKERS", group: "Photos", def: "one a processor, at least 2",
		defFrom: func(*Config) string { return strconv.Itoa(community.Workers()[community.ClassPhoto]) },
		help:    "How many photos this process prepares at once, as far as PHOTO_MEMORY reaches.",
		parse:   intInto(func(c *Config) *int { return &c.JobWorkers }, 1, 256),
	},
	{
		name: "BACKUP_TO", group: "Backup", def: "",
		help:  "Where `tintype backup` keeps backups of a site on SQLite: a folder, best on another disk, or `s3://bucket/prefix`. The timer of deploy/single makes one a day there, and provision.sh one before each upgrade.",
		parse: parseBackupTo,
	},
	{
		name: "BACKUP_KEY", group: "Backup", def: "", secret: true,
		help:    "Encrypts backups by age: a passphrase of 20 characters or more, or a secret key that `age-keygen` makes. With its public key (`age1…`) they are encrypted only, and to verify or restore one needs the secret key here. Keep a copy away from this machine: without it, the backups are worth nothing.",
		rotates: "by the next command",
		parse:   parseBackupKey,
	},
	{
		name: "SETTINGS", group: "AWS", def: "",
		help:  "Where more settings are kept: `ssm:/path/`, whose parameters in AWS Systems Manager have the names of settings. What the environment sets wins. Any setting's value may also be a reference: `ssm:/name`, `secretsmanager:NAME-OR-ARN`, or `secretsmanager:NAME-OR-ARN#key` for one string of a JSON object. Secrets are looked up again while the site runs, so that a rotated one needs no restart, as their lines say; everything else is read at the start.",
		parse: func(*Config, value) error { return nil }, // read before all others
	},
	{
		name: "AWS_REGION", group: "AWS", def: "",
		help:  "The region of everything at AWS. Credentials have no setting: they come from the AWS SDK's default chain, the role of the machine or container first of all.",
		parse: textInto(func(c *Config) *string { return &c.AWSRegion }, 60),
	},
	{
		name: "ACME_DIRECTORY_URL", group: "Server", def: "https://acme-v02.api.letsencrypt.org/directory",
		help:  "The certificate authority that TLS_DOMAINS asks, Let's Encrypt by default. Account and certificates are kept in `DATA_DIR/acme`.",
		parse: parseACMEDirectory,
	},
	{
		name: "LISTEN_ADDR", group: "Server", def: "",
		help:  "The address to listen on, without a port: `127.0.0.1` behind a proxy on the same machine. Empty: loopback while BASE_URL is, else every address.",
		parse: parseListenAddr,
		checks: []check{{with: []string{"BASE_URL", "REGISTRATION"}, wrong: func(c *Config) error {
			if c.Loopback() && c.ListenAddr != "" && !IsLoopbackHost(c.ListenAddr) && c.IsDefault("REGISTRATION") {
				return fmt.Errorf("LISTEN_ADDR=%s contradicts BASE_URL=%s: while BASE_URL is this machine only, the site listens here only, for anybody may sign up; set BASE_URL to the address that readers use, or in a container, whose port is published on this machine only, say REGISTRATION, too", c.ListenAddr, c.Origin())
			}
			return nil
		}}},
	},
	{
		name: "TRUSTED_PROXIES", group: "Server", def: "0",
		help:  "How many proxies stand in front, each of which appends to X-Forwarded-For: 1 behind one proxy or balancer, 2 behind a CDN and a balancer. 0 ignores the header.",
		parse: intInto(func(c *Config) *int { return &c.TrustedProxies }, 0, 10),
	},
	{
		name: "MAX_IN_FLIGHT", group: "Server", def: "512",
		help:  "Requests worked on at once; past it, 503 with Retry-After. A share is kept for members, and log-ins have an eighth more of their own. Bodies that are still to come and answers that wait for their readers do not count.",
		parse: intInto(func(c *Config) *int { return &c.MaxInFlight }, 4, 1_000_000),
	},
	{
		name: "MAX_STREAMS", group: "Server", def: "2000",
		help:  "Connections that stay open to hear of news (streaming clients and pages in view), beside the requests of MAX_IN_FLIGHT. Visitors get half of them. One account, or one network of visitors, may have 20.",
		parse: intInto(func(c *Config) *int { return &c.MaxStreams }, 1, 1_000_000),
	},
	{
		name: "DRAIN_DELAY", group: "Server", def: "0s where BASE_URL is this machine, else 10s",
		defFrom: func(c *Config) string {
			if c.BaseURL != nil && c.Loopback() {
				return "0s"
			}
			return "10s"
		},
		help:  "After SIGTERM, how long to go on serving while /readyz already fails, so that the balancer looks elsewhere first.",
		parse: durationInto(func(c *Config) *time.Duration { return &c.DrainDelay }, 0, maxDelay),
	},
	{
		name: "SHUTDOWN_TIMEOUT", group: "Server", def: "30s",
		help:  "After the drain delay, how long requests and jobs in work may take to end.",
		parse: durationInto(func(c *Config) *time.Duration { return &c.ShutdownTimeout }, time.Second, maxDelay),
	},
	{
		name: "METRICS_ADDR", group: "Server", def: "",
		help:  "An address and port, such as `127.0.0.1:9100`, that answers /metrics (for Prometheus), /deepz (every check of `tintype doctor`) and /debug/pprof. Keep it from the internet. Empty: none.",
		parse: parseMetricsAddr,
	},
	{
		name: "LOGIN_LIMIT", group: "Limits", def: "10/15m",
		help:  "Failed log-ins for one account, from one network (five times as many), or in one browser where the account has logged in before, in a window." + editable,
		parse: rateInto(func(c *Config) *Rate { return &c.LoginLimit }),
	},
	{
		name: "SIGNUP_LIMIT", group: "Limits", def: "20/1h",
		help:  "Accounts signed up from one network, in a window. Five times as many applications, and ten times as many tokens of their own, may register from it in a day." + editable,
		parse: rateInto(func(c *Config) *Rate { return &c.SignUpLimit }),
	},
	{
		name: "UPLOAD_LIMIT", group: "Limits", def: "300/1h",
		help:  "Photos uploaded by one account, in a window." + editable,
		parse: rateInto(func(c *Config) *Rate { return &c.UploadLimit }),
	},
	{
		name: "POST_LIMIT", group: "Limits", def: "300/1h",
		help:  "Posts and comments by one account, in a window." + editable,
		parse: rateInto(func(c *Config) *Rate { return &c.PostLimit }),
	},
	{
		name: "REPORT_LIMIT", group: "Limits", def: "30/1h",
		help:  "Reports by one account, in a window." + editable,
		parse: rateInto(func(c *Config) *Rate { return &c.ReportLimit }),
	},
	{
		name: "QUOTA_MB", group: "Limits", def: "0",
		help:  "What the originals of one member's photos may take together, in megabytes; 0 for no bound." + editable,
		parse: intInto(func(c *Config) *int { return &c.QuotaMB }, 0, 100_000_000),
	},
	{
		name: "API_LIMIT", group: "Limits", def: "300/5m",
		help:  "API requests by one account, or by one network without an account, in a window. Counted over all processes in the Redis of CACHE_URL; without one, or while it is away, by each process for itself.",
		parse: rateInto(func(c *Config) *Rate { return &c.APILimit }),
	},
	{
		name: "PAGE_LIMIT", group: "Limits", def: "3000/5m",
		help:  "Pages made for readers without an account from one network, in a window, counted by each process for itself. Pages that are kept from another reader, photos and the API do not count, nor do members. A school of 300 behind one address meets it with two new pages a minute each.",
		parse: rateInto(func(c *Config) *Rate { return &c.PageLimit }),
	},
	{
		name: "LOG_LEVEL", group: "Logging", def: "info",
		help:  "The least that is logged: `debug`, `info`, `warn` or `error`.",
		parse: parseLogLevel,
	},
	{
		name: "LOG_FORMAT", group: "Logging", def: "text on a terminal, else json",
		defFrom: func(*Config) string { return "" },
		help:    "How log lines are written: `text` or `json`.",
		parse: func(c *Config, v value) error {
			if !v.set {
				return nil
			}
			return oneOf(func(c *Config) *string { return &c.LogFormat }, "text", "json")(c, v)
		},
		show: func(c *Config) string {
			if c.LogFormat == "" {
				return "text on a terminal, else json"
			}
			return c.LogFormat
		},
	},
}

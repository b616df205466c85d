package config

import (
	"strconv"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/media"
)

// A setting is one environment variable. The table of them is the only place
// where a variable has a name: parsing, --help, `tintype config` and
// docs/configuration.md all come from it.
type setting struct {
	name  string
	group string
	help  string // one or two sentences, without the default
	// def is the default, in which {NAME} stands for another setting's value; it
	// is shown to people as it stands. Where defFrom is given it computes the
	// default instead, and def only describes it.
	def     string
	defFrom func(c *Config) string
	// secret settings are hidden wherever they are shown, and may come from the
	// file that NAME_FILE names.
	secret bool
	// rotates is when a running process takes a new value of a secret over that
	// stands in a file or at AWS.
	rotates string
	parse   func(c *Config, v value) error
	// show writes the value for people; nil shows the text as it was given.
	show func(c *Config) string
}

// value is what was found for one setting.
type value struct {
	text string
	set  bool   // false when text is the default
	file string // for secrets: the file it came from
	// reference is where at AWS the text was found; empty for one that stood there.
	reference string
	vault     *vault
}

func (v value) secret() Secret {
	switch {
	case v.reference != "":
		return Secret{reference: v.reference, vault: v.vault}
	case v.file != "":
		return Secret{file: v.file}
	}
	return NewSecret(v.text)
}

//go:generate go test -run ConfigurationDocumentation -update .

// The order matters: a default may refer only to settings above it.
var settings = append([]setting{
	{
		name: "TLS_DOMAINS", group: "Site", def: "",
		help:  "Host names, separated by commas, for which this process gets certificates by ACME and speaks HTTPS itself, so that one instance needs no other server. To use it is to accept the certificate authority's terms. Leave it empty behind a proxy or balancer.",
		parse: parseTLSDomains,
	},
	{
		name: "PORT", group: "Site", def: "8080; 443 with TLS_DOMAINS",
		defFrom: func(c *Config) string {
			if c.TLS() {
				return "443"
			}
			return "8080"
		},
		help:  "The port to listen on. Where systemd hands over open sockets, it has chosen the port.",
		parse: intInto(func(c *Config) *int { return &c.Port }, 1, 65535),
	},
	{
		name: "HTTP_PORT", group: "Site", def: "80",
		help:  "With TLS_DOMAINS, the port for plain HTTP, which leads readers to https and answers the certificate authority.",
		parse: intInto(func(c *Config) *int { return &c.HTTPPort }, 1, 65535),
	},
	{
		name: "BASE_URL", group: "Site", def: "http://localhost:{PORT}",
		help:  "The address readers use, scheme and host; with TLS_DOMAINS, by default https and the first of them. While it is this machine only (localhost), the site listens on loopback only. The port to listen on is PORT all the same.",
		parse: parseBaseURL,
		show:  func(c *Config) string { return c.Origin() },
	},
	{
		name: "SITE_NAME", group: "Site", def: "Tintype",
		help:  "The name of the site, at most 60 characters.",
		parse: textInto(func(c *Config) *string { return &c.SiteName }, 60),
	},
	{
		name: "SITE_DESCRIPTION", group: "Site", def: "A place for our photographs.",
		help:  "A sentence that tells a visitor whose site this is, at most 500 characters.",
		parse: textInto(func(c *Config) *string { return &c.SiteDescription }, 500),
	},
	{
		name: "CONTACT", group: "Site", def: "",
		help:  "How to reach the people who run the site: an e-mail address or a web address. Shown to everybody who may see the site.",
		parse: parseContact,
	},
	{
		name: "VISITORS", group: "Site", def: "read",
		help:  "What people without an account may do: `read`, or `none`. With `none` the site is members-only: no page, feed, count, API answer or photo without an account.",
		parse: oneOf(func(c *Config) *community.Visitors { return &c.Visitors }, "read", "none"),
	},
	{
		name: "REGISTRATION", group: "Site", def: "open where BASE_URL is this machine and visitors may read, else closed",
		defFrom: func(c *Config) string {
			if c.BaseURL != nil && c.Loopback() && !c.Visitors.MembersOnly() {
				return "open"
			}
			return "closed"
		},
		help:  "Who may sign up: `open` (anybody) or `closed` (whom `tintype account create` invites).",
		parse: oneOf(func(c *Config) *string { return &c.Registration }, "open", "closed"),
	},
	{
		name: "READ_ONLY", group: "Site", def: "false",
		help:  "`true`: everything may be looked at and nothing changes, while the database is being moved, say. Writes and log-ins get 503, who is logged in stays so, and this process does no jobs and no migrations.",
		parse: boolInto(func(c *Config) *bool { return &c.ReadOnly }),
	},
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
	},
	{
		name: "MEDIA_STORE", group: "Data", def: "disk",
		help:  "Where photos live: `disk`, in MEDIA_DIR, or `s3`, in a bucket of S3 or of a server that speaks its API.",
		parse: oneOf(func(c *Config) *string { return &c.MediaStore }, "disk", "s3"),
	},
	{
		name: "MEDIA_DIR", group: "Data", def: "{DATA_DIR}/media",
		help:  "The folder for photos when MEDIA_STORE is disk.",
		parse: pathInto(func(c *Config) *string { return &c.MediaDir }),
	},
	{
		name: "MEDIA_S3_BUCKET", group: "Data", def: "",
		help:  "The bucket when MEDIA_STORE is s3. It exists already, and lets us list, read, write and delete. Credentials come from the AWS SDK's default chain; AWS_ENDPOINT_URL_S3 leads to a compatible server.",
		parse: parseBucket,
	},
	{
		name: "MEDIA_S3_PREFIX", group: "Data", def: "",
		help:  "What stands before every key in the bucket, such as `media`.",
		parse: parsePrefix,
	},
	{
		name: "MEDIA_S3_PATH_STYLE", group: "Data", def: "false",
		help:  "Whether the bucket stands in the path instead of the host name, as many servers want it that speak S3's API.",
		parse: boolInto(func(c *Config) *bool { return &c.MediaPathStyle }),
	},
	{
		name: "MEDIA_S3_ENCRYPTION", group: "Data", def: "bucket",
		help:  "How objects are encrypted: `bucket` (as the bucket says, which at AWS is always encrypted), `AES256` or `aws:kms`.",
		parse: oneOf(func(c *Config) *string { return &c.MediaEncryption }, "bucket", "AES256", "aws:kms"),
	},
	{
		name: "MEDIA_S3_REDIRECT", group: "Data", def: "false",
		help:  "Whether photos that have no CDN are fetched from the bucket by a presigned address, to which the site redirects, instead of through the site. Readers must be able to reach the bucket.",
		parse: boolInto(func(c *Config) *bool { return &c.MediaRedirect }),
	},
	{
		name: "MEDIA_BASE_URL", group: "CDN", def: "",
		help:  "The CDN in front of the photos: what stands before the key of a public photo. Its origin is the bucket, or this site, whose photos lie under `/media`: `https://cdn.example/media`.",
		parse: cdnInto(func(c *Config) *string { return &c.MediaBaseURL }),
	},
	{
		name: "MEDIA_SIGNING_KEY_ID", group: "CDN", def: "",
		help:  "The id of a public key at CloudFront. With it private photos come from MEDIA_BASE_URL, too, under signed addresses; else from this site.",
		parse: textInto(func(c *Config) *string { return &c.MediaSigningKeyID }, 100),
	},
	{
		name: "MEDIA_SIGNING_KEY", group: "CDN", def: "", secret: true,
		help:    "The private key to MEDIA_SIGNING_KEY_ID: RSA, as PEM. A line `Key-Pair-Id: ID` before it names the id instead, so that both change together.",
		rotates: "within a minute where it has that line, else at the next start",
		parse:   parseSigningKey,
		show: func(c *Config) string {
			if !c.MediaSigningKey.IsSet() {
				return ""
			}
			return hidden
		},
	},
	{
		name: "MEDIA_CDN_DISTRIBUTION_ID", group: "CDN", def: "",
		help:  "The CloudFront distribution behind MEDIA_BASE_URL, which is told when photos of a post are gone. Without it, and for whole accounts, copies at its edges end within a day.",
		parse: textInto(func(c *Config) *string { return &c.MediaDistribution }, 100),
	},
	{
		name: "STATIC_BASE_URL", group: "CDN", def: "",
		help:  "The CDN in front of scripts and styles: what stands before `/static/…`. Its origin is this site, or a bucket that `tintype assets upload` fills before each release. It has to answer with `Access-Control-Allow-Origin: *`.",
		parse: cdnInto(func(c *Config) *string { return &c.StaticBaseURL }),
	},
	{
		name: "STATELESS", group: "Server", def: "false",
		help:  "`true` refuses to start while anything that must be true lives on this machine alone, as in a group of instances that come and go.",
		parse: boolInto(func(c *Config) *bool { return &c.Stateless }),
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
	},
	{
		name: "TRUSTED_PROXIES", group: "Server", def: "0",
		help:  "How many proxies stand in front, each of which appends to X-Forwarded-For: 1 behind one proxy or balancer, 2 behind a CDN and a balancer. 0 ignores the header.",
		parse: intInto(func(c *Config) *int { return &c.TrustedProxies }, 0, 10),
	},
	{
		name: "MAX_IN_FLIGHT", group: "Server", def: "512",
		help:  "Requests worked on at once; past it, 503 with Retry-After. A share is kept for members.",
		parse: intInto(func(c *Config) *int { return &c.MaxInFlight }, 4, 1_000_000),
	},
	{
		name: "MAX_STREAMS", group: "Server", def: "2000",
		help:  "Connections that stay open to hear of news (streaming clients and pages in view), beside the requests of MAX_IN_FLIGHT. One account may have 20 of them.",
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
		help:  "Failed log-ins for one account, from one network (five times as many), or in one browser where the account has logged in before, in a window.",
		parse: rateInto(func(c *Config) *Rate { return &c.LoginLimit }),
	},
	{
		name: "SIGNUP_LIMIT", group: "Limits", def: "20/1h",
		help:  "Accounts signed up from one network, in a window. Five times as many applications, and ten times as many tokens of their own, may register from it in a day.",
		parse: rateInto(func(c *Config) *Rate { return &c.SignUpLimit }),
	},
	{
		name: "UPLOAD_LIMIT", group: "Limits", def: "300/1h",
		help:  "Photos uploaded by one account, in a window.",
		parse: rateInto(func(c *Config) *Rate { return &c.UploadLimit }),
	},
	{
		name: "POST_LIMIT", group: "Limits", def: "300/1h",
		help:  "Posts and comments by one account, in a window.",
		parse: rateInto(func(c *Config) *Rate { return &c.PostLimit }),
	},
	{
		name: "REPORT_LIMIT", group: "Limits", def: "30/1h",
		help:  "Reports by one account, in a window.",
		parse: rateInto(func(c *Config) *Rate { return &c.ReportLimit }),
	},
	{
		name: "API_LIMIT", group: "Limits", def: "300/5m",
		help:  "API requests by one account, or by one network without an account, in a window. Counted over all processes in the Redis of CACHE_URL; without one, or while it is away, by each process for itself.",
		parse: rateInto(func(c *Config) *Rate { return &c.APILimit }),
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
}, traceSettings...)

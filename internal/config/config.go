// Package config reads the settings: one table of environment variables, their
// parsing, the checks of one against another, and secrets. A Config is never
// written after it was read.
package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

// Config is what the settings say, parsed and checked. It is read once, by
// LoadConfig, and handed down from there: nothing below this package reads an
// environment variable.
type Config struct {
	// Site
	BaseURL         *url.URL // scheme and host only, no trailing slash
	SiteName        string
	SiteDescription string
	Contact         string // an e-mail address or a URL; empty when there is none
	Registration    string // "open" or "closed"
	Visitors        community.Visitors

	// Server
	Port            int
	ListenAddr      string   // a host without port; empty means what BASE_URL asks for
	TLSDomains      []string // whose certificates this process gets by ACME; none: it speaks plain HTTP
	HTTPPort        int      // beside TLSDomains, for plain HTTP
	ACMEDirectory   string   // the certificate authority's
	TrustedProxies  int      // hops in front of this process
	MaxInFlight     int      // requests
	MaxStreams      int
	CacheURL        Secret // not set: memory
	CacheShown      string
	DrainDelay      time.Duration
	ShutdownTimeout time.Duration
	MetricsAddr     string // host:port, empty for none
	ReadOnly        bool

	// Data
	DataDir  string
	Database Database
	Replicas Replicas
	// ReplicaMaxLag is how far a replica may be behind and still be read.
	ReplicaMaxLag time.Duration
	// The database server's connections: all, those left to people, and by how many processes the rest is shared. 0 of
	// all means that each process takes what it takes by default.
	DatabaseMaxConns, DatabaseReservedConns, FleetMaxProcesses int

	Migrate         string // "auto", "wait" or "off"
	QueueURL        string // "" for the database alone, else an SQS queue's
	Web, Worker     bool   // ROLES
	SessionStore    string // "sql" or "dynamodb"
	SessionTable    string // DynamoDB: the table
	MediaStore      string // "disk" or "s3"
	MediaDir        string
	MediaBucket     string
	MediaPrefix     string // empty, or ending with a slash
	MediaPathStyle  bool
	MediaEncryption string // "bucket", "AES256" or "aws:kms"
	MediaRedirect   bool
	SecretKey       Secret // comma-separated, the newest first; unset means DataDir/secret.key

	// Photos
	MaxUploadBytes int64
	MaxPixels      int64
	PhotoMemory    int64 // bytes of photo work at once
	KeepOriginals  bool
	JobWorkers     int

	// CDN
	MediaBaseURL      string // no slash at the end; empty when there is none
	MediaSigningKeyID string
	MediaSigningKey   Secret
	MediaDistribution string
	StaticBaseURL     string // like MediaBaseURL

	// Backup
	BackupTo  string // a folder, or s3://bucket/prefix; empty: `tintype backup create` has to be told
	BackupKey Secret

	Stateless bool // nothing may live on this machine alone

	// AWS
	AWSRegion string // empty: as the SDK finds it

	// Limits
	LoginLimit  Rate
	SignUpLimit Rate
	UploadLimit Rate
	PostLimit   Rate
	ReportLimit Rate
	APILimit    Rate

	// Logging
	LogLevel  slog.Level
	LogFormat string // "text", "json"; empty means text on a terminal, else json

	Traces Traces

	migrateSet    bool // MIGRATE was given
	mediaKeyNamed bool // MEDIA_SIGNING_KEY says its id itself

	// secrets are those that are set. By address, or printing this would show them.
	secrets []*KeptSecret

	// Unknown are the variables that are no settings, by name.
	Unknown []string

	// Warnings are things worth a line in the log that are no reason not to start.
	Warnings []string

	// shown is what `tintype config` prints, by name; secrets are hidden in it.
	shown map[string]shownValue
}

// Database tells where the database is.
type Database struct {
	Driver string // "sqlite" or "mysql"
	Path   string // SQLite: the file
	// URL is the whole DATABASE_URL. Its password may change while the program
	// runs, so it is read again for each connection.
	URL     Secret
	display string // the address without its password, for people
}

// String is the database's address without its password.
func (d Database) String() string { return d.display }

// Replicas are the addresses to read from.
type Replicas struct {
	URLs    Secret   // all of them, separated by commas
	display []string // without passwords
}

// Shown is the addresses without their passwords.
func (r Replicas) Shown() []string { return r.display }

// Value is the addresses as they are now, nil if there are none.
func (r Replicas) Value(ctx context.Context) ([]string, error) {
	if !r.URLs.IsSet() {
		return nil, nil
	}
	text, err := r.URLs.Value(ctx)
	if err != nil {
		return nil, err
	}
	return SplitList(text), nil
}

// MySQLConns is how many connections this process may have to each database server, 0 for the default.
func (c *Config) MySQLConns() int {
	if c.DatabaseMaxConns == 0 {
		return 0
	}
	return (c.DatabaseMaxConns - c.DatabaseReservedConns) / c.FleetMaxProcesses
}

// Rate is so many events in a window.
type Rate struct {
	Events int
	Window time.Duration
}

func (r Rate) String() string { return fmt.Sprintf("%d/%s", r.Events, ShortDuration(r.Window)) }

// shownValue is one line of `tintype config`.
type shownValue struct {
	Value   string
	Default bool
}

// LoadConfig reads the settings. Lookup answers for one variable, as
// os.LookupEnv does; environ lists all of them as NAME=value, so that misspelled
// ones are found. All errors come together, joined.
func Load(lookup func(string) (string, bool), environ []string) (*Config, error) {
	vault := newVault(lookup)
	lookup, origin, environ, err := withSettings(lookup, environ, vault)
	if err != nil {
		return nil, err
	}
	c := &Config{shown: make(map[string]shownValue)}
	var errs []error
	raw := make(map[string]string)
	failed := make(map[string]bool)
	for _, s := range settings {
		text, isSet, err := s.read(lookup)
		if err != nil {
			errs = append(errs, err)
			failed[s.name] = true
			continue
		}
		if !isSet {
			text = s.fallback(c, raw)
		}
		v := value{text: text, set: isSet, file: s.fileOf(lookup), vault: vault}
		if isSet && v.file == "" && s.name != "SETTINGS" && isReference(text) {
			v.reference = text
			if v.text, err = vault.value(context.Background(), text); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
				failed[s.name] = true
				continue
			}
			text = v.text
		} else if from := origin(s.name); isSet && v.file == "" && s.secret && from != "" {
			v.reference = from
			vault.hold(from, text)
		}
		raw[s.name] = text
		if err := s.parse(c, v); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
			failed[s.name] = true
			// Defaults made of this one go on with its default, so that one
			// mistake is one message.
			raw[s.name] = s.fallback(c, raw)
			continue
		}
		if s.secret && isSet {
			c.secrets = append(c.secrets, &KeptSecret{s, v.secret()})
		}
		c.shown[s.name] = shownValue{Value: s.display(c, text), Default: !isSet}
	}
	c.Traces.settle()
	errs = append(errs, misspelled(environ)...)
	// What contradicts is judged only on values that were read, so that one
	// mistake is not reported twice.
	errs = append(errs, contradictions(c, failed)...)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	c.Warnings = warnings(c)
	c.Unknown = unknownNames(environ)
	return c, nil
}

// Loopback reports whether BASE_URL names this machine only.
func (c *Config) Loopback() bool { return IsLoopbackHost(c.BaseURL.Hostname()) }

// Secure reports whether readers reach the site by https.
func (c *Config) Secure() bool { return c.BaseURL.Scheme == "https" }

// SessionsInDatabase tells whether sessions are rows of the site's own database.
func (c *Config) SessionsInDatabase() bool { return c.SessionStore == "sql" }

// PhotosOnDisk tells whether photos are files of this machine.
func (c *Config) PhotosOnDisk() bool { return c.MediaStore == "disk" }

// TLS reports whether this process speaks TLS itself.
func (c *Config) TLS() bool { return len(c.TLSDomains) > 0 }

// Origin is BASE_URL as browsers write an origin.
func (c *Config) Origin() string { return c.BaseURL.Scheme + "://" + c.BaseURL.Host }

func contradictions(c *Config, failed map[string]bool) []error {
	var errs []error
	whole := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return failed[n] })
	}
	if whole("BASE_URL", "LISTEN_ADDR", "REGISTRATION") && c.Loopback() && c.ListenAddr != "" && !IsLoopbackHost(c.ListenAddr) && c.IsDefault("REGISTRATION") {
		errs = append(errs, fmt.Errorf("LISTEN_ADDR=%s contradicts BASE_URL=%s: while BASE_URL is this machine only, the site listens here only, for anybody may sign up; set BASE_URL to the address that readers use, or in a container, whose port is published on this machine only, say REGISTRATION, too", c.ListenAddr, c.Origin()))
	}
	if whole("BASE_URL", "TLS_DOMAINS") && c.TLS() {
		switch {
		case !c.Secure():
			errs = append(errs, fmt.Errorf("TLS_DOMAINS contradicts BASE_URL=%s: with TLS, the address begins with https", c.Origin()))
		case !slices.Contains(c.TLSDomains, c.BaseURL.Hostname()):
			errs = append(errs, fmt.Errorf("TLS_DOMAINS=%s does not name %s, the host of BASE_URL: add it", strings.Join(c.TLSDomains, ","), c.BaseURL.Hostname()))
		}
	}
	if whole("PORT", "HTTP_PORT", "TLS_DOMAINS") && c.TLS() && c.Port == c.HTTPPort {
		errs = append(errs, fmt.Errorf("HTTP_PORT=%d is PORT, too: HTTP and HTTPS need a port each", c.HTTPPort))
	}
	if whole("DATABASE_URL", "MIGRATE") && c.Database.Driver == "sqlite" && c.Migrate == "wait" {
		errs = append(errs, errors.New("MIGRATE=wait contradicts a SQLite database: it belongs to one process, which migrates it by itself; use auto or off"))
	}
	if whole("DATABASE_URL", "ROLES") && c.Database.Driver == "sqlite" && !(c.Web && c.Worker) {
		errs = append(errs, errors.New("ROLES contradicts a SQLite database: it belongs to one process, which then has to do everything; leave ROLES at web,worker, or set DATABASE_URL=mysql://…"))
	}
	if whole("DATABASE_URL", "DATABASE_REPLICA_URLS") && c.Database.Driver == "sqlite" && c.Replicas.URLs.IsSet() {
		errs = append(errs, errors.New("DATABASE_REPLICA_URLS contradicts a SQLite database, which has no replicas; set DATABASE_URL to the primary's mysql:// address"))
	}
	if whole("DATABASE_MAX_CONNECTIONS", "DATABASE_RESERVED_CONNECTIONS", "FLEET_MAX_PROCESSES") && c.DatabaseMaxConns != 0 && c.MySQLConns() < store.MinMySQLConns {
		errs = append(errs, fmt.Errorf("DATABASE_MAX_CONNECTIONS=%d, less DATABASE_RESERVED_CONNECTIONS=%d and shared by FLEET_MAX_PROCESSES=%d, leaves %d connections to a process, which needs %d: let the database server take more, or run fewer processes",
			c.DatabaseMaxConns, c.DatabaseReservedConns, c.FleetMaxProcesses, max(c.MySQLConns(), 0), store.MinMySQLConns))
	}
	if whole("READ_ONLY", "ROLES") && c.ReadOnly && !c.Web {
		errs = append(errs, errors.New("READ_ONLY contradicts ROLES=worker: a worker that may write nothing has no work; stop it, or set ROLES=web"))
	}
	if whole("READ_ONLY", "MIGRATE") && c.ReadOnly && c.migrateSet && c.Migrate == "auto" {
		errs = append(errs, errors.New("READ_ONLY contradicts MIGRATE=auto: a migration writes; leave MIGRATE out, or set wait or off"))
	}
	if whole("VISITORS", "REGISTRATION", "BASE_URL") && c.Visitors.MembersOnly() && c.Registration == "open" && !c.Loopback() {
		errs = append(errs, errors.New("VISITORS=none contradicts REGISTRATION=open: a members-only site that anybody may join hides nothing; set REGISTRATION=closed, and invite by `tintype account create`"))
	}
	if whole("SESSION_STORE", "SESSION_DYNAMODB_TABLE") {
		switch table := c.SessionTable != ""; {
		case c.SessionStore == "dynamodb" && !table:
			errs = append(errs, errors.New("SESSION_STORE=dynamodb needs SESSION_DYNAMODB_TABLE, the name of a table"))
		case c.SessionStore != "dynamodb" && table:
			errs = append(errs, fmt.Errorf("SESSION_DYNAMODB_TABLE contradicts SESSION_STORE=%s: sessions are kept there only with SESSION_STORE=dynamodb", c.SessionStore))
		}
	}
	if whole("MEDIA_STORE", "MEDIA_S3_BUCKET") {
		switch bucket := c.MediaBucket != ""; {
		case c.MediaStore == "s3" && !bucket:
			errs = append(errs, errors.New("MEDIA_STORE=s3 needs MEDIA_S3_BUCKET, the name of a bucket"))
		case c.MediaStore != "s3" && bucket:
			errs = append(errs, fmt.Errorf("MEDIA_S3_BUCKET contradicts MEDIA_STORE=%s: photos are kept there only with MEDIA_STORE=s3", c.MediaStore))
		}
	}
	if whole("MEDIA_STORE", "MEDIA_S3_REDIRECT") && c.MediaRedirect && c.MediaStore != "s3" {
		errs = append(errs, fmt.Errorf("MEDIA_S3_REDIRECT=true contradicts MEDIA_STORE=%s: there is no bucket to redirect to", c.MediaStore))
	}
	if whole("MEDIA_BASE_URL", "MEDIA_SIGNING_KEY_ID", "MEDIA_SIGNING_KEY", "MEDIA_CDN_DISTRIBUTION_ID") {
		if (c.MediaSigningKeyID != "" || c.mediaKeyNamed) != c.MediaSigningKey.IsSet() {
			errs = append(errs, errors.New("MEDIA_SIGNING_KEY_ID and MEDIA_SIGNING_KEY belong together: set both, or neither, or name the id in a line `Key-Pair-Id: ID` before the key"))
		}
		if c.MediaBaseURL == "" && (c.MediaSigningKeyID != "" || c.MediaSigningKey.IsSet() || c.MediaDistribution != "") {
			errs = append(errs, errors.New("MEDIA_SIGNING_KEY_ID, MEDIA_SIGNING_KEY and MEDIA_CDN_DISTRIBUTION_ID need MEDIA_BASE_URL, the CDN's address"))
		}
	}
	if whole("STATELESS", "DATABASE_URL", "MEDIA_STORE", "SECRET_KEY", "BASE_URL", "TLS_DOMAINS") && c.Stateless {
		if lonely := c.onThisMachine(); len(lonely) > 0 {
			errs = append(errs, fmt.Errorf("STATELESS=true, but something would live on this machine alone; set\n  %s", strings.Join(lonely, "\n  ")))
		}
	}
	return errs
}

// KeepsFiles tells whether anything of the site lies in DATA_DIR, as far as
// nothing else says where.
func (c *Config) KeepsFiles() bool {
	return c.Database.Driver == "sqlite" || c.MediaStore == "disk" || !c.SecretKey.IsSet() || c.TLS()
}

// onThisMachine says what to set, a line each, so that nothing that must be
// true is kept by this process or its disk only.
func (c *Config) onThisMachine() []string {
	var set []string
	if c.IsDefault("BASE_URL") {
		set = append(set, "BASE_URL: the site's address must not depend on the instance")
	}
	if c.TLS() {
		set = append(set, "TLS_DOMAINS to nothing: certificates would be obtained and kept here; let the balancer speak TLS")
	}
	if c.Database.Driver == "sqlite" {
		set = append(set, "DATABASE_URL=mysql://…: the database is a file here")
	}
	if c.MediaStore == "disk" {
		set = append(set, "MEDIA_STORE=s3 and MEDIA_S3_BUCKET: photos are files here")
	}
	if !c.SecretKey.IsSet() {
		set = append(set, "SECRET_KEY: one would be generated here")
	}
	return set
}

func warnings(c *Config) []string {
	var w []string
	if !c.Loopback() && !c.Secure() {
		w = append(w, "BASE_URL is plain http: passwords and sessions cross the network unprotected; put TLS in front and use https")
	}
	if c.Secure() && c.TrustedProxies == 0 && !c.TLS() {
		w = append(w, "BASE_URL is https but TRUSTED_PROXIES is 0: without TLS_DOMAINS this program does not speak TLS itself, and with a proxy in front every reader seems to come from the proxy's address; set TRUSTED_PROXIES to the number of proxies")
	}
	return w
}

func IsLoopbackHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// SecretKeyPath is where a SECRET_KEY that nobody set is kept.
func (c *Config) SecretKeyPath() string { return filepath.Join(c.DataDir, "secret.key") }

// Quiet is the settings of a command that people run: unless LOG_LEVEL is set, the log then has only what is out of the
// ordinary beside what the command says.
func (c *Config) Quiet() *Config {
	own := *c
	if c.IsDefault("LOG_LEVEL") {
		own.LogLevel = slog.LevelWarn
	}
	return &own
}

// Shown is a setting's value for people. Secrets are hidden in it.
func (c *Config) Shown(name string) string { return c.shown[name].Value }

// IsDefault reports whether nobody has set this setting.
func (c *Config) IsDefault(name string) bool { return c.shown[name].Default }

// Secrets are the secret settings that are set.
func (c *Config) Secrets() []*KeptSecret { return c.secrets }

// ACMEFolder is where certificates of TLS_DOMAINS are kept.
func (c *Config) ACMEFolder() string { return filepath.Join(c.DataDir, "acme") }

// ContactEmail is CONTACT where that is an e-mail address, else empty.
func (c *Config) ContactEmail() string {
	if a, err := mail.ParseAddress(c.Contact); err == nil {
		return a.Address
	}
	return ""
}

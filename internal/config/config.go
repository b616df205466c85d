// Package config reads the settings: one table of environment variables, their
// parsing, the checks of one against another, and secrets. Nothing writes to a
// Config after Load.
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
)

// Config is what the settings say, parsed and checked. It is read once, by
// Load, and handed down from there: nothing below this package reads an
// environment variable.
type Config struct {
	// Site
	BaseURL         *url.URL // scheme and host only, no trailing slash
	SiteName        string
	SiteDescription string
	SiteLanguage    string // a code of package lang
	Contact         string // an e-mail address or a URL; empty when there is none
	Registration    community.Registration
	Visitors        community.Visitors
	TwoFactors      string // the least role that needs a second factor

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
	// ReplicasNext are those of DatabaseNext.
	ReplicasNext Replicas
	// ReplicaMaxLag is how far a replica may be behind and still be read.
	ReplicaMaxLag time.Duration
	// The database server's connections: all, those left to people, and by how many processes the rest is shared. 0 of
	// all means that each process takes what it takes by default.
	DatabaseMaxConns, DatabaseReservedConns, FleetMaxProcesses int

	Migrate         string        // "auto", "wait" or "off"
	QueueURL        string        // "" for the database alone, else an SQS queue's
	Web, Worker     bool          // ROLES
	SessionStore    string        // "sql" or "dynamodb"
	SessionTable    string        // DynamoDB: the table
	DatabaseNext    *Database     // where the database is to move, nil for nowhere
	SessionNext     *SessionPlace // where sessions are to move, nil for nowhere
	MediaStore      string        // "disk" or "s3"
	MediaDir        string
	MediaBucket     string
	MediaPrefix     string      // empty, or ending with a slash
	MediaNext       *MediaPlace // where photos are to move, nil for nowhere
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

	// Mail
	SMTPURL   Secret // not set: mail is kept as files
	SMTPShown string
	MailFrom  *mail.Address

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
	QuotaMB     int // of one member; 0: no bound
	APILimit    Rate
	PageLimit   Rate

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
	// URL is the whole DATABASE_URL. It is read again for each connection,
	// because its password may change while the program runs.
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

// MySQLConns returns how many connections this process may open to each database server, 0 for the default.
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

// Load reads the settings. Lookup answers for one variable, as
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

// Cache is the kind of CACHE_URL: memory or redis.
func (c *Config) Cache() string {
	if c.CacheURL.IsSet() {
		return "redis"
	}
	return "memory"
}

// Queue is the kind of QUEUE_URL: sql or sqs.
func (c *Config) Queue() string {
	if c.QueueURL != "" {
		return "sqs"
	}
	return "sql"
}

// PhotosOnDisk tells whether photos are files of this machine.
func (c *Config) PhotosOnDisk() bool { return c.MediaStore == "disk" }

// TLS reports whether this process speaks TLS itself.
func (c *Config) TLS() bool { return len(c.TLSDomains) > 0 }

// Origin is BASE_URL as browsers write an origin.
func (c *Config) Origin() string { return c.BaseURL.Scheme + "://" + c.BaseURL.Host }

// PushContact is whom a push service writes to about this site: CONTACT, else the site's address.
func (c *Config) PushContact() string {
	switch {
	case strings.HasPrefix(c.Contact, "https://") || c.Contact != "" && !strings.Contains(c.Contact, "://"):
		return c.Contact
	case c.Secure():
		return c.Origin()
	}
	return "postmaster@" + c.BaseURL.Hostname()
}

// contradictions are what the checks of all settings find.
func contradictions(c *Config, failed map[string]bool) []error {
	var errs []error
	for _, s := range settings {
		for _, check := range s.checks {
			if failed[s.name] || slices.ContainsFunc(check.with, func(name string) bool { return failed[name] }) {
				continue
			}
			if err := check.wrong(c); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errs
}

// KeepsFiles reports whether DATA_DIR holds anything of the site.
func (c *Config) KeepsFiles() bool {
	return c.Database.Driver == "sqlite" || c.PhotosOnDisk() || !c.SecretKey.IsSet() || c.TLS()
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
	if c.PhotosOnDisk() {
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

// SecretKeyPath is the file of the generated SECRET_KEY.
func (c *Config) SecretKeyPath() string { return filepath.Join(c.DataDir, "secret.key") }

// Quiet returns the settings for a command that people run: unless LOG_LEVEL is set, the log has warnings and errors
// only.
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

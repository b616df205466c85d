package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tintype/internal/community"
	"tintype/internal/hostname"
	"tintype/internal/media"
	"tintype/internal/store"
)

// maxDelay bounds the settings that make a stop wait.
const maxDelay = time.Hour

func intInto(field func(*Config) *int, lowest, highest int) func(*Config, value) error {
	return func(c *Config, v value) error {
		n, err := strconv.Atoi(v.text)
		if err != nil || n < lowest || n > highest {
			return fmt.Errorf("%q is not a whole number from %d to %d", v.text, lowest, highest)
		}
		*field(c) = n
		return nil
	}
}

var tableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{3,255}$`)

func parseTable(c *Config, v value) error {
	if v.set && !tableName.MatchString(v.text) {
		return fmt.Errorf("%q is not the name of a DynamoDB table", v.text)
	}
	c.SessionTable = v.text
	return nil
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func parseBucket(c *Config, v value) error {
	if v.set && !bucketName.MatchString(v.text) {
		return fmt.Errorf("%q is not the name of a bucket: lower-case letters, digits, dots and hyphens", v.text)
	}
	c.MediaBucket = v.text
	return nil
}

func parsePrefix(c *Config, v value) error {
	prefix, err := mediaPrefix(v.text)
	if err == nil {
		c.MediaPrefix = prefix
	}
	return err
}

// cdnInto reads an address without the slash at its end.
func cdnInto(field func(*Config) *string) func(*Config, value) error {
	return func(c *Config, v value) error {
		*field(c) = ""
		if !v.set {
			return nil
		}
		u, err := url.Parse(v.text)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Host, " ;,'\"") {
			return fmt.Errorf("%q is not an address such as https://cdn.example.org", v.text)
		}
		origin, err := hostname.Origin(u) // as browsers write it: it stands in the pages' content security policy
		if err != nil {
			return fmt.Errorf("%q is not an address such as https://cdn.example.org", v.text)
		}
		*field(c) = origin + strings.TrimRight(u.EscapedPath(), "/")
		return nil
	}
}

// parseSigningKey looks at the key without keeping it: it may be rotated.
func parseSigningKey(c *Config, v value) error {
	if !v.set {
		return nil
	}
	if _, err := media.NewSigner("", v.text); err != nil {
		return errors.New("is not an RSA private key as PEM")
	}
	c.MediaSigningKey = v.secret()
	c.mediaKeyNamed = media.KeyPairID(v.text) != ""
	return nil
}

func boolInto(field func(*Config) *bool) func(*Config, value) error {
	return func(c *Config, v value) error {
		switch strings.ToLower(v.text) {
		case "true", "yes", "on", "1":
			*field(c) = true
		case "false", "no", "off", "0":
			*field(c) = false
		default:
			return fmt.Errorf("%q is neither true nor false", v.text)
		}
		return nil
	}
}

func textInto(field func(*Config) *string, longest int) func(*Config, value) error {
	return func(c *Config, v value) error {
		if !utf8.ValidString(v.text) {
			return errors.New("is not UTF-8")
		}
		if n := utf8.RuneCountInString(v.text); n > longest {
			return fmt.Errorf("has %d characters, at most %d are allowed", n, longest)
		}
		*field(c) = v.text
		return nil
	}
}

func pathInto(field func(*Config) *string) func(*Config, value) error {
	return func(c *Config, v value) error {
		if v.set {
			if err := checkPath(v.text); err != nil {
				return fmt.Errorf("%q %w", v.text, err)
			}
		}
		*field(c) = filepath.Clean(v.text)
		return nil
	}
}

// parseMetricsAddr reads METRICS_ADDR. It has to name a host, so that nobody
// opens profiles to every network by leaving it out.
func parseMetricsAddr(c *Config, v value) error {
	if !v.set {
		return nil
	}
	host, port, err := net.SplitHostPort(v.text)
	if err == nil && host == "" {
		err = errors.New("it names no host")
	}
	if n, convErr := strconv.Atoi(port); err == nil && (convErr != nil || n < 1 || n > 65535) {
		err = errors.New("it names no port")
	}
	if err != nil {
		return fmt.Errorf("%q is not an address and a port, such as 127.0.0.1:9100 (0.0.0.0:9100 for every address)", v.text)
	}
	c.MetricsAddr = v.text
	return nil
}

func oneOf[T ~string, C ~string](field func(*Config) *T, choices ...C) func(*Config, value) error {
	return func(c *Config, v value) error {
		names := make([]string, len(choices))
		for i, choice := range choices {
			names[i] = string(choice)
		}
		if !slices.Contains(names, v.text) {
			return fmt.Errorf("%q is not one of: %s", v.text, strings.Join(names, ", "))
		}
		*field(c) = T(v.text)
		return nil
	}
}

func durationInto(field func(*Config) *time.Duration, lowest, highest time.Duration) func(*Config, value) error {
	return func(c *Config, v value) error {
		d, err := time.ParseDuration(v.text)
		if err != nil || d < lowest || d > highest {
			return fmt.Errorf("%q is not a length of time such as 10s or 2m, up to %s", v.text, ShortDuration(highest))
		}
		*field(c) = d
		return nil
	}
}

func sizeInto(field func(*Config) *int64, lowest, highest int64) func(*Config, value) error {
	return func(c *Config, v value) error {
		n, err := parseScaled(v.text, []unit{
			{"kib", 1 << 10}, {"mib", 1 << 20}, {"gib", 1 << 30},
			{"kb", 1000}, {"mb", 1_000_000}, {"gb", 1_000_000_000},
			{"k", 1000}, {"m", 1_000_000}, {"g", 1_000_000_000}, {"b", 1},
		})
		if err != nil || n < lowest || n > highest {
			return fmt.Errorf("%q is not a size from %s to %s, such as 40MB", v.text, FormatSize(lowest), FormatSize(highest))
		}
		*field(c) = n
		return nil
	}
}

func pixelsInto(field func(*Config) *int64) func(*Config, value) error {
	const lowest, highest = 1_000_000, 1_000_000_000
	return func(c *Config, v value) error {
		n, err := parseScaled(v.text, []unit{{"megapixels", 1_000_000}, {"mp", 1_000_000}})
		if err != nil || n < lowest || n > highest {
			return fmt.Errorf("%q is not a number of pixels from 1MP to 1000MP", v.text)
		}
		*field(c) = n
		return nil
	}
}

type unit struct {
	suffix string
	factor float64
}

// parseScaled reads a number with one of the units behind it, or with none.
func parseScaled(text string, units []unit) (int64, error) {
	number, factor := strings.ToLower(text), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, factor = strings.TrimSpace(rest), u.factor
			break
		}
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, err
	}
	f *= factor
	if math.IsNaN(f) || f < 0 || f > math.MaxInt64/2 {
		return 0, errors.New("out of range")
	}
	return int64(f), nil
}

func FormatSize(n int64) string {
	if n >= 1<<20 && n%(1<<20) == 0 {
		return strconv.FormatInt(n>>20, 10) + "MiB"
	}
	for _, u := range []struct {
		size int64
		name string
	}{{1_000_000_000, "GB"}, {1_000_000, "MB"}, {1000, "kB"}} {
		if n >= u.size {
			return strconv.FormatFloat(math.Round(float64(n)/float64(u.size)*10)/10, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

func rateInto(field func(*Config) *Rate) func(*Config, value) error {
	return func(c *Config, v value) error {
		l, err := community.ParseLimit(v.text)
		*field(c) = Rate{Events: l.Count, Window: l.Window}
		return err
	}
}

// ShortDuration formats 15m0s as 15m.
func ShortDuration(d time.Duration) string { return community.ShortDuration(d) }

func parseBaseURL(c *Config, v value) error {
	if !v.set && c.TLS() {
		v.text = fmt.Sprintf("https://%s:%d", c.TLSDomains[0], c.Port)
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("%q is not an address such as https://photos.example.org", v.text)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return errors.New("may hold a scheme, a host and a port only: the site lives at the root of its host")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.Atoi(p); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("%q has no valid port", v.text)
		}
	}
	// As browsers write it in an origin, or no form would pass the cross-origin check.
	host, err := hostname.Clean(u.Host, u.Scheme)
	if err != nil {
		return fmt.Errorf("%q has no valid host", v.text)
	}
	c.BaseURL = &url.URL{Scheme: u.Scheme, Host: host}
	return nil
}

func parseListenAddr(c *Config, v value) error {
	if !v.set {
		return nil
	}
	host := strings.Trim(v.text, "[]")
	if _, err := netip.ParseAddr(host); err != nil && host != "localhost" {
		if _, _, err := net.SplitHostPort(v.text); err == nil {
			return fmt.Errorf("%q holds a port: the port is PORT's", v.text)
		}
		return fmt.Errorf("%q is not an IP address", v.text)
	}
	c.ListenAddr = host
	return nil
}

func parseContact(c *Config, v value) error {
	if !v.set {
		return nil
	}
	if community.IsContact(v.text) {
		c.Contact = v.text
		return nil
	}
	return fmt.Errorf("%q is neither an e-mail address nor a web address", v.text)
}

func parseLogLevel(c *Config, v value) error {
	switch v.text {
	case "debug":
		c.LogLevel = slog.LevelDebug
	case "info":
		c.LogLevel = slog.LevelInfo
	case "warn":
		c.LogLevel = slog.LevelWarn
	case "error":
		c.LogLevel = slog.LevelError
	default:
		return fmt.Errorf("%q is not one of: debug, info, warn, error", v.text)
	}
	return nil
}

// parseDatabase reads DATABASE_URL. Its errors never quote the value, which
// holds a password.
func parseDatabase(c *Config, v value) (err error) {
	c.Database, err = databaseOf(v)
	return err
}

func parseDatabaseNext(c *Config, v value) error {
	if !v.set {
		return nil
	}
	next, err := databaseOf(v)
	if err == nil {
		c.DatabaseNext = &next
	}
	return err
}

func databaseOf(v value) (Database, error) {
	if path, ok := strings.CutPrefix(v.text, "sqlite:"); ok {
		path = strings.TrimPrefix(path, "//")
		// In what was written, they look like options; a folder may be called what it likes.
		if path == "" || v.set && strings.ContainsAny(path, "?#") {
			return Database{}, errors.New("after sqlite: comes the path of a file, without options")
		}
		if v.set {
			if err := checkPath(path); err != nil {
				return Database{}, fmt.Errorf("the path after sqlite: %w", err)
			}
		}
		path = filepath.Clean(path)
		return Database{Driver: "sqlite", Path: path, URL: v.secret(), display: "sqlite:" + path}, nil
	}
	display, err := checkMySQLURL(v.text)
	if err != nil {
		return Database{}, err
	}
	return Database{Driver: "mysql", URL: v.secret(), display: display}, nil
}

// checkMySQLURL returns the address without its password.
func checkMySQLURL(text string) (display string, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("is not an address; special characters in the password are written %XX")
	}
	if u.Scheme != "mysql" {
		return "", errors.New("begins with neither sqlite: nor mysql://")
	}
	query := u.Query()
	if (u.Hostname() == "" && query.Get("socket") == "") || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" || strings.Contains(strings.Trim(u.Path, "/"), "/") {
		return "", errors.New("is not complete: mysql://user:password@host:3306/name")
	}
	for _, option := range []string{"ca", "socket"} {
		if err := checkPath(query.Get(option)); err != nil {
			return "", fmt.Errorf("has a path in %s= that %w", option, err)
		}
	}
	for option := range query {
		if !slices.Contains(store.MySQLURLOptions, option) {
			return "", fmt.Errorf("takes the options %s only, not %q: the program sets what it needs", strings.Join(store.MySQLURLOptions, ", "), option)
		}
	}
	return "mysql://" + u.User.Username() + ":" + hidden + "@" + u.Host + u.Path, nil
}

// parseReplicas reads DATABASE_REPLICA_URLS.
func parseReplicas(c *Config, v value) (err error) {
	c.Replicas, err = replicasOf(v)
	return err
}

// parseReplicasNext reads DATABASE_REPLICA_URLS_NEXT.
func parseReplicasNext(c *Config, v value) (err error) {
	c.ReplicasNext, err = replicasOf(v)
	return err
}

// replicasOf reads addresses of replicas. Its errors never quote them either.
func replicasOf(v value) (Replicas, error) {
	if !v.set {
		return Replicas{}, nil
	}
	list := Replicas{URLs: v.secret()}
	for i, text := range SplitList(v.text) {
		if !strings.HasPrefix(text, "mysql://") {
			return list, fmt.Errorf("address %d does not begin with mysql:// (a comma in a password is written %%2C)", i+1)
		}
		display, err := checkMySQLURL(text)
		if err != nil {
			return list, fmt.Errorf("address %d %w", i+1, err)
		}
		list.display = append(list.display, display)
	}
	if len(list.display) == 0 {
		return list, errors.New("holds no address")
	}
	return list, nil
}

// SplitList splits a list at its commas and leaves out empty items.
func SplitList(text string) []string {
	var list []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

// parseTLSDomains takes host names as a certificate may hold them: no
// addresses, no ports, and no wildcards, which ACME gives only by DNS.
func parseTLSDomains(c *Config, v value) error {
	if !v.set {
		return nil
	}
	for _, name := range SplitList(v.text) {
		ascii, err := hostname.Clean(name, "")
		switch {
		case strings.Contains(name, "*"):
			return fmt.Errorf("%q: wildcard certificates are not supported; list the names", name)
		case err != nil || strings.ContainsAny(ascii, ":/_[") || !strings.Contains(ascii, ".") || slices.Contains(strings.Split(ascii, "."), ""):
			return fmt.Errorf("%q is not a host name such as photos.example.org", name)
		}
		if _, err := netip.ParseAddr(ascii); err == nil {
			return fmt.Errorf("%q is an address; a certificate is for a name", name)
		}
		if !slices.Contains(c.TLSDomains, ascii) {
			c.TLSDomains = append(c.TLSDomains, ascii)
		}
	}
	if len(c.TLSDomains) > 20 {
		return errors.New("more than 20 names")
	}
	return nil
}

func parseACMEDirectory(c *Config, v value) error {
	u, err := url.Parse(v.text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%q is not an https address of a directory", v.text)
	}
	c.ACMEDirectory = u.String()
	return nil
}

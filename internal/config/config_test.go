package config

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/community"
)

var update = flag.Bool("update", false, "rewrite what is made from the settings")

// load reads settings given as NAME=value.
func load(env ...string) (*Config, error) {
	set := make(map[string]string)
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		set[name] = value
	}
	return Load(func(name string) (string, bool) { v, ok := set[name]; return v, ok }, env)
}

func mustLoad(t *testing.T, env ...string) *Config {
	t.Helper()
	c, err := load(env...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaultsMakeACompleteSite(t *testing.T) {
	c := mustLoad(t)
	if c.Port != 8080 || c.Origin() != "http://localhost:8080" || !c.Loopback() || c.Secure() {
		t.Errorf("address: %d %s", c.Port, c.Origin())
	}
	if c.Database.Driver != "sqlite" || c.Database.Path != filepath.Join("data", "tintype.db") || c.Migrate != "auto" {
		t.Errorf("database: %+v, migrate %s", c.Database, c.Migrate)
	}
	if c.MediaDir != filepath.Join("data", "media") || c.Registration != "open" || c.Visitors != community.VisitorsRead {
		t.Errorf("media %s, registration %s, visitors %s", c.MediaDir, c.Registration, c.Visitors)
	}
	if c.MaxUploadBytes != 40_000_000 || c.MaxPixels != 100_000_000 || !c.KeepOriginals || c.PhotoMemory <= 0 || c.JobWorkers < 1 {
		t.Errorf("photos: %+v", c)
	}
	if c.DrainDelay != 0 || c.ShutdownTimeout != 30*time.Second || c.LoginLimit != (Rate{10, 15 * time.Minute}) {
		t.Errorf("life: %s %s %s", c.DrainDelay, c.ShutdownTimeout, c.LoginLimit)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestDefaultsFollowOtherSettings(t *testing.T) {
	c := mustLoad(t, "PORT=9000", "DATA_DIR=/srv/photos")
	if c.Origin() != "http://localhost:9000" || c.Database.Path != "/srv/photos/tintype.db" || c.MediaDir != "/srv/photos/media" {
		t.Errorf("%s %s %s", c.Origin(), c.Database.Path, c.MediaDir)
	}
	if c = mustLoad(t, "DATA_DIR=/srv/what? 100%/#1"); c.Database.Path != "/srv/what? 100%/#1/tintype.db" {
		t.Errorf("%s", c.Database.Path)
	}
	c = mustLoad(t, "MEDIA_BASE_URL=https://Bücher.example.:443/tintype/", "STATIC_BASE_URL=HTTP://CDN.example/")
	if c.MediaBaseURL != "https://xn--bcher-kva.example/tintype" || c.StaticBaseURL != "http://cdn.example" {
		t.Errorf("%s %s", c.MediaBaseURL, c.StaticBaseURL)
	}
	c = mustLoad(t, "BASE_URL=https://Photos.example:443/", "TRUSTED_PROXIES=1", "DATABASE_URL=mysql://u:p@db/tintype")
	if c.Origin() != "https://photos.example" || !c.Secure() || c.Registration != "invitation" || c.DrainDelay != 10*time.Second || c.Migrate != "wait" {
		t.Errorf("%s %s %s %s", c.Origin(), c.Registration, c.DrainDelay, c.Migrate)
	}
	for _, spelling := range []string{"https://bücher.example", "https://BÜCHER.example.:443/", "https://XN--BCHER-KVA.example."} {
		if c = mustLoad(t, "BASE_URL="+spelling, "TLS_DOMAINS=Bücher.example.,xn--bcher-kva.example", "DATABASE_URL=mysql://u:p@db/tintype"); c.Origin() != "https://xn--bcher-kva.example" ||
			len(c.TLSDomains) != 1 || c.TLSDomains[0] != "xn--bcher-kva.example" {
			t.Errorf("%s: %s %q", spelling, c.Origin(), c.TLSDomains)
		}
	}
	if c = mustLoad(t, "VISITORS=none"); c.Registration != "invitation" {
		t.Errorf("a members-only site takes members by itself: %s", c.Registration)
	}
}

func TestEmptyIsNotSet(t *testing.T) {
	if c := mustLoad(t, "PORT=", "SITE_NAME=  "); c.Port != 8080 || c.SiteName != "Tintype" {
		t.Errorf("%d %q", c.Port, c.SiteName)
	}
}

func TestValuesThatDoNotParse(t *testing.T) {
	for _, bad := range []string{
		"PORT=eighty", "PORT=0", "PORT=65536", "BASE_URL=photos.example", "BASE_URL=ftp://x", "BASE_URL=https://x/sub",
		"BASE_URL=https://u:p@x", "BASE_URL=https://a..b", "BASE_URL=https://a!b", "BASE_URL=https://x:99999", "CONTACT=me", "REGISTRATION=maybe", "VISITORS=write", "MIGRATE=yes",
		"SESSION_STORE=redis", "SESSION_DYNAMODB_TABLE=a b", "MEDIA_STORE=ftp", "MEDIA_S3_BUCKET=A_B", "MEDIA_S3_PREFIX=../x", "MEDIA_S3_ENCRYPTION=rot13",
		"MEDIA_BASE_URL=cdn.example", "MEDIA_BASE_URL=https://c/?x", "STATIC_BASE_URL=ftp://c", "MEDIA_SIGNING_KEY=secret", "STATELESS=maybe", "DATABASE_URL=postgres://u:p@h/n", "DATABASE_URL=sqlite:", "DATABASE_URL=mysql://host/n",
		"DATABASE_URL=mysql://u:p@host/", "DATABASE_URL=mysql://u:p@host/n?parseTime=true", "SECRET_KEY=short", "TRUSTED_PROXIES=-1",
		"MAX_UPLOAD_BYTES=lots", "MAX_UPLOAD_BYTES=1", "MAX_UPLOAD_BYTES=NaN", "MAX_PIXELS=100MB", "PHOTO_MEMORY=1kB", "KEEP_ORIGINALS=perhaps", "LOG_LEVEL=loud",
		"LOG_FORMAT=xml", "DRAIN_DELAY=10", "SHUTDOWN_TIMEOUT=0s", "MAX_IN_FLIGHT=1", "LOGIN_LIMIT=10", "API_LIMIT=0/1m", "UPLOAD_LIMIT=5/never",
		"JOB_WORKERS=0", "LISTEN_ADDR=127.0.0.1:80", "LISTEN_ADDR=host.example", "SITE_NAME=" + strings.Repeat("x", 61),
	} {
		name, _, _ := strings.Cut(bad, "=")
		_, err := load(bad)
		if err == nil {
			t.Errorf("%s was accepted", bad)
		} else if !strings.HasPrefix(err.Error(), name+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q, want one line that begins with the name", bad, err)
		}
	}
}

func TestAllErrorsComeTogether(t *testing.T) {
	_, err := load("PORT=x", "LOG_LEVEL=loud", "DATABSE_URL=y", "LISTEN_ADDR=0.0.0.0")
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"PORT: ", "LOG_LEVEL: ", "DATABSE_URL is not a setting: did you mean DATABASE_URL?", "LISTEN_ADDR=0.0.0.0 contradicts BASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 4 {
		t.Errorf("%d errors, want 4:\n%v", n, err)
	}
}

func TestContradictions(t *testing.T) {
	for _, env := range [][]string{
		{"LISTEN_ADDR=0.0.0.0"},
		{"MIGRATE=wait"},
		{"VISITORS=none", "REGISTRATION=open", "BASE_URL=https://photos.example"},
		{"SECRET_KEY=" + strings.Repeat("k", 32), "SECRET_KEY_FILE=/nowhere"},
		{"SESSION_DYNAMODB_TABLE=sessions"},
		{"SESSION_STORE=dynamodb"},
		{"MEDIA_S3_BUCKET=photos"},
		{"MEDIA_STORE=s3"},
		{"MEDIA_S3_REDIRECT=true"},
		{"MEDIA_SIGNING_KEY_ID=K1", "MEDIA_BASE_URL=https://cdn.example"},
		{"MEDIA_CDN_DISTRIBUTION_ID=E1"},
		{"ROLES=web"},
		{"ROLES=worker"},
		{"DATABASE_REPLICA_URLS=mysql://u:p@db/tintype"},
	} {
		if _, err := load(env...); err == nil || !strings.Contains(err.Error(), strings.Split(env[0], "=")[0]) {
			t.Errorf("%v: %v", env, err)
		}
	}
	if _, err := load("LISTEN_ADDR=0.0.0.0", "REGISTRATION=open"); err != nil {
		t.Errorf("a container's way: %v", err)
	}
	if _, err := load("LISTEN_ADDR=127.0.0.1", "BASE_URL=https://photos.example"); err != nil {
		t.Error(err)
	}
}

// R1: what would live on the instance alone is said all at once.
func TestStatelessNamesAllThatIsMissing(t *testing.T) {
	_, err := load("STATELESS=true")
	for _, want := range []string{"BASE_URL", "DATABASE_URL", "MEDIA_STORE=s3", "MEDIA_S3_BUCKET", "SECRET_KEY"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	env := []string{
		"STATELESS=true", "BASE_URL=https://photos.example", "DATABASE_URL=mysql://u:p@db/tintype", "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos",
		"SECRET_KEY=" + strings.Repeat("k", 32),
	}
	mustLoad(t, env...)
	for i := range env[1:] {
		if _, err := load(slices.Delete(slices.Clone(env), i+1, i+2)...); err == nil {
			t.Errorf("accepted without %s", env[i+1])
		}
	}
}

func TestPlainHTTPIsAllowedAndWarnedOf(t *testing.T) {
	c := mustLoad(t, "BASE_URL=http://photos.example")
	if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "plain http") {
		t.Errorf("%q", c.Warnings)
	}
}

func TestMisspelledNames(t *testing.T) {
	for name, want := range map[string]string{
		"POTR": "PORT", "PRT": "PORT", "BASE_URLS": "BASE_URL", "DATABSE_ULR": "DATABASE_URL", "base_url": "BASE_URL",
		"TRUSTED_PROXYS": "TRUSTED_PROXIES", "REGISTRATON": "REGISTRATION", "SECRET_KEY_FIEL": "SECRET_KEY_FILE", "MAX_UPLOAD_BYTE": "MAX_UPLOAD_BYTES",
		"BSAE_ULR": "", // two edits in a name of eight letters
		"PATH":     "",
	} {
		_, err := load(name + "=1")
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want != "" && (err == nil || err.Error() != fmt.Sprintf("%s is not a setting: did you mean %s?", name, want)):
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// Variables of other programs, as they stand on real machines.
func TestOtherProgramsVariablesAreLeftAlone(t *testing.T) {
	common := slices.Concat(notOurs, strings.Fields(`
		PATH HOME USER SHELL TERM LANG LC_ALL PWD OLDPWD LOGNAME MAIL EDITOR VISUAL DISPLAY TMPDIR TZ HOSTNAME SHLVL PS1 PAGER
		XDG_RUNTIME_DIR XDG_DATA_DIRS XDG_CONFIG_DIRS XDG_SESSION_ID XDG_SESSION_TYPE DBUS_SESSION_BUS_ADDRESS SSH_AUTH_SOCK SSH_CONNECTION
		INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS LISTEN_PID MAINPID CREDENTIALS_DIRECTORY STATE_DIRECTORY
		KUBERNETES_SERVICE_HOST KUBERNETES_PORT TINTYPE_PORT TINTYPE_SERVICE_PORT HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy no_proxy
		AWS_REGION AWS_PROFILE AWS_DEFAULT_REGION GOPATH GOROOT GOCACHE GOMEMLIMIT GOMAXPROCS CGO_ENABLED CI DEBIAN_FRONTEND
		REDIS_URL DATABASE_HOST DATABASE_NAME DB_URL LOG_DIR SITE_ID`))
	var env []string
	for _, name := range common {
		env = append(env, name+"=1")
	}
	if _, err := load(env...); err != nil {
		t.Error(err)
	}
	// Each exception is needed, or is a name that the plan lists.
	planned := []string{"HOST", "CORS", "SESSION_MANAGER", "CACHE_TTL", "SITE_URL"}
	for _, name := range notOurs {
		if nearest(name, Names()) == "" && !slices.Contains(planned, name) {
			t.Errorf("%s is nowhere near a setting and needs no exception", name)
		}
	}
}

func TestSettingsDoNotLookMisspelledThemselves(t *testing.T) {
	for _, name := range Names() {
		if errs := misspelled([]string{name + "=x"}); len(errs) > 0 {
			t.Error(errs)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"PORT", "PORT", 0}, {"PROT", "PORT", 1}, {"PORTS", "PORT", 1}, {"ORT", "PORT", 1}, {"FORT", "PORT", 1}, {"HOST", "PORT", 2}, {"AB", "", 2}} {
		if got := edits(c.a, c.b); got != c.want {
			t.Errorf("edits(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

const testPassword = "hunter2-very-secret"

func TestSecretsNeverShow(t *testing.T) {
	key := strings.Repeat("deadbeef", 4)
	c := mustLoad(t, "DATABASE_URL=mysql://site:"+testPassword+"@db.example:3306/tintype", "SECRET_KEY="+key,
		"DATABASE_REPLICA_URLS=mysql://reader:"+testPassword+"@db.example:3307/tintype", "CACHE_URL=redis://:"+testPassword+"@cache.example")
	var text, data, logged bytes.Buffer
	if err := c.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteJSON(&data); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("x", "database", c.Database, "key", c.SecretKey, "config", c)
	whole, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	formatted := fmt.Sprintf("%v %+v %#v %s", c.SecretKey, c.SecretKey, c.SecretKey, c.Database.URL) + fmt.Sprintf("%v %+v %#v", c, c, c)
	for where, out := range map[string]string{"config": text.String(), "config --json": data.String(), "log": logged.String(), "json": string(whole), "fmt": formatted} {
		if strings.Contains(out, testPassword) || strings.Contains(out, key) {
			t.Errorf("%s shows a secret:\n%s", where, out)
		}
	}
	if !strings.Contains(text.String(), "DATABASE_URL=mysql://site:(hidden)@db.example:3306/tintype\n") {
		t.Errorf("the rest of the address is gone:\n%s", text.String())
	}
	if !json.Valid(data.Bytes()) {
		t.Errorf("not JSON:\n%s", data.String())
	}
	// Errors are shown to people, too.
	for _, bad := range []string{"mysql://u:" + testPassword + "@h", "mysql://u:" + testPassword + "%zz@h/n", testPassword} {
		if _, err := load("DATABASE_URL=" + bad); err == nil || strings.Contains(err.Error(), testPassword) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestSecretFilesAsPeopleWriteThem(t *testing.T) {
	first, second := strings.Repeat("a", 32), strings.Repeat("b", 32)
	for name, content := range map[string]string{
		"commas": first + "," + second, "one a line": first + "\n" + second + "\n", "both": first + ",\n" + second, "from Windows": "\ufeff" + first + "\r\n" + second + "\r\n",
	} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		keys, err := mustLoad(t, "SECRET_KEY_FILE="+file).SigningKeys(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := keys.Now(); len(got) != 2 || string(got[0]) != first || string(got[1]) != second {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, content := range map[string]string{
		"UTF-16": "\xff\xfe" + strings.Repeat("a\x00", 32), "bytes": strings.Repeat("\xfe", 32), "a short line": first + "\nshort\n", "a blank line between": first + ",\n\n" + second,
	} {
		file := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load("SECRET_KEY_FILE=" + file); err == nil || strings.Contains(err.Error(), first) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecretFromFileIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("mysql://u:"+password+"@h/n\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	c := mustLoad(t, "DATABASE_URL_FILE="+file)
	if got, err := c.Database.URL.Value(context.Background()); err != nil || got != "mysql://u:first@h/n" {
		t.Fatalf("%q, %v", got, err)
	}
	write("second")
	if got, err := c.Database.URL.Value(context.Background()); err != nil || got != "mysql://u:second@h/n" {
		t.Fatalf("%q, %v", got, err)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Database.URL.Value(context.Background()); err == nil {
		t.Errorf("an empty file gave %q", got)
	}
	if _, err := load("DATABASE_URL_FILE=" + filepath.Join(t.TempDir(), "missing")); err == nil || !strings.HasPrefix(err.Error(), "DATABASE_URL_FILE: ") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSecretKeyIsGeneratedOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	found := make([]string, 16)
	var group sync.WaitGroup
	for i := range found {
		c := mustLoad(t, "DATA_DIR="+dir) // each as a process of its own
		group.Go(func() {
			keys, err := c.SigningKeys(context.Background(), slog.Default())
			if err != nil || len(keys.Now()) != 1 {
				t.Errorf("%+v, %v", keys, err)
				return
			}
			found[i] = string(keys.Now()[0])
		})
	}
	group.Wait()
	if distinct := slices.Compact(slices.Sorted(slices.Values(found))); len(distinct) != 1 || len(distinct[0]) != 64 {
		t.Fatalf("%d different keys", len(distinct))
	}
	info, err := os.Stat(filepath.Join(dir, "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestConfigurationDocumentation(t *testing.T) {
	for name, want := range map[string]string{"docs/configuration.md": settingsDoc(), "deploy/single/tintype.env": settingsEnvFile()} {
		file := filepath.Join("..", "..", filepath.FromSlash(name))
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s is not what the settings say: run go generate ./internal/config", name)
		}
	}
}

func TestHelpNamesEverySetting(t *testing.T) {
	help := Help()
	names := make(map[string]bool)
	for _, s := range settings {
		if names[s.name] {
			t.Errorf("%s stands twice in the table", s.name)
		}
		names[s.name] = true
		if !strings.Contains(help, "\n  "+s.name+" (") || s.help == "" {
			t.Errorf("no help for %s", s.name)
		}
	}
	if c := mustLoad(t); !maps.EqualFunc(names, c.shown, func(bool, shownValue) bool { return true }) {
		t.Error("tintype config does not show exactly the settings")
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"40MB": 40_000_000, "40mb": 40_000_000, "40 MB": 40_000_000, "40M": 40_000_000, "40MiB": 40 << 20, "41943040": 41943040, "1.5GB": 0, "0.5GB": 500_000_000} {
		c, err := load("MAX_UPLOAD_BYTES=" + text)
		if want == 0 {
			if err == nil {
				t.Errorf("%s was accepted", text)
			}
			continue
		}
		if err != nil || c.MaxUploadBytes != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestTLSDomainsMakeTheAddress(t *testing.T) {
	c := mustLoad(t, "TLS_DOMAINS=Photos.example, www.photos.example.,photos.example")
	if c.Port != 443 || c.HTTPPort != 80 || c.Origin() != "https://photos.example" || !c.TLS() || !slices.Equal(c.TLSDomains, []string{"photos.example", "www.photos.example"}) {
		t.Errorf("%d %d %s %q", c.Port, c.HTTPPort, c.Origin(), c.TLSDomains)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
	if c := mustLoad(t, "TLS_DOMAINS=photos.example", "PORT=8443"); c.Origin() != "https://photos.example:8443" {
		t.Errorf("%s", c.Origin())
	}
	for _, env := range [][]string{
		{"TLS_DOMAINS=*.photos.example"}, {"TLS_DOMAINS=photos..example"}, {"TLS_DOMAINS=.photos.example"}, {"TLS_DOMAINS=192.0.2.1"}, {"TLS_DOMAINS=photos.example:443"}, {"TLS_DOMAINS=localhost"}, {"TLS_DOMAINS=https://photos.example"},
		{"TLS_DOMAINS=photos.example", "BASE_URL=http://photos.example"}, {"TLS_DOMAINS=photos.example", "BASE_URL=https://other.example"},
		{"TLS_DOMAINS=photos.example", "HTTP_PORT=443"}, {"ACME_DIRECTORY_URL=http://ca.example/dir"},
		{"STATELESS=true", "TLS_DOMAINS=photos.example", "BASE_URL=https://photos.example", "DATABASE_URL=mysql://u:p@db/n", "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=photos", "SECRET_KEY=" + strings.Repeat("k", 32)},
	} {
		if _, err := load(env...); err == nil {
			t.Errorf("%q is accepted", env)
		}
	}
}

// A person's command says what it has to say, and does not bury it under what a server logs.
func TestCommandsLogOnlyWhatIsOutOfTheOrdinary(t *testing.T) {
	for level, want := range map[string]string{"": "WARN", "info": "INFO", "error": "ERROR"} {
		env := []string{"LOG_LEVEL=" + level}
		if level == "" {
			env = nil
		}
		c := mustLoad(t, env...)
		if got := c.Quiet().LogLevel.String(); got != want {
			t.Errorf("%q: %s", level, got)
		}
		if level == "" && c.LogLevel.String() != "INFO" {
			t.Error("the server's own level has changed")
		}
	}
}

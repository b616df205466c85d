// Package asg holds tests alone: of the Terraform that stands beside them, and of what it tells the program.
package asg

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/config"
	"tintype/internal/servertest"
	"tintype/internal/web"
)

// mirror is a folder with the AWS provider as `terraform providers mirror` makes it, or skips the test.
func mirror(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TERRAFORM_MIRROR")
	if dir == "" {
		servertest.Without(t, "terraform", "TERRAFORM_MIRROR is no folder with the AWS provider, as `terraform providers mirror` makes it")
	}
	return dir
}

// terraform is a copy of this folder with what runs commands in it. Nothing is written where the sources are.
func terraform(t *testing.T) func(args ...string) (stdout []byte, err error) {
	t.Helper()
	tool := servertest.Tool(t, "terraform", "developer.hashicorp.com/terraform, or OpenTofu under that name")
	cli := filepath.Join(t.TempDir(), "terraformrc")
	text := "provider_installation {\n  filesystem_mirror {\n    path = \"" + mirror(t) + "\"\n  }\n}\n"
	if err := os.WriteFile(cli, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if strings.HasPrefix(d.Name(), ".") && path != "." {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(dir, path), 0o755)
		}
		if strings.HasPrefix(d.Name(), ".") || strings.HasSuffix(path, ".tfvars") {
			return nil // somebody's own state or settings
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(args ...string) ([]byte, error) {
		var stdout, stderr bytes.Buffer
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Dir, c.Stdout, c.Stderr = dir, &stdout, &stderr
		c.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+cli, "TF_DATA_DIR="+filepath.Join(dir, ".terraform"), "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "TF_CLI_ARGS=")
		err := c.Run()
		if err != nil {
			t.Logf("%s %s: %v\n%s", filepath.Base(tool), strings.Join(args, " "), err, stderr.Bytes())
		}
		return stdout.Bytes(), err
	}
}

func TestTerraformIsFormatted(t *testing.T) {
	tool := servertest.Tool(t, "terraform", "developer.hashicorp.com/terraform, or OpenTofu under that name")
	if out, err := exec.CommandContext(t.Context(), tool, "fmt", "-check", "-diff", "-recursive", ".").CombinedOutput(); err != nil {
		t.Errorf("terraform fmt -recursive would change:\n%s", out)
	}
}

// What `terraform test` prints of one run, as far as it is looked at here.
type event struct {
	Message string `json:"@message"`
	Run     string `json:"@testrun"`
	Type    string `json:"type"`
	Test    struct {
		Status string `json:"status"`
	} `json:"test_run"`
	Diagnostic struct {
		Summary, Detail, Severity string
	} `json:"diagnostic"`
	State struct {
		Outputs map[string]struct {
			Value json.RawMessage `json:"value"`
		} `json:"outputs"`
	} `json:"test_state"`
}

// TestRungs plans and applies the rungs against a mocked AWS (tests/rungs.tftest.hcl), and has the program read the
// settings that come out.
func TestRungs(t *testing.T) {
	run := terraform(t)
	for _, args := range [][]string{{"init", "-backend=false", "-input=false", "-no-color"}, {"validate", "-no-color"}} {
		if out, err := run(args...); err != nil {
			t.Fatalf("terraform %s:\n%s", args[0], out)
		}
	}
	servertest.OneOf(t, 5, 6) // what follows takes minutes
	out, err := run("test", "-json", "-verbose")
	passed := 0
	environments := map[string]map[string]map[string]string{}
	for line := range bytes.Lines(out) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		switch {
		case e.Diagnostic.Severity == "error":
			t.Errorf("%s: %s\n%s", e.Run, e.Diagnostic.Summary, e.Diagnostic.Detail)
		case e.Type == "test_run" && e.Test.Status == "pass":
			passed++
		case e.Type == "test_state":
			var environment map[string]map[string]string
			if err := json.Unmarshal(e.State.Outputs["environment"].Value, &environment); err != nil {
				t.Fatal(err)
			}
			environments[e.Run] = environment
		}
	}
	if err != nil || passed == 0 {
		t.Fatalf("%d runs passed: %v", passed, err)
	}
	servesWhatTerraformWrote(t, environments["rung_8_applied"]["web"])
	for run, roles := range map[string][]string{
		"rung_2_applied": {"ops", "web"}, "rung_3_applied": {"ops", "web"}, "rung_6_applied": {"ops", "web"},
		"rung_7_applied": {"ops", "web", "worker"}, "rung_8_applied": {"ops", "web", "worker"},
		"move_begun": {"ops", "web"}, "move_over": {"ops", "web"},
	} {
		for _, role := range roles {
			t.Run(run+" "+role, func(t *testing.T) { readSettings(t, environments[run][role]) })
		}
	}
}

// readSettings has the program read an environment, as an instance would once its references are resolved.
func readSettings(t *testing.T, environment map[string]string) {
	if len(environment) < 10 {
		t.Fatalf("the environment is %v", environment)
	}
	values := map[string]string{}
	var environ []string
	for name, value := range environment {
		if reference, ok := strings.CutPrefix(value, "secretsmanager:"); ok {
			key := name
			switch name { // of the other database
			case "DATABASE_NEXT":
				key = "DATABASE_URL"
			case "DATABASE_REPLICA_URLS_NEXT":
				key = "DATABASE_REPLICA_URLS"
			}
			if !regexp.MustCompile(`^arn:aws:secretsmanager:[a-z0-9-]+:\d{12}:secret:[\w/-]+#` + key + `$`).MatchString(reference) {
				t.Errorf("%s refers to %s", name, value)
			}
			value = secrets[name]
		}
		if value == "" {
			t.Errorf("%s is empty", name)
		}
		values[name] = value
		environ = append(environ, name+"="+value)
	}
	cfg, err := config.Load(func(name string) (string, bool) { v, ok := values[name]; return v, ok }, environ)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Unknown) > 0 || len(cfg.Warnings) > 0 {
		t.Errorf("not settings: %v; warnings: %v", cfg.Unknown, cfg.Warnings)
	}
	if !cfg.Stateless || !cfg.Secure() || cfg.Loopback() {
		t.Errorf("stateless %v, address %s", cfg.Stateless, cfg.Origin())
	}
	if n := cfg.MySQLConns(); n < 3 {
		t.Errorf("%d connections for each process", n)
	}
}

// servesWhatTerraformWrote has the program itself find these settings as an instance does: by one line, at a Parameter
// Store and a Secrets Manager.
func servesWhatTerraformWrote(t *testing.T, environment map[string]string) {
	vault := servertest.Vault(t)
	app := map[string]string{}
	for name, value := range environment {
		vault.SetParameter("/photos/web/"+name, value)
		if reference, ok := strings.CutPrefix(value, "secretsmanager:"); ok {
			id, key, _ := strings.Cut(reference, "#")
			app[key] = secrets[key]
			text, err := json.Marshal(app)
			if err != nil {
				t.Fatal(err)
			}
			vault.SetSecret(id, string(text))
		}
	}
	program := servertest.NewTintype(t, append(vault.Env(), "SETTINGS=ssm:/photos/web/", "AWS_REGION=eu-central-1", "PORT=8080", "LOG_FORMAT=json")...)
	out, text, err := program.Command("config", "--json")
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	var shown struct {
		Settings []struct {
			Name, Value     string
			Default, Secret bool
		}
	}
	if err := json.Unmarshal([]byte(out), &shown); err != nil {
		t.Fatal(err)
	}
	for _, s := range shown.Settings {
		want, ok := environment[s.Name]
		if ok && s.Default {
			t.Errorf("%s is not read", s.Name)
		}
		if ok && !s.Secret && s.Value != want {
			t.Errorf("%s is %q, and was written as %q", s.Name, s.Value, want)
		}
	}
}

// What release.sh secrets would put where references lead.
var secrets = map[string]string{
	"DATABASE_URL":               "mysql://tintype:x@photos.cluster-abc.eu-central-1.rds.amazonaws.com:3306/tintype?tls=true",
	"DATABASE_REPLICA_URLS":      "mysql://tintype_reader:x@photos.cluster-ro-abc.eu-central-1.rds.amazonaws.com:3306/tintype?tls=true",
	"DATABASE_NEXT":              "mysql://tintype:x@photos-b.cluster-abc.eu-central-1.rds.amazonaws.com:3306/tintype?tls=true",
	"DATABASE_REPLICA_URLS_NEXT": "mysql://tintype_reader:x@photos-b.cluster-ro-abc.eu-central-1.rds.amazonaws.com:3306/tintype?tls=true",
	"SECRET_KEY":                 strings.Repeat("x", 64),
	"MEDIA_SIGNING_KEY":          signingKey(),
}

func signingKey() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// Every setting that settings.tf names is one, also where there is no Terraform to ask.
func TestSettingsExist(t *testing.T) {
	doc := read(t, "../../docs/configuration.md")
	found := regexp.MustCompile(`(?m)^\s+\{?\s*([A-Z][A-Z0-9_]+)\s+=`).FindAllStringSubmatch(read(t, "settings.tf"), -1)
	if len(found) < 20 {
		t.Fatalf("settings.tf names %d settings", len(found))
	}
	for _, m := range found {
		if !strings.Contains(doc, "| `"+m[1]+"`") {
			t.Errorf("%s is no setting", m[1])
		}
	}
}

// The table is the one that the program would make.
func TestSessionTable(t *testing.T) {
	source, table := read(t, "../../internal/session/dynamodb.go"), read(t, "modules/sessions/main.tf")
	for constant, where := range map[string]string{"attrAccount": `hash_key\s+= "%"`, "attrHash": `range_key\s+= "%"`, "attrTTL": `attribute_name = "%"`} {
		m := regexp.MustCompile(`(?m)^\s*` + constant + `\s*= "(\w+)"$`).FindStringSubmatch(source)
		if m == nil {
			t.Fatalf("internal/session does not say what %s is", constant)
		}
		if !regexp.MustCompile(strings.Replace(where, "%", m[1], 1)).MatchString(table) {
			t.Errorf("the table's %s is not %s", constant, m[1])
		}
	}
}

// listIn returns a list of modules/cdn, as it is written between its brackets.
func listIn(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\s*` + name + `\s*= \[(.*)\]$`).FindStringSubmatch(read(t, "modules/cdn/main.tf"))
	if m == nil {
		t.Fatalf("modules/cdn has no list of %s", name)
	}
	return m[1]
}

// CloudFront sends pages only the parameters that it also keeps them by: the list has to hold all that pages read.
func TestPageQueries(t *testing.T) {
	var listed []string
	for _, name := range strings.Split(listIn(t, "page_queries"), ",") {
		listed = append(listed, strings.Trim(name, ` "`))
	}
	used := map[string]bool{}
	files, err := filepath.Glob("../../internal/web/pages/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no pages", err)
	}
	var everything []string // where each parameter is sent
	for _, path := range strings.Split(listIn(t, "dynamic_paths"), ",") {
		everything = append(everything, strings.TrimSuffix(strings.Trim(path, ` "`), "*"))
	}
	asked, route := regexp.MustCompile(`Query(?:Array)?\("(\w+)"\)`), regexp.MustCompile(`\br\.[A-Z]\w*\(http\.Method\w+, "([^"]*)"`)
	for _, file := range files {
		base := filepath.Base(file)
		if strings.HasSuffix(base, "_test.go") {
			continue
		}
		source := read(t, file)
		// Photos, streams, OAuth, oEmbed and the administration have paths of their own, where everything is sent.
		if strings.HasPrefix(base, "admin_") || slices.Contains([]string{"admin.go", "live.go", "media.go", "oauth.go", "oembed.go", "status.go"}, base) {
			for _, m := range route.FindAllStringSubmatch(source, -1) {
				sent := func(prefix string) bool { return strings.HasPrefix(m[1], prefix) }
				if m[1] != "/admin" && !slices.ContainsFunc(everything, sent) { // which reads none
					t.Errorf("%s has %s, which is not beneath dynamic_paths", base, m[1])
				}
			}
			continue
		}
		for _, m := range asked.FindAllStringSubmatch(source, -1) {
			used[m[1]] = true
		}
	}
	for name := range used {
		if !slices.Contains(listed, name) {
			t.Errorf("pages read ?%s=, which CloudFront would not send: add it to page_queries", name)
		}
	}
	for _, name := range listed {
		if !used[name] {
			t.Errorf("no page reads ?%s=: take it out of page_queries", name)
		}
	}
	if !slices.IsSorted(listed) {
		t.Error("page_queries is not sorted")
	}
	if len(listed) > 10 {
		t.Errorf("an account's CloudFront takes 10 parameters in a policy unless AWS is asked for more, and these are %d", len(listed))
	}
}

// The firewall takes a path for a log-in where the site does: /log%69n is /login.
func TestFirewallReadsPathsAsTheSiteDoes(t *testing.T) {
	rules := read(t, "modules/firewall/main.tf")
	m := regexp.MustCompile(`(?s)regex_string = "([^"]+)"(.*?)\n              }`).FindStringSubmatch(rules)
	if m == nil {
		t.Fatal("no rule for log-ins")
	}
	var steps []string
	for _, step := range regexp.MustCompile(`priority = (\d)\s+type     = "(\w+)"`).FindAllStringSubmatch(m[2], -1) {
		steps = append(steps, step[1]+" "+step[2])
	}
	if want := []string{"0 URL_DECODE", "1 NORMALIZE_PATH", "2 LOWERCASE"}; !slices.Equal(steps, want) {
		t.Errorf("a path is read by %q, want %q", steps, want)
	}
	logIn := regexp.MustCompile(m[1])
	// What else strangers send that costs a hash, a mail or a row.
	costly := []string{"/forgot-password", "/mail/:token", "/api/v1/apps"}
	posts := regexp.MustCompile(`(?m)^POST +(/\S*)`).FindAllStringSubmatch(read(t, "../../internal/app/testdata/routes.txt"), -1)
	bounded := 0
	for _, post := range posts {
		want := web.IsLogIn(http.MethodPost, post[1]) || slices.Contains(costly, post[1])
		if want {
			bounded++
		}
		for _, path := range []string{post[1], post[1] + "/", post[1] + "//"} {
			if logIn.MatchString(path) != want {
				t.Errorf("%s: a log-in %v", path, !want)
			}
		}
	}
	if bounded < 12 {
		t.Errorf("%d routes are bounded", bounded)
	}
	for _, path := range []string{"/", "/log", "/login2", "/api/v1/accounts/1/follow", "/api/v1/apps2", "/@login"} {
		if logIn.MatchString(path) {
			t.Errorf("%s is taken for a log-in", path)
		}
	}
}

// What goes while something else still leads to it has to go last: the site's name leads to the distribution, which
// trusts a key group and asks a firewall (AWS refuses to delete either), and routes lead to a NAT. Terraform destroys
// first unless it is told otherwise.
func TestWhatGoesLast(t *testing.T) {
	for resource, module := range map[string]string{
		"aws_cloudfront_distribution": "cdn", "aws_cloudfront_key_group": "cdn", "aws_cloudfront_public_key": "cdn",
		"aws_wafv2_web_acl": "firewall", "aws_nat_gateway": "network",
	} {
		m := regexp.MustCompile(`(?ms)^resource "` + resource + `" .*?^}$`).FindString(read(t, "modules/"+module+"/main.tf"))
		if !regexp.MustCompile(`(?m)^    create_before_destroy = true`).MatchString(m) {
			t.Errorf("%s has no create_before_destroy", resource)
		}
	}
}

// The provider's instance_refresh moves the group to the new version before it begins, so that a refresh which AWS rolls
// back leads to the new version again. release.sh refresh begins ours, and Terraform leaves the group's version alone.
func TestRefreshCanRollBack(t *testing.T) {
	group := read(t, "modules/group/main.tf")
	if regexp.MustCompile(`(?m)^\s*instance_refresh\s*\{`).MatchString(group) {
		t.Error("Terraform refreshes the group by itself")
	}
	if !regexp.MustCompile(`ignore_changes = \[.*\blaunch_template\b.*\]`).MatchString(group) {
		t.Error("Terraform moves the group to the new version")
	}
}

// The cookie by which CloudFront tells members from visitors is the session's.
func TestSessionCookie(t *testing.T) {
	m := regexp.MustCompile(`return "(__Host-\w+)"`).FindStringSubmatch(read(t, "../../internal/session/store.go"))
	if m == nil || !strings.Contains(read(t, "modules/cdn/main.tf"), `session_cookie = "`+m[1]+`"`) {
		t.Errorf("the session's cookie is %v", m)
	}
}

// What is counted in CloudWatch is what the access log writes, and gauges are the program's.
func TestMetricsExist(t *testing.T) {
	log, watch := read(t, "../../internal/web/accesslog.go"), read(t, "modules/watch/main.tf")
	for _, m := range regexp.MustCompile(`\$\.(\w+)`).FindAllStringSubmatch(watch, -1) {
		if m[1] != "msg" && !strings.Contains(log, `("`+m[1]+`"`) {
			t.Errorf("the access log has no field %s", m[1])
		}
	}
	if !strings.Contains(log, `"request", attrs`) {
		t.Error("the access log's message is not request")
	}
	metrics := read(t, "../../internal/app/metrics.go")
	for _, file := range []string{"modules/watch/alarms.tf", "modules/watch/dashboard.tf", "modules/group/scaling.tf", "../ami/files/agent.json"} {
		for _, m := range regexp.MustCompile(`tintype_([a-z_]+)`).FindAllStringSubmatch(read(t, file), -1) {
			if !strings.Contains(metrics, `("`+m[1]+`"`) && !strings.Contains(metrics, `"tintype_`+m[1]+`"`) {
				t.Errorf("%s: the program has no metric tintype_%s", file, m[1])
			}
		}
	}
	routes := read(t, "../../internal/web/pages/compose.go") + read(t, "../../internal/web/pages/pages.go")
	for _, path := range []string{"/compose", "/compose/photos", "/live"} {
		if !strings.Contains(routes, `"`+path+`"`) || !strings.Contains(watch, path) {
			t.Errorf("%s is not counted, or no route", path)
		}
	}
}

func TestLint(t *testing.T) {
	tool := servertest.Tool(t, "tflint", "go build -C tools/tflint -o FOLDER-IN-YOUR-PATH/tflint github.com/terraform-linters/tflint")
	rules := servertest.Tool(t, "tflint-ruleset-aws", "go build -C tools/tflint -o FOLDER-IN-YOUR-PATH/tflint-ruleset-aws github.com/terraform-linters/tflint-ruleset-aws")
	config, err := filepath.Abs(".tflint.hcl")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), tool, "--recursive", "--no-color", "--config", config)
	c.Env = append(os.Environ(), "TFLINT_PLUGIN_DIR="+filepath.Dir(rules), "TFLINT_DISABLE_VERSION_CHECK=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

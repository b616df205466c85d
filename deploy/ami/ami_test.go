// Package ami holds tests alone: of the image's template, and of what the image is made of.
package ami

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tintype/internal/servertest"
)

func TestPacker(t *testing.T) {
	tool := servertest.Tool(t, "packer", "go build -C tools/packer -o FOLDER-IN-YOUR-PATH/packer github.com/hashicorp/packer")
	plugin := servertest.Tool(t, "packer-plugin-amazon", "go build -C tools/packer -o FOLDER-IN-YOUR-PATH/packer-plugin-amazon github.com/hashicorp/packer-plugin-amazon")
	dir := t.TempDir()
	bundle := filepath.Join(dir, "bundle")
	for _, name := range []string{"provision.sh", "tintype-arm64", "tintype-amd64", "single/tintype.service", "files/boot"} {
		file := filepath.Join(bundle, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	packer := func(args ...string) (string, error) {
		c := exec.CommandContext(t.Context(), tool, args...)
		c.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "PACKER_PLUGIN_PATH="+filepath.Join(dir, "plugins"), "PACKER_CONFIG_DIR="+dir)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	if out, err := packer("fmt", "-check", "-diff", "."); err != nil {
		t.Errorf("packer fmt would change:\n%s", out)
	}
	if out, err := packer("plugins", "install", "--path", plugin, "github.com/hashicorp/amazon"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := packer("validate", "-var", "region=eu-central-1", "-var", "version=1.0.0", "-var", "bundle="+bundle, "."); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	// It does look: a bundle that is not there is an error.
	if out, err := packer("validate", "-var", "region=eu-central-1", "-var", "version=1.0.0", "-var", "bundle="+filepath.Join(dir, "none"), "."); err == nil {
		t.Errorf("a bundle that is not there is fine:\n%s", out)
	}
}

// The agent's configuration is JSON, and what boot fills in is in it.
func TestAgentConfiguration(t *testing.T) {
	data, err := os.ReadFile("files/agent.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) {
		t.Error("agent.json is no JSON")
	}
	boot, err := os.ReadFile("files/boot")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"@SITE@", "@ROLE@"} {
		if !strings.Contains(string(data), name) || !strings.Contains(string(boot), name) {
			t.Errorf("%s is not filled in", name)
		}
	}
}

// The agent sends what alarms, dashboard and scaling look at, from where the site writes it.
func TestTheAgentSendsWhatIsLookedAt(t *testing.T) {
	read := func(paths ...string) string {
		t.Helper()
		var all strings.Builder
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
		return all.String()
	}
	var agent struct {
		Agent struct {
			User string `json:"run_as_user"`
		}
		Logs struct {
			Collected struct {
				Files struct {
					List []struct {
						Path  string `json:"file_path"`
						Group string `json:"log_group_name"`
					} `json:"collect_list"`
				}
			} `json:"logs_collected"`
			Metrics struct {
				Prometheus struct {
					Config    string `json:"prometheus_config_path"`
					Processor struct {
						Namespace    string `json:"metric_namespace"`
						Declarations []struct {
							Dimensions [][]string
							Selectors  []string `json:"metric_selectors"`
						} `json:"metric_declaration"`
					} `json:"emf_processor"`
				}
			} `json:"metrics_collected"`
		}
		Metrics struct{ Namespace string }
	}
	if err := json.Unmarshal([]byte(read("files/agent.json")), &agent); err != nil {
		t.Fatal(err)
	}
	watching, err := filepath.Glob("../asg/modules/*/*.tf")
	if err != nil || len(watching) < 20 {
		t.Fatalf("%d files, %v", len(watching), err)
	}
	terraform := read(watching...)
	p := agent.Logs.Metrics.Prometheus
	if len(p.Processor.Declarations) != 1 || len(agent.Logs.Collected.Files.List) != 1 {
		t.Fatalf("%+v", agent)
	}
	sent := p.Processor.Declarations[0]
	named := regexp.MustCompile(`tintype_jobs_[a-z_]+`).FindAllString(terraform, -1)
	if len(named) < 4 {
		t.Errorf("Terraform names %q", named)
	}
	for _, name := range named {
		if !slices.Contains(sent.Selectors, "^"+name+"$") {
			t.Errorf("something looks at %s, which the agent does not send", name)
		}
	}
	code, err := filepath.Glob("../../internal/app/metrics*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, selector := range sent.Selectors {
		if name := strings.Trim(selector, "^$"); !strings.Contains(read(code...), `"`+strings.TrimPrefix(name, "tintype_")+`"`) && !strings.Contains(read(code...), `"`+name+`"`) {
			t.Errorf("the program has no %s", name)
		}
	}
	if len(sent.Dimensions) != 1 || !slices.Equal(sent.Dimensions[0], []string{"Site"}) || !strings.Contains(terraform, "site    = { Site = var.name }") || !strings.Contains(read("files/prometheus.yaml"), `Site: "@SITE@"`) {
		t.Errorf("dimensions %q", sent.Dimensions)
	}
	// The role may write in this namespace alone.
	if p.Processor.Namespace != "Tintype" || agent.Metrics.Namespace != "Tintype" || !strings.Contains(read("../asg/rights.tf"), `"cloudwatch:namespace" = ["Tintype"]`) || !strings.Contains(terraform, `in   = "Tintype", metric = "tintype_`) {
		t.Errorf("namespaces %q, %q", p.Processor.Namespace, agent.Metrics.Namespace)
	}
	log := agent.Logs.Collected.Files.List[0]
	if log.Group != "/@SITE@/@ROLE@" || !strings.Contains(terraform, `= "/${var.name}/${each.key}"`) {
		t.Errorf("logs go to %s", log.Group)
	}
	for file, want := range map[string]string{
		"files/service.conf": "append:" + log.Path + "\n", "../provision.sh": "chown root:" + agent.Agent.User + " " + log.Path + "\n",
		"files/boot": "readonly run=" + filepath.Dir(p.Config) + "\n", "../asg/settings.tf": `"127.0.0.1:9100"`, "files/prometheus.yaml": `["127.0.0.1:9100"]`,
	} {
		if !strings.Contains(read(file), want) {
			t.Errorf("no %q in %s", want, file)
		}
	}
}

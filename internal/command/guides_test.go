package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"tintype/internal/config"
	"tintype/internal/servertest"
)

// The guides that people type from, beside docs/scaling.md, which TestScalingGuide reads.
var guides = []string{"README.md", "docs/deploy.md", "docs/backup.md", "deploy/asg/README.md"}

// typed are the texts of a guide that somebody may type: what stands in backquotes, and each line of its blocks.
func typed(guide string) []string {
	var texts []string
	blocks := regexp.MustCompile("(?ms)^ *```[a-z]*\\n(.*?)^ *```$")
	for _, m := range blocks.FindAllStringSubmatch(guide, -1) {
		for line := range strings.Lines(strings.ReplaceAll(m[1], "\\\n", " ")) {
			line, _, _ = strings.Cut(line, " #")
			texts = append(texts, strings.TrimSpace(line))
		}
	}
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(blocks.ReplaceAllString(guide, ""), -1) {
		texts = append(texts, strings.Join(strings.Fields(m[1]), " "))
	}
	return texts
}

// A person who follows a guide finds every command, option, variable, setting and file in it.
func TestGuides(t *testing.T) {
	bash := servertest.Tool(t, "bash", "Debian package bash")
	parser, err := kong.New(&commands{}, kong.Name("tintype"))
	if err != nil {
		t.Fatal(err)
	}
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join("../..", path))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	names := func(text, pattern string) (all []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, m[1])
		}
		return all
	}
	variables := names(read("deploy/asg/variables.tf"), `(?m)^variable "(\w+)"`)
	outputs := names(read("deploy/asg/outputs.tf"), `(?m)^output "(\w+)"`)
	alarms := names(read("deploy/asg/modules/watch/alarms.tf"), `(?m)^      ([a-z0-9-]+) = \{`)
	alarms = append(alarms, "errors", "outside") // which are resources of their own
	settings := config.Names()
	if len(variables) < 30 || len(outputs) < 10 || len(alarms) < 10 {
		t.Fatalf("%d variables, %d outputs, %d alarms", len(variables), len(outputs), len(alarms))
	}
	var (
		program  = regexp.MustCompile(`(?:^|\s)/?tintype ([a-z][a-z-]*(?: [^|]*)?)$`)
		run      = regexp.MustCompile(`^go run \. ([a-z].*)$`)
		release  = regexp.MustCompile(`release\.sh ((?:-|[a-z]).*)$`)
		script   = regexp.MustCompile(`provision\.sh (--.*)$`)
		assigned = regexp.MustCompile(`^(?:-var )?([a-z][a-z_]+) *= *\S`)
		given    = regexp.MustCompile(` -var ([a-z_]+)=|TF_VAR_([a-z_]+)`)
		snake    = regexp.MustCompile(`^[a-z]+(?:_[a-z]+)+$`)
		setting  = regexp.MustCompile(`^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=\S*)?$`)
		path     = regexp.MustCompile(`(?:^|[\s=])((?:deploy|docs|internal|bench|dev|templates|static|migrations|modules|tests)/[\w./*-]*)`)
		alarm    = regexp.MustCompile("alarms? `([a-z0-9-]+)`(?: and `([a-z0-9-]+)`)?")
		link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	)
	// Names of others' that look like ours, and files that the guide has one make.
	others := []string{"use_lockfile", "local_lock", "stop_grace_period", "aws_acm_certificate_validation", "log_bin_trust_function_creators"}
	made := []string{"deploy/asg/backend.hcl", "deploy/asg/site.auto.tfvars", "deploy/asg/image.auto.tfvars", "deploy/container/fleet/.env"}
	counted := map[string]int{}
	for _, name := range guides {
		guide, folder := read(name), filepath.Dir(name)
		complain := func(format string, args ...any) {
			t.Helper()
			t.Errorf(name+": "+format, args...)
		}
		command := func(line string) {
			t.Helper()
			counted["commands"]++
			if _, err := parser.Parse(strings.Fields(line)); err != nil {
				complain("tintype %s: %v", line, err)
			}
		}
		for _, text := range typed(guide) {
			if m := program.FindStringSubmatch(text); m != nil && !strings.HasPrefix(text, "scp ") {
				command(m[1])
			}
			if m := run.FindStringSubmatch(text); m != nil {
				command(m[1])
			}
			if m := release.FindStringSubmatch(text); m != nil {
				counted["releases"]++
				words := strings.Fields(m[1])
				out, err := exec.CommandContext(t.Context(), bash, append([]string{"../../deploy/asg/release.sh", "--dry-run"}, words...)...).CombinedOutput()
				if err != nil {
					complain("%s: %v\n%s", text, err, out)
				}
				if line, ok := strings.CutPrefix(m[1], "command "); ok {
					command(line)
				}
			}
			if m := script.FindStringSubmatch(text); m != nil {
				// An option that there is not, last: the script reads the others, and does nothing.
				counted["scripts"]++
				out, err := exec.CommandContext(t.Context(), bash, append([]string{"../../deploy/provision.sh"}, append(strings.Fields(m[1]), "--no-such-option")...)...).CombinedOutput()
				if err == nil || !strings.Contains(string(out), "--no-such-option is no option") {
					complain("%s: %v\n%s", text, err, out)
				}
			}
			var used []string
			if m := assigned.FindStringSubmatch(text); m != nil && !slices.Contains(others, m[1]) {
				used = append(used, m[1])
			}
			for _, m := range given.FindAllStringSubmatch(text, -1) {
				used = append(used, m[1]+m[2])
			}
			if snake.MatchString(text) && !slices.Contains(others, text) && !slices.Contains(outputs, text) && !strings.HasPrefix(text, "tintype_") {
				used = append(used, text)
			}
			counted["variables"] += len(used)
			for _, variable := range used {
				if !slices.Contains(variables, variable) {
					complain("%s: there is no variable %s in deploy/asg", text, variable)
				}
			}
			if m := setting.FindStringSubmatch(text); m != nil {
				counted["settings"]++
				if !slices.Contains(settings, m[1]) && !strings.HasPrefix(m[1], "AWS_") && !strings.HasPrefix(m[1], "PKR_VAR_") && m[1] != "NAME_FILE" && !slices.Contains(settings, strings.TrimSuffix(m[1], "_FILE")) {
					complain("%s is no setting", m[1])
				}
			}
			for _, m := range path.FindAllStringSubmatch(text, -1) {
				file := strings.TrimSuffix(m[1], ".")
				if slices.Contains(made, file) {
					continue
				}
				counted["files"]++
				here, _ := filepath.Glob(filepath.Join("../..", folder, file))
				top, _ := filepath.Glob(filepath.Join("../..", file))
				if len(here)+len(top) == 0 {
					complain("%s: there is no %s", text, file)
				}
			}
		}
		for _, m := range alarm.FindAllStringSubmatch(guide, -1) {
			for _, a := range m[1:] {
				if a != "" && !slices.Contains(alarms, a) {
					complain("there is no alarm %s", a)
				}
			}
		}
		for _, m := range link.FindAllStringSubmatch(guide, -1) {
			file, section, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			counted["links"]++
			target := name
			if file != "" {
				target = filepath.Join(folder, file)
			}
			if _, err := os.Stat(filepath.Join("../..", target)); err != nil {
				complain("the link to %s leads nowhere", m[1])
			} else if section != "" && !slices.Contains(sections(read(target)), section) {
				complain("the link to %s leads to no section", m[1])
			}
		}
	}
	for what, least := range map[string]int{"commands": 20, "releases": 10, "scripts": 2, "variables": 15, "settings": 10, "files": 15, "links": 10} {
		if counted[what] < least {
			t.Errorf("%d %s were found, at least %d expected", counted[what], what, least)
		}
	}
	t.Logf("looked at %v", counted)
}

// sections are a page's headings, as links name them.
func sections(page string) (all []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(page, -1) {
		text := strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")
		all = append(all, regexp.MustCompile(`[^\w-]`).ReplaceAllString(text, ""))
	}
	return all
}

package config

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteText writes the settings in force for people, secrets hidden.
func (c *Config) WriteText(w io.Writer) error {
	var b strings.Builder
	group := ""
	for _, s := range settings {
		if s.group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = s.group
			fmt.Fprintf(&b, "# %s\n", group)
		}
		shown := c.shown[s.name]
		origin := ""
		if shown.Default {
			origin = "  (default)"
		}
		fmt.Fprintf(&b, "%s=%s%s\n", s.name, shown.Value, origin)
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(&b, "\nWarning: %s\n", warning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteJSON writes the settings in force for programs, secrets hidden.
func (c *Config) WriteJSON(w io.Writer) error {
	type entry struct {
		Name    string `json:"name"`
		Value   string `json:"value"`
		Default bool   `json:"default"`
		Secret  bool   `json:"secret"`
	}
	document := struct {
		Settings []entry  `json:"settings"`
		Warnings []string `json:"warnings"`
	}{Warnings: append([]string{}, c.Warnings...)}
	for _, s := range settings {
		shown := c.shown[s.name]
		document.Settings = append(document.Settings, entry{s.name, shown.Value, shown.Default, s.secret})
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}

// Help is the table of settings as --help shows it.
func Help() string {
	var b strings.Builder
	b.WriteString("\nSettings are environment variables:\n")
	group := ""
	for _, s := range settings {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n%s\n", group)
		}
		fmt.Fprintf(&b, "  %s (%s)\n", s.name, s.defaultText())
		for _, line := range wrap(strings.ReplaceAll(s.explanation(), "`", ""), 74) {
			fmt.Fprintf(&b, "      %s\n", line)
		}
	}
	return b.String()
}

func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// settingsDoc is docs/configuration.md.
func settingsDoc() string {
	var b strings.Builder
	b.WriteString(`<!-- Written from the table in internal/config/settings*.go by "go generate ./internal/config". -->
# Configuration

Tintype is configured by environment variables, read at the start. None is needed for a site on one's own machine.

- A value that cannot be understood stops the start, with all mistakes shown at once. So does a variable that nearly has one of these names.
- A variable that is set to nothing counts as not set.
- A secret can stand in a file instead, which ` + "`NAME_FILE`" + ` names, or at AWS (see SETTINGS). It is read again while the site runs, so that a rotated one needs no restart; each says when a new value is taken.
- ` + "`tintype config`" + ` shows the settings in force, ` + "`tintype config --json`" + ` the same for programs. Secrets are hidden in both.
`)
	group := ""
	for _, s := range settings {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n## %s\n\n| variable | default | what it does |\n| --- | --- | --- |\n", group)
		}
		name := "`" + s.name + "`"
		if s.secret {
			name += " (or `" + s.name + "_FILE`)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, s.defaultText(), s.explanation())
	}
	return b.String()
}

// settingsEnvFile is deploy/single/tintype.env: every setting, commented.
func settingsEnvFile() string {
	var b strings.Builder
	b.WriteString(`# The settings of this instance, for tintype.service: NAME=value, read at the
# start ("systemctl restart tintype" after a change; nobody is refused).
# Written from the table in internal/config/settings*.go by "go generate ./internal/config".
#
# A site of one's own needs one line, its name in the DNS:
#
#   TLS_DOMAINS=photos.example.org
#
# The unit itself sets DATA_DIR=/var/lib/tintype, LOG_FORMAT=json and
# DRAIN_DELAY=0s; what stands here wins.
# Secrets may stand in files: NAME_FILE=/etc/tintype/name, readable by the group
# tintype alone. A secret that is rotated there needs no restart.
`)
	group := ""
	for _, s := range settings {
		if s.group != group {
			group = s.group
			fmt.Fprintf(&b, "\n# --- %s ---\n", group)
		}
		b.WriteByte('\n')
		for _, line := range wrap(strings.ReplaceAll(s.explanation(), "`", ""), 76) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		for _, line := range wrap("Default: "+strings.ReplaceAll(s.defaultText(), "`", ""), 76) {
			fmt.Fprintf(&b, "# %s\n", line)
		}
		fmt.Fprintf(&b, "#%s=\n", s.name)
	}
	return b.String()
}

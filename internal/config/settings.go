package config

import (
	"slices"
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
	// checks hold this setting against others.
	checks []check
	// show writes the value for people; nil shows the text as it was given.
	show func(c *Config) string
}

// A check holds a setting against others. It is made only where all of them
// could be read, so that one mistake is not reported twice.
type check struct {
	with  []string // the other settings
	wrong func(c *Config) error
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
var settings = slices.Concat(siteSettings, dataSettings, photoSettings, serverSettings, mailSettings, traceSettings)

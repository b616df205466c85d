package config

import (
	"errors"
	"fmt"
	"strings"
)

// read finds the setting's text. A variable that is set to nothing counts as
// not set, because that is what compose files and unit files write for "no".
func (s *setting) read(lookup func(string) (string, bool)) (text string, isSet bool, err error) {
	text, _ = lookup(s.name)
	text = strings.TrimSpace(text)
	file := s.fileOf(lookup)
	if file == "" {
		return text, text != "", nil
	}
	if text != "" {
		return "", false, fmt.Errorf("%s and %s_FILE are both set: keep one", s.name, s.name)
	}
	if err := checkPath(file); err != nil {
		return "", false, fmt.Errorf("%s_FILE: %q %w", s.name, file, err)
	}
	text, err = ReadSecretFile(file)
	if err != nil {
		return "", false, fmt.Errorf("%s_FILE: %w", s.name, err)
	}
	if text == "" {
		return "", false, fmt.Errorf("%s_FILE: %s is empty", s.name, file)
	}
	return text, true, nil
}

func (s *setting) fileOf(lookup func(string) (string, bool)) string {
	if !s.secret {
		return ""
	}
	file, _ := lookup(s.name + "_FILE")
	return strings.TrimSpace(file)
}

// explanation is the help, and when a new value takes effect.
func (s *setting) explanation() string {
	if s.rotates == "" {
		return s.help
	}
	return s.help + " A new value in the file or at AWS is taken " + s.rotates + "."
}

func (s *setting) fallback(c *Config, raw map[string]string) string {
	if s.defFrom != nil {
		return s.defFrom(c)
	}
	text := s.def
	for name, other := range raw {
		text = strings.ReplaceAll(text, "{"+name+"}", other)
	}
	return text
}

func (s *setting) display(c *Config, text string) string {
	switch {
	case s.show != nil:
		return s.show(c)
	case s.secret:
		return hidden
	default:
		return text
	}
}

// defaultText is the default as people read it.
func (s *setting) defaultText() string {
	if s.def == "" {
		return "none"
	}
	return strings.NewReplacer("{", "", "}", "").Replace(s.def)
}

func parseSecretKey(c *Config, v value) error {
	if !v.set {
		return nil
	}
	if _, err := splitSecretKeys(v.text); err != nil {
		return err
	}
	c.SecretKey = v.secret()
	return nil
}

// splitSecretKeys takes SECRET_KEY apart; the first key signs, all verify.
func splitSecretKeys(text string) ([]string, error) {
	var keys []string
	// A file is often written with one key a line, with or without the commas.
	text = strings.NewReplacer(",\r\n", ",", ",\n", ",", "\r\n", ",", "\n", ",").Replace(strings.TrimSpace(text))
	for key := range strings.SplitSeq(text, ",") {
		key = strings.TrimSpace(key)
		if len(key) < 32 {
			return nil, errors.New("each key needs 32 characters or more")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

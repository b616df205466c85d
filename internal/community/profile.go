package community

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a profile, in characters.
const (
	MaxDisplayName = 30
	MaxNote        = 500
	MaxFields      = 4
	MaxFieldText   = 255
)

func (e *Invalid) checkDisplayName(name string) {
	if utf8.RuneCountInString(name) > MaxDisplayName {
		e.add("display_name", "too_long", fmt.Sprintf("The displayed name may have at most %d characters.", MaxDisplayName))
	}
}

// cleanLanguage keeps the primary tag of a language, "" if it is none.
func cleanLanguage(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(s)), "-")
	if n := len(s); n < 2 || n > 3 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return s
}

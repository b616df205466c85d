package pages

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// shownHost is a host as a person can check it: in the letters that it is written with and as punycode, or as punycode
// alone where a label mixes scripts, which is how look-alikes are made.
func shownHost(host string) string {
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name, port = host[:i], host[i:]
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil { // brackets of IPv6, underscores: nothing to decode
		return strings.ToLower(strings.Map(asciiOnly, name)) + port
	}
	letters, err := idna.Display.ToUnicode(ascii)
	if err != nil || letters == ascii || mixedScripts(letters) {
		return ascii + port
	}
	return letters + port + " (" + ascii + ")"
}

func asciiOnly(r rune) rune {
	if r > unicode.MaxASCII {
		return unicode.ReplacementChar
	}
	return r
}

// mixedScripts tells whether a label has letters of two scripts that are not written together anywhere.
func mixedScripts(host string) bool {
	for label := range strings.SplitSeq(host, ".") {
		scripts := map[string]bool{}
		for _, r := range label {
			if !unicode.IsLetter(r) || unicode.In(r, unicode.Common, unicode.Inherited) {
				continue
			}
			scripts[scriptOf(r)] = true
		}
		if len(scripts) > 1 {
			return true
		}
	}
	return false
}

// scriptOf names a letter's script. Those of Japanese, Korean and Chinese count as one.
func scriptOf(r rune) string {
	if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo) {
		return "CJK"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}

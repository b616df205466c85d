package store

import "strings"

// readVariants reads a photo's variants as its row has them, which is JSON.
func readVariants(text string) ([]Variant, error) {
	if v, ok := parseVariants(text); ok {
		return v, nil
	}
	var j JSON[[]Variant]
	err := j.Scan(text)
	return j.V, err
}

// parseVariants reads exactly what JSON[[]Variant] writes, byte by byte. Anything else, if only a space more, is left to
// encoding/json, which takes ten times as long: a page has a few hundred variants. FuzzVariants holds one against the other.
func parseVariants(s string) ([]Variant, bool) {
	if s == "[]" {
		return nil, true
	}
	s, ok := strings.CutPrefix(s, "[")
	if !ok {
		return nil, false
	}
	out := make([]Variant, 0, strings.Count(s, "{"))
	for {
		var v Variant
		if v.Name, s, ok = plainAfter(s, `{"name":"`); !ok {
			return nil, false
		}
		var w, h int64
		if w, s, ok = numberAfter(s, `","w":`); !ok {
			return nil, false
		}
		if h, s, ok = numberAfter(s, `,"h":`); !ok {
			return nil, false
		}
		if v.Bytes, s, ok = numberAfter(s, `,"b":`); !ok {
			return nil, false
		}
		v.Width, v.Height = int(w), int(h)
		out = append(out, v)
		if s == "}]" {
			return out, true
		}
		if s, ok = strings.CutPrefix(s, "},"); !ok {
			return nil, false
		}
	}
}

// plainAfter reads the letters and digits after the key, as the names of variants are.
func plainAfter(s, key string) (plain, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, key); !ok {
		return "", s, false
	}
	i := 0
	for i < len(s) && (s[i] >= 'a' && s[i] <= 'z' || s[i] >= '0' && s[i] <= '9') {
		i++
	}
	return s[:i], s[i:], true
}

// numberAfter reads the number after the key, which has up to 18 digits and no zero before others.
func numberAfter(s, key string) (n int64, rest string, ok bool) {
	if s, ok = strings.CutPrefix(s, key); !ok {
		return 0, s, false
	}
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, s[i:], i > 0 && i <= 18 && (s[0] != '0' || i == 1)
}

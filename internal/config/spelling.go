package config

import (
	"fmt"
	"slices"
	"strings"
)

// notOurs are common variables that look like one of ours, or of ours to come,
// and mean something else.
var notOurs = []string{
	"CACHE_TTL", "CONTRACT", "CORS", "HOST", "POST", "SESSION_MANAGER", "SESSION_STORAGE", "SITE_URL", "SORT",
}

// misspelled finds variables that nearly are settings of ours. A setting that is
// silently ignored is found out much later, and by its damage.
func misspelled(environ []string) []error {
	var errs []error
	known := Names()
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		if name == "" || slices.Contains(known, name) || slices.Contains(notOurs, name) {
			continue
		}
		if near := nearest(strings.ToUpper(name), known); near != "" {
			errs = append(errs, fmt.Errorf("%s is not a setting: did you mean %s?", name, near))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// unknownNames are the variables that are no settings of this program.
func unknownNames(environ []string) []string {
	var names []string
	known := Names()
	for _, entry := range environ {
		if name, _, _ := strings.Cut(entry, "="); name != "" && !slices.Contains(known, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Names are the variables that mean something to this program.
func Names() []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.name)
		if s.secret {
			names = append(names, s.name+"_FILE")
		}
	}
	return names
}

// nearest is the known name within one edit (names up to 8 letters) or two
// (longer ones), or "".
func nearest(name string, known []string) string {
	best, bestEdits := "", 3
	for _, k := range known {
		allowed := 1
		if len(k) > 8 {
			allowed = 2
		}
		if diff := len(k) - len(name); diff > allowed || -diff > allowed {
			continue
		}
		if n := edits(name, k); n <= allowed && n < bestEdits {
			best, bestEdits = k, n
		}
	}
	return best
}

// edits is the Damerau-Levenshtein distance of two ASCII names (insert, delete,
// replace, swap two neighbours), in its restricted form.
func edits(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

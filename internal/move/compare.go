package move

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// KeyFact is the name of the fact that holds the fingerprints of the secret keys, separated by commas, the one that
// signs first.
const KeyFact = "key"

// WriteWaitFact is the name of the fact that says for how many milliseconds a write has waited at most for a move of the
// database since the process began.
const WriteWaitFact = "write wait"

// LongestWriteWait returns the longest wait that any of the processes tells of, and whose it was: 0 if none does.
func LongestWriteWait(list []Instance) (longest time.Duration, host string) {
	for _, r := range list {
		var facts map[string]string
		_ = json.Unmarshal([]byte(r.Facts), &facts) // what is no object has no facts
		if ms, err := strconv.ParseInt(facts[WriteWaitFact], 10, 64); err == nil && time.Duration(ms)*time.Millisecond > longest {
			longest, host = time.Duration(ms)*time.Millisecond, r.Host
		}
	}
	return longest, host
}

// A Difference is something that the processes of a site should have in common and do not.
type Difference struct {
	Text    string // names the processes
	Advice  string
	Harmful bool // people notice
}

// Compare looks for what the processes differ in. Parts are those that may move, with the names of their settings.
func Compare(list []Instance, parts map[string]string) []Difference {
	var found []Difference
	facts := make([]map[string]string, len(list))
	for i, r := range list {
		_ = json.Unmarshal([]byte(r.Facts), &facts[i]) // what is no object has no facts
	}
	if a, b, ok := keysApart(facts); ok {
		found = append(found, Difference{
			Text:    fmt.Sprintf("%s and %s sign with different keys (SECRET_KEY)", list[a].Host, list[b].Host),
			Advice:  "give both the same SECRET_KEY: what one signs, the other refuses",
			Harmful: true,
		})
	}
	each := func(value func(i int) string, say func(groups string) Difference) {
		groups := make(map[string][]string)
		var order []string
		for i, r := range list {
			v := value(i)
			if v == "" {
				continue
			}
			if groups[v] == nil {
				order = append(order, v)
			}
			groups[v] = append(groups[v], r.Host)
		}
		if len(order) < 2 {
			return
		}
		texts := make([]string, len(order))
		for i, v := range order {
			texts[i] = strings.Join(groups[v], ", ")
		}
		found = append(found, say(strings.Join(texts, " / ")))
	}
	each(func(i int) string { return list[i].Program }, func(string) Difference {
		texts := make([]string, len(list))
		for i, r := range list {
			texts[i] = r.Host + " runs " + r.Program
		}
		return Difference{Text: "the releases differ: " + strings.Join(texts, ", "), Advice: "while a release is being rolled out that is as it should be; else start the same one everywhere"}
	})
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		each(func(i int) string { return facts[i][name] }, func(groups string) Difference {
			return Difference{Text: fmt.Sprintf("the %s are in different places for %s", people(name), groups), Advice: "give all the same settings", Harmful: true}
		})
		each(func(i int) string {
			if facts[i] == nil {
				return ""
			}
			pair := []string{facts[i][name+".own"], facts[i][name+".next"]}
			slices.Sort(pair)
			return strings.Join(pair, "+")
		}, func(groups string) Difference {
			return Difference{Text: fmt.Sprintf("%s is not the same for %s", parts[name], groups), Advice: "give all the same before a move"}
		})
	}
	return found
}

// people is what a part is called by people.
func people(part string) string {
	if part == PartMedia {
		return "photos"
	}
	return part
}

// keysApart finds two processes of which one does not take what the other signs.
func keysApart(facts []map[string]string) (a, b int, found bool) {
	keys := make([][]string, len(facts))
	for i, f := range facts {
		if f[KeyFact] != "" {
			keys[i] = strings.Split(f[KeyFact], ",")
		}
	}
	for a := range keys {
		for b := range keys {
			if len(keys[a]) > 0 && len(keys[b]) > 0 && !slices.Contains(keys[b], keys[a][0]) {
				return min(a, b), max(a, b), true
			}
		}
	}
	return 0, 0, false
}

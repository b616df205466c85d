package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxParams bounds the names and values of a request, so that nobody can make the server build maps without end.
	maxParams = 1000
	// maxDepth bounds how deep JSON may nest; the deepest parameter that is known has three levels.
	maxDepth = 6
)

// params are the parameters of a request. Clients send the same parameter in the query, in a form or in JSON. All of
// them end up here under the names that forms use: "media_ids[]" for an array, "source[privacy]" for an object,
// "fields_attributes[0][name]" for an array of objects.
type params struct {
	values map[string][]string
	nulls  map[string]bool // what a JSON body says is null, which counts as absent: see isNull
	count  int
	onRead func(name string) // told of each parameter that the endpoint looks at, for tests; nil: nobody is
}

var errTooManyParams = errors.New("too many parameters")

func newParams() *params {
	return &params{values: make(map[string][]string), nulls: make(map[string]bool)}
}

func (p *params) note(name string) {
	if p.onRead != nil {
		p.onRead(name)
	}
}

func (p *params) add(name, value string) error {
	if p.count++; p.count > maxParams {
		return errTooManyParams
	}
	p.values[name] = append(p.values[name], value)
	return nil
}

// override adds the parameters of other, which win where both have one.
func (p *params) override(other *params) {
	maps.Copy(p.values, other.values)
	maps.Copy(p.nulls, other.nulls)
}

// addForm reads a query or an urlencoded body. Pairs that cannot be unescaped are an error.
func (p *params) addForm(text string) error {
	var rows rowNamer
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return err
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return err
		}
		if err := p.add(rows.name(name), value); err != nil {
			return err
		}
	}
	return nil
}

// A rowNamer numbers the rows that forms leave without a number: "fields[][name]" begins a new row whenever a key comes
// that its row already has. The zero value is ready to use.
type rowNamer struct {
	index map[string]int
	seen  map[string]bool
}

func (n *rowNamer) name(name string) string {
	before, after, ok := strings.Cut(name, "[][")
	if !ok {
		return name
	}
	if n.index == nil {
		n.index, n.seen = make(map[string]int), make(map[string]bool)
	}
	row := func() string { return before + "[" + strconv.Itoa(n.index[before]) + "][" + after }
	if n.seen[row()] {
		n.index[before]++
	}
	n.seen[row()] = true
	return row()
}

// addJSON reads a body that is a JSON object. A null value counts as absent.
func (p *params) addJSON(r io.Reader) error {
	d := json.NewDecoder(r)
	d.UseNumber()
	var body any
	if err := d.Decode(&body); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	object, ok := body.(map[string]any)
	if !ok {
		return errors.New("not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		if err == nil || errors.As(err, new(*json.SyntaxError)) {
			err = errors.New("something follows the JSON object")
		}
		return err
	}
	for name, value := range object {
		if err := p.addValue(name, value, 1); err != nil {
			return err
		}
	}
	return nil
}

func (p *params) addValue(name string, value any, depth int) error {
	if depth > maxDepth {
		return errors.New("nested too deep")
	}
	switch v := value.(type) {
	case nil:
		p.nulls[name] = true
		return nil
	case string:
		return p.add(name, v)
	case json.Number:
		return p.add(name, v.String())
	case bool:
		return p.add(name, strconv.FormatBool(v))
	case map[string]any:
		for key, inner := range v {
			if err := p.addValue(name+"["+key+"]", inner, depth+1); err != nil {
				return err
			}
		}
		return nil
	case []any:
		if len(v) == 0 {
			// An empty list is not an absent one: an edit may empty a list.
			p.values[name+"[]"] = []string{}
			return nil
		}
		for i, inner := range v {
			key := name + "[]"
			switch inner.(type) {
			case map[string]any, []any:
				key = name + "[" + strconv.Itoa(i) + "]"
			}
			if err := p.addValue(key, inner, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%T in JSON", value)
}

// lookup returns the last value under the name, and whether there is one.
func (p *params) lookup(name string) (string, bool) {
	p.note(name)
	v := p.values[name]
	if len(v) == 0 {
		return "", false
	}
	return v[len(v)-1], true
}

// isNull reports whether a JSON body says that the value is null, for what a null clears.
func (p *params) isNull(name string) bool {
	p.note(name)
	return p.nulls[name]
}

// text returns the value under the name, "" if there is none.
func (p *params) text(name string) string {
	v, _ := p.lookup(name)
	return v
}

// given returns the value under the name, nil if there is none: for changes, where an absent value means "as it is".
func (p *params) given(name string) *string {
	v, ok := p.lookup(name)
	if !ok {
		return nil
	}
	return &v
}

// isTrue reads a boolean that is false unless the client says otherwise.
func (p *params) isTrue(name string) bool {
	b := p.boolean(name)
	return b != nil && *b
}

// boolean reads one of the many words for true and false; nil if there is none.
func (p *params) boolean(name string) *bool {
	v, _ := p.lookup(name)
	if v == "" {
		return nil
	}
	b := true
	switch strings.ToLower(v) {
	case "false", "f", "0", "off", "no":
		b = false
	case "none", "null", "undefined": // how Python and JavaScript write nothing
		return nil
	}
	return &b
}

// number reads a whole number. A text that is not a number gives the fallback; a number out of range is clamped.
func (p *params) number(name string, fallback, least, most int) int {
	n, err := strconv.Atoi(strings.TrimSpace(p.text(name)))
	if err != nil {
		return fallback
	}
	return max(least, min(n, most))
}

// list is an array in any of its forms: name[], name[0], or the bare name given once or more.
func (p *params) list(name string) []string {
	p.note(name)
	var all []string
	all = append(all, p.values[name+"[]"]...)
	all = append(all, p.values[name]...)
	for _, i := range p.indices(name, "]") {
		all = append(all, p.values[name+"["+strconv.Itoa(i)+"]"]...)
	}
	return all
}

// hasList reports whether the array was given at all, be it empty.
func (p *params) hasList(name string) bool {
	if _, ok := p.values[name+"[]"]; ok {
		return true
	}
	return len(p.list(name)) > 0
}

// rows are the objects of an array of objects, in their order.
func (p *params) rows(name string) []*params {
	p.note(name)
	var rows []*params
	for _, i := range p.indices(name, "][") {
		prefix := name + "[" + strconv.Itoa(i) + "]["
		row := newParams()
		for key, values := range p.values {
			rest, ok := strings.CutPrefix(key, prefix)
			if !ok {
				continue
			}
			if inner, tail, ok := strings.Cut(rest, "]"); ok {
				row.values[inner+tail] = values
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// indices are the numbers that stand after name[ and before the given end of a number, sorted.
func (p *params) indices(name, end string) []int {
	var found []int
	for key := range p.values {
		rest, ok := strings.CutPrefix(key, name+"[")
		if !ok {
			continue
		}
		digits, tail, ok := strings.Cut(rest, "]")
		if !ok || end == "]" && tail != "" || end == "][" && !strings.HasPrefix(tail, "[") {
			continue
		}
		if i, err := strconv.Atoi(digits); err == nil && i >= 0 && !slices.Contains(found, i) {
			found = append(found, i)
		}
	}
	slices.Sort(found)
	return found
}

// ids reads an array of ids without duplicates. A text that is not an id finds nothing.
func (p *params) ids(name string) []int64 {
	var ids []int64
	for _, text := range p.list(name) {
		if id, ok := parseID(text); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// cursor reads an id that need not exist. Mastodon.py makes them out of dates, and may ask beyond our range.
func (p *params) cursor(name string) int64 {
	text := strings.TrimSpace(p.text(name))
	if id, ok := parseID(text); ok {
		return id
	}
	if text != "" && strings.Trim(text, "0123456789") == "" && strings.Trim(text, "0") != "" {
		return math.MaxInt64
	}
	return 0
}

// otherID reads the id of what a list is narrowed to: 0 where there is none, and what nothing has where it is no id of
// ours.
func (p *params) otherID(name string) int64 {
	text := p.text(name)
	if id, ok := parseID(text); ok {
		return id
	}
	if b := p.boolean(name); b == nil { // also how Python and JavaScript write nothing
		return 0
	}
	return math.MaxInt64
}

// parseID reads an id of ours: a positive decimal number.
func parseID(text string) (int64, bool) {
	id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return id, err == nil && id > 0
}

// formatID writes an id as clients get it.
func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// optionalID is formatID of an id that may be missing.
func optionalID(id *int64) *string {
	if id == nil {
		return nil
	}
	text := formatID(*id)
	return &text
}

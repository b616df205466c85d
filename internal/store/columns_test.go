package store

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// A wordRow is a row of readersOf's table.
type wordRow struct {
	id, n       int64
	again, rest string
	none        *int64
	inside      *int64
	place       int64
	known       bool
}

var wordColumns = newColumns(
	given(func(w *wordRow) { w.known = true }),
	number("id", func(w *wordRow) *int64 { return &w.id }),
	text("word", func(w *wordRow) *string { return &w.again }),
	optional("NULL", func(w *wordRow) **int64 { return &w.none }),
	optionalIn("n", func(w *wordRow) (**int64, *int64) { return &w.inside, &w.place }),
	number("IFNULL(n, 0)", func(w *wordRow) *int64 { return &w.n }),
	text("word", func(w *wordRow) *string { return &w.rest }),
)

func TestColumns(t *testing.T) {
	s, ctx := readersOf(t, 1)
	rows, err := s.page(ctx, "SELECT "+wordColumns.sql+" FROM words ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	i := int64(0)
	for ; rows.next(); i++ {
		var w wordRow
		wordColumns.read(rows, &w)
		word := []string{"", "one", "two words", "drei\x00é"}[i]
		if w.id != i || w.n != -i || w.again != word || w.rest != word || w.none != nil || (w.inside == nil) != (i == 0) || w.place != -i || !w.known {
			t.Errorf("row %d: %+v", i, w)
		}
	}
	if err := rows.done(); err != nil || i != 4 {
		t.Errorf("%d rows, %v", i, err)
	}
	two := newColumns(text("a", func(w *wordRow) *string { return &w.again }), number("b", func(w *wordRow) *int64 { return &w.id }))
	for packed, good := range map[string]bool{
		"3 abc 7": true, "0  9223372036854775807": true, "1   -7": true,
		"x": false, "9 abc 7": false, "-1 abc 7": false, "3 abc": false, "3 abc x": false, "3 abc 7 8": false, "3 abc 9223372036854775808": false, "": false,
	} {
		rows, err := s.page(ctx, "SELECT ?", packed)
		if err != nil {
			t.Fatal(err)
		}
		rows.next()
		two.read(rows, &wordRow{})
		if err := rows.done(); (err == nil) != good {
			t.Errorf("%q: %v", packed, err)
		}
	}
}

// FuzzVariants holds the quick reader of variants against encoding/json: whatever it takes, that takes, and they agree.
func FuzzVariants(f *testing.F) {
	for _, s := range []string{
		"[]", "null", "", `[{"name":"320","w":320,"h":213,"b":11000}]`, `[{"name":"a","w":1,"h":2,"b":3},{"name":"b","w":4,"h":5,"b":6}]`,
		`[{"name":"\u0061","w":1,"h":2,"b":3}]`, `[{"name":"a","w":01,"h":2,"b":3}]`, `[{"name":"a","w":-1,"h":2,"b":3}]`, `[{"name":"a","w":1,"h":2,"b":999999999999999999}]`,
		"[{\"name\":\"\xff\",\"w\":1,\"h\":2,\"b\":3}]", "[{\"name\":\"\n\",\"w\":1,\"h\":2,\"b\":3}]", `[{"name":"a","w":1,"h":2,"b":3},]`, `[{"name":"a","w":1,"h":2,"b":3}]]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quick, ok := parseVariants(s)
		if !ok {
			return
		}
		var v []Variant
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatalf("%q is no JSON (%v), and is read as %v", s, err, quick)
		}
		if len(v) != len(quick) || len(v) > 0 && !reflect.DeepEqual(v, quick) {
			t.Fatalf("%q is %v, and is read as %v", s, v, quick)
		}
	})
}

// What is written is what the quick reader takes: else every page would go the slow way, and nothing would tell.
func TestWrittenVariantsAreReadQuickly(t *testing.T) {
	for _, v := range [][]Variant{nil, {}, {{Name: "320", Width: 320, Height: 213, Bytes: 11000}}, {{Name: "square", Width: 1, Height: 1, Bytes: 1}, {Name: "1280"}}} {
		written, err := JSON[[]Variant]{v}.Value()
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := parseVariants(written.(string)); !ok && v != nil {
			t.Errorf("%s is read the slow way", written)
		}
		again, err := readVariants(written.(string))
		if err != nil || len(again) != len(v) || len(v) > 0 && !reflect.DeepEqual(again, v) {
			t.Errorf("%s is read as %v, %v", written, again, err)
		}
	}
	if _, err := readVariants(strings.Repeat("[", 3)); err == nil {
		t.Error("what is no JSON passes")
	}
}

package api

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// asJSON is what encoding/json makes of an entity.
func asJSON(t testing.TB, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// fill sets every field there is to something that differs from every other. Pointers and lists end at the depth.
func fill(v reflect.Value, depth int, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString("text \"" + strings.Repeat("x", *n%7) + "\\<é>\u2028 " + string(rune('a'+*n%26)))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 8)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), depth, n)
		}
	case reflect.Pointer:
		if depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), depth-1, n)
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			for i := range 2 {
				fill(v.Index(i), depth-1, n)
			}
		}
	default:
		panic("no value for " + v.Type().String())
	}
}

func TestEntitiesWriteWhatJSONWould(t *testing.T) {
	for depth := range 5 {
		n := 0
		var s Status
		fill(reflect.ValueOf(&s).Elem(), depth, &n)
		if got, want := string(s.appendJSON(nil)), asJSON(t, &s); got != want {
			t.Errorf("depth %d\ngot  %s\nwant %s", depth, got, want)
		}
		list := statusList{&s, &s}
		if got, want := string(list.appendJSON(nil)), asJSON(t, list); got != want {
			t.Errorf("a list at depth %d\ngot  %s\nwant %s", depth, got, want)
		}
	}
	for _, list := range []statusList{nil, {}} {
		if got, want := string(list.appendJSON(nil)), asJSON(t, list); got != want {
			t.Errorf("an empty list: got %s, want %s", got, want)
		}
	}
}

// A byte that does not stand as it is is seen wherever it stands.
func TestEveryByteInEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			s := strings.Repeat("a", at) + string([]byte{byte(c)}) + strings.Repeat("~", 19-at)
			if got, want := string(appendString(nil, s)), asJSON(t, s); got != want {
				t.Fatalf("byte %#x at %d: got %s, want %s", c, at, got, want)
			}
		}
	}
}

func FuzzStrings(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\\n\r\t\b\f\x00\x1f\x7f", "é東\u2028\u2029\ufffd", "a\xffb\xc3", "<a href=\"x\">&</a>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(appendString(nil, s)), asJSON(t, s); got != want {
			t.Errorf("%q: got %s, want %s", s, got, want)
		}
	})
}

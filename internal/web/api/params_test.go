package api

import (
	"bytes"
	"errors"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// read parses one request's body the way calls do.
func read(t *testing.T, contentType, body string, f files) (*params, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPut, "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	p := newParams()
	err := readBody(r, p, f, func() {})
	return p, err
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// form writes a multipart body; a value that begins with "@" is a file.
func form(t *testing.T, pairs ...string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		var part io.Writer
		var err error
		if content, isFile := strings.CutPrefix(value, "@"); isFile {
			part, err = w.CreateFormFile(name, "photo.jpg")
			value = content
		} else {
			part, err = w.CreateFormField(name)
		}
		if err == nil {
			_, err = io.WriteString(part, value)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.String()
}

func TestTheSameParametersInEveryForm(t *testing.T) {
	multipartType, multipartBody := form(t, "status", "hi & bye", "media_ids[]", "1", "media_ids[]", "2", "sensitive", "on",
		"source[privacy]", "private", "fields_attributes[0][name]", "web", "fields_attributes[0][value]", "x",
		"fields_attributes[1][name]", "tel", "fields_attributes[1][value]", "y")
	for _, tt := range []struct{ name, contentType, body string }{
		{"urlencoded", formType, "status=hi+%26+bye&media_ids[]=1&media_ids[]=2&sensitive=True&source[privacy]=private" +
			"&fields_attributes[0][name]=web&fields_attributes[0][value]=x&fields_attributes[1][name]=tel&fields_attributes[1][value]=y"},
		{"escaped brackets", formType, "status=hi%20%26%20bye&media_ids%5B%5D=1&media_ids%5B%5D=2&sensitive=1&source%5Bprivacy%5D=private" +
			"&fields_attributes%5B0%5D%5Bname%5D=web&fields_attributes%5B0%5D%5Bvalue%5D=x&fields_attributes%5B1%5D%5Bname%5D=tel&fields_attributes%5B1%5D%5Bvalue%5D=y"},
		{"indexed array, rows without numbers", formType, "status=hi+%26+bye&media_ids[0]=1&media_ids[1]=2&sensitive=t&source[privacy]=private" +
			"&fields_attributes[][name]=web&fields_attributes[][value]=x&fields_attributes[][name]=tel&fields_attributes[][value]=y"},
		{"repeated name", formType, "status=hi+%26+bye&media_ids=1&media_ids=2&sensitive=true&source[privacy]=private" +
			"&fields_attributes[1][name]=tel&fields_attributes[1][value]=y&fields_attributes[0][name]=web&fields_attributes[0][value]=x"},
		{"JSON", jsonType, `{"status":"hi & bye","media_ids":["1","2"],"sensitive":true,"source":{"privacy":"private"},"in_reply_to_id":null,
			"fields_attributes":[{"name":"web","value":"x"},{"name":"tel","value":"y"}]}`},
		{"JSON with a charset, numbers, an object for the rows", "application/json; charset=utf-8", `{"status":"hi & bye","media_ids":[1,2],"sensitive":"1",
			"source":{"privacy":"private"},"fields_attributes":{"0":{"name":"web","value":"x"},"1":{"name":"tel","value":"y"}}}`},
		{"multipart", multipartType, multipartBody},
		{"a form without a type", "", "status=hi+%26+bye&media_ids[]=1&media_ids[]=2&sensitive=on&source[privacy]=private" +
			"&fields_attributes[0][name]=web&fields_attributes[0][value]=x&fields_attributes[1][name]=tel&fields_attributes[1][value]=y"},
		{"JSON without a type", "", `{"status":"hi & bye","media_ids":[1,2],"sensitive":true,"source":{"privacy":"private"},
			"fields_attributes":[{"name":"web","value":"x"},{"name":"tel","value":"y"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := read(t, tt.contentType, tt.body, files{})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.text("status"); got != "hi & bye" {
				t.Errorf("status %q", got)
			}
			if got := p.ids("media_ids"); !reflect.DeepEqual(got, []int64{1, 2}) {
				t.Errorf("media_ids %v", got)
			}
			if !p.isTrue("sensitive") {
				t.Error("sensitive is not true")
			}
			if got := p.text("source[privacy]"); got != "private" {
				t.Errorf("source[privacy] %q", got)
			}
			if _, there := p.lookup("in_reply_to_id"); there {
				t.Error("null counts as given")
			}
			rows := p.rows("fields_attributes")
			if len(rows) != 2 || rows[0].text("name") != "web" || rows[0].text("value") != "x" || rows[1].text("name") != "tel" || rows[1].text("value") != "y" {
				t.Errorf("fields_attributes %v", rows)
			}
		})
	}
}

func TestBooleans(t *testing.T) {
	for text, want := range map[string]string{
		"true": "true", "True": "true", "1": "true", "t": "true", "on": "true",
		"false": "false", "False": "false", "0": "false", "f": "false", "off": "false",
		"": "none", "None": "none", "null": "none",
	} {
		p := newParams()
		if err := p.addForm("b=" + text); err != nil {
			t.Fatal(err)
		}
		got := "none"
		if b := p.boolean("b"); b != nil {
			got = strconv.FormatBool(*b)
		}
		if got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}

func TestCursors(t *testing.T) {
	for text, want := range map[string]int64{
		"115": 115, "": 0, "0": 0, "-5": 0, "abc": 0, "99999999999999999999999": math.MaxInt64, " 7 ": 7,
	} {
		p := newParams()
		p.values["max_id"] = []string{text}
		if got := p.cursor("max_id"); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

func TestAnEmptyArrayIsGiven(t *testing.T) {
	p, err := read(t, jsonType, `{"media_ids":[]}`, files{})
	if err != nil {
		t.Fatal(err)
	}
	if !p.hasList("media_ids") || p.hasList("other") {
		t.Error("an empty array must differ from none")
	}
}

func TestBodiesThatCannotBeRead(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	many := strings.Repeat("a[]=1&", maxParams+1)
	for _, tt := range []struct{ name, contentType, body string }{
		{"broken JSON", jsonType, `{"a":`},
		{"no object", jsonType, `[1,2]`},
		{"too deep", jsonType, deep},
		{"too many", formType, many},
		{"bad escape", formType, "a=%zz"},
		{"no boundary", "multipart/form-data", "x"},
		{"cut off", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nval"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t, tt.contentType, tt.body, files{})
			var own *Error
			if !errors.As(err, &own) || own.Status != http.StatusBadRequest {
				t.Errorf("got %v, want a 400", err)
			}
		})
	}
}

func TestFieldsBesideFilesAreBounded(t *testing.T) {
	kind, body := form(t, "a", strings.Repeat("x", maxFields/2), "b", strings.Repeat("x", maxFields/2+1))
	_, err := read(t, kind, body, files{})
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) {
		t.Errorf("got %v, want a MaxBytesError", err)
	}
}

func TestFilesAreHandedOnAsTheyCome(t *testing.T) {
	png := "\x89PNG\r\n\x1a\npixels"
	uri := "data:image/png;base64,iVBORw0KGgpwaXhlbHM="
	afterType, after := form(t, "description", "before", "file", "@"+png, "focus", "0,1")
	bareType, bare := "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"+png+"\r\n--b--\r\n"
	inlineType, inline := form(t, "file", uri)
	for _, tt := range []struct{ name, contentType, body, file, before, late string }{
		{"between fields", afterType, after, png, "before", "0,1"},
		{"without a name and a type", bareType, bare, png, "", ""},
		{"a data URI in multipart", inlineType, inline, png, "", ""},
		{"a data URI in JSON", jsonType, `{"file":"` + uri + `","focus":"0,1"}`, png, "", "0,1"},
		{"a data URI in a form", formType, "file=data%3Aimage%2Fpng%3Bbase64%2CiVBORw0KGgpwaXhlbHM%3D", png, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			p := newParams()
			var got, before string
			err := readBody(r, p, files{fields: []string{"file"}, take: func(f file) error {
				before = p.text("description")
				b, err := io.ReadAll(f.body)
				got = string(b)
				return err
			}}, func() {})
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.file || before != tt.before || p.text("focus") != tt.late {
				t.Errorf("file %q with %q before and %q after", got, before, p.text("focus"))
			}
		})
	}
}

func TestAnEmptyFileFieldRemoves(t *testing.T) {
	kind, body := form(t, "avatar", "")
	p, err := read(t, kind, body, files{fields: []string{"avatar"}, take: func(file) error {
		t.Error("an empty field is no file")
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if text, there := p.lookup("avatar"); !there || text != "" {
		t.Error("an empty field must be known as empty")
	}
}

func TestAFileWhereNoneBelongsIsSkipped(t *testing.T) {
	kind, body := form(t, "virus", "@bytes", "status", "x")
	p, err := read(t, kind, body, files{})
	if err != nil {
		t.Fatal(err)
	}
	if p.text("status") != "x" || len(p.values["virus"]) != 0 {
		t.Errorf("got %v", p.values)
	}
}

func TestTheTakersErrorComesBack(t *testing.T) {
	kind, body := form(t, "file", "@x")
	want := errors.New("disk full")
	_, err := read(t, kind, body, files{fields: []string{"file"}, take: func(file) error { return want }})
	if !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}

func FuzzBodies(f *testing.F) {
	f.Add(jsonType, `{"a":[{"b":1},[2]],"c":{"d":[]}}`)
	f.Add(formType, "a[][b]=1&a[][b]=2&c[0][d][]=3&=x&[]=y&a[9999999999999999999][b]=1")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\ndata:,x\r\n--b--\r\n")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		p, err := read(t, contentType, body, files{fields: []string{"file"}, take: func(f file) error {
			_, err := io.Copy(io.Discard, f.body)
			return err
		}})
		if err != nil {
			return
		}
		for name := range p.values {
			p.list(name)
			p.rows(name)
			p.ids(name)
			p.boolean(name)
		}
		if p.count > maxParams {
			t.Errorf("%d parameters", p.count)
		}
	})
}

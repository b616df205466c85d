package api

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"tintype/internal/community"
)

const (
	// maxFields bounds what a multipart body says beside its files.
	maxFields = 1 << 20
	// maxParts bounds the parts of a multipart body.
	maxParts = 200
	// maxInlineBody bounds a JSON or urlencoded body on routes that take files: a picture as a data URI inside one is
	// held in memory until it is stored.
	maxInlineBody = 6 << 20
)

// FilesAt is how many files one request to an upload route may hold.
func FilesAt(path string) int {
	if path == updateCredentials {
		return 2 // an avatar and a header
	}
	return 1
}

// A file is one that came in a request. It is read as it arrives.
type file struct {
	field string // the parameter's name
	name  string // as the client called it, may be empty
	body  io.Reader
}

// files says what a route does with files: which parameters may hold one, and what to do with each as it arrives. What
// is not read of it is skipped.
type files struct {
	fields []string
	take   func(f file) error
}

func (f files) takes(field string) bool { return slices.Contains(f.fields, field) }

// readBody adds what the request's body says to its parameters, and hands files on as they come. Parameters that came
// before a file are known by then; others follow.
func (q *call) readBody(f files) error {
	r := q.c.Request
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	body := newParams()
	err := readBody(r, body, f, func() { q.params.override(body) })
	q.params.override(body)
	return err
}

// readBody fills p; beforeFile is called before each file.
func readBody(r *http.Request, p *params, f files, beforeFile func()) error {
	kind, attributes, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = "" // missing or mangled: the body's first byte tells
	}
	body := io.Reader(r.Body)
	if len(f.fields) > 0 && kind != "multipart/form-data" {
		body = http.MaxBytesReader(nil, r.Body, maxInlineBody)
	}
	switch {
	case kind == "multipart/form-data":
		if attributes["boundary"] == "" {
			return unreadable(errors.New("multipart without a boundary"))
		}
		return readMultipart(multipart.NewReader(r.Body, attributes["boundary"]), p, f, beforeFile)
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		err = p.addJSON(body)
	case kind == "application/x-www-form-urlencoded":
		err = addFormBody(p, body)
	default:
		b := bufio.NewReader(body)
		first, peekErr := b.Peek(1)
		switch {
		case errors.Is(peekErr, io.EOF):
			return nil
		case peekErr != nil:
			err = peekErr
		case first[0] == '{':
			err = p.addJSON(b)
		default:
			err = addFormBody(p, b)
		}
	}
	if err != nil {
		return unreadable(err)
	}
	inline := cutInline(p, f)
	beforeFile()
	for _, one := range inline {
		if err := f.take(one); err != nil {
			return err
		}
	}
	return nil
}

func addFormBody(p *params, body io.Reader) error {
	text, err := io.ReadAll(body) // bounded by its reader
	if err != nil {
		return err
	}
	return p.addForm(string(text))
}

// cutInline takes the pictures that parameters hold as data URIs out of them.
func cutInline(p *params, f files) []file {
	var found []file
	for _, field := range f.fields {
		if text, ok := p.lookup(field); ok && isDataURI(text) {
			delete(p.values, field)
			found = append(found, file{field: field, body: dataOf(field, text)})
		}
	}
	return found
}

func readMultipart(m *multipart.Reader, p *params, f files, beforeFile func()) error {
	var rows rowNamer
	room := int64(maxFields)
	for parts := 0; ; parts++ {
		part, err := m.NextPart()
		// The last boundary is a bare EOF; a body that ends before it is one wrapped, and cut off, unless it is empty.
		if err == io.EOF || parts == 0 && errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(err)
		}
		if parts >= maxParts {
			return unreadable(errTooManyParams)
		}
		name := part.FormName()
		if f.takes(name) {
			b := bufio.NewReader(part)
			start, err := b.Peek(len("data:"))
			if err != nil && !errors.Is(err, io.EOF) {
				return unreadable(err)
			}
			switch {
			case len(start) == 0 && part.FileName() == "":
				// A file field that was left alone, or an empty text, which removes.
				if err := p.add(name, ""); err != nil {
					return unreadable(err)
				}
				continue
			case part.FileName() == "" && isDataURI(string(start)):
				if _, err := b.ReadSlice(','); err != nil {
					return unreadable(errors.New("a data URI without data"))
				}
				beforeFile()
				if err := f.take(file{field: name, body: fromBase64(name, b)}); err != nil {
					return err
				}
				continue
			}
			beforeFile()
			// Not every client gives its file a name or a type; the field says that it is one.
			if err := f.take(file{field: name, name: part.FileName(), body: b}); err != nil {
				return err
			}
			continue
		}
		if part.FileName() != "" {
			if err := takesNoFile(name); err != nil {
				return err
			}
			continue // nobody asked for it: skipped unread
		}
		value, err := io.ReadAll(io.LimitReader(part, room+1))
		if err != nil {
			return unreadable(err)
		}
		if room -= int64(len(value)); room < 0 {
			return &http.MaxBytesError{Limit: maxFields}
		}
		if err := p.add(rows.name(name), string(value)); err != nil {
			return unreadable(err)
		}
	}
}

func isDataURI(text string) bool { return strings.HasPrefix(text, "data:") }

// dataOf reads the picture in a data URI. Its type is sniffed like any file's.
func dataOf(field, uri string) io.Reader {
	head, data, _ := strings.Cut(uri, ",")
	if strings.HasSuffix(head, ";base64") {
		return fromBase64(field, strings.NewReader(data))
	}
	return strings.NewReader(data)
}

// A base64Reader decodes what it reads. Text that is no base64 is a mistake in the parameter, unlike a body that is cut off.
type base64Reader struct {
	field   string
	text    io.Reader
	decoded io.Reader // of the base64Reader itself
	broken  error     // of text
}

func fromBase64(field string, text io.Reader) io.Reader {
	b := &base64Reader{field: field, text: text}
	b.decoded = base64.NewDecoder(base64.StdEncoding, readerFunc(b.readText))
	return b
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (b *base64Reader) readText(p []byte) (int, error) {
	n, err := b.text.Read(p)
	if err != nil && err != io.EOF {
		b.broken = err
	}
	return n, err
}

func (b *base64Reader) Read(p []byte) (int, error) {
	n, err := b.decoded.Read(p)
	if err == nil || err == io.EOF || b.broken != nil {
		return n, err
	}
	return n, &community.Invalid{Fields: []community.FieldError{{Field: b.field, Code: "invalid", Message: b.field + ": the data: address is not base64."}}}
}

// unreadable is the answer to a body that is not what it says it is. A body past its limit keeps its own error.
func unreadable(err error) error {
	var tooLarge *http.MaxBytesError
	if err == nil || errors.As(err, &tooLarge) {
		return err
	}
	return &Error{Status: http.StatusBadRequest, Message: "The request could not be read", cause: err}
}

package servertest

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// A Request is what a Client asks.
type Request struct {
	Method      string
	Path        string // or a whole address
	ContentType string
	Body        []byte
	Header      []string // name, value, …; more than one of a name is sent so; they win over the client's own
}

// Read is a Request for a path, or an address.
func Read(path string) Request { return Request{Method: http.MethodGet, Path: path} }

// Form is a Request with a form of name, value, name, value, … Of a name that is
// there twice, the last value counts.
func Form(path string, pairs ...string) Request {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return Values(path, v)
}

// Values is a Request with a form.
func Values(path string, form url.Values) Request {
	return Request{Method: http.MethodPost, Path: path, ContentType: "application/x-www-form-urlencoded", Body: []byte(form.Encode())}
}

// A Part is a field of a multipart form. One with a file name is a file.
type Part struct {
	Field, File string
	Data        []byte
}

// Multipart is a Request with such a form.
func Multipart(path string, parts ...Part) Request {
	var b bytes.Buffer
	w := multipart.NewWriter(&b) // a buffer has no error
	for _, p := range parts {
		if p.File == "" {
			_ = w.WriteField(p.Field, string(p.Data))
			continue
		}
		part, _ := w.CreateFormFile(p.Field, p.File)
		_, _ = part.Write(p.Data)
	}
	_ = w.Close()
	return Request{Method: http.MethodPost, Path: path, ContentType: w.FormDataContentType(), Body: b.Bytes()}
}

// File is a Request that uploads a photo in that field.
func File(path, field string, photo []byte) Request {
	return Multipart(path, Part{Field: field, File: "photo.jpg", Data: photo})
}

// As is the request with another method.
func (q Request) As(method string) Request {
	q.Method = method
	return q
}

// With is the request with headers of name, value, …
func (q Request) With(header ...string) Request {
	q.Header = append(q.Header[:len(q.Header):len(q.Header)], header...)
	return q
}

func (q Request) on(ctx context.Context, site string) (*http.Request, error) {
	address := q.Path
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		address = site + address
	}
	req, err := http.NewRequestWithContext(ctx, q.Method, address, bytes.NewReader(q.Body))
	if err != nil {
		return nil, err
	}
	if q.ContentType != "" {
		req.Header.Set("Content-Type", q.ContentType)
	}
	for i := 0; i < len(q.Header); i += 2 {
		req.Header.Add(q.Header[i], q.Header[i+1])
	}
	return req, nil
}

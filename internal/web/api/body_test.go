package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A client that dies while it writes must not publish half of what it meant: what comes last may say for whom.
func TestACutOffMultipartBodyIsRefused(t *testing.T) {
	const field = "--b\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\nhello\r\n"
	for _, c := range []struct {
		name, body string
		refused    bool
	}{
		{"whole", field + "--b--\r\n", false},
		{"nothing at all", "", false},
		{"without its end", field, true},
		{"within a field", field[:len(field)-4], true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/api/v1/statuses", strings.NewReader(c.body))
			r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
			err := readBody(r, newParams(), files{}, func() {})
			if (err != nil) != c.refused {
				t.Errorf("%v", err)
			}
		})
	}
}

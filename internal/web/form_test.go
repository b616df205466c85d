package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gin-gonic/gin"
)

func TestOnlyWholeFormsReachHandlers(t *testing.T) {
	const urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"
	part := func(value string) string {
		return "--b\r\nContent-Disposition: form-data; name=\"visibility\"\r\n\r\n" + value
	}
	for _, c := range []struct {
		name, kind, body string
		want             int
	}{
		{"whole", urlencoded, "visibility=followers", 200},
		{"with a charset", urlencoded + ";charset=UTF-8", "visibility=followers", 200},
		{"whole in parts", multipart, part("followers") + "\r\n--b--\r\n", 200},
		{"too large", urlencoded, "visibility=followers&caption=" + strings.Repeat("x", smallBody), 413},
		{"too large in parts", multipart, part(strings.Repeat("x", smallBody)) + "\r\n--b--\r\n", 413},
		{"cut off in parts", multipart, part("foll"), 400},
		{"a torn escape", urlencoded, "visibility=followers&caption=%4", 400},
		{"JSON", "application/json", `{"visibility":"followers"}`, 415},
		{"of no kind", "", "visibility=followers", 415},
	} {
		t.Run(c.name, func(t *testing.T) {
			ran := 0
			site := newTestSite(t, func(r *Routes) {
				r.Personal("POST", "/form", func(c *gin.Context) error {
					ran++
					if v := c.PostForm("visibility"); v != "followers" {
						t.Errorf("the handler was told %q", v)
					}
					return nil
				})
			})
			if got := site.ask("POST", "/form", c.body, "Content-Type: "+c.kind).Code; got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
			if (ran == 1) != (c.want == 200) {
				t.Errorf("the handler ran %d times", ran)
			}
		})
	}
}

func TestAFormThatStallsIsNotAnEmptyOne(t *testing.T) {
	ran := false
	site := newTestSite(t, func(r *Routes) {
		r.Personal("POST", "/form", func(*gin.Context) error { ran = true; return nil })
	})
	r := httptest.NewRequest("POST", "/form", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("visibility=followers"))))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	site.handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || ran {
		t.Errorf("%d, and the handler ran: %v", w.Code, ran)
	}
}

package web

import (
	"errors"
	"mime"
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/lang"
)

// wholeForm lets a handler run only on a form that arrived whole. Handlers ask
// for values by name, and what is not there is empty: a form that was too large
// or cut off would clear a caption, or publish what was for followers only.
func wholeForm(h func(*gin.Context) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		if err := readForm(c.Request); err != nil {
			return err
		}
		return h(c)
	}
}

func readForm(r *http.Request) error {
	if r.Method != http.MethodPost || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || kind != "application/x-www-form-urlencoded" && kind != "multipart/form-data":
		return &HTTPError{Status: http.StatusUnsupportedMediaType, Message: lang.Key("That is not a form, so nothing was done.")}
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(smallBody) // hides what is wrong with the query, which handlers do not write by
	default:
		err = r.ParseForm()
	}
	if errors.Is(err, errSlowBody) {
		return brokenBody(err)
	}
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return &HTTPError{Status: http.StatusBadRequest, Message: lang.Key("The form did not arrive completely, so nothing was done. Please send it again."), Cause: err}
	}
	return err
}

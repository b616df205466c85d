package pages

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"tintype/static"
)

// serveAsset serves one of the site's own files, compressed where the browser accepts it. The address with the file's
// own fingerprint may be cached for a year. One with the fingerprint of another release must not be cached.
func serveAsset(c *gin.Context, asset *static.Asset, known bool) error {
	h := c.Writer.Header()
	h.Set("Content-Type", asset.ContentType)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Access-Control-Allow-Origin", "*") // modules are loaded with crossorigin
	h.Set("Cache-Control", "no-store")
	if known {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("ETag", asset.ETag)
		if c.GetHeader("If-None-Match") == asset.ETag {
			c.Status(http.StatusNotModified)
			return nil
		}
	}
	body, encoding := asset.Encoded(c.GetHeader("Accept-Encoding"))
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	_, err := c.Writer.Write(body)
	return err
}

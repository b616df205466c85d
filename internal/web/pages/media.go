package pages

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/store"
)

func (p *Pages) registerMedia(r Routes) {
	r.Asset(http.MethodGet, "/media/pub/:random/:variant", p.publicMedia)
	r.Asset(http.MethodGet, "/media/priv/:random/:variant", p.privateMedia)
}

// publicMedia serves public photos, cacheable for a year: a name is never used twice. On a members-only site the
// request must have a session; applications get signed addresses instead. The photos of a suspended member are not
// served, but for those of a reported post to those who read reports, at addresses that are signed for them.
func (p *Pages) publicMedia(c *gin.Context) error {
	ok, err := p.Community.PublicPhotoAllowed(c.Request.Context(), c.Param("random"))
	if err != nil {
		return err
	}
	if !ok {
		return p.signedMedia(c, p.Community.WithheldPhotoAllowed)
	}
	if !p.site(c).MembersOnly {
		return p.serveMedia(c, media.CacheControl(media.Public))
	}
	if err := p.Sessions.Begin(c); err != nil {
		return err
	}
	if viewer(c) == nil {
		return community.ErrNotFound
	}
	return p.serveMedia(c, "private, max-age=31536000, immutable")
}

// privateMedia serves photos that only some may see. The address is signed for one reader and a limited time. A page's
// address works in that reader's own session only. Each request checks whether the reader may still see the photo.
func (p *Pages) privateMedia(c *gin.Context) error {
	return p.signedMedia(c, p.Community.PrivatePhotoAllowed)
}

func (p *Pages) signedMedia(c *gin.Context, allowed func(ctx context.Context, random string, reader int64) (bool, error)) error {
	reader, own, err := p.Addresses.Verify(c.Request.URL.Path, c.Request.URL.Query(), time.Now())
	if err != nil {
		return community.ErrNotFound
	}
	if err := p.Sessions.Begin(c); err != nil {
		return err
	}
	if acc := viewer(c); acc == nil && own || acc != nil && acc.ID != reader {
		return community.ErrNotFound
	}
	ok, err := allowed(c.Request.Context(), c.Param("random"), reader)
	if err != nil {
		return err
	}
	if !ok {
		return community.ErrNotFound
	}
	return p.serveMedia(c, "private, max-age=3600, immutable")
}

const (
	// presignLife is how long an address in the store is asked to work.
	presignLife = time.Hour
	// presignSpare is how much longer it works than the redirect to it is kept.
	presignSpare = 30 * time.Second
	// presignLeast is for how long a redirect must be worth it: else we send the photo ourselves.
	presignLeast = time.Minute
)

// sendToStore redirects to the media store where that is configured, if the address there outlives the redirect.
func (p *Pages) sendToStore(c *gin.Context, key string) (sent bool, err error) {
	if p.Presign == nil || c.Request.Method != http.MethodGet { // which is what the address is signed for
		return false, nil
	}
	address, good, err := p.Presign.Presign(c.Request.Context(), key, presignLife)
	if err != nil {
		return false, &community.Unavailable{RetryAfter: 5 * time.Second, Err: err}
	}
	keep := good - presignSpare
	if keep < presignLeast {
		return false, nil
	}
	// The answer is private even for public photos, because the address is signed with the site's credentials.
	c.Header("Cache-Control", "private, max-age="+strconv.Itoa(int(keep.Seconds())))
	c.Redirect(http.StatusFound, address)
	return true, nil
}

func (p *Pages) serveMedia(c *gin.Context, cache string) error {
	key, err := media.KeyOf(c.Request.URL.Path)
	if err != nil || key.Kind != store.SetPublic && key.Kind != store.SetPrivate {
		return community.ErrNotFound
	}
	if sent, err := p.sendToStore(c, key.String()); sent || err != nil {
		return err
	}
	obj, err := p.Media.Open(c.Request.Context(), key.String())
	if errors.Is(err, media.ErrNotFound) {
		return community.ErrNotFound
	}
	if err != nil {
		return &community.Unavailable{RetryAfter: 5 * time.Second, Err: err}
	}
	defer obj.Close()
	h := c.Writer.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", cache)
	h.Set("ETag", obj.ETag)
	http.ServeContent(c.Writer, c.Request, "", obj.ModTime, obj)
	return nil
}

package pages

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// securityTxtLife is how long a security.txt says that it holds; it is written anew for each request.
const securityTxtLife = 90 * 24 * time.Hour

func (p *Pages) registerWellKnown(r Routes) {
	r.Personal(http.MethodGet, "/.well-known/change-password", p.changePassword)
	r.Cacheable(http.MethodGet, "/.well-known/security.txt", p.securityTxt)
}

// changePassword is where programs that keep passwords look for the form (W3C, A Well-Known URL for Changing Passwords).
func (p *Pages) changePassword(c *gin.Context) error {
	c.Redirect(http.StatusFound, "/settings/account")
	return nil
}

// securityTxt tells whoever has found a hole whom to write to (RFC 9116).
func (p *Pages) securityTxt(c *gin.Context) error {
	contact := p.site(c).ContactURL()
	if contact == "" || strings.HasPrefix(contact, "http://") { // the RFC has no web address without TLS
		contact = p.BaseURL + "/contact"
	}
	expires := time.Now().UTC().Truncate(24 * time.Hour).Add(securityTxtLife)
	c.Header("Content-Type", "text/plain; charset=utf-8")
	c.Status(http.StatusOK)
	_, err := fmt.Fprintf(c.Writer, "Contact: %s\nExpires: %s\nPreferred-Languages: en\nCanonical: %s/.well-known/security.txt\n",
		contact, expires.Format(time.RFC3339), p.BaseURL)
	return err
}

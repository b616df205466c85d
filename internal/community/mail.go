package community

import (
	"context"
	"fmt"
	netmail "net/mail"
	"net/url"
	"time"

	"tintype/internal/mail"
	"tintype/internal/store"
)

// Kinds of mail.
const (
	mailVerify      = "verify"
	mailChange      = "change"
	mailChanged     = "changed"
	mailReset       = "reset"
	mailPassword    = "password"
	mailDevice      = "device"
	mailApplication = "application"
	mailExport      = "export"
)

// mailSite is who writes the letters.
func (c *Community) mailSite() mail.Site {
	return mail.Site{Name: c.SiteName, URL: c.BaseURL, Contact: c.Contact}
}

func mailPerson(acc *store.Account) mail.Person {
	return mail.Person{Name: acc.Name(), Username: acc.Username}
}

// mailHost is the host in Message-IDs.
func (c *Community) mailHost() string {
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Hostname() == "" {
		return "localhost"
	}
	return u.Hostname()
}

// mailTime is a moment as letters write it.
func mailTime(at store.Millis) string {
	return at.Time().UTC().Format("2 January 2006, 15:04") + " UTC"
}

// SendTestMail sends a mail to the address at once, and says where it went.
func (c *Community) SendTestMail(ctx context.Context, address string) (string, error) {
	a, err := netmail.ParseAddress(address)
	if err != nil {
		return "", fmt.Errorf("%q is no e-mail address", address)
	}
	if c.Mail == nil {
		return "", fmt.Errorf("no mail is written here: SMTP_URL is not set, and STATELESS keeps nothing on this machine")
	}
	now := time.Now()
	err = c.Mail.Send(ctx, mail.Message{ID: mail.NewID(c.mailHost(), "test", now.UnixNano(), newSecret()), To: a.Address, At: now, Letter: mail.Test(c.mailSite())})
	return c.Mail.String(), err
}

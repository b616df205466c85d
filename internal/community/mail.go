package community

import (
	"context"
	"fmt"
	netmail "net/mail"
	"net/url"
	"strings"
	"time"

	"tintype/internal/lang"
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
	mailInvitation  = "invitation"
	mailApproved    = "approved"
	mailRefused     = "refused"
	mailNotices     = "notices"
	mailLeaving     = "leaving"

	mailFactorAdded   = "factor_added"
	mailFactorRemoved = "factor_removed"
	mailRecoveryUsed  = "recovery_used"
	mailFactorsTaken  = "factors_taken"
	mailNewCodes      = "new_codes"
	mailRole          = "role"
	mailDigest        = "digest"
	mailDecision      = "decision"
)

// mailBucket is what letters of a kind to one address are counted in, and how many of them it gets. Nobody's letters use up
// another kind's: strangers ask for some, a log-in in a new browser may be repeated by whoever has the password, and neither
// may hold up the news that the password was changed.
func mailBucket(kind, to string) bucket {
	b := bucket{kind, Limit{Count: 20, Window: time.Hour}}
	switch kind {
	case mailVerify, mailChange: // whoever enters the address causes them
		b = bucket{"asked", Limit{Count: 10, Window: time.Hour}}
	case mailReset:
		b.limit = forgotLimit
	case mailNotices, mailDigest, mailExport:
		b.name = "news"
	}
	b.name = "mail:" + b.name + ":" + hashSecret(store.EmailKey(to))
	return b
}

// mailLanguage is what letters to the account are written in.
func (c *Community) mailLanguage(ctx context.Context, acc *store.Account) *lang.Language {
	return lang.Or(acc.PagesLanguage, c.Site(ctx).Language)
}

// mailSite is who writes the letters.
func (c *Community) mailSite(ctx context.Context, l *lang.Language) mail.Site {
	site := c.Site(ctx)
	return mail.Site{Name: site.Name, URL: c.BaseURL, Contact: site.Contact, Lang: l}
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
func mailTime(l *lang.Language, at store.Millis) string {
	return l.Date(at.Time().UTC(), "2 January 2006, 15:04 MST")
}

const (
	testMailPatience = 20 * time.Second
	testMailsPerHour = 10 // of one account
)

// SendTest is SendTestMail as an act of somebody. *Invalid says why no mail went.
func (c *Community) SendTest(ctx context.Context, by By, address string) (string, error) {
	if err := by.may(TestMail); err != nil {
		return "", err
	}
	if done, err := c.done(ctx, by, TestMail); done || err != nil {
		return c.Mail.String(), err
	}
	address = strings.TrimSpace(address)
	if a, err := netmail.ParseAddress(address); err != nil || a.Address != address {
		return "", invalid("address", "invalid", "“%s” is not an e-mail address.", address)
	}
	if by.Account != nil {
		if err := c.Allow(ctx, fmt.Sprintf("mailtest:%d", by.Account.ID), Limit{testMailsPerHour, time.Hour}); err != nil {
			return "", err
		}
	}
	where, err := c.SendTestMail(ctx, address)
	if err != nil {
		return "", invalid("address", "refused", "The mail could not be sent: %s", err.Error())
	}
	return where, c.administration(ctx, by, TestMail, func(_ context.Context, _ *store.Store, e *store.AdminEntry) (bool, error) {
		_, domain, _ := strings.Cut(address, "@") // moderators read the log, and only administrators see addresses
		e.Detail = cutText("…@"+domain, maxDetail)
		return true, nil
	})
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
	ctx, cancel := context.WithTimeout(ctx, testMailPatience)
	defer cancel()
	err = c.Mail.Send(ctx, mail.Message{ID: mail.NewID(c.mailHost(), "test", now.UnixNano(), newSecret()), To: a.Address, At: now, Letter: mail.Test(c.mailSite(ctx, c.Site(ctx).Language))})
	return c.Mail.String(), err
}

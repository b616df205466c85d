package config

import (
	"errors"
	netmail "net/mail"
	"path/filepath"

	"tintype/internal/mail"
)

// mailSettings are how the site writes to its members.
var mailSettings = []setting{
	{
		name: "SMTP_URL", group: "Mail", def: "", secret: true,
		help:    "The server that takes the site's mail: `smtp://user:password@mail.example.org:587` (STARTTLS, which a password insists on) or `smtps://user:password@mail.example.org` (TLS, port 465). At Amazon SES, its SMTP endpoint with SMTP credentials. Special characters are escaped (%40 for @). Without it, mail is kept as files in `DATA_DIR/mail`, the newest 200, and pages name CONTACT instead of promising mail; with STATELESS=true no mail is written then.",
		rotates: "with the next mail",
		parse:   parseSMTPURL,
		show: func(c *Config) string {
			if c.SMTPURL.IsSet() {
				return c.SMTPShown
			}
			return ""
		},
	},
	{
		name: "MAIL_FROM", group: "Mail", def: "SITE_NAME with noreply@ the host of BASE_URL",
		defFrom: func(*Config) string { return "" },
		help:    "Whom the site's mail comes from: an address, or a name with an address, such as `Our Club <photos@example.org>`. The server of SMTP_URL must take mail from it.",
		parse:   parseMailFrom,
		show:    func(c *Config) string { return c.MailFrom.String() },
	},
}

func parseSMTPURL(c *Config, v value) error {
	if !v.set {
		return nil
	}
	server, err := mail.ParseURL(v.text)
	if err != nil {
		return err
	}
	c.SMTPURL, c.SMTPShown = v.secret(), server.ShownURL()
	return nil
}

func parseMailFrom(c *Config, v value) error {
	if !v.set {
		c.MailFrom = &netmail.Address{Address: "noreply@localhost"}
		if c.BaseURL != nil {
			c.MailFrom.Address = "noreply@" + c.BaseURL.Hostname()
		}
		return nil
	}
	a, err := netmail.ParseAddress(v.text)
	if err != nil {
		return errors.New("it is neither an e-mail address nor a name with one, such as Our Club <photos@example.org>")
	}
	c.MailFrom = a
	return nil
}

// MailFolder is where mail is kept while no server takes it.
func (c *Config) MailFolder() string { return filepath.Join(c.DataDir, "mail") }

// Mail is where the site's mail goes: smtp, files, or none, where nothing may be kept on this machine.
func (c *Config) Mail() string {
	switch {
	case c.SMTPURL.IsSet():
		return "smtp"
	case c.Stateless:
		return "none"
	}
	return "files"
}

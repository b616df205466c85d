package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/mail"
)

// checkMail asks the mail server, logs in there, and sends one mail where the run sends any.
func (d *Diagnosis) checkMail(ctx context.Context) []Check {
	switch d.Config.Mail() {
	case "files":
		return []Check{fine("kept as files in %s, and reaches nobody: SMTP_URL is not set", d.Config.MailFolder())}
	case "none":
		return []Check{warn("no mail is written: SMTP_URL is not set, and STATELESS keeps nothing on this machine", "set SMTP_URL, so that members can confirm addresses and choose a new password")}
	}
	start := time.Now()
	if err := d.Mail.Check(ctx); err != nil {
		return []Check{failed(d.Mail.String(), err, "see that SMTP_URL names the right host, port, user and password; mail waits meanwhile, for about a day")}
	}
	if d.TestMail == nil {
		return []Check{fine("%s answers, and lets the site in: %s; no mail was sent; `tintype doctor` sends one", d.Mail, time.Since(start).Round(time.Millisecond))}
	}
	to, err := d.testMail()
	switch {
	case to == "":
		return []Check{fine("%s answers, and lets the site in: %s; no mail was sent: MAIL_FROM is not set, and the site's contact is no address", d.Mail, time.Since(start).Round(time.Millisecond))}
	case errors.Is(err, mail.ErrLater):
		return []Check{warn(fmt.Sprintf("%s lets the site in, and takes no mail to %s now: %v", d.Mail, to, err), "mail waits and is sent again, for about a day; `tintype mail test` tries once more")}
	case errors.Is(err, mail.ErrRefused):
		return []Check{warn(fmt.Sprintf("%s lets the site in, and takes no mail to %s: %v", d.Mail, to, err),
			"whoever answers the site's mail reaches nobody: set MAIL_FROM to an address that is read; `tintype mail test ADDRESS` tries another address")}
	case err != nil:
		return []Check{failed(fmt.Sprintf("%s lets the site in, and took no mail to %s", d.Mail, to), err, "see that the server takes mail from the address of MAIL_FROM; mail waits meanwhile, for about a day")}
	}
	return []Check{fine("%s took a mail to %s: %s; look there whether it came, and is not among spam", d.Mail, to, time.Since(start).Round(time.Millisecond))}
}

package doctor

import (
	"context"
	"time"
)

// checkMail asks the mail server, and logs in there. `tintype mail test` sends a mail.
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
	return []Check{fine("%s answers, and lets the site in: %s; `tintype mail test ADDRESS` sends a mail", d.Mail, time.Since(start).Round(time.Millisecond))}
}

package community

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"tintype/internal/mail"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobMail is a mailJob: writes one letter and has it delivered.
const jobMail = "mail"

const (
	// mailLife is how long a mail is tried, and waits for its turn.
	mailLife = 24 * time.Hour
	// mailSlow is after how long a mail that is tried again counts as one that failed, until it is delivered.
	mailSlow = time.Hour
	// mailAttempts is how often, with ten minutes between two tries in the end.
	mailAttempts = 160
)

// A mailJob holds no secret: links are signed when the letter is written.
type mailJob struct {
	Kind    string `json:"kind"`
	Account int64  `json:"account,omitempty"`
	Email   string `json:"email,omitempty"` // where it goes, if not to the account's address
	About   int64  `json:"about,omitempty"` // an export, or the notifications after this one
	Upto    int64  `json:"upto,omitempty"`
	Words   string `json:"words,omitempty"` // a device, an application, a reason or a role
	Name    string `json:"name,omitempty"`  // of somebody who has no account
	Network string `json:"network,omitempty"`
	// State is linkState of the account when a change of address was asked for: another address or password since then
	// ends it, though its letter had to wait.
	State []byte `json:"state,omitempty"`
	// Stage is the stageOf a decision of which the letter tells: what came after that has a letter of its own.
	Stage string       `json:"stage,omitempty"`
	At    store.Millis `json:"at"`
}

// registerMail has this process write letters, if it can have them delivered. Those of other processes wait for one that can.
func (c *Community) registerMail(q *queue.Queue) {
	if c.Mail == nil {
		return
	}
	q.Register(jobMail, queue.Handler{Run: c.runMail, Class: ClassMail, Timeout: time.Minute, MaxAttempts: mailAttempts, Backoff: 20 * time.Second})
	q.Register(jobMailDue, queue.Handler{Run: c.mailDueJob, Class: ClassBulk, Timeout: 5 * time.Minute, MaxAttempts: 3, Every: mailDueEvery})
}

// addMail has a letter written, in the transaction of its cause.
func (c *Community) addMail(ctx context.Context, tx *store.Store, m mailJob) error {
	if c.Mail == nil {
		return nil
	}
	if m.At == 0 {
		m.At = store.ToMillis(time.Now())
	}
	return tx.AddJob(ctx, jobMail, m, 0)
}

// idOf is the account's id; that of the job where the account is gone, or has never been.
func idOf(acc *store.Account, id int64) int64 {
	if acc != nil {
		return acc.ID
	}
	return id
}

// invitationLetter writes to whom an invitation is for, while it works.
func (c *Community) invitationLetter(ctx context.Context, id int64) (l mail.Letter, err error) {
	inv, err := c.Store.InvitationByID(ctx, id)
	if err != nil {
		return l, err
	}
	words := c.Site(ctx).Language
	if works, err := c.Store.InvitationWorks(ctx, id); err != nil {
		return l, err
	} else if !works {
		return l, errNoLetter
	}
	return mail.Invitation(c.mailSite(ctx, words), inv.Creator, mailTime(words, inv.ExpiresAt), c.InvitationURL(id)), nil
}

// errNoLetter says that nobody is to be written to any more.
var errNoLetter = errors.New("no letter")

// runMail writes the letter as things are now, and sends it. The Message-ID is made of the cause, so that a mail whose answer
// was lost is known to its receiver when it comes again.
func (c *Community) runMail(ctx context.Context, job *queue.Job) error {
	ctx = store.Primary(ctx)
	var arg mailJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	if time.Since(arg.At.Time()) > mailLife {
		c.Log.WarnContext(ctx, "a mail could not be sent within a day", "account", arg.Account, "mail", arg.Kind)
		c.noteUnsent(ctx, arg)
		return nil // nobody needs it any more
	}
	acc, to, letter, err := c.letter(ctx, arg)
	if errors.Is(err, errNoLetter) || errors.Is(err, ErrNotFound) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	bucket := mailBucket(arg.Kind, to) // those past its limit wait
	var many *TooMany
	if err := c.Allow(ctx, bucket.name, bucket.limit); errors.As(err, &many) {
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			return tx.AddJob(ctx, jobMail, arg, now+store.Millis(max(many.RetryAfter, time.Minute).Milliseconds()))
		})
	} else if err != nil {
		return err
	}
	err = c.Mail.Send(ctx, mail.Message{
		ID: mail.NewID(c.mailHost(), arg.Kind, idOf(acc, arg.Account), arg.About, arg.Upto, int64(arg.At)), To: to, Letter: letter, At: arg.At.Time(),
	})
	if err == nil {
		c.noteMail(ctx, arg, acc, to, false)
		return nil
	}
	c.takeBack(context.WithoutCancel(ctx), bucket.name, bucket.limit)
	if errors.Is(err, mail.ErrRefused) {
		c.Log.WarnContext(ctx, "a mail was refused", "account", idOf(acc, arg.Account), "mail", arg.Kind, "error", err)
		c.noteMail(ctx, arg, acc, to, true)
		return nil // it would be refused again, and strangers choose the address: it is no dead job that somebody has to look at
	}
	if time.Since(arg.At.Time()) > mailSlow {
		c.noteMail(ctx, arg, acc, to, true)
	}
	return fmt.Errorf("send mail: %w", err)
}

// letter writes what the job asks for as things are now, and says where it goes. Addresses that nobody has confirmed get
// only what asks for that.
func (c *Community) letter(ctx context.Context, m mailJob) (acc *store.Account, to string, l mail.Letter, err error) {
	switch m.Kind { // to who has no account
	case mailRefused:
		return nil, m.Email, mail.Refused(c.mailSite(ctx, c.Site(ctx).Language), m.Name, m.Words), nil
	case mailInvitation:
		l, err = c.invitationLetter(ctx, m.About)
		return nil, m.Email, l, err
	}
	if m.Kind == mailReset {
		acc, err = c.Store.AccountByEmail(ctx, m.Email)
	} else {
		acc, err = c.Store.AccountByID(ctx, m.Account)
	}
	if err != nil {
		return nil, "", l, err
	}
	if !acc.Active() && !readsThough(acc, m.Kind) {
		return nil, "", l, errNoLetter
	}
	words := c.mailLanguage(ctx, acc)
	site, person, at := c.mailSite(ctx, words), mailPerson(acc), m.At.Time()
	to = acc.Email
	switch m.Kind {
	case mailVerify:
		if acc.EmailVerifiedAt != nil || acc.Email != m.Email {
			return nil, "", l, errNoLetter
		}
		link, err := c.linkTo(MailVerify, acc, at, verifyLife, "")
		return acc, to, mail.Verify(site, person, link, acc.UnconfirmedAt != nil), err
	case mailChange:
		if state := linkState(MailChange, acc); !bytes.Equal(state[:], m.State) || acc.EmailVerifiedAt != nil && acc.Email == m.Email {
			return nil, "", l, errNoLetter
		}
		link, err := c.linkTo(MailChange, acc, at, changeLife, m.Email)
		return acc, m.Email, mail.ChangeAddress(site, person, link), err
	case mailChanged:
		link, err := c.linkTo(MailUndo, acc, at, undoLife, m.Email)
		return acc, m.Email, mail.AddressChanged(site, person, link), err
	case mailReset:
		if acc.EmailVerifiedAt == nil {
			return acc, to, mail.ResetUnconfirmed(site, person), nil
		}
		link, err := c.linkTo(MailReset, acc, at, mailResetLife, "")
		return acc, to, mail.Reset(site, person, link), err
	}
	if m.Kind == mailApproved {
		return acc, to, mail.Approved(site, person, c.BaseURL+"/login"), nil
	}
	if acc.EmailVerifiedAt == nil {
		return nil, "", l, errNoLetter
	}
	switch m.Kind {
	case mailLeaving:
		if acc.LeavingAt == nil || *acc.LeavingAt != m.At {
			return nil, "", l, errNoLetter
		}
		l = mail.Leaving(site, person, mailTime(words, store.ToMillis(LeavesUntil(acc))), c.BaseURL+"/login")
	case mailPassword:
		l = mail.PasswordChanged(site, person, mailTime(words, m.At), c.BaseURL+"/forgot-password")
	case mailDevice:
		l = mail.NewDevice(site, person, m.Words, m.Network, mailTime(words, m.At), c.BaseURL+"/settings/sessions")
	case mailApplication:
		l = mail.NewApplication(site, person, m.Words, mailTime(words, m.At), c.BaseURL+"/settings/applications")
	case mailExport:
		e, err := c.Store.ExportOf(ctx, acc.ID)
		if err != nil {
			return nil, "", l, err
		}
		if e.ID != m.About || e.State != store.ExportReady {
			return nil, "", l, errNoLetter
		}
		l = mail.ExportReady(site, person, mailTime(words, e.ExpiresAt), c.BaseURL+exportPath(acc))
	case mailFactorAdded:
		l = mail.FactorAdded(site, person, mailTime(words, m.At), c.BaseURL+"/settings/two-factors")
	case mailFactorRemoved:
		l = mail.FactorRemoved(site, person, mailTime(words, m.At), c.BaseURL+"/settings/two-factors")
	case mailRecoveryUsed:
		l = mail.RecoveryUsed(site, person, int(m.About), mailTime(words, m.At), c.BaseURL+"/settings/two-factors/codes")
	case mailFactorsTaken:
		l = mail.FactorsTaken(site, person, m.Words, c.BaseURL+"/settings/two-factors")
	case mailNewCodes:
		l = mail.NewCodes(site, person, mailTime(words, m.At), c.BaseURL+"/settings/two-factors")
	case mailRole:
		if acc.Role != m.Words {
			return nil, "", l, errNoLetter // it has another one by now, of which another letter tells
		}
		news := accountNews[newsOfRole[acc.Role]]
		l = mail.RoleChanged(site, person, words.T(news.words), c.BaseURL+news.path)
	case mailNotices:
		l, err = c.noticesLetter(ctx, acc, m)
	case mailDigest:
		l, err = c.digestLetter(ctx, acc, m)
	case mailDecision:
		d, derr := c.Store.DecisionByID(ctx, m.About)
		if derr != nil {
			return nil, "", l, derr
		}
		if d.AccountID != acc.ID || m.Stage != "" && m.Stage != stageOf(d) {
			return nil, "", l, errNoLetter
		}
		l = decisionLetter(site, person, d, c.BaseURL, acc.SuspendedAt != nil)
	default:
		return nil, "", l, queue.Permanent(fmt.Errorf("there is no mail of the kind %q", m.Kind))
	}
	return acc, to, l, err
}

// exportPath is where a member finds an export that is ready. Who is suspended logs in first.
func exportPath(acc *store.Account) string {
	if acc.SuspendedAt != nil {
		return "/login"
	}
	return "/settings/export"
}

// readsThough reports whether somebody who may not log in gets mail of a kind: who is suspended reads why, who has left until when to
// come back, both choose another password for what is left to them and take an export along, and who waits to be let in confirms the address.
func readsThough(acc *store.Account, kind string) bool {
	switch kind {
	case mailDecision, mailLeaving:
		return acc.DeletedAt == nil
	case mailReset, mailPassword, mailExport, mailChanged:
		return mayReset(acc)
	case mailVerify:
		return acc.WaitingAt != nil && acc.DeletedAt == nil
	}
	return false
}

// Stages of a decision. The member is told of each.
const (
	stageDecided  = "decided"
	stageAnswered = "answered"
	stageEnded    = "ended"
)

// stageOf is in which stage a decision is.
func stageOf(d *store.Decision) string {
	switch {
	case d.UndoneAt != nil && d.Answer != store.AppealAccepted:
		return stageEnded
	case d.Answer == store.AppealAccepted, d.Answer == store.AppealRejected:
		return stageAnswered
	}
	return stageDecided
}

// decisionLetter tells of a decision, of what became of the answer to it, or that it holds no longer. A suspended member logs in to
// answer.
func decisionLetter(site mail.Site, person mail.Person, d *store.Decision, baseURL string, suspended bool) mail.Letter {
	link := baseURL + "/settings/decisions"
	if suspended {
		link = baseURL + "/login"
	}
	switch stageOf(d) {
	case stageEnded:
		return mail.DecisionEnded(site, person, d.Kind, link)
	case stageAnswered:
		return mail.AppealAnswered(site, person, d.Kind, d.Answer == store.AppealAccepted, d.AnswerWords, link)
	}
	until := ""
	if d.EndsAt != nil {
		until = mailTime(site.Lang, *d.EndsAt)
	}
	return mail.Decided(site, person, d.Kind, d.Words, until, link)
}

package community

import (
	"context"
	"time"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// What a member learns of the own account, by the notification's RefID in the database: the numbers stay.
const (
	newsDevice        = 1
	newsApplication   = 2
	newsPassword      = 3
	newsFactorAdded   = 4
	newsFactorRemoved = 5
	newsRecoveryUsed  = 6
	newsFactorsTaken  = 7
	newsNewCodes      = 8
	newsMember        = 9
	newsModerator     = 10
	newsAdmin         = 11
	newsOwner         = 12
	newsEmail         = 13
	newsExport        = 14
)

// accountNews are the words of each, and where it leads.
var accountNews = map[int64]struct{ words, path string }{
	newsDevice:        {lang.Key("Somebody logged in to your account from a browser that had not been used before"), "/settings/sessions"},
	newsApplication:   {lang.Key("An application may now act for you"), "/settings/applications"},
	newsPassword:      {lang.Key("Your password was changed"), "/settings/sessions"},
	newsFactorAdded:   {lang.Key("A second factor was added"), "/settings/two-factors"},
	newsFactorRemoved: {lang.Key("A second factor was removed"), "/settings/two-factors"},
	newsRecoveryUsed:  {lang.Key("A recovery code was used"), "/settings/two-factors"},
	newsFactorsTaken:  {lang.Key("Your second factors were removed"), "/settings/two-factors"},
	newsNewCodes:      {lang.Key("You have new recovery codes"), "/settings/two-factors"},
	newsMember:        {lang.Key("You now have the role of a member"), "/settings"},
	newsModerator:     {lang.Key("You are now a moderator of this site"), "/admin"},
	newsAdmin:         {lang.Key("You are now an administrator of this site"), "/admin"},
	newsOwner:         {lang.Key("You are now an owner of this site"), "/admin"},
	newsEmail:         {lang.Key("Your account has another e-mail address"), "/settings/account"},
	newsExport:        {lang.Key("Your export is ready"), "/settings/export"},
}

// newsOfMail is what a kind of mail tells of the account.
var newsOfMail = map[string]int64{
	mailDevice: newsDevice, mailApplication: newsApplication, mailPassword: newsPassword, mailFactorAdded: newsFactorAdded,
	mailFactorRemoved: newsFactorRemoved, mailRecoveryUsed: newsRecoveryUsed, mailFactorsTaken: newsFactorsTaken, mailNewCodes: newsNewCodes,
	mailChanged: newsEmail, mailExport: newsExport,
}

// newsOfRole is what another role is to a member.
var newsOfRole = map[string]int64{store.RoleMember: newsMember, store.RoleModerator: newsModerator, store.RoleAdmin: newsAdmin, store.RoleOwner: newsOwner}

// AccountNews is what a notification of NotifyAccount says, a key of the catalogue, and the page that it leads to.
func AccountNews(n *store.Notification) (words, path string) {
	if n.RefID != nil {
		if news, ok := accountNews[*n.RefID]; ok {
			return news.words, news.path
		}
	}
	return lang.Key("Something about your account has changed"), "/settings"
}

// tellAccount tells a member what became of the own account, in the transaction that does it: by mail, and by a notification.
// Mail alone would reach nobody at a site without a mail server, and nobody who has not confirmed an address. Nobody turns
// these off.
func (c *Community) tellAccount(ctx context.Context, tx *store.Store, m mailJob) error {
	news := newsOfMail[m.Kind]
	if m.Kind == mailRole {
		news = newsOfRole[m.Words]
	}
	if err := notifyAccount(ctx, tx, m.Account, news); err != nil {
		return err
	}
	return c.addMail(ctx, tx, m)
}

// notifyAccount is tellAccount without mail.
func notifyAccount(ctx context.Context, tx *store.Store, id, news int64) error {
	push, err := tx.HasPush(ctx, id)
	if err != nil {
		return err
	}
	return tell(ctx, tx, store.Notification{AccountID: id, Kind: store.NotifyAccount, FromID: id, RefID: &news, CreatedAt: store.ToMillis(time.Now())}, push)
}

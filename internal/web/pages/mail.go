package pages

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerMail(r Routes) {
	r.Personal(http.MethodGet, "/forgot-password", p.forgot)
	r.Personal(http.MethodPost, "/forgot-password", p.sendForgot)
	r.Personal(http.MethodGet, "/mail/:token", p.mailLinkForm)
	r.Personal(http.MethodPost, "/mail/:token", p.mailLink)
	r.Personal(http.MethodPost, "/settings/account/verify", p.member(p.resendVerification))
}

func (p *Pages) forgot(c *gin.Context) error {
	if p.Community.MailDelivers {
		return p.showForgot(c, http.StatusOK, templates.ForgotMailView{})
	}
	pg, err := p.page(c, p.lang(c).T("Forgot password"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.ForgotPage(pg))
}

func (p *Pages) showForgot(c *gin.Context, status int, v templates.ForgotMailView) error {
	pg, err := p.page(c, p.lang(c).T("Forgot password"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	return p.render(c, status, templates.ForgotMailPage(pg, v))
}

func (p *Pages) sendForgot(c *gin.Context) error {
	v := templates.ForgotMailView{Email: c.PostForm("email")}
	err := p.Community.ForgotPassword(c.Request.Context(), v.Email, c.ClientIP())
	var many *community.TooMany
	switch errs, ok := p.fieldErrors(c, err, nil); {
	case ok:
		v.Errors = errs
		return p.showForgot(c, http.StatusUnprocessableEntity, v)
	case errors.As(err, &many):
		v.Errors = templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showForgot(c, http.StatusTooManyRequests, v)
	case err != nil:
		return err
	}
	v.Sent = true
	return p.showForgot(c, http.StatusOK, v)
}

// mailKinds are the purposes of links as the page calls them.
var mailKinds = map[byte]string{
	community.MailVerify: "verify", community.MailChange: "change", community.MailUndo: "undo", community.MailReset: "reset",
	community.MailNoNotices: "notices", community.MailNoDigest: "digest",
}

func (p *Pages) mailLinkView(c *gin.Context) (templates.MailLinkView, error) {
	token := c.Param("token")
	l, acc, err := p.Community.MailLinkByToken(c.Request.Context(), token)
	if err != nil {
		return templates.MailLinkView{}, err
	}
	v := templates.MailLinkView{Action: "/mail/" + url.PathEscape(token), Kind: mailKinds[l.Purpose], Name: acc.Username, Email: acc.Email}
	if l.Purpose == community.MailChange || l.Purpose == community.MailUndo {
		v.Email = l.Extra
	}
	return v, nil
}

func (p *Pages) mailLinkForm(c *gin.Context) error {
	v, err := p.mailLinkView(c)
	if errors.Is(err, community.ErrNotFound) {
		return p.mailOver(c)
	}
	if err != nil {
		return err
	}
	return p.showMailLink(c, http.StatusOK, v)
}

func (p *Pages) mailPage(c *gin.Context) (*templates.Page, error) {
	pg, err := p.page(c, p.lang(c).T("Your link"))
	if err != nil {
		return nil, err
	}
	pg.NoIndex, pg.Path = true, "/"
	return pg, nil
}

func (p *Pages) showMailLink(c *gin.Context, status int, v templates.MailLinkView) error {
	pg, err := p.mailPage(c)
	if err != nil {
		return err
	}
	return p.render(c, status, templates.MailLinkPage(pg, v))
}

func (p *Pages) mailOver(c *gin.Context) error {
	pg, err := p.mailPage(c)
	if err != nil {
		return err
	}
	return p.render(c, http.StatusNotFound, templates.MailOverPage(pg))
}

func (p *Pages) mailDone(c *gin.Context, v templates.MailDoneView) error {
	pg, err := p.mailPage(c)
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.MailDonePage(pg, v))
}

// mailLink does what the link is for.
func (p *Pages) mailLink(c *gin.Context) error {
	v, err := p.mailLinkView(c)
	if err == nil {
		err = p.useMailLink(c, v)
	}
	if errors.Is(err, community.ErrNotFound) {
		return p.mailOver(c)
	}
	return err
}

func (p *Pages) useMailLink(c *gin.Context, v templates.MailLinkView) error {
	ctx, token := c.Request.Context(), c.Param("token")
	switch v.Kind {
	case "verify", "change":
		_, err := p.Community.ConfirmEmail(ctx, token)
		if errs, ok := p.fieldErrors(c, err, nil); ok {
			v.Errors = errs
			return p.showMailLink(c, http.StatusUnprocessableEntity, v)
		}
		if err != nil {
			return err
		}
		return p.mailDone(c, templates.MailDoneView{Title: p.lang(c).T("Confirmed"), Text: p.lang(c).T("%s is the address of @%s.", v.Email, v.Name), LinkURL: "/", LinkText: p.lang(c).T("Home")})
	case "undo":
		page, err := p.Community.UndoEmail(ctx, token)
		if err != nil {
			return err
		}
		return redirect(c, page)
	case "notices", "digest": // also by the button of a mail program, which posts List-Unsubscribe=One-Click without a session
		if err := p.Community.EndMail(ctx, token); err != nil {
			return err
		}
		return p.mailDone(c, templates.MailDoneView{Title: p.lang(c).T("No more of these"), Text: p.lang(c).T("@%s will get no more mail of that kind. You can turn it on again in your settings.", v.Name), LinkURL: "/settings/notifications", LinkText: p.lang(c).T("Notifications")})
	case "reset":
		acc, err := p.Community.ResetByMail(ctx, token, c.PostForm("password"))
		if errs, ok := p.fieldErrors(c, err, nil); ok {
			v.Errors = errs
			return p.showMailLink(c, http.StatusUnprocessableEntity, v)
		}
		if err != nil {
			return err
		}
		if in, err := p.enter(c, acc, "/", nil); err != nil || !in {
			return err
		}
		p.setFlash(c, "password-changed")
		return redirect(c, "/")
	}
	return community.ErrNotFound
}

func (p *Pages) resendVerification(c *gin.Context, acc *store.Account) error {
	err := p.Community.ResendVerification(c.Request.Context(), acc)
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showAccount(c, http.StatusTooManyRequests, templates.SettingsAccountView{Name: acc.Username, Email: acc.Email, Errors: templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}})
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "mail-sent")
	return redirect(c, "/settings/account")
}

// toldOfLogin has a member told of a log-in in a browser that the account was not known in. Its failure is no reason to
// refuse who has the password.
func (p *Pages) toldOfLogin(c *gin.Context, acc *store.Account) {
	if err := p.Community.ToldOfLogin(c.Request.Context(), acc, p.client(c), device(lang.Or(acc.PagesLanguage, p.siteLanguage(c)), c.Request.UserAgent())); err != nil {
		p.Log.WarnContext(c.Request.Context(), "a member was not told of a log-in", "account", acc.ID, "error", err)
	}
}

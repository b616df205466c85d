package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

const (
	// challengeCookie keeps what a browser was asked of its passkeys.
	challengeCookie = "challenge"
	// confirmCookie does so where a passkey stands for the password, which may be for a new passkey.
	confirmCookie = "confirm"
)

func (p *Pages) registerPasskeys(r Routes) {
	post := http.MethodPost
	r.Personal(post, "/login/passkey/options", p.askPasskey)
	r.Personal(post, "/login/passkey", p.loginByPasskey)
	r.Personal(post, twoFactorsPath+"/passkey/options", p.member(p.newPasskey))
	r.Personal(post, twoFactorsPath+"/passkey", p.member(p.addPasskey))
	r.Personal(post, "/settings/confirm/options", p.member(p.askToConfirm))
	r.Personal(post, "/suspended/confirm/options", p.shutOut(p.askSuspendedToConfirm))
}

// answerOptions answers a script's question what to ask the browser.
func (p *Pages) answerOptions(c *gin.Context, cookie string, options any, sealed string, err error) error {
	if err != nil {
		return err
	}
	p.Signed.SetCookie(c.Writer, cookie, []byte(sealed), community.PasskeyLife)
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, options)
	return nil
}

func (p *Pages) takeChallenge(c *gin.Context, cookie string) string {
	b, _ := p.Signed.Cookie(c.Request, cookie)
	p.Signed.SetCookie(c.Writer, cookie, nil, -time.Second)
	return string(b)
}

func (p *Pages) askPasskey(c *gin.Context) error {
	options, sealed, err := p.Community.AskPasskey(c.Request.Context())
	return p.answerOptions(c, challengeCookie, options, sealed, err)
}

func (p *Pages) loginByPasskey(c *gin.Context) error {
	v := templates.LoginView{Return: returnTo(c, "/"), Carried: carriedIn(c)}
	acc, err := p.Community.LoginByPasskey(c.Request.Context(), p.takeChallenge(c, challengeCookie), c.PostForm("credential"), p.client(c))
	var suspended *community.Suspended
	if errors.As(err, &suspended) {
		return p.enterSuspended(c, suspended.Account)
	}
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showLogin(c, status, v)
	}
	p.toldOfLogin(c, acc)
	if err := p.logIn(c, acc); err != nil {
		return err
	}
	return p.afterLogin(c, acc, v.Return)
}

func (p *Pages) newPasskey(c *gin.Context, acc *store.Account) error {
	options, sealed, err := p.Community.NewPasskey(c.Request.Context(), acc)
	return p.answerOptions(c, challengeCookie, options, sealed, err)
}

// askToConfirm asks for a passkey instead of the password, before something that hurts.
func (p *Pages) askToConfirm(c *gin.Context, acc *store.Account) error {
	options, sealed, err := p.Community.AskToConfirm(c.Request.Context(), acc, sessions.Default(c).ID())
	return p.answerOptions(c, confirmCookie, options, sealed, err)
}

// askSuspendedToConfirm is askToConfirm for somebody who is suspended, or has left.
func (p *Pages) askSuspendedToConfirm(c *gin.Context, acc *store.Account) error {
	options, sealed, err := p.Community.AskToConfirm(c.Request.Context(), acc, suspendedSession)
	return p.answerOptions(c, confirmCookie, options, sealed, err)
}

// confirmPage is a page that asks for the password again, or for a passkey.
func (p *Pages) confirmPage(c *gin.Context, title string) (*templates.Page, error) {
	return p.confirmPageFor(c, viewer(c), title)
}

// confirmPageFor is confirmPage for an account that may have no session.
func (p *Pages) confirmPageFor(c *gin.Context, acc *store.Account, title string) (*templates.Page, error) {
	pg, err := p.page(c, title)
	if err == nil && acc != nil {
		pg.ConfirmByPasskey, err = p.Community.HasPasskey(c.Request.Context(), acc)
	}
	return pg, err
}

func (p *Pages) addPasskey(c *gin.Context, acc *store.Account) error {
	name := c.PostForm("passkey_name")
	codes, err := p.Community.AddPasskey(c.Request.Context(), acc, p.confirmation(c, "passkey_password"), p.takeChallenge(c, challengeCookie), c.PostForm("credential"), name)
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		return p.showTwoFactors(c, acc, status, errs, name)
	}
	if len(codes) > 0 {
		return p.showCodes(c, codes)
	}
	p.setFlash(c, "saved")
	return redirect(c, twoFactorsPath)
}

package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

// challengeCookie keeps what a browser was asked of its passkeys.
const challengeCookie = "challenge"

func (p *Pages) registerPasskeys(r Routes) {
	post := http.MethodPost
	r.Personal(post, "/login/passkey/options", p.askPasskey)
	r.Personal(post, "/login/passkey", p.loginByPasskey)
	r.Personal(post, twoFactorsPath+"/passkey/options", p.member(p.newPasskey))
	r.Personal(post, twoFactorsPath+"/passkey", p.member(p.addPasskey))
}

// answerOptions answers a script's question what to ask the browser.
func (p *Pages) answerOptions(c *gin.Context, options any, sealed string, err error) error {
	if err != nil {
		return err
	}
	p.Signed.SetCookie(c.Writer, challengeCookie, []byte(sealed), community.PasskeyLife)
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, options)
	return nil
}

func (p *Pages) takeChallenge(c *gin.Context) string {
	b, _ := p.Signed.Cookie(c.Request, challengeCookie)
	p.Signed.SetCookie(c.Writer, challengeCookie, nil, -time.Second)
	return string(b)
}

func (p *Pages) askPasskey(c *gin.Context) error {
	options, sealed, err := p.Community.AskPasskey(c.Request.Context())
	return p.answerOptions(c, options, sealed, err)
}

func (p *Pages) loginByPasskey(c *gin.Context) error {
	v := templates.LoginView{Return: returnTo(c, "/"), Carried: carriedIn(c)}
	acc, err := p.Community.LoginByPasskey(c.Request.Context(), p.takeChallenge(c), c.PostForm("credential"), p.client(c))
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
	return p.answerOptions(c, options, sealed, err)
}

func (p *Pages) addPasskey(c *gin.Context, acc *store.Account) error {
	name := c.PostForm("passkey_name")
	codes, err := p.Community.AddPasskey(c.Request.Context(), acc, confirmation(c, "passkey_password"), p.takeChallenge(c), c.PostForm("credential"), name)
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

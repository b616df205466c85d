package pages

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

const (
	// halfCookie is the purpose of the signed cookie of somebody who has given the password alone. It lets nobody in.
	halfCookie = "half"
	// rememberCookie is that of the browsers in which second factors were given: for each account what community.Remembered makes,
	// the last one first.
	rememberCookie = "remember"
)

// twoFactorsPath is where members set up second factors.
const twoFactorsPath = "/settings/two-factors"

func (p *Pages) registerTwoFactors(r Routes) {
	get, post := http.MethodGet, http.MethodPost
	r.Personal(post, "/login/second", p.secondFactor)
	r.Personal(get, twoFactorsPath, p.member(p.twoFactors))
	r.Personal(get, twoFactorsPath+"/app", p.member(p.totpForm))
	r.Personal(post, twoFactorsPath+"/app", p.member(p.addTOTP))
	r.Personal(get, twoFactorsPath+"/codes", p.member(p.codesForm))
	r.Personal(post, twoFactorsPath+"/codes", p.member(p.newCodes))
	r.Personal(post, twoFactorsPath+"/forget", p.member(p.forgetDevices))
	r.Personal(get, twoFactorsPath+"/:id/remove", p.member(p.removeFactorForm))
	r.Personal(post, twoFactorsPath+"/:id/remove", p.member(p.goneOnce(p.removeFactor, leads("saved", twoFactorsPath))))
	r.Personal(get, "/admin/two-factors", p.may(community.TakeTwoFactors, p.takeTwoFactorsForm))
	r.Personal(post, "/admin/two-factors", p.may(community.TakeTwoFactors, p.takeTwoFactors))
}

// setUpFirst leads a member whose role asks for a second factor that it lacks to where it sets one up. Nothing else is open to it.
func (p *Pages) setUpFirst(c *gin.Context) error {
	path := c.Request.URL.Path
	if !p.Community.MustSetUpTwoFactors(c.Request.Context(), viewer(c)) || path == "/logout" || path == twoFactorsPath || strings.HasPrefix(path, twoFactorsPath+"/") {
		return nil
	}
	if wantsJSON(c) {
		return community.ErrForbidden
	}
	c.Abort()
	if c.Request.Method != http.MethodGet {
		return p.keptUntilSetUp(c)
	}
	return redirect(c, twoFactorsPath)
}

// keptUntilSetUp answers a form whose sender has to set up a second factor first: the page keeps what was entered.
func (p *Pages) keptUntilSetUp(c *gin.Context) error {
	if err := readWords(c.Request); err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Second factor"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusForbidden, templates.ErrorPage(pg, templates.ErrorView{
		Status: http.StatusForbidden, Sentence: p.lang(c).T("Your role on this site needs a second factor now. Set one up, then send this again."),
		Action: c.Request.URL.Path, Fields: keptFields(c.Request.PostForm, ""), Text: writtenIn(c.Request.PostForm),
		LinkURL: twoFactorsPath, LinkText: p.lang(c).T("Set up a second factor"), Beside: true,
	}))
}

// remembered reports whether the account's second factor was given in this browser, and is not to be asked for.
func (p *Pages) remembered(c *gin.Context, acc *store.Account) bool {
	b, ok := p.Signed.Cookie(c.Request, rememberCookie)
	for ok && len(b) >= community.RememberedBytes {
		if community.IsRemembered(acc, b[:community.RememberedBytes]) {
			return true
		}
		b = b[community.RememberedBytes:]
	}
	return false
}

func (p *Pages) remember(c *gin.Context, acc *store.Account) {
	kept := community.Remembered(acc)
	b, _ := p.Signed.Cookie(c.Request, rememberCookie)
	for len(b) >= community.RememberedBytes && len(kept) < maxDeviceAccounts*community.RememberedBytes {
		if string(b[:8]) != string(kept[:8]) {
			kept = append(kept, b[:community.RememberedBytes]...)
		}
		b = b[community.RememberedBytes:]
	}
	p.Signed.SetCookie(c.Writer, rememberCookie, kept, community.RememberLife)
}

// enter logs in an account that has shown its password or a link, or asks for its second factor, and reports whether it is in.
func (p *Pages) enter(c *gin.Context, acc *store.Account, back string, carried []templates.HiddenField) (in bool, err error) {
	if community.HasTwoFactors(acc) && !p.remembered(c, acc) {
		p.Signed.SetCookie(c.Writer, halfCookie, community.HalfLogin(acc), community.HalfLoginLife)
		return false, p.showSecondFactor(c, http.StatusOK, templates.SecondFactorView{Return: back, Carried: carried})
	}
	if acc.SuspendedAt != nil {
		return false, p.enterSuspended(c, acc)
	}
	return true, p.logIn(c, acc)
}

func (p *Pages) showSecondFactor(c *gin.Context, status int, v templates.SecondFactorView) error {
	pg, err := p.page(c, p.lang(c).T("One more step"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Path = true, "/"
	v.Passkeys = p.Community.Passkeys()
	return p.render(c, status, templates.SecondFactorPage(pg, v))
}

// carriedIn is the form that a log-in interrupted, as the log-in's own forms carry it.
func carriedIn(c *gin.Context) (carried []templates.HiddenField) {
	for name, values := range c.Request.PostForm {
		if name != carriedAct && !strings.HasPrefix(name, carriedField) {
			continue
		}
		for _, s := range values {
			if len(carried) < maxCarried {
				carried = append(carried, templates.HiddenField{Name: name, Value: s})
			}
		}
	}
	return carried
}

// secondFactor ends a log-in.
func (p *Pages) secondFactor(c *gin.Context) error {
	v := templates.SecondFactorView{Return: returnTo(c, "/"), Carried: carriedIn(c)}
	half, _ := p.Signed.Cookie(c.Request, halfCookie)
	acc, err := p.Community.SecondFactor(c.Request.Context(), half, c.PostForm("code"), p.client(c))
	if errors.Is(err, community.ErrUnauthenticated) {
		return p.showLogin(c, http.StatusUnauthorized, templates.LoginView{Return: v.Return, Carried: v.Carried, Notice: p.lang(c).T("That took too long. Log in once more.")})
	}
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showSecondFactor(c, status, v)
	}
	p.Signed.SetCookie(c.Writer, halfCookie, nil, -time.Second)
	if on(c, "remember") {
		p.remember(c, acc)
	}
	if acc.SuspendedAt != nil {
		return p.enterSuspended(c, acc)
	}
	p.toldOfLogin(c, acc)
	if err := p.logIn(c, acc); err != nil {
		return err
	}
	return p.afterLogin(c, acc, v.Return)
}

// afterLogin leads on to where the member was going, or to the form that the log-in interrupted.
func (p *Pages) afterLogin(c *gin.Context, acc *store.Account, back string) error {
	if act := c.PostForm(carriedAct); act != "" {
		return p.confirm(c, acc, localPath(act, "/"), back)
	}
	return redirect(c, back)
}

// formErrors is what a form shows again for what was wrong with it, under a status that is not 0. Other errors it returns.
func (p *Pages) formErrors(c *gin.Context, err error) (errs templates.FieldErrors, status int, other error) {
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		return errs, http.StatusUnprocessableEntity, nil
	}
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		return templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}, http.StatusTooManyRequests, nil
	}
	return nil, 0, err
}

func (p *Pages) twoFactors(c *gin.Context, acc *store.Account) error {
	return p.showTwoFactors(c, acc, http.StatusOK, nil, "")
}

func (p *Pages) showTwoFactors(c *gin.Context, acc *store.Account, status int, errs templates.FieldErrors, passkeyName string) error {
	mine, err := p.Community.TwoFactorsOf(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.confirmPage(c, p.lang(c).T("Second factor"))
	if err != nil {
		return err
	}
	v := templates.SettingsTwoFactorsView{Codes: mine.Codes, Required: mine.Required, Passkeys: p.Community.Passkeys(), PasskeyName: passkeyName, Errors: errs}
	b := p.viewBuilder(c)
	for _, f := range mine.Factors {
		view := templates.FactorView{ID: idText(f.ID), Name: factorName(pg.Lang, f), Created: b.when(f.CreatedAt)}
		if f.UsedAt != 0 {
			view.Used = b.when(f.UsedAt)
		}
		v.Factors = append(v.Factors, view)
	}
	return p.render(c, status, templates.SettingsTwoFactorsPage(pg, v))
}

func factorName(l *lang.Language, f *store.Factor) string {
	if f.Name != "" {
		return f.Name
	}
	if f.Kind == store.FactorPasskey {
		return l.T("Passkey")
	}
	return l.T("Authenticator app")
}

func (p *Pages) totpForm(c *gin.Context, acc *store.Account) error {
	setup, err := p.Community.SetUpTOTP(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	return p.showTOTP(c, http.StatusOK, setup, templates.TOTPFormView{})
}

func (p *Pages) showTOTP(c *gin.Context, status int, setup community.TOTPSetup, v templates.TOTPFormView) error {
	pg, err := p.confirmPage(c, p.lang(c).T("Set up an authenticator app"))
	if err != nil {
		return err
	}
	v.Size, v.Path, v.Secret, v.Setup = setup.QR.Size, setup.QR.Path, setup.Secret, setup.Sealed
	return p.render(c, status, templates.TOTPFormPage(pg, v))
}

func (p *Pages) addTOTP(c *gin.Context, acc *store.Account) error {
	sealed, name := c.PostForm("setup"), c.PostForm("name")
	codes, err := p.Community.AddTOTP(c.Request.Context(), acc, p.confirmation(c, "current_password"), sealed, c.PostForm("code"), name)
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		setup, err := p.Community.TOTPSetupAgain(c.Request.Context(), acc, sealed)
		if err != nil {
			return err
		}
		return p.showTOTP(c, status, setup, templates.TOTPFormView{Name: name, Errors: errs})
	}
	if len(codes) > 0 {
		return p.showCodes(c, codes)
	}
	p.setFlash(c, "saved")
	return redirect(c, twoFactorsPath)
}

// showCodes shows recovery codes in the answer to the form, since nobody can show them again.
func (p *Pages) showCodes(c *gin.Context, codes []string) error {
	pg, err := p.page(c, p.lang(c).T("Your recovery codes"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.RecoveryCodesPage(pg, codes))
}

func (p *Pages) codesForm(c *gin.Context, acc *store.Account) error {
	if !community.HasTwoFactors(acc) {
		return redirect(c, twoFactorsPath)
	}
	return p.askPassword(c, http.StatusOK, templates.FactorPasswordView{Kind: "codes", Action: twoFactorsPath + "/codes"})
}

func (p *Pages) askPassword(c *gin.Context, status int, v templates.FactorPasswordView) error {
	pg, err := p.confirmPage(c, p.lang(c).T("Second factor"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.FactorPasswordPage(pg, v))
}

func (p *Pages) newCodes(c *gin.Context, acc *store.Account) error {
	codes, err := p.Community.NewRecoveryCodes(c.Request.Context(), acc, p.confirmation(c, "current_password"))
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		return p.askPassword(c, status, templates.FactorPasswordView{Kind: "codes", Action: twoFactorsPath + "/codes", Errors: errs})
	}
	return p.showCodes(c, codes)
}

func (p *Pages) forgetDevices(c *gin.Context, acc *store.Account) error {
	if _, err := p.Community.ForgetDevices(c.Request.Context(), acc); err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, twoFactorsPath)
}

// factorIn is the viewer's own factor that the path names.
func (p *Pages) factorIn(c *gin.Context, acc *store.Account) (*store.Factor, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return nil, err
	}
	mine, err := p.Community.TwoFactorsOf(c.Request.Context(), acc)
	if err != nil {
		return nil, err
	}
	for _, f := range mine.Factors {
		if f.ID == id {
			return f, nil
		}
	}
	return nil, community.ErrNotFound
}

func (p *Pages) removeFactorForm(c *gin.Context, acc *store.Account) error {
	f, err := p.factorIn(c, acc)
	if err != nil {
		return err
	}
	return p.askPassword(c, http.StatusOK, templates.FactorPasswordView{Kind: "remove", Name: factorName(p.lang(c), f), Action: c.Request.URL.Path})
}

func (p *Pages) removeFactor(c *gin.Context, acc *store.Account) error {
	f, err := p.factorIn(c, acc)
	if err != nil {
		return err
	}
	err = p.Community.RemoveFactor(c.Request.Context(), acc, p.confirmation(c, "current_password"), f.ID)
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		return p.askPassword(c, status, templates.FactorPasswordView{Kind: "remove", Name: factorName(p.lang(c), f), Action: c.Request.URL.Path, Errors: errs})
	}
	p.setFlash(c, "saved")
	return redirect(c, twoFactorsPath)
}

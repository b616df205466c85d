package pages

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAuth(r Routes) {
	r.Personal(http.MethodGet, "/login", p.loginForm)
	r.Personal(http.MethodPost, "/login", p.login)
	r.Personal(http.MethodPost, "/logout", p.logout)
	r.Personal(http.MethodGet, "/signup", p.signUpForm)
	r.Personal(http.MethodPost, "/signup", p.signUp)
	r.Personal(http.MethodGet, "/links/:token", p.linkForm)
	r.Personal(http.MethodPost, "/links/:token", p.link)
	r.Personal(http.MethodGet, "/claim/:token", p.claimForm)
	r.Personal(http.MethodPost, "/claim/:token", p.claim)
}

// signUpFields are the names of the sign-up use case's fields as the forms call them.
var signUpFields = map[string]string{"username": "name"}

func (p *Pages) loginForm(c *gin.Context) error {
	back := localPath(c.Query("return"), "/")
	if viewer(c) != nil {
		return redirect(c, back)
	}
	return p.showLogin(c, http.StatusOK, templates.LoginView{Return: back})
}

func (p *Pages) showLogin(c *gin.Context, status int, v templates.LoginView) error {
	pg, err := p.page(c, p.lang(c).T("Log in"))
	if err != nil {
		return err
	}
	pg.NoIndex = true
	if pg.Viewer == nil {
		pg.Flash = p.takeFlash(c) // a farewell
	}
	v.Passkeys = p.Community.Passkeys()
	return p.render(c, status, templates.LoginPage(pg, v))
}

// carriedAct is the field that names the form which the log-in interrupted. The fields of that form follow, with
// carriedField before their names.
const (
	carriedAct   = "then"
	carriedField = "then."
	maxCarried   = 100
)

// loginFirst answers a form whose sender is not logged in. The log-in page carries the form along.
func (p *Pages) loginFirst(c *gin.Context) error {
	if err := readWords(c.Request); err != nil {
		return err
	}
	v := templates.LoginView{Return: returnTo(c, c.Request.URL.Path), Notice: p.lang(c).T("Log in first. Nothing of what you entered is lost.")}
	if asksFirst(c.Request) {
		v.Notice = p.lang(c).T("Please log in first.")
	}
	v.Carried = append(v.Carried, templates.HiddenField{Name: carriedAct, Value: c.Request.URL.Path})
	v.Carried = append(v.Carried, keptFields(c.Request.PostForm, carriedField)...)
	return p.showLogin(c, http.StatusUnauthorized, v)
}

// keptFields returns the values of a form, to be sent again with the prefix before their names. It leaves out
// passwords.
func keptFields(form url.Values, prefix string) []templates.HiddenField {
	var out []templates.HiddenField
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, s := range form[name] {
			if len(out) < maxCarried && !strings.Contains(name, "password") {
				out = append(out, templates.HiddenField{Name: prefix + name, Value: s})
			}
		}
	}
	return out
}

// writtenIn returns the text that somebody wrote in a form, to be shown where the form itself is not.
func writtenIn(form url.Values) string {
	return cmp.Or(form.Get("text"), form.Get("caption"), form.Get("bio"), form.Get("words"), form.Get("note"))
}

func (p *Pages) login(c *gin.Context) error {
	v := templates.LoginView{Name: c.PostForm("name"), Return: returnTo(c, "/"), Carried: carriedIn(c)}
	acc, err := p.Community.Login(c.Request.Context(), v.Name, c.PostForm("password"), p.client(c))
	var many *community.TooMany
	var suspended *community.Suspended
	switch errs, ok := p.fieldErrors(c, err, map[string]string{"login": "name", "username": "name"}); {
	case errors.As(err, &suspended):
		_, err := p.enter(c, suspended.Account, v.Return, v.Carried)
		return err
	case ok:
		v.Errors = errs
		return p.showLogin(c, http.StatusUnprocessableEntity, v)
	case errors.As(err, &many):
		v.Errors = templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showLogin(c, http.StatusTooManyRequests, v)
	case err != nil:
		return err
	}
	in, err := p.enter(c, acc, v.Return, v.Carried)
	if err != nil || !in {
		return err
	}
	p.toldOfLogin(c, acc)
	return p.afterLogin(c, acc, v.Return)
}

// confirm shows the form that log-in interrupted, so that the member sends it again.
func (p *Pages) confirm(c *gin.Context, acc *store.Account, action, back string) error {
	pg, err := p.page(c, p.lang(c).T("Confirm"))
	if err != nil {
		return err
	}
	v := templates.ConfirmView{Action: action, Cancel: back}
	v.Question, v.Verb = actWords(pg.Lang, action)
	carried := url.Values{}
	for name, values := range c.Request.PostForm {
		if field, ok := strings.CutPrefix(name, carriedField); ok {
			carried[field] = values
		}
	}
	v.Fields, v.Text = keptFields(carried, ""), writtenIn(carried)
	return p.render(c, http.StatusOK, templates.ConfirmPage(pg, v))
}

func actWords(l *lang.Language, action string) (question, verb string) {
	last := action[strings.LastIndexByte(action, '/')+1:]
	name, _, _ := strings.Cut(strings.TrimPrefix(action, "/"), "/")
	switch last {
	case "like":
		return l.T("Like this photograph?"), l.T("Like|act")
	case "unlike":
		return l.T("Take back your like?"), l.T("Unlike|act")
	case "comments":
		return l.T("Send your comment?"), l.T("Comment|act")
	case "follow":
		return l.T("Follow %s?", name), l.T("Follow|act")
	case "unfollow":
		return l.T("Unfollow %s?", name), l.T("Unfollow|act")
	case "block":
		return l.T("Block %s?", name), l.T("Block|act")
	case "report":
		return l.T("Send your report?"), l.T("Report|act")
	case "delete":
		return l.T("Delete this?"), l.T("Delete|act")
	case "edit":
		return l.T("Save your changes?"), l.T("Save|act")
	case "compose":
		return l.T("Post this?"), l.T("Post|act")
	}
	return l.T("Go on where you left off?"), l.T("Go on|act")
}

func (p *Pages) logout(c *gin.Context) error {
	acc, hash := viewer(c), sessions.Default(c).ID()
	if err := p.logOut(c); err != nil {
		return err
	}
	if acc != nil {
		// Where this fails, the job that sends finds out that the session is over.
		if err := p.Community.EndPushOfSession(c.Request.Context(), acc, hash); err != nil {
			p.Log.WarnContext(c.Request.Context(), "a browser's pushes were not ended with its session", "account", acc.ID, "error", err)
		}
	}
	return redirect(c, "/")
}

func (p *Pages) signUpForm(c *gin.Context) error {
	if viewer(c) != nil {
		return redirect(c, "/")
	}
	return p.showSignUp(c, http.StatusOK, templates.SignupView{Return: localPath(c.Query("return"), "/")})
}

func (p *Pages) showSignUp(c *gin.Context, status int, v templates.SignupView) error {
	pg, err := p.page(c, p.lang(c).T("Sign up"))
	if err != nil {
		return err
	}
	if !p.site(c).RegistrationOpen {
		return p.render(c, status, templates.SignupClosedPage(pg))
	}
	v.Rules = p.rulesIn(c, pg.Lang)
	return p.render(c, status, templates.SignupPage(pg, v))
}

func (p *Pages) signUp(c *gin.Context) error {
	v := templates.SignupView{Name: c.PostForm("name"), Email: c.PostForm("email"), Reason: c.PostForm("reason"), Agree: on(c, "agree"), Return: returnTo(c, "/")}
	if !v.Agree {
		v.Errors = templates.FieldErrors{{Field: "agree", Message: p.lang(c).T("Agree to the rules to sign up.")}}
		return p.showSignUp(c, http.StatusUnprocessableEntity, v)
	}
	acc, errs, status, err := p.join(c, community.SignUp{Username: v.Name, Email: v.Email, Reason: v.Reason})
	if errors.Is(err, community.ErrClosed) { // closed while the form was filled in
		return p.showSignUp(c, http.StatusForbidden, v)
	}
	if err != nil {
		return err
	}
	if status != 0 {
		v.Errors = errs
		return p.showSignUp(c, status, v)
	}
	if acc.WaitingAt != nil {
		pg, err := p.page(c, p.lang(c).T("Your sign-up is waiting"))
		if err != nil {
			return err
		}
		email := ""
		if p.Community.MailDelivers {
			email = acc.Email
		}
		return p.render(c, http.StatusOK, templates.SignupSentPage(pg, email))
	}
	return redirect(c, v.Return)
}

// join signs up and logs in who need not wait. A status other than 0 means that a form has to be shown again.
func (p *Pages) join(c *gin.Context, s community.SignUp) (acc *store.Account, errs templates.FieldErrors, status int, err error) {
	s.Password, s.Address, s.UserAgent = c.PostForm("password"), c.ClientIP(), c.Request.UserAgent()
	acc, err = p.Community.SignUp(c.Request.Context(), s)
	var many *community.TooMany
	switch errs, ok := p.fieldErrors(c, err, signUpFields); {
	case ok:
		return nil, errs, http.StatusUnprocessableEntity, nil
	case errors.As(err, &many):
		c.Header("Retry-After", seconds(many.RetryAfter))
		return nil, templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}, http.StatusTooManyRequests, nil
	case err != nil:
		return nil, nil, 0, err
	}
	if acc.WaitingAt != nil {
		return acc, nil, 0, nil
	}
	return acc, nil, 0, p.logIn(c, acc)
}

func (p *Pages) linkForm(c *gin.Context) error {
	v, err := p.linkView(c)
	if errors.Is(err, community.ErrNotFound) {
		return p.linkOver(c)
	}
	if err != nil {
		return err
	}
	return p.showLink(c, http.StatusOK, v)
}

func (p *Pages) linkView(c *gin.Context) (templates.LinkView, error) {
	token := c.Param("token")
	link, acc, err := p.Community.LinkByToken(c.Request.Context(), token)
	if err != nil {
		return templates.LinkView{}, err
	}
	v := templates.LinkView{Action: "/links/" + url.PathEscape(token), Invite: link.Kind == community.LinkInvite, Rules: p.rulesIn(c, p.lang(c)),
		Name: c.PostForm("name"), Email: c.PostForm("email")}
	if acc != nil {
		v.Name, v.Fixed = acc.Username, true
	} else if v.Email == "" {
		v.Email = link.Email // whom the invitation was sent to
	}
	return v, nil
}

func (p *Pages) showLink(c *gin.Context, status int, v templates.LinkView) error {
	pg, err := p.page(c, p.lang(c).T("Your link"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Path = true, "/"
	return p.render(c, status, templates.LinkPage(pg, v))
}

// linkOver answers a link that works no more with why, and whom to ask.
func (p *Pages) linkOver(c *gin.Context) error {
	why, err := p.Community.WhyNoLink(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return p.showLinkOver(c, templates.LinkOverView{Why: why})
}

func (p *Pages) showLinkOver(c *gin.Context, v templates.LinkOverView) error {
	pg, err := p.page(c, p.lang(c).T("Your link"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Path = true, "/"
	return p.render(c, http.StatusNotFound, templates.LinkOverPage(pg, v))
}

func (p *Pages) link(c *gin.Context) error {
	v, err := p.linkView(c)
	over := errors.Is(err, community.ErrNotFound)
	if err != nil && !over {
		return err
	}
	if v.Invite || over { // a form that is sent twice finds its link used, and lets in whom it has let in
		if over {
			v.Name, v.Email = c.PostForm("name"), c.PostForm("email")
		}
		_, errs, status, err := p.join(c, community.SignUp{Username: v.Name, Email: v.Email, Invite: c.Param("token")})
		if errors.Is(err, community.ErrClosed) || over && status != 0 {
			return p.linkOver(c)
		}
		if err != nil {
			return err
		}
		if status != 0 {
			v.Errors = errs
			return p.showLink(c, status, v)
		}
		return redirect(c, "/")
	}
	acc, err := p.Community.ResetPassword(c.Request.Context(), c.Param("token"), c.PostForm("password"))
	if errs, ok := p.fieldErrors(c, err, map[string]string{"new_password": "password"}); ok {
		v.Errors = errs
		return p.showLink(c, http.StatusUnprocessableEntity, v)
	}
	if errors.Is(err, community.ErrNotFound) { // used a moment ago
		return p.linkOver(c)
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

func (p *Pages) claimForm(c *gin.Context) error {
	ok, err := p.Community.ClaimValid(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	if !ok {
		return p.claimOver(c, community.ErrNotFound)
	}
	return p.showClaim(c, http.StatusOK, templates.ClaimView{})
}

// claimOver answers the claim link after somebody has used it; other tokens get err.
func (p *Pages) claimOver(c *gin.Context, err error) error {
	used, askErr := p.Community.ClaimedBy(c.Request.Context(), c.Param("token"))
	if askErr != nil {
		return askErr
	}
	if !used {
		return err
	}
	return p.showLinkOver(c, templates.LinkOverView{Why: "claimed"})
}

func (p *Pages) showClaim(c *gin.Context, status int, v templates.ClaimView) error {
	pg, err := p.page(c, p.lang(c).T("Become the administrator"))
	if err != nil {
		return err
	}
	pg.NoIndex, pg.Path = true, "/"
	v.Action = "/claim/" + url.PathEscape(c.Param("token"))
	return p.render(c, status, templates.ClaimPage(pg, v))
}

func (p *Pages) claim(c *gin.Context) error {
	v := templates.ClaimView{Name: c.PostForm("name"), Email: c.PostForm("email")}
	_, errs, status, err := p.join(c, community.SignUp{Username: v.Name, Email: v.Email, Claim: cmp.Or(c.Param("token"), "-")})
	if errors.Is(err, community.ErrClosed) {
		return p.claimOver(c, err)
	}
	if err != nil {
		return err
	}
	if status != 0 {
		v.Errors = errs
		return p.showClaim(c, status, v)
	}
	return redirect(c, firstStepsPath)
}

package pages

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

// maxProfilePhotos is how many photos a profile has: a portrait and a header.
const maxProfilePhotos = 2

func (p *Pages) registerSettings(r Routes) {
	r.Personal(http.MethodPost, "/settings/grid", p.member(p.setGrid))
	get, post := http.MethodGet, http.MethodPost
	r.Personal(get, "/settings", p.member(p.settings))
	r.Personal(get, "/settings/profile", p.member(p.profileForm))
	r.Upload(post, "/settings/profile", maxProfilePhotos, p.member(p.saveProfile))
	r.Personal(get, "/settings/account", p.member(p.accountForm))
	r.Personal(post, "/settings/account", p.member(p.saveAccount))
	r.Personal(get, "/settings/posting", p.member(p.postingForm))
	r.Personal(post, "/settings/posting", p.member(p.savePosting))
	r.Personal(get, "/settings/viewing", p.member(p.viewingForm))
	r.Personal(post, "/settings/viewing", p.member(p.saveViewing))
	r.Personal(get, "/settings/notifications", p.member(p.notificationChoices))
	r.Personal(post, "/settings/notifications", p.member(p.chooseNotifications))
	r.Personal(post, "/settings/notifications/push", p.member(p.subscribePush))
	r.Personal(post, "/settings/notifications/devices/:id/remove", p.member(p.endPush))
	r.Personal(get, "/settings/sessions", p.member(p.sessions))
	r.Personal(post, "/settings/sessions/:id/end", p.member(p.goneOnce(p.endSession, leads("session-ended", "/settings/sessions"))))
	r.Personal(post, "/settings/sessions/end-others", p.member(p.endOthers))
	r.Personal(get, "/settings/applications", p.member(p.applications))
	r.Personal(post, "/settings/applications/:id/revoke", p.member(p.revoke))
	r.Personal(get, "/settings/blocks", p.member(p.blocks))
	r.Personal(get, "/settings/delete", p.member(p.deleteAccountForm))
	r.Personal(post, "/settings/delete", p.member(p.deleteAccount))
}

func (p *Pages) settings(c *gin.Context, _ *store.Account) error {
	pg, err := p.page(c, p.lang(c).T("Settings"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.SettingsIndexPage(pg))
}

// profileView is the stored profile. The session's account comes without its pictures.
func (p *Pages) profileView(c *gin.Context, acc *store.Account) (templates.SettingsProfileView, error) {
	acc, err := p.Community.AccountByID(c.Request.Context(), acc, acc.ID)
	if err != nil {
		return templates.SettingsProfileView{}, err
	}
	v := templates.SettingsProfileView{
		DisplayName: acc.DisplayName, Bio: acc.Note, BioMax: community.MaxNote, MaxDisplayName: community.MaxDisplayName,
		AvatarURL: p.avatarURL(acc.Avatar), HeaderURL: p.headerURL(acc.Header), HasAvatar: acc.Avatar != nil, HasHeader: acc.Header != nil,
		Discoverable: acc.Discoverable,
	}
	for i, f := range acc.Fields.V {
		if i < len(v.Fields) {
			v.Fields[i] = templates.ProfileFieldInput{Name: f.Name, Value: f.Value}
		}
	}
	return v, nil
}

func (p *Pages) profileForm(c *gin.Context, acc *store.Account) error {
	v, err := p.profileView(c, acc)
	if err != nil {
		return err
	}
	return p.showProfile(c, http.StatusOK, v)
}

func (p *Pages) showProfile(c *gin.Context, status int, v templates.SettingsProfileView) error {
	pg, err := p.page(c, p.lang(c).T("Profile"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.SettingsProfilePage(pg, v))
}

func (p *Pages) saveProfile(c *gin.Context, acc *store.Account) error {
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return &community.Invalid{Fields: []community.FieldError{{Code: "invalid", Message: lang.Key("Send the form from its page.")}}}
	}
	form := &draftForm{values: map[string][]string{}}
	c.Request.PostForm = form.values // for the error page, which keeps what was entered
	pictures, files := map[string]*store.Photo{}, 0
	saved := false
	defer func() {
		for _, ph := range pictures {
			if !saved {
				p.discard(c, acc, ph)
			}
		}
	}()
	v, err := p.profileView(c, acc)
	if err != nil {
		return err
	}
	for {
		part, err := mr.NextPart()
		if err == io.EOF { // not errors.Is: a body that ends before its last boundary is an EOF wrapped
			break
		}
		if err != nil {
			return interrupted(err)
		}
		purpose := part.FormName()
		if purpose != store.PurposeAvatar && purpose != store.PurposeHeader {
			if err := form.read(part); err != nil {
				return err
			}
			continue
		}
		if part.FileName() == "" {
			continue
		}
		if files++; files > maxProfilePhotos {
			return community.ErrTooLarge
		}
		photo, message, err := p.uploadProfilePhoto(c, acc, part, purpose)
		if photo != nil {
			if before := pictures[purpose]; before != nil {
				p.discard(c, acc, before)
			}
			pictures[purpose] = photo
		}
		if err != nil {
			return err
		}
		if message != "" {
			v.Errors = append(v.Errors, templates.FieldError{Field: purpose, Message: message})
		}
	}
	v.DisplayName, v.Bio = form.get("display_name"), form.get("bio")
	if form.has("discoverable") { // first what says that there is a box, then whether it is ticked
		v.Discoverable = slices.Contains(form.values["discoverable"], "on")
	}
	fields := []store.Field{}
	for i := range v.Fields {
		n := strconv.Itoa(i + 1)
		v.Fields[i] = templates.ProfileFieldInput{Name: form.get("field_name_" + n), Value: form.get("field_value_" + n)}
		if strings.TrimSpace(v.Fields[i].Name+v.Fields[i].Value) != "" {
			fields = append(fields, store.Field{Name: v.Fields[i].Name, Value: v.Fields[i].Value})
		}
	}
	if len(v.Errors) > 0 {
		return p.showProfile(c, http.StatusUnprocessableEntity, v)
	}
	change := community.ProfileChange{
		DisplayName: &v.DisplayName, Note: &v.Bio, Fields: &fields, Discoverable: &v.Discoverable,
		RemoveAvatar: form.get("remove_avatar") == "on", RemoveHeader: form.get("remove_header") == "on",
	}
	if f := pictures[store.PurposeAvatar]; f != nil {
		change.AvatarPhotoID = f.ID
	}
	if f := pictures[store.PurposeHeader]; f != nil {
		change.HeaderPhotoID = f.ID
	}
	_, err = p.Community.UpdateProfile(c.Request.Context(), acc, change)
	if errs, ok := p.fieldErrors(c, err, map[string]string{"note": "bio"}); ok {
		v.Errors = errs
		return p.showProfile(c, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	saved = true
	p.setFlash(c, "saved")
	return redirect(c, "/settings/profile")
}

func (p *Pages) accountForm(c *gin.Context, acc *store.Account) error {
	return p.showAccount(c, http.StatusOK, templates.SettingsAccountView{Name: acc.Username, Email: acc.Email})
}

func (p *Pages) showAccount(c *gin.Context, status int, v templates.SettingsAccountView) error {
	pg, err := p.confirmPage(c, p.lang(c).T("Account"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.SettingsAccountPage(pg, v))
}

func (p *Pages) saveAccount(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	v := templates.SettingsAccountView{Name: acc.Username, Email: acc.Email}
	var err error
	var names map[string]string
	var changed *store.Account
	flash := "password-changed"
	if c.PostForm("what") == "email" {
		v.Email = c.PostForm("email")
		names = map[string]string{"password": "email_password", "current_password": "email_password"}
		flash = "email-changed"
		if p.Community.MailDelivers {
			flash = "email-asked"
		}
		changed, err = p.Community.ChangeEmail(ctx, acc, p.confirmation(c, "current_password"), v.Email)
	} else {
		names = map[string]string{"password": "new_password"}
		changed, err = p.Community.ChangePassword(ctx, acc, p.confirmation(c, "current_password"), c.PostForm("new_password"))
	}
	if errs, ok := p.fieldErrors(c, err, names); ok {
		v.Errors = errs
		return p.showAccount(c, http.StatusUnprocessableEntity, v)
	}
	var many *community.TooMany
	if errors.As(err, &many) {
		v.Errors = templates.FieldErrors{{Message: tooMany(p.lang(c), many)}}
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showAccount(c, http.StatusTooManyRequests, v)
	}
	if err != nil {
		return err
	}
	if changed.SessionEpoch != acc.SessionEpoch {
		// A new password ends every session, this one too.
		if err := p.logInAgain(c, changed); err != nil {
			return err
		}
	}
	p.setFlash(c, flash)
	return redirect(c, "/settings/account")
}

func (p *Pages) postingForm(c *gin.Context, acc *store.Account) error {
	return p.showPosting(c, http.StatusOK, templates.SettingsPostingView{
		Visibility: string(acc.DefaultVisibility), Licence: acc.DefaultLicence, ShowExif: acc.DefaultShowExif, Locked: acc.Locked,
		CommentsFrom: string(acc.DefaultCommentsFrom),
	})
}

func (p *Pages) showPosting(c *gin.Context, status int, v templates.SettingsPostingView) error {
	pg, err := p.page(c, p.lang(c).T("Posting"))
	if err != nil {
		return err
	}
	v.Licences = licenceOptions(p.lang(c))
	return p.render(c, status, templates.SettingsPostingPage(pg, v))
}

func (p *Pages) savePosting(c *gin.Context, acc *store.Account) error {
	v := templates.SettingsPostingView{Visibility: c.PostForm("visibility"), Licence: c.PostForm("licence"), ShowExif: on(c, "show_exif"), Locked: on(c, "locked"), CommentsFrom: c.PostForm("comments_from")}
	visibility := store.Visibility(v.Visibility)
	_, err := p.Community.UpdatePosting(c.Request.Context(), acc, community.PostingChange{
		Visibility: &visibility, Licence: &v.Licence, ShowExif: &v.ShowExif, Locked: &v.Locked, CommentsFrom: commentsFrom(v.CommentsFrom),
	})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showPosting(c, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, "/settings/posting")
}

func (p *Pages) viewingForm(c *gin.Context, acc *store.Account) error {
	return p.showViewing(c, http.StatusOK, templates.SettingsViewingView{Warnings: acc.WarnedPhotos, Theme: acc.Theme, Letters: acc.LetterKeys, Language: acc.PagesLanguage})
}

func (p *Pages) showViewing(c *gin.Context, status int, v templates.SettingsViewingView) error {
	pg, err := p.page(c, p.lang(c).T("Viewing"))
	if err != nil {
		return err
	}
	v.Languages = []templates.Option{{Label: pg.T("The site's: %s", p.siteLanguage(c).Name())}}
	for _, code := range lang.Codes() {
		v.Languages = append(v.Languages, templates.Option{Value: code, Label: lang.Find(code).Name()})
	}
	return p.render(c, status, templates.SettingsViewingPage(pg, v))
}

func (p *Pages) saveViewing(c *gin.Context, acc *store.Account) error {
	v := templates.SettingsViewingView{Warnings: c.PostForm("warnings"), Theme: c.PostForm("theme"), Letters: on(c, "letters"), Language: c.PostForm("language")}
	_, err := p.Community.UpdateViewing(c.Request.Context(), acc, community.ViewingChange{WarnedPhotos: &v.Warnings, Theme: &v.Theme, LetterKeys: &v.Letters, Language: &v.Language})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showViewing(c, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	p.setFlash(c, "saved")
	return redirect(c, "/settings/viewing")
}

func (p *Pages) sessions(c *gin.Context, acc *store.Account) error {
	list, err := p.Sessions.List(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Where you are logged in"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	var v templates.SettingsSessionsView
	for _, s := range list {
		v.Sessions = append(v.Sessions, templates.SessionView{
			ID: sessionID(s), Current: s.Hash == sessions.Default(c).ID(), Device: device(pg.Lang, s.UserAgent), Address: s.Address,
			Created: b.when(s.CreatedAt), Seen: b.when(s.UsedAt),
		})
	}
	apps, err := p.Community.ApplicationsOf(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	for _, a := range apps {
		v.Applications = append(v.Applications, templates.ApplicationView{
			ID: idText(a.App.ID), Name: a.App.Name, Website: safeWebsite(a.App.Website), Scopes: scopeWords(pg.Lang, a.Scopes),
			Created: b.when(a.CreatedAt), Used: b.when(a.UsedAt), Address: a.Address,
		})
	}
	return p.render(c, http.StatusOK, templates.SettingsSessionsPage(pg, v))
}

// device names the program behind a User-Agent.
func device(l *lang.Language, ua string) string {
	find := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(ua, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := find("Firefox/", "Firefox", "FxiOS", "Firefox", "Edg", "Edge", "OPR/", "Opera", "SamsungBrowser", "Samsung Internet",
		"Chrome/", "Chrome", "CriOS", "Chrome", "Safari/", "Safari", "curl/", "curl")
	system := find("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "CrOS", "ChromeOS", "Mac OS X", "Mac", "Linux", "Linux")
	switch {
	case browser != "" && system != "":
		return l.T("%s on %s", browser, system)
	case browser+system != "":
		return browser + system
	}
	return l.T("Unknown device")
}

// sessionID identifies a session in an address. The beginning of its hash is unique among the sessions of one account.
func sessionID(s Session) string { return s.Hash[:min(16, len(s.Hash))] }

func (p *Pages) endSession(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	list, err := p.Sessions.List(ctx, acc)
	if err != nil {
		return err
	}
	for _, s := range list {
		if sessionID(s) == c.Param("id") {
			if err := p.Sessions.End(ctx, acc, s.Hash); err != nil {
				return err
			}
			p.setFlash(c, "session-ended")
			return redirect(c, "/settings/sessions")
		}
	}
	return community.ErrNotFound
}

func (p *Pages) endOthers(c *gin.Context, acc *store.Account) error {
	remembered := community.HasTwoFactors(acc) && p.remembered(c, acc)
	changed, err := p.Community.EndOthers(c.Request.Context(), acc, sessions.Default(c).ID())
	if err != nil {
		return err
	}
	if err := p.logInAgain(c, changed); err != nil {
		return err
	}
	if remembered && community.HasTwoFactors(changed) {
		p.remember(c, changed)
	}
	p.setFlash(c, "others-ended")
	return redirect(c, "/settings/sessions")
}

// applications leads to where they are now: mails name this address.
func (p *Pages) applications(c *gin.Context, _ *store.Account) error {
	return redirect(c, "/settings/sessions#applications")
}

func (p *Pages) revoke(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.RevokeApplication(c.Request.Context(), acc, id); err != nil {
		return err
	}
	p.setFlash(c, "revoked")
	return redirect(c, "/settings/sessions#applications")
}

func (p *Pages) blocks(c *gin.Context, acc *store.Account) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.Blocks(c.Request.Context(), acc, page)
	if err != nil {
		return err
	}
	rows, err := p.personViews(c, list.Accounts)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Blocked"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.SettingsBlocksPage(pg, templates.SettingsBlocksView{
		People: rows, Pager: cursorPager(c, len(rows), list.Next, list.Prev),
	}))
}

func (p *Pages) deleteAccountForm(c *gin.Context, acc *store.Account) error {
	return p.showDeleteAccount(c, http.StatusOK, acc, nil)
}

func (p *Pages) showDeleteAccount(c *gin.Context, status int, acc *store.Account, errs templates.FieldErrors) error {
	photos, err := p.Community.CountPhotos(c.Request.Context(), acc)
	if err != nil {
		return err
	}
	pg, err := p.confirmPage(c, p.lang(c).T("Delete your account"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.SettingsDeletePage(pg, templates.SettingsDeleteView{Name: acc.Username, Posts: acc.PostsCount, Photos: photos, Errors: errs}))
}

func (p *Pages) deleteAccount(c *gin.Context, acc *store.Account) error {
	if store.Fold(strings.TrimPrefix(c.PostForm("confirm"), "@")) != store.Fold(acc.Username) {
		return p.showDeleteAccount(c, http.StatusUnprocessableEntity, acc, templates.FieldErrors{{Field: "confirm", Message: p.lang(c).T("Type your name, %s, to confirm.", acc.Username)}})
	}
	err := p.Community.LeaveAccount(c.Request.Context(), acc, p.confirmation(c, "password"))
	var many *community.TooMany
	if errors.As(err, &many) {
		c.Header("Retry-After", seconds(many.RetryAfter))
		return p.showDeleteAccount(c, http.StatusTooManyRequests, acc, templates.FieldErrors{{Message: tooMany(p.lang(c), many)}})
	}
	if errs, ok := p.fieldErrors(c, err, map[string]string{"current_password": "password"}); ok {
		return p.showDeleteAccount(c, http.StatusUnprocessableEntity, acc, errs)
	}
	if err != nil {
		return err
	}
	// The account is closed, so its sessions are over; that no store keeps them, where it is another than the database,
	// is only tidy.
	if err := p.Sessions.EndOthers(c.Request.Context(), acc, ""); err != nil {
		p.Log.WarnContext(c.Request.Context(), "the sessions of a closed account are left to expire", "account", acc.ID, "error", err)
	}
	if err := p.logOut(c); err != nil {
		return err
	}
	p.setFlash(c, "left")
	return redirect(c, "/login") // the front page is the same for all visitors, and says nothing to one
}

package pages

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAdminSite(r Routes) {
	r.Personal(http.MethodGet, "/admin/site", p.may(community.ReadSite, p.siteForm))
	r.Personal(http.MethodPost, "/admin/site", p.may(community.EditSite, p.saveSite))
	r.Upload(http.MethodPost, "/admin/site/picture", 1, p.may(community.EditSite, p.saveSitePicture))
	r.Personal(http.MethodPost, "/admin/site/picture/remove", p.may(community.EditSite, p.removeSitePicture))
}

// siteFormView is the form with what is in force.
func (p *Pages) siteFormView(c *gin.Context) templates.AdminSiteView {
	v := templates.AdminSiteView{Sources: true, Fields: map[string]templates.SiteField{}}
	for _, s := range p.Community.SiteSettings(c.Request.Context()) {
		f := templates.SiteField{Value: s.Value, Was: s.Value, Own: s.Source == "site", Default: s.Default}
		if s.Source == "environment" {
			f.Locked = s.Variable
		}
		v.Fields[s.Name] = f
	}
	rules := v.Fields["rules"]
	rules.Default = strings.Join((&community.Site{}).RulesIn(p.lang(c)), "\n")
	if p.Community.Site(c.Request.Context()).Rules == nil {
		rules.Value = rules.Default + "\n"
		rules.Was = rules.Value
	}
	v.Fields["rules"] = rules
	for _, code := range lang.Codes() {
		v.Languages = append(v.Languages, templates.Option{Value: code, Label: lang.Find(code).Name()})
	}
	return v
}

func (p *Pages) showSite(c *gin.Context, status int, v templates.AdminSiteView) error {
	pg, err := p.confirmPage(c, p.lang(c).T("The site"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.AdminSitePage(pg, v))
}

func (p *Pages) siteForm(c *gin.Context, _ *store.Account) error {
	return p.showSite(c, http.StatusOK, p.siteFormView(c))
}

// saveSite changes only what the sender changed in the form: somebody else may have changed the rest meanwhile.
func (p *Pages) saveSite(c *gin.Context, acc *store.Account) error {
	v := p.siteFormView(c)
	changes := map[string]*string{}
	for name, f := range v.Fields {
		if f.Own && slices.Contains(c.PostFormArray("reset"), name) {
			changes[name], f.Reset = nil, true
			v.Fields[name] = f
		}
		text, sent := c.GetPostForm(name)
		if !sent || f.Locked != "" {
			continue
		}
		f.Value = text
		if was, sent := c.GetPostForm("was_" + name); sent {
			f.Was = was
		}
		v.Fields[name] = f
		if f.Reset || sameLines(f.Value, f.Was) {
			continue
		}
		changes[name] = &text
	}
	v.Reason, v.Return = c.PostForm("reason"), returnTo(c, "")
	var err error
	if c.PostForm("preview") != "" {
		var site *community.Site
		if site, err = p.Community.PreviewSite(c.Request.Context(), changes); err == nil {
			preview := siteView(site)
			v.Preview, v.PreviewRules = &preview, site.RulesIn(site.Language)
			return p.showSite(c, http.StatusOK, v)
		}
	} else {
		by, confirm := byPage(c, acc), p.confirmation(c, "password")
		by.Confirm = &confirm
		err = p.Community.SetSite(c.Request.Context(), by, changes)
	}
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showSite(c, status, v)
	}
	p.setFlash(c, "saved")
	return redirect(c, returnTo(c, "/admin/site"))
}

// sameLines reports whether two texts are the same but for how a browser ends their lines.
func sameLines(a, b string) bool {
	lines := func(s string) string {
		return string(bytes.TrimSpace(bytes.ReplaceAll([]byte(s), []byte("\r\n"), []byte("\n"))))
	}
	return lines(a) == lines(b)
}

func (p *Pages) saveSitePicture(c *gin.Context, acc *store.Account) error {
	back, said, reason := "/admin/site#picture", "", ""
	refused := func(err error) error {
		errs, ok := p.fieldErrors(c, err, map[string]string{"reason": "picture_reason"})
		if !ok {
			return err
		}
		for i, e := range errs {
			errs[i].Message = p.lang(c).Retell(e.Message, media.Sentences) // what the file lacks
		}
		v := p.siteFormView(c)
		v.Errors, v.Return, v.PictureReason = errs, said, reason
		return p.showSite(c, http.StatusUnprocessableEntity, v)
	}
	none := &community.Invalid{Fields: []community.FieldError{{Field: "picture", Code: "blank", Message: lang.Key("Choose a photograph first.")}}}
	mr, err := c.Request.MultipartReader()
	if err != nil {
		return refused(none)
	}
	for {
		part, err := mr.NextPart()
		if err == io.EOF {
			return refused(none)
		}
		if err != nil {
			return interrupted(err)
		}
		if name := part.FormName(); name == "return" || name == "picture_reason" {
			text, err := io.ReadAll(io.LimitReader(part, 16<<10))
			if err != nil {
				return interrupted(err)
			}
			if name == "picture_reason" {
				reason = string(text)
				continue
			}
			said = localPath(string(text), "")
			back = cmp.Or(said, back)
			continue
		}
		if part.FormName() != "picture" || part.FileName() == "" {
			continue
		}
		file, err := io.ReadAll(io.LimitReader(part, community.MaxSitePicture+1))
		if err != nil {
			return interrupted(err)
		}
		if len(file) > community.MaxSitePicture {
			return refused(&community.Invalid{Fields: []community.FieldError{{Field: "picture", Code: "too_large", Message: lang.Key("That file is too large. The limit is 10 MB.")}}})
		}
		if err := p.Community.SetSitePicture(c.Request.Context(), community.By{Account: acc, Via: community.ViaPage, Reason: reason}, file); err != nil {
			return refused(err)
		}
		p.setFlash(c, "saved")
		return redirect(c, back)
	}
}

func (p *Pages) removeSitePicture(c *gin.Context, acc *store.Account) error {
	if err := p.Community.RemoveSitePicture(c.Request.Context(), byPage(c, acc)); err != nil {
		return err
	}
	p.setFlash(c, "removed")
	return redirect(c, "/admin/site#picture")
}

// sitePicture serves the site's picture to everybody, on a members-only site as well: it stands beside its name on the page
// where one logs in.
func (p *Pages) sitePicture(c *gin.Context) error {
	file, err := p.Community.SitePictureFile(c.Request.Context(), c.Param("file"))
	if errors.Is(err, community.ErrNotFound) {
		return community.ErrNotFound
	}
	if err != nil {
		return err
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // its name is made of what it holds
	h.Set("Content-Length", strconv.Itoa(len(file)))
	h.Set("Content-Type", "image/jpeg")
	c.Status(http.StatusOK)
	if c.Request.Method == http.MethodHead {
		return nil
	}
	_, err = c.Writer.Write(file)
	return err
}

package pages

import (
	"net/http"
	"slices"

	"github.com/gin-contrib/sessions"
	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) notificationChoices(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	choices, err := p.Community.NotificationChoices(ctx, acc)
	if err != nil {
		return err
	}
	devices, err := p.Community.PushDevices(ctx, acc, sessions.Default(c).ID())
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Notifications"))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	v := templates.SettingsNotificationsView{Key: p.Community.PushPublicKey(ctx)}
	for _, choice := range choices {
		v.Choices = append(v.Choices, templates.NotificationChoiceView{Kind: choice.Kind, Label: pg.T(choice.Words), Page: choice.Page, Push: choice.Push, Mail: choice.Mail})
	}
	if p.Community.MailDelivers {
		v.ByMail = acc.EmailVerifiedAt != nil
		v.Confirm = !v.ByMail
		if v.Digest, err = p.Community.WantsDigest(ctx, acc); err != nil {
			return err
		}
	}
	for _, d := range devices {
		view := templates.PushDeviceView{ID: idText(d.ID), Name: device(pg.Lang, d.Device), Current: d.Current, Created: b.when(d.CreatedAt)}
		if d.App != nil {
			view.Name, view.App = d.App.Name, true
		}
		v.On = v.On || d.Current
		v.Devices = append(v.Devices, view)
	}
	return p.render(c, http.StatusOK, templates.SettingsNotificationsPage(pg, v))
}

// chooseNotifications stores what was ticked, of the kinds that the form had. A form that offers no mail leaves that as it is.
func (p *Pages) chooseNotifications(c *gin.Context, acc *store.Account) error {
	page, push, mail := c.PostFormArray("page"), c.PostFormArray("push"), c.PostFormArray("mail")
	if !on(c, "by_mail") {
		mail = nil
		choices, err := p.Community.NotificationChoices(c.Request.Context(), acc)
		if err != nil {
			return err
		}
		for _, choice := range choices {
			if choice.Mail {
				mail = append(mail, choice.Kind)
			}
		}
	}
	var list []community.NotificationChoice
	for _, kind := range c.PostFormArray("kind") {
		if slices.ContainsFunc(list, func(l community.NotificationChoice) bool { return l.Kind == kind }) {
			continue
		}
		list = append(list, community.NotificationChoice{
			NotificationKind: community.NotificationKind{Kind: kind}, Page: slices.Contains(page, kind), Push: slices.Contains(push, kind), Mail: slices.Contains(mail, kind),
		})
	}
	if err := p.Community.ChooseNotifications(c.Request.Context(), acc, list); err != nil {
		return err
	}
	if on(c, "by_mail") {
		if err := p.Community.ChooseDigest(c.Request.Context(), acc, on(c, "digest")); err != nil {
			return err
		}
	}
	p.setFlash(c, "saved")
	return redirect(c, "/settings/notifications")
}

// subscribePush takes what a browser's push service gave to the page's script, or to the service worker.
func (p *Pages) subscribePush(c *gin.Context, acc *store.Account) error {
	_, err := p.Community.SubscribeBrowser(c.Request.Context(), acc, sessions.Default(c).ID(), c.Request.UserAgent(), community.NewPush{
		Endpoint: c.PostForm("endpoint"), P256dh: c.PostForm("p256dh"), Auth: c.PostForm("auth"),
	})
	if err != nil {
		return err
	}
	p.setFlash(c, "push-on")
	return redirect(c, "/settings/notifications")
}

func (p *Pages) endPush(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.EndPush(c.Request.Context(), acc, id); err != nil {
		return err
	}
	p.setFlash(c, "push-off")
	return redirect(c, "/settings/notifications")
}

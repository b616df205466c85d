package pages

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

// muteTimes are the choices of how long an account is muted, in hours; 0 has no end.
var muteTimes = []templates.Option{{Value: "0", Label: lang.Key("Until I end it")}, {Value: "24", Label: lang.Key("A day")}, {Value: "168", Label: lang.Key("A week")}, {Value: "720", Label: lang.Key("30 days")}}

func (p *Pages) muteForm(c *gin.Context, _ *store.Account) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Mute"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.MutePage(pg, templates.MuteView{
		Account: p.accountView(acc), Times: said(pg.Lang, muteTimes), Return: localPath(c.Query("return"), "/@"+acc.Username),
	}))
}

func (p *Pages) mute(c *gin.Context, me *store.Account) error {
	hours, err := strconv.Atoi(c.PostForm("for"))
	if err != nil {
		hours = 0
	}
	o := community.MuteOptions{For: time.Duration(hours) * time.Hour, KeepNotifications: on(c, "keep_notifications")}
	return p.relate(func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return p.Community.Mute(ctx, acc, id, o)
	}, "muted")(c, me)
}

func (p *Pages) note(c *gin.Context, me *store.Account) error {
	note := c.PostForm("note")
	err := p.relate(func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return p.Community.SetNote(ctx, acc, id, note)
	}, "saved")(c, me)
	errs, ok := p.fieldErrors(c, err, map[string]string{"comment": "note"})
	if !ok {
		return err
	}
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	c.Request.URL = mustPath("/@" + acc.Username) // where the links of the page lead from
	return p.renderProfile(c, http.StatusUnprocessableEntity, acc, &note, errs)
}

// muteEnd is when a mute ends, in words.
func muteEnd(l *lang.Language, at store.Millis) string {
	return l.Date(at.Time(), "2 Jan 2006, 15:04") + " UTC"
}

func (p *Pages) followWith(o community.FollowOptions) func(context.Context, *store.Account, int64) (community.Relationship, error) {
	return func(ctx context.Context, acc *store.Account, id int64) (community.Relationship, error) {
		return p.Community.FollowWith(ctx, acc, id, o)
	}
}

func (p *Pages) mutes(c *gin.Context, acc *store.Account) error {
	list, ends, err := p.Community.Mutes(c.Request.Context(), acc, pageOf(c, listLimit))
	if err != nil {
		return err
	}
	rows, err := p.personViews(c, list.Accounts)
	if err != nil {
		return err
	}
	for i, a := range list.Accounts {
		if at, ok := ends[a.ID]; ok {
			rows[i].Bio = p.lang(c).T("Muted until %s", muteEnd(p.lang(c), at))
		}
	}
	pg, err := p.page(c, p.lang(c).T("Muted"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.SettingsMutesPage(pg, templates.SettingsMutesView{
		People: rows, Pager: cursorPager(c, len(rows), list.Next, list.Prev),
	}))
}

func (p *Pages) mutedConversations(c *gin.Context, acc *store.Account) error {
	posts, next, prev, err := p.Community.MutedConversations(c.Request.Context(), acc, pageOf(c, listLimit))
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Muted conversations"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.SettingsConversationsPage(pg, templates.SettingsConversationsView{
		Posts: p.viewBuilder(c).postViews(posts, false), Pager: cursorPager(c, len(posts), next, prev),
	}))
}

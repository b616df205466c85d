package pages

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/templates"
)

// asks reports whether the form that was sent is to be asked about once more. The page that asks sends it without this.
func asks(c *gin.Context) bool { return c.PostForm("ask") != "" }

// askAgain shows what follows from the form that was sent, and sends it again from there. It works without scripts.
func (p *Pages) askAgain(c *gin.Context, question, consequence, button string) error {
	pg, err := p.page(c, question)
	if err != nil {
		return err
	}
	v := templates.AskView{Section: "admin", Question: question, Consequence: consequence, Button: button, Action: c.Request.URL.Path}
	v.Back = strings.TrimSuffix(v.Action, "/decide")
	for name, values := range c.Request.PostForm {
		for _, value := range values {
			if name != "ask" && value != "" {
				v.Fields = append(v.Fields, templates.HiddenField{Name: name, Value: value})
			}
		}
	}
	slices.SortFunc(v.Fields, func(a, b templates.HiddenField) int { return strings.Compare(a.Name, b.Name) })
	for _, shown := range []templates.HiddenField{{Name: "words", Value: pg.T("Words to the member")}, {Name: "reason", Value: pg.T("Reason")}, {Name: "until", Value: pg.T("End of a suspension")}} {
		if text := strings.TrimSpace(c.PostForm(shown.Name)); text != "" {
			v.Shown = append(v.Shown, templates.HiddenField{Name: shown.Value, Value: text})
		}
	}
	return p.render(c, http.StatusOK, templates.AskPage(pg, v))
}

// askSuspension asks before a member, whose name may be empty, is suspended.
func (p *Pages) askSuspension(c *gin.Context, name string) error {
	l := p.lang(c)
	question := l.T("Suspend the member?")
	if name != "" {
		question = l.T("Suspend @%s?", name)
	}
	return p.askAgain(c, question, l.T("Nobody sees the account, its photographs and comments until the suspension ends. The member is told why, can answer, download everything and leave."), l.T("Suspend"))
}

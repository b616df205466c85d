package pages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

var reportReasons = []templates.Option{
	{Value: "spam", Label: lang.Key("Spam")},
	{Value: "abuse", Label: lang.Key("Harassment or hate")},
	{Value: "stolen", Label: lang.Key("Somebody else's photograph")},
	{Value: "unmarked", Label: lang.Key("Needs a content warning")},
	{Value: "illegal", Label: lang.Key("Against the law")},
	{Value: "other", Label: lang.Key("Something else")},
}

// reasonCategories are the categories of those reasons that have one of their own.
var reasonCategories = map[string]string{"spam": "spam", "illegal": "legal"}

// reportCategory is what applications and commands read of a reason: of one who names a rule, that a rule was broken.
func reportCategory(reason string, rules []string) string {
	switch category := reasonCategories[reason]; {
	case category != "":
		return category
	case len(rules) > 0:
		return "violation"
	}
	return "other"
}

// reasonIs reports whether the words are a reason of the page that says the category already.
func reasonIs(words, category string) bool {
	return slices.ContainsFunc(reportReasons, func(r templates.Option) bool {
		return r.Label == words && (reportCategory(r.Value, nil) == category || category == "violation")
	})
}

func reasonWords(value string) string {
	for _, r := range reportReasons {
		if r.Value == value {
			return r.Label
		}
	}
	return ""
}

func (p *Pages) reportPostForm(c *gin.Context, acc *store.Account) error {
	v, _, err := p.reportPostView(c, acc)
	if err != nil {
		return err
	}
	return p.showReport(c, http.StatusOK, v)
}

func (p *Pages) reportPostView(c *gin.Context, acc *store.Account) (templates.ReportView, *community.Post, error) {
	id, err := idParam(c, "id")
	if err != nil {
		return templates.ReportView{}, nil, err
	}
	post, err := p.Community.PostByID(c.Request.Context(), acc, id)
	if err != nil {
		return templates.ReportView{}, nil, err
	}
	what := p.lang(c).T("Report this post by @%s", post.Author.Username)
	if post.Kind == store.KindComment {
		what = p.lang(c).T("Report this comment by @%s", post.Author.Username)
	}
	return templates.ReportView{
		Action: "/posts/" + idText(id) + "/report", What: what, Reasons: said(p.lang(c), reportReasons),
		Reason: c.PostForm("reason"), Text: c.PostForm("text"), Rules: p.ruleOptions(c), Rule: c.PostForm("rule"), Return: localPath(c.Query("return"), returnTo(c, p.postPath(post))),
	}, post, nil
}

// ruleOptions are the site's rules, of which a report may name one.
func (p *Pages) ruleOptions(c *gin.Context) []templates.Option {
	var list []templates.Option
	for i, r := range p.rulesIn(c, p.lang(c)) {
		list = append(list, templates.Option{Value: strconv.Itoa(i + 1), Label: r})
	}
	return list
}

func (p *Pages) showReport(c *gin.Context, status int, v templates.ReportView) error {
	pg, err := p.page(c, p.lang(c).T("Report"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.ReportPage(pg, v))
}

func (p *Pages) reportPost(c *gin.Context, acc *store.Account) error {
	v, post, err := p.reportPostView(c, acc)
	if err != nil {
		return err
	}
	return p.sendReport(c, acc, v, community.Report{TargetID: post.AuthorID, PostID: post.ID})
}

func (p *Pages) sendReport(c *gin.Context, acc *store.Account, v templates.ReportView, r community.Report) error {
	words := reasonWords(v.Reason)
	if words == "" {
		v.Errors = append(v.Errors, templates.FieldError{Field: "reason", Message: p.lang(c).T("Choose what is wrong.")})
		return p.showReport(c, http.StatusUnprocessableEntity, v)
	}
	r.IdempotencyKey = c.PostForm("idempotency_key")
	r.Comment = strings.TrimSpace(words + "\n" + v.Text)
	rules := p.rulesIn(c, p.siteLanguage(c)) // as those who moderate read them
	if at, err := strconv.Atoi(v.Rule); err == nil && at > 0 && at <= len(rules) {
		r.Rules = []string{rules[at-1]}
	}
	r.Category = reportCategory(v.Reason, r.Rules)
	_, err := p.Community.Report(c.Request.Context(), acc, r)
	if errs, ok := p.fieldErrors(c, err, map[string]string{"comment": "text"}); ok {
		v.Errors = errs
		return p.showReport(c, http.StatusUnprocessableEntity, v)
	}
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 { // too many
		v.Errors = errs
		return p.showReport(c, status, v)
	}
	p.setFlash(c, "reported")
	return redirect(c, v.Return)
}

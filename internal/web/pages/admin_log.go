package pages

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerAdminLog(r Routes) {
	r.Personal(http.MethodGet, "/admin", p.may(community.ReadAdmin, p.adminOverview))
	r.Personal(http.MethodPost, "/admin/mail/test", p.may(community.TestMail, p.testMail))
	r.Personal(http.MethodGet, "/admin/log", p.may(community.ReadLog, p.adminLog))
	r.Download(http.MethodGet, "/admin/log.csv", p.may(community.ReadLog, p.adminLogCSV))
	r.Download(http.MethodGet, "/admin/log.json", p.may(community.ReadLog, p.adminLogJSON))
}

// adminOverview shows what needs somebody, and leads to what the viewer may do.
func (p *Pages) adminOverview(c *gin.Context, acc *store.Account) error {
	return p.showOverview(c, acc, http.StatusOK, templates.AdminView{MailTo: acc.Email})
}

// testMail sends a mail that shows whether mail comes.
func (p *Pages) testMail(c *gin.Context, acc *store.Account) error {
	v := templates.AdminView{MailTo: c.PostForm("address")}
	_, err := p.Community.SendTest(c.Request.Context(), byPage(c, acc), v.MailTo)
	if errs, status, err := p.formErrors(c, err); err != nil {
		return err
	} else if status != 0 {
		v.Errors = errs
		return p.showOverview(c, acc, status, v)
	}
	p.setFlash(c, "test-mail")
	if !p.Community.MailDelivers {
		p.setFlash(c, "test-mail-file")
	}
	return redirect(c, "/admin#test-mail")
}

// showOverview renders it. v has what was typed, and what is wrong with it.
func (p *Pages) showOverview(c *gin.Context, acc *store.Account, status int, v templates.AdminView) error {
	ctx := c.Request.Context()
	pg, err := p.page(c, p.lang(c).T("Administration"))
	if err != nil {
		return err
	}
	v.System = community.May(acc, community.ReadSystem)
	waits, err := p.Community.WaitingFor(ctx, acc)
	if err != nil {
		return err
	}
	v.Reports, v.Appeals, v.OthersReports, v.OthersAppeals = waits.Reports, waits.Appeals, waits.OthersReports, waits.OthersAppeals
	if _, v.Waiting, err = p.Community.Waiting(ctx, byPage(c, acc), 0); err != nil {
		return err
	}
	if v.Held, err = p.Community.HeldCount(ctx, byPage(c, acc)); err != nil {
		return err
	}
	unreached, err := p.Community.Unreached(ctx, byPage(c, acc))
	if err != nil {
		return err
	}
	v.Unreached, v.UnreachedInvitations = unreached.Members, unreached.Invitations
	v.FirstSteps = community.May(acc, community.ReadSite) && !p.Community.FirstStepsClosed(ctx)
	if v.System {
		now := p.Status(ctx)
		v.DeadJobs = now.DeadJobs
		v.NoBackups, v.ChecksLate = len(now.Checks) > 0, now.ChecksLate
		for _, check := range now.Checks {
			v.NoBackups = v.NoBackups && check.Name != "backup"
			switch {
			case check.Status != "ok":
				v.Checks = append(v.Checks, check)
			case check.Name == "backup" || check.Name == "disk":
				v.Kept = append(v.Kept, check)
			}
		}
	}
	entries, err := p.Community.AdminLog(ctx, byPage(c, acc), community.AdminLogSearch{}, community.Cursor{Limit: 5})
	if err != nil {
		return err
	}
	v.Log = logRows(p.viewBuilder(c), entries)
	return p.render(c, status, templates.AdminPage(pg, v))
}

// logSearch reads from the query which entries are asked for.
func logSearch(c *gin.Context) community.AdminLogSearch {
	return community.AdminLogSearch{Act: c.Query("act"), Who: c.Query("who"), Whom: c.Query("whom"), Way: c.Query("way"), From: c.Query("from"), To: c.Query("to"), Text: c.Query("q")}
}

func logRows(b viewBuilder, list []store.AdminEntry) []templates.AdminLogRow {
	rows := make([]templates.AdminLogRow, 0, len(list))
	for _, e := range list {
		rows = append(rows, templates.AdminLogRow{
			Who: e.Actor, Via: e.Via, Act: e.Act, Whom: e.Target, Reason: e.Reason, Detail: e.Detail, When: b.when(e.CreatedAt),
		})
	}
	return rows
}

func (p *Pages) adminLog(c *gin.Context, acc *store.Account) error {
	q := logSearch(c)
	page := pageOf(c, listLimit)
	list, err := p.Community.AdminLog(c.Request.Context(), byPage(c, acc), q, page)
	status, errs := http.StatusOK, templates.FieldErrors(nil)
	if wrong, ok := p.fieldErrors(c, err, nil); ok {
		status, errs = http.StatusUnprocessableEntity, wrong
	} else if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Log"))
	if err != nil {
		return err
	}
	v := templates.AdminLogView{
		Act: q.Act, Who: q.Who, Whom: q.Whom, Way: q.Way, From: q.From, To: q.To, Text: q.Text, Errors: errs,
		System: community.May(acc, community.ReadSystem), Ways: community.Ways, Rows: logRows(p.viewBuilder(c), list), Pager: past(c),
	}
	for _, a := range community.Acts() {
		if !strings.HasSuffix(string(a), ".read") {
			v.Acts = append(v.Acts, string(a))
		}
	}
	query := c.Request.URL.Query()
	query.Del("max_id")
	query.Del("min_id")
	v.CSVURL, v.JSONURL = "/admin/log.csv?"+query.Encode(), "/admin/log.json?"+query.Encode()
	if len(list) > 0 {
		v.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, status, templates.AdminLogPage(pg, v))
}

// exportedEntries bounds how much of the log one file has. A command writes all.
const exportedEntries = 100_000

// eachLogEntry calls f for the entries that are asked for, a page at a time.
func (p *Pages) eachLogEntry(c *gin.Context, acc *store.Account, first func(), f func(store.AdminEntry) error) error {
	page := community.Cursor{Limit: 500}
	for n := 0; n < exportedEntries; {
		list, err := p.Community.AdminLog(c.Request.Context(), byPage(c, acc), logSearch(c), page)
		if err != nil {
			return err
		}
		if n == 0 {
			first()
		}
		for _, e := range list {
			if err := f(e); err != nil {
				return err
			}
		}
		if len(list) < page.Limit {
			return nil
		}
		n += len(list)
		page.MaxID = list[len(list)-1].ID
	}
	return nil
}

func (p *Pages) adminLogCSV(c *gin.Context, acc *store.Account) error {
	w := csv.NewWriter(c.Writer)
	err := p.eachLogEntry(c, acc, func() {
		c.Header("Content-Type", "text/csv; charset=utf-8")
		c.Header("Content-Disposition", `attachment; filename="log.csv"`)
		_ = w.Write(community.LogColumns)
	}, func(e store.AdminEntry) error { return w.Write(community.LogLine(e).Cells()) })
	w.Flush()
	return err
}

// adminLogJSON writes one object a line.
func (p *Pages) adminLogJSON(c *gin.Context, acc *store.Account) error {
	w := json.NewEncoder(c.Writer)
	return p.eachLogEntry(c, acc, func() {
		c.Header("Content-Type", "application/x-ndjson")
		c.Header("Content-Disposition", `attachment; filename="log.json"`)
	}, func(e store.AdminEntry) error { return w.Encode(community.LogLine(e)) })
}

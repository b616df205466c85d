package pages

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerStatus(r Routes) {
	r.Personal(http.MethodGet, "/admin/status", p.may(community.ReadSystem, p.status))
	r.Personal(http.MethodGet, "/admin/jobs", p.may(community.ReadSystem, p.jobs))
	r.Personal(http.MethodGet, "/admin/moves", p.may(community.ReadSystem, p.moves))
	r.Personal(http.MethodGet, "/admin/ladder", p.may(community.ReadSystem, p.ladder))
	r.Personal(http.MethodPost, "/admin/jobs/:id/retry", p.may(community.RetryJob, p.retryJob))
	r.Personal(http.MethodPost, "/admin/jobs/:id/drop", p.may(community.DropJob, p.dropJob))
}

// deadShown is how many dead jobs the status page lists.
const deadShown = 10

func (b viewBuilder) jobRow(j store.Job) templates.JobRow {
	return templates.JobRow{
		ID: idText(j.ID), Kind: j.Kind, State: j.State, Attempts: j.Attempts, Created: b.when(j.CreatedAt), Error: plain(j.Error, 400),
		Retry: j.State == store.JobDead && !b.p.ReadOnly(),
	}
}

func (p *Pages) status(c *gin.Context, _ *store.Account) error {
	ctx := c.Request.Context()
	pg, err := p.page(c, p.lang(c).T("Status"))
	if err != nil {
		return err
	}
	v := p.Status(ctx)
	// The page is meant for the moment when something does not answer, so it is rendered without this, too.
	dead, err := p.Community.Jobs(ctx, store.JobDead, 0, deadShown)
	if err != nil {
		p.Log.WarnContext(ctx, "the status page comes without its dead jobs", "error", err)
	}
	b := p.viewBuilder(c)
	b.lang = nil // the page is in English
	for _, j := range dead {
		v.Dead = append(v.Dead, b.jobRow(j))
	}
	return p.render(c, http.StatusOK, templates.AdminStatusPage(pg, v))
}

func (p *Pages) jobs(c *gin.Context, _ *store.Account) error {
	state := c.Query("state")
	if !slices.Contains([]string{store.JobReady, store.JobDone}, state) {
		state = store.JobDead
	}
	pg, err := p.page(c, p.lang(c).T("Jobs"))
	if err != nil {
		return err
	}
	before := formID(c.Query("max_id"))
	list, err := p.Community.Jobs(c.Request.Context(), state, before, listLimit)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	b.lang = nil // the page is in English
	v := templates.AdminJobsView{State: state}
	for _, j := range list {
		v.Jobs = append(v.Jobs, b.jobRow(j))
	}
	if len(list) == listLimit {
		v.Pager.OlderURL = "/admin/jobs?state=" + state + "&max_id=" + idText(list[len(list)-1].ID)
	}
	if len(list) == 0 {
		v.Pager = past(c)
	} else if before != 0 {
		v.Pager.NewerURL = "/admin/jobs?state=" + state
	}
	return p.render(c, http.StatusOK, templates.AdminJobsPage(pg, v))
}

func (p *Pages) retryJob(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.RetryJob(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "job-again")
	return redirect(c, returnTo(c, "/admin/jobs"))
}

// dropJob deletes a job that failed for good. One that may still run is dropped by command alone: its cause counts on it.
func (p *Pages) dropJob(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	if err := p.Community.DropDeadJob(c.Request.Context(), byPage(c, acc), id); err != nil {
		return err
	}
	p.setFlash(c, "job-dropped")
	return redirect(c, returnTo(c, "/admin/jobs"))
}

// moveRefresh is after how many seconds a browser asks again for the page of a move that is under way.
const moveRefresh = "3"

func (p *Pages) moves(c *gin.Context, _ *store.Account) error {
	pg, err := p.page(c, p.lang(c).T("Moves"))
	if err != nil {
		return err
	}
	v, err := p.Moves(c.Request.Context())
	if err != nil {
		return err
	}
	if v.Live {
		c.Header("Refresh", moveRefresh) // works without scripts, too
	}
	return p.render(c, http.StatusOK, templates.AdminMovesPage(pg, v))
}

func (p *Pages) ladder(c *gin.Context, _ *store.Account) error {
	pg, err := p.page(c, p.lang(c).T("Ladder"))
	if err != nil {
		return err
	}
	v, err := p.Ladder(c.Request.Context())
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.AdminLadderPage(pg, v))
}

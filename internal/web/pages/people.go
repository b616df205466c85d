package pages

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/media"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerPeople(r Routes) {
	r.Cacheable(http.MethodGet, "/@:name", p.profile, "max_id", "min_id", "show")
	r.Cacheable(http.MethodGet, "/@:name/boosts", p.boostsOf, "max_id", "min_id", "show")
	r.Cacheable(http.MethodGet, "/@:name/followers", p.people(templates.PeopleFollowers), "max_id", "min_id")
	r.Cacheable(http.MethodGet, "/@:name/following", p.people(templates.PeopleFollowing), "max_id", "min_id")
	for path, act := range map[string]func(context.Context, *store.Account, int64) (community.Relationship, error){
		"follow": p.Community.Follow, "unfollow": p.Community.Unfollow, "remove-follower": p.Community.RemoveFollower,
	} {
		r.Personal(http.MethodPost, "/@:name/"+path, p.member(p.relate(act, "")))
	}
	r.Personal(http.MethodGet, "/@:name/block", p.member(p.blockForm))
	r.Personal(http.MethodPost, "/@:name/block", p.member(p.relate(p.Community.Block, "blocked")))
	r.Personal(http.MethodPost, "/@:name/unblock", p.member(p.relate(p.Community.Unblock, "unblocked")))
	r.Personal(http.MethodGet, "/@:name/mute", p.member(p.muteForm))
	r.Personal(http.MethodPost, "/@:name/mute", p.member(p.mute))
	r.Personal(http.MethodPost, "/@:name/unmute", p.member(p.relate(p.Community.Unmute, "unmuted")))
	r.Personal(http.MethodPost, "/@:name/note", p.member(p.note))
	for path, o := range map[string]community.FollowOptions{
		"hide-boosts": {HideBoosts: new(true)}, "show-boosts": {HideBoosts: new(false)}, "notify": {Notify: new(true)}, "unnotify": {Notify: new(false)},
	} {
		r.Personal(http.MethodPost, "/@:name/"+path, p.member(p.relate(p.followWith(o), "saved")))
	}
	r.Personal(http.MethodGet, "/settings/mutes", p.member(p.mutes))
	r.Personal(http.MethodGet, "/settings/mutes/conversations", p.member(p.mutedConversations))
	r.Personal(http.MethodGet, "/@:name/report", p.member(p.reportAccountForm))
	r.Personal(http.MethodPost, "/@:name/report", p.member(p.reportAccount))
	r.Personal(http.MethodGet, "/follow-requests", p.member(p.followRequests))
	r.Personal(http.MethodPost, "/follow-requests/:name/accept", p.member(p.goneOnce(p.answerRequest(p.Community.AcceptFollow), leads("", "/follow-requests"))))
	r.Personal(http.MethodPost, "/follow-requests/:name/refuse", p.member(p.goneOnce(p.answerRequest(p.Community.RefuseFollow), leads("", "/follow-requests"))))
}

func (p *Pages) accountOf(c *gin.Context) (*store.Account, error) {
	acc, err := p.Community.AccountByName(c.Request.Context(), viewer(c), c.Param("name"))
	if err == nil {
		spelt(c, c.Param("name"), acc.Username)
	}
	return acc, err
}

func (p *Pages) profile(c *gin.Context) error {
	if name, ok := strings.CutSuffix(c.Param("name"), ".atom"); ok {
		return p.accountAtom(c, name)
	}
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	return p.renderProfile(c, http.StatusOK, acc, nil, nil)
}

// renderProfile renders a profile. A private note that was refused is shown in its form again.
func (p *Pages) renderProfile(c *gin.Context, status int, acc *store.Account, note *string, errs templates.FieldErrors) error {
	ctx := c.Request.Context()
	me := viewer(c)
	pg, err := p.page(c, acc.Name()+" (@"+acc.Username+")")
	if err != nil {
		return err
	}
	rel, err := p.relation(c, me, acc)
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	var posts []*community.Post
	if !rel.Blocking {
		posts, err = p.Community.AccountFeed(ctx, me, acc.ID, community.AccountFeedOptions{OnlyMedia: true, ExcludeReplies: true}, page)
		if err != nil {
			return err
		}
	}
	b := p.viewBuilder(c)
	v := templates.ProfileView{
		Account: p.accountView(acc), HeaderURL: p.headerURL(acc.Header), Bio: p.bio(acc.Note),
		Counts:   p.countsOf(me, acc, rel),
		Relation: p.relationView(me, acc, rel), Hidden: rel.Blocking, Grid: p.grid(c, b, posts, page),
	}
	if !rel.Blocking {
		if v.Grid.Newest, err = p.newestWhere(c, b, posts, v.Grid.Pager); err != nil {
			return err
		}
	}
	if note != nil {
		v.Relation.Note = *note
	}
	v.NoteErrors = errs
	if rel.Muting {
		end, err := p.Community.MuteEnd(ctx, me, acc.ID)
		if err != nil {
			return err
		}
		if end != nil {
			v.MutedUntil = muteEnd(pg.Lang, *end)
		}
	}
	if !rel.Blocking && page.MaxID == 0 && page.MinID == 0 {
		pinned, err := p.Community.PinnedPosts(ctx, me, acc.ID)
		if err != nil {
			return err
		}
		v.Pinned = b.postViews(pinned, false)
	}
	for _, f := range acc.Fields.V {
		v.Fields = append(v.Fields, templates.ProfileField{Name: f.Name, Value: p.line(f.Value)})
	}
	pg.Description = cmp.Or(plain(acc.Note, 200), pg.T("Photographs by %s on %s.", acc.Name(), p.site(c).Name))
	pg.NoIndex = !acc.Discoverable
	pg.Canonical = p.BaseURL + "/@" + acc.Username
	pg.AtomURL = pg.Canonical + ".atom"
	pg.OpenGraph = &templates.OpenGraph{Type: "profile", Title: acc.Name(), Description: pg.Description, URL: pg.Canonical}
	if acc.Avatar != nil && acc.Avatar.SetKind == store.SetPublic && !p.site(c).MembersOnly {
		pg.OpenGraph.ImageURL = p.Addresses.PublicAbs(acc.Avatar.Key(media.SquareName))
	}
	return p.render(c, status, templates.ProfilePage(pg, v))
}

// boostsOf shows what an account boosted.
func (p *Pages) boostsOf(c *gin.Context) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	me := viewer(c)
	rel, err := p.relation(c, me, acc)
	if err != nil {
		return err
	}
	if rel.Blocking { // the profile says so
		return redirect(c, "/@"+acc.Username)
	}
	page := pageOf(c, feedLimit)
	posts, err := p.Community.BoostsOf(c.Request.Context(), me, acc.ID, page)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Boosted by %s", acc.Name()))
	if err != nil {
		return err
	}
	pg.NoIndex = true // the posts have pages of their own
	pg.Canonical = p.BaseURL + "/@" + acc.Username + "/boosts"
	b := p.viewBuilder(c)
	view := templates.BoostsView{Account: p.accountView(acc), Own: me != nil && me.ID == acc.ID, Posts: b.postViews(posts, true), Pager: postPager(c, page, posts)}
	if view.Newest, err = p.newestWhere(c, b, posts, view.Pager); err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.BoostsPage(pg, view))
}

func (p *Pages) countsOf(me, acc *store.Account, rel community.Relationship) templates.ProfileCounts {
	return templates.ProfileCounts{
		Posts: p.postsOf(me, acc, rel), Followers: acc.FollowersCount, Following: acc.FollowingCount,
		Joined: templates.When{At: acc.CreatedAt.Time()},
	}
}

// postsOf is how many of an account's posts the reader may know of.
func (p *Pages) postsOf(me, acc *store.Account, rel community.Relationship) int {
	if me != nil && me.ID == acc.ID || rel.Following {
		return acc.PostsCount
	}
	return acc.OpenPostsCount
}

// bio renders a profile's text: addresses become links, #tags and @names stay words.
func (p *Pages) bio(text string) templates.RichText {
	return templates.RichText(p.Community.Render(text, nil, nil))
}

// line is bio for a text of one line, without the paragraph around it.
func (p *Pages) line(text string) templates.RichText {
	return templates.RichText(p.Community.RenderLine(text))
}

func (p *Pages) relation(c *gin.Context, me, acc *store.Account) (community.Relationship, error) {
	if me == nil || me.ID == acc.ID {
		return community.Relationship{ID: acc.ID}, nil
	}
	rs, err := p.Community.Relationships(c.Request.Context(), me, []int64{acc.ID}, false)
	if err != nil || len(rs) == 0 {
		return community.Relationship{ID: acc.ID}, err
	}
	return rs[0], nil
}

func (p *Pages) people(kind templates.PeopleKind) func(*gin.Context) error {
	return func(c *gin.Context) error {
		acc, err := p.accountOf(c)
		if err != nil {
			return err
		}
		title, get := p.lang(c).T("Followers of %s", acc.Name()), p.Community.Followers
		if kind == templates.PeopleFollowing {
			title, get = p.lang(c).T("Followed by %s", acc.Name()), p.Community.Following
		}
		me := viewer(c)
		page := pageOf(c, listLimit)
		list, err := get(c.Request.Context(), me, acc.ID, page)
		if err != nil {
			return err
		}
		rows, err := p.personViews(c, list.Accounts)
		if err != nil {
			return err
		}
		own := me != nil && me.ID == acc.ID
		for i := range rows {
			rows[i].CanRemove = own && kind == templates.PeopleFollowers
		}
		pg, err := p.page(c, title)
		if err != nil {
			return err
		}
		pg.NoIndex = true
		return p.render(c, http.StatusOK, templates.PeoplePage(pg, templates.PeopleView{
			Account: p.accountView(acc), Kind: kind, Own: own, People: rows, Pager: cursorPager(c, len(rows), list.Next, list.Prev),
		}))
	}
}

// relate handles the actions on an account: follow, block and their opposites.
func (p *Pages) relate(act func(context.Context, *store.Account, int64) (community.Relationship, error), flash string) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, me *store.Account) error {
		ctx := c.Request.Context()
		acc, err := p.accountOf(c)
		if err != nil {
			return err
		}
		rel, err := act(ctx, me, acc.ID)
		if err != nil {
			return err
		}
		if wantsFragment(c) {
			pg, err := p.page(c, "")
			if err != nil {
				return err
			}
			if acc, err = p.Community.AccountByID(store.Primary(ctx), me, acc.ID); err != nil { // with the new counts
				return err
			}
			return p.render(c, http.StatusOK, templates.Followed(pg, p.relationView(me, acc, rel), p.countsOf(me, acc, rel)))
		}
		if flash != "" {
			p.setFlash(c, flash)
		}
		return redirect(c, returnTo(c, "/@"+acc.Username))
	}
}

func (p *Pages) blockForm(c *gin.Context, _ *store.Account) error {
	acc, err := p.accountOf(c)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Block"))
	if err != nil {
		return err
	}
	back := "/@" + acc.Username
	return p.render(c, http.StatusOK, templates.BlockPage(pg, templates.BlockView{Account: p.accountView(acc), Return: localPath(c.Query("return"), back)}))
}

func (p *Pages) reportAccountView(c *gin.Context) (templates.ReportView, *store.Account, error) {
	acc, err := p.accountOf(c)
	if err != nil {
		return templates.ReportView{}, nil, err
	}
	return templates.ReportView{
		Action: "/@" + acc.Username + "/report", What: "@" + acc.Username, Reasons: said(p.lang(c), reportReasons),
		Reason: c.PostForm("reason"), Text: c.PostForm("text"), Rules: p.ruleOptions(c), Rule: c.PostForm("rule"), Return: localPath(c.Query("return"), returnTo(c, "/@"+acc.Username)),
	}, acc, nil
}

func (p *Pages) reportAccountForm(c *gin.Context, _ *store.Account) error {
	v, _, err := p.reportAccountView(c)
	if err != nil {
		return err
	}
	return p.showReport(c, http.StatusOK, v)
}

func (p *Pages) reportAccount(c *gin.Context, me *store.Account) error {
	v, acc, err := p.reportAccountView(c)
	if err != nil {
		return err
	}
	return p.sendReport(c, me, v, community.Report{TargetID: acc.ID})
}

func (p *Pages) followRequests(c *gin.Context, me *store.Account) error {
	page := pageOf(c, listLimit)
	list, err := p.Community.FollowRequests(c.Request.Context(), me, page)
	if err != nil {
		return err
	}
	rows, err := p.personViews(c, list.Accounts)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Follow requests"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.FollowRequestsPage(pg, templates.FollowRequestsView{
		People: rows, Pager: cursorPager(c, len(rows), list.Next, list.Prev),
	}))
}

func (p *Pages) answerRequest(act func(context.Context, *store.Account, int64) (community.Relationship, error)) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, me *store.Account) error {
		acc, err := p.accountOf(c)
		if err != nil {
			return err
		}
		if _, err := act(c.Request.Context(), me, acc.ID); err != nil {
			return err
		}
		return redirect(c, "/follow-requests")
	}
}

package pages

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

const (
	feedLimit = 20 // cards
	gridLimit = 40 // tiles
	listLimit = 40 // people, notifications, comments
)

func (p *Pages) registerFeeds(r Routes) {
	r.Cacheable(http.MethodGet, "/", p.front, "max_id", "min_id", "show")
	r.Cacheable(http.MethodGet, "/explore", p.explore, "max_id", "min_id", "show")
	r.Cacheable(http.MethodGet, "/explore/popular", p.popular, "after", "show")
	r.Cacheable(http.MethodGet, "/explore/tags", p.usedTags)
	r.Cacheable(http.MethodGet, "/people", p.activePeople, "after")
	r.Cacheable(http.MethodGet, "/people/new", p.newPeople, "after")
	r.Cacheable(http.MethodGet, "/tags/:tag", p.tag, "max_id", "min_id", "show")
	r.Cacheable(http.MethodGet, "/search", p.search, "q", "after", "show")
	r.Personal(http.MethodGet, "/bookmarks", p.member(p.marked(templates.MarkedBookmarks, p.Community.BookmarkedPosts)))
	r.Personal(http.MethodGet, "/likes", p.member(p.marked(templates.MarkedLikes, p.Community.LikedPosts)))
	r.Personal(http.MethodGet, "/boosts", p.member(p.marked(templates.MarkedBoosts, p.Community.BoostedPosts)))
	r.Personal(http.MethodPost, "/tags/:tag/follow", p.member(p.followTag(true)))
	r.Personal(http.MethodPost, "/tags/:tag/unfollow", p.member(p.followTag(false)))
	r.Personal(http.MethodGet, "/settings/tags", p.member(p.followedTags))
	r.Personal(http.MethodGet, "/notifications", p.member(p.notifications("")))
	for part := range notificationParts {
		r.Personal(http.MethodGet, "/notifications/"+part, p.member(p.notifications(part)))
	}
	r.Personal(http.MethodGet, "/notifications/clear", p.member(p.clearForm))
	r.Personal(http.MethodPost, "/notifications/clear", p.member(p.clearNotifications))
}

func (p *Pages) front(c *gin.Context) error {
	if acc := viewer(c); acc != nil {
		return p.home(c, acc)
	}
	pg, err := p.page(c, "")
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	posts, err := p.Community.PublicFeed(c.Request.Context(), nil, page)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	view := templates.FrontView{Grid: p.grid(c, b, posts, page)}
	// The newest photo without a warning leads the first page. Where there is room to show it large, its tile is hidden.
	if page.MaxID == 0 && page.MinID == 0 {
		for i, post := range posts {
			if !post.Warned() && len(post.Photos) > 0 {
				lead := view.Grid.Posts[i]
				view.Lead = &lead
				view.Grid.Posts[i].Leads = true
				break
			}
		}
	}
	view.Grid.Pager.NewerURL = strings.Replace(view.Grid.Pager.NewerURL, "/?", "/explore?", 1)
	view.Grid.Pager.OlderURL = strings.Replace(view.Grid.Pager.OlderURL, "/?", "/explore?", 1)
	pg.Description = p.siteDescription(c)
	pg.Canonical = p.BaseURL + "/"
	site := p.site(c)
	pg.OpenGraph = &templates.OpenGraph{Type: "website", Title: site.Name, Description: site.Description, URL: pg.Canonical}
	if site.PictureURL != "" {
		pg.OpenGraph.ImageURL, pg.OpenGraph.ImageWidth, pg.OpenGraph.ImageHeight = p.BaseURL+site.PictureURL, site.PictureWidth, site.PictureHeight
	}
	return p.render(c, http.StatusOK, templates.FrontPage(pg, view))
}

func (p *Pages) home(c *gin.Context, acc *store.Account) error {
	pg, err := p.page(c, p.lang(c).T("Home"))
	if err != nil {
		return err
	}
	page := pageOf(c, feedLimit)
	posts, err := p.Community.HomeFeed(c.Request.Context(), acc, page)
	if err != nil {
		return err
	}
	pg.Description = p.siteDescription(c)
	b := p.viewBuilder(c)
	view := templates.FeedView{Posts: b.postViews(posts, true), Pager: postPager(c, page, posts)}
	if page.MaxID == 0 && page.MinID == 0 {
		list, err := p.Community.Announcements(c.Request.Context(), acc, false)
		if err != nil {
			return err
		}
		for _, a := range list {
			view.Announcements = append(view.Announcements, b.announcementView(a))
		}
	}
	if len(posts) < feedLimit && page.MaxID == 0 && page.MinID == 0 {
		if view.Welcome, err = p.welcome(c, acc); err != nil {
			return err
		}
	}
	c.Header("Cache-Control", "private, no-store")
	return p.render(c, http.StatusOK, templates.HomePage(pg, view))
}

// siteDescription is what search engines and checkers read of a page that shows the site.
func (p *Pages) siteDescription(c *gin.Context) string {
	return cmp.Or(p.site(c).Description, p.lang(c).T("Photographs on %s.", p.site(c).Name))
}

func postPager(c *gin.Context, page community.Cursor, posts []*community.Post) templates.Pager {
	if len(posts) == 0 {
		return past(c)
	}
	out := pager(c, page, posts[0].FeedID(), posts[len(posts)-1].FeedID(), len(posts))
	out.AllHidden = allHidden(posts)
	return out
}

// allHidden reports whether filters hide all that a page of a list has.
func allHidden(posts []*community.Post) bool {
	return len(posts) > 0 && !slices.ContainsFunc(posts, func(p *community.Post) bool { return !p.Hidden() })
}

func (p *Pages) grid(c *gin.Context, b viewBuilder, posts []*community.Post, page community.Cursor) templates.GridView {
	return templates.GridView{Posts: b.postViews(posts, false), Pager: postPager(c, page, posts)}
}

// marked shows what the member has marked, in a grid that is paged by the marks.
func (p *Pages) marked(kind templates.MarkedKind, list func(context.Context, *store.Account, community.Cursor) ([]*community.Post, int64, int64, error)) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		pg, err := p.page(c, p.lang(c).T(kind.Title()))
		if err != nil {
			return err
		}
		posts, next, prev, err := list(c.Request.Context(), acc, pageOf(c, gridLimit))
		if err != nil {
			return err
		}
		b := p.viewBuilder(c)
		view := templates.MarkedView{Kind: kind, Grid: templates.GridView{Posts: b.postViews(posts, false), Pager: cursorPager(c, len(posts), next, prev)}}
		if view.Grid.Newest, err = p.newestWhere(c, b, posts, view.Grid.Pager); err != nil {
			return err
		}
		return p.render(c, http.StatusOK, templates.MarkedPage(pg, view))
	}
}

func (p *Pages) explore(c *gin.Context) error {
	pg, err := p.page(c, p.lang(c).T("Explore"))
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	posts, err := p.Community.PublicFeed(c.Request.Context(), viewer(c), page)
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/explore"
	pg.Description = pg.T("The newest photographs on %s.", p.site(c).Name)
	return p.render(c, http.StatusOK, templates.ExplorePage(pg, templates.ExploreView{Grid: p.grid(c, p.viewBuilder(c), posts, page)}))
}

func (p *Pages) followTag(follow bool) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		tag, err := p.Community.FollowTag(c.Request.Context(), acc, c.Param("tag"), follow)
		if err != nil {
			return err
		}
		return redirect(c, returnTo(c, "/tags/"+url.PathEscape(tag.Name)))
	}
}

func (p *Pages) followedTags(c *gin.Context, acc *store.Account) error {
	tags, _, _, err := p.Community.FollowedTags(c.Request.Context(), acc, community.Cursor{Limit: community.MaxTagFollows})
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Followed tags"))
	if err != nil {
		return err
	}
	view := templates.SettingsTagsView{}
	for _, t := range tags {
		view.Tags = append(view.Tags, templates.TagCount{Name: t.Name, URL: "/tags/" + url.PathEscape(t.Name)})
	}
	if len(tags) == 0 {
		if view.Used, err = p.tagViews(c, newestLimit); err != nil {
			return err
		}
	}
	return p.render(c, http.StatusOK, templates.SettingsTagsPage(pg, view))
}

func (p *Pages) tag(c *gin.Context) error {
	name := c.Param("tag")
	if feed, ok := strings.CutSuffix(name, ".atom"); ok {
		return p.tagAtom(c, feed)
	}
	ctx := c.Request.Context()
	tag, err := p.Community.Tag(ctx, viewer(c), name)
	if err != nil {
		return err
	}
	spelt(c, name, tag.Name)
	pg, err := p.page(c, "#"+tag.Name)
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	posts, err := p.Community.TagFeed(ctx, viewer(c), name, page)
	if err != nil {
		return err
	}
	following, err := p.Community.FollowsTag(ctx, viewer(c), tag.ID)
	if err != nil {
		return err
	}
	pg.Description = pg.T("Photographs with the tag #%s on %s.", tag.Name, p.site(c).Name)
	pg.Canonical = p.BaseURL + "/tags/" + url.PathEscape(tag.Name)
	pg.AtomURL = pg.Canonical + ".atom"
	return p.render(c, http.StatusOK, templates.TagPage(pg, templates.TagView{Tag: tag.Name, URL: "/tags/" + url.PathEscape(tag.Name), Following: following, Grid: p.grid(c, p.viewBuilder(c), posts, page)}))
}

// notifications shows all of them, or a part.
func (p *Pages) notifications(part string) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error { return p.showNotifications(c, acc, part) }
}

func (p *Pages) showNotifications(c *gin.Context, acc *store.Account, part string) error {
	ctx := c.Request.Context()
	page := pageOf(c, listLimit)
	list, err := p.Community.NotificationGroups(ctx, acc, community.NotificationFilter{Types: notificationParts[part], OnPage: true}, page)
	if err != nil {
		return err
	}
	read, err := p.Community.ReadMark(ctx, acc)
	if err != nil {
		return err
	}
	// A part of the page says nothing of what the other parts have, so it marks nothing.
	if part == "" && page.MaxID == 0 && list.Newest > read.All {
		p.Community.SawNotifications(ctx, acc, list.Newest)
	}
	pg, err := p.page(c, p.lang(c).T("Notifications"))
	if err != nil {
		return err
	}
	threads, err := p.threads(ctx, acc, list.Groups)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	view := templates.NotificationsView{Part: part, FollowRequests: pg.Viewer.FollowRequests}
	for _, g := range list.Groups {
		n := g.Latest
		if n.Post != nil && n.Post.Hidden() {
			continue
		}
		item := p.notificationView(b, n, slices.ContainsFunc(g.Rows, func(r store.Notification) bool { return !read.Read(&r) }))
		if item.Others = g.Others; g.Before != nil {
			before := p.accountView(g.Before)
			item.Before = &before
		}
		if root := threads[n.ID]; item.Post == nil && root != nil && len(root.Photos) > 0 && !root.Hidden() {
			post := b.filteredView(root, false)
			item.Post = &post
		}
		view.Items = append(view.Items, item)
	}
	if list.Newest == 0 && page.MaxID == 0 && page.MinID == 0 {
		if view.Newest, err = p.newest(c, b); err != nil {
			return err
		}
	}
	view.Pager = notificationsPager(c, page, list)
	view.Pager.AllHidden = list.Newest != 0 && len(view.Items) == 0
	return p.render(c, http.StatusOK, templates.NotificationsPage(pg, view))
}

// notificationParts are the kinds of the parts of the page, by the ends of their addresses.
var notificationParts = map[string][]string{
	"comments": {store.NotifyMention}, "likes": {store.NotifyLike}, "boosts": {store.NotifyBoost}, "followers": {store.NotifyFollow, store.NotifyFollowRequest}, "posts": {store.NotifyPost},
}

func notificationsPager(c *gin.Context, page community.Cursor, list *community.NotificationPage) templates.Pager {
	n := min(1, int(list.Newest)) // what it has says nothing of whether there is more
	if list.More {
		n = page.Limit
	}
	return pager(c, page, list.Newest, list.Oldest, n)
}

const newestLimit = 12

// newest are photographs to look at, for a page that has nothing of its own.
func (p *Pages) newest(c *gin.Context, b viewBuilder) ([]templates.PostView, error) {
	posts, err := p.Community.PublicFeed(c.Request.Context(), viewer(c), community.Cursor{Limit: newestLimit})
	return b.postViews(posts, false), err
}

// newestWhere is newest where a list has no posts at all, and nothing where it has some or lies past one of its ends.
func (p *Pages) newestWhere(c *gin.Context, b viewBuilder, posts []*community.Post, pager templates.Pager) ([]templates.PostView, error) {
	if len(posts) > 0 || pager.FirstURL != "" {
		return nil, nil
	}
	return p.newest(c, b)
}

// threads finds the posts of the threads in which the notifications' comments are, by notification.
func (p *Pages) threads(ctx context.Context, acc *store.Account, list []community.NotificationGroup) (map[int64]*community.Post, error) {
	var ids []int64
	for _, g := range list {
		n := g.Latest
		if n.Post != nil && n.Post.RootID != nil && !slices.Contains(ids, *n.Post.RootID) {
			ids = append(ids, *n.Post.RootID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	posts, err := p.Community.PostsIn(ctx, acc, community.FilterNotifications, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*community.Post, len(list))
	for _, g := range list {
		n := g.Latest
		for _, post := range posts {
			if n.Post != nil && n.Post.RootID != nil && *n.Post.RootID == post.ID {
				out[n.ID] = post
			}
		}
	}
	return out, nil
}

func (p *Pages) notificationView(b viewBuilder, n *community.Notification, unread bool) templates.NotificationView {
	v := templates.NotificationView{
		ID: idText(n.ID), Kind: templates.NotificationKind(n.Kind), Account: p.accountView(n.From),
		Created: b.when(n.CreatedAt), Unread: unread, URL: "/@" + n.From.Username,
	}
	if n.Kind == store.NotifyFollowRequest {
		v.URL = "/follow-requests"
	}
	if n.Album != nil {
		v.URL, v.Text = albumPath(n.Album.ID), n.Album.Title
	}
	switch n.Kind {
	case store.NotifyReport:
		v.URL = "/admin/reports"
		if n.Report != nil {
			v.URL += "/" + idText(n.Report.ID)
		}
		if n.GivenReport() {
			v.Kind = templates.NotifyGiven
		}
	case store.NotifySignUp:
		v.URL = memberURL(n.From.Username)
		if n.From.WaitingAt != nil { // who has no profile yet
			v.Kind, v.URL = templates.NotifyWaiting, "/admin/waiting"
			v.Account.URL = v.URL
		}
	case store.NotifyHeld:
		v.URL = "/admin/held"
	case store.NotifyAppeal:
		v.URL = "/admin/appeals"
		if n.Decision != nil {
			v.URL += "/" + idText(n.Decision.ID)
		}
	case store.NotifyDecision:
		v.URL = "/settings/decisions"
		if n.Decision != nil {
			v.URL += "/" + idText(n.Decision.ID)
			v.Text = plain(n.Decision.Words, 140)
			if n.Decision.UndoneAt != nil {
				v.Text = strings.TrimSpace(b.lang.T("This is no longer in force.") + " " + v.Text)
			}
		}
	case store.NotifyAnnouncement:
		if n.Comment != nil {
			v.URL, v.Text = community.AnnouncementCommentPath(n.Comment), plain(n.Comment.Text, 140)
		}
	case store.NotifyAccount:
		words, path := community.AccountNews(&n.Notification)
		v.Words, v.URL = b.lang.T(words), path
	case store.NotifyOutcome:
		v.URL = "/notifications"
		v.Text = outcomeText(b.lang, n.Report)
	}
	if n.Post != nil {
		v.URL = p.postPath(n.Post)
		view := b.filteredView(n.Post, false)
		if n.Post.Kind == store.KindComment {
			v.Comment = true
			v.Text = plain(cmp.Or(n.Post.Warning, n.Post.Caption), 140)
			if title := n.Post.CoveredBy(); title != "" {
				v.Text = b.lang.T("Filtered: %s", title)
			}
			if n.Kind == store.NotifyMention && n.Post.InReplyToAuthorID != nil && b.acc != nil && *n.Post.InReplyToAuthorID == b.acc.ID {
				v.Kind = templates.NotifyComment
			}
		}
		if len(n.Post.Photos) > 0 {
			v.Post = &view
		}
	}
	return v
}

// clearForm asks before all notifications go.
func (p *Pages) clearForm(c *gin.Context, _ *store.Account) error {
	pg, err := p.page(c, p.lang(c).T("Clear all"))
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, templates.NotificationsClearPage(pg))
}

func (p *Pages) clearNotifications(c *gin.Context, acc *store.Account) error {
	if err := p.Community.ClearNotifications(c.Request.Context(), acc); err != nil {
		return err
	}
	return redirect(c, "/notifications")
}

// gridCookie remembers how grids look on this device. The page's script writes it too.
const (
	gridCookie = "grid"
	gridThree  = "three"
)

func threeAcross(c *gin.Context) bool {
	ck, err := c.Request.Cookie(gridCookie)
	return err == nil && ck.Value == gridThree
}

// setGrid chooses between rows and square cuts, three across, on a phone.
func (p *Pages) setGrid(c *gin.Context, _ *store.Account) error {
	ck := &http.Cookie{Name: gridCookie, Path: "/", MaxAge: -1, Secure: p.Secure, SameSite: http.SameSiteLaxMode}
	if c.PostForm("three") == "true" {
		ck.Value, ck.MaxAge = gridThree, 365*24*60*60
	}
	http.SetCookie(c.Writer, ck)
	return redirect(c, returnTo(c, "/explore"))
}

// outcomeText tells who reported something what came of it. It leaves out what the moderators said to the other member.
func outcomeText(l *lang.Language, r *community.FiledReport) string {
	switch {
	case r == nil || r.State == store.ReportOpen:
		return ""
	case r.Decision == store.DecideNothing:
		return l.T("The moderators found no reason to act.")
	case r.Decision == store.DecideRemove:
		return l.T("The moderators removed what you reported.")
	}
	return l.T("The moderators have acted.")
}

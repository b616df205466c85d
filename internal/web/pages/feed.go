package pages

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

const (
	feedLimit = 20 // cards
	gridLimit = 40 // tiles
	listLimit = 40 // people, notifications, comments
)

func (p *Pages) registerFeeds(r Routes) {
	r.Cacheable(http.MethodGet, "/", p.front)
	r.Cacheable(http.MethodGet, "/explore", p.explore)
	r.Cacheable(http.MethodGet, "/tags/:tag", p.tag)
	r.Cacheable(http.MethodGet, "/search", p.search)
	r.Personal(http.MethodGet, "/notifications", p.member(p.notifications))
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
	pg.Description = cmp.Or(p.Site.Description, "Photographs on "+p.Site.Name+".")
	pg.Canonical = p.BaseURL + "/"
	pg.OpenGraph = &templates.OpenGraph{Type: "website", Title: p.Site.Name, Description: p.Site.Description, URL: pg.Canonical}
	return p.render(c, http.StatusOK, templates.FrontPage(pg, view))
}

func (p *Pages) home(c *gin.Context, acc *store.Account) error {
	pg, err := p.page(c, "Home")
	if err != nil {
		return err
	}
	page := pageOf(c, feedLimit)
	posts, err := p.Community.HomeFeed(c.Request.Context(), acc, page)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	view := templates.FeedView{Posts: b.postViews(posts, true), Pager: postPager(c, page, posts)}
	c.Header("Cache-Control", "private, no-store")
	return p.render(c, http.StatusOK, templates.HomePage(pg, view))
}

func postPager(c *gin.Context, page community.Cursor, posts []*community.Post) templates.Pager {
	if len(posts) == 0 {
		return templates.Pager{}
	}
	return pager(c, page, posts[0].ID, posts[len(posts)-1].ID, len(posts))
}

func (p *Pages) grid(c *gin.Context, b viewBuilder, posts []*community.Post, page community.Cursor) templates.GridView {
	return templates.GridView{Posts: b.postViews(posts, false), Pager: postPager(c, page, posts)}
}

func (p *Pages) explore(c *gin.Context) error {
	pg, err := p.page(c, "Explore")
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	posts, err := p.Community.PublicFeed(c.Request.Context(), viewer(c), page)
	if err != nil {
		return err
	}
	pg.Canonical = p.BaseURL + "/explore"
	pg.Description = "The newest photographs on " + p.Site.Name + "."
	return p.render(c, http.StatusOK, templates.ExplorePage(pg, p.grid(c, p.viewBuilder(c), posts, page)))
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
	pg, err := p.page(c, "#"+tag.Name)
	if err != nil {
		return err
	}
	page := pageOf(c, gridLimit)
	posts, err := p.Community.TagFeed(ctx, viewer(c), name, page)
	if err != nil {
		return err
	}
	pg.Description = "Photographs with the tag #" + tag.Name + " on " + p.Site.Name + "."
	pg.Canonical = p.BaseURL + "/tags/" + url.PathEscape(tag.Name)
	pg.AtomURL = pg.Canonical + ".atom"
	return p.render(c, http.StatusOK, templates.TagPage(pg, templates.TagView{Tag: tag.Name, Grid: p.grid(c, p.viewBuilder(c), posts, page)}))
}

func (p *Pages) search(c *gin.Context) error {
	query := strings.TrimSpace(c.Query("q"))
	pg, err := p.page(c, "Search")
	if err != nil {
		return err
	}
	pg.NoIndex = true
	view := templates.SearchView{Query: query}
	if query != "" {
		ctx := c.Request.Context()
		people, err := p.Community.SearchAccounts(ctx, viewer(c), strings.TrimPrefix(query, "@"), 20)
		if err != nil {
			return err
		}
		if view.People, err = p.personViews(c, people); err != nil {
			return err
		}
		tags, err := p.Community.SearchTags(ctx, viewer(c), strings.TrimPrefix(query, "#"), 20)
		if err != nil {
			return err
		}
		for _, t := range tags {
			view.Tags = append(view.Tags, templates.TagCount{Name: t.Name, URL: "/tags/" + url.PathEscape(t.Name)})
		}
		if len(tags) > 0 {
			page := community.Cursor{Limit: gridLimit}
			posts, err := p.Community.TagFeed(ctx, viewer(c), tags[0].Name, page)
			if err != nil {
				return err
			}
			view.Grid = templates.GridView{Posts: p.viewBuilder(c).postViews(posts, false)}
		}
	}
	return p.render(c, http.StatusOK, templates.SearchPage(pg, view))
}

func (p *Pages) notifications(c *gin.Context, acc *store.Account) error {
	ctx := c.Request.Context()
	page := pageOf(c, listLimit)
	list, err := p.Community.Notifications(ctx, acc, community.NotificationFilter{}, page)
	if err != nil {
		return err
	}
	seen := acc.NotificationsReadID
	if page.MaxID == 0 && len(list) > 0 && list[0].ID > seen {
		// While the site is read-only, notifications can be read but stay unread.
		if err := p.Community.MarkNotificationsRead(ctx, acc, list[0].ID); err != nil && !errors.Is(err, store.ErrWriterAway) {
			return err
		}
	}
	pg, err := p.page(c, "Notifications")
	if err != nil {
		return err
	}
	threads, err := p.threads(ctx, acc, list)
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	view := templates.NotificationsView{FollowRequests: pg.Viewer.FollowRequests}
	for _, n := range list {
		item := p.notificationView(b, n, seen)
		if root := threads[n.ID]; item.Post == nil && root != nil && len(root.Photos) > 0 {
			post := b.postView(root, false)
			item.Post = &post
		}
		view.Items = append(view.Items, item)
	}
	if len(list) > 0 {
		view.Pager = pager(c, page, list[0].ID, list[len(list)-1].ID, len(list))
	}
	return p.render(c, http.StatusOK, templates.NotificationsPage(pg, view))
}

// threads finds the posts of the threads in which the notifications' comments are, by notification.
func (p *Pages) threads(ctx context.Context, acc *store.Account, list []*community.Notification) (map[int64]*community.Post, error) {
	var ids []int64
	for _, n := range list {
		if n.Post != nil && n.Post.RootID != nil && !slices.Contains(ids, *n.Post.RootID) {
			ids = append(ids, *n.Post.RootID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	posts, err := p.Community.PostsByID(ctx, acc, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*community.Post, len(list))
	for _, n := range list {
		for _, post := range posts {
			if n.Post != nil && n.Post.RootID != nil && *n.Post.RootID == post.ID {
				out[n.ID] = post
			}
		}
	}
	return out, nil
}

func (p *Pages) notificationView(b viewBuilder, n *community.Notification, seen int64) templates.NotificationView {
	v := templates.NotificationView{
		ID: idText(n.ID), Kind: templates.NotificationKind(n.Kind), Account: p.accountView(n.From),
		Created: b.when(n.CreatedAt), Unread: n.ID > seen, URL: "/@" + n.From.Username,
	}
	if n.Kind == store.NotifyFollowRequest {
		v.URL = "/follow-requests"
	}
	if n.Kind == store.NotifyReport {
		v.URL = "/admin/reports"
	}
	if n.Post != nil {
		v.URL = p.postPath(n.Post)
		view := b.postView(n.Post, false)
		if n.Post.Kind == store.KindComment {
			v.Text = plain(n.Post.Caption, 140)
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

func (p *Pages) clearNotifications(c *gin.Context, acc *store.Account) error {
	if err := p.Community.ClearNotifications(c.Request.Context(), acc); err != nil {
		return err
	}
	return redirect(c, "/notifications")
}

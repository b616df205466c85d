package pages

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/lang"
	"tintype/internal/store"
	"tintype/templates"
)

func (p *Pages) registerPosts(r Routes) {
	r.Cacheable(http.MethodGet, "/@:name/:id", p.post, "after", "show")
	r.Cacheable(http.MethodGet, "/@:name/:id/:n", p.lightbox, "show")
	r.Cacheable(http.MethodGet, "/@:name/:id/likes", p.likes, "max_id", "min_id")
	r.Personal(http.MethodGet, "/oembed", p.oEmbed)
	r.Personal(http.MethodGet, "/posts/:id", p.find)
	for name, set := range map[string]func(context.Context, *store.Account, int64, bool) (*store.Post, error){
		"like": p.Community.SetLike, "boost": p.Community.SetBoost, "pin": p.Community.SetPin, "mute": p.Community.SetConversationMute, "bookmark": p.Community.SetBookmark,
	} {
		r.Personal(http.MethodPost, "/posts/:id/"+name, p.member(p.mark(set, true)))
		r.Personal(http.MethodPost, "/posts/:id/un"+name, p.member(p.mark(set, false)))
	}
	r.Personal(http.MethodPost, "/posts/:id/comments", p.member(p.comment))
	r.Personal(http.MethodPost, "/posts/:id/comments-from", p.member(p.commentsFrom))
	p.registerEdit(r)
	r.Personal(http.MethodGet, "/posts/:id/delete", p.member(p.deleteForm))
	r.Personal(http.MethodPost, "/posts/:id/delete", p.member(p.goneOnce(p.delete, afterDelete)))
	r.Personal(http.MethodGet, "/posts/:id/history", p.history)
	r.Personal(http.MethodGet, "/posts/:id/report", p.member(p.reportPostForm))
	r.Personal(http.MethodPost, "/posts/:id/report", p.member(p.reportPost))
	r.Download(http.MethodGet, "/photos/:id/original", p.member(p.original))
}

// isAt reports whether a post's page is at the address, whose name must be its author's.
func isAt(c *gin.Context, post *community.Post) bool {
	return post.Kind == store.KindPost && isBy(c.Param("name"), post)
}

func isBy(name string, post *community.Post) bool {
	return store.Fold(name) == store.Fold(post.Author.Username)
}

// find redirects from an id to the page of the post or comment.
func (p *Pages) find(c *gin.Context) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, err := p.Community.PostByID(c.Request.Context(), viewer(c), id)
	if err != nil {
		return err
	}
	to, err := p.postLocation(c, post)
	if err != nil {
		return err
	}
	return redirect(c, to)
}

// postLocation is the path of a post, or that of a comment with its fragment on that page of the post which holds it.
func (p *Pages) postLocation(c *gin.Context, post *community.Post) (string, error) {
	if post.Kind != store.KindComment || post.RootID == nil {
		return p.postPath(post), nil
	}
	root, err := p.Community.PostByID(c.Request.Context(), viewer(c), *post.RootID)
	if err != nil {
		return "", err
	}
	path := p.postPath(root)
	if root.CommentsCount > listLimit {
		path += "?after=" + idText(post.ID-1)
	}
	return path + "#c-" + idText(post.ID), nil
}

func (p *Pages) post(c *gin.Context) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, comments, err := p.Community.PostWithComments(c.Request.Context(), viewer(c), id, commentsPage(c))
	if err != nil {
		return err
	}
	if !isBy(c.Param("name"), post) {
		return community.ErrNotFound
	}
	spelt(c, c.Param("name"), post.Author.Username)
	if post.Kind == store.KindComment { // the address that clients are told
		to, err := p.postLocation(c, post)
		if err != nil {
			return err
		}
		return redirect(c, to)
	}
	return p.showPost(c, http.StatusOK, post, comments, nil)
}

func commentsPage(c *gin.Context) community.Cursor {
	return community.Cursor{MinID: formID(c.Query("after")), Limit: listLimit}
}

// showPost renders a post's page. A refused comment is shown in its form again.
func (p *Pages) showPost(c *gin.Context, status int, post *community.Post, comments []*community.Post, form *templates.CommentForm) error {
	me := viewer(c)
	pg, err := p.page(c, postTitle(p.lang(c), post))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	if c.Request.Method != http.MethodGet {
		b.path = mustPath("/@" + post.Author.Username + "/" + idText(post.ID))
		pg.Path = b.path.Path
	}
	p.describe(pg, b, post)
	view := templates.PostPageView{Post: b.postView(post, false)}
	err = p.Community.MayComment(c.Request.Context(), me, &post.Post)
	if refused, ok := p.fieldErrors(c, err, nil); ok {
		view.NoComment = refused[0].Message
	} else if err != nil {
		return err
	}
	for _, cm := range comments {
		if cm.Hidden() {
			continue
		}
		view.Comments = append(view.Comments, p.commentView(b, post, cm, view.NoComment == ""))
	}
	newer, older, err := p.Community.Neighbours(c.Request.Context(), me, post)
	if err != nil {
		return err
	}
	at := func(id int64) string {
		if id == 0 {
			return ""
		}
		return "/@" + post.Author.Username + "/" + idText(id)
	}
	view.NewerURL, view.OlderURL = at(newer), at(older)
	if post.Visibility != store.Followers {
		view.ShareURL = p.BaseURL + view.Post.URL
	}
	view.PastComments = len(comments) == 0 && commentsPage(c).MinID != 0
	if len(comments) == listLimit {
		view.MoreURL = view.Post.URL + "?after=" + idText(comments[len(comments)-1].ID) + "#comments"
	}
	if me != nil && post.AuthorID == me.ID {
		view.CommentsFrom = string(post.CommentsFrom)
	}
	if me != nil && (form != nil || view.NoComment == "") { // what was typed stays, also where the comments were closed meanwhile
		if form == nil {
			form = &templates.CommentForm{IdempotencyKey: newKey()}
			if to := formID(c.Query("reply")); to != 0 {
				form.InReplyTo = idText(to)
				form.InReplyToName, form.Text = p.replyTo(c.Request.Context(), me, to)
			}
		}
		form.PostID, form.Max = idText(post.ID), community.MaxComment
		view.Form = form
	}
	return p.render(c, status, templates.PostPage(pg, view))
}

// describe fills the preview that other sites show of a link to the post. It never includes a photo under a warning, or
// one that not everybody may see.
func (p *Pages) describe(pg *templates.Page, b viewBuilder, post *community.Post) {
	if post.Visibility == store.Followers {
		pg.NoIndex = true
		return
	}
	pg.NoIndex = post.Visibility == store.Unlisted
	pg.Canonical = p.BaseURL + "/@" + post.Author.Username + "/" + idText(post.ID)
	pg.AtomURL = p.BaseURL + "/@" + post.Author.Username + ".atom"
	og := &templates.OpenGraph{Type: "article", Title: postTitle(pg.Lang, post), URL: pg.Canonical, Description: plain(post.Caption, 200)}
	if post.Warned() {
		og.Description = warningText(pg.Lang, &post.Post)
	} else if len(post.Photos) > 0 && !pg.Site.MembersOnly {
		photo := post.Photos[0]
		name := fit(photo, 1280)
		og.ImageURL, og.ImageAlt = p.Addresses.PublicAbs(photo.Key(name)), photo.Description
		for _, v := range photo.Variants.V {
			if v.Name == name {
				og.ImageWidth, og.ImageHeight = v.Width, v.Height
			}
		}
	}
	if !pg.Site.MembersOnly {
		pg.OEmbedURL = p.BaseURL + "/oembed?url=" + url.QueryEscape(pg.Canonical)
	}
	pg.Description = cmp.Or(og.Description, pg.T("%s on %s.", postTitle(pg.Lang, post), pg.Site.Name))
	pg.OpenGraph = og
}

func postTitle(l *lang.Language, post *community.Post) string {
	if post.Warned() {
		return l.T("Photograph by %s", post.Author.Name())
	}
	if first, _, _ := strings.Cut(plain(post.Caption, 80), "\n"); first != "" {
		return first
	}
	return l.T("Photograph by %s", post.Author.Name())
}

func (p *Pages) lightbox(c *gin.Context) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, err := p.Community.PostByID(c.Request.Context(), viewer(c), id)
	if err != nil {
		return err
	}
	if !isBy(c.Param("name"), post) {
		return community.ErrNotFound
	}
	spelt(c, c.Param("name"), post.Author.Username)
	n, err := idParam(c, "n")
	if err != nil || n > int64(len(post.Photos)) {
		return community.ErrNotFound
	}
	pg, err := p.page(c, p.lang(c).T("%d of %d: %s", n, len(post.Photos), postTitle(p.lang(c), post)))
	if err != nil {
		return err
	}
	b := p.viewBuilder(c)
	if post.Kind == store.KindComment {
		pg.NoIndex = true
	} else {
		p.describe(pg, b, post)
	}
	return p.render(c, http.StatusOK, templates.LightboxPage(pg, templates.LightboxView{Post: b.postView(post, false), Number: int(n)}))
}

// mark handles the buttons under a post that are on or off.
func (p *Pages) mark(set func(context.Context, *store.Account, int64, bool) (*store.Post, error), on bool) func(*gin.Context, *store.Account) error {
	return func(c *gin.Context, acc *store.Account) error {
		id, err := idParam(c, "id")
		if err != nil {
			return err
		}
		row, err := set(c.Request.Context(), acc, id, on)
		if err != nil {
			return err
		}
		comment := row.Kind == store.KindComment
		if !wantsFragment(c) {
			fragment := "p-" + idText(id)
			if comment {
				fragment = "c-" + idText(id)
			}
			return redirect(c, withFragment(returnTo(c, "/posts/"+idText(id)), fragment))
		}
		post, err := p.Community.LoadPost(c.Request.Context(), acc, row)
		if err != nil {
			return err
		}
		pg, err := p.page(c, "")
		if err != nil {
			return err
		}
		b := p.viewBuilder(c)
		b.path = mustPath(pg.Path)
		if comment {
			return p.render(c, http.StatusOK, templates.CommentLike(pg, b.commentContent(post)))
		}
		return p.render(c, http.StatusOK, templates.PostActions(pg, b.postView(post, false)))
	}
}

func (p *Pages) comment(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	root, err := p.Community.PostByID(ctx, acc, id)
	if err != nil {
		return err
	}
	form := templates.CommentForm{
		PostID: idText(id), Text: c.PostForm("text"), InReplyTo: c.PostForm("in_reply_to"), Max: community.MaxComment,
		IdempotencyKey: c.PostForm("idempotency_key"),
	}
	to := id
	if n := formID(form.InReplyTo); n != 0 {
		to = n
	}
	cm, err := p.Community.Publish(ctx, acc, community.NewPost{Caption: form.Text, InReplyTo: to, IdempotencyKey: form.IdempotencyKey})
	if errs, ok := p.fieldErrors(c, err, map[string]string{"caption": "text", "in_reply_to": "text", "idempotency_key": ""}); ok {
		form.Errors, form.IdempotencyKey = errs, newKey()
		if to != id {
			form.InReplyToName, _ = p.replyTo(ctx, acc, to)
		}
		if wantsFragment(c) {
			pg, err := p.page(c, "")
			if err != nil {
				return err
			}
			return p.render(c, http.StatusUnprocessableEntity, templates.CommentEntry(pg, form))
		}
		root, comments, err := p.Community.PostWithComments(ctx, acc, id, commentsPage(c))
		if err != nil {
			return err
		}
		return p.showPost(c, http.StatusUnprocessableEntity, root, comments, &form)
	}
	if err != nil {
		return err
	}
	if cm.Held && wantsFragment(c) {
		pg, err := p.page(c, "")
		if err != nil {
			return err
		}
		return p.render(c, http.StatusOK, templates.CommentHeld(pg))
	}
	if cm.Held {
		p.setFlash(c, "held")
		return redirect(c, p.postPath(root))
	}
	if wantsFragment(c) {
		pg, err := p.page(c, "")
		if err != nil {
			return err
		}
		if root, err = p.Community.PostByID(store.Primary(ctx), acc, id); err != nil { // with the new count
			return err
		}
		b := p.viewBuilder(c)
		b.path = mustPath(pg.Path)
		return p.render(c, http.StatusOK, templates.CommentPosted(pg, p.commentView(b, root, cm, true), b.postView(root, false)))
	}
	at, err := p.postLocation(c, cm)
	if err != nil {
		return err
	}
	return redirect(c, at)
}

// commentsFrom changes who may comment on the member's own post.
func (p *Pages) commentsFrom(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, err := p.Community.SetCommentsFrom(c.Request.Context(), acc, id, store.CommentsFrom(c.PostForm("comments_from")))
	if err != nil {
		return err
	}
	return redirect(c, "/@"+acc.Username+"/"+idText(post.ID)+"#comments-head")
}

// commentsFrom reads who may comment from a form, nil where it does not say.
func commentsFrom(entered string) *store.CommentsFrom {
	if entered == "" {
		return nil
	}
	from := store.CommentsFrom(entered)
	return &from
}

// replyTo returns the author of the comment that is answered, and how the answer begins.
func (p *Pages) replyTo(ctx context.Context, me *store.Account, id int64) (name, text string) {
	cm, err := p.Community.PostByID(ctx, me, id)
	if err != nil || cm.AuthorID == me.ID {
		return "", ""
	}
	return cm.Author.Username, "@" + cm.Author.Username + " "
}

func (p *Pages) deleteForm(c *gin.Context, acc *store.Account) error {
	return p.showDelete(c, http.StatusOK, acc, templates.DeleteView{})
}

// showDelete asks before a post or comment goes. v has what was typed, and what is wrong with it.
func (p *Pages) showDelete(c *gin.Context, status int, acc *store.Account, v templates.DeleteView) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	post, err := p.Community.PostByID(c.Request.Context(), acc, id)
	if err != nil {
		return err
	}
	removal, err := p.Community.MayDelete(c.Request.Context(), acc, &post.Post)
	if err != nil {
		return err
	}
	pg, err := p.page(c, p.lang(c).T("Delete"))
	if err != nil {
		return err
	}
	v.Action, v.Comment, v.Text = "/posts/"+idText(id)+"/delete", post.Kind == store.KindComment, templates.RichText(p.caption(post))
	v.Then = "/@" + post.Author.Username
	if v.Comment && post.RootID != nil {
		root, err := p.Community.PostByID(c.Request.Context(), acc, *post.RootID)
		if err != nil && !isNotFound(err) {
			return err
		}
		if err == nil {
			v.Then = p.postPath(root) + "#comments"
		}
	}
	v.Photos, v.Comments, v.Return = len(post.Photos), post.CommentsCount, localPath(c.Query("return"), returnTo(c, p.postPath(post)))
	if removal {
		v.Removes = post.Author.Username
	}
	return p.render(c, status, templates.DeletePage(pg, v))
}

// afterDelete is where the form leads that deletes a post or comment.
func afterDelete(c *gin.Context, acc *store.Account) (flash, to string) {
	return "deleted", localPath(c.PostForm("then"), "/@"+acc.Username)
}

func (p *Pages) delete(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	v := templates.DeleteView{Words: c.PostForm("words"), Reason: c.PostForm("reason"), Alike: on(c, "alike")}
	post, err := p.Community.RemovePost(c.Request.Context(), byReason(c, acc, "reason"), id, community.Sanction{Words: v.Words, Alike: v.Alike})
	if errs, ok := p.fieldErrors(c, err, nil); ok {
		v.Errors = errs
		return p.showDelete(c, http.StatusUnprocessableEntity, acc, v)
	}
	if err != nil {
		return err
	}
	if wantsFragment(c) {
		c.Status(http.StatusOK)
		return nil
	}
	p.setFlash(c, "deleted")
	if post.Kind == store.KindComment && post.RootID != nil {
		root, err := p.Community.PostByID(c.Request.Context(), acc, *post.RootID)
		if err == nil {
			return redirect(c, p.postPath(root)+"#comments")
		}
		if !isNotFound(err) {
			return err
		}
	}
	return redirect(c, "/@"+post.Author.Username)
}

func (p *Pages) original(c *gin.Context, acc *store.Account) error {
	id, err := idParam(c, "id")
	if err != nil {
		return err
	}
	photo, obj, err := p.Community.OpenOriginal(c.Request.Context(), acc, id)
	if err != nil {
		return err
	}
	defer obj.Close()
	name := photo.FileName
	if name == "" {
		name = "photograph"
	}
	if photo.OrigRandom == "" { // the largest that was made of it
		name = strings.TrimSuffix(name, path.Ext(name)) + ".jpg"
	}
	// The type is never one that a browser would run or show, because the file is as it was uploaded.
	c.Header("Content-Type", "application/octet-stream")
	c.Header("Content-Disposition", attachment(name))
	c.Header("Content-Security-Policy", "default-src 'none'; sandbox")
	c.Header("ETag", obj.ETag)
	http.ServeContent(c.Writer, c.Request, "", obj.ModTime, obj)
	return nil
}

func isNotFound(err error) bool { return errors.Is(err, community.ErrNotFound) }

package pages

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"tintype/internal/community"
	"tintype/internal/store"
	"tintype/templates"
)

// commentView is a comment in the thread of root.
func (p *Pages) commentView(b viewBuilder, root *community.Post, cm *community.Post, answerable bool) templates.CommentView {
	v := b.commentContent(cm)
	v.ByAuthor = cm.AuthorID == root.AuthorID
	if cm.InReplyToID != nil && *cm.InReplyToID != root.ID {
		v.Reply = true
		if cm.ReplyTo != nil {
			v.ReplyTo = cm.ReplyTo.Username
		}
	}
	if me := b.acc; me != nil {
		v.CanRemove = me.ID == cm.AuthorID || me.ID == root.AuthorID || community.May(me, community.RemovePost) && community.MayActOn(me, cm.Author)
		if me.ID == cm.AuthorID {
			v.EditURL = "/posts/" + v.ID + "/edit"
		}
		v.CanReport = me.ID != cm.AuthorID
		if answerable {
			v.ReplyURL = "/@" + root.Author.Username + "/" + idText(root.ID) + "?reply=" + v.ID + "#comment"
		}
	}
	return v
}

// commentContent is what a comment says and shows. No address of a photo that a warning or a filter covers is in it.
func (b viewBuilder) commentContent(cm *community.Post) templates.CommentView {
	v := templates.CommentView{
		ID: idText(cm.ID), Author: b.p.accountView(cm.Author), Text: templates.RichText(b.p.caption(cm)), Warning: cm.Warning,
		Created: b.when(cm.CreatedAt), Edited: cm.EditedAt != nil, Likes: cm.LikesCount, Liked: cm.Liked,
	}
	if !b.asks(cm.ID) {
		v.Filtered = cm.CoveredBy()
	}
	b.filtered = v.Filtered != ""
	if v.Covered = b.covered(cm); v.Covered {
		v.ShowURL = b.showURL(v.ID, "c-"+v.ID)
	}
	v.Photos = b.photoViews(cm, v.Covered)
	return v
}

// editComment shows the form of the member's own comment, or carries it out.
func (p *Pages) editComment(c *gin.Context, acc *store.Account, cm *community.Post) error {
	v := templates.CommentEditView{
		Action: "/posts/" + idText(cm.ID) + "/edit", Return: p.postPath(cm), Text: cm.Caption, Warning: cm.Warning, Warned: cm.Warning != "", Max: community.MaxComment,
	}
	status := http.StatusOK
	if c.Request.Method == http.MethodPost {
		v.Text = c.PostForm("caption")
		change := community.PostChange{Caption: &v.Text}
		if v.Warned {
			v.Warning = c.PostForm("warning")
			change.Warning = &v.Warning
		}
		_, err := p.Community.EditPost(c.Request.Context(), acc, cm.ID, change)
		errs, refused := p.fieldErrors(c, err, nil)
		if err == nil {
			p.setFlash(c, "saved")
			return redirect(c, v.Return)
		}
		if !refused {
			return err
		}
		v.Errors, status = errs, http.StatusUnprocessableEntity
	}
	pg, err := p.page(c, p.lang(c).T("Edit"))
	if err != nil {
		return err
	}
	return p.render(c, status, templates.CommentEditPage(pg, v))
}

// photoViews are the photos of a post. Of those that are covered no address leaves the server, not even inside the view.
func (b viewBuilder) photoViews(post *community.Post, covered bool) (out []templates.PhotoView) {
	for i, ph := range post.Photos {
		if covered {
			out = append(out, templates.PhotoView{
				ID: idText(ph.ID), Width: ph.Width, Height: ph.Height, ColorTop: ph.ColorTop, ColorBottom: ph.ColorBottom,
				Alt: ph.Description, Described: ph.Description != "",
			})
			continue
		}
		out = append(out, b.photoView(ph, &post.Post, post.Author, i+1))
	}
	return out
}

// showURL is the page's address with the post of that id uncovered, at a fragment.
func (b viewBuilder) showURL(id, fragment string) string {
	q := b.path.Query()
	q.Set("show", id)
	return b.path.Path + "?" + q.Encode() + "#" + fragment
}

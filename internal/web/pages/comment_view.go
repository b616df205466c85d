package pages

import (
	"tintype/internal/community"
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
		Created: b.when(cm.CreatedAt), Edited: cm.EditedAt != nil,
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

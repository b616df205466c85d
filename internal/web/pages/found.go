package pages

import (
	"tintype/internal/community"
	"tintype/templates"
)

// foundIn says where the posts have the words of the query, but for those whose words are covered.
func foundIn(query string, posts []*community.Post, b viewBuilder) (list []templates.FoundView) {
	for _, post := range posts {
		if post.Hidden() {
			continue
		}
		f := templates.FoundView{Post: b.filteredView(post, false)}
		if f.Post.Covered {
			continue
		}
		f.Caption = marked(query, post.Caption)
		for _, ph := range post.Photos {
			if f.Description = marked(query, ph.Description); f.Description != nil {
				break
			}
		}
		if f.Caption != nil || f.Description != nil {
			list = append(list, f)
		}
	}
	return list
}

func marked(query, text string) (out []templates.MarkedText) {
	for _, m := range community.Marked(query, text) {
		out = append(out, templates.MarkedText(m))
	}
	return out
}

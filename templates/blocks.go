package templates

// BlockRow is something that the site keeps out. Its form posts kind to /admin/blocks/ID/remove.
type BlockRow struct {
	ID, Value, Note string
	Creator         string // a username, or "" for the command line
	Created         When
}

// AdminBlocksView is /admin/blocks. Its form posts kind, value and note there.
type AdminBlocksView struct {
	Kind   string // "domain", "range", "word" or "photo"
	Rows   []BlockRow
	Pager  Pager
	Value  string
	Note   string
	Errors FieldErrors
}

// blockWords are what a page says of a kind.
type blockWords struct {
	title, label, hint, none string
}

func (v AdminBlocksView) words(p *Page) blockWords {
	switch v.Kind {
	case "word":
		return blockWords{
			p.T("Words"), p.T("Word, or several in a row"), p.T("Posts and comments with it wait for a moderator. Whole words count, in any case, also in alternative texts and in the display name of whoever posts."),
			p.T("No word is blocked."),
		}
	case "photo":
		return blockWords{
			p.T("Photographs"), p.T("Address of a post, or a photograph’s 16 digits"), p.T("Posts with photographs that look like these wait for a moderator, even in another size or a little darker. Those from posts that a moderator removes are added here by themselves."),
			p.T("No photograph is kept out."),
		}
	case "range":
		return blockWords{
			p.T("Networks"), p.T("IP address or range"), p.T("Such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32. Nobody can join from there; members are not affected."),
			p.T("No network is blocked."),
		}
	}
	return blockWords{
		p.T("E-mail domains"), p.T("E-mail domain"), p.T("Such as example.com, with all of its subdomains. Nobody can join with an address there, and no member can change to one."),
		p.T("No e-mail domain is blocked."),
	}
}

// tabs are the kinds, as links.
func (v AdminBlocksView) tabs(p *Page) []Option {
	list := make([]Option, 0, 4)
	for _, kind := range []string{"domain", "range", "word", "photo"} {
		list = append(list, Option{Value: kind, Label: AdminBlocksView{Kind: kind}.words(p).title})
	}
	return list
}

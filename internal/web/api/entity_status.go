package api

import (
	"tintype/internal/community"
	"tintype/internal/store"
)

// Status is a post, a comment or a boost. Fields of features that this site does not have (polls, cards) are null, zero or
// false, but never absent: clients crash without them.
type Status struct {
	ID                 string             `json:"id"`
	URI                string             `json:"uri"`
	URL                string             `json:"url"`
	CreatedAt          string             `json:"created_at"`
	EditedAt           *string            `json:"edited_at"`
	InReplyToID        *string            `json:"in_reply_to_id"`
	InReplyToAccountID *string            `json:"in_reply_to_account_id"`
	Account            *Account           `json:"account"`
	Content            string             `json:"content"` // HTML
	Visibility         string             `json:"visibility"`
	Sensitive          bool               `json:"sensitive"`
	SpoilerText        string             `json:"spoiler_text"`
	MediaAttachments   []*MediaAttachment `json:"media_attachments"`
	Mentions           []Mention          `json:"mentions"`
	Tags               []StatusTag        `json:"tags"`
	Emojis             []nothing          `json:"emojis"`
	ReblogsCount       int                `json:"reblogs_count"`
	FavouritesCount    int                `json:"favourites_count"`
	RepliesCount       int                `json:"replies_count"`
	CommentsDisabled   bool               `json:"comments_disabled"` // nobody may answer; the key is Pixelfed's
	Reblog             *Status            `json:"reblog"`
	Poll               *nothing           `json:"poll"`
	Card               *nothing           `json:"card"`
	Language           *string            `json:"language"`
	Application        *StatusApp         `json:"application"`
	Favourited         bool               `json:"favourited"`
	Reblogged          bool               `json:"reblogged"`
	Bookmarked         bool               `json:"bookmarked"`
	Muted              bool               `json:"muted"`
	Pinned             bool               `json:"pinned"`
	Filtered           []FilterResult     `json:"filtered"`
	Text               *string            `json:"text,omitempty"` // of a post just deleted, so that it can be written anew
}

// Mention is an account that a text names.
type Mention struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	URL      string `json:"url"`
	Acct     string `json:"acct"`
}

// StatusTag is a tag in a text.
type StatusTag struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// StatusApp is the client that posted.
type StatusApp struct {
	Name    string  `json:"name"`
	Website *string `json:"website"`
}

// StatusSource is a post's text as it was typed.
type StatusSource struct {
	ID          string `json:"id"`
	Text        string `json:"text"`
	SpoilerText string `json:"spoiler_text"`
}

// StatusEdit is a version of a post.
type StatusEdit struct {
	Content          string             `json:"content"` // HTML
	SpoilerText      string             `json:"spoiler_text"`
	Sensitive        bool               `json:"sensitive"`
	CreatedAt        string             `json:"created_at"`
	Account          *Account           `json:"account"`
	MediaAttachments []*MediaAttachment `json:"media_attachments"`
	Emojis           []nothing          `json:"emojis"`
}

// Context is the posts and comments above and below a status.
type Context struct {
	Ancestors   []*Status `json:"ancestors"`
	Descendants []*Status `json:"descendants"`
}

// Mastodon's names of visibilities that differ from ours.
const (
	wordPrivate = "private"
	wordDirect  = "direct"
)

func visibilityWord(v store.Visibility) string {
	switch v {
	case store.Followers:
		return wordPrivate
	case "":
		return string(store.Public)
	}
	return string(v)
}

// html is a text as clients show it.
func (v *view) html(text string, mentions []*store.Account, tags []store.Tag) string {
	return string(v.api.Community.Render(text, mentions, tags))
}

// line is a text of one line as clients show it, without a paragraph around it.
func (v *view) line(text string) string {
	return string(v.api.Community.RenderLine(text))
}

// status is a post, or the boost that brought it.
func (v *view) status(p *community.Post) *Status {
	e := v.post(p)
	if p.BoostID == 0 {
		return e
	}
	id := v.texts.id(p.BoostID)
	boost := *e
	boost.ID, boost.URI = id, v.texts.join(v.api.Community.AccountURL(p.Booster.Username), "/boosts/", id)
	boost.CreatedAt, boost.EditedAt = v.texts.moment(store.ToMillis(store.IDTime(p.BoostID))), nil
	boost.Account, boost.MediaAttachments, boost.Reblog, boost.Application = v.account(p.Booster), []*MediaAttachment{}, e, nil
	return &boost
}

func (v *view) post(p *community.Post) *Status {
	author, id := v.account(p.Author), v.texts.id(p.ID)
	address := v.texts.join(author.URL, "/", id)
	if p.Held { // it has no page of its own
		address = v.texts.join(v.api.BaseURL, "/held#", id)
	}
	e := &Status{
		ID: id, URI: address, URL: address,
		CreatedAt: v.texts.moment(p.CreatedAt), EditedAt: optionalMillis(p.EditedAt),
		InReplyToID: optionalID(p.InReplyToID), InReplyToAccountID: optionalID(p.InReplyToAuthorID),
		Account: author, Content: v.html(p.Caption, p.Mentions, p.Tags), Visibility: visibilityWord(p.Visibility),
		Sensitive: p.Warned(), SpoilerText: p.Warning, MediaAttachments: v.mediaList(p.Photos),
		Mentions: make([]Mention, 0, len(p.Mentions)), Tags: make([]StatusTag, 0, len(p.Tags)), Emojis: []nothing{},
		FavouritesCount: p.LikesCount, ReblogsCount: p.BoostsCount, RepliesCount: p.CommentsCount, CommentsDisabled: p.CommentsFrom == store.CommentsFromNobody,
		Favourited: p.Liked, Reblogged: p.Boosted, Bookmarked: p.Bookmarked, Muted: p.Muted, Pinned: p.Pinned, Filtered: filterResults(p.Filtered),
	}
	if p.App != nil {
		e.Application = &StatusApp{Name: p.App.Name}
		if p.App.Website != "" {
			e.Application.Website = &p.App.Website
		}
	}
	if p.Language != "" {
		e.Language = &p.Language
	}
	for _, m := range p.Mentions {
		e.Mentions = append(e.Mentions, Mention{ID: v.texts.id(m.ID), Username: m.Username, URL: v.api.Community.AccountURL(m.Username), Acct: m.Username})
	}
	for _, t := range p.Tags {
		e.Tags = append(e.Tags, StatusTag{Name: t.Name, URL: v.api.Community.TagURL(t.Name)})
	}
	return e
}

func (v *view) statuses(posts []*community.Post) []*Status {
	all := make([]*Status, 0, len(posts))
	for _, p := range posts {
		all = append(all, v.status(p))
	}
	return all
}

package api

import "tintype/internal/community"

// Announcement is what those who run the site tell every member.
type Announcement struct {
	ID          string      `json:"id"`
	Content     string      `json:"content"`
	StartsAt    *string     `json:"starts_at"`
	EndsAt      *string     `json:"ends_at"`
	AllDay      bool        `json:"all_day"`
	Published   bool        `json:"published"`
	PublishedAt string      `json:"published_at"`
	UpdatedAt   string      `json:"updated_at"`
	Read        bool        `json:"read"` // the caller has dismissed it
	Mentions    []Mention   `json:"mentions"`
	Statuses    []nothing   `json:"statuses"`
	Tags        []StatusTag `json:"tags"`
	Emojis      []nothing   `json:"emojis"`
	Reactions   []Reaction  `json:"reactions"`
}

// Reaction counts those who reacted with an emoji.
type Reaction struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Me    bool   `json:"me"`
}

func (v *view) announcement(a *community.Announcement) *Announcement {
	e := &Announcement{
		ID: formatID(a.ID), Content: v.html(a.Text, a.Mentions, a.Tags), StartsAt: optionalMillis(a.StartsAt), EndsAt: optionalMillis(a.EndsAt), AllDay: a.AllDay,
		Published: true, PublishedAt: formatMillis(a.PublishAt), UpdatedAt: formatMillis(a.UpdatedAt), Read: a.Dismissed,
		Mentions: []Mention{}, Statuses: []nothing{}, Tags: []StatusTag{}, Emojis: []nothing{}, Reactions: []Reaction{},
	}
	for _, m := range a.Mentions {
		e.Mentions = append(e.Mentions, Mention{ID: formatID(m.ID), Username: m.Username, URL: v.api.Community.AccountURL(m.Username), Acct: m.Username})
	}
	for _, t := range a.Tags {
		e.Tags = append(e.Tags, StatusTag{Name: t.Name, URL: v.api.Community.TagURL(t.Name)})
	}
	for _, r := range a.Reactions {
		e.Reactions = append(e.Reactions, Reaction{Name: r.Name, Count: r.Count, Me: r.Mine})
	}
	return e
}

package api

import (
	"tintype/internal/community"
	"tintype/internal/store"
)

func (a *API) getSelf(q *call) (any, error) { return a.self(q, q.account) }

func (a *API) self(q *call, account *store.Account) (any, error) {
	waiting, err := a.Community.FollowRequestsCount(q.ctx(), account)
	if err != nil {
		return nil, err
	}
	// Read again with its avatar and header, which a token's owner comes without.
	whole, err := a.Community.AccountByID(q.ctx(), account, account.ID)
	if err != nil {
		return nil, err
	}
	return q.view().self(whole, waiting), nil
}

// patchSelf changes one's own profile. Pictures are stored and made ready first: the profile changes as a whole.
func (a *API) patchSelf(q *call) (any, error) {
	pictures := make(map[string]*store.Photo, 2)
	discard := func() {
		for _, p := range pictures {
			a.discard(q, p)
		}
	}
	err := q.readBody(files{fields: []string{"avatar", "header"}, take: func(f file) error {
		if pictures[f.field] != nil {
			return invalid("One picture for each")
		}
		purpose := store.PurposeAvatar
		if f.field == "header" {
			purpose = store.PurposeHeader
		}
		p, err := a.Community.StartUpload(q.ctx(), q.account, community.Upload{
			FileName: f.name, Source: store.SourceAPI, Purpose: purpose, Body: f.body,
		})
		pictures[f.field] = p
		return err
	}})
	if err == nil {
		err = q.refuse()
	}
	if err != nil {
		discard()
		return nil, err
	}
	var change community.ProfileChange
	for field, p := range pictures {
		ready, err := a.Community.WaitPhoto(q.ctx(), q.account, p.ID, a.WaitV1)
		if err == nil {
			err = usable(ready)
		}
		if err != nil {
			discard()
			return nil, err
		}
		if field == "avatar" {
			change.AvatarPhotoID = ready.ID
		} else {
			change.HeaderPhotoID = ready.ID
		}
	}
	q.profileChange(&change)
	account, err := a.Community.UpdateProfile(q.ctx(), q.account, change)
	if err != nil {
		discard()
		return nil, err
	}
	return a.self(q, account)
}

// profileChange is what the request's parameters say about the profile.
func (q *call) profileChange(change *community.ProfileChange) {
	p := q.params
	change.DisplayName, change.Note = p.given("display_name"), p.given("note")
	change.Bot, change.Discoverable = p.boolean("bot"), p.boolean("discoverable")
	change.Locked, change.Sensitive, change.Language = p.boolean("locked"), p.boolean("source[sensitive]"), p.given("source[language]")
	if word := p.text("source[privacy]"); word != "" {
		v := visibilityOf(word)
		change.Visibility = &v
	}
	if text, ok := p.lookup("avatar"); ok && text == "" {
		change.RemoveAvatar = true
	}
	if text, ok := p.lookup("header"); ok && text == "" {
		change.RemoveHeader = true
	}
	if rows := p.rows("fields_attributes"); len(rows) > 0 || p.hasList("fields_attributes") {
		fields := make([]store.Field, 0, len(rows))
		for _, row := range rows {
			fields = append(fields, store.Field{Name: row.text("name"), Value: row.text("value")})
		}
		change.Fields = &fields
	}
}

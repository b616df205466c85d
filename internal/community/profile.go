package community

import (
	"context"
	"strings"
	"unicode/utf8"

	"tintype/internal/store"
)

// Bounds of a profile, in characters.
const (
	MaxDisplayName = 30
	MaxNote        = 500
	MaxFields      = 4
	MaxFieldText   = 255
)

// ProfileChange is what a member changes of the public profile. nil and 0 leave a field as it is.
type ProfileChange struct {
	DisplayName *string
	Note        *string
	Fields      *[]store.Field

	Bot, Discoverable *bool

	AvatarPhotoID, HeaderPhotoID int64 // ready photos of the member's own, uploaded for that purpose
	RemoveAvatar, RemoveHeader   bool

	PostingChange
}

// UpdateProfile changes a member's public profile. *Invalid names every mistake.
func (c *Community) UpdateProfile(ctx context.Context, acc *store.Account, p ProfileChange) (*store.Account, error) {
	var bad Invalid
	if p.DisplayName != nil {
		name := oneLine(*p.DisplayName)
		p.DisplayName = &name
		bad.checkDisplayName(name)
	}
	if p.Note != nil {
		note := tidy(*p.Note)
		p.Note = &note
		if n := utf8.RuneCountInString(note); n > MaxNote {
			bad.add("note", "too_long", "The text has %d characters; the limit is %d.", n, MaxNote)
		}
	}
	if p.Fields != nil {
		fields := bad.cleanFields(*p.Fields)
		p.Fields = &fields
	}
	bad.checkPosting(p.PostingChange)
	if err := bad.err(); err != nil {
		return nil, err
	}
	words, err := c.wordsFor(ctx, acc)
	if err != nil {
		return nil, err
	}
	if err := c.profilePhotosMayStand(ctx, acc, p); err != nil {
		return nil, err
	}
	return c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		if err := p.checkWords(words, now); err != nil {
			return err
		}
		set(&now.DisplayName, p.DisplayName)
		set(&now.Note, p.Note)
		set(&now.Fields.V, p.Fields)
		set(&now.Bot, p.Bot)
		set(&now.Discoverable, p.Discoverable)
		p.PostingChange.apply(now)
		err := c.changeProfilePhoto(ctx, tx, now, &now.AvatarPhotoID, store.PurposeAvatar, p.AvatarPhotoID, p.RemoveAvatar)
		if err != nil {
			return err
		}
		err = c.changeProfilePhoto(ctx, tx, now, &now.HeaderPhotoID, store.PurposeHeader, p.HeaderPhotoID, p.RemoveHeader)
		if err != nil {
			return err
		}
		if err := tx.SavePreferences(ctx, now); err != nil {
			return err
		}
		if err := tx.AddEvent(ctx, EventAccountUpdated, now.ID, now.ID, nil); err != nil {
			return err
		}
		return tx.SaveProfile(ctx, now)
	})
}

// checkWords is *Invalid where the change brings a blocked word into a text of the profile.
func (p ProfileChange) checkWords(words *wordList, now *store.Account) error {
	var bad Invalid
	if p.DisplayName != nil {
		bad.checkWords(words, "display_name", []string{now.DisplayName}, []string{*p.DisplayName})
	}
	if p.Note != nil {
		bad.checkWords(words, "note", []string{now.Note}, []string{*p.Note})
	}
	if p.Fields != nil {
		bad.checkWords(words, "fields", fieldTexts(now.Fields.V), fieldTexts(*p.Fields))
	}
	return bad.err()
}

func fieldTexts(fields []store.Field) []string {
	var texts []string
	for _, f := range fields {
		texts = append(texts, f.Name, f.Value)
	}
	return texts
}

// changeProfilePhoto replaces or removes an account's avatar or header.
func (c *Community) changeProfilePhoto(ctx context.Context, tx *store.Store, now *store.Account, field **int64, purpose string, photoID int64, remove bool) error {
	switch {
	case photoID != 0 && *field != nil && **field == photoID:
		return nil // it is already so: perhaps by an earlier COMMIT, whose answer was lost
	case photoID != 0:
		*field = &photoID
	case remove && *field != nil:
		*field = nil
	default:
		return nil
	}
	return c.useProfilePhoto(ctx, tx, now, photoID, purpose)
}

func (e *Invalid) checkDisplayName(name string) {
	if utf8.RuneCountInString(name) > MaxDisplayName {
		e.add("display_name", "too_long", "The display name may have at most %d characters.", MaxDisplayName)
	}
}

// cleanFields trims a profile's table and leaves empty rows out.
func (e *Invalid) cleanFields(fields []store.Field) []store.Field {
	out := []store.Field{}
	long := false
	for _, f := range fields {
		f.Name, f.Value = oneLine(f.Name), oneLine(f.Value)
		if f == (store.Field{}) {
			continue
		}
		long = long || utf8.RuneCountInString(f.Name) > MaxFieldText || utf8.RuneCountInString(f.Value) > MaxFieldText
		out = append(out, f)
	}
	if len(out) > MaxFields {
		e.add("fields", "too_many", "There may be at most %d fields.", MaxFields)
	}
	if long {
		e.add("fields", "too_long", "A field may have at most %d characters.", MaxFieldText)
	}
	return out
}

// cleanLanguage keeps the primary tag of a language, "" if it is none.
func cleanLanguage(s string) string {
	s, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(s)), "-")
	if n := len(s); n < 2 || n > 3 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz") != "" {
		return ""
	}
	return s
}

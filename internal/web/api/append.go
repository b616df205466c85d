package api

import (
	"strconv"
	"unicode/utf8"
)

// A page of posts is what clients ask for most, and encoding/json spends more on one than the rest of this package. So
// these few entities write themselves. What they write is what encoding/json would: a test fills every field and
// compares, so that a field cannot be forgotten here.

// An appender is an entity that writes its own JSON.
type appender interface {
	appendJSON(b []byte) []byte
}

// statusList is a list of statuses as an answer by itself.
type statusList []*Status

func (list statusList) appendJSON(b []byte) []byte {
	return appendList(b, list, func(b []byte, s *Status) []byte { return s.appendJSON(b) })
}

func (s *Status) appendJSON(b []byte) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	b = appendString(append(b, `{"id":`...), s.ID)
	b = appendString(append(b, `,"uri":`...), s.URI)
	b = appendString(append(b, `,"url":`...), s.URL)
	b = appendString(append(b, `,"created_at":`...), s.CreatedAt)
	b = appendOptional(append(b, `,"edited_at":`...), s.EditedAt)
	b = appendOptional(append(b, `,"in_reply_to_id":`...), s.InReplyToID)
	b = appendOptional(append(b, `,"in_reply_to_account_id":`...), s.InReplyToAccountID)
	b = s.Account.appendJSON(append(b, `,"account":`...))
	b = appendString(append(b, `,"content":`...), s.Content)
	b = appendString(append(b, `,"visibility":`...), s.Visibility)
	b = strconv.AppendBool(append(b, `,"sensitive":`...), s.Sensitive)
	b = appendString(append(b, `,"spoiler_text":`...), s.SpoilerText)
	b = appendList(append(b, `,"media_attachments":`...), s.MediaAttachments, func(b []byte, m *MediaAttachment) []byte { return m.appendJSON(b) })
	b = appendList(append(b, `,"mentions":`...), s.Mentions, func(b []byte, m Mention) []byte {
		b = appendString(append(b, `{"id":`...), m.ID)
		b = appendString(append(b, `,"username":`...), m.Username)
		b = appendString(append(b, `,"url":`...), m.URL)
		b = appendString(append(b, `,"acct":`...), m.Acct)
		return append(b, '}')
	})
	b = appendList(append(b, `,"tags":`...), s.Tags, func(b []byte, t StatusTag) []byte {
		b = appendString(append(b, `{"name":`...), t.Name)
		b = appendString(append(b, `,"url":`...), t.URL)
		return append(b, '}')
	})
	b = appendNothings(append(b, `,"emojis":`...), s.Emojis)
	b = appendInt(append(b, `,"reblogs_count":`...), s.ReblogsCount)
	b = appendInt(append(b, `,"favourites_count":`...), s.FavouritesCount)
	b = appendInt(append(b, `,"replies_count":`...), s.RepliesCount)
	b = strconv.AppendBool(append(b, `,"comments_disabled":`...), s.CommentsDisabled)
	b = s.Reblog.appendJSON(append(b, `,"reblog":`...))
	b = appendNothing(append(b, `,"poll":`...), s.Poll)
	b = appendNothing(append(b, `,"card":`...), s.Card)
	b = appendOptional(append(b, `,"language":`...), s.Language)
	b = append(b, `,"application":`...)
	if s.Application == nil {
		b = append(b, "null"...)
	} else {
		b = appendString(append(b, `{"name":`...), s.Application.Name)
		b = appendOptional(append(b, `,"website":`...), s.Application.Website)
		b = append(b, '}')
	}
	b = strconv.AppendBool(append(b, `,"favourited":`...), s.Favourited)
	b = strconv.AppendBool(append(b, `,"reblogged":`...), s.Reblogged)
	b = strconv.AppendBool(append(b, `,"bookmarked":`...), s.Bookmarked)
	b = strconv.AppendBool(append(b, `,"muted":`...), s.Muted)
	b = strconv.AppendBool(append(b, `,"pinned":`...), s.Pinned)
	b = appendList(append(b, `,"filtered":`...), s.Filtered, func(b []byte, r FilterResult) []byte { return r.appendJSON(b) })
	if s.Text != nil {
		b = appendString(append(b, `,"text":`...), *s.Text)
	}
	return append(b, '}')
}

func (r FilterResult) appendJSON(b []byte) []byte {
	f := r.Filter
	b = appendString(append(b, `{"filter":{"id":`...), f.ID)
	b = appendString(append(b, `,"title":`...), f.Title)
	b = appendList(append(b, `,"context":`...), f.Context, appendString)
	b = appendOptional(append(b, `,"expires_at":`...), f.ExpiresAt)
	b = appendString(append(b, `,"filter_action":`...), f.FilterAction)
	b = appendList(append(b, `},"keyword_matches":`...), r.KeywordMatches, appendString)
	b = appendList(append(b, `,"status_matches":`...), r.StatusMatches, appendString)
	return append(b, '}')
}

func (a *Account) appendJSON(b []byte) []byte {
	if a == nil {
		return append(b, "null"...)
	}
	b = appendString(append(b, `{"id":`...), a.ID)
	b = appendString(append(b, `,"username":`...), a.Username)
	b = appendString(append(b, `,"acct":`...), a.Acct)
	b = appendString(append(b, `,"display_name":`...), a.DisplayName)
	b = strconv.AppendBool(append(b, `,"locked":`...), a.Locked)
	b = strconv.AppendBool(append(b, `,"bot":`...), a.Bot)
	b = strconv.AppendBool(append(b, `,"group":`...), a.Group)
	b = append(b, `,"discoverable":`...)
	if a.Discoverable == nil {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendBool(b, *a.Discoverable)
	}
	b = strconv.AppendBool(append(b, `,"noindex":`...), a.NoIndex)
	b = appendString(append(b, `,"created_at":`...), a.CreatedAt)
	b = appendString(append(b, `,"note":`...), a.Note)
	b = appendString(append(b, `,"url":`...), a.URL)
	b = appendString(append(b, `,"uri":`...), a.URI)
	b = appendString(append(b, `,"avatar":`...), a.Avatar)
	b = appendString(append(b, `,"avatar_static":`...), a.AvatarStatic)
	b = appendString(append(b, `,"header":`...), a.Header)
	b = appendString(append(b, `,"header_static":`...), a.HeaderStatic)
	b = appendInt(append(b, `,"followers_count":`...), a.FollowersCount)
	b = appendInt(append(b, `,"following_count":`...), a.FollowingCount)
	b = appendInt(append(b, `,"statuses_count":`...), a.StatusesCount)
	b = appendOptional(append(b, `,"last_status_at":`...), a.LastStatusAt)
	b = appendNothings(append(b, `,"emojis":`...), a.Emojis)
	b = appendFields(append(b, `,"fields":`...), a.Fields)
	b = appendList(append(b, `,"roles":`...), a.Roles, func(b []byte, r AccountRole) []byte {
		b = appendString(append(b, `{"id":`...), r.ID)
		b = appendString(append(b, `,"name":`...), r.Name)
		b = appendString(append(b, `,"color":`...), r.Color)
		return append(b, '}')
	})
	if s := a.Source; s != nil {
		b = appendString(append(b, `,"source":{"privacy":`...), s.Privacy)
		b = strconv.AppendBool(append(b, `,"sensitive":`...), s.Sensitive)
		b = appendOptional(append(b, `,"language":`...), s.Language)
		b = appendString(append(b, `,"note":`...), s.Note)
		b = appendFields(append(b, `,"fields":`...), s.Fields)
		b = appendInt(append(b, `,"follow_requests_count":`...), s.FollowRequestsCount)
		b = strconv.AppendBool(append(b, `,"discoverable":`...), s.Discoverable)
		b = strconv.AppendBool(append(b, `,"hide_collections":`...), s.HideCollections)
		b = strconv.AppendBool(append(b, `,"indexable":`...), s.Indexable)
		b = append(b, '}')
	}
	if r := a.Role; r != nil {
		b = appendString(append(b, `,"role":{"id":`...), r.ID)
		b = appendString(append(b, `,"name":`...), r.Name)
		b = appendString(append(b, `,"color":`...), r.Color)
		b = appendString(append(b, `,"permissions":`...), r.Permissions)
		b = strconv.AppendBool(append(b, `,"highlighted":`...), r.Highlighted)
		b = append(b, '}')
	}
	if a.Limited {
		b = append(b, `,"limited":true`...)
	}
	if a.Suspended {
		b = append(b, `,"suspended":true`...)
	}
	return append(b, '}')
}

func appendFields(b []byte, fields []Field) []byte {
	return appendList(b, fields, func(b []byte, f Field) []byte {
		b = appendString(append(b, `{"name":`...), f.Name)
		b = appendString(append(b, `,"value":`...), f.Value)
		b = appendOptional(append(b, `,"verified_at":`...), f.VerifiedAt)
		return append(b, '}')
	})
}

func (m *MediaAttachment) appendJSON(b []byte) []byte {
	if m == nil {
		return append(b, "null"...)
	}
	b = appendString(append(b, `{"id":`...), m.ID)
	b = appendString(append(b, `,"type":`...), m.Type)
	b = appendOptional(append(b, `,"url":`...), m.URL)
	b = appendOptional(append(b, `,"preview_url":`...), m.PreviewURL)
	b = appendOptional(append(b, `,"remote_url":`...), m.RemoteURL)
	b = appendOptional(append(b, `,"text_url":`...), m.TextURL)
	b = append(b, `,"meta":`...)
	if m.Meta == nil {
		b = append(b, "null"...)
	} else {
		b = m.Meta.Original.appendJSON(append(b, `{"original":`...))
		b = m.Meta.Small.appendJSON(append(b, `,"small":`...))
		b = appendFloat(append(b, `,"focus":{"x":`...), m.Meta.Focus.X)
		b = appendFloat(append(b, `,"y":`...), m.Meta.Focus.Y)
		b = append(b, "}}"...)
	}
	b = appendOptional(append(b, `,"description":`...), m.Description)
	b = appendOptional(append(b, `,"blurhash":`...), m.Blurhash)
	return append(b, '}')
}

func (s MediaSize) appendJSON(b []byte) []byte {
	b = appendInt(append(b, `{"width":`...), s.Width)
	b = appendInt(append(b, `,"height":`...), s.Height)
	b = appendString(append(b, `,"size":`...), s.Size)
	b = appendFloat(append(b, `,"aspect":`...), s.Aspect)
	return append(b, '}')
}

func appendList[T any](b []byte, list []T, each func([]byte, T) []byte) []byte {
	if list == nil {
		return append(b, "null"...)
	}
	b = append(b, '[')
	for i, item := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, item)
	}
	return append(b, ']')
}

func appendNothings(b []byte, list []nothing) []byte {
	return appendList(b, list, func(b []byte, _ nothing) []byte { return append(b, "{}"...) })
}

func appendNothing(b []byte, n *nothing) []byte {
	if n == nil {
		return append(b, "null"...)
	}
	return append(b, "{}"...)
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

// appendFloat is for numbers of everyday size: sizes and points, never NaN.
func appendFloat(b []byte, f float64) []byte { return strconv.AppendFloat(b, f, 'f', -1, 64) }

func appendOptional(b []byte, s *string) []byte {
	if s == nil {
		return append(b, "null"...)
	}
	return appendString(b, *s)
}

const hexDigits = "0123456789abcdef"

// plain are the bytes that stand in a JSON string as they are.
var plain = func() (list [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		list[c] = c != '"' && c != '\\'
	}
	return list
}()

// plainPrefix is how many plain bytes a string begins with, or a few less: it looks at eight at a time. Most strings of an
// answer are plain from end to end.
func plainPrefix(s string) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := uint64(s[i]) | uint64(s[i+1])<<8 | uint64(s[i+2])<<16 | uint64(s[i+3])<<24 |
			uint64(s[i+4])<<32 | uint64(s[i+5])<<40 | uint64(s[i+6])<<48 | uint64(s[i+7])<<56
		quote, backslash := x^'"'*ones, x^'\\'*ones
		// A byte that is less than n has its high bit set by x - n*ones, unless x had it set.
		if ((x-' '*ones)|(quote-ones)|(backslash-ones)|x)&high != 0 {
			break
		}
	}
	return i
}

// appendString writes a JSON string: quoted, valid UTF-8, and without the two line separators that JavaScript took for
// the end of a line.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	done := 0
	for i := plainPrefix(s); i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[done:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, `\n`...)
			case '\r':
				b = append(b, `\r`...)
			case '\t':
				b = append(b, `\t`...)
			case '\b':
				b = append(b, `\b`...)
			case '\f':
				b = append(b, `\f`...)
			default:
				b = append(b, `\u00`...)
				b = append(b, hexDigits[c>>4], hexDigits[c&0xF])
			}
			i++
			done = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[done:i]...), `\ufffd`...)
			done = i + size
		case r == '\u2028' || r == '\u2029':
			b = append(append(b, s[done:i]...), `\u202`...)
			b = append(b, hexDigits[r&0xF])
			done = i + size
		}
		i += size
	}
	b = append(b, s[done:]...)
	return append(b, '"')
}

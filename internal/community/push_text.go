package community

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"

	"tintype/internal/lang"
	"tintype/internal/media"
	"tintype/internal/store"
)

const (
	// pushText is how many characters of a post a push shows.
	pushText = 140
	// maxPushIcon is how long the address of an icon may be: a message has to fit.
	maxPushIcon = 1200
)

// pushPayload is what a device gets: the fields of Mastodon 4.2 for apps, and for browsers of this site "notification" as
// declarative Web Push has it, which Safari shows by itself and our service worker shows elsewhere.
type pushPayload struct {
	AccessToken      string           `json:"access_token,omitempty"`
	PreferredLocale  string           `json:"preferred_locale"`
	NotificationID   int64            `json:"notification_id"` // a number: apps read it as one
	NotificationType string           `json:"notification_type"`
	Icon             string           `json:"icon"`
	Title            string           `json:"title"`
	Body             string           `json:"body"`
	WebPush          int              `json:"web_push,omitempty"` // 8030 marks the declarative form
	Notification     *pushDeclarative `json:"notification,omitempty"`
}

type pushDeclarative struct {
	Title    string `json:"title"`
	Body     string `json:"body,omitempty"`
	Icon     string `json:"icon,omitempty"`
	Navigate string `json:"navigate"`
	Tag      string `json:"tag"`
	Lang     string `json:"lang"`
}

// pushPayload tells acc of a notification. bearer is that of an app, "" for a browser of this site.
func (c *Community) pushPayload(ctx context.Context, acc *store.Account, n *Notification, bearer string) []byte {
	l := lang.Or(acc.PagesLanguage, c.Site(ctx).Language)
	p := pushPayload{
		AccessToken: bearer, PreferredLocale: l.Code(), NotificationID: n.ID, NotificationType: n.Kind, Icon: c.BaseURL + "/static/avatar.png",
		Title: pushTitle(l, acc, n), Body: pushBody(n),
	}
	if acc.Language != "" {
		p.PreferredLocale = acc.Language
	}
	if a := n.From.Avatar; a != nil && a.SetRandom != "" && c.PhotoURL != nil {
		if icon := c.PhotoURL(a.Key(media.SquareName)); len(icon) <= maxPushIcon {
			p.Icon = icon
		}
	}
	if bearer == "" {
		p.WebPush = 8030
		p.Notification = &pushDeclarative{Title: p.Title, Body: p.Body, Icon: p.Icon, Navigate: c.BaseURL + pushPath(n), Tag: pushTag(n), Lang: l.Code()}
	}
	b, _ := json.Marshal(p) // cannot fail: numbers and texts
	return b
}

func pushTitle(l *lang.Language, acc *store.Account, n *Notification) string {
	name := clipRunes(oneLine(n.From.Name()), 60)
	comment := n.Post != nil && n.Post.Kind == store.KindComment
	switch n.Kind {
	case store.NotifyLike:
		if comment {
			return l.T("%s liked your comment", name)
		}
		return l.T("%s liked your post", name)
	case store.NotifyBoost:
		return l.T("%s boosted your post", name)
	case store.NotifyPost:
		return l.T("%s posted a photograph", name)
	case store.NotifyUpdate:
		if comment {
			return l.T("%s edited a comment to you", name)
		}
		return l.T("%s edited a post that you boosted or commented on", name)
	case store.NotifyFollow:
		return l.T("%s follows you", name)
	case store.NotifyFollowRequest:
		return l.T("%s asks to follow you", name)
	case store.NotifyAlbum:
		return l.T("%s invited you to an album", name)
	case store.NotifyAnnouncement:
		return l.T("%s commented on an announcement", name)
	case store.NotifyReport:
		if n.GivenReport() {
			return l.T("A report was given to you")
		}
		return l.T("%s has reported something", name)
	case store.NotifySignUp:
		if n.From.WaitingAt != nil {
			return l.T("%s asks to join", name)
		}
		return l.T("%s has joined", name)
	case store.NotifyHeld:
		return l.T("A post by %s is waiting for a moderator", name)
	case store.NotifyAppeal:
		return l.T("%s has answered a decision", name)
	case store.NotifyDecision:
		return l.T("A message from the moderators")
	case store.NotifyApproved:
		if comment {
			return l.T("Your comment is published")
		}
		return l.T("Your post is published")
	case store.NotifyAccount:
		words, _ := AccountNews(&n.Notification)
		return l.T(words)
	case store.NotifyOutcome:
		return l.T("Your report has been reviewed")
	case store.NotifyMention:
		if p := n.Post; p != nil && p.InReplyToAuthorID != nil && *p.InReplyToAuthorID == acc.ID {
			return l.T("%s replied to you", name)
		}
		return l.T("%s mentioned you", name)
	}
	return name
}

var pushWithoutWords = []string{store.NotifyReport, store.NotifyHeld, store.NotifyAppeal, store.NotifyDecision, store.NotifyOutcome, store.NotifyAccount}

func pushBody(n *Notification) string {
	text := ""
	switch {
	case slices.Contains(pushWithoutWords, n.Kind): // the words are for the page
	case n.Comment != nil:
		text = n.Comment.Text
	case n.Album != nil:
		text = n.Album.Title
	case n.Post != nil && n.Post.Warning != "":
		text = n.Post.Warning
	case n.Post != nil:
		text = n.Post.Caption
	default:
		text = n.From.Note
	}
	text = oneLine(text)
	if clipped := clipRunes(text, pushText); clipped != text {
		text = clipped + "…"
	}
	return text
}

// AnnouncementCommentPath is the page of an announcement that begins with the comment, wherever it stands.
func AnnouncementCommentPath(cm *store.AnnouncementComment) string {
	id := strconv.FormatInt(cm.ID, 10)
	return "/announcements/" + strconv.FormatInt(cm.AnnouncementID, 10) + "?after=" + strconv.FormatInt(cm.ID-1, 10) + "#c-" + id
}

// pushPath is where a click leads.
func pushPath(n *Notification) string {
	switch {
	case n.Kind == store.NotifyReport:
		return "/admin/reports"
	case n.Kind == store.NotifySignUp && n.From != nil && n.From.WaitingAt != nil:
		return "/admin/waiting"
	case n.Kind == store.NotifySignUp && n.From != nil:
		return "/admin/members/" + n.From.Username
	case n.Kind == store.NotifyHeld:
		return "/admin/held"
	case n.Kind == store.NotifyAppeal:
		return "/admin/appeals"
	case n.Kind == store.NotifyDecision:
		return "/settings/decisions"
	case n.Kind == store.NotifyAccount:
		_, path := AccountNews(&n.Notification)
		return path
	case n.Comment != nil:
		return AnnouncementCommentPath(n.Comment)
	case n.Kind == store.NotifyFollowRequest:
		return "/follow-requests"
	case n.Album != nil:
		return "/albums/" + strconv.FormatInt(n.Album.ID, 10)
	case n.Post != nil && n.Post.Kind == store.KindPost && n.Post.Author != nil: // as its page is named, so that an open one is found
		return "/@" + n.Post.Author.Username + "/" + strconv.FormatInt(n.Post.ID, 10)
	case n.Post != nil:
		return "/posts/" + strconv.FormatInt(n.Post.ID, 10)
	}
	return "/notifications"
}

// pushTag names what takes the place of one another on a screen: what several people do to the same thing in the same way.
// Each comment stands for itself.
func pushTag(n *Notification) string {
	of := n.ID
	switch {
	case n.Kind == store.NotifyFollow:
		of = 0
	case n.Post != nil && n.Kind != store.NotifyMention:
		of = n.Post.ID
	}
	return n.Kind + "-" + strconv.FormatInt(of, 10)
}

// pushTopic is pushTag for a push service, which is not to learn what it says.
func pushTopic(n *Notification) string {
	sum := sha256.Sum256([]byte(strconv.FormatInt(n.AccountID, 10) + " " + pushTag(n)))
	return base64.RawURLEncoding.EncodeToString(sum[:])[:32]
}

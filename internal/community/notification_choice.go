package community

import (
	"context"
	"slices"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// A NotificationKind is a kind of notification of which a member chooses where to learn.
type NotificationKind struct{ Kind, Words string }

// notificationKinds are in the order in which members choose.
var notificationKinds = []NotificationKind{
	{store.NotifyMention, lang.Key("Comments and mentions")},
	{store.NotifyPost, lang.Key("New posts by those you asked to be told of")},
	{store.NotifyLike, lang.Key("Likes")},
	{store.NotifyBoost, lang.Key("Boosts")},
	{store.NotifyUpdate, lang.Key("Edits of posts you boosted or commented on, and of comments to you")},
	{store.NotifyFollow, lang.Key("New followers")},
	{store.NotifyFollowRequest, lang.Key("Requests to follow you")},
	{store.NotifyAlbum, lang.Key("Invitations to albums")},
	{store.NotifyAnnouncement, lang.Key("Comments on announcements")},
	{store.NotifyReport, lang.Key("Reports")},
	{store.NotifyHeld, lang.Key("Posts waiting for a moderator")},
	{store.NotifyAppeal, lang.Key("Answers to decisions")},
	{store.NotifySignUp, lang.Key("New members, and who asks to join")},
}

// moderatorsKinds are of those who may do what the act says.
var moderatorsKinds = map[string]Act{store.NotifyReport: ReadReports, store.NotifyAppeal: AnswerAppeal, store.NotifyHeld: ReadHeld, store.NotifySignUp: ReadMembers}

// A NotificationChoice is where a member learns of a kind of notification.
type NotificationChoice struct {
	NotificationKind
	Page bool // on the page of notifications, and in the count of what is unread
	Push bool // pushed to the member's browsers
	Mail bool // by mail, together with others
}

// NotificationChoices are those of a member, in their order. Until something else is chosen, everything is on the page and pushed,
// and by mail come store.MailedKinds: new members only where somebody decides about them.
func (c *Community) NotificationChoices(ctx context.Context, acc *store.Account) ([]NotificationChoice, error) {
	if acc == nil {
		return nil, ErrUnauthenticated
	}
	rows, err := c.Store.NotificationChoicesOf(ctx, acc.ID)
	if err != nil {
		return nil, fromStore(err)
	}
	decides := c.Site(ctx).Registration == RegistrationApproval
	var list []NotificationChoice
	for _, k := range notificationKinds {
		if act, ok := moderatorsKinds[k.Kind]; ok && !May(acc, act) {
			continue
		}
		choice := NotificationChoice{k, true, true, slices.Contains(store.MailedKinds, k.Kind) && (k.Kind != store.NotifySignUp || decides)}
		if at := slices.IndexFunc(rows, func(r store.NotificationChoice) bool { return r.Kind == k.Kind }); at >= 0 {
			choice.Page, choice.Push = rows[at].Page, rows[at].Push
			if rows[at].Mail != nil {
				choice.Mail = *rows[at].Mail
			}
		}
		list = append(list, choice)
	}
	return list, nil
}

// ChooseNotifications stores where a member learns of kinds of notifications. Kinds that the list lacks stay as they are.
// *Invalid where one is unknown.
func (c *Community) ChooseNotifications(ctx context.Context, acc *store.Account, list []NotificationChoice) error {
	if acc == nil {
		return ErrUnauthenticated
	}
	for _, choice := range list {
		if !slices.ContainsFunc(notificationKinds, func(k NotificationKind) bool { return k.Kind == choice.Kind }) {
			return invalid("kind", "invalid", "There are no notifications of that kind.")
		}
	}
	_, err := c.changeAccount(ctx, acc.ID, func(ctx context.Context, tx *store.Store, now *store.Account) error {
		for _, choice := range list {
			err := tx.PutNotificationChoice(ctx, store.NotificationChoice{AccountID: now.ID, Kind: choice.Kind, Page: choice.Page, Push: choice.Push, Mail: &choice.Mail})
			if err != nil {
				return err
			}
		}
		// Open pages count anew.
		return tx.AddEvent(ctx, EventNotification, now.ID, 0, nil)
	})
	return err
}

// wantsPush reports whether the member wants notifications of the kind pushed to browsers.
func (c *Community) wantsPush(ctx context.Context, acc *store.Account, kind string) (bool, error) {
	switch kind {
	case store.NotifyDecision, store.NotifyOutcome, store.NotifyApproved, store.NotifyAccount: // nobody turns these off
		return true, nil
	}
	choices, err := c.NotificationChoices(ctx, acc)
	at := slices.IndexFunc(choices, func(choice NotificationChoice) bool { return choice.Kind == kind })
	return at >= 0 && choices[at].Push, err
}

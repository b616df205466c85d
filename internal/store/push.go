package store

import (
	"context"
	"slices"
)

// PushSubscription says where a device of a member gets notifications: for an app by its token, for a browser on this site
// by its session.
type PushSubscription struct {
	ID           int64
	AccountID    int64
	TokenID      *int64
	SessionHash  *string
	SessionEpoch int    // the account's when a browser subscribed
	Device       string // what the browser calls itself
	Endpoint     string // the address at the push service
	EndpointHash string
	P256dh       string `gorm:"column:p256dh"` // the device's public key
	Secrets      string // sealed: the device's secret, and an app's bearer token
	Standard     bool   // it reads RFC 8291
	Alerts       JSON[[]string]
	Policy       string  // from whom: all, followed, follower, none
	FailingSince *Millis // nothing was delivered since
	CreatedAt    Millis
}

// livePush is the condition that a subscription p of the account a still has its token, or the session epoch that it began in.
const livePush = "(p.token_id IS NOT NULL AND EXISTS (SELECT 1 FROM access_tokens t WHERE t.id = p.token_id AND t.account_id = p.account_id)" +
	" OR p.session_hash IS NOT NULL AND p.session_epoch = a.session_epoch)"

// PushSubscriptionsOf lists the account's subscriptions whose token or session epoch holds, newest first.
func (s *conn) PushSubscriptionsOf(ctx context.Context, accountID int64) ([]*PushSubscription, error) {
	return s.pushSubscriptions(ctx, "p.account_id = ? AND "+livePush+" ORDER BY p.id DESC", accountID)
}

// PushSubscriptionByID finds one whose token or session epoch holds, else ErrNotFound.
func (s *conn) PushSubscriptionByID(ctx context.Context, id int64) (*PushSubscription, error) {
	return onePush(s.pushSubscriptions(ctx, "p.id = ? AND "+livePush, id))
}

// PushSubscriptionByToken finds that of an app, else ErrNotFound.
func (s *conn) PushSubscriptionByToken(ctx context.Context, tokenID int64) (*PushSubscription, error) {
	return onePush(s.pushSubscriptions(ctx, "p.token_id = ?", tokenID))
}

func onePush(list []*PushSubscription, err error) (*PushSubscription, error) {
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, ErrNotFound
	}
	return list[0], nil
}

func (s *conn) pushSubscriptions(ctx context.Context, where string, args ...any) ([]*PushSubscription, error) {
	var list []*PushSubscription
	err := s.read(ctx).Raw("SELECT p.* FROM push_subscriptions p JOIN accounts a ON a.id = p.account_id WHERE "+where, args...).Scan(&list).Error
	return list, translate(err)
}

// PutPushSubscription inserts the subscription in place of what its token, its session or its browser had. Of the account's
// the newest most stay. The transaction has locked the account.
func (s *conn) PutPushSubscription(ctx context.Context, p *PushSubscription, most int) error {
	gone, err := s.idList(ctx, "SELECT id FROM push_subscriptions WHERE account_id = ? AND (token_id = ? OR session_hash = ?)", p.AccountID, p.TokenID, p.SessionHash)
	if err != nil {
		return err
	}
	if p.SessionHash != nil { // a browser shows the notifications of whoever is logged in now, and of nobody who was before
		others, err := s.idList(ctx, "SELECT id FROM push_subscriptions WHERE endpoint_hash = ? AND session_hash IS NOT NULL", p.EndpointHash)
		if err != nil {
			return err
		}
		gone = append(gone, others...)
	}
	old, err := s.idList(ctx, "SELECT id FROM push_subscriptions WHERE account_id = ? ORDER BY id DESC", p.AccountID)
	if err != nil {
		return err
	}
	old = slices.DeleteFunc(old, func(id int64) bool { return slices.Contains(gone, id) })
	gone = append(gone, old[min(len(old), most-1):]...)
	if err := s.DeletePushSubscriptions(ctx, gone...); err != nil {
		return err
	}
	return translate(s.write(ctx).Create(p).Error)
}

// SetPushAlerts changes of what an app's subscription tells, and from whom.
func (s *conn) SetPushAlerts(ctx context.Context, id int64, alerts []string, policy string) error {
	return translate(s.write(ctx).Exec("UPDATE push_subscriptions SET alerts = ?, policy = ? WHERE id = ?", JSON[[]string]{alerts}, policy, id).Error)
}

// MovePushSubscription has a browser's subscription go on under another session.
func (s *conn) MovePushSubscription(ctx context.Context, accountID int64, from, to string, epoch int) error {
	return translate(s.write(ctx).Exec("UPDATE push_subscriptions SET session_hash = ?, session_epoch = ? WHERE account_id = ? AND session_hash = ?", to, epoch, accountID, from).Error)
}

// DeletePushSubscriptions removes subscriptions; those that are not there are fine.
func (s *conn) DeletePushSubscriptions(ctx context.Context, ids ...int64) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	list, args := in(slices.Compact(ids))
	return translate(s.write(ctx).Exec("DELETE FROM push_subscriptions WHERE id IN "+list, args...).Error)
}

// DeletePushOfToken removes the subscription of a token.
func (s *conn) DeletePushOfToken(ctx context.Context, tokenID int64) error {
	return translate(s.write(ctx).Exec("DELETE FROM push_subscriptions WHERE token_id = ?", tokenID).Error)
}

// DeletePushOfSession removes the subscription of one of the account's sessions.
func (s *conn) DeletePushOfSession(ctx context.Context, accountID int64, hash string) error {
	return translate(s.write(ctx).Exec("DELETE FROM push_subscriptions WHERE account_id = ? AND session_hash = ?", accountID, hash).Error)
}

// DeletePushOfOtherSessions removes those of the account's sessions but one; keep "" keeps none.
func (s *conn) DeletePushOfOtherSessions(ctx context.Context, accountID int64, keep string) error {
	return translate(s.write(ctx).Exec("DELETE FROM push_subscriptions WHERE account_id = ? AND session_hash <> ?", accountID, keep).Error)
}

// PushFailed notes that a message was given up. A subscription that has not got one for that long is removed.
func (s *conn) PushFailed(ctx context.Context, id int64, now, removedBefore Millis) error {
	res := s.write(ctx).Exec("DELETE FROM push_subscriptions WHERE id = ? AND failing_since < ?", id, removedBefore)
	if res.Error != nil || res.RowsAffected > 0 {
		return translate(res.Error)
	}
	return translate(s.write(ctx).Exec("UPDATE push_subscriptions SET failing_since = COALESCE(failing_since, ?) WHERE id = ?", now, id).Error)
}

// PushDelivered notes that a message was delivered.
func (s *conn) PushDelivered(ctx context.Context, id int64) error {
	return translate(s.write(ctx).Exec("UPDATE push_subscriptions SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL", id).Error)
}

// PushSubscriptionsSealedOtherwise lists at most limit of all subscriptions whose secrets do not begin with the prefix, by id.
func (s *conn) PushSubscriptionsSealedOtherwise(ctx context.Context, prefix string, after int64, limit int) ([]*PushSubscription, error) {
	var list []*PushSubscription
	err := s.read(Primary(ctx)).Raw("SELECT p.* FROM push_subscriptions p WHERE p.id > ? AND SUBSTR(p.secrets, 1, ?) <> ? ORDER BY p.id LIMIT ?", after, len(prefix), prefix, limit).Scan(&list).Error
	return list, translate(err)
}

// SetPushSecrets seals a subscription's secrets anew, unless somebody did so meanwhile.
func (s *conn) SetPushSecrets(ctx context.Context, id int64, from, to string) error {
	return translate(s.write(ctx).Exec("UPDATE push_subscriptions SET secrets = ? WHERE id = ? AND secrets = ?", to, id, from).Error)
}

// DeletePushBefore removes at most limit of all subscriptions that were made before the moment and returns how many.
func (s *conn) DeletePushBefore(ctx context.Context, before Millis, limit int) (int, error) {
	ids, err := s.idList(Primary(ctx), "SELECT id FROM push_subscriptions WHERE created_at < ? ORDER BY id LIMIT ?", before, limit)
	if err != nil {
		return 0, err
	}
	return len(ids), s.DeletePushSubscriptions(ctx, ids...)
}

// IsConversationMuted reports whether the account hears no more of the thread in which the post stands.
func (s *conn) IsConversationMuted(ctx context.Context, accountID, postID int64) (bool, error) {
	ids, err := s.idList(ctx, "SELECT c.id FROM conversation_mutes c JOIN posts q ON q.id = ? AND c.post_id = COALESCE(q.root_id, q.id) WHERE c.account_id = ?", postID, accountID)
	return len(ids) > 0, err
}

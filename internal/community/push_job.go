package community

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"tintype/internal/push"
	"tintype/internal/queue"
	"tintype/internal/store"
)

// jobPush is a pushJob: tells a member's devices of a notification.
const jobPush = "push"

const (
	// pushLife is how long a push waits here for its turn. Nobody wants to be woken by an older one.
	pushLife = 6 * time.Hour
	// pushTTL is how long push services keep a message for a device that is off.
	pushTTL = 48 * time.Hour
	// pushAttempts is how often a message is tried, within about ten minutes.
	pushAttempts = 6
	// pushBusyPause is the first pause before a push service that was busy is tried again, which is no attempt. Each is twice the
	// one before, up to pushBusyMost.
	pushBusyPause = 3 * time.Second
	pushBusyMost  = 5 * time.Minute
	// pushSilentPauses is after how many pauses, about an hour, a message is given up to a service that does not answer.
	pushSilentPauses = 18
	// pushPatience is how long a subscription stays to which nothing could be delivered.
	pushPatience = 7 * 24 * time.Hour
)

type pushJob struct {
	Account      int64        `json:"account"`
	Notification int64        `json:"notification"`
	Subscription int64        `json:"subscription,omitempty"` // 0: all that want it
	At           store.Millis `json:"at"`
	Busy         int          `json:"busy,omitempty"`  // how often the push service was busy
	Tried        int          `json:"tried,omitempty"` // attempts before it was
}

// pause is how long a message waits whose push service is busy.
func (arg pushJob) pause() time.Duration {
	return min(pushBusyPause<<min(arg.Busy, 10), pushBusyMost)
}

// addPush has the notification pushed to the account's devices that want it.
func addPush(ctx context.Context, tx *store.Store, accountID, notificationID int64) error {
	return tx.AddJob(ctx, jobPush, pushJob{Account: accountID, Notification: notificationID, At: store.ToMillis(time.Now())}, 0)
}

// runPush sends a notification to a device. To several, each gets a job of its own, so that none waits for another's retries.
func (c *Community) runPush(ctx context.Context, job *queue.Job) error {
	ctx = store.Primary(ctx)
	var arg pushJob
	if err := readPayload(job, &arg); err != nil {
		return err
	}
	acc, n, err := c.pushable(ctx, arg)
	if err != nil || n == nil {
		return err
	}
	subs, err := c.pushReceivers(ctx, acc, n, arg.Subscription)
	if err != nil || len(subs) == 0 {
		return err
	}
	if len(subs) > 1 {
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			for _, p := range subs {
				one := arg
				one.Subscription = p.ID
				if err := tx.AddJob(ctx, jobPush, one, 0); err != nil {
					return err
				}
			}
			return nil
		})
	}
	arg.Subscription = subs[0].ID
	return c.sendPush(ctx, job, arg, acc, n, subs[0])
}

// pushable is what a job tells of, nil where nobody is to be told any more: the member is gone or has read it, may not see it
// now, or wants to hear no more of it. It goes by the rules of the page of notifications.
func (c *Community) pushable(ctx context.Context, arg pushJob) (*store.Account, *Notification, error) {
	if time.Since(arg.At.Time()) > pushLife {
		return nil, nil, nil
	}
	acc, err := c.Store.AccountByID(ctx, arg.Account)
	if errors.Is(err, store.ErrNotFound) || err == nil && (!acc.Active() || acc.NotificationsReadID >= arg.Notification) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	n, err := c.Notification(ctx, acc, arg.Notification)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	if read, err := c.ReadMark(ctx, acc); err != nil || read.Read(&n.Notification) {
		return nil, nil, err
	}
	if n.Post != nil && len(n.Post.Filtered) > 0 { // covered ones, too: a push would show what the cover hides
		return nil, nil, nil
	}
	if n.PostID != nil {
		muted, err := c.Store.IsConversationMuted(ctx, acc.ID, *n.PostID)
		if err != nil || muted {
			return nil, nil, err
		}
	}
	return acc, n, nil
}

// pushReceivers are the account's subscriptions that want the notification: all, or the one with that id.
func (c *Community) pushReceivers(ctx context.Context, acc *store.Account, n *Notification, id int64) ([]*store.PushSubscription, error) {
	subs, err := c.Store.PushSubscriptionsOf(ctx, acc.ID)
	if err != nil {
		return nil, err
	}
	browsers, err := c.wantsPush(ctx, acc, n.Kind)
	if err != nil {
		return nil, err
	}
	var rel *store.Relationship
	relation := func() (*store.Relationship, error) { // most apps do not ask for it
		if rel == nil {
			all, err := c.Store.Relationships(ctx, acc.ID, []int64{n.FromID})
			if err != nil {
				return nil, err
			}
			rel = &all[0] // one for each id
		}
		return rel, nil
	}
	var list []*store.PushSubscription
	for _, p := range subs {
		wants := browsers
		if p.TokenID != nil {
			wants = slices.Contains(p.Alerts.V, n.Kind)
		}
		if id != 0 && p.ID != id || !wants {
			continue
		}
		switch p.Policy {
		case PushFromNone:
			continue
		case PushFromFollowed, PushFromFollowers:
			r, err := relation()
			if err != nil {
				return nil, err
			}
			if p.Policy == PushFromFollowed && !r.Following || p.Policy == PushFromFollowers && !r.FollowedBy {
				continue
			}
		}
		list = append(list, p)
	}
	return list, nil
}

// sendPush sends the notification to one device, and notes what became of it.
func (c *Community) sendPush(ctx context.Context, job *queue.Job, arg pushJob, acc *store.Account, n *Notification, p *store.PushSubscription) error {
	if p.SessionHash != nil && c.SessionHolds != nil {
		holds, err := c.SessionHolds(ctx, acc.ID, *p.SessionHash)
		if err != nil {
			return fmt.Errorf("the browser's session: %w", err)
		}
		if !holds {
			return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return tx.DeletePushSubscriptions(ctx, p.ID) })
		}
	}
	var secrets pushSecrets
	b, _, err := c.unseal(sealsPushDevice, p.Secrets)
	if err == nil {
		err = json.Unmarshal(b, &secrets)
	}
	if err == nil {
		var key push.Key
		if key, err = c.PushKey(ctx); err == nil {
			message := push.Message{Payload: c.pushPayload(ctx, acc, n, secrets.Bearer), TTL: pushTTL}
			if p.SessionHash != nil {
				message.Topic = pushTopic(n)
			}
			err = c.Push.Send(ctx, key, push.Receiver{Endpoint: p.Endpoint, P256dh: p.P256dh, Auth: secrets.Auth, Standard: p.Standard}, message)
		}
	}
	switch {
	case err == nil:
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return tx.PushDelivered(ctx, p.ID) })
	case errors.Is(err, push.ErrGone):
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error { return tx.DeletePushSubscriptions(ctx, p.ID) })
	case errors.Is(err, push.ErrBusy) && !(errors.Is(err, push.ErrSilent) && arg.Busy >= pushSilentPauses):
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			later := arg
			later.Busy++
			later.Tried += job.Attempts - 1
			return tx.AddJob(ctx, jobPush, later, now+store.Millis(arg.pause().Milliseconds()))
		})
	case errors.Is(err, push.ErrRefused) || errors.Is(err, errSealed) || errors.Is(err, push.ErrBusy) || arg.Tried+job.Attempts >= pushAttempts:
		// The member need not know, and the administrator cannot help.
		c.Log.WarnContext(ctx, "a push is given up", "account", acc.ID, "subscription", p.ID, "error", err)
		return c.finishJob(ctx, job, func(ctx context.Context, tx *store.Store) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			return tx.PushFailed(ctx, p.ID, now, now-store.Millis(pushPatience.Milliseconds()))
		})
	}
	return err
}

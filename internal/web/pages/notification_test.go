package pages

import (
	"testing"
	"time"

	"tintype/internal/community"
	"tintype/internal/store"
)

// What several people did to the same post is one row. What somebody wrote is a row of its own.
func TestNotificationsThatShareARow(t *testing.T) {
	day := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	n := func(kind string, post int64, at time.Time) *community.Notification {
		out := &community.Notification{Notification: store.Notification{Kind: kind, CreatedAt: store.ToMillis(at)}}
		if post != 0 {
			out.Post = &community.Post{Post: store.Post{ID: post}}
		}
		return out
	}
	waits := n(store.NotifySignUp, 0, day)
	waits.From = &store.Account{WaitingAt: new(store.ToMillis(day))}
	for name, test := range map[string]struct {
		a, b *community.Notification
		same bool
	}{
		"likes of one post":       {n(store.NotifyLike, 1, day), n(store.NotifyLike, 1, day.AddDate(0, 0, -3)), true},
		"likes of two posts":      {n(store.NotifyLike, 1, day), n(store.NotifyLike, 2, day), false},
		"comments on one post":    {n(store.NotifyMention, 1, day), n(store.NotifyMention, 1, day), false},
		"follows of one day":      {n(store.NotifyFollow, 0, day), n(store.NotifyFollow, 0, day.Add(time.Hour)), true},
		"follows of two days":     {n(store.NotifyFollow, 0, day), n(store.NotifyFollow, 0, day.AddDate(0, 0, 1)), false},
		"requests to follow":      {n(store.NotifyFollowRequest, 0, day), n(store.NotifyFollowRequest, 0, day), false},
		"who joined in a day":     {n(store.NotifySignUp, 0, day), n(store.NotifySignUp, 0, day), true},
		"who joined, and follows": {n(store.NotifySignUp, 0, day), n(store.NotifyFollow, 0, day), false},
		"who waits, in a day":     {waits, waits, true},
		"who waits, and joined":   {waits, n(store.NotifySignUp, 0, day), false},
		"reports about one post":  {n(store.NotifyReport, 1, day), n(store.NotifyReport, 1, day), false},
	} {
		a, b := groupOf(test.a), groupOf(test.b)
		if same := a == b && a != ""; same != test.same {
			t.Errorf("%s: %q and %q share a row: %v", name, a, b, same)
		}
	}
}

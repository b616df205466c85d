package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/mattn/go-mastodon"

	"tintype/internal/servertest"
)

// What somebody else asks of a member, by go-mastodon: to follow, and what is notified, in lists and on a stream. It begins
// with no follow between the two, and ends with the other's.
func goMastodonRequests(t *testing.T, soon func(string, func() bool), c, other *mastodon.Client, me *mastodon.Account, posted []mastodon.ID) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel() // ends the stream
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	them, err := other.GetAccountCurrentUser(ctx)
	must(err)
	locked := func(yes bool) {
		t.Helper()
		now, err := c.AccountUpdate(ctx, &mastodon.Profile{Locked: &yes})
		must(err)
		if now.Locked != yes {
			t.Errorf("locked: %v, want %v", now.Locked, yes)
		}
	}
	asks := func(what string, want int) {
		t.Helper()
		soon(what, func() bool {
			asked, err := c.GetFollowRequests(ctx, nil)
			must(err)
			return len(asked) == want && (want == 0 || asked[0].ID == them.ID)
		})
	}
	follow := func(requested bool) {
		t.Helper()
		relation, err := other.AccountFollow(ctx, me.ID)
		must(err)
		if relation.Requested != requested || relation.Following == requested {
			t.Errorf("a request to follow: %+v", relation)
		}
	}
	follows := func(what string, want bool) {
		t.Helper()
		soon(what, func() bool {
			relations, err := other.GetAccountRelationships(ctx, []string{string(me.ID)})
			must(err)
			return len(relations) == 1 && relations[0].Following == want && !relations[0].Requested
		})
	}
	locked(true)
	follow(true)
	asks("the request is there", 1)
	must(c.FollowRequestReject(ctx, them.ID))
	asks("the request is refused", 0)
	follows("who was refused does not follow", false)
	follow(true)
	asks("the request is there again", 1)
	must(c.FollowRequestAuthorize(ctx, them.ID))
	asks("the request is granted", 0)
	follows("who was let in follows", true)
	locked(false)

	must(c.ClearNotifications(ctx))
	events, err := c.StreamingUser(ctx)
	must(err)
	told := make(chan string, 100)
	go func() {
		for event := range events {
			if n, ok := event.(*mastodon.NotificationEvent); ok {
				told <- n.Notification.Type
			}
		}
	}()
	// Nothing tells when a stream has begun: the act is done again where it was not told. It is told once all replicas have
	// it, and not at all if it was undone before.
	servertest.Eventually(t, "a like is told on the stream", func() bool {
		_, err := other.Unfavourite(ctx, posted[1])
		must(err)
		_, err = other.Favourite(ctx, posted[1])
		must(err)
		select {
		case kind := <-told:
			return kind == "favourite"
		case <-time.After(10 * time.Second):
			return false
		}
	})
	var like *mastodon.Notification
	soon("the like is notified", func() bool {
		list, err := c.GetNotifications(ctx, nil)
		must(err)
		if len(list) == 1 {
			like = list[0]
		}
		return len(list) == 1 && like.Type == "favourite" && like.Status.ID == posted[1]
	})
	one, err := c.GetNotification(ctx, like.ID)
	must(err)
	if one.Account.ID != them.ID {
		t.Errorf("who liked: %+v", one.Account)
	}
	must(c.DismissNotification(ctx, like.ID))
	if list, err := c.GetNotifications(ctx, nil); err != nil || len(list) != 0 {
		t.Errorf("notifications after one was dismissed: %v, %v", list, err)
	}
}

package sample

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	t "tintype/templates"
)

func profiles(add adder) {
	profile := func(n int) t.ProfileView {
		return t.ProfileView{Account: people[n], Bio: `<p>Mostly fog. Sometimes the <a href="/tags/lake">#lake</a> under it. I print on Sundays.</p>`, Fields: []t.ProfileField{{Name: "Camera", Value: "Fujifilm X-T5"}, {Name: "Website", Value: `<a href="https://example.org" rel="nofollow me">example.org</a>`}}, Counts: t.ProfileCounts{Posts: 1234, Followers: 1, Following: 56, Joined: t.When{At: now}}, Relation: relation(n), Grid: t.GridView{Posts: Posts(0, 17), Pager: t.Pager{OlderURL: "/older-grid"}}}
	}
	add("/profile", "Profile", true, func(p *t.Page) templ.Component {
		v := profile(0)
		v.HeaderURL = "/pic/6/1920.jpg"
		return t.ProfilePage(p, v)
	})
	add("/profile-pinned", "Profile, pinned posts", true, func(p *t.Page) templ.Component {
		v := profile(0)
		v.Pinned = Posts(2, 4)
		return t.ProfilePage(p, v)
	})
	add("/profile-locked", "Profile, locked, long name", true, func(p *t.Page) templ.Component { return t.ProfilePage(p, profile(1)) })
	add("/profile-muted", "Profile, muted, a refused note", true, func(p *t.Page) templ.Component {
		v := profile(0)
		v.Relation.Muting, v.MutedUntil, v.Relation.Note = true, "24 Dec 2026, 15:04 UTC", "Has the tripod"
		v.NoteErrors = t.FieldErrors{{Field: "note", Message: "A note has 2001 characters; the limit is 2000."}}
		return t.ProfilePage(p, v)
	})
	add("/profile-own", "Profile, own and empty", true, func(p *t.Page) templ.Component {
		v := profile(2)
		v.Grid = t.GridView{Newest: Posts(0, 12)}
		return t.ProfilePage(p, v)
	})
	add("/profile-visitor", "Profile, visitor", false, func(p *t.Page) templ.Component {
		v := profile(0)
		v.Relation = t.RelationView{Account: people[0]}
		return t.ProfilePage(p, v)
	})
	add("/profile-boosts", "Profile, boosts", true, func(p *t.Page) templ.Component {
		posts := Posts(2, 5)
		for i := range posts {
			posts[i].Booster = &people[0]
		}
		return t.BoostsPage(p, t.BoostsView{Account: people[0], Posts: posts, Pager: t.Pager{OlderURL: "/older"}})
	})
	add("/profile-boosts-none", "Profile, no boosts", false, func(p *t.Page) templ.Component {
		return t.BoostsPage(p, t.BoostsView{Account: people[1], Newest: Posts(0, 12)})
	})
	add("/followers", "Followers", true, func(p *t.Page) templ.Component {
		return t.PeoplePage(p, t.PeopleView{Account: people[0], Kind: t.PeopleFollowers, People: persons()})
	})
	add("/following", "Following nobody", true, func(p *t.Page) templ.Component {
		return t.PeoplePage(p, t.PeopleView{Account: people[0], Kind: t.PeopleFollowing})
	})
	add("/follow-requests", "Follow requests", true, func(p *t.Page) templ.Component {
		return t.FollowRequestsPage(p, t.FollowRequestsView{People: persons()[:2]})
	})
	add("/block", "Block", true, func(p *t.Page) templ.Component { return t.BlockPage(p, t.BlockView{Account: people[1]}) })
	add("/history", "Versions of a post", true, func(p *t.Page) templ.Component {
		return t.HistoryPage(p, t.HistoryView{Author: people[0], PostURL: "/post", Versions: []t.VersionView{
			{Created: t.When{At: now}, Caption: "<p>Fog on the ridge, at last.</p>", Photos: 1, Descriptions: []string{"Hills under a low sun"}},
			{Created: t.When{At: now.Add(-time.Hour)}, Caption: "<p>Fog</p>", Warning: "Heights", Photos: 1},
		}})
	})
	add("/mute", "Mute", true, func(p *t.Page) templ.Component {
		return t.MutePage(p, t.MuteView{Account: people[1], Times: []t.Option{{Value: "0", Label: "Until I end it"}, {Value: "24", Label: "A day"}}})
	})
	add("/notifications", "Notifications", true, func(p *t.Page) templ.Component {
		v := t.NotificationsView{FollowRequests: 2}
		post, covered := Post(0, 1), Post(4, 1)
		covered.Covered, covered.Warning = true, "Spiders"
		for i, k := range []t.NotificationKind{t.NotifyLike, t.NotifyComment, t.NotifyFollow, t.NotifyMention, t.NotifyRequest, t.NotifyFollowAccepted, t.NotifyBoost, t.NotifyPost, t.NotifyUpdate, t.NotifyAlbum, t.NotifyApproved, t.NotifyWaiting, t.NotifyAccount, t.NotifyAnnouncement} {
			n := t.NotificationView{ID: fmt.Sprint(i), Kind: k, Account: people[i%3], Created: t.When{At: now.Add(-time.Duration(i) * time.Hour)}, Unread: i < 3, URL: "/post", Post: &post}
			if k == t.NotifyComment || k == t.NotifyMention {
				n.Text, n.Post = "The fog looks as if it had been asked to wait.", &covered
			}
			if k == t.NotifyFollow || k == t.NotifyRequest || k == t.NotifyFollowAccepted {
				n.Post = nil
			}
			if k == t.NotifyAnnouncement {
				n.Text, n.Post = "Where do we meet?", nil
			}
			if k == t.NotifyAccount {
				n.Words, n.Post = "You are now a moderator of this site", nil
			}
			if k == t.NotifyLike {
				n.Before, n.Others = &people[1], 4
			}
			v.Items = append(v.Items, n)
		}
		return t.NotificationsPage(p, v)
	})
	add("/notifications/clear", "Notifications, clear all", true, func(p *t.Page) templ.Component { return t.NotificationsClearPage(p) })
	add("/notifications-part", "Notifications, a part", true, func(p *t.Page) templ.Component {
		return t.NotificationsPage(p, t.NotificationsView{Part: "boosts", Newest: Posts(0, 12)})
	})
	add("/notifications-empty", "Notifications, empty", true, func(p *t.Page) templ.Component {
		return t.NotificationsPage(p, t.NotificationsView{Newest: Posts(0, 12)})
	})
}

package sample

import (
	"fmt"
	"time"

	"github.com/a-h/templ"

	t "tintype/templates"
)

// Hostile is text that must never become markup.
const Hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// Pages are all pages in their states.
func Pages() []Page {
	var all []Page
	add := func(path, title string, member bool, make func(*t.Page) templ.Component) {
		all = append(all, Page{Path: path, Title: title, Make: func(a t.Assets) templ.Component { return make(base(a, path, member)) }})
	}
	posts(add)
	profiles(add)
	forms(add)
	settings(add)
	others(add)
	return all
}

type adder func(path, title string, member bool, make func(*t.Page) templ.Component)

func posts(add adder) {
	pager := t.Pager{OlderURL: "/older"}
	lead := Post(0, 1)
	add("/front", "Visitor front", false, func(p *t.Page) templ.Component {
		return t.FrontPage(p, t.FrontView{Lead: &lead, Grid: t.GridView{Posts: Posts(1, 20), Pager: pager}})
	})
	add("/front-empty", "Visitor front, empty and closed", false, func(p *t.Page) templ.Component {
		p.Site.RegistrationOpen, p.Site.MembersOnly = false, true
		return t.FrontPage(p, t.FrontView{})
	})
	add("/home", "Home", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Posts: Posts(0, 12), Pager: pager})
	})
	add("/home-empty", "Home, empty", true, func(p *t.Page) templ.Component { return t.HomePage(p, t.FeedView{}) })
	add("/explore", "Explore", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.GridView{Posts: Posts(0, 24), Pager: t.Pager{OlderURL: "/older-grid"}})
	})
	add("/older-grid", "Explore, second page", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.GridView{Posts: Posts(24, 13), Pager: t.Pager{NewerURL: "/explore"}})
	})
	add("/older", "Home, last page", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Posts: Posts(12, 5), Pager: t.Pager{NewerURL: "/home"}})
	})
	add("/explore-visitor", "Explore, visitor", false, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.GridView{Posts: Posts(3, 24)})
	})
	add("/explore-empty", "Explore, empty", true, func(p *t.Page) templ.Component { return t.ExplorePage(p, t.GridView{}) })
	add("/tag", "Tag", true, func(p *t.Page) templ.Component {
		return t.TagPage(p, t.TagView{Tag: "dawn", Grid: t.GridView{Posts: Posts(0, 7)}})
	})
	add("/search", "Search", true, func(p *t.Page) templ.Component {
		return t.SearchPage(p, t.SearchView{Query: "fog", People: persons(), Tags: []t.TagCount{{Name: "fog", URL: "/tags/fog", Posts: 12}, {Name: "foggymorning", URL: "/tags/foggymorning", Posts: 3}}, Grid: t.GridView{Posts: Posts(0, 9)}})
	})
	add("/search-none", "Search, nothing", true, func(p *t.Page) templ.Component { return t.SearchPage(p, t.SearchView{Query: Hostile}) })
	comments := []t.CommentView{
		{ID: "1", Author: people[2], Text: "<p>The fog looks as if it had been asked to wait.</p>", Created: t.When{At: now}, ReplyURL: "?reply=1#comment", CanRemove: true},
		{ID: "2", Author: people[0], ByAuthor: true, Text: "<p>It was. It did not.</p>", Reply: true, Created: t.When{At: now}, ReplyURL: "?reply=2", CanReport: true},
		{ID: "3", Author: people[1], Text: "<p>Magnifique. Et le café ?</p>", Reply: true, ReplyTo: "jo", Created: t.When{At: now}, ReplyURL: "?reply=3", CanReport: true},
		{ID: "4", Author: people[1], HiddenText: "This comment was removed.", Created: t.When{At: now}},
	}
	form := func(id string) *t.CommentForm { return &t.CommentForm{PostID: id, IdempotencyKey: "k", Max: 2000} }
	page := func(post t.PostView) t.PostPageView {
		post.Comments = len(comments)
		return t.PostPageView{Post: post, Comments: comments, Form: form(post.ID)}
	}
	add("/post", "Post", true, func(p *t.Page) templ.Component {
		post := Post(0, 1)
		post.Caption = long
		p.OpenGraph = &t.OpenGraph{Type: "article", Title: "x", URL: "http://localhost/post", ImageURL: "http://localhost/pic/0/1280.jpg", ImageWidth: 1280, ImageHeight: 853}
		return t.PostPage(p, page(post))
	})
	add("/post-ten", "Post, ten photographs", true, func(p *t.Page) templ.Component {
		post := Post(1, 10)
		post.Caption, post.Own, post.Visibility, post.LicenceName = long, true, "followers", ""
		for i := range post.Photos {
			post.Photos[i].OriginalURL = "/photos/" + post.Photos[i].ID + "/original"
		}
		return t.PostPage(p, page(post))
	})
	add("/post-covered", "Post under a warning", true, func(p *t.Page) templ.Component {
		post := Post(2, 3)
		post.Warning, post.Covered, post.ShowURL = "Spiders, close up, several of them and rather hairy", true, "/post-shown"
		return t.PostPage(p, page(post))
	})
	add("/post-shown", "Post under a warning, shown", true, func(p *t.Page) templ.Component {
		post := Post(2, 3)
		post.Warning = "Spiders, close up"
		return t.PostPage(p, page(post))
	})
	add("/post-visitor", "Post, visitor", false, func(p *t.Page) templ.Component {
		v := page(Post(3, 2))
		v.Form = nil
		return t.PostPage(p, v)
	})
	add("/lightbox", "Lightbox", true, func(p *t.Page) templ.Component { return t.LightboxPage(p, t.LightboxView{Post: Post(2, 4), Number: 2}) })
	add("/lightbox-covered", "Lightbox under a warning", true, func(p *t.Page) templ.Component {
		post := Post(2, 4)
		post.Warning, post.Covered = "Spiders", true
		return t.LightboxPage(p, t.LightboxView{Post: post, Number: 2})
	})
	add("/hostile", "Hostile text", true, func(p *t.Page) templ.Component {
		post := Post(0, 2)
		post.Author.DisplayName = Hostile
		post.Photos[0].Alt, post.Photos[1].Alt = Hostile, Hostile
		post.Photos[0].ColorTop = Hostile
		post.Photos[0].Exposure.Camera = Hostile
		post.LicenceURL = "javascript:alert(3)"
		p.Title, p.Description, p.Site.Name, p.Path = Hostile, Hostile, Hostile, "/"+Hostile
		p.Site.SourceURL = "javascript:alert(4)"
		f := form(post.ID)
		f.Text, f.InReplyToName, f.Errors = Hostile, Hostile, t.FieldErrors{{Field: "text", Message: Hostile}}
		return t.PostPage(p, t.PostPageView{Post: post, Form: f, Comments: []t.CommentView{{ID: "9", Author: post.Author, Text: "<p>fine</p>", Created: t.When{At: now}, ReplyURL: "?reply=9"}}})
	})
}

func profiles(add adder) {
	profile := func(n int) t.ProfileView {
		return t.ProfileView{Account: people[n], Bio: `<p>Mostly fog. Sometimes the <a href="/tags/lake">#lake</a> under it. I print on Sundays.</p>`, Fields: []t.ProfileField{{Name: "Camera", Value: "Fujifilm X-T5"}, {Name: "Website", Value: `<a href="https://example.org" rel="nofollow me">example.org</a>`}}, Counts: t.ProfileCounts{Posts: 1234, Followers: 1, Following: 56, Joined: t.When{At: now}}, Relation: relation(n), Grid: t.GridView{Posts: Posts(0, 17), Pager: t.Pager{OlderURL: "/older-grid"}}}
	}
	add("/profile", "Profile", true, func(p *t.Page) templ.Component {
		v := profile(0)
		v.HeaderURL = "/pic/6/1920.jpg"
		return t.ProfilePage(p, v)
	})
	add("/profile-locked", "Profile, locked, long name", true, func(p *t.Page) templ.Component { return t.ProfilePage(p, profile(1)) })
	add("/profile-own", "Profile, own and empty", true, func(p *t.Page) templ.Component {
		v := profile(2)
		v.Grid = t.GridView{}
		return t.ProfilePage(p, v)
	})
	add("/profile-visitor", "Profile, visitor", false, func(p *t.Page) templ.Component {
		v := profile(0)
		v.Relation = t.RelationView{Account: people[0]}
		return t.ProfilePage(p, v)
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
	add("/notifications", "Notifications", true, func(p *t.Page) templ.Component {
		v := t.NotificationsView{FollowRequests: 2}
		post, covered := Post(0, 1), Post(4, 1)
		covered.Covered, covered.Warning = true, "Spiders"
		for i, k := range []t.NotificationKind{t.NotifyLike, t.NotifyComment, t.NotifyFollow, t.NotifyMention, t.NotifyRequest, t.NotifyFollowAccepted} {
			n := t.NotificationView{ID: fmt.Sprint(i), Kind: k, Account: people[i%3], Created: t.When{At: now.Add(-time.Duration(i) * time.Hour)}, Unread: i < 3, URL: "/post", Post: &post}
			if k == t.NotifyComment || k == t.NotifyMention {
				n.Text, n.Post = "The fog looks as if it had been asked to wait.", &covered
			}
			if k == t.NotifyFollow || k == t.NotifyRequest || k == t.NotifyFollowAccepted {
				n.Post = nil
			}
			v.Items = append(v.Items, n)
		}
		return t.NotificationsPage(p, v)
	})
	add("/notifications-empty", "Notifications, empty", true, func(p *t.Page) templ.Component { return t.NotificationsPage(p, t.NotificationsView{}) })
}

func forms(add adder) {
	add("/login", "Log in, refused", false, func(p *t.Page) templ.Component {
		return t.LoginPage(p, t.LoginView{Name: "ada", Return: "/compose", Notice: "Log in to go on. What you entered is kept.", Errors: t.FieldErrors{{Field: "password", Message: "That name and password do not match."}}})
	})
	add("/signup", "Sign up, refused", false, func(p *t.Page) templ.Component {
		return t.SignupPage(p, t.SignupView{Name: "ada", Email: "a@", Rules: []string{"Be kind.", "Post what is yours."}, Errors: t.FieldErrors{{Field: "name", Message: "That name is taken."}, {Field: "agree", Message: "Agree to the rules to sign up."}}})
	})
	add("/signup-closed", "Sign up, closed", false, func(p *t.Page) templ.Component { return t.SignupClosedPage(p) })
	add("/forgot-password", "Forgot password", false, func(p *t.Page) templ.Component { return t.ForgotPage(p) })
	add("/link", "One-time link", false, func(p *t.Page) templ.Component { return t.LinkPage(p, t.LinkView{Action: "/links/x", Name: "ada"}) })
	add("/link-invite", "Invitation", false, func(p *t.Page) templ.Component {
		return t.LinkPage(p, t.LinkView{Action: "/links/x", Invite: true, Rules: []string{"Be kind."}})
	})
	add("/claim", "First administrator", false, func(p *t.Page) templ.Component { return t.ClaimPage(p, t.ClaimView{Action: "/claim/x"}) })
	add("/authorize", "Allow an application", true, func(p *t.Page) templ.Component {
		return t.AuthorizePage(p, t.AuthorizeView{Action: "/oauth/authorize", AppName: "Tusky", AppWebsite: "https://tusky.app", RedirectTo: "tusky.app", Scopes: []string{"Read what you may see", "Post, like, comment and follow for you"}, Hidden: []t.HiddenField{{Name: "client_id", Value: "x"}}})
	})
	add("/authorize-code", "Out-of-band code", true, func(p *t.Page) templ.Component {
		return t.AuthorizeCodePage(p, t.AuthorizeCodeView{AppName: "toot", Code: "Zm9nIG9uIHRoZSByaWRnZQ-0123456789"})
	})
	add("/confirm", "Confirm", true, func(p *t.Page) templ.Component {
		return t.ConfirmPage(p, t.ConfirmView{Action: "/posts/1/like", Question: "Like this photograph by Ada?", Verb: "Like", Cancel: "/post"})
	})
	compose := func() t.ComposeView {
		return t.ComposeView{CaptionMax: 2000, Visibility: "public", Licences: licences(), ShowExif: true, IdempotencyKey: "k", MaxPhotos: 10, MaxBytes: 40_000_000, Limit: "40 MB and 100 megapixels", Accept: "image/jpeg,image/png,image/webp,image/gif", KeepOriginals: true, HEICHelp: "This site cannot read HEIC. On an iPhone, choose the photo from the photo library."}
	}
	add("/compose", "Post, page one", true, func(p *t.Page) templ.Component { return t.ComposePage(p, compose()) })
	add("/draft", "Post, the draft in every state", true, func(p *t.Page) templ.Component {
		v := compose()
		states := []t.PhotoState{t.PhotoReady, t.PhotoReady, t.PhotoPreparing, t.PhotoRefused, t.PhotoInterrupted, t.PhotoWaiting, t.PhotoUploading}
		for i, s := range states {
			ph := Photo(i, "d")
			d := t.DraftPhotoView{ID: fmt.Sprint(i + 1), Name: fmt.Sprintf("IMG_%d.jpg", 2041+i), State: s, Width: ph.Width, Height: ph.Height, ColorTop: ph.ColorTop, ColorBottom: ph.ColorBottom, Meta: fmt.Sprintf("%d × %d  35 mm  f/1.8", ph.Width, ph.Height)}
			if s == t.PhotoReady {
				d.PreviewURL = ph.Sources[0].URL
				d.Description = []string{"Hills under a low sun", ""}[i%2]
			}
			if s == t.PhotoRefused {
				d.Error, d.Meta, d.Width = "IMG_2044.jpg ends halfway and cannot be read. Export it again, or post without it.", "", 0
			}
			if i == 1 {
				d.Note = "The file is animated. Only its first frame was kept."
			}
			v.Photos = append(v.Photos, d)
		}
		v.Errors = t.FieldErrors{{Field: "caption", Message: "The caption is 12 characters too long."}, {Field: "description-2", Message: "This description is too long."}}
		v.Caption = "On the ridge before #dawn, with @jo and too little coffee."
		return t.ComposePage(p, v)
	})
	add("/edit", "Edit", true, func(p *t.Page) templ.Component {
		post := Post(0, 2)
		v := t.PostEditView{Post: post, Caption: "Fog on the ridge.", CaptionMax: 2000, Licences: licences(), ShowExif: true}
		for _, ph := range post.Photos {
			v.Photos = append(v.Photos, t.EditPhoto{Photo: ph, Description: ph.Alt, FocusX: -1, FocusY: 1})
		}
		return t.PostEditPage(p, v)
	})
	add("/delete", "Delete a post", true, func(p *t.Page) templ.Component {
		return t.DeletePage(p, t.DeleteView{ID: "1", Photos: 4, Comments: 12, Return: "/post"})
	})
	add("/delete-comment", "Remove a comment", true, func(p *t.Page) templ.Component {
		return t.DeletePage(p, t.DeleteView{ID: "1", Comment: true, Text: "<p>No.</p>", Return: "/post"})
	})
	add("/report", "Report", true, func(p *t.Page) templ.Component {
		return t.ReportPage(p, t.ReportView{Action: "/posts/1/report", What: "this post by @ada", Reasons: []t.Option{{Value: "spam", Label: "Spam"}, {Value: "violation", Label: "It breaks a rule"}, {Value: "other", Label: "Something else"}}, Errors: t.FieldErrors{{Field: "reason", Message: "Choose what is wrong."}}})
	})
}

func settings(add adder) {
	add("/settings", "Settings", true, func(p *t.Page) templ.Component { return t.SettingsIndexPage(p) })
	add("/settings/profile", "Settings: profile", true, func(p *t.Page) templ.Component {
		p.Flash = &t.Flash{Text: "Saved."}
		return t.SettingsProfilePage(p, t.SettingsProfileView{DisplayName: "Jo", Bio: "Here since the beginning.", BioMax: 500, HasAvatar: true, AvatarURL: "/pic/1/400s.jpg", MaxDisplayName: 30})
	})
	add("/settings/account", "Settings: account", true, func(p *t.Page) templ.Component {
		return t.SettingsAccountPage(p, t.SettingsAccountView{Name: "jo", Email: "jo@example.org", Errors: t.FieldErrors{{Field: "current_password", Message: "That is not your password."}}})
	})
	add("/settings/posting", "Settings: posting", true, func(p *t.Page) templ.Component {
		return t.SettingsPostingPage(p, t.SettingsPostingView{Visibility: "unlisted", Licences: licences(), ShowExif: true})
	})
	add("/settings/viewing", "Settings: viewing", true, func(p *t.Page) templ.Component {
		return t.SettingsViewingPage(p, t.SettingsViewingView{Warnings: "ask", Theme: "system", Letters: true})
	})
	add("/settings/sessions", "Settings: sessions", true, func(p *t.Page) templ.Component {
		return t.SettingsSessionsPage(p, t.SettingsSessionsView{Sessions: []t.SessionView{{ID: "1", Current: true, Device: "Firefox on Linux", Address: "203.0.113.7", Created: t.When{At: now}, Seen: t.When{At: now}}, {ID: "2", Device: "Safari on iPhone", Created: t.When{At: now}, Seen: t.When{At: now}}}})
	})
	add("/settings/applications", "Settings: applications", true, func(p *t.Page) templ.Component {
		return t.SettingsApplicationsPage(p, t.SettingsApplicationsView{Applications: []t.ApplicationView{{ID: "1", Name: "Tusky", Website: "https://tusky.app", Scopes: []string{"Read what you may see", "Post for you"}, Created: t.When{At: now}, Used: t.When{At: now}}}})
	})
	add("/settings/applications-empty", "Settings: no applications", true, func(p *t.Page) templ.Component { return t.SettingsApplicationsPage(p, t.SettingsApplicationsView{}) })
	add("/settings/blocks", "Settings: blocks", true, func(p *t.Page) templ.Component {
		v := persons()[:1]
		v[0].Relation = t.RelationView{Account: people[0], Blocking: true}
		v[0].CanRemove = false
		return t.SettingsBlocksPage(p, t.SettingsBlocksView{People: v})
	})
	add("/settings/delete", "Settings: delete", true, func(p *t.Page) templ.Component {
		return t.SettingsDeletePage(p, t.SettingsDeleteView{Name: "jo", Posts: 12, Photos: 31})
	})
}

func others(add adder) {
	row := func(n int) t.ReportRow {
		return t.ReportRow{ID: fmt.Sprint(n), URL: "/admin/report", Reason: "It breaks a rule", About: people[n%3], Reporter: people[(n+1)%3], Created: t.When{At: now}}
	}
	add("/admin/reports", "Reports", true, func(p *t.Page) templ.Component {
		return t.AdminReportsPage(p, t.AdminReportsView{Reports: []t.ReportRow{row(0), row(1), row(2)}, OpenURL: "/admin/reports", ClosedURL: "/admin/reports?closed=1"})
	})
	add("/admin/reports-empty", "Reports, none", true, func(p *t.Page) templ.Component {
		return t.AdminReportsPage(p, t.AdminReportsView{OpenURL: "/admin/reports", ClosedURL: "/admin/reports?closed=1"})
	})
	add("/admin/report", "A report", true, func(p *t.Page) templ.Component {
		post := Post(0, 1)
		return t.AdminReportPage(p, t.AdminReportView{Report: row(0), Text: "This is my photograph.", Post: &post})
	})
	statuses(add)
	add("/about", "About", false, func(p *t.Page) templ.Component {
		return t.AboutPage(p, t.AboutView{Members: 54, Posts: 12345, Version: "tintype 0.1"})
	})
	add("/rules", "Rules", false, func(p *t.Page) templ.Component {
		return t.RulesPage(p, t.RulesView{Rules: []string{"Be kind.", "Post what is yours."}})
	})
	add("/privacy", "Privacy", false, func(p *t.Page) templ.Component {
		return t.PrivacyPage(p, t.PrivacyView{KeepOriginals: true, DraftHours: 24})
	})
	add("/contact", "Contact", false, func(p *t.Page) templ.Component { return t.ContactPage(p) })
	for _, s := range []int{403, 404, 413, 422, 429, 500, 503} {
		add(fmt.Sprintf("/error-%d", s), fmt.Sprintf("Error %d", s), s%2 == 1, func(p *t.Page) templ.Component { p.ReadOnly = s == 503; return t.ErrorPage(p, t.ErrorView{Status: s}) })
	}
}

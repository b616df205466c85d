package sample

import (
	"fmt"

	"github.com/a-h/templ"

	"tintype/internal/lang"
	t "tintype/templates"
)

// Hostile is text that must never become markup.
const Hostile = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// Pages are all pages in their states, in English.
func Pages() []Page { return PagesIn(nil) }

// PagesIn are all pages in a language.
func PagesIn(l *lang.Language) []Page {
	var all []Page
	add := func(path, title string, member bool, make func(*t.Page) templ.Component) {
		with := func(a t.Assets, change func(*t.Page)) templ.Component {
			p := base(a, path, member)
			p.Lang = l
			change(p)
			return make(p)
		}
		all = append(all, Page{Path: path, Title: title, With: with, Make: func(a t.Assets) templ.Component { return with(a, func(*t.Page) {}) }})
	}
	posts(add)
	albums(add)
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
	add("/home-empty", "Home, empty", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Welcome: &t.WelcomeView{People: suggested(), Tags: tagged(), Steps: true}})
	})
	add("/explore", "Explore", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Grid: t.GridView{Posts: Posts(0, 24), Pager: t.Pager{OlderURL: "/older-grid"}}})
	})
	add("/older-grid", "Explore, second page", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Grid: t.GridView{Posts: Posts(24, 13), Pager: t.Pager{NewerURL: "/explore"}}})
	})
	add("/explore-ended", "Explore, past its end", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Grid: t.GridView{Pager: t.Pager{FirstURL: "/explore"}}})
	})
	add("/home-filtered", "Home, all of it filtered", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Pager: t.Pager{OlderURL: "/older", AllHidden: true}})
	})
	add("/older", "Home, last page", true, func(p *t.Page) templ.Component {
		return t.HomePage(p, t.FeedView{Posts: Posts(12, 5), Pager: t.Pager{NewerURL: "/home"}})
	})
	add("/explore-visitor", "Explore, visitor", false, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Grid: t.GridView{Posts: Posts(3, 24)}})
	})
	add("/explore-empty", "Explore, empty", true, func(p *t.Page) templ.Component { return t.ExplorePage(p, t.ExploreView{Grid: t.GridView{}}) })
	add("/bookmarks", "Bookmarks", true, func(p *t.Page) templ.Component {
		return t.MarkedPage(p, t.MarkedView{Kind: t.MarkedBookmarks, Grid: t.GridView{Posts: Posts(0, 9)}})
	})
	add("/boosts", "Boosts, none", true, func(p *t.Page) templ.Component {
		return t.MarkedPage(p, t.MarkedView{Kind: t.MarkedBoosts, Grid: t.GridView{Newest: Posts(0, 12)}})
	})
	add("/likes", "Likes, none", true, func(p *t.Page) templ.Component {
		return t.MarkedPage(p, t.MarkedView{Kind: t.MarkedLikes, Grid: t.GridView{Newest: Posts(3, 12)}})
	})
	add("/explore/tags", "Explore, tags", false, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Kind: t.ExploreTags, Tags: tagged()})
	})
	add("/people", "Explore, people", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Kind: t.ExplorePeople, People: suggested(), Pager: t.Pager{OlderURL: "/people"}})
	})
	add("/explore/popular", "Explore, nothing popular", true, func(p *t.Page) templ.Component {
		return t.ExplorePage(p, t.ExploreView{Kind: t.ExplorePopular, Grid: t.GridView{Newest: Posts(0, 12)}})
	})
	add("/tag", "Tag", true, func(p *t.Page) templ.Component {
		return t.TagPage(p, t.TagView{Tag: "dawn", Grid: t.GridView{Posts: Posts(0, 7)}})
	})
	add("/search", "Search", true, func(p *t.Page) templ.Component {
		return t.SearchPage(p, t.SearchView{Query: "fog", People: persons(), Tags: []t.TagCount{{Name: "fog", URL: "/tags/fog", Posts: 12}, {Name: "foggymorning", URL: "/tags/foggymorning", Posts: 3}}, Grid: t.GridView{Posts: Posts(0, 9)}})
	})
	add("/search-wrong", "Search, a date that is none", true, func(p *t.Page) templ.Component {
		return t.SearchPage(p, t.SearchView{Query: "fog before:yesterday", Error: "Write a date after before:, such as 2026-05-01, 2026-05 or 2026.", Newest: Posts(3, 9)})
	})
	add("/search-people", "Search, no photographs", true, func(p *t.Page) templ.Component {
		return t.SearchPage(p, t.SearchView{Query: "jo", People: persons()[:1]})
	})
	add("/search-new", "Search, before anything is asked", true, func(p *t.Page) templ.Component { return t.SearchPage(p, t.SearchView{}) })
	add("/search-none", "Search, nothing", true, func(p *t.Page) templ.Component {
		return t.SearchPage(p, t.SearchView{Query: Hostile, Newest: Posts(3, 9)})
	})
	comments := []t.CommentView{
		{ID: "1", Author: people[2], Text: "<p>The fog looks as if it had been asked to wait.</p>", Created: t.When{At: now}, ReplyURL: "?reply=1#comment", CanRemove: true, Likes: 3, Liked: true},
		{ID: "2", Author: people[0], ByAuthor: true, EditURL: "/posts/2/edit", Text: "<p>It was. It did not.</p>", Reply: true, Created: t.When{At: now}, ReplyURL: "?reply=2", CanReport: true},
		{ID: "3", Author: people[1], Text: "<p>Magnifique. Et le café ?</p>", Reply: true, ReplyTo: "jo", Created: t.When{At: now}, ReplyURL: "?reply=3", CanReport: true},
		{ID: "5", Author: people[2], Text: "<p>Mine from the same morning.</p>", Photos: Post(7, 3).Photos, Edited: true, Created: t.When{At: now}, ReplyURL: "?reply=5"},
		{ID: "6", Author: people[1], Warning: "Spiders, close up", Covered: true, ShowURL: "?show=6#c-6", Text: "<p>This one lives there.</p>", Photos: Post(8, 2).Photos, Created: t.When{At: now}, CanReport: true},
		{ID: "7", Author: people[0], Filtered: "Legs", Covered: true, ShowURL: "?show=7#c-7", Photos: Post(9, 1).Photos, Created: t.When{At: now}},
		{ID: "4", Author: people[1], HiddenText: "This comment was removed.", Created: t.When{At: now}},
	}
	form := func(id string) *t.CommentForm { return &t.CommentForm{PostID: id, IdempotencyKey: "k", Max: 2000} }
	page := func(post t.PostView) t.PostPageView {
		post.Comments = len(comments)
		return t.PostPageView{Post: post, Comments: comments, Form: form(post.ID), OlderURL: "/post-ten", ShareURL: "http://localhost" + post.URL}
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
	add("/post-three", "Post, three photographs", true, func(p *t.Page) templ.Component { return t.PostPage(p, page(Post(2, 3))) })
	add("/likes-of", "Who likes a post", false, func(p *t.Page) templ.Component {
		return t.LikesPage(p, t.LikesView{Post: Post(0, 1), People: persons()})
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
	add("/post-own", "Post of one's own, closed to all but followers", true, func(p *t.Page) templ.Component {
		v := page(Post(0, 1))
		v.Post.Own, v.CommentsFrom = true, "followers"
		return t.PostPage(p, v)
	})
	add("/post-closed", "Post whose comments are closed", true, func(p *t.Page) templ.Component {
		v := page(Post(0, 1))
		v.Form, v.NoComment = nil, "The author has closed the comments on this post."
		for i := range v.Comments {
			v.Comments[i].ReplyURL = ""
		}
		return t.PostPage(p, v)
	})
	add("/post-closed-meanwhile", "Comment refused: the post was closed meanwhile", true, func(p *t.Page) templ.Component {
		v := page(Post(0, 1))
		v.NoComment = "The author has closed the comments on this post."
		v.Form.Text, v.Form.Errors = "Where was that taken?", t.FieldErrors{{Field: "text", Message: v.NoComment}}
		return t.PostPage(p, v)
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

func forms(add adder) {
	add("/login", "Log in, refused", false, func(p *t.Page) templ.Component {
		return t.LoginPage(p, t.LoginView{Name: "ada", Return: "/compose", Notice: "Log in to go on. What you entered is kept.", Errors: t.FieldErrors{{Field: "password", Message: "That name and password do not match."}}})
	})
	add("/signup", "Sign up, refused", false, func(p *t.Page) templ.Component {
		return t.SignupPage(p, t.SignupView{Name: "ada", Email: "a@", Rules: []string{"Be kind.", "Post what is yours."}, Errors: t.FieldErrors{{Field: "name", Message: "That name is taken."}, {Field: "agree", Message: "Agree to the rules to sign up."}}})
	})
	add("/signup-closed", "Sign up, closed", false, func(p *t.Page) templ.Component { return t.SignupClosedPage(p) })
	add("/forgot-password", "Forgot password", false, func(p *t.Page) templ.Component { return t.ForgotPage(p) })
	add("/forgot-password-mail", "Forgot password, by mail", false, func(p *t.Page) templ.Component { return t.ForgotMailPage(p, t.ForgotMailView{}) })
	add("/forgot-password-sent", "Forgot password, sent", false, func(p *t.Page) templ.Component {
		return t.ForgotMailPage(p, t.ForgotMailView{Email: "ada@example.org", Sent: true})
	})
	for _, kind := range []string{"verify", "change", "undo", "notices", "digest"} {
		add("/mail-"+kind, "Link in a mail: "+kind, false, func(p *t.Page) templ.Component {
			return t.MailLinkPage(p, t.MailLinkView{Action: "/mail/x", Kind: kind, Name: "ada", Email: "ada@example.org"})
		})
	}
	add("/mail-reset", "Link in a mail: new password", false, func(p *t.Page) templ.Component {
		return t.MailLinkPage(p, t.MailLinkView{Action: "/mail/x", Kind: "reset", Name: "ada", Errors: t.FieldErrors{{Field: "password", Message: p.T("The password needs at least %d characters.", 8)}}})
	})
	add("/mail-done", "Link in a mail, done", false, func(p *t.Page) templ.Component {
		return t.MailDonePage(p, t.MailDoneView{Title: p.T("Confirmed"), Text: p.T("%s is the address of @%s.", "ada@example.org", "ada"), LinkURL: "/", LinkText: p.T("Home")})
	})
	add("/mail-over", "Link in a mail, over", false, func(p *t.Page) templ.Component { return t.MailOverPage(p) })
	for _, why := range []string{"used", "ended", "over", "closed", "claimed", "unknown"} {
		add("/link-over-"+why, "Link that works no more: "+why, false, func(p *t.Page) templ.Component { return t.LinkOverPage(p, t.LinkOverView{Why: why}) })
	}
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
		return t.ComposeView{Albums: []t.Option{{Label: "None"}, {Value: "1", Label: "An outing"}, {Value: "2", Label: "Doors of the old town (by Sofia Lindqvist)"}}, CaptionMax: 2000, Visibility: "public", Licences: licences(), ShowExif: true, IdempotencyKey: "k", MaxPhotos: 10, MaxDraft: 12, MaxBytes: 40_000_000, Limit: "40 MB and 100 megapixels", Accept: "image/jpeg,image/png,image/webp,image/gif", KeepOriginals: true, HEICHelp: "This site cannot read HEIC. On an iPhone, choose the photo from the photo library."}
	}
	add("/compose", "Post, page one", true, func(p *t.Page) templ.Component { return t.ComposePage(p, compose()) })
	add("/draft", "Post, the draft in every state", true, func(p *t.Page) templ.Component {
		v := compose()
		states := []t.PhotoState{t.PhotoReady, t.PhotoReady, t.PhotoPreparing, t.PhotoRefused, t.PhotoInterrupted, t.PhotoWaiting, t.PhotoUploading}
		for i, s := range states {
			ph := Photo(i, "d")
			d := t.DraftPhotoView{ID: fmt.Sprint(i + 1), Name: fmt.Sprintf("IMG_%d.jpg", 2041+i), State: s, Width: ph.Width, Height: ph.Height, ColorTop: ph.ColorTop, ColorBottom: ph.ColorBottom, Meta: fmt.Sprintf("%d × %d  35 mm  f/1.8", ph.Width, ph.Height)}
			if s == t.PhotoReady {
				d.PreviewURL = ph.Sources[1].URL
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
		for i, d := range []t.DraftPhotoView{v.Photos[0], v.Photos[3]} { // from an application
			d.ID = fmt.Sprint(31 + i)
			v.Waiting = append(v.Waiting, d)
		}
		v.Caption = "On the ridge before #dawn, with @jo and too little coffee."
		return t.ComposePage(p, v)
	})
	add("/edit", "Edit", true, func(p *t.Page) templ.Component {
		post := Post(0, 2)
		v := t.PostEditView{Post: post, Caption: "Fog on the ridge.", CaptionMax: 2000, Licences: licences(), ShowExif: true, MaxPhotos: 10, MaxBytes: 40_000_000, Limit: "40 MB and 100 megapixels", Accept: "image/jpeg", HEIC: true}
		for _, ph := range post.Photos {
			v.Photos = append(v.Photos, t.DraftPhotoView{ID: ph.ID, Name: "IMG_" + ph.ID + ".jpg", State: t.PhotoReady, Attached: true, PreviewURL: ph.Sources[1].URL, Width: ph.Width, Height: ph.Height, Description: ph.Alt, FocusX: -1, FocusY: 1})
		}
		return t.PostEditPage(p, v)
	})
	add("/delete", "Delete a post", true, func(p *t.Page) templ.Component {
		return t.DeletePage(p, t.DeleteView{Action: "/posts/1/delete", Photos: 4, Comments: 12, Return: "/post"})
	})
	add("/delete-removal", "Delete a post, by a moderator", true, func(p *t.Page) templ.Component {
		return t.DeletePage(p, t.DeleteView{Action: "/posts/1/delete", Photos: 2, Comments: 3, Return: "/", Removes: people[0].Name, Words: Hostile, Errors: t.FieldErrors{{Field: "reason", Message: "Say why."}}})
	})
	add("/delete-comment", "Remove a comment", true, func(p *t.Page) templ.Component {
		return t.DeletePage(p, t.DeleteView{Action: "/posts/1/delete", Comment: true, Text: "<p>No.</p>", Return: "/post"})
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
	add("/settings/notifications", "Settings: notifications", true, func(p *t.Page) templ.Component {
		return t.SettingsNotificationsPage(p, t.SettingsNotificationsView{Key: "BAAA", On: true, ByMail: true, Digest: true, Choices: notificationChoices(), Devices: []t.PushDeviceView{
			{ID: "1", Name: "Firefox on Linux", Current: true, Created: t.When{At: now}}, {ID: "2", Name: "Ice Cubes", App: true, Created: t.When{At: now}},
		}})
	})
	add("/settings/notifications-off", "Settings: notifications, no push", true, func(p *t.Page) templ.Component {
		return t.SettingsNotificationsPage(p, t.SettingsNotificationsView{Key: "BAAA", Confirm: true, Choices: notificationChoices()})
	})
	add("/settings/two-factors", "Settings: second factor", true, func(p *t.Page) templ.Component {
		return t.SettingsTwoFactorsPage(p, t.SettingsTwoFactorsView{Codes: 9, Passkeys: true, Factors: []t.FactorView{{ID: "1", Name: "Ada’s phone", Created: t.When{At: now}, Used: t.When{At: now}}, {ID: "2", Name: "The old tablet on the shelf", Created: t.When{At: now}}}})
	})
	add("/settings/two-factors-none", "Settings: no second factor", true, func(p *t.Page) templ.Component {
		return t.SettingsTwoFactorsPage(p, t.SettingsTwoFactorsView{Required: true})
	})
	add("/settings/two-factors/app", "Settings: set up an authenticator app", true, func(p *t.Page) templ.Component {
		return t.TOTPFormPage(p, t.TOTPFormView{Size: 29, Path: "M4 4h7v1h-7zM4 10h7v1h-7zM18 4h7v1h-7zM18 10h7v1h-7zM4 18h7v1h-7zM13 13h3v3h-3z", Secret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", Setup: "x", Errors: t.FieldErrors{{Field: "code", Message: p.T("That is not the current code. Is the clock of your device right?")}}})
	})
	add("/settings/two-factors/codes-new", "Settings: recovery codes", true, func(p *t.Page) templ.Component {
		return t.RecoveryCodesPage(p, []string{"mzxw-6ytb-oi2d-gnbv", "onsw-g4tf-orrg-mzxw", "nbsw-y3dp-eb3w-64tm"})
	})
	add("/settings/two-factors/codes", "Settings: new recovery codes", true, func(p *t.Page) templ.Component {
		p.ConfirmByPasskey = true
		return t.FactorPasswordPage(p, t.FactorPasswordView{Kind: "codes", Action: "/settings/two-factors/codes"})
	})
	add("/settings/two-factors/1/remove", "Settings: remove a second factor", true, func(p *t.Page) templ.Component {
		return t.FactorPasswordPage(p, t.FactorPasswordView{Kind: "remove", Name: "Ada’s phone", Action: "/settings/two-factors/1/remove", Errors: t.FieldErrors{{Field: "current_password", Message: p.T("That is not your password.")}}})
	})
	add("/login-second", "Log in, second factor", false, func(p *t.Page) templ.Component {
		return t.SecondFactorPage(p, t.SecondFactorView{Return: "/", Errors: t.FieldErrors{{Field: "code", Message: p.T("That code is wrong, or has already been used.")}}})
	})
	add("/admin/two-factors", "Admin: remove second factors away", true, func(p *t.Page) templ.Component {
		return t.AdminTwoFactorsPage(p, t.AdminTwoFactorsView{Name: "jo", Errors: t.FieldErrors{{Field: "reason", Message: p.T("Say why.")}}})
	})
	add("/settings/sessions", "Settings: sessions", true, func(p *t.Page) templ.Component {
		return t.SettingsSessionsPage(p, t.SettingsSessionsView{Sessions: []t.SessionView{{ID: "1", Current: true, Device: "Firefox on Linux", Address: "203.0.113.7", Created: t.When{At: now}, Seen: t.When{At: now}}, {ID: "2", Device: "Safari on iPhone", Created: t.When{At: now}, Seen: t.When{At: now}}},
			Applications: []t.ApplicationView{{ID: "1", Name: "Tusky", Website: "https://tusky.app", Scopes: []string{"Read what you may see", "Post for you"}, Created: t.When{At: now}, Used: t.When{At: now}, Address: "192.0.2.9"}}})
	})
	add("/settings/sessions-one", "Settings: one session", true, func(p *t.Page) templ.Component {
		return t.SettingsSessionsPage(p, t.SettingsSessionsView{Sessions: []t.SessionView{{ID: "1", Current: true, Device: "Firefox on Linux", Created: t.When{At: now}, Seen: t.When{At: now}}}})
	})
	add("/settings/blocks", "Settings: blocks", true, func(p *t.Page) templ.Component {
		v := persons()[:1]
		v[0].Relation = t.RelationView{Account: people[0], Blocking: true}
		v[0].CanRemove = false
		return t.SettingsBlocksPage(p, t.SettingsBlocksView{People: v})
	})
	add("/settings/mutes", "Settings: mutes", true, func(p *t.Page) templ.Component {
		v := persons()[:2]
		v[0].Bio = "Muted until 24 Dec 2026, 15:04 UTC"
		return t.SettingsMutesPage(p, t.SettingsMutesView{People: v})
	})
	add("/settings/mutes/conversations", "Settings: muted conversations", true, func(p *t.Page) templ.Component {
		return t.SettingsConversationsPage(p, t.SettingsConversationsView{Posts: Posts(0, 3)})
	})
	add("/settings/mutes/conversations-none", "Settings: muted conversations, none", true, func(p *t.Page) templ.Component {
		return t.SettingsConversationsPage(p, t.SettingsConversationsView{})
	})
	add("/ask", "Moderation, asked once more", true, func(p *t.Page) templ.Component {
		return t.AskPage(p, t.AskView{
			Section: "admin", Question: "Suspend @jo?", Button: "Suspend", Action: "/admin/members/jo/decide", Back: "/admin/members/jo",
			Consequence: "Nobody sees the account, its photographs and comments until the suspension ends. The member is told why, can answer, download everything and leave.",
			Shown:       []t.HiddenField{{Name: "Words to the member", Value: "Enough for now."}, {Name: "Reason", Value: "rude at the walk"}},
		})
	})
	places := []t.FilterPlace{{Name: "home", Label: "Home and lists", On: true}, {Name: "public", Label: "Explore, tags and search"}}
	filter := t.FilterForm{URL: "/settings/filters", Title: "Spiders", Words: "spider\ntarantula", Whole: true, Places: places, Ends: "0", EndsIn: []t.Option{{Value: "0", Label: "Until I delete it"}}}
	add("/settings/filters", "Settings: filters", true, func(p *t.Page) templ.Component {
		return t.SettingsFiltersPage(p, t.SettingsFiltersView{Filters: []t.FilterRow{{Title: "Spiders", URL: "/settings/filters/1", What: "Covers spider, tarantula, 2 posts"}}, Form: filter})
	})
	add("/settings/filters/1", "Settings: a filter", true, func(p *t.Page) templ.Component {
		refused := filter
		refused.Posts = []t.FilterPostView{{ID: "1", Words: "@jo, 24 Dec 2026", URL: "/post"}, {ID: "2", Words: "A post that you can no longer see", Drop: true}}
		refused.Title, refused.Errors = "", t.FieldErrors{{Field: "title", Message: "A filter needs a name."}}
		return t.SettingsFilterPage(p, t.SettingsFilterView{Title: "Spiders", URL: "/settings/filters/1", Form: refused})
	})
	list := t.ListRow{ID: "1", Title: "Close friends", URL: "/lists/1", Exclusive: true, On: true}
	add("/lists", "Lists", true, func(p *t.Page) templ.Component {
		return t.ListsPage(p, t.ListsView{Lists: []t.ListRow{list, {ID: "2", Title: "Club", URL: "/lists/2"}}, TitleMax: 100})
	})
	add("/lists/1/edit", "Lists: edit", true, func(p *t.Page) templ.Component {
		return t.ListEditPage(p, t.ListEditView{List: list, TitleMax: 100, People: persons()[:2]})
	})
	add("/lists/1", "Lists: a feed", true, func(p *t.Page) templ.Component { return t.ListPage(p, t.ListView{List: list, Newest: Posts(0, 12)}) })
	add(people[0].URL+"/lists", "Lists with a person", true, func(p *t.Page) templ.Component {
		return t.PersonListsPage(p, t.PersonListsView{Account: people[0], Lists: []t.ListRow{list, {ID: "2", Title: "Club"}}})
	})
	add("/settings/tags", "Settings: followed tags", true, func(p *t.Page) templ.Component {
		return t.SettingsTagsPage(p, t.SettingsTagsView{Tags: []t.TagCount{{Name: "dawn", URL: "/tags/dawn"}}})
	})
	add("/settings/tags-none", "Settings: followed tags, none", true, func(p *t.Page) templ.Component {
		return t.SettingsTagsPage(p, t.SettingsTagsView{Used: tagged()})
	})
	add("/lists-none", "Lists, none", true, func(p *t.Page) templ.Component { return t.ListsPage(p, t.ListsView{TitleMax: 100}) })
	for _, v := range []t.SettingsExportView{
		{}, {State: "failed"}, {State: "working", Done: 120, Total: 431},
		{State: "ready", Made: t.When{At: now}, Expires: "7 December 2026", Missing: 1, Parts: []t.DownloadView{
			{URL: "/settings/export/1/1", Label: "Part 1 of 2", Size: "1.1 GB"}, {URL: "/settings/export/1/2", Label: "Part 2 of 2", Size: "312.4 MB"},
		}},
	} {
		name := "/settings/export"
		if v.State != "" {
			name += "-" + v.State
		}
		add(name, "Settings: export, "+v.State, true, func(p *t.Page) templ.Component { return t.SettingsExportPage(p, v) })
	}
	left := []t.LeftView{{Count: 12, Why: "videos, which this site does not show"}, {Count: 3, Why: "HEIC or AVIF, which this site cannot read: convert them to JPEG and import those"}}
	for _, v := range []t.SettingsImportView{
		{}, {State: "uploading", Ready: true, Files: []t.ImportFileView{{Name: "takeout-20261130-001.zip", Size: "2.1 GB", Whole: true}}}, {State: "scanning"},
		{State: "found", Source: "an archive of Google Photos", Posts: 431, Photos: 431, Left: left, Albums: []string{"Iceland", "The pier"},
			Years: []t.YearCount{{Year: "2026", Count: 130}, {Year: "2025", Count: 290}, {Year: "Without a date", Count: 11}}},
		{State: "working", Done: 120, Total: 431, Photos: 120},
		{State: "done", Posts: 400, Photos: 402, Known: 29, Left: left, LeftFiles: []t.LeftView{{Name: "Takeout/Google Photos/Iceland/MVI_1.MP4", Why: left[0].Why}}},
		{State: "failed", Error: "These files are not complete zip archives. Download them again, and send them as they are."},
	} {
		name := "/settings/import"
		if v.State != "" {
			name += "-" + v.State
		}
		add(name, "Settings: import, "+v.State, true, func(p *t.Page) templ.Component { return t.SettingsImportPage(p, v) })
	}
	add("/settings/delete", "Settings: delete", true, func(p *t.Page) templ.Component {
		return t.SettingsDeletePage(p, t.SettingsDeleteView{Name: "jo", Posts: 12, Photos: 31})
	})
}

func notificationChoices() []t.NotificationChoiceView {
	return []t.NotificationChoiceView{
		{Kind: "mention", Label: "Comments and mentions", Page: true, Push: true, Mail: true}, {Kind: "favourite", Label: "Likes", Page: true}, {Kind: "reblog", Label: "Boosts"},
		{Kind: "follow", Label: "New followers", Page: true, Push: true}, {Kind: "follow_request", Label: "Requests to follow you", Page: true, Push: true},
	}
}

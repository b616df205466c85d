// Package templates is the look of the site: templ components with typed view models. It knows addresses, words and
// markup, and nothing of the rest of the program: handlers fill the models.
//
// A page is rendered by its component, given the *Page that all share and its view:
//
//	templates.HomePage(page, templates.FeedView{Posts: posts, Pager: pager}).Render(ctx, w)
//
// # Pages
//
//	/                         FrontPage(p, FrontView) for visitors, HomePage(p, FeedView) for members
//	/explore                  ExplorePage(p, ExploreView), /explore/popular, /explore/tags and /people too
//	/tags/:tag                TagPage(p, TagView)
//	/bookmarks /likes /boosts MarkedPage(p, MarkedView)
//	/search                   SearchPage(p, SearchView)
//	/@NAME                    ProfilePage(p, ProfileView)
//	/@NAME/boosts             BoostsPage(p, BoostsView)
//	/@NAME/followers …        PeoplePage(p, PeopleView)
//	/@NAME/ID                 PostPage(p, PostPageView)
//	/@NAME/ID/N               LightboxPage(p, LightboxView)
//	/@NAME/ID/likes           LikesPage(p, LikesView)
//	/albums /albums/yours     AlbumsPage(p, AlbumsView), /@NAME/albums too
//	/albums/ID                AlbumPage(p, AlbumPageView)
//	/albums/ID/photos/PHOTO   AlbumSlidePage(p, AlbumSlideView); AlbumRemovePage at …/remove
//	/albums/new, ID/edit      AlbumEditPage(p, AlbumEditView)
//	/albums/ID/arrange        AlbumArrangePage(p, AlbumArrangeView)
//	/albums/ID/add            AlbumAddPage(p, AlbumAddView)
//	/albums/ID/download       AlbumDownloadPage(p, AlbumDownloadView)
//	/albums/ID/delete         AlbumDeletePage(p, AlbumDeleteView)
//	/posts/ID/albums          PostAlbumsPage(p, PostAlbumsView)
//	/login                    LoginPage(p, LoginView), then SecondFactorPage(p, SecondFactorView)
//	/signup                   SignupPage(p, SignupView) SignupClosedPage(p) SignupSentPage(p, string)
//	/forgot-password          ForgotPage(p)
//	/forgot-password          ForgotMailPage(p, ForgotMailView) where the site sends mail
//	/mail/TOKEN               MailLinkPage(p, MailLinkView) MailDonePage(p, MailDoneView) MailOverPage(p)
//	/links/TOKEN              LinkPage(p, LinkView) LinkOverPage(p, LinkOverView)
//	/claim/TOKEN              ClaimPage(p, ClaimView)
//	/compose                  ComposePage(p, ComposeView)
//	/posts/ID/edit            PostEditPage(p, PostEditView), of a comment CommentEditPage(p, CommentEditView)
//	/posts/ID/history         HistoryPage(p, HistoryView)
//	/posts/ID/delete          DeletePage(p, DeleteView)
//	/posts/ID/report          ReportPage(p, ReportView), /@NAME/report too
//	/@NAME/block /mute        BlockPage(p, BlockView) MutePage(p, MuteView)
//	/follow-requests          FollowRequestsPage(p, FollowRequestsView)
//	/notifications …          NotificationsPage(p, NotificationsView), a part at /comments, /likes, /boosts, /followers;
//	                          NotificationsClearPage(p) at /clear
//	/settings                 SettingsIndexPage(p)
//	/settings/profile …       SettingsProfilePage, SettingsAccountPage, SettingsPostingPage, SettingsViewingPage, SettingsNotificationsPage,
//	                          SettingsSessionsPage, SettingsBlocksPage, SettingsMutesPage, SettingsConversationsPage, SettingsTagsPage, SettingsDeletePage,
//	                          each (p, view of the same name)
//	/settings/two-factors …   SettingsTwoFactorsPage(p, …); TOTPFormPage(p, TOTPFormView) at /app, RecoveryCodesPage(p, []string) at /codes,
//	                          FactorPasswordPage(p, FactorPasswordView) before codes and removals
//	/settings/export /import  SettingsExportPage(p, …), SettingsImportPage(p, …)
//	/settings/filters …       SettingsFiltersPage(p, …), SettingsFilterPage(p, …)
//	/lists /lists/ID …        ListsPage(p, …), ListPage(p, …), ListEditPage(p, …); PersonListsPage at /@NAME/lists
//	/admin /admin/log         AdminPage(p, AdminView) AdminLogPage(p, AdminLogView)
//	/admin/first-steps        FirstStepsPage(p, FirstStepsView)
//	/admin/site               AdminSitePage(p, AdminSiteView)
//	/admin/invitations …      AdminInvitationsPage(p, …View), AdminInvitationPage(p, …View) at /ID, InvitationCardPage(p, …View) at /ID/card
//	/admin/waiting            AdminWaitingPage(p, AdminWaitingView)
//	/admin/two-factors        AdminTwoFactorsPage(p, AdminTwoFactorsView)
//	/admin/reports            AdminReportsPage(p, AdminReportsView)
//	/admin/reports/ID         AdminReportPage(p, AdminReportView)
//	/admin/members …          MembersPage(p, MembersView), MemberPage(p, MemberView) at /NAME
//	/admin/held               AdminHeldPage(p, AdminHeldView)
//	/held                     OwnHeldPage(p, OwnHeldView)
//	/admin/blocks             AdminBlocksPage(p, AdminBlocksView)
//	/admin/appeals …          AppealsPage(p, AppealsView), AppealPage(p, AppealView) at /ID
//	/settings/decisions …     DecisionsPage(p, DecisionsView), DecisionPage(p, DecisionPageView) at /ID
//	/suspended …              SuspendedPage(p, SuspendedView), SuspendedDecisionPage(p, DecisionPageView) at /decisions/ID
//	/announcements …          AnnouncementsPage(p, AnnouncementsView), AnnouncementPage(p, AnnouncementPageView) at /ID
//	/admin/announcements …    AdminAnnouncementsPage(p, …View), AdminAnnouncementPage(p, …View) at /ID
//	/leaving                  LeavingPage(p, LeavingView)
//	/admin/status             AdminStatusPage(p, StatusView)
//	/admin/jobs               AdminJobsPage(p, AdminJobsView)
//	/admin/moves              AdminMovesPage(p, AdminMovesView)
//	/admin/ladder             AdminLadderPage(p, LadderView)
//	/about /rules /privacy    AboutPage(p, AboutView) RulesPage(p, RulesView) PrivacyPage(p, PrivacyView)
//	/contact                  ContactPage(p)
//	/offline                  OfflinePage(p)
//	/oauth/authorize          AuthorizePage(p, AuthorizeView), AuthorizeCodePage(p, AuthorizeCodeView)
//	log in, then confirm      ConfirmPage(p, ConfirmView)
//	a form, asked once more   AskPage(p, AskView)
//	errors                    ErrorPage(p, ErrorView)
//
// # Fragments
//
// Scripts send the same forms by fetch, with the header X-Fragment: 1, and take the element they need out of whatever
// HTML comes back, by its id. A handler that sees the header may answer 200 with the fragment alone; one that does
// not, and redirects to the page, works too.
//
//	POST /posts/ID/like, /unlike,
//	  /boost, /bookmark …            PostActions(p, PostView)                       #a-ID
//	  /like of a comment             CommentLike(p, CommentView)                    #k-ID
//	POST /posts/ID/comments          Comment(p, CommentView); refused with 422:     #c-ID
//	                                 CommentEntry(p, CommentForm)                   #comment
//	POST /@NAME/follow, /unfollow    FollowButton(p, RelationView)                  #follow-NAME
//	POST /posts/ID/comments-from     comments_from, on one's own post: 303 to its page
//	GET  an Older page               FeedItems(p, []PostView), GridItems(p, []PostView, first)
//	                                 and the Pager; scripts read #items and [rel=next] from the whole page
//	GET  ?show=ID                    scripts read #p-ID from the whole page
//
// Every action's form carries the field "return", the page it was sent from: answer 303 to it, with #p-ID for acts on
// a post. Comments answer 303 to the post's page, #c-ID. A refused form is rendered again with status 422, its values
// and its FieldErrors.
//
// # Content warnings
//
// Set PostView.Covered unless the viewer always sees such photos, or asked: the page's own address with show=ID. A
// covered post's markup holds no address of its photos. Set ShowURL to the page's address with show=ID added.
package templates

//go:generate go run github.com/a-h/templ/cmd/templ@v0.3.977 generate

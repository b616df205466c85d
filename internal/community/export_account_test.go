package community

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/archive"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// An export has what a member decided, said and was told beside the posts.
func TestAnExportHasWhatIsNoPost(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		d := newPhotoSite(t, open(t), photoSiteOptions{}).work()
		d.BaseURL = "https://photos.example"
		ctx := t.Context()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		d.password(d.ann)
		post, bobs := d.publish(d.ann, "A bridge", store.Public, 2), d.publish(d.bob, "BOBS-CAPTION", store.Public, 1)
		must(d.ChooseNotifications(ctx, d.ann, []NotificationChoice{{NotificationKind{Kind: store.NotifyLike}, false, true, true}}))
		must(d.ChooseDigest(ctx, d.ann, true))
		al, err := d.CreateAlbum(ctx, d.ann, AlbumForm{Title: "The harbour", Visibility: store.Public, Adders: store.AddersInvited, Ordering: store.OrderByHand, LastDay: "2099-12-24"})
		must(err)
		_, err = d.AddToAlbum(ctx, d.ann, al.ID, []int64{post.Photos[0].ID, post.Photos[1].ID}, false)
		must(err)
		must(d.SetAlbumCover(ctx, d.ann, al.ID, post.Photos[1].ID))
		must(d.InviteToAlbum(ctx, d.ann, al.ID, "bob"))
		walk, err := d.Announce(ctx, ByCommand(""), NewAnnouncement{Text: "We walk."})
		must(err)
		for who, name := range map[*store.Account]string{d.ann: "👍", d.bob: "🎉"} {
			must(d.ReactToAnnouncement(ctx, who, walk.ID, name, true))
		}
		must(d.DismissAnnouncement(ctx, d.ann, walk.ID))
		_, err = d.Report(ctx, d.ann, Report{PostID: bobs.ID, Category: "spam", Comment: "It sells."})
		must(err)
		_, err = d.Report(ctx, d.bob, Report{TargetID: d.ann.ID, Comment: "BOBS-REPORT"})
		must(err)
		_, err = d.WarnMember(ctx, ByCommand("BOBS-REASON"), "ann", Sanction{Words: "Be kind."})
		must(err)
		own, err := d.OwnDecisions(ctx, d.ann)
		must(err)
		must(d.AppealDecision(ctx, d.ann, own[0].ID, "I am."))
		app, _, err := d.CreateApp(ctx, NewApp{Name: "Pocket", RedirectURIs: []string{OutOfBand}, Scopes: "read push", Website: "https://pocket.example"})
		must(err)
		must(d.Store.CreateToken(ctx, &store.AccessToken{ID: d.Store.NewID(), Hash: strings.Repeat("a", 64), AccountID: &d.ann.ID, AppID: app.ID, Scopes: "read push", CreatedAt: store.ToMillis(time.Now())}))
		said, err := d.Publish(ctx, d.ann, NewPost{Caption: "What a bride!", Warning: "Heights", InReplyTo: bobs.ID})
		must(err)
		better := "What a bridge!"
		_, err = d.EditPost(ctx, d.ann, said.ID, PostChange{Caption: &better})
		must(err)

		ann, err := d.Store.AccountByID(ctx, d.ann.ID)
		must(err)
		must(d.StartExport(ctx, ann, Confirmation{Password: annsPassword}))
		_, files := d.exported(ann)
		choices := readJSON[archive.NotificationChoices](t, files, "data/notification_choices.json")
		if !choices.Digest || !slices.Contains(choices.Kinds, archive.NotificationChoice{Kind: store.NotifyLike, Push: true, Mail: true}) ||
			!slices.Contains(choices.Kinds, archive.NotificationChoice{Kind: store.NotifyBoost, Page: true, Push: true}) {
			t.Errorf("the choices are %+v", choices)
		}
		if l := readJSON[[]archive.Album](t, files, archive.AlbumsFile); len(l) != 1 || l[0].Adders != store.AddersInvited || l[0].Order != store.OrderByHand || l[0].LastDay != "2099-12-24" ||
			len(l[0].Photos) != 2 || l[0].Cover != l[0].Photos[1] || !slices.Equal(l[0].Invited, []string{"bob"}) {
			t.Errorf("the albums are %+v", l)
		}
		if l := readJSON[[]archive.AnnouncementReaction](t, files, "data/announcement_reactions.json"); len(l) != 1 || l[0].Emoji != "👍" || l[0].URL != d.AnnouncementURL(walk.ID) {
			t.Errorf("the reactions are %+v", l)
		}
		if l := readJSON[[]archive.Report](t, files, "data/reports.json"); len(l) != 1 || l[0].Username != "bob" || l[0].Category != "spam" || l[0].Comment != "It sells." || l[0].State != "open" || l[0].URL == "" {
			t.Errorf("the reports are %+v", l)
		}
		if l := readJSON[[]archive.Decision](t, files, "data/decisions.json"); len(l) != 1 || l[0].Kind != store.DecideWarn || l[0].Words != "Be kind." || l[0].Appeal != "I am." || l[0].AppealedAt == nil {
			t.Errorf("the decisions are %+v", l)
		}
		if l := readJSON[[]archive.Application](t, files, "data/applications.json"); len(l) != 1 || l[0].Name != "Pocket" || l[0].Website != "https://pocket.example" || !slices.Equal(l[0].Scopes, []string{"read", "push"}) {
			t.Errorf("the applications are %+v", l)
		}
		if l := readJSON[[]archive.Comment](t, files, archive.CommentsFile); len(l) != 1 || l[0].Text != better || l[0].Warning != "Heights" || l[0].EditedAt == nil || len(l[0].Versions) == 0 || l[0].Versions[0].Caption != "What a bride!" {
			t.Errorf("the comments are %+v", l)
		}
		for name, text := range files {
			if strings.Contains(text, "BOBS-") || strings.Contains(text, strings.Repeat("a", 64)) {
				t.Errorf("%s has what is not the member's", name)
			}
		}
		for _, word := range []string{"applications", "reactions", "reports", "moderators decided", "cover", "is theirs and not in here"} {
			if !strings.Contains(files["README.txt"], word) {
				t.Errorf("the readme lacks %q", word)
			}
		}
	})
}

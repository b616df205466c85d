package api_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mattn/go-mastodon"

	"tintype/internal/community"
)

// A client that nobody here wrote registers, logs in, posts a photo, reads it back and pages to the end.
func TestGoMastodon(t *testing.T) {
	s := newSite(t)
	s.work()
	anna, bob := s.join("anna"), s.join("bob")
	server := httptest.NewServer(s.handler)
	t.Cleanup(server.Close)
	ctx := s.ctx()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	app, err := mastodon.RegisterApp(ctx, &mastodon.AppConfig{Server: server.URL, ClientName: "go-mastodon", Scopes: "read write follow", Website: "https://example.org"})
	must(err)
	ask, err := url.Parse(app.AuthURI)
	must(err)
	query := ask.Query()
	code := s.code(anna, client{ClientID: query.Get("client_id")}, community.Authorization{RedirectURI: query.Get("redirect_uri"), Scopes: query.Get("scope")})
	c := mastodon.NewClient(&mastodon.Config{Server: server.URL, ClientID: app.ClientID, ClientSecret: app.ClientSecret})
	must(c.GetUserAccessToken(ctx, code, app.RedirectURI))
	me, err := c.GetAccountCurrentUser(ctx)
	must(err)
	if me.Acct != "anna" || me.Source == nil || me.CreatedAt.IsZero() {
		t.Errorf("me: %+v", me)
	}
	instance, err := c.GetInstance(ctx)
	must(err)
	if instance.URI != "tintype.test" || instance.URLs["streaming_api"] != "wss://tintype.test" {
		t.Errorf("instance: %+v", instance)
	}

	var posted []mastodon.ID
	for i := range 5 {
		photo, err := c.UploadMediaFromMedia(ctx, &mastodon.Media{File: strings.NewReader(picture(int64(i))), Description: "a hill", Focus: "0.5,0.5"})
		must(err)
		if photo.URL == "" || photo.PreviewURL == "" || photo.Description != "a hill" || photo.Meta.Original.Width != 800 || photo.Meta.Focus.X != 0.5 {
			t.Errorf("photo: %+v", photo)
		}
		status, err := c.PostStatus(ctx, &mastodon.Toot{Status: fmt.Sprintf("Hill %d #hills", i), MediaIDs: []mastodon.ID{photo.ID}, Visibility: mastodon.VisibilityPublic})
		must(err)
		if len(status.MediaAttachments) != 1 || status.MediaAttachments[0].ID != photo.ID || status.Account.Acct != "anna" {
			t.Errorf("status: %+v", status)
		}
		posted = append([]mastodon.ID{status.ID}, posted...)
	}
	if _, err := c.PostStatus(ctx, &mastodon.Toot{Status: "no photo"}); err == nil || !strings.Contains(err.Error(), "A post needs a photo") {
		t.Errorf("a post without a photo: %v", err)
	}

	for name, list := range map[string]func(*mastodon.Pagination) ([]*mastodon.Status, error){
		"home":   func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetTimelineHome(ctx, pg) },
		"public": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetTimelinePublic(ctx, true, pg) },
		"tag": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) {
			return c.GetTimelineHashtag(ctx, "hills", true, pg)
		},
		"account": func(pg *mastodon.Pagination) ([]*mastodon.Status, error) { return c.GetAccountStatuses(ctx, me.ID, pg) },
	} {
		var got []mastodon.ID
		pg := &mastodon.Pagination{Limit: 2}
		for requests := 0; ; requests++ {
			page, err := list(pg)
			must(err)
			for _, status := range page {
				got = append(got, status.ID)
			}
			if pg.MaxID == "" {
				break
			}
			if requests > 10 {
				t.Fatalf("%s does not end", name)
			}
			pg.Limit = 2
		}
		if fmt.Sprint(got) != fmt.Sprint(posted) {
			t.Errorf("%s: %v, want %v", name, got, posted)
		}
	}

	other := mastodon.NewClient(&mastodon.Config{Server: server.URL, AccessToken: bob.token})
	relation, err := other.AccountFollow(ctx, me.ID)
	must(err)
	if !relation.Following {
		t.Errorf("follow: %+v", relation)
	}
	liked, err := other.Favourite(ctx, posted[0])
	must(err)
	if liked.FavouritesCount != 1 || liked.Favourited != true {
		t.Errorf("favourite: %+v", liked)
	}
	comment, err := other.PostStatus(ctx, &mastodon.Toot{Status: "Fine hill", InReplyToID: posted[0]})
	must(err)
	around, err := c.GetStatusContext(ctx, posted[0])
	must(err)
	if len(around.Ancestors) != 0 || len(around.Descendants) != 1 || around.Descendants[0].ID != comment.ID {
		t.Errorf("context: %+v", around)
	}
	notifications, err := c.GetNotifications(ctx, nil)
	must(err)
	var kinds []string
	for _, n := range notifications {
		kinds = append(kinds, n.Type)
	}
	if fmt.Sprint(kinds) != "[mention favourite follow]" {
		t.Errorf("notifications: %v", kinds)
	}
	found, err := c.Search(ctx, "bob", true)
	must(err)
	if len(found.Accounts) != 1 || found.Accounts[0].Acct != "bob" {
		t.Errorf("search: %+v", found)
	}
	followers, err := c.GetAccountFollowers(ctx, me.ID, nil)
	must(err)
	if len(followers) != 1 || followers[0].Acct != "bob" {
		t.Errorf("followers: %+v", followers)
	}
	must(c.DeleteStatus(ctx, posted[0]))
	if _, err := c.GetStatus(ctx, posted[0]); err == nil {
		t.Error("a deleted status is still there")
	}
	must(c.RevokeToken(ctx))
}

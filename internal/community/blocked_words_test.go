package community

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

// A change brings the words that did not stand in the text before.
func TestBroughtWords(t *testing.T) {
	l := newWordList([]string{"casino", "poker", "free money", "賭場"})
	for _, c := range []struct{ was, now, want string }{
		{"", "Casino", "casino"}, {"a casino", "my CASINO", ""}, {"casino", "casino and poker", "poker"}, {"poker", "casino and poker", "casino"},
		{"casino", "", ""}, {"free", "free money", "free money"}, {"賭場", "大賭場", ""}, {"", "大賭場", "賭場"},
	} {
		if got := l.brought([]string{c.was}, []string{c.now}); got != c.want {
			t.Errorf("%q to %q: %q, want %q", c.was, c.now, got, c.want)
		}
	}
	if got := l.brought(nil, []string{"free", "money"}); got != "" {
		t.Errorf("across two texts: %q", got)
	}
}

// Where nothing can wait for a moderator a blocked word is refused at its field, and nothing is written. What stood there before
// may stay, and those who decide about what waits write what they like.
func TestBlockedWordsAreRefused(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		g.SiteDefaults.Registration, g.SiteDefaults.SignUpLimit = RegistrationOpen, Limit{Count: 100, Window: time.Hour}
		ann := g.account("ada")
		text := func(s string) *string { return &s }
		_, err := g.UpdateProfile(g.ctx, ann, ProfileChange{DisplayName: text("Casino Ann"), Note: text("I work in a casino."), Fields: &[]store.Field{{Name: "work", Value: "casino"}}})
		g.must(err)
		old := g.album(ann, AlbumForm{Title: "The old casino", Description: "A casino, closed"})
		mod, _ := heldSite(g)
		_, err = g.AddBlock(g.ctx, ByCommand(""), NewBlock{Kind: store.BlockWord, Value: "free money"})
		g.must(err)
		refused := func(what string, err error, want string) {
			t.Helper()
			if codes(err) != want {
				t.Errorf("%s: %v, want %s", what, err, want)
			} else if want != "<nil>" && !strings.Contains(err.Error(), "casino") && !strings.Contains(err.Error(), "free money") {
				t.Errorf("%s: the sentence does not name the word: %v", what, err)
			}
		}

		_, err = g.UpdateProfile(g.ctx, ann, ProfileChange{DisplayName: text("Free Money Ann"), Note: text("Free money!"), Fields: &[]store.Field{{Name: "free money", Value: "casino"}}})
		refused("a profile", err, "display_name blocked, note blocked, fields blocked")
		_, err = g.UpdateProfile(g.ctx, ann, ProfileChange{Fields: &[]store.Field{{Name: "free", Value: "money"}}, Note: text("A casino, still.")})
		refused("what stood there", err, "<nil>")
		_, err = g.UpdateProfile(g.ctx, ann, ProfileChange{DisplayName: text("Ann")})
		refused("a name without it", err, "<nil>")
		_, err = g.UpdateProfile(g.ctx, ann, ProfileChange{DisplayName: text("Casino Ann")})
		refused("the name with it again", err, "display_name blocked")
		now, err := g.AccountByName(g.ctx, ann, "ada")
		if err != nil || now.DisplayName != "Ann" || now.Note != "A casino, still." || !slices.Equal(now.Fields.V, []store.Field{{Name: "free", Value: "money"}}) {
			t.Errorf("%+v %v", now, err)
		}

		form := AlbumForm{Title: "The casino", Description: "Free money", Visibility: store.AlbumInvited, Adders: store.AddersOwner, Ordering: store.OrderByHand, IdempotencyKey: "k"}
		_, err = g.CreateAlbum(g.ctx, ann, form)
		refused("an album", err, "title blocked, description blocked")
		form.Title, form.Description, form.IdempotencyKey = "The old Casino, again", "A casino, and free money", ""
		refused("an edited album", g.EditAlbum(g.ctx, ann, old, form), "description blocked")
		form.Description = "A casino"
		refused("an edit without more words", g.EditAlbum(g.ctx, ann, old, form), "<nil>")

		boss := By{Account: g.account("boss"), Via: ViaPage}
		g.must(g.Store.SetRole(g.ctx, boss.Account.ID, store.RoleOwner))
		boss.Account.Role = store.RoleOwner
		walk, err := g.Announce(g.ctx, boss, NewAnnouncement{Text: "We walk."})
		g.must(err)
		_, err = g.CommentOnAnnouncement(g.ctx, ann, walk.ID, "To the CASINO?", "c")
		refused("a comment", err, "text blocked")
		if n, err := g.Store.CountAnnouncementComments(g.ctx, nil, walk.ID, 9); err != nil || n != 0 {
			t.Errorf("%d comments, %v", n, err)
		}
		made, err := g.CommentOnAnnouncement(g.ctx, ann, walk.ID, "To the lake?", "c2")
		g.must(err)

		_, err = g.UpdateProfile(g.ctx, mod.Account, ProfileChange{DisplayName: text("Casino"), Note: text("casino")})
		refused("a moderator’s profile", err, "<nil>")
		_, err = g.CommentOnAnnouncement(g.ctx, mod.Account, walk.ID, "No casino.", "")
		refused("a moderator’s comment", err, "<nil>")

		// A form that was sent before the word was blocked still leads to what it made.
		_, err = g.AddBlock(g.ctx, ByCommand(""), NewBlock{Kind: store.BlockWord, Value: "lake"})
		g.must(err)
		if again, err := g.CommentOnAnnouncement(g.ctx, ann, walk.ID, "To the lake?", "c2"); err != nil || again != made {
			t.Errorf("sent twice: %d %v, want %d", again, err, made)
		}

		join := SignUp{Username: "casino", DisplayName: "Free money", Email: "eve@example.org", Password: "correct horse battery", Address: "192.0.2.1"}
		_, err = g.SignUp(g.ctx, join)
		refused("a sign-up", err, "username blocked, display_name blocked")
		join.Username, join.DisplayName = "occasion", ""
		_, err = g.SignUp(g.ctx, join)
		refused("another name", err, "<nil>")
	})
}

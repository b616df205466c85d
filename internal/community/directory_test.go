package community

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/store"
)

func names(accounts []*store.Account) string {
	var out []string
	for _, a := range accounts {
		out = append(out, a.Username)
	}
	return strings.Join(out, " ")
}

// found makes accounts that others may find, each made after the one before it.
func (g *testSite) found(all ...string) map[string]*store.Account {
	g.t.Helper()
	out := map[string]*store.Account{}
	for _, name := range all {
		a := g.account(name)
		_, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET discoverable = 1 WHERE id = ?", a.ID)
		g.must(err)
		out[name] = a
	}
	return out
}

func TestDirectory(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		p := g.found("anna", "bob", "cleo", "quiet", "secret", "gone", "blocker", "blocked", "viewer")
		hidden := g.account("hidden") // does not want to be found
		for _, name := range []string{"anna", "bob", "gone", "blocker", "blocked", "cleo", "bob"} {
			g.post(p[name], store.Public, "A hill")
		}
		g.post(p["secret"], store.Followers, "A hill for followers")
		g.post(p["quiet"], store.Unlisted, "A hill by address")
		g.post(hidden, store.Public, "A hill")
		_, err := g.Block(g.ctx, p["blocker"], p["viewer"].ID)
		g.must(err)
		_, err = g.Block(g.ctx, p["viewer"], p["blocked"].ID)
		g.must(err)
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET suspended_at = 1 WHERE username = 'gone'")
		g.must(err)
		for _, test := range []struct {
			viewer      *store.Account
			order       DirectoryOrder
			skip, limit int
			want        string
		}{
			{nil, DirectoryActive, 0, 80, "bob cleo blocked blocker anna"},
			{p["viewer"], DirectoryActive, 0, 80, "bob cleo anna"},
			{p["viewer"], DirectoryActive, 1, 1, "cleo"},
			{p["viewer"], DirectoryNew, 0, 80, "viewer secret quiet cleo bob anna"},
			{nil, DirectoryNew, 6, 80, "bob anna"},
			{nil, DirectoryNew, MaxDirectory, 80, ""},
		} {
			got, err := g.Directory(g.ctx, test.viewer, test.order, test.skip, test.limit)
			g.must(err)
			if names(got) != test.want {
				t.Errorf("%s, %d skipped, of %v: %q, want %q", test.order, test.skip, test.viewer != nil, names(got), test.want)
			}
		}
		newest, err := g.NewestOf(g.ctx, nil, []*store.Account{p["bob"], p["secret"], p["quiet"]}, 3)
		g.must(err)
		if len(newest[p["bob"].ID]) != 2 || len(newest) != 1 {
			t.Errorf("photos of %d accounts, %d of bob", len(newest), len(newest[p["bob"].ID]))
		}
	})
}

func TestSuggestions(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		p := g.found("viewer", "friend", "familiar", "posting", "fresh", "asked", "blocked", "followed")
		g.account("hidden")
		for _, name := range []string{"posting", "blocked", "followed", "viewer"} {
			g.post(p[name], store.Public, "A hill")
		}
		follow := func(who, whom string) {
			_, err := g.Follow(g.ctx, p[who], p[whom].ID)
			g.must(err)
		}
		for _, whom := range []string{"friend", "followed"} {
			follow("viewer", whom)
		}
		for _, whom := range []string{"familiar", "viewer", "followed", "blocked"} {
			follow("friend", whom)
		}
		_, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET locked = 1 WHERE username = 'asked'")
		g.must(err)
		follow("viewer", "asked")
		_, err = g.Block(g.ctx, p["viewer"], p["blocked"].ID)
		g.must(err)
		got, err := g.Suggestions(g.ctx, p["viewer"], 80)
		g.must(err)
		var have []string
		for _, s := range got {
			have = append(have, s.Account.Username+" "+s.Source)
		}
		if want := []string{"familiar familiar", "posting posting", "fresh new"}; !slices.Equal(have, want) {
			t.Errorf("suggested %v, want %v", have, want)
		}
		if got, err = g.Suggestions(g.ctx, p["viewer"], 1); err != nil || len(got) != 1 {
			t.Errorf("%d of one, %v", len(got), err)
		}
	})
}

func TestFamiliarFollowers(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		p := g.found("viewer", "ann", "ben", "mutual", "stranger", "blocker", "famous", "alone")
		follow := func(who string, whom ...string) {
			for _, name := range whom {
				_, err := g.Follow(g.ctx, p[who], p[name].ID)
				g.must(err)
			}
		}
		follow("viewer", "ann", "ben", "mutual", "famous")
		follow("ann", "famous", "ben")
		follow("mutual", "famous", "viewer")
		follow("ben", "famous", "blocker")
		follow("stranger", "famous")
		_, err := g.Block(g.ctx, p["blocker"], p["viewer"].ID)
		g.must(err)
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET suspended_at = 1 WHERE username = 'ben'")
		g.must(err)
		found, err := g.FamiliarFollowers(g.ctx, p["viewer"], []int64{p["famous"].ID, p["blocker"].ID, 17, p["alone"].ID, p["viewer"].ID, p["ben"].ID})
		g.must(err)
		var got []string
		for _, f := range found {
			of, err := g.Store.AccountByID(g.ctx, f.ID)
			g.must(err)
			got = append(got, strings.TrimSpace(of.Username+": "+names(f.Followers)))
		}
		if want := []string{"famous: mutual ann", "alone:", "viewer: mutual"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		if _, err := g.FamiliarFollowers(g.ctx, nil, nil); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("a visitor: %v", err)
		}
	})
}

func TestWhatIsPopular(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		p := g.found("anna", "bob", "cleo")
		anna, bob, cleo := p["anna"], p["bob"], p["cleo"]
		liked := g.post(anna, store.Public, "Liked #dawn #lake")
		talked := g.post(anna, store.Public, "Talked about #dawn")
		ignored := g.post(bob, store.Public, "Ignored #lake #lake")
		secret := g.post(anna, store.Followers, "For followers #secret")
		warned, err := g.Publish(g.ctx, cleo, NewPost{Caption: "Spiders #spiders", Warning: "Spiders", PhotoIDs: []int64{g.photo(cleo)}})
		g.must(err)
		_, err = g.Follow(g.ctx, bob, anna.ID)
		g.must(err)
		like := func(by *store.Account, post *Post) {
			_, err := g.Like(g.ctx, by, post.ID)
			g.must(err)
		}
		like(bob, liked)
		like(cleo, liked)
		like(bob, secret)
		g.comment(bob, talked.ID, "Where is that?")
		latest := g.post(anna, store.Public, "Of a moment ago")
		like(bob, latest)
		before := func(ago time.Duration, likes int) int64 {
			p := &store.Post{ID: time.Now().Add(-ago).UnixMilli() << 16, AuthorID: anna.ID, Kind: store.KindPost, Home: true, Listed: true, Visibility: store.Public, LikesCount: likes, CreatedAt: 1}
			g.must(g.Store.CreatePost(g.ctx, p))
			return p.ID
		}
		before(7*24*time.Hour+time.Hour, 99)
		week := before(7*24*time.Hour-time.Hour, 1)
		g.must(g.RankTrends(g.ctx))
		g.must(g.RankTrends(g.ctx)) // again, over what is there
		posts, err := g.PopularPosts(g.ctx, nil, 0, 80)
		g.must(err)
		if got, want := idsOf(posts), []int64{liked.ID, latest.ID, talked.ID, week}; !slices.Equal(got, want) {
			t.Errorf("popular are %v, want %v; ignored is %d", got, want, ignored.ID)
		}
		tags, err := g.UsedTags(g.ctx, nil, 0, 80, true)
		g.must(err)
		var have []string
		for _, tag := range tags {
			cover := "-"
			if tag.Cover != nil {
				cover = tag.Cover.Caption
			}
			have = append(have, tag.Name+" "+cover)
		}
		if want := []string{"lake Ignored #lake #lake", "dawn Talked about #dawn", "spiders -"}; !slices.Equal(have, want) {
			t.Errorf("tags are %q, want %q", have, want)
		}
		// Nobody is shown whom they mute, nor what their filters cover.
		_, err = g.Mute(g.ctx, cleo, anna.ID, MuteOptions{})
		g.must(err)
		title, word := "No lakes", "ignored"
		_, err = g.CreateFilter(g.ctx, cleo, FilterChange{Title: &title, Contexts: []FilterContext{FilterPublic}, Keywords: []KeywordChange{{Keyword: &word}}})
		g.must(err)
		cleo, _, err = g.SessionAccount(g.ctx, cleo.ID)
		g.must(err)
		if posts, err = g.PopularPosts(g.ctx, cleo, 0, 80); err != nil || len(posts) != 0 {
			t.Errorf("popular are %v to who mutes their author, %v", idsOf(posts), err)
		}
		tags, err = g.UsedTags(g.ctx, cleo, 0, 80, true)
		g.must(err)
		for _, tag := range tags {
			if tag.Cover != nil {
				t.Errorf("%s is shown with %q", tag.Name, tag.Cover.Caption)
			}
		}
		// What changed since it was ranked is not shown.
		_, err = g.EditPost(g.ctx, anna, liked.ID, PostChange{Visibility: new(store.Followers)})
		g.must(err)
		_, err = g.DeletePost(g.ctx, bob, ignored.ID)
		g.must(err)
		_, err = g.Block(g.ctx, cleo, bob.ID)
		g.must(err)
		if posts, err = g.PopularPosts(g.ctx, nil, 0, 80); err != nil || !slices.Equal(idsOf(posts), []int64{latest.ID, talked.ID, week}) {
			t.Errorf("popular are %v afterwards, %v", idsOf(posts), err)
		}
		tags, err = g.UsedTags(g.ctx, bob, 0, 80, true)
		g.must(err)
		for _, tag := range tags {
			if tag.Name == "spiders" || tag.Cover != nil && (tag.Cover.ID == ignored.ID || tag.Cover.ID == warned.ID) {
				t.Errorf("%s is shown to whom its only author blocked, or with a post that is gone", tag.Name)
			}
		}
	})
}

// A tag's history has each of seven days, whether or not the tag is among those that are ranked.
func TestTagHistory(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		p := g.found("anna", "bob")
		anna, bob := p["anna"], p["bob"]
		first := g.post(anna, store.Public, "#dawn")
		g.post(bob, store.Public, "#dawn #lake")
		g.post(bob, store.Followers, "#dawn")
		dawn, err := g.Tag(g.ctx, anna, "dawn")
		g.must(err)
		lake, err := g.Tag(g.ctx, anna, "lake")
		g.must(err)
		now := store.IDTime(first.ID)
		for i, before := range []time.Duration{2 * 24 * time.Hour, 2 * 24 * time.Hour, 6 * 24 * time.Hour, 7 * 24 * time.Hour} {
			at := now.Add(-before).UnixMilli()
			id := at<<16 + int64(i)
			_, err := g.Store.SQL().ExecContext(g.ctx, fmt.Sprintf("INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, photos_count, created_at)"+
				" VALUES (%d, %d, 'post', 1, 1, '#dawn', 'public', '', 1, %d)", id, anna.ID, at))
			g.must(err)
			_, err = g.Store.SQL().ExecContext(g.ctx, fmt.Sprintf("INSERT INTO post_tags (post_id, tag_id) VALUES (%d, %d)", id, dawn.ID))
			g.must(err)
		}
		_, err = g.FollowTag(g.ctx, bob, "dawn", true)
		g.must(err)
		told := func(when string, at time.Time, want ...string) {
			t.Helper()
			uses, err := g.TagUses(g.ctx, bob, []store.Tag{*lake, *dawn, {Name: "unused"}}, at)
			g.must(err)
			for i, u := range uses {
				said := u.Name
				if u.Followed {
					said += " followed"
				}
				for back, d := range u.Days {
					if d.Day != at.UTC().Unix()/86400-int64(back) {
						t.Errorf("%s: day %d of %s is %d", when, back, u.Name, d.Day)
					}
					said += fmt.Sprintf(" %d:%d", d.Uses, d.Accounts)
				}
				if said != want[i] {
					t.Errorf("%s: %q, want %q", when, said, want[i])
				}
			}
		}
		for _, when := range []string{"counted", "ranked"} {
			told(when, now, "lake 1:1 0:0 0:0 0:0 0:0 0:0 0:0", "dawn followed 2:2 0:0 2:1 0:0 0:0 0:0 1:1", "unused 0:0 0:0 0:0 0:0 0:0 0:0 0:0")
			told(when+", the day after", now.Add(24*time.Hour), "lake 0:0 1:1 0:0 0:0 0:0 0:0 0:0", "dawn followed 0:0 2:2 0:0 2:1 0:0 0:0 0:0", "unused 0:0 0:0 0:0 0:0 0:0 0:0 0:0")
			g.must(g.RankTrends(g.ctx))
		}
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE posts SET listed = 0") // what was ranked is not counted again
		g.must(err)
		told("kept", now, "lake 1:1 0:0 0:0 0:0 0:0 0:0 0:0", "dawn followed 2:2 0:0 2:1 0:0 0:0 0:0 1:1", "unused 0:0 0:0 0:0 0:0 0:0 0:0 0:0")
	})
}

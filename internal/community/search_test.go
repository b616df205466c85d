package community

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
)

// searched is what a search finds, by the posts' captions.
func (g *testSite) searched(viewer *store.Account, text string) string {
	g.t.Helper()
	posts, err := g.SearchPosts(g.ctx, viewer, PostSearch{Text: text, Cursor: Cursor{Limit: 80}})
	g.must(err)
	var out []string
	for _, p := range posts {
		out = append(out, p.Caption)
	}
	return strings.Join(out, " | ")
}

// indexIsTrue fails unless both tables of the index are what the posts say, and agree with each other.
func (g *testSite) indexIsTrue() {
	g.t.Helper()
	ids, err := g.Store.IndexedBelow(g.ctx, math.MaxInt64, 1000)
	g.must(err)
	wrong, err := g.Store.Misindexed(g.ctx, ids)
	g.must(err)
	if len(wrong) > 0 {
		g.t.Errorf("the index is wrong of %v", wrong)
	}
	var words, rows int
	db := g.Store.SQL()
	g.must(db.QueryRowContext(g.ctx, "SELECT COALESCE(SUM(LENGTH(words) - LENGTH(REPLACE(words, ' ', '')) + 1), 0) FROM search_posts").Scan(&words))
	g.must(db.QueryRowContext(g.ctx, "SELECT COUNT(*) FROM search_words w JOIN search_posts p ON p.post_id = w.post_id AND p.scope = w.scope").Scan(&rows))
	var all int
	g.must(db.QueryRowContext(g.ctx, "SELECT COUNT(*) FROM search_words").Scan(&all))
	if words != rows || rows != all {
		g.t.Errorf("posts have %d words, the index has %d of them, and %d rows", words, rows, all)
	}
}

func TestSearchFindsWhatAPostIsMadeOf(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ada, ben := g.account("ada"), g.account("ben")
		shown := func(camera, lens string) int64 {
			id := g.photo(ada)
			_, err := g.Store.SQL().ExecContext(g.ctx, fmt.Sprintf(`UPDATE photos SET metadata = '{"camera":"%s","lens":"%s"}' WHERE id = %d`, camera, lens, id))
			g.must(err)
			return id
		}
		publish := func(p NewPost) *Post {
			t.Helper()
			if p.PhotoIDs == nil {
				p.PhotoIDs = []int64{g.photo(ada)}
			}
			post, err := g.Publish(g.ctx, ada, p)
			g.must(err)
			return post
		}
		no := false
		first := shown("FUJIFILM X-T5", "XF35mmF1.4 R")
		publish(NewPost{Caption: "one: a quiet Hafen #Nebel #golden_gate", PhotoIDs: []int64{first}, Descriptions: map[int64]string{first: "Zwei Boote am Steg"}})
		publish(NewPost{Caption: "two: nebelig 東京都の塔", Warning: "Spinnen"})
		publish(NewPost{Caption: "three: secret", PhotoIDs: []int64{shown("Hasselblad 500C", "Planar")}, ShowExif: &no})
		ours, err := g.Publish(g.ctx, ben, NewPost{Caption: "four: Nebel in ben's Straße, x", PhotoIDs: []int64{g.photo(ben)}})
		g.must(err)
		g.indexIsTrue()
		const one, two, four = "one: a quiet Hafen #Nebel #golden_gate", "two: nebelig 東京都の塔", "four: Nebel in ben's Straße, x"
		for _, tt := range []struct{ q, want string }{
			{"hafen", one},
			{"HAFEN quiet", one},
			{"steg", one},      // a description
			{"spinnen", two},   // a warning
			{"strasse", four},  // folded
			{"stra", four},     // the last word may go on
			{"stra nebel", ""}, // others may not
			{"afen", ""},       // no word begins so
			{"haf", one},       //
			{"nebel", one + " | " + four + " | " + two}, // a tag first, then a caption, then a longer word
			{"\"nebel\"", one + " | " + four},           // in quotation marks not
			{"nebel ", one + " | " + four + " | " + two},
			{"#nebel", one},
			{"#neb", one},
			{"tag:nebel", one},
			{"tag:#Nebel", one},
			{"tag:neb", ""},
			{"tag:golden-gate", ""},
			{"tag:\xff nebel", ""},
			{"\xffnebel\xc3", one + " | " + four + " | " + two},
			{"tag:golden_gate", one},
			{"golden gate", one},
			{"gate", one},
			{"東京", two},
			{"京都の", two},
			{"京", two},
			{"塔", two},
			{"京塔", ""},
			{"camera:x-t5", one},
			{"camera:\"fujifilm x-t5\"", one},
			{"camera:xf35mmf1.4 hafen", one},
			{"x-t5", one},
			{"camera:x", one}, // not the x of a caption
			{"camera:hafen", ""},
			{"hasselblad", ""}, // not shown
			{"camera:planar", ""},
			{"from:ben", four},
			{"from: @BEN nebel", four},
			{"from:@ben@Photos.Example nebel", four},
			{"from:ben@elsewhere.example nebel", ""},
			{"nebel from:ben tag:nebel", ""},
			{"from:nobody", ""},
			{"nebel before:2020-01-01", ""},
			{"nebel after:2020-01", one + " | " + four + " | " + two},
			{"nebel after:2020 before:2990", one + " | " + four + " | " + two},
			{"nebel after:2990", ""},
			{"", ""}, {" , ", ""}, {"before:2990", ""},
			{"%", ""}, {"_", ""}, {"%afen", ""}, {"n_bel", ""},
		} {
			for name, viewer := range map[string]*store.Account{"a visitor": nil, "a member": ben} {
				if got := g.searched(viewer, tt.q); got != tt.want {
					t.Errorf("%q finds %q for %s, want %q", tt.q, got, name, tt.want)
				}
			}
		}
		if got := g.searched(ben, "from:me"); got != four {
			t.Errorf("from:me finds %q", got)
		}
		if got := g.searched(nil, "from:me"); got != "" {
			t.Errorf("from:me finds %q for a visitor", got)
		}
		for _, q := range []string{"before:yesterday", "after:2026-13", "from:ada from:ben", "tag:", "before:0001-01-01", strings.Repeat("a", 201),
			strings.Repeat("tag:a ", 9), "a b c d e f g h i j k l m n o p q r s t u v w x y"} {
			_, err := g.SearchPosts(g.ctx, ben, PostSearch{Text: q})
			if wrong := new(Invalid); !errors.As(err, &wrong) {
				t.Errorf("%q: %v", q, err)
			}
		}

		// Edits and deletions are found at once.
		id := ours.ID
		edit := func(ch PostChange) {
			t.Helper()
			_, err := g.EditPost(g.ctx, ben, id, ch)
			g.must(err)
			g.indexIsTrue()
		}
		caption, described, followers, public := "five: Sonne", "Ein Rabe", store.Followers, store.Public
		edit(PostChange{Caption: &caption})
		if g.searched(ada, "ben's") != "" || g.searched(ada, "sonne") != caption {
			t.Error("a caption that was edited is found as it was")
		}
		more := g.photo(ben)
		edit(PostChange{Photos: []PostPhoto{{ID: more, Description: &described}}})
		if g.searched(ada, "rabe") != caption {
			t.Error("a new photo's description is not found")
		}
		raven := ""
		edit(PostChange{Photos: []PostPhoto{{ID: more, Description: &raven}}})
		if g.searched(ada, "rabe") != "" {
			t.Error("a description that is gone is found")
		}
		if g.searched(ada, "camera:box") == "" {
			t.Error("what took a photo is not found")
		}
		edit(PostChange{ShowExif: &no})
		if g.searched(ada, "camera:box from:ben") != "" {
			t.Error("what took a photo is found although it is hidden")
		}
		edit(PostChange{Visibility: &followers})
		if g.searched(ada, "sonne") != "" || g.searched(nil, "sonne") != "" || g.searched(ada, "sonne from:ben") != "" || g.searched(ben, "sonne") != caption {
			t.Error("a post for followers is found by others, or not by its author")
		}
		_, err = g.Follow(g.ctx, ada, ben.ID)
		g.must(err)
		if g.searched(ada, "sonne") != caption || g.searched(ada, "from:ben sonne") != caption {
			t.Error("a follower does not find a post for followers")
		}
		edit(PostChange{Visibility: &public})
		if g.searched(nil, "sonne") != caption {
			t.Error("a post that is public again is not found")
		}
		g.comment(ada, id, "comment: Wolken")
		if g.searched(ada, "wolken") != "comment: Wolken" || g.searched(ben, "wolken") != "" || g.searched(ben, "from:ada wolken") != "" {
			t.Error("a comment is found by others, or not by its author")
		}
		_, err = g.DeletePost(g.ctx, ben, id)
		g.must(err)
		if got := g.searched(ada, "sonne"); got != "" {
			t.Errorf("a deleted post is found: %q", got)
		}
		g.must(g.erasePost(g.ctx, id, func(ctx context.Context, drop func(context.Context, *store.Store) error) error {
			return g.Store.Tx(ctx, drop)
		}))
		if got := g.searched(ada, "wolken"); got != "" {
			t.Errorf("a comment on a deleted post is found: %q", got)
		}
		g.indexIsTrue()
	})
}

// Muted people are not found, but where they are asked for; those who are suspended are not.
func TestSearchLeavesOutWhomFeedsLeaveOut(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ada, ben, eve := g.account("ada"), g.account("ben"), g.account("eve")
		g.post(ben, store.Public, "fog by ben")
		g.post(ada, store.Public, "fog by ada")
		_, err := g.Mute(g.ctx, ada, ben.ID, MuteOptions{})
		g.must(err)
		if got := g.searched(ada, "fog"); got != "fog by ada" {
			t.Errorf("finds %q", got)
		}
		if got := g.searched(ada, "fog from:ben"); got != "fog by ben" {
			t.Errorf("of the muted one himself it finds %q", got)
		}
		now := store.ToMillis(time.Now())
		g.must(g.Store.SetSuspended(g.ctx, ben.ID, &now))
		for _, viewer := range []*store.Account{nil, ada, eve} {
			if got := g.searched(viewer, "fog"); got != "fog by ada" {
				t.Errorf("finds %q", got)
			}
			if got := g.searched(viewer, "fog from:ben"); got != "" {
				t.Errorf("of somebody suspended it finds %q", got)
			}
		}
		g.setDefaults(func(s *Site) { s.Visitors = VisitorsNone })
		if _, err := g.SearchPosts(g.ctx, nil, PostSearch{Text: "fog"}); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("a visitor of a members-only site: %v", err)
		}
	})
}

func TestSearchPagesThroughItsRanking(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ada := g.account("ada")
		var want []string
		for i := range 12 {
			caption := fmt.Sprintf("fog %02d", i)
			if i%3 == 0 {
				caption += " #fog"
			}
			g.post(ada, store.Public, caption)
			want = append(want, caption)
		}
		slices.Reverse(want)
		slices.SortStableFunc(want, func(a, b string) int {
			return strings.Count(b, "#") - strings.Count(a, "#")
		})
		var got []string
		for skip := 0; ; skip += 5 {
			posts, err := g.SearchPosts(g.ctx, nil, PostSearch{Text: "fog", Skip: skip, Cursor: Cursor{Limit: 5}})
			g.must(err)
			if len(posts) == 0 {
				break
			}
			for _, p := range posts {
				got = append(got, p.Caption)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		posts, err := g.SearchPosts(g.ctx, nil, PostSearch{Text: "fog", Skip: MaxSearch, Cursor: Cursor{Limit: 5}})
		if err != nil || len(posts) != 0 {
			t.Errorf("past the end: %d, %v", len(posts), err)
		}
	})
}

// What was posted before there was an index, or by a process that does not keep it, is indexed by the job: from where it
// was when it was killed, and once more when no such process is left.
func TestTheIndexIsFilled(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ada := g.account("ada")
		for i := range 30 {
			g.post(ada, store.Public, fmt.Sprintf("fog %02d", i))
		}
		root := g.post(ada, store.Public, "lost")
		gone := g.post(ada, store.Public, "gone")
		g.comment(ada, root.ID, "answer")
		exec := func(q string) {
			t.Helper()
			_, err := g.Store.SQL().ExecContext(g.ctx, q)
			g.must(err)
		}
		exec("DELETE FROM search_words")
		exec("DELETE FROM search_posts")
		if got := g.searched(ada, "fog"); got != "" {
			t.Fatalf("without an index it finds %q", got)
		}
		now, err := g.Store.Now(g.ctx)
		g.must(err)
		f, err := g.fillState(g.ctx, now)
		g.must(err)
		g.must(g.fillSearch(g.ctx, &f, func() bool { return f.Seen > 0 })) // killed after its first batch
		if f.Below == 0 || f.Changed == 0 {
			t.Fatalf("after a batch: %+v", f)
		}
		f, err = g.fillState(g.ctx, 0)
		g.must(err)
		seen := f.Seen
		if seen == 0 || f.done() {
			t.Fatalf("it does not go on where it was: %+v", f)
		}
		g.must(g.fillSearch(g.ctx, &f, func() bool { return false }))
		if f.Below != 0 || f.Seen != 33 || f.Changed != 33 {
			t.Errorf("it ended with %+v", f)
		}
		g.indexIsTrue()
		if got := strings.Count(g.searched(nil, "fog"), "fog"); got != 30 {
			t.Errorf("finds %d", got)
		}

		// A process that does not keep the index edits a post and deletes another, with its row.
		exec(fmt.Sprintf("UPDATE posts SET caption = 'rewritten' WHERE id = %d", root.ID))
		exec(fmt.Sprintf("DELETE FROM post_tags WHERE post_id = %d", gone.ID))
		exec(fmt.Sprintf("UPDATE photos SET post_id = NULL WHERE post_id = %d", gone.ID))
		exec(fmt.Sprintf("DELETE FROM posts WHERE id = %d", gone.ID))
		run := func() {
			t.Helper()
			_, err := g.Store.TxOnce(g.ctx, "jobs", func(ctx context.Context, tx *store.Store, jobID int64) error {
				return tx.AddJobID(ctx, jobID, jobSearchFill, struct{}{})
			})
			g.must(err)
			jobs, err := JobBackend(g.Store).Claim(g.ctx, []string{jobSearchFill}, 10, time.Minute)
			g.must(err)
			for _, j := range jobs {
				g.must(g.runSearchFill(g.ctx, &j))
				if err := JobBackend(g.Store).Finish(g.ctx, j.ID, j.Token); err != nil && !errors.Is(err, queue.ErrLeaseLost) {
					t.Fatal(err)
				}
			}
		}
		run()
		if got := g.searched(ada, "rewritten"); got != "" {
			t.Errorf("the second pass did not wait for the end of the upgrade: finds %q", got)
		}
		text, err := g.Store.SiteInfo(g.ctx, infoSearchFill)
		g.must(err)
		before := fmt.Sprintf(`"since":%d`, f.Since)
		if !strings.Contains(text, before) {
			t.Fatalf("%s has no %s", text, before)
		}
		g.must(g.Store.SetSiteInfo(g.ctx, infoSearchFill, strings.Replace(text, before, fmt.Sprintf(`"since":%d`, now-store.Millis((rollingUpgrade+time.Second).Milliseconds())), 1)))
		run()
		if g.searched(ada, "rewritten") != "rewritten" || g.searched(ada, "lost") != "" {
			t.Error("the second pass did not mend an edit")
		}
		g.indexIsTrue()
		if f, err = g.fillState(g.ctx, 0); err != nil || !f.done() || f.Changed != 2 {
			t.Errorf("at the end: %+v, %v", f, err)
		}
	})
}

// People are found by all words of their displayed names, as these are now.
func TestSearchFindsPeopleByTheirNames(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		named := func(username, name string) *store.Account {
			acc := g.account(username)
			acc, err := g.UpdateProfile(g.ctx, acc, ProfileChange{DisplayName: &name})
			g.must(err)
			return acc
		}
		ada := named("al", "Ada Lövqvist")
		bea := named("ada2", "Bea Lovelace Ada")
		cho := named("c", "東京 Cho")
		plain := g.account("lov")
		people := func(viewer *store.Account, text string, followed bool) string {
			t.Helper()
			as, err := g.SearchAccounts(g.ctx, viewer, AccountSearch{Text: text, Followed: followed, Limit: 10})
			g.must(err)
			var out []string
			for _, a := range as {
				out = append(out, a.Username)
			}
			return strings.Join(out, " ")
		}
		check := func(viewer *store.Account, text, want string) {
			t.Helper()
			if got := people(viewer, text, false); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		check(nil, "ada", "ada2 al") // a username before a name
		check(nil, "LOVQ", "al")
		check(nil, "lov", "lov al ada2")
		check(nil, "ada lov", "al ada2")
		check(nil, "lov ada", "") // only the last word may go on
		check(nil, "lovelace bea", "ada2")
		check(nil, "lovelace bea al", "")
		check(nil, "東京", "c")
		check(nil, "東", "c")
		check(nil, "@ada", "ada2")
		check(nil, "%", "")
		check(nil, strings.Repeat("a ", 9), "")
		if got := people(plain, "ada", true); got != "" {
			t.Errorf("of those whom one follows it finds %q", got)
		}
		_, err := g.Follow(g.ctx, plain, ada.ID)
		g.must(err)
		if got := people(plain, "ada", true); got != "al" {
			t.Errorf("of those whom one follows it finds %q", got)
		}
		_, err = g.Block(g.ctx, ada, plain.ID)
		g.must(err)
		check(plain, "lovqvist", "")
		other := "Nobody"
		_, err = g.UpdateProfile(g.ctx, bea, ProfileChange{DisplayName: &other})
		g.must(err)
		check(nil, "lovelace", "")
		check(nil, "nobody", "ada2")
		now := store.ToMillis(time.Now())
		g.must(g.Store.SetSuspended(g.ctx, bea.ID, &now))
		check(nil, "nobody", "")
		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			_, err := tx.EraseAccountRows(ctx, cho.ID, 100)
			return err
		}))
		check(nil, "cho", "")

		// The job finds names that were there before.
		_, err = g.Store.SQL().ExecContext(g.ctx, "DELETE FROM account_words")
		g.must(err)
		check(nil, "lovqvist", "")
		f, err := g.fillState(g.ctx, now)
		g.must(err)
		g.must(g.fillSearch(g.ctx, &f, func() bool { return false }))
		check(nil, "lovqvist", "al")
		if f.Names != -1 || f.Below != 0 {
			t.Errorf("it ended with %+v", f)
		}
	})
}

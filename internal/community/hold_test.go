package community

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/lang"
	"tintype/internal/store"
)

// Words are found whole, in any case and spelling, and nothing else is.
func TestBlockedWords(t *testing.T) {
	l := newWordList([]string{"casino", "free money", "straße", "賭場", "c3po"})
	for text, want := range map[string]string{
		"Casino!": "casino", "a CASINO.": "casino", "#casino": "casino", "ca\u00adsi\u200bno": "casino", "ｃａｓｉｎｏ": "casino", "Free  -  Money": "free money",
		"free\nmoney": "free money", "STRASSE": "strasse", "大賭場開": "賭場", "C3PO": "c3po",
		"casinos": "", "occasion": "", "free the money": "", "money free": "", "": "", "free": "", "c3 po": "",
	} {
		if got := l.find("nothing", text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := newWordList(nil).find("casino"); got != "" {
		t.Error(got)
	}
}

// heldSite has a moderator, a new member, and a blocked word.
func heldSite(g *testSite) (mod By, ann *store.Account) {
	_, err := g.AddBlock(g.ctx, ByCommand(""), NewBlock{Kind: store.BlockWord, Value: "Casino"})
	g.must(err)
	m := g.account("mod")
	g.must(g.Store.SetRole(g.ctx, m.ID, store.RoleModerator))
	m.Role = store.RoleModerator
	return By{Account: m, Via: ViaPage}, g.account("ann")
}

// What must wait is no post: it stands in no table that anything reads, is counted nowhere and tells nobody but moderators.
// Approved, it is posted then, once; rejected, its author hears why.
func TestHeldPosts(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		bob := g.account("bob")
		fine := g.post(bob, store.Public, "A gate")
		photo := g.photo(ann)
		in := NewPost{Caption: "Come to the CASINO, @bob #fun", PhotoIDs: []int64{photo}, Descriptions: map[int64]string{photo: "A gate"}, IdempotencyKey: "k"}
		held, err := g.Publish(g.ctx, ann, in)
		g.must(err)
		if !held.Held || len(held.Photos) != 1 || held.Photos[0].Description != "A gate" || held.Author.ID != ann.ID || held.Visibility != store.Public {
			t.Fatalf("%+v", held)
		}
		again, err := g.Publish(g.ctx, ann, in) // a client that got no answer
		g.must(err)
		if again.ID != held.ID || !again.Held {
			t.Errorf("sent twice: %+v", again)
		}
		comment, err := g.Publish(g.ctx, ann, NewPost{Caption: "casino", InReplyTo: fine.ID})
		g.must(err)
		if !comment.Held || comment.Kind != store.KindComment {
			t.Errorf("a comment: %+v", comment.Post)
		}
		count := func(what string) (n int) {
			t.Helper()
			g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM "+what).Scan(&n))
			return n
		}
		for what, want := range map[string]int{
			"posts": 1, "mentions": 0, "post_tags": 0, "held_posts": 2, "photos WHERE source = 'held' AND set_kind = 'priv' AND post_id IS NULL": 1,
			"notifications": 1, "notifications WHERE kind = 'admin.held'": 1, "events WHERE kind = 'post.created'": 1, "search_posts": 1, "accounts WHERE username = 'ann' AND posts_count + comments_count > 0": 0,
		} {
			if n := count(what); n != want {
				t.Errorf("%s: %d, want %d", what, n, want)
			}
		}
		// Nobody else finds it, nor takes its photo.
		for name, who := range map[string]*store.Account{"a visitor": nil, "another": bob, "a moderator": mod.Account, "its author": ann} {
			if _, err := g.PostByID(g.ctx, who, held.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			own, err := g.PostOrHeld(g.ctx, who, held.ID)
			if who == ann && (err != nil || own.ID != held.ID) || who != ann && !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
			id := int64(0)
			if who != nil {
				id = who.ID
			}
			ok, err := g.PrivatePhotoAllowed(g.ctx, held.Photos[0].SetRandom, id)
			if err != nil || ok != (who == ann || who == mod.Account) {
				t.Errorf("the photo, for %s: %v %v", name, ok, err)
			}
		}
		if _, err := g.Publish(g.ctx, ann, NewPost{PhotoIDs: []int64{photo}}); codes(err) != "photos taken" {
			t.Errorf("its photo in another post: %v", err)
		}
		if err := g.RemovePhoto(g.ctx, ann, photo); codes(err) != "id in_use" {
			t.Errorf("its photo removed: %v", err)
		}
		g.DraftTTL = time.Nanosecond
		g.must(g.Sweep(g.ctx))
		g.must(g.Sweep(g.ctx))
		if n := count("photos WHERE id = " + fmt.Sprint(photo) + " AND state = 'ready'"); n != 1 {
			t.Error("the sweep removed the photo of a held post")
		}

		if _, err := g.ApproveHeld(g.ctx, By{Account: bob, Via: ViaPage}, held.ID); !errors.Is(err, ErrForbidden) {
			t.Errorf("a member approves: %v", err)
		}
		// Of several moderators one approves.
		var wg sync.WaitGroup
		posts, errs := make([]*Post, 4), make([]error, 4)
		for i := range posts {
			wg.Go(func() { posts[i], errs[i] = g.ApproveHeld(g.ctx, mod, held.ID) })
		}
		wg.Wait()
		var post *Post
		for i := range posts {
			if errs[i] == nil {
				if post != nil {
					t.Error("approved twice")
				}
				post = posts[i]
			} else if codes(errs[i]) != " decided" {
				t.Error(errs[i])
			}
		}
		if post == nil || post.Held || post.ID <= held.ID || !post.Listed || len(post.Photos) != 1 || post.Photos[0].SetKind != store.SetPublic || post.Photos[0].Description != "A gate" || len(post.Mentions) != 1 {
			t.Fatalf("%+v", post)
		}
		if first, err := g.Publish(g.ctx, ann, in); err != nil || first.ID != post.ID {
			t.Errorf("the key leads to %+v, %v", first, err)
		}
		for what, want := range map[string]int{
			"posts": 2, "mentions": 1, "post_tags": 1, "notifications WHERE kind = 'mention'": 1, "events WHERE kind = 'post.created'": 2, "accounts WHERE username = 'ann' AND posts_count = 1": 1, "admin_log WHERE act = 'held.approve'": 1,
		} {
			if n := count(what); n != want {
				t.Errorf("approved: %s: %d, want %d", what, n, want)
			}
		}

		// Its author is told, once, and nobody else; applications are not, which know no such kind.
		told := func(acc *store.Account, f NotificationFilter) (kinds []string) {
			t.Helper()
			list, err := g.Notifications(g.ctx, acc, f, Cursor{})
			g.must(err)
			for _, n := range list {
				kinds = append(kinds, n.Kind)
				if n.Kind == store.NotifyApproved && (n.Post == nil || n.Post.ID != post.ID || n.FromID != ann.ID || pushTitle(lang.Find(lang.English), ann, n) != "Your post is published" ||
					!strings.HasSuffix(pushPath(n), fmt.Sprintf("/@ann/%d", post.ID))) {
					t.Errorf("the author is told %+v", n)
				}
			}
			return kinds
		}
		if got := told(ann, NotificationFilter{OnPage: true}); !slices.Equal(got, []string{store.NotifyApproved}) {
			t.Errorf("the author is told %v", got)
		}
		if n, err := g.UnreadNotifications(g.ctx, ann, NotificationFilter{OnPage: true}); err != nil || n != 1 {
			t.Errorf("the author has %d unread, %v", n, err)
		}
		if got := told(ann, NotificationFilter{}); len(got) != 0 {
			t.Errorf("applications are told %v", got)
		}
		if got := told(ann, NotificationFilter{Types: []string{store.NotifyApproved}}); len(got) != 0 {
			t.Errorf("applications that ask for the kind are told %v", got)
		}
		if n := count("notifications WHERE kind = 'held_approved'"); n != 1 {
			t.Errorf("%d are told of one approved post", n)
		}
		if ok, err := g.wantsPush(g.ctx, ann, store.NotifyApproved); err != nil || !ok {
			t.Errorf("it is not pushed: %v", err)
		}

		g.must(g.RejectHeld(g.ctx, mod, comment.ID, "No adverts."))
		if err := g.RejectHeld(g.ctx, mod, comment.ID, ""); codes(err) != " decided" {
			t.Errorf("rejected twice: %v", err)
		}
		if _, err := g.ApproveHeld(g.ctx, mod, comment.ID); codes(err) != " decided" {
			t.Errorf("approved after that: %v", err)
		}
		decisions, err := g.OwnDecisions(g.ctx, ann)
		if err != nil || len(decisions) != 1 || decisions[0].Kind != store.DecideReject || decisions[0].Words != "No adverts." || decisions[0].Excerpt != "casino" {
			t.Errorf("%+v %v", decisions, err)
		}
		own, err := g.OwnHeld(g.ctx, ann)
		if err != nil || len(own) != 1 || own[0].Words != "No adverts." || own[0].Post.Caption != "casino" {
			t.Errorf("%+v %v", own, err)
		}
		if n := count("admin_log WHERE act = 'held.reject'"); n != 1 {
			t.Errorf("%d rows of the log", n)
		}
		if waiting, err := g.HeldPosts(g.ctx, mod, Cursor{}); err != nil || len(waiting) != 0 {
			t.Errorf("%d wait, %v", len(waiting), err)
		}
		// What is approved may be edited, but no blocked word comes in by an edit.
		words := "Come to the casino, all"
		if _, err := g.EditPost(g.ctx, ann, post.ID, PostChange{Caption: &words}); err != nil {
			t.Error(err)
		}
		other := g.post(ann, store.Public, "A fence")
		if _, err := g.EditPost(g.ctx, ann, other.ID, PostChange{Caption: &words}); codes(err) != "caption held" {
			t.Errorf("a blocked word by an edit: %v", err)
		}
		if p := g.comment(mod.Account, fine.ID, "casino"); p.Held {
			t.Error("a moderator has to wait")
		}
	})
}

// The first posts and comments of a new member wait until somebody has approved as many; a withdrawn one is gone, and only so
// many wait at once.
func TestFirstPostsAreHeld(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		g.SiteDefaults.HoldFirst = 2
		var waiting []*Post
		for i := range 3 {
			p := g.post(ann, store.Followers, fmt.Sprintf("Fog %d", i))
			if !p.Held {
				t.Fatalf("post %d does not wait", i)
			}
			waiting = append(waiting, p)
		}
		for i, p := range waiting[:2] {
			post, err := g.ApproveHeld(g.ctx, mod, p.ID)
			if err != nil || post.Visibility != store.Followers || post.Photos[0].SetKind != store.SetPrivate {
				t.Fatalf("%+v %v", post, err)
			}
			// Until the first are through, an edit brings nothing that no moderator has seen: it would be seen at once.
			was, other := "", "Buy shoes"
			mine := PostPhoto{ID: post.Photos[0].ID}
			for what, change := range map[string]PostChange{
				"caption": {Caption: &other}, "warning": {Warning: &other}, "description": {Photos: []PostPhoto{{ID: mine.ID, Description: &other}}}, "photos": {Photos: []PostPhoto{mine, {ID: g.photo(ann)}}},
			} {
				want := "caption held"
				if what == "photos" {
					want = "photos held"
				}
				if i > 0 {
					want = codes(nil)
				}
				if _, err := g.EditPost(g.ctx, ann, post.ID, change); codes(err) != want {
					t.Errorf("after %d of 2 the %s is edited: %v, want %q", i+1, what, err, want)
				}
			}
			public := store.Public
			if _, err := g.EditPost(g.ctx, ann, post.ID, PostChange{Caption: &was, Visibility: &public, Photos: []PostPhoto{mine}}); err != nil {
				t.Errorf("words are taken out: %v", err)
			}
		}
		if p := g.post(ann, store.Public, "Sun"); p.Held {
			t.Error("the third still waits")
		}
		if err := g.WithdrawHeld(g.ctx, mod.Account, waiting[2].ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("another withdraws: %v", err)
		}
		g.must(g.WithdrawHeld(g.ctx, ann, waiting[2].ID))
		if ph, err := g.Store.PhotoByID(g.ctx, waiting[2].Photos[0].ID); err == nil && ph.State != store.PhotoGone {
			t.Errorf("its photo is %s", ph.State)
		}
		if _, err := g.ApproveHeld(g.ctx, mod, waiting[2].ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("a withdrawn one: %v", err)
		}
		bob := g.account("bob")
		root := g.post(mod.Account, store.Public, "A lamp")
		// A comment on an announcement cannot wait. It is refused for as long.
		notice, err := g.Announce(g.ctx, ByCommand(""), NewAnnouncement{Text: "We meet at nine."})
		g.must(err)
		for who, want := range map[*store.Account]string{bob: "text held", ann: codes(nil), mod.Account: codes(nil)} {
			if _, err := g.CommentOnAnnouncement(g.ctx, who, notice.ID, "Where?", ""); codes(err) != want {
				t.Errorf("%s comments on an announcement: %v, want %q", who.Username, err, want)
			}
		}
		n := 0
		for ; err == nil && n <= maxHeldOf; n++ {
			_, err = g.Publish(g.ctx, bob, NewPost{Caption: strings.Repeat("a", n+1), InReplyTo: root.ID})
		}
		if codes(err) != " held_full" || n != maxHeldOf+1 {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// What a moderator has let pass with a post stays through edits, also in an alternative text, which the page sends with each of them.
// Another blocked word comes in by no text, nor with a photo.
func TestWhatWasApprovedMayBeEdited(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		mod, ann := heldSite(g)
		photo := g.photo(ann)
		held, err := g.Publish(g.ctx, ann, NewPost{Caption: "A door", PhotoIDs: []int64{photo}, Descriptions: map[int64]string{photo: "That of the casino"}})
		g.must(err)
		post, err := g.ApproveHeld(g.ctx, mod, held.ID)
		g.must(err)
		edit := func(caption string, photos ...PostPhoto) error {
			_, err := g.EditPost(g.ctx, ann, post.ID, PostChange{Caption: &caption, Photos: photos})
			return err
		}
		as := func(id int64, text string) PostPhoto { return PostPhoto{ID: id, Description: &text} }
		g.must(edit("A red door", as(photo, "That of the casino")))
		g.must(edit("A red door, seen from the casino", as(photo, "That of the casino, at noon")))
		_, err = g.AddBlock(g.ctx, ByCommand(""), NewBlock{Kind: store.BlockWord, Value: "roulette"})
		g.must(err)
		if err := edit("A red door", as(photo, "That of the casino, with a roulette")); codes(err) != "caption held" {
			t.Errorf("another word in the alternative text: %v", err)
		}
		second := g.photo(ann)
		if _, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE photos SET description = ? WHERE id = ?", "A roulette", second); err != nil {
			t.Fatal(err)
		}
		if err := edit("Two doors", as(photo, "That of the casino"), PostPhoto{ID: second}); codes(err) != "caption held" {
			t.Errorf("another word with a new photo: %v", err)
		}
		g.must(edit("Two doors", as(photo, "That of the casino"), as(second, "A wheel")))
		g.must(edit("Two doors", as(photo, "A door"), as(second, "A wheel")))
		if err := edit("Two doors", as(photo, "That of the casino"), as(second, "A wheel")); codes(err) != "caption held" {
			t.Errorf("a word that was taken out comes back: %v", err)
		}
	})
}

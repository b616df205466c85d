package community

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
)

func codes(err error) string {
	var bad *Invalid
	if !errors.As(err, &bad) {
		return fmt.Sprint(err)
	}
	var out []string
	for _, f := range bad.Fields {
		out = append(out, f.Field+" "+f.Code)
	}
	return strings.Join(out, ", ")
}

func TestPublishRefuses(t *testing.T) {
	g := newTestSite(t, testStore(t))
	ann, bob := g.account("ann"), g.account("bob")
	mine, his, used := g.photo(ann), g.photo(bob), g.post(ann, store.Public, "").Photos[0].ID
	refused := g.photo(ann)
	_, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE photos SET state = 'refused', refusal = 'This is no photograph.' WHERE id = ?", refused)
	g.must(err)
	many := make([]int64, 11)
	for i := range many {
		many[i] = int64(i + 1)
	}
	var tags, names strings.Builder
	for i := range 31 {
		fmt.Fprintf(&tags, "#t%d ", i)
		fmt.Fprintf(&names, "@n%d ", i)
	}
	post := g.post(ann, store.Public, "")
	for _, tt := range []struct {
		name string
		in   NewPost
		want string
	}{
		{"no photo", NewPost{Caption: "x"}, "photos blank"},
		{"empty comment", NewPost{Caption: " \n", InReplyTo: post.ID}, "caption blank"},
		{"too many photos", NewPost{PhotoIDs: many}, "photos too_many"},
		{"twice the same", NewPost{PhotoIDs: []int64{mine, mine}}, "photos invalid"},
		{"another's photo", NewPost{PhotoIDs: []int64{his}}, "photos missing"},
		{"in a post already", NewPost{PhotoIDs: []int64{used}}, "photos taken"},
		{"refused", NewPost{PhotoIDs: []int64{refused}}, "photos refused"},
		{"too long", NewPost{PhotoIDs: []int64{mine}, Caption: strings.Repeat("ä", 5001), Warning: strings.Repeat("w", 501), Descriptions: map[int64]string{mine: strings.Repeat("d", 1501)}},
			"description too_long, caption too_long, warning too_long"},
		{"long comment", NewPost{Caption: strings.Repeat("x", 2001), InReplyTo: post.ID}, "caption too_long"},
		{"choices", NewPost{PhotoIDs: []int64{mine}, Visibility: "direct", Licence: "mit"}, "visibility invalid, licence invalid"},
		{"tags and names", NewPost{PhotoIDs: []int64{mine}, Caption: tags.String() + names.String()}, "caption too_many_tags, caption too_many_mentions"},
		{"answer to nothing", NewPost{Caption: "x", InReplyTo: 7}, "not found"},
	} {
		if _, err := g.Publish(g.ctx, ann, tt.in); codes(err) != tt.want {
			t.Errorf("%s: %s; want %s", tt.name, codes(err), tt.want)
		}
	}
	// The photo that is wrong is called by its place, also behind those that the post has.
	_, err = g.EditPost(g.ctx, ann, post.ID, PostChange{Photos: []PostPhoto{{ID: post.Photos[0].ID}, {ID: his}}})
	if codes(err) != "photos missing" || !strings.Contains(err.Error(), "Photo 2 ") || strings.Contains(err.Error(), "Photo 1 ") {
		t.Errorf("an edit with another's photo: %v", err)
	}
	if _, err := g.Publish(g.ctx, nil, NewPost{}); !errors.Is(err, ErrUnauthenticated) {
		t.Error(err)
	}
	// At the bounds all is well, and the photo that stood in refused posts is still free.
	if _, err := g.Publish(g.ctx, ann, NewPost{PhotoIDs: []int64{mine}, Caption: strings.Repeat("ä", 5000)}); err != nil {
		t.Error(err)
	}
	g.setDefaults(func(s *Site) { s.PostLimit = Limit{Count: 1, Window: 1000 * time.Hour} })
	if _, err := g.Publish(g.ctx, bob, NewPost{Caption: "x", InReplyTo: post.ID}); err != nil {
		t.Error(err)
	}
	var many429 *TooMany
	if _, err := g.Publish(g.ctx, bob, NewPost{Caption: "y", InReplyTo: post.ID}); !errors.As(err, &many429) {
		t.Error(err)
	}
}

// A post waits for a photo that is still being prepared, and its photos lie where its readers may fetch them.
func TestPublishWaitsAndMoves(t *testing.T) {
	g := newTestSite(t, testStore(t))
	ann := g.account("ann")
	pending := g.photo(ann)
	state := func(to string) {
		if _, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE photos SET state = ? WHERE id = ?", to, pending); err != nil {
			t.Error(err)
		}
	}
	state(store.PhotoPending)
	var done atomic.Bool
	var wg sync.WaitGroup
	wg.Go(func() {
		time.Sleep(50 * time.Millisecond) // mostly enough for Publish to come and wait, which nothing shows
		done.Store(true)
		state(store.PhotoReady)
	})
	p, err := g.Publish(g.ctx, ann, NewPost{PhotoIDs: []int64{pending}, Visibility: store.Followers})
	wg.Wait()
	g.must(err)
	if !done.Load() || len(p.Photos) != 1 {
		t.Errorf("published before its photo was ready: %+v", p)
	}
	set := func(p *Post, kind string) (key string) {
		t.Helper()
		key = p.Photos[0].Key("320")
		if p.Photos[0].SetKind != kind || !strings.HasPrefix(key, kind+"/") {
			t.Errorf("the photo lies at %s, not under %s", key, kind)
		}
		o, err := g.Media.Open(g.ctx, key)
		g.must(err)
		g.must(o.Close())
		return key
	}
	private := set(p, store.SetPrivate)
	random := p.Photos[0].SetRandom
	for viewer, want := range map[int64]bool{0: false, ann.ID: true, g.account("bob").ID: false} {
		if ok, err := g.PrivatePhotoAllowed(g.ctx, random, viewer); err != nil || ok != want {
			t.Errorf("%d may fetch it: %v, %v", viewer, ok, err)
		}
	}
	open := store.Unlisted
	p, err = g.EditPost(g.ctx, ann, p.ID, PostChange{Visibility: &open})
	g.must(err)
	if public := set(p, store.SetPublic); strings.TrimPrefix(public, "pub/") == strings.TrimPrefix(private, "priv/") {
		t.Error("the private name became public")
	}
}

// Who wants no warned posts finds none in any feed, but its own.
func TestHiddenWarned(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		_, err := g.Follow(g.ctx, bob, ann.ID)
		g.must(err)
		yes := true
		warned := func(acc *store.Account) int64 {
			p, err := g.Publish(g.ctx, acc, NewPost{Caption: "#warned", Sensitive: &yes, PhotoIDs: []int64{g.photo(acc)}})
			g.must(err)
			return p.ID
		}
		plain := g.post(ann, store.Public, "#warned").ID
		hers, his := warned(ann), warned(bob)
		for setting, want := range map[string][]int64{"ask": {his, hers, plain}, "show": {his, hers, plain}, "hide": {his, plain}} {
			bob.WarnedPhotos = setting
			for name, read := range map[string]func(p Cursor) ([]*Post, error){
				"public": func(p Cursor) ([]*Post, error) { return g.PublicFeed(g.ctx, bob, p) },
				"home":   func(p Cursor) ([]*Post, error) { return g.HomeFeed(g.ctx, bob, p) },
				"tag":    func(p Cursor) ([]*Post, error) { return g.TagFeed(g.ctx, bob, "warned", p) },
			} {
				for _, page := range []Cursor{{}, {MinID: 1}, {MaxID: his + 1}} {
					posts, err := read(page)
					g.must(err)
					if !slices.Equal(idsOf(posts), want) {
						t.Errorf("%s, %s %+v: %v, want %v", setting, name, page, idsOf(posts), want)
					}
				}
			}
			if _, err := g.PostByID(g.ctx, bob, hers); err != nil {
				t.Errorf("%s: by its address: %v", setting, err)
			}
		}
	})
}

func TestIdempotency(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		for round := range 3 {
			in := NewPost{Caption: "once", PhotoIDs: []int64{g.photo(ann), g.photo(ann)}, IdempotencyKey: fmt.Sprint("key", round)}
			got := make([]int64, 6)
			var wg sync.WaitGroup
			for i := range got {
				wg.Go(func() {
					p, err := g.Publish(g.ctx, ann, in)
					if err != nil {
						t.Error(err)
						return
					}
					got[i] = p.ID
				})
			}
			wg.Wait()
			if slices.Sort(got); got[0] == 0 || got[0] != got[len(got)-1] {
				t.Fatalf("one key made the posts %v", got)
			}
			changed := in
			changed.Caption = "twice"
			if _, err := g.Publish(g.ctx, ann, changed); codes(err) != "idempotency_key reused" {
				t.Error(err)
			}
		}
		feed, err := g.PublicFeed(g.ctx, nil, Cursor{})
		g.must(err)
		if len(feed) != 3 || feed[0].Author.PostsCount != 3 {
			t.Errorf("%d posts, %d counted", len(feed), feed[0].Author.PostsCount)
		}

		// Another account's key is another key; a comment's is kept like a post's.
		c := NewPost{Caption: "comment", InReplyTo: feed[0].ID, IdempotencyKey: "key0"}
		one, err := g.Publish(g.ctx, bob, c)
		g.must(err)
		two, err := g.Publish(g.ctx, bob, c)
		g.must(err)
		if one.ID != two.ID {
			t.Error("a comment was made twice")
		}
		_, err = g.DeletePost(g.ctx, bob, one.ID)
		g.must(err)
		if _, err := g.Publish(g.ctx, bob, c); !errors.Is(err, ErrNotFound) {
			t.Errorf("the post of the key is deleted: %v", err)
		}
		// After 48 hours a key is new again.
		_, err = g.Store.SQL().ExecContext(g.ctx, "UPDATE idempotency_keys SET created_at = created_at - ?", int64(keepKeys/time.Millisecond)+1)
		g.must(err)
		three, err := g.Publish(g.ctx, bob, c)
		g.must(err)
		if three.ID == one.ID {
			t.Error("an old key gave an old answer")
		}
		n, err := g.Store.RemoveIdempotencyKeys(g.ctx, store.ToMillis(time.Now().Add(-keepKeys)), 100)
		if err != nil || n != 3 {
			t.Errorf("%d old keys went, %v", n, err)
		}
	})
}

func TestCommentsCountAndMove(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		post := g.post(ann, store.Public, "")
		a := g.comment(bob, post.ID, "a")
		b := g.comment(ann, a.ID, "b")
		c := g.comment(bob, b.ID, "c")
		d := g.comment(bob, b.ID, "d")
		e := g.comment(bob, post.ID, "e")
		count := func(want map[*Post]int) {
			t.Helper()
			for p, n := range want {
				now, err := g.PostByID(g.ctx, nil, p.ID)
				g.must(err)
				if now.CommentsCount != n {
					t.Errorf("%q counts %d comments, want %d", p.Caption, now.CommentsCount, n)
				}
			}
		}
		count(map[*Post]int{post: 5, a: 1, b: 2, c: 0, d: 0, e: 0})
		up, down, err := g.Context(g.ctx, nil, b.ID)
		g.must(err)
		if !slices.Equal(idsOf(up), []int64{post.ID, a.ID}) || !slices.Equal(idsOf(down), []int64{c.ID, d.ID}) {
			t.Errorf("around b: %v, %v", idsOf(up), idsOf(down))
		}
		if _, err := g.DeletePost(g.ctx, ann, b.ID); err != nil {
			t.Fatal(err)
		}
		count(map[*Post]int{post: 4, a: 2, c: 0, d: 0, e: 0})
		_, down, err = g.Context(g.ctx, nil, post.ID)
		g.must(err)
		if !slices.Equal(idsOf(down), []int64{a.ID, c.ID, d.ID, e.ID}) {
			t.Errorf("after b went: %v", idsOf(down))
		}
		if _, err := g.DeletePost(g.ctx, bob, a.ID); err != nil {
			t.Fatal(err)
		}
		count(map[*Post]int{post: 3})
		if now, err := g.PostByID(g.ctx, nil, c.ID); err != nil || *now.InReplyToID != post.ID || now.ReplyTo.ID != ann.ID {
			t.Errorf("c answers %+v, %v", now, err)
		}
		if _, err := g.DeletePost(g.ctx, bob, a.ID); !errors.Is(err, ErrNotFound) {
			t.Errorf("deleted twice: %v", err)
		}
	})
}

// Whatever is done to one thread at once, its counters are what is there.
func TestCountersInParallel(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		var people []*store.Account
		for i := range 5 {
			people = append(people, g.account(fmt.Sprint("p", i)))
		}
		post := g.post(people[0], store.Public, "")
		var wg sync.WaitGroup
		for i, acc := range people {
			wg.Go(func() {
				parent := post.ID
				for n := range 8 {
					c, err := g.Publish(g.ctx, acc, NewPost{Caption: fmt.Sprintf("from %d with @p%d", i, (i+1)%5), InReplyTo: parent})
					if errors.Is(err, ErrNotFound) {
						parent = post.ID
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					if _, err := g.Like(g.ctx, acc, post.ID); err != nil {
						t.Error(err)
					}
					if n%3 == 1 {
						if _, err := g.Unlike(g.ctx, acc, post.ID); err != nil {
							t.Error(err)
						}
						if parent == post.ID {
							continue
						}
						if _, err := g.DeletePost(g.ctx, acc, parent); err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, ErrNotFound) {
							t.Error(err)
						}
					}
					parent = c.ID
				}
			})
		}
		wg.Wait()
		rows, err := g.Store.SQL().QueryContext(g.ctx, "SELECT p.id, p.likes_count, p.comments_count,"+
			" (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id),"+
			" (SELECT COUNT(*) FROM posts c WHERE c.deleted_at IS NULL AND (p.root_id IS NULL AND c.root_id = p.id OR p.root_id IS NOT NULL AND c.in_reply_to_id = p.id))"+
			" FROM posts p WHERE p.deleted_at IS NULL")
		g.must(err)
		defer rows.Close()
		checked := 0
		for rows.Next() {
			var id int64
			var likes, comments, haveLikes, haveComments int
			g.must(rows.Scan(&id, &likes, &comments, &haveLikes, &haveComments))
			if likes != haveLikes || comments != haveComments {
				t.Errorf("%d counts %d likes of %d, %d comments of %d", id, likes, haveLikes, comments, haveComments)
			}
			checked++
		}
		g.must(rows.Err())
		if checked < 3 {
			t.Errorf("only %d posts and comments are left", checked)
		}
	})
}

func TestDeletePostRemovesEverything(t *testing.T) {
	onEachDatabase(t, func(t *testing.T, g *testSite) {
		ann, bob := g.account("ann"), g.account("bob")
		kept := g.post(ann, store.Public, "kept #tag")
		post := g.post(ann, store.Public, "gone #tag @bob")
		a := g.comment(bob, post.ID, "a @ann")
		g.comment(ann, a.ID, "b #tag")
		for _, id := range []int64{post.ID, a.ID, kept.ID} {
			_, err := g.Like(g.ctx, bob, id)
			g.must(err)
			_, err = g.Like(g.ctx, ann, id)
			g.must(err)
		}
		was, err := g.DeletePost(g.ctx, ann, post.ID)
		g.must(err)
		if was.Caption != "gone #tag @bob" || len(was.Photos) != 1 {
			t.Errorf("%+v", was)
		}
		if acc, err := g.AccountByID(g.ctx, nil, ann.ID); err != nil || acc.PostsCount != 1 || *acc.LastPostAt != kept.CreatedAt {
			t.Errorf("%+v, %v", acc, err)
		}
		jobs, err := g.Jobs(g.ctx, store.JobReady, 0, 10)
		g.must(err)
		var payloads []string
		for _, j := range jobs {
			if j.Kind == JobPostDelete {
				payloads = append(payloads, string(j.Payload))
			}
		}
		if len(payloads) != 1 {
			t.Fatalf("jobs %v", payloads)
		}
		// The process dies in the middle, and the job runs again from the start.
		dying, die := context.WithCancel(g.ctx)
		_ = g.erasePost(dying, post.ID, func(context.Context, func(context.Context, *store.Store) error) error { die(); return dying.Err() })
		q := queue.New(queue.Options{Backend: JobBackend(g.Store)})
		g.RegisterJobs(q)
		runJobs(t, g, q)
		for _, table := range []string{"likes WHERE post_id", "notifications WHERE post_id", "post_tags WHERE post_id", "mentions WHERE post_id", "photos WHERE post_id", "posts WHERE id", "posts WHERE root_id"} {
			var n int
			g.must(g.Store.SQL().QueryRowContext(g.ctx, "SELECT COUNT(*) FROM "+table+" IN (?, ?)", post.ID, a.ID).Scan(&n))
			if n != 0 {
				t.Errorf("%d rows are left of %s", n, table)
			}
		}
		now, err := g.PostByID(g.ctx, ann, kept.ID)
		g.must(err)
		if now.LikesCount != 2 || len(now.Photos) != 1 || len(now.Tags) != 1 {
			t.Errorf("the other post is no longer whole: %+v", now)
		}
	})
}

// runJobs runs the deletions that wait until none is left.
func runJobs(t *testing.T, g *testSite, q *queue.Queue) {
	t.Helper()
	q.Start(g.ctx)
	defer func() {
		if err := q.Stop(g.ctx); err != nil {
			t.Error(err)
		}
	}()
	servertest.Eventually(t, "no deletion waits", func() bool {
		jobs, err := g.Jobs(g.ctx, store.JobReady, 0, 100)
		g.must(err)
		for _, j := range jobs {
			if j.Error != "" {
				t.Fatal(j.Error)
			}
		}
		return !slices.ContainsFunc(jobs, func(j store.Job) bool { return j.Kind == JobPostDelete })
	})
}

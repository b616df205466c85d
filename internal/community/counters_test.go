package community

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// crowd is what the goroutines of TestCounters act on. Whoever signed up or posted is remembered for good, also after
// it was deleted, so that late comers are tried too.
type crowd struct {
	mu     sync.Mutex
	people []*store.Account
	posts  []int64 // and comments
	hash   string  // of crowdPassword
	names  atomic.Int64
}

const crowdPassword = "correct horse battery"

func (w *crowd) add(acc *store.Account, posts ...int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if acc != nil {
		w.people = append(w.people, acc)
	}
	w.posts = append(w.posts, posts...)
}

// someone reads a random account as a request would: as it is now.
func (w *crowd) someone(ctx context.Context, c *Community, rnd *rand.Rand) (*store.Account, error) {
	w.mu.Lock()
	id := pickAny(rnd, w.people).ID
	w.mu.Unlock()
	return c.Store.AccountByID(store.Primary(ctx), id)
}

// some is a random post or comment, most often one of the newest; 0 if there is none.
func (w *crowd) some(rnd *rand.Rand) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.posts) == 0 {
		return 0
	}
	if rnd.IntN(3) > 0 {
		return pickAny(rnd, w.posts[max(0, len(w.posts)-8):])
	}
	return pickAny(rnd, w.posts)
}

func pickAny[T any](rnd *rand.Rand, list []T) T { return list[rnd.IntN(len(list))] }

// TestCounters has two processes do anything at all at once, and then compares every counter with what it counts. The
// seed is printed; COUNTERS_SEED repeats its choices (not their order), COUNTERS_ACTIONS makes it longer.
func TestCounters(t *testing.T) {
	seed, err := strconv.ParseUint(os.Getenv("COUNTERS_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	actions, err := strconv.Atoi(os.Getenv("COUNTERS_ACTIONS"))
	if err != nil {
		actions = 120
	}
	t.Logf("COUNTERS_SEED=%d", seed)
	storetest.Two(t, func(t *testing.T, a, b *store.Store) {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
		defer cancel()
		files, err := media.NewDisk(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var sites []*testSite
		for _, s := range []*store.Store{a, b} {
			c := New(Options{Store: s, Media: files, SiteDefaults: Site{Registration: RegistrationOpen}, BaseURL: "https://photos.example"})
			q := queue.New(queue.Options{Backend: JobBackend(s), Workers: Workers(), Poll: 20 * time.Millisecond, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
			c.RegisterJobs(q)
			s.OnJob(q.Notify)
			q.Start(ctx)
			t.Cleanup(func() {
				stop, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				if err := q.Stop(stop); err != nil {
					t.Error(err)
				}
			})
			sites = append(sites, &testSite{c, t, ctx})
		}
		small := argonParams{memory: 64, time: 1, threads: 1}
		salt := make([]byte, saltBytes)
		w := &crowd{hash: small.encode(salt, small.derive(crowdPassword, salt, keyBytes))}
		for range 8 {
			w.join(sites[0])
		}
		for _, suspend := range []bool{true, false, true, false} { // each is a decision, and told
			if _, err := sites[0].SuspendAccount(ctx, "member1", suspend); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		var busy atomic.Int64
		const hands = 6
		for hand := range hands {
			g := sites[hand%len(sites)]
			rnd := rand.New(rand.NewPCG(seed, uint64(hand)))
			wg.Go(func() {
				for range actions {
					what, err := w.act(ctx, g, rnd)
					var invalid *Invalid
					var unavailable *Unavailable
					switch {
					case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, ErrForbidden), errors.Is(err, ErrUnauthenticated), errors.As(err, &invalid):
					case errors.As(err, &unavailable), errors.Is(err, store.ErrBusy):
						busy.Add(1)
						t.Logf("%s: %v", what, err)
					default:
						t.Errorf("%s: %v", what, err)
					}
				}
			})
		}
		wg.Wait()
		if n := busy.Load(); n > int64(hands*actions/50) {
			t.Errorf("%d of %d actions were given up", n, hands*actions)
		}
		quiet(t, ctx, a)
		agree(t, ctx, a)
	})
}

// join makes an account with a cheap password, as often as not locked.
func (w *crowd) join(g *testSite) {
	acc := g.account(fmt.Sprintf("member%d", w.names.Add(1)))
	g.must(g.Store.SetPassword(g.ctx, acc.ID, w.hash))
	w.add(acc)
}

// act does something at random and says what.
func (w *crowd) act(ctx context.Context, g *testSite, rnd *rand.Rand) (what string, err error) {
	me, err := w.someone(ctx, g.Community, rnd)
	if err != nil {
		return "read an account", err
	}
	other, err := w.someone(ctx, g.Community, rnd)
	if err != nil {
		return "read an account", err
	}
	relate := func(f func(context.Context, *store.Account, int64) (Relationship, error)) error {
		_, err := f(ctx, me, other.ID)
		return err
	}
	switch n := rnd.IntN(200); {
	case n < 6:
		w.join(g)
		return "join", nil
	case n < 8:
		name := fmt.Sprintf("new%d", w.names.Add(1))
		acc, err := g.SignUp(ctx, SignUp{Username: name, Email: name + "@example.org", Password: crowdPassword})
		if err == nil {
			w.add(acc)
		}
		return "sign up", err
	case n < 35:
		if !me.Active() {
			return "publish", nil
		}
		p, err := g.Publish(ctx, me, NewPost{Caption: "a #walk", Visibility: pickAny(rnd, []store.Visibility{store.Public, store.Unlisted, store.Followers}), PhotoIDs: []int64{g.photo(me)}})
		if err == nil {
			w.add(nil, p.ID)
		}
		return "publish", err
	case n < 70:
		p, err := g.Publish(ctx, me, NewPost{Caption: "yes @" + other.Username, InReplyTo: w.some(rnd)})
		if err == nil {
			w.add(nil, p.ID)
		}
		return "comment", err
	case n < 86:
		_, err := g.Boost(ctx, me, w.some(rnd))
		return "boost", err
	case n < 92:
		_, err := g.Unboost(ctx, me, w.some(rnd))
		return "unboost", err
	case n < 110:
		_, err := g.Like(ctx, me, w.some(rnd))
		return "like", err
	case n < 124:
		_, err := g.Unlike(ctx, me, w.some(rnd))
		return "unlike", err
	case n < 154:
		return "follow", relate(g.Follow)
	case n < 164:
		return "unfollow", relate(g.Unfollow)
	case n < 171:
		return "accept", relate(g.AcceptFollow)
	case n < 173:
		return "refuse", relate(g.RefuseFollow)
	case n < 176:
		return "remove", relate(g.RemoveFollower)
	case n < 180:
		return "block", relate(g.Block)
	case n < 184:
		return "unblock", relate(g.Unblock)
	case n < 188:
		locked := rnd.IntN(2) == 0
		_, err := g.UpdatePosting(ctx, me, PostingChange{Locked: &locked})
		return "lock", err
	case n < 195:
		_, err := g.DeletePost(ctx, me, w.some(rnd))
		return "delete a post", err
	case n < 197:
		_, err := g.SuspendAccount(ctx, other.Username, other.SuspendedAt == nil)
		return "suspend or not", err
	case n < 198:
		return "delete an account", g.DeleteAccount(ctx, me, Confirmation{Password: crowdPassword})
	default:
		_, err := g.EditPost(ctx, me, w.some(rnd), PostChange{Visibility: ptr(pickAny(rnd, []store.Visibility{store.Followers, store.Public}))})
		return "edit", err
	}
}

func ptr[T any](v T) *T { return &v }

// quiet waits until the jobs that remove things are done, and fails if one is dead.
func quiet(t *testing.T, ctx context.Context, s *store.Store) {
	t.Helper()
	for {
		waiting := 0
		for _, state := range []string{store.JobReady, store.JobDead} {
			jobs, err := s.Jobs(ctx, state, 0, 200)
			if err != nil {
				t.Fatal(err)
			}
			for _, j := range jobs {
				if !strings.HasSuffix(j.Kind, ".delete") {
					continue
				}
				if state == store.JobDead {
					t.Fatalf("job %s is dead: %s", j.Kind, j.Error)
				}
				waiting++
			}
		}
		if waiting == 0 {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%d jobs still wait", waiting)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// agree checks that every counter is the number of what it counts, and what else holds at any time.
func agree(t *testing.T, ctx context.Context, s *store.Store) {
	t.Helper()
	for what, query := range map[string]string{
		"followers_count":     "SELECT COUNT(*) FROM accounts a WHERE followers_count <> (SELECT COUNT(*) FROM follows f WHERE f.followee_id = a.id)",
		"following_count":     "SELECT COUNT(*) FROM accounts a WHERE following_count <> (SELECT COUNT(*) FROM follows f WHERE f.follower_id = a.id)",
		"posts_count":         "SELECT COUNT(*) FROM accounts a WHERE posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1)",
		"open_posts_count":    "SELECT COUNT(*) FROM accounts a WHERE open_posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1 AND p.visibility <> 'followers')",
		"comments_count":      "SELECT COUNT(*) FROM accounts a WHERE comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL)",
		"open_comments_count": "SELECT COUNT(*) FROM accounts a WHERE open_comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL AND p.visibility <> 'followers')",
		"last_post_at": "SELECT COUNT(*) FROM accounts a WHERE COALESCE(last_post_at, 0) <>" +
			" (SELECT COALESCE(MAX(p.created_at), 0) FROM posts p WHERE p.author_id = a.id AND p.home = 1)",
		"created_at of posts": "SELECT COUNT(*) FROM posts WHERE created_at <> id >> 16", // home feeds take one for the other
		"likes_count":         "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND likes_count <> (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id)",
		"boosts_count":        "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND boosts_count <> (SELECT COUNT(*) FROM boosts b WHERE b.post_id = p.id)",
		"last_boost_at": "SELECT COUNT(*) FROM accounts a WHERE deleted_at IS NULL AND COALESCE(last_boost_at, 0) <" +
			" (SELECT COALESCE(MAX(b.created_at), 0) FROM boosts b WHERE b.account_id = a.id)",
		"created_at of boosts":              "SELECT COUNT(*) FROM boosts WHERE created_at <> id >> 16",
		"a boost of a comment":              "SELECT COUNT(*) FROM boosts b JOIN posts p ON p.id = b.post_id WHERE p.kind <> 'post'",
		"a boost of a deleted account":      "SELECT COUNT(*) FROM boosts b JOIN accounts a ON a.id = b.account_id WHERE a.deleted_at IS NOT NULL",
		"a boost told of that is not there": "SELECT COUNT(*) FROM notifications n WHERE n.kind = 'reblog' AND NOT EXISTS (SELECT 1 FROM boosts b WHERE b.account_id = n.from_id AND b.post_id = n.post_id)",
		"comments_count of posts": "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND p.root_id IS NULL AND comments_count <>" +
			" (SELECT COUNT(*) FROM posts c WHERE c.root_id = p.id AND c.deleted_at IS NULL)",
		"comments_count of comments": "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND p.root_id IS NOT NULL AND comments_count <>" +
			" (SELECT COUNT(*) FROM posts c WHERE c.in_reply_to_id = p.id AND c.deleted_at IS NULL)",
		"photos_count": "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND photos_count <> (SELECT COUNT(*) FROM photos f WHERE f.post_id = p.id AND f.state <> 'kept')",
		"a follow across a block": "SELECT COUNT(*) FROM follows f JOIN blocks b ON b.account_id = f.follower_id AND b.target_id = f.followee_id" +
			" OR b.account_id = f.followee_id AND b.target_id = f.follower_id",
		"a request across a block": "SELECT COUNT(*) FROM follow_requests f JOIN blocks b ON b.account_id = f.follower_id AND b.target_id = f.followee_id" +
			" OR b.account_id = f.followee_id AND b.target_id = f.follower_id",
		"a request beside its follow":        "SELECT COUNT(*) FROM follow_requests r JOIN follows f ON f.follower_id = r.follower_id AND f.followee_id = r.followee_id",
		"a follow of a deleted account":      "SELECT COUNT(*) FROM follows f JOIN accounts a ON a.id IN (f.follower_id, f.followee_id) WHERE a.deleted_at IS NOT NULL",
		"a live post of a deleted account":   "SELECT COUNT(*) FROM posts p JOIN accounts a ON a.id = p.author_id WHERE a.deleted_at IS NOT NULL AND p.deleted_at IS NULL",
		"a like of a deleted account":        "SELECT COUNT(*) FROM likes l JOIN accounts a ON a.id = l.account_id WHERE a.deleted_at IS NOT NULL",
		"a live comment on a deleted post":   "SELECT COUNT(*) FROM posts c JOIN posts p ON p.id = c.in_reply_to_id AND p.id <> c.root_id WHERE c.deleted_at IS NULL AND p.deleted_at IS NOT NULL",
		"a like told of that is not there":   "SELECT COUNT(*) FROM notifications n WHERE n.kind = 'favourite' AND NOT EXISTS (SELECT 1 FROM likes l WHERE l.account_id = n.from_id AND l.post_id = n.post_id)",
		"a follow told of that is not there": "SELECT COUNT(*) FROM notifications n WHERE n.kind = 'follow' AND NOT EXISTS (SELECT 1 FROM follows f WHERE f.follower_id = n.from_id AND f.followee_id = n.account_id)",
		// Of a decision its member hears, and of its end.
		"the same told twice": "SELECT COUNT(*) FROM (SELECT 1 FROM notifications GROUP BY account_id, kind, from_id, COALESCE(post_id, 0)," +
			" COALESCE(album_id, 0), COALESCE(ref_id, 0) HAVING COUNT(*) > CASE WHEN kind = 'decision' THEN 2 ELSE 1 END) twice",
	} {
		var wrong int
		if err := s.SQL().QueryRowContext(ctx, query).Scan(&wrong); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if wrong != 0 {
			t.Errorf("%s: %d rows are wrong", what, wrong)
		}
	}
	var people, posts, likes, follows int
	for query, n := range map[string]*int{"accounts": &people, "posts": &posts, "likes": &likes, "follows": &follows} {
		if err := s.SQL().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+query).Scan(n); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d accounts, %d posts and comments, %d likes, %d follows", people, posts, likes, follows)
}

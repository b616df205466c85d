package community

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// circle is a site with accounts, and short names for what tests ask of it.
type circle struct {
	*Community
	t   testing.TB
	ctx context.Context
}

func newCircle(t testing.TB, s *store.Store) *circle {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return &circle{Community: New(Options{Store: s}), t: t, ctx: ctx}
}

// onEach runs a test on a fresh site in every dialect.
func onEach(t *testing.T, test func(t *testing.T, c *circle)) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) { test(t, newCircle(t, open(t))) })
}

func (c *circle) account(name string, change ...func(*store.Account)) *store.Account {
	c.t.Helper()
	var made *store.Account
	err := c.Store.Tx(c.ctx, func(ctx context.Context, tx *store.Store) error {
		made = &store.Account{ID: c.Store.NewID(), Username: name, Role: store.RoleMember, DefaultVisibility: store.Public, WarnedPhotos: "ask", Theme: "system"}
		for _, f := range change {
			f(made)
		}
		return tx.CreateAccount(ctx, made)
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return made
}

func locked(a *store.Account) { a.Locked = true }

// counts reads the counters of an account.
func (c *circle) counts(a *store.Account) string {
	c.t.Helper()
	now, err := c.Store.AccountByID(store.Primary(c.ctx), a.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprintf("%d followers, %d following", now.FollowersCount, now.FollowingCount)
}

// told lists the kinds of notifications that an account has, oldest first.
func (c *circle) told(a *store.Account) []string {
	c.t.Helper()
	rows, err := c.Store.SQL().QueryContext(c.ctx, "SELECT kind FROM notifications WHERE account_id = ? ORDER BY id", a.ID)
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	kinds := []string{}
	for rows.Next() {
		var k string
		if err := rows.Scan(&k); err != nil {
			c.t.Fatal(err)
		}
		kinds = append(kinds, k)
	}
	return kinds
}

func (c *circle) expect(what string, got, want any) {
	c.t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		c.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func (c *circle) expectErr(what string, err, want error) {
	c.t.Helper()
	if !errors.Is(err, want) {
		c.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestFollow(t *testing.T) { onEach(t, testFollow) }

func testFollow(t *testing.T, c *circle) {
	ann, bob := c.account("ann"), c.account("bob")
	for range 2 { // the second changes nothing
		rel, err := c.Follow(c.ctx, ann, bob.ID)
		c.expectErr("follow", err, nil)
		c.expect("relationship", rel, Relationship{ID: bob.ID, Following: true})
	}
	c.expect("ann", c.counts(ann), "0 followers, 1 following")
	c.expect("bob", c.counts(bob), "1 followers, 0 following")
	c.expect("bob is told", c.told(bob), []string{store.NotifyFollow})

	for range 2 {
		rel, err := c.Unfollow(c.ctx, ann, bob.ID)
		c.expectErr("unfollow", err, nil)
		c.expect("relationship", rel, Relationship{ID: bob.ID})
	}
	c.expect("ann", c.counts(ann), "0 followers, 0 following")
	c.expect("bob", c.counts(bob), "0 followers, 0 following")
	c.expect("bob is told", c.told(bob), []string{})

	if _, err := c.Follow(c.ctx, bob, ann.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		rel, err := c.RemoveFollower(c.ctx, ann, bob.ID)
		c.expectErr("remove", err, nil)
		c.expect("relationship", rel, Relationship{ID: bob.ID})
	}
	c.expect("bob", c.counts(bob), "0 followers, 0 following")

	var invalid *Invalid
	if _, err := c.Follow(c.ctx, ann, ann.ID); !errors.As(err, &invalid) {
		t.Errorf("following oneself: %v", err)
	}
	_, err := c.Follow(c.ctx, ann, 1)
	c.expectErr("nobody", err, ErrNotFound)
	_, err = c.Follow(c.ctx, nil, ann.ID)
	c.expectErr("a visitor", err, ErrUnauthenticated)

	at := store.Millis(1)
	if err := c.Store.SetSuspended(c.ctx, bob.ID, &at); err != nil {
		t.Fatal(err)
	}
	_, err = c.Follow(c.ctx, ann, bob.ID)
	c.expectErr("a suspended account", err, ErrNotFound)
	_, err = c.Unfollow(c.ctx, ann, bob.ID)
	c.expectErr("nothing to end at a suspended account", err, ErrNotFound)
	_, err = c.Follow(c.ctx, bob, ann.ID)
	c.expectErr("from a suspended account", err, ErrUnauthenticated)
	rels, err := c.Relationships(c.ctx, ann, []int64{bob.ID, ann.ID, ann.ID, 1}, false)
	c.expectErr("relationships", err, nil)
	c.expect("relationships", rels, []Relationship{{ID: ann.ID}})
}

func TestFollowLocked(t *testing.T) { onEach(t, testFollowLocked) }

func testFollowLocked(t *testing.T, c *circle) {
	ann, bob, cid := c.account("ann"), c.account("bob", locked), c.account("cid")
	for range 2 {
		rel, err := c.Follow(c.ctx, ann, bob.ID)
		c.expectErr("request", err, nil)
		c.expect("relationship", rel, Relationship{ID: bob.ID, Requested: true})
	}
	c.expect("bob is told", c.told(bob), []string{store.NotifyFollowRequest})
	c.expect("ann", c.counts(ann), "0 followers, 0 following")

	rel, err := c.Unfollow(c.ctx, ann, bob.ID)
	c.expectErr("withdraw", err, nil)
	c.expect("relationship", rel, Relationship{ID: bob.ID})
	c.expect("bob is told", c.told(bob), []string{})
	_, err = c.AcceptFollow(c.ctx, bob, ann.ID)
	c.expectErr("accept what was withdrawn", err, ErrNotFound)

	for _, a := range []*store.Account{ann, cid} {
		if _, err := c.Follow(c.ctx, a, bob.ID); err != nil {
			t.Fatal(err)
		}
	}
	n, err := c.FollowRequestsCount(c.ctx, bob)
	c.expectErr("count", err, nil)
	c.expect("requests", n, 2)
	page, err := c.FollowRequests(c.ctx, bob, Cursor{Limit: 1})
	c.expectErr("list", err, nil)
	c.expect("newest request", page.Accounts[0].Username, "cid")
	page, err = c.FollowRequests(c.ctx, bob, Cursor{Limit: 1, MaxID: page.Next})
	c.expectErr("list", err, nil)
	c.expect("the other", page.Accounts[0].Username, "ann")
	c.expect("no more", page.Next, 0)

	for range 2 { // a form sent twice
		rel, err = c.AcceptFollow(c.ctx, bob, ann.ID)
		c.expectErr("accept", err, nil)
		c.expect("relationship", rel, Relationship{ID: ann.ID, FollowedBy: true})
	}
	c.expect("ann", c.counts(ann), "0 followers, 1 following")
	c.expect("bob", c.counts(bob), "1 followers, 0 following")
	rel, err = c.RefuseFollow(c.ctx, bob, cid.ID)
	c.expectErr("refuse", err, nil)
	c.expect("relationship", rel, Relationship{ID: cid.ID})
	_, err = c.RefuseFollow(c.ctx, bob, cid.ID)
	c.expectErr("refuse again", err, ErrNotFound)
	c.expect("bob's requests are answered", c.told(bob), []string{})

	// A request outlives the lock, and following again then makes it a follow.
	if _, err := c.Follow(c.ctx, cid, bob.ID); err != nil {
		t.Fatal(err)
	}
	bob.Locked = false
	if err := c.Store.SaveProfile(c.ctx, bob); err != nil {
		t.Fatal(err)
	}
	rels, err := c.Relationships(c.ctx, bob, []int64{cid.ID, ann.ID}, false)
	c.expectErr("relationships", err, nil)
	c.expect("unlocking accepts nothing", rels, []Relationship{{ID: cid.ID, RequestedBy: true}, {ID: ann.ID, FollowedBy: true}})
	rel, err = c.Follow(c.ctx, cid, bob.ID)
	c.expectErr("follow", err, nil)
	c.expect("relationship", rel, Relationship{ID: bob.ID, Following: true})
	c.expect("bob is told", c.told(bob), []string{store.NotifyFollow})
	c.expect("bob", c.counts(bob), "2 followers, 0 following")
}

func TestFollowLimit(t *testing.T) { onEach(t, testFollowLimit) }

func testFollowLimit(t *testing.T, c *circle) {
	ann := c.account("ann", func(a *store.Account) { a.FollowingCount = MaxFollows - 2 })
	open, shut, last := c.account("open"), c.account("shut", locked), c.account("last")
	for _, target := range []*store.Account{open, shut} {
		if _, err := c.Follow(c.ctx, ann, target.ID); err != nil {
			t.Fatal(err)
		}
	}
	var invalid *Invalid
	if _, err := c.Follow(c.ctx, ann, last.ID); !errors.As(err, &invalid) || invalid.Fields[0].Code != "too_many_follows" {
		t.Errorf("one too many: %v", err)
	}
	if _, err := c.AcceptFollow(c.ctx, shut, ann.ID); err != nil {
		t.Errorf("a request within the limit: %v", err)
	}
	c.expect("ann", c.counts(ann), "0 followers, 5000 following")
}

func TestBlock(t *testing.T) { onEach(t, testBlock) }

func testBlock(t *testing.T, c *circle) {
	ann, bob, cid := c.account("ann"), c.account("bob"), c.account("cid", locked)
	for _, f := range [][2]*store.Account{{ann, bob}, {bob, ann}, {ann, cid}, {cid, ann}} {
		if _, err := c.Follow(c.ctx, f[0], f[1].ID); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		rel, err := c.Block(c.ctx, ann, bob.ID)
		c.expectErr("block", err, nil)
		c.expect("relationship", rel, Relationship{ID: bob.ID, Blocking: true})
	}
	if _, err := c.Block(c.ctx, cid, ann.ID); err != nil {
		t.Fatal(err)
	}
	for _, a := range []*store.Account{ann, bob, cid} {
		c.expect(a.Username, c.counts(a), "0 followers, 0 following")
		c.expect(a.Username+" is told", c.told(a), []string{})
	}
	n, err := c.FollowRequestsCount(c.ctx, cid)
	c.expectErr("count", err, nil)
	c.expect("requests", n, 0)

	for _, f := range [][2]*store.Account{{ann, bob}, {bob, ann}} {
		_, err := c.Follow(c.ctx, f[0], f[1].ID)
		c.expectErr("follow across a block", err, ErrNotFound)
		_, err = c.RemoveFollower(c.ctx, f[0], f[1].ID)
		c.expectErr("remove across a block", err, ErrNotFound)
		_, err = c.Followers(c.ctx, f[0], f[1].ID, Cursor{})
		c.expectErr("the list of a hidden account", err, ErrNotFound)
	}
	_, err = c.Unblock(c.ctx, bob, ann.ID)
	c.expectErr("end the other's block", err, ErrNotFound)

	rel, err := c.Block(c.ctx, bob, ann.ID)
	c.expectErr("block back", err, nil)
	c.expect("relationship", rel, Relationship{ID: ann.ID, Blocking: true, BlockedBy: true})
	list, err := c.Blocks(c.ctx, ann, Cursor{})
	c.expectErr("list", err, nil)
	if len(list.Accounts) != 1 || list.Accounts[0].Username != "bob" {
		t.Errorf("ann blocks %v", list.Accounts)
	}
	_, err = c.Store.SQL().ExecContext(c.ctx, "UPDATE accounts SET limited_at = 1 WHERE id = ?", bob.ID)
	c.expectErr("limit", err, nil)
	list, err = c.Blocks(c.ctx, ann, Cursor{})
	c.expectErr("list", err, nil)
	if len(list.Accounts) != 1 || list.Accounts[0].Username != "bob" {
		t.Errorf("with a limited one ann blocks %v", list.Accounts)
	}
	_, err = c.Store.SQL().ExecContext(c.ctx, "UPDATE accounts SET limited_at = NULL WHERE id = ?", bob.ID)
	c.expectErr("limit no more", err, nil)
	rel, err = c.Unblock(c.ctx, ann, bob.ID)
	c.expectErr("unblock", err, nil)
	c.expect("relationship", rel, Relationship{ID: bob.ID, BlockedBy: true})
	_, err = c.Follow(c.ctx, ann, bob.ID)
	c.expectErr("still blocked by the other", err, ErrNotFound)
	if _, err := c.Unblock(c.ctx, bob, ann.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Follow(c.ctx, ann, bob.ID); err != nil {
		t.Errorf("after both: %v", err)
	}
}

func TestFollowLists(t *testing.T) { onEach(t, testFollowLists) }

func testFollowLists(t *testing.T, c *circle) {
	star, me := c.account("star"), c.account("me")
	var fans []*store.Account
	for i := range 7 {
		fan := c.account(fmt.Sprintf("fan%d", i))
		fans = append(fans, fan)
		if _, err := c.Follow(c.ctx, fan, star.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Block(c.ctx, fans[1], me.ID); err != nil {
		t.Fatal(err)
	}
	at := store.Millis(1)
	if err := c.Store.SetSuspended(c.ctx, fans[3].ID, &at); err != nil {
		t.Fatal(err)
	}
	names := func(p *AccountPage) (out []string) {
		for _, a := range p.Accounts {
			out = append(out, a.Username)
		}
		return out
	}
	var all []string
	var prev int64
	for p := (Cursor{Limit: 2}); ; {
		page, err := c.Followers(c.ctx, me, star.ID, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, names(page)...)
		if prev == 0 {
			prev = page.Prev
		}
		if page.Next == 0 {
			break
		}
		p.MaxID = page.Next
	}
	c.expect("whom I see, newest first", all, []string{"fan6", "fan5", "fan4", "fan2", "fan0"})
	page, err := c.Followers(c.ctx, nil, star.ID, Cursor{})
	c.expectErr("a visitor", err, nil)
	c.expect("a visitor sees", names(page), []string{"fan6", "fan5", "fan4", "fan2", "fan1", "fan0"})

	oldest := page.Accounts[len(page.Accounts)-1]
	rows, err := c.Store.FollowersOf(c.ctx, star.ID, nil, store.Range{Limit: 10})
	c.expectErr("rows", err, nil)
	low := rows[slices.IndexFunc(rows, func(r store.RowAccount) bool { return r.AccountID == oldest.ID })].RowID
	page, err = c.Followers(c.ctx, me, star.ID, Cursor{Limit: 2, MinID: low})
	c.expectErr("upwards", err, nil)
	c.expect("just above the oldest", names(page), []string{"fan4", "fan2"})
	page, err = c.Followers(c.ctx, me, star.ID, Cursor{Limit: 2, SinceID: low})
	c.expectErr("since", err, nil)
	c.expect("the newest since the oldest", names(page), []string{"fan6", "fan5"})
	page, err = c.Followers(c.ctx, me, star.ID, Cursor{MinID: prev})
	c.expectErr("above the newest", err, nil)
	c.expect("above the newest", names(page), []string{})
	page, err = c.Following(c.ctx, me, fans[0].ID, Cursor{})
	c.expectErr("following", err, nil)
	c.expect("following", names(page), []string{"star"})
}

// TestRelationsInParallel lets two processes change what is between three accounts in every order.
func TestRelationsInParallel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	storetest.Two(t, func(t *testing.T, a, b *store.Store) { relationsInParallel(t, seed, a, b) })
}

func relationsInParallel(t *testing.T, seed uint64, stores ...*store.Store) {
	c := newCircle(t, stores[0])
	accounts := []*store.Account{c.account("ann"), c.account("bob", locked), c.account("cid")}
	var wg sync.WaitGroup
	for w := range 6 {
		site := New(Options{Store: stores[w%len(stores)]})
		rnd := rand.New(rand.NewPCG(seed, uint64(w)))
		wg.Go(func() {
			actions := []func(context.Context, *store.Account, int64) (Relationship, error){
				site.Follow, site.Follow, site.Unfollow, site.AcceptFollow, site.RefuseFollow, site.RemoveFollower, site.Block, site.Unblock, site.Unblock,
			}
			for range 40 {
				i := rnd.IntN(3)
				_, err := actions[rnd.IntN(len(actions))](c.ctx, accounts[i], accounts[(i+1+rnd.IntN(2))%3].ID)
				if err != nil && !errors.Is(err, ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	for _, a := range accounts {
		followers, following, blocks := 0, 0, 0
		for _, b := range accounts {
			rels, err := c.Store.Relationships(store.Primary(c.ctx), a.ID, []int64{b.ID})
			if err != nil {
				t.Fatal(err)
			}
			r := rels[0]
			if r.FollowedBy {
				followers++
			}
			if r.Following {
				following++
			}
			if (r.Blocking || r.BlockedBy) && (r.Following || r.FollowedBy || r.Requested || r.RequestedBy) {
				t.Errorf("something is left across a block: %+v", r)
			}
			if r.Following && r.Requested {
				t.Errorf("a request beside its follow: %+v", r)
			}
			if r.Blocking {
				blocks++
			}
		}
		c.expect(a.Username, c.counts(a), fmt.Sprintf("%d followers, %d following", followers, following))
		t.Logf("%s: %d followers, %d following, %d blocks", a.Username, followers, following, blocks)
	}
}

package community

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// leaving is a site with an account, ann, that has left traces everywhere.
type leaving struct {
	*testSite
	photos             *photoSite
	ann, bob, cid, dan *store.Account
	annPost, bobPost   int64
	annComment         int64
	bearer             string
}

const annPassword = "correct horse battery"

func newLeaving(t *testing.T, s *store.Store) *leaving {
	photos := newPhotoSite(t, s, photoSiteOptions{})
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	g := &testSite{photos.Community, t, ctx}
	l := &leaving{testSite: g, photos: photos, ann: photos.ann, bob: photos.bob, cid: g.account("cid"), dan: g.account("dan")}

	hash, err := g.passwords.hash(ctx, byMember, annPassword)
	g.must(err)
	g.must(s.SetPassword(ctx, l.ann.ID, hash))
	key := "ann@example.org"
	g.must(s.SetEmail(ctx, l.ann.ID, key, &key, nil))
	locked := true
	_, err = g.UpdatePosting(ctx, l.dan, PostingChange{Locked: &locked})
	g.must(err)

	follow := func(a, b *store.Account) {
		t.Helper()
		_, err := g.Follow(ctx, a, b.ID)
		g.must(err)
	}
	like := func(a *store.Account, post int64) {
		t.Helper()
		_, err := g.Like(ctx, a, post)
		g.must(err)
	}
	follow(l.ann, l.bob)
	follow(l.bob, l.ann)
	follow(l.cid, l.ann)
	follow(l.bob, l.cid)
	follow(l.ann, l.dan) // a request
	block := g.account("eve")
	_, err = g.Block(ctx, l.ann, block.ID)
	g.must(err)

	l.annPost = g.post(l.ann, store.Public, "mine #tag").ID
	l.bobPost = g.post(l.bob, store.Public, "with @ann").ID
	g.post(l.ann, store.Followers, "ours")
	first := g.comment(l.bob, l.bobPost, "first")
	l.annComment = g.comment(l.ann, first.ID, "ann's").ID
	g.comment(l.cid, l.annComment, "an answer to ann")
	g.comment(l.bob, l.annPost, "under ann's")
	for _, p := range []int64{l.bobPost, first.ID, l.annPost} {
		like(l.ann, p)
		like(l.cid, p)
	}
	like(l.bob, l.annComment)
	_, err = g.Pin(ctx, l.ann, l.annPost)
	g.must(err)
	_, err = g.FollowTag(ctx, l.ann, "tag", true)
	g.must(err)
	for _, way := range [][2]*store.Account{{l.ann, l.bob}, {l.cid, l.ann}} {
		title := "friends"
		list, err := g.CreateList(ctx, way[0], ListOptions{Title: &title})
		g.must(err)
		g.must(g.AddToList(ctx, way[0], list.ID, []int64{way[1].ID}))
	}
	for _, way := range [][2]*store.Account{{l.ann, l.bob}, {l.cid, l.ann}} {
		_, err := g.SetNote(ctx, way[0], way[1].ID, "a note")
		g.must(err)
		_, err = g.Mute(ctx, way[0], way[1].ID, MuteOptions{KeepNotifications: true})
		g.must(err)
	}
	for _, marked := range []int64{l.annPost, l.bobPost} {
		_, err := g.Bookmark(ctx, l.ann, marked)
		g.must(err)
		_, err = g.Bookmark(ctx, l.cid, marked)
		g.must(err)
		_, err = g.MuteConversation(ctx, l.ann, marked)
		g.must(err)
		_, err = g.Boost(ctx, l.ann, marked)
		g.must(err)
		_, err = g.Boost(ctx, l.cid, marked)
		g.must(err)
	}

	app, _, err := g.CreateApp(ctx, NewApp{Name: "Test", RedirectURIs: []string{OutOfBand}})
	g.must(err)
	l.bearer, _, err = g.TokenFor(ctx, app, l.ann, "read")
	g.must(err)
	l.ann, err = s.AccountByID(ctx, l.ann.ID) // its sessions ended once
	g.must(err)
	_, err = g.Authorize(ctx, l.ann, app, Authorization{RedirectURI: OutOfBand})
	g.must(err)
	_, err = g.CreateResetLink(ctx, ByCommand(""), "ann")
	g.must(err)
	g.must(s.PutSession(ctx, store.SessionRow{AccountID: l.ann.ID, Hash: "h"}))
	_, err = g.SetMarkers(ctx, l.ann, map[string]int64{"home": 1})
	g.must(err)
	_, err = g.Report(ctx, l.ann, Report{TargetID: l.bob.ID, Comment: "him"})
	g.must(err)
	_, err = g.Report(ctx, l.bob, Report{PostID: l.annPost, Comment: "her"})
	g.must(err)
	g.must(s.PutDraft(ctx, &store.Draft{AccountID: l.ann.ID, Caption: "not yet", Visibility: store.Public}))
	photos.upload(l.ann, phototest.JPEG(phototest.Options{}))
	l.noDrift()
	return l
}

// noDrift checks that every counter is the number of what it counts.
func (l *leaving) noDrift() {
	l.t.Helper()
	for what, q := range map[string]string{
		"followers":         "SELECT COUNT(*) FROM accounts a WHERE followers_count <> (SELECT COUNT(*) FROM follows f WHERE f.followee_id = a.id)",
		"following":         "SELECT COUNT(*) FROM accounts a WHERE following_count <> (SELECT COUNT(*) FROM follows f WHERE f.follower_id = a.id)",
		"posts":             "SELECT COUNT(*) FROM accounts a WHERE posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1)",
		"own comments":      "SELECT COUNT(*) FROM accounts a WHERE comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL)",
		"own open comments": "SELECT COUNT(*) FROM accounts a WHERE open_comments_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.kind = 'comment' AND p.deleted_at IS NULL AND p.visibility <> 'followers')",
		"open posts":        "SELECT COUNT(*) FROM accounts a WHERE open_posts_count <> (SELECT COUNT(*) FROM posts p WHERE p.author_id = a.id AND p.home = 1 AND p.visibility <> 'followers')",
		"likes":             "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND likes_count <> (SELECT COUNT(*) FROM likes l WHERE l.post_id = p.id)",
		"boosts":            "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND boosts_count <> (SELECT COUNT(*) FROM boosts b WHERE b.post_id = p.id)",
		"comments": "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND p.root_id IS NULL AND comments_count <>" +
			" (SELECT COUNT(*) FROM posts c WHERE c.root_id = p.id AND c.deleted_at IS NULL)",
		"answers": "SELECT COUNT(*) FROM posts p WHERE p.deleted_at IS NULL AND p.root_id IS NOT NULL AND comments_count <>" +
			" (SELECT COUNT(*) FROM posts c WHERE c.in_reply_to_id = p.id AND c.deleted_at IS NULL)",
	} {
		if n := l.count(q); n != 0 {
			l.t.Errorf("%d rows count their %s wrongly", n, what)
		}
	}
}

func (l *leaving) count(q string, args ...any) (n int) {
	l.t.Helper()
	l.must(l.Store.SQL().QueryRowContext(l.ctx, q, args...).Scan(&n))
	return n
}

// columnsOfAccounts are the columns that refer to accounts by the schema, as table.column: one of a new table is among
// them.
func (l *leaving) columnsOfAccounts() (list []string) {
	l.t.Helper()
	q := `SELECT m.name || '.' || f."from" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f."table" = 'accounts'`
	if l.Store.Dialect() != "sqlite" {
		q = "SELECT CONCAT(table_name, '.', column_name) FROM information_schema.key_column_usage WHERE table_schema = DATABASE() AND referenced_table_name = 'accounts'"
	}
	rows, err := l.Store.SQL().QueryContext(l.ctx, q)
	l.must(err)
	defer rows.Close()
	for rows.Next() {
		var column string
		l.must(rows.Scan(&column))
		list = append(list, column)
	}
	l.must(rows.Err())
	return list
}

// gone checks that nothing of ann is left but an empty row.
func (l *leaving) gone() {
	l.t.Helper()
	columns := l.columnsOfAccounts()
	if len(columns) < 20 {
		l.t.Errorf("only %d columns refer to accounts: %v", len(columns), columns)
	}
	for _, column := range append(columns, "posts.in_reply_to_author_id", "list_members.followee_id") {
		switch column {
		case "reports.target_id": // who was reported stays known
			continue
		}
		table, name, _ := strings.Cut(column, ".")
		if n := l.count("SELECT COUNT(*) FROM "+table+" WHERE "+name+" = ?", l.ann.ID); n != 0 {
			l.t.Errorf("%d rows left in %s", n, column)
		}
	}
	row, err := l.Store.AccountByID(l.ctx, l.ann.ID)
	l.must(err)
	if row.Username != "deleted" || row.Email != "" || row.EmailKey != nil || row.PasswordHash != "" || row.AvatarPhotoID != nil || row.DeletedAt == nil {
		l.t.Errorf("the row still says %+v", row)
	}
	var excerpt string
	l.must(l.Store.SQL().QueryRowContext(l.ctx, "SELECT excerpt FROM reports WHERE target_id = ?", l.ann.ID).Scan(&excerpt))
	if excerpt == "" {
		l.t.Error("the report about ann lost the words complained of")
	}
	l.noDrift()
	if p, err := l.PostByID(l.ctx, l.cid, l.bobPost); err != nil || p.LikesCount != 1 || p.CommentsCount != 2 {
		l.t.Errorf("bob's post: %+v %v", p, err)
	}
	l.hidden()
}

// hidden checks what holds from the moment of the deletion on.
func (l *leaving) hidden() {
	l.t.Helper()
	want := func(what string, err, want error) {
		l.t.Helper()
		if !errors.Is(err, want) {
			l.t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	_, err := l.AccountByName(l.ctx, l.bob, "ann")
	want("the account by name", err, ErrNotFound)
	_, err = l.AccountByID(l.ctx, l.bob, l.ann.ID)
	want("the account by id", err, ErrNotFound)
	_, err = l.PostByID(l.ctx, l.bob, l.annPost)
	want("a post", err, ErrNotFound)
	_, err = l.PostByID(l.ctx, l.bob, l.annComment)
	want("a comment", err, ErrNotFound)
	_, _, _, err = l.TokenByBearer(l.ctx, l.bearer)
	want("the token", err, ErrUnauthenticated)
	_, ok, err := l.SessionAccount(l.ctx, l.ann.ID)
	if ok || err != nil {
		l.t.Errorf("may act: %v %v", ok, err)
	}
	if rows, err := l.Store.SessionsOf(l.ctx, l.ann.ID); err != nil || len(rows) != 0 {
		l.t.Errorf("sessions %v %v", rows, err)
	}
	var bad *Invalid
	for _, login := range []string{"ann", "ann@example.org", "deleted"} {
		if _, err := l.Login(l.ctx, login, annPassword, Client{Address: "192.0.2.1"}); !errors.As(err, &bad) || bad.Fields[0].Code != "wrong_login" {
			l.t.Errorf("log in as %s: %v", login, err)
		}
	}
	open := New(Options{Store: l.Store, SiteDefaults: Site{Registration: RegistrationOpen}})
	if _, err := open.SignUp(l.ctx, SignUp{Username: "Ann", Email: "x@example.org", Password: annPassword}); !errors.As(err, &bad) || bad.Fields[0].Code != "taken" {
		l.t.Errorf("the username is given again: %v", err)
	}
}

// jobsDone waits until nothing is left to be done.
func (l *leaving) jobsDone() {
	l.t.Helper()
	for {
		jobs, err := l.Jobs(l.ctx, store.JobReady, 0, 100)
		l.must(err)
		waiting := 0
		for _, j := range jobs {
			if j.Kind != jobSweep && j.Kind != jobRetention {
				waiting++
			}
		}
		if waiting == 0 {
			break
		}
		select {
		case <-l.ctx.Done():
			l.t.Fatalf("jobs still wait: %+v", jobs)
		case <-time.After(20 * time.Millisecond):
		}
	}
	dead, err := l.Jobs(l.ctx, store.JobDead, 0, 100)
	l.must(err)
	for _, j := range dead {
		l.t.Errorf("job %s died: %s", j.Kind, j.Error)
	}
}

func TestDeleteAccount(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		l := newLeaving(t, open(t))
		var bad *Invalid
		if err := l.DeleteAccount(l.ctx, l.ann, Confirmation{Password: "wrong password"}); !errors.As(err, &bad) || bad.Fields[0].Field != "password" {
			t.Fatalf("with a wrong password: %v", err)
		}
		if _, err := l.AccountByName(l.ctx, l.bob, "ann"); err != nil {
			t.Fatalf("deleted without the password: %v", err)
		}
		l.must(l.DeleteAccount(l.ctx, l.ann, Confirmation{Password: annPassword}))
		l.hidden()
		l.photos.work()
		l.jobsDone()
		l.gone()
		// The address is free for somebody else.
		c := New(Options{Store: l.Store, SiteDefaults: Site{Registration: RegistrationOpen}})
		if acc, err := c.SignUp(l.ctx, SignUp{Username: "anna", Email: "ann@example.org", Password: annPassword}); err != nil || acc.EmailKey == nil {
			t.Errorf("%+v %v", acc, err)
		}
	})
}

// The job may be killed between any two transactions, and a worker that is presumed dead may go on beside its
// successor.
func TestDeleteAccountKilledAndTwice(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		l := newLeaving(t, open(t))
		l.must(l.DeleteAccount(l.ctx, l.ann, Confirmation{Password: annPassword}))
		batches := rand.IntN(6)
		for range batches {
			if _, err := l.eraseAccountBatch(l.ctx, l.ann.ID, newPacer(accountBatch)); err != nil {
				t.Fatal(err)
			}
			l.noDrift()
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for more := true; more; {
					var err error
					if more, err = l.eraseAccountBatch(l.ctx, l.ann.ID, newPacer(accountBatch)); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		l.noDrift()
		l.photos.work()
		l.jobsDone()
		l.gone()
	})
}

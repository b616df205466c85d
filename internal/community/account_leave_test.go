package community

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/mail"
	"tintype/internal/queue"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// left has ann leave, so long ago.
func (l *leaving) left(ago time.Duration) {
	l.t.Helper()
	l.must(l.LeaveAccount(l.ctx, l.ann, Confirmation{Password: annPassword}))
	l.passed(ago)
}

// passed has so much time pass since ann left.
func (l *leaving) passed(d time.Duration) {
	l.t.Helper()
	ms := d.Milliseconds()
	_, err := l.Store.SQL().ExecContext(l.ctx, "DELETE FROM jobs WHERE kind = ?", jobLeave)
	l.must(err)
	l.must(l.Store.Tx(l.ctx, func(ctx context.Context, tx *store.Store) error {
		acc, err := tx.AccountByID(ctx, l.ann.ID)
		if err != nil {
			return err
		}
		left := *acc.LeavingAt - store.Millis(ms)
		if acc.OnlyLeaving() {
			if err := tx.SetSuspended(ctx, acc.ID, &left); err != nil {
				return err
			}
		}
		if err := tx.SetLeaving(ctx, acc.ID, &left); err != nil {
			return err
		}
		return tx.AddJob(ctx, jobLeave, leavePayload{acc.ID, left}, left+store.Millis(LeaveWeek.Milliseconds()))
	}))
}

func (l *leaving) now() *store.Account {
	l.t.Helper()
	acc, err := l.Store.AccountByID(store.Primary(l.ctx), l.ann.ID)
	l.must(err)
	return acc
}

// closed is what holds while ann may come back.
func (l *leaving) closed() {
	l.t.Helper()
	for what, err := range map[string]error{
		"the account by name": func() error { _, err := l.AccountByName(l.ctx, l.bob, "ann"); return err }(),
		"the account by id":   func() error { _, err := l.AccountByID(l.ctx, l.bob, l.ann.ID); return err }(),
		"a post":              func() error { _, err := l.PostByID(l.ctx, l.bob, l.annPost); return err }(),
		"a comment":           func() error { _, err := l.PostByID(l.ctx, nil, l.annComment); return err }(),
	} {
		if !errors.Is(err, ErrNotFound) {
			l.t.Errorf("%s: %v", what, err)
		}
	}
	if _, _, _, err := l.TokenByBearer(l.ctx, l.bearer); !errors.Is(err, ErrUnauthenticated) {
		l.t.Errorf("the token: %v", err)
	}
	if rows, err := l.Store.SessionsOf(l.ctx, l.ann.ID); err != nil || len(rows) != 0 {
		l.t.Errorf("sessions %v %v", rows, err)
	}
	var out *Suspended
	if _, err := l.Login(l.ctx, "ann", annPassword, Client{Address: "192.0.2.1"}); !errors.As(err, &out) || out.Account.LeavingAt == nil {
		l.t.Errorf("log in: %v", err)
	}
	var bad *Invalid
	if _, err := l.Login(l.ctx, "ann", "a wrong password", Client{Address: "192.0.2.1"}); !errors.As(err, &bad) || bad.Fields[0].Code != "wrong_login" {
		l.t.Errorf("who does not know the password hears: %v", err)
	}
	open := New(Options{Store: l.Store, SiteDefaults: Site{Registration: RegistrationOpen}})
	if _, err := open.SignUp(l.ctx, SignUp{Username: "Ann", Email: "x@example.org", Password: annPassword}); !errors.As(err, &bad) || bad.Fields[0].Code != "taken" {
		l.t.Errorf("the username is given again: %v", err)
	}
}

// whole is what holds once ann is back.
func (l *leaving) whole(before string) {
	l.t.Helper()
	if acc, err := l.Login(l.ctx, "ann", annPassword, Client{Address: "192.0.2.1"}); err != nil || !acc.Active() || acc.LeavingAt != nil {
		l.t.Errorf("log in: %+v %v", acc, err)
	}
	for _, id := range []int64{l.annPost, l.annComment} {
		if _, err := l.PostByID(l.ctx, l.bob, id); err != nil {
			l.t.Errorf("post %d: %v", id, err)
		}
	}
	if now := l.traces(); now != before {
		l.t.Errorf("before:\n%s\nnow:\n%s", before, now)
	}
	l.noDrift()
}

// traces are how many rows of each kind ann has.
func (l *leaving) traces() string {
	l.t.Helper()
	var b strings.Builder
	for _, column := range l.columnsOfAccounts() {
		table, name, _ := strings.Cut(column, ".")
		switch table {
		case "sessions", "access_tokens", "authorization_codes", "one_time_links", "push_subscriptions": // they end with the leave
			continue
		}
		b.WriteString(column + " " + strings.Repeat("I", l.count("SELECT COUNT(*) FROM "+table+" WHERE "+name+" = ?", l.ann.ID)) + "\n")
	}
	return b.String()
}

// leaveJob claims the job that deletes ann, nil where none is due.
func (l *leaving) leaveJob() *queue.Job {
	l.t.Helper()
	jobs, err := JobBackend(l.Store).Claim(l.ctx, []string{jobLeave}, 1, time.Minute)
	l.must(err)
	if len(jobs) == 0 {
		return nil
	}
	return &jobs[0]
}

// erased waits until jobs have removed everything, whatever other jobs wait for their day.
func (l *leaving) erased() {
	l.t.Helper()
	servertest.Eventually(l.t, "everything to be removed", func() bool {
		return l.now().Username == "deleted" && l.count("SELECT COUNT(*) FROM photos WHERE account_id = ?", l.ann.ID) == 0
	})
}

func onEachLeaving(t *testing.T, test func(t *testing.T, l *leaving)) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) { test(t, newLeaving(t, open(t))) })
}

// Who leaves is seen nowhere at once. Within a week everything comes back, also in its last second; then it is deleted.
func TestLeaving(t *testing.T) {
	onEachLeaving(t, func(t *testing.T, l *leaving) {
		var bad *Invalid
		if err := l.LeaveAccount(l.ctx, l.ann, Confirmation{Password: "wrong password"}); !errors.As(err, &bad) {
			t.Fatalf("with a wrong password: %v", err)
		}
		if l.now().LeavingAt != nil {
			t.Fatal("left without the password")
		}
		before := l.traces()
		for range 2 { // twice
			l.must(l.LeaveAccount(l.ctx, l.ann, Confirmation{Password: annPassword}))
		}
		l.closed()
		if job := l.leaveJob(); job != nil {
			t.Error("it is to be deleted at once")
		}
		for range 2 {
			back, err := l.ComeBack(l.ctx, l.ann)
			if err != nil || !back.Active() {
				t.Errorf("come back: %+v %v", back, err)
			}
		}
		l.whole(before)

		// In the last second, and after it while no worker was there.
		for _, ago := range []time.Duration{LeaveWeek - time.Second, LeaveWeek + time.Hour} {
			l.left(ago)
			l.closed()
			if _, err := l.ComeBack(l.ctx, l.ann); err != nil {
				t.Errorf("after %v: %v", ago, err)
			}
			for job := l.leaveJob(); job != nil; job = l.leaveJob() { // those of earlier leaves do nothing
				l.must(l.runLeave(l.ctx, job))
			}
			l.whole(before)
		}

		l.left(LeaveWeek)
		l.photos.work()
		servertest.Eventually(t, "the deletion", func() bool { return l.now().DeletedAt != nil })
		l.jobsDone()
		l.gone()
		if _, err := l.ComeBack(l.ctx, l.ann); !errors.Is(err, ErrNotFound) {
			t.Errorf("come back from nowhere: %v", err)
		}
	})
}

// A member who has left may have everything deleted at once, and so may an administrator.
func TestLeavingAndDeletingNow(t *testing.T) {
	onEachLeaving(t, func(t *testing.T, l *leaving) {
		l.left(0)
		l.must(l.DeleteAccount(l.ctx, l.ann, Confirmation{Password: annPassword}))
		l.hidden()
		l.photos.work()
		l.erased()
		l.gone()
	})
}

// The job may be killed before its transaction ends, and another worker may have it at the same time: the account is deleted
// once.
func TestLeavingKilledAndTwice(t *testing.T) {
	onEachLeaving(t, func(t *testing.T, l *leaving) {
		l.left(LeaveWeek)
		job := l.leaveJob()
		dead, cancel := context.WithCancel(l.ctx)
		cancel()
		if err := l.runLeave(dead, job); err == nil {
			t.Error("a dying worker was done")
		}
		if l.now().DeletedAt != nil {
			t.Error("a dying worker deleted it")
		}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { _ = l.runLeave(l.ctx, job) })
		}
		wg.Wait()
		if n := l.count("SELECT COUNT(*) FROM jobs WHERE kind = ?", JobAccountDelete); n != 1 || l.now().DeletedAt == nil {
			t.Errorf("%d jobs delete it", n)
		}
		l.photos.work()
		l.erased()
		l.gone()
	})
}

// The member comes back at the moment at which the week is over: one of both wins, and nothing is half.
func TestComingBackAndDeletingAtOnce(t *testing.T) {
	onEachLeaving(t, func(t *testing.T, l *leaving) {
		before := l.traces()
		for range 5 {
			l.left(LeaveWeek)
			job := l.leaveJob()
			var wg sync.WaitGroup
			var backErr, jobErr error
			wg.Go(func() { _, backErr = l.ComeBack(l.ctx, l.ann) })
			wg.Go(func() { jobErr = l.runLeave(l.ctx, job) })
			wg.Wait()
			l.must(jobErr)
			deleted := l.now().DeletedAt != nil
			if deleted != errors.Is(backErr, ErrNotFound) || !deleted && backErr != nil {
				t.Fatalf("deleted %v, and coming back says %v", deleted, backErr)
			}
			if n := l.count("SELECT COUNT(*) FROM jobs WHERE kind = ?", JobAccountDelete); (n == 1) != deleted {
				t.Fatalf("deleted %v by %d jobs", deleted, n)
			}
			if deleted {
				l.hidden()
				return
			}
			l.whole(before)
		}
	})
}

// A suspension goes on while its member is away, and the other way round: what ends one does not end the other.
func TestLeavingAndSuspended(t *testing.T) {
	onEachLeaving(t, func(t *testing.T, l *leaving) {
		by := ByCommand("")
		act := func(_ *store.Account, err error) { t.Helper(); l.must(err) }
		// Suspended, left, back.
		act(l.SuspendMember(l.ctx, by, "ann", Sanction{}))
		l.must(l.LeaveAccount(l.ctx, l.now(), Confirmation{Password: annPassword}))
		act(l.ComeBack(l.ctx, l.ann))
		if now := l.now(); !now.Barred() || now.LeavingAt != nil {
			t.Error("coming back ended a suspension")
		}
		act(l.UnsuspendMember(l.ctx, by, "ann"))
		// Left, suspended, unsuspended, back.
		l.left(0)
		act(l.UnsuspendMember(l.ctx, by, "ann"))
		l.closed()
		act(l.SuspendMember(l.ctx, by, "ann", Sanction{Words: "spam"}))
		if !l.now().Barred() {
			t.Error("who has left cannot be suspended")
		}
		act(l.UnsuspendMember(l.ctx, by, "ann"))
		if now := l.now(); now.Barred() || now.Active() {
			t.Error("the end of a suspension brought back who has left")
		}
		l.closed()
		act(l.BringBackMember(l.ctx, by, "ann"))
		if !l.now().Active() {
			t.Error("not back")
		}
		act(l.LeaveMember(l.ctx, By{Via: ViaCommand, Reason: "asked by letter"}, "ann"))
		l.closed()
		list, err := l.AdminLog(l.ctx, by, AdminLogSearch{}, Cursor{Limit: 2})
		if err != nil || len(list) != 2 || list[0].Act != "member.leave" || list[0].Reason != "asked by letter" || list[1].Act != "member.bring_back" {
			t.Errorf("%+v %v", list, err)
		}
		for state, want := range map[string]int{store.MemberSuspended: 0, store.MemberLeaving: 1, store.MemberWaiting: 0} {
			if list, err := l.Members(l.ctx, by, MemberSearch{State: state}, Cursor{}); err != nil || len(list) != want {
				t.Errorf("%s: %d members, %v", state, len(list), err)
			}
		}
	})
}

// The last owner cannot leave. Who leaves reads until when to come back, once, and only while away.
func TestTheMailOfLeaving(t *testing.T) {
	onEach(t, func(t *testing.T, c *circle) {
		c.withMail()
		boss := c.confirmed("boss")
		c.expectErr("", c.Store.SetRole(c.ctx, boss.ID, store.RoleOwner), nil)
		var bad *Invalid
		if _, err := c.LeaveMember(c.ctx, ByCommand(""), "boss"); !errors.As(err, &bad) {
			t.Errorf("the last owner: %v", err)
		}
		ann := c.confirmed("ann")
		acc, err := c.LeaveMember(c.ctx, ByCommand(""), "ann")
		c.expectErr("", err, nil)
		letter := func() (mail.Letter, error) {
			_, to, l, err := c.letter(c.ctx, mailJob{Kind: mailLeaving, Account: ann.ID, At: *acc.LeavingAt})
			if err == nil && to != ann.Email {
				t.Errorf("to %s", to)
			}
			return l, err
		}
		l, err := letter()
		if until := LeavesUntil(acc).UTC().Format("2 January 2006, 15:04"); err != nil || len(l.Before) == 0 || !strings.Contains(l.Before[0], until) || !strings.HasSuffix(l.Button.URL, "/login") {
			t.Errorf("%+v %v", l, err)
		}
		_, err = c.ComeBack(c.ctx, ann)
		c.expectErr("", err, nil)
		_, err = letter()
		c.expectErr("once back", err, errNoLetter)
	})
}

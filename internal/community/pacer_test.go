package community

import (
	"context"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// Batches shrink and pauses grow while the database is busy. On an idle one batches grow to their bound.
func TestPacerFollowsTheLoad(t *testing.T) {
	var paused time.Duration
	p := newPacer(50)
	p.pause = func(_ context.Context, d time.Duration) error { paused = d; return nil }
	took := func(n int, d time.Duration) {
		t.Helper()
		if err := p.took(t.Context(), n, d); err != nil {
			t.Fatal(err)
		}
		if want := min(d, maxPause); paused != want {
			t.Errorf("paused %v after a batch of %v", paused, d)
		}
	}
	for range 50 {
		took(p.size, time.Millisecond)
	}
	if p.size != 50 {
		t.Errorf("batches of %d on an idle database", p.size)
	}
	for range 10 {
		took(p.size, 200*time.Millisecond)
	}
	if p.size != 1 {
		t.Errorf("batches of %d on a busy database", p.size)
	}
	took(p.size, time.Minute)
	took(p.size-1, time.Millisecond)
	if p.size != 1 {
		t.Errorf("batches of %d after one that was not full", p.size)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newPacer(1).pause(ctx, time.Minute); err == nil {
		t.Error("a pause outlives its job")
	}
}

// A sweep takes so many rows at once that it gets on where each batch takes long, however few rows it has.
func TestSweepsGetOnWhereACommitTakesLong(t *testing.T) {
	p := sweepPacer()
	p.pause = func(context.Context, time.Duration) error { return nil }
	for range 20 {
		if err := p.took(t.Context(), p.size, 2*batchAim); err != nil {
			t.Fatal(err)
		}
		if p.size < sweepLeast {
			t.Fatalf("batches of %d", p.size)
		}
	}
}

// A sweep that has much to do pauses after each batch, and has an end.
func TestSweepsPause(t *testing.T) {
	p := newPacer(mediaBatch)
	pauses := 0
	p.pause = func(context.Context, time.Duration) error { pauses++; return nil }
	left, batches := 250, 0
	err := atPace(t.Context(), p, func(limit int) (int, error) {
		n := min(limit, left)
		left -= n
		batches++
		return n, nil
	})
	if err != nil || left != 0 || pauses < batches-1 || pauses < 3 {
		t.Errorf("%d are left after %d batches and %d pauses: %v", left, batches, pauses, err)
	}
	done := 0
	if err := atPace(t.Context(), p, func(limit int) (int, error) { done += limit; return limit, nil }); err != nil || done > mediaBatch*(mediaBatches+1) {
		t.Errorf("a run did %d: %v", done, err)
	}
}

// The removal of an account goes by the pacer: it pauses after each batch, and takes no more rows at once than the pacer says.
func TestAnAccountIsRemovedAtThePacersPace(t *testing.T) {
	g := newTestSite(t, storetest.SQLite(t))
	ann, bob := g.account("ann"), g.account("bob")
	post := g.post(bob, store.Public, "a post")
	const posts = 6
	for range posts {
		g.post(ann, store.Public, "one of many")
		g.comment(ann, post.ID, "a comment")
	}
	pauses := 0
	p := newPacer(2)
	p.pause = func(context.Context, time.Duration) error { pauses++; return nil }
	for more := true; more; {
		var err error
		more, err = g.eraseAccountBatch(g.ctx, ann.ID, p)
		g.must(err)
	}
	if pauses < posts {
		t.Errorf("after %d posts, as many photos and comments there were %d pauses", posts, pauses)
	}
}

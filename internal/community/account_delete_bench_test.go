package community

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"tintype/internal/queue"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// BenchmarkDeleteAccount deletes an account with 4,000 posts, each with a photo, a tag and two likes, on SQLite. Beside
// the time that takes (s/account) it says how long somebody else's writes take before (before-p99-ms) and meanwhile
// (during-p50-ms, during-p99-ms). Run it with -benchtime=1x.
func BenchmarkDeleteAccount(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		g := newTestSite(b, storetest.SQLite(b))
		ann, bob, cid := g.account("ann"), g.account("bob"), g.account("cid")
		target := g.post(bob, store.Public, "bob's").ID
		const posts = 4000
		first := g.Store.NewID() - posts<<16
		for _, q := range []string{
			"INSERT INTO tags (id, name, name_key, created_at) VALUES (1, 'harbour', 'harbour', 1)",
			fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d - 1)
				INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, photos_count, likes_count, created_at)
				SELECT %d + i * 65536, %d, 'post', 1, 1, 'Early light over the #harbour', 'public', 'all-rights-reserved', 1, 2, (%[2]d + i * 65536) >> 16 FROM n`, posts, first, ann.ID),
			fmt.Sprintf("INSERT INTO post_tags (tag_id, post_id) SELECT 1, id FROM posts WHERE author_id = %d", ann.ID),
			fmt.Sprintf("INSERT INTO likes (id, account_id, post_id, created_at) SELECT id + 1, %d, id, 1 FROM posts WHERE author_id = %d", bob.ID, ann.ID),
			fmt.Sprintf("INSERT INTO likes (id, account_id, post_id, created_at) SELECT id + 2, %d, id, 1 FROM posts WHERE author_id = %d", cid.ID, ann.ID),
			fmt.Sprintf("INSERT INTO likes (id, account_id, post_id, created_at) VALUES (7, %d, %d, 1)", ann.ID, target),
			fmt.Sprintf(`INSERT INTO photos (id, account_id, post_id, purpose, source, state, set_random, set_kind, variants, width, height, description, blurhash,
					color_top, color_bottom, metadata, created_at, updated_at, attached_at)
				SELECT id, author_id, id, 'post', 'upload', 'ready', printf('%%032x', id), 'pub', '[{"name":"320","w":320,"h":213,"b":11000}]',
					1280, 853, 'A harbour in the fog', 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', '#99aabb', '#334455', '{}', 1, 1, 1 FROM posts WHERE author_id = %d`, ann.ID),
			fmt.Sprintf(`INSERT INTO media_objects (random, photo_id, kind, state, variants, created_at)
				SELECT set_random, id, 'pub', 'used', '["320"]', 1 FROM photos WHERE account_id = %d`, ann.ID),
			fmt.Sprintf("UPDATE accounts SET posts_count = %d, open_posts_count = %[1]d WHERE id = %d", posts, ann.ID),
			"ANALYZE",
		} {
			if _, err := g.Store.SQL().ExecContext(g.ctx, q); err != nil {
				b.Fatal(err)
			}
		}
		// Bob likes and takes back, fifty times a second, until told to stop.
		likes := func(stop <-chan struct{}) (took []time.Duration) {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					slices.Sort(took)
					return took
				case <-tick.C:
				}
				begin := time.Now()
				_, err := g.Like(g.ctx, cid, target)
				if err == nil {
					_, err = g.Unlike(g.ctx, cid, target)
				}
				if err != nil {
					b.Error(err)
					return took
				}
				took = append(took, time.Since(begin)/2)
			}
		}
		ms := func(took []time.Duration, of float64) float64 {
			return float64(took[int(of*float64(len(took)-1))].Microseconds()) / 1e3
		}
		quiet := make(chan struct{})
		time.AfterFunc(2*time.Second, func() { close(quiet) })
		before := likes(quiet)
		b.ReportMetric(ms(before, 0.99), "before-p99-ms")

		q := queue.New(queue.Options{Backend: JobBackend(g.Store), Workers: Workers(), Poll: time.Second, Log: slog.New(slog.DiscardHandler)})
		g.RegisterJobs(q)
		g.Store.OnJob(q.Notify)
		q.Start(g.ctx)
		done := make(chan struct{})
		b.StartTimer()
		begin := time.Now()
		if _, err := g.Store.SQL().ExecContext(g.ctx, "UPDATE accounts SET deleted_at = 1 WHERE id = ?", ann.ID); err != nil {
			b.Fatal(err)
		}
		g.must(g.Store.Tx(g.ctx, func(ctx context.Context, tx *store.Store) error {
			return tx.AddJob(ctx, JobAccountDelete, accountDeletePayload{ann.ID}, 0)
		}))
		go func() {
			defer close(done)
			for left := 1; left > 0 && g.ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
				err := g.Store.SQL().QueryRowContext(g.ctx, "SELECT (SELECT COUNT(*) FROM posts WHERE author_id = ?1) + (SELECT COUNT(*) FROM photos WHERE account_id = ?1)"+
					" + (SELECT COUNT(*) FROM jobs WHERE state = 'ready' AND kind IN ('account.delete', 'post.delete', 'media.remove'))", ann.ID).Scan(&left)
				if err != nil {
					jobs, _ := g.Jobs(context.Background(), store.JobReady, 0, 3)
					b.Error(err, left, jobs)
					return
				}
			}
		}()
		during := likes(done)
		b.StopTimer()
		whole := time.Since(begin)
		b.ReportMetric(whole.Seconds(), "s/account")
		b.ReportMetric(ms(during, 0.5), "during-p50-ms")
		b.ReportMetric(ms(during, 0.99), "during-p99-ms")
		if err := judgeDeletion(whole.Seconds()*1e3/posts, ms(before, 0.5), ms(before, 0.99), ms(during, 0.99)); err != nil {
			b.Error(err)
		}
		if err := q.Stop(g.ctx); err != nil {
			b.Error(err)
		}
		b.StartTimer()
	}
}

const (
	// deletionPerWrite is how many times the median of others' writes one post may take of the whole.
	deletionPerWrite = 40
	// deletionSlowdown is how many times longer others' writes may take meanwhile, at p99, beside the wait for two batches.
	deletionSlowdown = 3
)

// judgeDeletion compares what one post took with the writes of others in the same run, in milliseconds.
func judgeDeletion(post, before50, before99, during99 float64) error {
	var errs []error
	if !(post <= deletionPerWrite*before50) {
		errs = append(errs, fmt.Errorf("each post took %.1f ms, over %d times the %.1f ms of others' writes", post, deletionPerWrite, before50))
	}
	if most := deletionSlowdown*before99 + 2*float64(batchAim.Milliseconds()); !(during99 <= most) {
		errs = append(errs, fmt.Errorf("others' writes take %.1f ms at p99, over the %.1f ms that %.1f ms from before allow", during99, most, before99))
	}
	return errors.Join(errs...)
}

// The figures of a deletion are errors where they are past its goals, and only there.
func TestJudgeDeletion(t *testing.T) {
	for _, c := range []struct {
		post, before50, before99, during99 float64
		missed                             int
	}{{10, 1, 14, 40, 0}, {40, 1, 2, 36, 0}, {41, 1, 2, 36, 1}, {22, 1, 14, 196, 1}, {22, 1, 14, 73, 1}, {100, 1, 2, 37, 2}, {math.NaN(), 1, 10, math.NaN(), 2}} {
		err := judgeDeletion(c.post, c.before50, c.before99, c.during99)
		if got := strings.Count(fmt.Sprint(err), "others' writes"); err == nil && c.missed != 0 || err != nil && got != c.missed {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

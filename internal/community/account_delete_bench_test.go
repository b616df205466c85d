package community

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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
		b.ReportMetric(ms(likes(quiet), 0.99), "before-p99-ms")

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
		b.ReportMetric(time.Since(begin).Seconds(), "s/account")
		b.ReportMetric(ms(during, 0.5), "during-p50-ms")
		b.ReportMetric(ms(during, 0.99), "during-p99-ms")
		if err := q.Stop(g.ctx); err != nil {
			b.Error(err)
		}
		b.StartTimer()
	}
}

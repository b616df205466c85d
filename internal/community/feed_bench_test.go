//go:build unix

package community

import (
	"fmt"
	"syscall"
	"testing"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// fillCrowded fills a site with accounts that post at very different rates, each post with a photo, and the first account
// following a few hundred of them.
func fillCrowded(b *testing.B, posts int) (*testSite, *store.Account) {
	b.Helper()
	g := newTestSite(b, storetest.SQLite(b))
	reader := g.account("reader")
	const base = int64(1) << 56
	for _, q := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
			INSERT INTO accounts (id, username, username_key, note, fields, created_at, updated_at)
			SELECT i, 'member' || i, 'member' || i, 'Walks at dawn with an old camera.', '[]', 1, 1 FROM n`,
		// The k-th quietest of 2,000 writes like 1/(2001-k): a hyperbola, as Zipf's law has it.
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %[1]d - 1)
			INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, photos_count, created_at)
			SELECT %[2]d + i * 65536, 1 + CAST(exp(7.6009 * ((i * 2654435761 %% 1000003) / 1000003.0)) AS INTEGER) %% 2000, 'post', 1, 1,
				'Early light over the harbour, one more morning in a row.', 'public', 'all-rights-reserved', 1, i FROM n`, posts, base),
		fmt.Sprintf(`INSERT INTO photos (id, account_id, post_id, purpose, source, state, set_random, set_kind, variants, width, height, description, blurhash,
				color_top, color_bottom, metadata, created_at, updated_at, attached_at)
			SELECT id, author_id, id, 'post', 'demo', 'ready', 'a0b1c2d3e4f5061728394a5b6c7d8e9f', 'pub',
				'[{"name":"320","w":320,"h":213,"b":11000},{"name":"640","w":640,"h":427,"b":41000},{"name":"960","w":960,"h":640,"b":90000},{"name":"1280","w":1280,"h":853,"b":150000},{"name":"square","w":400,"h":400,"b":30000}]',
				1280, 853, 'A harbour in the fog', 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', '#99aabb', '#334455', '{}', 1, 1, 1
			FROM posts WHERE id >= %d + %d * 65536`, base, max(0, posts-2000)),
		fmt.Sprintf(`INSERT INTO follows (id, follower_id, followee_id, created_at) SELECT id, %d, id, 1 FROM accounts WHERE id <= 2000 AND id %% 4 = 0`, reader.ID),
		"UPDATE accounts SET last_post_at = (SELECT MAX(id) >> 16 FROM posts WHERE author_id = accounts.id)",
		"ANALYZE",
	} {
		if _, err := g.Store.SQL().ExecContext(g.ctx, q); err != nil {
			b.Fatal(err)
		}
	}
	return g, reader
}

// cpuPerOp reports the processor's time beside the clock's, which says little on a machine that does other things too.
func cpuPerOp(b *testing.B) (report func()) {
	used := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/1e3/float64(b.N), "cpu-µs/op") }
}

func BenchmarkPublicFeed(b *testing.B) {
	g, reader := fillCrowded(b, 10_000)
	for name, viewer := range map[string]*store.Account{"visitor": nil, "member": reader} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpuPerOp(b)()
			for b.Loop() {
				posts, err := g.PublicFeed(b.Context(), viewer, Cursor{Limit: 24})
				if err != nil || len(posts) != 24 || len(posts[0].Photos) != 1 {
					b.Fatal(len(posts), err)
				}
			}
		})
	}
}

// BenchmarkHomeFeed should cost the same however many posts there are.
func BenchmarkHomeFeed(b *testing.B) {
	for _, size := range []int{10_000, 1_000_000} {
		if size > 10_000 && testing.Short() {
			continue
		}
		g, reader := fillCrowded(b, size)
		for _, depth := range []int{1, 21} {
			page := Cursor{Limit: 20}
			for range depth - 1 {
				posts, err := g.HomeFeed(b.Context(), reader, page)
				if err != nil || len(posts) != 20 {
					b.Fatal(len(posts), err)
				}
				page.MaxID = posts[19].ID
			}
			b.Run(fmt.Sprintf("posts=%d/page=%d", size, depth), func(b *testing.B) {
				b.ReportAllocs()
				defer cpuPerOp(b)()
				for b.Loop() {
					if posts, err := g.HomeFeed(b.Context(), reader, page); err != nil || len(posts) != 20 {
						b.Fatal(len(posts), err)
					}
				}
			})
		}
	}
}

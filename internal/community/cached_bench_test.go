//go:build unix

package community

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// BenchmarkKept compares reading popular values from the database with decoding them from the bytes of a cache.
func BenchmarkKept(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) {
		g, _ := fillCrowded(b, 10_000)
		benchmarkKept(b, g)
	})
	b.Run("mariadb", func(b *testing.B) {
		benchmarkKept(b, fillFew(b, storetest.MySQL(b, servertest.MariaDB(b).NewDatabase(b))))
	})
}

// fillFew fills a site with 24 posts of as many accounts.
func fillFew(b *testing.B, s *store.Store) *testSite {
	b.Helper()
	g := newTestSite(b, s)
	const base = int64(1) << 56
	for n := range int64(24) {
		id := base + n<<16
		for _, q := range []string{
			fmt.Sprintf(`INSERT INTO accounts (id, username, username_key, note, fields, created_at, updated_at) VALUES (%[1]d, 'member%[1]d', 'member%[1]d', 'Walks at dawn with an old camera.', '[]', 1, 1)`, n+1),
			fmt.Sprintf(`INSERT INTO posts (id, author_id, kind, home, listed, caption, visibility, licence, photos_count, created_at)
				VALUES (%d, %d, 'post', 1, 1, 'Early light over the harbour, one more morning in a row.', 'public', 'all-rights-reserved', 1, %[2]d)`, id, n+1),
			fmt.Sprintf(`INSERT INTO photos (id, account_id, post_id, purpose, source, state, set_random, set_kind, variants, width, height, description, blurhash,
				color_top, color_bottom, metadata, created_at, updated_at, attached_at)
				VALUES (%[1]d, %[2]d, %[1]d, 'post', 'demo', 'ready', 'a0b1c2d3e4f5061728394a5b6c7d8e9f', 'pub',
				'[{"name":"320","w":320,"h":213,"b":11000},{"name":"640","w":640,"h":427,"b":41000},{"name":"960","w":960,"h":640,"b":90000},{"name":"1280","w":1280,"h":853,"b":150000},{"name":"square","w":400,"h":400,"b":30000}]',
				1280, 853, 'A harbour in the fog', 'LEHV6nWB2yk8pyo0adR*.7kCMdnj', '#99aabb', '#334455', '{}', 1, 1, 1)`, id, n+1),
		} {
			if _, err := g.Store.SQL().ExecContext(g.ctx, q); err != nil {
				b.Fatal(err)
			}
		}
	}
	return g
}

func benchmarkKept(b *testing.B, g *testSite) {
	posts, err := g.publicFeed(b.Context(), nil, Cursor{Limit: 24})
	if err != nil {
		b.Fatal(err)
	}
	ids := make([]int64, 0, len(posts))
	for _, p := range posts {
		ids = append(ids, p.AuthorID)
	}
	accounts, err := g.accountsWithPhotos(b.Context(), ids)
	if err != nil {
		b.Fatal(err)
	}
	bytes := func(v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			b.Fatal(err)
		}
		return text
	}
	feed, people := bytes(posts), bytes(accounts)
	for _, bench := range []struct {
		name string
		do   func() error
	}{
		{"feed of 24/read", func() error { _, err := g.publicFeed(b.Context(), nil, Cursor{Limit: 24}); return err }},
		{"feed of 24/decoded", func() error { var v []*Post; return json.Unmarshal(feed, &v) }},
		{"their accounts/read", func() error { _, err := g.accountsWithPhotos(b.Context(), ids); return err }},
		{"their accounts/decoded", func() error { var v map[int64]*store.Account; return json.Unmarshal(people, &v) }},
		{"one account/read", func() error { _, err := g.accountsWithPhotos(b.Context(), ids[:1]); return err }},
		{"counts of all accounts/read", func() error { _, err := g.Store.SiteStats(b.Context(), time.Now()); return err }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			defer cpuPerOp(b)()
			for b.Loop() {
				if err := bench.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

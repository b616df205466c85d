package community

import (
	"context"
	"testing"
	"time"

	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

func TestSweepPeople(t *testing.T) {
	storetest.EachDialect(t, func(t *testing.T, open func(testing.TB) *store.Store) {
		s := open(t)
		g := newTestSite(t, s)
		ann := g.account("ann")
		now, err := s.Now(g.ctx)
		g.must(err)
		old := now - store.Millis((26 * time.Hour).Milliseconds())
		age := func(table string, id int64) {
			t.Helper()
			for _, column := range map[string][]string{"apps": {"created_at"}, "access_tokens": {"created_at", "used_at"}}[table] {
				_, err := s.SQL().ExecContext(g.ctx, "UPDATE "+table+" SET "+column+" = ? WHERE id = ?", old, id)
				g.must(err)
			}
		}
		app := func(name string) (*store.App, string) {
			t.Helper()
			a, secret, err := g.CreateApp(g.ctx, NewApp{Name: name, RedirectURIs: []string{OutOfBand}})
			g.must(err)
			age("apps", a.ID)
			return a, secret
		}
		unused, _ := app("unused")
		stale, secret := app("stale")
		_, own, err := g.ClientCredentials(g.ctx, stale.ClientID, secret, "", "192.0.2.1")
		g.must(err)
		age("access_tokens", own.ID)
		// Its uses are noted each hour, so that it is not taken for unused.
		before := now - store.Millis((2 * time.Hour).Milliseconds())
		if !useIsNews(&store.AccessToken{UsedAt: before}, now, "") || useIsNews(&store.AccessToken{UsedAt: before, AccountID: &ann.ID}, now, "") {
			t.Error("a client's own token is noted each hour, a member's each day")
		}
		used, _ := app("used")
		bearer, tok, err := g.TokenFor(g.ctx, used, ann, "read")
		g.must(err)
		age("access_tokens", tok.ID) // a member's token stays, however long it was not used
		fresh, _, err := g.CreateApp(g.ctx, NewApp{Name: "fresh", RedirectURIs: []string{OutOfBand}})
		g.must(err)
		asked, _ := app("asked")
		_, err = g.Authorize(g.ctx, ann, asked, Authorization{RedirectURI: OutOfBand})
		g.must(err)
		g.must(s.PutSession(g.ctx, store.SessionRow{AccountID: ann.ID, Hash: "over", ExpiresAt: int64(now) - 1}))
		g.must(s.PutSession(g.ctx, store.SessionRow{AccountID: ann.ID, Hash: "holds", ExpiresAt: int64(now) + 1e6}))

		g.must(g.sweepPeople(g.ctx))
		for a, want := range map[*store.App]bool{unused: false, stale: false, used: true, fresh: true, asked: true} {
			if _, err := g.AppByClientID(g.ctx, a.ClientID); (err == nil) != want {
				t.Errorf("%s: %v", a.Name, err)
			}
		}
		if _, _, _, err := g.TokenByBearer(g.ctx, bearer); err != nil {
			t.Errorf("the member's token: %v", err)
		}
		if rows, err := s.SessionsOf(g.ctx, ann.ID); err != nil || len(rows) != 1 || rows[0].Hash != "holds" {
			t.Errorf("%v %v", rows, err)
		}
		// A sweep whose time is up says so, instead of seeming done.
		over, cancel := context.WithCancel(g.ctx)
		cancel()
		if err := g.sweepPeople(over); err == nil {
			t.Error("a sweep without time did its work")
		}
	})
}

// Windows may be as long as a month, and no sweep forgets what was counted in one that still holds.
func TestSweepKeepsWhatLongWindowsCount(t *testing.T) {
	s := storetest.SQLite(t)
	g := newTestSite(t, s)
	g.setDefaults(func(s *Site) { s.PostLimit = Limit{Count: 2, Window: 7 * 24 * time.Hour} })
	now, err := s.Now(g.ctx)
	g.must(err)
	ago := func(d time.Duration) int64 { return int64(now) - d.Milliseconds() }
	for bucket, at := range map[string]int64{"holds": ago(13 * 24 * time.Hour), "over": ago(15 * 24 * time.Hour)} {
		_, err := s.SQL().ExecContext(g.ctx, "INSERT INTO attempts (bucket, window_start, count) VALUES (?, ?, 2)", bucket, at)
		g.must(err)
	}
	g.must(g.sweepPeople(g.ctx))
	var left string
	g.must(s.SQL().QueryRowContext(g.ctx, "SELECT bucket FROM attempts WHERE bucket IN ('holds', 'over')").Scan(&left))
	if left != "holds" {
		t.Errorf("%q is left", left)
	}
}

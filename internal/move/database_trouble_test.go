package move_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// moveAmid moves a database while people write through two processes, each at that pace, and holds it against what they
// were told.
func moveAmid(t *testing.T, pace time.Duration, source, target store.Options, progress func(move.Progress), step func(*people, move.Effect)) {
	t.Helper()
	p := &people{pace: pace, acked: map[int64]string{}, last: map[string]int{}}
	servers := []*server{startServerWith(t, 1, source, target), startServerWith(t, 2, source, target)}
	p.start(t, servers, 4)
	defer p.stop()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	d := move.NewDatabase(move.DatabaseOptions{Source: openPlaceWith(t, source), Target: openPlaceWith(t, target), Progress: progress, Abandon: func(e move.Effect) bool {
		if step != nil {
			step(p, e)
		}
		return false
	}})
	if err := d.Prepare(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.Run(ctx); err != nil {
		t.Fatal(err)
	}
	before := p.writes.Load()
	servertest.Within(t, time.Minute, "writes after the move", func() bool { return p.writes.Load() > before+20 })
	p.stop()
	p.check(t, servers[0].stores[1])
	t.Logf("%d writes, the longest took %v", p.writes.Load(), time.Duration(p.longest.Load()))
}

// large puts rows of a megabyte each into a site.
func large(t *testing.T, o store.Options, n int) {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range n {
		if err := s.SetSiteInfo(t.Context(), fmt.Sprint("large ", i), strings.Repeat("x", 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTargetFillsUp has the target's disk be full in the middle of the copy: people go on, the mover says so, and goes on
// once there is room.
func TestTargetFillsUp(t *testing.T) {
	beside(t)
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tintype-test", dir).CombinedOutput(); err != nil {
		servertest.Without(t, "mount", "cannot mount a small disk (run as root): "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	source, target := storetest.Options(databaseURL(t, "sqlite")), storetest.Options("sqlite:"+filepath.Join(dir, "next.db"))
	if err := store.NewMigrator(target).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	large(t, source, 20)
	full, written, more := 0, int64(0), false
	moveAmid(t, 10*time.Millisecond, source, target, func(p move.Progress) {
		if errors.Is(p.Trouble, store.ErrFull) {
			full++
		} else if p.Trouble != nil {
			t.Logf("trouble: %v", p.Trouble)
		}
	}, func(p *people, e move.Effect) {
		switch {
		case full == 1 && written == 0:
			written = p.writes.Load()
		case full >= 4 && !more && p.writes.Load() > written+20:
			more = true
			if out, err := exec.Command("mount", "-o", "remount,size=64m", dir).CombinedOutput(); err != nil {
				t.Errorf("remount: %s", out)
			}
		}
	})
	if full == 0 {
		t.Error("the disk was never full")
	}
}

// TestTargetIsSlow has each answer of the target come late, so that no attempt to switch is in time: people go on, with
// most of their time between attempts. Then the target gets faster, and the site moves.
func TestTargetIsSlow(t *testing.T) {
	beside(t)
	address := databaseURL(t, "mariadb")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	proxy := servertest.NewProxy(t, port)
	attempts, givenUp := 0, 0
	var before, between int64
	// Only the mover is slow to reach it.
	slow := strings.Replace(address, u.Host, fmt.Sprint("127.0.0.1:", proxy.Port), 1)
	told := 0
	moveAmid(t, 100*time.Millisecond, storetest.Options(databaseURL(t, "sqlite")), storetest.Options(slow), func(p move.Progress) { told = p.GivenUp }, func(p *people, e move.Effect) {
		if e.Op != move.OpSwapGate || e.Side != move.Source {
			return
		}
		switch {
		case e.To.Watch && e.To.Hold == 0 && !e.From.Watch && attempts == 0:
			proxy.Delay(200 * time.Millisecond)
		case e.To.Hold != 0 && e.From.Hold == 0:
			if attempts++; attempts > 1 {
				between += p.writes.Load() - before
			}
			if attempts == 3 {
				proxy.Delay(0)
			}
		case e.From.Mode == move.Sealed && e.To.Mode == move.Open:
			givenUp++
			before = p.writes.Load()
		}
	})
	if givenUp < 2 || told != givenUp || between < 50 {
		t.Errorf("%d attempts were given up, and people wrote %d times between them", givenUp, between)
	}
}

// TestPasswordRotates gives the users of both databases other passwords in the middle of the copy, and ends the
// connections to the target. Those that are opened before the settings say so are refused for a while.
func TestPasswordRotates(t *testing.T) {
	beside(t)
	var options [2]store.Options
	var addresses [2]atomic.Pointer[string]
	servers := [2]*servertest.DatabaseServer{servertest.FlavourMySQL.Own(t), servertest.FlavourMariaDB.Own(t)}
	for i, s := range servers {
		if err := s.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
			t.Fatal(err)
		}
		address := s.NewDatabase(t)
		addresses[i].Store(&address)
		options[i] = storetest.Options(address)
		options[i].URL = func(context.Context) (string, error) { return *addresses[i].Load(), nil }
		storetest.Migrate(t, address)
	}
	large(t, options[0], 5)
	rotate := func(i int, also bool) (tell func()) {
		u, err := url.Parse(*addresses[i].Load())
		if err != nil {
			t.Fatal(err)
		}
		old, _ := u.User.Password()
		if !also {
			old = ""
		}
		servers[i].SetPassword(t, u.User.Username(), "another password", old)
		u.User = url.UserPassword(u.User.Username(), "another password")
		now := u.String()
		return func() { addresses[i].Store(&now) }
	}
	rotated, troubles := false, 0
	moveAmid(t, 10*time.Millisecond, options[0], options[1], func(p move.Progress) {
		if p.Trouble != nil {
			troubles++
		}
	}, func(p *people, e move.Effect) {
		if rotated || e.Op != move.OpWriteRows {
			return
		}
		rotated = true
		rotate(0, true)()
		tell := rotate(1, false)
		if err := servers[1].Exec("KILL CONNECTION USER test_1"); err != nil {
			t.Error(err)
		}
		time.AfterFunc(time.Second, tell)
	})
	if !rotated || troubles == 0 {
		t.Errorf("rotated: %v, with %d troubles", rotated, troubles)
	}
}

// TestSleeperOfTheSite has a client of the site's user vanish in the middle of a transaction, right before the switch. It
// holds the gate. The mover has another user and cannot end it: a process of the site does.
func TestSleeperOfTheSite(t *testing.T) {
	beside(t)
	for _, f := range servertest.Flavours {
		if !servertest.All() && pick("sleeper", 2) != int(f) {
			continue // with another seed
		}
		t.Run(f.String(), func(t *testing.T) {
			server := f.Own(t)
			site := server.NewDatabase(t)
			u, err := url.Parse(site)
			if err != nil {
				t.Fatal(err)
			}
			u.User = url.UserPassword("owner", "secret")
			if err := server.Exec("SET GLOBAL log_bin_trust_function_creators = 1", "CREATE USER 'owner'@'127.0.0.1' IDENTIFIED BY 'secret'", "GRANT ALL ON test_1.* TO 'owner'@'127.0.0.1'"); err != nil {
				t.Fatal(err)
			}
			owner, target := u.String(), databaseURL(t, "sqlite")
			storetest.Migrate(t, owner)
			s := startServer(t, 1, site, target)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			vanished := false
			d := move.NewDatabase(move.DatabaseOptions{Source: openPlace(t, owner), Target: openPlace(t, target), Abandon: func(e move.Effect) bool {
				if vanished || e.Op != move.OpSwapGate || e.To.Hold == 0 {
					return false
				}
				vanished = true
				tx, err := s.stores[move.Source].SQL().BeginTx(context.WithoutCancel(ctx), nil)
				if err == nil {
					_, err = tx.ExecContext(ctx, "INSERT INTO site_info (name, value) VALUES ('vanished', '1')")
				}
				if err != nil {
					t.Error(err)
				}
				return false
			}})
			if err := d.Prepare(ctx); err != nil {
				t.Fatal(err)
			}
			if err := d.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if v, err := s.stores[move.Target].SiteInfo(ctx, "vanished"); !vanished || !errors.Is(err, store.ErrNotFound) && v != "" {
				t.Errorf("what was not committed came along: %q, %v", v, err)
			}
		})
	}
}

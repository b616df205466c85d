package move_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"

	"tintype/internal/move"
	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// checked looks at a move and returns what stands in its way, and what is not known.
func checked(t *testing.T, source, target *store.Place) (problems, unknown string) {
	t.Helper()
	c, err := move.CheckDatabase(t.Context(), source, target, move.CheckOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(c.Problems, "\n"), strings.Join(c.Unknown, "\n")
}

// listed puts a process into a place's list.
func listed(t *testing.T, p *store.Place, id int64, program string, facts map[string]string) {
	t.Helper()
	text, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Answer(t.Context(), store.PlaceAnswer{ID: id, Host: "web" + string(rune('0'+id)), Program: program, Facts: string(text)}); err != nil {
		t.Fatal(err)
	}
}

// TestCheckFindsStrangers has somebody use the source who is no process of the list: he is named, as far as the server
// shows him to the mover or to a process of the site.
func TestCheckFindsStrangers(t *testing.T) {
	for _, f := range servertest.Flavours {
		t.Run(f.String(), func(t *testing.T) {
			own := f.Own(t)
			address := own.NewDatabase(t)
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			name := strings.Trim(u.Path, "/")
			storetest.Migrate(t, address)
			source, target := openPlace(t, address), openPlace(t, databaseURL(t, "sqlite"))
			facts := map[string]string{
				move.DatabaseFact: move.Fingerprint(source.Name()), move.DatabaseNextFact: move.Fingerprint(target.Name()),
				move.ClientFact: "127.0.0.1", move.ClientsFact: "127.0.0.1",
			}
			listed(t, source, 1, "1", facts)
			logs, err := own.Value("SELECT @@GLOBAL.log_bin")
			if err != nil {
				t.Fatal(err)
			}
			if problems, _ := checked(t, source, target); strings.Contains(problems, source.Name()+": the server writes a binary log and lets no trigger be made") != (logs == "1") {
				t.Errorf("log_bin is %s: %q", logs, problems)
			}
			if err := own.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
				t.Fatal(err)
			}
			if problems, unknown := checked(t, source, target); problems != "" || !strings.Contains(unknown, "PROCESS") {
				t.Errorf("with nobody else: %q, not known: %q", problems, unknown)
			}
			if err := own.Exec("GRANT PROCESS ON *.* TO '"+name+"'@'127.0.0.1'", "CREATE USER 'shell'@'%' IDENTIFIED BY 'secret'", "GRANT SELECT ON "+name+".* TO 'shell'@'%'"); err != nil {
				t.Fatal(err)
			}
			// From another address of this machine.
			c := mysqldriver.NewConfig()
			c.User, c.Passwd, c.Net, c.Addr, c.DBName = "shell", "secret", "tcp", u.Host, name
			c.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
				return d.DialContext(ctx, network, addr)
			}
			connector, err := mysqldriver.NewConnector(c)
			if err != nil {
				t.Fatal(err)
			}
			shell := sql.OpenDB(connector)
			defer shell.Close()
			if err := shell.PingContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			again := openPlace(t, address) // with the privilege
			if problems, unknown := checked(t, again, target); !strings.Contains(problems, "127.0.0.9 uses "+source.Name()) || unknown != "" {
				t.Errorf("with a shell: %q, not known: %q", problems, unknown)
			}
			if err := shell.Close(); err != nil {
				t.Fatal(err)
			}
			if problems, _ := checked(t, again, target); problems != "" {
				t.Errorf("after the shell: %q", problems)
			}
		})
	}
}

// TestCheckListsProcesses has processes that a move must not begin with.
func TestCheckListsProcesses(t *testing.T) {
	file := databaseURL(t, "sqlite")
	source, target := openPlace(t, file), openPlace(t, databaseURL(t, "sqlite"))
	facts := func(key, client string, clients ...string) map[string]string {
		return map[string]string{
			move.DatabaseFact: move.Fingerprint(source.Name()), move.DatabaseNextFact: move.Fingerprint(target.Name()),
			move.KeyFact: key, move.ClientFact: client, move.ClientsFact: strings.Join(clients, ","),
		}
	}
	listed(t, source, 1, "1", facts("k", "10.0.0.1", "10.0.0.1", "10.0.0.2"))
	listed(t, source, 2, "1", facts("k", "10.0.0.2", "10.0.0.1"))
	if problems, _ := checked(t, source, target); problems != "" {
		t.Errorf("two that agree: %q", problems)
	}
	listed(t, source, 3, "1", map[string]string{move.KeyFact: "k"})
	if problems, _ := checked(t, source, target); !strings.Contains(problems, "web3 does not have both databases") || strings.Contains(problems, "web1") {
		t.Errorf("one without DATABASE_NEXT: %q", problems)
	}
	if err := source.Forget(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	listed(t, source, 4, "2", facts("other", "10.0.0.4"))
	if problems, _ := checked(t, source, target); !strings.Contains(problems, "different keys") || !strings.Contains(problems, "the releases differ") {
		t.Errorf("one with another key and release: %q", problems)
	}
	if err := source.Forget(t.Context(), 4); err != nil {
		t.Fatal(err)
	}
	if err := source.Forget(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, source, target); !strings.Contains(problems, "10.0.0.2 uses ") || strings.Contains(problems, "10.0.0.1") {
		t.Errorf("one that hangs, seen by another: %q", problems)
	}
	s, err := store.Open(t.Context(), storetest.Options(file))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.CreateMove(t.Context(), store.MoveRow{Part: "sessions", Phase: "reading", Step: 2, Source: "sql:", Target: "dynamodb:x", Progress: "{}"}); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, source, target); !strings.Contains(problems, "the sessions of the site are being moved") {
		t.Errorf("while sessions move: %q", problems)
	}
}

// TestCheckFindsWhatATargetHolds has rows of another site in the target: they stand in the way until they are to be
// removed by the target's name, which nobody does to a site that is served.
func TestCheckFindsWhatATargetHolds(t *testing.T) {
	file := databaseURL(t, "sqlite")
	source, target := openPlace(t, databaseURL(t, "sqlite")), openPlace(t, file)
	s, err := store.Open(t.Context(), storetest.Options(file))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(s.AddJob(t.Context(), "test", "x", 0), s.SetSiteInfo(t.Context(), "of another site", "x")); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, source, target); !strings.Contains(problems, target.Name()+" is not empty: its table jobs has rows; if nobody needs that, add --empty="+target.Name()) {
		t.Errorf("%q", problems)
	}
	emptied := func() string {
		t.Helper()
		c, err := move.CheckDatabase(t.Context(), source, target, move.CheckOptions{Empty: true})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(c.Problems, "\n")
	}
	listed(t, target, 7, "1", nil)
	if problems := emptied(); !strings.Contains(problems, "web7 serves a site from "+target.Name()) {
		t.Errorf("served: %q", problems)
	}
	if err := move.Clear(t.Context(), source, target); !errors.Is(err, move.ErrUnfit) {
		t.Errorf("it empties a site that is served: %v", err)
	}
	if err := target.Forget(t.Context(), 7); err != nil {
		t.Fatal(err)
	}
	if problems := emptied(); problems != "" {
		t.Errorf("to be emptied: %q", problems)
	}
	if err := move.Clear(t.Context(), source, target); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, source, target); problems != "" {
		t.Errorf("emptied: %q", problems)
	}
	if value, err := s.SiteInfo(t.Context(), "of another site"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what the other site was is still there: %q, %v", value, err)
	}
}

// TestCheckFindsOnePlace gives one database two names.
func TestCheckFindsOnePlace(t *testing.T) {
	mariadb, file := databaseURL(t, "mariadb"), databaseURL(t, "sqlite")
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(strings.TrimPrefix(file, "sqlite:"), link); err != nil {
		t.Fatal(err)
	}
	other := databaseURL(t, "mariadb")
	for _, c := range []struct {
		name         string
		first, other string
		same         bool
	}{
		{"a name of the server", mariadb, strings.Replace(mariadb, "127.0.0.1", "localhost", 1), true},
		{"a link to the file", file, "sqlite:" + link, true},
		{"another database of the server", mariadb, other, false},
		{"another kind", mariadb, file, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := openPlace(t, c.first), openPlace(t, c.other)
			if problems, _ := checked(t, a, b); strings.Contains(problems, "are one database") != c.same {
				t.Errorf("%q", problems)
			}
			if slices.ContainsFunc(openPlace(t, c.first).Tables(), func(t *store.PlaceTable) bool { return t.Name == "move_same_place" }) {
				t.Error("it leaves a table")
			}
		})
	}
}

// TestCheckFindsClocksApart sets the clock of a server's sessions back by an hour.
func TestCheckFindsClocksApart(t *testing.T) {
	own := servertest.FlavourMariaDB.Own(t)
	address := own.NewDatabase(t)
	storetest.Migrate(t, address)
	source := openPlace(t, databaseURL(t, "sqlite"))
	if problems, _ := checked(t, source, openPlace(t, address)); problems != "" {
		t.Errorf("with one clock: %q", problems)
	}
	if err := own.Exec("SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() - 3600'"); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, source, openPlace(t, address)); !strings.Contains(problems, "the clock of "+openPlace(t, address).Name()) {
		t.Errorf("an hour apart: %q", problems)
	}
}

// TestCheckFindsNoRoom has a target's disk be smaller than what is to go there.
func TestCheckFindsNoRoom(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16m", "tintype-test", dir).CombinedOutput(); err != nil {
		servertest.Without(t, "mount", "cannot mount a small disk (run as root): "+strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	address := "sqlite:" + filepath.Join(dir, "next.db")
	storetest.Migrate(t, address)
	file := databaseURL(t, "sqlite")
	s, err := store.Open(t.Context(), storetest.Options(file))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if problems, unknown := checked(t, openPlace(t, file), openPlace(t, address)); problems != "" || unknown != "" {
		t.Errorf("with room: %q, not known: %q", problems, unknown)
	}
	if err := s.SetSiteInfo(t.Context(), "large", strings.Repeat("x", 10<<20)); err != nil {
		t.Fatal(err)
	}
	if problems, _ := checked(t, openPlace(t, file), openPlace(t, address)); !strings.Contains(problems, "needs about 21.") {
		t.Errorf("without room: %q", problems)
	}
	if _, unknown := checked(t, openPlace(t, file), openPlace(t, databaseURL(t, "mariadb"))); !strings.Contains(unknown, "has room for 10.") {
		t.Errorf("on a server: not known: %q", unknown)
	}
}

package fleettest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// R9: five instances at once on an empty database.
func TestFiveMigrateAtOnce(t *testing.T) { servertest.OnAnyFlavour(t, testFiveMigrateAtOnce) }

func testFiveMigrateAtOnce(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	rounds := 1
	if servertest.All() {
		rounds = 20
	}
	for range rounds {
		address := server.NewDatabase(t)
		list := prepare(t, 5, "DATABASE_URL="+address)
		for _, i := range list {
			i.StartOnly()
		}
		for _, i := range list {
			if err := i.WaitReady(2 * time.Minute); err != nil {
				t.Error(err)
			}
		}
		for _, i := range list {
			i.Kill()
		}
	}
}

// R9: a migrator that is killed at any moment needs nobody: the next one goes on.
func TestAKilledMigrator(t *testing.T) { servertest.OnAnyFlavour(t, testAKilledMigrator) }

func testAKilledMigrator(t *testing.T, f servertest.Flavour) {
	server := f.Server(t)
	random := servertest.Random(t)
	rounds := 5
	if servertest.All() {
		rounds = 40
	}
	cut := 0
	for n := 0; n < rounds || cut == 0 && n < 10*rounds; n++ { // more where the machine is slow to kill
		address := server.NewDatabase(t)
		i := prepare(t, 1, "DATABASE_URL="+address)[0]
		tables := func() int {
			v, err := server.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '" + address[strings.LastIndex(address, "/")+1:] + "'")
			if err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(v)
			return n
		}
		i.StartOnly()
		after := 1 + random.IntN(20)
		for tables() < after {
		}
		time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // at any moment
		i.Kill()
		was := tables()
		i.Start()
		if tables() > was {
			cut++
		}
		i.Kill()
	}
	t.Logf("%d of %d were killed at their work", cut, rounds)
	if cut == 0 {
		t.Error("no migrator was killed at its work")
	}
}

// R17: ten instances share a server that takes sixty connections, and never more is asked of it.
func TestConnectionsAreShared(t *testing.T) { servertest.OnAnyFlavour(t, testConnectionsAreShared) }

func testConnectionsAreShared(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 0)
	address, _ := db.NewDatabase(t)
	if err := db.Primary.Exec("SET GLOBAL max_connections=60"); err != nil {
		t.Fatal(err)
	}
	site := prepare(t, 10, "DATABASE_URL="+address, "DATABASE_MAX_CONNECTIONS=60", "FLEET_MAX_PROCESSES=10")
	site.start(t)
	ann := browser(t, site[0]).SignUpByToken("ann")
	ann.At(site[0]).PostPhoto(photo, "a photo")
	var wg sync.WaitGroup
	for w := range 60 {
		wg.Go(func() {
			for n := range 5 {
				got := ann.At(site[(w+n)%len(site)]).Try(servertest.Read("/api/v1/timelines/home"))
				if got.Err != nil || got.Status != http.StatusOK {
					t.Errorf("%v, %d", got.Err, got.Status)
				}
			}
		})
	}
	wg.Wait()
	for name, most := range map[string]int{"Connection_errors_max_connections": 0, "Max_used_connections": 55} {
		n := db.Primary.Status(t, name)
		t.Logf("%s is %d", name, n)
		if n > most {
			t.Errorf("%s is %d, at most %d expected", name, n, most)
		}
	}
}

// R18: the password changes under load, and the old one is refused soon after.
func TestThePasswordChanges(t *testing.T) { servertest.OnAnyFlavour(t, testThePasswordChanges) }

func testThePasswordChanges(t *testing.T, f servertest.Flavour) {
	t.Run("in a file", func(t *testing.T) {
		passwordChanges(t, f.Server(t), func(t *testing.T, address string) (func(string), []string) {
			file := keep(t, address)
			return file.write, []string{"DATABASE_URL_FILE=" + file.path}
		})
	})
	t.Run("in Secrets Manager", func(t *testing.T) {
		passwordChanges(t, f.Server(t), func(t *testing.T, address string) (func(string), []string) {
			vault := servertest.Vault(t)
			write := func(address string) {
				vault.SetSecret("tintype/database", fmt.Sprintf(`{"url": %q}`, address))
			}
			write(address)
			vault.SetParameter("/tintype/DATABASE_URL", "secretsmanager:tintype/database#url")
			return write, append(vault.Env(), "SETTINGS=ssm:/tintype/")
		})
	})
}

// passwordChanges has two instances read the database's address from where keep
// puts it, and changes the password in it. Keep returns how to write it anew,
// and the settings that lead to it.
func passwordChanges(t *testing.T, server *servertest.DatabaseServer, keep func(t *testing.T, address string) (write func(string), env []string)) {
	address := server.NewDatabase(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	user, old, next := u.User.Username(), "", "next-password"
	old, _ = u.User.Password()
	u.User = url.UserPassword(user, old)
	write, env := keep(t, u.String())
	change := func(password string) {
		t.Helper()
		u.User = url.UserPassword(user, password)
		write(u.String())
	}
	site := newFleet(t, 2, env...)
	ann := browser(t, site[0]).SignUpByToken("ann")
	made := ann.At(site[0]).PostPhoto(photo, "a photo")

	var wg sync.WaitGroup
	sent := servertest.NewLoad(t)
	stop := make(chan struct{})
	load := func(workers int) {
		for w := range workers {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-stop:
						return
					default:
					}
					q := servertest.Read("/api/v1/timelines/home")
					if n%5 == 0 {
						q = servertest.Form("/api/v1/statuses", "status", fmt.Sprintf("w%dn%d", w, n), "in_reply_to_id", made.ID)
					}
					got := sent.Count(ann.At(site[(w+n)%2]).Try(q))
					if !got.Busy() && (got.Err != nil || got.Status != http.StatusOK) {
						t.Errorf("%v, %d: %s", got.Err, got.Status, got.Body)
						return
					}
				}
			})
		}
	}
	load(2)
	server.SetPassword(t, user, next, old)
	change(next)
	time.Sleep(5 * time.Second) // after which all have looked for a new one
	server.SetPassword(t, user, next, "")
	connections := func() int { return server.Status(t, "Connections") }
	// More and more load takes more connections than there are.
	before, began := connections(), time.Now()
	for n := 0; connections() < before+3 || time.Since(began) < 3*time.Second; n++ {
		if n == 30 {
			t.Error("no connection was made under the new password")
			break
		}
		load(4)
		time.Sleep(500 * time.Millisecond) // the load grows by and by
	}
	close(stop)
	wg.Wait()
	sent.Check(t)
}

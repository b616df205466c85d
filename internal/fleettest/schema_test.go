package fleettest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// nextRelease are the migrations of a release that does not exist yet: what a release may do to tables that the one
// before it still works on.
var nextRelease = map[string]string{
	"9001_add_posts_mood":      "-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'posts' AND column_name = 'mood'\nALTER TABLE `posts` ADD COLUMN `mood` VARCHAR(20) NULL;\n",
	"9002_add_accounts_stars":  "-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'stars'\nALTER TABLE `accounts` ADD COLUMN `stars` INT NOT NULL DEFAULT 0 FIRST;\n",
	"9003_create_moods":        "-- done: SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'moods'\nCREATE TABLE `moods` (`id` BIGINT NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB;\n",
	"9004_add_posts_mood_key":  "-- done: SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE() AND index_name = 'posts_mood'\nALTER TABLE `posts` ADD KEY `posts_mood` (`mood`);\n",
	"9005_rebuild_events_wide": "-- done: SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'events' AND column_name = 'kind' AND character_maximum_length = 48\nALTER TABLE `events` MODIFY COLUMN `kind` VARCHAR(48) NOT NULL, FORCE;\n",
}

// demanding is a migration that the release before cannot live with.
const demanding = "-- done: SELECT COUNT(*) FROM site_info WHERE name = 'min_release' AND value = '2'\nINSERT INTO `site_info` (`name`, `value`) VALUES ('min_release', '2') ON DUPLICATE KEY UPDATE `value` = '2';\n"

func releaseWith(t *testing.T, migrations map[string]string) string {
	t.Helper()
	files := map[string]string{}
	for name, up := range migrations {
		files["migrations/mysql/"+name+".up.sql"] = up
		files["migrations/mysql/"+name+".down.sql"] = "DO 0;\n"
	}
	return servertest.BinaryWith(t, files)
}

// R11: the release before keeps working while the next one's migrations run and on what they make of the schema, also
// when it is started there, and beside the next one; until a migration says that it cannot.
func TestThePreviousReleaseOnTheNextSchema(t *testing.T) {
	servertest.OneOf(t, 3, 4)
	servertest.OnAnyFlavour(t, testThePreviousReleaseOnTheNextSchema)
}

func testThePreviousReleaseOnTheNextSchema(t *testing.T, f servertest.Flavour) {
	next := releaseWith(t, nextRelease)
	address := f.Server(t).NewDatabase(t)
	site := newFleet(t, 3, "DATABASE_URL="+address)
	ann := browser(t, site[0]).SignUpByToken("ann")
	root := ann.At(site[0]).PostPhoto(photo, "a photo")

	var wg sync.WaitGroup
	stop := make(chan struct{})
	sent := servertest.NewLoad(t)
	var phase atomic.Int64
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				at := site[(w+n)%2] // the third one is what restarts
				for what, ask := range map[string]func() servertest.Answer{
					"comment": func() servertest.Answer {
						return ann.At(at).Try(servertest.Form("/api/v1/statuses", "status", fmt.Sprintf("w%dn%d", w, n), "in_reply_to_id", root.ID))
					},
					"feed": func() servertest.Answer { return ann.At(at).Try(servertest.Read("/api/v1/timelines/home")) },
					"page": func() servertest.Answer {
						return browser(t, at).Try(servertest.Read(fresh("/@ann/"+root.ID, w, n)))
					},
				} {
					got := sent.Count(ask())
					if !got.Busy() && (got.Err != nil || got.Status != http.StatusOK) {
						t.Errorf("a %s in phase %d: %v, %d: %.200s", what, phase.Load(), got.Err, got.Status, got.Body)
					}
				}
			}
		})
	}
	more := func() {
		t.Helper()
		phase.Add(1)
		was := sent.Asked()
		servertest.Eventually(t, "the load goes on", func() bool { return sent.Asked() >= was+30 })
	}
	more()
	migrator := prepare(t, 1, "DATABASE_URL="+address)[0]
	migrator.Use(next)
	if out, stderr, err := migrator.Command("migrate", "up"); err != nil || !strings.Contains(out, "9005") {
		t.Fatalf("migrate up: %v\n%s%s", err, out, stderr)
	}
	more()
	if err := site[2].Stop(); err != nil {
		t.Error(err)
	}
	site[2].Start()
	if made := ann.At(site[2]).PostPhoto(photo, "on the next schema"); len(made.Media) != 1 {
		t.Errorf("%d photos", len(made.Media))
	}
	if err := site[2].Stop(); err != nil {
		t.Error(err)
	}
	site[2].Use(next)
	site[2].Start()
	made := ann.At(site[2]).PostPhoto(photo, "by the next release")
	ann.At(site[0]).Get("/api/v1/statuses/" + made.ID).Into(&made)
	ann.At(site[2]).Get("/api/v1/statuses/" + ann.At(site[0]).PostPhoto(photo, "by the one before").ID).Into(&made)
	more()
	close(stop)
	wg.Wait()
	sent.Check(t)
	for _, i := range site {
		for line := range strings.Lines(i.Logs()) {
			if strings.Contains(line, "status=503") && strings.Contains(line, "method=") {
				t.Log(line)
			}
		}
	}

	// A migration that raises the minimum: the release before is not started any more, and says why.
	all := map[string]string{"9006_demand": demanding}
	for name, up := range nextRelease {
		all[name] = up
	}
	migrator.Use(releaseWith(t, all))
	if out, stderr, err := migrator.Command("migrate", "up"); err != nil {
		t.Fatalf("migrate up: %v\n%s%s", err, out, stderr)
	}
	if err := site[1].Stop(); err != nil {
		t.Error(err)
	}
	site[1].StartOnly()
	servertest.Eventually(t, "it says that it needs a newer release", func() bool {
		a := browser(t, site[1]).Try(servertest.Read("/readyz"))
		return a.Status == http.StatusServiceUnavailable && a.Holds("needs a newer release")
	})
	ann.At(site[0]).Get("/api/v1/statuses/" + root.ID).Into(&made) // what runs, runs on
}

// R10: migrations go to the primary, whatever replicas the settings name and however late these are, and through a
// proxy; what is served meanwhile waits or is read on the primary.
func TestMigrationsUseThePrimary(t *testing.T) {
	servertest.OnAnyFlavour(t, testMigrationsUseThePrimary)
}

func testMigrationsUseThePrimary(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	replica := db.Replicas[0]
	primary, replicas := db.NewDatabase(t)
	name := primary[strings.LastIndex(primary, "/")+1:]
	proxy := servertest.NewProxy(t, db.Primary.Port)
	site := prepare(t, 2, "DATABASE_URL="+through(t, primary, proxy.Port), "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","), "MIGRATE=wait")
	replica.StopApplying(t)
	tables := func(of *servertest.DatabaseServer) string {
		t.Helper()
		v, err := of.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '" + name + "'")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	site[1].StartOnly() // it waits for the schema
	servertest.Eventually(t, "it waits for the schema", func() bool { return strings.Contains(site[1].Logs(), "waiting for the database") })
	if out, stderr, err := site[0].Command("migrate", "up"); err != nil || !strings.Contains(out, "The schema is at version") {
		t.Fatalf("migrate up: %v\n%s%s", err, out, stderr)
	}
	if out, stderr, err := site[0].Command("migrate", "status"); err != nil || strings.Contains(out, "missing") {
		t.Errorf("migrate status asks a replica: %v\n%s%s", err, out, stderr)
	}
	if there, here := tables(replica), tables(db.Primary); there != "0" || here == "0" {
		t.Fatalf("%s tables on the replica that stands still, %s on the primary", there, here)
	}
	if err := site[1].WaitReady(time.Minute); err != nil {
		t.Fatal(err)
	}
	site[0].Start()
	ann := browser(t, site[0]).SignUpByToken("ann")
	made := ann.At(site[0]).PostPhoto(photo, "before any replica has a table")
	if got := browser(t, site[1]).Get("/@ann/" + made.ID); got.Status != http.StatusOK {
		t.Errorf("a visitor's page: %d", got.Status)
	}
	replica.StartApplying(t)
	servertest.Eventually(t, "both read the replica", func() bool { return came(site[0]) > 0 && came(site[1]) > 0 })

	// The way down and up again, as a release that is taken back goes, under a replica that is late.
	replica.StopApplying(t)
	if out, stderr, err := site[0].Command("migrate", "down", "1", "--yes"); err == nil || !strings.Contains(stderr, "in use by") {
		t.Fatalf("migrate down under a site that serves: %v\n%s%s", err, out, stderr)
	}
	if out, stderr, err := site[0].Command("migrate", "down", "1", "--yes", "--force"); err != nil {
		t.Fatalf("migrate down: %v\n%s%s", err, out, stderr)
	}
	if out, _, err := site[0].Command("migrate", "status"); err != nil || strings.Count(out, "missing") != 1 {
		t.Errorf("after one step down: %v\n%s", err, out)
	}
	if out, stderr, err := site[0].Command("migrate", "up"); err != nil {
		t.Fatalf("migrate up: %v\n%s%s", err, out, stderr)
	}
	if err := site[1].Stop(); err != nil {
		t.Error(err)
	}
	site[1].Start()
	ann.At(site[1]).Get("/api/v1/statuses/" + made.ID).Into(&made)
	replica.StartApplying(t)
	db.CatchUp(t)
}

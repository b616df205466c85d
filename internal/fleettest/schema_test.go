package fleettest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store/storetest"
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
	next := releaseWith(t, nextRelease)
	address := servertest.MariaDB(t).NewDatabase(t)
	site := fleet(t, 3, "DATABASE_URL="+address)
	ann := clientOf(t, site[0], "ann")
	root := ann.postPhoto(site[0], "a photo")

	var wg sync.WaitGroup
	stop := make(chan struct{})
	var done, phase atomic.Int64
	for w := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				at := site[(w+n)%2] // the third one is what restarts
				for what, ask := range map[string]func() (answer, error){
					"comment": func() (answer, error) {
						return ann.tryForm(at, "/api/v1/statuses", "status", fmt.Sprintf("w%dn%d", w, n), "in_reply_to_id", root.ID)
					},
					"feed": func() (answer, error) { return ann.try(at, http.MethodGet, "/api/v1/timelines/home", "", nil) },
					"page": func() (answer, error) {
						return visitor(t).try(at, http.MethodGet, fresh("/@ann/"+root.ID, w, n), "", nil)
					},
				} {
					got, err := ask()
					if err != nil || got.status != http.StatusOK {
						t.Errorf("a %s in phase %d: %v, %d: %.200s", what, phase.Load(), err, got.status, got.body)
					}
					done.Add(1)
				}
			}
		})
	}
	more := func() {
		t.Helper()
		phase.Add(1)
		was := done.Load()
		storetest.Eventually(t, time.Minute, func() bool { return done.Load() >= was+30 })
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
	if made := ann.postPhoto(site[2], "on the next schema"); len(made.Media) != 1 {
		t.Errorf("%d photos", len(made.Media))
	}
	if err := site[2].Stop(); err != nil {
		t.Error(err)
	}
	site[2].Use(next)
	site[2].Start()
	made := ann.postPhoto(site[2], "by the next release")
	ann.into(&made, ann.get(site[0], "/api/v1/statuses/"+made.ID))
	ann.into(&made, ann.get(site[2], "/api/v1/statuses/"+ann.postPhoto(site[0], "by the one before").ID))
	more()
	close(stop)
	wg.Wait()
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
	storetest.Eventually(t, time.Minute, func() bool {
		resp, err := http.Get(site[1].URL + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		return resp.StatusCode == http.StatusServiceUnavailable && strings.Contains(string(text), "needs a newer release")
	})
	ann.into(&made, ann.get(site[0], "/api/v1/statuses/"+root.ID)) // what runs, runs on
}

// R10: migrations go to the primary, whatever replicas the settings name and however late these are, and through a
// proxy; what is served meanwhile waits or is read on the primary.
func TestMigrationsUseThePrimary(t *testing.T) {
	db := servertest.MariaDBReplicas(t, 1)
	replica := db.Replicas[0]
	primary, replicas := db.NewDatabase(t)
	name := primary[strings.LastIndex(primary, "/")+1:]
	proxy := servertest.NewProxy(t, db.Primary.Port)
	site := prepare(t, 2, "DATABASE_URL="+through(t, primary, proxy.Port), "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","), "MIGRATE=wait")
	replica.StopApplying(t)
	tables := func(of *servertest.MariaDBServer) string {
		t.Helper()
		v, err := of.Value("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '" + name + "'")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	site[1].StartOnly() // it waits for the schema
	storetest.Eventually(t, time.Minute, func() bool { return strings.Contains(site[1].Logs(), "waiting for the database") })
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
	ann := clientOf(t, site[0], "ann")
	made := ann.postPhoto(site[0], "before any replica has a table")
	if got := visitor(t).get(site[1], "/@ann/"+made.ID); got.status != http.StatusOK {
		t.Errorf("a visitor's page: %d", got.status)
	}
	replica.StartApplying(t)
	storetest.Eventually(t, time.Minute, func() bool { return came(site[0]) > 0 && came(site[1]) > 0 })

	// The way down and up again, as a release that is taken back goes, under a replica that is late.
	replica.StopApplying(t)
	if out, stderr, err := site[0].Command("migrate", "down", "1", "--yes"); err != nil {
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
	ann.into(&made, ann.get(site[1], "/api/v1/statuses/"+made.ID))
	replica.StartApplying(t)
	db.CatchUp(t)
}

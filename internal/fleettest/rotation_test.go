package fleettest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store/storetest"
)

// patience is how long what comes by itself may take on a busy machine.
const patience = 3 * time.Minute

// secretFile is a file that holds a secret; write puts another one in its place.
func secretFile(t *testing.T, text string) (path string, write func(text string)) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	write = func(text string) {
		t.Helper()
		draft := path + ".new"
		if err := os.WriteFile(draft, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(draft, path); err != nil {
			t.Fatal(err)
		}
	}
	write(text)
	return path, write
}

// R18: the password of Redis changes under use, and all connections are closed: nobody gets an error, and Redis is used
// again, for what is kept and for signals, without a restart. One instance has the password from a file, the other from
// Secrets Manager.
func TestTheRedisPasswordChanges(t *testing.T) {
	redis := servertest.Redis(t)
	redis.SetPassword("first-password")
	file, write := secretFile(t, redis.URL())
	vault := servertest.Vault(t)
	keep := func() {
		write(redis.URL())
		vault.SetSecret("tintype/app", fmt.Sprintf(`{"CACHE_URL": %q}`, redis.URL()))
	}
	keep()
	site := prepare(t, 2, "DATABASE_URL="+servertest.MariaDB(t).NewDatabase(t))
	metric := counted(t, site)
	site[0].Set("CACHE_URL_FILE=" + file)
	site[1].Set(append(vault.Env(), "CACHE_URL=secretsmanager:tintype/app#CACHE_URL")...)
	for _, i := range site {
		i.Start()
	}
	ada, crowd := clientOf(t, site[0], "ada"), visitor(t)
	made, note := ada.postPhoto(site[0], "a photo"), 0
	use := func() {
		t.Helper()
		for _, i := range site {
			if got := crowd.get(i, "/api/v1/timelines/public"); got.status != http.StatusOK {
				t.Fatalf("%d: %.200s", got.status, got.body)
			}
			note++
			if got, err := ada.tryForm(i, "/api/v1/statuses", "status", fmt.Sprintf("note %d", note), "in_reply_to_id", made.ID); err != nil || got.status != http.StatusOK {
				t.Fatalf("%v, %d: %.200s", err, got.status, got.body)
			}
		}
	}
	usedAgain := func() {
		t.Helper()
		for _, i := range site {
			kept := func() int {
				return metric(i, `cache_requests_total{layer="redis",outcome="hit"}`) + metric(i, `cache_requests_total{layer="redis",outcome="miss"}`)
			}
			heard := func() int { return metric(i, `redis_signals_total{direction="received"}`) }
			keptBefore, heardBefore := kept(), heard()
			storetest.Eventually(t, patience, func() bool {
				use()
				return metric(i, "redis_used") == 1 && kept() > keptBefore && heard() > heardBefore
			})
		}
	}
	usedAgain()
	redis.SetPassword("second-password")
	for _, i := range site {
		storetest.Eventually(t, patience, func() bool { use(); return metric(i, "redis_used") == 0 })
	}
	keep()
	usedAgain()
}

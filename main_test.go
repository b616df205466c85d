package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// These tests run the program itself, as people and supervisors do.

func TestFirstStart(t *testing.T) {
	site := servertest.Tintype(t)
	for _, want := range []string{
		"Tintype 0.1.0 is at " + site.URL + "\n",
		"Its data is in " + site.DataDir + "\n",
		"For the first administrator: " + site.URL + "/claim/",
	} {
		if !strings.Contains(site.Logs(), want) {
			t.Errorf("the start does not say %q:\n%s", want, site.Logs())
		}
	}
	for _, name := range []string{"tintype.db", "secret.key", "media"} {
		if found, err := filepath.Glob(filepath.Join(site.DataDir, name)); err != nil || len(found) == 0 {
			t.Errorf("no %s in the data folder", name)
		}
	}
	// localhost is either address.
	for _, host := range []string{"127.0.0.1", "localhost"} {
		if a := servertest.NewClient(t, fmt.Sprintf("http://%s:%d", host, site.Port)).Try(servertest.Read("/readyz")); a.Err != nil || a.Status != 200 {
			t.Errorf("%s: %d, %v", host, a.Status, a.Err)
		}
	}
	if err := site.Stop(); err != nil {
		t.Errorf("a stop that was asked for ends with %v", err)
	}
}

func TestASecondProcessOnThePortSaysSo(t *testing.T) {
	first := servertest.Tintype(t)
	second := servertest.NewTintype(t, fmt.Sprintf("PORT=%d", first.Port))
	second.StartOnly()
	if err := second.Wait(time.Minute); err == nil || !strings.Contains(second.Logs(), fmt.Sprintf("port %d is taken", first.Port)) {
		t.Errorf("%v:\n%s", err, second.Logs())
	}
}

// A balancer sends requests until the readiness check fails; not one of them
// may fail, and none may be refused before that.
func TestStopLosesNoRequestOfABalancer(t *testing.T) {
	site := servertest.Tintype(t, "DRAIN_DELAY=5s", "API_LIMIT=1000000/1m")
	target := make(chan struct{}) // closed when the balancer takes the instance out
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failures []string
	sent := 0
	for range 4 {
		wg.Go(func() {
			own := &http.Transport{}
			defer own.CloseIdleConnections()
			client := servertest.NewClient(t, site.URL)
			client.Transport, client.Patience = own, 10*time.Second
			for {
				select {
				case <-target:
					return
				default:
				}
				a := client.Try(servertest.Read("/api/v1/instance"))
				mu.Lock()
				sent++
				if a.Err != nil || a.Status != 200 {
					failures = append(failures, fmt.Sprintf("%d %s %v", a.Status, a.Body, a.Err))
				}
				mu.Unlock()
			}
		})
	}
	servertest.Eventually(t, "the load begins", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return sent >= 8
	})
	site.Signal(syscall.SIGTERM)
	checker := servertest.NewClient(t, site.URL)
	checker.Transport, checker.Patience = &http.Transport{DisableKeepAlives: true}, 5*time.Second
	servertest.Eventually(t, "readiness fails", func() bool {
		a := checker.Try(servertest.Read("/readyz"))
		if a.Err != nil {
			t.Fatalf("the site closed before readiness failed: %v", a.Err)
		}
		return a.Status == 503
	})
	close(target)
	wg.Wait()
	if err := site.Wait(time.Minute); err != nil {
		t.Error(err)
	}
	if len(failures) > 0 || sent == 0 {
		t.Errorf("%d of %d requests failed, such as %v", len(failures), sent, failures[:min(len(failures), 3)])
	}
}

func TestMySQLWaitsForItsSchema(t *testing.T) {
	url := servertest.MariaDB(t).NewDatabase(t)
	site := servertest.NewTintype(t, "DATABASE_URL="+url)
	site.StartOnly()
	visitor := servertest.NewClient(t, fmt.Sprintf("http://127.0.0.1:%d", site.Port))
	get := func(path string) servertest.Answer { return visitor.Try(servertest.Read(path)) }
	var reason string
	servertest.Eventually(t, "/readyz says what it waits for", func() bool {
		if a := get("/readyz"); a.Err == nil && a.Status == 503 {
			reason = a.Body
		}
		return strings.Contains(reason, "tintype migrate up")
	})
	if a := get("/livez"); a.Err != nil || a.Status != 200 {
		t.Errorf("waiting, and not alive: %d, %v", a.Status, a.Err)
	}
	if a := get("/api/v1/instance"); a.Err != nil || a.Status != 503 {
		t.Errorf("answers without a schema: %d, %v", a.Status, a.Err)
	}
	if out, stderr, err := site.Command("migrate", "up"); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	if err := site.WaitReady(time.Minute); err != nil {
		t.Fatal(err)
	}
	if a := get("/api/v1/instance"); a.Err != nil || a.Status != 200 {
		t.Errorf("%d %s %v", a.Status, a.Body, a.Err)
	}
	if strings.Contains(site.Logs(), strings.Split(strings.TrimPrefix(url, "mysql://"), "@")[0]) {
		t.Error("the log holds the database's password")
	}
	if err := site.Stop(); err != nil {
		t.Error(err)
	}
}

func TestKilledStartsAgain(t *testing.T) {
	site := servertest.Tintype(t)
	site.Kill()
	site.Start()
	if err := site.Stop(); err != nil {
		t.Error(err)
	}
}

func TestWrongSettingsStopTheStart(t *testing.T) {
	_, stderr, err := servertest.Run(t, []string{"DATABSE_URL=x", "PORT=99999"})
	if err == nil || !strings.Contains(stderr, "did you mean DATABASE_URL?") || !strings.Contains(stderr, "PORT: ") {
		t.Errorf("%v: %s", err, stderr)
	}
}

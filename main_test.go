package main

import (
	"fmt"
	"io"
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

func get(client *http.Client, url string) (status int, body string, err error) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(data), err
}

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
		if status, _, err := get(http.DefaultClient, fmt.Sprintf("http://%s:%d/readyz", host, site.Port)); err != nil || status != 200 {
			t.Errorf("%s: %d, %v", host, status, err)
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
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-target:
					return
				default:
				}
				status, body, err := get(client, site.URL+"/api/v1/instance")
				mu.Lock()
				sent++
				if err != nil || status != 200 {
					failures = append(failures, fmt.Sprintf("%d %s %v", status, body, err))
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
	checker := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	servertest.Eventually(t, "readiness fails", func() bool {
		status, _, err := get(checker, site.URL+"/readyz")
		if err != nil {
			t.Fatalf("the site closed before readiness failed: %v", err)
		}
		return status == 503
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
	probe := fmt.Sprintf("http://127.0.0.1:%d", site.Port)
	var reason string
	servertest.Eventually(t, "/readyz says what it waits for", func() bool {
		if status, body, err := get(http.DefaultClient, probe+"/readyz"); err == nil && status == 503 {
			reason = body
		}
		return strings.Contains(reason, "tintype migrate up")
	})
	if status, _, err := get(http.DefaultClient, probe+"/livez"); err != nil || status != 200 {
		t.Errorf("waiting, and not alive: %d, %v", status, err)
	}
	if status, _, err := get(http.DefaultClient, probe+"/api/v1/instance"); err != nil || status != 503 {
		t.Errorf("answers without a schema: %d, %v", status, err)
	}
	if out, stderr, err := site.Command("migrate", "up"); err != nil {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	if err := site.WaitReady(time.Minute); err != nil {
		t.Fatal(err)
	}
	if status, body, err := get(http.DefaultClient, probe+"/api/v1/instance"); err != nil || status != 200 {
		t.Errorf("%d %s %v", status, body, err)
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

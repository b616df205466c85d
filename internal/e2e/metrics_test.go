package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// figures are the sums over all processes of a site, by the metric with its labels.
func figures(t *testing.T, site *servertest.Site) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, i := range site.Processes() {
		page := servertest.NewClient(t, i.Metrics).Get("/metrics").Want(200)
		for line := range strings.Lines(page.Body) {
			line = strings.TrimSpace(line)
			at := strings.LastIndexByte(line, ' ')
			if strings.HasPrefix(line, "#") || at < 0 {
				continue
			}
			value, err := strconv.ParseFloat(line[at+1:], 64)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			sums[line[:at]] += value
		}
	}
	return sums
}

// Each backend of the whole fleet has a figure that moves when it is used, and no figure is told apart by what people do.
func TestEveryBackendIsCounted(t *testing.T) {
	rung := servertest.Whole()
	rung.Web = 2
	site := servertest.NewSite(t, rung, "SIGNUP_LIMIT=1000/1h")
	before := figures(t, site)
	ada := servertest.NewClient(t, site.URL).SignUp("countada")
	post := ada.PublishPhoto(phototest.JPEG(phototest.Options{Width: 900, Height: 600, Seed: 5}), "caption", "Counted")
	ada.Get("/").Want(200)
	for _, address := range servertest.NewClient(t, site.URL).Get(post.URL.Path).Want(200).Photos() {
		servertest.NewClient(t, site.URL).Get(address).Want(200)
	}
	moved := func(prefix string) bool {
		now := figures(t, site)
		for name, value := range now {
			if strings.HasPrefix(name, prefix) && value > before[name] {
				return true
			}
		}
		return false
	}
	for n, prefix := range []string{
		`tintype_reads_total{reason="",server="127.0.0.1:`,
		`tintype_reads_total{reason="marked",server="primary"}`,
		`tintype_session_store_total{operation="read",outcome="ok"}`,
		`tintype_session_store_total{operation="write",outcome="ok"}`,
		`tintype_media_store_total{operation="write",outcome="ok"}`,
		`tintype_media_store_total{operation="read",outcome="ok"}`,
		`tintype_jobs_total{kind="photo.process",outcome="done"}`,
		`tintype_job_seconds_count{kind="photo.process"}`,
		`tintype_queue_messages_total{what="sent"}`,
		`tintype_queue_messages_total{what="received"}`,
		`tintype_requests_total{method="POST",route="/signup",status="303"}`,
	} {
		servertest.Eventually(t, prefix+" moves", func() bool {
			servertest.NewClient(t, site.URL).Get(fmt.Sprintf("/@countada?show=%d.%d", n, time.Now().UnixNano())).Want(200)
			return moved(prefix)
		})
	}
	now := figures(t, site)
	for _, name := range []string{`go_sql_wait_count_total{db_name="primary"}`, "tintype_jobs_ready", "tintype_jobs_oldest_ready_seconds", "tintype_jobs_dead",
		"tintype_reads_refused_total", "tintype_positions_lost_total", "tintype_primary_away", "tintype_photo_memory_bytes", "tintype_photo_memory_limit_bytes"} {
		if _, there := now[name]; !there {
			t.Errorf("no %s", name)
		}
	}
	servertest.Eventually(t, "both replicas are in use everywhere", func() bool {
		replicas := 0
		for name, value := range figures(t, site) {
			if strings.HasPrefix(name, "tintype_replica_in_use{") && value == float64(len(site.Processes())) {
				replicas++
			}
		}
		return replicas == 2
	})
	pools, series := 0, 0
	for name := range now {
		if strings.HasPrefix(name, `go_sql_wait_count_total{db_name="127.0.0.1:`) {
			pools++
		}
		if strings.HasPrefix(name, "tintype_") && !strings.Contains(name, "_bucket{") {
			series++
		}
		if strings.Contains(name, "countada") || strings.Contains(name, "Counted") {
			t.Errorf("%s", name)
		}
	}
	if pools != 2 {
		t.Errorf("%d replicas have a pool, of 2", pools)
	}
	if series > 300 {
		t.Errorf("%d series after a handful of requests", series)
	}
}

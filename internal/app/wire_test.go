package app

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"tintype/internal/media"
	"tintype/internal/move"
	"tintype/internal/session"
	"tintype/internal/store"
	"tintype/internal/web"
)

// wired is the whole site on an empty SQLite database, without a network.
func wired(t *testing.T, env ...string) (*testSite, http.Handler) {
	t.Helper()
	return wiredAs(t, func(*App) {}, env...)
}

// wiredAs is wired after a change of the app.
func wiredAs(t *testing.T, change func(*App), env ...string) (*testSite, http.Handler) {
	t.Helper()
	site := unopenedSite(t, append([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data")}, env...)...)
	change(site.App)
	h, err := site.wire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	site.site.Open(h)
	site.close = sync.OnceFunc(func() {
		for _, s := range slices.Backward(site.stops) {
			if err := s.stop(context.Background()); err != nil {
				t.Errorf("stop %s: %v", s.name, err)
			}
		}
	})
	t.Cleanup(site.close)
	return site, h
}

func TestTheWholeSiteAnswers(t *testing.T) {
	site, _ := wired(t)
	w := site.ask("GET", "/api/v1/instance/", "")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "compatible; Tintype "+Version) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Two sites in one process have nothing in common.
func TestTwoSitesInOneProcess(t *testing.T) {
	first, _ := wired(t, "SITE_NAME=First")
	second, _ := wired(t, "SITE_NAME=Second")
	for site, name := range map[*testSite]string{first: "First", second: "Second"} {
		if w := site.ask("GET", "/api/v1/instance", ""); !strings.Contains(w.Body.String(), `"title":"`+name+`"`) {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
}

// A request may be refused before it meets its route; its log line is the same.
func TestSecretsInAddressesStayOutOfTheLog(t *testing.T) {
	site := newTestSite(t, nil)
	for _, path := range []string{"/claim/abcdefgh", "/links/abcdefgh", "/links/abcdefgh/more"} {
		site.ask("GET", path, "")
		site.ask("POST", path, "a=b", "Sec-Fetch-Site: cross-site")
	}
	if strings.Contains(site.logged.String(), "abcdefgh") {
		t.Errorf("the log holds a secret:\n%s", site.logged)
	}
	defer func() {
		if recover() == nil {
			t.Error("a route with a secret that the log would show was registered")
		}
	}()
	site.site.NewRoutes(web.RouteOptions{}).Personal("GET", "/elsewhere/:token", text("x"))
}

// The whole site is put to sleep and looked at: it goes on showing what it held, to visitors and members, and holds
// the same afterwards.
func TestReadOnlySite(t *testing.T) {
	dir := "DATA_DIR=" + t.TempDir()
	if _, _, stderr := runCommand([]string{dir}, "migrate", "up"); stderr != "" {
		t.Log(stderr)
	}
	site, _ := wired(t, dir, "READ_ONLY=true")
	for _, path := range []string{"/", "/explore", "/about", "/api/v1/instance", "/api/v1/timelines/public"} {
		w := site.ask("GET", path, "")
		if w.Code != http.StatusOK {
			t.Errorf("GET %s: %d %s", path, w.Code, w.Body)
		}
		if !web.IsTokenPath(path) && !strings.Contains(w.Body.String(), "read-only for the moment") {
			t.Errorf("%s does not say that the site is read-only", path)
		}
	}
	if w := site.ask("GET", "/login", ""); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "is read-only for the moment") || !strings.Contains(w.Body.String(), "<main") {
		t.Errorf("the log-in page: %d %s", w.Code, w.Body)
	}
	w := site.ask("POST", "/posts/1/comments", "text=Long+thoughts&idempotency_key=k1&password=hush&return=%2F%40ann%2F1", "Sec-Fetch-Site: same-origin")
	for _, want := range []string{"read-only for the moment", "Long thoughts", `action="/posts/1/comments"`, `name="idempotency_key" value="k1"`, "Send it again"} {
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), want) {
			t.Errorf("a comment: %d without %s: %v %s", w.Code, want, w.Header(), w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "hush") {
		t.Error("a password stands on the page")
	}
	if site.claim != nil {
		t.Error("a link for the first administrator would be written")
	}
	for _, s := range site.stops {
		if s.name == "jobs" {
			t.Error("jobs run")
		}
	}
}

func TestReadOnlyContradictions(t *testing.T) {
	for _, env := range [][]string{
		{"READ_ONLY=true", "MIGRATE=auto"},
		{"READ_ONLY=true", "ROLES=worker", "DATABASE_URL=mysql://u:p@h/n"},
	} {
		if _, err := load(env...); err == nil || !strings.Contains(err.Error(), "READ_ONLY contradicts") {
			t.Errorf("%v: %v", env, err)
		}
	}
	if c := mustLoad(t, "READ_ONLY=true"); c.Migrate != "off" {
		t.Errorf("MIGRATE is %s", c.Migrate)
	}
}

// What counts operations and what writes nothing hides none of a driver's abilities.
func TestADecorationHidesNoAbility(t *testing.T) {
	disk, err := media.NewDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if own, ok := media.As[*media.Disk](countedMedia{disk, nil}); !ok || own != disk {
		t.Error("the driver of photos is hidden")
	}
	table := session.NewDynamo(aws.Config{Region: "eu-central-1"}, "sessions")
	for _, b := range []session.Backend{countedSessions{Backend: table}, readOnlySessions{table}, readOnlySessions{countedSessions{Backend: table}}} {
		if _, ok := session.As[session.Inspector](b); !ok {
			t.Errorf("%T hides that the table can be tried", b)
		}
	}
}

// The doctor examines the places of a move that the site has open itself.
func TestTheDoctorHasWhatTheSiteHasOpen(t *testing.T) {
	site, _ := wired(t, "MEDIA_NEXT=disk:"+filepath.Join(t.TempDir(), "next"))
	r, err := site.drivers().services(t.Context(), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if d := site.openDoctor(r, nil, nil); d.MediaNext == nil || d.MediaNext != r.mediaNext || d.SessionsNext != nil {
		t.Errorf("the doctor has %v and %v", d.MediaNext, d.SessionsNext)
	}
}

// A start that fails halfway gives back what it has, so that the next one does not see another process.
func TestHalfOpenServicesClose(t *testing.T) {
	site, _ := wired(t)
	db, err := store.Open(t.Context(), site.drivers().storeOptions())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "other.db")
	half := &services{store: db, serving: store.LockServing(file)}
	if err := half.Close(); err != nil {
		t.Error(err)
	}
	again := store.LockServing(file)
	if again == nil {
		t.Fatal("the lock is left")
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// A mover waits for no longer than OperationTime for the operations of a process that is gone.
func TestOperationsEndAsMoversExpect(t *testing.T) {
	if session.OperationTime > move.OperationTime || media.RouteTime > move.OperationTime {
		t.Errorf("sessions may take %v and photos %v, and a mover waits for %v", session.OperationTime, media.RouteTime, move.OperationTime)
	}
}

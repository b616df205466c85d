package fleettest

import (
	"archive/zip"
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

// takeoutSite is a site on which a member brings photographs along and takes them away: two instances for pages, two workers, photos in a
// bucket that is slow with originals, and a database whose replica is late.
type takeoutSite struct {
	t        *testing.T
	web      fleet
	workers  fleet
	db       *servertest.Replication
	schema   string // of the database in charge
	slowness atomic.Int64
	ada      *servertest.Client
	asked    int
	dead     []int // the process ids of workers that were killed
}

// at is the member's browser at another instance than before.
func (s *takeoutSite) at() *servertest.Client {
	s.asked++
	return s.ada.At(s.web[s.asked%len(s.web)])
}

func (s *takeoutSite) value(query string) int {
	s.t.Helper()
	v, err := s.db.Primary.Value(strings.ReplaceAll(query, "$", s.schema+"."))
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// slow stands before the bucket, and makes each request for an original wait.
func (s *takeoutSite) slow(address string) string {
	target, err := url.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/orig/") {
			time.Sleep(time.Duration(s.slowness.Load())) // a slow store is what this is for
		}
		forward.ServeHTTP(w, r)
	}))
	s.t.Cleanup(front.Close)
	return front.URL
}

// killed ends a worker amid a job of a kind, as if its lease had run out, has the other one go on, and starts the first again.
func (s *takeoutSite) killed(worker int, kind, amid string) {
	s.t.Helper()
	taken := "SELECT COUNT(*) FROM $jobs WHERE state = 'ready' AND kind = '" + kind + "' AND attempts = 1"
	servertest.Within(s.t, time.Minute, "a worker is in the middle of "+kind, func() bool {
		if s.value(amid) == 0 {
			return false
		}
		s.workers[worker].Signal(syscall.SIGSTOP) // or it may end the job before it is killed
		if s.value(amid) > 0 && s.value(taken) == 1 {
			return true
		}
		s.workers[worker].Signal(syscall.SIGCONT)
		return false
	})
	s.dead = append(s.dead, s.workers[worker].PID())
	s.workers[worker].Kill()
	if s.value(taken) != 1 {
		s.t.Errorf("the worker was not in the middle of %s when it was killed", kind)
	}
	if err := s.db.Primary.Exec("UPDATE " + s.schema + ".jobs SET lease_until = 1 WHERE state = 'ready'"); err != nil {
		s.t.Fatal(err)
	}
	s.workers[1-worker].Start()
}

// photographs is an archive of n photographs, in two folders, which become albums.
func photographs(t *testing.T, first, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := first; i < first+n; i++ {
		w, err := z.Create(fmt.Sprintf("%s/%d.jpg", []string{"Pier", "Harbour"}[i%2], i))
		if err == nil {
			_, err = w.Write(phototest.JPEG(phototest.Options{Width: 320, Height: 240, Seed: int64(1000 + i)}))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// begin sends an archive in three parts, each to another instance than the one before, and has it imported.
func (s *takeoutSite) begin(name string, archive []byte) {
	s.t.Helper()
	s.at().Post("/settings/import/start", "name", name, "size", strconv.Itoa(len(archive))).Want(http.StatusOK).Has(`"received":0`)
	for at, size := 0, len(archive)/3+1; at < len(archive); {
		part := archive[at:min(at+size, len(archive))]
		send := servertest.Request{Method: http.MethodPost, Path: fmt.Sprintf("/settings/import/part?after=%d", at), Body: part}
		at += len(part)
		s.at().Do(send).Want(http.StatusOK).Has(fmt.Sprintf(`"received":%d`, at))
		s.at().Do(send).Want(http.StatusConflict) // it has come already
		s.at().Post("/settings/import/start", "name", name, "size", strconv.Itoa(len(archive))).Want(http.StatusOK).Has(fmt.Sprintf(`"received":%d`, at))
	}
	s.at().Get("/settings/import").Want(http.StatusOK).Has(name, "See what is in them")
	s.at().Post("/settings/import/look").Want(http.StatusOK)
	servertest.Within(s.t, time.Minute, "the preview is there", func() bool {
		return s.at().Get("/settings/import").Want(http.StatusOK).Holds(`action="/settings/import/begin"`)
	})
	s.at().Post("/settings/import/begin", "visibility", "public").Want(http.StatusOK)
}

// imported waits for the end of the import, and demands that the member has so many photographs and posts, none twice.
func (s *takeoutSite) imported(report string, photos int) {
	s.t.Helper()
	servertest.Within(s.t, 2*time.Minute, "the import is done", func() bool {
		return s.at().Get("/settings/import").Want(http.StatusOK).Holds("Imported: " + report)
	})
	const mine = "account_id = (SELECT id FROM $accounts WHERE username = 'ada')"
	for what, query := range map[string]string{
		"posts":                  "SELECT COUNT(*) FROM $posts WHERE kind = 'post' AND deleted_at IS NULL AND author_id = (SELECT id FROM $accounts WHERE username = 'ada')",
		"photographs":            "SELECT COUNT(*) FROM $photos WHERE post_id IS NOT NULL AND state = 'ready' AND " + mine,
		"different photographs":  "SELECT COUNT(DISTINCT sha256) FROM $photos WHERE post_id IS NOT NULL AND " + mine,
		"posts that are counted": "SELECT posts_count FROM $accounts WHERE username = 'ada'",
		"photographs in albums":  "SELECT COUNT(*) FROM $album_photos",
	} {
		if n := s.value(query); n != photos {
			s.t.Errorf("%d %s after the import, want %d", n, what, photos)
		}
	}
	if n := s.value("SELECT COUNT(*) FROM $photos WHERE post_id IS NULL AND state IN ('pending', 'ready') AND " + mine); n != 0 {
		s.t.Errorf("%d photographs are in no post", n)
	}
}

// same demands that every instance gives the same archive at a path, with so many files in a folder.
func (s *takeoutSite) same(path, folder string, files int) {
	s.t.Helper()
	first := ""
	for range s.web {
		a := s.at().Get(path).Want(http.StatusOK)
		if first == "" {
			first = a.Body
		}
		if a.Body != first {
			s.t.Fatalf("%s is another file at another instance", path)
		}
	}
	z, err := zip.NewReader(strings.NewReader(first), int64(len(first)))
	if err != nil {
		s.t.Fatalf("%s: %v", path, err)
	}
	seen := map[string]bool{}
	for _, f := range z.File {
		r, err := f.Open()
		if err == nil {
			_, err = io.Copy(io.Discard, r) // whose sum is checked
		}
		if err != nil || seen[f.Name] {
			s.t.Errorf("%s in %s: %v, twice: %v", f.Name, path, err, seen[f.Name])
		}
		seen[f.Name] = true
		if !strings.HasPrefix(f.Name, folder) || !strings.HasSuffix(f.Name, ".jpg") {
			delete(seen, f.Name)
		}
	}
	if len(seen) != files {
		s.t.Errorf("%s has %d files in %q, want %d", path, len(seen), folder, files)
	}
}

func (s *takeoutSite) startExport() {
	s.t.Helper()
	s.at().Post("/settings/export", "password", password).Want(http.StatusOK)
	s.at().Get("/settings/export").Want(http.StatusOK).Has("Your export is being made")
}

var (
	exportLink   = regexp.MustCompile(`href="(/settings/export/\d+/1)"`)
	downloadLink = regexp.MustCompile(`href="(/downloads/[0-9a-f]+)"`)
)

// link waits until a page has a link.
func (s *takeoutSite) link(page string, link *regexp.Regexp) (found string) {
	s.t.Helper()
	servertest.Within(s.t, 2*time.Minute, page+" has the file", func() bool {
		m := link.FindStringSubmatch(s.at().Get(page).Want(http.StatusOK).Body)
		if m != nil {
			found = m[1]
		}
		return m != nil
	})
	return found
}

// move moves a part of the site by the command.
func (s *takeoutSite) move(args ...string) {
	s.t.Helper()
	for _, args := range [][]string{append([]string{"move"}, args...), {"move", "finish", args[0]}} {
		if out, stderr, err := s.web[0].Command(args...); err != nil {
			s.t.Fatalf("%v: %v\n%s%s", args, err, out, stderr)
		}
	}
}

// Members bring archives along and take all that they have away, on a fleet: no request reaches the instance of the one before, the replica is
// late, workers are killed in the middle, and the database moves meanwhile. Nothing is lost or doubled, and what is ready is
// downloaded from every instance.
func TestTakeoutOnAFleet(t *testing.T) {
	bucket := servertest.S3(t)
	bucket.NewBucket(t, "one")
	s := &takeoutSite{t: t, db: servertest.MariaDBReplicas(t, 1)}
	if err := s.db.Primary.Exec("SET GLOBAL log_bin_trust_function_creators = 1"); err != nil {
		t.Fatal(err)
	}
	primary, replicas := s.db.NewDatabase(t)
	next, nextReplicas := s.db.NewDatabase(t)
	s.schema = primary[strings.LastIndexByte(primary, '/')+1:]
	env := append(bucket.Env(), "AWS_ENDPOINT_URL_S3="+s.slow(bucket.URL), "MEDIA_STORE=s3", "MEDIA_S3_BUCKET=one", "STATELESS=true",
		"DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+replicas[0], "DATABASE_NEXT="+next, "DATABASE_REPLICA_URLS_NEXT="+nextReplicas[0], "LOG_LEVEL=warn")
	f := prepare(t, 4, env...)
	s.web, s.workers = f[:2], f[2:]
	for n, i := range f {
		i.Set("ROLES=" + []string{"web", "worker"}[n/2])
	}
	f[:3].start(t)
	s.ada = browser(t, f[0]).SignUp("ada")
	s.db.CatchUp(t)
	s.db.DelayBy(t, 1, s.db.Replicas[0])
	s.ownWrites(browser(t, f[0]).SignUpByToken("cat"))

	s.slowness.Store(int64(100 * time.Millisecond))
	s.begin("first.zip", photographs(t, 0, 12))
	s.killed(0, "import.work", "SELECT COUNT(*) FROM $imports WHERE state = 'working' AND next BETWEEN 2 AND 9")
	s.imported("12 posts", 12)

	album := fmt.Sprintf("/albums/%d/download", s.value("SELECT id FROM $albums WHERE title = 'Pier'"))
	s.at().Post(album, "originals", "on").Want(http.StatusOK)
	archive := s.link(album, downloadLink)
	s.same(archive, "", 6)

	s.slowness.Store(int64(300 * time.Millisecond))
	s.startExport()
	s.killed(1, "export.write", "SELECT COUNT(*) FROM $exports WHERE state = 'working' AND progress >= 1")
	s.slowness.Store(int64(100 * time.Millisecond))
	s.same(s.link("/settings/export", exportLink), "photos/", 12)
	browser(t, f[1]).SignUp("ben").Get(s.link("/settings/export", exportLink)).Want(http.StatusNotFound)

	// The database moves. Four photographs of the second archive are there already.
	s.workers[1].Start()
	s.begin("second.zip", photographs(t, 8, 12))
	s.startExport()
	// The workers that were killed keep nothing on this machine by which their successors know that they are dead, and a move waits for such.
	for _, pid := range s.dead {
		if err := s.db.Primary.Exec(fmt.Sprintf("DELETE FROM %s.instances WHERE host LIKE '%%process %d'", s.schema, pid)); err != nil {
			t.Fatal(err)
		}
	}
	s.move("database")
	s.schema = next[strings.LastIndexByte(next, '/')+1:]
	s.imported("8 posts", 20)
	export := s.link("/settings/export", exportLink)
	s.same(export, "photos/", s.value("SELECT photos FROM $exports"))
	if n := s.value("SELECT photos - total + missing FROM $exports"); n != 0 {
		t.Errorf("the export has %d photographs more than there were", n)
	}
	s.same(archive, "", 6)
}

// ownWrites has a member write by one instance and read by the other what no instance may have from a late replica.
func (s *takeoutSite) ownWrites(cat *servertest.Client) {
	s.t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	post := cat.At(s.web[0]).PostPhoto(photo, "A photo to pin")
	for n := range 3 {
		a, b := cat.At(s.web[n%2]), cat.At(s.web[1-n%2])
		word := fmt.Sprintf("word%d", n)
		write := func(path string, pairs ...string) servertest.Answer {
			return a.Post(path, pairs...).Want(http.StatusOK)
		}
		list := write("/api/v1/lists", "title", "List "+word).ID()
		b.Get("/api/v1/lists").Want(http.StatusOK).Has("List " + word)
		write("/api/v2/filters", "title", "Filter "+word, "context[]", "home", "keywords_attributes[0][keyword]", word)
		b.Get("/api/v2/filters").Want(http.StatusOK).Has("Filter " + word)
		write("/api/v1/tags/" + word + "/follow")
		b.Get("/api/v1/followed_tags").Want(http.StatusOK).Has(`"` + word + `"`)
		write("/api/v1/statuses/" + post.ID + "/pin")
		b.Get("/api/v1/statuses/" + post.ID).Want(http.StatusOK).Has(`"pinned":true`)
		write("/api/v1/statuses/" + post.ID + "/unpin")
		b.Get("/api/v1/statuses/" + post.ID).Want(http.StatusOK).Has(`"pinned":false`)
		a.Do(servertest.Read("/api/v1/lists/" + list).As(http.MethodDelete)).Want(http.StatusOK)
		b.Get("/api/v1/lists").Want(http.StatusOK).Lacks("List " + word)

		s.at().Post("/settings/notifications/push", "endpoint", "https://push.example.org/"+word, "p256dh", encode(key.PublicKey().Bytes()), "auth", encode(make([]byte, 16))).Want(http.StatusOK)
		s.at().Get("/settings/notifications").Want(http.StatusOK).Has("Browsers with push")
	}
}

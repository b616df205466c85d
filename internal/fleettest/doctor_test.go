package fleettest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tintype/internal/servertest"
)

// check is one line of the doctor.
type check struct{ Name, Status, Text, Advice string }

// examined is what the doctor says, and whether it leaves with success.
type examined struct {
	t      *testing.T
	checks []check
	ok     bool
	output string
}

func doctor(t *testing.T, env ...string) examined {
	t.Helper()
	out, stderr, err := servertest.Run(t, env, "doctor", "--json")
	e := examined{t: t, ok: err == nil, output: out + stderr}
	var answer struct{ Checks []check }
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		t.Fatalf("%v:\n%s%s", err, out, stderr)
	}
	e.checks = answer.Checks
	return e
}

// has demands a line, and tells what to do about it where it is no good one.
func (e examined) has(name, status, text string) {
	e.t.Helper()
	for _, c := range e.checks {
		if c.Name == name && c.Status == status && strings.Contains(c.Text, text) {
			if status != "ok" && c.Advice == "" {
				e.t.Errorf("no advice: %+v", c)
			}
			return
		}
	}
	e.t.Errorf("no %s %s with %q in\n%s", status, name, text, e.output)
}

// hasNot demands that a subject has no line of this status.
func (e examined) hasNot(name, status string) {
	e.t.Helper()
	for _, c := range e.checks {
		if c.Name == name && c.Status == status {
			e.t.Errorf("%+v", c)
		}
	}
}

// saysNot demands that no line of a subject has the text.
func (e examined) saysNot(name, text string) {
	e.t.Helper()
	for _, c := range e.checks {
		if c.Name == name && strings.Contains(c.Text, text) {
			e.t.Errorf("%+v", c)
		}
	}
}

// R1, R14, R17: everything that is configured is used as the site uses it.
func TestDoctorOfAFleet(t *testing.T) { servertest.OnAnyFlavour(t, testDoctorOfAFleet) }

func testDoctorOfAFleet(t *testing.T, f servertest.Flavour) {
	db := f.Replicas(t, 1)
	primary, replicas := db.NewDatabase(t)
	bucketServer, d, redis := newBucket(t), newDynamo(t), servertest.Redis(t)
	env := append(s3Env(bucketServer), d.env()...)
	env = append(env, secretKey, "BASE_URL="+origin, "DATABASE_URL="+primary, "DATABASE_REPLICA_URLS="+strings.Join(replicas, ","), "CACHE_URL="+redis.URL(), "STATELESS=true",
		"DATABASE_MAX_CONNECTIONS=300", "FLEET_MAX_PROCESSES=8")
	if out, stderr, err := servertest.Run(t, env, "migrate", "up"); err != nil {
		t.Fatalf("%v %s%s", err, out, stderr)
	}
	if out, stderr, err := servertest.Run(t, env, "setup", "dynamodb"); err != nil {
		t.Fatalf("%v %s%s", err, out, stderr)
	}
	db.CatchUp(t)

	well := doctor(t, env...)
	for try := 1; try < 10 && !strings.Contains(well.output, "is read, "); try++ { // a replica may answer a busy machine too late
		well = doctor(t, env...)
	}
	well.has("database", "ok", "takes a write (rolled back)")
	version, err := db.Primary.Value("SELECT @@version")
	if err != nil {
		t.Fatal(err)
	}
	well.has("database", "ok", version)
	well.has("replicas", "ok", "is read")
	well.has("sessions", "ok", "written, read, listed and deleted")
	well.has("photos", "ok", "written, read from the middle, copied and deleted")
	well.has("cache", "ok", "stored, read and dropped")
	well.has("address", "warning", "does not answer from here")
	well.hasNot("replicas", "warning")
	well.hasNot("disk", "failure")
	for _, c := range well.checks {
		if c.Status == "failure" {
			t.Errorf("%+v", c)
		}
		if c.Name == "disk" && strings.Contains(c.Text, "data") {
			t.Errorf("a stateless process has no data folder: %+v", c)
		}
		for _, secret := range []string{bucketServer.SecretKey, passwordOf(t, primary), passwordOf(t, replicas[0])} {
			if strings.Contains(c.Text+c.Advice, secret) {
				t.Errorf("a secret: %+v", c)
			}
		}
	}
	if !well.ok {
		t.Errorf("failed:\n%s", well.output)
	}
	if left := files(t, bucketServer); len(left) != 0 {
		t.Errorf("left in the bucket: %v", left)
	}
	servertest.Eventually(t, "Redis forgets what it was asked", func() bool { return redis.Do("DBSIZE") == ":0" })

	// A replica's user that may write, a replica that takes writes, and one that is the primary.
	name := primary[strings.LastIndexByte(primary, '/')+1:]
	if err := db.Primary.Exec("GRANT INSERT, DROP ON " + name + ".* TO '" + name + "_reader'@'127.0.0.1'"); err != nil {
		t.Fatal(err)
	}
	db.CatchUp(t)
	db.Replicas[0].ReadOnly(t, false)
	e := doctor(t, append(env, "DATABASE_REPLICA_URLS="+replicas[0]+","+primary)...)
	e.has("replicas", "warning", "has more rights than SELECT on 127.0.0.1")
	e.has("replicas", "warning", "DROP, INSERT")
	e.has("replicas", "warning", "takes writes (read_only=OFF)")
	e.has("replicas", "warning", "is the primary itself")

	// More connections than the server takes; an administrator's account.
	e = doctor(t, append(env, "DATABASE_MAX_CONNECTIONS=1000")...)
	e.has("database", "failure", "takes 300 connections, and DATABASE_MAX_CONNECTIONS shares out 1000")
	if e.ok {
		t.Error("a failure, and success as exit status")
	}
	e = doctor(t, append(env, "DATABASE_MAX_CONNECTIONS=", "FLEET_MAX_PROCESSES=20")...)
	e.has("database", "warning", "20 processes with 20 each and 10 for people want 410")
	if err := db.Primary.Exec("GRANT SUPER ON *.* TO '" + name + "'@'127.0.0.1'"); err != nil {
		t.Fatal(err)
	}
	doctor(t, env...).has("database", "warning", "has SUPER on the whole server")

	// The table is not there, the cache refuses writes, the bucket is for everybody.
	e = doctor(t, append(env, "SESSION_DYNAMODB_TABLE=nowhere")...)
	e.has("sessions", "failure", "nowhere")
	e.has("database", "ok", "takes a write")
	redis.Do("CONFIG SET maxmemory 100mb")
	redis.Do("CONFIG SET maxmemory-policy noeviction")
	doctor(t, env...).has("cache", "warning", "noeviction")
	redis.Do("CONFIG SET min-replicas-to-write 1")
	doctor(t, env...).has("cache", "failure", "NOREPLICAS")
	openToAll(t, bucketServer)
	e = doctor(t, env...)
	e.has("photos", "failure", "originals, with the places where they were taken, to everybody")
	e.has("photos", "failure", "photos for followers only, to everybody")
	if left := files(t, bucketServer); len(left) != 0 {
		t.Errorf("left in the bucket: %v", left)
	}
}

func passwordOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	return password
}

// openToAll lets everybody read the bucket.
func openToAll(t *testing.T, server servertest.S3Server) {
	t.Helper()
	client := s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}]}`
	if _, err := client.PutBucketPolicy(context.Background(), &s3.PutBucketPolicyInput{Bucket: aws.String(bucket), Policy: &policy}); err != nil {
		t.Fatal(err)
	}
}

// What stands in front is asked as readers' browsers will ask it.
func TestDoctorOfACDN(t *testing.T) {
	server := newBucket(t)
	if out, stderr, err := servertest.Run(t, server.Env(), "assets", "upload", "s3://"+bucket+"/site"); err != nil {
		t.Fatalf("%v %s%s", err, out, stderr)
	}
	static := http.FileServer(http.Dir(filepath.Join(server.Dir, bucket, "site")))
	photos := http.FileServer(http.Dir(filepath.Join(server.Dir, bucket, "media")))
	var careless, busy atomic.Bool
	busy.Store(true)
	edge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if busy.CompareAndSwap(true, false) { // once, which the doctor asks about again
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if strings.HasPrefix(r.URL.Path, "/static/") {
			if !careless.Load() {
				w.Header().Set("Access-Control-Allow-Origin", "*")
			}
			if !strings.HasSuffix(r.URL.Path, ".png") {
				w.Header().Set("Content-Encoding", "gzip") // as the bucket would
			}
			static.ServeHTTP(w, r)
			return
		}
		if !careless.Load() && !strings.HasPrefix(r.URL.Path, "/pub/") {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		photos.ServeHTTP(w, r)
	}))
	t.Cleanup(edge.Close)
	env := append(s3Env(server), "DATA_DIR="+filepath.Join(t.TempDir(), "data"), "MEDIA_BASE_URL="+edge.URL, "STATIC_BASE_URL="+edge.URL)
	if out, stderr, err := servertest.Run(t, env, "migrate", "up"); err != nil {
		t.Fatalf("%v %s%s", err, out, stderr)
	}
	e := doctor(t, env...)
	e.has("cdn", "ok", "gave a photo that was just written")
	e.has("static", "ok", "files of this release")
	e.hasNot("cdn", "failure")
	if !e.ok {
		t.Error(e.output)
	}
	careless.Store(true)
	e = doctor(t, env...)
	e.has("cdn", "failure", "photos for followers only")
	e.has("static", "failure", "Access-Control-Allow-Origin")
	e = doctor(t, append(env, "MEDIA_BASE_URL="+edge.URL+"/elsewhere", "STATIC_BASE_URL="+edge.URL+"/elsewhere")...)
	e.has("cdn", "failure", "answers 404 for a photo that is there")
	e.has("static", "failure", "answers 404")
	// Where only members see photos, a CDN that gives none to everybody is right, and one that does is not.
	e = doctor(t, append(env, "VISITORS=none", "MEDIA_BASE_URL="+edge.URL+"/elsewhere")...)
	e.has("cdn", "ok", "gives no public photo")
	e.hasNot("cdn", "failure")
	e = doctor(t, append(env, "VISITORS=none")...)
	e.has("cdn", "warning", "this site is for members only")
}

// A site that runs is asked at its own address.
func TestDoctorOfARunningSite(t *testing.T) {
	site := servertest.Tintype(t)
	out, stderr, err := site.Command("doctor")
	if err != nil || !strings.Contains(out, "ok       address") {
		t.Errorf("%v\n%s%s", err, out, stderr)
	}
}

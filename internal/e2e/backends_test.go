package e2e

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"tintype/internal/servertest"
)

// After all that has been done on the site, each server of its rung has had its part in it, and no other place has:
// a rung whose variables had no effect would pass everything else. The doctor finds nothing wrong either.
func backends(t *testing.T, s stage) {
	for _, i := range s.Processes() {
		if out, stderr, err := i.Command("doctor"); err != nil || strings.Contains(out, "failure ") {
			t.Errorf("doctor: %v\n%s%s", err, out, stderr)
		}
	}
	if s.Rung.DynamoDB {
		client := dynamodb.New(dynamodb.Options{Region: "eu-central-1", BaseEndpoint: &s.Sessions.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", "")})
		all, err := client.Scan(context.Background(), &dynamodb.ScanInput{TableName: aws.String("sessions")})
		if err != nil || len(all.Items) < 3 {
			t.Errorf("sessions in DynamoDB: %+v %v", all, err)
		}
	}
	if s.Rung.S3 {
		if n := countFiles(t, filepath.Join(s.Media.Dir, "photos")); n < 10 {
			t.Errorf("%d files in the bucket", n)
		}
	} else if n := countFiles(t, s.MediaDir()); n < 10 {
		t.Errorf("%d photos on disk", n)
	}
	if s.Rung.MySQL && s.Rung.S3 {
		for _, i := range s.Processes() {
			if _, err := os.Stat(i.DataDir); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something is in %s: %v", i.DataDir, err)
			}
		}
	}
	if s.Rung.CDN {
		if s.CDN.Hits() == 0 {
			t.Error("nothing came from the CDN")
		}
		servertest.Eventually(t, "the CDN is told what is gone", func() bool { return len(s.CDN.Gone()) > 0 })
	}
	if s.Rung.SQS && len(s.Queue.Sent()) == 0 {
		t.Error("no job was announced by SQS")
	}
	if s.Rung.Redis {
		s.visitor(t).Get("/api/v1/timelines/public").Want(http.StatusOK)
		servertest.Eventually(t, "something is kept in Redis", func() bool { return s.Cache.Do("DBSIZE") != ":0" })
	}
	if s.Rung.Replicas > 0 {
		for _, r := range s.Database.Replicas {
			if counted(t, s.Web, `tintype_reads_total\{[^}]*server="127\.0\.0\.1:`+strconv.Itoa(r.Port)+`"[^}]*\}`) == 0 {
				t.Errorf("nothing was read from the replica at %d", r.Port)
			}
		}
	}
	const done = `tintype_jobs_total\{kind="[a-z.]+",outcome="done"\}`
	if s.Rung.Worker {
		if n := counted(t, s.Web, done); n > 0 {
			t.Errorf("web instances did %g jobs", n)
		}
		if counted(t, []*servertest.Instance{s.Worker}, done) == 0 {
			t.Error("the worker did no job")
		}
	}
	for _, i := range s.Web {
		if counted(t, []*servertest.Instance{i}, `tintype_requests_total\{[^}]*\}`) == 0 {
			t.Errorf("%s answered nobody", i.URL)
		}
	}
}

func countFiles(t testing.TB, dir string) int {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went meanwhile
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// counted is the sum of the instances' counters whose names and labels match.
func counted(t testing.TB, of []*servertest.Instance, pattern string) float64 {
	t.Helper()
	sum := 0.0
	for _, i := range of {
		text := servertest.NewClient(t, i.Metrics).Get("/metrics").Want(http.StatusOK).Body
		for _, m := range regexp.MustCompile(`(?m)^`+pattern+` (\S+)$`).FindAllStringSubmatch(text, -1) {
			v, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

package media_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tintype/internal/media"
	"tintype/internal/media/mediatest"
	"tintype/internal/servertest"
)

func s3Config(s servertest.S3Server) aws.Config {
	return aws.Config{
		Region: "eu-central-1", BaseEndpoint: &s.URL, HTTPClient: awshttp.NewBuildableClient(),
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, // as LoadDefaultConfig has it
		Credentials:                credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
	}
}

var buckets atomic.Int64

// newBucket makes an empty bucket on a server.
func newBucket(t *testing.T, server servertest.S3Server) string {
	t.Helper()
	name := fmt.Sprintf("photos-%d", buckets.Add(1))
	client := s3.NewFromConfig(s3Config(server), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestS3(t *testing.T) {
	server := servertest.S3(t)
	for _, prefix := range []string{"", "some where/"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			mediatest.Run(t, func(t *testing.T) media.Store {
				return media.NewS3(s3Config(server), media.S3Options{Bucket: newBucket(t, server), Prefix: prefix, PathStyle: true, TempDir: t.TempDir()})
			})
		})
	}
}

// An upload that memory does not hold, in pieces, and ranges of it.
func TestS3LargeObjects(t *testing.T) {
	server, temp := servertest.S3(t), t.TempDir()
	s := media.NewS3(s3Config(server), media.S3Options{Bucket: newBucket(t, server), PathStyle: true, TempDir: temp})
	data := make([]byte, 5<<20+7)
	_, _ = rand.Read(data)
	key := media.OriginalKey(media.NewRandom())
	n, err := s.Put(t.Context(), key, io.MultiReader(bytes.NewReader(data[:3<<20]), bytes.NewReader(data[3<<20:])), media.PutOptions{MaxSize: 6 << 20})
	if err != nil || n != int64(len(data)) {
		t.Fatalf("%d, %v", n, err)
	}
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if got, err := io.ReadAll(o); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	part := make([]byte, 1000)
	if _, err := o.Seek(2<<20, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(o, part); err != nil || !bytes.Equal(part, data[2<<20:2<<20+1000]) {
		t.Errorf("a part: %v", err)
	}
	if _, err := s.Put(t.Context(), media.OriginalKey(media.NewRandom()), bytes.NewReader(data), media.PutOptions{MaxSize: 5 << 20}); !errors.Is(err, media.ErrTooLarge) {
		t.Errorf("over the limit: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// meter is a client that notes how much a request carries at most.
type meter struct {
	aws.HTTPClient
	most atomic.Int64
}

func (m *meter) Do(r *http.Request) (*http.Response, error) {
	for now := m.most.Load(); r.ContentLength > now && !m.most.CompareAndSwap(now, r.ContentLength); now = m.most.Load() {
	}
	return m.HTTPClient.Do(r)
}

// What is larger than a small folder for temporary files goes in parts, of which no more than one waits there: an export, an archive.
// There is no object before all of it has come, and nothing is left of what did not.
func TestS3PutsInParts(t *testing.T) {
	server, temp := servertest.S3(t), t.TempDir()
	cfg := s3Config(server)
	counted := &meter{HTTPClient: cfg.HTTPClient}
	cfg.HTTPClient = counted
	bucket := newBucket(t, server)
	s := media.NewS3(cfg, media.S3Options{Bucket: bucket, PathStyle: true, TempDir: temp})
	const part = 32 << 20
	seeded := func(n int64) io.Reader { return io.LimitReader(mathrand.NewChaCha8([32]byte{1}), n) }
	sum := func(r io.Reader) string {
		h := sha256.New()
		if _, err := io.Copy(h, r); err != nil {
			t.Error(err)
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	for _, c := range []struct {
		name string
		n    int64
		o    media.PutOptions
	}{
		{"one part", part, media.PutOptions{}},
		{"one byte more, announced", part + 1, media.PutOptions{Size: part + 1}},
		{"two parts", 2 * part, media.PutOptions{MaxSize: 2 * part}},
		{"some of a third one", 2*part + 1000, media.PutOptions{Size: -1}},
	} {
		key := media.OriginalKey(media.NewRandom())
		if n, err := s.Put(t.Context(), key, seeded(c.n), c.o); err != nil || n != c.n {
			t.Fatalf("%s: %d, %v", c.name, n, err)
		}
		o, err := s.Open(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if o.Size != c.n || sum(o) != sum(seeded(c.n)) {
			t.Errorf("%s: what is read is not what was written: %d bytes", c.name, o.Size)
		}
		o.Close()
	}
	if most := counted.most.Load(); most > part+1<<20 {
		t.Errorf("one request carried %d bytes", most)
	}
	broken := errors.New("the connection broke")
	for _, c := range []struct {
		name string
		r    io.Reader
		o    media.PutOptions
		want error
	}{
		{"broken in the second part", io.MultiReader(seeded(part+1000), iotest.ErrReader(broken)), media.PutOptions{}, broken},
		{"over the limit in the second part", seeded(part + 1001), media.PutOptions{MaxSize: part + 1000}, media.ErrTooLarge},
		{"fewer than announced", seeded(part + 1000), media.PutOptions{Size: part + 1001}, media.ErrShort},
	} {
		key := media.OriginalKey(media.NewRandom())
		if _, err := s.Put(t.Context(), key, c.r, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if _, err := s.Open(t.Context(), key); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("%s: it is there: %v", c.name, err)
		}
	}
	client := s3.NewFromConfig(s3Config(server), func(o *s3.Options) { o.UsePathStyle = true })
	if left, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket}); err != nil || len(left.Uploads) > 0 {
		t.Errorf("parts are left: %+v, %v", left, err)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// What a CDN in front of the bucket sees: type and caching by kind, also after a photo was made private.
func TestS3Headers(t *testing.T) {
	server := servertest.S3(t)
	bucket := newBucket(t, server)
	s := media.NewS3(s3Config(server), media.S3Options{Bucket: bucket, Prefix: "p/", PathStyle: true})
	random := media.NewRandom()
	pub, priv, orig := media.VariantKey(media.Public, random, "320"), media.VariantKey(media.Private, media.NewRandom(), "320"), media.OriginalKey(random)
	for _, key := range []string{pub, orig} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("\xff\xd8\xff\xe0 and so on"), media.PutOptions{ContentType: "application/octet-stream"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Copy(t.Context(), pub, priv); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		pub:  "public, max-age=31536000, s-maxage=86400, immutable",
		priv: "private, max-age=31536000, immutable",
		orig: "private, no-store",
	} {
		address, good, err := s.Presign(t.Context(), key, time.Hour)
		if err != nil || good != time.Hour {
			t.Fatalf("%v %v", good, err)
		}
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.HasSuffix(string(body), "and so on") || resp.Header.Get("Cache-Control") != want {
			t.Errorf("%s: %d, Cache-Control %q, want %q", key, resp.StatusCode, resp.Header.Get("Cache-Control"), want)
		}
		if got := resp.Header.Get("Content-Type"); key == orig && got != "image/jpeg" {
			t.Errorf("%s is %s", key, got)
		}
		if u, err := url.Parse(address); err != nil {
			t.Error(err)
		} else if u.RawQuery = ""; true {
			if bare, err := http.Get(u.String()); err != nil || bare.StatusCode != http.StatusForbidden {
				t.Errorf("without a signature: %v %v", bare, err)
			} else {
				bare.Body.Close()
			}
		}
	}
	if _, err := os.Stat(filepath.Join(server.Dir, bucket, "p", pub)); err != nil {
		t.Errorf("the prefix: %v", err)
	}
}

// fakeS3 answers with what a test says, for what no emulator does.
func fakeS3(t *testing.T, f http.HandlerFunc) *media.S3 {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return media.NewS3(s3Config(servertest.S3Server{URL: server.URL, AccessKey: "k", SecretKey: "s"}), media.S3Options{Bucket: "b", PathStyle: true, Encryption: "aws:kms"})
}

func s3Failure(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>`, code)
}

func TestS3Errors(t *testing.T) {
	var tries sync.WaitGroup // all at once: they wait before they try again
	for code, c := range map[string]struct {
		status int
		want   error
	}{
		"NoSuchKey": {404, media.ErrNotFound}, "NoSuchBucket": {404, media.ErrUnavailable}, "AccessDenied": {403, media.ErrUnavailable},
		"SlowDown": {503, media.ErrUnavailable}, "InternalError": {500, media.ErrUnavailable}, "EntityTooLarge": {400, media.ErrTooLarge},
		"QuotaExceeded": {507, media.ErrNoSpace},
	} {
		s := fakeS3(t, func(w http.ResponseWriter, _ *http.Request) { s3Failure(w, c.status, code) })
		key := media.OriginalKey(media.NewRandom())
		tries.Go(func() {
			if _, err := s.Open(t.Context(), key); !errors.Is(err, c.want) {
				t.Errorf("Open, %s: %v, want %v", code, err, c.want)
			}
		})
		tries.Go(func() {
			if _, err := s.Put(t.Context(), key, strings.NewReader("x"), media.PutOptions{}); !errors.Is(err, c.want) {
				t.Errorf("Put, %s: %v, want %v", code, err, c.want)
			}
		})
	}
	tries.Wait()
}

// A burst of throttling is waited out, and the body sent again; the encryption is asked for, and a checksum goes along.
func TestS3TriesAgain(t *testing.T) {
	var tries atomic.Int64
	s := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if string(body) != "picture" {
			t.Errorf("the body is %q", body)
		}
		if got := r.Header.Get("X-Amz-Server-Side-Encryption"); got != "aws:kms" {
			t.Errorf("encryption %q", got)
		}
		if r.Header.Get("X-Amz-Checksum-Crc32") == "" {
			t.Error("no checksum")
		}
		if tries.Add(1) < 3 {
			s3Failure(w, 503, "SlowDown")
		}
	})
	if _, err := s.Put(t.Context(), media.OriginalKey(media.NewRandom()), strings.NewReader("picture"), media.PutOptions{}); err != nil {
		t.Error(err)
	}
}

// An answer that breaks off halfway is asked for anew from there; the reader notices nothing.
func TestS3Resumes(t *testing.T) {
	text := strings.Repeat("0123456789", 1000)
	var asked atomic.Int64
	s := fakeS3(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.Header().Set("Content-Length", fmt.Sprint(len(text)))
			_, _ = io.WriteString(w, text[:4321])
			panic(http.ErrAbortHandler)
		}
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	})
	o, err := s.Open(t.Context(), media.OriginalKey(media.NewRandom()))
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if b, err := io.ReadAll(o); err != nil || string(b) != text {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// A presigned address is good no longer than the credentials behind it.
func TestS3PresignEndsWithTheCredentials(t *testing.T) {
	endpoint := "http://127.0.0.1:1"
	s := media.NewS3(aws.Config{
		Region: "eu-central-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s", SessionToken: "t", CanExpire: true, Expires: time.Now().Add(10 * time.Minute)}, nil
		}),
	}, media.S3Options{Bucket: "b", PathStyle: true})
	_, good, err := s.Presign(t.Context(), media.OriginalKey(media.NewRandom()), time.Hour)
	if err != nil || good > 10*time.Minute || good < 9*time.Minute {
		t.Errorf("%v, %v", good, err)
	}
}

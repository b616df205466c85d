package scaletest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"tintype/internal/phototest"
	"tintype/internal/servertest"
)

const bucket = "photos"

// newBucket is an empty bucket on a server of its own.
func newBucket(t *testing.T) servertest.S3Server {
	t.Helper()
	server := servertest.S3(t)
	client := s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	if _, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return server
}

// files are the names of what the bucket holds.
func files(t *testing.T, server servertest.S3Server) []string {
	t.Helper()
	root := filepath.Join(server.Dir, bucket)
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(name))
		}
		if os.IsNotExist(err) {
			return nil // it went while we looked
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// cdn is CloudFront: edges that read the bucket's public photos, and the API that hears what is gone.
type cdn struct {
	edge, api *httptest.Server
	mu        sync.Mutex
	gone      []string // paths
}

var pathTag = regexp.MustCompile(`<Path>([^<]*)</Path>`)

func newCDN(t *testing.T, server servertest.S3Server) *cdn {
	c := &cdn{}
	c.edge = httptest.NewServer(http.FileServer(http.Dir(filepath.Join(server.Dir, bucket, "media"))))
	c.api = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, m := range pathTag.FindAllStringSubmatch(string(body), -1) {
			c.gone = append(c.gone, m[1])
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>`)
	}))
	t.Cleanup(c.edge.Close)
	t.Cleanup(c.api.Close)
	return c
}

func (c *cdn) invalidated() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.gone)
}

func s3Env(server servertest.S3Server) []string {
	return append(server.Env(), "MEDIA_STORE=s3", "MEDIA_S3_BUCKET="+bucket, "MEDIA_S3_PREFIX=media")
}

var keyField = regexp.MustCompile(`name="idempotency_key" value="([^"]+)"`)

// upload sends a photo to the instance that the browser is turned to, as the page's script does.
func (b *browser) upload() answer {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("photos", "a.jpg")
	if err == nil {
		_, err = part.Write(phototest.JPEG(phototest.Options{Width: 900, Height: 600}))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, origin+"/compose/photos", &form)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Origin", origin)
	req.Header.Set("Accept", "application/json")
	a, err := b.send(req)
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// publish uploads a photo and posts it.
func (b *browser) publish(visibility string) (path string) {
	b.t.Helper()
	a := b.upload()
	var up struct{ State string }
	if err := json.Unmarshal([]byte(a.body), &up); err != nil || up.State != "ready" {
		b.t.Fatalf("upload: %d %s %v", a.status, a.body, err)
	}
	key := keyField.FindStringSubmatch(b.get("/compose").want(http.StatusOK).body)
	if key == nil {
		b.t.Fatal("no idempotency key")
	}
	a = b.post("/compose", "idempotency_key", key[1], "visibility", visibility, "licence", "all-rights-reserved", "caption", "A photo").want(http.StatusOK)
	if !strings.Contains(a.body, "A photo") {
		b.t.Fatalf("not posted: %s", a.url)
	}
	return a.url.Path
}

var photoURL = regexp.MustCompile(`(?:https?://[^"\s,]*)?(?:/media)?/((?:pub|priv)/[0-9a-f]{32}/[a-z0-9]+\.jpg)(?:\?[^"\s,]*)?`)

// photos are the addresses of photos on a page by their keys.
func (a answer) photos() map[string]string {
	a.t.Helper()
	found := map[string]string{}
	for _, m := range photoURL.FindAllStringSubmatch(strings.ReplaceAll(a.body, "&amp;", "&"), -1) {
		if found[m[1]] == "" || strings.Contains(m[0], "?") {
			found[m[1]] = m[0]
		}
	}
	if len(found) == 0 {
		a.t.Fatalf("no photo on %s", a.url)
	}
	return found
}

func keysOf(photos map[string]string) []string {
	var keys []string
	for k := range photos {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// R21, R23: photos that one instance takes the other shows; a CDN changes every page and no row; what is deleted or
// made private is gone from the bucket, and the CDN hears of each path.
func TestPhotosOnS3(t *testing.T) {
	server := newBucket(t)
	edges := newCDN(t, server)
	f := newFleet(t, 2, append(s3Env(server), "AWS_ENDPOINT_URL_CLOUDFRONT="+edges.api.URL)...)
	anna := newBrowser(t, f[0])
	anna.signUp("anna")
	post := anna.publish("public")
	visitor := newBrowser(t, f[1])
	before := visitor.get(post).want(http.StatusOK).photos()
	for key, address := range before {
		a := visitor.get(address).want(http.StatusOK)
		if a.header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(a.body, "\xff\xd8") || !strings.HasPrefix(key, "pub/") {
			t.Errorf("%s at %s: %v", key, address, a.header)
		}
	}

	// Both instances move to the CDN, one after the other.
	for _, i := range f {
		if err := i.Stop(); err != nil {
			t.Fatal(err)
		}
		i.Set("MEDIA_BASE_URL="+edges.edge.URL+"/", "MEDIA_CDN_DISTRIBUTION_ID=E1")
		i.Start()
	}
	page := visitor.get(post).want(http.StatusOK)
	after := page.photos()
	if !slices.Equal(keysOf(before), keysOf(after)) {
		t.Errorf("keys changed: %v, %v", keysOf(before), keysOf(after))
	}
	for key, address := range after {
		if address != edges.edge.URL+"/"+key {
			t.Errorf("%s is at %s", key, address)
		}
		visitor.get(address).want(http.StatusOK)
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' blob: "+edges.edge.URL) {
		t.Errorf("policy %q", policy)
	}

	// Private: new names at once, the old ones gone.
	id := post[strings.LastIndexByte(post, '/')+1:]
	anna.post("/posts/"+id+"/edit", "caption", "A photo", "visibility", "followers", "licence", "all-rights-reserved").want(http.StatusOK)
	private := anna.get(post).want(http.StatusOK).photos()
	for key, address := range private {
		if !strings.HasPrefix(key, "priv/") || !strings.HasPrefix(address, "/media/priv/") || before[strings.Replace(key, "priv/", "pub/", 1)] != "" {
			t.Errorf("%s at %s", key, address)
		}
		anna.get(address).want(http.StatusOK)
		visitor.get(address).want(http.StatusNotFound)
	}
	all := func(keys []string) bool {
		gone := edges.invalidated()
		return !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(gone, "/"+k) })
	}
	absent := func(kind string) bool {
		return !slices.ContainsFunc(files(t, server), func(name string) bool { return strings.HasPrefix(name, "media/"+kind) })
	}
	eventually(t, "the public files go, and the CDN hears of it", func() bool { return absent("pub/") && all(keysOf(before)) })

	anna.turn(f[1])
	anna.post("/posts/" + id + "/delete").want(http.StatusOK)
	eventually(t, "everything goes", func() bool { return len(files(t, server)) == 0 && all(keysOf(private)) })
	for _, path := range edges.invalidated() {
		if strings.Contains(path, "*") || strings.Contains(path, "orig") {
			t.Errorf("the CDN was told of %s", path)
		}
	}
}

// R22: the address of a private photo is the same on both instances for its window, and outlives the redirect to it.
func TestPrivatePhotosByRedirect(t *testing.T) {
	server := newBucket(t)
	f := newFleet(t, 2, append(s3Env(server), "MEDIA_S3_REDIRECT=true")...)
	anna := newBrowser(t, f[0])
	anna.signUp("anna")
	post := anna.publish("followers")
	first := anna.get(post).photos()
	anna.turn(f[1])
	page := anna.get(post)
	second := page.photos()
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' blob: "+server.URL) {
		t.Errorf("policy %q", policy)
	}
	for key, address := range first {
		// The hour may have just turned, in which case all change.
		if again := second[key]; again != address && anna.get(post).photos()[key] != again {
			t.Errorf("another address on the other instance: %s, %s", address, again)
		}
		anna.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a := anna.get(address).want(http.StatusFound)
		anna.http.CheckRedirect = nil
		to, err := url.Parse(a.header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		life, err := strconv.Atoi(to.Query().Get("X-Amz-Expires"))
		keep, ok := strings.CutPrefix(a.header.Get("Cache-Control"), "private, max-age=")
		seconds, err2 := strconv.Atoi(keep)
		if err != nil || err2 != nil || !ok || seconds < 60 || seconds > life-30 {
			t.Errorf("a redirect kept as %q leads to what lives %d s", a.header.Get("Cache-Control"), life)
		}
		if b := anna.get(to.String()).want(http.StatusOK); !strings.HasPrefix(b.body, "\xff\xd8") {
			t.Errorf("%s is no photo", to)
		}
		newBrowser(t, f[0]).get(address).want(http.StatusNotFound)
	}
}

// R22, R19: an address that the bucket takes dies with the credentials that signed it. Where these are about to end, the
// site sends the photo itself.
func TestNoRedirectOutlivesTheCredentials(t *testing.T) {
	server := newBucket(t)
	m := newMetadata(t)
	m.key, m.secret, m.life = server.AccessKey, server.SecretKey, 50*time.Second
	env := slices.DeleteFunc(s3Env(server), func(e string) bool { return strings.HasPrefix(e, "AWS_ACCESS") || strings.HasPrefix(e, "AWS_SECRET") })
	f := newFleet(t, 1, append(env, "MEDIA_S3_REDIRECT=true", "AWS_EC2_METADATA_SERVICE_ENDPOINT="+m.URL, "HOME="+t.TempDir())...)
	anna := newBrowser(t, f[0])
	anna.signUp("anna")
	for _, address := range anna.get(anna.publish("followers")).photos() {
		anna.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		if a := anna.get(address).want(http.StatusOK); !strings.HasPrefix(a.body, "\xff\xd8") {
			t.Errorf("%s is no photo", address)
		}
	}
	if m.count() == 0 {
		t.Error("the machine's role was not asked for")
	}
}

// While the bucket is away the site stands: pages answer, photos and uploads hear 503.
func TestTheBucketIsAway(t *testing.T) {
	server := newBucket(t)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	away := false
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		shut := away
		mu.Unlock()
		if shut {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = target.Scheme, target.Host, ""
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		for name, v := range resp.Header {
			w.Header()[name] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}))
	t.Cleanup(door.Close)
	f := newFleet(t, 1, append(s3Env(server), "AWS_ENDPOINT_URL_S3="+door.URL)...)
	anna := newBrowser(t, f[0])
	anna.signUp("anna")
	post := anna.publish("public")
	set := func(v bool) { mu.Lock(); away = v; mu.Unlock() }
	set(true)
	photos := anna.get(post).want(http.StatusOK).photos()
	for _, address := range photos {
		if a := anna.get(address).want(http.StatusServiceUnavailable); a.header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		break
	}
	if a := anna.upload(); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("an upload answered %d: %s", a.status, a.body)
	}
	set(false)
	if a := anna.upload(); a.status != http.StatusOK {
		t.Errorf("an upload afterwards answered %d: %s", a.status, a.body)
	}
	for _, address := range photos {
		anna.get(address).want(http.StatusOK)
	}
}

// `assets upload` puts files where pages with STATIC_BASE_URL look for them, ready for a browser; those of older
// releases stay.
func TestStaticFilesFromABucket(t *testing.T) {
	server := newBucket(t)
	out, stderr, err := servertest.Run(t, server.Env(), "assets", "upload", "s3://"+bucket+"/site")
	if err != nil || !strings.Contains(out, "files are in s3://photos/site.") {
		t.Fatalf("%v\n%s%s", err, out, stderr)
	}
	old := filepath.Join(server.Dir, bucket, "site", "static", "app.0123456789.css")
	if err := os.WriteFile(old, []byte("a{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := servertest.Run(t, server.Env(), "assets", "upload", "s3://"+bucket+"/site"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("an older release's file: %v", err)
	}
	edge := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(server.Dir, bucket, "site"))))
	t.Cleanup(edge.Close)
	f := newFleet(t, 1, "STATIC_BASE_URL="+edge.URL)
	page := newBrowser(t, f[0]).get("/").want(http.StatusOK)
	found := regexp.MustCompile(regexp.QuoteMeta(edge.URL)+`(/static/[a-z0-9.-]+)`).FindAllStringSubmatch(page.body, -1)
	if len(found) < 2 {
		t.Fatalf("only %d static files come from the CDN", len(found))
	}
	if policy := page.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' "+edge.URL) || !strings.Contains(policy, "style-src 'self' "+edge.URL) {
		t.Errorf("policy %q", policy)
	}
	client := s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(server.AccessKey, server.SecretKey, ""),
	})
	for _, m := range found {
		o, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("site" + m[1])})
		if err != nil {
			t.Errorf("%s: %v", m[1], err)
			continue
		}
		body := io.Reader(o.Body)
		if aws.ToString(o.ContentEncoding) == "gzip" {
			if body, err = gzip.NewReader(o.Body); err != nil {
				t.Fatal(err)
			}
		}
		got, err := io.ReadAll(body)
		o.Body.Close()
		own := newBrowser(t, f[0]).get(m[1]).want(http.StatusOK)
		if err != nil || string(got) != own.body || aws.ToString(o.ContentType) != own.header.Get("Content-Type") ||
			aws.ToString(o.CacheControl) != "public, max-age=31536000, immutable" {
			t.Errorf("%s differs from what the site serves: %v %v %v", m[1], aws.ToString(o.ContentType), aws.ToString(o.CacheControl), err)
		}
		if aws.ToString(o.ContentEncoding) != "gzip" && !strings.HasSuffix(m[1], ".png") {
			t.Errorf("%s is not compressed", m[1])
		}
	}
}

package fleettest

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
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

// sent is a photo on its way to the draft, as the page's script sends it.
func sent() servertest.Request {
	return servertest.File("/compose/photos", "photos", photo).With("Accept", "application/json")
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
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "public")
	visitor := browser(t, f[1])
	before := visitor.Get(post).Want(http.StatusOK).PhotosByKey()
	for key, address := range before {
		a := visitor.Get(address).Want(http.StatusOK)
		if a.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(a.Body, "\xff\xd8") || !strings.HasPrefix(key, "pub/") {
			t.Errorf("%s at %s: %v", key, address, a.Header)
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
	page := visitor.Get(post).Want(http.StatusOK)
	after := page.PhotosByKey()
	if !slices.Equal(keysOf(before), keysOf(after)) {
		t.Errorf("keys changed: %v, %v", keysOf(before), keysOf(after))
	}
	for key, address := range after {
		if address != edges.edge.URL+"/"+key {
			t.Errorf("%s is at %s", key, address)
		}
		visitor.Get(address).Want(http.StatusOK)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' blob: "+edges.edge.URL) {
		t.Errorf("policy %q", policy)
	}

	// Private: new names at once, the old ones gone.
	id := post[strings.LastIndexByte(post, '/')+1:]
	anna.Post("/posts/"+id+"/edit", "caption", "A photo", "visibility", "followers", "licence", "all-rights-reserved").Want(http.StatusOK)
	private := anna.Get(post).Want(http.StatusOK).PhotosByKey()
	for key, address := range private {
		if !strings.HasPrefix(key, "priv/") || !strings.HasPrefix(address, "/media/priv/") || before[strings.Replace(key, "priv/", "pub/", 1)] != "" {
			t.Errorf("%s at %s", key, address)
		}
		anna.Get(address).Want(http.StatusOK)
		visitor.Get(address).Want(http.StatusNotFound)
	}
	all := func(keys []string) bool {
		gone := edges.invalidated()
		return !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(gone, "/"+k) })
	}
	absent := func(kind string) bool {
		return !slices.ContainsFunc(files(t, server), func(name string) bool { return strings.HasPrefix(name, "media/"+kind) })
	}
	servertest.Eventually(t, "the public files go, and the CDN hears of it", func() bool { return absent("pub/") && all(keysOf(before)) })

	anna = anna.At(f[1])
	anna.Post("/posts/" + id + "/delete").Want(http.StatusOK)
	servertest.Eventually(t, "everything goes", func() bool { return len(files(t, server)) == 0 && all(keysOf(private)) })
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
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "followers")
	first := anna.Get(post).PhotosByKey()
	anna = anna.At(f[1])
	page := anna.Get(post)
	second := page.PhotosByKey()
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "img-src 'self' blob: "+server.URL) {
		t.Errorf("policy %q", policy)
	}
	for key, address := range first {
		// The hour may have just turned, in which case all change.
		if again := second[key]; again != address && anna.Get(post).PhotosByKey()[key] != again {
			t.Errorf("another address on the other instance: %s, %s", address, again)
		}
		anna.Stay = true
		a := anna.Get(address).Want(http.StatusFound)
		to, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		life, err := strconv.Atoi(to.Query().Get("X-Amz-Expires"))
		keep, ok := strings.CutPrefix(a.Header.Get("Cache-Control"), "private, max-age=")
		seconds, err2 := strconv.Atoi(keep)
		if err != nil || err2 != nil || !ok || seconds < 60 || seconds > life-30 {
			t.Errorf("a redirect kept as %q leads to what lives %d s", a.Header.Get("Cache-Control"), life)
		}
		if b := anna.Get(to.String()).Want(http.StatusOK); !strings.HasPrefix(b.Body, "\xff\xd8") {
			t.Errorf("%s is no photo", to)
		}
		browser(t, f[0]).Get(address).Want(http.StatusNotFound)
		// The address is signed for GET. Who asks for the head alone gets that from the site.
		head := anna.Do(servertest.Read(address).As(http.MethodHead)).Want(http.StatusOK)
		if n, err := strconv.Atoi(head.Header.Get("Content-Length")); err != nil || n < 100 || head.Header.Get("Location") != "" {
			t.Errorf("the head of %s: %v", address, head.Header)
		}
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
	anna := browser(t, f[0])
	anna.SignUp("anna")
	for _, address := range anna.Get(published(anna, "followers")).PhotosByKey() {
		anna.Stay = true
		if a := anna.Get(address).Want(http.StatusOK); !strings.HasPrefix(a.Body, "\xff\xd8") {
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
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	t.Cleanup(front.Close)
	f := newFleet(t, 1, append(s3Env(server), "AWS_ENDPOINT_URL_S3="+front.URL)...)
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "public")
	set := func(v bool) { mu.Lock(); away = v; mu.Unlock() }
	set(true)
	photos := anna.Get(post).Want(http.StatusOK).PhotosByKey()
	for _, address := range photos {
		if a := anna.Get(address).Want(http.StatusServiceUnavailable); a.Header.Get("Retry-After") == "" {
			t.Error("503 without Retry-After")
		}
		break
	}
	if a := anna.Do(sent()); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
		t.Errorf("an upload answered %d: %s", a.Status, a.Body)
	}
	set(false)
	if a := anna.Do(sent()); a.Status != http.StatusOK {
		t.Errorf("an upload afterwards answered %d: %s", a.Status, a.Body)
	}
	for _, address := range photos {
		anna.Get(address).Want(http.StatusOK)
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
	page := browser(t, f[0]).Get("/").Want(http.StatusOK)
	found := regexp.MustCompile(regexp.QuoteMeta(edge.URL)+`(/static/[a-z0-9.-]+)`).FindAllStringSubmatch(page.Body, -1)
	if len(found) < 2 {
		t.Fatalf("only %d static files come from the CDN", len(found))
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self' "+edge.URL) || !strings.Contains(policy, "style-src 'self' "+edge.URL) {
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
		own := browser(t, f[0]).Get(m[1]).Want(http.StatusOK)
		if err != nil || string(got) != own.Body || aws.ToString(o.ContentType) != own.Header.Get("Content-Type") ||
			aws.ToString(o.CacheControl) != "public, max-age=31536000, immutable" {
			t.Errorf("%s differs from what the site serves: %v %v %v", m[1], aws.ToString(o.ContentType), aws.ToString(o.CacheControl), err)
		}
		if aws.ToString(o.ContentEncoding) != "gzip" && !strings.HasSuffix(m[1], ".png") {
			t.Errorf("%s is not compressed", m[1])
		}
	}
}

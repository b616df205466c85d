package media_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/servertest"
)

// narrowBucket answers as S3 does where nobody granted ListBucket: what is absent is denied, as what may not be read.
type narrowBucket struct {
	mu      sync.Mutex
	objects map[string][]byte
	closed  bool          // nothing may be read
	sealed  bool          // nothing may be decrypted
	ahead   time.Duration // of its clock
	puts    int
}

func (b *narrowBucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("Date", time.Now().Add(b.ahead).UTC().Format(http.TimeFormat))
	body, _ := io.ReadAll(r.Body)
	switch r.Method {
	case http.MethodPut:
		b.puts++
		b.objects[r.URL.Path] = body
	case http.MethodPost: // DeleteObjects
		for path := range b.objects {
			if strings.Contains(string(body), strings.TrimPrefix(path, "/photos/")) {
				delete(b.objects, path)
			}
		}
		fmt.Fprint(w, `<DeleteResult/>`)
	default:
		o, ok := b.objects[r.URL.Path]
		if !ok || b.closed || b.sealed && r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			if r.Method == http.MethodGet {
				fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
			}
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(o)))
		_, _ = w.Write(o)
	}
}

func newNarrow(t *testing.T, readOnly bool) (*narrowBucket, *media.S3) {
	return newNarrowWith(t, media.S3Options{ReadOnly: readOnly})
}

func newNarrowWith(t *testing.T, o media.S3Options) (*narrowBucket, *media.S3) {
	b := &narrowBucket{objects: map[string][]byte{}}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	o.Bucket, o.PathStyle = "photos", true
	return b, media.NewS3(s3Config(servertest.S3Server{URL: server.URL, AccessKey: "a", SecretKey: "b"}), o)
}

// A missing object is missing, also to who may not list; a bucket that gives nothing at all is unavailable.
func TestS3AbsentWithoutListBucket(t *testing.T) {
	absent := media.VariantKey(media.Public, media.NewRandom(), "320")
	t.Run("after a read", func(t *testing.T) {
		b, s := newNarrow(t, true)
		there := media.VariantKey(media.Public, media.NewRandom(), "320")
		b.objects["/photos/"+there] = []byte("x")
		if ok, err := s.Has(t.Context(), there); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("open: %v", err)
		}
		if err := s.Copy(t.Context(), absent, media.VariantKey(media.Private, media.NewRandom(), "320")); b.puts == 0 && !errors.Is(err, media.ErrNotFound) {
			t.Errorf("copy: %v", err)
		}
		if ok, err := s.Has(t.Context(), absent); ok || err != nil {
			t.Errorf("has: %v, %v", ok, err)
		}
	})
	t.Run("what may not be decrypted is not absent", func(t *testing.T) {
		b, s := newNarrow(t, false)
		there := media.VariantKey(media.Public, media.NewRandom(), "320")
		b.objects["/photos/"+there], b.sealed = []byte("x"), true
		if _, err := s.Open(t.Context(), there); !errors.Is(err, media.ErrUnavailable) || errors.Is(err, media.ErrNotFound) {
			t.Errorf("open: %v", err)
		}
		if ok, err := s.Has(t.Context(), there); !ok || err != nil {
			t.Errorf("has: %v, %v", ok, err)
		}
	})
	t.Run("with a probe", func(t *testing.T) {
		b, s := newNarrow(t, false)
		if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("open: %v", err)
		}
		for range 5 {
			_, _ = s.Open(t.Context(), absent)
		}
		if b.puts != 1 || len(b.objects) != 0 {
			t.Errorf("%d probes were written, %d stay", b.puts, len(b.objects))
		}
	})
	t.Run("read-only", func(t *testing.T) {
		b, s := newNarrow(t, true)
		if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrUnavailable) || b.puts > 0 {
			t.Errorf("open: %v; %d probes", err, b.puts)
		}
	})
	t.Run("read-only, with what the database knows", func(t *testing.T) {
		there, gone := media.VariantKey(media.Public, media.NewRandom(), "320"), media.VariantKey(media.Public, media.NewRandom(), "640")
		asked := 0
		b, s := newNarrowWith(t, media.S3Options{ReadOnly: true, Stored: func(_ context.Context, kind media.Kind) []string {
			if asked++; kind != media.Public {
				return nil
			}
			return []string{gone, there} // one that should be there is missing as well
		}})
		b.objects["/photos/"+there] = []byte("x")
		for range 3 {
			if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrNotFound) || b.puts > 0 {
				t.Errorf("open: %v; %d probes", err, b.puts)
			}
		}
		if asked != 1 {
			t.Errorf("the database was asked %d times", asked)
		}
		private := media.VariantKey(media.Private, media.NewRandom(), "320")
		for range 3 {
			if _, err := s.Open(t.Context(), private); !errors.Is(err, media.ErrUnavailable) { // of which nothing is known
				t.Errorf("open: %v", err)
			}
		}
		if asked != 2 {
			t.Errorf("the database was asked %d times", asked)
		}
	})
	t.Run("denied, though the database knows some", func(t *testing.T) {
		b, s := newNarrowWith(t, media.S3Options{ReadOnly: true, Stored: func(context.Context, media.Kind) []string {
			return []string{media.VariantKey(media.Public, media.NewRandom(), "320")}
		}})
		b.closed = true
		if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrUnavailable) || errors.Is(err, media.ErrNotFound) {
			t.Errorf("open: %v", err)
		}
	})
	t.Run("denied", func(t *testing.T) {
		b, s := newNarrow(t, false)
		b.closed = true
		if _, err := s.Open(t.Context(), absent); !errors.Is(err, media.ErrUnavailable) || errors.Is(err, media.ErrNotFound) {
			t.Errorf("open: %v", err)
		}
	})
}

// An address that readers use is signed by the bucket's clock: 20 minutes apart, the bucket takes no other.
func TestS3PresignsByTheBucketsClock(t *testing.T) {
	for _, ahead := range []time.Duration{0, 20 * time.Minute, -20 * time.Minute} {
		b, s := newNarrow(t, false)
		b.ahead = ahead
		address, good, err := s.Presign(t.Context(), media.VariantKey(media.Public, media.NewRandom(), "320"), time.Hour)
		if err != nil || good != time.Hour {
			t.Fatal(good, err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse("20060102T150405Z", u.Query().Get("X-Amz-Date"))
		if err != nil {
			t.Fatal(err)
		}
		if off := at.Sub(time.Now().Add(ahead)).Abs(); off > time.Minute {
			t.Errorf("%s ahead: signed %s off", ahead, off)
		}
	}
}

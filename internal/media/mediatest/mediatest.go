// Package mediatest holds the one test suite that every media.Store passes.
package mediatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"tintype/internal/media"
)

// Run tests the driver that open returns, a fresh and empty one for each call.
func Run(t *testing.T, open func(t *testing.T) media.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, media.Store)
	}{
		{"PutOpen", testPutOpen},
		{"Ranges", testRanges},
		{"Empty", testEmpty},
		{"NotFound", testNotFound},
		{"FailedPut", testFailedPut},
		{"Sizes", testSizes},
		{"Cancelled", testCancelled},
		{"Delete", testDelete},
		{"Copy", testCopy},
		{"Keys", testKeys},
		{"Parallel", testParallel},
		{"SamePut", testSamePut},
		{"List", testList},
		{"Check", testCheck},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func key(variant string) string { return media.VariantKey(media.Public, media.NewRandom(), variant) }

func put(t *testing.T, s media.Store, key, text string) {
	t.Helper()
	o := media.PutOptions{ContentType: "image/jpeg", CacheControl: "public, max-age=31536000, immutable", Size: int64(len(text))}
	n, err := s.Put(t.Context(), key, strings.NewReader(text), o)
	if err != nil || n != int64(len(text)) {
		t.Fatalf("Put(%s) = %d, %v; want %d", key, n, err, len(text))
	}
}

func get(t *testing.T, s media.Store, key string) string {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("Open(%s): %v", key, err)
	}
	defer o.Close()
	b, err := io.ReadAll(o)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	if o.Size != int64(len(b)) {
		t.Errorf("%s: Size %d, read %d", key, o.Size, len(b))
	}
	return string(b)
}

func absent(t *testing.T, s media.Store, key string) {
	t.Helper()
	o, err := s.Open(t.Context(), key)
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, media.ErrNotFound) {
		t.Errorf("Open(%s) = %v, want ErrNotFound", key, err)
	}
}

func testPutOpen(t *testing.T, s media.Store) {
	random := media.NewRandom()
	keys := []string{
		media.VariantKey(media.Public, random, "320"), media.VariantKey(media.Public, random, media.SquareName),
		media.VariantKey(media.Private, random, "320"), media.OriginalKey(random),
	}
	tags := map[string]bool{}
	for _, k := range keys {
		put(t, s, k, "\xff\xd8\xff the bytes of "+k)
	}
	for _, k := range keys {
		if got := get(t, s, k); got != "\xff\xd8\xff the bytes of "+k {
			t.Errorf("%s holds %q", k, got)
		}
		o, err := s.Open(t.Context(), k)
		if err != nil {
			t.Fatal(err)
		}
		if o.ContentType != "image/jpeg" {
			t.Errorf("%s: content type %q", k, o.ContentType)
		}
		if len(o.ETag) < 3 || o.ETag[0] != '"' || tags[o.ETag] {
			t.Errorf("%s: ETag %q is not quoted or not its own", k, o.ETag)
		}
		tags[o.ETag] = true
		if o.ModTime.IsZero() {
			t.Errorf("%s: no ModTime", k)
		}
		o.Close()
	}
}

func testRanges(t *testing.T, s media.Store) {
	k := key("640")
	put(t, s, k, "0123456789")
	o, err := s.Open(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	for _, c := range []struct {
		off    int64
		whence int
		want   string
	}{{3, io.SeekStart, "3456789"}, {-2, io.SeekEnd, "89"}, {0, io.SeekStart, "0123456789"}, {0, io.SeekEnd, ""}} {
		if _, err := o.Seek(c.off, c.whence); err != nil {
			t.Fatalf("Seek(%d, %d): %v", c.off, c.whence, err)
		}
		if b, err := io.ReadAll(o); err != nil || string(b) != c.want {
			t.Errorf("after Seek(%d, %d): %q, %v; want %q", c.off, c.whence, b, err, c.want)
		}
	}
}

func testEmpty(t *testing.T, s media.Store) {
	k := key("320")
	if n, err := s.Put(t.Context(), k, strings.NewReader(""), media.PutOptions{}); n != 0 || err != nil {
		t.Fatalf("Put of nothing: %d, %v", n, err)
	}
	if got := get(t, s, k); got != "" {
		t.Errorf("got %q", got)
	}
}

func testNotFound(t *testing.T, s media.Store) {
	absent(t, s, key("320"))
	absent(t, s, media.OriginalKey(media.NewRandom()))
	// Beside an object that exists.
	k := key("320")
	put(t, s, k, "x")
	absent(t, s, strings.Replace(k, "320", "640", 1))
	if err := s.Copy(t.Context(), key("320"), key("320")); !errors.Is(err, media.ErrNotFound) {
		t.Errorf("Copy of what is absent: %v", err)
	}
}

func testFailedPut(t *testing.T, s media.Store) {
	k, broken := key("320"), errors.New("the connection broke")
	r := io.MultiReader(bytes.NewReader(make([]byte, 300_000)), iotest.ErrReader(broken))
	if _, err := s.Put(t.Context(), k, r, media.PutOptions{Size: -1}); !errors.Is(err, broken) {
		t.Errorf("Put = %v, want the reader's error", err)
	}
	absent(t, s, k)
	put(t, s, k, "second try")
	if got := get(t, s, k); got != "second try" {
		t.Errorf("got %q", got)
	}
}

func testSizes(t *testing.T, s media.Store) {
	for _, c := range []struct {
		name string
		o    media.PutOptions
		want error
	}{
		{"exact", media.PutOptions{Size: 10}, nil},
		{"unknown", media.PutOptions{Size: -1}, nil},
		{"at the limit", media.PutOptions{MaxSize: 10}, nil},
		{"over the limit", media.PutOptions{MaxSize: 9}, media.ErrTooLarge},
		{"announced over the limit", media.PutOptions{Size: 10, MaxSize: 9}, media.ErrTooLarge},
		{"more than announced", media.PutOptions{Size: 9}, media.ErrTooLarge},
		{"fewer than announced", media.PutOptions{Size: 11}, media.ErrShort},
	} {
		k := key("320")
		_, err := s.Put(t.Context(), k, iotest.OneByteReader(strings.NewReader("0123456789")), c.o)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if c.want != nil {
			absent(t, s, k)
		} else if got := get(t, s, k); got != "0123456789" {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
}

func testCancelled(t *testing.T, s media.Store) {
	k := key("320")
	ctx, cancel := context.WithCancel(t.Context())
	r := io.MultiReader(strings.NewReader("half"), readerFunc(func([]byte) (int, error) { cancel(); return 0, nil }), strings.NewReader("rest"))
	if _, err := s.Put(ctx, k, r, media.PutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	absent(t, s, k)
	if _, err := s.Open(ctx, k); !errors.Is(err, context.Canceled) {
		t.Errorf("Open = %v, want context.Canceled", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func testDelete(t *testing.T, s media.Store) {
	random := media.NewRandom()
	a, b := media.VariantKey(media.Public, random, "320"), media.VariantKey(media.Public, random, "640")
	put(t, s, a, "a")
	put(t, s, b, "b")
	if err := s.Delete(t.Context(), a, key("320"), media.OriginalKey(media.NewRandom())); err != nil {
		t.Fatal(err)
	}
	absent(t, s, a)
	if got := get(t, s, b); got != "b" {
		t.Errorf("the other variant: %q", got)
	}
	if err := s.Delete(t.Context(), a, b); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), a, b); err != nil {
		t.Errorf("a second time: %v", err)
	}
	absent(t, s, b)
	if err := s.Delete(t.Context()); err != nil {
		t.Errorf("of nothing: %v", err)
	}
	// A bad key is told, and the good one beside it goes.
	put(t, s, a, "a")
	if err := s.Delete(t.Context(), "pub/../x", a); !errors.Is(err, media.ErrKey) {
		t.Errorf("bad key: %v", err)
	}
	absent(t, s, a)
}

func testCopy(t *testing.T, s media.Store) {
	from := key("320")
	to := media.VariantKey(media.Private, media.NewRandom(), "320")
	put(t, s, from, "picture")
	for range 2 { // a retried job copies again
		if err := s.Copy(t.Context(), from, to); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), from); err != nil {
		t.Fatal(err)
	}
	absent(t, s, from)
	if got := get(t, s, to); got != "picture" {
		t.Errorf("the copy holds %q", got)
	}
	if err := s.Copy(t.Context(), to, to); err != nil {
		t.Errorf("onto itself: %v", err)
	}
	if got := get(t, s, to); got != "picture" {
		t.Errorf("after a copy onto itself: %q", got)
	}
}

func testKeys(t *testing.T, s media.Store) {
	good := key("320")
	put(t, s, good, "x")
	for _, bad := range []string{"", "../x", "pub/x/320.jpg", "/etc/passwd", "tmp/x", good + "/", "pub/" + media.NewRandom() + "/../../x.jpg"} {
		if _, err := s.Put(t.Context(), bad, strings.NewReader("x"), media.PutOptions{}); !errors.Is(err, media.ErrKey) {
			t.Errorf("Put(%q) = %v, want ErrKey", bad, err)
		}
		if _, err := s.Open(t.Context(), bad); !errors.Is(err, media.ErrKey) {
			t.Errorf("Open(%q) = %v, want ErrKey", bad, err)
		}
		if err := s.Copy(t.Context(), good, bad); !errors.Is(err, media.ErrKey) {
			t.Errorf("Copy(…, %q) = %v, want ErrKey", bad, err)
		}
		if err := s.Copy(t.Context(), bad, good); !errors.Is(err, media.ErrKey) {
			t.Errorf("Copy(%q, …) = %v, want ErrKey", bad, err)
		}
	}
}

func testParallel(t *testing.T, s media.Store) {
	var wg sync.WaitGroup
	errs := make(chan error, 8)
	random := media.NewRandom()
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				// All share one folder, which empties and fills all the time.
				k, want := media.VariantKey(media.Public, random, fmt.Sprint(g+1)), fmt.Sprintf("%d %d", g, i)
				if _, err := s.Put(t.Context(), k, strings.NewReader(want), media.PutOptions{}); err != nil {
					errs <- fmt.Errorf("put: %w", err)
					return
				}
				o, err := s.Open(t.Context(), k)
				if err != nil {
					errs <- fmt.Errorf("open: %w", err)
					return
				}
				b, err := io.ReadAll(o)
				o.Close()
				if err != nil || string(b) != want {
					errs <- fmt.Errorf("read %q, %v; want %q", b, err, want)
					return
				}
				if err := s.Delete(t.Context(), k); err != nil {
					errs <- fmt.Errorf("delete: %w", err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		t.Error(err)
	}
}

// testSamePut: two workers that make the same object at once leave one whole object.
func testSamePut(t *testing.T, s media.Store) {
	k, text := key("320"), strings.Repeat("0123456789", 10_000)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.Put(t.Context(), k, strings.NewReader(text), media.PutOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if get(t, s, k) != text {
		t.Error("the object is not whole")
	}
}

// testList: a store that lists tells each file once, in the order of keys.
func testList(t *testing.T, s media.Store) {
	lister, ok := media.As[media.Lister](s)
	if !ok {
		return
	}
	want := map[media.Kind][]string{}
	for i := range 5 {
		random := media.NewRandom()
		for _, k := range []string{
			media.VariantKey(media.Public, random, "320"), media.VariantKey(media.Public, random, media.SquareName),
			media.VariantKey(media.Private, media.NewRandom(), "1280"), media.OriginalKey(random),
		} {
			put(t, s, k, strings.Repeat("x", i))
			kind := media.Kind(k[:strings.IndexByte(k, '/')])
			want[kind] = append(want[kind], fmt.Sprint(k, " ", i))
		}
	}
	for kind, keys := range want {
		slices.Sort(keys)
		var got []string
		err := lister.List(t.Context(), kind, func(l media.Listed) error {
			if l.Name == "" || time.Since(l.ModTime).Abs() > time.Hour {
				t.Errorf("%+v", l)
			}
			got = append(got, fmt.Sprint(l.Key, " ", l.Size))
			return nil
		})
		if err != nil || !slices.Equal(got, keys) {
			t.Errorf("%s: %v\n%q, want\n%q", kind, err, got, keys)
		}
	}
	stop := errors.New("enough")
	if err := lister.List(t.Context(), media.Public, func(media.Listed) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("after an error: %v", err)
	}
}

func testCheck(t *testing.T, s media.Store) {
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

package media_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
)

func addresses(t *testing.T, o media.AddressOptions) *media.Addresses {
	t.Helper()
	a, err := media.NewAddresses(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// always is what does not rotate.
func always[T any](v T) func() T { return func() T { return v } }

func keys(list ...[]byte) func() [][]byte { return always(list) }

var keyA, keyB = []byte("0123456789abcdef-a"), []byte("0123456789abcdef-b")

func TestPublicAddress(t *testing.T) {
	key := media.VariantKey(media.Public, strings.Repeat("ab", 16), "640")
	site := addresses(t, media.AddressOptions{BaseURL: "https://s.example/", Keys: keys(keyA)})
	cdn := addresses(t, media.AddressOptions{BaseURL: "https://s.example", MediaBaseURL: "https://c.example/", Keys: keys(keyA)})
	for _, c := range []struct{ got, want string }{
		{site.Public(key), "/media/" + key},
		{site.PublicAbs(key), "https://s.example/media/" + key},
		{cdn.Public(key), "https://c.example/" + key},
		{cdn.PublicAbs(key), "https://c.example/" + key},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

func TestPrivateAddress(t *testing.T) {
	a := addresses(t, media.AddressOptions{BaseURL: "https://s.example", Keys: keys(keyA), Window: time.Hour})
	random := media.NewRandom()
	key := media.VariantKey(media.Private, random, "640")
	start := time.Unix(1_800_000_000/3600*3600, 0)
	addr := a.Private(key, 42, true, start)
	if again := a.Private(key, 42, true, start.Add(time.Hour-time.Second)); again != addr {
		t.Errorf("the address changed within its window: %s, %s", addr, again)
	}
	late := a.Private(key, 42, true, start.Add(time.Hour-time.Second))
	check := func(addr string, now time.Time) (int64, bool, error) {
		u, err := url.Parse(addr)
		if err != nil {
			t.Fatal(err)
		}
		return a.Verify(u.Path, u.Query(), now)
	}
	if v, cookie, err := check(late, start.Add(2*time.Hour-time.Second)); v != 42 || !cookie || err != nil {
		t.Errorf("a full window later: %v %v %v", v, cookie, err)
	}
	if _, _, err := check(addr, start.Add(2*time.Hour)); !errors.Is(err, media.ErrExpired) {
		t.Errorf("after its end: %v", err)
	}
	if v, cookie, err := check(a.Private(key, 7, false, start), start); v != 7 || cookie || err != nil {
		t.Errorf("token: %v %v %v", v, cookie, err)
	}
	// One signature serves every variant of the set, and nothing else.
	if _, _, err := check(strings.Replace(addr, "/640.jpg", "/square.jpg", 1), start); err != nil {
		t.Errorf("another variant: %v", err)
	}
	for name, bad := range map[string]string{
		"viewer": strings.Replace(addr, "v=42", "v=43", 1),
		"kind":   strings.Replace(addr, "k=c", "k=t", 1),
		"end":    strings.Replace(addr, "e=1", "e=2", 1),
		"random": strings.Replace(addr, random, media.NewRandom(), 1),
		"none":   "/media/" + key,
		"public": "/media/pub/" + random + "/640.jpg",
		"twice":  "/media/" + key + "?k=c&v=42&e=9999999999&s=",
	} {
		if _, _, err := check(bad, start); !errors.Is(err, media.ErrSignature) {
			t.Errorf("%s changed: %v", name, err)
		}
	}
	for _, path := range []string{"/media/priv/../orig/" + random, "/media/orig/" + random, "/"} {
		if _, _, err := check(path, start); !errors.Is(err, media.ErrKey) {
			t.Errorf("%s: %v", path, err)
		}
	}
	// A public photo that the site withholds from others has one too, and it leads to the site.
	cdn := addresses(t, media.AddressOptions{BaseURL: "https://s.example", MediaBaseURL: "https://c.example", Keys: keys(keyA), Window: time.Hour})
	withheld := cdn.WithheldAbs(media.VariantKey(media.Public, random, "640"), 42, true, start)
	if v, cookie, err := check(withheld, start); v != 42 || !cookie || err != nil || !strings.HasPrefix(withheld, "https://s.example/media/pub/") {
		t.Errorf("withheld: %s: %v %v %v", withheld, v, cookie, err)
	}
	rotated := addresses(t, media.AddressOptions{Keys: keys(keyB, keyA)})
	u, _ := url.Parse(addr)
	if _, _, err := rotated.Verify(u.Path, u.Query(), start); err != nil {
		t.Errorf("with the old key second: %v", err)
	}
	gone := addresses(t, media.AddressOptions{Keys: keys(keyB)})
	if _, _, err := gone.Verify(u.Path, u.Query(), start); !errors.Is(err, media.ErrSignature) {
		t.Errorf("with the old key gone: %v", err)
	}
}

func TestAddressesNeedAKey(t *testing.T) {
	for _, keys := range [][][]byte{nil, {{}}, {keyA, []byte("short")}} {
		if _, err := media.NewAddresses(media.AddressOptions{Keys: always(keys)}); err == nil {
			t.Errorf("keys %q were taken", keys)
		}
	}
}

func TestParseKey(t *testing.T) {
	r := strings.Repeat("0f", 16)
	for _, good := range []string{"pub/" + r + "/320.jpg", "priv/" + r + "/square.jpg", "orig/" + r} {
		k, err := media.ParseKey(good)
		if err != nil || k.String() != good {
			t.Errorf("%s: %v %v", good, k, err)
		}
	}
	for _, bad := range []string{
		"", "pub", "pub/", "orig/", "orig/" + r + "/", "orig/" + r + "/320.jpg", "orig/" + r[1:], "orig/" + strings.ToUpper(r),
		"pub/" + r, "pub/" + r + "/", "pub/" + r + "/0.jpg", "pub/" + r + "/0320.jpg", "pub/" + r + "/+320.jpg", "pub/" + r + "/99999.jpg",
		"pub/" + r + "/320", "pub/" + r + "/320.png", "pub/" + r + "/../320.jpg", "pub/../" + r + "/320.jpg", "tmp/" + r + "/320.jpg",
		"/pub/" + r + "/320.jpg", "pub/" + r + "/320.jpg/", "pub/" + r + "/squar\x00.jpg", "pub\\" + r + "\\320.jpg",
	} {
		if _, err := media.ParseKey(bad); !errors.Is(err, media.ErrKey) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

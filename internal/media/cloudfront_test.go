package media_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/servertest"
)

func newSigner(t *testing.T, key *rsa.PrivateKey) *media.Signer {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	s, err := media.NewSigner("K2JCJMDEHXQW5F", strings.ReplaceAll(string(text), "\n", `\n`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// R22: the address of a private photo on the CDN is the same within its window, on every instance, and for all variants
// of a set one signature that CloudFront accepts.
func TestSignedAddresses(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	instance := func() *media.Addresses {
		return addresses(t, media.AddressOptions{
			BaseURL: "https://s.example", MediaBaseURL: "https://cdn.example/m", Signer: always(newSigner(t, key)), Keys: keys(keyA), Window: time.Hour,
		})
	}
	a, b := instance(), instance()
	random := media.NewRandom()
	small, large := media.VariantKey(media.Private, random, "320"), media.VariantKey(media.Private, random, "1280")
	start := time.Unix(1_800_000_000/3600*3600, 0)
	first := a.Private(small, 42, true, start)
	for _, again := range []string{a.Private(small, 42, true, start.Add(59*time.Minute)), b.Private(small, 43, false, start.Add(time.Minute)), b.PrivateAbs(small, 42, true, start)} {
		if again != first {
			t.Errorf("not the same within its window:\n%s\n%s", first, again)
		}
	}
	if a.Private(small, 42, true, start.Add(time.Hour)) == first {
		t.Error("the same in the next window")
	}
	first = a.Private(small, 42, true, start)
	u, err := url.Parse(first)
	if err != nil || u.Host != "cdn.example" || u.Path != "/m/"+small {
		t.Fatalf("%s: %v", first, err)
	}
	if v, err := url.Parse(a.Private(large, 42, true, start)); err != nil || v.RawQuery != u.RawQuery {
		t.Error("another variant has another signature")
	}
	if other, err := url.Parse(a.Private(media.VariantKey(media.Private, media.NewRandom(), "320"), 42, true, start)); err != nil || other.RawQuery == u.RawQuery {
		t.Error("another set has the same signature")
	}
	decode := func(name string) []byte {
		text := strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(u.Query().Get(name))
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return b
	}
	policy := decode("Policy")
	end := start.Add(2 * time.Hour).Unix()
	if want := fmt.Sprintf(`{"Statement":[{"Resource":"https://cdn.example/m/priv/%s/*","Condition":{"DateLessThan":{"AWS:EpochTime":%d}}}]}`, random, end); string(policy) != want {
		t.Errorf("policy %s\nwant   %s", policy, want)
	}
	sum := sha1.Sum(policy)
	if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA1, sum[:], decode("Signature")); err != nil {
		t.Error(err)
	}
	if got := u.Query().Get("Key-Pair-Id"); got != "K2JCJMDEHXQW5F" {
		t.Errorf("Key-Pair-Id %q", got)
	}
}

func TestSignerRefusesWhatIsNoKey(t *testing.T) {
	for _, bad := range []string{"", "hunter2", "-----BEGIN RSA PRIVATE KEY-----\naHVudGVyMg==\n-----END RSA PRIVATE KEY-----\n"} {
		if _, err := media.NewSigner("K", bad); err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "aHVudGVyMg") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// On a members-only site nothing is public, whatever the CDN still has.
func TestClosedSitesKeepPublicKeysToThemselves(t *testing.T) {
	a := addresses(t, media.AddressOptions{BaseURL: "https://s.example", MediaBaseURL: "https://cdn.example", MembersOnly: func() bool { return true }, Keys: keys(keyA)})
	key := media.VariantKey(media.Public, media.NewRandom(), "320")
	if a.Public(key) != "/media/"+key || a.PublicAbs(key) != "https://s.example/media/"+key {
		t.Errorf("%s %s", a.Public(key), a.PublicAbs(key))
	}
}

func TestInvalidation(t *testing.T) {
	var asked []string
	fail := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+"\n"+string(body))
		if fail > 0 {
			w.WriteHeader(fail)
			fmt.Fprint(w, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `<Invalidation><Id>I1</Id><Status>InProgress</Status></Invalidation>`)
	}))
	defer server.Close()
	e := media.NewEdges(s3Config(servertest.S3Server{URL: server.URL, AccessKey: "k", SecretKey: "s"}), "E123", "/m/")
	if err := e.Invalidate(t.Context()); err != nil || len(asked) != 0 {
		t.Errorf("of nothing: %v %v", err, asked)
	}
	random := media.NewRandom()
	keys := []string{media.VariantKey(media.Public, random, "320"), media.VariantKey(media.Public, random, "square")}
	for range 2 {
		if err := e.Invalidate(t.Context(), keys...); err != nil {
			t.Fatal(err)
		}
	}
	if len(asked) != 2 || asked[0] != asked[1] {
		t.Fatalf("a repeated order is another one: %q", asked)
	}
	for _, want := range []string{"POST /2020-05-31/distribution/E123/invalidation", "<Quantity>2</Quantity>", "<Path>/m/" + keys[0] + "</Path>", "<Path>/m/" + keys[1] + "</Path>"} {
		if !strings.Contains(asked[0], want) {
			t.Errorf("no %s in %s", want, asked[0])
		}
	}
	fail = http.StatusForbidden
	if err := e.Invalidate(t.Context(), keys...); !errors.Is(err, media.ErrUnavailable) {
		t.Error(err)
	}
}

package fleettest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// rereads is how long the reading of secrets anew, which comes each minute, may take on a busy machine.
const rereads = 5 * time.Minute

// kept is a secret in a file, which another one replaces.
type kept struct {
	t    *testing.T
	path string
}

func keep(t *testing.T, text string) kept {
	t.Helper()
	k := kept{t, filepath.Join(t.TempDir(), "secret")}
	k.write(text)
	return k
}

func (k kept) write(text string) {
	k.t.Helper()
	draft := k.path + ".new"
	if err := os.WriteFile(draft, []byte(text+"\n"), 0o600); err != nil {
		k.t.Fatal(err)
	}
	if err := os.Rename(draft, k.path); err != nil {
		k.t.Fatal(err)
	}
}

// said waits until the instance has logged a line so often.
func said(t *testing.T, i *servertest.Instance, line string, times int) {
	t.Helper()
	servertest.Within(t, rereads, fmt.Sprintf("%s says %q %d times", i.URL, line, times), func() bool { return strings.Count(i.Logs(), line) >= times })
}

// R18: SECRET_KEY rotates under two instances that see each change at different moments, and neither is restarted: at no
// moment does one refuse what the other signed, nor is anybody logged out. A text that is not a key changes nothing.
func TestTheSecretKeyRotates(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	young, old := strings.Repeat("young", 8), strings.Repeat("elder", 8)
	keys := []kept{keep(t, old), keep(t, old)}
	shared := []string{
		"BASE_URL=" + origin, "MIGRATE=auto", "DATABASE_URL=" + servertest.Database(t).NewDatabase(t),
		"MEDIA_DIR=" + filepath.Join(t.TempDir(), "media"), "SIGNUP_LIMIT=1000/1h",
	}
	var f fleet
	for _, key := range keys {
		f = append(f, servertest.Tintype(t, append(shared, "SECRET_KEY_FILE="+key.path)...))
	}
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "followers")
	// signed is an address of the photo by each instance.
	signed := func() (addresses [2]string) {
		t.Helper()
		for n := range f {
			anna = anna.At(f[n])
			for key, address := range anna.Get(post).Want(http.StatusOK).PhotosByKey() {
				if strings.HasPrefix(key, "priv/") && strings.Contains(address, "?") {
					addresses[n] = address
				}
			}
			if addresses[n] == "" {
				t.Fatal("no private photo")
			}
		}
		return addresses
	}
	shown := func(address string, status int) {
		t.Helper()
		for _, i := range f {
			anna = anna.At(i)
			if a := anna.Get(address).Want(status); status == http.StatusOK && !strings.HasPrefix(a.Body, "\xff\xd8") {
				t.Errorf("%s is no photo", address)
			}
		}
	}
	before := signed()
	const taken = `msg="a new value is in use" setting=SECRET_KEY`
	rotations := 0
	for _, value := range []string{old + "," + young, young + "," + old} {
		rotations++
		for n, i := range f {
			keys[n].write(value)
			said(t, i, taken, rotations)
			for _, address := range append(before[:], func() []string { a := signed(); return a[:] }()...) {
				shown(address, http.StatusOK)
			}
			anna.LoggedIn("anna")
		}
	}

	// A text that is not a key is said once.
	const wrong = `msg="the setting cannot be read again`
	keys[0].write("hush-too-short")
	said(t, f[0], wrong, 1)
	out, stderr, _ := f[1].Command("doctor")
	if !strings.Contains(out, "SECRET_KEY (within a minute)") {
		t.Errorf("the doctor tells nothing of what rotates:\n%s%s", out, stderr)
	}
	if err := os.Remove(keys[0].path); err != nil {
		t.Fatal(err)
	}
	between := signed()
	for _, address := range append(between[:], before[:]...) {
		shown(address, http.StatusOK)
	}

	if n := strings.Count(f[0].Logs(), wrong); n != 1 {
		t.Errorf("it is said %d times", n)
	}

	rotations++
	for n, i := range f {
		keys[n].write(young)
		said(t, i, taken, rotations)
		for _, address := range between {
			shown(address, http.StatusOK)
		}
		anna.LoggedIn("anna")
	}
	shown(before[0], http.StatusNotFound)
	for _, i := range f {
		for _, secret := range []string{"young", "elder", "hush"} {
			if strings.Contains(i.Logs(), secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
	}
}

// The key that signs for CloudFront rotates together with its id, from a file and from Secrets Manager, without a restart.
func TestTheSigningKeyRotates(t *testing.T) {
	t.Parallel() // with those that, like it, mostly wait
	pairs := map[string]*rsa.PrivateKey{}
	named := func(id string) string {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		pairs[id] = key
		return "Key-Pair-Id: " + id + "\n" + string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	}
	file, vault := keep(t, named("KFIRST")), servertest.Vault(t)
	rotate := func(text string) {
		t.Helper()
		file.write(text)
		secret, err := json.Marshal(map[string]string{"MEDIA_SIGNING_KEY": text})
		if err != nil {
			t.Fatal(err)
		}
		vault.SetSecret("tintype/app", string(secret))
	}
	rotate(named("KFIRST"))
	shared := append(vault.Env(),
		"BASE_URL="+origin, secretKey, "MIGRATE=auto", "DATABASE_URL="+servertest.Database(t).NewDatabase(t),
		"MEDIA_DIR="+filepath.Join(t.TempDir(), "media"), "SIGNUP_LIMIT=1000/1h", "MEDIA_BASE_URL=https://cdn.example")
	f := fleet{
		servertest.Tintype(t, append(shared, "MEDIA_SIGNING_KEY_FILE="+file.path)...),
		servertest.Tintype(t, append(shared, "MEDIA_SIGNING_KEY=secretsmanager:tintype/app#MEDIA_SIGNING_KEY")...),
	}
	anna := browser(t, f[0])
	anna.SignUp("anna")
	post := published(anna, "followers")
	// signer is whose signature the instance gives. It is good in any case.
	signer := func(i *servertest.Instance) string {
		t.Helper()
		anna = anna.At(i)
		for key, address := range anna.Get(post).Want(http.StatusOK).PhotosByKey() {
			u, err := url.Parse(address)
			if err != nil || !strings.HasPrefix(key, "priv/") || u.Host != "cdn.example" {
				continue
			}
			decode := func(name string) []byte {
				b, err := base64.StdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(u.Query().Get(name)))
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			id, sum := u.Query().Get("Key-Pair-Id"), sha1.Sum(decode("Policy"))
			if pairs[id] == nil {
				t.Fatalf("signed by %q", id)
			}
			if err := rsa.VerifyPKCS1v15(&pairs[id].PublicKey, crypto.SHA1, sum[:], decode("Signature")); err != nil {
				t.Fatalf("the signature is not by %s: %v", id, err)
			}
			return id
		}
		t.Fatal("no signed address")
		return ""
	}
	for _, i := range f {
		if id := signer(i); id != "KFIRST" {
			t.Errorf("%s signs", id)
		}
	}
	rotate(named("KSECOND"))
	for _, i := range f {
		servertest.Within(t, rereads, i.URL+" takes the new key", func() bool { return signer(i) == "KSECOND" })
	}
}

// R18: the password of Redis changes under use, and all connections are closed: nobody gets an error, and Redis is used
// again, for what is kept and for signals, without a restart. One instance has the password from a file, the other from
// Secrets Manager.
func TestTheRedisPasswordChanges(t *testing.T) {
	redis := servertest.Redis(t)
	redis.SetPassword("first-password")
	file, vault := keep(t, redis.URL()), servertest.Vault(t)
	tell := func() {
		file.write(redis.URL())
		vault.SetSecret("tintype/app", fmt.Sprintf(`{"CACHE_URL": %q}`, redis.URL()))
	}
	tell()
	site := prepare(t, 2, "DATABASE_URL="+servertest.Database(t).NewDatabase(t))
	metric := counted(t, site)
	site[0].Set("CACHE_URL_FILE=" + file.path)
	site[1].Set(append(vault.Env(), "CACHE_URL=secretsmanager:tintype/app#CACHE_URL")...)
	site.start(t)
	ada, crowd := browser(t, site[0]).SignUpByToken("ada"), browser(t, site[0])
	made, note := ada.At(site[0]).PostPhoto(photo, "a photo"), 0
	use := func() {
		t.Helper()
		for _, i := range site {
			if got := crowd.At(i).Get("/api/v1/timelines/public"); got.Status != http.StatusOK {
				t.Fatalf("%d: %.200s", got.Status, got.Body)
			}
			note++
			ada.At(i).Post("/api/v1/statuses", "status", fmt.Sprintf("note %d", note), "in_reply_to_id", made.ID).Want(http.StatusOK)
		}
	}
	usedAgain := func() {
		t.Helper()
		for _, i := range site {
			kept := func() int {
				return metric(i, `cache_requests_total{layer="redis",outcome="hit"}`) + metric(i, `cache_requests_total{layer="redis",outcome="miss"}`)
			}
			heard := func() int { return metric(i, `redis_signals_total{direction="received"}`) }
			keptBefore, heardBefore := kept(), heard()
			servertest.Eventually(t, "Redis is used for what is kept and for signals", func() bool {
				use()
				return metric(i, "redis_used") == 1 && kept() > keptBefore && heard() > heardBefore
			})
		}
	}
	usedAgain()
	redis.SetPassword("second-password")
	for _, i := range site {
		servertest.Eventually(t, "Redis is bypassed", func() bool { use(); return metric(i, "redis_used") == 0 })
	}
	tell()
	usedAgain()
}

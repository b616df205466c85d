package config

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/media"
	"tintype/internal/servertest"
)

// keptIn writes a secret into a file, or removes the file for "".
func keptIn(t *testing.T, file, text string) {
	t.Helper()
	err := os.Remove(file)
	if text != "" {
		err = os.WriteFile(file, []byte(text+"\n"), 0o600)
	}
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
}

// A new value is taken over; one that cannot be used changes nothing and is one line in the log, however long it lasts.
func TestSecretsAreFollowed(t *testing.T) {
	young, old := strings.Repeat("young", 8), strings.Repeat("older", 8)
	file := filepath.Join(t.TempDir(), "key")
	keptIn(t, file, old)
	c := mustLoad(t, "SECRET_KEY_FILE="+file)
	var said bytes.Buffer
	keys, err := c.SigningKeys(t.Context(), slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 { // who signs meanwhile
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if list := keys.Now(); len(list) == 0 || len(list[0]) != 40 {
					t.Errorf("%q", list)
					return
				}
			}
		})
	}
	warnings, news := 0, 0
	for _, step := range []struct {
		text, want   string
		warned, news bool
		why          string
	}{
		{text: old, want: old},
		{text: old + "," + young, want: old + "," + young, news: true},
		{text: "short-" + young[:10], want: old + "," + young, warned: true, why: "32 characters"},
		{text: young + ",short", want: old + "," + young, why: "32 characters"},
		{text: "", want: old + "," + young, why: "no such file"},
		{text: young + ", " + old, want: young + "," + old, news: true},
		{text: "", want: young + "," + old, warned: true, why: "no such file"},
		{text: young + ", " + old, want: young + "," + old},
		{text: young, want: young, news: true},
	} {
		keptIn(t, file, step.text)
		keys.Look(t.Context())
		if got := string(bytes.Join(keys.Now(), []byte(","))); got != step.want {
			t.Errorf("after %q: %q in use, not %q", step.text, got, step.want)
		}
		if name, why := keys.Trouble(); name != "SECRET_KEY" || !strings.Contains(why, step.why) || (why == "") != (step.why == "") {
			t.Errorf("after %q: %s: %q", step.text, name, why)
		}
		if step.warned {
			warnings++
		}
		if step.news {
			news++
		}
		if got := strings.Count(said.String(), "level=WARN"); got != warnings {
			t.Errorf("after %q: %d warnings, not %d:\n%s", step.text, got, warnings, said.String())
		}
		if got := strings.Count(said.String(), "a new value is in use"); got != news {
			t.Errorf("after %q: %d times news, not %d:\n%s", step.text, got, news, said.String())
		}
	}
	close(stop)
	group.Wait()
	if strings.Contains(said.String(), "young") || strings.Contains(said.String(), "older") || strings.Contains(said.String(), "short") {
		t.Errorf("a secret is in the log:\n%s", said.String())
	}
}

// Without SECRET_KEY the generated file is followed, and never made anew under a running process.
func TestTheGeneratedKeyIsFollowed(t *testing.T) {
	c := mustLoad(t, "DATA_DIR="+t.TempDir())
	keys, err := c.SigningKeys(t.Context(), slog.Default())
	if err != nil {
		t.Fatal(err)
	}
	first := string(keys.Now()[0])
	keptIn(t, c.SecretKeyPath(), strings.Repeat("n", 40)+","+first)
	keys.Look(t.Context())
	if list := keys.Now(); len(list) != 2 || string(list[1]) != first {
		t.Errorf("%d keys", len(list))
	}
	keptIn(t, c.SecretKeyPath(), "")
	keys.Look(t.Context())
	if _, why := keys.Trouble(); len(keys.Now()) != 2 || why == "" {
		t.Errorf("%d keys, %q", len(keys.Now()), why)
	}
	if _, err := os.Stat(c.SecretKeyPath()); err == nil {
		t.Error("another key was made")
	}
}

func signingPEM(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// A key changes together with its id, or not at all. With the id in a setting of its own, it is that of the start.
func TestTheSigningKeyChangesWithItsID(t *testing.T) {
	first, second := signingPEM(t), signingPEM(t)
	named := func(id, key string) string { return "Key-Pair-Id: " + id + "\n" + key }
	file := filepath.Join(t.TempDir(), "key")
	id := func(s *Rotating[*media.Signer], c *Config) string {
		t.Helper()
		a, err := media.NewAddresses(media.AddressOptions{BaseURL: c.Origin(), MediaBaseURL: c.MediaBaseURL, Keys: func() [][]byte { return [][]byte{make([]byte, 32)} }, Signer: s.Now})
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(a.Private(media.VariantKey(media.Private, media.NewRandom(), "320"), 1, true, time.Now()))
		if err != nil || u.Host != "cdn.example" {
			t.Fatalf("%s, %v", u, err)
		}
		return u.Query().Get("Key-Pair-Id")
	}
	for _, env := range [][]string{nil, {"MEDIA_SIGNING_KEY_ID=KSETTING"}} {
		keptIn(t, file, named("KFIRST", first))
		c := mustLoad(t, append(env, "MEDIA_BASE_URL=https://cdn.example", "MEDIA_SIGNING_KEY_FILE="+file)...)
		s, err := c.MediaSigner(t.Context(), slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct{ text, want string }{
			{named("KFIRST", first), "KFIRST"},
			{named("KSECOND", second), "KSECOND"},
			{named("KTHIRD", "no key"), "KSECOND"},
			{second, "KSECOND"},
			{named("K/../", second), "KSECOND"},
			{strings.ReplaceAll(named("KFIRST", first), "\n", `\n`), "KFIRST"},
		} {
			keptIn(t, file, step.text)
			s.Look(t.Context())
			if got := id(s, c); got != step.want {
				t.Errorf("%v: %.40q: %s signs, not %s", env, step.text, got, step.want)
			}
		}
	}
	keptIn(t, file, first)
	c := mustLoad(t, "MEDIA_BASE_URL=https://cdn.example", "MEDIA_SIGNING_KEY_ID=KSETTING", "MEDIA_SIGNING_KEY_FILE="+file)
	s, err := c.MediaSigner(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	signs := s.Now()
	keptIn(t, file, second)
	s.Look(t.Context())
	if _, why := s.Trouble(); s.Now() != signs || id(s, c) != "KSETTING" || !strings.Contains(why, "Key-Pair-Id") || strings.Contains(why, "PRIVATE") {
		t.Errorf("a key without its id was taken, or nobody is told: %q", why)
	}
	keptIn(t, file, named("KSECOND", second))
	s.Look(t.Context())
	if _, why := s.Trouble(); id(s, c) != "KSECOND" || why != "" {
		t.Errorf("%s signs: %q", id(s, c), why)
	}
	keptIn(t, file, first)
	if _, err := load("MEDIA_BASE_URL=https://cdn.example", "MEDIA_SIGNING_KEY_FILE="+file); err == nil || !strings.Contains(err.Error(), "Key-Pair-Id") {
		t.Errorf("no id at all: %v", err)
	}
}

// References, and parameters under SETTINGS that are no references, are looked up again; AWS being away is trouble to
// whoever holds on to a secret, and none to a connection, which gets the last value.
func TestSecretsAtAWSAreFollowed(t *testing.T) {
	server := servertest.Vault(t)
	for _, e := range server.Env() {
		name, value, _ := strings.Cut(e, "=")
		t.Setenv(name, value)
	}
	young, old := strings.Repeat("young", 8), strings.Repeat("older", 8)
	keep := func(key, address string) {
		server.SetSecret("tintype/app", fmt.Sprintf(`{"KEY": %q, "URL": %q}`, key, address))
		server.SetParameter("/tintype/CACHE_URL", "redis://:"+key+"@127.0.0.1:1")
	}
	keep(old, "mysql://u:first@127.0.0.1/db")
	server.SetParameter("/tintype/SECRET_KEY", "secretsmanager:tintype/app#KEY")
	server.SetParameter("/tintype/DATABASE_URL", "secretsmanager:tintype/app#URL")
	c := mustLoad(t, append(server.Env(), "SETTINGS=ssm:/tintype/", "DATA_DIR="+t.TempDir())...)
	again := func() { // as after vaultFresh
		v := c.SecretKey.vault
		v.mu.Lock()
		defer v.mu.Unlock()
		clear(v.sources)
	}
	keys, err := c.SigningKeys(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	// A connection waits a second for a newer value, which a busy machine may take to answer.
	holds := func(state, key, password string) {
		t.Helper()
		again()
		keys.Look(t.Context())
		if got := string(keys.Now()[0]); got != key {
			t.Errorf("%s: the key is %s", state, got)
		}
		for _, s := range []struct {
			name, want string
			secret     Secret
		}{{"DATABASE_URL", "u:" + password + "@", c.Database.URL}, {"CACHE_URL", "redis://:" + key + "@", c.CacheURL}} {
			servertest.Succeeds(t, time.Minute, state+": "+s.name, func() error {
				got, err := s.secret.Value(t.Context())
				if err == nil && !strings.Contains(got, s.want) {
					err = fmt.Errorf("it is %q", got)
				}
				return err
			})
		}
	}
	trouble := func(state, want string) {
		t.Helper()
		if _, why := keys.Trouble(); !strings.Contains(why, want) || (why == "") != (want == "") {
			t.Errorf("%s: %q", state, why)
		}
	}
	holds("at first", old, "first")
	keep(young, "mysql://u:second@127.0.0.1/db")
	holds("rotated", young, "second")
	trouble("rotated", "")
	server.Refuse(true)
	holds("away", young, "second")
	trouble("away", "AccessDenied")
	server.Refuse(false)
	server.SetSecret("tintype/app", "no JSON")
	holds("spoiled", young, "second")
	trouble("spoiled", "not a JSON object")
	keep(old, "mysql://u:third@127.0.0.1/db")
	holds("in order", old, "third")
	trouble("in order", "")
}

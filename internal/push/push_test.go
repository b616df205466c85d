package push_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tintype/internal/push"
	"tintype/internal/push/pushtest"
)

func newKey(t *testing.T) push.Key {
	t.Helper()
	key, err := push.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func receiver(d *pushtest.Device, standard bool) push.Receiver {
	return push.Receiver{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth, Standard: standard}
}

func sender(s *pushtest.Service) *push.Sender {
	return push.New(push.Options{Contact: "https://photos.example", Allow: pushtest.Allow, Roots: s.Roots()})
}

// A device reads what was sent, in both forms, and knows who sent it; another device cannot read it.
func TestADeviceReadsWhatWasSent(t *testing.T) {
	service := pushtest.New(t)
	key, s := newKey(t), sender(service)
	for _, standard := range []bool{true, false} {
		d := service.Device()
		for _, payload := range []string{`{"title":"Ann liked your post"}`, strings.Repeat("x", push.MaxPayload)} {
			if err := s.Send(t.Context(), key, receiver(d, standard), push.Message{Payload: []byte(payload), TTL: time.Hour, Topic: "likes"}); err != nil {
				t.Fatalf("standard %v: %v", standard, err)
			}
			got := d.Got()
			last := got[len(got)-1]
			want := map[bool]string{true: "aes128gcm", false: "aesgcm"}[standard]
			if last.Payload != payload || last.Encoding != want || last.TTL != "3600" || last.Topic != "likes" || last.Key != key.Public || last.Subject != "https://photos.example" {
				t.Errorf("standard %v: the device got %+v", standard, last)
			}
		}
		if err := s.Send(t.Context(), key, receiver(d, standard), push.Message{Payload: make([]byte, push.MaxPayload+1)}); !errors.Is(err, push.ErrRefused) {
			t.Errorf("standard %v: too much: %v", standard, err)
		}
	}
}

func TestAnswersOfPushServices(t *testing.T) {
	service := pushtest.New(t)
	key, s := newKey(t), sender(service)
	led := 0
	elsewhere := service.Device()
	for _, c := range []struct {
		code         int
		gone, refuse bool
		again        bool
	}{
		{code: 200}, {code: 201}, {code: 202}, {code: 404, gone: true}, {code: 410, gone: true}, {code: 400, refuse: true}, {code: 403, refuse: true}, {code: 413, refuse: true},
		{code: 301, refuse: true}, {code: 307, refuse: true}, {code: 429, again: true}, {code: 408, again: true}, {code: 500, again: true}, {code: 503, again: true},
	} {
		service.Answer(func(w http.ResponseWriter, d *pushtest.Device) {
			if d == elsewhere {
				led++
			}
			w.Header().Set("Location", elsewhere.Endpoint)
			w.WriteHeader(c.code)
			_, _ = io.WriteString(w, "a body")
		})
		d := service.Device()
		err := s.Send(t.Context(), key, receiver(d, true), push.Message{Payload: []byte("x")})
		if errors.Is(err, push.ErrGone) != c.gone || errors.Is(err, push.ErrRefused) != c.refuse || (err != nil) != (c.gone || c.refuse || c.again) {
			t.Errorf("%d: %v", c.code, err)
		}
		if err != nil && strings.Contains(err.Error(), "/push/") {
			t.Errorf("%d: the error tells the address: %v", c.code, err)
		}
	}
	if led != 0 {
		t.Errorf("%d redirects were followed", led)
	}
}

// What leads inside is refused when it is dialled, whatever its name says.
func TestInsideIsRefused(t *testing.T) {
	service := pushtest.New(t)
	d := service.Device()
	s := push.New(push.Options{Contact: "https://photos.example", Roots: service.Roots()}) // as the program has it
	key := newKey(t)
	port := d.Endpoint[strings.LastIndex(d.Endpoint, ":"):]
	for _, endpoint := range []string{
		d.Endpoint, "https://localhost" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port, "https://10.0.0.1/x", "https://169.254.169.254/latest", "https://0.0.0.0" + port,
		"http" + strings.TrimPrefix(d.Endpoint, "https"), "https://user@push.example/x", "ftp://push.example/x", "push.example", "", "https:///x", "https://push.example/" + strings.Repeat("x", push.MaxEndpoint),
	} {
		to := receiver(d, true)
		to.Endpoint = endpoint
		if err := s.Send(t.Context(), key, to, push.Message{Payload: []byte("x")}); !errors.Is(err, push.ErrRefused) {
			t.Errorf("%.60s: %v", endpoint, err)
		}
	}
	if n := service.Tried(); n != 0 {
		t.Errorf("%d messages came", n)
	}
}

func TestPublic(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "240.0.0.1",
		"::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:a00:1::", "2001:db8::1", "fec0::1", "100::1",
	} {
		if push.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is public", text)
		}
	}
	for _, text := range []string{"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.169.0.1", "2607:f8b0::1", "2a00:1450:4001::1", "::ffff:8.8.8.8"} {
		if !push.Public(netip.MustParseAddr(text)) {
			t.Errorf("%s is not public", text)
		}
	}
}

// A push service that does not answer takes a few places, and then none for a while. Another one is served meanwhile.
func TestASlowPushServiceIsLeftAlone(t *testing.T) {
	slow, quick := pushtest.New(t), pushtest.New(t)
	hold := make(chan struct{})
	arrived := make(chan struct{}, 100)
	slow.Answer(func(http.ResponseWriter, *pushtest.Device) {
		arrived <- struct{}{}
		<-hold
	})
	roots := slow.Roots()
	s := push.New(push.Options{Contact: "https://photos.example", Allow: pushtest.Allow, Roots: roots}) // httptest signs all by one
	key := newKey(t)
	ctx, cancel := context.WithCancel(t.Context())
	d := slow.Device()
	ended := make(chan error, 10)
	send := func() { ended <- s.Send(ctx, key, receiver(d, true), push.Message{Payload: []byte("x")}) }
	for range 4 {
		go send()
		<-arrived
	}
	if err := s.Send(ctx, key, receiver(d, true), push.Message{Payload: []byte("x")}); !errors.Is(err, push.ErrBusy) || errors.Is(err, push.ErrSilent) {
		t.Errorf("a fifth message: %v", err)
	}
	other := quick.Device()
	if err := s.Send(t.Context(), key, receiver(other, true), push.Message{Payload: []byte("x")}); err != nil || len(other.Got()) != 1 {
		t.Errorf("another service: %v, %d", err, len(other.Got()))
	}
	cancel()
	for range 4 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("a message that was given up: %v", err)
		}
	}
	close(hold)
	// One more without an answer, and it rests.
	if err := s.Send(ctx, key, receiver(d, true), push.Message{Payload: []byte("x")}); !errors.Is(err, context.Canceled) {
		t.Errorf("the fifth without an answer: %v", err)
	}
	slow.Answer(nil)
	if err := s.Send(t.Context(), key, receiver(d, true), push.Message{Payload: []byte("x")}); !errors.Is(err, push.ErrSilent) || !errors.Is(err, push.ErrBusy) || len(d.Got()) != 0 {
		t.Errorf("while it rests: %v", err)
	}
}

func TestKeysOfReceivers(t *testing.T) {
	d := pushtest.New(t).Device()
	if !push.IsPublicKey(d.P256dh) || !push.IsPublicKey(d.P256dh+"=") || !push.IsAuth(d.Auth) || !push.IsAuth(d.Auth+"==") {
		t.Error("a good key is refused")
	}
	for _, text := range []string{"", "x", d.Auth, d.P256dh[:80], strings.Repeat("A", 87), d.P256dh + "AAAA"} {
		if push.IsPublicKey(text) {
			t.Errorf("public key %q", text)
		}
	}
	for _, text := range []string{"", "AAAA", d.P256dh, "%%%%%%%%%%%%%%%%%%%%%%"} {
		if push.IsAuth(text) {
			t.Errorf("secret %q", text)
		}
	}
}

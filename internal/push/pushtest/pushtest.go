// Package pushtest is a push service with devices, for tests. It checks who sends, and decrypts what its devices get.
package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// A Service is a push service that speaks https.
type Service struct {
	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	devices map[string]*Device
	answer  func(w http.ResponseWriter, d *Device)
	tried   int
}

// New starts a service that ends with the test.
func New(t testing.TB) *Service {
	s := &Service{t: t, devices: make(map[string]*Device)}
	s.server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	return s
}

// Roots are who signed the service's certificate.
func (s *Service) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.server.Certificate())
	return pool
}

// Allow lets messages be sent to this machine.
func Allow(a netip.Addr) bool { return a.IsLoopback() }

// URL is the service's address.
func (s *Service) URL() string { return s.server.URL }

// Answer has f answer from now on. Nil: messages are taken.
func (s *Service) Answer(f func(w http.ResponseWriter, d *Device)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Tried is how many messages came, taken or not.
func (s *Service) Tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

// A Message is what a device got.
type Message struct {
	Payload  string
	Encoding string // aes128gcm, aesgcm
	TTL      string
	Topic    string
	Key      string // the sender's public key
	Subject  string // whom the sender names
}

// A Device has subscribed at the service.
type Device struct {
	Endpoint, P256dh, Auth string

	service *Service
	private *ecdh.PrivateKey
	auth    []byte
	got     []Message
}

// Device makes one.
func (s *Service) Device() *Device {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	d := &Device{service: s, private: private, auth: make([]byte, 16)}
	_, _ = rand.Read(d.auth)
	d.P256dh, d.Auth = encode(private.PublicKey().Bytes()), encode(d.auth)
	s.mu.Lock()
	defer s.mu.Unlock()
	path := fmt.Sprintf("/push/%d", len(s.devices)+1)
	d.Endpoint = s.server.URL + path
	s.devices[path] = d
	return d
}

// Got is what the device got so far.
func (d *Device) Got() []Message {
	d.service.mu.Lock()
	defer d.service.mu.Unlock()
	return append([]Message(nil), d.got...)
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	d, answer := s.devices[r.URL.Path], s.answer
	s.tried++
	s.mu.Unlock()
	if d == nil {
		http.NotFound(w, r)
		return
	}
	if answer != nil {
		answer(w, d)
		return
	}
	m, err := d.read(r)
	if err != nil {
		s.t.Errorf("a push that its device cannot read: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	d.got = append(d.got, m)
	s.mu.Unlock()
	w.WriteHeader(http.StatusCreated)
}

// read checks and decrypts a message.
func (d *Device) read(r *http.Request) (Message, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4097))
	if err != nil {
		return Message{}, err
	}
	if r.Method != http.MethodPost || len(body) > 4096 {
		return Message{}, fmt.Errorf("%s with %d bytes", r.Method, len(body))
	}
	m := Message{Encoding: r.Header.Get("Content-Encoding"), TTL: r.Header.Get("TTL"), Topic: r.Header.Get("Topic")}
	var payload []byte
	var token string
	switch m.Encoding {
	case "aes128gcm":
		token, m.Key, err = bearer(r.Header.Get("Authorization"))
		if err == nil {
			payload, err = d.openStandard(body)
		}
	case "aesgcm":
		token = strings.TrimPrefix(r.Header.Get("Authorization"), "WebPush ")
		keys := fields(r.Header.Get("Crypto-Key"), ";")
		m.Key = keys["p256ecdsa"]
		payload, err = d.openDraft(fields(r.Header.Get("Encryption"), ";")["salt"], keys["dh"], body)
	default:
		err = fmt.Errorf("encoding %q", m.Encoding)
	}
	if err != nil {
		return m, err
	}
	m.Payload = string(payload)
	m.Subject, err = verify(token, m.Key, d.service.server.URL)
	return m, err
}

func bearer(header string) (token, key string, err error) {
	rest, ok := strings.CutPrefix(header, "vapid ")
	if !ok {
		return "", "", fmt.Errorf("authorization %q", header)
	}
	f := fields(rest, ",")
	return f["t"], f["k"], nil
}

func fields(text, by string) map[string]string {
	out := make(map[string]string)
	for _, part := range strings.Split(text, by) {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		out[name] = value
	}
	return out
}

// verify checks the sender's signature, and returns whom it names.
func verify(token, key, audience string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil {
		return "", err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b)
	if err != nil {
		return "", err
	}
	claims := jwt.MapClaims{}
	_, err = jwt.ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(audience), jwt.WithExpirationRequired())
	if err != nil {
		return "", err
	}
	return claims.GetSubject()
}

// openStandard reads RFC 8291.
func (d *Device) openStandard(body []byte) ([]byte, error) {
	if len(body) < 86 || body[20] != 65 {
		return nil, errors.New("no header")
	}
	salt, sender, sealed := body[:16], body[21:86], body[86:]
	shared, err := d.shared(sender)
	if err != nil {
		return nil, err
	}
	info := "WebPush: info\x00" + string(d.private.PublicKey().Bytes()) + string(sender)
	ikm, err := hkdf.Key(sha256.New, shared, d.auth, info, 32)
	if err != nil {
		return nil, err
	}
	plain, err := open(ikm, salt, "Content-Encoding: aes128gcm\x00", "Content-Encoding: nonce\x00", sealed)
	if err != nil {
		return nil, err
	}
	plain = []byte(strings.TrimRight(string(plain), "\x00"))
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("no delimiter")
	}
	return plain[:len(plain)-1], nil
}

// openDraft reads the encryption of Mastodon 4.2.
func (d *Device) openDraft(salt, dh string, body []byte) ([]byte, error) {
	sender, err := base64.RawURLEncoding.DecodeString(dh)
	if err != nil {
		return nil, err
	}
	random, err := base64.RawURLEncoding.DecodeString(salt)
	if err != nil {
		return nil, err
	}
	shared, err := d.shared(sender)
	if err != nil {
		return nil, err
	}
	ikm, err := hkdf.Key(sha256.New, shared, d.auth, "Content-Encoding: auth\x00", 32)
	if err != nil {
		return nil, err
	}
	keys := "P-256\x00\x00\x41" + string(d.private.PublicKey().Bytes()) + "\x00\x41" + string(sender)
	plain, err := open(ikm, random, "Content-Encoding: aesgcm\x00"+keys, "Content-Encoding: nonce\x00"+keys, body)
	if err != nil {
		return nil, err
	}
	if len(plain) < 2 || len(plain) < 2+int(binary.BigEndian.Uint16(plain)) {
		return nil, errors.New("no padding")
	}
	return plain[2+int(binary.BigEndian.Uint16(plain)):], nil
}

func (d *Device) shared(sender []byte) ([]byte, error) {
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	return d.private.ECDH(public)
}

func open(ikm, salt []byte, keyInfo, nonceInfo string, sealed []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, ikm, salt, keyInfo, 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, nonceInfo, 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return aead.Open(nil, nonce, sealed, nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

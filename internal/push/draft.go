package push

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// draftRequest makes a message in the form that Mastodon 4.2 sends: the encryption "aesgcm" of
// draft-ietf-webpush-encryption-04, and VAPID of its first draft. Apps of that time read no other, and the relays in front
// of some hand on the two headers.
func draftRequest(ctx context.Context, key Key, contact string, to Receiver, m Message) (*http.Request, error) {
	sealed, err := sealDraft(to, m.Payload)
	if err != nil {
		return nil, err
	}
	token, err := identify(key, contact, to.Endpoint, time.Now())
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, bytes.NewReader(sealed.body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/octet-stream", "Content-Encoding": "aesgcm", "TTL": strconv.Itoa(int(m.TTL.Seconds())), "Urgency": "normal",
		"Encryption": "salt=" + encode(sealed.salt), "Crypto-Key": "dh=" + encode(sealed.public) + ";p256ecdsa=" + strings.TrimRight(key.Public, "="),
		"Authorization": "WebPush " + token,
	} {
		req.Header.Set(name, value)
	}
	if m.Topic != "" {
		req.Header.Set("Topic", m.Topic)
	}
	return req, nil
}

// sealedDraft is an encrypted message with what its receiver needs to open it.
type sealedDraft struct{ salt, public, body []byte }

func sealDraft(to Receiver, payload []byte) (*sealedDraft, error) {
	theirs, err := publicKey(to.P256dh)
	if err != nil {
		return nil, err
	}
	auth, err := decode(to.Auth)
	if err != nil || len(auth) != authLength {
		return nil, errors.New("the receiver's secret is malformed")
	}
	ours, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	shared, err := ours.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	out := &sealedDraft{salt: make([]byte, 16), public: ours.PublicKey().Bytes()}
	_, _ = rand.Read(out.salt) // never fails
	aead, nonce, err := draftCipher(shared, auth, out.salt, theirs.Bytes(), out.public)
	if err != nil {
		return nil, err
	}
	out.body = aead.Seal(nil, nonce, append([]byte{0, 0}, payload...), nil) // no padding
	return out, nil
}

// draftCipher derives what encrypts a message, and decrypts it, from the secret that both sides share.
func draftCipher(shared, auth, salt, receiver, sender []byte) (cipher.AEAD, []byte, error) {
	ikm, err := hkdf.Key(sha256.New, shared, auth, "Content-Encoding: auth\x00", 32)
	if err != nil {
		return nil, nil, err
	}
	about := []byte("P-256\x00")
	for _, k := range [][]byte{receiver, sender} {
		about = append(binary.BigEndian.AppendUint16(about, uint16(len(k))), k...)
	}
	secret, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aesgcm\x00"+string(about), 16)
	if err != nil {
		return nil, nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00"+string(about), 12)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, nil, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, nonce, err
}

// identify signs who sends a message to a push service.
func identify(key Key, contact, endpoint string, now time.Time) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	b, err := decode(key.Private)
	if err != nil {
		return "", err
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(contact, "https:") && !strings.HasPrefix(contact, "mailto:") {
		contact = "mailto:" + contact
	}
	return jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"aud": u.Scheme + "://" + u.Host, "exp": now.Add(12 * time.Hour).Unix(), "sub": contact,
	}).SignedString(private)
}

package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/store"
	"tintype/internal/store/storetest"
)

// certificates writes an authority, and a certificate of 127.0.0.1 that it signed with its key.
func certificates(t *testing.T) (ca, cert, key string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	newKey := func() *ecdsa.PrivateKey {
		t.Helper()
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "An authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	signer := newKey()
	root, err := x509.CreateCertificate(rand.Reader, authority, authority, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	own := newKey()
	leaf, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "A server"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, own.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	return write("ca.pem", "CERTIFICATE", root), write("cert.pem", "CERTIFICATE", leaf), write("key.pem", "EC PRIVATE KEY", der)
}

func TestTLS(t *testing.T) { servertest.OnEachFlavour(t, testTLS) }

func testTLS(t *testing.T, f servertest.Flavour) {
	ca, cert, key := certificates(t)
	other, _, _ := certificates(t)
	server := f.Own(t, "--ssl-cert="+cert, "--ssl-key="+key, "--require-secure-transport=ON")
	address := server.NewDatabase(t)
	for query, ok := range map[string]bool{
		"":                                      false, // the server wants TLS
		"tls=true":                              false, // nobody on this machine knows the authority
		"tls=skip-verify":                       true,
		"tls=true&ca=" + url.QueryEscape(ca):    true,
		"ca=" + url.QueryEscape(ca):             true,
		"tls=true&ca=" + url.QueryEscape(other): false,
	} {
		s, err := store.Open(t.Context(), storetest.Options(address+"?"+query))
		if (err == nil) != ok {
			t.Errorf("%q: %v", query, err)
		}
		if err == nil {
			var name, cipher string
			if err := s.SQL().QueryRowContext(t.Context(), "SHOW SESSION STATUS LIKE 'Ssl_cipher'").Scan(&name, &cipher); err != nil || cipher == "" {
				t.Errorf("%q: cipher %q, %v", query, cipher, err)
			}
			s.Close()
		}
	}
}

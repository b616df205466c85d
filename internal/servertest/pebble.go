package servertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// ACMEServer is a certificate authority that speaks ACME and checks challenges
// for real. Every name leads it to this machine.
type ACMEServer struct {
	Directory string // its URL
	CAFile    string // what signed the certificate of its own https
	RootURL   string // where the root that signs its certificates is to be had
}

// ACME starts Pebble. The challenges of all names go to these ports of
// 127.0.0.1; its certificates live so long.
func ACME(t testing.TB, httpPort, tlsPort int, life time.Duration) ACMEServer {
	t.Helper()
	const from = "go build -C tools -mod=mod -o FOLDER-IN-YOUR-PATH/ github.com/letsencrypt/pebble/v2/cmd/..."
	pebble, dns := Tool(t, "pebble", from), Tool(t, "pebble-challtestsrv", from)
	dir := t.TempDir()
	certificate, key := selfSigned(t, dir)
	names, port, management := FreePort(t), FreePort(t), FreePort(t)

	dnsManagement := strconv.Itoa(FreePort(t))
	startProcess(t, names, func() *exec.Cmd { // DNS over TCP, too
		return exec.Command(dns, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", names), "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "",
			"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", "127.0.0.1:"+dnsManagement)
	})

	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", port), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", management),
		"certificate": certificate, "privateKey": key, "httpPort": httpPort, "tlsPort": tlsPort,
		"keyAlgorithm": "ecdsa", "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "for tests", "validityPeriod": int(life.Seconds())}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "pebble.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	startProcess(t, port, func() *exec.Cmd {
		c := exec.Command(pebble, "-config", file, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", names))
		c.Env = []string{"PEBBLE_VA_NOSLEEP=1"}
		return c
	})
	return ACMEServer{
		Directory: fmt.Sprintf("https://localhost:%d/dir", port),
		CAFile:    certificate,
		RootURL:   fmt.Sprintf("https://localhost:%d/roots/0", management),
	}
}

// selfSigned writes a certificate for localhost and its key, both as PEM.
func selfSigned(t testing.TB, dir string) (certificate, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "tintype test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

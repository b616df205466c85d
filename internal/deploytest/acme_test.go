package deploytest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tintype/internal/servertest"
)

// One instance gets its certificates itself, serves the site with them, leads
// HTTP to HTTPS, keeps them over a restart and renews them.
func TestCertificates(t *testing.T) {
	site := servertest.NewTintype(t)
	httpPort := servertest.FreePort(t)
	authority := servertest.ACME(t, httpPort, site.Port, 30*time.Second)
	own := fmt.Sprintf("https://photos.test:%d", site.Port)
	site.Set("TLS_DOMAINS=photos.test,www.photos.test", fmt.Sprintf("HTTP_PORT=%d", httpPort), "BASE_URL="+own,
		"LISTEN_ADDR=127.0.0.1", "DRAIN_DELAY=0s", "ACME_DIRECTORY_URL="+authority.Directory, "SSL_CERT_FILE="+authority.CAFile)
	site.StartOnly()
	plain := fmt.Sprintf("http://127.0.0.1:%d", httpPort)
	eventually(t, "ready", func() error { return answers(plain + "/readyz") })

	client, dialed := readers(t, authority, own, site.Port)
	eventually(t, "the site by https", func() error {
		_, err := client.Must(http.StatusOK, servertest.Read("/about"))
		return err
	})
	eventually(t, "the second name, too", func() error {
		_, err := dialed("www.photos.test")
		return err
	})
	answer, err := client.Open(t.Context(), servertest.Read("/about"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s, Strict-Transport-Security %q", answer.Proto, answer.Header.Get("Strict-Transport-Security"))
	}
	if _, err := dialed("evil.test"); err == nil {
		t.Error("a certificate for a name that is not ours")
	}

	t.Run("plain HTTP leads to https and takes nothing", func(t *testing.T) {
		stay := servertest.NewClient(t, plain)
		stay.Stay = true
		answer := stay.Get("/@ada?page=2")
		if to := answer.Header.Get("Location"); answer.Status != http.StatusPermanentRedirect || to != own+"/@ada?page=2" {
			t.Errorf("%d to %q", answer.Status, to)
		}
		if answer := stay.Post("/login", "name", "ada", "password", "x"); answer.Status != http.StatusForbidden {
			t.Errorf("a password sent in the clear got %d", answer.Status)
		}
	})

	t.Run("a restart asks for no new one", func(t *testing.T) {
		before, err := dialed("photos.test")
		if err != nil {
			t.Fatal(err)
		}
		if err := site.Stop(); err != nil {
			t.Fatal(err)
		}
		site.StartOnly()
		eventually(t, "ready again", func() error { return answers(plain + "/readyz") })
		after, err := dialed("photos.test")
		if err != nil {
			t.Fatal(err)
		}
		// It may have become due in the meantime on a busy machine.
		if after.SerialNumber.Cmp(before.SerialNumber) != 0 && time.Until(before.NotAfter) > 15*time.Second {
			t.Error("another certificate, though the first was good")
		}
	})

	t.Run("renewed before it ends", func(t *testing.T) {
		first, err := dialed("photos.test")
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "another certificate", func() error {
			now, err := dialed("photos.test")
			switch {
			case err != nil:
				t.Errorf("no good certificate in between: %v", err)
				return nil
			case now.SerialNumber.Cmp(first.SerialNumber) == 0:
				return fmt.Errorf("the same one, until %s", now.NotAfter)
			}
			return nil
		})
	})

	out, _, _ := site.Command("doctor") // it finds no photos.test: the name is the authority's only
	for _, name := range []string{"photos.test", "www.photos.test"} {
		if !strings.Contains(out, "the certificate for "+name+" ") {
			t.Errorf("the doctor says nothing of the certificate for %s:\n%s", name, out)
		}
	}

	for _, name := range []string{"photos.test", "www.photos.test", "acme_account+key"} {
		info, err := os.Stat(filepath.Join(site.DataDir, "acme", name))
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read the key in %s: %s", name, info.Mode())
		}
	}
}

// A certificate authority that hangs holds up neither the site's start nor its end.
func TestAnAuthorityThatHangs(t *testing.T) {
	asked, end := make(chan struct{}), make(chan struct{})
	var once sync.Once
	authority := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		once.Do(func() { close(asked) })
		<-end
	}))
	defer authority.Close()
	defer close(end)
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	site := servertest.NewTintype(t)
	httpPort := servertest.FreePort(t)
	site.Set("TLS_DOMAINS=photos.test", fmt.Sprintf("HTTP_PORT=%d", httpPort), fmt.Sprintf("BASE_URL=https://photos.test:%d", site.Port),
		"LISTEN_ADDR=127.0.0.1", "DRAIN_DELAY=0s", "SHUTDOWN_TIMEOUT=15s", "ACME_DIRECTORY_URL="+authority.URL+"/dir", "SSL_CERT_FILE="+file)
	site.StartOnly()
	eventually(t, "ready", func() error { return answers(fmt.Sprintf("http://127.0.0.1:%d/readyz", httpPort)) })
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Fatal("the authority is not asked")
	}
	if err := site.Stop(); err != nil {
		t.Errorf("the site ends with %v\n%s", err, site.Logs())
	}
}

// readers is a browser that trusts the authority and finds every name on this
// machine, and a way to look at a name's certificate.
func readers(t *testing.T, authority servertest.ACMEServer, site string, port int) (*servertest.Client, func(name string) (*x509.Certificate, error)) {
	t.Helper()
	text, err := os.ReadFile(authority.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	management := x509.NewCertPool()
	management.AppendCertsFromPEM(text)
	c := servertest.NewClient(t, authority.RootURL)
	c.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: management}}
	root := c.Get(authority.RootURL).Want(http.StatusOK).Body
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(root)) {
		t.Fatalf("no root: %s", root)
	}
	here := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port))
	}
	client := servertest.NewClient(t, site)
	client.Transport = &http.Transport{DialContext: here, TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	return client, func(name string) (*x509.Certificate, error) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		conn, err := here(ctx, "tcp", "")
		if err != nil {
			return nil, err
		}
		secure := tls.Client(conn, &tls.Config{RootCAs: roots, ServerName: name})
		defer secure.Close()
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		return secure.ConnectionState().PeerCertificates[0], nil
	}
}

func eventually(t *testing.T, what string, ok func() error) {
	t.Helper()
	servertest.Succeeds(t, 2*time.Minute, what, ok)
}

package web

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"tintype/internal/sleep"
)

// Certificates obtains the certificates of TLS_DOMAINS by ACME (RFC 8555),
// renews them, and keeps them in DATA_DIR/acme for the next start.
type Certificates struct {
	manager *autocert.Manager
	domains []string
	log     *slog.Logger
}

// CertificateOptions say which certificates to obtain, and from whom.
type CertificateOptions struct {
	Domains   []string
	Folder    string // where account and certificates are kept
	Email     string // whom the authority may write to; empty for nobody
	Directory string // the authority's address
	Version   string // of this program
	Log       *slog.Logger
}

func NewCertificates(o CertificateOptions) *Certificates {
	return &Certificates{domains: o.Domains, log: o.Log, manager: &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      certificateFiles{autocert.DirCache(o.Folder), o.Log},
		HostPolicy: autocert.HostWhitelist(o.Domains...),
		Email:      o.Email,
		Client: &acme.Client{
			DirectoryURL: o.Directory,
			UserAgent:    "tintype/" + o.Version,
			HTTPClient:   &http.Client{Timeout: 30 * time.Second, Transport: &orderLocations{known: make(map[string]string)}},
		},
	}}
}

// certificateFiles are a folder that says what it cannot keep: the manager goes on
// without a word, and whoever starts the site a few times more has used up what an
// authority gives in a week.
type certificateFiles struct {
	autocert.DirCache
	log *slog.Logger
}

// Put implements autocert.Cache.
func (f certificateFiles) Put(ctx context.Context, name string, data []byte) error {
	err := f.DirCache.Put(ctx, name, data)
	if err != nil {
		f.log.ErrorContext(ctx, "a certificate cannot be kept: each start asks for a new one, and authorities give only a few a week; check the folder", "folder", string(f.DirCache), "error", err)
	}
	return err
}

// Config is the server's TLS configuration: HTTP/2 and 1.1, and the challenge
// by which the certificate authority verifies the names.
func (c *Certificates) Config() *tls.Config {
	t := c.manager.TLSConfig()
	t.MinVersion = tls.VersionTLS12
	return t
}

// Obtain gets a certificate for each name, so that no reader waits for it. From
// then on each is renewed when a third of its time, at most 30 days, is left.
func (c *Certificates) Obtain(ctx context.Context) error {
	for _, name := range c.domains {
		for wait := 90 * time.Second; ; wait = min(2*wait, time.Hour) {
			certificate, err := c.get(ctx, name)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				c.log.InfoContext(ctx, "certificate", "name", name, "until", certificate.Leaf.NotAfter)
				break
			}
			// Authorities count failures, so that asking more often makes it later; and
			// the manager remembers one for a minute.
			c.log.ErrorContext(ctx, "no certificate", "name", name, "error", err, "next_try", wait.String())
			if sleep.For(ctx, wait) != nil {
				return nil
			}
		}
	}
	return nil
}

// get has the manager get a certificate, and does not wait past ctx for an
// authority that hangs, as the manager itself would for minutes.
func (c *Certificates) get(ctx context.Context, name string) (*tls.Certificate, error) {
	type result struct {
		certificate *tls.Certificate
		err         error
	}
	got := make(chan result, 1)
	go func() {
		certificate, err := c.manager.GetCertificate(modernHello(name))
		got <- result{certificate, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-got:
		return r.certificate, r.err
	}
}

// modernHello is a client that may get an ECDSA certificate, as every browser is.
func modernHello(name string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{
		ServerName:        name,
		CipherSuites:      []uint16{tls.TLS_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedCurves:   []tls.CurveID{tls.CurveP256},
		SignatureSchemes:  []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256},
		SupportedVersions: []uint16{tls.VersionTLS13, tls.VersionTLS12},
	}
}

// Plain answers plain HTTP beside TLS: the certificate authority's challenge,
// health checks, and for everything else a redirect to https.
func (c *Certificates) Plain(h *Health, site string) http.Handler {
	return c.manager.HTTPHandler(h.handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			// What was sent crossed the network in the clear: say so rather than have
			// it done all the same.
			w.Header().Set("Connection", "close")
			http.Error(w, fmt.Sprintf("This site is at %s: nothing is taken over plain HTTP.", site), http.StatusForbidden)
			return
		}
		path := r.URL.RequestURI()
		if !strings.HasPrefix(path, "/") {
			path = "/" // what no browser sends must not become part of the host
		}
		http.Redirect(w, r, site+path, http.StatusPermanentRedirect)
	})))
}

// orderLocations adds to the answer that finalizes an order where the order is.
// RFC 8555 (7.4) leaves the header Location to the authority, and the acme
// package cannot wait for an order without it.
type orderLocations struct {
	mu    sync.Mutex
	known map[string]string // an order's finalize address → its own
}

func (p *orderLocations) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	place := res.Header.Get("Location")
	p.mu.Lock()
	defer p.mu.Unlock()
	switch known := p.known[req.URL.String()]; {
	case place == "" && known != "" && res.StatusCode == http.StatusOK:
		res.Header.Set("Location", known)
	case place != "" && res.StatusCode == http.StatusCreated:
		text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		res.Body = io.NopCloser(bytes.NewReader(text))
		var order struct{ Finalize string }
		if json.Unmarshal(text, &order) == nil && order.Finalize != "" {
			if len(p.known) > 100 { // of orders that ended long ago
				clear(p.known)
			}
			p.known[order.Finalize] = place
		}
	}
	return res, nil
}

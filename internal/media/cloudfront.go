package media

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfsign "github.com/aws/aws-sdk-go-v2/feature/cloudfront/sign"

	"tintype/internal/awscall"
)

// maxSignatures bounds the signatures that are kept. One is worth a millisecond and takes a kilobyte.
const maxSignatures = 10_000

// Signer signs addresses of private photos on CloudFront, with a custom policy for all variants of a set. A signature
// is made once per window; RSA makes the same one on every instance.
type Signer struct {
	keyID string
	key   *rsa.PrivateKey

	mu   sync.Mutex
	end  int64             // of the addresses in kept
	kept map[string]string // set → query
}

var keyPairLine = regexp.MustCompile(`^Key-Pair-Id:[ \t]*([A-Za-z0-9]{1,100})[ \t\r]*\n`)

// KeyPairID returns the id that a line before a private key gives it, "" where there is no such line. In this form key
// and id change together.
func KeyPairID(privateKey string) string {
	if m := keyPairLine.FindStringSubmatch(unfold(privateKey)); m != nil {
		return m[1]
	}
	return ""
}

// unfold: some places where settings live have no line breaks.
func unfold(privateKey string) string { return strings.ReplaceAll(privateKey, `\n`, "\n") }

// NewSigner makes a Signer of a public key's id at CloudFront and its private key in PEM.
func NewSigner(keyID, privateKey string) (*Signer, error) {
	block, _ := pem.Decode([]byte(unfold(privateKey)))
	if block == nil {
		return nil, errors.New("media: the signing key is not in PEM")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		any, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("media: the signing key is not a private key") // the cause might quote it
		}
		var ok bool
		if key, ok = any.(*rsa.PrivateKey); !ok {
			return nil, errors.New("media: the signing key is not an RSA key")
		}
	}
	return &Signer{keyID: keyID, key: key}, nil
}

// query is what makes addresses under set, such as https://cdn.example/priv/<random>/, valid until end.
func (s *Signer) query(set string, end int64) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end != end || len(s.kept) >= maxSignatures {
		s.end, s.kept = end, make(map[string]string)
	}
	if q, ok := s.kept[set]; ok {
		return q, nil
	}
	policy := cfsign.Policy{Statements: []cfsign.Statement{{
		Resource:  set + "*",
		Condition: cfsign.Condition{DateLessThan: cfsign.NewAWSEpochTime(time.Unix(end, 0))},
	}}}
	signature, text, err := policy.Sign(s.key)
	if err != nil {
		return "", fmt.Errorf("media: sign an address: %w", err)
	}
	q := "?Policy=" + string(text) + "&Signature=" + string(signature) + "&Key-Pair-Id=" + s.keyID
	s.kept[set] = q
	return q, nil
}

// Edges are the copies of photos that a CloudFront distribution keeps.
type Edges struct {
	client       *awscall.Client
	distribution string
	path         string // before each key, "" or "/media"
}

// NewEdges makes the Edges of a distribution. The path is that of MEDIA_BASE_URL.
func NewEdges(cfg aws.Config, distribution, path string) *Edges {
	client := awscall.New(cfg, awscall.Service{ID: "CloudFront", Name: "cloudfront", Global: true})
	return &Edges{client, distribution, strings.TrimRight(path, "/")}
}

// invalidationBatch is the body of CloudFront's CreateInvalidation.
type invalidationBatch struct {
	XMLName xml.Name `xml:"http://cloudfront.amazonaws.com/doc/2020-05-31/ InvalidationBatch"`
	Paths   struct {
		Quantity int
		Items    struct{ Path []string }
	}
	CallerReference string
}

// Invalidate removes these keys from the edges, by their explicit paths. It returns when CloudFront has accepted the
// invalidation. Repeating it for the same keys makes no new one.
func (e *Edges) Invalidate(ctx context.Context, keys ...string) error {
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	paths := make([]string, len(keys))
	for i, key := range keys {
		paths[i] = e.path + "/" + key
	}
	sum := sha256.Sum256([]byte(strings.Join(paths, "\n")))
	batch := invalidationBatch{CallerReference: hex.EncodeToString(sum[:16])}
	batch.Paths.Quantity, batch.Paths.Items.Path = len(paths), paths
	err := e.client.XML(ctx, "CreateInvalidation", "/2020-05-31/distribution/"+url.PathEscape(e.distribution)+"/invalidation", batch)
	if err != nil {
		return fmt.Errorf("%w: tell the CDN what is gone: %w", ErrUnavailable, err)
	}
	return nil
}

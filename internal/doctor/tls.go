package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// checkCertificates looks at the certificates that TLS_DOMAINS has obtained.
func (d *Diagnosis) checkCertificates(context.Context) []Check {
	var list []Check
	for _, name := range d.Config.TLSDomains {
		leaf, err := keptCertificate(filepath.Join(d.Config.ACMEFolder(), name))
		advice := fmt.Sprintf("the name has to lead here, and ports %d and %d have to be open to the certificate authority; the log of the running site says what it answered", d.Config.HTTPPort, d.Config.Port)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			list = append(list, warn("there is no certificate for "+name+" yet", advice))
		case err != nil:
			list = append(list, Check{Status: Failure, Text: "the certificate for " + name + ": " + err.Error(), Advice: "remove the file: the running site asks for another"})
		case time.Until(leaf.NotAfter) <= 0:
			list = append(list, Check{Status: Failure, Text: fmt.Sprintf("the certificate for %s ended at %s", name, leaf.NotAfter.Format(time.RFC3339)), Advice: advice})
		case time.Until(leaf.NotAfter) < leaf.NotAfter.Sub(leaf.NotBefore)/6:
			// It is renewed when a third is left.
			list = append(list, warn(fmt.Sprintf("the certificate for %s ends at %s and was not renewed", name, leaf.NotAfter.Format(time.RFC3339)), advice))
		default:
			list = append(list, fine("the certificate for %s is good until %s, by %s", name, leaf.NotAfter.Format(time.RFC3339), leaf.Issuer))
		}
	}
	return list
}

// keptCertificate reads the first certificate of a file that also holds the key.
func keptCertificate(path string) (*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return nil, fmt.Errorf("%s holds no certificate", path)
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}
